/* ALERTS_FOR_STATE of the rules on series: what a restart of the server leaves of their alerts. */
#include "rule_engine_internal.h"

#include "model/base/assert.h"

#include <stdlib.h>

static struct kept_state *kept_of(struct engine_rule *rule, const struct labels *labels)
{
    for (int i = 0; i < rule->n_kept; i++) {
        if (rule->kept[i].labels == labels)
            return &rule->kept[i];
    }
    return NULL;
}

static struct kept_state *add_kept(struct engine_rule *rule, const struct labels *labels)
{
    rule->kept = realloc(rule->kept, ((size_t)rule->n_kept + 1) * sizeof *rule->kept);
    UND_ASSERT(rule->kept != NULL);
    rule->kept[rule->n_kept].labels = labels;
    return &rule->kept[rule->n_kept++];
}

/* What the running process has written and writes no more is stale. */
void engine_keep_state(struct engine_rule *rule, int64_t t_ms)
{
    int n = 0;
    if (rule->eval.unrestored || (rule->eval.n_alerts == 0 && rule->n_kept == 0))
        return;
    for (int i = 0; i < rule->eval.n_alerts; i++) {
        const struct active_alert *alert = &rule->eval.alerts[i];
        struct kept_state *kept;
        if (alert->standing == STANDING_INACTIVE)
            continue;
        kept = kept_of(rule, alert->labels);
        if (!kept)
            kept = add_kept(rule, alert->labels);
        kept->stored = (struct alert_stored){t_ms, alert->active_ms};
        kept->written = true;
    }
    for (int i = 0; i < rule->n_kept; i++) {
        if (!rule->kept[i].written || rule->kept[i].stored.at_ms == t_ms)
            rule->kept[n++] = rule->kept[i];
    }
    rule->n_kept = n;
}

void rule_engine_restore(struct rule_engine *engine, int index, int64_t now_ms)
{
    struct engine_rule *rule = &engine->rules[index];
    rule->eval.unrestored = false;
    for (int i = 0; i < rule->eval.n_alerts; i++) {
        struct active_alert *alert = &rule->eval.alerts[i];
        const struct kept_state *kept = kept_of(rule, alert->labels);
        int64_t active_ms = kept ? alert_restored_ms(rule->eval.for_ms, &kept->stored,
                                                     now_ms - rule->from->offset_ms)
                                 : -1;
        if (active_ms >= 0)
            alert->active_ms = active_ms;
    }
}
