/*
 * The story of one replication. Everything sits on a grid of pixels counted from the top left
 * corner, which gnuplot is given as screen fractions: so the bands, the panels and the marks share
 * one time axis exactly, and labels can be laid out without overlap before gnuplot runs.
 */
#include "plot_script.h"

#include "model/base/assert.h"
#include "model/policy/policy_names.h"
#include "reports/text/text.h"

#include <math.h>
#include <string.h>

#define LEFT 172
#define RIGHT 770
#define KEY 785
#define MARGIN 12
#define LEVEL 16         /* a row of mark labels */
#define BAND 22          /* a host */
#define GAP 16           /* between panels */
#define AXIS 58          /* tics and title below */
#define CHAR_PX 7.3      /* of a label, generously */
#define TITLE_TAG "9999" /* beyond the tags that gnuplot gives by itself */
#define HOSTS_SHOWN 12
#define NAME_BYTES 25 /* of a host: what fits into the left margin */
#define SEGMENTS 400
#define OTHER_FAULTS 4         /* marked beside the first */
#define PHASE_GONE PHASE_COUNT /* no slot of it is online: it serves nobody */
#define RESOLUTION 1500        /* curve steps that can be told apart across the picture */

struct label {
    double at_s;
    int level;
    enum mark mark;
    char text[56];
};

struct strip {
    FILE *script;
    const struct timeline *timeline;
    const struct fleet *fleet;
    double from_s, to_s, zero_s; /* zero: the fault, where the axis counts from */
    bool fault;
    struct label labels[MARK_COUNT + OTHER_FAULTS];
    int n_labels, levels, n_hosts;
    bool shown[PHASE_COUNT + 1]; /* phases in the picture, for the legend */
    int height, y;               /* px; y: top of what is drawn next */
};

enum curve { CURVE_ADMITTED, CURVE_BUSY, CURVE_QUEUE, CURVE_PENDING, CURVE_FIRING, CURVE_COUNT };

static const char *const curve_names[CURVE_COUNT] = {"admitted", "busy", "waiting", "pending",
                                                     "firing"};

/* Does it follow from this fault, or concern one of its hosts? Another host's alert does not. */
static bool follows(const struct timeline *timeline, size_t entry, size_t fault)
{
    int at = (int)entry, steps;
    if (timeline->entry[entry].host >= 0 &&
        timeline->entry[entry].host == timeline->entry[fault].host)
        return true;
    for (steps = 0; at >= 0 && steps < MARK_COUNT; steps++, at = timeline->entry[at].cause)
        if (at == (int)fault)
            return true;
    return timeline->entry[entry].mark == MARK_FIRST_JOB && timeline->entry[entry].host >= 0;
}

/* The first occurrence of every mark of the first fault; returns the fault's index or n. */
static size_t first_marks(const struct timeline *timeline, size_t first[MARK_COUNT])
{
    size_t i, fault = timeline->n;
    int mark;
    for (mark = 0; mark < MARK_COUNT; mark++)
        first[mark] = timeline->n;
    for (i = 0; i < timeline->n; i++) {
        mark = (int)timeline->entry[i].mark;
        if (mark == MARK_FAULT && fault == timeline->n)
            fault = i;
        if (mark == MARK_NONE || fault == timeline->n || first[mark] < timeline->n ||
            !follows(timeline, i, fault))
            continue;
        first[mark] = i;
        if (mark == MARK_FULL)
            break; /* the first incident is over */
    }
    return fault;
}

static double seconds(int64_t ms)
{
    return (double)ms / 1000;
}

static void choose_window(struct strip *strip)
{
    const struct timeline *timeline = strip->timeline;
    size_t first[MARK_COUNT], fault = first_marks(timeline, first);
    double begin = seconds(timeline->point[0].at_ms), end = begin, pad;
    double last = seconds(timeline->point[timeline->n_points - 1].at_ms);
    int mark;
    strip->fault = fault < timeline->n;
    strip->zero_s = strip->fault ? seconds(timeline->entry[fault].at_ms) : begin;
    for (mark = 0; mark < MARK_COUNT; mark++)
        if (first[mark] < timeline->n)
            end = fmax(end, seconds(timeline->entry[first[mark]].at_ms));
    if (!strip->fault)
        end = last;
    pad = fmax(0.07 * (end - strip->zero_s), 30);
    strip->from_s = strip->fault ? fmax(begin, strip->zero_s - pad) : begin;
    strip->to_s = strip->fault ? end + pad : fmax(end, begin + 1);
}

static double x_of(const struct strip *strip, double at_s)
{
    return LEFT + (RIGHT - LEFT) * (at_s - strip->from_s) / (strip->to_s - strip->from_s);
}

static double screen_x(double px)
{
    return px / PLOT_WIDTH;
}

static double screen_y(const struct strip *strip, double px)
{
    return 1 - px / strip->height;
}

/* Labels stand to the right of their lines. The last one gets the lowest level; an earlier one goes
 * above every later one whose line would run through its text, so no line crosses a label. */
static void choose_levels(struct strip *strip)
{
    int i, j;
    strip->levels = 0;
    for (i = strip->n_labels - 1; i >= 0; i--) {
        struct label *label = &strip->labels[i];
        double end = x_of(strip, label->at_s) + 6 + CHAR_PX * text_columns(label->text);
        label->level = 0;
        for (j = i + 1; j < strip->n_labels; j++)
            if (x_of(strip, strip->labels[j].at_s) < end && strip->labels[j].level >= label->level)
                label->level = strip->labels[j].level + 1;
        if (label->level >= strip->levels)
            strip->levels = label->level + 1;
    }
}

static void choose_labels(struct strip *strip)
{
    const struct timeline *timeline = strip->timeline;
    size_t first[MARK_COUNT], i;
    size_t from = first_marks(timeline, first);
    char after[TEXT_VALUE];
    int others = 0;
    for (i = from; i < timeline->n && strip->n_labels < MARK_COUNT + OTHER_FAULTS; i++) {
        const struct timeline_entry *entry = &timeline->entry[i];
        struct label *label = &strip->labels[strip->n_labels];
        bool other = entry->mark == MARK_FAULT && i != from && others < OTHER_FAULTS &&
                     seconds(entry->at_ms) <= strip->to_s;
        if (entry->mark == MARK_NONE || (first[entry->mark] != i && !other))
            continue;
        label->at_s = seconds(entry->at_ms);
        label->mark = entry->mark;
        text_time(after, (double)entry->at_ms - 1000 * strip->zero_s);
        if (other)
            snprintf(label->text, sizeof label->text, "fault %d +%s", ++others + 1, after);
        else if (entry->mark == MARK_FAULT)
            snprintf(label->text, sizeof label->text, "fault (at %s)",
                     text_time(after, (double)entry->at_ms));
        else
            snprintf(label->text, sizeof label->text, "%s%s +%s",
                     entry->mark == MARK_PENDING || entry->mark == MARK_FIRING ? "alert " : "",
                     mark_name(entry->mark), after);
        strip->n_labels++;
    }
    choose_levels(strip);
}

static const char *phase_fill(int phase)
{
    static const char *const fills[PHASE_COUNT + 1] = {
        [PHASE_SERVING] = "#dff0e2", [PHASE_SUSPECT] = "#f3c846",     [PHASE_DRAINED] = "#6d1a26",
        [PHASE_RAMPING] = "#78ace0", [PHASE_MAINTENANCE] = "#7a6aa6", [PHASE_GONE] = "#3c3c3c",
    };
    return phase >= 0 && phase <= PHASE_GONE ? fills[phase] : "#ffffff";
}

static const char *phase_word(int phase)
{
    return phase == PHASE_GONE                 ? "offline"
           : phase >= 0 && phase < PHASE_COUNT ? policy_phase_name((enum phase)phase)
                                               : "";
}

/* What a host looks like: the policy's phase; but one that GitHub sees nothing of does not serve,
 * whatever the policy knows, and one that no policy looks after serves while it is seen. */
static int phase_of(const struct timeline_point *point)
{
    if (point->online == 0 && (point->phase == PHASE_SERVING || point->phase < 0))
        return PHASE_GONE;
    return point->phase < 0 ? PHASE_SERVING : point->phase;
}

static void write_segment(struct strip *strip, double from_s, double to_s, int phase)
{
    const char *name = phase_word(phase);
    double left = x_of(strip, fmax(from_s, strip->from_s));
    double right = x_of(strip, fmin(to_s, strip->to_s));
    bool dark = phase == PHASE_DRAINED || phase == PHASE_MAINTENANCE || phase == PHASE_GONE;
    if (right <= left)
        return;
    if (phase >= 0 && phase <= PHASE_GONE)
        strip->shown[phase] = true;
    fprintf(strip->script,
            "set object rectangle from screen %.5f,%.5f to screen %.5f,%.5f back fillstyle solid "
            "border linecolor rgb '#ffffff' fillcolor rgb '%s'\n",
            screen_x(left), screen_y(strip, strip->y), screen_x(right),
            screen_y(strip, strip->y + BAND), phase_fill(phase));
    if (right - left > 8 + CHAR_PX * (double)strlen(name))
        fprintf(strip->script,
                "set label '%s' at screen %.5f,%.5f center front textcolor rgb '%s'\n", name,
                screen_x((left + right) / 2), screen_y(strip, strip->y + BAND / 2.0),
                dark ? "#ffffff" : PLOT_INK);
}

static void write_band(struct strip *strip, int host)
{
    const struct timeline *timeline = strip->timeline;
    double since = strip->from_s;
    int phase = -1, segments = 0;
    char name[NAME_BYTES];
    size_t i;
    for (i = 0; i < timeline->n_points && segments < SEGMENTS; i++) {
        const struct timeline_point *point = &timeline->point[i];
        double at_s = seconds(point->at_ms);
        if (point->host != host || phase_of(point) == phase)
            continue;
        if (phase >= 0 && at_s > strip->from_s && since < strip->to_s) {
            write_segment(strip, since, at_s, phase);
            segments++;
        }
        phase = phase_of(point);
        since = at_s;
    }
    write_segment(strip, since, strip->to_s, phase);
    text_clean(name, sizeof name, strip->fleet->hosts[host].name);
    fputs("set label ", strip->script);
    text_gnuplot(strip->script, name);
    fprintf(strip->script, " at screen %.5f,%.5f right textcolor rgb '" PLOT_INK "'\n",
            screen_x(LEFT - 8), screen_y(strip, strip->y + BAND / 2.0));
    strip->y += BAND + 3;
}

/* A narrow band has no room for its name, so the phases are explained beside the bands as well. */
static void write_legend(struct strip *strip, int top)
{
    int phase, y = top;
    for (phase = 0; phase <= PHASE_GONE; phase++) {
        if (!strip->shown[phase])
            continue;
        fprintf(strip->script,
                "set object rectangle from screen %.5f,%.5f to screen %.5f,%.5f back fillstyle "
                "solid noborder fillcolor rgb '%s'\n",
                screen_x(KEY), screen_y(strip, y + 2), screen_x(KEY + 32),
                screen_y(strip, y + LEVEL - 2), phase_fill(phase));
        fprintf(strip->script,
                "set label '%s' at screen %.5f,%.5f left textcolor rgb '" PLOT_INK "'\n",
                phase_word(phase), screen_x(KEY + 41), screen_y(strip, y + LEVEL / 2.0));
        y += LEVEL;
    }
    if (strip->y < y)
        strip->y = y;
}

static int value_of(const struct timeline_point *point, enum curve curve)
{
    const int values[CURVE_COUNT] = {
        [CURVE_ADMITTED] = point->admitted,    [CURVE_BUSY] = point->busy,
        [CURVE_QUEUE] = point->queue,          [CURVE_PENDING] = point->alerts_pending,
        [CURVE_FIRING] = point->alerts_firing,
    };
    return values[curve];
}

static bool is_fleet_wide(const struct timeline *timeline, enum curve curve)
{
    size_t i;
    for (i = 0; i < timeline->n_points; i++)
        if (timeline->point[i].host < 0 && value_of(&timeline->point[i], curve) > 0)
            return true;
    return false;
}

static int write_step(struct strip *strip, double at_s, int value, int highest)
{
    fprintf(strip->script, "%.3f %d\n", at_s, value);
    return value > highest ? value : highest;
}

/* Writes a data block of steps; returns the highest value. The fleet-wide points count where they
 * carry this value at all; otherwise it is the sum over the hosts. */
static int write_curve(struct strip *strip, enum curve curve)
{
    const struct timeline *timeline = strip->timeline;
    bool fleet_wide = is_fleet_wide(timeline, curve);
    int host_value[FLEET_HOSTS + 1] = {0}, now = 0, highest = 0;
    double least = (strip->to_s - strip->from_s) / RESOLUTION, since = strip->from_s;
    size_t i;
    fprintf(strip->script, "$%s << EOD\n", curve_names[curve]);
    for (i = 0; i < timeline->n_points; i++) {
        const struct timeline_point *point = &timeline->point[i];
        double at_s = seconds(point->at_ms);
        int change;
        if ((point->host < 0) != fleet_wide || at_s > strip->to_s)
            continue;
        UND_ASSERT(point->host < FLEET_HOSTS);
        change = value_of(point, curve) - host_value[point->host + 1];
        if (change != 0 && at_s - since >= least) { /* steps closer than that merge into one */
            highest = write_step(strip, since, now, highest);
            since = at_s;
        }
        host_value[point->host + 1] += change;
        now += change;
    }
    highest = write_step(strip, since, now, highest);
    highest = write_step(strip, strip->to_s, now, highest);
    fputs("EOD\n", strip->script);
    return highest;
}

static void place(struct strip *strip, int height)
{
    fprintf(strip->script,
            "set lmargin at screen %.5f\nset rmargin at screen %.5f\n"
            "set tmargin at screen %.5f\nset bmargin at screen %.5f\n",
            screen_x(LEFT), screen_x(RIGHT), screen_y(strip, strip->y),
            screen_y(strip, strip->y + height));
    fprintf(strip->script, "set key at screen %.5f,%.5f left top Left reverse samplen 1.6\n",
            screen_x(RIGHT + 6), screen_y(strip, strip->y - 4));
    strip->y += height;
}

/* A panel of two curves, or of one where `second` is CURVE_COUNT. The first is filled. */
static void write_panel(struct strip *strip, enum curve first, enum curve second, int height,
                        const char *title, bool last)
{
    const char *unit;
    int most = write_curve(strip, first), other = 0;
    if (second != CURVE_COUNT)
        other = write_curve(strip, second);
    most = other > most ? other : most;
    most = most < 1 ? 1 : most;
    place(strip, height);
    fprintf(strip->script, "set yrange [0:%.2f]\nset ytics 0,%d\n", 1.12 * most,
            most <= 4 ? (most + 1) / 2 : (most + 2) / 3);
    fprintf(strip->script,
            "set label " TITLE_TAG " '%s' at screen %.5f,%.5f right textcolor rgb '%s'\n", title,
            screen_x(LEFT - 36), screen_y(strip, strip->y - height / 2.0), PLOT_INK);
    if (last) {
        unit = plot_script_time_tics(strip->script, strip->from_s - strip->zero_s,
                                     strip->to_s - strip->zero_s, 10);
        fprintf(strip->script, "set xlabel 'time since the %s (%s)' offset 0,0.4\n",
                strip->fault ? "fault" : "start", unit);
    } else {
        fputs("unset xtics\nunset xlabel\n", strip->script);
    }
    fprintf(strip->script, "set xrange [%.3f:%.3f]\nZERO = %.3f\n", strip->from_s - strip->zero_s,
            strip->to_s - strip->zero_s, strip->zero_s);
    fprintf(strip->script,
            "plot $%s using ($1-ZERO):2 with fillsteps fillcolor rgb '#c3cedb' fillstyle solid "
            "title '%s'",
            curve_names[first], curve_names[first]);
    if (second != CURVE_COUNT)
        fprintf(strip->script,
                ", $%s using ($1-ZERO):2 with steps linewidth 2 linecolor rgb '#0b3d73' title '%s'",
                curve_names[second], curve_names[second]);
    fputs("\nunset label " TITLE_TAG "\n", strip->script);
    strip->y += GAP;
}

/* Drawn last, over the fills. An empty plot carries the arrows: gnuplot draws none without one. */
static void write_marks(struct strip *strip, int bottom)
{
    int i;
    fputs("unset label\nunset object\n", strip->script);
    for (i = 0; i < strip->n_labels; i++) {
        const struct label *label = &strip->labels[i];
        bool fault = label->mark == MARK_FAULT;
        double x = x_of(strip, label->at_s);
        double top = MARGIN + LEVEL * (strip->levels - 1 - label->level);
        fprintf(strip->script,
                "set arrow from screen %.5f,%.5f to screen %.5f,%.5f nohead front %s "
                "linecolor rgb '%s'\n",
                screen_x(x), screen_y(strip, top), screen_x(x), screen_y(strip, bottom),
                fault ? "linewidth 2" : "dashtype (3,3) linewidth 1",
                fault ? "#b3261e" : "#444444");
        fprintf(strip->script, "set label '%s' at screen %.5f,%.5f left front textcolor rgb '%s'\n",
                label->text, screen_x(x + 4), screen_y(strip, top + LEVEL / 2.0),
                fault ? "#b3261e" : PLOT_INK);
    }
    fputs("unset border\nunset tics\nunset xlabel\nunset key\nset xrange [0:1]\nset yrange [0:1]\n"
          "plot 2\n",
          strip->script);
}

void plot_describe_strip(const struct report *report, char *out, size_t size)
{
    struct strip strip = {.timeline = &report->result->timeline, .fleet = &report->scenario->fleet};
    size_t end = 0;
    int i;
    choose_window(&strip);
    choose_labels(&strip);
    end = (size_t)snprintf(out, size, "%d hosts", strip.fleet->n_hosts);
    for (i = 0; i < strip.n_labels && end < size; i++)
        end += (size_t)snprintf(out + end, size - end, "%s%s", i == 0 ? ": " : "; ",
                                strip.labels[i].text);
}

void plot_script_strip(FILE *script, const struct report *report, enum plot_format format)
{
    struct strip strip = {
        .script = script, .timeline = &report->result->timeline, .fleet = &report->scenario->fleet};
    int i, bands;
    choose_window(&strip);
    choose_labels(&strip);
    strip.n_hosts = strip.fleet->n_hosts < HOSTS_SHOWN ? strip.fleet->n_hosts : HOSTS_SHOWN;
    bands = MARGIN + LEVEL * strip.levels + 4;
    strip.height = bands + 3 * GAP + 80 + 64 + 46 + AXIS;
    strip.height += (BAND + 3) * strip.n_hosts < LEVEL * PHASE_COUNT ? LEVEL * (PHASE_COUNT + 1)
                                                                     : (BAND + 3) * strip.n_hosts;
    plot_script_begin(script, format, PLOT_WIDTH, strip.height);
    strip.y = bands;
    for (i = 0; i < strip.n_hosts; i++)
        write_band(&strip, i);
    write_legend(&strip, bands);
    strip.y += GAP;
    fputs("set key\n", script);
    write_panel(&strip, CURVE_BUSY, CURVE_ADMITTED, 80, "slots", false);
    fputs("unset object\nunset label\n", script);
    write_panel(&strip, CURVE_QUEUE, CURVE_COUNT, 64, "jobs waiting", false);
    write_panel(&strip, CURVE_PENDING, CURVE_FIRING, 46, "alerts", true);
    write_marks(&strip, strip.y - GAP);
    fputs("unset multiplot\n", script);
}
