/* A sweep as a whole: its points, then once more with the primary lost, and what is printed. */
#include "whatif.h"

#include "reports/plan/plan_page.h"
#include "reports/plan/recommend.h"
#include "reports/text/table.h"
#include "reports/text/text.h"
#include "sim/planning/ranks.h"

#include <errno.h>
#include <string.h>

void whatif_write_plot(const char *path,
                       enum und_code (*draw)(FILE *out, const void *of, struct und_err *err),
                       const void *of, struct und_err *err)
{
    struct und_err plots = {0};
    FILE *file = fopen(path, "w");
    if (!file) {
        und_fail(err, UND_USAGE, "%s: cannot write: %s", path, strerror(errno));
        return;
    }
    if (draw(file, of, &plots) != UND_OK)
        fprintf(stderr, "understudy: no plot: %s\n", plots.text);
    else if (ferror(file))
        und_fail(err, UND_USAGE, "%s: cannot write", path);
    if (fclose(file) != 0)
        und_fail(err, UND_USAGE, "%s: cannot write: %s", path, strerror(errno));
    if (plots.code != UND_OK)
        remove(path);
}

static enum und_code draw(FILE *out, const void *of, struct und_err *err)
{
    return sweep_plot(out, of, 0, err);
}

static void write_plot(const struct whatif *whatif, struct und_err *err)
{
    if (sweep_can_plot(&whatif->sweep))
        whatif_write_plot(whatif->plot, draw, &whatif->sweep, err);
    else
        fprintf(stderr, "understudy: no plot: want one path with two or more numbers\n");
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

static void print_text(const struct whatif *whatif)
{
    const struct sweep *sweep = &whatif->sweep;
    char text[RECOMMEND_TEXT];
    int i;
    sweep_print(stdout, sweep, text_terminal_columns(stdout, TABLE_COLUMNS));
    for (i = 0; i < sweep->n_limits && whatif->grows.given; i++)
        if (growth_passed(sweep, &sweep->limit[i], &whatif->grows, text, sizeof text))
            printf("  %s\n", text);
    if (*recommend_text(sweep, text))
        printf("  %s\n", text);
}

/* What the text says in sentences. */
static json_t *with_growth(const struct whatif *whatif, json_t *json)
{
    const struct sweep *sweep = &whatif->sweep;
    json_t *limits = json_array();
    char text[RECOMMEND_TEXT], passed[512];
    int i;
    for (i = 0; i < sweep->n_limits; i++) {
        bool has = whatif->grows.given &&
                   growth_passed(sweep, &sweep->limit[i], &whatif->grows, passed, sizeof passed);
        sweep_limit_text(sweep, &sweep->limit[i], text, sizeof text);
        json_array_append_new(limits, json_pack("{s:s,s:o}", "until", text, "passed",
                                                has ? json_string(passed) : json_null()));
    }
    json_object_set_new(json, "limits", limits);
    if (*recommend_text(sweep, text)) {
        struct recommendation r = recommend(sweep);
        json_object_set_new(json, "recommendation",
                            json_pack("{s:s,s:i,s:f}", "text", text, "point", r.point, "confidence",
                                      r.point < 0 ? 0 : r.confidence));
    }
    return json;
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
        *json = with_growth(whatif, sweep_json(sweep));
    else if (whatif->format == WHATIF_CSV)
        sweep_csv(stdout, sweep, !whatif->losing);
    else
        print_text(whatif);
    if (whatif->page)
        plan_page_part(whatif->page, sweep, &whatif->grows, &whatif->plots);
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
    if (ranks_mine() > 0)
        return UND_OK;
    return whatif->shard ? report_part(whatif) : report_all(whatif, json, err);
}

/* And once more with the primary lost; the columns that were asked for are the same. */
static enum und_code sweep_both(struct whatif *whatif, struct und_err *err)
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
        if (whatif->format == WHATIF_TEXT && !whatif->shard && ranks_mine() == 0)
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

enum und_code whatif_sweep(struct whatif *whatif, struct und_err *err)
{
    if (whatif->html && ranks_mine() == 0 && (whatif->page = fopen(whatif->html, "w")) == NULL)
        return und_fail(err, UND_USAGE, "%s: cannot write: %s", whatif->html, strerror(errno));
    if (whatif->page)
        plan_page_begin(whatif->page, &whatif->sweep);
    sweep_both(whatif, err);
    if (!whatif->page)
        return err->code;
    plan_page_end(whatif->page);
    if (ferror(whatif->page) | (fclose(whatif->page) != 0))
        und_fail(err, UND_USAGE, "%s: cannot write: %s", whatif->html, strerror(errno));
    if (err->code != UND_OK)
        remove(whatif->html);
    else if (whatif->plots.code != UND_OK)
        fprintf(stderr, "understudy: %s: no plots: %s\n", whatif->html, whatif->plots.text);
    return err->code;
}
