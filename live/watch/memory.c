#include "memory.h"
#include "live/base/wire.h"
#include "live/http/http.h"
#include "live/journal/record.h"
#include "model/base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION 1
#define BOOT 40

const char *memory_topic(bool active)
{
    return active ? "memory/active" : "memory/shadow";
}

/* This boot's; "" where it is not to be read (a service that sees no /proc/sys). */
static void read_boot(char out[BOOT])
{
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "r");
    out[0] = '\0';
    if (file && fgets(out, BOOT, file))
        out[strcspn(out, "\n")] = '\0';
    if (file)
        fclose(file);
}

char *memory_text(const struct fleet *fleet, const struct policy_state *state, int64_t fleet_ms)
{
    json_t *hosts = json_array(), *all;
    char boot[BOOT], *text;
    int i;
    for (i = 0; i < fleet->n_hosts; i++)
        json_array_append_new(hosts, json_string(fleet->hosts[i].name));
    read_boot(boot);
    all = json_pack("{s:i, s:I, s:I, s:s, s:I, s:o, s:o}", "version", VERSION, "fleet_ms",
                    (json_int_t)fleet_ms, "wall_ms", (json_int_t)http_wall_ms(), "boot", boot,
                    "boot_ms", (json_int_t)http_monotonic_ms(), "hosts", hosts, "state",
                    record_state(state));
    text = json_dumps(all, JSON_COMPACT);
    UND_ASSERT(text != NULL);
    json_decref(all);
    return text;
}

/* ---- for this fleet ---- */

/* A host that the memory does not know begins as policy_init has it; nothing of it is in a view. */
static void begin_host(struct policy_host *host, int slots, int64_t now_ms)
{
    int sign;
    *host = (struct policy_host){.phase = PHASE_SERVING,
                                 .admitted = slots,
                                 .clear_ms = -1,
                                 .blocked_until_ms = now_ms,
                                 .hidden_until_ms = now_ms};
    for (sign = 0; sign < SIGN_COUNT; sign++)
        host->sign_ms[sign] = -1;
}

/* What a host of so many slots makes of a phase that it reached with others. */
static void fit_slots(struct policy_host *host, int slots)
{
    if (host->phase == PHASE_SERVING || host->phase == PHASE_SUSPECT)
        host->admitted = slots;
    if (host->phase != PHASE_RAMPING || host->admitted < slots)
        return;
    host->admitted = slots - 1;
    if (slots > 1)
        return;
    host->phase = PHASE_DRAINED;
    host->clear_ms = -1;
}

static int index_of(const json_t *hosts, const char *name)
{
    const json_t *host;
    size_t i;
    json_array_foreach (hosts, i, host)
        if (json_is_string(host) && strcmp(json_string_value(host), name) == 0)
            return (int)i;
    return -1;
}

/* Returns how many of the fleet's hosts it knows. */
static int take_hosts(struct policy_state *to, const struct policy_state *from,
                      const struct fleet *fleet, const json_t *hosts, int64_t now_ms)
{
    int i, known = 0;
    *to = (struct policy_state){.n = fleet->n_hosts,
                                .started_ms = from->started_ms,
                                .dark_ms = from->dark_ms,
                                .paged = from->paged,
                                .blind = from->blind};
    for (i = 0; i < fleet->n_hosts; i++) {
        int at = index_of(hosts, fleet->hosts[i].name);
        if (at >= 0 && at < from->n) {
            known++;
            to->host[i] = from->host[at];
            fit_slots(&to->host[i], fleet->hosts[i].slots);
        } else {
            begin_host(&to->host[i], fleet->hosts[i].slots, now_ms);
        }
    }
    return known;
}

/* ---- reading ---- */

void memory_refuse(struct memory *out, const char *why)
{
    char clean[240];
    snprintf(clean, sizeof clean, "%.239s", why);
    wire_clean(clean);
    out->kind = MEMORY_REFUSED;
    out->fleet_ms = 0;
    snprintf(out->said, sizeof out->said,
             "the policy's memory is not used: %s; what is out stays out until it recovers", clean);
}

/* Fleet ms since the memory was written. */
static int64_t elapsed_ms(const struct fleet *fleet, const json_t *all, int64_t wall_ms,
                          const char *boot, int64_t boot_ms)
{
    const char *then = json_string_value(json_object_get(all, "boot"));
    int64_t boot_then_ms = (int64_t)json_integer_value(json_object_get(all, "boot_ms"));
    int64_t ms = wall_ms - (int64_t)json_integer_value(json_object_get(all, "wall_ms"));
    if (boot[0] && then && strcmp(then, boot) == 0 && boot_then_ms <= boot_ms)
        ms = boot_ms - boot_then_ms;
    return ms > 0 ? (int64_t)((double)ms * fleet->live.time_factor) : 0;
}

/* The setup's fleet, for its check alone. */
static const char *misfit(const struct fleet *fleet, const struct memory *memory)
{
    struct readings_setup setup = fleet_readings(fleet);
    struct driver *driver = malloc(sizeof *driver);
    const char *why;
    UND_ASSERT(driver != NULL);
    driver_init(driver, &fleet->policy, &setup, memory->fleet_ms);
    why = driver_misfit(driver, &memory->state, memory->fleet_ms);
    free(driver);
    return why;
}

static void read_all(struct memory *out, const struct fleet *fleet, const json_t *all,
                     int64_t wall_ms, const char *boot, int64_t boot_ms)
{
    static const char *const numbers[] = {"fleet_ms", "wall_ms", "boot_ms"};
    struct policy_state *left = malloc(sizeof *left);
    const json_t *hosts = json_object_get(all, "hosts");
    struct und_err err = {0};
    const char *why = NULL;
    int i, known = 0;
    UND_ASSERT(left != NULL);
    if (json_integer_value(json_object_get(all, "version")) != VERSION)
        why = "it is of another version";
    for (i = 0; i < 3 && !why; i++)
        if (!json_is_integer(json_object_get(all, numbers[i])) ||
            json_integer_value(json_object_get(all, numbers[i])) < 0 ||
            json_integer_value(json_object_get(all, numbers[i])) > INT64_MAX / 8)
            why = "it does not say when it is from";
    if (!why && record_read_state(left, json_object_get(all, "state"), "memory", &err) != UND_OK)
        why = err.text;
    if (!why) {
        out->fleet_ms = (int64_t)json_integer_value(json_object_get(all, "fleet_ms")) +
                        elapsed_ms(fleet, all, wall_ms, boot, boot_ms);
        known = take_hosts(&out->state, left, fleet, hosts, out->fleet_ms);
        why = known == 0 ? "it is of another fleet" : misfit(fleet, out);
    }
    free(left);
    if (why) {
        memory_refuse(out, why);
        return;
    }
    out->kind = MEMORY_KEPT;
    snprintf(out->said, sizeof out->said, "the policy goes on from what it knew%s",
             known < fleet->n_hosts ? ", new hosts apart" : "");
}

void memory_read(struct memory *out, const struct fleet *fleet, const char *text, int64_t wall_ms,
                 const char *boot, int64_t boot_ms)
{
    json_t *all = json_loads(text, 0, NULL);
    if (json_is_object(all))
        read_all(out, fleet, all, wall_ms, boot, boot_ms);
    else
        memory_refuse(out, "it is no JSON object");
    json_decref(all);
}

enum und_code memory_recall(struct memory *out, const struct fleet *fleet, struct journal *journal,
                            bool active, struct und_err *err)
{
    char boot[BOOT], *text = NULL;
    *out = (struct memory){.kind = MEMORY_NONE, .active = active};
    if (journal_last_note(journal, memory_topic(active), &text, err) != UND_OK || !text)
        return err->code;
    read_boot(boot);
    memory_read(out, fleet, text, http_wall_ms(), boot, http_monotonic_ms());
    free(text);
    return UND_OK;
}
