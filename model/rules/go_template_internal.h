/*
 * Private to go_template.c, template_parse.c, template_functions.c and template_text.c.
 */
#ifndef MODEL_RULES_GO_TEMPLATE_INTERNAL_H
#define MODEL_RULES_GO_TEMPLATE_INTERNAL_H

#include "go_template.h"
#include "model/promql/arena.h"

#define TEMPLATE_ARGS 16
#define TEMPLATE_VARIABLES 64
#define TEMPLATE_DEPTH 50

enum thing_kind {
    THING_NONE,
    THING_BOOL,
    THING_INT,
    THING_NUMBER,
    THING_TEXT,
    THING_LABELS,
    THING_SAMPLE,
    THING_SAMPLES,
    THING_DATA /* the dot at the top */
};

struct thing {
    enum thing_kind kind;
    double number; /* also of BOOL and INT */
    const char *text;
    const struct labels *labels;
    const struct sample *samples; /* one, or n */
    int n;
};

struct variable {
    const char *name; /* without the $ */
    size_t length;
    struct thing value;
};

struct template
{
    const struct template_data *data;
    struct arena *arena;
    struct und_err *err;
    struct variable variables[TEMPLATE_VARIABLES];
    int n_variables, depth;
    struct thing dot;
    int64_t left; /* steps */
};

enum und_code template_fail(struct template *template, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A pipeline that stands in [at, end); `:=` and `=` before it are the caller's. */
enum und_code template_pipeline(struct template *template, const char **at, const char *end,
                                struct thing *out);
/* Skips blanks. */
void template_blanks(const char **at, const char *end);

enum und_code template_call(struct template *template, const char *name, size_t length,
                            const struct thing *args, int n, struct thing *out);
bool template_is_function(const char *name, size_t length);

/* A function's name and arguments. */
struct call {
    struct template *template;
    const char *name;
    const struct thing *args;
    int n;
    struct thing *out;
};

bool call_number(const struct call *call, int i, double *number);
enum und_code call_give(const struct call *call, const char *text);
enum und_code call_wrong(const struct call *call);
/* Functions that make texts; *known is false for any other. */
enum und_code template_text_call(const struct call *call, bool *known);

bool thing_true(const struct thing *thing);
/* As Go's fmt prints it with %v. */
const char *thing_text(struct template *template, const struct thing *thing);
struct thing thing_of_text(const char *text);
struct thing thing_of_number(double number);

#endif
