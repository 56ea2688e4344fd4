#include "helpers.h"

#include <gsl/gsl_errno.h>
#include <stdlib.h>
#include <string.h>

static char *read_all(const char *path)
{
    char *text = NULL, chunk[4096];
    size_t size, n;
    FILE *file = fopen(path, "r"), *out;
    if (file == NULL)
        return NULL;
    out = open_memstream(&text, &size);
    ck_assert_ptr_nonnull(out);
    while ((n = fread(chunk, 1, sizeof chunk, file)) > 0)
        fwrite(chunk, 1, n, out);
    fclose(file);
    fclose(out);
    return text;
}

static void update(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_msg(file != NULL, "%s: cannot be written", path);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

void helper_golden(const char *name, const char *text)
{
    const char *want_updates = getenv("UPDATE");
    char path[256], *want;
    size_t i, line = 1, start = 0;
    snprintf(path, sizeof path, "tests/golden/%s", name);
    if (want_updates && strcmp(want_updates, "1") == 0)
        update(path, text);
    want = read_all(path);
    ck_assert_msg(want != NULL, "%s: missing; make golden UPDATE=1 writes it", path);
    for (i = 0; text[i] == want[i] && text[i] != '\0'; i++)
        if (text[i] == '\n') {
            line++;
            start = i + 1;
        }
    ck_assert_msg(text[i] == want[i], "%s:%zu: got \"%.*s\", want \"%.*s\"", path, line,
                  (int)strcspn(text + start, "\n"), text + start, (int)strcspn(want + start, "\n"),
                  want + start);
    free(want);
}

/* CK_FORK=no and CK_RUN_CASE=NAME (Check's own variables) run one case under a debugger. */
int main(void)
{
    SRunner *runner;
    int failed;
    /* Time-outs are for what hangs: four seconds, Check's own, are little on a busy machine. */
    setenv("CK_DEFAULT_TIMEOUT", "60", 0);
    runner = srunner_create(suite());
    gsl_set_error_handler_off();
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
