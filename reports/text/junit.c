#include "junit.h"

#include "table.h"
#include "text.h"

#include <math.h>
#include <stdlib.h>

struct counts {
    int tests, failures, errors;
    double seconds;
};

static struct counts count(const struct report *report)
{
    struct counts counts = {.seconds = isfinite(report->elapsed_s) ? report->elapsed_s : 0};
    int i;
    if (report->result == NULL) {
        counts.tests = counts.errors = 1;
        return counts;
    }
    counts.tests = report->result->n_verdicts > 0 ? report->result->n_verdicts : 1;
    for (i = 0; i < report->result->n_verdicts; i++)
        counts.failures += !report->result->verdicts[i].pass;
    return counts;
}

static void attribute(FILE *out, const char *key, const char *value)
{
    fprintf(out, " %s=\"", key);
    text_xml(out, value);
    fputc('"', out);
}

static void print_counts(FILE *out, const struct counts *counts)
{
    fprintf(out, " tests=\"%d\" failures=\"%d\" errors=\"%d\" skipped=\"0\" time=\"%.3f\"",
            counts->tests, counts->failures, counts->errors, counts->seconds);
}

/* One simulation serves all expectations of a scenario, so each has an equal part of its time. */
static void open_case(FILE *out, const struct report *report, const struct counts *counts,
                      const char *name)
{
    fputs("    <testcase", out);
    attribute(out, "classname", report->path);
    attribute(out, "name", name);
    fprintf(out, " time=\"%.3f\"", counts->seconds / counts->tests);
}

static void reproduce(FILE *out, const struct report *report)
{
    char *line = NULL;
    size_t size;
    FILE *memory = open_memstream(&line, &size);
    if (memory == NULL)
        return;
    report_reproduce(memory, report);
    fclose(memory);
    text_xml(out, line);
    free(line);
}

static void print_case(FILE *out, const struct report *report, const struct counts *counts,
                       const struct verdict *verdict)
{
    char name[FACET_NAME + 64], text[FACET_NAME + 300], limit[TEXT_VALUE], place[TEXT_VALUE];
    snprintf(name, sizeof name, "%s %s %s %s", verdict->statistic, verdict_name(verdict),
             verdict->op, text_metric(limit, verdict_reads_as(verdict), verdict->limit));
    open_case(out, report, counts, name);
    if (verdict->pass) {
        fputs("/>\n", out);
        return;
    }
    table_expectation(verdict, text, sizeof text);
    fputs(">\n      <failure type=\"expectation\"", out);
    attribute(out, "message", text);
    fputc('>', out);
    snprintf(place, sizeof place, ":%d: ", verdict->line);
    text_xml(out, report->path);
    text_xml(out, place);
    text_xml(out, text);
    fputc('\n', out);
    reproduce(out, report);
    fputs("</failure>\n    </testcase>\n", out);
}

static void print_suite(FILE *out, const struct report *report)
{
    struct counts counts = count(report);
    char name[3 * FLEET_NAME];
    int i;
    report_name(name, sizeof name, report);
    fputs("  <testsuite", out);
    attribute(out, "name", name);
    print_counts(out, &counts);
    fputs(">\n", out);
    if (report->result == NULL) {
        open_case(out, report, &counts, "runs");
        fputs(">\n      <error type=\"input\"", out);
        attribute(out, "message", report->error);
        fputs("/>\n    </testcase>\n", out);
    } else if (report->result->n_verdicts == 0) {
        open_case(out, report, &counts, "runs with every invariant held");
        fputs("/>\n", out);
    } else {
        for (i = 0; i < report->result->n_verdicts; i++)
            print_case(out, report, &counts, &report->result->verdicts[i]);
    }
    fputs("  </testsuite>\n", out);
}

void junit_print(FILE *out, const struct report *reports, int n)
{
    struct counts all = {0};
    int i;
    for (i = 0; i < n; i++) {
        struct counts counts = count(&reports[i]);
        all.tests += counts.tests;
        all.failures += counts.failures;
        all.errors += counts.errors;
        all.seconds += counts.seconds;
    }
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"understudy\"", out);
    print_counts(out, &all);
    fputs(">\n", out);
    for (i = 0; i < n; i++)
        print_suite(out, &reports[i]);
    fputs("</testsuites>\n", out);
}
