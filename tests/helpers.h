/*
 * What every suite shares: the main function and a few conveniences. A suite file defines
 * `Suite *suite(void)`; tests run from the top folder of the project.
 */
#ifndef TESTS_HELPERS_H
#define TESTS_HELPERS_H

#include <check.h>

Suite *suite(void);

#endif
