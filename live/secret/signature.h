/*
 * GitHub's webhook signature: X-Hub-Signature-256: sha256=<hex HMAC-SHA256 of the raw body>,
 * compared in constant time (GitHub, "Validating webhook deliveries"). Cryptography by OpenSSL.
 */
#ifndef LIVE_SECRET_SIGNATURE_H
#define LIVE_SECRET_SIGNATURE_H

#include "secret.h"

#include <stdbool.h>

/* `header` may be NULL (absent), which is false like every other wrong one. */
bool signature_valid(const struct secret *secret, const void *body, size_t size,
                     const char *header);

/* Is it "Authorization: Bearer TOKEN" with this token? Compared in constant time as well. */
bool signature_is_bearer(const struct secret *token, const char *header);

#endif
