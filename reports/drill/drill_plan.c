/* What a drill would do, before it does anything. */
#include "drill_internal.h"

#include "model/base/units.h"
#include "reports/text/text.h"

#include <string.h>

static void print_clean(FILE *out, const char *text)
{
    char clean[1024];
    text_clean(clean, sizeof clean, text);
    fputs(clean, out);
}

void drill_command_line(FILE *out, const struct live *live, const char *on,
                        const struct live_argv *argv)
{
    int place, i;
    for (place = 0; place < live->n_places; place++)
        if (*on && strcmp(live->places[place].name, on) == 0)
            for (i = 0; i < live->places[place].via.n; i++) {
                text_shell(out, live->places[place].via.arg[i]);
                fputc(' ', out);
            }
    for (i = 0; i < argv->n; i++) {
        text_shell(out, argv->arg[i]);
        if (i + 1 < argv->n)
            fputc(' ', out);
    }
}

static void print_line(FILE *out, const struct scenario *scenario,
                       const struct drill_action *action, const struct live_argv *argv)
{
    drill_command_line(out, &scenario->fleet.live, action->on, argv);
    fputc('\n', out);
}

static void print_action(FILE *out, const struct scenario *scenario, int number)
{
    const struct drill_action *action = &scenario->drill.inject[number];
    const char *const leases[] = {
        [DRILL_LEASE_SYSTEMD] = "a systemd timer there undoes it",
        [DRILL_LEASE_GUARD] = "a detached shell there undoes it",
        [DRILL_LEASE_COMMAND] = "the command ends by itself",
        [DRILL_LEASE_NONE] = "nothing undoes it by itself",
    };
    char lease[UNITS_TEXT];
    fprintf(out, "  %d. ", number + 1);
    print_clean(out, action->name);
    fprintf(out, ", %s%s\n", *action->on ? "on " : "here", action->on);
    fputs("     do     ", out);
    print_line(out, scenario, action, &action->run);
    if (action->undo.n > 0) {
        fputs("     undo   ", out);
        print_line(out, scenario, action, &action->undo);
    }
    if (action->check.n > 0) {
        fputs("     check  ", out);
        print_line(out, scenario, action, &action->check);
    }
    if (action->undo.n > 0)
        fprintf(out, "     lease  after %s %s\n",
                units_format_duration(scenario->drill.lease_ms, lease), leases[action->lease]);
}

static void print_hosts(FILE *out, const struct fleet *fleet, uint64_t hit)
{
    int i;
    fputs("\nHosts\n", out);
    for (i = 0; i < fleet->n_hosts; i++) {
        const struct host *host = &fleet->hosts[i];
        fprintf(out, "  %-28s %s, %d registrations %s, probe %s%s\n", host->name,
                host->tier == TIER_PRIMARY ? "primary" : "backup", host->slots,
                *host->registrations ? host->registrations : "(no name pattern)",
                *host->probe ? host->probe : "(none)", hit >> i & 1 ? "; is hit" : "");
    }
}

static void print_before(FILE *out, const struct scenario *scenario)
{
    const struct drill *drill = &scenario->drill;
    char text[UNITS_TEXT];
    fputs("\nBefore anything is done\n", out);
    if (drill->preconditions.hosts_online)
        fputs("  every registration is online and in the rotation, every probe answers\n", out);
    if (drill->preconditions.monitoring)
        fputs("  monitoring is healthy\n", out);
    if (drill->preconditions.no_alerts)
        fputs("  no alert is pending or firing\n", out);
    fprintf(out, "  hosts that take over: CPU < %.0f%%, memory < %.0f%%, disk < %.0f%%\n",
            100 * drill->preconditions.cpu, 100 * drill->preconditions.memory,
            100 * drill->preconditions.disk);
    if (drill->preconditions.has_window)
        fprintf(out, "  between %02d:%02d and %02d:%02d, on permitted days\n",
                drill->preconditions.window.from_min / 60,
                drill->preconditions.window.from_min % 60, drill->preconditions.window.to_min / 60,
                drill->preconditions.window.to_min % 60);
    if (scenario->fleet.live.n_protected_workflows > 0)
        fputs("  no protected workflow runs\n", out);
    if (drill->preconditions.wait_ms > 0)
        fprintf(out, "  is waited for up to %s, then refused\n",
                units_format_duration(drill->preconditions.wait_ms, text));
    fprintf(out, "  then your consent, then %s of watching with nothing injected\n",
            units_format_duration(drill_baseline_ms(&scenario->fleet), text));
}

static void print_during(FILE *out, const struct drill *drill)
{
    char latest[UNITS_TEXT], hold[UNITS_TEXT], recover[UNITS_TEXT];
    units_format_duration(drill->observe_ms, latest);
    units_format_duration(drill->hold_ms, hold);
    units_format_duration(drill->recover_ms, recover);
    fputs("\nThen\n", out);
    if (drill->revert_after == MARK_NONE)
        fprintf(out, "  everything is undone %s after the injection\n", latest);
    else
        fprintf(out, "  everything is undone %s after '%s', or %s after the injection\n", hold,
                mark_name(drill->revert_after), latest);
    fprintf(out, "  the steady state has to be back within %s\n", recover);
    fputs("  it is stopped and undone at once by the emergency stop, a signal,", out);
    if (drill->stop_when.others_offline)
        fputs(" a host that is not part of it going offline,", out);
    if (drill->stop_when.queue > 0)
        fprintf(out, " more than %d jobs waiting,", drill->stop_when.queue);
    fprintf(out,
            "\n  or CPU of %.0f%%, memory of %.0f%%, disk of %.0f%% on a host that takes over\n",
            100 * drill->stop_when.cpu, 100 * drill->stop_when.memory, 100 * drill->stop_when.disk);
}

static void print_expected(FILE *out, const struct drill_page *page)
{
    struct drill_row rows[MEASURE_COUNT];
    int i, n = drill_rows(page, rows), width = 32;
    char warning[512];
    fputs("\nExpected, from the fault on\n", out);
    for (i = 0; i < n; i++)
        if ((int)strlen(rows[i].predicted) > width)
            width = (int)strlen(rows[i].predicted);
    for (i = 0; i < n; i++)
        fprintf(out, "  %-24s %-*s documented %s\n", rows[i].name, width, rows[i].predicted,
                rows[i].documented);
    for (i = 0; drill_warning(page, i, warning, sizeof warning); i++) {
        fputs("  warning: ", out);
        print_clean(out, warning);
        fputc('\n', out);
    }
    if (!page->prediction)
        fputs("  no prediction yet: rehearse it with --rehearse --prediction FILE\n", out);
}

void drill_print_plan(FILE *out, const struct drill_page *page)
{
    const struct scenario *scenario = page->scenario;
    struct drill_track track;
    int i;
    drill_track_init(&track, scenario, 0, 0);
    fprintf(out, "Plan of the drill %s%s", scenario->name, scenario->about[0] ? ": " : "");
    print_clean(out, scenario->about);
    fprintf(out, "\nMode: %s, %s\n", drill_mode_name(page), drill_mode_words(page));
    print_hosts(out, &scenario->fleet, track.hosts);
    print_before(out, scenario);
    fputs("\nInjected, in this order; undone in the opposite one\n", out);
    for (i = 0; i < scenario->drill.n_inject; i++)
        print_action(out, scenario, i);
    if (track.maintenance)
        fputs("  maintenance of the host is asked for: the policy drains it\n", out);
    print_during(out, &scenario->drill);
    print_expected(out, page);
}
