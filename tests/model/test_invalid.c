/*
 * What the loader must refuse: the files of tests/invalid, each with one line that names file and
 * line; garbage of 10 MB, made at run time.
 */
#include "model/file/doc.h"
#include "model/load/loader.h"
#include "tests/support/helpers.h"
#include "tests/support/temporary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const struct {
    const char *file;  /* in tests/invalid */
    const char *named; /* the file that the message names, where it is another one */
    int line;          /* 0: none */
    const char *says;
} invalid[] = {
    {"wrong-unit.yaml", NULL, 6,
     "rate: got 200/day, want e.g. 0.7/min, 200/d (no unit day; did you mean d?)"},
    {"wrong-duration-unit.yaml", NULL, 8,
     "p50: got 5minn, want e.g. 90s, 5min, 2h (no unit minn; did you mean min?)"},
    {"no-unit.yaml", NULL, 8, "p50: got 300, want e.g. 90s, 5min, 2h (the unit is missing)"},
    {"negative-time.yaml", NULL, 10, "scrape_interval: got -5s, want 1s..1h"},
    {"too-long.yaml", NULL, 10, "scrape_interval: got 2h, want 1s..1h"},
    {"units-out-of-order.yaml", NULL, 9,
     "persist: got 30min1h, want e.g. 90s, 5min, 2h (units go from large to small"},
    {"overflow.yaml", NULL, 9, "persist: got 99999999999999y, want e.g. 90s, 5min, 2h (too large)"},
    {"too-fine.yaml", NULL, 9, "(finer than 1ms)"},
    {"unknown-key.yaml", NULL, 10, "scrape_intervall: unknown key; did you mean scrape_interval?"},
    {"unknown-key-far.yaml", NULL, 10, "frequency: unknown key, want one of scrape_interval"},
    {"unknown-section.yaml", NULL, 9, "flete: unknown key; did you mean fleet?"},
    {"unknown-host.yaml", NULL, 3,
     "target: got onee, want one of primary, backup, all, any, any primary, any backup, one, two; "
     "did you mean one?"},
    {"unknown-fault.yaml", NULL, 4, "kind: got os-crush, want one of host-power-loss"},
    {"fault-without-target.yaml", NULL, 3, "target: missing for kind os-crash"},
    {"fault-empty-target.yaml", NULL, 3, "target: got an empty list"},
    {"fault-same-target-twice.yaml", NULL, 3, "target[1]: one is named twice"},
    {"partition-without-from.yaml", NULL, 3, "from: missing for kind network-partition"},
    {"fault-wrong-key.yaml", NULL, 3, "load: has no meaning for kind os-crash"},
    {"fault-after-end.yaml", NULL, 4, "at: the scenario has ended by then, after 1h"},
    {"fault-recurs-for-ever.yaml", NULL, 3, "every: goes with lasts"},
    {"too-many-slots-lost.yaml", NULL, 3, "slots: got 5, but two has 4"},
    {"chance-over-1.yaml", NULL, 3, "chance: got 1.5, want 0%..100%"},
    {"cycle.yaml", "cycle-2.yaml", 1,
     "fleet: files that name each other: tests/invalid/cycle.yaml -> tests/invalid/cycle-2.yaml -> "
     "tests/invalid/cycle.yaml"},
    {"names-itself.yaml", NULL, 1, "fleet: files that name each other"},
    {"path-with-newline.yaml", NULL, 1, "a& az?h/s[*a]: cannot be read"},
    {"no-such-fleet.yaml", NULL, 1,
     "fleet: tests/invalid/nowhere.yaml: cannot be read: No such file"},
    {"fleet-of-other-shape.yaml", "bare-hosts.yaml", 1, "want a fleet file"},
    {"bare-hosts.yaml", NULL, 1, "hosts: unknown key here; it belongs under fleet"},
    {"chain-1.yaml", "chain-9.yaml", 1, "fleet: more than 8 fleet files"},
    {"zero-slots.yaml", NULL, 3, "slots: got 0, want a whole number, 1..256"},
    {"too-many-slots.yaml", NULL, 3, "slots: got 257, want a whole number, 1..256"},
    {"zero-profile.yaml", NULL, 6, "profile: all weights are 0"},
    {"fraction-of-a-slot.yaml", NULL, 3, "slots: got 1.5, want a whole number, 1..256"},
    {"no-slots.yaml", NULL, 4, "slots: missing"},
    {"quoted-number.yaml", NULL, 3, "slots: got \"8\", want a whole number"},
    {"no-hosts.yaml", NULL, 2, "hosts: got an empty list, want a list of 1..64"},
    {"no-workload.yaml", NULL, 1, "workload: missing"},
    {"duplicate-host.yaml", NULL, 4, "name: a host of this name is there already"},
    {"no-primary.yaml", NULL, 2, "hosts: no host has tier primary"},
    {"unknown-tier.yaml", NULL, 4, "tier: got secondary, want one of primary, backup"},
    {"mtbf-without-mttr.yaml", NULL, 4, "mttr: missing: mtbf and mttr go together"},
    {"bad-size.yaml", NULL, 4,
     "memory: got 64gb, want e.g. 128GB, 512MiB (no unit gb; did you mean GB?)"},
    {"share-over-100.yaml", NULL, 6, "amplitude: got 150%, want 0%..100%"},
    {"objective-over-100.yaml", NULL, 10, "availability: got 101%, want 0%..100%"},
    {"no-rate.yaml", NULL, 6, "rate: missing for poisson arrivals"},
    {"zero-rate.yaml", NULL, 6, "rate: got 0/d, want more than 0/s"},
    {"rate-of-a-trace.yaml", NULL, 6, "rate: goes with poisson arrivals only"},
    {"short-profile.yaml", NULL, 6, "profile: got 3 weights, want 24 or 168"},
    {"long-profile.yaml", NULL, 5, "profile: got a list of 169, want 24 or 168"},
    {"zero-weights.yaml", NULL, 8, "all weights are 0"},
    {"no-duration.yaml", NULL, 8, "duration: missing"},
    {"half-a-job.yaml", NULL, 7, "mean: want a whole number"},
    {"p95-below-p50.yaml", NULL, 8, "duration: p95: got"},
    {"negative-cv2.yaml", NULL, 8, "cv2: got -1, want a number, 0.."},
    {"half-a-distribution.yaml", NULL, 8,
     "duration: lognormal distribution: got p50, want mean and cv2, or p50 and p95"},
    {"unknown-distribution.yaml", NULL, 8, "kind: got normal, want one of fixed"},
    {"empirical-without-file.yaml", NULL, 8, "file: missing"},
    {"empirical-column.yaml", "trace.csv", 1,
     "column: got duration, want a column of the file; did you mean duration_s?"},
    {"trace-unsorted.yaml", "unsorted.csv", 4,
     "submit_s: got 15, want lines in the order of submit_s"},
    {"trace-cut-short.yaml", "cut-short.csv", 3, "fields: got 1, want 2"},
    {"trace-negative.yaml", "negative.csv", 2, "duration_s: got -60, want seconds"},
    {"trace-not-numeric.yaml", "not-numeric.csv", 2, "duration_s: got sixty, want seconds"},
    {"trace-too-precise.yaml", "too-precise.csv", 2, "duration_s: got 60.0005, want seconds"},
    {"trace-bad-header.yaml", "bad-header.csv", 1,
     "header: got submit,duration, want submit_s,duration_s"},
    {"trace-no-jobs.yaml", "no-jobs.csv", 1, "jobs: got nothing"},
    {"trace-unknown-class.yaml", "unknown-class.csv", 2,
     "class: got cj, want a class of the workload; did you mean ci?"},
    {"timeout-over-interval.yaml", NULL, 9,
     "scrape_timeout: got 20s, want at most scrape_interval (15s)"},
    {"rule-without-threshold.yaml", NULL, 11, "above: missing: either above or below is wanted"},
    {"rule-with-threshold.yaml", NULL, 11, "above: signal up has no threshold"},
    {"ignore-without-files.yaml", NULL, 10,
     "ignore[0]: got A, want an alert of the rule files, and there are none"},
    {"unknown-signal.yaml", NULL, 11, "did you mean cpu-irate?"},
    {"metric-of-two-minds.yaml", NULL, 12, "from: either value or from is wanted: one too many"},
    {"metric-of-nothing.yaml", NULL, 12, "value: either value or from is wanted: missing"},
    {"metric-from-unknown.yaml", NULL, 12, "did you mean queue_length?"},
    {"metric-of-a-host.yaml", NULL, 12,
     "on: got fleet, but cpu_used is a host's: want host or probe"},
    {"metric-of-the-fleet.yaml", NULL, 12,
     "on: got host, but queue_length is the fleet's: want fleet"},
    {"metric-twice.yaml", NULL, 12, "ci_fixed with these labels is there twice"},
    {"metric-name.yaml", NULL, 12, "name: got m-n, want the name of a metric"},
    {"metric-up.yaml", NULL, 12, "name: got up, want a name that Prometheus does not write itself"},
    {"metric-label.yaml", NULL, 12, "a-b: want the name of a label"},
    {"metric-label-number.yaml", NULL, 12, "a: got 3, want a text of at most 63 bytes"},
    {"metric-instance.yaml", NULL, 12, "labels: instance is the host's, unless it is on: fleet"},
    {"metric-unknown-key.yaml", NULL, 12, "valeu: unknown key; did you mean value?"},
    {"duplicate-rule.yaml", NULL, 12, "alert: an alert of this name is in the group already"},
    {"unknown-severity.yaml", NULL, 10,
     "severities[1]: got critcal, want one of info, warning, critical, page; did you mean "
     "critical?"},
    {"yes-is-text.yaml", NULL, 9, "overflow: got yes, want true or false"},
    {"unknown-metric.yaml", NULL, 3, "did you mean detection_ms?"},
    {"measure-of-all.yaml", NULL, 7, "all of each is measured in any case"},
    {"measure-no-list.yaml", NULL, 7, "want a list"},
    {"measure-unknown-class.yaml", NULL, 7, "did you mean build?"},
    {"measure-unknown-host.yaml", NULL, 7, "the fleet has no host C, want P, B"},
    {"measure-no-number.yaml", NULL, 7, "want queue_length > a number"},
    {"measure-below.yaml", NULL, 7, "got queue_length <= 5, want queue_length"},
    {"measure-no-part.yaml", NULL, 7, "want rto alone: it has no parts"},
    {"measure-share-in-time.yaml", NULL, 7, "value"},
    {"measure-time-in-share.yaml", NULL, 7, "value"},
    {"claim-unknown-metric.yaml", NULL, 7, "did you mean queue_wait_ms?"},
    {"unknown-op.yaml", NULL, 3, "op: got =<, want one of <, <=, >, >=, =="},
    {"bad-quantile.yaml", NULL, 3, "quantile: got p950, want e.g. p95"},
    {"mean-and-quantile.yaml", NULL, 3, "quantile: mean is given already"},
    {"value-of-other-unit.yaml", NULL, 3, "value: got 5min, want 0%..100%"},
    {"warmup-over-duration.yaml", NULL, 3, "warmup: got 2h, want less than the duration"},
    {"name-too-long.yaml", NULL, 2, "name: got xxxxx"},
    {"name-with-newline.yaml", NULL, 2, "name: got a\\nb, want text without control characters"},
    {"empty.yaml", NULL, 1, "nothing is in it"},
    {"comments-only.yaml", NULL, 1, "nothing is in it"},
    {"a-list.yaml", NULL, 1, "got a list, want a mapping"},
    {"a-word.yaml", NULL, 1, "got fleet, want a mapping"},
    {"null.yaml", NULL, 1, "got nothing, want a mapping"},
    {"duplicate-key.yaml", NULL, 4, "slots: the key is there twice, first in line 4"},
    {"nan.yaml", NULL, 6, "got .nan, want a finite number"},
    {"infinity.yaml", NULL, 4, "got .inf, want a finite number"},
    {"huge-number.yaml", NULL, 4, "got 1e999, want a finite number"},
    {"huge-integer.yaml", NULL, 4, "got 99999999999999999999, want a number that fits 64 bits"},
    {"alias-bomb.yaml", NULL, 5, "too many values (aliases expanded), want at most 100000"},
    {"alias-of-itself.yaml", NULL, 2, "alias *a: no anchor of that name is complete here"},
    {"unknown-alias.yaml", NULL, 1, "alias *nowhere"},
    {"too-deep.yaml", NULL, 1, "nested too deeply, want at most 16 levels"},
    {"two-documents.yaml", NULL, 9, "a second document begins, want one"},
    {"tag.yaml", NULL, 4, "tags are not read: got tag:yaml.org,2002:int"},
    {"not-yaml.yaml", NULL, 4, "not YAML or JSON"},
    {"tab.yaml", NULL, 2, "not YAML or JSON"},
    {"complex-key.yaml", NULL, 1, "want a plain word as key"},
    {"merge-key.yaml", NULL, 4, "<<: unknown key"},
    {"nul.yaml", NULL, 4, "not text: a NUL byte"},
    {"escaped-nul.yaml", NULL, 4, "a NUL character in a string"},
    {"not-utf-8.yaml", NULL, 4, "not YAML or JSON: invalid"},
    {"needs-nobody.yaml", NULL, 7,
     "needs: got biuld, want one of build, test; did you mean build?"},
    {"needs-itself.yaml", NULL, 6, "needs: the class would wait for itself"},
    {"jobs-of-some.yaml", NULL, 7, "jobs: missing: other classes give it"},
    {"jobs-and-weight.yaml", NULL, 6, "weight: goes without jobs"},
    {"jobs-and-fan-out.yaml", NULL, 5, "fan_out: goes without `jobs` of classes"},
    {"jobs-of-a-trace.yaml", NULL, 5, "jobs: a trace has no runs, only jobs"},
    {"no-label.yaml", NULL, 5, "runs_on: got an empty list, want a list of 1..16"},
    {"many-errors.yaml", NULL, 3, "slots: got 0x1000, want a whole number, 1..256"},
    {"broken.json", NULL, 3, "not YAML or JSON"},
    {"wrong.json", NULL, 5, "slots: got -1, want a whole number, 1..256"},
};

static struct scenario scenario; /* too large for the stack of a thread */

START_TEST(invalid_file_is_refused_in_one_line)
{
    struct und_err err = {0};
    char path[256], place[320];
    const char *named = invalid[_i].named != NULL ? invalid[_i].named : invalid[_i].file;
    snprintf(path, sizeof path, "tests/invalid/%s", invalid[_i].file);
    snprintf(place, sizeof place, "tests/invalid/%s:%d: ", named, invalid[_i].line);
    ck_assert_int_eq(scenario_load(&scenario, path, NULL, 0, &err), UND_USAGE);
    ck_assert_int_eq(err.code, UND_USAGE);
    ck_assert_msg(strncmp(err.text, place, strlen(place)) == 0, "got: %s\nwant: %s...", err.text,
                  place);
    ck_assert_msg(strstr(err.text, invalid[_i].says) != NULL, "got: %s\nwant: ...%s...", err.text,
                  invalid[_i].says);
    ck_assert_msg(strchr(err.text, '\n') == NULL, "two lines: %s", err.text);
    scenario_fini(&scenario); /* harmless after a failure */
}
END_TEST

/* Whoever asks for all that is wrong gets what stands alone first, and as many lines as errors. */
START_TEST(first_of_all_errors_is_the_error)
{
    static struct und_errors all;
    struct und_err alone = {0}, err = {.all = &all};
    char path[256];
    int i;
    snprintf(path, sizeof path, "tests/invalid/%s", invalid[_i].file);
    memset(&all, 0, sizeof all);
    ck_assert_int_eq(scenario_load(&scenario, path, NULL, 0, &alone), UND_USAGE);
    ck_assert_int_eq(scenario_load(&scenario, path, NULL, 0, &err), UND_USAGE);
    ck_assert_str_eq(err.text, alone.text);
    for (i = 0; i < all.n; i++)
        ck_assert_msg(strchr(all.text[i], '\n') == NULL && strchr(all.text[i], ':') != NULL, "%s",
                      all.text[i]);
    if (all.n > 0)
        ck_assert_str_eq(all.text[0], alone.text);
}
END_TEST

/* None of them follows from another one: not the missing key beside the mistyped one, not the
 * limit of an unknown metric, not the target among hosts that could not be read. */
START_TEST(all_errors_are_told_and_none_that_follows)
{
    static const char *const wants[] = {
        "3: slots: got 0x1000, want a whole number, 1..256",
        "3: speed: got 1.50e3, want a number, 0.01..100",
        "4: slot: unknown key; did you mean slots?",
        "4: tier: got secondary, want one of primary, backup",
        "6: rate: got 200/day, want e.g. 0.7/min, 200/d (no unit day; did you mean d?)",
        "8: duration: got 5, want e.g. 90s, 5min, 2h (the unit is missing)",
        "9: durations: unknown key; did you mean duration?",
        "11: kind: got os-crush, want one of",
        "14: metric: got rtoo, want one of",
        "14: op: got =<, want one of <, <=, >, >=, ==; did you mean <=?",
    };
    static struct und_errors all;
    struct und_err err = {.all = &all};
    int i;
    ck_assert_int_eq(scenario_load(&scenario, "tests/invalid/many-errors.yaml", NULL, 0, &err),
                     UND_USAGE);
    ck_assert_int_eq(all.n, UND_ERRORS);
    ck_assert_int_eq(all.total, 12); /* op and value of the last line */
    for (i = 0; i < all.n; i++) {
        const char *line = all.text[i] + strlen("tests/invalid/many-errors.yaml:");
        ck_assert_msg(strncmp(line, wants[i], strlen(wants[i])) == 0, "got %s\nwant %s", line,
                      wants[i]);
    }
}
END_TEST

START_TEST(ignored_alert_that_is_not_there_gets_a_hint)
{
    const char *set =
        "fleet.monitoring={rules: scenarios/paws360-rules.yml, ignore: [RunerOffline]}";
    struct und_err err = {0};
    ck_assert_int_eq(scenario_load(&scenario, "scenarios/paws360.yaml", &set, 1, &err), UND_USAGE);
    ck_assert_msg(strstr(err.text, "did you mean RunnerOffline?") != NULL, "%s", err.text);
}
END_TEST

static enum und_code load_text(const char *text, size_t length, struct und_err *err)
{
    const char *path = temporary_file(text, length);
    enum und_code code;
    *err = (struct und_err){0};
    code = scenario_load(&scenario, path, NULL, 0, err);
    unlink(path);
    return code;
}

/* Deterministic rubbish of a given alphabet. */
static char *rubbish(const char *alphabet, size_t letters, size_t length)
{
    char *text = malloc(length);
    uint64_t state = 12345;
    size_t i;
    ck_assert_ptr_nonnull(text);
    for (i = 0; i < length; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        text[i] = alphabet == NULL ? (char)(state >> 56) : alphabet[(state >> 33) % letters];
    }
    return text;
}

START_TEST(garbage_fails_at_once)
{
    static const char *const alphabets[] = {
        NULL,       "a",      "[", "{", "- ", "a: b\n", "abc,:[]{}\"'#&*!|>%@ \n\t",
        "&*a \n-:", "\"\\u0", "'", "? "};
    static const size_t lengths[] = {10 * 1000 * 1000, DOC_BYTES};
    size_t a, l;
    for (a = 0; a < sizeof alphabets / sizeof alphabets[0]; a++) {
        for (l = 0; l < 2; l++) {
            struct und_err err;
            struct timespec start, end;
            char *text = rubbish(alphabets[a], alphabets[a] ? strlen(alphabets[a]) : 0, lengths[l]);
            clock_gettime(CLOCK_MONOTONIC, &start);
            ck_assert_int_eq(load_text(text, lengths[l], &err), UND_USAGE);
            clock_gettime(CLOCK_MONOTONIC, &end);
            ck_assert_msg(end.tv_sec - start.tv_sec < 5, "alphabet %zu took long", a);
            ck_assert_ptr_null(strchr(err.text, '\n'));
            ck_assert_ptr_nonnull(strstr(err.text, ":"));
            if (lengths[l] > DOC_BYTES)
                ck_assert_ptr_nonnull(strstr(err.text, "too large, want at most 8 MB"));
            free(text);
        }
    }
}
END_TEST

/* C1 controls and turned writing in an error: a terminal would obey them. */
START_TEST(no_name_steers_the_terminal)
{
    static const char text[] =
        "fleet:\n  hosts: [{name: a, slots: 1, tier: \"\\x9b31m\\u202e\\u2066\"}]\n";
    struct und_err err = {0};
    ck_assert_int_eq(scenario_parse(&scenario, "x\x1b\x7f.yaml", text, strlen(text), &err),
                     UND_USAGE);
    ck_assert_str_eq(err.text, "x??.yaml:2: tier: got ??31m??????, want one of primary, backup");
}
END_TEST

START_TEST(endless_csv_line_is_refused)
{
    static char text[10000];
    struct und_err err = {0};
    char set[200];
    const char *path, *sets[] = {set};
    memset(text, '1', sizeof text);
    path = temporary_file(text, sizeof text);
    snprintf(set, sizeof set, "fleet.workload.arrivals={kind: trace, file: %s}", path);
    ck_assert_int_eq(scenario_load(&scenario, "tests/invalid/good.yaml", sets, 1, &err), UND_USAGE);
    unlink(path);
    ck_assert_ptr_nonnull(strstr(err.text, ":1: the line is longer than 4096 bytes"));
}
END_TEST

START_TEST(missing_file_and_folder_are_named)
{
    struct und_err err = {0};
    ck_assert_int_eq(scenario_load(&scenario, "tests/nowhere.yaml", NULL, 0, &err), UND_USAGE);
    ck_assert_str_eq(err.text, "tests/nowhere.yaml: cannot be read: No such file or directory");
    err = (struct und_err){0};
    ck_assert_int_eq(scenario_load(&scenario, "tests", NULL, 0, &err), UND_USAGE);
    ck_assert_str_eq(err.text, "tests: is a folder, want a file");
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("invalid files");
    TCase *files = tcase_create("files");
    tcase_set_timeout(files, 120); /* sanitizers are slow with 10 MB of garbage */
    tcase_add_loop_test(files, invalid_file_is_refused_in_one_line, 0,
                        (int)(sizeof invalid / sizeof invalid[0]));
    tcase_add_loop_test(files, first_of_all_errors_is_the_error, 0,
                        (int)(sizeof invalid / sizeof invalid[0]));
    tcase_add_test(files, all_errors_are_told_and_none_that_follows);
    tcase_add_test(files, ignored_alert_that_is_not_there_gets_a_hint);
    tcase_add_test(files, garbage_fails_at_once);
    tcase_add_test(files, no_name_steers_the_terminal);
    tcase_add_test(files, endless_csv_line_is_refused);
    tcase_add_test(files, missing_file_and_folder_are_named);
    suite_add_tcase(suite, files);
    return suite;
}
