/*
 * Defaults of a user's own: a file, and the environment before it. Whatever stands on the command
 * line goes before both; and what must be said there each time cannot be set here.
 *
 *     # $XDG_CONFIG_HOME/understudy/config, else ~/.config/understudy/config
 *     store = /var/lib/understudy/runs.db      any command that has the option
 *     sim.replications = 2000                  this command's
 *
 * UNDERSTUDY_CONFIG names another file ("": none). UNDERSTUDY_STORE and UNDERSTUDY_THREADS go
 * before the file. Errors: UND_USAGE, "FILE:LINE: got X, want Y".
 */
#ifndef MODEL_OPTIONS_SETTINGS_H
#define MODEL_OPTIONS_SETTINGS_H

#include "model/base/err.h"

#include <stdbool.h>

#define SETTINGS_BYTES 65536 /* of the file, at most */

/* One that is meant for a command: its option and the value, which live as long as the process;
 * `place` begins a message. Returns false, with err set, where the value is none. */
typedef bool settings_taker(void *context, const char *option, const char *value, const char *place,
                            struct und_err *err);

/* Calls `take` for each setting of the command ("sim", "alerts check"), those for all first. */
enum und_code settings_read(const char *command, settings_taker *take, void *context,
                            struct und_err *err);

#endif
