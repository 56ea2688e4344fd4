/* The probe: who answers, who does not, and that nobody waits for anybody. */
#include "live/http/http.h"
#include "live/monitoring/probe.h"
#include "tests/support/helpers.h"
#include "tests/support/scripted_server.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct fleet *fleet;
static struct probe_set *set;
static struct probe_result results[FLEET_HOSTS];

static void set_up(void)
{
    fleet = calloc(1, sizeof *fleet);
    set = NULL;
}

static void tear_down(void)
{
    probe_close(set);
    free(fleet);
}

/* A port whose kernel accepts connections, and whose process never says a word. */
static int hung(char *address, size_t size)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof any;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&any, sizeof any), 0);
    ck_assert_int_eq(listen(listener, 16), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&any, &length), 0);
    snprintf(address, size, "127.0.0.1:%d", ntohs(any.sin_port));
    return listener;
}

static void nap(void)
{
    struct timespec moment = {0, 5000000};
    nanosleep(&moment, NULL);
}

static void add(const char *probe)
{
    snprintf(fleet->hosts[fleet->n_hosts++].probe, sizeof fleet->hosts[0].probe, "%s", probe);
}

START_TEST(any_bytes_are_an_answer)
{
    static const char *const answers[] = {"HTTP/1.1 200 OK\r\n\r\nup", "HTTP/1.1 500 No\r\n\r\n",
                                          "SSH-2.0-OpenSSH_9.2\r\n",
                                          "HTTP/1.1 302 Found\r\nLocation: https://x/\r\n\r\n"};
    struct script_reply reply = {.text = (char *)(uintptr_t)answers[_i]};
    struct script *script = script_open_list(&reply, 1, NULL);
    add(script_url(script) + strlen("http://")); /* as address:port */
    probe_open(&set, fleet, 1000, 1000);
    probe_look(set, results);
    ck_assert(results[0].answered);
    probe_close(set);
    set = NULL;
    script_close(script);
}
END_TEST

START_TEST(silence_and_refusal_are_none)
{
    char address[64];
    int listener = hung(address, sizeof address);
    add(address);
    add("127.0.0.1:9");
    add("http://no-such-host.invalid/");
    add(""); /* no probe: cannot bear witness */
    probe_open(&set, fleet, 1000, 300);
    probe_look(set, results);
    ck_assert(!results[0].answered);
    ck_assert(!results[1].answered);
    ck_assert(!results[2].answered);
    ck_assert(results[3].answered);
    ck_assert_int_ge(results[0].answered_ms - results[0].asked_ms, 290);
    close(listener);
}
END_TEST

START_TEST(a_silent_host_holds_up_nobody)
{
    struct script_reply reply = {.text = (char *)(uintptr_t) "HTTP/1.1 200 OK\r\n\r\nup"};
    struct script *script = script_open_list(&reply, 1, NULL);
    char address[64];
    int listener = hung(address, sizeof address), i;
    int64_t before_ms = http_monotonic_ms();
    add(address);
    add(script_url(script));
    probe_open(&set, fleet, 50, 5000);
    while (script_requests(script) < 5)
        nap();
    ck_assert_int_lt(http_monotonic_ms() - before_ms, 5000);
    before_ms = http_monotonic_ms();
    probe_close(set); /* nor does the end wait for it */
    ck_assert_int_lt(http_monotonic_ms() - before_ms, 1000);
    probe_open(&set, fleet, 50, 400);
    for (i = 0; i < 3; i++)
        probe_look(set, results);
    ck_assert(!results[0].answered);
    ck_assert(results[1].answered);
    close(listener);
    probe_close(set);
    set = NULL;
    script_close(script);
}
END_TEST

/* What is seen is never older than one interval and one time-out. */
START_TEST(a_change_is_seen_at_once)
{
    struct script_reply reply = {.text = (char *)(uintptr_t) "HTTP/1.1 200 OK\r\n\r\nup"};
    struct script *script = script_open_list(&reply, 1, NULL);
    add(script_url(script));
    probe_open(&set, fleet, 20, 100);
    probe_look(set, results);
    ck_assert(results[0].answered);
    script_close(script);
    do { /* until Check ends it: a busy machine is late sometimes, not always */
        nap();
        probe_look(set, results);
    } while (results[0].answered || http_monotonic_ms() - results[0].asked_ms >= 150);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("probe");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 30);
    tcase_add_loop_test(tcase, any_bytes_are_an_answer, 0, 4);
    tcase_add_test(tcase, silence_and_refusal_are_none);
    tcase_add_test(tcase, a_silent_host_holds_up_nobody);
    tcase_add_test(tcase, a_change_is_seen_at_once);
    suite_add_tcase(all, tcase);
    return all;
}
