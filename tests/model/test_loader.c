/*
 * The loader: tests/invalid holds what must be refused, each with one line that names file and
 * line; the rest says what files mean. Files of 10 MB are made at run time.
 */
#include "model/base/units.h"
#include "model/file/doc.h"
#include "model/load/loader.h"
#include "tests/support/helpers.h"

#include <glob.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
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
    {"bare-hosts.yaml", NULL, 1, "hosts: unknown key"},
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

/* A file of the test's own; removed by the test that asked for it. */
static const char *temporary(const char *text, size_t length)
{
    static char path[64];
    int fd;
    snprintf(path, sizeof path, "/tmp/test_loader_XXXXXX");
    fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, length), (ssize_t)length);
    close(fd);
    return path;
}

static enum und_code load_text(const char *text, size_t length, struct und_err *err)
{
    const char *path = temporary(text, length);
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

#define HOSTS "hosts: [{name: a, slots: 8}, {name: b.x, tier: backup, slots: 4}]"
#define WORKLOAD "workload: {arrivals: {rate: 1/min}, classes: [{duration: 10min}]}"
#define FLEET "fleet:\n  " HOSTS "\n  " WORKLOAD "\n"

static void load(const char *text)
{
    struct und_err err;
    ck_assert_msg(load_text(text, strlen(text), &err) == UND_OK, "%s", err.text);
}

START_TEST(least_fleet_has_the_documented_defaults)
{
    const struct fleet *fleet = &scenario.fleet;
    load(FLEET);
    ck_assert_int_eq(fleet->n_hosts, 2);
    ck_assert_int_eq(fleet_slots(fleet), 12);
    ck_assert_int_eq(fleet_host_index(fleet, "b.x"), 1);
    ck_assert_int_eq(fleet_host_index(fleet, "c"), -1);
    ck_assert_int_eq(fleet->hosts[0].tier, TIER_PRIMARY);
    ck_assert_double_eq(fleet->hosts[0].speed, 1);
    ck_assert_int_eq(fleet->hosts[0].cores, 8);
    ck_assert_int_eq(fleet->hosts[0].memory_bytes, 32000000000);
    ck_assert(!fleet->hosts[0].has_mtbf);
    ck_assert_int_eq(fleet->workload.arrivals.kind, ARRIVALS_POISSON);
    ck_assert_double_eq_tol(fleet->workload.arrivals.rate_per_ms, 1.0 / 60000, 1e-15);
    ck_assert_int_eq(fleet->workload.fan_out.kind, FAN_OUT_FIXED);
    ck_assert_double_eq(fleet->workload.fan_out.mean, 1);
    ck_assert_int_eq(fleet->workload.queue.capacity, -1);
    ck_assert(!fleet->workload.queue.has_patience);
    ck_assert_int_eq(fleet->workload.on_failure, ON_FAILURE_FAIL);
    ck_assert_int_eq(fleet->workload.classes[0].duration.kind, DIST_FIXED);
    ck_assert_double_eq(dist_mean(&fleet->workload.classes[0].duration), 600000);
    ck_assert(!fleet->monitoring.present && !fleet->alertmanager.present && !fleet->has_policy);
    ck_assert_int_eq(fleet->controller.github_poll_ms, 20000);
    ck_assert(fleet->controller.webhook);
    ck_assert_double_eq(dist_mean(&fleet->controller.manual_repair), 1800000);
    ck_assert(isnan(fleet->objectives.availability));
    ck_assert_int_eq(fleet->objectives.mttd_ms, -1);
    ck_assert_int_eq(scenario.duration_ms, UNITS_DAY);
    ck_assert_int_eq(scenario.n_faults, 0);
    ck_assert_int_eq(scenario.documented.rto_ms, -1);
    ck_assert_int_eq(strncmp(scenario.name, "test_loader_", 12), 0);
    scenario_fini(&scenario);
}
END_TEST

static void ck_refused_github(const char *value, const char *got)
{
    struct und_err err;
    char text[256], want[128];
    snprintf(text, sizeof text, FLEET "  github: %s\n", value);
    snprintf(want, sizeof want, "github: %s, want a mapping (key: value), or ideal", got);
    ck_assert_int_eq(load_text(text, strlen(text), &err), UND_USAGE);
    ck_assert_msg(strstr(err.text, want) != NULL, "%s", err.text);
}

/* A fleet that says nothing of GitHub has the real one: the ideal one has to be asked for. */
START_TEST(github_is_the_real_one_unless_the_file_says_ideal)
{
    const struct fleet *fleet = &scenario.fleet;
    load(FLEET);
    ck_assert(fleet->github.present);
    ck_assert_double_eq_tol(dist_quantile(&fleet->github.pickup, 0.5), 4000, 1e-6);
    ck_assert_int_eq(fleet->github.lock_ms, 600000);
    ck_assert(fleet->github.fast_recovery);
    scenario_fini(&scenario);
    load(FLEET "  github: ideal\n");
    ck_assert(!fleet->github.present);
    ck_assert_double_eq(dist_mean(&fleet->github.pickup), 0);
    scenario_fini(&scenario);
    ck_refused_github("idle", "got idle");
    ck_refused_github("[ideal]", "got a list");
    ck_refused_github("true", "got true");
}
END_TEST

START_TEST(evidence_beyond_the_document_is_off_unless_asked_for)
{
    const struct policy_config *policy = &scenario.fleet.policy;
    load(FLEET "  policy: {}\n");
    ck_assert_uint_eq(policy->signs[SIGN_PARTIAL].then, 0);
    ck_assert_int_eq(policy->returns_within_ms, 0);
    scenario_fini(&scenario);
    load(FLEET "  policy: {evidence: {partial: {}, returns: {}}}\n");
    ck_assert_uint_eq(policy->signs[SIGN_PARTIAL].then, 1u << REMEDY_PAGE);
    ck_assert_int_eq(policy->signs[SIGN_PARTIAL].lasts_ms, 600000);
    ck_assert_int_eq(policy->partial_pm, 600);
    ck_assert_int_eq(policy->returns, 3);
    ck_assert_int_eq(policy->returns_within_ms, 1800000);
    ck_assert_int_eq(policy->hold_ms, 3600000);
    scenario_fini(&scenario);
    load(FLEET "  policy: {evidence: {partial: {below: 80%, lasts: 0s, then: [page, drain]}}}\n");
    ck_assert_uint_eq(policy->signs[SIGN_PARTIAL].then, 1u << REMEDY_PAGE | 1u << REMEDY_DRAIN);
    ck_assert_int_eq(policy->partial_pm, 800);
    ck_assert_int_eq(policy->signs[SIGN_PARTIAL].lasts_ms, 0);
    ck_assert_int_eq(policy->returns_within_ms, 0);
    scenario_fini(&scenario);
}
END_TEST

START_TEST(sections_that_are_there_bring_the_real_defaults)
{
    const struct fleet *fleet = &scenario.fleet;
    load(FLEET "  github:\n  monitoring: {}\n  alertmanager: {}\n  policy: {}\n");
    ck_assert(fleet->github.present);
    ck_assert_double_eq_tol(dist_quantile(&fleet->github.pickup, 0.5), 4000, 1e-6);
    ck_assert_double_eq_tol(dist_quantile(&fleet->github.pickup, 0.95), 8000, 1e-6);
    ck_assert_double_eq_tol(dist_quantile(&fleet->github.offline_after, 0.5), 105000, 1e-6);
    ck_assert_int_eq(fleet->github.lock_ms, 600000);
    ck_assert_int_eq(fleet->github.queue_limit_ms, UNITS_DAY);
    ck_assert_int_eq(fleet->github.selection, SELECTION_RANDOM);
    ck_assert(fleet->github.fast_recovery);
    ck_assert_int_eq(fleet->monitoring.scrape_interval_ms, 60000);
    ck_assert_int_eq(fleet->monitoring.scrape_timeout_ms, 10000);
    ck_assert_int_eq(fleet->monitoring.lookback_ms, 300000);
    ck_assert_int_eq(fleet->alertmanager.group_wait_ms, 30000);
    ck_assert(fleet->alertmanager.group_by_instance && fleet->alertmanager.group_by_alertname);
    ck_assert(fleet->has_policy);
    ck_assert_int_eq(fleet->policy.persist_ms, 300000);
    ck_assert_int_eq(fleet->policy.ramp_ms, 600000);
    ck_assert_int_eq(fleet->policy.max_failovers, 3);
    ck_assert_int_eq(fleet->policy.confirm, 3);
    ck_assert_uint_eq(fleet->policy.severities, 1u << SEVERITY_CRITICAL);
    ck_assert(fleet->policy.overflow);
    scenario_fini(&scenario);
}
END_TEST

START_TEST(short_scrape_interval_cuts_the_default_timeout)
{
    load(FLEET "  monitoring: {scrape_interval: 5s}\n");
    ck_assert_int_eq(scenario.fleet.monitoring.scrape_timeout_ms, 5000);
    scenario_fini(&scenario);
}
END_TEST

START_TEST(faults_and_claims_and_expectations_are_read)
{
    const struct fault *fault = scenario.faults;
    load(FLEET
         "duration: 6h\nstart: 9h\nwarmup: auto\n"
         "faults:\n"
         "  - {kind: network-partition, target: all, from: both, at: {kind: uniform, min: 1h, "
         "max: 2h}, lasts: 5min, every: 1d, chance: 50%}\n"
         "  - {kind: cpu-stress, target: b.x, load: 90%, slowdown: 2}\n"
         "  - {kind: clock-jump, target: backup, jump: -90s}\n"
         "  - {kind: service-stop, target: [primary, b.x], graceful: false}\n"
         "documented: {detection: 2min, failover: N/A, impact: Jobs queue}\n"
         "expect:\n"
         "  - {metric: detection_ms, quantile: p99.9, op: <, value: 5min}\n"
         "  - {metric: rto, quantile: 0.5, op: <=, value: 90s}\n"
         "  - {metric: availability, mean: true, op: '>=', value: 99%}\n"
         "  - {metric: jobs_done, statistic: p5, op: '>', value: 10}\n"
         "drill: {target: b.x, lease: 1h, inject: [{name: stop it, run: [stop, '{id}'], undo: "
         "[go]}]}\n");
    ck_assert_int_eq(scenario.n_faults, 4);
    ck_assert_int_eq(fault[0].n_targets, 2);
    ck_assert_uint_eq(fault[0].from, FROM_GITHUB | FROM_MONITORING);
    ck_assert_int_eq(fault[0].at.kind, DIST_UNIFORM);
    ck_assert(fault[0].has_lasts && fault[0].has_every);
    ck_assert_double_eq(fault[0].chance, 0.5);
    ck_assert_int_eq(fault[0].line, 8);
    ck_assert_int_eq(fault[1].targets[0], 1);
    ck_assert_int_eq(fault[1].load_pm, 900);
    ck_assert_double_eq(fault[1].slowdown, 2);
    ck_assert(!fault[1].has_lasts);
    ck_assert_double_eq(dist_mean(&fault[1].at), 0);
    ck_assert_double_eq(fault[1].chance, 1);
    ck_assert_int_eq(fault[2].jump_ms, -90000);
    ck_assert_int_eq(fault[3].n_targets, 2);
    ck_assert(!fault[3].graceful);
    ck_assert(scenario.warmup_auto);
    ck_assert_int_eq(scenario.start_ms, 9 * UNITS_HOUR);
    ck_assert_int_eq(scenario.documented.detection_ms, 120000);
    ck_assert_int_eq(scenario.documented.failover_ms, -2);
    ck_assert_int_eq(scenario.documented.rto_ms, -1);
    ck_assert_int_eq(scenario.expects[0].metric, METRIC_DETECTION);
    ck_assert_int_eq(scenario.expects[0].statistic, STATISTIC_QUANTILE);
    ck_assert_double_eq_tol(scenario.expects[0].quantile, 0.999, 1e-12);
    ck_assert_double_eq(scenario.expects[0].value, 300000);
    ck_assert_int_eq(scenario.expects[0].line, 14);
    ck_assert_int_eq(scenario.expects[1].op, OP_LE);
    ck_assert_int_eq(scenario.expects[2].statistic, STATISTIC_MEAN);
    ck_assert_double_eq(scenario.expects[2].value, 0.99);
    ck_assert_double_eq(scenario.expects[3].quantile, 0.05);
    ck_assert(scenario.drill.present);
    ck_assert_int_eq(scenario.drill.target, 1);
    ck_assert_int_eq(scenario.drill.lease_ms, UNITS_HOUR);
    ck_assert_int_eq(scenario.drill.inject[0].run.n, 2);
    ck_assert_str_eq(scenario.drill.inject[0].run.arg[1], "{id}");
    ck_assert_int_eq(scenario.drill.inject[0].lease, DRILL_LEASE_SYSTEMD);
    ck_assert_double_eq(scenario.drill.preconditions.cpu, 0.5);
    scenario_fini(&scenario);
}
END_TEST

START_TEST(every_name_of_a_kind_reads_as_that_kind)
{
    int i;
    for (i = 0; i < DIST_KINDS; i++) {
        struct und_err err = {0};
        char text[400];
        snprintf(text, sizeof text,
                 "fleet: {" HOSTS ", workload: {arrivals: {rate: 1/min}, classes: [{duration: "
                 "{kind: %s, cv2: 1e6}}]}}\n",
                 dist_kind_name((enum dist_kind)i));
        /* None of them takes just that; the message says which kind was understood. */
        ck_assert_int_eq(load_text(text, strlen(text), &err), UND_USAGE);
        ck_assert_ptr_null(strstr(err.text, "want one of"));
        if (i != DIST_EMPIRICAL) {
            snprintf(text, sizeof text, "%s distribution", dist_kind_name((enum dist_kind)i));
            ck_assert_msg(strstr(err.text, text) != NULL, "%s", err.text);
        }
    }
    for (i = 0; i < FAULT_KINDS; i++)
        ck_assert_ptr_nonnull(fault_kind_name((enum fault_kind)i));
    ck_assert_str_eq(fault_kind_name(FAULT_MAINTENANCE), "maintenance");
    ck_assert_str_eq(fault_kind_name(FAULT_GITHUB_API_ERRORS), "github-api-errors");
    ck_assert_str_eq(op_name(OP_GE), ">=");
}
END_TEST

START_TEST(plain_mtbf_is_an_exponential_mean)
{
    load("fleet: {hosts: [{name: a, slots: 1, mtbf: 30d, mttr: {kind: fixed, mean: 2h}}], " WORKLOAD
         "}\n");
    ck_assert(scenario.fleet.hosts[0].has_mtbf);
    ck_assert_int_eq(scenario.fleet.hosts[0].mtbf.kind, DIST_EXPONENTIAL);
    ck_assert_double_eq(dist_mean(&scenario.fleet.hosts[0].mtbf), 30.0 * UNITS_DAY);
    ck_assert_int_eq(scenario.fleet.hosts[0].mttr.kind, DIST_FIXED);
    scenario_fini(&scenario);
}
END_TEST

START_TEST(core_schema_not_yaml_1_1)
{
    load("fleet: {hosts: [{name: no, slots: 010}, {name: on, slots: 0x10}], " WORKLOAD "}\n");
    ck_assert_str_eq(scenario.fleet.hosts[0].name, "no");
    ck_assert_int_eq(scenario.fleet.hosts[0].slots, 10);
    ck_assert_str_eq(scenario.fleet.hosts[1].name, "on");
    ck_assert_int_eq(scenario.fleet.hosts[1].slots, 16);
    scenario_fini(&scenario);
}
END_TEST

START_TEST(json_is_read_too)
{
    load("{\"fleet\":{\"hosts\":[{\"name\":\"a\\u00e9\",\"slots\":2}],"
         "\t\"workload\":{\"arrivals\":{\"rate\":\"3\\/s\"},"
         "\"classes\":[{\"duration\":\"1s\"}]}}}");
    ck_assert_str_eq(scenario.fleet.hosts[0].name, "a\xc3\xa9");
    ck_assert_double_eq_tol(scenario.fleet.workload.arrivals.rate_per_ms, 0.003, 1e-15);
    scenario_fini(&scenario);
}
END_TEST

START_TEST(aliases_are_copies)
{
    static const char *const sets[] = {"fleet.hosts.b.slots=3"};
    struct und_err err = {0};
    const char *path = temporary("fleet:\n  hosts:\n"
                                 "    - name: a\n      slots: &n 2\n"
                                 "    - {name: b, slots: *n}\n  " WORKLOAD "\n",
                                 sizeof "fleet:\n  hosts:\n"
                                        "    - name: a\n      slots: &n 2\n"
                                        "    - {name: b, slots: *n}\n  " WORKLOAD "\n" -
                                     1);
    ck_assert_int_eq(scenario_load(&scenario, path, sets, 1, &err), UND_OK);
    unlink(path);
    ck_assert_int_eq(scenario.fleet.hosts[0].slots, 2);
    ck_assert_int_eq(scenario.fleet.hosts[1].slots, 3);
    scenario_fini(&scenario);
}
END_TEST

static const char *set_error(const char *set)
{
    static struct und_err err;
    err = (struct und_err){0};
    ck_assert_int_eq(scenario_load(&scenario, "tests/invalid/good.yaml", &set, 1, &err), UND_USAGE);
    return err.text;
}

START_TEST(overrides_reach_everything)
{
    static const char *const sets[] = {
        "duration=2h",
        "fleet.policy.persist=1min",
        "fleet.hosts.0.slots=9",
        "fleet.hosts.two.slots=5",
        "fleet.hosts.two.speed=0.5",
        "fleet.workload.classes.ci.duration={kind: exponential, mean: 5min}",
        "fleet.workload.arrivals.rate=0.7/min",
        "faults=[{kind: os-crash, target: one}]",
        "faults.0.at=30min",
        "fleet.hosts.two.name=three.of=x",
    };
    struct und_err err = {0};
    ck_assert_msg(scenario_load(&scenario, "tests/invalid/chain-2.yaml", sets,
                                sizeof sets / sizeof sets[0], &err) == UND_OK,
                  "%s", err.text);
    ck_assert_int_eq(scenario.duration_ms, 2 * UNITS_HOUR);
    ck_assert(scenario.fleet.has_policy);
    ck_assert_int_eq(scenario.fleet.policy.persist_ms, 60000);
    ck_assert_int_eq(scenario.fleet.hosts[0].slots, 9);
    ck_assert_int_eq(scenario.fleet.hosts[1].slots, 5);
    ck_assert_double_eq(scenario.fleet.hosts[1].speed, 0.5);
    ck_assert_str_eq(scenario.fleet.hosts[1].name, "three.of=x");
    ck_assert_int_eq(scenario.fleet.workload.classes[0].duration.kind, DIST_EXPONENTIAL);
    ck_assert_double_eq(scenario.faults[0].at.a, 1800000);
    scenario_fini(&scenario);
}
END_TEST

START_TEST(override_may_name_the_fleet_file)
{
    static const char *const sets[] = {"fleet=tests/invalid/good.yaml", "fleet.hosts.one.slots=7"};
    struct und_err err = {0};
    const char *path = temporary("duration: 1h\n", strlen("duration: 1h\n"));
    ck_assert_msg(scenario_load(&scenario, path, sets, 2, &err) == UND_OK, "%s", err.text);
    unlink(path);
    ck_assert_int_eq(scenario.fleet.hosts[0].slots, 7);
    ck_assert_str_eq(scenario.fleet.path, "tests/invalid/good.yaml");
    scenario_fini(&scenario);
}
END_TEST

START_TEST(bad_overrides_say_so)
{
    ck_assert_str_eq(set_error("duration"), "--set duration: want path=value");
    ck_assert_str_eq(set_error("fleet.hosts.3.slots=1"),
                     "--set fleet.hosts.3.slots=1: no item 3 in a list of 2");
    ck_assert_str_eq(set_error("fleet.polici.persist=1s"),
                     "--set fleet.polici.persist=1s: polici: unknown key; did you mean policy?");
    ck_assert_str_eq(set_error("fleet.hosts.one.slots.x=1"),
                     "--set fleet.hosts.one.slots.x=1: x: nothing can be below a plain value");
    ck_assert_str_eq(set_error("fleet.hosts.one.slots=many"),
                     "--set fleet.hosts.one.slots=many: slots: got many, want a whole number, "
                     "1..256");
    ck_assert_ptr_nonnull(strstr(set_error("duration=[1"), "not YAML or JSON"));
    ck_assert_ptr_nonnull(strstr(set_error("fleet..x=1"), "want a path"));
    ck_assert_ptr_nonnull(strstr(set_error("fleet.=1"), "the path ends with a dot"));
}
END_TEST

START_TEST(trace_is_exact)
{
    static const char *const sets[] = {
        "fleet.workload={arrivals: {kind: trace, file: tests/invalid/trace.csv}}"};
    const struct trace *trace = &scenario.fleet.workload.arrivals.trace;
    struct und_err err = {0};
    ck_assert_msg(scenario_load(&scenario, "tests/invalid/good.yaml", sets, 1, &err) == UND_OK,
                  "%s", err.text);
    ck_assert_uint_eq(trace->n, 2);
    ck_assert_int_eq(trace->submit_ms[1], 5250);
    ck_assert_int_eq(trace->duration_ms[1], 300125);
    ck_assert_int_eq(trace->job_class[1], 0);
    ck_assert_int_eq(scenario.fleet.workload.n_classes, 1);
    ck_assert_int_eq(scenario.duration_ms, 0);
    scenario_fini(&scenario);
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

/* With the mark that spreadsheets begin a file with. */
START_TEST(trace_starts_with_its_first_job)
{
    static const char csv[] = "\xEF\xBB\xBF"
                              "submit_s,duration_s,class\r\n100.5,60,ci\r\n\r\n101,0,ci\r\n";
    const struct trace *trace = &scenario.fleet.workload.arrivals.trace;
    const char *path = temporary(csv, sizeof csv - 1);
    struct und_err err = {0};
    char set[200];
    const char *sets[] = {set};
    snprintf(set, sizeof set, "fleet.workload.arrivals={kind: trace, file: %s}", path);
    ck_assert_msg(scenario_load(&scenario, "tests/invalid/good.yaml", sets, 1, &err) == UND_OK,
                  "%s", err.text);
    unlink(path);
    ck_assert_uint_eq(trace->n, 2);
    ck_assert_int_eq(trace->submit_ms[0], 0);
    ck_assert_int_eq(trace->submit_ms[1], 500);
    scenario_fini(&scenario);
}
END_TEST

START_TEST(empirical_fan_out_has_the_mean_of_its_weights)
{
    load("fleet: {" HOSTS ", workload: {arrivals: {rate: 1/min}, fan_out: {kind: empirical, "
         "weights: [1, 0, 3]}, classes: [{duration: 1min}]}}\n");
    ck_assert_int_eq(scenario.fleet.workload.fan_out.n_weights, 3);
    ck_assert_double_eq(scenario.fleet.workload.fan_out.mean, 2.5);
    scenario_fini(&scenario);
}
END_TEST

START_TEST(empirical_values_come_sorted_from_their_column)
{
    static const char *const sets[] = {
        "fleet.workload.classes.ci.duration={kind: empirical, file: tests/invalid/unsorted.csv, "
        "column: submit_s}"};
    const struct dist *dist = &scenario.fleet.workload.classes[0].duration;
    struct und_err err = {0};
    ck_assert_msg(scenario_load(&scenario, "tests/invalid/good.yaml", sets, 1, &err) == UND_OK,
                  "%s", err.text);
    ck_assert_uint_eq(dist->n_values, 3);
    ck_assert_int_eq(dist->values[0], 10000);
    ck_assert_int_eq(dist->values[1], 15000);
    ck_assert_int_eq(dist->values[2], 20000);
    scenario_fini(&scenario);
}
END_TEST

START_TEST(fleet_file_alone_is_a_fleet_and_a_scenario)
{
    static struct fleet fleet;
    struct und_err err = {0};
    ck_assert_int_eq(fleet_load(&fleet, "tests/invalid/chain-2.yaml", NULL, 0, &err), UND_OK);
    ck_assert_int_eq(fleet.n_hosts, 2);
    ck_assert_str_eq(fleet.path, "tests/invalid/good.yaml");
    fleet_fini(&fleet);
    ck_assert_int_eq(scenario_load(&scenario, "tests/invalid/good.yaml", NULL, 0, &err), UND_OK);
    ck_assert_str_eq(scenario.name, "good");
    scenario_fini(&scenario);
}
END_TEST

START_TEST(endless_csv_line_is_refused)
{
    static char text[10000];
    struct und_err err = {0};
    char set[200];
    const char *path, *sets[] = {set};
    memset(text, '1', sizeof text);
    path = temporary(text, sizeof text);
    snprintf(set, sizeof set, "fleet.workload.arrivals={kind: trace, file: %s}", path);
    ck_assert_int_eq(scenario_load(&scenario, "tests/invalid/good.yaml", sets, 1, &err), UND_USAGE);
    unlink(path);
    ck_assert_ptr_nonnull(strstr(err.text, ":1: the line is longer than 4096 bytes"));
}
END_TEST

START_TEST(shipped_scenario_loads)
{
    glob_t found;
    size_t i;
    ck_assert_int_eq(glob("scenarios/*.yaml", 0, NULL, &found), 0);
    ck_assert_uint_ge(found.gl_pathc, 17);
    for (i = 0; i < found.gl_pathc; i++) {
        struct und_err err = {0};
        ck_assert_msg(scenario_load(&scenario, found.gl_pathv[i], NULL, 0, &err) == UND_OK, "%s",
                      err.text);
        ck_assert_int_eq(scenario.fleet.hosts[0].slots, 8);
        scenario_fini(&scenario);
    }
    globfree(&found);
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

/* --- the schema --- */

static const json_t *property(const json_t *schema, const char *def, const char *key)
{
    const json_t *table = json_object_get(json_object_get(schema, "$defs"), def);
    const json_t *found = json_object_get(json_object_get(table, "properties"), key);
    ck_assert_msg(found != NULL, "%s.%s is not in the schema", def, key);
    return found;
}

/* Every $ref of `value` points at a definition; every property has a description. */
static void check_schema(const json_t *defs, const json_t *value)
{
    const char *key, *ref = json_string_value(json_object_get(value, "$ref"));
    json_t *below;
    size_t i;
    if (ref != NULL) {
        ck_assert_int_eq(strncmp(ref, "#/$defs/", 8), 0);
        ck_assert_msg(json_is_object(json_object_get(defs, ref + 8)), "%s is not defined", ref);
    }
    /* Rules (if, then ...) say things about properties that are described elsewhere. */
    if (json_is_string(json_object_get(value, "description")))
        json_object_foreach (json_object_get(value, "properties"), key, below)
            ck_assert_msg(json_is_string(json_object_get(below, "description")), "%s: no help",
                          key);
    json_object_foreach ((json_t *)value, key, below)
        check_schema(defs, below);
    json_array_foreach ((json_t *)value, i, below)
        check_schema(defs, below);
}

START_TEST(schema_knows_every_section_and_default)
{
    json_t *schema = loader_schema();
    ck_assert_str_eq(json_string_value(json_object_get(schema, "$schema")),
                     "https://json-schema.org/draft/2020-12/schema");
    ck_assert_str_eq(
        json_string_value(json_object_get(property(schema, "github", "lock"), "default")), "10min");
    ck_assert_str_eq(json_string_value(json_object_get(
                         json_object_get(property(schema, "github", "pickup"), "default"), "p95")),
                     "8s");
    ck_assert_int_eq(
        json_integer_value(json_object_get(property(schema, "host", "slots"), "maximum")), 256);
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(schema, "required"), 0)),
                     "fleet");
    property(schema, "rule", "keep_firing_for");
    property(schema, "DIST", "column");
    property(schema, "fault", "error_rate");
    property(schema, "expect", "quantile");
    property(schema, "guard", "max_failovers_per_hour");
    check_schema(json_object_get(schema, "$defs"), schema);
    json_decref(schema);
}
END_TEST

Suite *suite(void)
{
    Suite *loader = suite_create("loader");
    TCase *tests = tcase_create("loader");
    tcase_set_timeout(tests, 120); /* sanitizers are slow with 10 MB of garbage */
    tcase_add_loop_test(tests, invalid_file_is_refused_in_one_line, 0,
                        (int)(sizeof invalid / sizeof invalid[0]));
    tcase_add_loop_test(tests, first_of_all_errors_is_the_error, 0,
                        (int)(sizeof invalid / sizeof invalid[0]));
    tcase_add_test(tests, all_errors_are_told_and_none_that_follows);
    tcase_add_test(tests, ignored_alert_that_is_not_there_gets_a_hint);
    tcase_add_test(tests, garbage_fails_at_once);
    tcase_add_test(tests, least_fleet_has_the_documented_defaults);
    tcase_add_test(tests, github_is_the_real_one_unless_the_file_says_ideal);
    tcase_add_test(tests, evidence_beyond_the_document_is_off_unless_asked_for);
    tcase_add_test(tests, sections_that_are_there_bring_the_real_defaults);
    tcase_add_test(tests, short_scrape_interval_cuts_the_default_timeout);
    tcase_add_test(tests, faults_and_claims_and_expectations_are_read);
    tcase_add_test(tests, every_name_of_a_kind_reads_as_that_kind);
    tcase_add_test(tests, plain_mtbf_is_an_exponential_mean);
    tcase_add_test(tests, core_schema_not_yaml_1_1);
    tcase_add_test(tests, json_is_read_too);
    tcase_add_test(tests, aliases_are_copies);
    tcase_add_test(tests, overrides_reach_everything);
    tcase_add_test(tests, override_may_name_the_fleet_file);
    tcase_add_test(tests, bad_overrides_say_so);
    tcase_add_test(tests, trace_is_exact);
    tcase_add_test(tests, trace_starts_with_its_first_job);
    tcase_add_test(tests, no_name_steers_the_terminal);
    tcase_add_test(tests, empirical_fan_out_has_the_mean_of_its_weights);
    tcase_add_test(tests, empirical_values_come_sorted_from_their_column);
    tcase_add_test(tests, fleet_file_alone_is_a_fleet_and_a_scenario);
    tcase_add_test(tests, endless_csv_line_is_refused);
    tcase_add_test(tests, shipped_scenario_loads);
    tcase_add_test(tests, missing_file_and_folder_are_named);
    tcase_add_test(tests, schema_knows_every_section_and_default);
    suite_add_tcase(loader, tests);
    return loader;
}
