#include "hub_fixture.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#define START 1700000000000LL

void hub_fixture_open(struct hub_fixture *lab)
{
    memset(lab, 0, sizeof *lab);
    lab->hub = hub_open(1, 7);
    lab->now = START;
}

struct hub_labels hub_fixture_labels(const char *a, const char *b)
{
    struct hub_labels list = {.n = 0};
    ck_assert(hub_label_add(&list, a));
    if (b != NULL)
        ck_assert(hub_label_add(&list, b));
    return list;
}

struct hub_registration *hub_fixture_registration(struct hub_fixture *lab, int i)
{
    return &lab->hub->registration[i];
}

void hub_fixture_runner(struct hub_fixture *lab, int i, const char *host, const char *label)
{
    struct hub_labels custom = hub_fixture_labels(label, NULL);
    char name[32];
    snprintf(name, sizeof name, "runner-%d", i);
    ck_assert_int_eq(hub_register(lab->hub, name, host, HUB_REPOSITORY, &custom), HUB_DONE);
    ck_assert_int_eq(hub_session_begin(lab->hub, lab->now, name, &lab->runner[i].session),
                     HUB_DONE);
    lab->runner[i].listens = lab->runner[i].works = true;
}

/* What a runner does in one step: contact; start what is assigned; renew every 60 s. */
static void play_runner(struct hub_fixture *lab, int i)
{
    struct hub_registration *own = hub_contact(lab->hub, lab->now, lab->runner[i].session);
    struct hub_job *job;
    if (own == NULL || own->job < 0 || !lab->runner[i].works)
        return;
    job = &lab->hub->job[own->job];
    if (job->status == HUB_QUEUED && own->hung != HUB_WELL)
        return;
    if (job->status == HUB_QUEUED)
        hub_job_start(lab->hub, lab->now, lab->runner[i].session, job->id);
    else if (lab->now >= job->started_ms + hub_duration_ms(lab->hub, job))
        hub_job_finish(lab->hub, lab->now, lab->runner[i].session, job->id, HUB_SUCCESS);
    else if ((lab->now - job->started_ms) % MINUTE == 0)
        hub_job_renew(lab->hub, lab->now, lab->runner[i].session, job->id);
}

void hub_fixture_play(struct hub_fixture *lab, int64_t ms)
{
    for (int64_t end = lab->now + ms; lab->now < end; lab->now += STEP) {
        for (int i = 0; i < HUB_FIXTURE_RUNNERS; i++)
            if (lab->runner[i].listens)
                play_runner(lab, i);
        hub_step(lab->hub, lab->now);
    }
}

int64_t hub_fixture_submit(struct hub_fixture *lab, const char *a, const char *b,
                           int64_t duration_ms)
{
    struct hub_order order = {
        .name = "build", .labels = hub_fixture_labels(a, b), .duration_ms = duration_ms};
    int64_t run;
    ck_assert_int_eq(hub_submit(lab->hub, lab->now, "test", -1, &order, 1, &run), HUB_DONE);
    return run;
}

struct hub_job *hub_fixture_job(struct hub_fixture *lab, int64_t run)
{
    return &lab->hub->job[hub_run_by_id(lab->hub, run)->first_job];
}
