/*
 * Fleets drawn at random, simulated, their histories fitted: does each interval hold its parameter?
 * Nobody has seen these fleets: rate, profile, spread, trend, jobs a run, mix and families, chances
 * of failure and re-run, pick-up, MTBF and MTTR come from the seed.
 *
 *   RECOVERY_FLEETS=300 build/tests/sim/test_recovery      more of them, and the table
 *
 * The simulator knows neither trend nor jobs that fail of themselves: runs are thinned by the trend
 * as they are written, and whole runs are drawn to have failed or to be a re-run.
 */
#include "model/fit/fit.h"
#include "model/load/loader.h"
#include "tests/support/helpers.h"
#include "tests/support/scenario_text.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FLEETS 30
#define MONTH (30.0 * (double)DAY)
#define MONDAY_MS 1772409600000LL /* 2026-03-02 */
#define CLASSES 4

enum parameter {
    RATE,
    GROWTH,
    WEIGHT,
    CV2,
    FAN_OUT,
    FAN_OUT_WEIGHT,
    MIX,
    P50,
    P95,
    MEAN,
    SHAPE,
    FAILED,
    RERUN,
    PICKUP_P50,
    PICKUP_P95,
    MTBF,
    MTTR,
    PARAMETERS
};
static const char *const names[PARAMETERS] = {
    "rate",         "growth a month", "profile weight", "modulation cv2",
    "fan-out mean", "fan-out weight", "class weight",   "duration p50",
    "duration p95", "duration mean",  "duration k",     "share failed",
    "share re-run", "pick-up p50",    "pick-up p95",    "MTBF",
    "MTTR"};

static struct {
    int of, hits, below, above; /* the interval is below the truth, above it */
} score[PARAMETERS];
static int kinds, kinds_right, poisson, poisson_right, families, families_right;

/* ---- a fleet ---- */

struct truth {
    int days, n_profile, n_classes, slots;
    double rate, growth, weight[168], cv2, fan_out, fan_out_weight[6];
    bool geometric, fixed;
    int n_fan_out;
    double mix[CLASSES];
    double bad, rerun;       /* chances of a run */
    double p50, p95;         /* of pick-up, ms */
    double mtbf[2], mttr[2]; /* ms */
    int n_hosts;
};

static double uniform(gsl_rng *random, double low, double high)
{
    return low + (high - low) * gsl_rng_uniform(random);
}

static double log_uniform(gsl_rng *random, double low, double high)
{
    return exp(uniform(random, log(low), log(high)));
}

static void draw_profile(struct truth *truth, gsl_rng *random)
{
    double by_day[7], sum = 0, height = uniform(random, 0.2, 0.9), phase = uniform(random, 0, 24);
    int i, kind = (int)gsl_rng_uniform_int(random, 3);
    truth->n_profile = kind == 0 ? 0 : kind == 1 ? 24 : 168;
    for (i = 0; i < 7; i++)
        by_day[i] = i < 5 ? 1 : uniform(random, 0.2, 0.6);
    for (i = 0; i < truth->n_profile; i++) {
        truth->weight[i] = 1 + height * sin(2 * M_PI * (i % 24 - phase) / 24);
        truth->weight[i] *= kind == 2 ? by_day[i / 24] : 1;
        sum += truth->weight[i];
    }
    for (i = 0; i < truth->n_profile; i++)
        truth->weight[i] *= truth->n_profile / sum;
}

static void write_profile(FILE *out, const struct truth *truth)
{
    int i;
    for (i = 0; i < truth->n_profile; i++)
        fprintf(out, "%s%.9g", i ? ", " : "      profile: [", truth->weight[i]);
    fputs(truth->n_profile ? "]\n" : "", out);
}

static void write_fan_out(FILE *out, struct truth *truth, gsl_rng *random)
{
    int kind = (int)gsl_rng_uniform_int(random, 3), i;
    double sum = 0;
    truth->fixed = kind == 0;
    truth->geometric = kind == 1;
    truth->fan_out = kind == 0 ? 1 + (int)gsl_rng_uniform_int(random, 4) : uniform(random, 1.3, 4);
    truth->n_fan_out = 6;
    for (i = 0; i < 6; i++)
        sum += truth->fan_out_weight[i] = uniform(random, 0.05, 1) * (i == 3 ? 3 : 1);
    if (kind < 2) {
        fprintf(out, "    fan_out: {kind: %s, mean: %.9g}\n", kind ? "geometric" : "fixed",
                truth->fan_out);
        return;
    }
    truth->fan_out = 0;
    fputs("    fan_out: {kind: empirical, weights: [", out);
    for (i = 0; i < 6; i++) {
        truth->fan_out_weight[i] /= sum;
        truth->fan_out += (i + 1) * truth->fan_out_weight[i];
        fprintf(out, "%s%.9g", i ? ", " : "", truth->fan_out_weight[i]);
    }
    fputs("]}\n", out);
}

static void write_classes(FILE *out, struct truth *truth, gsl_rng *random)
{
    double sum = 0;
    int i;
    truth->n_classes = 1 + (int)gsl_rng_uniform_int(random, CLASSES);
    for (i = 0; i < truth->n_classes; i++)
        sum += truth->mix[i] = uniform(random, 0.15, 1);
    fputs("    classes:\n", out);
    for (i = 0; i < truth->n_classes; i++) {
        double p50 = log_uniform(random, 60, 900);
        int kind = (int)gsl_rng_uniform_int(random, 4);
        truth->mix[i] /= sum;
        fprintf(out, "      - {name: c%d, weight: %.9g, duration: {kind: ", i, truth->mix[i]);
        if (kind == 0)
            fprintf(out, "lognormal, p50: %.3fs, p95: %.3fs}}\n", p50,
                    p50 * uniform(random, 1.8, 5));
        else if (kind == 1)
            fprintf(out, "loglogistic, p50: %.3fs, k: %.6g}}\n", p50, uniform(random, 2.5, 6));
        else
            fprintf(out, "%s, mean: %.3fs, k: %.6g}}\n", kind == 2 ? "weibull" : "gamma", p50,
                    uniform(random, 0.8, 4));
    }
}

static void write_hosts(FILE *out, struct truth *truth, gsl_rng *random)
{
    int i;
    truth->n_hosts = 2;
    fputs("  hosts:\n", out);
    for (i = 0; i < 2; i++) {
        bool even = gsl_rng_uniform_int(random, 2);
        truth->mtbf[i] = log_uniform(random, 0.7, 6) * (double)DAY;
        truth->mttr[i] = log_uniform(random, 5, 60) * (double)MINUTE;
        fprintf(out, "    - {name: h%d, slots: 120, mtbf: %.3fs, mttr: ", i, truth->mtbf[i] / 1000);
        if (even)
            fprintf(out, "{kind: gamma, mean: %.3fs, k: 3}}\n", truth->mttr[i] / 1000);
        else
            fprintf(out, "%.3fs}\n", truth->mttr[i] / 1000);
    }
}

/* The fleet's file; what it says goes into *truth. */
static char *draw_fleet(struct truth *truth, gsl_rng *random)
{
    static const char *const lengths[] = {"15min", "1h", "2h", "4h"};
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    *truth = (struct truth){0};
    truth->days = 28 + 7 * (int)gsl_rng_uniform_int(random, 6);
    truth->rate = log_uniform(random, 15, 120);
    truth->growth = gsl_rng_uniform_int(random, 2) ? 0 : uniform(random, -0.3, 0.5);
    truth->cv2 = gsl_rng_uniform_int(random, 2) ? 0 : log_uniform(random, 0.2, 1);
    truth->bad = uniform(random, 0.02, 0.3);
    truth->rerun = uniform(random, 0, 0.1);
    truth->p50 = uniform(random, 2000, 20000);
    truth->p95 = truth->p50 * uniform(random, 1.5, 4);
    fprintf(out, "name: drawn\nduration: %dd\nfleet:\n", truth->days);
    write_hosts(out, truth, random);
    fprintf(out, "  github: {pickup: {kind: lognormal, p50: %.3fs, p95: %.3fs}}\n",
            truth->p50 / 1000, truth->p95 / 1000);
    fprintf(out, "  workload:\n    on_failure: rerun\n    arrivals:\n      rate: %.9g/d\n",
            truth->rate);
    draw_profile(truth, random);
    write_profile(out, truth);
    if (truth->cv2 > 0)
        fprintf(out, "      modulation: {cv2: %.9g, every: %s}\n", truth->cv2,
                lengths[gsl_rng_uniform_int(random, 4)]);
    write_fan_out(out, truth, random);
    write_classes(out, truth, random);
    fclose(out);
    return text;
}

/* ---- its history ---- */

static struct scenario_text s;

/* What is drawn for a run, from the instant of its arrival. */
struct run_story {
    int64_t arrived_ms;
    bool kept, bad;
    int attempt;
};

static struct run_story tell_run(const struct truth *truth, int64_t at_ms, gsl_rng *random)
{
    double g = log1p(truth->growth), gone = (double)at_ms / MONTH;
    double ahead = (double)truth->days * (double)DAY / MONTH - gone;
    double kept = exp(g > 0 ? -g * ahead : g * gone);
    return (struct run_story){at_ms, gsl_rng_uniform(random) < kept,
                              gsl_rng_uniform(random) < truth->bad,
                              1 + (gsl_rng_uniform(random) < truth->rerun)};
}

struct job {
    int host;
    int64_t arrived_ms, started_ms; /* started -1: it has not */
    int job_class, attempt;         /* attempts of its own, by hosts that die */
    bool failed;
    struct run_story run;
};

static void put_time(FILE *file, int64_t at_ms)
{
    if (at_ms >= 0)
        fprintf(file, ",%lld", (long long)(MONDAY_MS + at_ms));
    else
        fputc(',', file);
}

static void put_job(FILE *file, unsigned number, const struct job *job, int64_t finished_ms,
                    const char *status)
{
    if (!job->run.kept)
        return;
    fprintf(file, "%u-%d,%lld,c%d,%s,%d,", number, job->attempt, (long long)job->run.arrived_ms,
            job->job_class, status, job->run.attempt + job->attempt);
    if (job->started_ms >= 0)
        fprintf(file, "h%d-7", job->host);
    put_time(file, job->arrived_ms);
    put_time(file, job->started_ms);
    put_time(file, finished_ms);
    fputc('\n', file);
}

static void take_entry(FILE *file, const struct timeline_entry *entry, struct job *job,
                       unsigned number, const struct run_story *run, gsl_rng *random)
{
    const char *verb = strchr(entry->what + 4, ' ') + 1;
    if (strncmp(verb, "arrives", 7) == 0)
        *job = (struct job){-1,  entry->at_ms,
                            -1,  entry->job_class,
                            0,   gsl_rng_uniform(random) < (run->bad ? 0.7 : 0.02),
                            *run};
    else if (strncmp(verb, "is run again", 12) == 0)
        *job = (struct job){-1,          entry->at_ms, -1, job->job_class, job->attempt + 1,
                            job->failed, job->run};
    else if (strcmp(verb, "starts") == 0) {
        job->started_ms = entry->at_ms;
        job->host = entry->host;
    } else if (strcmp(verb, "succeeds") == 0) {
        put_job(file, number, job, entry->at_ms, job->failed ? "failure" : "success");
        job->run.kept = false; /* written */
    } else if (strncmp(verb, "fails", 5) == 0) {
        put_job(file, number, job, entry->at_ms, "cancelled");
    }
}

/* Jobs as an export, by the timeline of the simulation. */
static void write_jobs(const char *path, const struct truth *truth, gsl_rng *random)
{
    const struct timeline *timeline = &s.result.timeline;
    struct job *job = calloc(timeline->n + 1, sizeof *job);
    struct run_story run = {-1, false, false, 1};
    FILE *file = fopen(path, "w");
    unsigned number, most = 0;
    size_t k;
    ck_assert(job != NULL && file != NULL);
    ck_assert_uint_eq(timeline->dropped, 0);
    fputs("id,run_id,name,status,attempt,runner,created_at,started_at,finished_at\n", file);
    for (k = 0; k < timeline->n; k++) {
        const struct timeline_entry *entry = &timeline->entry[k];
        if (sscanf(entry->what, "job %u ", &number) != 1 || number > timeline->n)
            continue;
        if (strstr(entry->what, " arrives") && entry->at_ms != run.arrived_ms)
            run = tell_run(truth, entry->at_ms, random);
        most = number > most ? number : most;
        take_entry(file, entry, &job[number], number, &run, random);
    }
    for (number = 0; number <= most; number++)
        put_job(file, number, &job[number], -1, "in_progress");
    fclose(file);
    free(job);
}

/* When hosts were up. */
static void write_samples(const char *path, const struct truth *truth)
{
    const struct timeline *timeline = &s.result.timeline;
    FILE *file = fopen(path, "w");
    size_t k;
    int i;
    ck_assert(file != NULL);
    fputs("at,host,up\n", file);
    for (i = 0; i < truth->n_hosts; i++)
        fprintf(file, "%lld,h%d,1\n", (long long)MONDAY_MS, i);
    for (k = 0; k < timeline->n; k++) {
        const struct timeline_entry *entry = &timeline->entry[k];
        bool down = strncmp(entry->what, "host breaks down", 16) == 0;
        if (down || strncmp(entry->what, "host is repaired", 16) == 0)
            fprintf(file, "%lld,h%d,%d\n", (long long)(MONDAY_MS + entry->at_ms), entry->host,
                    !down);
    }
    for (i = 0; i < truth->n_hosts; i++)
        fprintf(file, "%lld,h%d,\n", (long long)(MONDAY_MS + truth->days * DAY), i);
    fclose(file);
}

/* ---- the score ---- */

static void count(enum parameter parameter, const struct measured *measured, double truth)
{
    if (isnan(measured->value))
        return;
    score[parameter].of++;
    score[parameter].below += measured->interval.high < truth;
    score[parameter].above += measured->interval.low > truth;
    score[parameter].hits += measured->interval.low <= truth && truth <= measured->interval.high;
}

static void count_arrivals(const struct fit *fit, const struct truth *truth)
{
    const struct arrivals *arrivals = &fit->arrivals;
    double g = log1p(truth->growth), span = truth->days * (double)DAY / MONTH, rate = truth->rate;
    int kind = arrivals->n_profile, k;
    if (g < 0) /* the rate of the file is that of the beginning */
        rate *= exp(g * span);
    if (!arrivals->trended && g != 0)
        rate *= (1 - exp(-g * span)) / (g * span);
    count(RATE, &arrivals->rate, rate / (double)DAY);
    count(GROWTH, &arrivals->growth, truth->growth);
    kinds++;
    kinds_right += kind == truth->n_profile;
    for (k = 0; k < kind && kind == truth->n_profile; k++)
        count(WEIGHT, &arrivals->profile[k], truth->weight[k]);
    poisson++;
    poisson_right += arrivals->modulation.present == (truth->cv2 > 0);
    if (truth->cv2 > 0 && arrivals->modulation.present)
        count(CV2, &arrivals->modulation.cv2, truth->cv2);
    if (!truth->fixed)
        count(FAN_OUT, &fit->fan_out.mean, truth->fan_out);
    for (k = 0; k < fit->fan_out.n_weights && !truth->fixed && !truth->geometric; k++) {
        struct measured weight = {fit->fan_out.weights[k], fit->fan_out.interval[k]};
        count(FAN_OUT_WEIGHT, &weight, truth->fan_out_weight[k]);
    }
}

static void count_classes(const struct fit *fit, const struct truth *truth)
{
    int i, c;
    for (i = 0; i < fit->n_classes; i++) {
        const struct class_fit *class_fit = &fit->classes[i];
        const struct dist *dist;
        bool right;
        c = class_fit->name[1] - '0';
        dist = &s.scenario.fleet.workload.classes[c].duration;
        right = class_fit->model == DURATION_FAMILY &&
                class_fit->candidate[class_fit->chosen].kind == dist->kind;
        count(MIX, &class_fit->weight, truth->mix[c]);
        families++;
        families_right += right;
        count(MEAN, &class_fit->mean, dist_mean(dist));
        count(P50, &class_fit->p50, dist_quantile(dist, 0.5));
        count(P95, &class_fit->p95, dist_quantile(dist, 0.95));
        if (right)
            count(SHAPE, &class_fit->shape, dist->b);
    }
}

static void count_all(const struct fit *fit, const struct truth *truth)
{
    int i;
    count_arrivals(fit, truth);
    count_classes(fit, truth);
    count(FAILED, &fit->failed, truth->bad * 0.7 + (1 - truth->bad) * 0.02);
    count(RERUN, &fit->rerun, truth->rerun);
    count(PICKUP_P50, &fit->pickup_p50, truth->p50);
    count(PICKUP_P95, &fit->pickup_p95, truth->p95);
    for (i = 0; i < fit->n_hosts; i++) {
        count(MTBF, &fit->hosts[i].mtbf, truth->mtbf[i]);
        count(MTTR, &fit->hosts[i].mttr, truth->mttr[i]);
    }
}

static void recover(unsigned long seed)
{
    char jobs[] = "/tmp/understudy-recovery-XXXXXX", samples[] = "/tmp/understudy-recovery-XXXXXX";
    static struct watched watched;
    static struct history history;
    static struct fit fit;
    struct fit_wish wish = {.watched = &watched, .untested = true};
    struct und_err err = {0};
    gsl_rng *random = gsl_rng_alloc(gsl_rng_mt19937);
    struct truth truth;
    char *text;
    gsl_rng_set(random, seed);
    text = draw_fleet(&truth, random);
    close(mkstemp(jobs));
    close(mkstemp(samples));
    scenario_text_load(&s, "%s", text);
    scenario_text_run(&s, (struct experiment){.seed = seed, .replications = 1, .trace = true});
    write_jobs(jobs, &truth, random);
    write_samples(samples, &truth);
    ck_assert_msg(watched_read(&watched, samples, &err) == UND_OK &&
                      history_read(&history, jobs, NULL, 0, &err) == UND_OK,
                  "seed %lu: %s", seed, err.text);
    watched_cut(&watched, &history);
    ck_assert_msg(fit_history(&fit, &history, &wish, &err) == UND_OK, "seed %lu: %s\n%s", seed,
                  err.text, text);
    count_all(&fit, &truth);
    fit_fini(&fit);
    history_fini(&history);
    watched_fini(&watched);
    scenario_text_fini(&s);
    unlink(jobs);
    unlink(samples);
    free(text);
    gsl_rng_free(random);
}

/* The least number of hits that intervals which hold 95% of the time would fall short of with a
 * chance of no more than 1e-4, if all were independent. */
static int least_hits(int of)
{
    int hits = of;
    while (hits > 0 && gsl_cdf_binomial_P((unsigned)(hits - 1), 0.95, (unsigned)of) > 1e-4)
        hits--;
    return hits;
}

static void print_table(int fleets)
{
    int i;
    printf("%d fleets; of 95%% intervals:\n%-16s %6s %7s %7s %7s\n", fleets, "parameter", "of",
           "hold", "below", "above");
    for (i = 0; i < PARAMETERS; i++)
        printf("%-16s %6d %6.1f%% %6.1f%% %6.1f%%\n", names[i], score[i].of,
               100.0 * score[i].hits / score[i].of, 100.0 * score[i].below / score[i].of,
               100.0 * score[i].above / score[i].of);
    printf("profile's kind right %d of %d, Poisson or not %d of %d, family %d of %d\n", kinds_right,
           kinds, poisson_right, poisson, families_right, families);
    fflush(stdout);
}

/* 17 parameters: a suite of intervals that hold fails by chance with 17e-4 at most; seeds are
 * fixed, so that it does so for ever or never. Weights of one profile share its mean, and shares
 * of one fit their sum: they are alike, but no more than one fleet's are. */
START_TEST(unseen_fleets_come_back_inside_their_intervals)
{
    const char *asked = getenv("RECOVERY_FLEETS");
    int fleets = asked ? atoi(asked) : FLEETS, i;
    for (i = 0; i < fleets; i++)
        recover(77000 + (unsigned long)i);
    print_table(fleets);
    for (i = 0; i < PARAMETERS; i++)
        ck_assert_msg(score[i].hits >= least_hits(score[i].of), "%s: %d of %d hold, want %d",
                      names[i], score[i].hits, score[i].of, least_hits(score[i].of));
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("recovery");
    TCase *fleets = tcase_create("fleets");
    tcase_set_timeout(fleets, 3600);
    tcase_add_test(fleets, unseen_fleets_come_back_inside_their_intervals);
    suite_add_tcase(all, fleets);
    return all;
}
