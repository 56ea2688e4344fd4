/* The pictures and the page: drawn by the real gnuplot, and what happens without one. */
#include "tests/support/helpers.h"
#include "tests/support/sample_result.h"

#include "reports/page/html.h"
#include "reports/plot/plot.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What gnuplot's enhanced mode, its backquotes and macros, XML and HTML would each mangle. */
#define NASTY "<a>&'\"`touch PWN`@e_f^{g}"

static struct sample_result made;
static struct und_err err;
static char *text;

static void setup(void)
{
    sample_result_failure(&made, "primary-hardware-failure");
    err = (struct und_err){0};
    text = NULL;
}

static void teardown(void)
{
    sample_result_fini(&made);
    free(text);
}

static void read_back(FILE *file)
{
    size_t length = (size_t)ftell(file);
    rewind(file);
    text = calloc(length + 1, 1);
    ck_assert_uint_eq(fread(text, 1, length, file), length);
    fclose(file);
}

static enum und_code draw(enum plot plot, enum plot_format format)
{
    FILE *out = tmpfile();
    enum und_code code = plot_print(out, &made.report, plot, format, &err);
    fseek(out, 0, SEEK_END);
    read_back(out);
    return code;
}

static void page(void)
{
    FILE *out = tmpfile();
    html_print(out, &made.report, 1, &err);
    read_back(out);
}

static int lint(void)
{
    char path[] = "/tmp/understudy-test-XXXXXX", line[128];
    int file = mkstemp(path), code;
    ck_assert_int_eq(write(file, text, strlen(text)), (ssize_t)strlen(text));
    close(file);
    snprintf(line, sizeof line, "xmllint --noout %s", path);
    code = system(line);
    unlink(path);
    return code;
}

static int occurrences(const char *what)
{
    const char *s = text;
    int n = 0;
    for (; (s = strstr(s, what)) != NULL; s++)
        n++;
    return n;
}

START_TEST(the_ecdf_shows_the_documented_times)
{
    ck_assert_msg(draw(PLOT_ECDF, PLOT_SVG) == UND_OK, "%s", err.text);
    ck_assert_int_eq(lint(), 0);
    ck_assert_ptr_nonnull(strstr(text, "documented 2:00"));
    ck_assert_ptr_nonnull(strstr(text, "documented 7:00"));
    ck_assert_ptr_nonnull(strstr(text, "IMPOSSIBLE"));
}
END_TEST

START_TEST(an_ecdf_without_claim_or_second_metric_is_drawn)
{
    made.scenario.documented.detection_ms = -1;
    free(made.result.samples[METRIC_RTO].value);
    made.result.samples[METRIC_RTO] = (struct samples){0};
    ck_assert_msg(draw(PLOT_ECDF, PLOT_SVG) == UND_OK, "%s", err.text);
    ck_assert_ptr_null(strstr(text, "documented"));
}
END_TEST

/* gnuplot's own names data blocks. */
START_TEST(a_screen_reader_gets_words)
{
    ck_assert_msg(draw(PLOT_ECDF, PLOT_SVG) == UND_OK, "%s", err.text);
    ck_assert_int_eq(lint(), 0);
    ck_assert_int_eq(occurrences("<title>"), 1);
    ck_assert_int_eq(occurrences("<desc>"), 1);
    ck_assert_ptr_null(strstr(text, "$curve"));
    ck_assert_ptr_nonnull(strstr(text, "<desc>detection: IMPOSSIBLE, never below"));
    ck_assert_ptr_nonnull(strstr(text, "role=\"img\""));
    free(text);
    ck_assert_msg(draw(PLOT_STRIP, PLOT_SVG) == UND_OK, "%s", err.text);
    ck_assert_ptr_nonnull(strstr(text, "<desc>2 hosts: fault (at 1:00:00); "));
}
END_TEST

/* What is missing stands beside n, and the curve ends where nothing is known. */
START_TEST(the_ecdf_says_what_was_not_over)
{
    struct samples *samples = &made.result.samples[METRIC_DETECTION];
    size_t i;
    samples->censored = calloc(300, sizeof *samples->censored);
    samples->n_censored = 300;
    for (i = 0; i < 300; i++)
        samples->censored[i] = 170000;
    ck_assert_msg(draw(PLOT_ECDF, PLOT_SVG) == UND_OK, "%s", err.text);
    ck_assert_ptr_nonnull(strstr(text, "300 not over"));
}
END_TEST

START_TEST(a_strip_without_a_fault_claims_none)
{
    char caption[512];
    size_t i;
    plot_caption(&made.report, PLOT_STRIP, caption, sizeof caption);
    ck_assert_ptr_nonnull(strstr(caption, "alerts around the first fault"));
    for (i = 0; i < made.result.timeline.n; i++)
        made.result.timeline.entry[i].mark = MARK_NONE;
    plot_caption(&made.report, PLOT_STRIP, caption, sizeof caption);
    ck_assert_ptr_null(strstr(caption, "fault"));
}
END_TEST

/* A line of the drawing that begins at x does not end beyond the picture. */
START_TEST(no_line_of_the_ecdf_is_cut_off)
{
    const double picture_px = 900, char_px = 7.1; /* of DejaVu Sans, which is wide */
    struct quantity *rto = &made.result.metric[METRIC_RTO];
    const char *s;
    int lines = 0;
    made.result.samples[METRIC_RTO].never = 15480;
    made.result.samples[METRIC_DETECTION].never = 15480;
    rto->p50 = rto->p95 = rto->max = 3.6e8; /* 100 hours */
    ck_assert_msg(draw(PLOT_ECDF, PLOT_SVG) == UND_OK, "%s", err.text);
    for (s = text; (s = strstr(s, "<g transform=\"translate(")) != NULL; s++) {
        double x = strtod(s + strlen("<g transform=\"translate("), NULL);
        const char *words = strstr(s, "<text>"), *start = strstr(s, "text-anchor=\"start\"");
        if (!words || !start || start > words)
            continue; /* centred, or none */
        words += strlen("<text>");
        ck_assert_msg(x + char_px * (double)strcspn(words, "<") < picture_px, "%.*s",
                      (int)strcspn(words, "<"), words);
        lines++;
    }
    ck_assert_int_ge(lines, 6);
}
END_TEST

/* Another host's alert, at another host's fault, is none of this one's; nor is a host of which
 * nothing is online a serving one. */
START_TEST(a_strip_marks_only_what_follows_from_its_fault)
{
    struct timeline *t = &made.result.timeline;
    int64_t hour = 3600000;
    int other;
    timeline_fini(t);
    timeline_init(t);
    timeline_add(t, hour, -1, 0, MARK_FAULT, "service-stop");
    other = timeline_add(t, hour + 60000, -1, 1, MARK_FAULT, "cpu-stress");
    timeline_add(t, hour + 464000, other, 1, MARK_FIRING, "alert");
    timeline_add(t, hour + 600000, 0, 0, MARK_FULL, "full");
    timeline_point(t, (struct timeline_point){.at_ms = 0, .host = 0, .phase = 0, .online = 8});
    timeline_point(t, (struct timeline_point){.at_ms = 0, .host = 1, .phase = 0, .online = 4});
    timeline_point(t, (struct timeline_point){.at_ms = hour, .host = 0, .phase = 0, .online = 0});
    timeline_point(t, (struct timeline_point){.at_ms = hour + 600000, .host = 0, .online = 8});
    timeline_point(t, (struct timeline_point){.at_ms = hour + 700000, .host = -1});
    ck_assert_msg(draw(PLOT_STRIP, PLOT_SVG) == UND_OK, "%s", err.text);
    ck_assert_ptr_null(strstr(text, "alert firing"));
    ck_assert_ptr_nonnull(strstr(text, "fault 2 +1:00"));
    ck_assert_ptr_nonnull(strstr(text, ">offline<"));
}
END_TEST

/* A host that has not all of its slots back is neither drained nor serving, to the end of the
 * picture: in its band, and in the legend where the band is narrow. */
START_TEST(a_host_that_still_ramps_is_marked)
{
    struct timeline *t = &made.result.timeline;
    int64_t hour = 3600000, minute = 60000;
    timeline_fini(t);
    timeline_init(t);
    timeline_add(t, hour, -1, 0, MARK_FAULT, "service-stop");
    timeline_add(t, hour + 10 * minute, 0, 0, MARK_ROUTING, "routed");
    timeline_add(t, hour + 40 * minute, 0, 0, MARK_FAILBACK, "ramp");
    timeline_point(t, (struct timeline_point){.at_ms = 0, .host = 0, .phase = 0, .online = 8});
    timeline_point(
        t, (struct timeline_point){.at_ms = hour + 10 * minute, .host = 0, .phase = PHASE_DRAINED});
    timeline_point(t, (struct timeline_point){.at_ms = hour + 40 * minute,
                                              .host = 0,
                                              .phase = PHASE_RAMPING,
                                              .online = 8,
                                              .admitted = 2});
    timeline_point(t, (struct timeline_point){.at_ms = 2 * hour, .host = -1});
    ck_assert_msg(draw(PLOT_STRIP, PLOT_SVG) == UND_OK, "%s", err.text);
    ck_assert_ptr_nonnull(strstr(text, "failback +40:00"));
    ck_assert_ptr_null(strstr(text, "full capacity"));
    ck_assert_int_ge(occurrences("rgb(120, 172, 224)"), 2); /* band, legend */
    ck_assert_int_ge(occurrences(">ramping<"), 1);
}
END_TEST

START_TEST(equal_samples_make_a_step)
{
    made.scenario.documented.detection_ms = made.scenario.documented.rto_ms = -1;
    for (size_t i = 0; i < made.result.samples[METRIC_DETECTION].n; i++)
        made.result.samples[METRIC_DETECTION].value[i] = 0;
    for (size_t i = 0; i < made.result.samples[METRIC_RTO].n; i++)
        made.result.samples[METRIC_RTO].value[i] = 3 * 3600 * 1000;
    ck_assert_msg(draw(PLOT_ECDF, PLOT_SVG) == UND_OK, "%s", err.text);
    ck_assert_ptr_nonnull(strstr(text, ">0:01<"));
    ck_assert_ptr_nonnull(strstr(text, ">2:59:59<"));
}
END_TEST

START_TEST(the_strip_names_every_mark_with_its_time)
{
    static const char *const labels[] = {
        "fault (at 1:00:00)", "alert pending +0:43", "alert firing +2:43", "detected +3:13",
        "decision +8:13",     "routed +8:22",        "first job +8:25",    "repaired +30:00",
        "failback +35:00",    "full capacity +45:00"};
    ck_assert_msg(draw(PLOT_STRIP, PLOT_SVG) == UND_OK, "%s", err.text);
    ck_assert_int_eq(lint(), 0);
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
        ck_assert_msg(strstr(text, labels[i]) != NULL, "%s", labels[i]);
    ck_assert_ptr_nonnull(strstr(text, "dell-r640-01-runner"));
}
END_TEST

START_TEST(a_timeline_without_fault_is_drawn_from_the_start)
{
    made.result.timeline.n = 1;
    made.result.timeline.entry[0].mark = MARK_NONE;
    ck_assert_msg(draw(PLOT_STRIP, PLOT_SVG) == UND_OK, "%s", err.text);
    ck_assert_ptr_nonnull(strstr(text, "time since the start (h:min)"));
    ck_assert_int_eq(occurrences(">serving<"), 4); /* before and after, the other host, legend */
}
END_TEST

START_TEST(png_is_png)
{
    ck_assert_msg(draw(PLOT_STRIP, PLOT_PNG) == UND_OK, "%s", err.text);
    ck_assert_int_eq(memcmp(text, "\x89PNG", 4), 0);
}
END_TEST

START_TEST(nothing_in_a_host_name_is_interpreted)
{
    strcpy(made.scenario.fleet.hosts[0].name, NASTY);
    unlink("PWN");
    ck_assert_msg(draw(PLOT_STRIP, PLOT_SVG) == UND_OK, "%s", err.text);
    ck_assert_msg(access("PWN", F_OK) != 0, "gnuplot ran a command from a host's name");
    ck_assert_int_eq(lint(), 0);
    ck_assert_ptr_nonnull(strstr(text, "&lt;a>&amp;'\"`touch PWN`@e_f^{g"));
}
END_TEST

START_TEST(the_page_is_well_formed_and_self_contained)
{
    page();
    ck_assert_int_eq(err.code, UND_OK);
    ck_assert_int_eq(lint(), 0);
    ck_assert_int_eq(occurrences("<svg"), 2);
    ck_assert_int_eq(occurrences("<script"), 0);
    ck_assert_int_eq(occurrences("src="), 0);
    ck_assert_int_eq(occurrences(" id=\"gnuplot_"), 0);
    ck_assert_ptr_nonnull(strstr(text, "understudy sim scenarios/made-up.yaml --seed 1"));
}
END_TEST

START_TEST(nasty_names_are_escaped_on_the_page)
{
    strcpy(made.scenario.name, NASTY);
    strcpy(made.scenario.about, NASTY);
    strcpy(made.scenario.fleet.hosts[0].name, NASTY);
    page();
    ck_assert_int_eq(lint(), 0);
    ck_assert_int_eq(occurrences("<a>"), 0);
    ck_assert_int_ge(occurrences("&lt;a&gt;&amp;&#39;&quot;`touch PWN`@e_f^{g}"), 2);
}
END_TEST

START_TEST(a_missing_gnuplot_costs_the_plots_and_nothing_else)
{
    char *path = strdup(getenv("PATH"));
    setenv("PATH", "/nonexistent", 1);
    page();
    setenv("PATH", path, 1);
    free(path);
    ck_assert_int_eq(err.code, UND_SERVICE);
    ck_assert_str_eq(err.text, "gnuplot: not found");
    ck_assert_int_eq(occurrences("<figure"), 0);
    ck_assert_int_eq(occurrences("IMPOSSIBLE"), 3);
    ck_assert_int_eq(lint(), 0);
}
END_TEST

/* A gnuplot that reads nothing, says why, and fails. */
START_TEST(a_gnuplot_that_fails_costs_the_plots_and_nothing_else)
{
    char folder[] = "/tmp/understudy-test-XXXXXX", program[64];
    char *path = strdup(getenv("PATH"));
    struct stat runs;
    FILE *file;
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(program, sizeof program, "%s/gnuplot", folder);
    file = fopen(program, "w");
    fprintf(file, "#!/bin/sh\necho x >>%s/runs\necho 'no such terminal' >&2\nexit 3\n", folder);
    fclose(file);
    chmod(program, 0755);
    setenv("PATH", folder, 1);
    page();
    setenv("PATH", path, 1);
    free(path);
    unlink(program);
    snprintf(program, sizeof program, "%s/runs", folder);
    ck_assert_int_eq(stat(program, &runs), 0);
    ck_assert_msg(runs.st_size == 2, "tried again, though the first plot had failed");
    unlink(program);
    rmdir(folder);
    ck_assert_int_eq(err.code, UND_SERVICE);
    ck_assert_str_eq(err.text, "gnuplot: failed: no such terminal");
    ck_assert_int_eq(occurrences("<figure"), 0);
    ck_assert_int_eq(lint(), 0);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("plot");
    TCase *c = tcase_create("plot");
    tcase_set_timeout(c, 60); /* sanitizers and a busy machine */
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, the_ecdf_shows_the_documented_times);
    tcase_add_test(c, an_ecdf_without_claim_or_second_metric_is_drawn);
    tcase_add_test(c, equal_samples_make_a_step);
    tcase_add_test(c, a_screen_reader_gets_words);
    tcase_add_test(c, the_ecdf_says_what_was_not_over);
    tcase_add_test(c, no_line_of_the_ecdf_is_cut_off);
    tcase_add_test(c, a_strip_without_a_fault_claims_none);
    tcase_add_test(c, a_strip_marks_only_what_follows_from_its_fault);
    tcase_add_test(c, a_host_that_still_ramps_is_marked);
    tcase_add_test(c, the_strip_names_every_mark_with_its_time);
    tcase_add_test(c, a_timeline_without_fault_is_drawn_from_the_start);
    tcase_add_test(c, png_is_png);
    tcase_add_test(c, nothing_in_a_host_name_is_interpreted);
    tcase_add_test(c, the_page_is_well_formed_and_self_contained);
    tcase_add_test(c, nasty_names_are_escaped_on_the_page);
    tcase_add_test(c, a_missing_gnuplot_costs_the_plots_and_nothing_else);
    tcase_add_test(c, a_gnuplot_that_fails_costs_the_plots_and_nothing_else);
    suite_add_tcase(s, c);
    return s;
}
