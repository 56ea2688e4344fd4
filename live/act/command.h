/*
 * Commands on this machine and on others: lists of arguments, never lines for a shell. A place's
 * `via` comes before them; if that is ssh, the command is quoted for the remote shell, because ssh
 * joins its arguments.
 *
 * Children get no credential: their environment is ours, from which every env: token is gone.
 * They run in a group of their own, which is killed at the time-out or on cancellation.
 */
#ifndef LIVE_ACT_COMMAND_H
#define LIVE_ACT_COMMAND_H

#include "model/base/err.h"
#include "model/fleet/fleet.h"

#include <stdatomic.h>

#define COMMAND_ARGS (2 * LIVE_ARGS + 8)
#define COMMAND_OUTPUT 4096

struct command {
    char *argv[COMMAND_ARGS + 1]; /* NULL-terminated; owned */
    int n;
};

struct command_result {
    int exit_code; /* 128 + signal if it was killed by one; -1: it could not be started */
    bool timed_out;
    char output[COMMAND_OUTPUT]; /* both streams, cleaned, the first bytes */
};

/* Every credential of the fleet is known to secret_redact from here on. */
void command_know_credentials(const struct live *live);

/* `on` names a place of the fleet, "" this machine. */
enum und_code command_init(struct command *command, const struct fleet *fleet, const char *on,
                           const struct live_argv *argv, struct und_err *err);
void command_fini(struct command *command);

/* One line as one would type it, for plans and reports. */
void command_show(const struct command *command, char *out, size_t size);

/* UND_OK means that it ran to an end of its own; exit_code says which. */
enum und_code command_run(const struct command *command, int64_t timeout_ms,
                          const atomic_bool *cancel, struct command_result *result,
                          struct und_err *err);

/* 'it'\''s' where the text needs it; false if it does not fit. */
bool command_quote(char *out, size_t size, const char *text);

#endif
