#include "history_command.h"

#include "history_internal.h"
#include "reports/text/text.h"

#include <stdio.h>
#include <time.h>

struct history_wish {
    const char *store, *mode, *scenario, *fleet, *since, *until;
    int kind;
    bool json, quiet;
};

static const char *const kinds[] = {"all", "sim", "test", "rehearsal", "drill", "incident", NULL};

#define TEXT(option, value, field, sentence)                                                       \
    {                                                                                              \
        (option), .type = OPTION_TEXT, .argument = (value), OPTION_AT(struct history_wish, field), \
                  .about = (sentence)                                                              \
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
    OPTION_SEED_IGNORED,
    OPTION_FORMAT(struct history_wish, json),
    OPTION_QUIET(struct history_wish, quiet),
    {0}};

static const struct option_example examples[] = {
    {"history --store runs.db", "all that was kept, the oldest first"},
    {"history --kind drill --since 2026-10-01", "the quarter's drills, out of $UNDERSTUDY_STORE"},
    {"history --mode os-crash --format json", "one failure mode, with each run's whole result"},
    {0}};

static const struct option_exit exits[] = {
    {UND_OK, "printed"},
    {UND_USAGE, "usage error; the file is no store, is damaged, or is of a newer version"},
    {UND_SERVICE, "the store could not be opened"},
    {0}};

const struct options history_options = {
    .name = "history",
    .synopsis = "[options]",
    .purpose = "runs over time, out of a store",
    .details = "Runs are kept where --store or the environment's UNDERSTUDY_STORE says so, by sim, "
               "test and drill; otherwise nothing is.",
    .rows = rows,
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

static void print_line(void *context, const struct record *record)
{
    int *n = context;
    char at[HISTORY_MOMENT];
    if ((*n)++ == 0)
        printf("%5s  %-20s  %-9s  %4s  %-16s  %-28s  %s\n", "run", "ended", "kind", "exit", "fleet",
               "scenario", "failure mode");
    printf("%5lld  %-20s  %-9s  %4d  %-16s  %-28s  %s\n", (long long)record->id,
           history_moment(at, record->at_ms), record_kinds[record->kind], record->exit_code,
           record->fleet[0] ? record->fleet : "-", record->scenario,
           record->mode[0] ? record->mode : "-");
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

static enum und_code print(const struct history_wish *wish, const char *path,
                           const struct store_filter *filter, struct und_err *err)
{
    json_t *runs = json_array(), *whole;
    int n = 0;
    if (!wish->json && store_read(path, filter, print_line, &n, err) == UND_OK && n == 0)
        puts("no such runs");
    if (wish->json && store_read(path, filter, add_json, runs, err) == UND_OK) {
        whole = json_pack("{s:i, s:O}", "version", 1, "runs", runs);
        json_dumpf(whole, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
        putchar('\n');
        json_decref(whole);
    }
    json_decref(runs);
    return err->code;
}

enum und_code history_command(int argc, char **argv, struct und_err *err)
{
    struct history_wish wish = {0};
    struct store_filter filter;
    const char *path;
    if (options_parse(&history_options, argc, argv, &wish, err) == 0)
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
        print(&wish, path, &filter, err);
    return err->code;
}
