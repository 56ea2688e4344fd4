/* The squared coefficient of variation of a distribution, which theory asks for and the program
 * does not; INFINITY where it has none. */
#ifndef TESTS_SUPPORT_DIST_MOMENTS_H
#define TESTS_SUPPORT_DIST_MOMENTS_H

#include "model/stats/dist.h"

double dist_moments_cv2(const struct dist *dist);

#endif
