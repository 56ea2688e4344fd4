#include "run_internal.h"

#include "model/fleet/metric.h"
#include "reports/text/claim.h"
#include "reports/text/text.h"

#include <math.h>
#include <string.h>
#include <time.h>

static const char *const stage_names[][2] = {
    {"pending_ms", "alert pending"},       {"firing_ms", "alert firing"},
    {"webhook_ms", "notification"},        {"detection_ms", "detection (MTTD)"},
    {"decision_ms", "decision to drain"},  {"routing_ms", "routing changed"},
    {"failover_ms", "failover"},           {"rto_ms", "service restored (RTO)"},
    {"job_recovery_ms", "jobs recovered"}, {"mttr_ms", "full capacity (MTTR)"},
};
#define STAGES (sizeof stage_names / sizeof *stage_names)

const char *run_kind_word(enum run_kind kind)
{
    static const char *const words[] = {"drill", "rehearsal", "simulation", "incident"};
    return words[kind];
}

const char *run_text(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text ? text : "";
}

double run_number(const json_t *json, const char *key)
{
    const json_t *value = json_object_get(json, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static void copy(char *out, size_t size, const json_t *json, const char *key)
{
    text_clean(out, size, run_text(json, key));
}

static void quantiles(struct run_stage *stage, const json_t *from, const char *const *keys)
{
    int i;
    for (i = 0; i < RUN_QUANTILES; i++)
        stage->quantile[i] = keys[i] ? run_number(from, keys[i]) : NAN;
    stage->known_to = run_number(from, "known_to");
}

/* ---- drills and rehearsals ---- */

/* A rehearsal measures nothing, and has no verdict. */
static void read_measure(struct run_stage *stage, const json_t *measure, bool done)
{
    static const char *const keys[RUN_QUANTILES] = {"p0.5", "p5",  "p25",  "p50",
                                                    "p75",  "p95", "p99.5"};
    const json_t *says = json_object_get(measure, "says");
    if (run_text(measure, "name")[0])
        copy(stage->name, sizeof stage->name, measure, "name");
    copy(stage->documented, sizeof stage->documented, measure, "documented");
    copy(stage->predicted, sizeof stage->predicted, says, "predicted");
    if (done) {
        copy(stage->measured, sizeof stage->measured, says, "measured");
        copy(stage->percentile, sizeof stage->percentile, says, "percentile");
        copy(stage->verdict, sizeof stage->verdict, says, "verdict");
        if (!stage->verdict[0]) /* of an older version */
            copy(stage->verdict, sizeof stage->verdict, measure, "foretold");
    }
    stage->wrong = json_is_true(json_object_get(says, "wrong"));
    quantiles(stage, json_object_get(measure, "predicted"), keys);
    stage->documented_ms = run_number(measure, "documented_ms");
    stage->value_ms = run_number(measure, "value");
    stage->error_ms = run_number(measure, "error");
    stage->open_ms = run_number(measure, "open");
}

/* ---- simulations ---- */

static void read_metric(struct run_stage *stage, const json_t *metric)
{
    static const char *const keys[RUN_QUANTILES] = {"min", "p5", NULL, "p50", NULL, "p95", "max"};
    char low[TEXT_VALUE], middle[TEXT_VALUE], high[TEXT_VALUE];
    quantiles(stage, metric, keys);
    snprintf(stage->predicted, sizeof stage->predicted, "%s (%s..%s)",
             text_time(middle, stage->quantile[RUN_P50]), text_time(low, stage->quantile[RUN_P5]),
             text_time(high, stage->quantile[RUN_P95]));
    stage->documented_ms = stage->value_ms = stage->error_ms = stage->open_ms = NAN;
    snprintf(stage->documented, sizeof stage->documented, "-");
    snprintf(stage->verdict, sizeof stage->verdict, "-");
}

static void read_claim(struct run *run, const json_t *json)
{
    struct run_claim *claim = &run->claim[run->n_claims];
    struct run_claim said; /* a copy: gcc takes the stage for a part of the claim */
    enum metric metric = metric_by_name(run_text(json, "metric"));
    double limit = run_number(json, "limit"), share = run_number(json, "share");
    char value[TEXT_VALUE], low[TEXT_VALUE], high[TEXT_VALUE];
    int i, status;
    if (run->n_claims == RUN_CLAIMS)
        return;
    copy(claim->status, sizeof claim->status, json, "status");
    memcpy(claim->word, claim->status, sizeof claim->word);
    for (status = 0; status < CLAIM_STATUSES; status++)
        if (strcmp(claim->status, claim_status_name((enum claim_status)status)) == 0)
            snprintf(claim->word, sizeof claim->word, "%s",
                     claim_status_word((enum claim_status)status));
    if (metric < METRIC_COUNT) {
        snprintf(claim->name, sizeof claim->name, "%s", claim_metric_word(metric));
        snprintf(claim->limit, sizeof claim->limit, "%s", text_metric(value, metric, limit));
    } else { /* a part of a metric: its name says which */
        copy(claim->name, sizeof claim->name, json, "metric");
        snprintf(claim->limit, sizeof claim->limit, "%g", limit);
    }
    if (isfinite(share))
        snprintf(claim->detail, sizeof claim->detail, "holds in %s (%s to %s)",
                 text_share(value, share), text_share(low, run_number(json, "low")),
                 text_share(high, run_number(json, "high")));
    said = *claim;
    for (i = 0; i < run->n_stages; i++) {
        struct run_stage *stage = &run->stage[i];
        if (metric == METRIC_COUNT || strcmp(stage->key, metric_name(metric)) != 0)
            continue;
        stage->documented_ms = limit;
        snprintf(stage->documented, sizeof stage->documented, "%s", said.limit);
        snprintf(stage->verdict, sizeof stage->verdict, "%.39s%s%.150s", said.word,
                 said.detail[0] ? ", " : "", said.detail);
        stage->wrong =
            strcmp(claim->status, "not-met") == 0 || strcmp(claim->status, "impossible") == 0;
    }
    run->n_claims++;
}

/* ---- incidents ---- */

/* "2026-11-29T07:05:00Z" or with milliseconds; NAN. */
static double moment(const json_t *json, const char *key)
{
    struct tm tm = {0};
    const char *text = run_text(json, key), *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    int fraction = 0;
    if (!end)
        return NAN;
    if (*end == '.')
        sscanf(end + 1, "%3d", &fraction);
    return (double)timegm(&tm) * 1000 + fraction;
}

static void read_incident(struct run *run)
{
    static const struct {
        const char *key, *from, *to;
    } spans[] = {{"detection_ms", "began", "detected"},
                 {"failover_ms", "detected", "routed"},
                 {"rto_ms", "began", "restored"},
                 {"mttr_ms", "began", "full"}};
    size_t i, j;
    for (i = 0; i < sizeof spans / sizeof *spans; i++) {
        struct run_stage *stage = &run->stage[run->n_stages];
        double ms = moment(run->json, spans[i].to) - moment(run->json, spans[i].from);
        char text[TEXT_VALUE];
        if (!(ms >= 0))
            continue;
        *stage = (struct run_stage){.key = spans[i].key,
                                    .documented = "-",
                                    .predicted = "-",
                                    .verdict = "seen live",
                                    .known_to = NAN,
                                    .documented_ms = NAN,
                                    .value_ms = ms,
                                    .error_ms = NAN,
                                    .open_ms = NAN};
        for (j = 0; j < RUN_QUANTILES; j++)
            stage->quantile[j] = NAN;
        for (j = 0; j < STAGES; j++)
            if (strcmp(stage_names[j][0], stage->key) == 0)
                snprintf(stage->name, sizeof stage->name, "%s", stage_names[j][1]);
        snprintf(stage->measured, sizeof stage->measured, "%s", text_time(text, ms));
        run->n_stages++;
    }
}

/* ---- all ---- */

static void read_stages(struct run *run, const json_t *from)
{
    size_t i;
    for (i = 0; i < STAGES && run->n_stages < RUN_STAGES; i++) {
        const json_t *one = json_object_get(from, stage_names[i][0]);
        struct run_stage *stage = &run->stage[run->n_stages];
        if (!json_is_object(one) || (run->kind == RUN_SIM && !(run_number(one, "n") > 0)))
            continue;
        *stage = (struct run_stage){.key = stage_names[i][0]};
        snprintf(stage->name, sizeof stage->name, "%s", stage_names[i][1]);
        if (run->kind == RUN_SIM)
            read_metric(stage, one);
        else
            read_measure(stage, one, run->kind == RUN_DRILL);
        run->n_stages++;
    }
}

static void read_events(struct run *run)
{
    const json_t *list = json_object_get(run->json, "timeline"), *one;
    double began = moment(run->json, "began"), from = run_number(run->json, "from_ms");
    size_t i;
    if (!isfinite(from)) /* an older version: the first fault, as it stands there */
        json_array_foreach ((json_t *)list, i, one)
            if (!isfinite(from) && strcmp(run_text(one, "mark"), "fault") == 0)
                from = run_number(one, "at_ms");
    json_array_foreach ((json_t *)list, i, one) {
        struct run_event *event = &run->event[run->n_events];
        double at = run->kind == RUN_INCIDENT
                        ? moment(one, "at") - began
                        : run_number(one, "at_ms") - (isfinite(from) ? from : 0);
        if (!isfinite(at))
            continue;
        if (run->n_events == RUN_EVENTS) {
            run->events_left_out++;
            continue;
        }
        *event = (struct run_event){(int64_t)at, run_text(one, "host"), run_text(one, "mark"),
                                    run_text(one, "what")};
        run->n_events++;
    }
}

/* In the order of their times, those of one moment as they were told. */
static void sort_events(struct run *run)
{
    int i, j;
    for (i = 1; i < run->n_events; i++) {
        struct run_event event = run->event[i];
        for (j = i; j > 0 && run->event[j - 1].at_ms > event.at_ms; j--)
            run->event[j] = run->event[j - 1];
        run->event[j] = event;
    }
}

static bool find_kind(struct run *run)
{
    const json_t *json = run->json;
    if (json_is_object(json_object_get(json, "metrics")) || json_object_get(json, "error"))
        run->kind = RUN_SIM;
    else if (json_is_object(json_object_get(json, "measures")))
        run->kind = json_object_get(json, "end") ? RUN_DRILL : RUN_REHEARSAL;
    else if (run_text(json, "host")[0] && json_object_get(json, "began"))
        run->kind = RUN_INCIDENT;
    else
        return false;
    return true;
}

enum und_code run_read(struct run *run, const json_t *json, const struct run_source *source,
                       const char *place, struct und_err *err)
{
    const json_t *one, *claims = json_object_get(json, "claims");
    size_t i;
    *run = (struct run){.json = json};
    if (source)
        run->source = *source;
    if (!find_kind(run))
        return und_fail(err, UND_USAGE,
                        "%s: got JSON that is no result, want what `understudy sim`, `test` "
                        "or `drill` prints with --format json",
                        place);
    if (run->kind == RUN_INCIDENT)
        snprintf(run->title, sizeof run->title, "incident of %.150s", run_text(json, "host"));
    else
        copy(run->title, sizeof run->title, json, "scenario");
    copy(run->about, sizeof run->about, json, "about");
    if (run->kind == RUN_INCIDENT)
        read_incident(run);
    else
        read_stages(run, json_object_get(json, run->kind == RUN_SIM ? "metrics" : "measures"));
    json_array_foreach ((json_t *)claims, i, one)
        read_claim(run, one);
    read_events(run);
    sort_events(run);
    run_say(run);
    return UND_OK;
}
