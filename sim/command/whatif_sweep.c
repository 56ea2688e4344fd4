/* A sweep as a whole: its points, then once more with the primary lost, and what is printed. */
#include "whatif.h"

#include "reports/text/table.h"
#include "reports/text/text.h"

#include <errno.h>
#include <string.h>

static void write_plot(const struct whatif *whatif, struct und_err *err)
{
    struct und_err plots = {0};
    FILE *file;
    if (!sweep_can_plot(&whatif->sweep)) {
        fprintf(stderr, "understudy: no plot: want one path with two or more numbers\n");
        return;
    }
    if (!(file = fopen(whatif->plot, "w"))) {
        und_fail(err, UND_USAGE, "%s: cannot write: %s", whatif->plot, strerror(errno));
        return;
    }
    if (sweep_plot(file, &whatif->sweep, &plots) != UND_OK)
        fprintf(stderr, "understudy: no plot: %s\n", plots.text);
    else if (ferror(file))
        und_fail(err, UND_USAGE, "%s: cannot write", whatif->plot);
    if (fclose(file) != 0)
        und_fail(err, UND_USAGE, "%s: cannot write: %s", whatif->plot, strerror(errno));
    if (plots.code != UND_OK)
        remove(whatif->plot);
}

/* ---- several parts of one sweep ---- */

/* By the first point: which host is the primary is the same at all of them. */
static enum und_code prepare_lost(struct whatif *whatif, struct und_err *err)
{
    struct whatif_sets sets;
    int n;
    if (whatif_lay_out(whatif, err) != UND_OK)
        return err->code;
    n = whatif_sets(whatif, 0, false, &sets);
    n_1_make(&whatif->loss, whatif->sweep.path, sets.set, n, err);
    sweep_clear(&whatif->sweep);
    return err->code;
}

static int unknown(const struct sweep *sweep)
{
    int i, n = 0;
    for (i = 0; i < sweep->n_points; i++)
        n += !sweep->point[i].found && !sweep->point[i].error;
    return n;
}

/* What a part has found is for `merge`. */
static enum und_code report_part(struct whatif *whatif)
{
    int n = whatif->sweep.n_points;
    if (!whatif->losing && !whatif->campaign.quiet)
        printf("part %d of %d: %d of %d points are in %s; understudy merge FILE... puts all parts "
               "together\n",
               whatif->part, whatif->parts, n - unknown(&whatif->sweep), n, whatif->keep);
    return UND_OK;
}

static enum und_code report_all(struct whatif *whatif, json_t **json, struct und_err *err)
{
    struct sweep *sweep = &whatif->sweep;
    if (unknown(sweep) > 0)
        return und_fail(err, UND_USAGE, "merge: got %d of %d points, want all: a part is missing",
                        sweep->n_points - unknown(sweep), sweep->n_points);
    if (whatif_check_points(whatif, err) != UND_OK)
        return err->code;
    whatif_default_columns(whatif);
    if (whatif->format == WHATIF_JSON)
        *json = sweep_json(sweep);
    else if (whatif->format == WHATIF_CSV)
        sweep_csv(stdout, sweep, !whatif->losing);
    else
        sweep_print(stdout, sweep, text_terminal_columns(stdout, TABLE_COLUMNS));
    if (whatif->plot && !whatif->losing)
        write_plot(whatif, err);
    return err->code;
}

static enum und_code sweep_once(struct whatif *whatif, json_t **json, struct und_err *err)
{
    if (whatif_lay_out(whatif, err) != UND_OK)
        return err->code;
    if (whatif->merged)
        whatif_take_lines(whatif, whatif->merged);
    else
        whatif_run_points(whatif, err);
    if (err->code != UND_OK)
        return err->code;
    return whatif->parts > 1 ? report_part(whatif) : report_all(whatif, json, err);
}

/* And once more with the primary lost; the columns that were asked for are the same. */
enum und_code whatif_sweep(struct whatif *whatif, struct und_err *err)
{
    int asked = whatif->sweep.n_columns;
    json_t *json = NULL, *then = NULL;
    if (whatif->n_1 && prepare_lost(whatif, err) != UND_OK)
        return err->code;
    if (sweep_once(whatif, &json, err) == UND_OK && whatif->n_1) {
        sweep_clear(&whatif->sweep);
        whatif->sweep.n_columns = asked;
        whatif->losing = true;
        whatif->sweep.where = whatif->loss.where;
        if (whatif->format == WHATIF_TEXT && whatif->parts == 1)
            printf("\n%s:\n", whatif->loss.where);
        if (sweep_once(whatif, &then, err) == UND_OK && json)
            json_object_set_new(json, "n_1", then);
    }
    if (json && err->code == UND_OK) {
        json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
        putchar('\n');
    }
    json_decref(json);
    return err->code;
}
