/* The runner's side of the hub: sessions, contact, the life of a job on a runner. */
#include "hub.h"

#include "model/base/assert.h"

#include <gsl/gsl_randist.h>
#include <string.h>

/* The registrations of a host vanish together and GitHub's sweep sees them together: they share
 * one draw, taken when the first of them comes online. */
static int64_t draw_offline_delay(struct hub *hub, const struct hub_registration *own)
{
    const struct hub_timing *timing = &hub->timing;
    for (int i = 0; i < hub->n_registrations; i++) {
        const struct hub_registration *other = &hub->registration[i];
        if (other != own && other->online && strcmp(other->host, own->host) == 0)
            return other->offline_after_ms;
    }
    return (int64_t)gsl_ran_flat(hub->rng, (double)hub_real_ms(hub, timing->offline_min_ms),
                                 (double)hub_real_ms(hub, timing->offline_max_ms));
}

enum hub_answer hub_session_begin(struct hub *hub, int64_t now_ms, const char *name,
                                  uint64_t *session)
{
    struct hub_registration *registration = hub_registration_by_name(hub, name);
    if (registration == NULL)
        return HUB_MISSING;
    if (registration->session != 0 || registration->locked_out)
        return HUB_CONFLICT;
    if (!registration->online)
        registration->offline_after_ms = draw_offline_delay(hub, registration);
    registration->session = (uint64_t)hub->next_id++;
    registration->contact_ms = now_ms;
    registration->goodbye_ms = -1;
    registration->online = true;
    hub_note(hub, now_ms, 0, "online", registration->name);
    *session = registration->session;
    return HUB_DONE;
}

static struct hub_registration *by_session(struct hub *hub, uint64_t session)
{
    for (int i = 0; session != 0 && i < hub->n_registrations; i++)
        if (hub->registration[i].session == session)
            return &hub->registration[i];
    return NULL;
}

enum hub_answer hub_session_end(struct hub *hub, int64_t now_ms, uint64_t session)
{
    struct hub_registration *registration = by_session(hub, session);
    if (registration == NULL)
        return HUB_MISSING;
    registration->session = 0;
    registration->goodbye_ms = now_ms + hub_real_ms(hub, hub->timing.goodbye_ms);
    return HUB_DONE;
}

struct hub_registration *hub_contact(struct hub *hub, int64_t now_ms, uint64_t session)
{
    struct hub_registration *registration = by_session(hub, session);
    if (registration != NULL)
        registration->contact_ms = now_ms;
    return registration;
}

/* The session's own job if its id is `id`, else NULL. Any word of the runner is contact. */
static struct hub_job *own_job(struct hub *hub, int64_t now_ms, uint64_t session, int64_t id)
{
    struct hub_registration *registration = hub_contact(hub, now_ms, session);
    if (registration == NULL || registration->job < 0 || hub->job[registration->job].id != id)
        return NULL;
    return &hub->job[registration->job];
}

static void renew(struct hub *hub, int64_t now_ms, struct hub_job *job)
{
    int64_t sweep_ms =
        (int64_t)gsl_ran_flat(hub->rng, 0, (double)hub_real_ms(hub, hub->timing.sweep_ms));
    job->lock_until_ms = now_ms + hub_real_ms(hub, hub->timing.lock_ms);
    job->fails_ms = job->lock_until_ms + sweep_ms;
}

enum hub_answer hub_job_start(struct hub *hub, int64_t now_ms, uint64_t session, int64_t id)
{
    struct hub_job *job = own_job(hub, now_ms, session, id);
    if (job == NULL || job->status != HUB_QUEUED)
        return HUB_CONFLICT;
    job->status = HUB_IN_PROGRESS;
    job->started_ms = now_ms;
    renew(hub, now_ms, job);
    hub->run[job->run].updated_ms = now_ms;
    hub_note(hub, now_ms, id, "started", hub->registration[job->registration].name);
    return HUB_DONE;
}

enum hub_answer hub_job_renew(struct hub *hub, int64_t now_ms, uint64_t session, int64_t id)
{
    struct hub_job *job = own_job(hub, now_ms, session, id);
    if (job == NULL || job->status != HUB_IN_PROGRESS)
        return HUB_CONFLICT;
    renew(hub, now_ms, job);
    return HUB_DONE;
}

enum hub_answer hub_job_finish(struct hub *hub, int64_t now_ms, uint64_t session, int64_t id,
                               enum hub_conclusion conclusion)
{
    struct hub_job *job = own_job(hub, now_ms, session, id);
    if (job == NULL || job->status != HUB_IN_PROGRESS)
        return HUB_CONFLICT;
    if (job->fate == HUB_DOOMED && conclusion == HUB_SUCCESS)
        conclusion = HUB_FAILURE;
    hub_conclude(hub, now_ms, job, conclusion, "finished");
    return HUB_DONE;
}
