#include "advice.h"

#include "model/policy/policy_names.h"
#include "text.h"

#include <stdarg.h>
#include <string.h>

struct lines {
    char (*line)[ADVICE_TEXT];
    int n;
};

static void __attribute__((format(printf, 2, 3))) add(struct lines *lines, const char *format, ...)
{
    va_list arguments;
    if (lines->n == ADVICE_LINES)
        return;
    va_start(arguments, format);
    vsnprintf(lines->line[lines->n++], ADVICE_TEXT, format, arguments);
    va_end(arguments);
}

static bool anything_breaks(const struct scenario *scenario)
{
    int i;
    for (i = 0; i < scenario->fleet.n_hosts; i++)
        if (scenario->fleet.hosts[i].has_mtbf)
            return true;
    return scenario->n_faults > 0;
}

static unsigned rule_severities(const struct monitoring *monitoring)
{
    unsigned severities = 0;
    int i;
    for (i = 0; i < monitoring->n_rules; i++)
        severities |= 1u << monitoring->rules[i].severity;
    return severities;
}

/* "critical", "critical or page" */
static void severity_words(unsigned severities, char out[64])
{
    const char *before = "";
    int severity, n = 0;
    out[0] = '\0';
    for (severity = 0; severity < SEVERITY_COUNT; severity++) {
        if (!(severities >> severity & 1))
            continue;
        n += snprintf(out + n, (size_t)(64 - n), "%s%s", before,
                      policy_severity_name((enum severity)severity));
        before = " or ";
    }
}

static void advise_alerts(const struct fleet *fleet, struct lines *lines)
{
    unsigned given = rule_severities(&fleet->monitoring);
    char wanted[64], there[64];
    if (!fleet->has_policy || (given & fleet->policy.severities) != 0)
        return;
    severity_words(fleet->policy.severities, wanted);
    severity_words(given, there);
    if (given == 0)
        add(lines,
            "no alert can move jobs: the fleet has no alert rule, so only a host that is offline "
            "at GitHub and does not answer the probe is detected; set fleet.monitoring.rules");
    else
        add(lines,
            "no alert can move jobs: the policy acts on %s, the rules are %s; set "
            "fleet.policy.severities, or the severity of a rule",
            wanted, there);
}

/* Why the measure has no value whatever happens, and what to set; NULL if it can have one. */
static const char *why_not(const struct scenario *scenario, enum metric metric)
{
    const struct fleet *fleet = &scenario->fleet;
    switch (metric) {
    case METRIC_DETECTION:
    case METRIC_FAILOVER:
    case METRIC_FAILOVER_SUCCESS:
        if (!fleet->has_policy)
            return "nobody watches the fleet; set fleet.policy";
        return anything_breaks(scenario) ? NULL : "nothing goes wrong; set faults";
    case METRIC_PENDING:
    case METRIC_FIRING:
        if (fleet->monitoring.n_rules == 0)
            return "the fleet has no alert rule; set fleet.monitoring.rules";
        return anything_breaks(scenario) ? NULL : "nothing goes wrong; set faults";
    case METRIC_WEBHOOK:
        return fleet->alertmanager.present && fleet->monitoring.n_rules > 0
                   ? NULL
                   : "nobody is notified; set fleet.alertmanager and fleet.monitoring.rules";
    case METRIC_JOB_RECOVERY:
        if (fleet->workload.on_failure == ON_FAILURE_FAIL)
            return "with on_failure: fail no lost job is ever run again; set "
                   "fleet.workload.on_failure to rerun or resume";
        return anything_breaks(scenario) ? NULL : "nothing goes wrong; set faults";
    case METRIC_RTO:
    case METRIC_MTTR:
    case METRIC_FAULT_WAIT:
    case METRIC_BACKLOG:
    case METRIC_WORKED_OFF:
    case METRIC_JOBS_LOST:
        return anything_breaks(scenario) ? NULL : "nothing goes wrong; set faults";
    case METRIC_QUEUE_WAIT:
    case METRIC_WAIT_PROBABILITY:
    case METRIC_JOB_SUCCESS:
    case METRIC_GIVEN_UP:
    case METRIC_JOBS_DONE:
    case METRIC_JOBS_FAILED:
        return fleet->workload.arrivals.kind == ARRIVALS_NONE
                   ? "no job ever arrives; set fleet.workload.arrivals"
                   : NULL;
    case METRIC_QUEUE_LENGTH:
    case METRIC_UTILIZATION:
    case METRIC_AVAILABILITY:
    case METRIC_FAILOVERS:
    case METRIC_COUNT:
        return NULL;
    }
    return NULL;
}

static void advise_measure(const struct scenario *scenario, const struct expect *claim,
                           struct lines *lines)
{
    const char *why = why_not(scenario, claim->metric);
    if (why == NULL)
        return;
    if (claim->facet > 0)
        add(lines, "documented %s (line %d) cannot come about: %s",
            scenario->facets[claim->facet - 1].said, claim->line, why);
    else
        add(lines, "documented %s (line %d) cannot come about: %s", metric_name(claim->metric),
            claim->line, why);
}

static void advise_claims(const struct scenario *scenario, struct lines *lines)
{
    const struct documented *documented = &scenario->documented;
    const struct {
        const char *key;
        enum metric metric;
        int64_t limit;
    } claims[] = {{"detection", METRIC_DETECTION, documented->detection_ms},
                  {"failover", METRIC_FAILOVER, documented->failover_ms},
                  {"rto", METRIC_RTO, documented->rto_ms},
                  {"wait", METRIC_FAULT_WAIT, documented->wait_ms},
                  {"backlog", METRIC_BACKLOG, documented->backlog},
                  {"worked_off", METRIC_WORKED_OFF, documented->worked_off_ms},
                  {"jobs_lost", METRIC_JOBS_LOST, documented->jobs_lost}};
    size_t i;
    int one;
    for (i = 0; i < sizeof claims / sizeof *claims; i++) {
        const char *why = why_not(scenario, claims[i].metric);
        if (claims[i].limit >= 0 && why != NULL)
            add(lines, "documented.%s cannot come about: %s", claims[i].key, why);
    }
    for (one = 0; one < documented->n_measures; one++)
        advise_measure(scenario, &documented->measures[one], lines);
}

static bool told_before(const struct scenario *scenario, int expect)
{
    int i;
    for (i = 0; i < expect; i++)
        if (scenario->expects[i].metric == scenario->expects[expect].metric &&
            scenario->expects[i].facet == scenario->expects[expect].facet)
            return true;
    return false;
}

static void advise_expectation(const struct report *report, int index, struct lines *lines)
{
    const struct expect *expect = &report->scenario->expects[index];
    const char *why = why_not(report->scenario, expect->metric);
    const char *name = metric_name(expect->metric), *never = NULL;
    if ((why == NULL && result_quantity(report->result, expect->metric, expect->facet)->n > 0) ||
        told_before(report->scenario, index))
        return;
    if (expect->facet > 0) {
        name = report->scenario->facets[expect->facet - 1].said;
        never = facet_never(&report->scenario->facets[expect->facet - 1]);
    }
    if (why != NULL)
        add(lines, "expect %s (line %d) cannot come about: %s", name, expect->line, why);
    else
        add(lines,
            "expect %s (line %d) was never observed: %s; set faults or duration, or expect "
            "something else",
            name, expect->line,
            never ? never : "the scenario's faults do not bring it about in its duration");
}

static void advise_expectations(const struct report *report, struct lines *lines)
{
    int i;
    for (i = 0; i < report->scenario->n_expects; i++)
        advise_expectation(report, i, lines);
}

/* Alerts that would move jobs, and that the simulation does not have. */
static void advise_left_out(const struct fleet *fleet, struct lines *lines)
{
    int severity;
    for (severity = 0; severity < SEVERITY_COUNT; severity++) {
        const struct left_out *left = &fleet->monitoring.left_out[severity];
        if (left->n == 0 || !fleet->has_policy || !(fleet->policy.severities >> severity & 1))
            continue;
        add(lines,
            "%d alert%s of severity %s would move jobs and %s no series here, so never fire%s "
            "(%s%s): see `understudy alerts check`, or set monitoring.ignore",
            left->n, left->n == 1 ? "" : "s", policy_severity_name((enum severity)severity),
            left->n == 1 ? "has" : "have", left->n == 1 ? "s" : "", left->names,
            left->n > LEFT_OUT_NAMES ? " ..." : "");
    }
}

/* Jobs that no host may have wait as they would at GitHub, which says no more of it. */
static void advise_labels(const struct fleet *fleet, struct lines *lines)
{
    int i, k;
    for (i = 0; i < fleet->workload.n_classes; i++) {
        const struct job_class *one = &fleet->workload.classes[i];
        char labels[160] = "";
        size_t n = 0;
        if (fleet_class_hosts(one, fleet->n_hosts) != 0)
            continue;
        for (k = 0; k < one->n_runs_on && n < sizeof labels; k++)
            n += (size_t)snprintf(labels + n, sizeof labels - n, "%s%s", k > 0 ? ", " : "",
                                  one->runs_on[k]);
        add(lines,
            "class %s: no host has the labels %s: its jobs wait until they are given up; set "
            "labels of hosts, or runs_on",
            one->name, labels);
    }
}

/* "7 slots lost on dell", "crash-loop of primary" */
static void name_fault(const struct report *report, const struct fault *fault, char *out,
                       size_t size)
{
    const char *where = fault->role;
    if (where[0] == '\0' && fault->n_targets > 0)
        where = report->scenario->fleet.hosts[fault->targets[0]].name;
    if (fault->kind == FAULT_SLOTS_LOST)
        snprintf(out, size, "%d slots lost on %s", fault->slots, where);
    else
        snprintf(out, size, "%s of %s%s", fault_kind_name(fault->kind), where,
                 fault->role[0] == '\0' && fault->n_targets > 1 ? " and others" : "");
}

void advice_undetected(const struct report *report, const struct undetected *undetected, char *out,
                       size_t size)
{
    char what[160], time[TEXT_VALUE], share[80] = "";
    out[0] = '\0';
    if (2 * undetected->n < undetected->of)
        return;
    name_fault(report, &report->scenario->faults[undetected->fault], what, sizeof what);
    if (undetected->n < undetected->of)
        snprintf(share, sizeof share, " (in %lld of %lld)", (long long)undetected->n,
                 (long long)undetected->of);
    snprintf(out, size, "UNDETECTED: %s for %s: no rule and no evidence sees it%s", what,
             text_time(time, undetected->mean_ms), share);
}

int advice_lines(const struct report *report, char line[ADVICE_LINES][ADVICE_TEXT])
{
    struct lines lines = {line, 0};
    advise_labels(&report->scenario->fleet, &lines);
    advise_left_out(&report->scenario->fleet, &lines);
    advise_alerts(&report->scenario->fleet, &lines);
    advise_claims(report->scenario, &lines);
    advise_expectations(report, &lines);
    return lines.n;
}
