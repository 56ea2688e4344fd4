/* `alerts eval` against `promtool test rules` of the real Prometheus, and its bad input. */
#include "model/base/units.h"
#include "sim/engine/stream.h"
#include "sim/rules/alerts_eval.h"
#include "tests/support/helpers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- random cases, written for both ---------------------------------------------------------- */

enum { BATCHES = 6, CASES = 60, STEPS = 40 }; /* 360 cases, 40 evaluations each */

static const int eval_s[BATCHES] = {60, 30, 15, 45, 61, 120}; /* one promtool run each */

struct batch {
    struct stream random;
    int64_t eval_s, end_s;
    json_t *cases;
    FILE *rules, *test; /* for promtool */
};

static int64_t any_of(struct stream *random, int n, const int64_t *choices)
{
    return choices[stream_below(random, (uint32_t)n)];
}
#define ANY_OF(random, ...)                                                                        \
    any_of(random, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (int64_t[]){__VA_ARGS__})

struct walk { /* a series while it is drawn */
    const char *kind;
    int64_t mood; /* 0: bad, 1: good, 2: at the threshold */
    double value;
};

static double next_value(struct walk *walk, struct stream *random, int64_t elapsed_s)
{
    if (stream_below(random, 25) == 0)
        walk->mood = stream_below(random, 3);
    if (strcmp(walk->kind, "up") == 0)
        return walk->value = walk->mood == 1;
    if (strcmp(walk->kind, "gauge") == 0)
        return walk->value = walk->mood == 2
                                 ? 0.85
                                 : (walk->mood ? 0.5 : 0.86) + 1e-3 * stream_below(random, 100);
    if (stream_below(random, 40) == 0)
        return walk->value = stream_below(random, 50); /* a reset */
    /* Idle time: 0..8%, 40..90%, or exactly 15% (a multiple of 1/20 has no exact binary form). */
    return walk->value += (double)elapsed_s *
                          (walk->mood == 2 ? 0.15
                                           : (walk->mood ? 0.4 + 0.01 * stream_below(random, 50)
                                                         : 0.01 * stream_below(random, 8)));
}

/* One sample a spacing, sometimes late, sometimes missing, sometimes a marker of staleness. */
static json_t *draw_samples(struct batch *batch, const char *kind)
{
    struct stream *random = &batch->random;
    struct walk walk = {kind, stream_below(random, 3), 1000 * stream_uniform(random)};
    int64_t spacing_s = ANY_OF(random, 10, 15, 30, 30, 37, 60, 120, 299, 300, 301);
    int64_t at_s = stream_below(random, (uint32_t)spacing_s), before_s = -1, written_s = -1;
    json_t *samples = json_array();
    if (stream_below(random, 2))
        walk.value = 0; /* a counter that starts at zero is not extrapolated beyond it */
    for (; at_s <= batch->end_s; at_s += spacing_s) {
        uint32_t chance = stream_below(random, 40);
        int64_t late_s = at_s + (chance == 0 ? spacing_s / 3 : 0);
        if (chance == 1) /* a gap */
            at_s += (int64_t)stream_below(random, 20) * spacing_s;
        if (chance == 1 || chance == 2 || late_s > batch->end_s)
            continue;
        if (late_s > written_s + 1)
            fprintf(batch->test, "_x%d ", (int)(late_s - written_s - 1));
        written_s = late_s;
        if (chance == 3) {
            fputs("stale ", batch->test);
            json_array_append_new(samples, json_pack("[I, n]", (json_int_t)late_s));
            continue;
        }
        next_value(&walk, random, late_s - before_s);
        before_s = late_s;
        fprintf(batch->test, "%.17g ", walk.value);
        json_array_append_new(samples, json_pack("[I, f]", (json_int_t)late_s, walk.value));
    }
    return samples;
}

static json_t *draw_series(struct batch *batch, const char *id, const char *kind)
{
    int n = 1 + (int)stream_below(&batch->random, 3);
    json_t *list = json_array();
    for (int i = 0; i < n; i++) {
        char instance[16];
        snprintf(instance, sizeof instance, "i%d", i);
        fprintf(batch->test, "  - series: '%s{case=\"%s\",instance=\"%s\"}'\n    values: '", kind,
                id, instance);
        json_array_append_new(list, json_pack("{s:s, s:o}", "instance", instance, "samples",
                                              draw_samples(batch, kind)));
        fputs("'\n", batch->test);
    }
    return list;
}

static void draw_case(struct batch *batch, int number)
{
    static const char *const kinds[] = {"up", "gauge", "rate"};
    static const char *const expressions[] = {"up{case=\"%s\"} == 0", "gauge{case=\"%s\"} > 0.85",
                                              "1 - rate(rate{case=\"%s\"}[5m]) > 0.85"};
    struct stream *random = &batch->random;
    uint32_t kind = stream_below(random, 3);
    int64_t for_s = ANY_OF(random, 0, 60, 90, 120, 120, 300);
    int64_t keep_s = ANY_OF(random, 0, 0, 60, 90, 200);
    char id[16], expression[128];
    snprintf(id, sizeof id, "c%d", number);
    snprintf(expression, sizeof expression, expressions[kind], id);
    fprintf(batch->rules, "  - alert: %s\n    expr: '%s'\n    for: %ds\n    keep_firing_for: %ds\n",
            id, expression, (int)for_s, (int)keep_s);
    json_array_append_new(batch->cases,
                          json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:o}", "id", id, "kind",
                                    kinds[kind], "eval_s", (json_int_t)batch->eval_s, "for_s",
                                    (json_int_t)for_s, "keep_s", (json_int_t)keep_s, "end_s",
                                    (json_int_t)batch->end_s, "series",
                                    draw_series(batch, id, kinds[kind])));
}

/* Writes rules.yml and test.yml into the present folder. */
static json_t *draw_batch(int number)
{
    struct batch batch = {.eval_s = eval_s[number], .end_s = eval_s[number] * (STEPS - 1)};
    stream_seed(&batch.random, 42 + (uint64_t)number);
    batch.cases = json_array();
    batch.rules = fopen("rules.yml", "w");
    batch.test = fopen("test.yml", "w");
    ck_assert(batch.rules && batch.test);
    fputs("groups:\n- name: g\n  rules:\n", batch.rules);
    fprintf(batch.test,
            "rule_files: [rules.yml]\nevaluation_interval: %ds\ntests:\n- interval: 1s\n"
            "  input_series:\n",
            eval_s[number]);
    for (int i = 0; i < CASES; i++)
        draw_case(&batch, i);
    fputs("  promql_expr_test:\n", batch.test);
    for (int64_t at_s = 0; at_s <= batch.end_s; at_s += batch.eval_s)
        fprintf(batch.test,
                "  - {expr: ALERTS, eval_time: %ds, exp_samples: []}\n"
                "  - {expr: ALERTS_FOR_STATE, eval_time: %ds, exp_samples: []}\n",
                (int)at_s, (int)at_s);
    fclose(batch.rules);
    fclose(batch.test);
    return json_pack("{s:i, s:o}", "lookback_s", 300, "cases", batch.cases);
}

/* --- what promtool got ------------------------------------------------------------------------ */

static void label(const char *text, const char *name, char out[32])
{
    const char *at = strstr(text, name);
    ck_assert_msg(at != NULL, "no %s in %.200s", name, text);
    ck_assert_int_eq(sscanf(at + strlen(name), "%31[^\"]", out), 1);
}

/* `got` is "{labels} value, {labels} value ...". The keys are "time id instance". */
static void read_got(char *got, int64_t at_ms, json_t *states, json_t *actives)
{
    for (char *end, *at = got; (at = strchr(at, '{')) != NULL; at = end) {
        char id[32], instance[32], state[32], key[128];
        end = strchr(at, '}');
        ck_assert_ptr_nonnull(end);
        *end++ = '\0';
        label(at, "alertname=\"", id);
        label(at, "instance=\"", instance);
        snprintf(key, sizeof key, "%lld %s %s", (long long)(at_ms / 1000), id, instance);
        if (strstr(at, "ALERTS_FOR_STATE")) {
            json_object_set_new(actives, key, json_integer((json_int_t)strtod(end, NULL)));
        } else {
            label(at, "alertstate=\"", state);
            json_object_set_new(states, key, json_string(state));
        }
    }
}

/* Runs promtool, which prints what it got for each query whose result is not empty as expected. */
static json_t *run_promtool(void)
{
    FILE *pipe = popen("promtool test rules test.yml 2>&1", "r");
    json_t *states = json_object(), *actives = json_object();
    char *line = NULL, time[32], hint[UNITS_HINT];
    size_t size = 0;
    int64_t at_ms = -1;
    ck_assert_ptr_nonnull(pipe);
    while (getline(&line, &size, pipe) > 0) {
        char *got = strstr(line, "got: ");
        char *query = strstr(line, "time: ");
        ck_assert_msg(!strstr(line, "error") && !strstr(line, "not found"), "promtool: %s", line);
        if (query) {
            ck_assert_int_eq(sscanf(query, "time: %31[^,]", time), 1);
            ck_assert(units_duration(time, &at_ms, hint));
        }
        if (got)
            read_got(got, at_ms, states, actives);
    }
    free(line);
    pclose(pipe);
    return json_pack("{s:o, s:o}", "states", states, "actives", actives);
}

static json_t *as_promtool_says(const json_t *output)
{
    json_t *states = json_object(), *actives = json_object(), *rows, *row;
    const char *id;
    size_t i;
    json_object_foreach ((json_t *)output, id, rows) {
        json_array_foreach (rows, i, row) {
            char key[128];
            snprintf(key, sizeof key, "%lld %s %s", json_integer_value(json_array_get(row, 0)), id,
                     json_string_value(json_array_get(row, 1)));
            json_object_set(states, key, json_array_get(row, 2));
            json_object_set(actives, key, json_array_get(row, 3));
        }
    }
    return json_pack("{s:o, s:o}", "states", states, "actives", actives);
}

static void check_equal(json_t *promtool, json_t *ours, const char *part)
{
    json_t *theirs = json_object_get(promtool, part), *mine = json_object_get(ours, part), *value;
    const char *key;
    json_object_foreach (theirs, key, value)
        ck_assert_msg(json_equal(value, json_object_get(mine, key)), "%s of %s differs", part, key);
    json_object_foreach (mine, key, value)
        ck_assert_msg(json_object_get(theirs, key), "%s of %s: promtool has none", part, key);
    ck_assert_uint_gt(json_object_size(mine), 500); /* something to compare */
}

START_TEST(states_are_those_of_promtool)
{
    struct und_err err = {0};
    char folder[] = "/tmp/understudy-promtool-XXXXXX", command[64];
    json_t *input, *output, *ours, *promtool;
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    input = draw_batch(_i);
    output = alerts_eval(input, "test", NULL, 0, &err);
    ck_assert_msg(output != NULL, "%s", err.text);
    ours = as_promtool_says(output);
    promtool = run_promtool();
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
    check_equal(promtool, ours, "states");
    check_equal(promtool, ours, "actives");
    json_decref(input);
    json_decref(output);
    json_decref(ours);
    json_decref(promtool);
}
END_TEST

/* --- bad input ------------------------------------------------------------------------------- */

#define CASE(rest) "{\"cases\":[{\"id\":\"a\"," rest "}]}"
#define UP "\"kind\":\"up\",\"eval_s\":60,\"end_s\":600,"

static const struct {
    const char *input, *message;
} bad_inputs[] = {
    {"{}", "in: want {\"lookback_s\", \"cases\": [...]}"},
    {"[1]", "in: want {\"lookback_s\", \"cases\": [...]}"},
    {"{\"cases\":[],\"look\":1}", "in: unknown key 'look'"},
    {"{\"cases\":[],\"lookback_s\":\"5m\"}",
     "in: lookback_s: got no number, want seconds from 0.001"},
    {"{\"cases\":[{}]}", "in: case 1: id: want a text that no other case has"},
    {"{\"cases\":[1]}", "in: case 1: id: want a text that no other case has"},
    {CASE("\"eval\":1"), "in: case 'a': unknown key 'eval'"},
    {CASE("\"kind\":\"up\""), "in: case 'a': eval_s: got nothing, want seconds from 0.001"},
    {CASE("\"kind\":\"up\",\"eval_s\":0,\"end_s\":1"),
     "in: case 'a': eval_s: got a number out of range, want seconds from 0.001"},
    {CASE("\"kind\":\"up\",\"eval_s\":1,\"end_s\":1e99"),
     "in: case 'a': end_s: got a number out of range, want seconds from 0"},
    {CASE("\"kind\":\"up\",\"eval_s\":1,\"end_s\":1e9"),
     "in: case 'a': end_s: got 1000000000 evaluations, want at most 1000000"},
    {CASE("\"kind\":\"cpu\",\"eval_s\":1,\"end_s\":1"),
     "in: case 'a': kind: got cpu, want up, gauge or rate"},
    {CASE(UP "\"for_s\":-1"),
     "in: case 'a': for_s: got a number out of range, want seconds from 0"},
    {CASE(UP "\"series\":1"), "in: case 'a': series: want a list"},
    {CASE(UP "\"series\":[1]"), "in: case 'a': series 1: want \"instance\" and \"samples\""},
    {CASE(UP "\"series\":[{\"instance\":\"x\",\"samples\":[[1]]}]"),
     "in: case 'a': instance 'x': sample 1: want [seconds, number or null]"},
    {CASE(UP "\"series\":[{\"instance\":\"x\",\"samples\":[[1,\"1\"]]}]"),
     "in: case 'a': instance 'x': sample 1: want [seconds, number or null]"},
    {CASE(UP "\"series\":[{\"instance\":\"x\",\"samples\":[[5,1],[5,1]]}]"),
     "in: case 'a': instance 'x': sample 2: got time 5, want one after 5"},
    {CASE(UP
          "\"series\":[{\"instance\":\"x\",\"samples\":[]},{\"instance\":\"x\",\"samples\":[]}]"),
     "in: case 'a': instance 'x' stands there twice"},
    {CASE(UP "\"series\":[{\"instance\":\"x\",\"samples\":[],\"label\":1}]"),
     "in: case 'a': unknown key 'label'"},
};

START_TEST(bad_input_is_one_clear_line)
{
    struct und_err err = {0};
    json_t *input = json_loads(bad_inputs[_i].input, 0, NULL);
    ck_assert_ptr_nonnull(input);
    ck_assert_ptr_null(alerts_eval(input, "in", NULL, 0, &err));
    ck_assert_int_eq(err.code, UND_USAGE);
    ck_assert_str_eq(err.text, bad_inputs[_i].message);
    json_decref(input);
}
END_TEST

START_TEST(times_may_have_milliseconds)
{
    struct und_err err = {0};
    json_t *output,
        *input = json_loads(CASE("\"kind\":\"up\",\"eval_s\":0.5,\"end_s\":1.4,\"for_s\":1,"
                                 "\"series\":[{\"instance\":\"x\",\"samples\":[[0.25,0]]}]"),
                            0, NULL);
    char *text;
    ck_assert_ptr_nonnull(input);
    output = alerts_eval(input, "in", NULL, 0, &err);
    text = json_dumps(output, JSON_COMPACT);
    ck_assert_str_eq(text, "{\"a\":[[0.5,\"x\",\"pending\",0.5],[1,\"x\",\"pending\",0.5]]}");
    free(text);
    json_decref(input);
    json_decref(output);
}
END_TEST

START_TEST(missing_file_is_named)
{
    struct und_err err = {0};
    ck_assert_ptr_null(alerts_eval_load("/nonexistent.json", &err));
    ck_assert_str_eq(err.text, "/nonexistent.json: cannot read: No such file or directory");
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("alerts eval");
    TCase *promtool = tcase_create("promtool");
    TCase *input = tcase_create("input");
    tcase_add_loop_test(promtool, states_are_those_of_promtool, 0, BATCHES);
    tcase_set_timeout(promtool, 60);
    suite_add_tcase(suite, promtool);
    tcase_add_loop_test(input, bad_input_is_one_clear_line, 0,
                        sizeof bad_inputs / sizeof *bad_inputs);
    tcase_add_test(input, times_may_have_milliseconds);
    tcase_add_test(input, missing_file_is_named);
    suite_add_tcase(suite, input);
    return suite;
}
