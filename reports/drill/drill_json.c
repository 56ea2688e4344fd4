/* A finished drill, or a rehearsal, as JSON: what `report` makes its pages of. */
#include "drill_internal.h"

#include "model/base/assert.h"
#include "reports/text/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#define SENTENCE 1024

static json_t *number(double value)
{
    return isnan(value) ? json_null() : json_real(value);
}

static json_t *predicted_json(const struct prediction *prediction, enum drill_measure_kind kind)
{
    static const struct {
        const char *key;
        double p;
    } quantiles[] = {{"p0.5", PREDICTION_ALPHA / 2},
                     {"p5", 0.05},
                     {"p25", 0.25},
                     {"p50", 0.5},
                     {"p75", 0.75},
                     {"p95", 0.95},
                     {"p99.5", 1 - PREDICTION_ALPHA / 2}};
    const struct foretold_measure *measure = &prediction->measure[kind];
    json_t *json = json_pack("{s:I, s:I, s:o}", "n", (json_int_t)measure->n, "censored",
                             (json_int_t)measure->n_censored, "known_to",
                             number(prediction_known_to(prediction, kind)));
    size_t i;
    for (i = 0; i < sizeof quantiles / sizeof *quantiles; i++)
        json_object_set_new(json, quantiles[i].key,
                            number(prediction_quantile(prediction, kind, quantiles[i].p)));
    return json;
}

static json_t *measure_json(const struct drill_page *page, const struct drill_row *row)
{
    static const char *const words[] = {[FORETOLD_INSIDE] = "inside",
                                        [FORETOLD_EARLY] = "earlier",
                                        [FORETOLD_LATE] = "later",
                                        [FORETOLD_UNSEEN] = "not seen",
                                        [FORETOLD_UNEXPECTED] = "not expected",
                                        [FORETOLD_NEITHER] = "neither",
                                        [FORETOLD_UNDECIDED] = "not decided",
                                        [FORETOLD_UNKNOWN] = "unknown"};
    json_t *json = json_object();
    if (page->report) {
        const struct drill_measure *measure = &page->report->measure[row->kind];
        json_object_update_new(
            json,
            json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "value",
                      number(measure->value_ms), "error", number(measure->error_ms), "open",
                      number(measure->open_ms > 0 ? measure->open_ms : NAN), "percentile",
                      number(row->judgement.percentile), "percentile_low",
                      number(row->judgement.low), "percentile_high", number(row->judgement.high),
                      "p", number(row->judgement.p), "foretold", words[row->judgement.foretold]));
    }
    if (page->prediction)
        json_object_set_new(json, "predicted", predicted_json(page->prediction, row->kind));
    json_object_set_new(json, "name", json_string(row->name));
    json_object_set_new(json, "documented", json_string(row->documented));
    json_object_set_new(json, "documented_ms", number(row->documented_ms));
    json_object_set_new(json, "says",
                        json_pack("{s:s, s:s, s:s, s:s, s:b}", "predicted", row->predicted,
                                  "measured", row->measured, "percentile", row->percentile,
                                  "verdict", row->verdict, "wrong", row->wrong));
    return json;
}

static json_t *timeline_json(const struct drill_page *page)
{
    const struct timeline *timeline = &page->report->timeline;
    json_t *list = json_array();
    size_t i;
    for (i = 0; i < timeline->n; i++) {
        const struct timeline_entry *entry = &timeline->entry[i];
        const char *host = entry->host >= 0 ? page->scenario->fleet.hosts[entry->host].name : "";
        char clean[sizeof entry->what];
        text_clean(clean, sizeof clean, entry->what);
        json_array_append_new(list,
                              json_pack("{s:I, s:s, s:s, s:s}", "at_ms",
                                        (json_int_t)(entry->at_ms - page->report->began_ms), "host",
                                        host, "mark", mark_name(entry->mark), "what", clean));
    }
    return list;
}

static json_t *since(const struct drill_report *report, int64_t at_ms)
{
    return at_ms < 0 ? json_null() : json_integer(at_ms - report->began_ms);
}

static json_t *actions_json(const struct drill_page *page)
{
    const struct drill_report *report = page->report;
    json_t *list = json_array();
    int i;
    for (i = 0; i < page->scenario->drill.n_inject; i++) {
        const struct drill_action *action = &page->scenario->drill.inject[i];
        char clean[sizeof action->name];
        text_clean(clean, sizeof clean, action->name);
        if (report->action[i].intended_ms >= 0)
            json_array_append_new(
                list, json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "name", clean, "on", action->on,
                                "state", stage_event_name(report->action[i].last), "intended_at_ms",
                                since(report, report->action[i].intended_ms), "done_at_ms",
                                since(report, report->action[i].done_ms), "undone_at_ms",
                                since(report, report->action[i].undone_ms)));
    }
    return list;
}

static json_t *left_json(const struct drill_page *page)
{
    json_t *list = json_array();
    size_t i;
    for (i = 0; i < page->n_left; i++)
        json_array_append_new(
            list, json_pack("{s:I, s:s, s:s}", "step", (json_int_t)page->left[i].step, "what",
                            page->left[i].what, "by_hand", page->left[i].by_hand));
    return list;
}

/* The lines that one would type to see it again: the prediction first. */
static json_t *reproduce(const struct drill_page *page)
{
    const bool observe = page->prediction && page->prediction->observe;
    json_t *lines = json_array();
    char *text = NULL;
    size_t size = 0;
    int line, i;
    for (line = page->prediction ? 0 : 1; line < (page->report ? 2 : 1); line++) {
        FILE *out = open_memstream(&text, &size);
        UND_ASSERT(out != NULL);
        fputs("understudy drill ", out);
        text_shell(out, page->scenario->path);
        if (line == 0)
            fprintf(out, " --rehearse --seed %" PRIu64 " --replications %" PRId64 "%s",
                    page->prediction->seed, page->prediction->replications,
                    observe ? " --observe" : "");
        else if (page->report->observed)
            fputs(" --observe", out);
        for (i = 0; i < page->n_sets; i++) {
            fputs(" --set ", out);
            text_shell(out, page->sets[i]);
        }
        if (page->version)
            fprintf(out, "  # understudy %s", page->version);
        fclose(out);
        json_array_append_new(lines, json_stringn(text, size));
        free(text);
    }
    return lines;
}

static void add_prediction(json_t *json, const struct prediction *prediction)
{
    json_object_update_new(
        json,
        json_pack("{s:{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:b}}", "prediction", "reason",
                  prediction->reason, "reason_count", (json_int_t)prediction->reason_count, "seed",
                  (json_int_t)prediction->seed, "replications",
                  (json_int_t)prediction->replications, "unsteady",
                  (json_int_t)prediction->unsteady, "refused", (json_int_t)prediction->refused,
                  "otherwise", (json_int_t)prediction->otherwise, "observe", prediction->observe));
}

/* What is to be known of the prediction before it is believed. */
static json_t *notes(const struct drill_page *page)
{
    char text[SENTENCE], clean[SENTENCE];
    json_t *list = json_array();
    int i;
    if (page->prediction) {
        drill_say_foretold(page->prediction, text, sizeof text);
        json_array_append_new(list, json_string(text));
    }
    for (i = 0; drill_warning(page, i, text, sizeof text); i++) {
        text_clean(clean, sizeof clean, text);
        json_array_append_new(list, json_sprintf("Warning: %s.", clean));
    }
    return list;
}

/* Of what was carried out. */
static void add_report(json_t *json, const struct drill_page *page)
{
    const struct drill_report *report = page->report;
    char sentence[SENTENCE], clean[SENTENCE];
    if (page->date)
        json_object_set_new(json, "date", json_string(page->date));
    if (page->who)
        json_object_set_new(json, "who", json_string(page->who));
    if (page->approval && report->injected)
        json_object_set_new(json, "approved",
                            json_pack("{s:s*, s:s}", "by", page->who, "how", page->approval));
    drill_sentence(page, sentence, sizeof sentence);
    text_clean(clean, sizeof clean, sentence);
    json_object_update_new(
        json, json_pack("{s:s, s:s, s:o, s:s, s:s, s:b, s:b, s:b, s:i, s:i, s:i, s:o, s:o}", "mode",
                        drill_mode_name(page), "mode_says", drill_mode_words(page), "left",
                        left_json(page), "end", drill_end_name(report->end), "verdict", clean,
                        "injected", report->injected, "undone", report->reverted, "observe",
                        report->observed, "failovers", report->failovers, "inflight",
                        report->inflight, "exit_code", (int)drill_page_code(page), "actions",
                        actions_json(page), "timeline", timeline_json(page)));
    json_object_set_new(json, "from_ms", since(report, drill_story_zero(report)));
    if (page->evidence)
        json_object_set(json, "evidence", page->evidence);
}

json_t *drill_json(const struct drill_page *page)
{
    struct drill_row rows[MEASURE_COUNT];
    int i, n = drill_rows(page, rows);
    json_t *measures = json_object();
    char about[sizeof page->scenario->about];
    json_t *json;
    text_clean(about, sizeof about, page->scenario->about);
    json = json_pack("{s:i, s:s, s:s, s:s, s:o, s:o, s:o}", "version", 1, "scenario",
                     page->scenario->name, "about", about, "fleet", page->scenario->fleet.path,
                     "measures", measures, "reproduce", reproduce(page), "notes", notes(page));
    for (i = 0; i < n; i++)
        json_object_set_new(measures, drill_measure_name(rows[i].kind),
                            measure_json(page, &rows[i]));
    if (page->version)
        json_object_set_new(json, "program", json_string(page->version));
    if (page->prediction)
        add_prediction(json, page->prediction);
    if (page->report)
        add_report(json, page);
    return json;
}
