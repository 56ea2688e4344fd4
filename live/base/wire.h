/*
 * Text and times off the wire: made fit to show, and turned into milliseconds. Pure functions.
 * Wall-clock times are int64_t ms since 1970 (UTC).
 */
#ifndef LIVE_BASE_WIRE_H
#define LIVE_BASE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Control characters (a terminal would obey them) become '?', in place: those below 32, 127, and
 * U+0080 to U+009F in UTF-8. */
void wire_clean(char *text);

/* Copies at most size - 1 bytes and ends with NUL; false if that cut anything off. */
bool wire_copy(char *out, size_t size, const char *from, size_t from_size);

/* RFC 3339 as GitHub, Prometheus and Alertmanager write it ("2026-11-23T10:23:46.902386869Z",
 * with any offset); false unless the whole text is one. */
bool wire_time_ms(const char *text, int64_t *out_ms);

/* "2026-11-23T10:23:46Z"; `out` has room for 32 bytes. */
#define WIRE_TIME 32
const char *wire_time(char out[WIRE_TIME], int64_t at_ms);

/* "450 ms", "12.3 s", "4 min 05 s", "2 h 10 min". */
const char *wire_duration(char out[WIRE_TIME], int64_t ms);

#endif
