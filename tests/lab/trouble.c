/* What goes wrong at GitHub and with its listeners, beyond what processes and networks can play. */
#include "hub.h"

#include <string.h>

static bool is_on(const struct hub_registration *registration, const char *host)
{
    return host[0] == '\0' || strcmp(registration->host, host) == 0;
}

enum hub_answer hub_hang(struct hub *hub, const char *host, int n, enum hub_hung hung)
{
    int found = 0;
    for (int i = 0; i < hub->n_registrations; i++)
        if (is_on(&hub->registration[i], host) && (n == 0 || found < n || hung == HUB_WELL)) {
            hub->registration[i].hung = hung;
            found++;
        }
    return found > 0 ? HUB_DONE : HUB_MISSING;
}

/* Whoever ends the trouble ends its jobs: nobody else would for six hours. */
static void end_the_endless(struct hub *hub, int64_t now_ms, const char *host)
{
    for (int i = hub->first_open; i < hub->n_jobs; i++) {
        struct hub_job *job = &hub->job[i];
        if (job->status != HUB_COMPLETED && job->fate == HUB_ENDLESS && job->registration >= 0 &&
            is_on(&hub->registration[job->registration], host))
            job->cancel_ms = now_ms;
    }
}

enum hub_answer hub_doom(struct hub *hub, int64_t now_ms, const char *host, enum hub_fate fate,
                         double share)
{
    struct hub_trouble *trouble = hub->trouble;
    if (strlen(host) >= HUB_NAME || !(share >= 0 && share <= 1) || fate == HUB_NATURAL)
        return HUB_INVALID;
    while (trouble < hub->trouble + hub->n_troubles &&
           (trouble->fate != fate || strcmp(trouble->host, host) != 0))
        trouble++;
    if (trouble == hub->trouble + hub->n_troubles) {
        if (hub->n_troubles == HUB_TROUBLES)
            return HUB_FULL;
        hub->n_troubles++;
    }
    *trouble = (struct hub_trouble){.fate = fate, .share = share};
    strcpy(trouble->host, host);
    if (fate == HUB_ENDLESS && share == 0)
        end_the_endless(hub, now_ms, host);
    return HUB_DONE;
}

enum hub_fate hub_fate_of_job(struct hub *hub, const struct hub_registration *registration)
{
    for (int i = 0; i < hub->n_troubles; i++)
        if (hub->trouble[i].share > 0 && is_on(registration, hub->trouble[i].host) &&
            gsl_rng_uniform(hub->rng) < hub->trouble[i].share)
            return hub->trouble[i].fate;
    return HUB_NATURAL;
}

/* What fails fails early. */
int64_t hub_duration_ms(const struct hub *hub, const struct hub_job *job)
{
    switch (job->fate) {
    case HUB_NATURAL:
        return job->duration_ms;
    case HUB_ENDLESS:
        return 10 * hub->timing.job_limit_ms;
    case HUB_DOOMED:
        return job->duration_ms / 4;
    }
    return job->duration_ms;
}

void hub_make_anew(struct hub *hub, int64_t now_ms, struct hub_registration *registration)
{
    registration->id = hub->next_id++;
    registration->custom = registration->configured;
    hub_note(hub, now_ms, 0, "replaced", registration->name);
}

enum hub_answer hub_replace(struct hub *hub, int64_t now_ms, const char *host, int n)
{
    int found = 0;
    for (int i = 0; i < hub->n_registrations; i++)
        if (is_on(&hub->registration[i], host) && (n == 0 || found < n)) {
            hub_make_anew(hub, now_ms, &hub->registration[i]);
            found++;
        }
    return found > 0 ? HUB_DONE : HUB_MISSING;
}

enum hub_answer hub_admit(struct hub *hub, int64_t now_ms, const char *host, int n)
{
    int found = 0;
    for (int i = 0; i < hub->n_registrations; i++)
        if (strcmp(hub->registration[i].host, host) == 0)
            hub->registration[i].shut = found++ >= n;
    if (found > 0)
        hub_note(hub, now_ms, 0, "admitted", host);
    return found > 0 ? HUB_DONE : HUB_MISSING;
}
