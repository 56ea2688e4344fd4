/*
 * Field tables: the one place where a file's keys, units, ranges, defaults and descriptions stand.
 *
 * A table describes a mapping of the file and the struct that it fills. Three things are driven by
 * the tables and by nothing else: reading (spec_read), the errors for unknown keys, and the JSON
 * Schema (spec_schema). The tables stand in spec_*.c, one file a part of the format.
 *
 * Fields are read in the order of the table. A key that the file leaves out gets the field's
 * `fallback`, which is written as a file would write it and read the same way. Errors: UND_USAGE,
 * "file:line: key: got X, want Y". Where spec->err asks for all of them (und_note), reading goes on
 * after one; the error code still says that there was one, and what would only follow from it (a
 * check of the whole table, a reference to what could not be read) is not judged.
 */
#ifndef MODEL_FILE_SPEC_H
#define MODEL_FILE_SPEC_H

#include "doc.h"
#include "model/fleet/scenario.h"

#include <stdbool.h>

enum field_kind {
    FIELD_TEXT,     /* char[size] */
    FIELD_ENUM,     /* an enum (unsigned or int wide), by `names` */
    FIELD_ENUM_SET, /* unsigned, one bit a name; a name, or a list of names */
    FIELD_BOOL,     /* bool */
    FIELD_INT,      /* int */
    FIELD_NUMBER,   /* double */
    FIELD_DURATION, /* int64_t, ms */
    FIELD_TIME,     /* double, ms */
    FIELD_RATE,     /* double, per ms */
    FIELD_SIZE,     /* int64_t, bytes */
    FIELD_SHARE,    /* double, 0..1 */
    FIELD_SHARE_PM, /* int64_t, per mille */
    FIELD_DIST,     /* struct dist; a plain duration is fixed */
    FIELD_TABLE,    /* a mapping: `table`, at `at` */
    FIELD_LIST,     /* a list of what `item` says, `stride` apart, their number in `count_at` */
    FIELD_CUSTOM,   /* `read` */
    FIELD_KINDS
};

struct spec;
struct field;
typedef enum und_code field_reader(struct spec *spec, const struct field *field, void *base,
                                   json_t *value, const struct spot *spot);

struct field {
    const char *key;
    enum field_kind kind;
    size_t at;   /* offset in the table's struct */
    size_t size; /* text: of the array; list: most items */
    size_t has;  /* offset of a bool: does the file give the key? 0: not asked */
    bool required;
    const char *wanted;   /* list: of which lengths, before `size`: "24 or "; NULL: at most */
    bool mean;            /* dist: a plain duration is the mean of an exponential one */
    double min, max;      /* both 0: no range; in the kind's unit */
    const char *fallback; /* default, as a file would give it; NULL: the struct stays as it is */
    const char *const *names;
    const struct table *table;
    const struct field *item;
    size_t stride, count_at;
    bool owned; /* list: at `at` is a pointer to as many items as there are, the reader's to free */
    field_reader *read;
    const char *schema;           /* custom: JSON Schema of its values */
    json_t *(*make_schema)(void); /* the same where it has to be computed */
    bool path;                    /* table: or the path of a file that holds it (loader.c) */
    bool referred, refers;        /* others name what is in it; it names what is in such a field */
    const char *help;
};

struct table {
    const char *name;
    const char *help;
    const struct field *fields; /* ended by a NULL key */
    void (*init)(void *base);   /* before reading; what zero bytes do not say */
    enum und_code (*check)(struct spec *spec, void *base, json_t *mapping,
                           const struct spot *spot); /* after reading; may be NULL */
    const char *rules; /* JSON Schema of what `check` says, as far as a schema can; may be NULL */
    json_t *(*make_rules)(void); /* the same where it has to be computed */
};

/* One reading. */
struct spec {
    struct doc *doc;
    struct und_err *err;
    struct scenario *scenario; /* NULL while a fleet alone is read */
    struct fleet *fleet;       /* being read, or read */
    bool broken;               /* an error is in what others refer to: those are not judged */
};

#define AT(type, member) .at = offsetof(type, member)
#define HAS(type, member) .has = offsetof(type, member)
#define TEXT(type, member) AT(type, member), .size = sizeof(((type *)NULL)->member)
#define RANGE(low, high) .min = (low), .max = (high)

enum und_code spec_read(struct spec *spec, const struct table *table, void *base, json_t *mapping,
                        const struct spot *spot);
/* Unknown keys are errors. */
enum und_code spec_check_keys(struct spec *spec, const struct table *table, json_t *mapping);
/* One value by one field, into `base` + field->at. */
enum und_code spec_read_field(struct spec *spec, const struct field *field, void *base,
                              json_t *value, const struct spot *spot);

/* The place of `key` in `mapping`, for checks; of the mapping itself where the key is left out. */
struct spot spec_spot(const struct spec *spec, const json_t *mapping, const char *key,
                      const struct spot *whole);
/* "got X, want WHAT" */
enum und_code spec_refuse(struct spec *spec, const struct spot *spot, const json_t *value,
                          const char *want);
/* An error at spec_spot's place. */
enum und_code spec_fail_key(struct spec *spec, const json_t *mapping, const struct spot *whole,
                            const char *key, const char *why);
/* Reads a duration, or says what is wrong with it. */
enum und_code spec_duration(struct spec *spec, const json_t *value, const struct spot *spot,
                            double min_ms, double max_ms, double *ms);
/* By name; -1 after an error with a suggestion. */
int spec_name(struct spec *spec, const json_t *value, const struct spot *spot,
              const char *const *names);

/* JSON Schema (2020-12) of the table; every table below it stands under $defs. New reference. */
json_t *spec_schema(const struct table *root);

extern const struct table spec_dist, spec_fleet, spec_scenario, spec_fleet_file;

/* spec_dist.c: what dist's DIST says, empirical files included. */
enum und_code spec_read_dist(struct spec *spec, const struct field *field, struct dist *dist,
                             json_t *value, const struct spot *spot);

#endif
