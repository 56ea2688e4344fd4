#include "eval.h"

#include "gomath.h"
#include "model/base/assert.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_ANNOTATIONS 100

/* --- annotations ----------------------------------------------------------------------------- */

void annotations_clear(struct annotations *annotations)
{
    for (int i = 0; i < annotations->n; i++)
        free((char *)annotations->list[i]);
    free(annotations->list);
    *annotations = (struct annotations){NULL, 0};
}

static void annotate(struct eval *eval, const char *kind, const char *format, va_list args)
{
    struct annotations *annotations = &eval->annotations;
    char said[600], text[640];
    if (!eval->annotate || annotations->n == MOST_ANNOTATIONS)
        return;
    vsnprintf(said, sizeof said, format, args);
    snprintf(text, sizeof text, "PromQL %s: %s", kind, said);
    for (int i = 0; i < annotations->n; i++) {
        if (strcmp(annotations->list[i], text) == 0)
            return;
    }
    annotations->list =
        realloc(annotations->list, (size_t)(annotations->n + 2) * sizeof *annotations->list);
    UND_ASSERT(annotations->list != NULL);
    annotations->list[annotations->n++] = strdup(text);
    annotations->list[annotations->n] = NULL;
}

void eval_warn(struct eval *eval, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    annotate(eval, "warning", format, args);
    va_end(args);
}

void eval_info(struct eval *eval, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    annotate(eval, "info", format, args);
    va_end(args);
}

void eval_warn_mixed(struct eval *eval, const struct labels *labels)
{
    eval_warn(eval, "encountered a mix of histograms and floats for metric name \"%.200s\"",
              labels_get(labels, LABELS_NAME));
}

void eval_warn_quantile(struct eval *eval, double q)
{
    char text[GO_NUMBER];
    if (!(q >= 0 && q <= 1))
        eval_warn(eval, "quantile value should be between 0 and 1, got %s",
                  go_format_short(q, text));
}

/* --- names ----------------------------------------------------------------------------------- */

struct labels *eval_nameless(struct eval *eval, struct labels *labels)
{
    static const char *const names[] = {LABELS_NAME, "__type__", "__unit__"};
    return labels_drop(eval->pool, labels, names, eval->v3 ? 3 : 1);
}

void eval_drop_name(struct eval *eval, struct sample *sample)
{
    if (eval->delayed_names)
        sample->drop_name = true;
    else
        sample->labels = eval_nameless(eval, sample->labels);
}

static enum und_code same_labels(struct eval *eval)
{
    return eval_fail(eval, "vector cannot contain metrics with the same labelset");
}

/* The points of two ranges in the order of time; NULL if both have one at the same. */
static struct point *merged(struct eval *eval, const struct range *a, const struct range *b)
{
    struct point *points = arena_take(eval->arena, (size_t)(a->n + b->n) * sizeof *points);
    int i = 0, j = 0;
    while (i < a->n || j < b->n) {
        if (i < a->n && j < b->n && a->points[i].t_ms == b->points[j].t_ms)
            return NULL;
        if (j == b->n || (i < a->n && a->points[i].t_ms < b->points[j].t_ms)) {
            points[i + j] = a->points[i];
            i++;
        } else {
            points[i + j] = b->points[j];
            j++;
        }
    }
    return points;
}

/* Ranges that have come to have the same labels are one. */
static enum und_code unite(struct eval *eval, struct matrix *matrix)
{
    uint64_t round = labels_round(eval->pool);
    int n = 0;
    for (int i = 0; i < matrix->n; i++) {
        struct range *range = &matrix->list[i], *first;
        if (range->labels->mark != round) {
            range->labels->mark = round;
            range->labels->slot = n;
            matrix->list[n++] = *range;
            continue;
        }
        first = &matrix->list[range->labels->slot];
        first->points = merged(eval, first, range);
        if (!first->points)
            return same_labels(eval);
        first->n += range->n;
        first->histograms += range->histograms;
    }
    matrix->n = n;
    return UND_OK;
}

enum und_code eval_finish(struct eval *eval, struct value *value)
{
    if (!eval->delayed_names)
        return UND_OK;
    for (int i = 0; i < value->vector.n; i++) {
        struct sample *sample = &value->vector.list[i];
        if (sample->drop_name)
            sample->labels = eval_nameless(eval, sample->labels);
    }
    for (int i = 0; i < value->matrix.n; i++) {
        struct range *range = &value->matrix.list[i];
        if (range->drop_name)
            range->labels = eval_nameless(eval, range->labels);
    }
    return vector_check(eval, &value->vector) ? UND_USAGE : unite(eval, &value->matrix);
}
