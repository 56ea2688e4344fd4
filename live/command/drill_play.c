#include "drill_play.h"
#include "live/act/rollback.h"
#include "live/base/failpoint.h"
#include "live/base/interrupt.h"
#include "live/base/wire.h"
#include "live/drill/real_stage.h"
#include "live/watch/watch.h"
#include "model/base/assert.h"
#include "reports/drill/drill.h"
#include "reports/store/record.h"
#include "version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* ---- the prediction ---- */

enum und_code drill_predict(const struct drill_wish *wish, const struct scenario *scenario,
                            drill_rehearser *rehearse, struct prediction *prediction, bool *has,
                            struct und_err *err)
{
    *has = false;
    if (wish->no_prediction)
        return UND_OK;
    if (wish->prediction) {
        *has = prediction_load(prediction, wish->prediction, err) == UND_OK;
        if (*has)
            prediction_fits(prediction, wish->prediction, scenario, wish->observe, err);
        return err->code;
    }
    if (!rehearse || scenario->n_faults == 0)
        return UND_OK;
    if (!wish->quiet && !wish->json)
        fprintf(stderr, "rehearsing ...\n");
    *has = rehearse(scenario, wish->observe, prediction, err) == UND_OK;
    return err->code;
}

/* ---- the report ---- */

typedef void page_writer(FILE *out, const struct drill_page *page);

static void write_html(FILE *out, const struct drill_page *page)
{
    struct und_err plots = {0};
    drill_print_html(out, page, &plots);
    if (plots.code != UND_OK)
        fprintf(stderr, "understudy: no plots: %s\n", plots.text);
}

static void write_page(const char *path, page_writer *write, const struct drill_page *page,
                       struct und_err *err)
{
    FILE *file = path ? fopen(path, "w") : NULL;
    bool failed;
    if (!path)
        return;
    if (!file) {
        und_fail(err, UND_USAGE, "%s: %s", path, strerror(errno));
        return;
    }
    write(file, page);
    failed = ferror(file) != 0;
    if (fclose(file) != 0 || failed)
        und_fail(err, UND_USAGE, "%s: cannot be written", path);
}

static void report(const struct drill_wish *wish, const struct drill_page *page,
                   struct journal *journal, int64_t run)
{
    struct und_err err = {0};
    json_t *json = drill_json(page);
    char *text = json_dumps(json, JSON_COMPACT);
    if (wish->json) {
        json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
        putchar('\n');
    } else {
        drill_print_text(stdout, page);
    }
    journal_note(journal, run, "report", text ? text : "", &err);
    write_page(wish->html, write_html, page, &err);
    write_page(wish->markdown, drill_print_markdown, page, &err);
    if (err.code != UND_OK)
        fprintf(stderr, "understudy: %s\n", err.text);
    free(text);
    json_decref(json);
}

/* ---- the drill ---- */

/* Polls begin anywhere on their grid, or measures would depend on when the drill was started. */
static void draw_phases(const struct fleet *fleet, struct drill_options *how)
{
    int i;
    for (i = 0; i < POLL_COUNT; i++) {
        uint32_t random = 0;
        if (getrandom(&random, sizeof random, 0) == (ssize_t)sizeof random)
            how->phase_ms[i] = (int64_t)random % fleet_poll_ms(fleet, (enum poll)i);
    }
}

static enum und_code begin(const struct scenario *scenario, const struct prediction *prediction,
                           struct journal *journal, int64_t *run, struct und_err *err)
{
    json_t *about = watch_about(&scenario->fleet);
    json_object_set_new(about, "scenario", json_string(scenario->path));
    if (prediction)
        json_object_set_new(about, "prediction", prediction_json(prediction));
    journal_begin(journal, JOURNAL_DRILL, scenario->name, about, run, err);
    json_decref(about);
    failpoint("begun");
    return err->code;
}

static enum und_code finish(struct journal *journal, int64_t run, const char *why,
                            struct und_err *err)
{
    struct und_err ignored = {0};
    failpoint("before the end");
    journal_end(journal, run, (int)err->code, err->code == UND_OK ? "completed" : why, &ignored);
    failpoint("ended");
    return err->code;
}

static enum und_code conclude(const struct drill_wish *wish, const struct drill_page *page,
                              struct journal *journal, int64_t run, struct und_err *err)
{
    enum und_code code = drill_page_code(page);
    char sentence[512];
    report(wish, page, journal, run);
    drill_sentence(page, sentence, sizeof sentence);
    if (code != UND_OK)
        und_fail(err, code, "%s: %s", page->scenario->name,
                 page->report->why[0] ? page->report->why : sentence);
    finish(journal, run, err->text, err);
    return record_drill(store_path(wish->store), page, wish->sets, wish->n_sets, err);
}

/* ---- what is left ---- */

struct left {
    struct drill_left *item; /* owned */
    size_t n;
};

static void list_left(struct journal *journal, const struct fleet *fleet, struct left *left)
{
    struct journal_step *steps = NULL;
    struct und_err ignored = {0};
    size_t n = 0, i;
    journal_open_steps(journal, 0, &steps, &n, &ignored);
    left->item = calloc(n + 1, sizeof *left->item);
    UND_ASSERT(left->item != NULL);
    for (i = 0; i < n; i++) {
        struct drill_left *item = &left->item[left->n++];
        item->step = steps[i].id;
        snprintf(item->what, sizeof item->what, "%s%s%s", steps[i].name,
                 steps[i].host[0] ? " on " : "", steps[i].host);
        rollback_show(fleet, &steps[i], item->by_hand, sizeof item->by_hand);
    }
    free(steps);
}

/* Whatever the journal still shows as ours, the locks among it; and what the drill could not put
 * back, once more. Only what is left after that is stuck. */
static void close_the_rest(const struct scenario *scenario, struct journal *journal,
                           struct drill_report *done, struct left *left)
{
    struct und_err err = {0};
    int64_t patience_ms = rollback_patience_ms(&scenario->fleet, scenario->drill.restore_ms);
    bool stuck = done->end == DRILL_STUCK;
    rollback_all(journal, &scenario->fleet, patience_ms, NULL, NULL, &err);
    if (err.code == UND_STUCK) {
        done->end = DRILL_STUCK;
        done->reverted = false;
        snprintf(done->why, sizeof done->why, "%s", err.text);
        list_left(journal, &scenario->fleet, left);
    } else if (err.code != UND_OK) {
        done->end = stuck ? DRILL_STUCK : DRILL_FAILED;
        snprintf(done->why, sizeof done->why, "%s", err.text);
    } else if (stuck) {
        char why[sizeof done->why];
        snprintf(why, sizeof why, "it was put back late: %.700s", done->why);
        memcpy(done->why, why, sizeof why);
        done->end = DRILL_FAILED;
        done->reverted = true;
    }
}

enum und_code drill_play(const struct drill_wish *wish, const struct scenario *scenario,
                         const struct prediction *prediction, struct journal *journal, int guardian,
                         struct und_err *err)
{
    const struct real_stage_options stage_options = {.yes = wish->yes,
                                                     .observe = wish->observe,
                                                     .quiet = wish->quiet || wish->json,
                                                     .alive = guardian};
    struct drill_options drill_options = {.observe = wish->observe, .watch = wish->watch};
    struct drill_report *done = calloc(1, sizeof *done);
    struct real_stage *stage = NULL;
    json_t *evidence = NULL;
    struct left left = {NULL, 0};
    char date[WIRE_TIME], who[RECORD_WHO];
    int64_t run = 0;
    UND_ASSERT(done != NULL);
    wire_time(date, http_wall_ms());
    record_who(who, sizeof who);
    draw_phases(&scenario->fleet, &drill_options);
    if (begin(scenario, prediction, journal, &run, err) == UND_OK) {
        if (real_stage_open(&stage, scenario, journal, run, &stage_options, err) == UND_OK &&
            drill_run(scenario, &drill_options, real_stage_interface(stage), done, err) == UND_OK) {
            struct drill_page page = {.date = date,
                                      .who = who,
                                      .scenario = scenario,
                                      .report = done,
                                      .prediction = prediction,
                                      .version = UND_VERSION,
                                      .approval = wish->yes ? "by --yes on the command line"
                                                            : "typed at the prompt",
                                      .sets = wish->sets,
                                      .n_sets = wish->n_sets};
            struct und_err unread = {0};
            /* A command or a call that the signal cut short failed for no other reason. */
            if (done->end == DRILL_FAILED && interrupt_count() > 0)
                done->end = DRILL_INTERRUPTED;
            close_the_rest(scenario, journal, done, &left);
            page.left = left.item;
            page.n_left = left.n;
            journal_evidence(journal, run, &evidence, &unread);
            page.evidence = evidence;
            conclude(wish, &page, journal, run, err);
        } else {
            finish(journal, run, err->text, err);
        }
        real_stage_close(stage);
        drill_report_fini(done);
    }
    json_decref(evidence);
    free(left.item);
    free(done);
    return err->code;
}
