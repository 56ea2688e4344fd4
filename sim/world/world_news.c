#include "world.h"

#include "model/base/assert.h"

#define LISTENERS 6 /* of one kind, at most; the last is NULL */

/* The story is told first where it has the cause of what the others then do, and last where they
 * have the first word; not at all where nobody traces. */
static const struct {
    world_listener *story_first, *hear[LISTENERS], *story_last;
} rows[NEWS_KINDS] = {
    [NEWS_JOB_ARRIVED] = {world_trace_job_arrived, {NULL}, NULL},
    [NEWS_JOB_DELAYED] = {world_trace_job, {NULL}, NULL},
    [NEWS_JOB_STARTED] = {NULL,
                          {world_measure_job_started, world_field_job_started,
                           world_incident_job_started},
                          world_trace_job},
    [NEWS_JOB_STRANDED] = {world_trace_job, {NULL}, NULL},
    [NEWS_JOB_SWALLOWED] = {world_trace_job, {world_incident_job_lost}, NULL},
    [NEWS_JOB_LOST] = {world_trace_job, {world_incident_job_lost}, NULL},
    [NEWS_JOB_INTERRUPTED] = {NULL, {world_incident_job_lost}, NULL},
    [NEWS_JOB_REQUEUED] = {world_trace_job, {NULL}, NULL},
    [NEWS_JOB_SUCCEEDED] = {world_trace_job,
                            {world_measure_job_succeeded, world_field_job_succeeded,
                             world_host_job_succeeded, world_incident_job_succeeded,
                             world_controller_job_over},
                            NULL},
    [NEWS_JOB_FAILED] = {world_trace_job_failed,
                         {world_measure_job_failed, world_field_job_failed,
                          world_incident_job_failed, world_controller_job_over},
                         NULL},
    [NEWS_QUEUE] = {NULL, {world_incident_queue}, NULL},
    [NEWS_HOST_OFFLINE] = {world_trace_host, {world_controller_wake}, NULL},
    [NEWS_HOST_BACK] = {world_trace_host, {NULL}, NULL},
    [NEWS_HOST_CONNECTED] = {NULL, {world_controller_wake, world_incident_capacity}, NULL},
    [NEWS_FAULT_BEGINS] = {world_trace_fault, {world_incident_fault_begins}, NULL},
    [NEWS_FAULT_STRUCK] = {NULL, {world_incident_fault_struck}, NULL},
    [NEWS_FAULT_ENDS] = {world_trace_fault, {NULL}, NULL},
    [NEWS_FAULT_ENDED] = {NULL, {world_incident_fault_ended}, NULL},
    [NEWS_ALERT] = {world_trace_alert, {world_incident_alert, world_controller_wake}, NULL},
    [NEWS_WEBHOOK] = {world_trace_webhook,
                      {world_incident_webhook, world_controller_webhook},
                      NULL},
    [NEWS_NOTICE] = {world_trace_notice, {world_incident_notice}, NULL},
    [NEWS_ROUTED_AWAY] = {world_trace_host, {world_incident_routed_away}, NULL},
    [NEWS_ROUTING] = {NULL, {world_incident_capacity}, world_trace_levels},
    [NEWS_SERVICE_RESTORED] = {world_trace_restored, {NULL}, NULL},
    [NEWS_FULL_CAPACITY] = {world_trace_full, {NULL}, NULL},
    [NEWS_VISIBLE] = {NULL, {world_controller_wake}, NULL},
    [NEWS_LEVELS] = {world_trace_levels, {NULL}, NULL},
};

void world_news_start(struct world *world)
{
    int kind;
    world->news.heard = 0;
    for (kind = 0; kind < NEWS_KINDS; kind++)
        if (rows[kind].hear[0] || world->found.timeline)
            world->news.heard |= 1ULL << kind;
}

void world_news_tell(struct world *world, const struct news *news)
{
    bool traced = world->found.timeline != NULL;
    int i;
    UND_ASSERT(news->kind < NEWS_KINDS);
    if (traced && rows[news->kind].story_first)
        rows[news->kind].story_first(world, news);
    for (i = 0; i < LISTENERS && rows[news->kind].hear[i]; i++)
        rows[news->kind].hear[i](world, news);
    if (traced && rows[news->kind].story_last)
        rows[news->kind].story_last(world, news);
}
