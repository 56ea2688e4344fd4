/*
 * Quantities as people write them, exactly into the program's units.
 *
 *   durations  90s 5min 2h 30d 250ms 1h30min 1.5h   -> ms (units: ms s min h d w y = 365d; `m` is
 *              accepted for min, as Prometheus writes it); terms from large to small
 *   rates      0.7/min 200/d 3/s                    -> per ms
 *   sizes      128GB 512MiB 1.5TiB                  -> bytes (k = 1000, Ki = 1024)
 *   shares     65% or a number                      -> 0.65
 *
 * All return false for what they cannot read and write a hint ("did you mean min?", or why) to
 * `hint`, which is "" when there is nothing to add. Range checks are the caller's, who knows them;
 * nothing overflows: what does not fit is an error here.
 */
#ifndef MODEL_BASE_UNITS_H
#define MODEL_BASE_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UNITS_HINT 96
#define UNITS_TEXT 40

#define UNITS_SECOND 1000LL
#define UNITS_MINUTE (60 * UNITS_SECOND)
#define UNITS_HOUR (60 * UNITS_MINUTE)
#define UNITS_DAY (24 * UNITS_HOUR)
#define UNITS_YEAR (365 * UNITS_DAY)

/* The whole text has to be read; on failure the value is left as it was. */
bool units_duration(const char *text, int64_t *ms, char hint[UNITS_HINT]);
bool units_rate(const char *text, double *per_ms, char hint[UNITS_HINT]);
bool units_size(const char *text, int64_t *bytes, char hint[UNITS_HINT]);
bool units_share(const char *text, double *share, char hint[UNITS_HINT]);

/* The shortest exact form that units_duration reads back: "90s", "1h30min", "250ms". */
const char *units_format_duration(int64_t ms, char text[UNITS_TEXT]);
const char *units_format_size(int64_t bytes, char text[UNITS_TEXT]);

#endif
