#include "hand.h"
#include "live/act/actuate.h"
#include "live/act/controller_lease.h"
#include "live/act/job_reader.h"
#include "model/base/assert.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HOUR_MS 3600000
#define LOG 1024                          /* writes remembered */
#define NAP_MS 100                        /* real */
#define RETRY_MS 5000                     /* fleet time: after something went wrong */
#define REST_MS (CONTROLLER_LEASE_MS / 4) /* the lease wants to be renewed */
#define SINCE_MS 60000
#define CLOSE_S 1

struct hand {
    const struct fleet *fleet;
    const struct fleet_clock *pace;
    struct journal *journal;
    int64_t run;
    pthread_t thread;
    bool started;
    /* The thread's: */
    struct github_client *github;
    struct actuator actuator;
    struct job_reader reader;
    struct controller_lease lease;
    int64_t wrote_ms[LOG]; /* monotonic; a ring */
    int64_t read_ms, again_ms;
    bool jobless;              /* they could not be read */
    int64_t began_ms, earlier; /* writes of those before us within the hour before that */
    /* Under the lock: */
    pthread_mutex_t lock;
    struct hand_wish wish;
    bool wished, woken, closing;
    struct hand_state state;
    atomic_bool stop; /* ends whatever is under way */
};

/* ---- what may be done ---- */

const char *hand_suspicion(const struct witness_state *witness)
{
    if (!witness->present)
        return "every host looks bad at once: that is not the hosts";
    if (witness->lies)
        return "every host looks bad at once, and the witness is not believed: it has lied";
    switch (witness->says) {
    case WITNESS_NOTHING:
        return "every host looks bad at once, and the witness says nothing";
    case WITNESS_UP:
        return "every host looks bad at once, but the witness reaches them";
    case WITNESS_DOWN:
    case WITNESS_KINDS:
        break;
    }
    return witness->agrees ? "every host looks bad at once, and the witness reaches none either"
                           : "every host looks bad at once, and the witness is asked again";
}

const char *hand_forbids(const struct hand_wish *wish)
{
    int i, fit = 0;
    if (wish->unwritten)
        return "the journal cannot be written";
    if (wish->paused)
        return "paused";
    if (wish->blind)
        return "a feed is stale";
    for (i = 0; i < wish->plan.n; i++)
        fit += wish->fit[i];
    return fit == 0 && !wish->witness.agrees ? hand_suspicion(&wish->witness) : "";
}

struct plan hand_limit(const struct hand_wish *wish, const int routed[FLEET_HOSTS])
{
    struct plan plan = wish->plan;
    int i;
    for (i = 0; i < plan.n; i++)
        if (!wish->fit[i] && plan.host[i].admitted > routed[i])
            plan.host[i].admitted = routed[i];
    return plan;
}

static bool too_many(const struct hand *hand, int64_t now_ms)
{
    int64_t most = hand->fleet->live.writes_per_hour;
    if (now_ms - hand->began_ms < HOUR_MS)
        most -= hand->earlier;
    if (most <= 0)
        return true;
    if (hand->state.writes < most)
        return false;
    UND_ASSERT(most >= 1 && most <= LOG);
    return now_ms - hand->wrote_ms[(hand->state.writes - most) % LOG] < HOUR_MS;
}

/* ---- the thread ---- */

static void say(struct hand *hand, const char *held, bool done)
{
    bool news;
    pthread_mutex_lock(&hand->lock);
    news = held[0] && strcmp(hand->state.held, held) != 0;
    snprintf(hand->state.held, sizeof hand->state.held, "%s", held);
    hand->state.done = done;
    hand->state.leads = hand->lease.held;
    snprintf(hand->state.other, sizeof hand->state.other, "%s", hand->lease.other);
    pthread_mutex_unlock(&hand->lock);
    if (news)
        journal_note(hand->journal, hand->run, "held", held, &(struct und_err){0});
}

static void fail(struct hand *hand, const struct und_err *err)
{
    char line[320];
    snprintf(line, sizeof line, "%.319s", err->text);
    pthread_mutex_lock(&hand->lock);
    hand->state.failures++;
    pthread_mutex_unlock(&hand->lock);
    say(hand, line, false);
    hand->again_ms = http_monotonic_ms() + fleet_clock_real_ms(hand->pace, RETRY_MS);
}

/* True: go on. Otherwise somebody else leads, or it could not be learnt who does. */
static bool leads(struct hand *hand)
{
    struct und_err err = {0};
    char line[160];
    bool was = hand->lease.held;
    if (controller_lease_due(&hand->lease))
        controller_lease_renew(&hand->lease, &err);
    else
        controller_lease_check(&hand->lease, &err);
    if (err.code != UND_OK) {
        fail(hand, &err);
        return false;
    }
    if (hand->lease.held && !was)
        journal_note(hand->journal, hand->run, "lease", "this monitor leads", &err);
    if (hand->lease.held)
        return true;
    snprintf(line, sizeof line, "another controller leads: %s", hand->lease.other);
    say(hand, line, false);
    hand->again_ms = http_monotonic_ms() + fleet_clock_real_ms(hand->pace, RETRY_MS);
    return false;
}

/* Jobs that cannot be read (a token may not read them) keep no host in the rotation; but then no
 * run is cancelled or run again, either. */
static void read_jobs(struct hand *hand, int64_t poll_ms)
{
    struct und_err err = {0};
    int64_t awaited[ACTUATE_RUNS];
    size_t n = actuate_awaited(&hand->actuator, awaited);
    bool was = hand->jobless;
    job_reader_look(&hand->reader, http_wall_ms() - 3 * poll_ms - SINCE_MS, awaited, n, &err);
    hand->jobless = err.code != UND_OK;
    if (hand->jobless && !was)
        journal_note(hand->journal, hand->run, "hand", err.text, &(struct und_err){0});
}

/* The world is read again each poll's time, so that what others change is put right. */
static bool read_world(struct hand *hand)
{
    struct und_err err = {0};
    int64_t now_ms = http_monotonic_ms();
    int64_t poll_ms = fleet_clock_real_ms(hand->pace, hand->fleet->controller.github_poll_ms);
    if (hand->read_ms > 0 && now_ms - hand->read_ms < poll_ms)
        return true;
    if (actuate_read(&hand->actuator, &err) != UND_OK) {
        fail(hand, &err);
        return false;
    }
    if (hand->fleet->github.fast_recovery)
        read_jobs(hand, poll_ms);
    hand->read_ms = now_ms;
    return true;
}

/* One write at most; true: look again at once. */
static bool write_one(struct hand *hand, const struct hand_wish *wish)
{
    struct und_err err = {0};
    static const struct github_jobs none;
    int routed[FLEET_HOSTS];
    struct plan plan;
    int64_t rest_ms;
    bool wrote = false;
    actuate_routed(&hand->actuator, routed);
    plan = hand_limit(wish, routed);
    actuate_step(&hand->actuator, &plan, hand->jobless ? &none : &hand->reader.jobs, &wrote, &err);
    if (hand->actuator.said[0])
        journal_note(hand->journal, hand->run, "hand", hand->actuator.said, &(struct und_err){0});
    hand->actuator.said[0] = '\0';
    if (wrote) {
        pthread_mutex_lock(&hand->lock);
        hand->wrote_ms[hand->state.writes++ % LOG] = http_monotonic_ms();
        pthread_mutex_unlock(&hand->lock);
    }
    if (err.code != UND_OK) {
        hand->read_ms = 0;
        fail(hand, &err);
        return false;
    }
    say(hand, "", !wrote);
    rest_ms = fleet_clock_real_ms(hand->pace, wrote ? hand->fleet->github.write_spacing_ms
                                                    : hand->fleet->controller.github_poll_ms);
    hand->again_ms = http_monotonic_ms() + (rest_ms < REST_MS ? rest_ms : REST_MS);
    return wrote;
}

static void turn(struct hand *hand, const struct hand_wish *wish)
{
    const char *forbidden = hand_forbids(wish);
    if (!leads(hand))
        return;
    if (!forbidden[0] && too_many(hand, http_monotonic_ms()))
        forbidden = "too many writes within an hour";
    if (forbidden[0]) {
        say(hand, forbidden, false);
        hand->again_ms = http_monotonic_ms() + fleet_clock_real_ms(hand->pace, 1000);
        return;
    }
    if (read_world(hand))
        write_one(hand, wish);
}

static void *work(void *context)
{
    struct hand *hand = context;
    const struct timespec nap = {0, NAP_MS * 1000000};
    for (;;) {
        struct hand_wish wish;
        bool closing, due;
        pthread_mutex_lock(&hand->lock);
        closing = hand->closing;
        due = hand->wished && (hand->woken || http_monotonic_ms() >= hand->again_ms);
        hand->woken = false;
        wish = hand->wish;
        pthread_mutex_unlock(&hand->lock);
        if (closing)
            break;
        if (due)
            turn(hand, &wish);
        nanosleep(&nap, NULL);
    }
    controller_lease_end(&hand->lease);
    return NULL;
}

static bool same(const struct hand_wish *a, const struct hand_wish *b)
{
    int i;
    if (a->plan.n != b->plan.n || a->blind != b->blind || a->paused != b->paused ||
        a->unwritten != b->unwritten || a->witness.agrees != b->witness.agrees)
        return false;
    for (i = 0; i < a->plan.n; i++)
        if (a->plan.host[i].admitted != b->plan.host[i].admitted || a->fit[i] != b->fit[i])
            return false;
    return true;
}

/* A wish that changed is carried out at once, unless the hand is kept still. */
void hand_wish(struct hand *hand, const struct hand_wish *wish)
{
    pthread_mutex_lock(&hand->lock);
    hand->woken = hand->woken || (!same(&hand->wish, wish) && !hand->state.held[0]);
    hand->wish = *wish;
    hand->wished = true;
    pthread_mutex_unlock(&hand->lock);
}

void hand_look(struct hand *hand, struct hand_state *out)
{
    pthread_mutex_lock(&hand->lock);
    *out = hand->state;
    pthread_mutex_unlock(&hand->lock);
}

static enum und_code begin(struct hand *hand, struct und_err *err)
{
    const struct http_config base = {.cancel = &hand->stop, .attempts = 2};
    const struct live *live = &hand->fleet->live;
    if (github_open(&hand->github, live, &base, err) != UND_OK)
        return err->code;
    actuate_init(&hand->actuator, hand->fleet, hand->github, hand->journal, hand->run);
    hand->actuator.keeps = true;
    hand->actuator.pause_ms =
        fleet_clock_real_ms(hand->pace, hand->fleet->controller.github_poll_ms);
    job_reader_init(&hand->reader, hand->github, live->canary.workflow);
    controller_lease_init(&hand->lease, hand->github, live->github.lease, &hand->stop);
    hand->started = pthread_create(&hand->thread, NULL, work, hand) == 0;
    return hand->started ? UND_OK
                         : und_fail(err, UND_SERVICE, "cannot start a thread: %s", strerror(errno));
}

enum und_code hand_open(struct hand **out, const struct fleet *fleet,
                        const struct fleet_clock *pace, struct journal *journal, int64_t run,
                        int64_t hour_ms, struct und_err *err)
{
    struct hand *hand;
    *out = NULL;
    if (!fleet->live.allow_actions)
        return und_fail(err, UND_USAGE, "%s: live.allow_actions: got false, want true for --active",
                        fleet->path);
    hand = calloc(1, sizeof *hand);
    UND_ASSERT(hand != NULL);
    hand->fleet = fleet;
    hand->pace = pace;
    hand->journal = journal;
    hand->run = run;
    hand->began_ms = http_monotonic_ms();
    hand->earlier = journal_monitor_steps(journal, hour_ms);
    if (hand->earlier < 0)
        hand->earlier = 0;
    pthread_mutex_init(&hand->lock, NULL);
    begin(hand, err);
    if (err->code == UND_OK)
        *out = hand;
    else
        hand_close(hand);
    return err->code;
}

/* What is under way may end, and the lease be given back, but not for long. */
static void join(struct hand *hand)
{
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += CLOSE_S;
    if (pthread_clockjoin_np(hand->thread, NULL, CLOCK_MONOTONIC, &end) == 0)
        return;
    atomic_store(&hand->stop, true);
    pthread_join(hand->thread, NULL);
}

void hand_close(struct hand *hand)
{
    if (!hand)
        return;
    pthread_mutex_lock(&hand->lock);
    hand->closing = true;
    pthread_mutex_unlock(&hand->lock);
    if (hand->started)
        join(hand);
    if (hand->github) {
        job_reader_fini(&hand->reader);
        actuate_fini(&hand->actuator);
    }
    github_close(hand->github);
    pthread_mutex_destroy(&hand->lock);
    free(hand);
}
