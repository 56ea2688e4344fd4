#include "money.h"

#include "model/base/assert.h"
#include "model/stats/stats.h"

#include <math.h>
#include <stdlib.h>

#define HOUR_MS 3600000.0

/* Of a month, apart from its slots. */
static double running(const struct prices *prices, double runs, double wait_ms)
{
    return runs * (prices->run + prices->hour * wait_ms / HOUR_MS);
}

double money_of_month(const struct prices *prices, double slots, double runs, double wait_ms)
{
    return prices->slot * slots + running(prices, runs, wait_ms);
}

static void compare(const struct prices *prices, const double *wait, int n,
                    const double *first_wait, const struct money_found *first,
                    struct money_found *found)
{
    double *saved = calloc((size_t)n + 1, sizeof *saved), slots = found->slots - first->slots;
    struct estimate mean;
    int r;
    UND_ASSERT(saved != NULL);
    for (r = 0; r < n; r++)
        saved[r] =
            running(prices, first->runs, first_wait[r]) - running(prices, found->runs, wait[r]);
    mean = stats_skewed_mean(saved, (size_t)n, STATS_CONFIDENCE);
    found->more = prices->slot * slots - mean.mean;
    found->more_half = mean.half_width;
    if (slots > 0 || slots < 0) {
        found->value = mean.mean / slots;
        found->value_half = mean.half_width / fabs(slots);
    }
    free(saved);
}

void money_judge(const struct prices *prices, const double *wait, int n, const double *first_wait,
                 int n_first, const struct money_found *first, struct money_found *found)
{
    struct estimate mean = stats_skewed_mean(wait, (size_t)n, STATS_CONFIDENCE);
    found->cost = money_of_month(prices, found->slots, found->runs, mean.mean);
    found->cost_half = found->runs * prices->hour * mean.half_width / HOUR_MS;
    found->more = found->more_half = found->value = found->value_half = NAN;
    if (first && found != first)
        compare(prices, wait, n < n_first ? n : n_first, first_wait, first, found);
}

const char *money_text(const struct prices *prices, double amount, char out[48])
{
    char digits[32];
    int length, i, at = 0;
    snprintf(digits, sizeof digits, fabs(amount) < 100 ? "%.2f" : "%.0f", fabs(amount));
    for (length = 0; digits[length] && digits[length] != '.'; length++)
        ;
    if (amount < 0)
        out[at++] = '-';
    for (i = 0; digits[i] && at < 36; i++) {
        if (i > 0 && i < length && (length - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    snprintf(out + at, (size_t)(48 - at), "%s%.7s", prices->currency[0] ? " " : "",
             prices->currency);
    return out;
}
