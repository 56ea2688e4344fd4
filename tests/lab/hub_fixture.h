/*
 * The GitHub stand-in's state with runners that a test plays, in virtual time, for the suites of
 * tests/lab/hub.h.
 */
#ifndef TESTS_LAB_HUB_FIXTURE_H
#define TESTS_LAB_HUB_FIXTURE_H

#include "hub.h"

#define SECOND 1000LL
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define STEP 250 /* ms that are played at once */
#define HUB_FIXTURE_RUNNERS 8

struct hub_fixture {
    struct hub *hub;
    int64_t now; /* ms */
    /* A session each; those that listen poll at every step. */
    struct {
        uint64_t session;
        bool listens, works;
    } runner[HUB_FIXTURE_RUNNERS];
};

/* Uncompressed, without runners; seed 7. Ended by hub_close(lab->hub). */
void hub_fixture_open(struct hub_fixture *lab);
/* So many ms with all that the runners do in them. */
void hub_fixture_play(struct hub_fixture *lab, int64_t ms);

/* Runner i of the host, with one label of its own: it listens and works. */
void hub_fixture_runner(struct hub_fixture *lab, int i, const char *host, const char *label);
struct hub_registration *hub_fixture_registration(struct hub_fixture *lab, int i);

struct hub_labels hub_fixture_labels(const char *a, const char *b); /* b may be NULL */
/* A run of one job for registrations with both labels (b may be NULL); its number. */
int64_t hub_fixture_submit(struct hub_fixture *lab, const char *a, const char *b,
                           int64_t duration_ms);
/* The run's first job. */
struct hub_job *hub_fixture_job(struct hub_fixture *lab, int64_t run);

#endif
