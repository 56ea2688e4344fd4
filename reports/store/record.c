#include "record.h"

#include "model/base/assert.h"
#include "model/base/reading.h"
#include "model/load/loader.h"
#include "reports/text/json.h"
#include "reports/text/text.h"

#include "version.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void record_who(char *out, size_t size)
{
    const struct passwd *user = getpwuid(geteuid());
    const char *sudo = getenv("SUDO_USER");
    char host[200] = "", text[RECORD_WHO];
    (void)gethostname(host, sizeof host - 1);
    snprintf(text, sizeof text, "%.60s%s%.60s at %.170s",
             sudo   ? sudo
             : user ? user->pw_name
                    : "?",
             sudo ? " as " : "", sudo && user ? user->pw_name : "", host);
    text_clean(out, size, text);
}

/* A file that cannot be read adds nothing: the loader says what is wrong with it. */
static void digest_file(void *context, const char *path)
{
    FILE *file = fopen(path, "rb");
    unsigned char bytes[4096];
    size_t n;
    if (!file)
        return;
    while ((n = fread(bytes, 1, sizeof bytes, file)) > 0)
        EVP_DigestUpdate(context, bytes, n);
    fclose(file);
}

/* By the loader itself, so that no list of keys that name files can go stale. Where the fleet
 * stands in its scenario, that is read. */
static bool digest_fleet(EVP_MD_CTX *context, const char *path)
{
    struct und_err err = {0};
    struct scenario *scenario = calloc(1, sizeof *scenario);
    bool scenario_file = loader_is_scenario(path);
    UND_ASSERT(scenario != NULL);
    reading_listen(digest_file, context);
    if (scenario_file && scenario_load(scenario, path, NULL, 0, &err) == UND_OK)
        scenario_fini(scenario);
    else if (!scenario_file && fleet_load(&scenario->fleet, path, NULL, 0, &err) == UND_OK)
        fleet_fini(&scenario->fleet);
    reading_listen(NULL, NULL);
    free(scenario);
    return access(path, R_OK) == 0;
}

void record_fleet(char out[17], const char *path, const char *const *sets, int n_sets)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char digest[EVP_MAX_MD_SIZE];
    int i;
    out[0] = '\0';
    if (context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
        digest_fleet(context, path)) {
        for (i = 0; i < n_sets; i++)
            EVP_DigestUpdate(context, sets[i], strlen(sets[i]) + 1);
        if (EVP_DigestFinal_ex(context, digest, NULL) == 1)
            for (i = 0; i < 8; i++)
                snprintf(out + 2 * i, 3, "%02x", digest[i]);
    }
    EVP_MD_CTX_free(context);
}

void record_mode(char *out, size_t size, const struct scenario *scenario)
{
    size_t used = 0;
    int i, j;
    out[0] = '\0';
    for (i = 0; i < scenario->n_faults && used < size; i++) {
        for (j = 0; j < i && scenario->faults[j].kind != scenario->faults[i].kind; j++)
            ;
        if (j == i)
            used += (size_t)snprintf(out + used, size - used, "%s%s", used ? "+" : "",
                                     fault_kind_name(scenario->faults[i].kind));
    }
}

/* What every kind of record has. */
static void begin(struct record *record, enum record_kind kind, const struct scenario *scenario,
                  const char *const *sets, int n_sets, const char *version)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    *record =
        (struct record){.kind = kind, .at_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000};
    record_who(record->who, sizeof record->who);
    snprintf(record->version, sizeof record->version, "%s", version ? version : "");
    record_fleet(record->fleet, scenario->fleet.path, sets, n_sets);
    text_clean(record->scenario, sizeof record->scenario, scenario->name);
    record_mode(record->mode, sizeof record->mode, scenario);
}

static enum und_code keep(const char *path, const struct record *records, int n,
                          struct und_err *err)
{
    struct und_err kept = {0};
    if (store_add(path, records, n, &kept) == UND_OK)
        return err->code;
    if (err->code != UND_OK)
        fprintf(stderr, "understudy: %s\n", kept.text);
    return und_fail(err, kept.code, "%s", kept.text);
}

static int code_of(const struct result *result)
{
    int i;
    for (i = 0; i < result->n_verdicts; i++)
        if (!result->verdicts[i].pass)
            return UND_FAILED;
    return UND_OK;
}

enum und_code record_reports(const char *path, enum record_kind kind, const struct report *reports,
                             int n, struct und_err *err)
{
    struct record *records;
    int i, kept = 0;
    if (!path)
        return err->code;
    records = calloc((size_t)n + 1, sizeof *records);
    UND_ASSERT(records != NULL);
    for (i = 0; i < n; i++) {
        const struct report *report = &reports[i];
        struct record *record = &records[kept];
        if (!report->result)
            continue;
        begin(record, kind, report->scenario, report->sets, report->n_sets, report->version);
        snprintf(record->digest, sizeof record->digest, "%016" PRIx64, report->result->digest);
        record->seed = (int64_t)report->result->seed;
        record->exit_code = code_of(report->result);
        record->detail = json_report(report);
        kept++;
    }
    if (kept > 0)
        keep(path, records, kept, err);
    for (i = 0; i < kept; i++)
        json_decref(records[i].detail);
    free(records);
    return err->code;
}

enum und_code record_drill(const char *path, const struct drill_page *page, const char *const *sets,
                           int n_sets, struct und_err *err)
{
    struct record record;
    if (!path)
        return err->code;
    begin(&record, page->report ? RECORD_DRILL : RECORD_REHEARSAL, page->scenario, sets, n_sets,
          page->version);
    record.seed = page->prediction ? (int64_t)page->prediction->seed : 0;
    record.exit_code = page->report ? (int)drill_page_code(page) : (int)err->code;
    record.detail = drill_json(page);
    keep(path, &record, 1, err);
    json_decref(record.detail);
    return err->code;
}

enum und_code record_states(const char *path, enum record_kind kind,
                            const struct scenario *scenario, const char *const *sets, int n_sets,
                            int64_t seed, int code, json_t *detail, struct und_err *err)
{
    struct record record;
    if (!path)
        return err->code;
    begin(&record, kind, scenario, sets, n_sets, UND_VERSION);
    if (!record.scenario[0])
        text_clean(record.scenario, sizeof record.scenario, scenario->fleet.path);
    record.mode[0] = '\0'; /* all of them are tried, whatever the file has */
    record.seed = seed;
    record.exit_code = code;
    record.detail = detail;
    return keep(path, &record, 1, err);
}

/* The moments make it one of its own, so that a monitor that begins again adds none twice. */
static void name_incident(char out[17], const json_t *incident)
{
    char text[512];
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int n = 0;
    int i, length = snprintf(text, sizeof text, "%.200s %.60s %.60s",
                             json_string_value(json_object_get(incident, "host")),
                             json_string_value(json_object_get(incident, "began")),
                             json_string_value(json_object_get(incident, "detected")));
    out[0] = '\0';
    if (EVP_Digest(text, (size_t)length, digest, &n, EVP_sha256(), NULL) == 1)
        for (i = 0; i < 8; i++)
            snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

enum und_code record_incident(const char *path, const struct fleet *fleet, const char *const *sets,
                              int n_sets, json_t *incident, int64_t at_ms, const char *version,
                              struct und_err *err)
{
    struct record record = {.kind = RECORD_INCIDENT, .at_ms = at_ms, .detail = incident};
    if (!path)
        return err->code;
    snprintf(record.who, sizeof record.who, "the monitor");
    snprintf(record.version, sizeof record.version, "%s", version);
    record_fleet(record.fleet, fleet->path, sets, n_sets);
    text_clean(record.scenario, sizeof record.scenario,
               json_string_value(json_object_get(incident, "host")));
    name_incident(record.digest, incident);
    return store_add(path, &record, 1, err);
}
