/* Classes of jobs: which, how often, how long. */
#include "fit_internal.h"
#include "model/base/assert.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define POOL "other"

struct tally {
    int name; /* index into the history's classes */
    size_t jobs, known;
};

static int compare_tallies(const void *a, const void *b)
{
    const struct tally *x = a, *y = b;
    if (x->jobs != y->jobs)
        return x->jobs > y->jobs ? -1 : 1;
    return (x->name > y->name) - (x->name < y->name);
}

/* ---- which names are classes of their own ---- */

static struct tally *count_names(const struct fit *fit, const struct part *part)
{
    int names = fit->history->classes.n, i;
    struct tally *tally = calloc((size_t)names + 1, sizeof *tally);
    size_t k;
    UND_ASSERT(tally != NULL);
    for (i = 0; i <= names; i++)
        tally[i].name = i;
    for (k = 0; k < part->n; k++) {
        const struct job_row *row = &part->row[k];
        struct tally *of = &tally[row->job_class >= 0 ? row->job_class : names];
        of->jobs++;
        of->known += row->duration_ms >= 0 && !row->censored;
    }
    qsort(tally, (size_t)names + 1, sizeof *tally, compare_tallies);
    return tally;
}

/* Names of up to 63 bytes, none twice; a cut name ends at a whole character. */
static void set_name(struct fit *fit, int at, const char *name)
{
    char *to = fit->classes[at].name;
    size_t n = strlen(name);
    int i, again = 0;
    if (n >= FLEET_NAME - 4)
        for (n = FLEET_NAME - 5; n > 0 && ((unsigned char)name[n] & 0xc0) == 0x80; n--)
            ;
    snprintf(to, FLEET_NAME, "%.*s", (int)n, n > 0 ? name : "unnamed");
    for (i = 0; i < at; i++)
        if (strcmp(fit->classes[i].name, to) == 0) {
            snprintf(to, FLEET_NAME, "%.*s~%d", (int)n, name, ++again + 1);
            i = -1;
        }
}

/* class_of[name]: which class it is of. Names with too few durations, or too many, are pooled. */
static int *name_classes(struct fit *fit, const struct part *part)
{
    int names = fit->history->classes.n, i, pooled = 0, last = -1, *class_of;
    struct tally *tally = count_names(fit, part);
    size_t in_pool = 0;
    class_of = malloc(((size_t)names + 1) * sizeof *class_of);
    UND_ASSERT(class_of != NULL);
    for (i = 0; i <= names; i++) {
        bool named = tally[i].name < names;
        class_of[tally[i].name] = -1;
        if (tally[i].jobs == 0)
            continue;
        if (fit->n_classes < FLEET_CLASSES - 1 && tally[i].known >= LIFETIME_LEAST && named) {
            fit->classes[fit->n_classes].names = 1;
            set_name(fit, fit->n_classes, fit->history->classes.name[tally[i].name]);
            class_of[tally[i].name] = fit->n_classes++;
            continue;
        }
        pooled++;
        in_pool += tally[i].known;
        last = tally[i].name;
    }
    if (pooled > 0) {
        const char *name = names == 0 ? "job" : POOL;
        if (pooled == 1 && last < names)
            name = fit->history->classes.name[last];
        fit->classes[fit->n_classes].names = pooled;
        set_name(fit, fit->n_classes, name);
        /* Nothing is known of how long they are: they are as the most frequent ones. */
        for (i = 0; i <= names; i++)
            if (class_of[i] < 0)
                class_of[i] = in_pool > 0 ? fit->n_classes : 0;
        fit->n_classes += in_pool > 0;
        if (in_pool == 0)
            fit_note(fit, "%d names of jobs have no durations: counted with class '%s'", pooled,
                     fit->classes[0].name);
    }
    free(tally);
    return class_of;
}

/* ---- how often ---- */

static void set_weights(struct fit *fit, const struct part *part, const int *class_of)
{
    int *hits = malloc((size_t)part->n_runs * sizeof *hits);
    int names = fit->history->classes.n, c;
    size_t i;
    UND_ASSERT(hits != NULL);
    for (c = 0; c < fit->n_classes; c++) {
        memset(hits, 0, (size_t)part->n_runs * sizeof *hits);
        for (i = 0; i < part->n; i++) {
            int name = part->row[i].job_class >= 0 ? part->row[i].job_class : names;
            hits[part->run[i]] += class_of[name] == c;
            fit->classes[c].jobs += class_of[name] == c;
        }
        fit->classes[c].weight = fit_share(hits, part->jobs, part->n_runs);
    }
    free(hits);
}

/* ---- how long ---- */

static void gather(struct fit *fit, const struct part *part, const int *class_of)
{
    int names = fit->history->classes.n, c;
    size_t i;
    for (c = 0; c < fit->n_classes; c++) {
        fit->classes[c].event = malloc((fit->classes[c].jobs + 1) * sizeof(double));
        fit->classes[c].censored = malloc((fit->classes[c].jobs + 1) * sizeof(double));
        UND_ASSERT(fit->classes[c].event && fit->classes[c].censored);
    }
    for (i = 0; i < part->n; i++) {
        const struct job_row *row = &part->row[i];
        struct class_fit *to =
            &fit->classes[class_of[row->job_class >= 0 ? row->job_class : names]];
        if (row->duration_ms < 0)
            continue;
        if (row->censored && row->duration_ms > 0)
            to->censored[to->n_censored++] = (double)row->duration_ms;
        else if (!row->censored)
            to->event[to->n++] = (double)row->duration_ms;
    }
    for (c = 0; c < fit->n_classes; c++) {
        qsort(fit->classes[c].event, fit->classes[c].n, sizeof(double), fit_compare);
        qsort(fit->classes[c].censored, fit->classes[c].n_censored, sizeof(double), fit_compare);
    }
}

static void take_empirical(struct class_fit *class_fit)
{
    struct estimate mean = stats_mean(class_fit->event, class_fit->n, STATS_CONFIDENCE);
    class_fit->model = DURATION_EMPIRICAL;
    class_fit->mean = (struct measured){
        mean.mean, {fmax(mean.mean - mean.half_width, 0), mean.mean + mean.half_width}};
    class_fit->p50 = (struct measured){
        stats_quantile(class_fit->event, class_fit->n, 0.5),
        stats_quantile_interval(class_fit->event, class_fit->n, 0.5, STATS_CONFIDENCE)};
    class_fit->p95 = (struct measured){
        stats_quantile(class_fit->event, class_fit->n, 0.95),
        stats_quantile_interval(class_fit->event, class_fit->n, 0.95, STATS_CONFIDENCE)};
    class_fit->shape = fit_unknown;
}

static void take_family(struct class_fit *class_fit, int candidate)
{
    const struct lifetime_fit *fit = &class_fit->candidate[candidate];
    struct measured *to[] = {[LIFETIME_MEAN] = &class_fit->mean,
                             [LIFETIME_P50] = &class_fit->p50,
                             [LIFETIME_P95] = &class_fit->p95,
                             [LIFETIME_SHAPE] = &class_fit->shape};
    enum lifetime_of of;
    class_fit->model = DURATION_FAMILY;
    class_fit->chosen = candidate;
    for (of = LIFETIME_MEAN; of <= LIFETIME_SHAPE; of++)
        to[of]->value = lifetime_value(fit, of, STATS_CONFIDENCE, &to[of]->interval);
}

/* The likeliest family that is not rejected; all have as many parameters. */
static void choose(struct class_fit *class_fit, const struct lifetimes *data, bool untested)
{
    bool tried[LIFETIME_KINDS] = {false};
    int round, i;
    for (round = 0; round < LIFETIME_KINDS; round++) {
        int best = -1;
        for (i = 0; i < LIFETIME_KINDS; i++)
            if (!tried[i] && class_fit->candidate[i].good &&
                (best < 0 || class_fit->candidate[i].aic < class_fit->candidate[best].aic))
                best = i;
        if (best < 0)
            break;
        tried[best] = true;
        if (!untested)
            lifetime_test(&class_fit->candidate[best], data);
        if (untested || class_fit->candidate[best].p >= LIFETIME_REJECTED) {
            take_family(class_fit, best);
            return;
        }
    }
    take_empirical(class_fit);
}

void fit_durations(struct class_fit *class_fit, bool untested)
{
    const struct lifetimes data = {class_fit->event, class_fit->n, class_fit->censored,
                                   class_fit->n_censored};
    int i;
    for (i = 0; i < LIFETIME_KINDS; i++)
        lifetime_fit(&class_fit->candidate[i], lifetime_kinds[i], &data);
    if (class_fit->n > 1 && class_fit->event[0] >= class_fit->event[class_fit->n - 1]) {
        struct measured fixed = {class_fit->event[0], {class_fit->event[0], class_fit->event[0]}};
        class_fit->model = DURATION_FIXED;
        class_fit->mean = class_fit->p50 = class_fit->p95 = fixed;
        class_fit->shape = fit_unknown;
    } else if (class_fit->n < LIFETIME_LEAST) {
        take_empirical(class_fit);
    } else {
        choose(class_fit, &data, untested);
    }
}

struct dist fit_duration(const struct class_fit *class_fit)
{
    struct dist dist;
    size_t i;
    if (class_fit->model == DURATION_FAMILY)
        return lifetime_dist(&class_fit->candidate[class_fit->chosen]);
    if (class_fit->model == DURATION_FIXED)
        return dist_fixed((int64_t)class_fit->mean.value);
    dist_init(&dist);
    dist.kind = DIST_EMPIRICAL;
    dist.n_values = class_fit->n;
    dist.values = malloc(class_fit->n * sizeof *dist.values);
    UND_ASSERT(dist.values != NULL);
    for (i = 0; i < class_fit->n; i++)
        dist.values[i] = llround(class_fit->event[i]);
    return dist;
}

void fit_classes(struct fit *fit, const struct part *part, bool untested)
{
    int *class_of = name_classes(fit, part), c;
    set_weights(fit, part, class_of);
    gather(fit, part, class_of);
    for (c = 0; c < fit->n_classes; c++)
        fit_durations(&fit->classes[c], untested);
    free(class_of);
}
