#include "trend.h"

#include "model/base/assert.h"
#include "reports/text/text.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void trend_init(struct trend *trend)
{
    *trend = (struct trend){.row = calloc(TREND_ROWS, sizeof *trend->row)};
    UND_ASSERT(trend->row != NULL);
}

void trend_fini(struct trend *trend)
{
    free(trend->row);
}

static int quarter_of(int64_t at_ms)
{
    time_t seconds = (time_t)(at_ms / 1000);
    struct tm tm;
    return gmtime_r(&seconds, &tm) ? 4 * (tm.tm_year + 1900) + tm.tm_mon / 3 : 0;
}

static struct trend_row *find(struct trend *trend, const char *mode, enum told stage, int quarter)
{
    int i;
    for (i = 0; i < trend->n; i++) {
        struct trend_row *row = &trend->row[i];
        if (row->stage == stage && row->quarter == quarter && strcmp(row->mode, mode) == 0)
            return row;
    }
    if (trend->n == TREND_ROWS) {
        trend->left_out++;
        return NULL;
    }
    trend->row[trend->n] =
        (struct trend_row){.stage = stage, .quarter = quarter, .documented_ms = NAN};
    snprintf(trend->row[trend->n].mode, sizeof trend->row[0].mode, "%s", mode);
    return &trend->row[trend->n++];
}

static void put(double *values, int *n, double value)
{
    if (isfinite(value))
        values[(*n)++ % TREND_VALUES] = value;
}

void trend_add(struct trend *trend, const struct record *record)
{
    int stage;
    for (stage = 0; stage < TOLD_STAGES && record->mode[0]; stage++) {
        struct told_fact fact = facts_stage(record, (enum told)stage);
        struct trend_row *row;
        if (!isfinite(fact.predicted_ms) && !isfinite(fact.measured_ms))
            continue;
        row = find(trend, record->mode, (enum told)stage, quarter_of(record->at_ms));
        if (!row)
            continue;
        if (isfinite(fact.documented_ms))
            row->documented_ms = fact.documented_ms;
        put(row->foretold, &row->n_foretold, fact.predicted_ms);
        put(row->measured, &row->n_measured, fact.measured_ms);
    }
}

static int compare(const void *a, const void *b)
{
    const struct trend_row *one = a, *other = b;
    int order = strcmp(one->mode, other->mode);
    if (order == 0)
        order = (int)one->stage - (int)other->stage;
    return order != 0 ? order : one->quarter - other->quarter;
}

void trend_sort(struct trend *trend)
{
    qsort(trend->row, (size_t)trend->n, sizeof *trend->row, compare);
}

static double median(const double *values, int n)
{
    double sorted[TREND_VALUES];
    int kept = n < TREND_VALUES ? n : TREND_VALUES;
    if (kept == 0)
        return NAN;
    memcpy(sorted, values, (size_t)kept * sizeof *sorted);
    gsl_sort(sorted, 1, (size_t)kept);
    return gsl_stats_median_from_sorted_data(sorted, 1, (size_t)kept);
}

double trend_foretold(const struct trend_row *row)
{
    return median(row->foretold, row->n_foretold);
}

double trend_measured(const struct trend_row *row)
{
    return median(row->measured, row->n_measured);
}

static const char *cell(char out[TEXT_VALUE * 2], double ms, int n)
{
    char text[TEXT_VALUE];
    snprintf(out, TEXT_VALUE * 2, n > 1 ? "%s (%d)" : "%s", text_time(text, ms), n);
    return out;
}

void trend_print(FILE *out, const struct trend *trend)
{
    char one[TEXT_VALUE], two[TEXT_VALUE * 2], three[TEXT_VALUE * 2];
    const char *mode = "";
    int i;
    if (trend->n == 0)
        fputs("no trends: nothing that was kept has a failure mode and a time\n", out);
    for (i = 0; i < trend->n; i++) {
        const struct trend_row *row = &trend->row[i];
        if (strcmp(mode, row->mode) != 0)
            fprintf(out, "%s%s\n  %-9s  %-7s  %10s  %14s  %14s\n", i ? "\n" : "", row->mode,
                    "stage", "quarter", "documented", "foretold", "measured");
        mode = row->mode;
        fprintf(out, "  %-9s  %d-Q%d  %10s  %14s  %14s\n", told_words[row->stage], row->quarter / 4,
                row->quarter % 4 + 1, text_time(one, row->documented_ms),
                cell(two, trend_foretold(row), row->n_foretold),
                cell(three, trend_measured(row), row->n_measured));
    }
    if (trend->n > 0)
        fputs("\nMedians; in brackets of how many runs.\n", out);
    if (trend->left_out > 0)
        fprintf(out, "%d more are left out.\n", trend->left_out);
}

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *trend_json(const struct trend *trend)
{
    json_t *list = json_array();
    char quarter[24];
    int i;
    for (i = 0; i < trend->n; i++) {
        const struct trend_row *row = &trend->row[i];
        snprintf(quarter, sizeof quarter, "%d-Q%d", row->quarter / 4, row->quarter % 4 + 1);
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:o, s:o, s:i, s:o, s:i}", "mode", row->mode, "stage",
                            told_words[row->stage], "quarter", quarter, "documented_ms",
                            number(row->documented_ms), "foretold_ms", number(trend_foretold(row)),
                            "foretold_runs", row->n_foretold, "measured_ms",
                            number(trend_measured(row)), "measured_runs", row->n_measured));
    }
    return json_pack("{s:i, s:o, s:i}", "version", 1, "trends", list, "left_out", trend->left_out);
}
