#include "story_schedule.h"
#include "model/base/assert.h"
#include "model/base/units.h"

#include <stdlib.h>
#include <string.h>

#define LEAD_MS 60000LL /* before the story's own beginning all is well */
#define FLEETWIDE (-1)

/* What goes wrong of one host, or of what is around it, from one step to the next. */
struct trouble {
    enum fault_kind kind;
    int host; /* FLEETWIDE: none */
};

/* ---- a view's troubles ---- */

static int of_signs(const struct policy_config *config, const struct view_host *host, int i,
                    struct trouble *trouble)
{
    static const enum fault_kind kinds[SIGN_COUNT] = {FAULT_SLOTS_LOST, FAULT_RUNNER_HUNG,
                                                      FAULT_RUNNER_HUNG, FAULT_DISK_FULL};
    unsigned seen = signs_seen(config, host);
    int sign, n = 0;
    for (sign = 0; sign < SIGN_COUNT; sign++)
        if (seen >> sign & 1 && (n == 0 || trouble[n - 1].kind != kinds[sign]))
            trouble[n++] = (struct trouble){kinds[sign], i};
    return n;
}

static int of_host(const struct policy_config *config, const struct view_host *host, int i,
                   struct trouble *trouble)
{
    bool offline = host->offline_readings >= config->confirm || host->online == 0;
    int n = 0;
    if (host->maintenance)
        trouble[n++] = (struct trouble){FAULT_MAINTENANCE, i};
    if (offline && host->probe == PROBE_DOWN)
        trouble[n++] = (struct trouble){FAULT_HOST_POWER_LOSS, i};
    else if (offline)
        trouble[n++] = (struct trouble){FAULT_SERVICE_STOP, i};
    else if ((host->alerts & config->severities) != 0)
        trouble[n++] = (struct trouble){FAULT_CPU_STRESS, i};
    if (!offline)
        n += of_signs(config, host, i, trouble + n);
    return n;
}

#define TROUBLES (3 + SCALE_HOSTS * (2 + SIGN_COUNT))
static int of_view(const struct policy_config *config, const struct view *view,
                   struct trouble trouble[TROUBLES])
{
    int i, n = 0;
    if (view->paused)
        trouble[n++] = (struct trouble){FAULT_PAUSE, FLEETWIDE};
    if (view->age_ms[FEED_GITHUB] > config->stale_after_ms)
        trouble[n++] = (struct trouble){FAULT_GITHUB_OUTAGE, FLEETWIDE};
    if (view->age_ms[FEED_ALERTS] > config->stale_after_ms)
        trouble[n++] = (struct trouble){FAULT_MONITORING_DOWN, FLEETWIDE};
    for (i = 0; i < view->n; i++)
        n += of_host(config, &view->host[i], i, trouble + n);
    return n;
}

/* ---- faults ---- */

static int host_of(const struct fault *fault)
{
    return fault->n_targets > 0 ? fault->targets[0] : FLEETWIDE;
}

/* Goes on with one that ends just now, or begins. */
static void go_on(struct schedule *schedule, struct trouble trouble, int64_t from_ms, int64_t to_ms,
                  int *left_out)
{
    struct fault *fault;
    int i;
    for (i = 0; i < schedule->n; i++) {
        fault = &schedule->fault[i];
        if (fault->kind == trouble.kind && host_of(fault) == trouble.host &&
            (int64_t)(fault->at.a + fault->lasts.a) == from_ms) {
            fault->lasts = dist_fixed(to_ms - (int64_t)fault->at.a);
            return;
        }
    }
    if (schedule->n == SCHEDULE_FAULTS) {
        ++*left_out;
        return;
    }
    fault = &schedule->fault[schedule->n++];
    *fault = (struct fault){.kind = trouble.kind,
                            .has_lasts = true,
                            .chance = 1,
                            .graceful = true,
                            .load_pm = 1000,
                            .slowdown = 1,
                            .share = 1,
                            .acknowledges = true};
    dist_init(&fault->every);
    fault->at = dist_fixed(from_ms);
    fault->lasts = dist_fixed(to_ms - from_ms);
    fault->slots = trouble.kind == FAULT_SLOTS_LOST ? 1 : 0;
    if (trouble.host != FLEETWIDE)
        fault->targets[fault->n_targets++] = trouble.host;
}

static void restart(struct schedule *schedule, const struct story_move *move, int *left_out)
{
    go_on(schedule, (struct trouble){FAULT_CONTROLLER_RESTART, FLEETWIDE}, LEAD_MS + move->at_ms,
          LEAD_MS + move->at_ms + 1, left_out);
    if (*left_out == 0)
        schedule->fault[schedule->n - 1].graceful = move->kind == MOVE_RESTART;
}

void story_schedule(const struct story *story, int64_t stays_ms, struct schedule *schedule,
                    int *left_out)
{
    struct trouble trouble[TROUBLES];
    int i, j, k, n;
    memset(schedule, 0, sizeof *schedule);
    schedule->load = 1;
    schedule->focus[0] = schedule->focus[1] = SCHEDULE_ANY;
    *left_out = 0;
    for (i = 0; i < story->n; i++) {
        const struct story_move *move = &story->move[i];
        int64_t to_ms = move->at_ms + stays_ms;
        if (move->kind == MOVE_RESTART || move->kind == MOVE_LOSS)
            restart(schedule, move, left_out);
        if (move->kind != MOVE_STEP)
            continue;
        for (j = i + 1; j < story->n && story->move[j].kind != MOVE_STEP; j++)
            ;
        to_ms = j < story->n ? story->move[j].at_ms : to_ms;
        n = of_view(&story->scale.config, &move->view, trouble);
        for (k = 0; k < n && to_ms > move->at_ms; k++)
            go_on(schedule, trouble[k], LEAD_MS + move->at_ms, LEAD_MS + to_ms, left_out);
    }
    schedule_close(schedule, stays_ms);
}

/* ---- printing ---- */

static void set_duration(char *set, const char *key, int64_t ms)
{
    char text[UNITS_TEXT];
    snprintf(set, 128, "fleet.policy.%s=%s", key, units_format_duration(ms, text));
}

#define STORY_SETS (8 + SCALE_HOSTS)

/* The settings by which a fleet becomes as small as the story's. */
static int story_sets(const struct story *story, char set[STORY_SETS][128])
{
    const struct policy_config *config = &story->scale.config;
    int i, n = 0;
    set_duration(set[n++], "persist", config->persist_ms);
    set_duration(set[n++], "failback.ramp", config->ramp_ms);
    set_duration(set[n++], "failback.clear_for", config->clear_for_ms);
    set_duration(set[n++], "guard.block", config->block_ms);
    set_duration(set[n++], "guard.grace", config->grace_ms);
    set_duration(set[n++], "page_after", config->page_after_ms);
    snprintf(set[n++], 128, "fleet.policy.guard.max_failovers_per_hour=%d", config->max_failovers);
    for (i = 0; i < story->scale.n; i++)
        snprintf(set[n++], 128, "fleet.hosts.%d.slots=%d", i, story->scale.slots[i]);
    return n;
}

/* The story as comments. */
static void print_told(FILE *out, const struct story *story)
{
    char *text = NULL, *line, *rest;
    size_t size;
    FILE *memory = open_memstream(&text, &size);
    UND_ASSERT(memory != NULL);
    story_print(story, memory);
    fclose(memory);
    for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        fprintf(out, "#   %s\n", line);
    free(text);
}

void story_scenario_print(FILE *out, const char *fleet, const struct fleet *names,
                          const struct story *story, const struct schedule *schedule, int left_out,
                          const char *tried)
{
    char set[STORY_SETS][128], text[UNITS_TEXT];
    int i, n = story_sets(story, set);
    fprintf(out, "# A story of `understudy explore`: %s. What the simulator can do of it:\n",
            property_words(story->broken));
    print_told(out, story);
    if (left_out > 0)
        fprintf(out, "# Left out, as there is no room for them: %d faults.\n", left_out);
    if (tried)
        fprintf(out, "# Tried once: %s.\n", tried);
    fprintf(out,
            "name: explored-%s\nabout: A counterexample of the policy, found by exploring it\n",
            property_name(story->broken));
    fprintf(out, "fleet: %s\nset:\n", fleet);
    for (i = 0; i < n; i++)
        fprintf(out, "  - \"%s\"\n", set[i]);
    fprintf(out, "duration: %s\nreplications: 16\n", units_format_duration(schedule->end_ms, text));
    fputs(schedule->n > 0 ? "faults:\n" : "", out);
    for (i = 0; i < schedule->n; i++) {
        fputs("  - ", out);
        schedule_print_fault(out, names, &schedule->fault[i]);
        putc('\n', out);
    }
    if (!schedule_print_drill(out, names, schedule))
        fputs("# No drill: not all of these can be brought about, and taken back, on a real "
              "fleet.\n",
              out);
}

/* ---- drills ---- */

static bool injectable(const struct fault *fault)
{
    return fault->kind == FAULT_SERVICE_STOP || fault->kind == FAULT_MAINTENANCE ||
           fault->kind == FAULT_PAUSE;
}

bool schedule_print_drill(FILE *out, const struct fleet *fleet, const struct schedule *schedule)
{
    char text[UNITS_TEXT];
    int i, stops = 0, target = -1;
    for (i = 0; i < schedule->n; i++) {
        const struct fault *fault = &schedule->fault[i];
        if (!injectable(fault) || fault->n_targets > 1)
            return false;
        if (fault->n_targets == 1 && target >= 0 && fault->targets[0] != target)
            return false; /* a drill is about one host */
        target = fault->n_targets == 1 ? fault->targets[0] : target;
        stops += fault->kind == FAULT_SERVICE_STOP;
    }
    if (target < 0 || stops > 1)
        return false;
    fprintf(out, "drill:\n  lease: %s\n  preconditions: {wait: 30min}\n  stop_when: {queue: 60}\n",
            units_format_duration(schedule->heal_ms + 15 * 60000LL, text));
    for (i = 0; i < schedule->n; i++)
        if (schedule->fault[i].kind == FAULT_SERVICE_STOP)
            fprintf(out,
                    "  inject:\n    - name: stop the runner services of %s\n      on: %s\n"
                    "      run: [systemctl, stop, \"actions.runner.*\"]\n"
                    "      undo: [systemctl, start, --all, \"actions.runner.*\"]\n"
                    "      check: [sh, -c, \"! systemctl is-active --quiet 'actions.runner.*'\"]\n",
                    fleet->hosts[target].name, fleet->hosts[target].name);
    return true;
}
