/*
 * What is kept of a sweep while it runs, so that a killed one goes on where it was, and what one
 * machine found is put together with what others did. JSON lines: first what was asked (the
 * arguments of the command, and a digest of the first point: another file or version would have
 * another one), then a line a point, written at once and appended. A last line that was torn by a
 * kill is dropped. Numbers have 17 digits, so that they come back as they were.
 *
 * {"version": 1, "whatif": ["FILE", "--vary", ...], "points": N, "digest": "..."}
 * {"point": 3, "lost": false, "seed": ..., "metric": {...}, ...} or {"point": 3, "error": "..."}
 */
#ifndef REPORTS_PLAN_KEEP_H
#define REPORTS_PLAN_KEEP_H

#include "sweep.h"

struct keep; /* an open file to append to */

/* What a file of this kind is about. */
struct keep_head {
    json_t *asked; /* list of texts, owned */
    int points;
    uint64_t digest; /* of the first point; 0: it could not be simulated */
};

/* Opens or begins `path`. What is in it already is read into `lines`, a list of texts, new
 * reference. UND_USAGE: it holds what was kept of something else than `head`. */
enum und_code keep_open(struct keep **keep, const char *path, const struct keep_head *head,
                        json_t **lines, struct und_err *err);
void keep_close(struct keep *keep);
/* One point, on the disk when it returns. */
enum und_code keep_point(struct keep *keep, const char *line, struct und_err *err);

/* All lines of a file for reading, and what was asked; new references, also where it fails. */
enum und_code keep_read(const char *path, struct keep_head *head, json_t **lines,
                        struct und_err *err);
bool keep_is_same(const struct keep_head *one, const struct keep_head *other);

/* A point as a line, the caller's to free; and back again. False: it is none, or one of a point
 * that there is not, or one with the other `lost`. */
char *keep_line(const struct sweep *sweep, int point, bool lost);
bool keep_take(struct sweep *sweep, const char *line, bool lost);

#endif
