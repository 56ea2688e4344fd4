/*
 * Who hears what, and in which order: the one list of listeners. A new listener is a call in its
 * rows. Included by world.h alone.
 *
 * The story is told first where it has the cause of what the others then do, and last where they
 * have the first word; not at all where nobody traces. A condition here says when a listener has
 * nothing to do; the kind is a constant where news is told, so that a row costs its calls.
 */
#ifndef SIM_WORLD_WORLD_TELL_H
#define SIM_WORLD_WORLD_TELL_H

static inline __attribute__((always_inline)) void world_tell(struct world *world,
                                                             const struct news news)
{
    bool traced = world->trace.timeline != NULL;
    bool audience = world->controller.audience != NULL;
    switch (news.kind) {
    case NEWS_JOB_ARRIVED:
        if (traced)
            world_trace_job_arrived(world, &news);
        break;
    case NEWS_JOB_STARTED:
        world_measure_job_started(world, &news);
        world_field_job_started(world, &news);
        if (world->incidents.n_open > 0)
            world_incident_job_started(world, &news);
        if (traced)
            world_trace_job(world, &news);
        break;
    case NEWS_JOB_DELAYED:
    case NEWS_JOB_STRANDED:
        if (traced)
            world_trace_job(world, &news);
        break;
    case NEWS_JOB_REQUEUED:
        if (traced)
            world_trace_job(world, &news);
        world_controller_nudge(world, &news);
        break;
    case NEWS_JOB_SWALLOWED:
    case NEWS_JOB_LOST:
        if (traced)
            world_trace_job(world, &news);
        world_incident_job_lost(world, &news);
        world_controller_wake(world, &news);
        break;
    case NEWS_JOB_INTERRUPTED:
        world_incident_job_lost(world, &news);
        world_controller_nudge(world, &news);
        break;
    case NEWS_JOB_SUCCEEDED:
        if (traced)
            world_trace_job(world, &news);
        world_measure_job_succeeded(world, &news);
        world_field_job_succeeded(world, &news);
        world_controller_nudge(world, &news);
        if (world->monitoring.wants_duration)
            world_host_job_succeeded(world, &news);
        if (world->series.wanted)
            world_series_job_succeeded(world, &news);
        if (world->jobs.job[news.job].incident >= 0)
            world_incident_job_succeeded(world, &news);
        if (audience)
            world_controller_job_over(world, &news);
        break;
    case NEWS_JOB_FAILED:
        if (traced)
            world_trace_job_failed(world, &news);
        world_measure_job_failed(world, &news);
        world_field_job_failed(world, &news);
        world_controller_nudge(world, &news);
        if (world->series.wanted)
            world_series_job_failed(world, &news);
        if (world->jobs.job[news.job].incident >= 0)
            world_incident_job_failed(world, &news);
        if (audience)
            world_controller_job_over(world, &news);
        break;
    case NEWS_QUEUE:
        if (world->incidents.n_backlogs > 0)
            world_incident_queue(world, &news);
        break;
    case NEWS_HOST_OFFLINE:
        if (traced)
            world_trace_host(world, &news);
        world_controller_wake(world, &news);
        break;
    case NEWS_HOST_BACK:
        if (traced)
            world_trace_host(world, &news);
        break;
    case NEWS_HOST_CONNECTED:
        world_controller_wake(world, &news);
        world_incident_capacity(world, &news);
        break;
    case NEWS_FAULT_BEGINS:
        if (traced)
            world_trace_fault(world, &news);
        world_incident_fault_begins(world, &news);
        break;
    case NEWS_FAULT_STRUCK:
        world_incident_fault_struck(world, &news);
        break;
    case NEWS_FAULT_ENDS:
        if (traced)
            world_trace_fault(world, &news);
        break;
    case NEWS_FAULT_ENDED:
        world_incident_fault_ended(world, &news);
        break;
    case NEWS_ALERT:
        if (traced)
            world_trace_alert(world, &news);
        world_incident_alert(world, &news);
        world_controller_wake(world, &news);
        break;
    case NEWS_WEBHOOK:
        if (traced)
            world_trace_webhook(world, &news);
        world_incident_webhook(world, &news);
        world_controller_webhook(world, &news);
        break;
    case NEWS_NOTICE:
        if (traced)
            world_trace_notice(world, &news);
        world_incident_notice(world, &news);
        break;
    case NEWS_ROUTED_AWAY:
        if (traced)
            world_trace_host(world, &news);
        world_incident_routed_away(world, &news);
        break;
    case NEWS_ROUTING:
        world_incident_capacity(world, &news);
        if (traced)
            world_trace_levels(world, &news);
        break;
    case NEWS_SERVICE_RESTORED:
        if (traced)
            world_trace_restored(world, &news);
        break;
    case NEWS_FULL_CAPACITY:
        if (traced)
            world_trace_full(world, &news);
        break;
    case NEWS_VISIBLE:
        world_controller_wake(world, &news);
        break;
    case NEWS_LEVELS:
        if (traced)
            world_trace_levels(world, &news);
        break;
    }
}

#endif
