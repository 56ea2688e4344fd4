/*
 * A failing schedule made small: faults taken away, hosts, slots, load, times, as long as what is
 * left fails for the same reason. The end is a local minimum: no single one of these can be taken
 * any further.
 *
 * What changes in the fleet is kept as the settings (`--set`) that do so, by which it can be
 * written into a scenario file. Trials of a shrinking scenario run with seed 1, as `understudy sim`
 * does, where the failure shows there as well.
 */
#ifndef SIM_SEARCH_SHRINK_H
#define SIM_SEARCH_SHRINK_H

#include "search.h"

#define SHRINK_TRIALS 600
#define SHRINK_SETS (2 * FLEET_HOSTS + 64)
#define SHRINK_TEXT 256

struct shrunk {
    struct scenario *scenario; /* owned; the fleet as it is left, and the faults */
    struct schedule schedule;
    struct trial_options options;
    struct trial trial; /* its failure */
    char set[SHRINK_SETS][SHRINK_TEXT];
    int n_sets, given; /* the first `given` are the caller's */
    int trials;
};

/* `path` is the file that was searched, `sets` what the caller overrode in it. */
enum und_code shrink(const char *path, const char *const *sets, int n_sets,
                     const struct search_result *result, struct shrunk *shrunk,
                     struct und_err *err);
void shrink_fini(struct shrunk *shrunk);

/* How the file `to` is called from the folder `from`; both exist. */
void shrink_relative(const char *from, const char *to, char *out, size_t size);

/* As a scenario file: `fleet` is how it names the fleet's, `path` what was searched, whose own
 * `set` and `expect` it takes over. */
void shrink_print(FILE *out, const char *name, const char *fleet, const char *path,
                  const char *line, const struct shrunk *shrunk);

#endif
