#include "plots.h"
#include "live/base/wire.h"
#include "live/http/http.h"
#include "model/base/assert.h"
#include "reports/plot/svg.h"
#include "reports/text/text.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define AGAIN_MS 30000
#define SOON_MS 3000        /* after what could not be drawn */
#define LOOKED_AT_MS 120000 /* nobody has asked for so long: nobody looks */
#define FEW_MS 600000       /* seconds on the axis */
#define LEAST 2             /* moments */

struct plots {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    struct status status; /* as last told */
    bool told, closing, drawn;
    int64_t asked_ms; /* monotonic; 0: never */
    char *picture[2]; /* light, dark; owned */
    char why[200];    /* there is none */
};

/* ---- the script ---- */

static const struct colours {
    const char *paper, *ink, *queue, *busy, *online, *trouble;
} themes[2] = {{"#ffffff", "#1b1b1b", "#b35900", "#0b57a4", "#6b6b6b", "#a4161a"},
               {"#1d2026", "#ececec", "#f2bd66", "#8ab8f5", "#a9adb5", "#ff9a96"}};

static int64_t seconds(int64_t wall_ms)
{
    return wall_ms / 1000;
}

/* Whole jobs. */
static int tics(const struct status *status)
{
    int64_t i;
    int most = 0;
    for (i = 0; i < status_moments(status); i++) {
        const struct status_moment *moment = status_moment(status, i);
        most = moment->waiting > most ? moment->waiting : most;
        most = moment->online > most ? moment->online : most;
    }
    return most / 5 + 1;
}

/* What was not known is a gap. */
static void print_moments(FILE *script, const struct status *status)
{
    int64_t i;
    fputs("$seen << EOD\n", script);
    for (i = 0; i < status_moments(status); i++) {
        const struct status_moment *moment = status_moment(status, i);
        fprintf(script, "%lld ", (long long)seconds(moment->at_ms));
        if (moment->waiting < 0)
            fputs("NaN", script);
        else
            fprintf(script, "%d", moment->waiting);
        fprintf(script, " %d %d\n", moment->busy, moment->online);
    }
    fputs("EOD\n", script);
}

static void print_incidents(FILE *script, const struct status *status, int64_t from_ms,
                            int64_t to_ms, const struct colours *colours)
{
    int64_t age;
    int n = 1;
    for (age = 0; age < INCIDENTS; age++) {
        const struct incident *incident = incident_newest(&status->incidents, age);
        int64_t end_ms;
        if (!incident)
            break;
        end_ms = incident->open || incident->full_ms < 0 ? to_ms : incident->full_ms;
        if (incident->dismissed || end_ms < from_ms || incident->began_ms > to_ms)
            continue;
        fprintf(script,
                "set object %d rectangle from %lld, graph 0 to %lld, graph 1 behind fillcolor rgb "
                "'%s' fillstyle solid 0.25 noborder\n",
                n, (long long)seconds(incident->began_ms > from_ms ? incident->began_ms : from_ms),
                (long long)seconds(end_ms > incident->began_ms ? end_ms : to_ms), colours->trouble);
        fprintf(script, "set label %d ", n++);
        text_gnuplot(script, status->fleet->hosts[incident->host].name);
        fprintf(script, " at %lld, graph 0.94 offset 0.5,0 front textcolor rgb '%s'\n",
                (long long)seconds(incident->began_ms > from_ms ? incident->began_ms : from_ms),
                colours->trouble);
    }
}

/* False: too little has been seen for a picture. */
static bool write_script(FILE *script, const struct status *status, bool dark)
{
    const struct colours *colours = &themes[dark];
    int64_t n = status_moments(status), from_ms, to_ms;
    if (n < LEAST)
        return false;
    from_ms = status_moment(status, 0)->at_ms;
    to_ms = status_moment(status, n - 1)->at_ms;
    if (seconds(to_ms) <= seconds(from_ms))
        return false;
    fprintf(script,
            "set terminal svg dynamic noenhanced rounded size 900,300 font 'sans-serif,14' "
            "background '%s'\n"
            "set encoding utf8\nset border 3 linecolor rgb '%s'\n"
            "set tics nomirror out scale 0.5 textcolor rgb '%s'\n"
            "set xdata time\nset timefmt '%%s'\nset format x '%%H:%%M%s'\nset ytics %d\n"
            "set xlabel 'UTC' textcolor rgb '%s'\nset yrange [0:*]\nset offsets 0,0,1,0\n"
            "set key top outside horizontal left textcolor rgb '%s'\n"
            "set xrange ['%lld':'%lld']\n",
            colours->paper, colours->ink, colours->ink, to_ms - from_ms < FEW_MS ? ":%S" : "",
            tics(status), colours->ink, colours->ink, (long long)seconds(from_ms),
            (long long)seconds(to_ms));
    print_incidents(script, status, from_ms, to_ms, colours);
    print_moments(script, status);
    fprintf(script,
            "plot $seen using 1:2 with steps linewidth 2 linecolor rgb '%s' title 'jobs waiting', "
            "$seen using 1:3 with steps linewidth 2 dashtype 2 linecolor rgb '%s' title 'busy', "
            "$seen using 1:4 with steps linewidth 1 dashtype 3 linecolor rgb '%s' title 'online'\n",
            colours->queue, colours->busy, colours->online);
    return true;
}

/* ---- drawing ---- */

/* In words: for whoever hears the page. */
static void describe(const struct status *status, char out[300])
{
    int64_t n = status_moments(status), i;
    int most = 0, busiest = 0;
    char from[WIRE_TIME], to[WIRE_TIME];
    for (i = 0; i < n; i++) {
        const struct status_moment *moment = status_moment(status, i);
        most = moment->waiting > most ? moment->waiting : most;
        busiest = moment->busy > busiest ? moment->busy : busiest;
    }
    snprintf(out, 300,
             "From %s to %s. At most %d jobs waited and %d were busy; the incidents are shaded and "
             "listed below.",
             wire_time(from, status_moment(status, 0)->at_ms),
             wire_time(to, status_moment(status, n - 1)->at_ms), most, busiest);
}

static char *draw(const struct status *status, bool dark, char why[200])
{
    FILE *script = tmpfile(), *out = tmpfile();
    struct und_err err = {0};
    char *picture = NULL, about[300];
    if (!script || !out) {
        snprintf(why, 200, "no picture: no room for temporary files");
    } else if (!write_script(script, status, dark)) {
        snprintf(why, 200, "no picture yet: too little has been seen");
    } else {
        describe(status, about);
        if (svg_draw(script, out, "Queue and slots", about, &err) == UND_OK)
            picture = text_slurp(out);
        if (!picture)
            snprintf(why, 200, "no picture: %.180s", err.text);
    }
    if (script)
        fclose(script);
    if (out)
        fclose(out);
    return picture;
}

static void draw_both(struct plots *plots, const struct status *status)
{
    char why[200] = "", *picture[2];
    int dark;
    for (dark = 0; dark < 2; dark++)
        picture[dark] = draw(status, dark != 0, why);
    pthread_mutex_lock(&plots->lock);
    for (dark = 0; dark < 2; dark++) {
        free(plots->picture[dark]);
        plots->picture[dark] = picture[dark];
    }
    memcpy(plots->why, why, sizeof plots->why);
    plots->drawn = true;
    pthread_mutex_unlock(&plots->lock);
}

static bool is_due(const struct plots *plots, int64_t drawn_ms)
{
    int64_t now_ms = http_monotonic_ms(), pause_ms = plots->picture[0] ? AGAIN_MS : SOON_MS;
    return plots->told && plots->asked_ms > 0 && now_ms - plots->asked_ms < LOOKED_AT_MS &&
           (drawn_ms == 0 || now_ms - drawn_ms >= pause_ms);
}

static void *work(void *context)
{
    struct plots *plots = context;
    struct status *status = malloc(sizeof *status);
    int64_t drawn_ms = 0;
    UND_ASSERT(status != NULL);
    pthread_mutex_lock(&plots->lock);
    while (!plots->closing) {
        struct timespec end;
        if (is_due(plots, drawn_ms)) {
            *status = plots->status;
            pthread_mutex_unlock(&plots->lock);
            draw_both(plots, status);
            drawn_ms = http_monotonic_ms();
            pthread_mutex_lock(&plots->lock);
            continue;
        }
        clock_gettime(CLOCK_REALTIME, &end);
        end.tv_sec++;
        pthread_cond_timedwait(&plots->moved, &plots->lock, &end);
    }
    pthread_mutex_unlock(&plots->lock);
    free(status);
    return NULL;
}

/* ---- for the page ---- */

struct plots *plots_open(void)
{
    struct plots *plots = calloc(1, sizeof *plots);
    UND_ASSERT(plots != NULL);
    pthread_mutex_init(&plots->lock, NULL);
    pthread_cond_init(&plots->moved, NULL);
    if (pthread_create(&plots->thread, NULL, work, plots) == 0)
        return plots;
    pthread_cond_destroy(&plots->moved);
    pthread_mutex_destroy(&plots->lock);
    free(plots);
    return NULL;
}

void plots_close(struct plots *plots)
{
    if (!plots)
        return;
    pthread_mutex_lock(&plots->lock);
    plots->closing = true;
    pthread_cond_signal(&plots->moved);
    pthread_mutex_unlock(&plots->lock);
    pthread_join(plots->thread, NULL);
    free(plots->picture[0]);
    free(plots->picture[1]);
    pthread_cond_destroy(&plots->moved);
    pthread_mutex_destroy(&plots->lock);
    free(plots);
}

void plots_follow(struct plots *plots, const struct status *status)
{
    if (!plots)
        return;
    pthread_mutex_lock(&plots->lock);
    plots->status = *status;
    plots->told = true;
    pthread_mutex_unlock(&plots->lock);
}

char *plots_take(struct plots *plots, bool dark, char why[200])
{
    char *picture = NULL;
    if (!plots) {
        snprintf(why, 200, "no picture: no thread to draw it");
        return NULL;
    }
    pthread_mutex_lock(&plots->lock);
    if (plots->asked_ms == 0)
        pthread_cond_signal(&plots->moved);
    plots->asked_ms = http_monotonic_ms();
    if (plots->picture[dark])
        picture = strdup(plots->picture[dark]);
    snprintf(why, 200, "%s", plots->drawn ? plots->why : "being drawn");
    pthread_mutex_unlock(&plots->lock);
    return picture;
}
