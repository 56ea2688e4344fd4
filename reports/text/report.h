/*
 * What every report is made of: a scenario, what was found for it, and how to find it again.
 * Everything is borrowed. Reports write to an open stream and leave its errors to the caller, who
 * looks at ferror() once, at the end.
 */
#ifndef REPORTS_TEXT_REPORT_H
#define REPORTS_TEXT_REPORT_H

#include "model/base/err.h"
#include "model/fleet/result.h"
#include "model/fleet/scenario.h"

#include <stdio.h>

struct report {
    const struct scenario *scenario; /* NULL only where `error` says that it did not load */
    const struct result *result;     /* NULL with an error */
    const struct result *documented; /* the same under the documented mechanisms; NULL: not run */
    const char *error;               /* why there is no result; NULL if there is one */
    const struct und_errors *errors; /* all that is wrong with the file; NULL: `error` alone */
    const char *path;                /* the file as the user gave it */
    const char *const *sets;         /* --set overrides that were in force, for `reproduce` */
    int n_sets;
    const char *version; /* of the program; NULL leaves it out */
    double elapsed_s;    /* wall-clock time of the simulation; NAN: unknown */
};

/* One pasteable line, without its end: understudy sim FILE --seed N --replications N [--set ...]
 * # commit. */
void report_reproduce(FILE *out, const struct report *report);

/* The scenario's name, or its path where it did not load; cleaned of control characters. */
void report_name(char *out, size_t size, const struct report *report);

#endif
