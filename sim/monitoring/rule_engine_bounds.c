/* What the scrapes in a rule's windows allow: intervals of its selectors, at each evaluation. */
#include "rule_engine_internal.h"

#include "model/promql/function.h"

#include <math.h>

#define LEAST_AHEAD 3           /* evaluations */
#define MOST_AHEAD_MS 3600000LL /* of a rule without a range */
#define MOST_TRIES 15 /* judgements without a look ahead after so many short ones in vain */

/* --- a series' window ------------------------------------------------------------------------ */

/* The entries of a log that an evaluation sees: from first to before end. */
struct window {
    const struct scrape_log *log;
    uint64_t first, end;
};

/* A rule is evaluated at at_ms with what can be seen at now_ms, which is later where its group has
 * an offset. */
struct moment {
    const struct rule_engine *engine;
    const struct result_case *of;
    int64_t now_ms, at_ms;
    int64_t ahead_ms; /* > 0: what holds until then, unless a scrape fails or a machine boots */
};

static struct window window_of(const struct moment *moment, const struct term *term,
                               const struct promql_node *selector)
{
    const struct rule_engine *engine = moment->engine;
    const struct scrape_log *log = &engine->logs[term->source];
    int64_t at_ms = moment->at_ms - selector->offset_ms;
    int64_t back_ms = selector->range_ms ? selector->range_ms : engine->options.query.lookback_ms;
    struct window window = {log, 0, scrape_log_visible(log, moment->now_ms)};
    if (at_ms < moment->now_ms) {
        uint64_t end = scrape_log_find(log, at_ms + 1);
        window.end = end < window.end ? end : window.end;
    }
    window.first = scrape_log_find(log, at_ms - back_ms + (engine->options.version == PROMQL_3));
    if (window.first > window.end)
        window.first = window.end;
    return window;
}

static double value_of(const struct term *term, const struct scrape_entry *entry)
{
    if (term->is_up)
        return entry->up;
    return term->offset + term->factor * (double)entry->state.value[term->quantity];
}

static bool has_value(const struct term *term, const struct scrape_entry *entry)
{
    return !entry->lost && (entry->up || term->is_up);
}

static struct bounds exactly(double low, double high, int n)
{
    return (struct bounds){
        .may = true, .some = true, .must = true, .low = low, .high = high, .most = n};
}

/* An instant selector: the newest entry. */
static struct bounds newest(const struct term *term, const struct window *window)
{
    const struct scrape_entry *entry;
    double value;
    if (window->first == window->end)
        return bounds_none();
    entry = scrape_log_at(window->log, window->end - 1);
    if (!has_value(term, entry))
        return bounds_none();
    value = value_of(term, entry);
    return exactly(value, value, term->n);
}

struct seen {
    double low, high;
    const struct scrape_entry *first, *before_last, *last;
    int64_t n;
    bool reset;
};

/* Every scrape in the window went well, on one boot, and what they say only grows, or stays. */
static bool see_steady(const struct term *term, const struct window *window, struct seen *seen)
{
    const struct scrape_log *log = window->log;
    bool still = log->changed[term->quantity] <= window->first + 1;
    double a, b;
    if (window->end == window->first || log->failed > window->first || term->is_up)
        return false;
    if (!still && (!state_is_counter(term->quantity) || log->booted > window->first))
        return false;
    seen->first = scrape_log_at(log, window->first);
    seen->last = scrape_log_at(log, window->end - 1);
    seen->n = (int64_t)(window->end - window->first);
    seen->before_last = seen->n > 1 ? scrape_log_at(log, window->end - 2) : NULL;
    a = value_of(term, seen->first);
    b = value_of(term, seen->last);
    seen->low = a < b ? a : b;
    seen->high = a < b ? b : a;
    return true;
}

static void see(const struct term *term, const struct window *window, struct seen *seen)
{
    *seen = (struct seen){.low = INFINITY, .high = -INFINITY};
    if (see_steady(term, window, seen))
        return;
    for (uint64_t i = window->first; i < window->end; i++) {
        const struct scrape_entry *entry = scrape_log_at(window->log, i);
        double value;
        if (!has_value(term, entry))
            continue;
        value = value_of(term, entry);
        seen->reset = seen->reset || (seen->last && value < value_of(term, seen->last));
        seen->low = value < seen->low ? value : seen->low;
        seen->high = value > seen->high ? value : seen->high;
        seen->before_last = seen->last;
        seen->last = entry;
        if (!seen->first)
            seen->first = entry;
        seen->n++;
    }
}

/* Of a counter, with what it had come to before each boot. */
static double increase_of(const struct term *term, const struct scrape_entry *first,
                          const struct scrape_entry *last)
{
    double increase = value_of(term, last) - value_of(term, first);
    if (term->quantity < STATE_RESTARTS)
        increase +=
            term->factor * (double)(last->carried[term->quantity] - first->carried[term->quantity]);
    return increase;
}

/* extrapolatedRate's bounds: no more than the mean slope, no less than what was sampled. */
static struct bounds slope_of(const struct term *term, const struct seen *seen, bool instant,
                              double range_s, int64_t end_ms)
{
    const struct scrape_entry *first = instant ? seen->before_last : seen->first;
    double a = term->factor * term->range.low, b = term->factor * term->range.high;
    double sampled = (double)(seen->last->at_ms - first->at_ms) / 1000;
    double slope = increase_of(term, first, seen->last) / sampled;
    double share = instant ? 1 : sampled / range_s;
    double step = sampled / (double)(seen->n - 1), to_start, to_end;
    if (seen->reset)
        return exactly(fmin(fmin(a, b), 0), fmax(fmax(a, b), 0), term->n);
    /* No gap at either end, and not so young that it would begin below 0: stretched to the whole
     * window. */
    to_end = (double)(end_ms - seen->last->at_ms) / 1000;
    to_start = range_s - sampled - to_end;
    if (to_end < 1.1 * step && to_start < 1.1 * step &&
        value_of(term, first) > fabs(slope) * to_start)
        share = 1;
    return exactly(fmin(slope, slope * share), fmax(slope, slope * share), term->n);
}

static bool is_rate(enum function function)
{
    return function == F_RATE || function == F_INCREASE || function == F_IRATE;
}

/* The ends of a counter's window are all that its rates depend on. */
static void see_ends(const struct term *term, const struct window *window, struct seen *seen)
{
    uint64_t first = window->first, end = window->end;
    *seen = (struct seen){.n = 0};
    while (first < end && !has_value(term, scrape_log_at(window->log, first)))
        first++;
    while (end > first && !has_value(term, scrape_log_at(window->log, end - 1)))
        end--;
    if (first == end)
        return;
    seen->first = scrape_log_at(window->log, first);
    seen->last = scrape_log_at(window->log, end - 1);
    seen->n = seen->last->n_well - seen->first->n_well + 1;
}

/* A rate up to ahead_ms later. What both windows have, the core, is known; the rest grows by no
 * less than `least` and no more than `most` a second. It is the mean slope over samples that, with
 * an interval missing at each end, are stretched to the window. */
static struct bounds ahead(const struct term *term, const struct window *window,
                           struct bounds slope, int64_t at_ms, int64_t range_ms, int64_t ahead_ms)
{
    double a = term->factor * term->range.low, b = term->factor * term->range.high;
    double least = fmin(fmin(a, b), 0), most = fmax(fmax(a, b), 0), share, inside, rest;
    uint64_t first = scrape_log_find(window->log, at_ms + ahead_ms - range_ms);
    const struct scrape_entry *core, *last;
    if (ahead_ms >= range_ms || first + 1 >= window->end)
        return (struct bounds){true, true, true, least, most, slope.most};
    core = scrape_log_at(window->log, first);
    last = scrape_log_at(window->log, window->end - 1);
    inside = increase_of(term, core, last);
    rest = (double)(range_ms - (last->at_ms - core->at_ms)) / 1000;
    share = fmax(0, 1 - 2 * (double)window->log->interval_ms / (double)range_ms);
    slope.low = (inside + rest * least) / ((double)range_ms / 1000);
    slope.high = (inside + rest * most) / ((double)range_ms / 1000);
    slope.low = fmin(slope.low, slope.low * share);
    slope.high = fmax(slope.high, slope.high * share);
    return slope;
}

/* Of a counter's rates the ends of the window would do; of others all samples count. */
static struct bounds over(const struct term *term, const struct window *window,
                          const struct promql_node *selector,
                          const struct promql_function *function, int64_t end_ms, int64_t ahead_ms)
{
    double range_s = (double)selector->range_ms / 1000;
    struct bounds values, slope;
    struct seen seen;
    if (state_is_counter(term->quantity) && !term->is_up &&
        (function->function == F_RATE || function->function == F_INCREASE))
        see_ends(term, window, &seen);
    else
        see(term, window, &seen);
    if (seen.n == 0)
        return function->function == F_ABSENT_OVER_TIME ? exactly(1, 1, 1) : bounds_none();
    values = exactly(seen.low, seen.high, term->n);
    if (seen.n < 2 && (is_rate(function->function) || function->function == F_DERIV ||
                       function->function == F_DELTA || function->function == F_IDELTA ||
                       function->function == F_PREDICT_LINEAR))
        return bounds_none();
    if (!is_rate(function->function))
        return bounds_over(function, selector->range_ms, values, NULL, false);
    slope = slope_of(term, &seen, function->function == F_IRATE, range_s, end_ms);
    if (ahead_ms > 0)
        slope = ahead(term, window, slope, end_ms, selector->range_ms, ahead_ms);
    return bounds_over(function, selector->range_ms, values, &slope, true);
}

/* --- at an evaluation ------------------------------------------------------------------------ */

/* Scraped without a gap from the window's beginning on: what it holds does not grow or shrink. */
static bool is_full(const struct moment *moment, const struct window *window,
                    const struct promql_node *selector)
{
    int64_t begins_ms = moment->at_ms - selector->offset_ms - selector->range_ms;
    const struct scrape_entry *first, *last;
    if (window->first == window->end)
        return false;
    first = scrape_log_at(window->log, window->first);
    last = scrape_log_at(window->log, window->end - 1);
    return selector->range_ms == 0 ||
           (first->at_ms <= begins_ms + window->log->interval_ms + 1 &&
            last->at_ms - first->at_ms ==
                (int64_t)(window->end - 1 - window->first) * window->log->interval_ms);
}

/* Only steady growth, constants, and what has not changed within the window: as long as nothing
 * happens, an evaluation gives what the last one gave. */
static bool is_settled(const struct moment *moment, const struct term *term,
                       const struct promql_node *selector)
{
    struct window window = window_of(moment, term, selector);
    if (term->quantity == STATE_NOW || term->is_up || !is_full(moment, &window, selector))
        return false;
    if (term->quantity == STATE_UP_TIME && !selector->range_ms)
        return false;
    if (window.log->failed > window.first || window.log->booted > window.first)
        return false;
    return term->quantity == STATE_UP_TIME ||
           window.log->changed[term->quantity] <= window.first + 1;
}

static bool is_rate_of_counter(const struct term *term, const struct promql_function *function)
{
    return function && !term->is_up && state_is_counter(term->quantity) &&
           (function->function == F_RATE || function->function == F_INCREASE);
}

/* What always changes a little: steadily with time, or within its range. */
static bool drifts(enum state_quantity quantity)
{
    return quantity == STATE_NOW || quantity == STATE_UP_TIME ||
           (quantity >= STATE_LOAD1 && quantity <= STATE_LOAD15);
}

/* An instant selector of such a quantity, up to ahead_ms later. */
static struct bounds drifting(const struct moment *moment, const struct term *term,
                              const struct window *window)
{
    const struct scrape_log *log = window->log;
    double low = term->offset + term->factor * term->range.low;
    double high = term->offset + term->factor * term->range.high;
    if (window->first == window->end || log->failed > window->first || log->booted > window->first)
        return exactly(-INFINITY, INFINITY, term->n);
    if (term->quantity == STATE_NOW || term->quantity == STATE_UP_TIME) {
        low = value_of(term, scrape_log_at(log, window->end - 1));
        high = low + term->factor * (double)(moment->ahead_ms + log->interval_ms);
    }
    return exactly(fmin(low, high), fmax(low, high), term->n);
}

static struct bounds leaf_now(void *context, const struct promql_node *selector,
                              const struct promql_function *function,
                              const struct bounds_fixed *fixed)
{
    const struct moment *moment = context;
    const struct leaf *leaf = &moment->of->leaves[selector->id];
    struct bounds all = leaf->others;
    bool there = false, whole = true;
    (void)fixed;
    if (selector->kind != PROMQL_SELECTOR)
        return leaf->count > 0 ? exactly(leaf->count, leaf->count, 1) : bounds_none();
    if (selector->at != PROMQL_NO_AT)
        return bounds_any(1e9);
    for (int i = 0; i < leaf->n; i++) {
        const struct term *term = &leaf->terms[i];
        struct window window = window_of(moment, term, selector);
        bool moves =
            moment->ahead_ms > 0 &&
            (is_rate_of_counter(term, function)
                 ? !is_full(moment, &window, selector) || window.log->failed > window.first ||
                       window.log->booted > window.first
                 : (state_is_counter(term->quantity) && term->quantity != STATE_UP_TIME) ||
                       drifts(term->quantity) || !is_settled(moment, term, selector));
        bool drift = moment->ahead_ms > 0 && selector->range_ms == 0 && !term->is_up &&
                     drifts(term->quantity);
        struct bounds of = drift   ? drifting(moment, term, &window)
                           : moves ? exactly(-INFINITY, INFINITY, term->n)
                           : selector->range_ms && function
                               ? over(term, &window, selector, function,
                                      moment->at_ms - selector->offset_ms, moment->ahead_ms)
                               : newest(term, &window);
        bool absent = function && function->function == F_ABSENT_OVER_TIME;
        there = there || (absent && !of.may);
        whole = whole && of.must;
        all = bounds_join(all, of);
    }
    all.must = all.must && whole;
    return there ? bounds_none() : all;
}

/* --- what stays as it is --------------------------------------------------------------------- */

static bool settled_node(const struct moment *moment, const struct promql_node *node)
{
    const struct leaf *leaf = &moment->of->leaves[node->id];
    if (node->kind == PROMQL_SUBQUERY ||
        (node->kind == PROMQL_CALL &&
         (node->n_args == 0 || node->function->function == F_TIMESTAMP)))
        return false;
    if (node->kind == PROMQL_SELECTOR) {
        /* What is the same number in each sample is steady from the first one on. */
        if (leaf->others.may || node->at != PROMQL_NO_AT)
            return false;
        for (int i = 0; i < leaf->n; i++) {
            if (!is_settled(moment, &leaf->terms[i], node) ||
                (leaf->terms[i].quantity == STATE_UP_TIME && !node->range_ms))
                return false;
        }
    }
    for (int i = 0; i < node->n_args; i++) {
        if (!settled_node(moment, node->args[i]))
            return false;
    }
    return true;
}

/* Changes when anything happens to what the rule reads. */
static uint64_t happened(const struct rule_engine *engine, const struct engine_rule *rule)
{
    uint64_t all = 0;
    for (int i = 0; i < rule->n_watched; i++) {
        const struct scrape_log *log = &engine->logs[rule->watched[i].source];
        all = all * 31 + log->failed + 7 * log->booted;
        if (rule->watched[i].quantity != STATE_UP_TIME)
            all += 3 * log->changed[rule->watched[i].quantity];
    }
    return all;
}

/* --- the verdict ----------------------------------------------------------------------------- */

/* Changes when a scrape of what it reads fails, a machine boots, or what is no counter changes. */
static uint64_t disturbed(const struct rule_engine *engine, const struct engine_rule *rule)
{
    uint64_t all = 0;
    for (int i = 0; i < rule->n_watched; i++) {
        const struct scrape_log *log = &engine->logs[rule->watched[i].source];
        all = all * 31 + log->failed + 7 * log->booted;
        if (!state_is_counter(rule->watched[i].quantity) && !drifts(rule->watched[i].quantity))
            all += 3 * log->changed[rule->watched[i].quantity];
    }
    return all;
}

static enum engine_verdict judge_cases(struct rule_engine *engine, struct engine_rule *rule,
                                       int64_t now_ms, int64_t ahead_ms, bool *settled)
{
    enum engine_verdict verdict = ENGINE_KNOWN;
    *settled = true;
    rule->n_present = 0;
    for (int i = 0; i < rule->n_cases && verdict == ENGINE_KNOWN; i++) {
        struct result_case *of = &rule->cases[i];
        struct moment moment = {engine, of, now_ms, now_ms - rule->from->offset_ms, ahead_ms};
        struct bounds bounds = bounds_find(rule->eval.promql->root, NULL, leaf_now, &moment);
        of->present = bounds.may && bounds.must;
        rule->n_present += of->present;
        if (bounds.may && !(bounds.must && rule->labels_known))
            verdict = ENGINE_OPEN;
        *settled = *settled && settled_node(&moment, rule->eval.promql->root);
    }
    return verdict;
}

/* As far as it went well the last time, and twice as far; half as far where it did not. */
static bool look_ahead(struct rule_engine *engine, struct engine_rule *rule, int64_t now_ms)
{
    int64_t interval_ms = rule->from->interval_ms
                              ? rule->from->interval_ms
                              : engine->fleet->monitoring.evaluation_interval_ms;
    int64_t most_ms = rule->shortest_ms > 0 ? rule->shortest_ms / 2 : MOST_AHEAD_MS;
    bool settled;
    if (most_ms < LEAST_AHEAD * interval_ms || rule->tries-- > 0)
        return false;
    rule->tries = 0;
    if (rule->ahead_ms < LEAST_AHEAD * interval_ms)
        rule->ahead_ms = LEAST_AHEAD * interval_ms;
    if (judge_cases(engine, rule, now_ms, rule->ahead_ms, &settled) == ENGINE_KNOWN) {
        rule->calm_until_ms = now_ms + rule->ahead_ms;
        rule->calm_at = disturbed(engine, rule);
        rule->ahead_ms = 2 * rule->ahead_ms < most_ms ? 2 * rule->ahead_ms : most_ms;
        rule->vain = 0;
        return true;
    }
    if (rule->ahead_ms <= LEAST_AHEAD * interval_ms) {
        rule->vain = rule->vain < MOST_TRIES / 2 ? 2 * rule->vain + 1 : MOST_TRIES;
        rule->tries = rule->vain;
    }
    rule->ahead_ms /= 2;
    return false;
}

enum engine_verdict engine_judge(struct rule_engine *engine, struct engine_rule *rule,
                                 int64_t now_ms)
{
    enum engine_verdict verdict;
    bool settled;
    if (rule->settled && rule->settled_at == happened(engine, rule))
        return ENGINE_KNOWN;
    if (now_ms < rule->calm_until_ms && rule->calm_at == disturbed(engine, rule))
        return ENGINE_KNOWN;
    rule->settled = false;
    rule->calm_until_ms = INT64_MIN;
    if (look_ahead(engine, rule, now_ms))
        return ENGINE_KNOWN;
    verdict = judge_cases(engine, rule, now_ms, 0, &settled);
    rule->settled = settled && verdict == ENGINE_KNOWN;
    rule->settled_at = rule->settled ? happened(engine, rule) : 0;
    return verdict;
}
