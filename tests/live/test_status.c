/* What the monitor knows: metrics, words, incidents, objectives, the decision in words. */
#include "live/http/http.h"
#include "live/journal/journal.h"
#include "live/status/metrics.h"
#include "live/status/state_json.h"
#include "live/status/why.h"
#include "tests/support/helpers.h"
#include "tests/support/scripted_server.h"
#include "tests/support/status_fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct status_fixture *world;
static struct status *status;
static struct und_err err;

static void set_up(void)
{
    err = (struct und_err){0};
    world = status_fixture_open();
    status = world->status;
}

static void tear_down(void)
{
    status_fixture_close(world);
}

static void check_contains(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "want '%s' in:\n%s", part, text);
}

/* ---- metrics ---- */

static char *metrics(bool open)
{
    char *text = NULL;
    size_t size = 0;
    HELPER_CAPTURE(text, size, metrics_print(out, status, open));
    return text;
}

static void make_trouble(void)
{
    status->queue = (struct queue_summary){.known = true, .waiting = 3, .unmatched = 1};
    status->queue.oldest_ms = status->now_ms - 90500;
    status->view.host[0].online = 0;
    status->policy.host[0].phase = PHASE_DRAINED;
    status->failovers[0] = 2;
    status->notices[NOTICE_FAILOVER] = 2;
    status->feed[FEED_GITHUB].failed = 7;
}

/* `promtool check metrics`: no word from it, exit 0. */
START_TEST(promtool_finds_nothing_to_say)
{
    char *text, answer[400] = "";
    char path[64], command[128];
    FILE *promtool;
    size_t n;
    if (system("command -v promtool >/dev/null") != 0)
        return;
    make_trouble();
    text = metrics(false);
    snprintf(path, sizeof path, "/tmp/understudy-metrics-%d.txt", (int)getpid());
    promtool = fopen(path, "w");
    ck_assert_ptr_nonnull(promtool);
    fputs(text, promtool);
    fclose(promtool);
    snprintf(command, sizeof command, "promtool check metrics <%s 2>&1", path);
    promtool = popen(command, "r");
    n = fread(answer, 1, sizeof answer - 1, promtool);
    answer[n] = '\0';
    ck_assert_msg(pclose(promtool) == 0 && n == 0, "%s", answer);
    remove(path);
    free(text);
}
END_TEST

START_TEST(metrics_tell_the_state)
{
    static const char *const lines[] = {
        "understudy_host_online_slots{host=\"big\",tier=\"primary\"} 0\n",
        "understudy_host_phase{host=\"big\",tier=\"primary\",phase=\"drained\"} 1\n",
        "understudy_host_phase{host=\"big\",tier=\"primary\",phase=\"serving\"} 0\n",
        "understudy_host_failovers_total{host=\"big\",tier=\"primary\"} 2\n",
        "understudy_notices_total{notice=\"failover\"} 2\n",
        "understudy_feed_failures_total{feed=\"github\"} 7\n",
        "understudy_queue_jobs 3\n",
        "understudy_queue_oldest_seconds 90.5\n",
        "understudy_queue_unmatched_jobs 1\n",
        "understudy_slo_target{slo=\"mttd\"} 300\n",
        "understudy_active 0\n",
    };
    char *text;
    size_t i;
    make_trouble();
    text = metrics(false);
    for (i = 0; i < sizeof lines / sizeof lines[0]; i++)
        check_contains(text, lines[i]);
    free(text);
}
END_TEST

START_TEST(what_is_not_known_is_left_out)
{
    char *text;
    status->begun = false;
    status->requests_left = -1;
    text = metrics(false);
    check_contains(text, "understudy_host_slots{host=\"big\"");
    ck_assert_ptr_null(strstr(text, "understudy_host_online_slots{"));
    ck_assert_ptr_null(strstr(text, "\nunderstudy_queue_jobs "));
    ck_assert_ptr_null(strstr(text, "\nunderstudy_github_requests_left "));
    ck_assert_ptr_null(strstr(text, " nan"));
    free(text);
}
END_TEST

/* OpenMetrics names a counter's family without _total, knows units and ends with # EOF. */
START_TEST(openmetrics_differs_where_it_must)
{
    char *text = metrics(true);
    size_t n = strlen(text);
    check_contains(text, "# TYPE understudy_decisions counter\n");
    check_contains(text, "\nunderstudy_decisions_total 0\n");
    check_contains(text, "# TYPE understudy_build info\n");
    check_contains(text, "# UNIT understudy_queue_oldest_seconds seconds\n");
    ck_assert_str_eq(text + n - 6, "# EOF\n");
    free(text);
    text = metrics(false);
    check_contains(text, "# TYPE understudy_decisions_total counter\n");
    ck_assert_ptr_null(strstr(text, "# EOF"));
    free(text);
}
END_TEST

START_TEST(labels_are_escaped)
{
    char *text;
    strcpy(world->fleet.hosts[0].name, "b\"i\\g\n");
    text = metrics(true);
    check_contains(text, "host=\"b\\\"i\\\\g\\n\"");
    free(text);
}
END_TEST

/* ---- words ---- */

static struct word say_word(const char *text)
{
    json_t *body = json_loads(text, 0, NULL);
    struct word word;
    ck_assert_msg(word_read(&word, &world->fleet, body, status->now_ms, &err) == UND_OK, "%s",
                  err.text);
    json_decref(body);
    return word;
}

START_TEST(words_end_and_are_taken_up_again)
{
    const char *folder = script_folder();
    struct journal *journal;
    struct word word;
    char path[200];
    json_t *about = json_object();
    int64_t run;
    snprintf(path, sizeof path, "%s/journal.db", folder);
    ck_assert_int_eq(journal_open(&journal, path, &err), UND_OK);
    journal_begin(journal, JOURNAL_MONITOR, "test", about, &run, &err);
    word = say_word("{\"word\":\"maintenance\",\"host\":\"big\",\"lasts\":\"2h\",\"who\":\"Ada\","
                    "\"why\":\"disk\"}");
    ck_assert_int_eq(word_say(&status->words, &world->fleet, &word, journal, run, &err), UND_OK);
    word = say_word("{\"word\":\"pause\",\"lasts\":\"1h\",\"who\":\"Bob\",\"why\":\"a\"}");
    ck_assert_int_eq(word_say(&status->words, &world->fleet, &word, journal, run, &err), UND_OK);
    word = say_word("{\"word\":\"pause\",\"lasts\":\"0s\",\"who\":\"Bob\",\"why\":\"done\"}");
    ck_assert_int_eq(word_say(&status->words, &world->fleet, &word, journal, run, &err), UND_OK);
    memset(&status->words, 0, sizeof status->words);
    ck_assert_msg(word_recall(&status->words, &world->fleet, journal, status->now_ms, &err) ==
                      UND_OK,
                  "%s", err.text);
    ck_assert_ptr_nonnull(word_now(&status->words, WORD_MAINTENANCE, 0, status->now_ms));
    ck_assert_str_eq(word_now(&status->words, WORD_MAINTENANCE, 0, status->now_ms)->who, "Ada");
    ck_assert_ptr_null(word_now(&status->words, WORD_MAINTENANCE, 1, status->now_ms));
    ck_assert_ptr_null(word_now(&status->words, WORD_PAUSE, -1, status->now_ms));
    ck_assert_ptr_null(word_now(&status->words, WORD_MAINTENANCE, 0, status->now_ms + 7200000));
    json_decref(about);
    journal_close(journal);
    script_remove_folder(folder);
}
END_TEST

/* A pause of an hour is one, though the clock is set ahead by a day, or back. */
START_TEST(a_word_lasts_its_time_over_a_clock_that_is_set)
{
    static const int64_t steps[] = {86400000, -86400000};
    int64_t by_ms = steps[_i], now_ms = status->now_ms + by_ms, run;
    const char *folder = script_folder();
    struct journal *journal;
    struct word word =
        say_word("{\"word\":\"pause\",\"lasts\":\"1h\",\"who\":\"Bob\",\"why\":\"a\"}");
    char path[200];
    json_t *about = json_object();
    snprintf(path, sizeof path, "%s/journal.db", folder);
    ck_assert_int_eq(journal_open(&journal, path, &err), UND_OK);
    journal_begin(journal, JOURNAL_MONITOR, "test", about, &run, &err);
    word_say(&status->words, &world->fleet, &word, journal, run, &err);
    ck_assert_int_eq(
        word_set_clock(&status->words, &world->fleet, by_ms, now_ms, journal, run, &err), UND_OK);
    word_recall(&status->words, &world->fleet, journal, now_ms, &err);
    ck_assert_ptr_nonnull(word_now(&status->words, WORD_PAUSE, -1, now_ms));
    ck_assert_ptr_nonnull(word_now(&status->words, WORD_PAUSE, -1, now_ms + 3599999));
    ck_assert_ptr_null(word_now(&status->words, WORD_PAUSE, -1, now_ms + 3600000));
    json_decref(about);
    journal_close(journal);
    script_remove_folder(folder);
}
END_TEST

START_TEST(a_clock_that_was_set_is_told_while_grace_holds)
{
    json_t *state;
    char *text;
    status->clock = (struct status_clock){.steps = 1, .by_ms = -3600000, .in_grace = true};
    status->policy.started_ms = status->fleet_ms;
    world->fleet.policy.grace_ms = 60000;
    state = state_json(status);
    text = json_dumps(json_object_get(state, "holds"), 0);
    ck_assert_ptr_nonnull(strstr(text, "The wall's clock was set back by 1h: nobody is drained"));
    free(text);
    json_decref(state);
    status->fleet_ms += 60000;
    state = state_json(status);
    ck_assert_uint_eq(json_array_size(json_object_get(state, "holds")), 0);
    json_decref(state);
}
END_TEST

/* ---- incidents ---- */

static uint64_t look(unsigned notices, int64_t later_ms)
{
    struct incident_look seen = {.fleet = &world->fleet,
                                 .view = &status->view,
                                 .plan = &status->plan,
                                 .state = &status->policy,
                                 .stepped = true};
    status->now_ms += later_ms;
    seen.now_ms = status->now_ms;
    seen.start_ms = status->queue.start_ms;
    status->plan.host[0].notices = notices;
    return incidents_look(&status->incidents, &seen);
}

static void fail_over(void)
{
    int i;
    for (i = 0; i < FLEET_HOSTS; i++)
        status->queue.start_ms[i] = -1;
    look(0, 0);
    status->view.host[0].online = 0;
    status->view.host[0].offline_readings = 1;
    look(0, 10000);
    look(1u << NOTICE_DETECTED, 20000);
    status->policy.host[0].phase = PHASE_DRAINED;
    look(1u << NOTICE_FAILOVER, 300000);
    status->view.host[0].routed = 0;
    look(0, 5000);
}

START_TEST(an_incident_has_its_moments)
{
    int64_t start_ms = status->now_ms;
    const struct incident *incident;
    fail_over();
    status->queue.start_ms[1] = status->now_ms + 1000;
    ck_assert_uint_eq(look(0, 2000), 1);
    incident = incident_newest(&status->incidents, 0);
    ck_assert_ptr_nonnull(incident);
    ck_assert(incident->open);
    ck_assert_int_eq(incident->began_ms - start_ms, 10000);
    ck_assert_int_eq(incident->detected_ms - incident->began_ms, 20000);
    ck_assert_int_eq(incident->decided_ms - incident->detected_ms, 300000);
    ck_assert_int_eq(incident->routed_ms - incident->decided_ms, 5000);
    ck_assert_int_eq(incident->restored_ms - incident->routed_ms, 1000);
    ck_assert_int_eq(incident->full_ms, -1);
    status->view.host[0].online = 2;
    status->view.host[0].offline_readings = 0;
    status->policy.host[0].phase = PHASE_RAMPING;
    ck_assert_uint_eq(look(1u << NOTICE_FAILBACK, 60000), 1);
    ck_assert(incident->open);
    status->policy.host[0].phase = PHASE_SERVING;
    ck_assert_uint_eq(look(1u << NOTICE_RESTORED, 600000), 1);
    ck_assert(!incident->open);
    ck_assert_int_eq(incident->full_ms, status->now_ms);
    ck_assert_uint_eq(look(0, 1000), 0);
}
END_TEST

START_TEST(what_is_dismissed_is_a_false_alarm)
{
    status->view.host[0].alerts = 1u << SEVERITY_CRITICAL;
    look(1u << NOTICE_DETECTED, 1000);
    ck_assert(incident_newest(&status->incidents, 0)->open);
    look(1u << NOTICE_DISMISSED, 1000);
    ck_assert(!incident_newest(&status->incidents, 0)->open);
    ck_assert(incident_newest(&status->incidents, 0)->dismissed);
    ck_assert_int_eq(status_slo(status, SLO_MTTD).n, 0);
}
END_TEST

START_TEST(incidents_are_taken_up_again)
{
    json_t *line;
    struct incidents again;
    fail_over();
    line = incident_json(&world->fleet, incident_newest(&status->incidents, 0));
    incidents_init(&again);
    ck_assert(incidents_recall(&again, &world->fleet, line));
    ck_assert_int_eq(again.last, 1);
    ck_assert(again.item[0].open);
    /* Seconds are what the wire keeps. */
    ck_assert_int_lt(llabs(again.item[0].routed_ms - status->incidents.item[0].routed_ms), 1000);
    ck_assert_int_eq(again.item[0].full_ms, -1);
    ck_assert_int_eq(again.item[0].n_lines, status->incidents.item[0].n_lines);
    json_object_set_new(line, "host", json_string("gone"));
    ck_assert(!incidents_recall(&again, &world->fleet, line));
    json_decref(line);
}
END_TEST

/* ---- objectives ---- */

START_TEST(the_month_is_counted_from_its_incidents)
{
    struct slo_reading slo = status_slo(status, SLO_AVAILABILITY);
    ck_assert_double_eq(slo.value, 1);
    ck_assert_double_eq(slo.budget, 1);
    fail_over(); /* down for 325 s until its work went elsewhere */
    slo = status_slo(status, SLO_AVAILABILITY);
    ck_assert_double_eq_tol(1 - slo.value, 325.0 / (30 * 86400), 1e-9);
    ck_assert_double_eq_tol(slo.budget, 1 - 325.0 / (30 * 864), 1e-9);
    slo = status_slo(status, SLO_MTTD);
    ck_assert_double_eq(slo.value, 20);
    ck_assert_double_eq(slo.target, 300);
    ck_assert_int_eq(slo.n, 1);
    ck_assert(isnan(status_slo(status, SLO_FAILOVER).value)); /* in shadow nobody drains */
    status->active = true;
    slo = status_slo(status, SLO_FAILOVER);
    ck_assert_double_eq(slo.value, 1);
    ck_assert(isnan(status_slo(status, SLO_MTTR).value));
    status->incidents.item[0].expected = true; /* a downtime that was announced */
    ck_assert_double_eq(status_slo(status, SLO_AVAILABILITY).value, 1);
}
END_TEST

/* ---- why ---- */

START_TEST(the_decision_is_told_with_its_evidence)
{
    char why[WHY_TEXT];
    struct why_timer timer[WHY_TIMERS];
    why_host(status, 0, why);
    check_contains(why, "GitHub shows 2 of 2 registrations online");
    check_contains(why, "the probe answers");
    ck_assert_int_eq(why_timers(status, 0, timer), 0);
    status->view.host[0] = (struct view_host){
        .slots = 2, .offline_readings = 3, .probe = PROBE_DOWN, .tier = TIER_PRIMARY};
    status->policy.host[0].phase = PHASE_SUSPECT;
    status->policy.host[0].detected_ms = status->fleet_ms - 100000;
    why_host(status, 0, why);
    check_contains(why, "0 of 2 registrations online (none in 3 readings, 3 count)");
    check_contains(why, "the probe is down");
    check_contains(why, "is drained if that lasts");
    ck_assert_int_eq(why_timers(status, 0, timer), 1);
    ck_assert_str_eq(timer[0].what, "drain");
    ck_assert_int_eq(timer[0].left_ms, 200000);
    status->view.age_ms[FEED_GITHUB] = 130000;
    why_host(status, 0, why);
    check_contains(why, "github is stale (2 min 10 s): it counts neither for nor against");
}
END_TEST

START_TEST(timers_come_soonest_first)
{
    struct why_timer timer[WHY_TIMERS];
    struct policy_host *host = &status->policy.host[0];
    host->phase = PHASE_DRAINED;
    host->blocked_until_ms = status->fleet_ms + 5000;
    host->hidden_until_ms = status->fleet_ms + 3000;
    ck_assert_int_eq(why_timers(status, 0, timer), 2);
    ck_assert_int_eq(timer[0].left_ms, 3000);
    ck_assert_int_eq(timer[1].left_ms, 5000);
}
END_TEST

START_TEST(text_that_is_no_utf8_breaks_nothing)
{
    json_t *state;
    strcpy(status->queue_error, "\xff\xfe");
    strcpy(status->feed[FEED_PROBE].error, "ok\xc3");
    status->queue.known = true;
    status->queue.unmatched = 1;
    strcpy(status->queue.stuck[0].name, "\xc3\x28");
    state = state_json(status);
    ck_assert_ptr_nonnull(state);
    ck_assert_ptr_nonnull(json_object_get(json_object_get(state, "queue"), "unmatched_jobs"));
    json_decref(state);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("status");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, promtool_finds_nothing_to_say);
    tcase_add_test(tcase, metrics_tell_the_state);
    tcase_add_test(tcase, what_is_not_known_is_left_out);
    tcase_add_test(tcase, openmetrics_differs_where_it_must);
    tcase_add_test(tcase, labels_are_escaped);
    tcase_add_test(tcase, words_end_and_are_taken_up_again);
    tcase_add_loop_test(tcase, a_word_lasts_its_time_over_a_clock_that_is_set, 0, 2);
    tcase_add_test(tcase, a_clock_that_was_set_is_told_while_grace_holds);
    tcase_add_test(tcase, an_incident_has_its_moments);
    tcase_add_test(tcase, what_is_dismissed_is_a_false_alarm);
    tcase_add_test(tcase, incidents_are_taken_up_again);
    tcase_add_test(tcase, the_month_is_counted_from_its_incidents);
    tcase_add_test(tcase, the_decision_is_told_with_its_evidence);
    tcase_add_test(tcase, timers_come_soonest_first);
    tcase_add_test(tcase, text_that_is_no_utf8_breaks_nothing);
    suite_add_tcase(all, tcase);
    return all;
}
