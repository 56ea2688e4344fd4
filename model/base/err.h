/*
 * Errors are values: a function that can fail returns an und_code and fills a struct und_err.
 * The first error wins (a later und_fail on the same struct is ignored); only main prints it.
 * The codes are the exit codes of the program.
 */
#ifndef MODEL_BASE_ERR_H
#define MODEL_BASE_ERR_H

enum und_code {
    UND_OK = 0,
    UND_FAILED = 1,       /* an expectation or an invariant failed */
    UND_USAGE = 2,        /* usage or input error */
    UND_SERVICE = 3,      /* a service was out of reach or refused */
    UND_STOPPED = 4,      /* a drill was stopped and rolled back */
    UND_STUCK = 5,        /* a rollback could not be completed */
    UND_INTERRUPTED = 130 /* interrupted by a signal, rolled back */
};

struct und_err {
    enum und_code code;
    char text[768]; /* "place: what: got X, want Y"; no newline at the end */
};

/* Records the error unless one is already there; returns the code so that callers can
 * `return und_fail(err, UND_USAGE, "...")`. */
enum und_code und_fail(struct und_err *err, enum und_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Takes out, in place, what no message may show. A weak symbol that does nothing:
 * live/secret/secret.c replaces it, since the simulator holds no credentials. */
void und_fail_redact(char *text);

#endif
