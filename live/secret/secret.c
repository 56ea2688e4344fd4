#include "secret.h"
#include "model/base/assert.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

struct secret {
    struct secret *next;
    size_t mapped_bytes;
    size_t size;
    char text[]; /* size bytes and a NUL */
};

/* Whoever prints text from outside need not know which secrets exist: they are all listed here, the
 * longest first, so that one that begins like another is not cut in two by its redaction. */
static struct secret *open_secrets;
static pthread_mutex_t open_secrets_lock = PTHREAD_MUTEX_INITIALIZER;

static struct secret *allocate(size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t bytes = (sizeof(struct secret) + size + 1 + page - 1) / page * page;
    struct secret *secret =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (secret == MAP_FAILED)
        return NULL;
    /* Best effort: an unprivileged process may have no lockable memory left. */
    (void)mlock(secret, bytes);
    (void)madvise(secret, bytes, MADV_DONTDUMP);
    secret->mapped_bytes = bytes;
    return secret;
}

static void list(struct secret *secret)
{
    struct secret **link;
    pthread_mutex_lock(&open_secrets_lock);
    for (link = &open_secrets; *link && (*link)->size > secret->size; link = &(*link)->next)
        ;
    secret->next = *link;
    *link = secret;
    pthread_mutex_unlock(&open_secrets_lock);
}

/* `place` is the file or variable that it came from. */
static enum und_code open_copy(struct secret **out, const char *text, size_t size,
                               const char *place, struct und_err *err)
{
    struct secret *secret;
    if (size < SECRET_SHORTEST)
        return und_fail(err, UND_USAGE, "credential %s: got %zu characters, want at least %d",
                        place, size, SECRET_SHORTEST);
    if (size > SECRET_BYTES)
        return und_fail(err, UND_USAGE, "credential %s: got over %d bytes, want at most that",
                        place, SECRET_BYTES);
    if (memchr(text, '\0', size))
        return und_fail(err, UND_USAGE, "credential %s: got a NUL byte in it, want text", place);
    secret = allocate(size);
    if (!secret)
        return und_fail(err, UND_USAGE, "credential %s: no memory for it: %s", place,
                        strerror(errno));
    memcpy(secret->text, text, size);
    secret->size = size;
    list(secret);
    *out = secret;
    return UND_OK;
}

enum und_code secret_open_copy(struct secret **out, const char *text, size_t size,
                               struct und_err *err)
{
    return open_copy(out, text, size, "of a service", err);
}

void secret_close(struct secret *secret)
{
    struct secret **link;
    if (!secret)
        return;
    pthread_mutex_lock(&open_secrets_lock);
    for (link = &open_secrets; *link != secret; link = &(*link)->next)
        UND_ASSERT(*link != NULL);
    *link = secret->next;
    pthread_mutex_unlock(&open_secrets_lock);
    explicit_bzero(secret->text, secret->size);
    munmap(secret, secret->mapped_bytes);
}

const char *secret_text(const struct secret *secret)
{
    return secret->text;
}

size_t secret_size(const struct secret *secret)
{
    return secret->size;
}

/* Files end in a newline; the secret does not. */
static size_t trimmed(const char *text, size_t size)
{
    while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == '\r'))
        size--;
    return size;
}

/* Judged by the open file, not by its name, so that nothing can be exchanged in between. */
static enum und_code check_private(int file, const char *path, unsigned allowed,
                                   struct und_err *err)
{
    struct stat status;
    if (fstat(file, &status) != 0)
        return und_fail(err, UND_USAGE, "credential file %s: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return und_fail(err, UND_USAGE, "credential file %s: want a regular file", path);
    if (status.st_uid != geteuid() && status.st_uid != 0)
        return und_fail(err, UND_USAGE, "credential file %s: got owner %u, want %u", path,
                        (unsigned)status.st_uid, (unsigned)geteuid());
    if ((status.st_mode & 0777 & ~allowed) != 0)
        return und_fail(err, UND_USAGE,
                        "credential file %s: got mode %04o, want 0600 (chmod 600 %s)", path,
                        (unsigned)(status.st_mode & 07777), path);
    return UND_OK;
}

static enum und_code read_file(struct secret **out, const char *path, unsigned allowed,
                               struct und_err *err)
{
    char text[SECRET_BYTES + 2];
    size_t size = 0;
    ssize_t got = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0)
        return und_fail(err, UND_USAGE, "credential file %s: %s", path, strerror(errno));
    if (check_private(file, path, allowed, err) == UND_OK) {
        while (size < sizeof text && (got = read(file, text + size, sizeof text - size)) > 0)
            size += (size_t)got;
        if (got < 0)
            und_fail(err, UND_USAGE, "credential file %s: %s", path, strerror(errno));
        else
            open_copy(out, text, trimmed(text, size), path, err);
    }
    explicit_bzero(text, sizeof text);
    close(file);
    return err->code;
}

/* What came from the environment stays, since it can be read only once and is asked for again (a
 * rollback opens its own client); and what must be redacted before anybody opens it. */
struct kept {
    struct kept *next;
    struct secret *secret;
    char name[];
};
static struct kept *kept_secrets;

static struct secret *find_kept(const char *name)
{
    const struct kept *kept;
    for (kept = kept_secrets; kept; kept = kept->next)
        if (strcmp(kept->name, name) == 0)
            return kept->secret;
    return NULL;
}

static void keep(const char *name, struct secret *secret)
{
    struct kept *kept = malloc(sizeof *kept + strlen(name) + 1);
    UND_ASSERT(kept != NULL);
    strcpy(kept->name, name);
    kept->secret = secret;
    kept->next = kept_secrets;
    kept_secrets = kept;
}

static enum und_code take_variable(const char *name, struct und_err *err)
{
    struct secret *secret;
    char *text = getenv(name);
    if (!text)
        return UND_OK;
    if (open_copy(&secret, text, trimmed(text, strlen(text)), name, err) == UND_OK)
        keep(name, secret);
    /* unsetenv alone would leave the text in /proc/PID/environ. */
    explicit_bzero(text, strlen(text));
    unsetenv(name);
    return err->code;
}

static enum und_code read_environment(struct secret **out, const char *name, struct und_err *err)
{
    const struct secret *kept;
    if (take_variable(name, err) != UND_OK)
        return err->code;
    kept = find_kept(name);
    if (!kept)
        return und_fail(err, UND_USAGE, "credential: the environment has no variable %s", name);
    return secret_open_copy(out, kept->text, kept->size, err);
}

static enum und_code read_credential(struct secret **out, const char *name, struct und_err *err)
{
    char path[4096];
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    if (!folder)
        return und_fail(err, UND_USAGE,
                        "credential %s: no $CREDENTIALS_DIRECTORY; want LoadCredential=%s:FILE in "
                        "the systemd unit",
                        name, name);
    if (strchr(name, '/'))
        return und_fail(err, UND_USAGE, "credential %s: want a name without '/'", name);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    /* systemd lets a service's user in by an access list, which shows as the group's bit. */
    return read_file(out, path, 0640, err);
}

enum und_code secret_open(struct secret **out, const char *source, struct und_err *err)
{
    *out = NULL;
    if (strncmp(source, "file:", 5) == 0)
        return read_file(out, source + 5, 0600, err);
    if (strncmp(source, "env:", 4) == 0)
        return read_environment(out, source + 4, err);
    if (strncmp(source, "credential:", 11) == 0)
        return read_credential(out, source + 11, err);
    /* Not quoted: it may be the credential itself, pasted in by mistake. */
    return und_fail(err, UND_USAGE,
                    "credential source: want file:PATH, env:NAME or credential:NAME, never the "
                    "credential itself");
}

void secret_know(const char *source)
{
    struct und_err ignored = {0};
    struct secret *secret;
    if (strncmp(source, "env:", 4) == 0)
        take_variable(source + 4, &ignored);
    else if (source[0] && !find_kept(source) && secret_open(&secret, source, &ignored) == UND_OK)
        keep(source, secret);
}

static void redact_word(char *text, const char *word, size_t size)
{
    size_t left = strlen(text);
    char *found;
    while ((found = memmem(text, left, word, size)) != NULL) {
        left -= (size_t)(found - text) + size;
        memcpy(found, "***", 3);
        memmove(found + 3, found + size, left + 1);
        text = found + 3;
    }
}

/* By lines: a private key has many, and text from outside is rarely shown with its line ends. */
void secret_redact(char *text)
{
    const struct secret *secret;
    pthread_mutex_lock(&open_secrets_lock);
    for (secret = open_secrets; secret; secret = secret->next) {
        const char *line = secret->text;
        while (*line) {
            size_t size = strcspn(line, "\r\n");
            if (size >= SECRET_SHORTEST)
                redact_word(text, line, size);
            line += size + strspn(line + size, "\r\n");
        }
    }
    pthread_mutex_unlock(&open_secrets_lock);
}

/* model/base/err.h: no error shows a credential, whoever wrote it. */
void und_fail_redact(char *text)
{
    secret_redact(text);
}

void secret_harden(void)
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0);
}
