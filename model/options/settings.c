#include "settings.h"

#include "model/base/suggest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What any command may have set without its name before it. */
static const char *const common[] = {"store", "threads", NULL};
/* What is consent, or acts: said each time. */
static const char *const refused[] = {"yes", "active", "rollback", "close", "name", "set", NULL};

static char file_text[SETTINGS_BYTES + 1]; /* values point into it */

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(name, *names) == 0)
            return true;
    return false;
}

/* "" where there is none to read. */
static void find_file(char *path, size_t size)
{
    const char *own = getenv("UNDERSTUDY_CONFIG"), *folder = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    path[0] = '\0';
    if (own)
        snprintf(path, size, "%s", own);
    else if (folder && folder[0] == '/') /* the specification has it ignored otherwise */
        snprintf(path, size, "%s/understudy/config", folder);
    else if (home && home[0])
        snprintf(path, size, "%s/.config/understudy/config", home);
}

/* A file that nobody named need not be there. */
static enum und_code slurp(const char *path, struct und_err *err)
{
    FILE *file = path[0] ? fopen(path, "r") : NULL;
    size_t n = 0;
    file_text[0] = '\0';
    if (!file)
        return !path[0] || (errno == ENOENT && !getenv("UNDERSTUDY_CONFIG"))
                   ? UND_OK
                   : und_fail(err, UND_USAGE, "%.400s: cannot be read: %s", path, strerror(errno));
    n = fread(file_text, 1, sizeof file_text, file);
    if (ferror(file))
        und_fail(err, UND_USAGE, "%.400s: cannot be read: %s", path, strerror(errno));
    else if (n > SETTINGS_BYTES)
        und_fail(err, UND_USAGE, "%.400s: got a file of more than %d bytes, want fewer", path,
                 SETTINGS_BYTES);
    else if (memchr(file_text, '\0', n))
        und_fail(err, UND_USAGE, "%.400s: got a NUL, want a text", path);
    fclose(file);
    file_text[n <= SETTINGS_BYTES ? n : 0] = '\0';
    return err->code;
}

static char *trim(char *text)
{
    char *end = text + strlen(text);
    while (end > text && strchr(" \t\r", end[-1]))
        *--end = '\0';
    return text + strspn(text, " \t");
}

/* Is `name` "command.option" of this command? Then *option is its option. */
static bool is_ours(const char *name, const char *command, const char **option)
{
    size_t length = strlen(command);
    if (strncmp(name, command, length) != 0 || name[length] != '.')
        return false;
    *option = name + length + 1;
    return true;
}

static enum und_code one(char *line, const char *place, const char *command, settings_taker *take,
                         void *context, struct und_err *err)
{
    char *equals = strchr(line, '='), *value;
    const char *option = line, *meant;
    if (!equals)
        return und_fail(err, UND_USAGE, "%s: got '%.40s', want OPTION = VALUE", place, line);
    *equals = '\0';
    value = trim(equals + 1);
    trim(line);
    if (!strchr(line, '.')) {
        meant = suggest_nearest(line, common);
        if (!is_one_of(line, common))
            return und_fail(err, UND_USAGE,
                            "%s: got '%.40s', want store, threads, or COMMAND.OPTION%s%s", place,
                            line, meant ? "; did you mean " : "", meant ? meant : "");
    } else if (!is_ours(line, command, &option)) {
        return UND_OK; /* another command's, which knows whether it has it */
    }
    if (is_one_of(option, refused))
        return und_fail(err, UND_USAGE,
                        "%s: got %.40s, want it on the command line each time: it acts", place,
                        line);
    take(context, option, value, place, err);
    return err->code;
}

static void environment(settings_taker *take, void *context, struct und_err *err)
{
    static const char *const names[][2] = {{"UNDERSTUDY_STORE", "store"},
                                           {"UNDERSTUDY_THREADS", "threads"}};
    size_t i;
    for (i = 0; i < sizeof names / sizeof *names && err->code == UND_OK; i++) {
        const char *value = getenv(names[i][0]);
        if (value && value[0])
            take(context, names[i][1], value, names[i][0], err);
    }
}

enum und_code settings_read(const char *command, settings_taker *take, void *context,
                            struct und_err *err)
{
    char path[4096], place[480], *line, *rest = file_text;
    int number = 0;
    find_file(path, sizeof path);
    slurp(path, err);
    while (err->code == UND_OK && (line = strsep(&rest, "\n")) != NULL) {
        snprintf(place, sizeof place, "%.440s:%d", path, ++number);
        line = trim(line);
        if (*line && *line != '#')
            one(line, place, command, take, context, err);
    }
    environment(take, context, err);
    return err->code;
}
