/* Runs Prometheus' own test scripts: promqltest [--prometheus 2|3] FILE... */
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

int main(int argc, char **argv)
{
    enum promql_version version = PROMQL_2;
    struct script_result result = {0, 0};
    int first = 1;
    if (argc > 2 && strcmp(argv[1], "--prometheus") == 0) {
        version = argv[2][0] == '3' ? PROMQL_3 : PROMQL_2;
        first = 3;
    }
    if (first >= argc) {
        fputs("usage: promqltest [--prometheus 2|3] FILE...\n", stderr);
        return 2;
    }
    for (int i = first; i < argc; i++) {
        char *text = read_file(argv[i]);
        if (!text) {
            fprintf(stderr, "promqltest: %s: cannot be read\n", argv[i]);
            return 2;
        }
        promql_script_run(argv[i], text, version, &result, stdout);
        free(text);
    }
    printf("%d passed, %d failed\n", result.passed, result.failed);
    return result.failed > 0;
}
