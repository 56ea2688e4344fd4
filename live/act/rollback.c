#include "rollback.h"
#include "action.h"
#include "command.h"
#include "live/base/failpoint.h"
#include "live/base/interrupt.h"
#include "live/base/wire.h"
#include "model/base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAUSE_LEAST_MS 50 /* between two rounds: a 900th of the patience, but at least this */
#define PAUSE_MOST_MS 30000
#define RUNS 1000

int64_t rollback_patience_ms(const struct fleet *fleet, int64_t fleet_ms)
{
    return (int64_t)((double)fleet_ms /
                     (fleet->live.time_factor > 1 ? fleet->live.time_factor : 1));
}

/* ---- one step ---- */

static enum und_code need_github(const struct fleet *fleet, const struct journal_step *step,
                                 struct github_client **github, struct und_err *err)
{
    struct http_config base = {.cancel = interrupt_flag(),
                               .connect_ms = 2000,
                               .total_ms = 8000,
                               .stall_ms = 4000,
                               .attempts = 2,
                               .patience_ms = 5000};
    if (*github || !action_needs_github(step->undo))
        return UND_OK;
    if (!fleet->live.present)
        return und_fail(err, UND_USAGE, "%s: has no live section to undo it by", fleet->path);
    return github_open(github, &fleet->live, &base, err);
}

/* `unrecorded` is for the journal's own trouble, which stops no undo. */
static enum und_code undo(struct journal *journal, const struct fleet *fleet,
                          const struct journal_step *step, struct github_client **github,
                          struct und_err *unrecorded, struct und_err *err)
{
    char note[512] = "";
    failpoint("before undo");
    journal_event(journal, step->id, JOURNAL_UNDOING, "", unrecorded);
    failpoint("undo journalled");
    if (need_github(fleet, step, github, err) == UND_OK)
        action_perform(step->undo, fleet, *github, note, interrupt_flag(), err);
    failpoint("undone");
    journal_event(journal, step->id, err->code == UND_OK ? JOURNAL_UNDONE : JOURNAL_STUCK,
                  err->code == UND_OK ? note : err->text, unrecorded);
    return err->code;
}

enum und_code rollback_stuck(const struct fleet *fleet, const struct journal_step *step,
                             const char *why, struct und_err *err)
{
    char by_hand[ROLLBACK_BY_HAND], when[WIRE_TIME], lease[96] = "";
    rollback_show(fleet, step, by_hand, sizeof by_hand);
    if (step->lease_until_ms > http_wall_ms())
        snprintf(lease, sizeof lease, "; its lease undoes it at %s",
                 wire_time(when, step->lease_until_ms));
    return und_fail(err, UND_STUCK, "left undone: %.100s%s%.60s (%.150s)%s; by hand: %.380s",
                    step->name, step->host[0] ? " on " : "", step->host, why, lease, by_hand);
}

/* ---- all of them, in rounds ---- */

struct attempt {
    int64_t step;
    bool over; /* undone, or tried no more */
    bool undone;
    int refusals;
    char why[200];
};

struct rounds {
    struct journal *journal;
    const struct fleet *fleet;
    struct github_client *github;
    struct attempt *attempt; /* in the order of the steps, the last first */
    size_t n, capacity;
    rollback_teller *say;
    void *context;
    struct und_err unrecorded;
};

static void tell(const struct rounds *rounds, const char *line)
{
    if (rounds->say)
        rounds->say(rounds->context, line);
}

/* The steps come in the same order in every round, so that each is found where the last one was. */
static struct attempt *attempt_of(struct rounds *rounds, size_t *at, int64_t step)
{
    for (; *at < rounds->n; (*at)++)
        if (rounds->attempt[*at].step == step)
            return &rounds->attempt[(*at)++];
    if (rounds->n == rounds->capacity) {
        rounds->capacity = rounds->capacity ? 2 * rounds->capacity : 64;
        rounds->attempt = realloc(rounds->attempt, rounds->capacity * sizeof *rounds->attempt);
        UND_ASSERT(rounds->attempt != NULL);
    }
    UND_ASSERT(*at == rounds->n && rounds->n < rounds->capacity);
    rounds->attempt[rounds->n++] = (struct attempt){.step = step};
    *at = rounds->n;
    return &rounds->attempt[rounds->n - 1];
}

static bool is_refusal(const struct rounds *rounds, const struct journal_step *step)
{
    int status = rounds->github ? github_status(rounds->github) : 0;
    return action_needs_github(step->undo) && status >= 400 && status < 500 && status != 429;
}

static void try_step(struct rounds *rounds, struct attempt *attempt,
                     const struct journal_step *step)
{
    struct und_err why = {0};
    char line[256];
    UND_ASSERT(!attempt->over && attempt->step == step->id);
    undo(rounds->journal, rounds->fleet, step, &rounds->github, &rounds->unrecorded, &why);
    attempt->undone = why.code == UND_OK;
    snprintf(attempt->why, sizeof attempt->why, "%.190s", why.text);
    if (!attempt->undone && why.code != UND_INTERRUPTED && is_refusal(rounds, step))
        attempt->refusals++;
    attempt->over =
        attempt->undone || why.code == UND_USAGE || attempt->refusals >= ROLLBACK_REFUSALS;
    UND_ASSERT(attempt->refusals <= ROLLBACK_REFUSALS);
    if (!attempt->over)
        return;
    snprintf(line, sizeof line, "%s: %s%s%s", attempt->undone ? "undone" : "NOT undone", step->name,
             step->host[0] ? " on " : "", step->host);
    tell(rounds, line);
}

typedef void step_visitor(struct rounds *rounds, struct attempt *attempt,
                          const struct journal_step *step, void *context);

/* Every open step; false if the journal cannot be read. */
static bool visit_open(struct rounds *rounds, step_visitor *visit, void *context,
                       struct und_err *err)
{
    struct journal_step *steps = NULL;
    size_t at = 0, i, n;
    int64_t before = 0;
    bool good;
    do {
        free(steps);
        steps = NULL;
        good = journal_open_steps(rounds->journal, before, &steps, &n, err) == UND_OK;
        for (i = 0; good && i < n; i++) {
            before = steps[i].id;
            if (!action_is_canary(steps[i].undo) || !steps[i].by_monitor)
                visit(rounds, attempt_of(rounds, &at, before), &steps[i], context);
        }
    } while (good && n == JOURNAL_STEPS);
    free(steps);
    return good;
}

static void visit_try(struct rounds *rounds, struct attempt *attempt,
                      const struct journal_step *step, void *context)
{
    size_t *left = context;
    if (!attempt->over)
        try_step(rounds, attempt, step);
    *left += !attempt->over;
}

static void visit_left(struct rounds *rounds, struct attempt *attempt,
                       const struct journal_step *step, void *context)
{
    struct und_err *err = context;
    char line[ROLLBACK_BY_HAND + 512], by_hand[ROLLBACK_BY_HAND];
    UND_ASSERT(attempt->step == step->id);
    if (attempt->undone)
        return;
    rollback_show(rounds->fleet, step, by_hand, sizeof by_hand);
    snprintf(line, sizeof line, "left undone: step %lld, %s%s%s (%s); by hand: %s",
             (long long)step->id, step->name, step->host[0] ? " on " : "", step->host, attempt->why,
             by_hand);
    tell(rounds, line);
    rollback_stuck(rounds->fleet, step, attempt->why, err); /* the first one is told by main */
}

/* A signal ends it. False once the patience is at its end. */
static bool pause_round(int64_t *pause_ms, int64_t end_ms, int signals)
{
    int64_t until_ms = http_monotonic_ms() + *pause_ms;
    const struct timespec nap = {0, 20000000};
    UND_ASSERT(*pause_ms > 0);
    *pause_ms = 2 * *pause_ms < PAUSE_MOST_MS ? 2 * *pause_ms : PAUSE_MOST_MS;
    while (http_monotonic_ms() < (until_ms < end_ms ? until_ms : end_ms)) {
        if (interrupt_count() != signals)
            break;
        nanosleep(&nap, NULL);
    }
    return http_monotonic_ms() < end_ms;
}

enum und_code rollback_all(struct journal *journal, const struct fleet *fleet, int64_t patience_ms,
                           rollback_teller *teller, void *context, struct und_err *err)
{
    struct rounds rounds = {.journal = journal, .fleet = fleet, .say = teller, .context = context};
    int64_t end_ms = http_monotonic_ms() + patience_ms;
    int64_t pause_ms = patience_ms / 900 > PAUSE_LEAST_MS ? patience_ms / 900 : PAUSE_LEAST_MS;
    int begun = interrupt_count(), signals;
    size_t left;
    do {
        left = 0;
        signals = interrupt_count();
        interrupt_clear();
        if (!visit_open(&rounds, visit_try, &left, err))
            break;
    } while (left > 0 && interrupt_count() - begun < 3 && pause_round(&pause_ms, end_ms, signals));
    interrupt_clear();
    if (err->code == UND_OK)
        visit_open(&rounds, visit_left, err, err);
    if (err->code == UND_OK && rounds.unrecorded.code != UND_OK && rounds.n > 0)
        und_fail(err, rounds.unrecorded.code, "all is undone, but that cannot be recorded: %.500s",
                 rounds.unrecorded.text);
    github_close(rounds.github);
    free(rounds.attempt);
    return err->code;
}

enum und_code rollback_finish(struct journal *journal, const struct fleet *fleet,
                              int64_t patience_ms, rollback_teller *say, void *context,
                              struct und_err *err)
{
    struct journal_run *runs = calloc(RUNS, sizeof *runs);
    size_t n = RUNS;
    char line[256];
    if (!runs)
        return und_fail(err, UND_SERVICE, "journal: no memory");
    command_know_credentials(&fleet->live);
    rollback_all(journal, fleet, patience_ms, say, context, err);
    if (err->code == UND_OK)
        journal_runs(journal, runs, &n, err);
    for (; err->code == UND_OK && n > 0; n--) {
        const struct journal_run *run = &runs[n - 1];
        if (run->kind != JOURNAL_DRILL || run->ended_ms >= 0)
            continue;
        journal_end(journal, run->id, UND_STOPPED, "died; rolled back by a later start", err);
        snprintf(line, sizeof line,
                 "run %lld (%.100s) had died before its end; nothing of it is "
                 "left",
                 (long long)run->id, run->name);
        if (say)
            say(context, line);
    }
    free(runs);
    return err->code;
}
