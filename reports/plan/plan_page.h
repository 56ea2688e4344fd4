/*
 * A sweep as one self-contained HTML page for whoever decides: the recommendation in one sentence,
 * when each limit is passed, pictures with bands and limits as lines, the table. No script, nothing
 * loaded from elsewhere; light and dark; readable on a phone; well-formed as XML too.
 */
#ifndef REPORTS_PLAN_PLAN_PAGE_H
#define REPORTS_PLAN_PLAN_PAGE_H

#include "answer.h"

/* A page is begun, gets a part for each sweep (as it is, with the primary lost), and is ended.
 * Where gnuplot is missing or fails it has no pictures, and `plots` the reason. */
void plan_page_begin(FILE *out, const struct sweep *sweep);
void plan_page_part(FILE *out, const struct sweep *sweep, const struct growth *growth,
                    struct und_err *plots);
void plan_page_end(FILE *out);

#endif
