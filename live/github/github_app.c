#include "github_app.h"
#include "model/base/assert.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

/* RFC 4648 section 5, without padding. False if it does not fit. */
static bool base64url(char *out, size_t size, const unsigned char *from, size_t n)
{
    char *c;
    if (size < (n + 2) / 3 * 4 + 1)
        return false;
    EVP_EncodeBlock((unsigned char *)out, from, (int)n);
    for (c = out; *c; c++) {
        if (*c == '+')
            *c = '-';
        else if (*c == '/')
            *c = '_';
        else if (*c == '=')
            *c = '\0';
    }
    return true;
}

/* OpenSSL's error queue is emptied and not quoted: it may speak about the key. */
static EVP_PKEY *read_key(const struct secret *key, struct und_err *err)
{
    BIO *bio = BIO_new_mem_buf(secret_text(key), (int)secret_size(key));
    EVP_PKEY *read = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)(uintptr_t) "") : NULL;
    BIO_free(bio);
    if (!read || EVP_PKEY_get_base_id(read) != EVP_PKEY_RSA) {
        und_fail(err, UND_USAGE,
                 "GitHub App key: got no readable private key, want an RSA key in PEM as GitHub "
                 "gave it");
        EVP_PKEY_free(read);
        read = NULL;
    }
    ERR_clear_error();
    return read;
}

static bool sign(EVP_PKEY *key, const char *text, unsigned char *out, size_t *size)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done = context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestSign(context, out, size, (const unsigned char *)text, strlen(text)) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return done;
}

static enum und_code github_app_jwt(char out[GITHUB_APP_JWT], const struct secret *key,
                                    const char *app_id, int64_t now_s, struct und_err *err)
{
    static const char header[] = "{\"alg\":\"RS256\",\"typ\":\"JWT\"}";
    char claims[160], a[64], b[256], c[GITHUB_APP_JWT];
    unsigned char signature[512];
    size_t size = sizeof signature;
    EVP_PKEY *read;
    if (strspn(app_id, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.") !=
        strlen(app_id))
        return und_fail(err, UND_USAGE, "GitHub App id: got \"%s\", want its number or client id",
                        app_id);
    read = read_key(key, err);
    if (!read)
        return err->code;
    snprintf(claims, sizeof claims, "{\"iat\":%lld,\"exp\":%lld,\"iss\":\"%.64s\"}",
             (long long)now_s - 60, (long long)now_s + 540, app_id);
    UND_ASSERT(base64url(a, sizeof a, (const unsigned char *)header, strlen(header)));
    UND_ASSERT(base64url(b, sizeof b, (const unsigned char *)claims, strlen(claims)));
    snprintf(out, GITHUB_APP_JWT, "%s.%s", a, b);
    if (EVP_PKEY_get_size(read) > (int)sizeof signature || !sign(read, out, signature, &size))
        und_fail(err, UND_USAGE,
                 "GitHub App key: got a key that cannot sign, want RSA, 2048 to "
                 "4096 bits");
    else
        UND_ASSERT(base64url(c, sizeof c, signature, size) &&
                   strlen(a) + strlen(b) + strlen(c) + 3 <= GITHUB_APP_JWT);
    EVP_PKEY_free(read);
    if (err->code == UND_OK)
        snprintf(out, GITHUB_APP_JWT, "%.64s.%.256s.%.690s", a, b, c);
    return err->code;
}

static enum und_code exchange(struct github_token *token, struct http *http, int64_t installation,
                              struct und_err *err)
{
    char path[96], place[HTTP_PLACE];
    struct http_response response = {0};
    struct http_request request = {.method = HTTP_POST, .path = path};
    json_t *body = NULL;
    snprintf(path, sizeof path, "/app/installations/%lld/access_tokens", (long long)installation);
    if (http_send(http, &request, &response, err) == UND_OK) {
        if (response.status != 201)
            http_refused(http, &request, &response, "201",
                         response.status == 401
                             ? "the App id and its private key do not belong together, or the "
                               "clock of this machine is wrong"
                             : "check the installation id of the GitHub App",
                         err);
        else if ((body = payload_parse(response.body, response.size,
                                       http_place(http, &request, place), err)) != NULL)
            github_parse_token(body, token, place, err);
    }
    json_decref(body);
    if (response.body)
        explicit_bzero(response.body, response.size);
    http_response_fini(&response);
    return err->code;
}

enum und_code github_app_token(struct github_token *token, const struct http_config *base,
                               const struct secret *key, const char *app_id, int64_t installation,
                               int64_t offset_ms, struct und_err *err)
{
    struct http_config config = *base;
    char text[GITHUB_APP_JWT];
    struct secret *jwt = NULL;
    struct http *http = NULL;
    if (github_app_jwt(text, key, app_id, (http_wall_ms() + offset_ms) / 1000, err) == UND_OK &&
        secret_open_copy(&jwt, text, strlen(text), err) == UND_OK) {
        config.auth = HTTP_AUTH_BEARER;
        config.secret = jwt;
        if (http_open(&http, &config, err) == UND_OK)
            exchange(token, http, installation, err);
    }
    explicit_bzero(text, sizeof text);
    http_close(http);
    secret_close(jwt);
    return err->code;
}
