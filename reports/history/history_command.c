#include "history_command.h"

#include "calibrate.h"
#include "history_internal.h"
#include "ledger.h"
#include "model/base/assert.h"
#include "model/load/loader.h"
#include "reports/text/text.h"
#include "trend.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct history_wish {
    const char *store, *mode, *scenario, *fleet, *since, *until, *plot, *name;
    int kind;
    bool trends, ledger, next, calibrate, json, quiet;
};

static const char *const kinds[] = {"all",      "sim",     "test",   "rehearsal", "drill",
                                    "incident", "explore", "search", NULL};

#define TEXT(option, value, field, sentence)                                                       \
    {                                                                                              \
        (option), .type = OPTION_TEXT, .argument = (value), OPTION_AT(struct history_wish, field), \
                  .about = (sentence)                                                              \
    }

#define FLAG(option, field, sentence)                                                              \
    {                                                                                              \
        (option), .type = OPTION_FLAG, OPTION_AT(struct history_wish, field), .about = (sentence)  \
    }

static const struct option_row rows[] = {
    {"store", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct history_wish, store),
     .about = "what runs were kept in", .otherwise = "$UNDERSTUDY_STORE"},
    {"kind", .type = OPTION_WORD, .words = kinds, OPTION_AT(struct history_wish, kind),
     .preset = "all", .about = "runs of this command only"},
    TEXT("mode", "MODE", mode, "of this failure mode, as the list names it: os-crash"),
    TEXT("scenario", "NAME", scenario, "of this scenario"),
    TEXT("fleet", "HASH", fleet, "of this fleet, as the list names it"),
    TEXT("since", "DATE", since, "ended on that day or later, 2026-10-01, in UTC"),
    TEXT("until", "DATE", until, "ended before that day"),
    FLAG("trends", trends,
         "instead of the list: each failure mode over quarters, documented, foretold, measured"),
    TEXT("plot", "FILE", plot, "with --trends: as SVG, all three in one plot"),
    FLAG(
        "ledger", ledger,
        "instead: each failure mode (of the scenarios given) and each branch of the policy, by how "
        "it was last tried, and when"),
    FLAG("next", next, "instead: the drill that is due next, and why; of the scenarios given"),
    FLAG("calibrate", calibrate,
         "instead: the delays that were measured, as distributions, beside what the fleet given "
         "assumes"),
    TEXT("name", "RUN=MODE", name, "say which failure mode an incident was, and no more"),
    OPTION_SEED_IGNORED,
    OPTION_FORMAT(struct history_wish, json),
    OPTION_QUIET(struct history_wish, quiet),
    {0}};

static const struct option_example examples[] = {
    {"history --store runs.db", "all that was kept, the oldest first"},
    {"history --kind drill --since 2026-10-01", "the quarter's drills, out of $UNDERSTUDY_STORE"},
    {"history --mode os-crash --format json", "one failure mode, with each run's whole result"},
    {"history --trends --plot trends.svg", "over quarters, as tables and as a picture"},
    {"history --ledger scenarios", "what was ever tried of each documented failure mode"},
    {"history --next scenarios", "what to drill this quarter"},
    {"history --calibrate scenarios/paws360.yaml", "measured delays beside the assumed ones"},
    {0}};

static const struct option_exit exits[] = {
    {UND_OK, "printed"},
    {UND_USAGE, "usage error; the file is no store, is damaged, or is of a newer version"},
    {UND_SERVICE, "the store could not be opened"},
    {0}};

static const struct option_rule rules[] = {
    {"trends", OPTION_EXCLUDES, "ledger next calibrate name"},
    {"ledger", OPTION_EXCLUDES, "next calibrate name"},
    {"next", OPTION_EXCLUDES, "calibrate name"},
    {"name", OPTION_EXCLUDES, "calibrate kind mode scenario fleet since until format=json"},
    {"plot", OPTION_NEEDS, "trends"},
    {0}};

const struct options history_options = {
    .name = "history",
    .synopsis =
        "[options]\n--ledger|--next [options] FILE|FOLDER...\n--calibrate [options] [FLEET]",
    .purpose = "runs over time, out of a store",
    .details = "Runs are kept where --store or the environment's UNDERSTUDY_STORE says so, by sim, "
               "test, drill, explore, search and monitor (its incidents); otherwise nothing is. "
               "Quarters and days are UTC's.",
    .rows = rows,
    .rules = rules,
    .operand = "scenario, folder or fleet",
    .most = 1000,
    .examples = examples,
    .exits = exits,
};

static bool read_date(const char *option, const char *text, int64_t *ms, struct und_err *err)
{
    struct tm tm = {0};
    const char *end = text ? strptime(text, "%Y-%m-%d", &tm) : NULL;
    *ms = -1;
    if (!text)
        return true;
    if (!end || *end) {
        und_fail(err, UND_USAGE, "history: --%s: got '%.40s', want a date as in 2026-10-01", option,
                 text);
        return false;
    }
    *ms = (int64_t)timegm(&tm) * 1000;
    return true;
}

const char *history_moment(char out[HISTORY_MOMENT], int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    if (!gmtime_r(&seconds, &tm) || strftime(out, HISTORY_MOMENT, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        out[0] = '\0';
    return out;
}

#define BEFORE 52 /* columns, in front of the scenario */

static int longest_word(const char *text)
{
    int longest = 0, length = 0;
    for (; *text; text++) {
        length = *text == ' ' ? 0 : length + 1;
        longest = length > longest ? length : longest;
    }
    return longest;
}

/* In the terminal's columns: the scenario and its failure mode go on in the next line. */
static void print_line(void *context, const struct record *record)
{
    int *n = context;
    const int columns = text_terminal_columns(stdout, 80);
    char at[HISTORY_MOMENT], what[sizeof record->scenario + sizeof record->mode + 8];
    if ((*n)++ == 0)
        printf("%5s  %-16s  %-9s  %4s  %-8s  %s\n", "run", "ended (UTC)", "kind", "exit", "fleet",
               "scenario (failure mode)");
    history_moment(at, record->at_ms);
    at[10] = ' ';
    snprintf(what, sizeof what, record->mode[0] ? "%s (%s)" : "%s", record->scenario, record->mode);
    printf("%5lld  %.16s  %-9s  %4d  %-8.8s  ", (long long)record->id, at,
           record_kinds[record->kind], record->exit_code, record->fleet[0] ? record->fleet : "-");
    if (longest_word(what) <= columns - BEFORE) {
        text_wrap(stdout, what, BEFORE, columns, BEFORE);
    } else {
        fputs("\n       ", stdout);
        text_wrap(stdout, what, 7, columns, 7);
    }
}

static void add_json(void *context, const struct record *record)
{
    char at[HISTORY_MOMENT];
    json_array_append_new(
        context,
        json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:i, s:O}", "id",
                  (json_int_t)record->id, "at", history_moment(at, record->at_ms), "kind",
                  record_kinds[record->kind], "who", record->who, "version", record->version,
                  "fleet", record->fleet, "scenario", record->scenario, "mode", record->mode,
                  "digest", record->digest, "seed", (json_int_t)record->seed, "exit_code",
                  record->exit_code, "result", record->detail));
}

static void print_json(json_t *json_taken)
{
    json_dumpf(json_taken, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
    putchar('\n');
    json_decref(json_taken);
}

static enum und_code print(const struct history_wish *wish, const char *path,
                           const struct store_filter *filter, struct und_err *err)
{
    json_t *runs = json_array();
    int n = 0;
    if (!wish->json && store_read(path, filter, print_line, &n, err) == UND_OK && n == 0)
        puts("no such runs");
    if (wish->json && store_read(path, filter, add_json, runs, err) == UND_OK)
        print_json(json_pack("{s:i, s:O}", "version", 1, "runs", runs));
    json_decref(runs);
    return err->code;
}

/* ---- what is read out of them ---- */

static void add_trend(void *context, const struct record *record)
{
    trend_add(context, record);
}

static void write_plot(const char *path, const struct trend *trend, struct und_err *err)
{
    FILE *file = fopen(path, "w");
    bool bad;
    if (!file) {
        und_fail(err, UND_USAGE, "%s: cannot write: %s", path, strerror(errno));
        return;
    }
    trend_plot(file, trend, err);
    bad = ferror(file) != 0;
    if (fclose(file) != 0 || bad)
        und_fail(err, UND_USAGE, "%s: cannot write: %s", path, strerror(errno));
    if (err->code != UND_OK)
        remove(path);
}

static enum und_code show_trends(const struct history_wish *wish, const char *path,
                                 const struct store_filter *filter, struct und_err *err)
{
    struct trend trend;
    trend_init(&trend);
    if (store_read(path, filter, add_trend, &trend, err) == UND_OK) {
        trend_sort(&trend);
        if (wish->json)
            print_json(trend_json(&trend));
        else
            trend_print(stdout, &trend);
        if (wish->plot)
            write_plot(wish->plot, &trend, err);
    }
    trend_fini(&trend);
    return err->code;
}

static void add_evidence(void *context, const struct record *record)
{
    ledger_add(context, record);
}

static void print_next(const struct history_wish *wish, const struct ledger *ledger,
                       struct und_err *err)
{
    char why[1024];
    const struct ledger_mode *next = ledger_next(ledger, why, sizeof why);
    if (!next) {
        und_fail(err, UND_USAGE,
                 "history: --next: got no scenario with a drill section, want the files or folders "
                 "to choose from");
        return;
    }
    if (wish->json) {
        print_json(json_pack("{s:i, s:s, s:s, s:s, s:s}", "version", 1, "mode", next->kinds,
                             "scenario", next->name, "path", next->path, "why", why));
        return;
    }
    printf("Next: %s (%s)\n%s\n", next->name, next->path, why);
    printf("\n  understudy drill %s --rehearse\n  understudy drill %s --plan\n", next->path,
           next->path);
}

static enum und_code show_ledger(const struct history_wish *wish, const char *path,
                                 const struct store_filter *filter, char *const *operands, int n,
                                 struct und_err *err)
{
    struct ledger *ledger = calloc(1, sizeof *ledger);
    struct timespec now;
    UND_ASSERT(ledger != NULL);
    clock_gettime(CLOCK_REALTIME, &now);
    ledger->now_ms = (int64_t)now.tv_sec * 1000;
    if (ledger_scenarios(ledger, operands, n, err) == UND_OK &&
        store_read(path, filter, add_evidence, ledger, err) == UND_OK) {
        if (wish->next)
            print_next(wish, ledger, err);
        else if (wish->json)
            print_json(ledger_json(ledger));
        else
            ledger_print(stdout, ledger);
    }
    free(ledger);
    return err->code;
}

static void add_delays(void *context, const struct record *record)
{
    calibrate_add(context, record);
}

static enum und_code show_delays(const struct history_wish *wish, const char *path,
                                 const struct store_filter *filter, const char *fleet_path,
                                 struct und_err *err)
{
    struct calibration *calibration = calloc(1, sizeof *calibration);
    struct fleet *fleet = fleet_path ? calloc(1, sizeof *fleet) : NULL;
    UND_ASSERT(calibration != NULL && (!fleet_path || fleet));
    if ((!fleet || fleet_load(fleet, fleet_path, NULL, 0, err) == UND_OK)) {
        if (store_read(path, filter, add_delays, calibration, err) == UND_OK) {
            if (wish->json)
                print_json(calibrate_json(calibration, fleet));
            else
                calibrate_print(stdout, calibration, fleet);
        }
        if (fleet)
            fleet_fini(fleet);
    }
    free(fleet);
    free(calibration);
    return err->code;
}

static enum und_code name(const char *path, const char *text, struct und_err *err)
{
    char *end;
    long long id;
    errno = 0;
    id = strtoll(text, &end, 10);
    if (errno != 0 || id < 1 || *end != '=' || end[1] == '\0')
        return und_fail(err, UND_USAGE,
                        "history: --name: got '%.60s', want RUN=MODE as in "
                        "12=os-crash",
                        text);
    if (store_name(path, id, end + 1, err) == UND_OK)
        printf("run %lld: %s\n", id, end + 1);
    return err->code;
}

static enum und_code show(const struct history_wish *wish, const char *path,
                          const struct store_filter *filter, char *const *operands, int n,
                          struct und_err *err)
{
    const int most = wish->ledger || wish->next ? n : wish->calibrate ? 1 : 0;
    if (n > most)
        return und_fail(err, UND_USAGE, "history: got %s, want %s", operands[most],
                        wish->calibrate ? "one fleet file"
                                        : "files only with --ledger, --next or --calibrate");
    if (wish->name)
        return name(path, wish->name, err);
    if (wish->trends)
        return show_trends(wish, path, filter, err);
    if (wish->ledger || wish->next)
        return show_ledger(wish, path, filter, operands, n, err);
    if (wish->calibrate)
        return show_delays(wish, path, filter, n > 0 ? operands[0] : NULL, err);
    return print(wish, path, filter, err);
}

enum und_code history_command(int argc, char **argv, struct und_err *err)
{
    struct history_wish wish = {0};
    struct store_filter filter;
    const char *path;
    const int first = options_parse(&history_options, argc, argv, &wish, err);
    if (first == 0)
        return err->code;
    path = store_path(wish.store);
    if (!path)
        return und_fail(err, UND_USAGE,
                        "history: got no store, want --store FILE or "
                        "UNDERSTUDY_STORE in the environment");
    filter = (struct store_filter){.kind = wish.kind == 0 ? RECORD_KINDS
                                                          : (enum record_kind)(wish.kind - 1),
                                   .mode = wish.mode,
                                   .scenario = wish.scenario,
                                   .fleet = wish.fleet};
    if (read_date("since", wish.since, &filter.since_ms, err) &&
        read_date("until", wish.until, &filter.until_ms, err))
        show(&wish, path, &filter, argv + first, argc - first, err);
    return err->code;
}
