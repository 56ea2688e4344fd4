#include "json.h"

#include "advice.h"
#include "claim.h"
#include "model/base/assert.h"
#include "model/stats/stats.h"
#include "text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_INTEGER 9007199254740992.0 /* 2^53: doubles beyond it are not exact integers */
#define REAL_DIGITS 15

static json_t *number(double value)
{
    if (!isfinite(value))
        return json_null();
    if (value == trunc(value) && fabs(value) < EXACT_INTEGER)
        return json_integer((json_int_t)value);
    return json_real(value);
}

static json_t *string(const char *s)
{
    char clean[1024];
    text_clean(clean, sizeof clean, s);
    return json_string(clean);
}

/* Steals the value. Only a lack of memory makes this fail, and then nothing can be reported. */
static void put(json_t *object, const char *key, json_t *value)
{
    int failed = json_object_set_new(object, key, value); /* fails for a NULL value as well */
    UND_ASSERT(failed == 0);
}

static void append(json_t *array, json_t *value)
{
    int failed = json_array_append_new(array, value);
    UND_ASSERT(failed == 0);
}

/* "at_least": of each quantile that is null, since too much was not over, what it is beyond. */
static void put_beyond(json_t *object, const struct quantity *quantity)
{
    static const struct {
        const char *key;
        double p;
    } quantiles[] = {{"p5", 0.05}, {"p50", 0.5}, {"p95", 0.95}, {"p99", 0.99}, {"max", 1}};
    json_t *beyond = json_object();
    size_t i;
    for (i = 0; i < sizeof quantiles / sizeof *quantiles; i++)
        if (isfinite(quantity_beyond(quantity, quantiles[i].p)))
            put(beyond, quantiles[i].key, number(quantity_beyond(quantity, quantiles[i].p)));
    if (json_object_size(beyond) > 0)
        put(object, "at_least", beyond);
    else
        json_decref(beyond);
}

json_t *json_quantity(const struct quantity *quantity)
{
    const struct {
        const char *key;
        double value;
    } fields[] = {{"min", quantity->min},          {"p5", quantity->p5},
                  {"p50", quantity->p50},          {"p95", quantity->p95},
                  {"p99", quantity->p99},          {"max", quantity->max},
                  {"p50_low", quantity->p50_low},  {"p50_high", quantity->p50_high},
                  {"p95_low", quantity->p95_low},  {"p95_high", quantity->p95_high},
                  {"p99_low", quantity->p99_low},  {"p99_high", quantity->p99_high},
                  {"known_to", quantity->known_to}};
    bool seen = quantity->n + quantity->censored >
                0; /* a struct that nobody filled is all 0, which must not show */
    json_t *object = json_object();
    size_t i;
    put(object, "n", json_integer(quantity->n));
    put(object, "censored", json_integer(quantity->censored));
    put(object, "mean_is_lower_bound", json_boolean(seen && quantity->mean_is_bound));
    put(object, "mean", number(seen ? quantity->mean : NAN));
    put(object, "half_width", number(seen ? quantity->half_width : NAN));
    put(object, "confidence", json_real(STATS_CONFIDENCE));
    for (i = 0; i < sizeof fields / sizeof *fields; i++)
        put(object, fields[i].key, number(seen ? fields[i].value : NAN));
    put_beyond(object, quantity);
    put(object, "method",
        seen && isfinite(quantity->half_width) ? string(method_name(quantity->method))
                                               : json_null());
    return object;
}

static json_t *total(const struct quantity *quantity)
{
    return number(quantity->n > 0 ? round(quantity->mean * (double)quantity->n) : NAN);
}

static json_t *metrics(const struct result *result)
{
    json_t *object = json_object();
    int i;
    for (i = 0; i < METRIC_COUNT; i++)
        if (i == METRIC_JOBS_DONE || i == METRIC_JOBS_FAILED)
            put(object, metric_name((enum metric)i), total(&result->metric[i]));
        else
            put(object, metric_name((enum metric)i), json_quantity(&result->metric[i]));
    return object;
}

static json_t *per_host(const struct result *result)
{
    json_t *object = json_object();
    int i;
    for (i = 0; i < result->n_hosts; i++) {
        const struct host_result *host = &result->hosts[i];
        json_t *entry = json_object();
        char name[sizeof host->name * 3];
        put(entry, "utilization", json_quantity(&host->utilization));
        put(entry, "availability", json_quantity(&host->availability));
        put(entry, "jobs_done", total(&host->jobs_done));
        put(entry, "jobs_failed", total(&host->jobs_failed));
        if (host->queue_wait.n > 0)
            put(entry, "queue_wait_ms", json_quantity(&host->queue_wait));
        text_clean(name, sizeof name, host->name);
        put(object, name, entry);
    }
    return object;
}

static json_t *per_class(const struct result *result)
{
    json_t *object = json_object();
    int i;
    for (i = 0; i < result->n_classes; i++) {
        const struct class_result *one = &result->classes[i];
        char name[sizeof one->name * 3];
        text_clean(name, sizeof name, one->name);
        put(object, name, json_pack("{s:o}", "queue_wait_ms", json_quantity(&one->queue_wait)));
    }
    return object;
}

static json_t *measures(const struct result *result)
{
    json_t *object = json_object();
    int i;
    for (i = 0; i < result->n_facets; i++) {
        const struct facet_result *one = &result->facets[i];
        char name[3 * FACET_NAME];
        json_t *entry = json_quantity(&one->quantity);
        if (one->quantity.n + one->quantity.censored == 0)
            put(entry, "unobserved",
                string(result->unstable ? "the queue grows without bound"
                                        : facet_never(&one->facet)));
        text_clean(name, sizeof name, one->facet.name);
        put(object, name, entry);
    }
    return object;
}

static json_t *claim_time(int64_t ms)
{
    return ms < 0 ? json_null() : json_integer(ms);
}

static json_t *documented(const struct documented *documented)
{
    json_t *object = json_object();
    put(object, "detection_ms", claim_time(documented->detection_ms));
    put(object, "failover_ms", claim_time(documented->failover_ms));
    put(object, "rto_ms", claim_time(documented->rto_ms));
    put(object, "wait_ms", claim_time(documented->wait_ms));
    put(object, "backlog", claim_time(documented->backlog));
    put(object, "worked_off_ms", claim_time(documented->worked_off_ms));
    put(object, "jobs_lost", claim_time(documented->jobs_lost));
    put(object, "impact", string(documented->impact));
    put(object, "source", string(documented->source));
    return object;
}

/* What strikes, and which hosts: all of them at once, or one that is drawn. */
static json_t *faults(const struct report *report)
{
    json_t *array = json_array();
    int i, j;
    for (i = 0; i < report->scenario->n_faults; i++) {
        const struct fault *fault = &report->scenario->faults[i];
        json_t *object = json_object(), *hosts = json_array();
        for (j = 0; j < fault->n_targets; j++)
            append(hosts, string(report->scenario->fleet.hosts[fault->targets[j]].name));
        put(object, "kind", string(fault_kind_name(fault->kind)));
        put(object, "target", fault->role[0] ? string(fault->role) : json_null());
        put(object, "hosts", hosts);
        put(object, "drawn", json_boolean(fault->any));
        append(array, object);
    }
    return array;
}

static json_t *claims(const struct report *report)
{
    struct claim rows[CLAIM_ROWS];
    int n = claim_rows(report, rows), i;
    json_t *array = json_array();
    for (i = 0; i < n; i++) {
        json_t *object;
        if (rows[i].status == CLAIM_NONE)
            continue;
        object = json_object();
        put(object, "metric", string(claim_name(&rows[i])));
        put(object, "about",
            string(rows[i].measure     ? rows[i].measure->statistic
                   : rows[i].objective ? "mean"
                                       : "p95"));
        put(object, "limit", number(rows[i].limit));
        put(object, "status", string(claim_status_name(rows[i].status)));
        put(object, "n", json_integer(rows[i].n));
        put(object, "share", number(rows[i].share));
        put(object, "low", number(rows[i].low));
        put(object, "high", number(rows[i].high));
        put(object, "unobserved", json_integer(rows[i].unobserved));
        put(object, "censored", json_integer(rows[i].censored));
        append(array, object);
    }
    return array;
}

static json_t *verdicts(const struct result *result)
{
    json_t *array = json_array();
    int i;
    for (i = 0; i < result->n_verdicts; i++) {
        const struct verdict *verdict = &result->verdicts[i];
        json_t *object = json_object();
        put(object, "metric", string(verdict_name(verdict)));
        put(object, "statistic", string(verdict->statistic));
        put(object, "op", string(verdict->op));
        put(object, "limit", number(verdict->limit));
        put(object, "value", number(verdict->value));
        put(object, "half_width", number(verdict->half_width));
        put(object, "pass", json_boolean(verdict->pass));
        put(object, "decided", json_boolean(!verdict->undecided));
        put(object, "value_is_lower_bound", json_boolean(verdict->value_is_bound));
        put(object, "n", json_integer(verdict->n));
        put(object, "censored", json_integer(verdict->censored));
        put(object, "why", verdict->undecided ? string(verdict->why) : json_null());
        append(array, object);
    }
    return array;
}

static json_t *reproduce(const struct report *report)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    json_t *value;
    UND_ASSERT(memory != NULL);
    report_reproduce(memory, report);
    fclose(memory);
    value = json_stringn(text, size);
    free(text);
    return value;
}

/* What the same scenario gives under the mechanisms that the documents assume. */
static json_t *variant(const struct result *result)
{
    json_t *object;
    char digest[17];
    if (result == NULL)
        return json_null();
    object = json_object();
    snprintf(digest, sizeof digest, "%016" PRIx64, result->digest);
    put(object, "digest", string(digest));
    put(object, "metrics", metrics(result));
    return object;
}

static json_t *failure(const struct report *report)
{
    char name[3 * FLEET_NAME];
    json_t *object = json_object(), *errors = json_array();
    int i;
    report_name(name, sizeof name, report);
    put(object, "version", json_integer(JSON_VERSION));
    put(object, "scenario", string(name));
    put(object, "error", string(report->error));
    for (i = 0; report->errors && i < report->errors->n; i++)
        json_array_append_new(errors, string(report->errors->text[i]));
    if (json_array_size(errors) == 0)
        json_array_append_new(errors, string(report->error));
    if (report->errors)
        put(object, "errors", errors);
    else
        json_decref(errors);
    return object;
}

static json_t *precision(const struct precision *precision)
{
    json_t *object;
    if (precision->asked <= 0)
        return json_null();
    object = json_object();
    put(object, "metric", string(metric_name(precision->metric)));
    put(object, "asked", number(precision->asked));
    put(object, "reached", number(precision->reached));
    put(object, "met", json_boolean(precision->reached <= precision->asked));
    return object;
}

static json_t *bounded(const struct bounded *bounded)
{
    json_t *object = json_object();
    put(object, "mean", number(bounded->mean));
    put(object, "low", number(bounded->low));
    put(object, "high", number(bounded->high));
    put(object, "confidence", json_real(STATS_CONFIDENCE));
    return object;
}

static json_t *rare(const struct rare_result *rare)
{
    json_t *object;
    if (rare->replications == 0)
        return json_null();
    object = json_object();
    put(object, "event", string("all hosts down"));
    put(object, "method", string("failure biasing"));
    put(object, "replications", json_integer(rare->replications));
    put(object, "hits", json_integer(rare->hits));
    put(object, "bias", json_pack("[f,f]", rare->bias_first, rare->bias_next));
    put(object, "unavailability", bounded(&rare->unavailability));
    put(object, "probability", bounded(&rare->probability));
    put(object, "entries", bounded(&rare->entries));
    return object;
}

static json_t *undetected(const struct report *report)
{
    const struct result *result = report->result;
    json_t *array = json_array();
    int i;
    for (i = 0; i < result->n_undetected; i++) {
        const struct undetected *found = &result->undetected[i];
        const struct fault *fault = &report->scenario->faults[found->fault];
        append(array, json_pack("{s:i, s:s, s:I, s:I, s:o}", "fault", found->fault, "kind",
                                fault_kind_name(fault->kind), "undetected", (json_int_t)found->n,
                                "of", (json_int_t)found->of, "mean_ms", number(found->mean_ms)));
    }
    return array;
}

static json_t *notes(const struct report *report)
{
    char line[ADVICE_LINES][ADVICE_TEXT];
    int n = advice_lines(report, line), i;
    json_t *array = json_array();
    for (i = 0; i < n; i++)
        append(array, string(line[i]));
    return array;
}

#define STORY 300 /* events told; a year of traffic has more than anybody reads */

#define WORD "policy: " /* begins what the policy says */

/* The marked moments of the replication that was traced, and the policy's words. */
static json_t *story(const struct report *report)
{
    const struct timeline *timeline = &report->result->timeline;
    json_t *array = json_array();
    size_t i;
    for (i = 0; i < timeline->n && json_array_size(array) < STORY; i++) {
        const struct timeline_entry *entry = &timeline->entry[i];
        json_t *object;
        if (entry->mark == MARK_NONE && strncmp(entry->what, WORD, strlen(WORD)) != 0)
            continue;
        object = json_object();
        put(object, "at_ms", json_integer(entry->at_ms));
        put(object, "host",
            string(entry->host >= 0 ? report->scenario->fleet.hosts[entry->host].name : ""));
        put(object, "mark", string(mark_name(entry->mark)));
        put(object, "what", string(entry->what));
        append(array, object);
    }
    return array;
}

json_t *json_report(const struct report *report)
{
    const struct result *result = report->result;
    json_t *object;
    char digest[17];
    if (result == NULL)
        return failure(report);
    object = json_object();
    snprintf(digest, sizeof digest, "%016" PRIx64, result->digest);
    put(object, "version", json_integer(JSON_VERSION));
    put(object, "scenario", string(report->scenario->name));
    /* Bit for bit also beyond 2^63, where JSON's readers differ: jansson has signed integers. */
    put(object, "seed", json_integer((json_int_t)result->seed));
    put(object, "replications", json_integer(result->replications));
    put(object, "digest", string(digest));
    put(object, "simulated_ms", json_integer(result->simulated_ms));
    put(object, "events", json_integer(result->events));
    put(object, "unstable", json_boolean(result->unstable));
    put(object, "warmup_ms", json_integer(result->warmup_ms));
    put(object, "warmup_method",
        string(!result->warmup_auto       ? "given"
               : result->warmup_unsettled ? "MSER-5, not settled"
                                          : "MSER-5"));
    put(object, "precision", precision(&result->precision));
    put(object, "rare", rare(&result->rare));
    put(object, "faults", faults(report));
    put(object, "metrics", metrics(result));
    put(object, "per_host", per_host(result));
    if (result->n_classes > 0)
        put(object, "per_class", per_class(result));
    if (result->n_facets > 0)
        put(object, "measures", measures(result));
    put(object, "documented", documented(&report->scenario->documented));
    put(object, "claims", claims(report));
    put(object, "documented_mechanisms", variant(report->documented));
    put(object, "undetected", undetected(report));
    put(object, "notes", notes(report));
    put(object, "verdicts", verdicts(result));
    put(object, "reproduce", reproduce(report));
    put(object, "about", string(report->scenario->about));
    put(object, "fleet", string(report->scenario->fleet.path));
    if (result->timeline.n > 0)
        put(object, "timeline", story(report));
    return object;
}

static void print(FILE *out, json_t *value)
{
    json_dumpf(value, out, JSON_INDENT(2) | JSON_REAL_PRECISION(REAL_DIGITS));
    fputc('\n', out);
    json_decref(value);
}

static void put_against(json_t *object, json_t *against)
{
    if (against)
        put(object, "baseline", json_incref(against));
}

void json_print(FILE *out, const struct report *report, json_t *against)
{
    json_t *object = json_report(report);
    put_against(object, against);
    print(out, object);
}

void json_print_list(FILE *out, const struct report *reports, int n, int passed_over,
                     json_t *against)
{
    json_t *object = json_object(), *results = json_array();
    int i;
    for (i = 0; i < n; i++)
        append(results, json_report(&reports[i]));
    put(object, "version", json_integer(JSON_VERSION));
    put(object, "results", results);
    put(object, "passed_over", json_integer(passed_over));
    put_against(object, against);
    print(out, object);
}
