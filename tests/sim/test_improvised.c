/*
 * What 300 improvised scenarios come to, to the bit: their digests and the means of what they
 * measure, in tests/golden/improvised.txt. A change of the world, the servers or the policy that
 * changes anything at all shows here first; whoever means it writes the file anew (make golden
 * UPDATE=1) and says so.
 */
#include "tests/support/helpers.h"
#include "tests/support/random_scenario.h"
#include "tests/support/scenario_text.h"

#include <math.h>
#include <stdlib.h>

#define SCENARIOS 300

static void print_mean(FILE *out, const struct quantity *quantity)
{
    if (quantity->n == 0)
        fprintf(out, " -");
    else
        fprintf(out, " %.6g", quantity->mean);
}

static void print_scenario(FILE *out, uint64_t seed)
{
    static const enum metric shown[] = {
        METRIC_DETECTION,    METRIC_FAILOVER,     METRIC_RTO,
        METRIC_JOB_RECOVERY, METRIC_MTTR,         METRIC_QUEUE_WAIT,
        METRIC_UTILIZATION,  METRIC_AVAILABILITY, METRIC_JOB_SUCCESS};
    struct scenario_text staged;
    char *text = random_scenario_scenario(seed);
    size_t i;
    scenario_text_load(&staged, "%s", text);
    scenario_text_run(&staged, (struct experiment){.seed = seed, .replications = 2, .threads = 1});
    fprintf(out, "%3d %016llx", (int)seed, (unsigned long long)staged.result.digest);
    for (i = 0; i < sizeof shown / sizeof *shown; i++)
        print_mean(out, &staged.result.metric[shown[i]]);
    fputc('\n', out);
    scenario_text_fini(&staged);
    free(text);
}

START_TEST(improvised_scenarios_come_to_what_they_came_to)
{
    char *text;
    size_t size;
    uint64_t seed;
    HELPER_CAPTURE(text, size, {
        fprintf(out, "seed, digest, means in ms or as shares: detection failover rto recovery mttr"
                     " wait utilization availability success\n");
        for (seed = 0; seed < SCENARIOS; seed++)
            print_scenario(out, seed);
    });
    helper_golden("improvised.txt", text);
    free(text);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("improvised");
    TCase *golden = tcase_create("golden");
    tcase_set_timeout(golden, 120); /* sanitizers */
    tcase_add_test(golden, improvised_scenarios_come_to_what_they_came_to);
    suite_add_tcase(all, golden);
    return all;
}
