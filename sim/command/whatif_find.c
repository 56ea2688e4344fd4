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

static enum und_code ask(const struct whatif *whatif, int point, bool lost,
                         const struct sweep_limit *limit, struct answer *answer,
                         struct und_err *err)
{
    struct asking asking = {whatif, answer->where};
    struct whatif_sets sets;
    struct find find = {.path = whatif->sweep.path,
                        .n_sets = whatif_sets(whatif, point, lost, &sets),
                        .sets = sets.set,
                        .experiment = whatif->campaign.experiment,
                        .context = &asking};
    size_t end;
    if (!whatif->campaign.quiet && scenario_set_shows_progress())
        find.progress = show;
    answer->range = whatif->range;
    answer->limit = *limit;
    answer->error = whatif->grows.given && !whatif->grows.exact ? ANSWER_ERROR / 2 : ANSWER_ERROR;
    sweep_point_name(&whatif->sweep, point, answer->where, sizeof answer->where);
    end = strlen(answer->where);
    if (lost)
        snprintf(answer->where + end, sizeof answer->where - end, "%s%s", end > 0 ? ", " : "",
                 whatif->loss.where);
    return find_crossing(&find, answer, err);
}

/* Every limit at one point; as it is, and with the primary lost. */
static enum und_code ask_point(struct whatif *whatif, int point, struct answer *answers, int *n,
                               struct und_err *err)
{
    struct whatif_sets sets;
    int i, n_sets = whatif_sets(whatif, point, false, &sets);
    if (whatif->n_1 && n_1_make(&whatif->loss, whatif->sweep.path, sets.set, n_sets, err) != UND_OK)
        return err->code;
    for (i = 0; i < whatif->sweep.n_limits; i++) {
        const struct sweep_limit *limit = &whatif->sweep.limit[i];
        if (ask(whatif, point, false, limit, &answers[(*n)++], err) != UND_OK ||
            (whatif->n_1 && ask(whatif, point, true, limit, &answers[(*n)++], err) != UND_OK))
            return err->code;
    }
    return UND_OK;
}

enum und_code whatif_find(struct whatif *whatif, struct und_err *err)
{
    int i, n = 0, most = whatif->sweep.n_points * whatif->sweep.n_limits * (whatif->n_1 ? 2 : 1);
    struct answer *answers = calloc((size_t)most, sizeof *answers);
    UND_ASSERT(answers != NULL);
    for (i = 0; i < whatif->sweep.n_points && err->code == UND_OK; i++)
        ask_point(whatif, i, answers, &n, err);
    if (!whatif->campaign.quiet && scenario_set_shows_progress())
        fputs("\r\033[K", stderr);
    if (err->code == UND_OK && whatif->format == WHATIF_JSON) {
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
