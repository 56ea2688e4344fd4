/* Runs Prometheus' own test scripts: promqltest [--version 2|3] FILE... */
#include "tests/support/promql_script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t size = 0;
    if (!file || getdelim(&text, &size, '\0', file) < 0) {
        free(text);
        text = file && !ferror(file) ? strdup("") : NULL;
    }
    if (file)
        fclose(file);
    return text;
}

static void help(FILE *out)
{
    static const char *const lines[] = {
        "usage: promqltest [--version 2|3] FILE...",
        "Runs Prometheus' own test scripts: a line for each failure, \"N passed, M failed\" at the",
        "end. Without --version each script runs as the version under which less of it fails, "
        "which",
        "stderr names; of equal ones as 3 if it has expect, eval_warn, eval_info or "
        "load_with_nhcb.",
        "Version 3 has all its feature flags on, as in its own tests.",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        fprintf(out, "%s\n", lines[i]);
}

int main(int argc, char **argv)
{
    struct script_result result = {0, 0};
    int first = 1, given = 0;
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        help(stdout);
        return 0;
    }
    if (argc > 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "--prometheus") == 0)) {
        given = strcmp(argv[2], "2") == 0 ? 2 : strcmp(argv[2], "3") == 0 ? 3 : -1;
        first = 3;
    }
    if (first >= argc || given < 0 || argv[first][0] == '-') {
        help(stderr);
        return 2;
    }
    for (int i = first; i < argc; i++) {
        char *text = read_file(argv[i]);
        enum promql_version version = given == 3 ? PROMQL_3 : PROMQL_2;
        if (!text) {
            fprintf(stderr, "promqltest: %s: cannot be read\n", argv[i]);
            return 2;
        }
        if (!given) {
            version = promql_script_version(text);
            fprintf(stderr, "promqltest: %s: as version %d\n", argv[i],
                    version == PROMQL_2 ? 2 : 3);
        }
        promql_script_run(argv[i], text, version, &result, stdout);
        free(text);
    }
    printf("%d passed, %d failed\n", result.passed, result.failed);
    return result.failed > 0;
}
