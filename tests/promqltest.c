/* Runs Prometheus' own test scripts: promqltest [--version 2.42|2.55|2|3] FILE... */
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
        "usage: promqltest [--version 2.42|2.55|2|3] FILE...",
        "Runs Prometheus' own test scripts: a line for each failure, \"N passed, M failed\" at the",
        "end. A script does not say which version it is of: without --version it runs as the one",
        "among 2.42, 2.55 and 3 under which least of it fails, with 2 as one of the former two;",
        "stderr names it. Of equal ones it is 3 if the script has expect, eval_warn, eval_info or",
        "load_with_nhcb, else the oldest. Version 3 has all its feature flags on, as in its own",
        "tests.",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        fprintf(out, "%s\n", lines[i]);
}

struct choice {
    const char *word;
    enum promql_version first, last;
};

/* NULL if no version is called like that. */
static const struct choice *find_choice(const char *word)
{
    static const struct choice choices[] = {{"", PROMQL_2, PROMQL_3},
                                            {"2", PROMQL_2, PROMQL_2_LAST},
                                            {"2.42", PROMQL_2, PROMQL_2},
                                            {"2.55", PROMQL_2_LAST, PROMQL_2_LAST},
                                            {"3", PROMQL_3, PROMQL_3}};
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        if (strcmp(choices[i].word, word) == 0)
            return &choices[i];
    }
    return NULL;
}

int main(int argc, char **argv)
{
    struct script_result result = {0, 0};
    const struct choice *choice = find_choice("");
    int first = 1;
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        help(stdout);
        return 0;
    }
    if (argc > 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "--prometheus") == 0)) {
        choice = find_choice(argv[2]);
        first = 3;
    }
    if (first >= argc || !choice || argv[first][0] == '-') {
        help(stderr);
        return 2;
    }
    for (int i = first; i < argc; i++) {
        char *text = read_file(argv[i]);
        enum promql_version version;
        if (!text) {
            fprintf(stderr, "promqltest: %s: cannot be read\n", argv[i]);
            return 2;
        }
        version = promql_script_version(text, choice->first, choice->last);
        if (choice->first != choice->last)
            fprintf(stderr, "promqltest: %s: as version %s\n", argv[i],
                    promql_script_version_word(version));
        promql_script_run(argv[i], text, version, &result, stdout);
        free(text);
    }
    printf("%d passed, %d failed\n", result.passed, result.failed);
    return result.failed > 0;
}
