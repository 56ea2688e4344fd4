/* The right to act (journal.h): one process at a time, and never for longer than it lives. */
#include "journal_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Clock ticks after boot at which a process began (field 22 of /proc/PID/stat): with the boot's id
 * it tells a process from a later one with the same number. 0: there is no such process. */
static long long started(long pid)
{
    char path[64], text[1024];
    long long ticks = 0;
    const char *at;
    size_t n;
    int field;
    FILE *file;
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    file = fopen(path, "re");
    if (!file)
        return 0;
    n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[n] = '\0';
    at = strrchr(text, ')'); /* the name before it may hold anything */
    if (at && strncmp(at, ") Z", 3) == 0)
        return 0; /* dead, but for a parent that has not asked yet */
    for (field = 2; at && field < 22; field++)
        at = strchr(at + 1, ' ');
    if (at)
        ticks = strtoll(at, NULL, 10);
    return ticks;
}

static void boot_id(char out[64])
{
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    out[0] = '\0';
    if (file && !fgets(out, 64, file))
        out[0] = '\0';
    if (file)
        fclose(file);
    out[strcspn(out, "\n")] = '\0';
}

struct holder {
    long pid;
    long long ticks;
    char boot[64], purpose[200];
    long long run; /* of a drill that has begun to act; 0: none */
};

/* False where the file is empty or half written: its writer died before it acted. */
static bool read_holder(int file, struct holder *holder)
{
    char text[512];
    ssize_t n = pread(file, text, sizeof text - 1, 0);
    if (n <= 0)
        return false;
    text[n] = '\0';
    *holder = (struct holder){0};
    return sscanf(text, "%ld %lld %63s %199[^\n]\nrun %lld", &holder->pid, &holder->ticks,
                  holder->boot, holder->purpose, &holder->run) >= 4;
}

static bool alive(const struct holder *holder)
{
    char boot[64];
    boot_id(boot);
    return strcmp(boot, holder->boot) == 0 && holder->pid != getpid() && holder->ticks > 0 &&
           started(holder->pid) == holder->ticks;
}

static enum und_code taken(const struct holder *holder, bool known, const char *path,
                           struct und_err *err)
{
    if (known)
        return und_fail(err, UND_SERVICE,
                        "%s: held by process %ld (%s); one at a time may act: wait for it, or end "
                        "it and its rollback will be finished by the next start",
                        path, holder->pid, holder->purpose);
    return und_fail(err, UND_SERVICE, "%s: held by another process", path);
}

enum und_code journal_lock_take(int *out, const char *path, const char *purpose, int64_t *run,
                                struct und_err *err)
{
    struct holder holder;
    char text[512], boot[64];
    int n, file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    *out = -1;
    *run = 0;
    if (file < 0)
        return und_fail(err, UND_SERVICE, "%s: %s", path, strerror(errno));
    if (flock(file, LOCK_EX | LOCK_NB) != 0) {
        bool known = read_holder(file, &holder);
        close(file);
        return taken(&holder, known, path, err);
    }
    if (read_holder(file, &holder)) {
        if (alive(&holder)) {
            close(file); /* a file system that does not lock, and a holder that does live */
            return taken(&holder, true, path, err);
        }
        *run = holder.run;
    }
    boot_id(boot);
    n = snprintf(text, sizeof text, "%ld %lld %s %.199s\n", (long)getpid(), started(getpid()), boot,
                 purpose);
    if (*run > 0) /* still that drill's, until what it left is known to be undone */
        n += snprintf(text + n, sizeof text - (size_t)n, "run %lld\n", (long long)*run);
    /* A full disk keeps nobody from a rollback: the lock holds without its text. */
    if (pwrite(file, text, (size_t)n, 0) == n && ftruncate(file, n) == 0)
        (void)fsync(file);
    *out = file;
    return UND_OK;
}

enum und_code journal_lock_note(int file, int64_t run, struct und_err *err)
{
    struct holder holder;
    char text[512];
    int n;
    if (!read_holder(file, &holder))
        return und_fail(err, UND_SERVICE, "journal: its lock file cannot be read back");
    n = snprintf(text, sizeof text, "%ld %lld %s %s\nrun %lld\n", holder.pid, holder.ticks,
                 holder.boot, holder.purpose, (long long)run);
    if (pwrite(file, text, (size_t)n, 0) != n || fsync(file) != 0)
        return und_fail(err, UND_SERVICE, "journal: its lock file cannot be written: %s",
                        strerror(errno));
    return UND_OK;
}

/* The file stays: removing it would let two processes lock two files of one name. */
void journal_lock_give(int file)
{
    if (file < 0)
        return;
    if (ftruncate(file, 0) != 0)
        (void)fsync(file);
    close(file);
}
