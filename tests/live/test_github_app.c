/* A GitHub App's token: asked for with a JWT that its key has signed, kept while it lasts, renewed
 * before it ends. */
#include "tests/support/github_fixture.h"
#include "tests/support/helpers.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static struct github_fixture github;

static void set_up(void)
{
    github_fixture_open(&github);
}

static void tear_down(void)
{
    github_fixture_close(&github);
}

/* GitHub App: the script plays GitHub and checks the JWT with the public half of the key. */
static EVP_PKEY *app_key;
static int tokens_given;
static const char *token_life;

static size_t unbase64url(const char *from, size_t n, unsigned char *out)
{
    char padded[2048];
    size_t i;
    int size;
    ck_assert_uint_lt(n, sizeof padded - 4);
    for (i = 0; i < n; i++)
        padded[i] = from[i] == '-' ? '+' : from[i] == '_' ? '/' : from[i];
    for (; i % 4; i++)
        padded[i] = '=';
    size = EVP_DecodeBlock(out, (unsigned char *)padded, (int)i);
    ck_assert_int_gt(size, 0);
    return (size_t)size - (4 - n % 4) % 4;
}

static bool jwt_is_ours(const char *jwt, size_t size)
{
    unsigned char text[2048];
    const char *first = memchr(jwt, '.', size);
    const char *last = memrchr(jwt, '.', size);
    size_t n = unbase64url(first + 1, (size_t)(last - first - 1), text);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool valid;
    text[n] = '\0';
    ck_assert_ptr_nonnull(strstr((char *)text, "\"iss\":\"12345\""));
    n = unbase64url(last + 1, (size_t)(jwt + size - last - 1), text);
    EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, app_key);
    valid =
        EVP_DigestVerify(context, text, n, (const unsigned char *)jwt, (size_t)(last - jwt)) == 1;
    EVP_MD_CTX_free(context);
    return valid;
}

static void app_service(void *context, const char *request, struct script_reply *reply)
{
    const char *bearer = strstr(request, "Authorization: Bearer ") + 22;
    char body[256];
    (void)context;
    if (strncmp(request, "POST /app/installations/77/access_tokens ", 41) == 0) {
        ck_assert(jwt_is_ours(bearer, strcspn(bearer, "\r")));
        tokens_given++;
        snprintf(body, sizeof body, "{\"token\":\"ghs_installation%d\",\"expires_at\":\"%s\"}",
                 tokens_given, token_life);
        reply->text = script_response("201 Created", "", body);
        return;
    }
    snprintf(body, sizeof body, "ghs_installation%d\r", tokens_given);
    ck_assert(strncmp(bearer, body, strlen(body)) == 0);
    reply->text = script_response("200 OK", "", "{\"total_count\":0,\"runners\":[]}");
}

static void app_calls(const char *life, int expected_tokens)
{
    const char *folder = script_folder();
    struct github_runners runners = {0};
    struct live live;
    char path[128];
    FILE *file;
    int i;
    snprintf(path, sizeof path, "%s/app.pem", folder);
    file = fopen(path, "w");
    app_key = EVP_RSA_gen(2048);
    PEM_write_PrivateKey(file, app_key, NULL, NULL, 0, NULL, NULL);
    fclose(file);
    ck_assert_int_eq(chmod(path, 0600), 0);
    token_life = life;
    tokens_given = 0;
    github.script = script_open(app_service, NULL, NULL);
    live = github_fixture_fleet(&github);
    strcpy(live.github.app_id, "12345");
    live.github.installation = 77;
    snprintf(live.github.service.token, sizeof live.github.service.token, "file:%s", path);
    ck_assert_msg(github_open(&github.client, &live, &github_fixture_base, &github.err) == UND_OK,
                  "%s", github.err.text);
    for (i = 0; i < 3; i++)
        ck_assert_msg(github_runners(github.client, &runners, &github.err) == UND_OK, "%s",
                      github.err.text);
    ck_assert_int_eq(tokens_given, expected_tokens);
    EVP_PKEY_free(app_key);
    script_remove_folder(folder);
}

START_TEST(app_token_is_fetched_once_and_kept)
{
    app_calls("2099-01-01T00:00:00Z", 1);
}
END_TEST

START_TEST(app_token_is_renewed_before_it_ends)
{
    app_calls("2020-01-01T00:00:00Z", 3);
}
END_TEST

START_TEST(app_key_that_is_none_is_not_quoted)
{
    struct live live;
    struct github_runners runners = {0};
    github.script = script_open(app_service, NULL, NULL);
    live = github_fixture_fleet(&github);
    strcpy(live.github.app_id, "12345");
    ck_assert_int_eq(github_open(&github.client, &live, &github_fixture_base, &github.err), UND_OK);
    ck_assert_int_eq(github_runners(github.client, &runners, &github.err), UND_USAGE);
    github_fixture_refused(&github, "want an RSA key in PEM as GitHub gave it");
    ck_assert_uint_eq(script_requests(github.script), 0);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("github app");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, app_token_is_fetched_once_and_kept);
    tcase_add_test(tcase, app_token_is_renewed_before_it_ends);
    tcase_add_test(tcase, app_key_that_is_none_is_not_quoted);
    suite_add_tcase(all, tcase);
    return all;
}
