#include "promql_linear.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static enum promql_op turned(enum promql_op op)
{
    return op == PROMQL_GT   ? PROMQL_LT
           : op == PROMQL_LT ? PROMQL_GT
           : op == PROMQL_GE ? PROMQL_LE
           : op == PROMQL_LE ? PROMQL_GE
                             : op;
}

/* Free, buffers and cached memory over the total, all with one factor, are what is available. */
static void join_memory(struct linear *linear)
{
    int found = 0;
    if (linear->n != 3)
        return;
    for (int i = 0; i < 3; i++) {
        enum quantity quantity = linear->terms[i].quantity;
        if (quantity >= QUANTITY_FREE_SHARE && quantity <= QUANTITY_CACHED_SHARE &&
            linear->terms[i].factor == linear->terms[0].factor)
            found |= 1 << (quantity - QUANTITY_FREE_SHARE);
    }
    if (found != 7)
        return;
    linear->n = 1;
    linear->terms[0].quantity = QUANTITY_AVAILABLE_SHARE;
    snprintf(linear->terms[0].text, sizeof linear->terms[0].text,
             "free, buffers and cached memory over the total");
}

/* "recent > 2 * baseline": two durations and no constant. */
static enum und_code join_durations(const struct solver *solver, struct linear *linear)
{
    struct term recent = linear->terms[0], baseline = linear->terms[1];
    if (linear->n != 2 || recent.quantity != QUANTITY_DURATION ||
        baseline.quantity != QUANTITY_DURATION || linear->constant != 0)
        return UND_OK;
    if (recent.baseline && !baseline.baseline) {
        recent = linear->terms[1];
        baseline = linear->terms[0];
    }
    if (recent.factor == 0 || baseline.factor == 0)
        return linear_fail(solver, "a comparison of a duration with nothing");
    linear->n = 1;
    linear->constant = baseline.factor;
    linear_join_text(&recent, &baseline);
    linear->terms[0] = recent;
    linear->terms[0].quantity = QUANTITY_DURATION_RATIO;
    return UND_OK;
}

static const char *const quantity_words[] = {
    [QUANTITY_UP] = "up",
    [QUANTITY_IDLE] = "the share of CPU time that is idle",
    [QUANTITY_IDLE_EACH] = "the share of a CPU's time that is idle",
    [QUANTITY_BUSY] = "the share of CPU time in use",
    [QUANTITY_BUSY_EACH] = "the share of a CPU's time in use",
    [QUANTITY_AVAILABLE_SHARE] = "the share of memory available",
    [QUANTITY_CPU_GAUGE] = "the share of CPU in use, as a gauge",
    [QUANTITY_MEMORY_GAUGE] = "the share of memory in use, as a gauge",
    [QUANTITY_DISK_GAUGE] = "the share of time the disk is busy, as a gauge",
    [QUANTITY_DISK] = "the share of time the disk is busy",
    [QUANTITY_DURATION_RATIO] = "the recent job duration over its baseline",
};

/* Which signal, and whether the quantity is its complement (idle, available). */
static enum und_code choose_signal(const struct solver *solver, const struct term *term,
                                   bool *complement)
{
    struct promql_signal *signal = solver->signal;
    *complement = false;
    signal->window_ms = term->window_ms;
    switch (term->quantity) {
    case QUANTITY_UP:
        signal->signal = SIGNAL_UP;
        return UND_OK;
    case QUANTITY_IDLE:
    case QUANTITY_IDLE_EACH:
    case QUANTITY_BUSY:
    case QUANTITY_BUSY_EACH:
        *complement = term->quantity == QUANTITY_IDLE || term->quantity == QUANTITY_IDLE_EACH;
        signal->per_cpu =
            term->quantity == QUANTITY_IDLE_EACH || term->quantity == QUANTITY_BUSY_EACH;
        signal->signal = term->irate ? SIGNAL_CPU_IRATE : SIGNAL_CPU_RATE;
        return UND_OK;
    case QUANTITY_CPU_GAUGE:
        signal->signal = SIGNAL_CPU_RATE;
        return UND_OK;
    case QUANTITY_AVAILABLE_SHARE:
    case QUANTITY_MEMORY_GAUGE:
        *complement = term->quantity == QUANTITY_AVAILABLE_SHARE;
        signal->signal = SIGNAL_MEMORY;
        return UND_OK;
    case QUANTITY_DISK:
        if (term->irate)
            return linear_fail(solver, "irate of the disk's time; want rate");
        signal->signal = SIGNAL_DISK;
        return UND_OK;
    case QUANTITY_DISK_GAUGE:
        signal->signal = SIGNAL_DISK;
        return UND_OK;
    case QUANTITY_DURATION_RATIO:
        signal->signal = SIGNAL_JOB_DURATION;
        return UND_OK;
    case QUANTITY_DURATION:
        return linear_fail(solver, "a job duration against a constant; want it against a baseline");
    case QUANTITY_IDLE_SUM:
    case QUANTITY_BUSY_SUM:
    case QUANTITY_BUSY_MODES:
    case QUANTITY_CPUS:
    case QUANTITY_AVAILABLE:
    case QUANTITY_FREE:
    case QUANTITY_BUFFERS:
    case QUANTITY_CACHED:
    case QUANTITY_TOTAL:
    case QUANTITY_FREE_SHARE:
    case QUANTITY_BUFFERS_SHARE:
    case QUANTITY_CACHED_SHARE:
        break;
    }
    return linear_fail(solver, "%s alone is no share of anything", term->text);
}

/* up is 0 or 1: which comparisons single out 0? */
static enum und_code solve_up(const struct solver *solver, enum promql_op op, double limit)
{
    bool at_0 = op == PROMQL_EQ   ? limit == 0
                : op == PROMQL_NE ? limit != 0
                : op == PROMQL_LT ? limit > 0
                : op == PROMQL_LE ? limit >= 0
                : op == PROMQL_GT ? limit < 0
                                  : limit <= 0;
    bool at_1 = op == PROMQL_EQ   ? limit == 1
                : op == PROMQL_NE ? limit != 1
                : op == PROMQL_LT ? limit > 1
                : op == PROMQL_LE ? limit >= 1
                : op == PROMQL_GT ? limit < 1
                                  : limit <= 1;
    if (!at_0 || at_1)
        return linear_fail(solver, "a comparison of up that is not the same as up == 0");
    snprintf(solver->signal->why, sizeof solver->signal->why,
             "true while the last scrape of the host has failed");
    return UND_OK;
}

static enum und_code solve(const struct solver *solver, enum promql_op op, const struct linear *sum)
{
    struct promql_signal *signal = solver->signal;
    const struct term *term = &sum->terms[0];
    double limit = -sum->constant / term->factor, share, exact;
    const char *where;
    bool complement;
    if (term->factor < 0)
        op = turned(op);
    if (choose_signal(solver, term, &complement))
        return UND_USAGE;
    if (signal->signal == SIGNAL_UP)
        return solve_up(solver, op, limit);
    if (op == PROMQL_EQ || op == PROMQL_NE)
        return linear_fail(solver, "'%s' of a measured value; want > or <", promql_op_word(op));
    share = complement ? 1 - limit : limit;
    signal->below = (op == PROMQL_LT || op == PROMQL_LE) != complement;
    if (!(share >= 0 && share <= (signal->signal == SIGNAL_JOB_DURATION ? 100 : 1)))
        return linear_fail(solver, "a threshold of %.4g%%, which is out of reach", 100 * share);
    exact = share * 1000;
    signal->threshold_pm = llround(exact);
    signal->rounded = fabs(exact - (double)signal->threshold_pm) > 1e-6;
    where = signal->below ? "below" : "above";
    snprintf(signal->why, sizeof signal->why,
             "%s is %s; the comparison is true where it is %s %.6g%%%s%s", term->text,
             quantity_words[term->quantity], op == PROMQL_LT || op == PROMQL_LE ? "below" : "above",
             100 * limit, complement ? ", so where what is in use is " : "",
             complement ? where : "");
    if (complement) {
        size_t n = strlen(signal->why);
        snprintf(signal->why + n, sizeof signal->why - n, " %.6g%%", 100 * share);
    }
    return UND_OK;
}

static enum und_code solve_comparison(struct solver *solver, const struct promql_node *root)
{
    struct linear sum, right;
    if (root->as_bool)
        return linear_fail(solver, "'bool' makes the alert fire whatever the values are");
    if (linear_analyse(solver, root->args[0], &sum) ||
        linear_analyse(solver, root->args[1], &right) || linear_add(solver, &sum, &right, -1))
        return UND_USAGE;
    join_memory(&sum);
    if (join_durations(solver, &sum))
        return UND_USAGE;
    if (sum.n == 0)
        return linear_fail(solver, "a comparison of constants");
    if (sum.n > 1)
        return linear_fail(solver, "%s and %s in one comparison", sum.terms[0].text,
                           sum.terms[1].text);
    if (sum.terms[0].factor == 0)
        return linear_fail(solver, "%s cancels out", sum.terms[0].text);
    return solve(solver, root->op, &sum);
}

static enum und_code solve_absent(struct solver *solver, const struct promql_node *root)
{
    const struct promql_node *selector = root->args[0];
    if (selector->kind != PROMQL_SELECTOR || strcmp(selector->name, "up") != 0)
        return linear_fail(solver, "absent() of something that is not up");
    solver->signal->signal = SIGNAL_ABSENT;
    snprintf(solver->signal->why, sizeof solver->signal->why,
             "true while the server has no sample of the host's up within its lookback; a failed "
             "scrape leaves one, so a dead host does not make it true");
    return linear_keep_matchers(solver, selector);
}

enum und_code promql_signal(struct promql_signal *signal, const struct promql *promql,
                            const struct promql_record *records, int n_records, const char *place,
                            struct und_err *err)
{
    struct solver solver = {
        .records = records, .n_records = n_records, .signal = signal, .place = place, .err = err};
    const struct promql_node *root = promql->root;
    *signal = (struct promql_signal){.signal = SIGNAL_UP};
    if (root->kind == PROMQL_CALL && strcmp(root->name, "absent") == 0)
        return solve_absent(&solver, root);
    if (root->kind == PROMQL_BINARY && promql_is_comparison(root->op))
        return solve_comparison(&solver, root);
    if (root->kind == PROMQL_BINARY && promql_is_set_op(root->op))
        return linear_fail(&solver, "'%s' of two conditions is beyond the model",
                           promql_op_word(root->op));
    return linear_fail(&solver, "no comparison: the alert fires whatever the values are");
}
