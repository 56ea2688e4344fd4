/* DIST of the file format: a duration that may be random. */
#include "csv.h"
#include "model/base/units.h"
#include "spec.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The file's side of a struct dist. */
struct dist_text {
    struct dist dist;
    char file[FLEET_PATH];
    char column[FLEET_NAME];
    bool has_file;
};

static const char *const kinds[] = {
    "fixed",   "uniform", "exponential", "erlang", "hyperexponential", "lognormal", "loglogistic",
    "weibull", "gamma",   "empirical",   NULL};

#define LONGEST ((double)(100 * UNITS_YEAR))

/* The ranges that depend on the kind, and which keys go together, are dist_resolve's. */
static const struct field fields[] = {
    {.key = "kind",
     .kind = FIELD_ENUM,
     AT(struct dist_text, dist.kind),
     .names = kinds,
     .required = true,
     .help = "shape: fixed (mean), uniform (min, max), exponential (mean), erlang (mean, k), "
             "hyperexponential (mean, cv2), lognormal, loglogistic or weibull (mean, cv2 or p50, "
             "p95), gamma (mean, cv2 or k), empirical (file, column)"},
    {.key = "mean",
     .kind = FIELD_TIME,
     AT(struct dist_text, dist.mean_ms),
     RANGE(0, LONGEST),
     .help = "mean"},
    {.key = "cv2",
     .kind = FIELD_NUMBER,
     AT(struct dist_text, dist.cv2),
     RANGE(0, 1e6),
     .help = "squared coefficient of variation: variance over squared mean"},
    {.key = "p50",
     .kind = FIELD_TIME,
     AT(struct dist_text, dist.p50_ms),
     RANGE(0, LONGEST),
     .help = "median"},
    {.key = "p95",
     .kind = FIELD_TIME,
     AT(struct dist_text, dist.p95_ms),
     RANGE(0, LONGEST),
     .help = "95th percentile"},
    {.key = "k",
     .kind = FIELD_NUMBER,
     AT(struct dist_text, dist.k),
     RANGE(0, 1e6),
     .help = "stages of an erlang, shape of a loglogistic, weibull or gamma distribution"},
    {.key = "min",
     .kind = FIELD_TIME,
     AT(struct dist_text, dist.min_ms),
     RANGE(0, LONGEST),
     .help = "least value, of uniform"},
    {.key = "max",
     .kind = FIELD_TIME,
     AT(struct dist_text, dist.max_ms),
     RANGE(0, LONGEST),
     .help = "greatest value, of uniform"},
    {.key = "file",
     .kind = FIELD_TEXT,
     TEXT(struct dist_text, file),
     HAS(struct dist_text, has_file),
     .help = "CSV file with measured values in seconds, relative to the file that names it"},
    {.key = "column",
     .kind = FIELD_TEXT,
     TEXT(struct dist_text, column),
     .fallback = "duration_s",
     .help = "its column"},
    {.key = NULL},
};

static void init(void *base)
{
    struct dist_text *text = base;
    memset(text, 0, sizeof *text);
    dist_init(&text->dist);
}

const struct table spec_dist = {
    .name = "DIST",
    .help = "a random duration",
    .fields = fields,
    .init = init,
    .rules =
        "{allOf: [{if: {properties: {kind: {const: empirical}}, required: [kind]}, then: "
        "{required: [file]}}, {if: {properties: {kind: {const: lognormal}}, required: [kind]}, "
        "then: {anyOf: [{required: [mean, cv2]}, {required: [p50, p95]}]}}]}",
};

static enum und_code read_values(struct spec *spec, struct dist_text *text, json_t *mapping,
                                 const struct spot *whole)
{
    struct spot spot = spec_spot(spec, mapping, "file", whole);
    char path[DOC_PATH];
    bool empirical = text->dist.kind == DIST_EMPIRICAL;
    if (empirical != text->has_file)
        return doc_fail(&spot, spec->err,
                        empirical ? "missing: the CSV file of the measured values"
                                  : "only an empirical distribution has a file");
    if (!empirical)
        return UND_OK;
    if (doc_relative(&spot, text->file, path, spec->err) != UND_OK)
        return UND_USAGE;
    return csv_column(path, text->column, &text->dist.values, &text->dist.n_values, spec->err);
}

enum und_code spec_read_dist(struct spec *spec, const struct field *field, struct dist *dist,
                             json_t *value, const struct spot *spot)
{
    struct dist_text text;
    char place[DOC_WHERE];
    double ms;
    enum und_code code;
    dist_fini(dist);
    if (json_is_object(value)) {
        if ((code = spec_read(spec, &spec_dist, &text, value, spot)) == UND_OK)
            code = read_values(spec, &text, value, spot);
        *dist = text.dist;
    } else {
        code = spec_duration(spec, value, spot, field->mean ? 1 : 0, LONGEST, &ms);
        *dist = dist_fixed(code == UND_OK ? (int64_t)ms : 0);
        if (field->mean)
            dist->kind = DIST_EXPONENTIAL;
    }
    if (code != UND_OK)
        return code;
    return dist_resolve(dist, doc_where(spot, place), spec->err);
}
