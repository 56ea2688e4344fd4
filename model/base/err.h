/*
 * Errors are values: a function that can fail returns an und_code and fills a struct und_err.
 * The first error wins (a later und_fail on the same struct is ignored); only main prints it.
 * Who reads a file for somebody who wants all that is wrong with it notes one error and reads on.
 * The codes are the exit codes of the program.
 */
#ifndef MODEL_BASE_ERR_H
#define MODEL_BASE_ERR_H

#include <stdbool.h>
#include <stdio.h>

enum und_code {
    UND_OK = 0,
    UND_FAILED = 1,       /* an expectation or an invariant failed */
    UND_USAGE = 2,        /* usage or input error */
    UND_SERVICE = 3,      /* a service was out of reach or refused */
    UND_STOPPED = 4,      /* a drill was stopped and rolled back */
    UND_STUCK = 5,        /* a rollback could not be completed */
    UND_INTERRUPTED = 130 /* interrupted by a signal, rolled back */
};

#define UND_TEXT 768
#define UND_ERRORS 10 /* of one reading, kept */
#define UND_LINES 3   /* printed, unless all are asked for */

/* What is wrong with a file, in the order in which it was read. */
struct und_errors {
    char text[UND_ERRORS][UND_TEXT];
    int n, total; /* kept; found */
    bool every;   /* all that are kept are to be printed */
};

struct und_err {
    enum und_code code;
    char text[UND_TEXT];    /* "place: what: got X, want Y"; no newline at the end */
    struct und_errors *all; /* who reads a file may go on and note each error here; NULL: stops */
};

/* Records the error unless one is already there; returns the code so that callers can
 * `return und_fail(err, UND_USAGE, "...")`. */
enum und_code und_fail(struct und_err *err, enum und_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Moves the error, if there is one, to `all`, so that reading can go on; false where nobody asked
 * for all. und_settle ends such a reading: the first one noted is the error. */
bool und_note(struct und_err *err);
enum und_code und_settle(struct und_err *err);

/* "understudy: TEXT", a line an error: the first ones and how many are left, or all that were kept.
 * `text` is the error where `all` has none. */
void und_print(FILE *out, const char *text, const struct und_errors *all);

/* Takes out, in place, what no message may show. A weak symbol that does nothing:
 * live/secret/secret.c replaces it, since the simulator holds no credentials. */
void und_fail_redact(char *text);

#endif
