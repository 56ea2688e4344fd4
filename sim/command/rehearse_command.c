#include "rehearse_command.h"

#include "model/base/assert.h"
#include "model/load/loader.h"
#include "reports/drill/drill.h"
#include "reports/store/record.h"
#include "reports/text/text.h"
#include "sim/experiment/scenario_set.h"
#include "sim/rehearsal/rehearsal.h"
#include "version.h"

#include <stdlib.h>

static void show_progress(void *context, int64_t done, int64_t total)
{
    char line[80];
    (void)context;
    snprintf(line, sizeof line, "%lld of %lld rehearsals", (long long)done, (long long)total);
    scenario_set_show_often(line);
}

static void print_json(json_t *json_taken)
{
    json_dumpf(json_taken, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
    putchar('\n');
    json_decref(json_taken);
}

static void print(const struct drill_wish *wish, const struct drill_page *page)
{
    if (wish->json)
        print_json(drill_json(page));
    else
        drill_print_text(stdout, page);
}

static enum und_code rehearse(const struct drill_wish *wish, const struct scenario *scenario,
                              struct und_err *err)
{
    struct rehearsal rehearsal = {
        .seed = wish->seed,
        .replications = wish->replications,
        .observe = wish->observe,
        .threads = wish->threads,
        .progress = !wish->quiet && scenario_set_shows_progress() ? show_progress : NULL,
    };
    struct prediction prediction;
    struct drill_page page = {.scenario = scenario,
                              .report = NULL,
                              .prediction = &prediction,
                              .version = UND_VERSION,
                              .sets = wish->sets,
                              .n_sets = wish->n_sets};
    if (rehearsal.replications == 0)
        rehearsal.replications = REHEARSAL_REPLICATIONS;
    rehearsal_run(scenario, &rehearsal, &prediction, err);
    if (rehearsal.progress)
        fputs("\r\033[K", stderr);
    if (err->code != UND_OK)
        return err->code;
    print(wish, &page);
    if (wish->prediction)
        prediction_save(&prediction, wish->prediction, err);
    record_drill(store_path(wish->store), &page, wish->sets, wish->n_sets, err);
    prediction_fini(&prediction);
    return err->code;
}

static enum und_code plan(const struct drill_wish *wish, const struct scenario *scenario,
                          struct und_err *err)
{
    struct prediction prediction = {0};
    struct und_err plots = {0};
    char date[TEXT_VALUE];
    struct drill_page page = {.scenario = scenario,
                              .version = UND_VERSION,
                              .date = text_date(date),
                              .mode = !scenario->fleet.live.allow_actions ? DRILL_MODE_WATCH
                                      : wish->observe                     ? DRILL_MODE_OBSERVE
                                                                          : DRILL_MODE_ACT};
    if (!scenario->drill.present)
        return und_fail(err, UND_USAGE, "%s: drill: missing, want one (see `understudy schema`)",
                        scenario->path);
    if (wish->prediction) {
        if (prediction_load(&prediction, wish->prediction, err) != UND_OK)
            return err->code;
        prediction_fits(&prediction, wish->prediction, scenario, wish->observe, err);
        page.prediction = &prediction;
    }
    if (err->code == UND_OK && wish->json)
        print_json(drill_plan_json(&page));
    else if (err->code == UND_OK && wish->format == DRILL_HTML)
        drill_plan_html(stdout, &page, &plots);
    else if (err->code == UND_OK)
        drill_print_plan(stdout, &page);
    if (plots.code != UND_OK)
        fprintf(stderr, "understudy: no plots: %s\n", plots.text);
    prediction_fini(&prediction);
    return err->code;
}

enum und_code rehearse_command(const struct drill_wish *wish, struct und_err *err)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);
    UND_ASSERT(scenario != NULL);
    if (scenario_load(scenario, wish->path, wish->sets, wish->n_sets, err) == UND_OK) {
        if (wish->plan)
            plan(wish, scenario, err);
        else
            rehearse(wish, scenario, err);
        scenario_fini(scenario);
    }
    free(scenario);
    return err->code;
}
