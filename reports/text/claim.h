/*
 * Is what the documents claim true? Pure: results in, verdicts out.
 *
 * Two readings, since documents state two kinds of claim:
 *   - a time in the failure-mode table ("detected in 2 minutes") is a promise about every failure:
 *     it is read as "at least CLAIM_SHARE of them are no slower". The share that met it has a
 *     Clopper-Pearson 95% interval. Met: the whole interval is at or above CLAIM_SHARE; not met:
 *     all of it below; impossible: not one met it and so many were tried that the interval ends
 *     below CLAIM_NEVER; not shown: the interval straddles, more replications are needed. Cases
 *     that were not over when the run ended count as whatever they may still become: not decided,
 *     where that matters (a longer run is needed); the share is then Kaplan and Meier's. No case:
 *     no number of replications would decide it, since what is claimed never comes about.
 *   - a service level objective ("MTTR < 15 minutes", "availability 99%") is about the mean, judged
 *     by the mean's 95% interval. Objectives are monthly, so they are judged only where the
 *     scenario simulates at least CLAIM_OBJECTIVE_MS.
 *
 * A fault that was over without a detection was not detected in time: that counts as a miss. The
 * other times may have no value for a good reason (nobody waited, so nobody had to be rescued) and
 * are judged over those that have one; `unobserved` says how many have none.
 */
#ifndef REPORTS_TEXT_CLAIM_H
#define REPORTS_TEXT_CLAIM_H

#include "report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLAIM_SHARE 0.95
#define CLAIM_NEVER 0.01
#define CLAIM_OBJECTIVE_MS (28 * 24 * 3600 * 1000LL)
#define CLAIM_FIXED 14 /* five times, four measures of service and five objectives */
#define CLAIM_ROWS (CLAIM_FIXED + SCENARIO_CLAIMS)
#define CLAIM_DETAIL 128

enum claim_status {
    CLAIM_NONE,           /* the documents claim nothing */
    CLAIM_NOT_APPLICABLE, /* they say N/A */
    CLAIM_MET,
    CLAIM_NOT_MET,
    CLAIM_IMPOSSIBLE,
    CLAIM_NOT_SHOWN,
    CLAIM_NOT_DECIDED,
    CLAIM_NO_CASE,
    CLAIM_STATUSES
};

struct claim {
    enum metric metric;
    enum claim_status status;
    bool objective;     /* about the mean; else about CLAIM_SHARE of all cases */
    bool waits;         /* of jobs: low and high are of the quantile */
    bool at_least;      /* objectives: the mean must not be below the limit; else not above */
    double limit;       /* ms or share, by the metric's unit; NAN if there is no claim */
    int64_t n;          /* cases judged */
    int64_t held;       /* of them, met the limit (0 for objectives) */
    int64_t unobserved; /* cases that were over without it */
    int64_t censored;   /* cases that were not over when the run ended */
    int64_t open;       /* those of them that may still meet the limit */
    double share;       /* of n; NAN if n == 0 or an objective */
    double low, high;   /* 95% interval of the share, or of the mean for objectives */
    const struct verdict *measure; /* one of documented.measures; NULL: a claim with its own key */
};

/* `limit_ms` as in struct documented: -1 no claim, -2 N/A. */
struct claim claim_judge(enum metric metric, int64_t limit, const struct result *result);
/* Of waits, which are of jobs: at least CLAIM_SHARE of all jobs wait no longer, by the interval of
 * that quantile. */
struct claim claim_judge_waits(enum metric metric, int64_t limit_ms, const struct result *result);
/* Of a mean, by its 95% interval; `limit` in the metric's unit, NAN: no objective. */
struct claim claim_judge_objective(enum metric metric, double limit, const struct result *result);

/* The rows of a report's table, in reading order; returns how many. Needs report->result. */
int claim_rows(const struct report *report, struct claim rows[CLAIM_ROWS]);

const char *claim_status_name(enum claim_status status); /* for machines: "not-met" */
const char *claim_status_word(enum claim_status status); /* for people: "NOT MET" */
const char *claim_metric_word(enum metric metric);       /* "detection", "RTO", "job recovery" */
const char *claim_word(const struct claim *claim);       /* the same, or a measure's name */
const char *claim_name(const struct claim *claim);       /* for machines: "rto_ms" */
const struct quantity *claim_quantity(const struct claim *claim, const struct result *result);

/* What the documents say: "2:00", ">= 99%", "N/A", "-". */
void claim_limit_text(const struct claim *claim, char *out, size_t size);
/* The figure behind the verdict, at most 28 columns: "holds in 12.0% (10.1-14.2%)". */
void claim_detail(const struct claim *claim, const struct result *result, char out[CLAIM_DETAIL]);
/* How many were over without it, how many were not over, and what that means for the verdict; empty
 * where there is nothing to say, or the row says it. */
void claim_unobserved(const struct claim *claim, const struct result *result, char *out,
                      size_t size);
/* Why a claim does not hold, a sentence or two in plain words; empty where there is nothing to
 * explain. */
void claim_why(const struct claim *claim, const struct report *report, char *out, size_t size);

#endif
