/* The HTTP client over TLS: whose certificates it accepts, which it shows, and what of its keys it
 * keeps to itself. */
#include "tests/support/helpers.h"
#include "tests/support/http_fixture.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct http_fixture call;

/* One server, certificates that are wrong in one way each. */
static const char *folder;

static void tls_up(void)
{
    http_fixture_open(&call);
    folder = script_folder();
    script_certificate(folder, "ca", NULL, "", -1, 10);
    script_certificate(folder, "other", NULL, "", -1, 10);
    script_certificate(folder, "good", "ca", "127.0.0.1", -1, 10);
    script_certificate(folder, "expired", "ca", "127.0.0.1", -10, -1);
    script_certificate(folder, "early", "ca", "127.0.0.1", 1, 10);
    script_certificate(folder, "wrong", "ca", "github.example", -1, 10);
    script_certificate(folder, "stranger", "other", "127.0.0.1", -1, 10);
    script_certificate(folder, "client", "ca", "operator.example", -1, 10);
}

static void tls_down(void)
{
    http_fixture_close(&call);
    script_remove_folder(folder);
}

static enum und_code get_tls(const char *label, bool ask_client, bool give_client)
{
    static const struct script_reply reply = {.text = (char *)(uintptr_t)HTTP_FIXTURE_OK "\r\n{}"};
    char cert[128], key[128], ca[128];
    struct script_tls tls = {cert, key, ask_client ? ca : NULL};
    struct http_config config;
    snprintf(cert, sizeof cert, "%s/%s.crt", folder, label);
    snprintf(key, sizeof key, "%s/%s.key", folder, label);
    snprintf(ca, sizeof ca, "%s/ca.crt", folder);
    call.script = script_open_list(&reply, 1, &tls);
    config = http_fixture_quick(&call, script_url(call.script));
    strcpy(config.ca_file, ca);
    config.attempts = 1;
    if (give_client) {
        snprintf(config.cert_file, sizeof config.cert_file, "%s/client.crt", folder);
        snprintf(config.key_file, sizeof config.key_file, "%s/client.key", folder);
    }
    ck_assert_int_eq(http_open(&call.http, &config, &call.err), UND_OK);
    return http_fixture_get(&call, "/x");
}

START_TEST(own_certificate_authority)
{
    ck_assert_msg(get_tls("good", false, false) == UND_OK, "%s", call.err.text);
    ck_assert_str_eq(call.response.body, "{}");
}
END_TEST

START_TEST(client_certificate)
{
    ck_assert_msg(get_tls("good", true, true) == UND_OK, "%s", call.err.text);
    ck_assert_str_eq(call.response.body, "{}");
}
END_TEST

START_TEST(client_certificate_missing)
{
    ck_assert_int_eq(get_tls("good", true, false), UND_SERVICE);
    /* The server's alert and its closing of the connection race: either may be what we hear. */
    http_fixture_refused(&call, UND_SERVICE, "got no usable answer (");
}
END_TEST

static const struct {
    const char *label, *says;
} bad_certificates[] = {
    {"expired", "certificate has expired"},
    {"early", "certificate is not yet valid"},
    {"wrong", "no alternative certificate subject name matches"},
    {"stranger", "unable to get local issuer certificate"},
};

START_TEST(bad_certificates_are_refused_before_the_token_is_sent)
{
    ck_assert_int_eq(get_tls(bad_certificates[_i].label, false, false), UND_SERVICE);
    http_fixture_refused(&call, UND_SERVICE, bad_certificates[_i].says);
    ck_assert_ptr_nonnull(strstr(call.err.text, "verification is never off"));
    ck_assert_uint_eq(script_requests(call.script), 0);
}
END_TEST

/* Stands before OpenSSL's: curl calls it for a folder of authorities. */
static int folders_trusted;

int X509_STORE_load_path(X509_STORE *store, const char *path)
{
    folders_trusted++;
    X509_LOOKUP *lookup = X509_STORE_add_lookup(store, X509_LOOKUP_hash_dir());
    return X509_LOOKUP_add_dir(lookup, path, X509_FILETYPE_PEM);
}

/* A service of one's own is vouched for by one's own authority alone, not by every public one. */
START_TEST(own_authority_replaces_the_systems)
{
    struct http_config config;
    ck_assert_msg(get_tls("good", false, false) == UND_OK, "%s", call.err.text);
    ck_assert_int_eq(folders_trusted, 0);
    http_response_fini(&call.response);
    http_close(call.http);
    config = http_fixture_quick(&call, script_url(call.script));
    ck_assert_int_eq(http_open(&call.http, &config, &call.err), UND_OK);
    ck_assert_int_eq(http_fixture_get(&call, "/x"), UND_SERVICE);
    ck_assert_int_gt(folders_trusted, 0); /* without ca_file: this test can see it */
}
END_TEST

static void lock_client_key(void)
{
    char path[128];
    EVP_PKEY *key = EVP_RSA_gen(2048);
    FILE *file;
    snprintf(path, sizeof path, "%s/client.key", folder);
    file = fopen(path, "w");
    PEM_write_PrivateKey(file, key, EVP_aes_256_cbc(), (const unsigned char *)"pass phrase", 11,
                         NULL, NULL);
    fclose(file);
    EVP_PKEY_free(key);
}

/* OpenSSL would ask for the pass phrase on the terminal, and wait. The child has one. */
START_TEST(locked_private_key_is_an_error_not_a_question)
{
    int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK), status, naps;
    char asked[64];
    pid_t child;
    lock_client_key();
    if (terminal < 0 || (grantpt(terminal) | unlockpt(terminal)) != 0) {
        puts("locked_private_key_is_an_error_not_a_question: not tried, no pseudo-terminals here");
        return;
    }
    child = fork();
    if (child == 0) {
        setsid();
        if (open(ptsname(terminal), O_RDWR) < 0)
            _exit(2);
        get_tls("good", true, true);
        _exit(strstr(call.err.text, "check cert_file and key_file") ? 0 : 1);
    }
    for (naps = 0; waitpid(child, &status, WNOHANG) == 0; naps++) {
        usleep(10000);
        if (naps == 500)
            kill(child, SIGKILL);
    }
    ck_assert_int_eq(status, 0);
    ck_assert_int_lt(read(terminal, asked, sizeof asked), 0);
    close(terminal);
}
END_TEST

/* With the keys of the session anybody could read the credential from a recording of it. */
START_TEST(session_keys_are_not_logged)
{
    char path[128];
    snprintf(path, sizeof path, "%s/keys", folder);
    setenv("SSLKEYLOGFILE", path, 1);
    ck_assert_msg(get_tls("good", false, false) == UND_OK, "%s", call.err.text);
    ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("http tls");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, tls_up, tls_down);
    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, own_certificate_authority);
    tcase_add_test(tcase, client_certificate);
    tcase_add_test(tcase, client_certificate_missing);
    tcase_add_loop_test(tcase, bad_certificates_are_refused_before_the_token_is_sent, 0,
                        COUNT(bad_certificates));
    tcase_add_test(tcase, own_authority_replaces_the_systems);
    tcase_add_test(tcase, locked_private_key_is_an_error_not_a_question);
    tcase_add_test(tcase, session_keys_are_not_logged);
    suite_add_tcase(all, tcase);
    return all;
}
