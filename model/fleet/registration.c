#include "registration.h"
#include "model/base/assert.h"

#include <fnmatch.h>
#include <string.h>

#define TOKENS (FLEET_NAME + 4)

/* One character out of a set, or any number of any. */
struct token {
    bool star;
    bool more; /* any number of it, at least one */
    bool set[256];
};

struct glob {
    struct token token[TOKENS];
    int n;
};

static struct token *add(struct glob *glob)
{
    UND_ASSERT(glob->n < TOKENS);
    return &glob->token[glob->n++];
}

static void add_char(struct glob *glob, char c)
{
    add(glob)->set[(unsigned char)c] = true;
}

/* "[a-z]" and "[!x]"; returns what comes after it, or NULL for a bracket that is never closed and
 * so stands for itself. */
static const char *add_set(struct glob *glob, const char *at)
{
    bool not = at[1] == '!' || at[1] == '^', set[256] = {false};
    const char *first = at + 1 + not, *c;
    int i;
    for (c = first; *c && (*c != ']' || c == first); c++) {
        int from = (unsigned char)*c, to = from;
        if (c[1] == '-' && c[2] && c[2] != ']') {
            to = (unsigned char)c[2];
            c += 2;
        }
        for (i = from; i <= to; i++)
            set[i] = true;
    }
    if (!*c)
        return NULL;
    struct token *token = add(glob);
    for (i = 0; i < 256; i++)
        token->set[i] = set[i] != not ;
    return c + 1;
}

static void read_glob(struct glob *glob, const char *pattern)
{
    const char *at = pattern, *next;
    memset(glob, 0, sizeof *glob);
    while (*at) {
        if (*at == '*') {
            add(glob)->star = true;
            at++;
        } else if (*at == '?') {
            memset(add(glob)->set, true, 256);
            at++;
        } else if (*at == '[' && (next = add_set(glob, at)) != NULL) {
            at = next;
        } else {
            if (*at == '\\' && at[1])
                at++;
            add_char(glob, *at++);
        }
    }
}

/* NAME, or NAME-<digits>. */
static void read_name(struct glob *glob, const char *name, bool numbered)
{
    memset(glob, 0, sizeof *glob);
    for (; *name; name++)
        add_char(glob, *name);
    if (!numbered)
        return;
    add_char(glob, '-');
    memset(&add(glob)->set['0'], true, 10);
    glob->token[glob->n - 1].more = true;
}

static bool common(const struct token *a, const struct token *b)
{
    int i;
    for (i = 1; i < 256; i++)
        if ((a->star || a->set[i]) && (b->star || b->set[i]))
            return true;
    return false;
}

/* Both read the same text: which pairs of positions can be reached from the beginning of both? */
static bool overlap(const struct glob *a, const struct glob *b)
{
    static _Thread_local bool at[TOKENS + 1][TOKENS + 1];
    bool changed = true;
    int i, j;
    memset(at, 0, sizeof at);
    at[0][0] = true;
#define REACH(i, j) (changed = changed || !at[i][j], at[i][j] = true)
    while (changed) {
        changed = false;
        for (i = 0; i <= a->n; i++)
            for (j = 0; j <= b->n; j++) {
                const struct token *x = &a->token[i], *y = &b->token[j];
                if (!at[i][j])
                    continue;
                if (i < a->n && x->star)
                    REACH(i + 1, j);
                if (j < b->n && y->star)
                    REACH(i, j + 1);
                if (i == a->n || j == b->n || !common(x, y))
                    continue;
                REACH(i + 1, j + 1);
                if (x->star || x->more)
                    REACH(i, j + 1);
                if (y->star || y->more)
                    REACH(i + 1, j);
            }
    }
#undef REACH
    return at[a->n][b->n];
}

static int globs_of(const struct host *host, struct glob out[2])
{
    if (host->registrations[0]) {
        read_glob(&out[0], host->registrations);
        return 1;
    }
    read_name(&out[0], host->name, false);
    read_name(&out[1], host->name, true);
    return 2;
}

bool registration_shared(const struct host *a, const struct host *b)
{
    struct glob x[2], y[2];
    int n = globs_of(a, x), m = globs_of(b, y), i, j;
    for (i = 0; i < n; i++)
        for (j = 0; j < m; j++)
            if (overlap(&x[i], &y[j]))
                return true;
    return false;
}

bool registration_is_of(const struct host *host, const char *name)
{
    size_t n = strlen(host->name);
    if (host->registrations[0])
        return fnmatch(host->registrations, name, 0) == 0;
    if (strncmp(name, host->name, n) != 0)
        return false;
    name += n;
    return !*name ||
           (name[0] == '-' && name[1] && strspn(name + 1, "0123456789") == strlen(name + 1));
}
