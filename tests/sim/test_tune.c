/* Tuning: the frontier is what no other setting dominates; a run of the shipped fleet says what its
 * timers cost; two builds beside each other. */
#include "sim/search/tune.h"
#include "sim/search/versus.h"
#include "tests/support/helpers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct tune tune;

/* All other measures are alike. */
static void point(double mttd, double wrong)
{
    struct tune_point *p = &tune.point[tune.n++];
    memset(p, 0, sizeof *p);
    p->value[TUNE_MTTD] = mttd;
    p->value[TUNE_FALSE] = wrong;
}

START_TEST(only_what_nothing_dominates_is_on_the_frontier)
{
    static const bool want[] = {true, false, true, false, true, true, false, true};
    int i;
    memset(&tune, 0, sizeof tune);
    point(1, 9);
    point(2, 9); /* later for nothing */
    point(3, 5);
    point(4, 5.5);
    point(5, 0);
    point(5, 0);     /* the same: neither is better */
    point(NAN, 0);   /* never detected */
    point(1.5, 8.5); /* a little of both */
    tune_find_frontier(&tune);
    for (i = 0; i < tune.n; i++)
        ck_assert_msg(tune.point[i].frontier == want[i], "point %d", i);
}
END_TEST

/* Same seed, same run; waiting less is routed sooner; all that is recommended is explored. */
START_TEST(a_fleet_is_tuned)
{
    static struct tune again;
    struct tune_options options = {.seed = 1, .replications = 12, .threads = 1};
    struct und_err err = {0};
    const struct tune_point *own = &tune.point[0];
    char *one, *two, *text = NULL;
    json_t *json;
    size_t size;
    int i;
    ck_assert_msg(tune_run("scenarios/paws360.yaml", NULL, 0, &options, &tune, &err) == UND_OK,
                  "%s", err.text);
    ck_assert_int_eq(own->persist_ms, 300000);
    ck_assert_int_gt(tune.n, 60);
    for (i = 0; i < tune.n; i++) {
        const struct tune_point *p = &tune.point[i];
        ck_assert(!p->frontier || p->explored);
        if (p->persist_ms == 60000 && p->confirm == own->confirm && p->for_pm == 1000 &&
            p->group_wait_ms == own->group_wait_ms)
            ck_assert_double_eq_tol(p->change[TUNE_FAILOVER].mean, -240000, 5000);
    }
    ck_assert_int_ge(tune.recommended, 0);
    ck_assert(tune.point[tune.recommended].safe);
    json = tune_json(&tune);
    one = json_dumps(json, JSON_SORT_KEYS);
    json_decref(json);
    ck_assert_int_eq(tune_run("scenarios/paws360.yaml", NULL, 0, &options, &again, &err), UND_OK);
    json = tune_json(&again);
    two = json_dumps(json, JSON_SORT_KEYS);
    json_decref(json);
    ck_assert_str_eq(one, two);
    HELPER_CAPTURE(text, size, tune_print(out, &tune));
    ck_assert_msg(strstr(text, "Recommended: persist") != NULL, "%s", text);
    free(text);
    free(one);
    free(two);
    tune_fini(&again);
    tune_fini(&tune);
}
END_TEST

START_TEST(what_cannot_be_tuned_is_said)
{
    struct tune_options options = {.seed = 1, .replications = 2, .threads = 1};
    struct und_err err = {0};
    ck_assert_int_eq(tune_run("tests/explore/two-and-one.yaml", NULL, 0, &options, &tune, &err),
                     UND_USAGE);
    ck_assert_msg(strstr(err.text, "want") != NULL, "%s", err.text);
}
END_TEST

/* A program that is none, and one that prints no result. */
START_TEST(another_build_that_is_none_is_said)
{
    static const char *const programs[] = {"/nonexistent/understudy", "/bin/true"};
    static struct versus versus;
    struct und_err err = {0};
    ck_assert_int_eq(
        versus_run("/bin/true", programs[_i], "scenarios/paws360.yaml", NULL, 0, &versus, &err),
        UND_FAILED);
    ck_assert_msg(strstr(err.text, "gave no result") != NULL, "%s", err.text);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("tune");
    TCase *tc = tcase_create("tune");
    tcase_set_timeout(tc, 300);
    tcase_add_test(tc, only_what_nothing_dominates_is_on_the_frontier);
    tcase_add_test(tc, a_fleet_is_tuned);
    tcase_add_test(tc, what_cannot_be_tuned_is_said);
    tcase_add_loop_test(tc, another_build_that_is_none_is_said, 0, 2);
    suite_add_tcase(s, tc);
    return s;
}
