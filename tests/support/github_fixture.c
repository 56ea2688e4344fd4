#include "github_fixture.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct http_config github_fixture_base = {
    .connect_ms = 500, .total_ms = 2000, .stall_ms = 1000, .backoff_ms = 1, .patience_ms = 1000};

void github_fixture_open(struct github_fixture *github)
{
    github->err = (struct und_err){0};
    github->client = NULL;
    github->script = NULL;
    setenv("TEST_GITHUB_TOKEN", GITHUB_FIXTURE_TOKEN, 1);
}

void github_fixture_close(struct github_fixture *github)
{
    github_close(github->client);
    if (github->script)
        script_close(github->script);
}

struct live github_fixture_fleet(const struct github_fixture *github)
{
    struct live live = {.present = true, .time_factor = 100};
    strcpy(live.github.owner, "rpalermodrums");
    strcpy(live.github.repository, "PAWS360");
    strcpy(live.github.service.token, "env:TEST_GITHUB_TOKEN");
    if (github->script)
        snprintf(live.github.service.url, sizeof live.github.service.url, "%s",
                 script_url(github->script));
    return live;
}

void github_fixture_serve(struct github_fixture *github, const struct script_reply *replies,
                          size_t n)
{
    struct live live;
    github->script = script_open_list(replies, n, NULL);
    live = github_fixture_fleet(github);
    ck_assert_msg(github_open(&github->client, &live, &github_fixture_base, &github->err) == UND_OK,
                  "%s", github->err.text);
}

void github_fixture_refused(const struct github_fixture *github, const char *says)
{
    ck_assert_msg(strstr(github->err.text, says) != NULL, "want '%s' in: %s", says,
                  github->err.text);
    ck_assert_msg(strstr(github->err.text, GITHUB_FIXTURE_TOKEN) == NULL, "credential in: %s",
                  github->err.text);
    ck_assert_ptr_null(strchr(github->err.text, '\n'));
}
