/* The tables of the `live` section: services, credentials, places. */
#include "spec_tables.h"

#include <string.h>

#define SERVICE(member) TEXT(struct live_service, member)

/* Two tables share these: Prometheus' and Alertmanager's; GitHub's has its own. */
static const struct field service_fields[] = {
    {.key = "url",
     .kind = FIELD_TEXT,
     SERVICE(url),
     .required = true,
     .help = "https://HOST[:PORT][/PATH]; http only to this machine, or with allow_plain"},
    {.key = "user",
     .kind = FIELD_TEXT,
     SERVICE(user),
     .help = "user of basic authentication; left out: token is a bearer token"},
    {.key = "token",
     .kind = FIELD_TEXT,
     SERVICE(token),
     .help = "where the password or token is: file:PATH, env:NAME or credential:NAME"},
    {.key = "ca_file",
     .kind = FIELD_TEXT,
     SERVICE(ca_file),
     .help = "certificate authorities in PEM; left out: the system's"},
    {.key = "cert_file", .kind = FIELD_TEXT, SERVICE(cert_file), .help = "client certificate"},
    {.key = "key_file", .kind = FIELD_TEXT, SERVICE(key_file), .help = "its private key"},
    {.key = "allow_plain",
     .kind = FIELD_BOOL,
     AT(struct live_service, allow_plain),
     .fallback = "false",
     .help = "http:// to another machine"},
    {.key = NULL},
};

static enum und_code check_file(struct spec *spec, json_t *mapping, const struct spot *whole,
                                const char *key, char *path)
{
    struct spot spot = spec_spot(spec, mapping, key, whole);
    char found[DOC_PATH];
    if (path[0] == '\0')
        return UND_OK;
    if (doc_relative(&spot, path, found, spec->err) != UND_OK)
        return UND_USAGE;
    memcpy(path, found, LIVE_FILE);
    return UND_OK;
}

static enum und_code check_service(struct spec *spec, void *base, json_t *mapping,
                                   const struct spot *whole)
{
    struct live_service *service = base;
    struct spot spot = spec_spot(spec, mapping, "user", whole);
    if (service->user[0] && !service->token[0])
        return doc_fail(&spot, spec->err, "goes with token: where its password is");
    spot = spec_spot(spec, mapping, service->cert_file[0] ? "cert_file" : "key_file", whole);
    if (!service->cert_file[0] != !service->key_file[0])
        return doc_fail(&spot, spec->err, "cert_file and key_file go together");
    if (check_file(spec, mapping, whole, "ca_file", service->ca_file) != UND_OK ||
        check_file(spec, mapping, whole, "cert_file", service->cert_file) != UND_OK)
        return UND_USAGE;
    return check_file(spec, mapping, whole, "key_file", service->key_file);
}

static const struct table service_table = {
    .name = "service",
    .help = "a service and how to reach it",
    .fields = service_fields,
    .check = check_service,
};

#define GITHUB(member) TEXT(struct live_github, member)

static const struct field github_fields[] = {
    {.key = "url",
     .kind = FIELD_TEXT,
     GITHUB(service.url),
     .fallback = "https://api.github.com",
     .help = "base URL of the REST API; Enterprise Server: https://HOST/api/v3"},
    {.key = "owner",
     .kind = FIELD_TEXT,
     GITHUB(owner),
     .required = true,
     .help = "user or organisation"},
    {.key = "repository",
     .kind = FIELD_TEXT,
     GITHUB(repository),
     .help = "repository whose runs are watched; left out only with organisation: true"},
    {.key = "organisation",
     .kind = FIELD_BOOL,
     AT(struct live_github, organisation),
     .fallback = "false",
     .help = "the runners are registered at the organisation"},
    {.key = "token",
     .kind = FIELD_TEXT,
     GITHUB(service.token),
     .required = true,
     .help = "where the token (or with app_id the App's private key) is: file:PATH, env:NAME or "
             "credential:NAME"},
    {.key = "app_id",
     .kind = FIELD_TEXT,
     GITHUB(app_id),
     .help = "id of a GitHub App to authenticate as"},
    {.key = "installation",
     .kind = FIELD_INT,
     AT(struct live_github, installation),
     RANGE(0, 2147483647),
     .fallback = "0",
     .help = "id of the App's installation"},
    {.key = "label",
     .kind = FIELD_TEXT,
     GITHUB(label),
     .fallback = "ci-active",
     .help = "mechanism label: the label that jobs ask for and admitted registrations carry"},
    {.key = "variable",
     .kind = FIELD_TEXT,
     GITHUB(variable),
     .fallback = "CI_RUNNER",
     .help = "mechanism variable: the variable that runs-on reads"},
    {.key = "lease",
     .kind = FIELD_TEXT,
     GITHUB(lease),
     .fallback = "UNDERSTUDY_LEASE",
     .help = "variable in which active monitors agree which of them may write"},
    {.key = "ca_file",
     .kind = FIELD_TEXT,
     GITHUB(service.ca_file),
     .help = "certificate authorities in PEM; left out: the system's"},
    {.key = "allow_plain",
     .kind = FIELD_BOOL,
     AT(struct live_github, service.allow_plain),
     .fallback = "false",
     .help = "http:// to another machine"},
    {.key = NULL},
};

static enum und_code check_github(struct spec *spec, void *base, json_t *mapping,
                                  const struct spot *whole)
{
    struct live_github *github = base;
    struct spot spot = spec_spot(spec, mapping, "repository", whole);
    if (!github->repository[0] && !github->organisation)
        return doc_fail(&spot, spec->err, "missing: needed unless organisation is true");
    spot = spec_spot(spec, mapping, github->app_id[0] ? "app_id" : "installation", whole);
    if (!github->app_id[0] != !github->installation)
        return doc_fail(&spot, spec->err, "app_id and installation go together");
    return check_file(spec, mapping, whole, "ca_file", github->service.ca_file);
}

static const struct table github_table = {
    .name = "live_github",
    .help = "the real GitHub, and where the runners are registered",
    .fields = github_fields,
    .check = check_github,
};

/* A list of words, never a line for a shell. */
const struct field spec_argument = {.kind = FIELD_TEXT, .size = LIVE_ARG};

static const struct field place_fields[] = {
    {.key = "name",
     .kind = FIELD_TEXT,
     TEXT(struct live_place, name),
     .required = true,
     .help = "a host of the fleet, or any other name that drills use"},
    {.key = "via",
     .kind = FIELD_LIST,
     SPEC_ARGV(struct live_place, via),
     .required = true,
     .help =
         "arguments that come before a command to run it there: [ssh, -o, BatchMode=yes, HOST]. "
         "After a program called ssh the command is quoted for the remote shell"},
    {.key = NULL},
};

static const struct table place_table = {
    .name = "place",
    .help = "a place where drills run commands",
    .fields = place_fields,
};

#define LISTEN(member) TEXT(struct live, listen.member)

static const struct field listen_fields[] = {
    {.key = "address",
     .kind = FIELD_TEXT,
     LISTEN(address),
     .required = true,
     .help = "address:port that webhooks come to: /alertmanager and /github"},
    {.key = "alertmanager_token",
     .kind = FIELD_TEXT,
     LISTEN(alertmanager_token),
     .help =
         "where the bearer token is that Alertmanager sends (http_config.authorization); needed "
         "unless the address is a loopback one"},
    {.key = "github_secret",
     .kind = FIELD_TEXT,
     LISTEN(github_secret),
     .help = "where the secret is that GitHub signs deliveries with; left out: none are taken"},
    {.key = NULL},
};

static const struct table listen_table = {
    .name = "listen",
    .help = "where webhooks come in: hints that polls confirm",
    .fields = listen_fields,
};

static const struct field canary_fields[] = {
    {.key = "workflow",
     .kind = FIELD_TEXT,
     TEXT(struct live_canary, workflow),
     .required = true,
     .help = "file name of a workflow with workflow_dispatch and one job that ends at once"},
    {.key = "ref",
     .kind = FIELD_TEXT,
     TEXT(struct live_canary, ref),
     .fallback = "main",
     .help = "branch or tag that it is dispatched on"},
    {.key = "input",
     .kind = FIELD_TEXT,
     TEXT(struct live_canary, input),
     .fallback = "runner",
     .help = "its input that gets the labels to run on as JSON: runs-on: ${{ "
             "fromJSON(inputs.runner) }}"},
    {.key = NULL},
};

static const struct table canary_table = {
    .name = "live_canary",
    .help = "the small job that policy.evidence.canary sends to each host, by the host's labels",
    .fields = canary_fields,
};

static const struct field hook_fields[] = {
    {.key = "run",
     .kind = FIELD_LIST,
     SPEC_ARGV(struct live_hook, run),
     .required = true,
     .help = "command that lets {slots} registrations of {host} be given jobs, and no others; "
             "they have to stay online. It may be run any number of times"},
    {.key = "on",
     .kind = FIELD_TEXT,
     TEXT(struct live_hook, on),
     .help = "place where it runs; left out: on this machine"},
    {.key = "timeout",
     .kind = FIELD_DURATION,
     AT(struct live_hook, timeout_ms),
     RANGE(100, 3600000),
     .fallback = "30s",
     .help = "of one run, in real time"},
    {.key = NULL},
};

static const struct table hook_table = {
    .name = "live_hook",
    .help = "mechanism hook: the fleet's own command that admits registrations",
    .fields = hook_fields,
};

#define WITNESS(member) TEXT(struct live_witness, service.member)

static const struct field witness_fields[] = {
    {.key = "url",
     .kind = FIELD_TEXT,
     WITNESS(url),
     .help =
         "URL whose answer is a text that begins with up (it reaches some host of the fleet) or "
         "down (it reaches none); anything else is no answer"},
    {.key = "token",
     .kind = FIELD_TEXT,
     WITNESS(token),
     .help = "where the bearer token for the URL is: file:PATH, env:NAME or credential:NAME"},
    {.key = "ca_file",
     .kind = FIELD_TEXT,
     WITNESS(ca_file),
     .help = "certificate authorities in PEM; left out: the system's"},
    {.key = "allow_plain",
     .kind = FIELD_BOOL,
     AT(struct live_witness, service.allow_plain),
     .fallback = "false",
     .help = "http:// to another machine"},
    {.key = "run",
     .kind = FIELD_LIST,
     SPEC_ARGV(struct live_witness, run),
     .help = "instead of a URL: command that ends with 0 (some host is reached) or 1 (none is)"},
    {.key = "on",
     .kind = FIELD_TEXT,
     TEXT(struct live_witness, on),
     .help = "place where it runs; left out: on this machine"},
    {.key = "timeout",
     .kind = FIELD_DURATION,
     AT(struct live_witness, timeout_ms),
     RANGE(100, 600000),
     .fallback = "10s",
     .help = "of one question, in real time"},
    {.key = NULL},
};

static enum und_code check_witness(struct spec *spec, void *base, json_t *mapping,
                                   const struct spot *whole)
{
    struct live_witness *witness = base;
    struct spot spot = spec_spot(spec, mapping, "url", whole);
    if (!witness->service.url[0] == (witness->run.n == 0))
        return doc_fail(&spot, spec->err, "got %s url and run, want one of them",
                        witness->run.n > 0 ? "both" : "neither");
    return check_file(spec, mapping, whole, "ca_file", witness->service.ca_file);
}

static const struct table witness_table = {
    .name = "live_witness",
    .help = "an independent eye on the hosts, from elsewhere: believed when all look bad at once",
    .fields = witness_fields,
    .check = check_witness,
};

#define PAGE(member) TEXT(struct live, page.member)

static const struct field page_fields[] = {
    {.key = "address",
     .kind = FIELD_TEXT,
     PAGE(address),
     .required = true,
     .help = "address:port of the monitor's page, /metrics and /api/v1/state; beyond this machine "
             "only with token, cert_file and key_file"},
    {.key = "token",
     .kind = FIELD_TEXT,
     PAGE(token),
     .help = "where the token is that actions (pause, maintenance, ...) ask for, and on other than "
             "a loopback address everything; left out: no actions"},
    {.key = "cert_file", .kind = FIELD_TEXT, PAGE(cert_file), .help = "certificate in PEM"},
    {.key = "key_file",
     .kind = FIELD_TEXT,
     PAGE(key_file),
     .help = "its private key; readable by nobody else"},
    {.key = NULL},
};

static enum und_code check_page(struct spec *spec, void *base, json_t *mapping,
                                const struct spot *whole)
{
    struct live *live = base;
    struct spot spot =
        spec_spot(spec, mapping, live->page.cert_file[0] ? "cert_file" : "key_file", whole);
    if (!live->page.cert_file[0] != !live->page.key_file[0])
        return doc_fail(&spot, spec->err, "cert_file and key_file go together");
    if (check_file(spec, mapping, whole, "cert_file", live->page.cert_file) != UND_OK)
        return UND_USAGE;
    return check_file(spec, mapping, whole, "key_file", live->page.key_file);
}

static const struct table page_table = {
    .name = "page",
    .help = "the monitor's page",
    .fields = page_fields,
    .check = check_page,
};

static const struct field workflow = {.kind = FIELD_TEXT, .size = LIVE_NAME};
static const struct field a_place = {.kind = FIELD_TABLE, .table = &place_table};

static const struct field live_fields[] = {
    {.key = "github",
     .kind = FIELD_TABLE,
     AT(struct live, github),
     .table = &github_table,
     .required = true,
     .help = "GitHub"},
    {.key = "prometheus",
     .kind = FIELD_TABLE,
     AT(struct live, prometheus),
     .table = &service_table,
     .help = "Prometheus. Left out: alerts are not seen"},
    {.key = "alertmanager",
     .kind = FIELD_TABLE,
     AT(struct live, alertmanager),
     .table = &service_table,
     .help = "Alertmanager"},
    {.key = "grafana",
     .kind = FIELD_TABLE,
     AT(struct live, grafana),
     .table = &service_table,
     .help = "Grafana, for an annotation of each incident and drill. Left out: none"},
    {.key = "loki",
     .kind = FIELD_TABLE,
     AT(struct live, loki),
     .table = &service_table,
     .help = "Loki, for log lines of incidents and drills. Left out: none"},
    {.key = "places",
     .kind = FIELD_LIST,
     AT(struct live, places),
     .size = LIVE_PLACES,
     .item = &a_place,
     .stride = sizeof(struct live_place),
     .count_at = offsetof(struct live, n_places),
     .help = "how commands reach the hosts"},
    {.key = "listen",
     .kind = FIELD_TABLE,
     .table = &listen_table,
     .help = "webhooks of Alertmanager and GitHub. Left out: polls only"},
    {.key = "canary",
     .kind = FIELD_TABLE,
     AT(struct live, canary),
     .table = &canary_table,
     .help = "the small job that policy.evidence.canary sends. Left out: none is sent"},
    {.key = "hook",
     .kind = FIELD_TABLE,
     AT(struct live, hook),
     .table = &hook_table,
     .help = "what carries out github.mechanism: hook"},
    {.key = "witness",
     .kind = FIELD_TABLE,
     AT(struct live, witness),
     .table = &witness_table,
     .help = "asked when all hosts look bad at once. Left out: then it is never the hosts"},
    {.key = "page",
     .kind = FIELD_TABLE,
     .table = &page_table,
     .help = "the monitor's page and metrics. Left out: none"},
    {.key = "journal",
     .kind = FIELD_TEXT,
     TEXT(struct live, journal),
     .fallback = "understudy.journal",
     .help = "SQLite file for everything that is seen, decided, done and undone"},
    {.key = "journal_keep",
     .kind = FIELD_DURATION,
     AT(struct live, journal_keep_ms),
     RANGE(86400000.0, 10 * 365 * 86400000.0),
     .fallback = "90d",
     .help = "what a run of the monitor saw is forgotten this long after its end"},
    {.key = "journal_size",
     .kind = FIELD_SIZE,
     AT(struct live, journal_bytes),
     RANGE(1e6, 1e12),
     .fallback = "1GB",
     .help = "and earlier while the journal holds more than this, the oldest first"},
    {.key = "stop_file",
     .kind = FIELD_TEXT,
     TEXT(struct live, stop_file),
     .help = "emergency stop: when this file exists, a drill is rolled back at once"},
    {.key = "pause_file",
     .kind = FIELD_TEXT,
     TEXT(struct live, pause_file),
     .help = "while this file exists the monitor's policy is paused: it sees, and moves nobody"},
    {.key = "allow_actions",
     .kind = FIELD_BOOL,
     AT(struct live, allow_actions),
     .fallback = "false",
     .help = "labels, variables and runs may be changed; without it everything is only watched"},
    {.key = "writes_per_hour",
     .kind = FIELD_INT,
     AT(struct live, writes_per_hour),
     RANGE(1, 1000),
     .fallback = "200",
     .help = "an active monitor writes to GitHub no more often; then it keeps still and says so"},
    {.key = "time_factor",
     .kind = FIELD_NUMBER,
     AT(struct live, time_factor),
     RANGE(1, 1000),
     .fallback = "1",
     .help = "how many times faster than this file's durations the world runs (the lab's)"},
    {.key = "protected_workflows",
     .kind = FIELD_LIST,
     AT(struct live, protected_workflows),
     .size = LIVE_WORKFLOWS,
     .item = &workflow,
     .stride = LIVE_NAME,
     .count_at = offsetof(struct live, n_protected_workflows),
     .help = "workflows (file names) during which no drill begins"},
    {.key = NULL},
};

const struct table spec_live = {
    .name = "live",
    .help = "the real services, and what may be done to them",
    .fields = live_fields,
};
