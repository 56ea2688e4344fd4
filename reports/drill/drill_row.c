/* What every format of a drill's report says, in words. */
#include "drill.h"

#include "model/base/assert.h"
#include "model/base/units.h"
#include "reports/text/text.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const char *const names[MEASURE_COUNT] = {
    [MEASURE_PENDING] = "alert pending",       [MEASURE_FIRING] = "alert firing",
    [MEASURE_WEBHOOK] = "notification",        [MEASURE_DETECTION] = "detection (MTTD)",
    [MEASURE_DECISION] = "decision to drain",  [MEASURE_ROUTING] = "routing changed",
    [MEASURE_FAILOVER] = "failover",           [MEASURE_RTO] = "service restored (RTO)",
    [MEASURE_JOB_RECOVERY] = "jobs recovered", [MEASURE_MTTR] = "full capacity (MTTR)",
};

/* -1: no claim; -2: the documents say N/A. */
static int64_t claim(const struct scenario *scenario, enum drill_measure_kind kind)
{
    return kind == MEASURE_DETECTION  ? scenario->documented.detection_ms
           : kind == MEASURE_FAILOVER ? scenario->documented.failover_ms
           : kind == MEASURE_RTO      ? scenario->documented.rto_ms
                                      : -1;
}

/* "2:31", or ">25:00" beyond what the rehearsals saw. */
static const char *say_quantile(const struct prediction *prediction, enum drill_measure_kind kind,
                                double p, char out[TEXT_VALUE + 1])
{
    double value = prediction_quantile(prediction, kind, p);
    char text[TEXT_VALUE];
    text_time(text, isnan(value) ? prediction_least(prediction, kind, p) : value);
    snprintf(out, TEXT_VALUE + 1, "%s%s", isnan(value) ? ">" : "", text);
    return out;
}

static void say_prediction(const struct prediction *prediction, enum drill_measure_kind kind,
                           char *out, size_t size)
{
    const struct foretold_measure *measure = &prediction->measure[kind];
    char low[TEXT_VALUE + 1], middle[TEXT_VALUE + 1], high[TEXT_VALUE + 1], share[TEXT_VALUE];
    int64_t n = prediction->replications, cases = measure->n + measure->n_censored;
    size_t length;
    if (cases < 1) {
        snprintf(out, size, "never seen");
        return;
    }
    length = (size_t)snprintf(out, size, "%s (%s..%s)", say_quantile(prediction, kind, 0.5, middle),
                              say_quantile(prediction, kind, PREDICTION_ALPHA / 2, low),
                              say_quantile(prediction, kind, 1 - PREDICTION_ALPHA / 2, high));
    if (cases < n)
        length += (size_t)snprintf(out + length, size - length, " in %s",
                                   text_share(share, (double)cases / (double)n));
    if (measure->n_censored > 0)
        snprintf(out + length, size - length, ", %" PRId64 " not over", measure->n_censored);
}

static void say_measure(struct drill_measure measure, char *out, size_t size)
{
    char value[TEXT_VALUE], error[TEXT_VALUE];
    if (isnan(measure.value_ms) && measure.open_ms > 0) {
        snprintf(out, size, ">%s, not over", text_time(value, measure.open_ms));
        return;
    }
    if (isnan(measure.value_ms)) {
        snprintf(out, size, "not seen");
        return;
    }
    text_time(value, measure.value_ms);
    if (measure.error_ms < 1000)
        snprintf(error, sizeof error, "%.1f s", measure.error_ms / 1000);
    else
        snprintf(error, sizeof error, "%.0f s", measure.error_ms / 1000);
    snprintf(out, size, "%s \u00b1 %s", value, error);
}

static void say_percentile(const struct judgement *judgement, char *out, size_t size)
{
    snprintf(out, size, "-");
    if (isnan(judgement->low))
        return;
    if (isnan(judgement->percentile)) /* beyond what is known */
        snprintf(out, size, "%.0f..%.0f", judgement->low, judgement->high);
    else if (judgement->high - judgement->low < 1)
        snprintf(out, size, "%.0f", judgement->percentile);
    else
        snprintf(out, size, "%.0f (%.0f..%.0f)", judgement->percentile, judgement->low,
                 judgement->high);
}

static const char *foretold_words(enum foretold foretold)
{
    switch (foretold) {
    case FORETOLD_INSIDE:
        return "as predicted";
    case FORETOLD_EARLY:
        return "the model is wrong here: earlier";
    case FORETOLD_LATE:
        return "the model is wrong here: later";
    case FORETOLD_UNSEEN:
        return "the model is wrong here: not seen";
    case FORETOLD_UNEXPECTED:
        return "the model is wrong here: not expected";
    case FORETOLD_NEITHER:
        return "-";
    case FORETOLD_UNDECIDED:
        return "not decided";
    case FORETOLD_UNKNOWN:
        return "too few rehearsals to judge";
    }
    UND_UNREACHABLE();
}

/* Of what is not over nothing is known but that it takes longer. */
static const char *claim_words(int64_t claim_ms, struct drill_measure measure)
{
    if (claim_ms >= 0 && isnan(measure.value_ms) && measure.open_ms > (double)claim_ms)
        return "; claim not met";
    if (claim_ms < 0 || isnan(measure.value_ms))
        return "";
    if (measure.value_ms + measure.error_ms <= (double)claim_ms)
        return "; claim met";
    return measure.value_ms - measure.error_ms > (double)claim_ms ? "; claim not met"
                                                                  : "; claim too close to tell";
}

/* Only what was looked at to its end, or until its time was up, is measured against anything. */
static bool counts(const struct drill_page *page)
{
    return page->report && drill_end_counts(page->report->end);
}

static void say_verdict(const struct drill_page *page, const struct drill_row *row,
                        struct drill_measure measure, int64_t claim_ms, char *out, size_t size)
{
    const struct prediction *prediction = page->prediction;
    char why[64] = "";
    if (row->judgement.foretold == FORETOLD_UNDECIDED && isnan(measure.value_ms) &&
        measure.open_ms > 0)
        snprintf(why, sizeof why, ": it was not over");
    else if (prediction && row->judgement.foretold == FORETOLD_UNDECIDED)
        snprintf(why, sizeof why, ": %" PRId64 " of %" PRId64 " rehearsals were not over",
                 prediction->measure[row->kind].n_censored, prediction->replications);
    snprintf(out, size, "%s%s%s",
             !counts(page) ? "does not count"
             : !prediction ? "no prediction"
                           : foretold_words(row->judgement.foretold),
             why, claim_words(claim_ms, measure));
}

static void fill(const struct drill_page *page, enum drill_measure_kind kind, struct drill_row *row)
{
    const struct drill_measure none = {NAN, NAN, 0};
    struct drill_measure measure = page->report ? page->report->measure[kind] : none;
    int64_t claim_ms = claim(page->scenario, kind);
    char value[TEXT_VALUE];
    *row = (struct drill_row){.kind = kind, .name = names[kind], .predicted = "-"};
    if (page->prediction)
        say_prediction(page->prediction, kind, row->predicted, sizeof row->predicted);
    snprintf(row->documented, sizeof row->documented, "%s",
             claim_ms == -2 ? "N/A"
             : claim_ms < 0 ? "-"
                            : text_time(value, (double)claim_ms));
    row->documented_ms = claim_ms < 0 ? NAN : (double)claim_ms;
    say_measure(measure, row->measured, sizeof row->measured);
    row->judgement = prediction_judge(counts(page) ? page->prediction : NULL, kind, measure);
    row->wrong = foretold_is_wrong(row->judgement.foretold);
    say_percentile(&row->judgement, row->percentile, sizeof row->percentile);
    say_verdict(page, row, measure, claim_ms, row->verdict, sizeof row->verdict);
}

int drill_rows(const struct drill_page *page, struct drill_row rows[MEASURE_COUNT])
{
    int kind, n = 0;
    for (kind = 0; kind < MEASURE_COUNT; kind++) {
        const struct prediction *prediction = page->prediction;
        bool predicted =
            prediction && prediction->measure[kind].n + prediction->measure[kind].n_censored > 0;
        bool measured = page->report && (!isnan(page->report->measure[kind].value_ms) ||
                                         page->report->measure[kind].open_ms > 0);
        if (predicted || measured || claim(page->scenario, (enum drill_measure_kind)kind) >= 0)
            fill(page, (enum drill_measure_kind)kind, &rows[n++]);
    }
    return n;
}

static bool undecided(const struct drill_page *page)
{
    int kind;
    for (kind = 0; kind < MEASURE_COUNT; kind++)
        if (prediction_judge(page->prediction, (enum drill_measure_kind)kind,
                             page->report->measure[kind])
                .foretold == FORETOLD_UNDECIDED)
            return true;
    return false;
}

void drill_sentence(const struct drill_page *page, char *out, size_t size)
{
    const struct drill_report *report = page->report;
    const char *stage;
    if (report->end == DRILL_WATCHED) {
        snprintf(out, size, "Nothing was injected: %s.", report->why);
        return;
    }
    if (report->end != DRILL_COMPLETED) {
        snprintf(out, size, "The drill did not run to its end (%s): %s. %s",
                 drill_end_name(report->end), report->why,
                 report->end == DRILL_STUCK
                     ? "NOT everything could be undone: what is left is listed below."
                 : !report->injected ? "Nothing was injected."
                                     : "Everything that was done has been undone.");
        return;
    }
    stage = prediction_wrong_stage(page->prediction, report->measure);
    if (!page->prediction)
        snprintf(out, size,
                 "The drill was completed and undone; there is no prediction to judge it by.");
    else if (page->prediction->replications < PREDICTION_LEAST)
        snprintf(out, size,
                 "The drill was completed and undone; %lld rehearsals are too few to judge it by, "
                 "want at least %d.",
                 (long long)page->prediction->replications, PREDICTION_LEAST);
    else if (stage)
        snprintf(out, size,
                 "The model is wrong here: %s fell outside the central 99%% of %lld rehearsals.",
                 stage, (long long)page->prediction->replications);
    else if (undecided(page))
        snprintf(
            out, size,
            "No measure is known to lie outside the central 99%% of %lld rehearsals; of some it "
            "is not decided, since they were not over.",
            (long long)page->prediction->replications);
    else
        snprintf(out, size,
                 "Every measure fell inside the central 99%% of what %lld rehearsals foretold.",
                 (long long)page->prediction->replications);
}

/* The measure that tells of the stage which ends the observation; MEASURE_COUNT: none does. */
static enum drill_measure_kind measure_of(enum mark mark)
{
    static const struct {
        enum mark mark;
        enum drill_measure_kind kind;
    } stages[] = {{MARK_PENDING, MEASURE_PENDING},
                  {MARK_FIRING, MEASURE_FIRING},
                  {MARK_DETECTION, MEASURE_DETECTION},
                  {MARK_DECISION, MEASURE_DECISION},
                  {MARK_ROUTING, MEASURE_ROUTING},
                  {MARK_FIRST_JOB, MEASURE_RTO},
                  {MARK_FULL, MEASURE_MTTR}};
    size_t i;
    for (i = 0; i < sizeof stages / sizeof *stages; i++)
        if (stages[i].mark == mark)
            return stages[i].kind;
    return MEASURE_COUNT;
}

#define RARE 0.9 /* a stage that comes about less often is warned of */

static bool warn_of_refusals(const struct prediction *p, char *out, size_t size)
{
    int64_t all = p->replications + p->refused + p->otherwise;
    if (p->refused + p->otherwise <= p->replications)
        return false;
    snprintf(
        out, size, "Only %lld of %lld rehearsals were completed; %lld were not, most because: %s",
        (long long)p->replications, (long long)all,
        (long long)(p->reason_count > 0 ? p->reason_count : p->refused + p->otherwise), p->reason);
    return true;
}

static bool warn_of_stage(const struct drill_page *page, char *out, size_t size)
{
    const struct drill *drill = &page->scenario->drill;
    enum drill_measure_kind kind = measure_of(drill->revert_after);
    char share[TEXT_VALUE], latest[UNITS_TEXT];
    double seen;
    if (kind == MEASURE_COUNT || page->prediction->replications == 0)
        return false;
    seen = (double)page->prediction->measure[kind].n / (double)page->prediction->replications;
    if (seen >= RARE)
        return false;
    snprintf(
        out, size,
        "revert.after: %s comes about in %s of the rehearsals; otherwise the fault is held for "
        "%s",
        mark_name(drill->revert_after), text_share(share, seen),
        units_format_duration(drill->observe_ms, latest));
    return true;
}

bool drill_warning(const struct drill_page *page, int n, char *out, size_t size)
{
    if (!page->prediction)
        return false;
    if (warn_of_refusals(page->prediction, out, size) && n-- == 0)
        return true;
    return warn_of_stage(page, out, size) && n == 0;
}

static enum drill_mode mode_of(const struct drill_page *page)
{
    if (!page->report)
        return page->mode;
    return page->report->watched    ? DRILL_MODE_WATCH
           : page->report->observed ? DRILL_MODE_OBSERVE
                                    : DRILL_MODE_ACT;
}

const char *drill_mode_name(const struct drill_page *page)
{
    static const char *const modes[] = {"act", "observe", "watch"};
    return modes[mode_of(page)];
}

const char *drill_mode_words(const struct drill_page *page)
{
    static const char *const words[] = {
        "the fault is injected, and the policy's plan is carried out",
        "the fault is injected, the policy's plan is only recorded: nothing is changed at GitHub",
        "nothing is injected or changed: the fleet does not say live: {allow_actions: true}"};
    return words[mode_of(page)];
}

enum und_code drill_page_code(const struct drill_page *page)
{
    enum und_code code = drill_exit_code(page->report);
    if (code == UND_OK && page->prediction &&
        prediction_wrong_stage(page->prediction, page->report->measure))
        return UND_FAILED;
    return code;
}
