#include "drill_command.h"
#include "live/act/rollback.h"
#include "live/base/failpoint.h"
#include "live/base/interrupt.h"
#include "live/base/wire.h"
#include "live/drill/real_stage.h"
#include "live/journal/record.h"
#include "live/watch/watch.h"
#include "model/base/assert.h"
#include "model/load/loader.h"
#include "reports/drill/drill.h"
#include "version.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static const char help[] =
    "usage: understudy drill [options] SCENARIO\n"
    "       understudy drill --plan | --rehearse [options] SCENARIO   (touch nothing; --help "
    "there)\n"
    "Carries the scenario's drill out on the real fleet, measures it and takes it back.\n\n"
    "  --observe          record what the policy would do, but change nothing at GitHub\n"
    "  --yes              do not ask for confirmation\n"
    "  --prediction FILE  judge by this rehearsal (default: rehearse now)\n"
    "  --no-prediction    judge by none\n"
    "  --rollback         only finish what an earlier drill left open\n"
    "  --journal FILE     instead of the fleet's live.journal\n"
    "  --html FILE        write the report as a page as well; --markdown FILE likewise\n"
    "  --set PATH=VALUE   override any value of the file; may be repeated\n"
    "  --format text|json\n"
    "  --quiet            the report only\n"
    "  --help\n"
    "To stop it at any time: Ctrl-C, or create the fleet's live.stop_file.\n"
    "Exit codes: 0 done, reality was as predicted; 1 it was not, or the steady state did not "
    "return;\n"
    "2 usage or input error; 3 a service was out of reach or refused; 4 not begun, or stopped and\n"
    "rolled back; 5 something could not be undone (it says what, and how); 130 interrupted, "
    "rolled\n"
    "back.\n";

#define SETS 64

struct wish {
    const char *path, *journal, *prediction, *html, *markdown;
    const char *sets[SETS];
    int n_sets;
    bool observe, yes, rollback, no_prediction, json, quiet;
};

enum {
    OPTION_OBSERVE = 256,
    OPTION_YES,
    OPTION_ROLLBACK,
    OPTION_NO_PREDICTION,
    OPTION_PREDICTION,
    OPTION_JOURNAL,
    OPTION_HTML,
    OPTION_MARKDOWN,
    OPTION_SET,
    OPTION_FORMAT
};

static const struct option options[] = {{"help", no_argument, NULL, 'h'},
                                        {"quiet", no_argument, NULL, 'q'},
                                        {"observe", no_argument, NULL, OPTION_OBSERVE},
                                        {"yes", no_argument, NULL, OPTION_YES},
                                        {"rollback", no_argument, NULL, OPTION_ROLLBACK},
                                        {"no-prediction", no_argument, NULL, OPTION_NO_PREDICTION},
                                        {"prediction", required_argument, NULL, OPTION_PREDICTION},
                                        {"journal", required_argument, NULL, OPTION_JOURNAL},
                                        {"html", required_argument, NULL, OPTION_HTML},
                                        {"markdown", required_argument, NULL, OPTION_MARKDOWN},
                                        {"set", required_argument, NULL, OPTION_SET},
                                        {"format", required_argument, NULL, OPTION_FORMAT},
                                        {0}};

static bool *flag_of(struct wish *wish, int option)
{
    return option == 'q'                    ? &wish->quiet
           : option == OPTION_OBSERVE       ? &wish->observe
           : option == OPTION_YES           ? &wish->yes
           : option == OPTION_ROLLBACK      ? &wish->rollback
           : option == OPTION_NO_PREDICTION ? &wish->no_prediction
                                            : NULL;
}

static const char **text_of(struct wish *wish, int option)
{
    return option == OPTION_PREDICTION ? &wish->prediction
           : option == OPTION_JOURNAL  ? &wish->journal
           : option == OPTION_HTML     ? &wish->html
           : option == OPTION_MARKDOWN ? &wish->markdown
                                       : NULL;
}

static enum und_code take_option(struct wish *wish, int option, char **argv, struct und_err *err)
{
    bool *flag = flag_of(wish, option);
    const char **text = text_of(wish, option);
    if (flag) {
        *flag = true;
    } else if (text) {
        *text = optarg;
    } else if (option == OPTION_SET) {
        if (wish->n_sets == SETS)
            return und_fail(err, UND_USAGE, "--set: want at most %d", SETS);
        wish->sets[wish->n_sets++] = optarg;
    } else if (option == OPTION_FORMAT) {
        wish->json = strcmp(optarg, "json") == 0;
        if (!wish->json && strcmp(optarg, "text") != 0)
            return und_fail(err, UND_USAGE, "--format: got '%.20s', want text or json", optarg);
    } else {
        return und_fail(err, UND_USAGE, "drill: got '%.60s', want options of --help",
                        argv[optind - 1]);
    }
    return UND_OK;
}

/* True: go on. False: help was printed, or err is set. */
static bool parse(struct wish *wish, int argc, char **argv, struct und_err *err)
{
    int option;
    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1 && err->code == UND_OK) {
        if (option == 'h') {
            fputs(help, stdout);
            return false;
        }
        take_option(wish, option, argv, err);
    }
    if (err->code == UND_OK && argc - optind != 1)
        und_fail(err, UND_USAGE, "drill: got %d files, want one scenario", argc - optind);
    wish->path = argv[optind];
    return err->code == UND_OK;
}

static enum und_code check(const struct wish *wish, const struct scenario *scenario,
                           struct und_err *err)
{
    const struct fleet *fleet = &scenario->fleet;
    if (!fleet->live.present)
        return und_fail(err, UND_USAGE,
                        "%s: its fleet has no live section, want one: where the services are",
                        scenario->path);
    if (wish->rollback)
        return UND_OK;
    if (!scenario->drill.present)
        return und_fail(err, UND_USAGE, "%s: has no drill section, want one: what to inject",
                        scenario->path);
    if (!wish->observe && fleet->has_policy && fleet->github.mechanism == MECHANISM_HOOK)
        return und_fail(err, UND_USAGE,
                        "%s: mechanism hook is not carried out live; want label or variable, or "
                        "--observe",
                        scenario->path);
    return UND_OK;
}

/* ---- the prediction ---- */

static enum und_code predict(const struct wish *wish, const struct scenario *scenario,
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

static void report(const struct wish *wish, const struct drill_page *page, struct journal *journal,
                   int64_t run)
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
    write_page(wish->html, drill_print_html, page, &err);
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

static enum und_code conclude(const struct wish *wish, const struct drill_page *page,
                              struct journal *journal, int64_t run, struct und_err *err)
{
    enum und_code code = drill_page_code(page);
    char sentence[512];
    report(wish, page, journal, run);
    drill_sentence(page, sentence, sizeof sentence);
    if (code != UND_OK)
        und_fail(err, code, "%s: %s", page->scenario->name,
                 page->report->why[0] ? page->report->why : sentence);
    return finish(journal, run, err->text, err);
}

/* A label that a signal caught half-written may be on again, and its step still open. */
static void close_the_rest(const struct scenario *scenario, struct journal *journal,
                           const struct drill_report *done)
{
    struct und_err ignored = {0}; /* what stays open is tried again by the next start */
    if (done->end != DRILL_STUCK)
        rollback_all(journal, &scenario->fleet, NULL, NULL, &ignored);
}

static enum und_code play(const struct wish *wish, const struct scenario *scenario,
                          const struct prediction *prediction, struct journal *journal,
                          struct und_err *err)
{
    const struct real_stage_options stage_options = {.yes = wish->yes,
                                                     .quiet = wish->quiet || wish->json};
    struct drill_options drill_options = {.observe = wish->observe};
    struct drill_report *done = calloc(1, sizeof *done);
    struct drill_page page = {scenario, done, prediction, UND_VERSION};
    struct real_stage *stage = NULL;
    int64_t run = 0;
    UND_ASSERT(done != NULL);
    draw_phases(&scenario->fleet, &drill_options);
    if (begin(scenario, prediction, journal, &run, err) == UND_OK) {
        if (real_stage_open(&stage, scenario, journal, run, &stage_options, err) == UND_OK &&
            drill_run(scenario, &drill_options, real_stage_interface(stage), done, err) == UND_OK) {
            /* A command or a call that the signal cut short failed for no other reason. */
            if (done->end == DRILL_FAILED && interrupt_count() > 0)
                done->end = DRILL_INTERRUPTED;
            close_the_rest(scenario, journal, done);
            conclude(wish, &page, journal, run, err);
        } else {
            finish(journal, run, err->text, err);
        }
        real_stage_close(stage);
        drill_report_fini(done);
    }
    free(done);
    return err->code;
}

static void say(void *context, const char *line)
{
    const struct wish *wish = context;
    char when[WIRE_TIME];
    if (!wish->quiet && !wish->json)
        printf("%s  %s\n", wire_time(when, http_wall_ms()), line);
}

static enum und_code act(struct wish *wish, const struct scenario *scenario,
                         drill_rehearser *rehearse, struct und_err *err)
{
    struct prediction *prediction = calloc(1, sizeof *prediction);
    struct journal *journal = NULL;
    const char *path = wish->journal ? wish->journal : scenario->fleet.live.journal;
    char purpose[160];
    bool has = false;
    UND_ASSERT(prediction != NULL);
    snprintf(purpose, sizeof purpose, "drill %s", scenario->name);
    if (journal_open(&journal, path, err) == UND_OK &&
        journal_lock(journal, purpose, err) == UND_OK &&
        rollback_finish(journal, &scenario->fleet, say, wish, err) == UND_OK && !wish->rollback &&
        predict(wish, scenario, rehearse, prediction, &has, err) == UND_OK) {
        const struct drill_page page = {scenario, NULL, has ? prediction : NULL, UND_VERSION};
        if (!wish->quiet && !wish->json)
            drill_print_plan(stdout, &page);
        fflush(stdout);
        play(wish, scenario, has ? prediction : NULL, journal, err);
    }
    if (has)
        prediction_fini(prediction);
    free(prediction);
    journal_close(journal);
    return err->code;
}

enum und_code drill_command(int argc, char **argv, drill_rehearser *rehearse, struct und_err *err)
{
    struct wish wish = {0};
    struct scenario *scenario = calloc(1, sizeof *scenario);
    UND_ASSERT(scenario != NULL);
    secret_harden();
    interrupt_install();
    if (parse(&wish, argc, argv, err) &&
        scenario_load(scenario, wish.path, wish.sets, wish.n_sets, err) == UND_OK) {
        /* Without the fleet's leave nothing is changed at GitHub. */
        wish.observe = wish.observe || !scenario->fleet.live.allow_actions;
        if (check(&wish, scenario, err) == UND_OK)
            act(&wish, scenario, rehearse, err);
        scenario_fini(scenario);
    }
    free(scenario);
    return err->code;
}
