#include "init_ask.h"
#include "model/base/assert.h"
#include "model/base/units.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RUNS 200  /* of the last ones, for the rate */
#define LOOKED 20 /* of these, whose jobs are looked at */
#define LEAST 5   /* jobs that tell how long they take */
#define LINE 1024

static struct first_host *find_host(struct first_fleet *first, const char *name)
{
    int i;
    for (i = 0; i < first->n_hosts; i++)
        if (strcmp(first->host[i].name, name) == 0)
            return &first->host[i];
    return NULL;
}

/* NULL: there are as many as a fleet can have. */
static struct first_host *add_host(struct first_fleet *first, const char *name)
{
    struct first_host *host;
    if (first->n_hosts == FIRST_HOSTS)
        return NULL;
    host = &first->host[first->n_hosts++];
    *host = (struct first_host){.slots = 0};
    snprintf(host->name, sizeof host->name, "%s", name);
    return host;
}

/* The machine with most slots is the primary, unless names say who is. */
static void choose_tiers(struct first_fleet *first)
{
    int i, primary = 0;
    for (i = 1; i < first->n_hosts; i++)
        if (first->host[i].slots > first->host[primary].slots)
            primary = i;
    for (i = 0; i < first->n_hosts; i++)
        if (strstr(first->host[i].name, "primary") != NULL)
            primary = i;
    for (i = 0; i < first->n_hosts; i++)
        first->host[i].backup = i != primary;
}

/* ---- GitHub ---- */

/* web-1, web-2, web_3: web. */
static void host_name(const char *registration, char out[FLEET_NAME])
{
    size_t n = strlen(registration), digits = 0;
    while (digits < n && isdigit((unsigned char)registration[n - 1 - digits]))
        digits++;
    if (digits > 0 && n > digits + 1 &&
        (registration[n - digits - 1] == '-' || registration[n - digits - 1] == '_'))
        n -= digits + 1;
    snprintf(out, FLEET_NAME, "%.*s", (int)n, registration);
}

static enum und_code ask_registrations(struct first_fleet *first, struct github_client *client,
                                       struct und_err *err)
{
    struct github_runners runners = {0};
    size_t i;
    if (github_runners(client, &runners, err) == UND_OK)
        for (i = 0; i < runners.n; i++) {
            char name[FLEET_NAME];
            struct first_host *host;
            host_name(runners.item[i].name, name);
            if ((host = find_host(first, name)) == NULL && (host = add_host(first, name)) == NULL)
                break;
            host->registered = true;
            host->slots += host->slots < FLEET_SLOTS;
            snprintf(host->slots_from, sizeof host->slots_from, "registrations at GitHub");
        }
    if (err->code == UND_OK && runners.n == 0)
        und_fail(
            err, UND_USAGE,
            "GitHub: self-hosted runners: got none registered, want one, or --hosts NAME:SLOTS");
    github_runners_fini(&runners);
    return err->code;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool is_self_hosted(const struct github_job *job)
{
    int i;
    for (i = 0; i < job->labels.n; i++)
        if (strcmp(job->labels.name[i], "self-hosted") == 0)
            return true;
    return false;
}

struct durations {
    double *minutes; /* owned */
    size_t n, runs;
};

static enum und_code take_jobs(struct durations *durations, struct github_client *client,
                               int64_t run, struct und_err *err)
{
    struct github_jobs jobs = {0};
    size_t i, before = durations->n;
    if (github_jobs(client, run, false, &jobs, err) == UND_OK) {
        durations->minutes =
            realloc(durations->minutes, (durations->n + jobs.n + 1) * sizeof *durations->minutes);
        UND_ASSERT(durations->minutes != NULL);
        for (i = 0; i < jobs.n; i++)
            if (is_self_hosted(&jobs.item[i]) && jobs.item[i].started_ms >= 0 &&
                jobs.item[i].completed_ms > jobs.item[i].started_ms)
                durations->minutes[durations->n++] =
                    (double)(jobs.item[i].completed_ms - jobs.item[i].started_ms) /
                    (double)UNITS_MINUTE;
        durations->runs += durations->n > before;
    }
    github_jobs_fini(&jobs);
    return err->code;
}

static void set_load(struct first_fleet *first, const struct github_runs *runs,
                     struct durations *durations, size_t looked)
{
    int64_t newest = runs->item[0].created_ms, oldest = newest;
    double days, share = looked > 0 ? (double)durations->runs / (double)looked : 1;
    size_t i;
    for (i = 0; i < runs->n; i++)
        oldest = runs->item[i].created_ms < oldest ? runs->item[i].created_ms : oldest;
    days = (double)(newest - oldest) / (double)UNITS_DAY;
    if (days > 0.5 && runs->n >= LEAST && share > 0) {
        first->runs_a_day = share * (double)(runs->n - 1) / days;
        snprintf(first->load_from, sizeof first->load_from,
                 "%zu runs in %.1f days, %.0f%% of them on one's own runners", runs->n, days,
                 100 * share);
    }
    if (durations->n < LEAST)
        return;
    qsort(durations->minutes, durations->n, sizeof *durations->minutes, compare);
    first->jobs_a_run = (double)durations->n / (double)durations->runs;
    first->p50_min = stats_quantile(durations->minutes, durations->n, 0.5);
    first->p95_min = stats_quantile(durations->minutes, durations->n, 0.95);
    snprintf(first->duration_from, sizeof first->duration_from, "%zu jobs of the last %zu runs",
             durations->n, durations->runs);
}

static enum und_code ask_runs(struct first_fleet *first, struct github_client *client,
                              struct und_err *err)
{
    struct github_runs runs = {0};
    struct durations durations = {0};
    size_t looked = 0, i;
    if (github_runs(client, NULL, RUNS, &runs, err) == UND_OK) {
        for (i = 0; i < runs.n && looked < LOOKED && err->code == UND_OK; i++)
            if (strcmp(runs.item[i].status, "completed") == 0) {
                take_jobs(&durations, client, runs.item[i].id, err);
                looked++;
            }
        if (runs.n > 0 && err->code == UND_OK)
            set_load(first, &runs, &durations, looked);
    }
    free(durations.minutes);
    github_runs_fini(&runs);
    return err->code;
}

enum und_code init_ask_github(struct first_fleet *first, struct github_client *client,
                              struct und_err *err)
{
    bool named = first->n_hosts > 0;
    if (named || ask_registrations(first, client, err) == UND_OK)
        ask_runs(first, client, err);
    if (!named)
        choose_tiers(first);
    return err->code;
}

/* ---- Prometheus ---- */

static bool is_machine(const json_t *labels)
{
    const char *job = json_string_value(json_object_get(labels, "job"));
    return job != NULL && (strstr(job, "node") != NULL || strstr(job, "runner") != NULL);
}

static void take_target(struct first_fleet *first, const char *instance, bool machine, bool add)
{
    char name[FLEET_NAME];
    struct first_host *host;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(instance, ":"), instance);
    host = find_host(first, name);
    if (host == NULL && add && machine && (host = add_host(first, name)) != NULL) {
        host->slots = 4;
        snprintf(host->slots_from, sizeof host->slots_from,
                 "an assumption: Prometheus does not tell");
    }
    if (host != NULL && machine && host->probe[0] == '\0')
        snprintf(host->probe, sizeof host->probe, "%s", instance);
}

enum und_code init_ask_prometheus(struct first_fleet *first, struct prometheus_client *client,
                                  struct und_err *err)
{
    struct prometheus_matrix matrix = {0};
    bool add = first->n_hosts == 0;
    size_t i;
    if (prometheus_client_query(client, "up", -1, &matrix, err) == UND_OK)
        for (i = 0; i < matrix.n; i++) {
            const char *instance =
                json_string_value(json_object_get(matrix.item[i].labels, "instance"));
            if (instance != NULL)
                take_target(first, instance, is_machine(matrix.item[i].labels), add);
        }
    prometheus_matrix_fini(&matrix);
    if (err->code == UND_OK && first->n_hosts == 0)
        und_fail(err, UND_USAGE,
                 "Prometheus: up: got no target of a job called node or runner, want the machines, "
                 "or --hosts NAME:SLOTS");
    if (add)
        choose_tiers(first);
    return err->code;
}

/* ---- a person ---- */

static enum und_code take_host(struct first_fleet *first, const char *item, struct und_err *err)
{
    const char *colon = strrchr(item, ':');
    char name[FLEET_NAME], *end;
    struct first_host *host;
    long slots = colon ? strtol(colon + 1, &end, 10) : 0;
    if (colon == NULL || colon == item || colon - item >= FLEET_NAME || *end != '\0' || slots < 1 ||
        slots > FLEET_SLOTS)
        return und_fail(err, UND_USAGE, "hosts: got '%.60s', want NAME:SLOTS, slots 1..%d", item,
                        FLEET_SLOTS);
    snprintf(name, sizeof name, "%.*s", (int)(colon - item), item);
    if (find_host(first, name) != NULL)
        return und_fail(err, UND_USAGE, "hosts: got '%.60s' twice", name);
    if ((host = add_host(first, name)) == NULL)
        return und_fail(err, UND_USAGE, "hosts: got more than %d", FIRST_HOSTS);
    host->slots = (int)slots;
    host->backup = first->n_hosts > 1;
    snprintf(host->slots_from, sizeof host->slots_from, "as given");
    return UND_OK;
}

enum und_code init_take_hosts(struct first_fleet *first, const char *text, struct und_err *err)
{
    char copy[LINE], *item, *rest = copy;
    if (strlen(text) >= sizeof copy)
        return und_fail(err, UND_USAGE, "hosts: got %zu characters, want fewer than %d",
                        strlen(text), LINE);
    snprintf(copy, sizeof copy, "%s", text);
    while ((item = strsep(&rest, ",")) != NULL) {
        item += strspn(item, " ");
        if (take_host(first, item, err) != UND_OK)
            return err->code;
    }
    return UND_OK;
}

/* What was answered, or what stands in brackets. False at the end of the input. */
static bool ask(FILE *in, FILE *out, const char *question, const char *preset, char line[LINE])
{
    fprintf(out, "%s [%s] ", question, preset);
    fflush(out);
    if (fgets(line, LINE, in) == NULL)
        return false;
    line[strcspn(line, "\r\n")] = '\0';
    if (line[strspn(line, " ")] == '\0')
        snprintf(line, LINE, "%s", preset);
    return true;
}

/* Asks again until it is a number within 0..100000, above 0. */
static bool ask_number(FILE *in, FILE *out, const char *question, const char *preset, double *value)
{
    char line[LINE], *end;
    while (ask(in, out, question, preset, line)) {
        *value = strtod(line, &end);
        if (end != line && end[strspn(end, " ")] == '\0' && *value > 0 && *value <= 100000)
            return true;
        fputs("  a number above 0, please\n", out);
    }
    return false;
}

enum und_code init_ask_person(struct first_fleet *first, FILE *in, FILE *out, struct und_err *err)
{
    char line[LINE];
    bool there = true;
    while (first->n_hosts == 0 && there) {
        struct und_err wrong = {0};
        there = ask(in, out,
                    "Which machines run your jobs, and how many at once? NAME:SLOTS, the primary "
                    "first",
                    "runner-a:4,runner-b:2", line);
        if (there && init_take_hosts(first, line, &wrong) != UND_OK) {
            fprintf(out, "  %s\n", wrong.text);
            first->n_hosts = 0;
        }
    }
    there =
        there && ask_number(in, out, "How many workflow runs a day?", "100", &first->runs_a_day);
    there = there && ask_number(in, out, "How many jobs has a run?", "2", &first->jobs_a_run);
    there =
        there && ask_number(in, out, "How many minutes takes a typical job?", "8", &first->p50_min);
    if (!there)
        return und_fail(err, UND_USAGE, "init: the answers ended before the questions did");
    first->p95_min = 2.5 * first->p50_min;
    snprintf(first->load_from, sizeof first->load_from, "as answered");
    snprintf(first->duration_from, sizeof first->duration_from, "as answered");
    return UND_OK;
}
