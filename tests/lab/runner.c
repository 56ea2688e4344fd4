/*
 * A runner process: one registration on one host. It holds a session with the GitHub stand-in by
 * long polls on the lab's control port (control.c describes the protocol), picks its job up after
 * the delay that it is told, "runs" it, renews the job's lock and reports the end.
 *
 *     runner --control http://ADDRESS:PORT --name NAME [--compress N] [--work DIR] [--burn SHARE]
 *
 * While a job runs, DIR holds a file named after the runner: the host's meter counts them. --burn
 * keeps one core busy for that share of the time (0..1). A job takes the time of its order, and
 * twice as long while DIR says that the host's CPU is under stress (stress.h).
 *
 * SIGINT, SIGTERM: as systemd stops the service: the running job fails, the session is deleted,
 * exit 0. SIGKILL: vanishes. A session that still stands (its own, after a crash) is tried again
 * every 30 s for 240 s (compressed); then exit 1: this slot is lost until somebody starts it.
 */
#include "stress.h"

#include <curl/curl.h>
#include <getopt.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_BYTES 4096
#define CALL_TIMEOUT_MS 2000 /* beyond the long poll's own time */
#define RETRY_MS 30000       /* github-semantics: session conflict, host reboot */
#define GIVE_UP_MS 240000
#define TICK_MS 20   /* how late a job's end may be */
#define STRESSED 2.0 /* scenarios: slowdown of cpu-stress */

enum step { IDLE, PICKING_UP, RUNNING };

struct runner {
    const char *control, *name, *work;
    int64_t compress;
    double burn;
    CURL *curl;
    json_int_t session;
    int64_t hold_ms, renewal_ms;
    enum step step;
    json_int_t job;
    int64_t duration_ms, renew_ms;
    int64_t due_ms; /* of the next step: start, or end */
    double left_ms; /* of the work, at full speed, when it was last counted */
    int64_t counted_ms;
};

struct answer {
    long status; /* 0: no answer */
    char text[ANSWER_BYTES];
    size_t size;
};

static volatile sig_atomic_t stopping;

static void stop(int signal)
{
    (void)signal;
    stopping = 1;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void pause_ms(int64_t ms)
{
    struct timespec wait = {ms / 1000, (ms % 1000) * 1000000};
    nanosleep(&wait, NULL);
}

static size_t take_bytes(char *data, size_t one, size_t n, void *closure)
{
    struct answer *answer = closure;
    if (answer->size + n >= sizeof answer->text)
        return 0;
    memcpy(answer->text + answer->size, data, one * n);
    answer->size += n;
    answer->text[answer->size] = '\0';
    return n;
}

static int wants_end(void *closure, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const bool *interruptible = closure;
    (void)a, (void)b, (void)c, (void)d;
    return *interruptible && stopping;
}

/* `interruptible`: a stop signal ends the call, as it must a long poll. */
static struct answer ask(struct runner *runner, const char *method, const char *path,
                         const char *body, int64_t timeout_ms, bool interruptible)
{
    struct answer answer = {.status = 0};
    char url[512];
    CURL *curl = runner->curl;
    snprintf(url, sizeof url, "%s%s", runner->control, path);
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    if (body != NULL)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, wants_end);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &interruptible);
    if (curl_easy_perform(curl) != CURLE_OK) {
        answer.status = 0;
        return answer;
    }
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
    return answer;
}

static json_int_t integer_in(const json_t *json, const char *key)
{
    return json_integer_value(json_object_get(json, key));
}

/* False when this runner is to end: told to, or its old session outlived its patience. */
static bool begin_session(struct runner *runner)
{
    int64_t give_up_ms = now_ms() + GIVE_UP_MS / runner->compress;
    char body[256];
    snprintf(body, sizeof body, "{\"name\":\"%s\"}", runner->name);
    while (!stopping) {
        struct answer answer = ask(runner, "POST", "/runner/session", body, CALL_TIMEOUT_MS, true);
        if (answer.status == 201) {
            json_t *json = json_loads(answer.text, 0, NULL);
            runner->session = integer_in(json, "session");
            runner->hold_ms = integer_in(json, "hold_ms");
            runner->renewal_ms = integer_in(json, "renewal_ms");
            json_decref(json);
            return true;
        }
        if (answer.status == 409 && now_ms() >= give_up_ms) {
            fprintf(stderr, "runner %s: its old session still stands, giving up\n", runner->name);
            return false;
        }
        pause_ms(answer.status == 409 ? RETRY_MS / runner->compress : 10 * TICK_MS);
    }
    return false;
}

static long report(struct runner *runner, const char *verb, const char *query)
{
    char path[256];
    snprintf(path, sizeof path, "/runner/session/%lld/jobs/%lld/%s%s", (long long)runner->session,
             (long long)runner->job, verb, query);
    return ask(runner, "POST", path, "", CALL_TIMEOUT_MS, false).status;
}

/* The file that tells the host's meter of a running job. */
static void show_work(const struct runner *runner, bool works)
{
    char path[4096];
    FILE *file;
    if (runner->work == NULL)
        return;
    snprintf(path, sizeof path, "%s/job.%s", runner->work, runner->name);
    if (!works)
        unlink(path);
    else if ((file = fopen(path, "w")) != NULL)
        fclose(file);
}

/* A host whose cores are all taken once more runs its jobs half as fast. */
static double slowness(const struct runner *runner)
{
    return runner->work != NULL && stress_share(runner->work, "cpu") > 0 ? STRESSED : 1;
}

/* Work done since it was last counted, at the host's speed of now. */
static void progress(struct runner *runner)
{
    int64_t now = now_ms();
    runner->left_ms -= (double)(now - runner->counted_ms) / slowness(runner);
    runner->counted_ms = now;
    runner->due_ms = now + (int64_t)(fmax(runner->left_ms, 0) * slowness(runner));
}

static void become_idle(struct runner *runner)
{
    show_work(runner, false);
    runner->step = IDLE;
}

static void hear(struct runner *runner, const char *text)
{
    json_t *json = json_loads(text, 0, NULL);
    if (json_object_get(json, "job") != NULL) {
        runner->job = integer_in(json, "job");
        runner->duration_ms = integer_in(json, "duration_ms");
        runner->due_ms = now_ms() + integer_in(json, "pickup_ms");
        runner->step = PICKING_UP;
    } else if (integer_in(json, "cancel") == runner->job && runner->step == RUNNING) {
        report(runner, "finish", "?conclusion=cancelled");
        become_idle(runner);
    }
    json_decref(json);
}

static void start_job(struct runner *runner)
{
    if (report(runner, "start", "") != 204) {
        become_idle(runner);
        return;
    }
    runner->step = RUNNING;
    runner->left_ms = (double)runner->duration_ms;
    runner->counted_ms = now_ms();
    progress(runner);
    runner->renew_ms = now_ms() + runner->renewal_ms;
    show_work(runner, true);
}

/* An end or renewal that could not be told is tried again: the network may come back before the
 * lock ends. 409: the job is somebody else's business by now. */
static void work(struct runner *runner)
{
    long status;
    if (runner->step == PICKING_UP && now_ms() >= runner->due_ms) {
        start_job(runner);
        return;
    }
    if (runner->step != RUNNING)
        return;
    progress(runner);
    if (now_ms() >= runner->due_ms) {
        if (report(runner, "finish", "?conclusion=success") != 0)
            become_idle(runner);
    } else if (now_ms() >= runner->renew_ms) {
        status = report(runner, "renew", "");
        if (status == 409)
            become_idle(runner);
        else if (status == 204)
            runner->renew_ms += runner->renewal_ms;
    }
}

static int64_t next_due_ms(const struct runner *runner)
{
    int64_t due_ms = now_ms() + runner->hold_ms;
    if (runner->step != IDLE && runner->due_ms < due_ms)
        due_ms = runner->due_ms;
    if (runner->step == RUNNING && runner->renew_ms < due_ms)
        due_ms = runner->renew_ms;
    return due_ms;
}

/* Burns its share of the time until `until_ms`, a slice at a time. */
static void burn(const struct runner *runner, int64_t until_ms)
{
    volatile unsigned sink = 0;
    while (runner->step == RUNNING && runner->burn > 0 && !stopping && now_ms() < until_ms) {
        int64_t slice_ms = now_ms() + (int64_t)(TICK_MS * runner->burn);
        while (now_ms() < slice_ms)
            sink++;
        pause_ms((int64_t)(TICK_MS * (1 - runner->burn)));
    }
}

/* One long poll. False if the session is gone. */
static bool poll_once(struct runner *runner)
{
    int64_t wait_ms = next_due_ms(runner) - now_ms();
    bool burns = runner->step == RUNNING && runner->burn > 0;
    char path[256];
    struct answer answer;
    snprintf(path, sizeof path, "/runner/session/%lld/message?knows=%lld&wait_ms=%lld",
             (long long)runner->session, (long long)runner->job,
             burns || wait_ms < 0 ? 0LL : (long long)wait_ms);
    burn(runner, now_ms() + wait_ms);
    answer = ask(runner, "GET", path, NULL, runner->hold_ms + CALL_TIMEOUT_MS, true);
    if (answer.status == 200)
        hear(runner, answer.text);
    if (answer.status == 0 && !stopping)
        pause_ms(TICK_MS);
    return answer.status != 404;
}

static int run(struct runner *runner)
{
    char path[128];
    if (!begin_session(runner))
        return stopping ? 0 : 1;
    while (!stopping) {
        work(runner);
        if (!stopping && !poll_once(runner) && !begin_session(runner) && !stopping)
            return 1;
    }
    if (runner->step == RUNNING)
        report(runner, "finish", "?conclusion=failure");
    become_idle(runner);
    snprintf(path, sizeof path, "/runner/session/%lld", (long long)runner->session);
    ask(runner, "DELETE", path, NULL, CALL_TIMEOUT_MS, false);
    return 0;
}

static bool read_options(struct runner *runner, int argc, char **argv)
{
    static const struct option known[] = {
        {"control", required_argument, NULL, 'c'},  {"name", required_argument, NULL, 'n'},
        {"compress", required_argument, NULL, 'x'}, {"work", required_argument, NULL, 'w'},
        {"burn", required_argument, NULL, 'b'},     {NULL, 0, NULL, 0}};
    int letter;
    while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1)
        if (letter == 'c')
            runner->control = optarg;
        else if (letter == 'n')
            runner->name = optarg;
        else if (letter == 'x')
            runner->compress = atoll(optarg);
        else if (letter == 'w')
            runner->work = optarg;
        else if (letter == 'b')
            runner->burn = atof(optarg);
        else
            return false;
    return optind == argc && runner->control && runner->name && runner->compress >= 1 &&
           runner->burn >= 0 && runner->burn <= 1;
}

int main(int argc, char **argv)
{
    struct runner runner = {.compress = 1};
    struct sigaction action = {.sa_handler = stop};
    int status;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    if (!read_options(&runner, argc, argv)) {
        fprintf(stderr, "runner: see the head of tests/lab/runner.c for the options\n");
        return 2;
    }
    curl_global_init(CURL_GLOBAL_NOTHING);
    runner.curl = curl_easy_init();
    if (runner.curl == NULL)
        return 2;
    status = run(&runner);
    curl_easy_cleanup(runner.curl);
    return status;
}
