#include "labels.h"

#include "arena.h"
#include "model/base/assert.h"

#include <stdlib.h>
#include <string.h>

struct text {
    struct text *next;
    uint64_t hash;
    char text[];
};

struct label_pool {
    struct arena *arena;
    struct labels **sets;
    struct text **texts;
    size_t n_sets, set_buckets, n_texts, text_buckets;
    uint64_t round;
    struct labels *none;
    struct label *made, *changed; /* room to work in */
    int made_room, changed_room;
};

static struct label *room_for(struct label **list, int *room, int n)
{
    if (n > *room) {
        *room = 2 * n + 16;
        free(*list);
        *list = calloc((size_t)*room, sizeof **list);
        UND_ASSERT(*list != NULL);
    }
    return *list;
}

struct label_pool *label_pool_open(void)
{
    struct label_pool *pool = calloc(1, sizeof *pool);
    UND_ASSERT(pool != NULL);
    pool->arena = arena_open();
    pool->set_buckets = pool->text_buckets = 64;
    pool->sets = calloc(pool->set_buckets, sizeof *pool->sets);
    pool->texts = calloc(pool->text_buckets, sizeof *pool->texts);
    UND_ASSERT(pool->sets != NULL && pool->texts != NULL);
    pool->none = labels_make(pool, NULL, 0);
    return pool;
}

void label_pool_close(struct label_pool *pool)
{
    if (!pool)
        return;
    arena_close(pool->arena);
    free(pool->sets);
    free(pool->texts);
    free(pool->made);
    free(pool->changed);
    free(pool);
}

/* --- texts ----------------------------------------------------------------------------------- */

static uint64_t hash_text(const char *text)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    return hash ^ hash >> 29;
}

static void grow_texts(struct label_pool *pool)
{
    size_t n = 2 * pool->text_buckets;
    struct text **grown = calloc(n, sizeof *grown);
    UND_ASSERT(grown != NULL);
    for (size_t i = 0; i < pool->text_buckets; i++) {
        for (struct text *text = pool->texts[i], *next; text; text = next) {
            next = text->next;
            text->next = grown[text->hash & (n - 1)];
            grown[text->hash & (n - 1)] = text;
        }
    }
    free(pool->texts);
    pool->texts = grown;
    pool->text_buckets = n;
}

const char *label_pool_text(struct label_pool *pool, const char *text)
{
    uint64_t hash = hash_text(text);
    struct text *found = pool->texts[hash & (pool->text_buckets - 1)];
    size_t length;
    while (found && (found->hash != hash || strcmp(found->text, text) != 0))
        found = found->next;
    if (found)
        return found->text;
    if (pool->n_texts++ == pool->text_buckets)
        grow_texts(pool);
    length = strlen(text);
    found = arena_take(pool->arena, sizeof *found + length + 1);
    found->hash = hash;
    memcpy(found->text, text, length);
    found->next = pool->texts[hash & (pool->text_buckets - 1)];
    pool->texts[hash & (pool->text_buckets - 1)] = found;
    return found->text;
}

/* --- sets ------------------------------------------------------------------------------------ */

static void grow_sets(struct label_pool *pool)
{
    size_t n = 2 * pool->set_buckets;
    struct labels **grown = calloc(n, sizeof *grown);
    UND_ASSERT(grown != NULL);
    for (size_t i = 0; i < pool->set_buckets; i++) {
        for (struct labels *set = pool->sets[i], *next; set; set = next) {
            next = set->next;
            set->next = grown[set->hash & (n - 1)];
            grown[set->hash & (n - 1)] = set;
        }
    }
    free(pool->sets);
    pool->sets = grown;
    pool->set_buckets = n;
}

/* The set of these pairs, which are the pool's texts, sorted and without empty values. */
static struct labels *find_set(struct label_pool *pool, const struct label *list, int n)
{
    size_t bytes = (size_t)n * sizeof *list;
    uint64_t hash = 0x9e3779b97f4a7c15u;
    struct labels *set;
    for (int i = 0; i < n; i++) {
        hash = (hash ^ (uintptr_t)list[i].name) * 0xff51afd7ed558ccdu;
        hash = (hash ^ hash >> 32 ^ (uintptr_t)list[i].value) * 0xc4ceb9fe1a85ec53u;
    }
    hash ^= hash >> 33;
    set = pool->sets[hash & (pool->set_buckets - 1)];
    while (set && (set->hash != hash || set->n != n || (n && memcmp(set->list, list, bytes) != 0)))
        set = set->next;
    if (set)
        return set;
    if (pool->n_sets++ == pool->set_buckets)
        grow_sets(pool);
    set = arena_take(pool->arena, sizeof *set + bytes);
    set->hash = hash;
    set->n = n;
    if (n)
        memcpy(set->list, list, bytes);
    set->next = pool->sets[hash & (pool->set_buckets - 1)];
    pool->sets[hash & (pool->set_buckets - 1)] = set;
    return set;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct label *)a)->name, ((const struct label *)b)->name);
}

struct labels *labels_make(struct label_pool *pool, const struct label *list, int n)
{
    struct label *own = room_for(&pool->made, &pool->made_room, n + 1);
    int kept = 0;
    for (int i = 0; i < n; i++) {
        int at = 0;
        while (at < kept && strcmp(own[at].name, list[i].name) != 0)
            at++;
        own[at] = (struct label){label_pool_text(pool, list[i].name),
                                 label_pool_text(pool, list[i].value)};
        kept += at == kept;
    }
    n = kept;
    kept = 0;
    for (int i = 0; i < n; i++) {
        if (own[i].value[0])
            own[kept++] = own[i];
    }
    if (kept > 1)
        qsort(own, (size_t)kept, sizeof *own, by_name);
    return find_set(pool, own, kept);
}

struct labels *labels_none(struct label_pool *pool)
{
    return pool->none;
}

const char *labels_get(const struct labels *labels, const char *name)
{
    for (int i = 0; i < labels->n; i++) {
        if (strcmp(labels->list[i].name, name) == 0)
            return labels->list[i].value;
    }
    return "";
}

struct labels *labels_set(struct label_pool *pool, struct labels *labels, const char *name,
                          const char *value)
{
    struct label *own = room_for(&pool->changed, &pool->changed_room, labels->n + 1);
    memcpy(own, labels->list, (size_t)labels->n * sizeof *own);
    own[labels->n] = (struct label){name, value};
    return labels_make(pool, own, labels->n + 1);
}

static struct labels *filter(struct label_pool *pool, struct labels *labels,
                             const char *const *names, int n, bool keep)
{
    struct label *own = room_for(&pool->changed, &pool->changed_room, labels->n + 1);
    int kept = 0;
    for (int i = 0; i < labels->n; i++) {
        int at = 0;
        while (at < n && strcmp(names[at], labels->list[i].name) != 0)
            at++;
        if ((at < n) == keep)
            own[kept++] = labels->list[i];
    }
    return kept == labels->n ? labels : find_set(pool, own, kept);
}

struct labels *labels_keep(struct label_pool *pool, struct labels *labels, const char *const *names,
                           int n)
{
    return n == 0 ? pool->none : filter(pool, labels, names, n, true);
}

struct labels *labels_drop(struct label_pool *pool, struct labels *labels, const char *const *names,
                           int n)
{
    return filter(pool, labels, names, n, false);
}

struct labels *labels_nameless(struct label_pool *pool, struct labels *labels)
{
    static const char *const name[] = {LABELS_NAME};
    return filter(pool, labels, name, 1, false);
}

uint64_t labels_round(struct label_pool *pool)
{
    return ++pool->round;
}

int labels_compare(const struct labels *a, const struct labels *b)
{
    for (int i = 0; i < a->n && i < b->n; i++) {
        int order = strcmp(a->list[i].name, b->list[i].name);
        if (order == 0)
            order = strcmp(a->list[i].value, b->list[i].value);
        if (order != 0)
            return order;
    }
    return a->n - b->n;
}

static void write_value(const char *value, FILE *out)
{
    fputc('"', out);
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            fprintf(out, "\\%c", *value);
        else if (*value == '\n')
            fputs("\\n", out);
        else
            fputc(*value, out);
    }
    fputc('"', out);
}

void labels_write(const struct labels *labels, FILE *out)
{
    const char *between = "{";
    fputs(labels_get(labels, LABELS_NAME), out);
    for (int i = 0; i < labels->n; i++) {
        if (strcmp(labels->list[i].name, LABELS_NAME) == 0)
            continue;
        fprintf(out, "%s%s=", between, labels->list[i].name);
        write_value(labels->list[i].value, out);
        between = ", ";
    }
    fputs(*between == ',' ? "}" : labels->n == 0 ? "{}" : "", out);
}

void labels_write_all(const struct labels *labels, FILE *out)
{
    fputc('{', out);
    for (int i = 0; i < labels->n; i++) {
        fprintf(out, "%s%s=", i ? ", " : "", labels->list[i].name);
        write_value(labels->list[i].value, out);
    }
    fputc('}', out);
}
