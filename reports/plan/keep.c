#include "keep.h"

#include "model/base/assert.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define KEEP_VERSION 1
#define KEEP_BYTES (4LL << 30)

struct keep {
    int file;
    char *path;
};

/* ---- lines ---- */

static json_t *read_whole(const char *path, FILE *file, long *end, struct und_err *err)
{
    json_t *lines = json_array();
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    *end = 0;
    while ((length = getline(&line, &room, file)) > 0) {
        if (line[length - 1] != '\n') /* torn by a kill */
            break;
        *end += length;
        line[length - 1] = '\0';
        if (*end > KEEP_BYTES || json_array_append_new(lines, json_string(line)) != 0) {
            und_fail(err, UND_USAGE, "%s: got more than %lld bytes, or no text", path,
                     (long long)KEEP_BYTES);
            break;
        }
    }
    free(line);
    return lines;
}

/* The first line. */
static enum und_code read_head(const char *path, json_t *lines, struct keep_head *out,
                               struct und_err *err)
{
    const char *first = json_string_value(json_array_get(lines, 0)), *digest;
    json_t *head = first ? json_loads(first, 0, NULL) : NULL;
    json_t *given = json_object_get(head, "whatif");
    if (json_integer_value(json_object_get(head, "version")) != KEEP_VERSION ||
        !json_is_array(given) || json_array_size(given) == 0)
        und_fail(err, UND_USAGE, "%s: got no file of whatif --keep (version %d)", path,
                 KEEP_VERSION);
    digest = json_string_value(json_object_get(head, "digest"));
    *out = (struct keep_head){json_incref(given),
                              (int)json_integer_value(json_object_get(head, "points")),
                              digest ? strtoull(digest, NULL, 16) : 0};
    json_decref(head);
    json_array_remove(lines, 0);
    return err->code;
}

enum und_code keep_read(const char *path, struct keep_head *head, json_t **lines,
                        struct und_err *err)
{
    FILE *file = fopen(path, "r");
    long end;
    *head = (struct keep_head){0};
    *lines = NULL;
    if (!file)
        return und_fail(err, UND_USAGE, "%s: cannot read: %s", path, strerror(errno));
    *lines = read_whole(path, file, &end, err);
    fclose(file);
    if (err->code == UND_OK)
        read_head(path, *lines, head, err);
    return err->code;
}

bool keep_is_same(const struct keep_head *one, const struct keep_head *other)
{
    return json_equal(one->asked, other->asked) && one->points == other->points &&
           one->digest == other->digest;
}

/* ---- writing ---- */

static enum und_code write_line(struct keep *keep, const char *line, struct und_err *err)
{
    size_t length = strlen(line), done = 0;
    char *whole = malloc(length + 1);
    UND_ASSERT(whole != NULL);
    memcpy(whole, line, length);
    whole[length] = '\n';
    while (done < length + 1) {
        ssize_t n = write(keep->file, whole + done, length + 1 - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            und_fail(err, UND_USAGE, "%s: cannot write: %s", keep->path, strerror(errno));
            break;
        }
        done += (size_t)n;
    }
    free(whole);
    if (err->code == UND_OK && fdatasync(keep->file) != 0 && errno != EINVAL)
        und_fail(err, UND_USAGE, "%s: cannot write: %s", keep->path, strerror(errno));
    return err->code;
}

static enum und_code begin(struct keep *keep, const struct keep_head *head, struct und_err *err)
{
    char digest[17], *text;
    json_t *object;
    snprintf(digest, sizeof digest, "%016llx", (unsigned long long)head->digest);
    object = json_pack("{s:i,s:O,s:i,s:s}", "version", KEEP_VERSION, "whatif", head->asked,
                       "points", head->points, "digest", digest);
    text = json_dumps(object, JSON_COMPACT);
    UND_ASSERT(text != NULL);
    write_line(keep, text, err);
    free(text);
    json_decref(object);
    return err->code;
}

/* What is there goes on, if it is the same; behind its last whole line. */
static enum und_code go_on(struct keep *keep, const struct keep_head *head, json_t **lines,
                           struct und_err *err)
{
    FILE *file = fdopen(dup(keep->file), "r");
    struct keep_head before = {0};
    long end;
    UND_ASSERT(file != NULL);
    *lines = read_whole(keep->path, file, &end, err);
    fclose(file);
    if (err->code != UND_OK)
        return err->code;
    if (json_array_size(*lines) > 0 && read_head(keep->path, *lines, &before, err) == UND_OK &&
        !keep_is_same(&before, head))
        und_fail(err, UND_USAGE,
                 "%s: --keep: got what was kept of another question, file or version", keep->path);
    json_decref(before.asked);
    if (err->code != UND_OK)
        return err->code;
    if (ftruncate(keep->file, end) != 0 || lseek(keep->file, end, SEEK_SET) != end)
        return und_fail(err, UND_USAGE, "%s: cannot write: %s", keep->path, strerror(errno));
    return end == 0 ? begin(keep, head, err) : UND_OK;
}

enum und_code keep_open(struct keep **out, const char *path, const struct keep_head *head,
                        json_t **lines, struct und_err *err)
{
    struct keep *keep = calloc(1, sizeof *keep);
    UND_ASSERT(keep != NULL);
    *lines = NULL;
    keep->path = strdup(path);
    keep->file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (keep->file < 0)
        und_fail(err, UND_USAGE, "%s: cannot open: %s", path, strerror(errno));
    else if (flock(keep->file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        und_fail(err, UND_USAGE, "%s: another whatif writes it", path);
    else
        go_on(keep, head, lines, err);
    if (err->code != UND_OK) {
        keep_close(keep);
        keep = NULL;
    }
    *out = keep;
    return err->code;
}

void keep_close(struct keep *keep)
{
    if (!keep)
        return;
    if (keep->file >= 0)
        close(keep->file);
    free(keep->path);
    free(keep);
}

enum und_code keep_point(struct keep *keep, const char *line, struct und_err *err)
{
    return write_line(keep, line, err);
}
