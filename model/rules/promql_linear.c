#include "promql_linear.h"
#include "promql_metric.h"

#include "model/base/assert.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum und_code linear_fail(const struct solver *solver, const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return und_fail(solver->err, UND_USAGE, "%s: %s", solver->place, text);
}

/* --- matchers -------------------------------------------------------------------------------- */

static const struct promql_matcher *matcher_of(const struct promql_node *selector,
                                               const char *label)
{
    for (int i = 0; i < selector->n_matchers; i++) {
        if (strcmp(selector->matchers[i].name, label) == 0)
            return &selector->matchers[i];
    }
    return NULL;
}

static bool same_matcher(const struct promql_matcher *a, const struct promql_matcher *b)
{
    return a->match == b->match && strcmp(a->name, b->name) == 0 && strcmp(a->value, b->value) == 0;
}

static enum und_code keep_matcher(const struct solver *solver, const struct promql_matcher *matcher)
{
    struct promql_signal *signal = solver->signal;
    for (int i = 0; i < signal->n_matchers; i++) {
        if (same_matcher(signal->matchers[i], matcher))
            return UND_OK;
    }
    if (signal->n_matchers == SIGNAL_MATCHERS)
        return linear_fail(solver, "more than %d matchers", SIGNAL_MATCHERS);
    signal->matchers[signal->n_matchers++] = matcher;
    return UND_OK;
}

enum und_code linear_keep_matchers(const struct solver *solver, const struct promql_node *node)
{
    for (int i = 0; i < node->n_matchers; i++) {
        const char *name = node->matchers[i].name;
        if (strcmp(name, "mode") != 0 && strcmp(name, "__name__") != 0 &&
            keep_matcher(solver, &node->matchers[i]))
            return UND_USAGE;
    }
    return UND_OK;
}

/* --- terms ----------------------------------------------------------------------------------- */

static enum und_code one_term(struct linear *linear, const struct promql_node *node,
                              enum quantity quantity, double factor, int64_t window_ms, bool irate)
{
    *linear = (struct linear){.n = 1};
    linear->terms[0] = (struct term){
        .quantity = quantity, .factor = factor, .window_ms = window_ms, .irate = irate};
    promql_print(node, linear->terms[0].text, sizeof linear->terms[0].text);
    return UND_OK;
}

static bool same_term(const struct term *a, const struct term *b)
{
    return a->quantity == b->quantity && a->window_ms == b->window_ms && a->irate == b->irate &&
           strcmp(a->text, b->text) == 0;
}

enum und_code linear_add(const struct solver *solver, struct linear *sum,
                         const struct linear *other, double factor)
{
    sum->constant += factor * other->constant;
    for (int i = 0; i < other->n; i++) {
        int j = 0;
        while (j < sum->n && !same_term(&sum->terms[j], &other->terms[i]))
            j++;
        if (j == TERMS)
            return linear_fail(solver, "more than %d different metrics", TERMS);
        if (j == sum->n) {
            sum->terms[sum->n] = other->terms[i];
            sum->terms[sum->n++].factor = 0;
        }
        sum->terms[j].factor += factor * other->terms[i].factor;
    }
    return UND_OK;
}

static void scale(struct linear *linear, double factor)
{
    linear->constant *= factor;
    for (int i = 0; i < linear->n; i++)
        linear->terms[i].factor *= factor;
}

/* --- functions ------------------------------------------------------------------------------- */

/* True if every selector below the node is a job-duration metric; `*baseline` if one says so. */
static bool is_duration(const struct promql_node *node, bool *baseline)
{
    bool any = false;
    if (node->kind == PROMQL_NUMBER || node->kind == PROMQL_STRING)
        return true;
    if (node->kind == PROMQL_SELECTOR) {
        *baseline |= strcasestr(node->name, "baseline") != NULL || node->offset_ms > 0;
        return promql_metric_is_duration(node->name);
    }
    if (node->kind == PROMQL_MINUS || (node->kind == PROMQL_BINARY && node->op != PROMQL_DIV))
        return false;
    for (int i = 0; i < node->n_args; i++) {
        if (!is_duration(node->args[i], baseline))
            return false;
        any |= node->args[i]->kind != PROMQL_NUMBER;
    }
    return any;
}

/* sum / count of a summary or a histogram is a mean duration; a / b of two durations a ratio. */
static bool is_mean_duration(const struct promql_node *node)
{
    char over[200], under[200];
    bool ignored = false;
    if (node->kind != PROMQL_BINARY || node->op != PROMQL_DIV || !is_duration(node, &ignored))
        return false;
    promql_print(node->args[0], over, sizeof over);
    promql_print(node->args[1], under, sizeof under);
    return strstr(over, "_sum") && strstr(under, "_count");
}

static enum und_code duration_term(const struct promql_node *node, struct linear *out)
{
    bool baseline = false;
    is_duration(node, &baseline);
    one_term(out, node, QUANTITY_DURATION, 1, 0, false);
    out->terms[0].baseline = baseline;
    return UND_OK;
}

static const struct promql_record *record_of(const struct solver *solver, const char *name)
{
    for (int i = 0; i < solver->n_records; i++) {
        if (strcmp(solver->records[i].name, name) == 0)
            return &solver->records[i];
    }
    return NULL;
}

static enum und_code analyse_record(struct solver *solver, const struct promql_record *record,
                                    struct linear *out)
{
    enum und_code code;
    if (++solver->nested > NESTED_RECORDS)
        return linear_fail(solver, "recording rules that refer to each other, by way of %s",
                           record->name);
    if (solver->signal->record[0] == '\0')
        snprintf(solver->signal->record, sizeof solver->signal->record, "%s", record->name);
    code = linear_analyse(solver, record->promql->root, out);
    solver->nested--;
    return code;
}

static enum und_code analyse_selector(struct solver *solver, const struct promql_node *node,
                                      struct linear *out)
{
    const struct promql_record *record = record_of(solver, node->name);
    const struct promql_metric_gauge *gauge = promql_metric_gauge(node->name);
    enum quantity memory;
    if (node->range_ms)
        return linear_fail(solver, "%s over a range without a function over it", node->name);
    if (record && linear_keep_matchers(solver, node))
        return UND_USAGE;
    if (record)
        return analyse_record(solver, record, out);
    if (promql_metric_is_duration(node->name) && !gauge) {
        linear_keep_matchers(solver, node);
        return duration_term(node, out);
    }
    if (node->offset_ms || node->at != PROMQL_NO_AT)
        return linear_fail(solver, "%s with an %s", node->name, node->offset_ms ? "offset" : "@");
    if (linear_keep_matchers(solver, node))
        return UND_USAGE;
    if (strcmp(node->name, "up") == 0)
        return one_term(out, node, QUANTITY_UP, 1, 0, false);
    if (promql_metric_is_memory(node->name, &memory))
        return one_term(out, node, memory, 1, 0, false);
    if (promql_metric_is_cpu(node->name) || promql_metric_is_disk(node->name))
        return linear_fail(solver, "%s is a counter, want its rate", node->name);
    if (gauge)
        return one_term(out, node, gauge->quantity, gauge->factor, gauge->window_ms, false);
    return linear_fail(solver, "%s is none of the metrics that have one",
                       node->name[0] ? node->name : "a selector without a name");
}

/* Which of a CPU counter's modes a selector takes. */
static enum und_code cpu_quantity(const struct solver *solver, const struct promql_node *selector,
                                  enum quantity *quantity)
{
    const struct promql_matcher *mode = matcher_of(selector, "mode");
    bool idle = mode && strcmp(mode->value, "idle") == 0;
    if (idle && (mode->match == PROMQL_IS || mode->match == PROMQL_LIKE))
        *quantity = QUANTITY_IDLE_EACH;
    else if (mode && (mode->match == PROMQL_IS_NOT || mode->match == PROMQL_NOT_LIKE) &&
             strncmp(mode->value, "idle", 4) == 0)
        *quantity = QUANTITY_BUSY_MODES;
    else
        return linear_fail(solver, "want the CPU counter with mode=\"idle\" or mode!=\"idle\"");
    return UND_OK;
}

static enum und_code analyse_rate(struct solver *solver, const struct promql_node *node,
                                  struct linear *out)
{
    const struct promql_node *selector = node->args[0];
    bool irate = strcmp(node->name, "irate") == 0;
    double factor = 1;
    enum quantity quantity = QUANTITY_DISK;
    if (selector->kind != PROMQL_SELECTOR || !selector->range_ms)
        return linear_fail(solver, "%s() of something that is no range of a metric", node->name);
    if (!promql_metric_is_cpu(selector->name) && !promql_metric_is_disk(selector->name))
        return linear_fail(solver, "%s of %s is nothing that the model has", node->name,
                           selector->name);
    if (selector->offset_ms || selector->at != PROMQL_NO_AT)
        return linear_fail(solver, "%s with an %s", selector->name,
                           selector->offset_ms ? "offset" : "@");
    if (promql_metric_is_cpu(selector->name) && cpu_quantity(solver, selector, &quantity))
        return UND_USAGE;
    if (strcmp(node->name, "increase") == 0)
        factor = (double)selector->range_ms / 1000;
    if (linear_keep_matchers(solver, selector))
        return UND_USAGE;
    return one_term(out, node, quantity, factor, selector->range_ms, irate);
}

static enum und_code analyse_call(struct solver *solver, const struct promql_node *node,
                                  struct linear *out)
{
    bool ignored = false;
    if (is_duration(node, &ignored))
        return duration_term(node, out);
    if (strcmp(node->name, "rate") == 0 || strcmp(node->name, "irate") == 0 ||
        strcmp(node->name, "increase") == 0)
        return analyse_rate(solver, node, out);
    return linear_fail(solver, "%s() is beyond the model", node->name);
}

/* --- aggregations ---------------------------------------------------------------------------- */

static bool names_label(const struct promql_node *node, const char *const *names)
{
    for (int i = 0; i < node->n_labels; i++) {
        for (int j = 0; names[j]; j++) {
            if (strcmp(node->labels[i], names[j]) == 0)
                return true;
        }
    }
    return false;
}

/* Does the aggregation keep hosts, and CPUs, apart? */
static bool keeps_hosts(const struct promql_node *node)
{
    static const char *const hosts[] = {"instance", "host",   "hostname", "nodename",
                                        "node",     "runner", NULL};
    return node->grouped && names_label(node, hosts) != node->without;
}

static bool keeps_cpus(const struct promql_node *node)
{
    static const char *const cpus[] = {"cpu", "core", NULL};
    return node->grouped && names_label(node, cpus) != node->without;
}

/* Is it the number of CPUs: count of one series a CPU? */
static bool is_cpu_count(const struct promql_node *node)
{
    const struct promql_node *inner;
    if (node->kind != PROMQL_AGGREGATE || node->aggregation != PROMQL_COUNT || !keeps_hosts(node) ||
        keeps_cpus(node))
        return false;
    inner = node->args[0];
    if (inner->kind == PROMQL_SELECTOR) {
        const struct promql_matcher *mode = matcher_of(inner, "mode");
        return promql_metric_is_cpu(inner->name) && mode && mode->match == PROMQL_IS;
    }
    return inner->kind == PROMQL_AGGREGATE && keeps_cpus(inner) &&
           promql_metric_is_cpu(inner->args[inner->n_args - 1]->name);
}

/* What the aggregation makes of one of its argument's terms. */
static enum und_code aggregate_term(const struct solver *solver, const struct promql_node *node,
                                    struct term *term)
{
    bool average = node->aggregation == PROMQL_AVG, sum = node->aggregation == PROMQL_SUM;
    bool cpus = keeps_cpus(node);
    if (term->quantity == QUANTITY_BUSY_MODES) {
        if (!sum)
            return linear_fail(solver, "%s over the modes that are not idle; want their sum",
                               node->name);
        term->quantity = cpus ? QUANTITY_BUSY_EACH : QUANTITY_BUSY_SUM;
    } else if (term->quantity == QUANTITY_IDLE_EACH || term->quantity == QUANTITY_BUSY_EACH) {
        bool idle = term->quantity == QUANTITY_IDLE_EACH;
        if (cpus)
            return UND_OK;
        if (!average && !sum)
            return linear_fail(solver, "%s over CPUs; want their mean", node->name);
        if (average)
            term->quantity = idle ? QUANTITY_IDLE : QUANTITY_BUSY;
        else
            term->quantity = idle ? QUANTITY_IDLE_SUM : QUANTITY_BUSY_SUM;
    }
    return UND_OK;
}

static enum und_code analyse_aggregate(struct solver *solver, const struct promql_node *node,
                                       struct linear *out)
{
    bool ignored = false;
    bool kept = node->aggregation == PROMQL_AVG || node->aggregation == PROMQL_SUM ||
                node->aggregation == PROMQL_MIN || node->aggregation == PROMQL_MAX;
    if (is_duration(node, &ignored))
        return duration_term(node, out);
    if (is_cpu_count(node))
        return one_term(out, node, QUANTITY_CPUS, 1, 0, false);
    if (!kept)
        return linear_fail(solver, "%s is beyond the model", node->name);
    if (!keeps_hosts(node))
        return linear_fail(solver, "%s puts all hosts together; want it by (instance)", node->name);
    if (linear_analyse(solver, node->args[0], out))
        return UND_USAGE;
    for (int i = 0; i < out->n; i++) {
        if (aggregate_term(solver, node, &out->terms[i]))
            return UND_USAGE;
        if (out->n == 1)
            promql_print(node, out->terms[i].text, sizeof out->terms[i].text);
    }
    if (node->aggregation == PROMQL_SUM && out->constant != 0)
        return linear_fail(solver, "sum over series of %g and more", out->constant);
    return UND_OK;
}

/* --- arithmetic ------------------------------------------------------------------------------ */

/* What numerator / denominator is, if it is a quantity. */
static bool ratio_of(enum quantity over, enum quantity under, enum quantity *ratio)
{
    static const enum quantity ratios[][3] = {
        {QUANTITY_AVAILABLE, QUANTITY_TOTAL, QUANTITY_AVAILABLE_SHARE},
        {QUANTITY_FREE, QUANTITY_TOTAL, QUANTITY_FREE_SHARE},
        {QUANTITY_BUFFERS, QUANTITY_TOTAL, QUANTITY_BUFFERS_SHARE},
        {QUANTITY_CACHED, QUANTITY_TOTAL, QUANTITY_CACHED_SHARE},
        {QUANTITY_IDLE_SUM, QUANTITY_CPUS, QUANTITY_IDLE},
        {QUANTITY_BUSY_SUM, QUANTITY_CPUS, QUANTITY_BUSY},
        {QUANTITY_DURATION, QUANTITY_DURATION, QUANTITY_DURATION_RATIO},
    };
    for (size_t i = 0; i < sizeof ratios / sizeof *ratios; i++) {
        if (ratios[i][0] == over && ratios[i][1] == under) {
            *ratio = ratios[i][2];
            return true;
        }
    }
    return false;
}

void linear_join_text(struct term *over, const struct term *under)
{
    size_t n = strlen(over->text);
    snprintf(over->text + n, sizeof over->text - n, " / %s", under->text);
}

/* (constant + terms) / (factor * quantity): each term over the quantity has to be known. */
static enum und_code divide(const struct solver *solver, struct linear *over,
                            const struct linear *under)
{
    const struct term *divisor = &under->terms[0];
    struct linear quotient = {0};
    if (under->n == 0) {
        if (under->constant == 0)
            return linear_fail(solver, "division by zero");
        scale(over, 1 / under->constant);
        return UND_OK;
    }
    if (under->n > 1 || under->constant != 0 || over->constant != 0)
        return linear_fail(solver, "a division by %s that is no share", divisor->text);
    for (int i = 0; i < over->n; i++) {
        struct term term = over->terms[i];
        double factor = term.factor / divisor->factor;
        if (same_term(&term, divisor)) {
            quotient.constant += factor;
            continue;
        }
        if (!ratio_of(term.quantity, divisor->quantity, &term.quantity))
            return linear_fail(solver, "%s over %s is nothing that the model has", term.text,
                               divisor->text);
        term.factor = factor;
        linear_join_text(&term, divisor);
        quotient.terms[quotient.n++] = term;
    }
    *over = quotient;
    return UND_OK;
}

static enum und_code analyse_binary(struct solver *solver, const struct promql_node *node,
                                    struct linear *out)
{
    struct linear right;
    if (is_mean_duration(node))
        return duration_term(node, out);
    if (linear_analyse(solver, node->args[0], out) || linear_analyse(solver, node->args[1], &right))
        return UND_USAGE;
    if (node->op == PROMQL_ADD || node->op == PROMQL_SUB)
        return linear_add(solver, out, &right, node->op == PROMQL_ADD ? 1 : -1);
    if (node->op == PROMQL_DIV)
        return divide(solver, out, &right);
    if (node->op == PROMQL_MUL && right.n == 0) {
        scale(out, right.constant);
        return UND_OK;
    }
    if (node->op == PROMQL_MUL && out->n == 0) {
        scale(&right, out->constant);
        *out = right;
        return UND_OK;
    }
    return linear_fail(solver, "'%s' between metrics is beyond the model",
                       promql_op_word(node->op));
}

enum und_code linear_analyse(struct solver *solver, const struct promql_node *node,
                             struct linear *out)
{
    switch (node->kind) {
    case PROMQL_NUMBER:
        *out = (struct linear){.constant = node->number};
        return UND_OK;
    case PROMQL_STRING:
        return linear_fail(solver, "a text is no quantity");
    case PROMQL_SUBQUERY:
        return linear_fail(solver, "a subquery is beyond the model");
    case PROMQL_SELECTOR:
        return analyse_selector(solver, node, out);
    case PROMQL_CALL:
        return analyse_call(solver, node, out);
    case PROMQL_AGGREGATE:
        return analyse_aggregate(solver, node, out);
    case PROMQL_BINARY:
        return analyse_binary(solver, node, out);
    case PROMQL_MINUS:
        if (linear_analyse(solver, node->args[0], out))
            return UND_USAGE;
        scale(out, -1);
        return UND_OK;
    }
    UND_UNREACHABLE();
}
