/* What a sweep comes to in one sentence: what to do, how sure that is, what it costs. */
#ifndef REPORTS_PLAN_RECOMMEND_H
#define REPORTS_PLAN_RECOMMEND_H

#include "sweep.h"

#define RECOMMEND_TEXT 2048

struct recommendation {
    int point;         /* -1: none keeps the limits, or none has a cost */
    int runner_up;     /* whose cost is least apart from it; -1: none */
    double confidence; /* at least: that no other point that keeps the limits costs less */
};

/* The cheapest point that keeps all limits, intervals included. The confidence is one less what the
 * others may come to, each by the interval of its difference (Bonferroni); differences to the first
 * point are paired, those between others at most as wide as the two intervals together. */
struct recommendation recommend(const struct sweep *sweep);
/* "" where no prices are given. */
const char *recommend_text(const struct sweep *sweep, char out[RECOMMEND_TEXT]);

#endif
