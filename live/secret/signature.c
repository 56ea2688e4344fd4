#include "signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

bool signature_valid(const struct secret *secret, const void *body, size_t size, const char *header)
{
    unsigned char digest[32];
    unsigned n = 0;
    char expected[7 + 2 * sizeof digest + 1] = "sha256=";
    size_t i;
    if (!header || strlen(header) != sizeof expected - 1)
        return false;
    if (!HMAC(EVP_sha256(), secret_text(secret), (int)secret_size(secret), body, size, digest, &n))
        return false;
    for (i = 0; i < sizeof digest; i++)
        snprintf(expected + 7 + 2 * i, 3, "%02x", digest[i]);
    return CRYPTO_memcmp(expected, header, sizeof expected - 1) == 0;
}

bool signature_is_bearer(const struct secret *token, const char *header)
{
    size_t n = secret_size(token);
    if (!header || strncmp(header, "Bearer ", 7) != 0)
        return false;
    return strlen(header + 7) == n && CRYPTO_memcmp(header + 7, secret_text(token), n) == 0;
}
