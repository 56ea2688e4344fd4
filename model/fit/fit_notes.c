/* What was left out or assumed, and what the history cannot tell. */
#include "fit_internal.h"
#include "model/base/units.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

static const char *date(char out[32], int64_t ms)
{
    time_t s = (time_t)(ms / 1000);
    struct tm tm;
    gmtime_r(&s, &tm);
    strftime(out, 32, "%Y-%m-%d %H:%M", &tm);
    return out;
}

static void note_flaws(struct fit *fit)
{
    const struct history *history = fit->history;
    int i;
    for (i = 0; i < FLAW_COUNT; i++)
        if (history->flaw[i] > 0)
            fit_note(fit, "%lld %s %s (the first: line %d%s%s%s)", (long long)history->flaw[i],
                     history->flaw[i] == 1 ? "row" : "rows", flaw_text((enum flaw)i),
                     history->flaw_line[i], history->flaw_seen[i][0] ? ", '" : "",
                     history->flaw_seen[i], history->flaw_seen[i][0] ? "'" : "");
    if (history->slashed)
        fit_note(fit, "dates such as 3/4/2026 are taken as %s%s",
                 history->day_first ? "3 April" : "March 4",
                 history->order_known ? ", as one has a day above 12 there"
                                      : ": no day above 12 says whether that is right");
    if (history->by_workflow)
        fit_note(fit,
                 "classes are workflows (column '%s'): there are %d names of jobs, a fleet has "
                 "at most %d classes",
                 history->column[ROLE_WORKFLOW], history->workflows.n, FLEET_CLASSES);
    if (history->duration_unit != NULL && history->column[ROLE_DURATION][0])
        fit_note(fit, "column '%s' names no unit: taken as %s", history->column[ROLE_DURATION],
                 history->duration_unit);
}

static void note_clock(struct fit *fit)
{
    const struct history *history = fit->history;
    char text[32];
    if (!history->clocked)
        fit_note(fit, "times are not of the calendar: second 0 is taken as Monday 0:00");
    else if (!history->zoned)
        fit_note(fit, "times name no zone: hours are as they stand; where clocks are changed, an "
                      "hour is missing or there twice");
    else if (history->offset_changed != HISTORY_NONE)
        fit_note(fit,
                 "the zone changes (UTC%+d:%02d to UTC%+d:%02d, first at %s UTC): hours of the "
                 "profile are those of the team's clock",
                 history->offset_min[0] / 60, abs(history->offset_min[0] % 60),
                 history->offset_min[1] / 60, abs(history->offset_min[1] % 60),
                 date(text, history->offset_changed));
    else if (history->offset_min[0] == 0)
        fit_note(fit, "times are in UTC, and so are the hours of the profile: where the team's "
                      "clocks are changed, it shifts by an hour");
}

static void note_runs(struct fit *fit, const struct part *part)
{
    size_t i, late = 0;
    int64_t *first;
    if (!fit->history->runs) {
        fit_note(fit, "no column says which jobs are of one run: jobs created in the same second "
                      "are taken as one");
        return;
    }
    first = malloc(((size_t)part->n_runs + 1) * sizeof *first);
    if (first == NULL)
        return;
    for (i = 0; i < (size_t)part->n_runs; i++)
        first[i] = INT64_MAX;
    for (i = 0; i < part->n; i++) {
        int64_t *of = &first[part->run[i]];
        *of = *of < part->row[i].created_ms ? *of : part->row[i].created_ms;
        late += part->row[i].created_ms - *of > UNITS_MINUTE;
    }
    free(first);
    if (late * 20 > part->n)
        fit_note(fit,
                 "%.0f%% of the jobs are created more than a minute after their run's first, "
                 "as jobs that need others are; here all jobs of a run come at once",
                 100.0 * (double)late / (double)part->n);
}

static void note_arrivals(struct fit *fit)
{
    const struct arrivals *arrivals = &fit->arrivals;
    double days = (double)(arrivals->to_ms - arrivals->from_ms) / (double)UNITS_DAY;
    char from[32], to[32];
    int i;
    for (i = 0; i < arrivals->n_gaps; i++)
        fit_note(fit,
                 "no run from %s to %s, where %.0f were to be expected: a holiday or missing "
                 "data; left out of the time observed",
                 date(from, arrivals->gap[i].from_ms), date(to, arrivals->gap[i].to_ms),
                 arrivals->gap[i].expected);
    if (arrivals->n < ARRIVAL_LEAST)
        fit_note(fit, "%zu runs are too few for a profile, a trend or a test of Poisson (%d)",
                 arrivals->n, ARRIVAL_LEAST);
    if (days < 14)
        fit_note(fit, "%.1f days are too short for a weekly profile or a trend (14)", days);
    if (arrivals->modulation.present)
        fit_note(fit,
                 "arrivals are not Poisson (p %.2g): busy and quiet spells beyond the profile; "
                 "modelled as a rate that is itself random",
                 arrivals->modulation.p);
    if (!arrivals->modulation.present && arrivals->regular_p < ARRIVAL_ERROR)
        fit_note(fit,
                 "runs come more evenly than a Poisson process has them (p %.2g), as on a "
                 "schedule: waits of the fleet file are on the long side",
                 arrivals->regular_p);
    if (arrivals->trended)
        fit_note(fit,
                 "the rate changes by %+.1f%% a month (%+.1f to %+.1f%%); the file has the one "
                 "at the history's end",
                 100 * arrivals->growth.value, 100 * arrivals->growth.interval.low,
                 100 * arrivals->growth.interval.high);
}

static void note_capacity(struct fit *fit, const struct watched *watched)
{
    if (!fit->starts_known)
        fit_note(fit,
                 "no column says when jobs started: how many ran at once, waits and pick-up "
                 "cannot be told; %d slots are what all would have needed to start at once%s",
                 fit->peak, fit->slots_given ? "" : ", give --slots");
    else if (!fit->slots_given && !fit->slots_watched)
        fit_note(fit,
                 "slots: at most %d jobs ran at once, so that there were at least so many; how "
                 "many more, and on which hosts, jobs do not tell: give --slots",
                 fit->peak);
    if (fit->history->sampled_ms == 0 && fit->starts_known && isnan(fit->pickup_p50.value))
        fit_note(fit,
                 "pick-up: %zu waits beside a free slot are known, which is too few (%d); "
                 "GitHub's own stands",
                 fit->pickups, FIT_PICKUPS);
    if (watched != NULL)
        return;
    fit_note(fit,
             "speeds and labels of hosts, patience, and when hosts were down (MTBF, MTTR) cannot "
             "be told from jobs: every host is as fast, and none fails, unless you say so or give "
             "--prometheus, --journal or --samples");
}

void fit_notes(struct fit *fit, const struct part *part, const struct watched *watched)
{
    int c;
    note_flaws(fit);
    note_clock(fit);
    note_runs(fit, part);
    note_arrivals(fit);
    if (fit->fan_out.above > 0)
        fit_note(fit,
                 "%zu runs have more than %d jobs, the most that the file can weigh: counted "
                 "as %d",
                 fit->fan_out.above, FIT_FAN_OUT, FIT_FAN_OUT);
    for (c = 0; c < fit->n_classes; c++) {
        const struct class_fit *class_fit = &fit->classes[c];
        if (class_fit->n < LIFETIME_LEAST)
            fit_note(fit, "class '%s' has %zu known durations, too few to fit a family (%d)",
                     class_fit->name, class_fit->n, LIFETIME_LEAST);
        if (class_fit->names > 1)
            fit_note(fit,
                     "class '%s' stands for %d names of jobs, each with fewer than %d "
                     "durations or beyond the %d classes of a fleet",
                     class_fit->name, class_fit->names, LIFETIME_LEAST, FLEET_CLASSES);
        if (class_fit->model == DURATION_EMPIRICAL && class_fit->n_censored > 0)
            fit_note(fit, "class '%s': %zu jobs without an end are not in its empirical durations",
                     class_fit->name, class_fit->n_censored);
    }
    note_capacity(fit, watched);
    fit_hosts_notes(fit, watched);
}
