/*
 * What floods and crowds cost a monitor (make check-flood), by the program itself:
 *   - 1,000 webhooks a second for FLOOD_SECONDS (60), signed, forged and repeated: each is answered
 *     as it deserves, and the monitor goes on deciding;
 *   - with 12 registrations at production's pace: first view within a second, less than 1% of a
 *     core, less than 20 MiB;
 *   - with 1,000 registrations: requests that count (a 304 does not), an hour's share of 5,000.
 */
#include "live/http/http.h"
#include "tests/support/helpers.h"
#include "tests/support/live_fixture.h"

#include <jansson.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECRET "TheSigningSecret"
#define SENDERS 4
#define A_SECOND 1000

static struct live_fixture world;
static struct script *crowded;
static int crowd;           /* registrations */
static atomic_int counting; /* requests that were answered with anything but 304 */
static atomic_int asked;
static atomic_bool restless; /* every answer is a new one */

/* ---- a crowd of registrations, in pages of a hundred, revalidated ---- */

static char *page_of(int page)
{
    json_t *list = json_array(), *body;
    char name[40], *text;
    int i;
    for (i = (page - 1) * 100; i < page * 100 && i < crowd; i++) {
        snprintf(name, sizeof name,
                 i % 4 == 0   ? "big-%d"
                 : i % 4 == 1 ? "small-%d"
                              : "other-%d",
                 i + 1);
        json_array_append_new(list, json_pack("{s:i, s:s, s:s, s:b, s:[{s:s, s:s}]}", "id", i + 1,
                                              "name", name, "status", "online", "busy",
                                              restless && i % 7 == rand() % 7, "labels", "name",
                                              "ci-active", "type", "custom"));
    }
    body = json_pack("{s:i, s:o}", "total_count", crowd, "runners", list);
    text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    return text;
}

static void serve_page(const char *request, struct script_reply *reply)
{
    const char *at = strstr(request, "page=");
    int page = 1;
    char headers[400], etag[40], *body;
    while (at && at[-1] != '&' && at[-1] != '?') /* not per_page= */
        at = strstr(at + 1, "page=");
    if (at && at < strchr(request, '\r'))
        page = atoi(at + 5);
    snprintf(etag, sizeof etag, "\"%d-%d\"", page, restless ? atomic_load(&asked) : 0);
    atomic_fetch_add(&asked, 1);
    if (strstr(request, etag)) {
        reply->text = script_response("304 Not Modified", "", "");
        return;
    }
    atomic_fetch_add(&counting, 1);
    snprintf(headers, sizeof headers,
             "ETag: %s\r\nX-RateLimit-Limit: 5000\r\nX-RateLimit-Remaining: %d\r\n", etag,
             5000 - atomic_load(&counting));
    if (page * 100 < crowd)
        snprintf(headers + strlen(headers), sizeof headers - strlen(headers),
                 "Link: <%s/repos/o/r/actions/runners?per_page=100&page=%d>; rel=\"next\"\r\n",
                 script_url(crowded), page + 1);
    body = page_of(page);
    reply->text = script_response("200 OK", headers, body);
    free(body);
}

static void serve(void *context, const char *request, struct script_reply *reply)
{
    if (strstr(request, "/actions/runners?") && strncmp(request, "GET ", 4) == 0) {
        serve_page(request, reply);
        return;
    }
    if (strstr(request, "/actions/")) {
        atomic_fetch_add(&asked, 1);
        atomic_fetch_add(&counting, 1);
    }
    live_fixture_serve(context, request, reply);
}

/* ---- the monitor ---- */

static int start(const char *const *sets)
{
    static char url[160];
    char *arguments[16] = {"monitor", "--journal", world.journal, world.scenario, "--set", url};
    int n = 6;
    snprintf(url, sizeof url, "fleet.live.github.url=%s", script_url(crowded));
    for (; *sets; sets++) {
        arguments[n++] = "--set";
        arguments[n++] = (char *)(uintptr_t)*sets;
    }
    return live_fixture_run(&world, arguments, 0);
}

static void end(int pid)
{
    kill(pid, SIGTERM);
    ck_assert_int_eq(live_fixture_wait(&world, pid), 0);
}

static long resident_kib(int pid)
{
    char path[64], line[200];
    long kib = -1;
    FILE *file;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, "VmRSS:", 6) == 0)
            kib = atol(line + 6);
    if (file)
        fclose(file);
    return kib;
}

/* Processor time so far, in ms. */
static long used_ms(int pid)
{
    char path[64], line[1000] = "", *at;
    unsigned long user = 0, kernel = 0;
    FILE *file;
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    file = fopen(path, "r");
    if (file && fgets(line, sizeof line, file) && (at = strrchr(line, ')')) != NULL)
        ck_assert_int_eq(
            sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel),
            2);
    if (file)
        fclose(file);
    return (long)(user + kernel) * 1000 / sysconf(_SC_CLK_TCK);
}

static int said_port(const char *what)
{
    char text[8192] = "", *at;
    FILE *file;
    ck_assert(live_fixture_await(&world, what));
    file = fopen(world.output, "r");
    ck_assert_uint_gt(fread(text, 1, sizeof text - 1, file), 0);
    fclose(file);
    ck_assert_ptr_nonnull(at = strstr(text, what));
    return atoi(at + strlen(what));
}

/* ---- the flood ---- */

struct sender {
    pthread_t thread;
    int number, port, each, ok, refused, other;
    int64_t slowest_ms, began_ms, ended_ms;
};

static char *delivery;

static void sign(const char *body, bool forged, char out[128])
{
    unsigned char digest[32];
    int i, n = sprintf(out, "X-Hub-Signature-256: sha256=");
    HMAC(EVP_sha256(), forged ? "another" : SECRET, (int)strlen(forged ? "another" : SECRET),
         (const unsigned char *)body, strlen(body), digest, NULL);
    for (i = 0; i < 32; i++)
        n += sprintf(out + n, "%02x", digest[i]);
}

/* Every tenth is forged, every tenth comes a second time. */
static void *send_all(void *context)
{
    struct sender *sender = context;
    char good[128], bad[128], id[100];
    const char *headers[3] = {good, id, NULL};
    struct http_config config = {.headers = headers, .total_ms = 10000, .attempts = 1};
    struct http_request request = {.method = HTTP_POST, .path = "/github", .body = delivery};
    struct und_err err = {0};
    struct http *http;
    int i;
    sign(delivery, false, good);
    sign(delivery, true, bad);
    snprintf(config.url, sizeof config.url, "http://127.0.0.1:%d", sender->port);
    if (http_open(&http, &config, &err) != UND_OK)
        return NULL;
    sender->began_ms = http_monotonic_ms();
    for (i = 0; i < sender->each; i++) {
        struct http_response response = {0};
        struct und_err lost = {0};
        int64_t due_ms = sender->began_ms + (int64_t)i * 1000 * SENDERS / A_SECOND, sent_ms;
        while (http_monotonic_ms() < due_ms)
            live_fixture_pause(1);
        headers[0] = i % 10 == 3 ? bad : good;
        snprintf(id, sizeof id, "X-GitHub-Delivery: %d-%d", sender->number,
                 i % 10 == 7 ? i - 1 : i);
        sent_ms = http_monotonic_ms();
        http_send(http, &request, &response, &lost);
        if (http_monotonic_ms() - sent_ms > sender->slowest_ms)
            sender->slowest_ms = http_monotonic_ms() - sent_ms;
        sender->ok += response.status == 200;
        sender->refused += response.status == 401;
        sender->other += response.status != 200 && response.status != 401;
        http_response_fini(&response);
    }
    sender->ended_ms = http_monotonic_ms();
    http_close(http);
    return NULL;
}

static char *slurp(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = calloc(1, 65536);
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_gt(fread(text, 1, 65535, file), 0);
    fclose(file);
    return text;
}

START_TEST(a_flood_of_webhooks_is_answered)
{
    static const char *const sets[] = {"fleet.live.time_factor=5",
                                       "fleet.live.listen={address: '127.0.0.1:0', "
                                       "github_secret: env:FLOOD_SECRET}",
                                       NULL};
    const char *seconds = getenv("FLOOD_SECONDS");
    int each = (seconds ? atoi(seconds) : 60) * A_SECOND / SENDERS, pid, i;
    struct sender sender[SENDERS] = {0};
    struct sender all = {0};
    long before_kib, before_ms;
    crowd = 3;
    delivery = slurp("tests/data/live/github_workflow_job.json");
    setenv("FLOOD_SECRET", SECRET, 1);
    pid = start(sets);
    ck_assert(live_fixture_await(&world, "big: serving"));
    before_kib = resident_kib(pid);
    before_ms = used_ms(pid);
    for (i = 0; i < SENDERS; i++) {
        sender[i] =
            (struct sender){.number = i, .port = said_port("webhooks: port "), .each = each};
        ck_assert_int_eq(pthread_create(&sender[i].thread, NULL, send_all, &sender[i]), 0);
    }
    for (i = 0; i < SENDERS; i++) {
        int64_t ms;
        pthread_join(sender[i].thread, NULL);
        ms = sender[i].ended_ms - sender[i].began_ms;
        all.ok += sender[i].ok;
        all.refused += sender[i].refused;
        all.other += sender[i].other;
        all.slowest_ms =
            sender[i].slowest_ms > all.slowest_ms ? sender[i].slowest_ms : all.slowest_ms;
        all.ended_ms = ms > all.ended_ms ? ms : all.ended_ms;
    }
    printf("%d webhooks in %.1f s: %d taken, %d refused, %d lost; the slowest took %lld ms; "
           "%ld ms of a processor; resident %ld then %ld KiB\n",
           each * SENDERS, (double)all.ended_ms / 1000, all.ok, all.refused, all.other,
           (long long)all.slowest_ms, used_ms(pid) - before_ms, before_kib, resident_kib(pid));
    ck_assert_int_eq(all.other, 0);
    ck_assert_int_eq(all.refused, each * SENDERS / 10);
    ck_assert_int_eq(all.ok, each * SENDERS - each * SENDERS / 10);
    ck_assert_int_lt(resident_kib(pid) - before_kib, 4096);
    live_fixture_touch(world.broken); /* and it still decides */
    ck_assert(live_fixture_await(&world, "big: detected"));
    end(pid);
    free(delivery);
}
END_TEST

/* ---- at rest ---- */

#define PRODUCTION                                                                                 \
    "fleet.live.time_factor=1",                                                                    \
        ("fleet.controller={github_poll: 20s, alerts_poll: 15s, "                                  \
         "probe_interval: 10s, probe_misses: 2, health_interval: 10s}"),                           \
        "fleet.policy.guard={stale_after: 2min, grace: 0s}"

START_TEST(at_rest_it_costs_next_to_nothing)
{
    static const char *const sets[] = {PRODUCTION, "fleet.live.page.address=127.0.0.1:0", NULL};
    int64_t began_ms = http_monotonic_ms(), first_ms;
    long used;
    int pid;
    crowd = 12;
    pid = start(sets);
    ck_assert(live_fixture_await(&world, "big: serving"));
    first_ms = http_monotonic_ms() - began_ms;
    live_fixture_pause(5000);
    used = used_ms(pid);
    live_fixture_pause(60000);
    used = used_ms(pid) - used;
    printf(
        "12 registrations: first view after %lld ms; %ld ms of a processor in a minute (%.2f%%); "
        "resident %ld KiB\n",
        (long long)first_ms, used, (double)used / 600, resident_kib(pid));
    ck_assert_int_lt(first_ms, 1000);
    ck_assert_int_lt(used, 600);
    ck_assert_int_lt(resident_kib(pid), 20 * 1024);
    end(pid);
}
END_TEST

START_TEST(a_thousand_registrations_fit_into_the_hour)
{
    static const char *const sets[] = {PRODUCTION, NULL};
    char command[300];
    int pid;
    crowd = 1000; /* half of them another fleet's */
    snprintf(command, sizeof command, "sed -i 's/slots: [12]/slots: 250/' %s", world.scenario);
    ck_assert_int_eq(system(command), 0);
    atomic_store(&restless, _i == 1);
    pid = start(sets);
    ck_assert(live_fixture_await(&world, "big: serving"));
    atomic_store(&counting, 0);
    atomic_store(&asked, 0);
    live_fixture_pause(120000);
    printf("1,000 registrations, %s: %d requests in two minutes, of which %d count: %d an hour\n",
           _i == 1 ? "all of them new each time" : "nothing new", atomic_load(&asked),
           atomic_load(&counting), atomic_load(&counting) * 30);
    ck_assert_int_gt(atomic_load(&asked), 30);
    ck_assert_int_lt(atomic_load(&counting) * 30, 5000);
    end(pid);
}
END_TEST

static void set_up(void)
{
    live_fixture_open(&world, NULL, "");
    crowded = script_open(serve, &world, NULL);
    atomic_store(&restless, false);
}

static void tear_down(void)
{
    script_close(crowded);
    live_fixture_close(&world);
}

Suite *suite(void)
{
    Suite *all = suite_create("flood");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 600);
    tcase_add_test(tcase, a_flood_of_webhooks_is_answered);
    tcase_add_test(tcase, at_rest_it_costs_next_to_nothing);
    tcase_add_loop_test(tcase, a_thousand_registrations_fit_into_the_hour, 0, 2);
    suite_add_tcase(all, tcase);
    return all;
}
