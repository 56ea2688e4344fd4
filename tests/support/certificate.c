/* Certificates for the tests, made on the spot (script.h): none lies in the project to expire. */
#include "helpers.h"
#include "scripted_server.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static FILE *file(const char *folder, const char *label, const char *kind, const char *mode)
{
    char path[256];
    FILE *stream;
    snprintf(path, sizeof path, "%s/%s.%s", folder, label, kind);
    stream = fopen(path, mode);
    ck_assert_ptr_nonnull(stream);
    if (mode[0] == 'w')
        ck_assert_int_eq(chmod(path, 0600), 0);
    return stream;
}

static void extension(X509 *certificate, X509 *issuer, int kind, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *made;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    made = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    ck_assert_ptr_nonnull(made);
    X509_add_ext(certificate, made, -1);
    X509_EXTENSION_free(made);
}

static X509 *unsigned_certificate(const char *label, EVP_PKEY *key, int from_days, int to_days)
{
    static long serial = 1;
    X509 *certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    X509_gmtime_adj(X509_getm_notBefore(certificate), from_days * 86400L);
    X509_gmtime_adj(X509_getm_notAfter(certificate), to_days * 86400L);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               (const unsigned char *)label, -1, -1, 0);
    return certificate;
}

static void sign_by(X509 *certificate, const char *folder, const char *ca)
{
    FILE *stream = file(folder, ca, "crt", "r");
    X509 *issuer = PEM_read_X509(stream, NULL, NULL, NULL);
    EVP_PKEY *key;
    fclose(stream);
    stream = file(folder, ca, "key", "r");
    key = PEM_read_PrivateKey(stream, NULL, NULL, NULL);
    fclose(stream);
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
    ck_assert_int_gt(X509_sign(certificate, key, EVP_sha256()), 0);
    EVP_PKEY_free(key);
    X509_free(issuer);
}

void script_certificate(const char *folder, const char *label, const char *ca, const char *name,
                        int from_days, int to_days)
{
    EVP_PKEY *key = ca ? EVP_EC_gen("P-256") : EVP_RSA_gen(2048);
    X509 *certificate = unsigned_certificate(label, key, from_days, to_days);
    FILE *stream;
    char alternative[128];
    if (ca) {
        snprintf(alternative, sizeof alternative, "%s:%s",
                 strspn(name, "0123456789.") == strlen(name) ? "IP" : "DNS", name);
        extension(certificate, certificate, NID_subject_alt_name, alternative);
        sign_by(certificate, folder, ca);
    } else {
        extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
        X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
        ck_assert_int_gt(X509_sign(certificate, key, EVP_sha256()), 0);
    }
    stream = file(folder, label, "crt", "w");
    PEM_write_X509(stream, certificate);
    fclose(stream);
    stream = file(folder, label, "key", "w");
    PEM_write_PrivateKey(stream, key, NULL, NULL, 0, NULL, NULL);
    fclose(stream);
    X509_free(certificate);
    EVP_PKEY_free(key);
}
