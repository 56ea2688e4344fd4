/*
 * What a kept record is evidence of. Pure: a record in, facts out. Times in ms, NAN where there is
 * none; the JSON is data from outside, and what is missing in it is no evidence.
 */
#ifndef REPORTS_HISTORY_FACTS_H
#define REPORTS_HISTORY_FACTS_H

#include "model/policy/policy.h"
#include "reports/store/store.h"

/* How something was tried, from paper to life. */
enum way { WAY_EXPLORED, WAY_SEARCHED, WAY_SIMULATED, WAY_REHEARSED, WAY_DRILLED, WAY_LIVE, WAYS };
extern const char *const way_names[WAYS];
enum way facts_way(const struct record *record);

/* Did it try this failure mode (as record_mode names it, or one kind of it)? */
bool facts_tries(const struct record *record, const char *mode);
/* Did the policy say this in it? That is a branch which was taken. */
bool facts_said(const struct record *record, enum notice notice);

/* The stages that documents make claims about. */
enum told { TOLD_DETECTION, TOLD_FAILOVER, TOLD_RTO, TOLD_STAGES };
extern const char *const told_words[TOLD_STAGES];
/* What the documents said, what was foretold (the median) and what was measured. */
struct told_fact {
    double documented_ms, predicted_ms, measured_ms;
};
struct told_fact facts_stage(const struct record *record, enum told stage);

/* A drill that was carried out to its end: its measures count. */
bool facts_counts(const struct record *record);
/* A drill's moment of its timeline, from the fault on. */
double facts_moment(const struct record *record, const char *what);
double facts_measure(const struct record *record, const char *key);
/* An incident's from one of its moments to another. */
double facts_span(const struct record *record, const char *from, const char *to);

#endif
