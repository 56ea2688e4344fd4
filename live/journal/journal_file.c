/* Whether the journal can be trusted (journal_file.h). */
#include "journal_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum und_code check_status(const char *path, const struct stat *status, struct und_err *err)
{
    if (!S_ISREG(status->st_mode))
        return und_fail(err, UND_USAGE, "journal %s: want a regular file, no link", path);
    if (status->st_uid != geteuid() && status->st_uid != 0)
        return und_fail(err, UND_USAGE, "journal %s: got owner %u, want %u", path,
                        (unsigned)status->st_uid, (unsigned)geteuid());
    if ((status->st_mode & 0022) != 0)
        return und_fail(err, UND_USAGE,
                        "journal %s: got mode %04o, want one that nobody else may write to "
                        "(chmod 600 %s)",
                        path, (unsigned)(status->st_mode & 07777), path);
    return UND_OK;
}

static enum und_code check_folder(const char *path, struct und_err *err)
{
    char folder[512];
    const char *slash = strrchr(path, '/');
    struct stat status;
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    if (stat(folder[0] ? folder : "/", &status) != 0)
        return und_fail(err, UND_USAGE, "journal %s: %s", path, strerror(errno));
    if ((status.st_mode & S_IWOTH) && !(status.st_mode & S_ISVTX))
        return und_fail(err, UND_USAGE,
                        "journal %s: anybody may replace it in its folder (mode %04o)", path,
                        (unsigned)(status.st_mode & 07777));
    return UND_OK;
}

/* What SQLite would read in along with it, and the lock. */
static enum und_code check_sides(const char *path, struct und_err *err)
{
    static const char *const sides[] = {"-wal", "-shm", "-journal", ".lock"};
    char side[520];
    struct stat status;
    size_t i;
    for (i = 0; i < sizeof sides / sizeof sides[0]; i++) {
        snprintf(side, sizeof side, "%.500s%s", path, sides[i]);
        if (lstat(side, &status) == 0 && check_status(side, &status, err) != UND_OK)
            return err->code;
    }
    return UND_OK;
}

/* Made here if need be: SQLite would make it readable for all. */
static enum und_code check_file(const char *path, struct und_err *err)
{
    struct stat status;
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (file < 0 && errno == ELOOP)
        return und_fail(err, UND_USAGE, "journal %s: want a regular file, no link", path);
    if (file < 0 || fstat(file, &status) != 0)
        und_fail(err, UND_USAGE, "journal %s: %s", path, strerror(errno));
    else
        check_status(path, &status, err);
    if (file >= 0)
        close(file);
    return err->code;
}

enum und_code journal_file_ready(const char *path, struct und_err *err)
{
    if (check_folder(path, err) != UND_OK || check_sides(path, err) != UND_OK)
        return err->code;
    return check_file(path, err);
}
