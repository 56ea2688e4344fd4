/* The plan of a drill for a change ticket: what drill_plan.c prints, as JSON. */
#include "drill.h"
#include "drill_internal.h"

#include "model/base/units.h"
#include "reports/text/text.h"

#include <math.h>
#include <stdlib.h>

/* The owned line that one would type. */
static char *line_of(const struct live *live, const char *on, const struct live_argv *argv)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    drill_command_line(out, live, on, argv);
    fclose(out);
    return text;
}

static void set_line(json_t *to, const char *key, const struct scenario *scenario,
                     const struct drill_action *action, const struct live_argv *argv)
{
    char *text = argv->n > 0 ? line_of(&scenario->fleet.live, action->on, argv) : NULL;
    if (text)
        json_object_set_new(to, key, json_string(text));
    free(text);
}

static json_t *actions(const struct scenario *scenario)
{
    static const char *const leases[] = {
        [DRILL_LEASE_SYSTEMD] = "systemd",
        [DRILL_LEASE_GUARD] = "guard",
        [DRILL_LEASE_COMMAND] = "command",
        [DRILL_LEASE_NONE] = "none",
    };
    json_t *list = json_array();
    int i;
    for (i = 0; i < scenario->drill.n_inject; i++) {
        const struct drill_action *action = &scenario->drill.inject[i];
        char clean[sizeof action->name];
        json_t *one;
        text_clean(clean, sizeof clean, action->name);
        one = json_pack("{s:s, s:s, s:s}", "name", clean, "on", action->on, "lease",
                        leases[action->lease]);
        set_line(one, "do", scenario, action, &action->run);
        set_line(one, "undo", scenario, action, &action->undo);
        set_line(one, "check", scenario, action, &action->check);
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *hosts(const struct fleet *fleet, uint64_t hit)
{
    json_t *list = json_array();
    int i;
    for (i = 0; i < fleet->n_hosts; i++) {
        const struct host *host = &fleet->hosts[i];
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:i, s:s, s:s, s:b}", "name", host->name,
                                        "tier", host->tier == TIER_PRIMARY ? "primary" : "backup",
                                        "slots", host->slots, "registrations", host->registrations,
                                        "probe", host->probe, "hit", (int)(hit >> i & 1)));
    }
    return list;
}

static json_t *number(double value)
{
    return isnan(value) ? json_null() : json_real(value);
}

static json_t *expected(const struct drill_page *page)
{
    struct drill_row rows[MEASURE_COUNT];
    int i, n = drill_rows(page, rows);
    json_t *list = json_array();
    for (i = 0; i < n; i++) {
        json_t *one = json_pack("{s:s, s:s, s:s}", "stage", rows[i].name, "predicted",
                                rows[i].predicted, "documented", rows[i].documented);
        if (page->prediction)
            json_object_update_new(
                one,
                json_pack("{s:o, s:I, s:I}", "p50_ms",
                          number(prediction_quantile(page->prediction, rows[i].kind, 0.5)), "n",
                          (json_int_t)page->prediction->measure[rows[i].kind].n, "censored",
                          (json_int_t)page->prediction->measure[rows[i].kind].n_censored));
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *warnings(const struct drill_page *page)
{
    json_t *list = json_array();
    char warning[512];
    int i;
    for (i = 0; drill_warning(page, i, warning, sizeof warning); i++)
        json_array_append_new(list, json_string(warning));
    return list;
}

json_t *drill_plan_json(const struct drill_page *page)
{
    const struct scenario *scenario = page->scenario;
    const struct drill *drill = &scenario->drill;
    struct drill_track track;
    drill_track_init(&track, scenario, 0, 0);
    return json_pack(
        "{s:i, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:{s:s, s:I, s:I, s:I, s:I, s:I}}",
        "version", 1, "kind", "understudy drill plan", "scenario", scenario->name, "about",
        scenario->about, "mode", drill_mode_name(page), "hosts",
        hosts(&scenario->fleet, track.hosts), "actions", actions(scenario), "expected",
        expected(page), "warnings", warnings(page), "course", "undone_after",
        mark_name(drill->revert_after), "hold_ms", (json_int_t)drill->hold_ms, "at_the_latest_ms",
        (json_int_t)drill->observe_ms, "recovery_ms", (json_int_t)drill->recover_ms, "restore_ms",
        (json_int_t)drill->restore_ms, "lease_ms", (json_int_t)drill->lease_ms);
}
