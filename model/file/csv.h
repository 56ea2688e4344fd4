/*
 * Columns of numbers out of CSV files: job traces and measured durations.
 *
 * The first line names the columns; csv_reader.h says how files may be written. Times are seconds
 * with up to three decimals, read exactly into ms, none negative. A line that is cut short, out of
 * order or no number is an error "file:line: ...", UND_USAGE.
 */
#ifndef MODEL_FILE_CSV_H
#define MODEL_FILE_CSV_H

#include "model/fleet/fleet.h"

/* `submit_s,duration_s` and optionally `class`, by the names of the workload's classes. `trace` is
 * empty on entry; what it owns goes with trace_fini. */
enum und_code csv_trace(struct trace *trace, const char *path, const struct job_class *classes,
                        int n_classes, struct und_err *err);
void csv_trace_fini(struct trace *trace);

/* All values of one column; `values` is the caller's to free. */
enum und_code csv_column(const char *path, const char *column, int64_t **values, size_t *n,
                         struct und_err *err);

#endif
