/* A drill whose GitHub misbehaves from the first request on: it says what is wrong and what to do,
 * ends with the right code, injects nothing, closes its journal, and shows the credential nowhere
 * (live_fixture_wait looks into all files). The client's own suites have the finer points. */
#include "tests/support/helpers.h"
#include "tests/support/live_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TOKEN LIVE_FIXTURE_TOKEN
#define OK_HEAD "HTTP/1.1 200 OK\r\nConnection: close\r\n"
#define NONE "{\"total_count\":0,\"runners\":[]}"
#define RUNNERS(n, list) "{\"total_count\":" n ",\"runners\":[" list "]}"

static struct live_fixture world;
static struct script *github;

static void set_up(void)
{
    live_fixture_open(&world, NULL, "");
    github = NULL;
}

static void tear_down(void)
{
    if (github)
        script_close(github);
    live_fixture_close(&world);
}

/* The drill of the small world, with GitHub at `url`; returns the exit code. */
static int drill_against(const char *url, const char *ca_file)
{
    const char *build = getenv("BUILD") ? getenv("BUILD") : "build";
    char program[256], set_url[160], set_ca[300];
    pid_t child;
    snprintf(program, sizeof program, "%s/understudy", build);
    snprintf(set_url, sizeof set_url, "fleet.live.github.url=%s", url);
    snprintf(set_ca, sizeof set_ca, "fleet.live.github.ca_file=%s", ca_file);
    child = fork();
    if (child == 0) {
        int output = open(world.output, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(output, 1);
        dup2(output, 2);
        if (ca_file[0])
            execl(program, program, "drill", "--no-prediction", "--yes", "--journal", world.journal,
                  "--set", set_url, "--set", set_ca, world.scenario, (char *)NULL);
        execl(program, program, "drill", "--no-prediction", "--yes", "--journal", world.journal,
              "--set", set_url, world.scenario, (char *)NULL);
        _exit(127);
    }
    return live_fixture_wait(&world, child);
}

static void check_told(const char *says)
{
    char command[256];
    if (live_fixture_said(&world, says))
        return;
    snprintf(command, sizeof command, "tail -3 %s", world.output);
    ck_assert_int_eq(system(command), 0);
    ck_abort_msg("want '%s' in what was printed (above)", says);
}

static const struct {
    struct script_reply reply;
    const char *says;
} bad[] = {
    {{.text = "HTTP/1.1 401 No\r\n\r\n{\"message\":\"Bad credentials " TOKEN "\"}"},
     "got 401 \"Bad credentials ***\", want 200; the token is wrong, expired or revoked"},
    {{.text = "HTTP/1.1 403 No\r\n\r\n{\"message\":\"Resource not accessible\"}"},
     "it needs the repository permission \"Administration\""},
    {{.text = "HTTP/1.1 403 No\r\nX-RateLimit-Limit: 5000\r\nX-RateLimit-Remaining: 0\r\n"
              "X-RateLimit-Reset: 1420074000\r\nDate: Thu, 01 Jan 2015 00:00:00 GMT\r\n\r\n{}"},
     "a rate limit (0 of 5000 left); free again in "},
    {{.text = "HTTP/1.1 404 No\r\n\r\n{\"message\":\"Not Found\"}"}, "the token may not see it"},
    {{.text = "HTTP/1.1 409 No\r\n\r\n{\"message\":\"Conflict\"}"}, "got 409 \"Conflict\""},
    {{.text = "HTTP/1.1 422 No\r\n\r\n{\"message\":\"Validation\"}"}, "got 422 \"Validation\""},
    {{.text = "HTTP/1.1 429 No\r\nRetry-After: 3600\r\n\r\n{}"}, "it asks to wait 60 min 00 s"},
    {{.text = "HTTP/1.1 500 No\r\n\r\n" TOKEN}, "got 500 with 32 bytes of no stated type"},
    {{.text = "HTTP/1.1 502 No\r\nContent-Type: text/html\r\n\r\n<html>" TOKEN},
     "got 502 with 38 bytes of text/html"},
    {{.text = "HTTP/1.1 503 No\r\nContent-Type: " TOKEN "\r\n\r\nbusy"}, "got 503"},
    {{.text = OK_HEAD "\r\n"}, "got an empty body"},
    {{.text = OK_HEAD "\r\n{\"total_count\": 3, \"runners\": [{\"id\""}, "want JSON"},
    {{.text = OK_HEAD "\r\n<html>" TOKEN "</html>"}, "got something else at byte"},
    {{.text = OK_HEAD "\r\n[]"}, "got array, want object"},
    {{.text = OK_HEAD "\r\n" RUNNERS("1", "{\"id\":\"" TOKEN "\"}")}, "runners[0].id: got string"},
    {{.text = OK_HEAD "\r\n" RUNNERS("1", "{\"id\":1,\"name\":\"a\",\"busy\":false,\"status\":"
                                          "\"degraded\"}")},
     "runners[0].status: got \"degraded\", want online or offline"},
    {{.text = OK_HEAD "\r\n" RUNNERS("1", "{\"id\":1e999}")}, "want JSON"},
    {{.text = OK_HEAD "\r\n{\"total_count\":1,\"total_count\":3,\"runners\":[]}"}, "want JSON"},
    {{.text = OK_HEAD "\r\n[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"},
     "got JSON nested 33 deep, want at most 32"},
    {{.text = OK_HEAD "\r\n{\"total_count\":100000,\"runners\":[]}"}, "got 100000, want 0..16384"},
    {{.text = OK_HEAD "\r\n{\"total_count\":3,\"runners\":[]}"}, "got 0 of 3 entries"},
    {{.text = OK_HEAD "Content-Length: 209715200\r\n\r\n", .filler = 209715200},
     "got a body of over 8388608 bytes"},
    {{.text = OK_HEAD "\r\n", .filler = 209715200}, "got a body of over 8388608 bytes"},
    {{.text = OK_HEAD "Content-Length: 999\r\n\r\n{\"a\":"}, "bytes remaining to read"},
    {{.text = OK_HEAD "Content-Length: 999\r\n\r\n{\"a\":", .reset = true}, "got no usable answer"},
    {{.text = "", .reset = true}, "got no usable answer"},
    {{.text = ""}, "Empty reply from server"},
    {{.text = "SSH-2.0-OpenSSH_9.2 " TOKEN "\r\n"}, "got no usable answer"},
    {{.text = OK_HEAD "Transfer-Encoding: chunked\r\n\r\nZZ\r\n"}, "got no usable answer"},
    {{.text = "HTTP/1.1 302 Found\r\nLocation: https://evil.example/" TOKEN "\r\n\r\n"},
     "got a redirect to another origin (https://evil.example/***)"},
    {{.text = "HTTP/1.1 302 Found\r\nLocation: /again\r\n\r\n"}, "got 302"},
    {{.text = OK_HEAD "Link: <https://evil.example/" TOKEN ">; rel=\"next\"\r\n\r\n" NONE},
     "got a next page to another origin (https://evil.example/***)"},
    {{.text = "HTTP/1.1 304 Not Modified\r\n\r\n"}, "got 304 without having asked for it"},
};

START_TEST(bad_service_is_told_and_nothing_is_injected)
{
    github = script_open_list(&bad[_i].reply, 1, NULL);
    ck_assert_int_eq(drill_against(script_url(github), ""), 3);
    check_told(bad[_i].says);
    check_told("GET http://127.0.0.1:");
    ck_assert(!live_fixture_is_broken(&world));
    ck_assert(live_fixture_is_closed(&world));
}
END_TEST

static const struct script_reply fine = {.text = (char *)(uintptr_t)OK_HEAD "\r\n" NONE};

static const struct {
    const char *ca, *name;
    int from_days, to_days;
    const char *says;
} certificates[] = {
    {"ca", "127.0.0.1", -10, -1, "certificate has expired"},
    {"ca", "127.0.0.1", 1, 10, "certificate is not yet valid"},
    {"ca", "github.example", -10, 10, "no alternative certificate subject name matches"},
    {"other", "127.0.0.1", -10, 10, "unable to get local issuer certificate"},
};

START_TEST(bad_certificate_is_told_and_gets_no_credential)
{
    char cert[160], key[160], ca[160];
    const struct script_tls tls = {cert, key, NULL};
    script_certificate(world.folder, "ca", NULL, "", -20, 20);
    script_certificate(world.folder, "other", NULL, "", -20, 20);
    script_certificate(world.folder, "server", certificates[_i].ca, certificates[_i].name,
                       certificates[_i].from_days, certificates[_i].to_days);
    snprintf(cert, sizeof cert, "%s/server.crt", world.folder);
    snprintf(key, sizeof key, "%s/server.key", world.folder);
    snprintf(ca, sizeof ca, "%s/ca.crt", world.folder);
    github = script_open_list(&fine, 1, &tls);
    ck_assert_int_eq(drill_against(script_url(github), ca), 3);
    check_told(certificates[_i].says);
    check_told("verification is never off");
    ck_assert_uint_eq(script_requests(github), 0);
    ck_assert(!live_fixture_is_broken(&world));
    ck_assert(live_fixture_is_closed(&world));
}
END_TEST

START_TEST(nobody_there_is_told)
{
    ck_assert_int_eq(drill_against("http://127.0.0.1:9", ""), 3);
    check_told("check the URL, the network and that the service runs");
    ck_assert(live_fixture_is_closed(&world));
}
END_TEST

/* Too slow to be of use, in three ways: seconds each, by the client's own time-outs. */
static const struct {
    struct script_reply reply;
    const char *says;
} slow[] = {
    {{.text = "", .hang = true}, "Operation too slow"},
    {{.text = OK_HEAD "Content-Length: 999\r\n\r\n{", .hang = true}, "Operation too slow"},
    {{.text = OK_HEAD "Content-Length: 999\r\n\r\n{\"drip\":\"drip drip drip drip drip drip drip "
                      "drip drip drip drip drip drip drip drip drip drip drip drip drip drip",
      .drip_ms = 200},
     "Operation too slow"},
};

START_TEST(slow_service_is_told_in_time)
{
    github = script_open_list(&slow[_i].reply, 1, NULL);
    ck_assert_int_eq(drill_against(script_url(github), ""), 3);
    check_told(slow[_i].says);
    ck_assert(live_fixture_is_closed(&world));
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("bad service");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, bad_service_is_told_and_nothing_is_injected, 0, COUNT(bad));
    tcase_add_loop_test(tcase, bad_certificate_is_told_and_gets_no_credential, 0,
                        COUNT(certificates));
    tcase_add_test(tcase, nobody_there_is_told);
    tcase_add_loop_test(tcase, slow_service_is_told_in_time, 0, COUNT(slow));
    suite_add_tcase(all, tcase);
    return all;
}
