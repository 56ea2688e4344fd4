#include "delay_report.h"

#include "model/base/units.h"

#include <math.h>
#include <string.h>

#define CLOCK_TEXT 48

/* "8:07.5", "1:02:03.0", "never" */
static const char *clock_text(double ms, char text[CLOCK_TEXT])
{
    long long tenths = llround(ms / 100);
    if (!isfinite(ms))
        strcpy(text, isnan(ms) ? "-" : "never");
    else if (tenths >= 36000)
        snprintf(text, CLOCK_TEXT, "%lld:%02lld:%02lld.%lld", tenths / 36000, tenths / 600 % 60,
                 tenths / 10 % 60, tenths % 10);
    else
        snprintf(text, CLOCK_TEXT, "%lld:%02lld.%lld", tenths / 600, tenths / 10 % 60, tenths % 10);
    return text;
}

static void print_quantities(FILE *out, const char *name, const struct delay_quantities *q)
{
    const double values[] = {q->min, q->p5, q->p50, q->mean, q->p95, q->p99, q->max};
    char text[CLOCK_TEXT];
    fprintf(out, "    %-20s", name);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        fprintf(out, " %9s", clock_text(values[i], text));
}

static void print_stage(FILE *out, const struct delay_report_stage *stage, double claim_ms)
{
    char name[40];
    if (stage->never >= 1) {
        fprintf(out, "    %-20s  never\n", stage->name);
        return;
    }
    if (stage->only_simulated) {
        print_quantities(out, stage->name, &stage->simulated);
        if (!isnan(claim_ms))
            fprintf(out, "  %5.1f%%", 100 * stage->met);
        fputs(
            stage->no_form
                ? "  simulated: no closed form\n"
                : "  simulated: other alerts of the fault are in its group, or mute it, or a time "
                  "interval does\n",
            out);
        if (stage->never > 0)
            fprintf(out, "    never in %.1f%% of phases\n", 100 * stage->never);
        return;
    }
    print_quantities(out, stage->name, &stage->exact);
    if (!isnan(claim_ms))
        fprintf(out, "  %5.1f%%", 100 * stage->met);
    fprintf(out, "\n");
    snprintf(name, sizeof name, "  simulated");
    print_quantities(out, name, &stage->simulated);
    fprintf(out, "%s  distance %.4f, limit %.4f\n", isnan(claim_ms) ? "" : "        ",
            stage->distance, stage->limit);
    if (stage->never > 0)
        fprintf(out, "    never in %.1f%% of phases\n", 100 * stage->never);
}

/* After the fault; the second host only where it shares the group. */
static void print_ends(FILE *out, const struct delay_report_rule *entry,
                       const struct delay_report_case *one)
{
    static const char *const names[DELAY_REPORT_ENDS] = {"end to resolved", "end to told resolved",
                                                         "2nd host to webhook"};
    const struct delay_report_stage *webhook = &one->stages[DELAY_REPORT_STAGES - 1];
    const struct delay_report_stage *second = &one->ends[DELAY_REPORT_ENDS - 1];
    char later[CLOCK_TEXT];
    for (int i = 0; i < (entry->second ? DELAY_REPORT_ENDS : DELAY_REPORT_ENDS - 1); i++) {
        const struct delay_report_stage *stage = &one->ends[i];
        if (stage->never >= 1) {
            fprintf(out, "    %-20s  never\n", names[i]);
            continue;
        }
        print_quantities(out, names[i], &stage->simulated);
        fputs("  simulated\n", out);
    }
    if (entry->second && second->never < 1 && webhook->never < 1)
        fprintf(out,
                "    grouping: a second host (%s) is told %s later than the first, on average\n",
                entry->second,
                clock_text(fmax(second->simulated.mean - webhook->simulated.mean, 0), later));
}

static void print_rule(FILE *out, const struct delay_report_rule *entry, double claim_ms)
{
    const struct rule *rule = entry->rule;
    char hold[UNITS_TEXT];
    fprintf(out, "%s, for %s (%s)\n", rule->name, units_format_duration(rule->for_ms, hold),
            entry->host);
    if (entry->n == 0)
        fputs("  no fault of a host makes it true\n", out);
    for (int i = 0; i < entry->n; i++) {
        fprintf(out, "  %s\n", entry->cases[i].fault);
        for (int j = 0; j < DELAY_REPORT_STAGES; j++)
            print_stage(out, &entry->cases[i].stages[j], claim_ms);
        print_ends(out, entry, &entry->cases[i]);
    }
    if (entry->advice[0])
        fprintf(out, "  %s\n", entry->advice);
    putc('\n', out);
}

void delay_report_print(FILE *out, const struct delay_report *report)
{
    char text[CLOCK_TEXT];
    fprintf(out,
            "From a fault to the alert, and from its end, over all phases: exact, and %lld "
            "simulations of each\n",
            (long long)report->simulations);
    if (!isnan(report->claim_ms))
        fprintf(out, "claim: %s (%s); the last column is the share that meets it\n",
                clock_text(report->claim_ms, text), report->claim_of);
    fprintf(out, "    %-20s %9s %9s %9s %9s %9s %9s %9s%s\n\n", "", "min", "p5", "p50", "mean",
            "p95", "p99", "max", isnan(report->claim_ms) ? "" : "  claim");
    for (int i = 0; i < report->n; i++)
        print_rule(out, &report->rules[i], report->claim_ms);
}

/* --- JSON ------------------------------------------------------------------------------------ */

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *quantities_json(const struct delay_quantities *q)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "min", number(q->min), "p5",
                     number(q->p5), "p50", number(q->p50), "mean", number(q->mean), "p95",
                     number(q->p95), "p99", number(q->p99), "max", number(q->max));
}

static void add_stage(json_t *json, const struct delay_report_stage *stage)
{
    char key[32];
    snprintf(key, sizeof key, "%s_ms", stage->name);
    json_object_set_new(
        json, key,
        json_pack("{s:b, s:o, s:o, s:f, s:o, s:o, s:o}", "only_simulated", stage->only_simulated,
                  "exact", stage->only_simulated ? json_null() : quantities_json(&stage->exact),
                  "simulated", quantities_json(&stage->simulated), "never", stage->never,
                  "distance", number(stage->distance), "distance_limit", number(stage->limit),
                  "meets_claim", number(stage->met)));
}

static json_t *case_json(const struct delay_report_case *entry)
{
    json_t *json = json_pack("{s:s}", "fault", entry->fault);
    for (int i = 0; i < DELAY_REPORT_STAGES; i++)
        add_stage(json, &entry->stages[i]);
    for (int i = 0; i < DELAY_REPORT_ENDS; i++)
        add_stage(json, &entry->ends[i]);
    return json;
}

json_t *delay_report_json(const struct delay_report *report)
{
    json_t *rules = json_array();
    for (int i = 0; i < report->n; i++) {
        const struct delay_report_rule *entry = &report->rules[i];
        json_t *cases = json_array();
        for (int j = 0; j < entry->n; j++)
            json_array_append_new(cases, case_json(&entry->cases[j]));
        json_array_append_new(rules,
                              json_pack("{s:s, s:s, s:o, s:s}", "alert", entry->rule->name, "host",
                                        entry->host, "faults", cases, "advice", entry->advice));
    }
    return json_pack("{s:i, s:o, s:I, s:o}", "version", 1, "claim_ms", number(report->claim_ms),
                     "simulations", (json_int_t)report->simulations, "rules", rules);
}
