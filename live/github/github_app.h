/*
 * GitHub App authentication: a JSON Web Token signed with the App's private key (RS256, RFC 7519;
 * GitHub, "Generating a JSON Web Token for a GitHub App") is exchanged for an installation token,
 * which lasts an hour. Cryptography by OpenSSL.
 */
#ifndef LIVE_GITHUB_GITHUB_APP_H
#define LIVE_GITHUB_GITHUB_APP_H

#include "github_parse.h"
#include "live/http/http.h"

#define GITHUB_APP_JWT 1024

/* `base` is the API's configuration; its authentication is replaced by the JWT. `offset_ms` is
 * what is known of GitHub's clock against ours. */
enum und_code github_app_token(struct github_token *token, const struct http_config *base,
                               const struct secret *key, const char *app_id, int64_t installation,
                               int64_t offset_ms, struct und_err *err);

#endif
