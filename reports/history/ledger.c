#include "ledger.h"

#include "model/load/loader.h"
#include "model/policy/policy_names.h"
#include "reports/run/run.h"
#include "reports/store/record.h"
#include "reports/text/text.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DAY_MS (24 * 3600 * 1000LL)
#define QUARTER_MS (91 * DAY_MS)

/* ---- the modes ---- */

static struct ledger_mode *find(struct ledger *ledger, const char *name)
{
    int i;
    for (i = 0; i < ledger->n; i++)
        if (strcmp(ledger->mode[i].name, name) == 0)
            return &ledger->mode[i];
    if (ledger->n == LEDGER_MODES)
        return NULL;
    snprintf(ledger->mode[ledger->n].name, sizeof ledger->mode[0].name, "%s", name);
    return &ledger->mode[ledger->n++];
}

/* One that has no faults documents no failure. */
static void take_scenario(struct ledger *ledger, const struct scenario *scenario, const char *path)
{
    char name[192];
    struct ledger_mode *mode;
    text_clean(name, sizeof name, scenario->name);
    mode = scenario->n_faults > 0 ? find(ledger, name) : NULL;
    if (!mode || mode->path[0])
        return;
    record_mode(mode->kinds, sizeof mode->kinds, scenario);
    snprintf(mode->path, sizeof mode->path, "%s", path);
    mode->can_drill = scenario->drill.present;
    record_fleet(mode->fleet, scenario->fleet.path, NULL, 0);
}

static enum und_code load(struct ledger *ledger, const char *path, struct und_err *err)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);
    if (scenario && scenario_load(scenario, path, NULL, 0, err) == UND_OK) {
        take_scenario(ledger, scenario, path);
        scenario_fini(scenario);
    }
    free(scenario);
    return err->code;
}

static int is_yaml(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot &&
           (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0 || strcmp(dot, ".json") == 0);
}

static void load_folder(struct ledger *ledger, const char *folder, struct und_err *err)
{
    struct dirent **names = NULL;
    int i, n = scandir(folder, &names, is_yaml, alphasort);
    for (i = 0; i < n; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%.600s/%.300s", folder, names[i]->d_name);
        if (err->code == UND_OK && loader_is_scenario(path))
            load(ledger, path, err);
        free(names[i]);
    }
    free(names);
}

enum und_code ledger_scenarios(struct ledger *ledger, char *const *paths, int n,
                               struct und_err *err)
{
    struct stat status;
    int i;
    ledger->documented = n > 0;
    for (i = 0; i < n && err->code == UND_OK; i++)
        if (stat(paths[i], &status) == 0 && S_ISDIR(status.st_mode))
            load_folder(ledger, paths[i], err);
        else
            load(ledger, paths[i], err);
    return err->code;
}

/* ---- the evidence ---- */

static void judge_claims(struct ledger_mode *mode, const json_t *detail)
{
    const json_t *claims = json_object_get(detail, "claims"), *claim;
    size_t i;
    if (!json_is_array(claims))
        return;
    mode->missed = false;
    json_array_foreach ((json_t *)claims, i, claim) {
        const char *status = run_text(claim, "status");
        if (mode->missed || (strcmp(status, "not-met") != 0 && strcmp(status, "impossible") != 0))
            continue;
        mode->missed = true;
        text_clean(mode->claim, sizeof mode->claim, run_text(claim, "metric"));
    }
}

/* A documented one is tried by its own scenario; whoever drew faults at random, or saw them live,
 * tried the kinds of fault that it has. */
static bool tries(const struct ledger_mode *mode, const struct record *record)
{
    const bool own = strcmp(record->scenario, mode->name) == 0;
    if (!mode->kinds[0])
        return facts_tries(record, mode->name);
    if (record->kind == RECORD_DRILL)
        return own && facts_counts(record);
    if (record->kind == RECORD_INCIDENT)
        return strcmp(record->mode, mode->name) == 0 || facts_tries(record, mode->kinds);
    return record->kind == RECORD_SEARCH ? facts_tries(record, mode->kinds) : own;
}

void ledger_add(struct ledger *ledger, const struct record *record)
{
    enum way way = facts_way(record);
    int i;
    if (!ledger->documented && record->mode[0])
        find(ledger, record->mode);
    for (i = 0; i < ledger->n; i++) {
        struct ledger_mode *mode = &ledger->mode[i];
        if (!tries(mode, record))
            continue;
        if (record->at_ms > mode->last_ms[way])
            mode->last_ms[way] = record->at_ms;
        if (way == WAY_DRILLED)
            memcpy(mode->drilled_fleet, record->fleet, sizeof mode->drilled_fleet);
        if (way == WAY_SIMULATED)
            judge_claims(mode, record->detail);
    }
    for (i = 0; i < NOTICE_COUNT; i++)
        if (record->at_ms > ledger->branch_ms[i][way] && facts_said(record, (enum notice)i))
            ledger->branch_ms[i][way] = record->at_ms;
}

/* ---- printing ---- */

/* "today", "5 d", "7 w", "14 mo"; "-": never. */
static const char *age(const struct ledger *ledger, int64_t at_ms, char out[TEXT_VALUE])
{
    int64_t days = (ledger->now_ms - at_ms) / DAY_MS;
    if (at_ms == 0)
        return "-";
    if (days < 1)
        return "today";
    if (days < 21)
        snprintf(out, TEXT_VALUE, "%lld d", (long long)days);
    else if (days < 120)
        snprintf(out, TEXT_VALUE, "%lld w", (long long)days / 7);
    else
        snprintf(out, TEXT_VALUE, "%lld mo", (long long)days * 12 / 365);
    return out;
}

#define NAME 25 /* columns; a longer one has a line of its own */

static void print_row(FILE *out, const struct ledger *ledger, const char *name,
                      const int64_t last_ms[WAYS])
{
    char text[TEXT_VALUE];
    int way;
    if (text_columns(name) > NAME)
        fprintf(out, "%s\n%-*s", name, NAME, "");
    else
        fprintf(out, "%s%*s", name, NAME - text_columns(name), "");
    for (way = 0; way < WAYS; way++)
        fprintf(out, " %8s", age(ledger, last_ms[way], text));
    fputc('\n', out);
}

static void print_head(FILE *out, const char *what)
{
    int way;
    fprintf(out, "%-*s", NAME, what);
    for (way = 0; way < WAYS; way++)
        fprintf(out, " %8.8s",
                way == WAY_SIMULATED   ? "simul."
                : way == WAY_REHEARSED ? "rehears."
                                       : way_names[way]);
    fputc('\n', out);
}

void ledger_print(FILE *out, const struct ledger *ledger)
{
    int i;
    print_head(out, ledger->documented ? "failure mode" : "failure mode (kept)");
    for (i = 0; i < ledger->n; i++)
        print_row(out, ledger, ledger->mode[i].name, ledger->mode[i].last_ms);
    if (ledger->n == 0)
        fputs("none\n", out);
    fputc('\n', out);
    print_head(out, "branch of the policy");
    for (i = 0; i < NOTICE_COUNT; i++)
        print_row(out, ledger, policy_notice_name((enum notice)i), ledger->branch_ms[i]);
    fputs("\nAges are of the last time; - is never. An exploration tries every view, not a fault, "
          "and "
          "an\nincident has a failure mode once somebody names it (--name).\n",
          out);
}

static json_t *times_json(const struct ledger *ledger, const int64_t last_ms[WAYS])
{
    json_t *json = json_object();
    int way;
    for (way = 0; way < WAYS; way++)
        json_object_set_new(json, way_names[way],
                            last_ms[way] == 0
                                ? json_null()
                                : json_pack("{s:I, s:I}", "at_ms", (json_int_t)last_ms[way],
                                            "age_ms", (json_int_t)(ledger->now_ms - last_ms[way])));
    return json;
}

json_t *ledger_json(const struct ledger *ledger)
{
    json_t *modes = json_object(), *branches = json_object();
    int i;
    for (i = 0; i < ledger->n; i++)
        json_object_set_new(modes, ledger->mode[i].name,
                            times_json(ledger, ledger->mode[i].last_ms));
    for (i = 0; i < NOTICE_COUNT; i++)
        json_object_set_new(branches, policy_notice_name((enum notice)i),
                            times_json(ledger, ledger->branch_ms[i]));
    return json_pack("{s:i, s:b, s:o, s:o}", "version", 1, "documented", ledger->documented,
                     "modes", modes, "branches", branches);
}

/* ---- what is next ---- */

static bool changed(const struct ledger_mode *mode)
{
    return mode->drilled_fleet[0] && mode->fleet[0] &&
           strcmp(mode->drilled_fleet, mode->fleet) != 0;
}

/* Never drilled goes first, then a fleet that has changed since, then the longest ago; among
 * equals one whose claim is in doubt, then one that was rehearsed: it is ready. */
static bool goes_before(const struct ledger_mode *one, const struct ledger_mode *other)
{
    const bool never[] = {one->last_ms[WAY_DRILLED] == 0, other->last_ms[WAY_DRILLED] == 0};
    if (never[0] != never[1])
        return never[0];
    if (changed(one) != changed(other))
        return changed(one);
    if (one->last_ms[WAY_DRILLED] != other->last_ms[WAY_DRILLED])
        return one->last_ms[WAY_DRILLED] < other->last_ms[WAY_DRILLED];
    if (one->missed != other->missed)
        return one->missed;
    return one->last_ms[WAY_REHEARSED] > 0 && other->last_ms[WAY_REHEARSED] == 0;
}

const struct ledger_mode *ledger_next(const struct ledger *ledger, char *why, size_t size)
{
    const struct ledger_mode *next = NULL;
    char drilled[TEXT_VALUE];
    int i;
    for (i = 0; i < ledger->n; i++)
        if (ledger->mode[i].can_drill && (!next || goes_before(&ledger->mode[i], next)))
            next = &ledger->mode[i];
    if (!next)
        return NULL;
    snprintf(why, size, "%s %s%s%s%s%s.", next->name,
             next->last_ms[WAY_DRILLED] == 0 ? "has never been drilled"
             : changed(next) ? "was drilled on another fleet: its files changed since"
             : ledger->now_ms - next->last_ms[WAY_DRILLED] > QUARTER_MS
                 ? "was drilled more than a quarter ago"
                 : "was drilled longest ago of all",
             next->last_ms[WAY_DRILLED] ? ", last: " : "",
             next->last_ms[WAY_DRILLED] ? age(ledger, next->last_ms[WAY_DRILLED], drilled) : "",
             next->missed ? "; a simulation found its documented time not kept, "
                            "which a drill would show"
                          : "",
             next->last_ms[WAY_REHEARSED] == 0 ? "; it has not been rehearsed yet, which goes first"
                                               : "");
    return next;
}
