/*
 * Credentials: where they come from, and that they go nowhere else.
 *
 * A source is a line of the fleet file, never the credential itself:
 *     file:/etc/understudy/token     a file of ours that nobody else can read (mode 0600 or 0400)
 *     env:GITHUB_TOKEN               an environment variable, wiped from our environment once read,
 *                                    so that no child and no /proc/PID/environ shows it; what it
 *                                    held is remembered for later calls until the process ends
 *     credential:github-token        a file in $CREDENTIALS_DIRECTORY (systemd LoadCredential=)
 * Memory is locked, left out of core dumps, and zeroed by secret_close. Every open secret is also
 * known to secret_redact, through which all text from outside goes before it is shown.
 * Errors: UND_USAGE; they name the source and never quote what was read.
 */
#ifndef LIVE_SECRET_SECRET_H
#define LIVE_SECRET_SECRET_H

#include "model/base/err.h"

#include <stddef.h>

#define SECRET_BYTES 16384 /* ceiling; an RSA key in PEM has about 3,200 */
#define SECRET_SHORTEST 4  /* anything shorter could not be told from ordinary text */

struct secret;

/* Reads the source. UND_USAGE, and *out NULL, where it is no source, cannot be read, is readable
 * for others, or has fewer than SECRET_SHORTEST or more than SECRET_BYTES bytes; a line end is cut
 * off. */
enum und_code secret_open(struct secret **out, const char *source, struct und_err *err);
/* Known to secret_redact from now on until the process ends, and out of the environment if it was
 * there: a command may run, and print it, before the client that needs it is opened. Any number of
 * times; "" is fine. Errors come when it is opened. */
void secret_know(const char *source);
/* A secret that was computed or received: a copy of text[0..size). */
enum und_code secret_open_copy(struct secret **out, const char *text, size_t size,
                               struct und_err *err);
void secret_close(struct secret *secret); /* NULL is fine */

const char *secret_text(const struct secret *secret); /* borrowed; NUL-terminated */
size_t secret_size(const struct secret *secret);

/* Replaces every open secret in the text by "***", in place. */
void secret_redact(char *text);

/* No core dumps and no debugger from now on; for every command that will open a secret. */
void secret_harden(void);

#endif
