#include "whatif.h"

#include "model/base/assert.h"

#include <stdlib.h>
#include <string.h>

struct asking {
    const struct whatif *whatif;
    const char *where;
};

static void show(void *context, const char *value)
{
    const struct asking *asking = context;
    char line[1024];
    snprintf(line, sizeof line, "looking at %s  %s %s", value, asking->whatif->sweep.path,
             asking->where);
    scenario_set_show_often(line);
}

/* "slots=4, rate=200/d" */
static void name_point(const struct whatif *whatif, const struct sweep_point *point, char *out,
                       size_t size)
{
    size_t end = 0;
    int i;
    out[0] = '\0';
    for (i = 0; i < whatif->sweep.n_axes && end < size; i++) {
        const char *dot = strrchr(whatif->axis[i].path, '.');
        end += (size_t)snprintf(out + end, size - end, "%s%s=%s", i > 0 ? ", " : "",
                                dot ? dot + 1 : whatif->axis[i].path, point->value[i]);
    }
}

static enum und_code ask(const struct whatif *whatif, const struct sweep_point *point,
                         const struct n_1 *n_1, const struct sweep_limit *limit,
                         struct answer *answer, struct und_err *err)
{
    struct asking asking = {whatif, answer->where};
    struct whatif_sets sets;
    struct find find = {.path = whatif->sweep.path,
                        .n_sets = whatif_sets(whatif, point, n_1, &sets),
                        .sets = sets.set,
                        .experiment = whatif->campaign.experiment,
                        .context = &asking};
    size_t end;
    if (!whatif->campaign.quiet && scenario_set_shows_progress())
        find.progress = show;
    answer->range = whatif->range;
    answer->limit = *limit;
    answer->error = whatif->grows.given && !whatif->grows.exact ? ANSWER_ERROR / 2 : ANSWER_ERROR;
    name_point(whatif, point, answer->where, sizeof answer->where);
    end = strlen(answer->where);
    if (n_1)
        snprintf(answer->where + end, sizeof answer->where - end, "%s%s", end > 0 ? ", " : "",
                 n_1->where);
    return find_crossing(&find, answer, err);
}

/* Every limit at one point; as it is, and with the primary lost. */
static enum und_code ask_point(const struct whatif *whatif, const struct sweep_point *point,
                               struct answer *answers, int *n, struct und_err *err)
{
    struct whatif_sets sets;
    struct n_1 n_1;
    int i, n_sets = whatif_sets(whatif, point, NULL, &sets);
    if (whatif->lost && n_1_make(&n_1, whatif->sweep.path, sets.set, n_sets, err) != UND_OK)
        return err->code;
    for (i = 0; i < whatif->n_until; i++) {
        const struct sweep_limit *limit = &whatif->limit[i];
        if (ask(whatif, point, NULL, limit, &answers[(*n)++], err) != UND_OK ||
            (whatif->lost && ask(whatif, point, &n_1, limit, &answers[(*n)++], err) != UND_OK))
            return err->code;
    }
    return UND_OK;
}

enum und_code whatif_find(struct whatif *whatif, struct und_err *err)
{
    int i, n = 0, most = whatif->sweep.n_points * whatif->n_until * (whatif->lost ? 2 : 1);
    struct answer *answers = calloc((size_t)most, sizeof *answers);
    UND_ASSERT(answers != NULL);
    for (i = 0; i < whatif->sweep.n_points && err->code == UND_OK; i++)
        ask_point(whatif, &whatif->sweep.point[i], answers, &n, err);
    if (!whatif->campaign.quiet && scenario_set_shows_progress())
        fputs("\r\033[K", stderr);
    if (err->code == UND_OK && whatif->campaign.json) {
        json_t *json = answers_json(whatif->sweep.path, &whatif->grows, answers, n);
        json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
        putchar('\n');
        json_decref(json);
    } else if (err->code == UND_OK) {
        answers_print(stdout, whatif->sweep.path, &whatif->grows, answers, n);
    }
    free(answers);
    return err->code;
}
