#include "recommend.h"

#include "reports/text/text.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

static bool keeps_limits(const struct sweep *sweep, int point)
{
    int i;
    for (i = 0; i < sweep->n_limits; i++)
        if (!sweep_holds(&sweep->limit[i], &sweep->point[point]))
            return false;
    return true;
}

static const struct money_found *money_of(const struct sweep *sweep, int point)
{
    const struct sweep_found *found = sweep->point[point].found;
    return found && found->money.runs > 0 && isfinite(found->money.cost) ? &found->money : NULL;
}

/* How likely the other one is to cost less after all. */
static double doubt(const struct money_found *best, int at, const struct money_found *other,
                    int other_at)
{
    double half = hypot(best->cost_half, other->cost_half);
    if (at == 0)
        half = other->more_half;
    else if (other_at == 0)
        half = best->more_half;
    else
        half = fmin(half, hypot(best->more_half, other->more_half));
    if (isnan(half))
        return 1;
    return half > 0 ? gsl_cdf_ugaussian_Q((other->cost - best->cost) /
                                          (half / gsl_cdf_ugaussian_Pinv(0.975)))
                    : 0;
}

struct recommendation recommend(const struct sweep *sweep)
{
    struct recommendation recommendation = {-1, -1, 1};
    double most = 0;
    int i;
    for (i = 0; i < sweep->n_points; i++)
        if (money_of(sweep, i) && keeps_limits(sweep, i) &&
            (recommendation.point < 0 ||
             money_of(sweep, i)->cost < money_of(sweep, recommendation.point)->cost))
            recommendation.point = i;
    for (i = 0; i < sweep->n_points && recommendation.point >= 0; i++) {
        double d;
        if (i == recommendation.point || !money_of(sweep, i) || !keeps_limits(sweep, i))
            continue;
        d = doubt(money_of(sweep, recommendation.point), recommendation.point, money_of(sweep, i),
                  i);
        recommendation.confidence -= d;
        if (d > most) {
            most = d;
            recommendation.runner_up = i;
        }
    }
    recommendation.confidence = fmax(recommendation.confidence, 0);
    return recommendation;
}

static const char *limits_text(const struct sweep *sweep, char *out, size_t size)
{
    size_t end = 0;
    int i;
    out[0] = '\0';
    for (i = 0; i < sweep->n_limits && end < size; i++) {
        char name[SWEEP_NAME + TEXT_VALUE];
        sweep_limit_name(&sweep->limit[i], name, sizeof name);
        end += (size_t)snprintf(out + end, size - end, "%s%s", i > 0 ? " and " : "", name);
    }
    return out;
}

/* "; 310 EUR +-40 less than slots=4" */
static void compared(const struct sweep *sweep, int point, char *out, size_t size)
{
    const struct money_found *money = money_of(sweep, point);
    char name[256], more[48], half[48];
    out[0] = '\0';
    if (point == 0 || !isfinite(money->more))
        return;
    money_text(&sweep->prices, fabs(money->more), more);
    money_text(&(struct prices){0}, money->more_half, half);
    snprintf(out, size, ", %s +-%s %s than %s", more, half, money->more < 0 ? "less" : "more",
             sweep_point_name(sweep, 0, name, sizeof name));
}

const char *recommend_text(const struct sweep *sweep, char out[RECOMMEND_TEXT])
{
    struct recommendation r = recommend(sweep);
    char name[256], other[256], limits[256], cost[48], low[48], high[48], less[400], sure[300];
    const struct money_found *money;
    out[0] = '\0';
    if (!sweep->prices.given)
        return out;
    limits_text(sweep, limits, sizeof limits);
    if (r.point < 0) {
        snprintf(out, RECOMMEND_TEXT, "No setting here keeps %s.",
                 sweep->n_limits > 0 ? limits : "a queue that ends");
        return out;
    }
    money = money_of(sweep, r.point);
    compared(sweep, r.point, less, sizeof less);
    if (r.confidence >= 0.9)
        snprintf(sure, sizeof sure, "with at least %.0f%% the cheapest",
                 floor(fmin(100 * r.confidence, 99)));
    else
        snprintf(sure, sizeof sure, "not told apart from %s (more --replications would)",
                 r.runner_up < 0 ? "others"
                                 : sweep_point_name(sweep, r.runner_up, other, sizeof other));
    snprintf(out, RECOMMEND_TEXT, "Recommended: %s%s, at %s a month (95%%: %s to %s)%s; %s%s%s.",
             sweep_point_name(sweep, r.point, name, sizeof name),
             sweep->n_axes == 1 && r.point + 1 == sweep->n_points
                 ? " (the last one: more may be better still)"
                 : "",
             money_text(&sweep->prices, money->cost, cost),
             money_text(&(struct prices){0}, money->cost - money->cost_half, low),
             money_text(&sweep->prices, money->cost + money->cost_half, high), less, sure,
             sweep->n_limits > 0 ? " that keeps " : "", limits);
    return out;
}
