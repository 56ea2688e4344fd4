#include "explore.h"
#include "model/base/assert.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CHUNK 4096 /* states handed out between two additions */
#define PIECE 64   /* states a thread takes at once */
#define PIECES (CHUNK / PIECE)
#define SETTLED_EVERY 8 /* the steps of which one is waited after */
#define RECENT 1024     /* keys that a thread knows to be no news */

struct piece {
    uint128 *key; /* news, perhaps some of it twice */
    size_t n, reserved;
};

struct crew;

struct worker {
    struct crew *crew;
    struct mover mover;
    struct piece *piece;
    uint128 recent[RECENT];
    uint32_t state;
    int64_t transitions;
    struct explore_visits visits;
    struct explore_violation violation;
};

struct crew {
    const struct space *space;
    struct explore_result *result;
    struct piece piece[PIECES];
    uint32_t from, to;
    atomic_int next;
    int threads;
    struct worker *worker[EXPLORE_THREADS];
};

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- a move ---- */

static void remember(struct worker *worker, uint128 key)
{
    struct piece *piece = worker->piece;
    uint128 *recent = &worker->recent[stateset_hash(key) % RECENT];
    if (*recent == key)
        return;
    *recent = key;
    if (stateset_find(&worker->crew->result->set, key) != STATESET_NONE)
        return;
    if (piece->n == piece->reserved) {
        piece->reserved = piece->reserved * 2 + PIECE;
        piece->key = realloc(piece->key, piece->reserved * sizeof *piece->key);
        UND_ASSERT(piece->key != NULL);
    }
    piece->key[piece->n++] = key;
}

static void count_notices(int64_t *count, unsigned notices)
{
    for (; notices != 0; notices &= notices - 1)
        count[__builtin_ctz(notices)]++;
}

static void count_visit(struct explore_visits *visits, const struct move *move)
{
    int i;
    count_notices(visits->fleet_notice, move->plan->notices);
    for (i = 0; i < move->after->n; i++) {
        const struct policy_host *is = &move->after->host[i];
        visits->change[move->before->host[i].phase][is->phase]++;
        visits->held[is->phase][is->held]++;
        visits->stand_by += move->plan->host[i].admitted != is->admitted;
        count_notices(visits->host_notice, move->plan->host[i].notices);
    }
}

static bool visit(void *context, const struct move *move)
{
    struct worker *worker = context;
    worker->transitions++;
    if (move->kind == MOVE_STEP) {
        int host;
        enum property broken =
            property_check(&worker->crew->space->codec.scale.config, move->before, move->after,
                           move->now_ms, move->view, move->meaning, move->plan, &host);
        if (broken == PROPERTY_HOLDS && move->turn % SETTLED_EVERY == 0)
            broken = property_check_settled(&worker->crew->space->codec.scale.config, move->after,
                                            move->now_ms, move->view, move->plan, &host);
        if (broken != PROPERTY_HOLDS) {
            worker->violation = (struct explore_violation){broken, host, worker->state};
            return false; /* a broken state may not even be packable: go no further */
        }
        count_visit(&worker->visits, move);
    }
    remember(worker, move->to);
    return true;
}

/* ---- a level ---- */

/* The first violation in the order of the states, whichever thread found it. */
static void note_violation(struct explore_violation *first, const struct explore_violation *found)
{
    if (found->property != PROPERTY_HOLDS &&
        (first->property == PROPERTY_HOLDS || found->state < first->state))
        *first = *found;
}

static void explore_piece(struct worker *worker, uint32_t from, uint32_t to)
{
    struct crew *crew = worker->crew;
    for (worker->state = from; worker->state < to; worker->state++) {
        struct explore_violation before = worker->violation;
        moves_each(&worker->mover, stateset_key(&crew->result->set, worker->state));
        if (before.property != PROPERTY_HOLDS)
            worker->violation = before; /* pieces are taken in order: the first stands */
    }
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct crew *crew = worker->crew;
    for (;;) {
        int piece = atomic_fetch_add(&crew->next, 1);
        uint32_t from = crew->from + (uint32_t)piece * PIECE;
        if (piece >= PIECES || from >= crew->to)
            return NULL;
        worker->piece = &crew->piece[piece];
        explore_piece(worker, from, from + PIECE < crew->to ? from + PIECE : crew->to);
    }
}

static void explore_chunk(struct crew *crew, uint32_t from, uint32_t to)
{
    pthread_t thread[EXPLORE_THREADS];
    size_t j;
    int i;
    crew->from = from;
    crew->to = to;
    atomic_store(&crew->next, 0);
    for (i = 1; i < crew->threads; i++)
        UND_ASSERT(pthread_create(&thread[i], NULL, work, crew->worker[i]) == 0);
    work(crew->worker[0]);
    for (i = 1; i < crew->threads; i++)
        pthread_join(thread[i], NULL);
    for (i = 0; i < PIECES; i++) {
        for (j = 0; j < crew->piece[i].n; j++)
            stateset_add(&crew->result->set, crew->piece[i].key[j]);
        crew->piece[i].n = 0;
    }
    for (i = 0; i < crew->threads; i++)
        note_violation(&crew->result->violation, &crew->worker[i]->violation);
}

static bool explore_level(struct crew *crew, uint32_t from, uint32_t to,
                          const struct explore_options *options)
{
    struct explore_result *result = crew->result;
    uint32_t at, most = options->max_states > 0 ? options->max_states : STATESET_MOST / 4;
    for (at = from; at < to; at += CHUNK) {
        explore_chunk(crew, at, to - at > CHUNK ? at + CHUNK : to);
        if (options->progress)
            options->progress(options->context, &result->set, result->depth);
        if (result->set.n > most)
            return false;
    }
    return result->violation.property == PROPERTY_HOLDS;
}

/* ---- all of it ---- */

static void merge_visits(struct explore_visits *sum, const struct explore_visits *more)
{
    int64_t *to = (int64_t *)sum;
    const int64_t *from = (const int64_t *)more;
    size_t i;
    for (i = 0; i < sizeof *sum / sizeof *to; i++)
        to[i] += from[i];
}

static void hire(struct crew *crew, const struct explore_options *options)
{
    int i;
    crew->threads = options->threads > 0 ? options->threads : (int)sysconf(_SC_NPROCESSORS_ONLN);
    crew->threads = crew->threads > EXPLORE_THREADS ? EXPLORE_THREADS : crew->threads;
    for (i = 0; i < crew->threads; i++) {
        struct worker *worker = calloc(1, sizeof *worker);
        UND_ASSERT(worker != NULL);
        worker->crew = crew;
        worker->mover = (struct mover){.space = crew->space, .visit = visit, .context = worker};
        memset(worker->recent, 0xFF, sizeof worker->recent);
        crew->worker[i] = worker;
    }
}

static void dismiss(struct crew *crew)
{
    int i;
    for (i = 0; i < crew->threads; i++) {
        crew->result->transitions += crew->worker[i]->transitions;
        merge_visits(&crew->result->visits, &crew->worker[i]->visits);
        free(crew->worker[i]);
    }
    for (i = 0; i < PIECES; i++)
        free(crew->piece[i].key);
}

void explore_run(const struct space *space, const struct explore_options *options,
                 struct explore_result *result)
{
    struct crew *crew = calloc(1, sizeof *crew);
    double start = seconds();
    UND_ASSERT(crew != NULL);
    memset(result, 0, sizeof *result);
    result->bitstate = options->bitstate > 0;
    if (result->bitstate)
        stateset_init_bits(&result->set, space->codec.bits, options->bitstate);
    else
        stateset_init(&result->set, space->codec.bits);
    stateset_add(&result->set, space->first);
    result->level[1] = 1;
    crew->space = space;
    crew->result = result;
    hire(crew, options);
    while (result->depth < EXPLORE_LEVELS - 1) {
        uint32_t from = result->level[result->depth], to = result->level[result->depth + 1];
        if (!explore_level(crew, from, to, options))
            break;
        if (result->set.n == to) {
            result->complete = true;
            break;
        }
        stateset_forget(&result->set, to);
        result->depth++;
        result->level[result->depth + 1] = result->set.n;
    }
    dismiss(crew);
    free(crew);
    result->seconds = seconds() - start;
}

void explore_fini(struct explore_result *result)
{
    stateset_fini(&result->set);
}
