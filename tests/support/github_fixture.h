/*
 * The GitHub client against a scripted GitHub, for its suites: short limits, seconds of 10 ms, a
 * credential that must never be shown.
 */
#ifndef TESTS_SUPPORT_GITHUB_FIXTURE_H
#define TESTS_SUPPORT_GITHUB_FIXTURE_H

#include "live/github/github.h"
#include "scripted_server.h"

#define GITHUB_FIXTURE_TOKEN "ghp_TheTokenThatNobodyMaySee1234"
/* Of an answer in JSON; more headers and an empty line follow. */
#define GITHUB_FIXTURE_JSON "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

struct github_fixture {
    struct github_client *client; /* NULL until it is served or opened */
    struct script *script;        /* likewise */
    struct und_err err;
};

extern const struct http_config github_fixture_base;

void github_fixture_open(struct github_fixture *github);
void github_fixture_close(struct github_fixture *github);

/* Of the repository rpalermodrums/PAWS360 at the script, if there is one. Its seconds are of 10 ms,
 * so that the spacing of writes is there but short. */
struct live github_fixture_fleet(const struct github_fixture *github);
/* Starts the script with these replies, and opens the client on it. */
void github_fixture_serve(struct github_fixture *github, const struct script_reply *replies,
                          size_t n);
/* The error is one line that says so, without the credential. */
void github_fixture_refused(const struct github_fixture *github, const char *says);

#endif
