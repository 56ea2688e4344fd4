/* What a run comes to, in three sentences: what was done, what came of it, what that means. */
#include "run_internal.h"

#include "reports/text/text.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const char *of_stage(const struct run *run, const char *key, enum run_quantile q,
                            char out[TEXT_VALUE])
{
    int i;
    for (i = 0; i < run->n_stages; i++)
        if (strcmp(run->stage[i].key, key) == 0 && isfinite(run->stage[i].quantile[q]))
            return text_time(out, run->stage[i].quantile[q]);
    return NULL;
}

static const char *first(const char *one, const char *other)
{
    return one && one[0] ? one : other && other[0] ? other : "";
}

/* ", on DATE, by WHO": as far as either is known. */
static void circumstances(const struct run *run, char *out, size_t size)
{
    const char *at = first(run_text(run->json, "date"), run->source.at);
    const char *who = first(run_text(run->json, "who"), run->source.who);
    snprintf(out, size, "%s%.60s%s%.320s", at[0] ? " on " : "", at, who[0] ? " by " : "", who);
}

/* ---- drills ---- */

static void say_claims_measured(const struct run *run, char *out, size_t size)
{
    int i, claims = 0, met = 0;
    size_t end = 0;
    char documented[TEXT_VALUE], measured[TEXT_VALUE], missed[RUN_SENTENCE / 2] = "";
    for (i = 0; i < run->n_stages; i++) {
        const struct run_stage *stage = &run->stage[i];
        if (!isfinite(stage->documented_ms) || !isfinite(stage->value_ms))
            continue;
        claims++;
        if (stage->value_ms <= stage->documented_ms)
            met++;
        else if (end < sizeof missed)
            end +=
                (size_t)snprintf(missed + end, sizeof missed - end, "%s%.60s %s instead of %s",
                                 end ? ", " : "", stage->name, text_time(measured, stage->value_ms),
                                 text_time(documented, stage->documented_ms));
    }
    if (claims == 0)
        snprintf(out, size, "No documented time was measured");
    else
        snprintf(out, size, "Of %d documented times that were measured, %d %s kept%s%s", claims,
                 met, met == 1 ? "was" : "were", missed[0] ? "; not kept: " : "", missed);
}

static void say_drill(struct run *run)
{
    char how[500], claims[RUN_SENTENCE * 3 / 4];
    const char *mode = run_text(run->json, "mode_says");
    circumstances(run, how, sizeof how);
    snprintf(run->sentence[0], RUN_SENTENCE, "A drill was carried out%s%s%s.", how,
             mode[0] ? ": " : "", mode);
    snprintf(run->sentence[1], RUN_SENTENCE, "%s", run_text(run->json, "verdict"));
    say_claims_measured(run, claims, sizeof claims);
    snprintf(run->sentence[2], RUN_SENTENCE, "%s; %s.", claims,
             !json_is_true(json_object_get(run->json, "injected")) ? "nothing was injected"
             : json_is_true(json_object_get(run->json, "undone"))
                 ? "all that was done has been undone"
                 : "NOT everything could be undone: what is left is listed below");
}

static void say_rehearsal(struct run *run)
{
    static const char *const told[][2] = {
        {"detection_ms", "detection"}, {"failover_ms", "failover"}, {"rto_ms", "service restored"}};
    const json_t *prediction = json_object_get(run->json, "prediction");
    char how[500], middle[TEXT_VALUE], most[TEXT_VALUE];
    size_t i, end = 0;
    circumstances(run, how, sizeof how);
    snprintf(run->sentence[0], RUN_SENTENCE,
             "The drill was rehearsed %.0f times with seed %.0f%s: nothing real was touched.",
             run_number(prediction, "replications"), run_number(prediction, "seed"), how);
    end = (size_t)snprintf(run->sentence[1], RUN_SENTENCE, "Foretold, as median and most (99.5%%)");
    for (i = 0; i < sizeof told / sizeof *told; i++) {
        const char *half = of_stage(run, told[i][0], RUN_P50, middle);
        const char *high = of_stage(run, told[i][0], RUN_MOST, most);
        end += (size_t)snprintf(run->sentence[1] + end, RUN_SENTENCE - end, "%s %s after %s and %s",
                                i ? "," : ":", told[i][1], half ? half : "-", high ? high : "-");
    }
    snprintf(run->sentence[1] + end, RUN_SENTENCE - end, ".");
    snprintf(run->sentence[2], RUN_SENTENCE,
             "%.0f more were refused by a precondition and %.0f ended otherwise.",
             fmax(0, run_number(prediction, "refused")),
             fmax(0, run_number(prediction, "otherwise")));
}

/* ---- simulations ---- */

static int count_claims(const struct run *run, const char *status)
{
    int i, n = 0;
    for (i = 0; i < run->n_claims; i++)
        n += strcmp(run->claim[i].status, status) == 0;
    return n;
}

static void say_expectations(const struct run *run, char *out, size_t size)
{
    const json_t *verdicts = json_object_get(run->json, "verdicts"), *one;
    size_t i, held = 0, n = json_array_size(verdicts);
    json_array_foreach ((json_t *)verdicts, i, one)
        held += json_is_true(json_object_get(one, "pass"));
    if (n == 0)
        snprintf(out, size, "nothing is expected of it");
    else
        snprintf(out, size, "%zu of %zu expectation%s held", held, n, n == 1 ? "" : "s");
}

static void say_simulation(struct run *run)
{
    char how[500], held[80], half[TEXT_VALUE], most[TEXT_VALUE], rto[TEXT_VALUE];
    const char *detected = of_stage(run, "detection_ms", RUN_P50, half);
    const char *late = of_stage(run, "detection_ms", RUN_P95, most);
    const char *restored = of_stage(run, "rto_ms", RUN_P50, rto);
    int others = count_claims(run, "not-shown") + count_claims(run, "not-decided") +
                 count_claims(run, "no-case");
    const int claims = run->n_claims - count_claims(run, "not-applicable");
    circumstances(run, how, sizeof how);
    say_expectations(run, held, sizeof held);
    snprintf(run->sentence[0], RUN_SENTENCE,
             "This was simulated %.0f times with seed %.0f%s: nothing real was touched.",
             run_number(run->json, "replications"), run_number(run->json, "seed"), how);
    if (claims == 0)
        snprintf(run->sentence[1], RUN_SENTENCE, "The documents claim nothing of it, and %s.",
                 held);
    else
        snprintf(run->sentence[1], RUN_SENTENCE,
                 "Of %d documented claims %d %s met, %d not met, %d impossible and %d not decided, "
                 "and %s.",
                 claims, count_claims(run, "met"), count_claims(run, "met") == 1 ? "is" : "are",
                 count_claims(run, "not-met"), count_claims(run, "impossible"), others, held);
    if (detected)
        snprintf(run->sentence[2], RUN_SENTENCE,
                 "Half of the faults were detected within %s and 95%% within %s%s%s%s.", detected,
                 late ? late : "-",
                 restored ? ", and half of the jobs that were held up first started within " : "",
                 restored ? restored : "", restored ? " of the fault" : "");
    else
        snprintf(run->sentence[2], RUN_SENTENCE, "No fault was there to be detected.");
}

/* ---- incidents ---- */

static void say_incident(struct run *run)
{
    const bool open = json_is_true(json_object_get(run->json, "open"));
    const bool dismissed = json_is_true(json_object_get(run->json, "dismissed"));
    size_t end;
    int i;
    snprintf(run->sentence[0], RUN_SENTENCE, "Seen live: %.150s was in trouble from %.40s%s%.40s.",
             run_text(run->json, "host"), run_text(run->json, "began"),
             open ? " on, and is still" : " to ",
             open ? "" : first(run_text(run->json, "full"), "its end"));
    end = (size_t)snprintf(run->sentence[1], RUN_SENTENCE, "Measured by the monitor");
    for (i = 0; i < run->n_stages && end < RUN_SENTENCE; i++)
        end += (size_t)snprintf(run->sentence[1] + end, RUN_SENTENCE - end, "%s %.60s %.40s",
                                i ? "," : ":", run->stage[i].name, run->stage[i].measured);
    if (end < RUN_SENTENCE)
        snprintf(run->sentence[1] + end, RUN_SENTENCE - end, "%s.",
                 run->n_stages ? "" : " nothing: no stage was reached");
    snprintf(run->sentence[2], RUN_SENTENCE, "%s",
             dismissed ? "It was dismissed as a false alarm."
             : json_is_true(json_object_get(run->json, "expected"))
                 ? "It fell into a downtime that had been announced."
             : open ? "Full capacity has not been seen again."
                    : "Full capacity came back.");
}

static void say_approval(struct run *run)
{
    const json_t *approved = json_object_get(run->json, "approved");
    const char *by = run_text(approved, "by"), *how = run_text(approved, "how");
    if (approved)
        snprintf(run->approved, sizeof run->approved, "%.320s%s%.300s", by[0] ? by : "unknown",
                 how[0] ? ", " : "", how);
    else
        snprintf(run->approved, sizeof run->approved, "%s",
                 run->kind != RUN_DRILL ? "Nothing was changed, so nobody was asked."
                 : json_is_true(json_object_get(run->json, "injected"))
                     ? "Not recorded: it was kept by an older version."
                     : "Nobody: nothing was injected.");
}

static void say_failure(struct run *run)
{
    snprintf(run->sentence[0], RUN_SENTENCE, "It did not run.");
    snprintf(run->sentence[1], RUN_SENTENCE, "%s", run_text(run->json, "error"));
    snprintf(run->sentence[2], RUN_SENTENCE, "So nothing is known of it.");
}

void run_say(struct run *run)
{
    char clean[RUN_SENTENCE];
    int i;
    if (json_object_get(run->json, "error"))
        say_failure(run);
    else if (run->kind == RUN_DRILL)
        say_drill(run);
    else if (run->kind == RUN_REHEARSAL)
        say_rehearsal(run);
    else if (run->kind == RUN_SIM)
        say_simulation(run);
    else
        say_incident(run);
    say_approval(run);
    for (i = 0; i < 3; i++) {
        text_clean(clean, sizeof clean, run->sentence[i]);
        memcpy(run->sentence[i], clean, sizeof clean);
    }
}

void run_action(const json_t *action, char what[RUN_CELL], char became[RUN_CELL])
{
    const char *on = run_text(action, "on");
    double from = run_number(action, "intended_at_ms"), to = run_number(action, "undone_at_ms");
    char lasted[TEXT_VALUE];
    snprintf(what, RUN_CELL, "%.130s%s%.50s", run_text(action, "name"), on[0] ? " on " : "", on);
    if (isfinite(from) && isfinite(to))
        snprintf(became, RUN_CELL, "%.40s after %s", run_text(action, "state"),
                 text_time(lasted, to - from));
    else
        snprintf(became, RUN_CELL, "%.40s", run_text(action, "state"));
}

const char *run_nothing_injected(const struct run *run)
{
    return run->kind == RUN_DRILL      ? "Nothing was injected, so nothing had to be undone."
           : run->kind == RUN_INCIDENT ? "Nothing: it came by itself."
                                       : "Nothing real: faults of the model only.";
}
