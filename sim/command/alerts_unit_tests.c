#include "alerts_unit_tests.h"

#include "reports/text/text.h"
#include "sim/rules/alerts_test.h"

#include <stdio.h>

/* Of names and labels that may be anything. */
static void print_line(const char *before, const char *text, const char *after)
{
    fputs(before, stdout);
    text_lines(stdout, text);
    fputs(after, stdout);
}

static void print_verdict(const char *path, bool good, const json_t *failures,
                          const json_t *warnings)
{
    size_t i;
    json_t *text;
    printf("Unit Testing:  %s\n", path);
    json_array_foreach ((json_t *)warnings, i, text)
        print_line("  WARNING: ", json_string_value(text), "\n");
    printf("  %s\n", good ? "SUCCESS" : "FAILED:");
    json_array_foreach ((json_t *)failures, i, text)
        print_line("", json_string_value(text), "\n\n");
    putchar('\n');
}

enum und_code alerts_unit_tests(enum promql_version version, bool json, char *const *paths, int n)
{
    json_t *files = json_array();
    bool all = true;
    for (int i = 0; i < n; i++) {
        json_t *failures = json_array(), *warnings = json_array();
        bool good = alerts_test_file(paths[i], version, failures, warnings);
        all &= good;
        if (!json)
            print_verdict(paths[i], good, failures, warnings);
        json_array_append_new(files, json_pack("{s:s, s:b, s:o, s:o}", "file", paths[i], "passed",
                                               good, "failures", failures, "warnings", warnings));
    }
    if (json) {
        json_t *output = json_pack("{s:i, s:O}", "version", 1, "files", files);
        json_dumpf(output, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(output);
    }
    json_decref(files);
    return all ? UND_OK : UND_FAILED;
}
