#include "answer.h"

#include "reports/text/json.h"
#include "reports/text/text.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double answer_at(const struct answer_range *range, int at)
{
    return range->low + at * range->step;
}

const char *answer_value(const struct answer_range *range, double value, char out[SWEEP_VALUE])
{
    char number[SWEEP_VALUE / 2];
    snprintf(number, sizeof number, "%.6g", value);
    snprintf(out, SWEEP_VALUE, "%s%.31s", number, range->unit);
    return out;
}

static const char *limit_text(const struct sweep_limit *limit, char *out, size_t size)
{
    sweep_limit_name(limit, out, size);
    return out;
}

/* To a tenth of a step: more is not known. */
static double rounded(const struct answer *answer)
{
    const struct answer_range *range = &answer->range;
    double tenths = 10 * (answer->estimate - range->low) / range->step;
    return isfinite(tenths) ? range->low + round(tenths) / 10 * range->step : NAN;
}

void answer_words(const struct answer *answer, char *out, size_t size)
{
    const struct answer_range *range = &answer->range;
    char low[SWEEP_VALUE], high[SWEEP_VALUE], inner[SWEEP_VALUE], outer[SWEEP_VALUE];
    char about[SWEEP_VALUE + 16] = "", value[SWEEP_VALUE];
    bool rises = answer->inner < answer->outer;
    answer_value(range, range->low, low);
    answer_value(range, answer_at(range, range->steps), high);
    answer_value(range, answer_at(range, answer->inner), inner);
    answer_value(range, answer_at(range, answer->outer), outer);
    if (isfinite(answer->estimate) && !range->whole)
        snprintf(about, sizeof about, " (about %s)", answer_value(range, rounded(answer), value));
    switch (answer->reached) {
    case ANSWER_WITHIN:
        snprintf(out, size,
                 rises ? "holds up to %s, not from %s on%s" : "holds from %s on, not up to %s%s",
                 inner, outer, about);
        return;
    case ANSWER_EVERYWHERE:
        snprintf(out, size, "not reached within [%s, %s]: it holds at both ends", low, high);
        return;
    case ANSWER_NOWHERE:
        snprintf(out, size, "not reached within [%s, %s]: it holds at neither end", low, high);
        return;
    case ANSWER_UNKNOWN:
        snprintf(out, size,
                 "not known within [%s, %s]: an end is too near the limit; widen the range or give "
                 "more --replications",
                 low, high);
        return;
    }
}

/* ---- when ---- */

/* To the confidence at which, beside an interval of half the error, both hold. */
static struct interval widened(const struct growth *growth)
{
    double low = log1p(growth->low), high = log1p(growth->high), middle = (low + high) / 2;
    double wider =
        gsl_cdf_ugaussian_Pinv(1 - ANSWER_ERROR / 4) / gsl_cdf_ugaussian_Pinv(1 - ANSWER_ERROR / 2);
    double half = (high - low) / 2 * wider;
    return (struct interval){middle - half, middle + half};
}

static bool growth_months(const struct growth *growth, double least, double most,
                          struct interval *months)
{
    struct interval by_month = widened(growth);
    if (!(least > 0) || !(most >= least))
        return false;
    *months = (struct interval){by_month.high > 0 ? log(least) / by_month.high : INFINITY,
                                by_month.low > 0 ? log(most) / by_month.low : INFINITY};
    return true;
}

bool answer_months(const struct answer *answer, const struct growth *growth,
                   struct interval *months)
{
    const struct answer_range *range = &answer->range;
    return answer->reached == ANSWER_WITHIN && answer->inner <= answer->outer && range->low > 0 &&
           growth_months(growth, answer_at(range, answer->inner) / range->low,
                         answer_at(range, answer->outer) / range->low, months);
}

/* "2027-03-14", or "in 5.2 months" where nobody said from when. */
static const char *date(const struct growth *growth, double months, char out[32])
{
    int64_t seconds;
    time_t at;
    struct tm day;
    if (!isfinite(months) || months > 1200) {
        snprintf(out, 32, "perhaps never");
    } else if (growth->from_day < 0) {
        snprintf(out, 32, "in %.1f months", months);
    } else {
        seconds = (growth->from_day + llround(months * 30)) * 86400;
        at = (time_t)seconds;
        gmtime_r(&at, &day);
        strftime(out, 32, "%Y-%m-%d", &day);
    }
    return out;
}

static void growing(const struct growth *growth, char how[48])
{
    if (growth->exact)
        snprintf(how, 48, "growing %.3g%% a month", 100 * growth->low);
    else
        snprintf(how, 48, "growing %.3g to %.3g%% a month", 100 * growth->low, 100 * growth->high);
}

static void passed_words(const struct growth *growth, const struct interval *months, char *out,
                         size_t size)
{
    char first[32], last[32], how[48];
    growing(growth, how);
    snprintf(out, size, "%s: passed %s at the earliest, %s at the latest (95%%)", how,
             date(growth, months->low, first), date(growth, months->high, last));
}

static void growth_words(const struct answer *answer, const struct growth *growth, char *out,
                         size_t size)
{
    struct interval months;
    char how[48];
    growing(growth, how);
    if (answer_months(answer, growth, &months))
        passed_words(growth, &months, out, size);
    else
        snprintf(out, size, "%s: %s", how,
                 answer->reached == ANSWER_NOWHERE ? "past it already"
                                                   : "no date within this range");
}

/* So much wider than at 95% that all points together, on both sides, err in half of ANSWER_ERROR.
 */
static double wider_for_all(int points)
{
    return gsl_cdf_ugaussian_Pinv(1 - ANSWER_ERROR / 4 / points) /
           gsl_cdf_ugaussian_Pinv(1 - ANSWER_ERROR / 2);
}

/* The last point that is known to keep the limit before one that is known to break it. */
static void known_crossing(const struct sweep *sweep, const struct sweep_limit *limit, int *keeps,
                           int *breaks)
{
    double wider = wider_for_all(sweep->n_points);
    int i;
    *keeps = *breaks = -1;
    for (i = 0; i < sweep->n_points && *breaks < 0; i++) {
        double half, value = sweep_value(&sweep->point[i], &limit->column, &half);
        double room = limit->at_least ? value - limit->value : limit->value - value;
        if (room >= half * wider)
            *keeps = i;
        else if (room < -half * wider || (sweep->point[i].error && i > 0))
            *breaks = i;
    }
}

bool growth_passed(const struct sweep *sweep, const struct sweep_limit *limit,
                   const struct growth *growth, char *out, size_t size)
{
    double *at = calloc((size_t)sweep->n_points + 1, sizeof *at);
    struct interval months;
    char how[48], name[SWEEP_NAME + TEXT_VALUE], words[256] = "";
    int keeps, breaks;
    bool has = at && sweep_numbers(sweep, at);
    growing(growth, how);
    sweep_limit_name(limit, name, sizeof name);
    known_crossing(sweep, limit, &keeps, &breaks);
    if (has && keeps < 0)
        snprintf(words, sizeof words, "%s: past it already, or not known", how);
    else if (has && breaks < 0)
        snprintf(words, sizeof words, "%s: not known to be passed within this range", how);
    else if (has && growth_months(growth, at[keeps] / at[0], at[breaks] / at[0], &months))
        passed_words(growth, &months, words, sizeof words);
    free(at);
    snprintf(out, size, "%s, %s", name, words);
    return words[0] != '\0';
}

/* ---- text ---- */

static const char *const says[] = {"open", "holds", "fails"};

static void print_look(FILE *out, const struct answer *answer, const struct answer_look *look)
{
    enum metric metric = sweep_reads_as(&answer->limit.column);
    char value[SWEEP_VALUE], figure[TEXT_VALUE], around[TEXT_VALUE], text[2 * TEXT_VALUE + 8];
    if (look->unstable)
        snprintf(text, sizeof text, "unstable");
    else
        snprintf(text, sizeof text, "%s%s%s", look->is_bound ? ">=" : "",
                 text_metric(figure, metric, look->estimate),
                 text_spread(around, metric, look->estimate, look->half_width));
    fprintf(out, "    %10s  %24s  %-5s  %lld replications\n",
            answer_value(&answer->range, answer_at(&answer->range, look->at), value), text,
            says[look->says], (long long)look->replications);
}

void answers_print(FILE *out, const char *path, const struct growth *growth,
                   const struct answer *answers, int n)
{
    const struct answer_range *range = &answers->range;
    char limit[SWEEP_NAME + TEXT_VALUE + 8], words[512], low[SWEEP_VALUE], high[SWEEP_VALUE];
    int i, j;
    fprintf(out, "%s: seed %llu\n  find %s in %s..%s\n", path, (unsigned long long)answers->seed,
            range->path, answer_value(range, range->low, low),
            answer_value(range, answer_at(range, range->steps), high));
    for (i = 0; i < n; i++) {
        answer_words(&answers[i], words, sizeof words);
        fprintf(out, "  %s%s%s: %s\n", limit_text(&answers[i].limit, limit, sizeof limit),
                answers[i].where[0] ? ", " : "", answers[i].where, words);
        if (growth->given) {
            growth_words(&answers[i], growth, words, sizeof words);
            fprintf(out, "    %s\n", words);
        }
        for (j = 0; j < answers[i].n; j++)
            print_look(out, &answers[i], &answers[i].look[j]);
    }
    fputs("  +-: 95% of each look; each answer is right at 95%, all its looks together\n", out);
}

/* ---- JSON ---- */

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *value_json(const struct answer_range *range, double value)
{
    char text[SWEEP_VALUE];
    return isfinite(value) ? json_string(answer_value(range, value, text)) : json_null();
}

static json_t *look_json(const struct answer *answer, const struct answer_look *look)
{
    return json_pack("{s:o,s:s,s:o,s:o,s:b,s:b,s:I}", "value",
                     value_json(&answer->range, answer_at(&answer->range, look->at)), "says",
                     says[look->says], "estimate", number(look->estimate), "half_width",
                     number(look->half_width), "bound", look->is_bound, "unstable", look->unstable,
                     "replications", (json_int_t)look->replications);
}

static json_t *passed_json(const struct answer *answer, const struct growth *growth)
{
    struct interval months;
    char first[32], last[32];
    if (!growth->given || !answer_months(answer, growth, &months))
        return json_null();
    date(growth, months.low, first);
    date(growth, months.high, last);
    return json_pack("{s:o,s:o,s:s,s:s}", "months_low", number(months.low), "months_high",
                     number(months.high), "earliest", first, "latest", last);
}

static json_t *answer_json(const struct answer *answer, const struct growth *growth)
{
    static const char *const reached[] = {"within", "everywhere", "nowhere", "unknown"};
    bool within = answer->reached == ANSWER_WITHIN;
    char limit[SWEEP_NAME + TEXT_VALUE + 8];
    json_t *looks = json_array();
    int i;
    for (i = 0; i < answer->n; i++)
        json_array_append_new(looks, look_json(answer, &answer->look[i]));
    return json_pack(
        "{s:s,s:s,s:s,s:o,s:o,s:o,s:f,s:o,s:o}", "until",
        limit_text(&answer->limit, limit, sizeof limit), "where", answer->where, "reached",
        reached[answer->reached], "holds_at",
        value_json(&answer->range, within ? answer_at(&answer->range, answer->inner) : NAN),
        "fails_at",
        value_json(&answer->range, within ? answer_at(&answer->range, answer->outer) : NAN),
        "about", value_json(&answer->range, rounded(answer)), "confidence", 1 - answer->error,
        "passed", passed_json(answer, growth), "looks", looks);
}

json_t *answers_json(const char *path, const struct growth *growth, const struct answer *answers,
                     int n)
{
    const struct answer_range *range = &answers->range;
    json_t *list = json_array();
    int i;
    for (i = 0; i < n; i++)
        json_array_append_new(list, answer_json(&answers[i], growth));
    return json_pack("{s:i,s:s,s:s,s:o,s:o,s:I,s:o}", "version", JSON_VERSION, "whatif", path,
                     "find", range->path, "low", value_json(range, range->low), "high",
                     value_json(range, answer_at(range, range->steps)), "seed",
                     (json_int_t)answers->seed, "answers", list);
}
