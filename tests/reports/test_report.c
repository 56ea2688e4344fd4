/* Pages of runs: what a result holds is told, whoever made it; what it does not hold breaks
 * nothing, and nothing in it becomes markup. */
#include "reports/run/run.h"
#include "reports/store/store.h"
#include "tests/support/helpers.h"
#include "tests/support/shell.h"
#include "tests/support/temporary.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[256];
static struct und_err err;
static struct run *run;
static char *text;
static size_t size;

static void setup(void)
{
    snprintf(path, sizeof path, "%s", temporary_file("", 0));
    err = (struct und_err){0};
    run = calloc(1, sizeof *run);
    text = NULL;
}

static void teardown(void)
{
    unlink(path);
    free(run);
    free(text);
}

static void ck_says(const char *words)
{
    ck_assert_msg(strstr(text, words) != NULL, "no \"%s\" in:\n%.3000s", words, text);
}

static void ck_silent(const char *words)
{
    ck_assert_msg(strstr(text, words) == NULL, "\"%s\" in:\n%.3000s", words, strstr(text, words));
}

static void print(const json_t *json, bool html)
{
    struct und_err no_plots = {.code = UND_SERVICE};
    free(text);
    ck_assert_msg(run_read(run, json, NULL, "here", &err) == UND_OK, "%s", err.text);
    if (html)
        HELPER_CAPTURE(text, size, run_print_html(out, run, 1, &no_plots));
    else
        HELPER_CAPTURE(text, size, run_print_markdown(out, run, 1));
}

static json_t *golden(void)
{
    json_t *json = json_load_file("tests/golden/drill.json", 0, NULL);
    ck_assert_ptr_nonnull(json);
    return json;
}

START_TEST(a_drill_tells_what_was_done_and_what_came_of_it_first)
{
    json_t *json = golden();
    const char *verdict, *timeline;
    print(json, true);
    ck_says("A drill was carried out by ada");
    ck_says("1 was kept; not kept: detection (MTTD) 3:02 instead of 2:00, failover 5:10 instead of "
            "5:00; all that was done has been undone.");
    verdict = strstr(text, "Every measure fell inside");
    timeline = strstr(text, "Timeline");
    ck_assert(verdict && timeline && verdict < timeline);
    ck_says("ada, by --yes on the command line");
    ck_says("switch off dell-r640-01-runner: undone after 8:22");
    ck_says("--rehearse --seed 1 --replications 400");
    json_decref(json);
}
END_TEST

START_TEST(evidence_is_shown_with_its_moment_and_its_source)
{
    json_t *json = golden();
    json_object_set_new(json, "evidence",
                        json_pack("[{s:s, s:s, s:s}]", "at", "2026-11-29T07:05:00Z", "source",
                                  "stop it: noted with it", "text", "exit 0: ```stopped```"));
    print(json, true);
    ck_says("2026-11-29T07:05:00Z, stop it: noted with it");
    ck_says("exit 0: ```stopped```");
    print(json, false);
    ck_says("exit 0: '''stopped'''"); /* nothing in it ends the block */
    json_decref(json);
}
END_TEST

START_TEST(what_is_left_is_told_before_the_timeline)
{
    json_t *json = golden();
    json_object_set_new(json, "undone", json_false());
    json_object_set_new(json, "left",
                        json_pack("[{s:i, s:s, s:s}]", "step", 7, "what", "the runner service",
                                  "by_hand", "systemctl start runner"));
    print(json, true);
    ck_says("NOT everything could be undone");
    ck_says("step 7, the runner service");
    ck_assert(strstr(text, "systemctl start runner") < strstr(text, "Timeline"));
    print(json, false);
    ck_says("step 7, the runner service");
    json_decref(json);
}
END_TEST

START_TEST(a_drill_that_is_open_to_its_end_says_so_by_an_arrow)
{
    json_t *json = golden();
    struct und_err plots = {0};
    ck_assert_int_eq(run_read(run, json, NULL, "here", &err), UND_OK);
    HELPER_CAPTURE(text, size, run_print_html(out, run, 1, &plots));
    ck_assert_msg(plots.code == UND_OK, "%s", plots.text);
    ck_says("<figure><svg aria-label=\"What happened");
    ck_says("jobs recovered: foretold 36:24");
    ck_says("detection (MTTD): foretold 2:30 (1:45..3:17), documented 2:00, measured 3:02");
    json_decref(json);
}
END_TEST

/* Every text of the result, whatever its key. */
static void poison(json_t *json, const char *with)
{
    const char *key;
    json_t *value;
    size_t i;
    void *next;
    if (json_is_array(json))
        json_array_foreach (json, i, value) {
            if (json_is_string(value))
                json_array_set_new(json, i, json_string(with));
            else
                poison(value, with);
        }
    if (json_is_object(json))
        json_object_foreach_safe(json, next, key, value)
        {
            if (json_is_string(value) && strcmp(key, "began") != 0)
                json_object_set_new(json, key, json_string(with));
            else
                poison(value, with);
        }
}

/* Whatever stands in a block of code is shown as it is. */
static void blank_code(void)
{
    char *at = text;
    bool inside = false;
    for (; *at; at++)
        if (strncmp(at, "```", 3) == 0 && (at == text || at[-1] == '\n'))
            inside = !inside;
        else if (inside)
            *at = '.';
}

START_TEST(no_text_of_a_result_becomes_markup)
{
    static const char evil[] = "<script>alert(1)</script>\"'&\x1b[31m\n# [x](y) |\n```";
    json_t *json = golden();
    json_object_set_new(json, "evidence",
                        json_pack("[{s:s, s:s, s:s}]", "at", "a", "source", "b", "text", "c"));
    json_object_set_new(json, "left",
                        json_pack("[{s:i, s:s, s:s}]", "step", 7, "what", "a", "by_hand", "b"));
    poison(json, evil);
    print(json, true);
    ck_silent("<script");
    ck_silent("\x1b");
    print(json, false);
    ck_silent("\x1b");
    blank_code();
    ck_silent("\n<script");
    ck_silent("\n# [x]");
    ck_silent(" [x](y)");
    json_decref(json);
}
END_TEST

/* Each key gone, and each of another type. */
START_TEST(what_is_missing_or_mistyped_breaks_nothing)
{
    json_t *whole = golden(), *value;
    const char *key;
    json_object_foreach (whole, key, value) {
        json_t *less = json_deep_copy(whole), *odd = json_deep_copy(whole);
        json_object_del(less, key);
        json_object_set_new(odd, key, json_pack("[[i], {s:n}, s, n]", 1, "a", "b"));
        if (strcmp(key, "measures") == 0) {
            ck_assert_int_eq(run_read(run, less, NULL, "here", &err), UND_USAGE);
            ck_assert_ptr_nonnull(strstr(err.text, "here: got JSON that is no result"));
            err = (struct und_err){0};
        } else {
            print(less, true);
            print(less, false);
            print(odd, true);
            print(odd, false);
        }
        json_decref(less);
        json_decref(odd);
    }
    json_decref(whole);
}
END_TEST

START_TEST(an_incident_tells_its_moments)
{
    json_t *json = json_pack("{s:i, s:s, s:b, s:b, s:b, s:s, s:s, s:s, s:s, s:s, s:[{s:s, s:s}]}",
                             "id", 3, "host", "one", "open", 0, "dismissed", 0, "expected", 0,
                             "began", "2026-11-29T07:00:00Z", "detected", "2026-11-29T07:02:00Z",
                             "routed", "2026-11-29T07:02:30Z", "restored", "2026-11-29T07:03:00Z",
                             "full", "2026-11-29T08:00:00Z", "timeline", "at",
                             "2026-11-29T07:02:00Z", "what", "policy: detected");
    ck_assert_ptr_nonnull(json);
    print(json, false);
    ck_says("one was in trouble from 2026-11-29T07:00:00Z to 2026-11-29T08:00:00Z");
    ck_says("detection (MTTD) 2:00, failover 0:30, service restored (RTO) 3:00, full capacity "
            "(MTTR) 1:00:00.");
    ck_says("2:00  policy: detected");
    json_decref(json);
}
END_TEST

/* ---- the command ---- */

START_TEST(a_stored_run_is_reported_by_its_number)
{
    ck_assert_int_eq(shell_run(&text,
                               "$PROGRAM sim scenarios/primary-os-crash.yaml --replications 20 "
                               "--no-documented --store %s >%s.out; $PROGRAM report 1 --store "
                               "%s && rm %s.out",
                               path, path, path, path),
                     UND_OK);
    ck_says("## simulation: primary-os-crash");
    ck_says("This was simulated 20 times with seed 1 on 20");
    ck_says("### Timeline"); /* what is stored is traced */
    ck_says("os-crash");
    ck_says("understudy sim scenarios/primary-os-crash.yaml --seed 1 --replications 20");
    ck_says("fleet hash ");
}
END_TEST

START_TEST(a_page_is_one_file_without_script_that_xml_can_read)
{
    ck_assert_int_eq(shell_run(&text,
                               "$PROGRAM sim scenarios/primary-os-crash.yaml --replications 20 "
                               "--no-documented --format json | $PROGRAM report - "
                               "tests/golden/drill.json --html %s && xmllint --noout %s && cat %s",
                               path, path, path),
                     UND_OK);
    ck_says("Report of 2 runs");
    ck_says("<svg");
    ck_says("@media print");
    ck_silent("<script");
    ck_silent("<link");
    ck_silent(" src=");
}
END_TEST

START_TEST(results_of_a_folder_are_told_one_by_one)
{
    ck_assert_int_eq(shell_run(&text, "$PROGRAM report tests/golden/sim.json"), UND_OK);
    ck_says("simulation: primary-hardware-failure");
    ck_says("scenarios/broken.yaml:3: hosts: got \"none\", want a list");
    ck_says("| detection | 2:00 | IMPOSSIBLE | holds in 0% (0% to 0.37%) |");
}
END_TEST

START_TEST(what_cannot_be_reported_is_named)
{
    static const struct {
        const char *line, *says;
    } cases[] = {
        {"1", "got run 1 and no store, want --store FILE or UNDERSTUDY_STORE"},
        {"0 --store %s", "got run 0, want a number from 1 on"},
        {"99999999999999999999 --store %s", "want a number from 1 on"},
        {"7 --store %s", "there is no run 7; `understudy history` lists them"},
        {"/no/such/file", "/no/such/file"},
        {"README.md", "README.md:1: "},
        {"tests/golden/drill.json tests/golden/drill.json --html /no/such/x", "/no/such/x: cannot"},
        {"/dev/null", "/dev/null:1: "},
    };
    struct record record = {.kind = RECORD_SIM, .detail = json_object()};
    size_t i;
    ck_assert_int_eq(store_add(path, &record, 1, &err), UND_OK);
    json_decref(record.detail);
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[512];
        snprintf(line, sizeof line, cases[i].line, path); // NOLINT: of the table above
        free(text);
        ck_assert_int_eq(
            shell_run(&text, "unset UNDERSTUDY_STORE; $PROGRAM report %s 2>&1 >/dev/null", line),
            UND_USAGE);
        ck_says(cases[i].says);
    }
    free(text);
    ck_assert_int_eq(shell_run(&text, "$PROGRAM report 1 --store %s 2>&1", path), UND_USAGE);
    ck_says("run 1: got JSON that is no result");
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("report");
    TCase *tc = tcase_create("report");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, a_drill_tells_what_was_done_and_what_came_of_it_first);
    tcase_add_test(tc, evidence_is_shown_with_its_moment_and_its_source);
    tcase_add_test(tc, what_is_left_is_told_before_the_timeline);
    tcase_add_test(tc, a_drill_that_is_open_to_its_end_says_so_by_an_arrow);
    tcase_add_test(tc, no_text_of_a_result_becomes_markup);
    tcase_add_test(tc, what_is_missing_or_mistyped_breaks_nothing);
    tcase_add_test(tc, an_incident_tells_its_moments);
    tcase_add_test(tc, a_stored_run_is_reported_by_its_number);
    tcase_add_test(tc, a_page_is_one_file_without_script_that_xml_can_read);
    tcase_add_test(tc, results_of_a_folder_are_told_one_by_one);
    tcase_add_test(tc, what_cannot_be_reported_is_named);
    suite_add_tcase(s, tc);
    return s;
}
