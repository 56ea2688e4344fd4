#include "printed.h"

#include "helpers.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARGUMENTS 64

static int append(char **argv, int argc, const char *const *list)
{
    for (; *list; list++) {
        ck_assert_int_lt(argc, ARGUMENTS);
        argv[argc++] = strdup(*list);
    }
    return argc;
}

static char *read_all(FILE *file)
{
    long size;
    char *text;
    fseek(file, 0, SEEK_END);
    size = ftell(file);
    rewind(file);
    text = calloc((size_t)size + 1, 1);
    ck_assert_uint_eq(fread(text, 1, (size_t)size, file), (size_t)size);
    return text;
}

char *printed_by(printed_command *command, const char *const *first, const char *const *then,
                 enum und_code want, struct und_err *err)
{
    char *argv[ARGUMENTS + 1] = {NULL}, *text;
    FILE *captured = tmpfile();
    int argc = append(argv, append(argv, 0, first), then), saved, i;
    enum und_code code;
    ck_assert_ptr_nonnull(captured);
    *err = (struct und_err){0};
    fflush(stdout);
    saved = dup(STDOUT_FILENO);
    dup2(fileno(captured), STDOUT_FILENO);
    code = command(argc, argv, err);
    fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    ck_assert_msg(code == want, "got code %d: %s", (int)code, err->text);
    text = read_all(captured);
    fclose(captured);
    for (i = 0; i < argc; i++)
        free(argv[i]);
    return text;
}
