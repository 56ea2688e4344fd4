/* Is this a GitHub App's JSON Web Token (RFC 7519; RS256, RFC 7518 section 3.3)? */
#include "service.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

#define JWT_BYTES 4096
#define JWT_LIFE_S 600 /* GitHub accepts no longer one */

/* base64url without padding (RFC 4648 section 5) to base64 with it, for the library. */
static bool decode(const char *text, size_t size, gnutls_datum_t *out)
{
    char plain[JWT_BYTES];
    gnutls_datum_t in = {(unsigned char *)plain, 0};
    if (size == 0 || size + 4 >= sizeof plain)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '+' || text[i] == '/' || text[i] == '=')
            return false;
        plain[i] = (char)(text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i]);
    }
    while (size % 4 != 0)
        plain[size++] = '=';
    in.size = (unsigned)size;
    return gnutls_base64_decode2(&in, out) == GNUTLS_E_SUCCESS;
}

static json_t *decode_json(const char *text, size_t size)
{
    gnutls_datum_t raw = {NULL, 0};
    json_t *json = NULL;
    if (decode(text, size, &raw))
        json = json_loadb((const char *)raw.data, raw.size, 0, NULL);
    gnutls_free(raw.data);
    return json;
}

static bool signed_by(const char *jwt, size_t signed_size, const char *signature,
                      const char *public_key)
{
    gnutls_datum_t pem = {(unsigned char *)public_key, (unsigned)strlen(public_key)};
    gnutls_datum_t data = {(unsigned char *)jwt, (unsigned)signed_size};
    gnutls_datum_t raw = {NULL, 0};
    gnutls_pubkey_t key;
    bool good = false;
    if (gnutls_pubkey_init(&key) != GNUTLS_E_SUCCESS)
        return false;
    if (gnutls_pubkey_import(key, &pem, GNUTLS_X509_FMT_PEM) == GNUTLS_E_SUCCESS &&
        decode(signature, strlen(signature), &raw))
        good = gnutls_pubkey_verify_data2(key, GNUTLS_SIGN_RSA_SHA256, 0, &data, &raw) >= 0;
    gnutls_free(raw.data);
    gnutls_pubkey_deinit(key);
    return good;
}

static const char *claims_refusal(const json_t *claims, const char *app_id, int64_t now_s)
{
    const json_t *issuer = json_object_get(claims, "iss");
    const json_t *issued = json_object_get(claims, "iat");
    const json_t *expires = json_object_get(claims, "exp");
    bool ours = json_is_string(issuer)
                    ? strcmp(json_string_value(issuer), app_id) == 0
                    : json_is_integer(issuer) && json_integer_value(issuer) == atoll(app_id);
    if (!ours)
        return "Integration not found";
    if (!json_is_integer(issued) || json_integer_value(issued) > now_s)
        return "'Issued at' claim ('iat') must be an Integer representing the time that the "
               "assertion was issued";
    if (!json_is_integer(expires) || json_integer_value(expires) <= now_s)
        return "'Expiration time' claim ('exp') must be a numeric value representing the future "
               "time at which the assertion expires";
    if (json_integer_value(expires) > now_s + JWT_LIFE_S)
        return "'Expiration time' claim ('exp') is too far in the future";
    return NULL;
}

const char *jwt_refusal(const char *jwt, const char *app_id, const char *public_key, int64_t now_ms)
{
    static const char undecodable[] = "A JSON web token could not be decoded";
    const char *dot = strchr(jwt, '.');
    const char *second = dot ? strchr(dot + 1, '.') : NULL;
    const char *refusal = undecodable;
    json_t *header, *claims;
    if (second == NULL || strchr(second + 1, '.') != NULL)
        return undecodable;
    header = decode_json(jwt, (size_t)(dot - jwt));
    claims = decode_json(dot + 1, (size_t)(second - dot - 1));
    const char *algorithm = json_string_value(json_object_get(header, "alg"));
    if (claims != NULL && algorithm != NULL && strcmp(algorithm, "RS256") == 0)
        refusal = claims_refusal(claims, app_id, now_ms / 1000);
    if (refusal == NULL && public_key != NULL &&
        !signed_by(jwt, (size_t)(second - jwt), second + 1, public_key))
        refusal = undecodable;
    json_decref(header);
    json_decref(claims);
    return refusal;
}
