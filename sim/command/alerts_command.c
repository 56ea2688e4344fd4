#include "alerts_command.h"
#include "alerts_reading.h"
#include "alerts_unit_tests.h"

#include "model/base/assert.h"
#include "model/base/units.h"
#include "model/load/loader.h"
#include "model/rules/rule_file.h"
#include "reports/text/delay_report.h"
#include "reports/text/rules_print.h"
#include "sim/rules/alerts_delay.h"
#include "sim/rules/alerts_eval.h"
#include "sim/rules/rules_input.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SIMULATIONS = 10000000 };

/* Of all verbs. */
struct wish {
    const char *rules, *series, *fleet;
    bool json, quiet, strict;
    int version; /* of `versions` */
    struct alerts_delay delay;
    double from;
    int64_t claim_ms;
    const char *sets[OPTIONS_TEXTS];
    int n_sets;
};

/* ---- options ---- */

static const char *const versions[] = {"2", "3", NULL};

static enum promql_version version_of(const struct wish *wish)
{
    return wish->version == 1 ? PROMQL_3 : PROMQL_2;
}

#define ROW_STRICT                                                                                 \
    {                                                                                              \
        "strict", .type = OPTION_FLAG, OPTION_AT(struct wish, strict),                             \
                  .about = "an alert that never fires for want of series is an error"              \
    }
#define ROW_PROMETHEUS                                                                             \
    {                                                                                              \
        "prometheus", .type = OPTION_WORD, .words = versions, OPTION_AT(struct wish, version),     \
                      .preset = "2", .about = "as that version reads and evaluates"                \
    }
#define ROWS_COMMON                                                                                \
    OPTION_SEED_IGNORED, OPTION_FORMAT(struct wish, json), OPTION_QUIET(struct wish, quiet)

static const struct option_row check_rows[] = {
    {"fleet", .type = OPTION_TEXT, .argument = "FLEET|SCENARIO", OPTION_AT(struct wish, fleet),
     .about = "what each rule does to that fleet; of one rule file or configuration, or a folder "
              "of them"},
    ROW_STRICT,
    ROW_PROMETHEUS,
    ROWS_COMMON,
    {0}};

static const struct option_row explain_rows[] = {
    {"fleet", .type = OPTION_TEXT, .argument = "FLEET|SCENARIO", OPTION_AT(struct wish, fleet),
     .about = "whether each alert can fire in that fleet, and from what state its series come"},
    ROW_STRICT,
    ROW_PROMETHEUS,
    ROWS_COMMON,
    {0}};

static const struct option_row eval_rows[] = {
    {"series", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct wish, series),
     .required = true, .about = "the samples (README)"},
    {"rules", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct wish, rules),
     .about = "the rules", .otherwise = "those that the cases describe"},
    ROWS_COMMON,
    {0}};

static const struct option_row delay_rows[] = {
    {"rule", .type = OPTION_TEXT, .argument = "NAME", OPTION_AT(struct wish, delay.rule),
     .about = "this one alone"},
    {"from", .type = OPTION_SHARE, .argument = "LOAD", OPTION_AT(struct wish, from),
     .about = "CPU, memory or disk use before it goes to 100%", .otherwise = "10% and 50%"},
    {"claim", .type = OPTION_DURATION, .argument = "DURATION", OPTION_AT(struct wish, claim_ms),
     .about = "the share that is no slower, and settings that would meet it",
     .otherwise = "the scenario's own"},
    {"simulations", .type = OPTION_WHOLE, .argument = "N",
     OPTION_AT(struct wish, delay.simulations), .least = 100, .most = MAX_SIMULATIONS,
     .preset = "20000", .about = "of each delay"},
    {"seed", .type = OPTION_WHOLE, .argument = "N", OPTION_AT(struct wish, delay.seed),
     .most = INT64_MAX, .preset = "1", .about = "of their phases"},
    OPTION_SET(struct wish, sets, n_sets),
    OPTION_FORMAT(struct wish, json),
    OPTION_QUIET(struct wish, quiet),
    {0}};

static const struct option_row unit_rows[] = {ROW_PROMETHEUS, ROWS_COMMON, {0}};

static const struct option_example check_examples[] = {
    {"alerts check rules.yml prometheus.yml alertmanager.yml", "what is used, what is not"},
    {"alerts check rules.yml --fleet scenarios/paws360.yaml", "what each rule does to a fleet"},
    {0}};

static const struct option_example delay_examples[] = {
    {"alerts delay scenarios/primary-hardware-failure.yaml --claim 55s",
     "and what would meet the claim"},
    {0}};

static const struct option_example explain_examples[] = {
    {"alerts explain scenarios/paws360-rules.yml --fleet scenarios/paws360.yaml",
     "what each expression becomes, and whether it can fire there"},
    {0}};

static const struct option_example eval_examples[] = {
    {"alerts eval --series samples.json --rules rules.yml",
     "when each alert is pending, and fires"},
    {0}};

static const struct option_example unit_examples[] = {
    {"alerts test scenarios/understudy-rules-test.yml", "as promtool test rules"}, {0}};

static const struct option_exit exits[] = {
    {UND_OK, "done"}, {UND_USAGE, "usage or input error, or what --strict refuses"}, {0}};

static const struct option_exit delay_exits[] = {
    {UND_OK, "done"},
    {UND_FAILED, "simulation and exact distribution do not agree: a bug here"},
    {UND_USAGE, "usage or input error"},
    {0}};

static const struct option_exit unit_exits[] = {
    {UND_OK, "every unit test passed"},
    {UND_FAILED, "one failed, or its file cannot be read (as promtool's)"},
    {UND_USAGE, "usage error"},
    {0}};

const struct options alerts_check_options = {
    .name = "alerts check",
    .synopsis = "[options] FILE...",
    .purpose = "what the model takes from rule files, and what it does not use",
    .details = "FILE is a rule file, a prometheus.yml or an alertmanager.yml.",
    .rows = check_rows,
    .operand = "rule file or configuration",
    .least = 1,
    .most = OPTIONS_MANY,
    .examples = check_examples,
    .exits = exits,
};

const struct options alerts_explain_options = {
    .name = "alerts explain",
    .synopsis = "[options] FILE...",
    .purpose = "how each rule's expression becomes a signal with a threshold",
    .rows = explain_rows,
    .operand = "rule file or configuration",
    .least = 1,
    .most = OPTIONS_MANY,
    .examples = explain_examples,
    .exits = exits,
};

const struct options alerts_eval_options = {
    .name = "alerts eval",
    .synopsis = "--series FILE [--rules FILE] [options]",
    .purpose = "the alert states at every evaluation for given samples",
    .rows = eval_rows,
    .examples = eval_examples,
    .exits = exits,
};

const struct options alerts_delay_options = {
    .name = "alerts delay",
    .synopsis = "[options] FLEET|SCENARIO",
    .purpose = "from each fault to pending, firing and the webhook: exact and simulated",
    .details =
        "From each fault's end to resolved and to that notice as well; and what grouping costs a "
        "second host.",
    .rows = delay_rows,
    .operand = "fleet or scenario",
    .least = 1,
    .most = 1,
    .examples = delay_examples,
    .exits = delay_exits,
};

const struct options alerts_test_options = {
    .name = "alerts test",
    .synopsis = "[options] FILE...",
    .purpose = "unit tests of rules in promtool's format, with its verdict",
    .rows = unit_rows,
    .operand = "file of unit tests",
    .least = 1,
    .most = OPTIONS_MANY,
    .examples = unit_examples,
    .exits = unit_exits,
};

/* ---- eval ---- */

static void print_states(const json_t *output)
{
    const char *id;
    json_t *rows, *row;
    size_t i;
    json_object_foreach ((json_t *)output, id, rows) {
        json_array_foreach (rows, i, row) {
            printf("%-16s %10.10g s  %-24s %-8s active since %.10g s\n", id,
                   json_number_value(json_array_get(row, 0)),
                   json_string_value(json_array_get(row, 1)),
                   json_string_value(json_array_get(row, 2)),
                   json_number_value(json_array_get(row, 3)));
        }
    }
}

static void fail_unmapped(const struct rule_set *set, struct und_err *err)
{
    for (int i = 0; i < set->n; i++) {
        const struct rule_source *source = &set->sources[i];
        if (!source->mapped)
            und_fail(err, UND_USAGE, "%s:%d: %.60s: %.200s: cannot be mapped to a signal: %.200s",
                     source->file, source->expr_line, source->name, source->expr, source->why);
    }
}

static enum und_code eval(const struct wish *wish, struct und_err *err)
{
    json_t *input, *output = NULL;
    struct rule_set *set = rule_set_new();
    if (wish->rules && rule_set_read(set, &wish->rules, 1, err) == UND_OK)
        fail_unmapped(set, err);
    input = err->code == UND_OK ? alerts_eval_load(wish->series, err) : NULL;
    if (input)
        output = alerts_eval(input, wish->series, wish->rules ? set->rules : NULL, set->n, err);
    json_decref(input);
    rule_set_free(set);
    if (!output)
        return err->code;
    if (wish->json) {
        json_dumpf(output, stdout, JSON_COMPACT | JSON_SORT_KEYS);
        putchar('\n');
    } else {
        print_states(output);
    }
    json_decref(output);
    return UND_OK;
}

/* ---- check and explain ---- */

/* The fleet with the files given in place of its own. */
static enum und_code load_fleet(const struct wish *wish, char *const *files, int n,
                                struct scenario *scenario, struct und_err *err)
{
    struct rules_input input = {.n_sets = 0};
    const char *sets[RULES_INPUT_SETS + 1];
    int n_sets = 0;
    enum und_code code = UND_OK;
    if (n == 1)
        code = rules_input_read(&input, files[0], files[0], err);
    while (n_sets < input.n_sets) {
        sets[n_sets] = input.sets[n_sets];
        n_sets++;
    }
    if (version_of(wish) == PROMQL_3)
        sets[n_sets++] = "fleet.monitoring.prometheus=3";
    if (code == UND_OK)
        code = scenario_load(scenario, wish->fleet, sets, n_sets, err);
    rules_input_fini(&input);
    return code;
}

static enum und_code check(const struct wish *wish, char *const *paths, int n, bool explain,
                           struct und_err *err)
{
    struct alerts_reading reading;
    struct scenario *scenario = calloc(1, sizeof *scenario);
    UND_ASSERT(scenario != NULL);
    alerts_reading_open(&reading, version_of(wish));
    if (wish->fleet && n > 1) {
        und_fail(err, UND_USAGE,
                 "alerts: --fleet goes with one rule file or configuration, or a "
                 "folder of them");
    } else if (wish->fleet && load_fleet(wish, paths, n, scenario, err) != UND_OK) {
        /* said */
    } else {
        if (scenario->fleet.monitoring.prometheus == 3)
            reading.set->version = PROMQL_3;
        alerts_reading_take(&reading, paths, n);
        if (wish->json)
            alerts_reading_dump(&reading, wish->fleet ? &scenario->fleet : NULL);
        else
            alerts_reading_print(&reading, wish->fleet ? &scenario->fleet : NULL, explain);
        alerts_reading_judge(&reading, wish->fleet ? &scenario->fleet : NULL, wish->strict, err);
    }
    scenario_fini(scenario);
    free(scenario);
    alerts_reading_close(&reading);
    return err->code;
}

/* ---- delay ---- */

static enum und_code delay(struct wish *wish, const char *path, struct und_err *err)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);
    struct delay_report *report = calloc(1, sizeof *report);
    enum und_code code;
    UND_ASSERT(scenario && report);
    code = scenario_load(scenario, path, wish->sets, wish->n_sets, err);
    if (code == UND_OK && scenario->fleet.monitoring.n_rules == 0)
        code = und_fail(err, UND_USAGE, "%s: the fleet has no alert rules", path);
    if (code == UND_OK) {
        snprintf(report->claim_of, sizeof report->claim_of, "--claim");
        if (isnan(wish->delay.claim_ms) && scenario->documented.detection_ms > 0) {
            wish->delay.claim_ms = (double)scenario->documented.detection_ms;
            memcpy(report->claim_of, scenario->name, sizeof report->claim_of);
        }
        code = alerts_delay(&wish->delay, &scenario->fleet, report, err);
        if (code != UND_USAGE && wish->json) {
            json_t *json = delay_report_json(report);
            json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
            putchar('\n');
            json_decref(json);
        } else if (code != UND_USAGE) {
            delay_report_print(stdout, report);
        }
    }
    scenario_fini(scenario);
    free(scenario);
    free(report->rules);
    free(report);
    return code;
}

/* ---- the verbs ---- */

enum und_code alerts_check_command(int argc, char **argv, struct und_err *err)
{
    struct wish wish = {0};
    int first = options_parse(&alerts_check_options, argc, argv, &wish, err);
    return first == 0 ? err->code : check(&wish, argv + first, argc - first, false, err);
}

enum und_code alerts_explain_command(int argc, char **argv, struct und_err *err)
{
    struct wish wish = {0};
    int first = options_parse(&alerts_explain_options, argc, argv, &wish, err);
    return first == 0 ? err->code : check(&wish, argv + first, argc - first, true, err);
}

enum und_code alerts_eval_command(int argc, char **argv, struct und_err *err)
{
    struct wish wish = {0};
    int first = options_parse(&alerts_eval_options, argc, argv, &wish, err);
    return first == 0 ? err->code : eval(&wish, err);
}

enum und_code alerts_delay_command(int argc, char **argv, struct und_err *err)
{
    struct wish wish = {.from = -1};
    int first = options_parse(&alerts_delay_options, argc, argv, &wish, err);
    if (first == 0)
        return err->code;
    wish.delay.from_pm = wish.from < 0 ? -1 : (int64_t)(wish.from * 1000 + 0.5);
    wish.delay.claim_ms = wish.claim_ms > 0 ? (double)wish.claim_ms : NAN;
    return delay(&wish, argv[first], err);
}

enum und_code alerts_test_command(int argc, char **argv, struct und_err *err)
{
    struct wish wish = {0};
    int first = options_parse(&alerts_test_options, argc, argv, &wish, err);
    if (first == 0)
        return err->code;
    return alerts_unit_tests(version_of(&wish), wish.json, argv + first, argc - first);
}
