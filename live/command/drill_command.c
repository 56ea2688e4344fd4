#include "drill_command.h"
#include "drill_play.h"
#include "guardian.h"
#include "live/act/action.h"
#include "live/act/command.h"
#include "live/act/rollback.h"
#include "live/base/interrupt.h"
#include "live/base/wire.h"
#include "model/base/assert.h"
#include "model/load/loader.h"
#include "reports/drill/drill.h"
#include "version.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROLLBACK_WAIT_MS 10000
#define LOCK_WAIT_MS 200 /* one who gives it back takes no longer */

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
    "  --close STEP       settle by hand a step that is left open: with --by NAME, --reason TEXT\n"
    "  --journal FILE     instead of the fleet's live.journal\n"
    "  --html FILE        write the report as a page as well; --markdown FILE likewise\n"
    "  --set PATH=VALUE   override any value of the file; may be repeated\n"
    "  --format text|json\n"
    "  --quiet            the report only\n"
    "  --help\n"
    "Unless the fleet says live.allow_actions: true, nothing is injected and nothing is changed: "
    "the\n"
    "preconditions are judged and watched, and that is all.\n"
    "To stop it at any time: Ctrl-C, or create the fleet's live.stop_file. What it has done is "
    "then\n"
    "undone; each further Ctrl-C ends a pause, and the third one gives up, saying what is left.\n"
    "If this program dies, a second process of it finishes the rollback.\n"
    "Exit codes: 0 done, reality was as predicted; 1 it was not, or the steady state did not "
    "return;\n"
    "2 usage or input error; 3 a service was out of reach or refused; 4 not begun, or stopped and\n"
    "rolled back; 5 something could not be undone (it says what, and how); 130 interrupted, "
    "rolled\n"
    "back.\n";

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
    OPTION_CLOSE,
    OPTION_BY,
    OPTION_REASON,
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
                                        {"close", required_argument, NULL, OPTION_CLOSE},
                                        {"by", required_argument, NULL, OPTION_BY},
                                        {"reason", required_argument, NULL, OPTION_REASON},
                                        {"format", required_argument, NULL, OPTION_FORMAT},
                                        {0}};

static bool *flag_of(struct drill_wish *wish, int option)
{
    return option == 'q'                    ? &wish->quiet
           : option == OPTION_OBSERVE       ? &wish->observe
           : option == OPTION_YES           ? &wish->yes
           : option == OPTION_ROLLBACK      ? &wish->rollback
           : option == OPTION_NO_PREDICTION ? &wish->no_prediction
                                            : NULL;
}

static const char **text_of(struct drill_wish *wish, int option)
{
    return option == OPTION_PREDICTION ? &wish->prediction
           : option == OPTION_JOURNAL  ? &wish->journal
           : option == OPTION_HTML     ? &wish->html
           : option == OPTION_MARKDOWN ? &wish->markdown
           : option == OPTION_CLOSE    ? &wish->close
           : option == OPTION_BY       ? &wish->by
           : option == OPTION_REASON   ? &wish->reason
                                       : NULL;
}

static enum und_code take_option(struct drill_wish *wish, int option, char **argv,
                                 struct und_err *err)
{
    bool *flag = flag_of(wish, option);
    const char **text = text_of(wish, option);
    if (flag) {
        *flag = true;
    } else if (text) {
        *text = optarg;
    } else if (option == OPTION_SET) {
        if (wish->n_sets == DRILL_SETS)
            return und_fail(err, UND_USAGE, "--set: want at most %d", DRILL_SETS);
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
static bool parse(struct drill_wish *wish, int argc, char **argv, struct und_err *err)
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

static enum und_code check(const struct drill_wish *wish, const struct scenario *scenario,
                           struct und_err *err)
{
    const struct fleet *fleet = &scenario->fleet;
    if (!fleet->live.present)
        return und_fail(err, UND_USAGE,
                        "%s: its fleet has no live section, want one: where the services are",
                        scenario->path);
    if (wish->close && (!wish->by || !wish->by[0] || !wish->reason || !wish->reason[0]))
        return und_fail(err, UND_USAGE,
                        "--close: want --by NAME and --reason TEXT with it: who has "
                        "seen to it, and how");
    if (wish->rollback || wish->close)
        return UND_OK;
    if (!scenario->drill.present)
        return und_fail(err, UND_USAGE, "%s: has no drill section, want one: what to inject",
                        scenario->path);
    if (!wish->observe && !wish->watch && fleet->has_policy &&
        fleet->github.mechanism == MECHANISM_HOOK)
        return und_fail(err, UND_USAGE,
                        "%s: mechanism hook is not carried out live; want label or variable, or "
                        "--observe",
                        scenario->path);
    return UND_OK;
}

static void say(void *context, const char *line)
{
    const struct drill_wish *wish = context;
    char when[WIRE_TIME];
    if (!wish->quiet && !wish->json)
        printf("%s  %s\n", wire_time(when, http_wall_ms()), line);
}

static enum drill_mode mode_of(const struct drill_wish *wish)
{
    return wish->watch ? DRILL_MODE_WATCH : wish->observe ? DRILL_MODE_OBSERVE : DRILL_MODE_ACT;
}

/* A person has seen to it, and says so. */
static enum und_code close_step(const struct drill_wish *wish, struct journal *journal,
                                struct und_err *err)
{
    struct journal_step *step = NULL;
    char note[512], *end;
    int64_t id = strtoll(wish->close, &end, 10);
    bool open = false;
    if (*end || id <= 0)
        return und_fail(err, UND_USAGE, "--close: got '%.40s', want the number of a step",
                        wish->close);
    snprintf(note, sizeof note, "by %.100s: %.380s", wish->by, wish->reason);
    wire_clean(note);
    secret_redact(note);
    if (journal_step(journal, id, &step, &open, err) == UND_OK && !open)
        und_fail(err, UND_USAGE, "--close: step %lld (%.100s) is not open", (long long)id,
                 step->name);
    if (err->code == UND_OK && journal_event(journal, id, JOURNAL_CLOSED, note, err) == UND_OK) {
        printf("closed: step %lld, %s (%s)\n", (long long)id, step->name, note);
        snprintf(note, sizeof note, "step %lld closed by %.100s: %.350s", (long long)id, wish->by,
                 wish->reason);
        journal_note(journal, step->run, "closed", note, err);
    }
    free(step);
    return err->code;
}

/* The journal is gone: what may be left can only be told from the scenario. */
static void show_everything(const struct scenario *scenario)
{
    struct journal_step step = {.lease_until_ms = -1};
    struct github_runner runner = {0};
    struct action_command undo = {.timeout_ms = 1};
    struct und_err ignored = {0};
    char by_hand[ROLLBACK_BY_HAND];
    int i;
    fprintf(stderr, "What the drill may have left, and how to undo it by hand:\n");
    for (i = 0; i < scenario->drill.n_inject; i++) {
        const struct drill_action *action = &scenario->drill.inject[i];
        snprintf(undo.on, sizeof undo.on, "%s", action->on);
        undo.argv = action->undo;
        if (undo.argv.n == 0 || action_command(step.undo, &undo, NULL, &ignored) != UND_OK)
            continue;
        rollback_show(&scenario->fleet, &step, by_hand, sizeof by_hand);
        fprintf(stderr, "  %s: %s\n", action->name, by_hand);
    }
    for (i = 0; i < scenario->fleet.n_hosts; i++) {
        const struct host *host = &scenario->fleet.hosts[i];
        snprintf(runner.name, sizeof runner.name, "%s",
                 host->registrations[0] ? host->registrations : host->name);
        action_label(step.undo, &runner, scenario->fleet.live.github.label, true);
        rollback_show(&scenario->fleet, &step, by_hand, sizeof by_hand);
        fprintf(stderr, "  each runner %s that lacks its label: %s\n", runner.name, by_hand);
    }
}

static enum und_code lock(const struct drill_wish *wish, const struct scenario *scenario,
                          struct journal *journal, struct und_err *err)
{
    struct und_err first = {0};
    char purpose[160];
    snprintf(purpose, sizeof purpose, "drill %s", scenario->name);
    /* A guardian that is at it comes to its end soon; a drill does not. */
    if (journal_lock_within(journal, purpose, LOCK_WAIT_MS, interrupt_flag(), &first) != UND_OK)
        journal_lock_within(
            journal, purpose,
            wish->rollback || strstr(first.text, GUARDIAN_PURPOSE) ? ROLLBACK_WAIT_MS : 0,
            interrupt_flag(), err);
    if (err->code == UND_STUCK)
        show_everything(scenario);
    return err->code;
}

static enum und_code act(struct drill_wish *wish, const struct scenario *scenario,
                         drill_rehearser *rehearse, int guardian, struct und_err *err)
{
    struct prediction *prediction = calloc(1, sizeof *prediction);
    struct journal *journal = NULL;
    const char *path = wish->journal ? wish->journal : scenario->fleet.live.journal;
    int64_t patience_ms = rollback_patience_ms(
        &scenario->fleet, wish->rollback && scenario->drill.present ? scenario->drill.restore_ms
                                                                    : ROLLBACK_PATIENCE_MS);
    bool has = false;
    UND_ASSERT(prediction != NULL);
    if (journal_open(&journal, path, err) == UND_OK &&
        lock(wish, scenario, journal, err) == UND_OK) {
        if (wish->close)
            close_step(wish, journal, err);
        else if (rollback_finish(journal, &scenario->fleet, patience_ms, say, wish, err) ==
                     UND_OK &&
                 !wish->rollback &&
                 drill_predict(wish, scenario, rehearse, prediction, &has, err) == UND_OK) {
            const struct drill_page page = {.scenario = scenario,
                                            .prediction = has ? prediction : NULL,
                                            .version = UND_VERSION,
                                            .mode = mode_of(wish)};
            if (!wish->quiet && !wish->json)
                drill_print_plan(stdout, &page);
            fflush(stdout);
            drill_play(wish, scenario, has ? prediction : NULL, journal, guardian, err);
        }
    }
    if (has)
        prediction_fini(prediction);
    free(prediction);
    journal_close(journal);
    return err->code;
}

/* Nobody watches over what changes nothing. */
static void guarded(struct drill_wish *wish, const struct scenario *scenario,
                    drill_rehearser *rehearse, struct und_err *err)
{
    int guardian = -1;
    command_know_credentials(&scenario->fleet.live);
    if (!wish->close && !wish->rollback && !wish->watch)
        guardian =
            guardian_start(scenario, wish->journal ? wish->journal : scenario->fleet.live.journal);
    act(wish, scenario, rehearse, guardian, err);
    guardian_dismiss(guardian);
}

enum und_code drill_command(int argc, char **argv, drill_rehearser *rehearse, struct und_err *err)
{
    struct drill_wish wish = {0};
    struct scenario *scenario = calloc(1, sizeof *scenario);
    UND_ASSERT(scenario != NULL);
    secret_harden();
    interrupt_install();
    if (parse(&wish, argc, argv, err) &&
        scenario_load(scenario, wish.path, wish.sets, wish.n_sets, err) == UND_OK) {
        /* Without the fleet's leave nothing is injected, and nothing is changed at GitHub. */
        wish.watch = !scenario->fleet.live.allow_actions;
        wish.observe = wish.observe || wish.watch;
        if (check(&wish, scenario, err) == UND_OK)
            guarded(&wish, scenario, rehearse, err);
        scenario_fini(scenario);
    }
    free(scenario);
    return err->code;
}
