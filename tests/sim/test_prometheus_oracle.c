/* Random histories of Prometheus as simulated: asleep as ticking, and alerts as an oracle says. */
#include "tests/support/helpers.h"
#include "tests/support/monitoring_fixture.h"

#include <stdlib.h>
#include <string.h>

#define RULES 64
#define JOBS 2

/* --- sleeping is the same as ticking --------------------------------------------------------- */

enum { INPUTS = 40 };

enum input_kind { INPUT_LOAD, INPUT_TARGET, INPUT_STOP, INPUT_START };

struct input {
    int64_t at_ms;
    enum input_kind what;
    int host;
    enum signal signal;
    int64_t value_pm;
    enum target_state state;
};

/* One random configuration and what happens in it. */
struct history {
    struct fleet fleet;
    bool alertmanager;
    int64_t length_ms;
    struct stream phases;
    struct input inputs[INPUTS];
};

static int64_t any_of(struct stream *random, int n, const int64_t *choices)
{
    return choices[stream_below(random, (uint32_t)n)];
}
#define ANY_OF(random, ...)                                                                        \
    any_of(random, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (int64_t[]){__VA_ARGS__})

/* Scale 1000 is real time. At scale 1 a second is a millisecond, so that scrapes, evaluations and
 * changes often fall on the same instant. */
static void draw_rules(struct history *history, struct stream *random, int64_t scale)
{
    int n = 1 + (int)stream_below(random, 5);
    for (int i = 0; i < n; i++) {
        enum signal signal = (enum signal)stream_below(random, SIGNAL_SERIES);
        struct rule *rule = monitoring_fixture_add_rule(&history->fleet, signal, 0);
        rule->for_ms = ANY_OF(random, 0, 60, 120, 130, 300, 600, 900) * scale;
        rule->keep_firing_ms = ANY_OF(random, 0, 0, 0, 90, 300) * scale;
        rule->window_ms = ANY_OF(random, 60, 120, 300) * scale;
        if (signal != SIGNAL_CPU_IRATE && stream_below(random, 4) == 0)
            rule->window_ms = 0; /* a gauge */
        if (stream_below(random, 4) == 0)
            rule->hosts = 1 + stream_below(random, 7);
        rule->job = (int)stream_below(random, (uint32_t)history->fleet.monitoring.n_jobs);
        rule->interval_ms = ANY_OF(random, 0, 0, 15, 60, 100) * scale;
        rule->threshold_pm = ANY_OF(random, 850, 850, 300, 0, 1000);
        rule->below = stream_below(random, 5) == 0;
        rule->severity = (enum severity)stream_below(random, SEVERITY_COUNT);
    }
}

/* One job as the monitoring's own interval says, or two, the second half as often. */
static void draw_jobs(struct monitoring *monitoring, struct stream *random)
{
    static struct scrape_job jobs[JOBS];
    monitoring->n_jobs = 1 + (int)stream_below(random, JOBS);
    monitoring->jobs = jobs;
    for (int i = 0; i < monitoring->n_jobs; i++) {
        monitoring->jobs[i].interval_ms = monitoring->scrape_interval_ms * (i + 1);
        monitoring->jobs[i].timeout_ms = monitoring->scrape_timeout_ms;
    }
}

static int by_time(const void *a, const void *b)
{
    const struct input *x = a, *y = b;
    return (x->at_ms > y->at_ms) - (x->at_ms < y->at_ms);
}

static void draw_inputs(struct history *history, struct stream *random, int64_t scale)
{
    int64_t spread_ms = ANY_OF(random, 30, 600, 2400, 7200) * scale;
    bool loads_only = stream_below(random, 2); /* else some host is unsettled most of the time */
    for (int i = 0; i < INPUTS; i++) {
        struct input *input = &history->inputs[i];
        uint32_t what = stream_below(random, loads_only ? 13 : 20);
        *input = (struct input){.at_ms = stream_below(random, (uint32_t)spread_ms)};
        input->host = (int)stream_below(random, (uint32_t)history->fleet.n_hosts);
        input->what = what < 13   ? INPUT_LOAD
                      : what < 18 ? INPUT_TARGET
                                  : (enum input_kind)(what - 16);
        input->signal =
            (enum signal)ANY_OF(random, SIGNAL_CPU_RATE, SIGNAL_CPU_RATE, SIGNAL_CPU_IRATE,
                                SIGNAL_MEMORY, SIGNAL_DISK, SIGNAL_JOB_DURATION);
        input->value_pm = ANY_OF(random, 0, 100, 500, 849, 850, 851, 900, 1000, 1000, 300);
        input->state = (enum target_state)ANY_OF(random, TARGET_UP, TARGET_UP, TARGET_REFUSED,
                                                 TARGET_ABSENT, TARGET_BLACKHOLE);
    }
    qsort(history->inputs, INPUTS, sizeof *history->inputs, by_time);
    history->length_ms = spread_ms + 1800 * scale;
}

static void draw_history(struct history *history, struct stream *random)
{
    uint32_t kind = stream_below(random, 3);
    int64_t scale = kind == 0 ? 1000 : 1;
    struct monitoring *monitoring = &history->fleet.monitoring;
    monitoring_fixture_configure(&history->fleet, 1 + (int)stream_below(random, 3));
    monitoring->scrape_interval_ms = ANY_OF(random, 15, 30, 60) * scale;
    monitoring->scrape_timeout_ms = ANY_OF(random, 5, 10, 15) * scale;
    monitoring->evaluation_interval_ms = ANY_OF(random, 30, 60, 60, 90) * scale;
    monitoring->lookback_ms = 300 * scale;
    if (kind == 2) { /* evaluations between a scrape's start and its end become common */
        monitoring->scrape_interval_ms = ANY_OF(random, 3, 4, 5);
        monitoring->scrape_timeout_ms = ANY_OF(random, 1, 2, 3);
        monitoring->evaluation_interval_ms = ANY_OF(random, 3, 4, 5);
    }
    history->fleet.alertmanager.group_by_instance = stream_below(random, 2);
    history->alertmanager = kind == 0; /* its constants of seconds do not shrink */
    draw_jobs(monitoring, random);
    draw_rules(history, random, scale);
    draw_inputs(history, random, scale);
    history->phases = *random;
    stream_next(random);
}

static void apply(struct monitoring_fixture *world, const struct input *input)
{
    switch (input->what) {
    case INPUT_LOAD:
        prometheus_load(world->prometheus, input->at_ms, input->host, input->signal,
                        input->value_pm);
        break;
    case INPUT_TARGET:
        prometheus_target(world->prometheus, input->at_ms, input->host, input->state);
        break;
    case INPUT_STOP:
        prometheus_stop(world->prometheus, input->at_ms);
        break;
    case INPUT_START:
        prometheus_start(world->prometheus, input->at_ms);
        break;
    }
}

static void play(struct monitoring_fixture *world, const struct history *history, bool always)
{
    struct stream phases = history->phases;
    world->fleet = history->fleet;
    world->without_alertmanager = !history->alertmanager;
    monitoring_fixture_open(world);
    prometheus_always_tick(world->prometheus, always);
    monitoring_fixture_reset(world, &phases);
    for (int i = 0; i < INPUTS; i++) {
        monitoring_fixture_run(world, history->inputs[i].at_ms);
        apply(world, &history->inputs[i]);
    }
    monitoring_fixture_run(world, history->length_ms);
}

static bool same(const struct observed *a, const struct observed *b)
{
    return a->at_ms == b->at_ms && a->what == b->what && a->rule == b->rule && a->host == b->host &&
           a->change == b->change &&
           memcmp(&a->notification, &b->notification, sizeof a->notification) == 0;
}

static void check_same(const struct monitoring_fixture *a, const struct monitoring_fixture *b,
                       int number)
{
    for (int i = 0; i < a->n && i < b->n; i++)
        ck_assert_msg(same(&a->log[i], &b->log[i]),
                      "history %d, entry %d: rule %d host %d change %u at %ld, and rule %d host %d "
                      "change %u at %ld",
                      number, i, a->log[i].rule, a->log[i].host, a->log[i].change,
                      (long)a->log[i].at_ms, b->log[i].rule, b->log[i].host, b->log[i].change,
                      (long)b->log[i].at_ms);
    ck_assert_msg(a->n == b->n, "history %d: %d entries, and %d", number, a->n, b->n);
}

START_TEST(sleeping_and_ticking_observe_the_same)
{
    static struct history history;
    struct stream random;
    long changes = 0, slept = 0, ticked = 0;
    stream_seed(&random, 4);
    for (int i = 0; i < 10000; i++) {
        struct monitoring_fixture asleep, awake;
        draw_history(&history, &random);
        play(&asleep, &history, false);
        play(&awake, &history, true);
        check_same(&asleep, &awake, i);
        changes += asleep.n;
        slept += asleep.events;
        ticked += awake.events;
        monitoring_fixture_close(&asleep);
        monitoring_fixture_close(&awake);
    }
    ck_assert_msg(changes > 90000, "only %ld changes to compare", changes);
    ck_assert_msg(slept < ticked / 3, "%ld events asleep, %ld awake", slept, ticked);
}
END_TEST

/* --- an oracle: the same histories by the rules of prometheus-semantics.md, with no cleverness ---
 */

struct oracle {
    const struct history *history;
    int64_t scrape_phase_ms[FLEET_HOSTS * JOBS];
    struct alert alerts[RULES][FLEET_HOSTS];
    int64_t restarted_ms; /* the process that the alerts belong to */
    struct observed *log;
    int n;
};

/* Everything that held just before a time, found by going through the inputs from the start. */
struct truth {
    bool running;
    int64_t started_ms, stopped_ms; /* of the server: last start, next stop */
    enum target_state state;
    int64_t value[VALUES];
    int64_t counter[COUNTERS], counted_ms;
};

static void count(struct truth *truth, int64_t now_ms)
{
    int64_t spell_ms = now_ms - truth->counted_ms;
    truth->counter[VALUE_CPU] += (1000 - truth->value[VALUE_CPU]) * spell_ms;
    truth->counter[VALUE_DISK] += truth->value[VALUE_DISK] * spell_ms;
    truth->counted_ms = now_ms;
}

static struct truth truth_before(const struct history *history, int host, int64_t at_ms)
{
    struct truth truth = {.running = true, .started_ms = INT64_MIN / 2, .stopped_ms = INT64_MAX};
    truth.counter[VALUE_CPU] = truth.counter[VALUE_DISK] = 86400LL * 30 * 1000000;
    for (int i = 0; i < INPUTS; i++) {
        const struct input *input = &history->inputs[i];
        if (input->at_ms >= at_ms) {
            if (input->what == INPUT_STOP && truth.stopped_ms == INT64_MAX)
                truth.stopped_ms = input->at_ms;
            continue;
        }
        if (input->what == INPUT_START && !truth.running)
            truth.started_ms = input->at_ms;
        if (input->what == INPUT_START || input->what == INPUT_STOP)
            truth.running = input->what == INPUT_START;
        if (input->host != host || input->what > INPUT_TARGET)
            continue;
        count(&truth, input->at_ms);
        if (input->what == INPUT_LOAD) {
            truth.value[target_value_of(input->signal)] = input->value_pm;
            continue;
        }
        if (truth.state == TARGET_ABSENT && input->state == TARGET_UP)
            truth.counter[VALUE_CPU] = truth.counter[VALUE_DISK] = 3600LL * 1000000;
        truth.state = input->state;
    }
    count(&truth, at_ms);
    return truth;
}

static int64_t latency_ms(const struct history *history, enum target_state state)
{
    int64_t timeout_ms = history->fleet.monitoring.scrape_timeout_ms;
    switch (state) {
    case TARGET_UP:
    case TARGET_REFUSED:
        return 1;
    case TARGET_ABSENT:
        return timeout_ms < 3070 ? timeout_ms : 3070;
    case TARGET_BLACKHOLE:
    case TARGET_LOST:
    case TARGET_STATES:
        break;
    }
    return timeout_ms;
}

/* The samples that an evaluation at now_ms sees, as far back as any window goes. */
static size_t oracle_samples(const struct oracle *oracle, const struct rule *rule, int host,
                             int64_t now_ms, struct sample *samples)
{
    const struct monitoring *monitoring = &oracle->history->fleet.monitoring;
    int64_t interval_ms = monitoring->jobs[rule->job].interval_ms;
    int64_t at_ms =
        oracle->scrape_phase_ms[host * monitoring->n_jobs + rule->job] - 120 * interval_ms;
    enum target_value value = target_value_of(rule->signal);
    bool counter = value < COUNTERS && rule->window_ms > 0;
    size_t n = 0;
    while (at_ms + 110 * interval_ms < now_ms)
        at_ms += interval_ms;
    for (; at_ms < now_ms; at_ms += interval_ms) {
        struct truth truth = truth_before(oracle->history, host, at_ms);
        int64_t visible_ms = at_ms + latency_ms(oracle->history, truth.state);
        bool up = truth.state == TARGET_UP;
        if (at_ms < truth.started_ms + 5000 || !truth.running || visible_ms > now_ms ||
            visible_ms > truth.stopped_ms)
            continue;
        samples[n] = (struct sample){.at_ms = at_ms, .stale = value != VALUES && !up};
        samples[n++].value = value == VALUES ? up
                             : counter       ? (double)truth.counter[value] / 1e6
                                             : (double)truth.value[value] / 1000;
    }
    return n;
}

static void oracle_evaluate(struct oracle *oracle, int rule, int64_t now_ms)
{
    const struct monitoring *monitoring = &oracle->history->fleet.monitoring;
    const struct rule *settings = &monitoring->rules[rule];
    struct alert_timing timing = {settings->for_ms, settings->keep_firing_ms};
    struct sample samples[128];
    for (int host = 0; host < oracle->history->fleet.n_hosts; host++) {
        size_t n = oracle_samples(oracle, settings, host, now_ms, samples);
        bool watched = settings->hosts == 0 || (settings->hosts >> host & 1);
        bool match =
            watched && series_matches(settings, samples, n, now_ms, monitoring->lookback_ms);
        enum alert_change change = alert_step(&timing, &oracle->alerts[rule][host], now_ms, match);
        if (change != ALERT_SAME)
            oracle->log[oracle->n++] =
                (struct observed){.at_ms = now_ms, .rule = rule, .host = host, .change = change};
    }
}

static void oracle_restart(struct oracle *oracle, int64_t started_ms)
{
    oracle->restarted_ms = started_ms;
    for (int i = 0; i < RULES * FLEET_HOSTS; i++)
        alert_init(&oracle->alerts[i / FLEET_HOSTS][i % FLEET_HOSTS]);
}

/* Phases in the order in which prometheus_reset draws them: hosts, then groups as they first occur
 * (a group is an interval here). */
static void oracle_play(struct oracle *oracle)
{
    const struct fleet *fleet = &oracle->history->fleet;
    struct stream phases = oracle->history->phases;
    int64_t group_phase_ms[RULES], interval_ms[RULES];
    for (int i = 0; i < fleet->n_hosts * fleet->monitoring.n_jobs; i++)
        oracle->scrape_phase_ms[i] = stream_below(
            &phases, (uint32_t)fleet->monitoring.jobs[i % fleet->monitoring.n_jobs].interval_ms);
    for (int i = 0; i < fleet->monitoring.n_rules; i++) {
        int first = 0;
        interval_ms[i] = fleet->monitoring.rules[i].interval_ms;
        if (!interval_ms[i])
            interval_ms[i] = fleet->monitoring.evaluation_interval_ms;
        while (interval_ms[first] != interval_ms[i])
            first++;
        group_phase_ms[i] =
            first < i ? group_phase_ms[first] : stream_below(&phases, (uint32_t)interval_ms[i]);
    }
    for (int64_t now_ms = 0; now_ms < oracle->history->length_ms; now_ms++) {
        for (int i = 0; i < fleet->monitoring.n_rules; i++) {
            struct truth truth;
            if (now_ms % interval_ms[i] != group_phase_ms[i])
                continue;
            truth = truth_before(oracle->history, 0, now_ms + 1);
            if (truth.started_ms >= 0 && truth.running && oracle->restarted_ms < truth.started_ms)
                oracle_restart(oracle, truth.started_ms);
            if (truth.running && now_ms > truth.started_ms)
                oracle_evaluate(oracle, i, now_ms);
        }
    }
}

static int by_entry(const void *a, const void *b)
{
    const struct observed *x = a, *y = b;
    if (x->at_ms != y->at_ms)
        return x->at_ms < y->at_ms ? -1 : 1;
    return (x->rule - y->rule) * FLEET_HOSTS + x->host - y->host;
}

/* Rules that a restart restores (for >= 10 min) have a test of their own. */
START_TEST(alerts_change_as_the_oracle_says)
{
    static struct history history;
    struct oracle oracle = {.log = calloc(MONITORING_FIXTURE_LOG, sizeof *oracle.log)};
    struct stream random;
    long changes = 0;
    stream_seed(&random, 5);
    for (int i = 0; i < 500; i++) {
        struct monitoring_fixture world;
        do
            draw_history(&history, &random);
        while (history.length_ms > 10000);
        history.alertmanager = false;
        oracle.history = &history;
        oracle.n = 0;
        oracle_restart(&oracle, -1);
        play(&world, &history, false);
        oracle_play(&oracle);
        qsort(world.log, (size_t)world.n, sizeof *world.log, by_entry);
        qsort(oracle.log, (size_t)oracle.n, sizeof *oracle.log, by_entry);
        changes += world.n;
        check_same(&world, &(struct monitoring_fixture){.log = oracle.log, .n = oracle.n}, i);
        monitoring_fixture_close(&world);
    }
    free(oracle.log);
    ck_assert_msg(changes > 3500, "only %ld changes to compare", changes);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("prometheus oracle");
    TCase *histories = tcase_create("histories");
    tcase_set_timeout(histories, 300);
    tcase_add_test(histories, sleeping_and_ticking_observe_the_same);
    tcase_add_test(histories, alerts_change_as_the_oracle_says);
    suite_add_tcase(suite, histories);
    return suite;
}
