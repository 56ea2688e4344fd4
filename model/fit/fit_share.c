/* Shares of jobs, which come in runs. */
#include "fit_internal.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

/* Jobs of a run fail together, are re-run together, are of classes that go together: that is worth
 * fewer jobs than there are. Clopper and Pearson's interval of so many as would have the same
 * variance (Korn and Graubard, Survey Methodology 24 (1998), 193-201), which also holds where few
 * are hits; the variance of a ratio is known from so many runs less one. */
struct measured fit_share(const int *hits, const int *of, int n_runs)
{
    double tail = (1 - STATS_CONFIDENCE) / 2, jobs = 0, hit = 0, squares = 0, share, worth, student;
    int r, runs = 0;
    for (r = 0; r < n_runs; r++) {
        hit += hits[r];
        jobs += of[r];
        runs += of[r] > 0;
    }
    if (jobs <= 0)
        return fit_unknown;
    share = hit / jobs;
    for (r = 0; r < n_runs; r++)
        squares += (hits[r] - share * of[r]) * (hits[r] - share * of[r]);
    worth = runs; /* all or none: each run is worth at least one */
    if (squares > 0 && runs > 1 && hit > 0 && hit < jobs) {
        squares *= runs / (runs - 1.0);
        student = gsl_cdf_ugaussian_Pinv(1 - tail) / gsl_cdf_tdist_Pinv(1 - tail, runs - 1);
        worth = fmin(share * (1 - share) * jobs * jobs / squares * student * student, jobs);
    }
    return (struct measured){
        share, stats_share_interval(fmin(share * worth, worth), worth, STATS_CONFIDENCE)};
}
