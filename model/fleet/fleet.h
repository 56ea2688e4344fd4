/*
 * A fleet: hosts, workload, GitHub, monitoring, policy, objectives. Plain data, filled by the
 * loader (fleet_load in loader.h) from YAML or JSON; CONTRACT.md has the file format, and the
 * field tables in spec_fleet.c are the one source of keys, units, ranges and defaults.
 *
 * Durations are int64_t ms; shares and loads are per mille (`_pm`) where the simulator computes
 * with them; sizes are bytes. Sections that a file leaves out have present == false: no monitoring
 * means no alerts, no policy no failover. GitHub is present unless the file says `github: ideal`,
 * which means an ideal dispatcher.
 */
#ifndef MODEL_FLEET_FLEET_H
#define MODEL_FLEET_FLEET_H

#include "live.h"
#include "model/policy/readings.h"
#include "model/stats/dist.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLEET_HOSTS POLICY_HOSTS
#define FLEET_SLOTS 256 /* a host */
#define FLEET_CLASSES 32
#define FLEET_RULES 16384  /* alerts about hosts; of others any number */
#define FLEET_JOBS 16384   /* scrape jobs that alert rules read from */
#define FLEET_ROUTES 16384 /* of the Alertmanager, that notify the controller */
#define FLEET_LABELS 16
#define FLEET_METRICS 64 /* a team's own */
#define METRIC_LABELS 8
#define METRIC_NAME 128
#define FLEET_NAME 64
#define JOB_NAME 256 /* of a scrape job: operators write serviceMonitor/namespace/name/0 */
#define FLEET_PATH 512

struct host {
    char name[FLEET_NAME];
    enum tier tier;
    int slots;                      /* registrations, each runs one job at a time */
    double speed;                   /* 1 = the durations of the classes as they stand */
    char registrations[FLEET_NAME]; /* name pattern of its registrations (live) */
    char probe[256];                /* URL or address of the independent probe (live) */
    char labels[FLEET_LABELS][FLEET_NAME];
    int n_labels;
    int cores;
    int64_t memory_bytes;
    struct dist mtbf, mttr; /* random power losses; has_mtbf says whether */
    bool has_mtbf;
};

enum arrivals_kind { ARRIVALS_NONE, ARRIVALS_POISSON, ARRIVALS_RENEWAL, ARRIVALS_TRACE };
enum fan_out_kind { FAN_OUT_FIXED, FAN_OUT_GEOMETRIC, FAN_OUT_EMPIRICAL };
enum on_failure { ON_FAILURE_FAIL, ON_FAILURE_RERUN, ON_FAILURE_RESUME };

struct trace {
    int64_t *submit_ms; /* from the first line's submit; non-decreasing */
    int64_t first_ms;   /* that one, as the file has it */
    int64_t origin_ms;  /* time of the week of the file's second 0; -1: not given */
    int64_t *duration_ms;
    int *job_class; /* index into classes, 0 where the trace has no class column */
    size_t n;
    char path[FLEET_PATH];
};

struct job_class {
    char name[FLEET_NAME];
    double weight;
    struct dist duration;
    int64_t timeout_ms; /* 0: none */
    int priority;       /* higher first; not preemptive */
    double cores;       /* CPU a running job uses */
    int64_t memory_bytes;
    char runs_on[FLEET_LABELS][FLEET_NAME]; /* labels that its host must have */
    int n_runs_on;
    uint64_t hosts; /* bit set of those that have them all; of no meaning without labels */
    int jobs;       /* of each run; 0: drawn by weight */
    uint32_t needs; /* bit set of classes whose jobs of the run are done first */
};

/* Where jobs of the class may run: a bit set of hosts, 0 for none at all. */
uint64_t fleet_class_hosts(const struct job_class *job_class, int n_hosts);

#define ARRIVALS_PEAK_HOUR 14 /* the sinusoidal day peaks here */

struct workload {
    struct {
        enum arrivals_kind kind;
        double rate_per_ms;  /* of runs, on average over the profile */
        double profile[168]; /* relative weights by hour of day (24) or week (168) */
        int n_profile;       /* 0, 24 or 168 */
        double amplitude;    /* sinusoidal day: rate * (1 + amplitude * sin(...)), 0..1 */
        /* In each stretch of every_ms the rate is that times a gamma variate of its own, of mean 1
         * and this cv2: counts of a stretch are negative binomial. cv2 0: it is not. */
        struct {
            double cv2;
            int64_t every_ms;
        } modulation;
        struct dist interval; /* renewal: between runs */
        struct trace trace;
    } arrivals;
    struct {
        enum fan_out_kind kind; /* jobs a run */
        double mean;
        double weights[64]; /* empirical: weight of 1, 2, 3 ... jobs */
        int n_weights;
    } fan_out;
    struct job_class classes[FLEET_CLASSES];
    int n_classes;
    struct {
        int64_t capacity;     /* waiting jobs; -1: unlimited */
        struct dist patience; /* has_patience says whether */
        bool has_patience;
    } queue;
    enum on_failure on_failure;
};

enum mechanism { MECHANISM_LABEL, MECHANISM_VARIABLE, MECHANISM_HOOK };
enum selection { SELECTION_RANDOM, SELECTION_PRIORITY };

struct github {
    bool present;
    struct dist pickup;        /* assigned to started */
    struct dist offline_after; /* host death to `offline` */
    struct dist sweep;         /* lock expiry to the job's failure */
    int64_t lock_ms;           /* validity of a job's lock */
    int64_t renewal_ms;        /* how often a runner renews it */
    int64_t requeue_after_ms;  /* assigned but not picked up */
    int64_t queue_limit_ms;    /* a queued job fails after this */
    int64_t write_spacing_ms;  /* between two writes of the controller */
    struct dist api_latency;   /* one API call */
    double lost_slots;         /* chance that a registration stays down after a crash (0..1) */
    int64_t session_retry_ms;  /* how often a rebooted registration retries its session */
    int64_t session_limit_ms;  /* and when it gives up */
    enum mechanism mechanism;
    enum selection selection;
    bool fast_recovery;   /* on failover: force-cancel and re-run what ran on the host */
    char documented[160]; /* what the documents assume of it instead; "": nothing to compare with */
};

enum signal {
    SIGNAL_UP,           /* up == 0 */
    SIGNAL_ABSENT,       /* absent(up) */
    SIGNAL_CPU_RATE,     /* 1 - rate(idle[window]); window 0: a gauge of the share in use */
    SIGNAL_CPU_IRATE,    /* 1 - irate(idle[window]) */
    SIGNAL_MEMORY,       /* 1 - available / total, a gauge */
    SIGNAL_DISK,         /* rate(time the disk was busy[window]); window 0: a gauge */
    SIGNAL_JOB_DURATION, /* recent mean duration over baseline, a gauge */
    SIGNAL_SERIES,       /* anything else: its expression, on the series that the hosts export */
    SIGNAL_COUNT
};

struct rule {
    char name[FLEET_NAME];
    char group[FLEET_NAME];
    enum signal signal;
    bool below;           /* fires below the threshold instead of above it */
    int64_t threshold_pm; /* per mille; job_duration: per mille of the baseline */
    int64_t window_ms;    /* of rate and irate */
    int64_t for_ms;
    int64_t keep_firing_ms;
    int64_t interval_ms; /* of its group; 0: the fleet's evaluation_interval */
    enum severity severity;
    uint64_t hosts; /* bit set of the hosts it watches; 0: every host */
    int job;        /* index into monitoring.jobs: who scrapes what it reads */
};

/* A job of prometheus.yml that scrapes every host. */
struct scrape_job {
    char name[JOB_NAME];
    int64_t interval_ms, timeout_ms;
};

/* A rule that is evaluated as it stands, on simulated series: a recording rule, or an alert whose
 * expression is none of the signals above. */
struct series_rule {
    char *name, *expr; /* owned; the metric that it records, or the alert */
    char *labels;      /* owned: a JSON object, templates as they stand */
    char group[FLEET_NAME];
    bool records;
    int rule;            /* index into monitoring.rules: whose alerts these are; -1: no host's */
    int64_t interval_ms; /* of its group; 0: the fleet's evaluation_interval */
    int64_t for_ms, keep_firing_ms;
    int64_t offset_ms; /* the group's query_offset */
    int limit;         /* the group's; 0: none */
};

/* What prometheus.yml says of a target of one of monitoring.jobs. */
struct scrape_target {
    int job, host; /* host -1: the job's first target that is no host of the fleet */
    char *labels;  /* owned: a JSON object, job and instance among them; NULL: it is not scraped */
};

/* A team's own series: a constant, or a quantity of the model. */
enum metric_from {
    FROM_QUEUE_LENGTH,
    FROM_OLDEST_JOB_AGE,
    FROM_BUSY_SLOTS,
    FROM_ONLINE_SLOTS,
    FROM_IDLE_SLOTS,
    FROM_LAST_JOB_DURATION,
    FROM_JOBS_SUCCEEDED,
    FROM_JOBS_FAILED,
    FROM_HOST_UP,
    FROM_RUNNER_UP,
    FROM_SERVICE_UP,
    FROM_CPU_USED,
    FROM_MEMORY_USED,
    FROM_LOAD1,
    FROM_LOAD5,
    FROM_LOAD15,
    FROM_DISK_WRITTEN,
    FROM_UPTIME,
    FROM_BOOT_TIME,
    FROM_TIME,
    FROM_COUNT
};
enum metric_on {
    METRIC_ON_HOST,  /* each host exports it, with its target's instance and job; gone with it */
    METRIC_ON_PROBE, /* something beside the server says it of each host, by its instance */
    METRIC_ON_FLEET  /* one series */
};
struct own_metric {
    char name[METRIC_NAME];
    struct metric_label {
        char name[FLEET_NAME], value[FLEET_NAME];
    } labels[METRIC_LABELS];
    int n_labels;
    bool constant;
    double value; /* where it is */
    enum metric_from from;
    enum metric_on on;
};

/* Alerts of the rule files that never fire here, as nobody exports what they read. */
#define LEFT_OUT_NAMES 3
struct left_out {
    int n;
    char names[LEFT_OUT_NAMES * (FLEET_NAME + 2)]; /* the first ones */
};

struct monitoring {
    bool present;
    int64_t scrape_interval_ms;
    int64_t scrape_timeout_ms;
    int64_t evaluation_interval_ms;
    int64_t lookback_ms;
    int prometheus;          /* 2 or 3: the version whose PromQL the rules are */
    int64_t unreachable_ms;  /* a scrape of a host that is gone from the LAN fails after this */
    struct scrape_job *jobs; /* owned; none: one job with the interval and timeout above */
    int n_jobs;
    struct rule *rules; /* owned */
    int n_rules;
    struct left_out left_out[SEVERITY_COUNT];
    struct series_rule *series; /* owned; in the order of their evaluation */
    int n_series;
    struct scrape_target *targets; /* owned */
    int n_targets;
    struct own_metric metrics[FLEET_METRICS];
    int n_metrics;
};

/* Of a week, Monday 0:00 first: a bit a minute. */
#define WEEK_MINUTES (7 * 24 * 60)
struct week_minutes {
    uint8_t bits[WEEK_MINUTES / 8];
};

struct alert_route {
    int64_t group_wait_ms;
    int64_t group_interval_ms;
    int64_t repeat_interval_ms;
    bool silent_resolved;     /* send_resolved: false */
    bool has_mute;            /* time intervals are given: */
    struct week_minutes mute; /* when nothing is notified */
};

/* What an inhibition rule says of an alert: which sides it matches, and which alerts have equal
 * labels (the same key). */
struct inhibited {
    uint32_t key;
    bool source, target;
};
struct inhibition {
    struct inhibited (*alert)[FLEET_HOSTS]; /* owned; of each rule */
};

struct alertmanager_config {
    bool present;
    int64_t group_wait_ms;
    int64_t group_interval_ms;
    int64_t repeat_interval_ms;
    bool group_by_instance; /* one group a host; otherwise hosts share a rule's group */
    bool group_by_alertname;
    bool silent_resolved; /* the controller is not told of what has resolved */
    /* From alertmanager.yml, in place of the above: which route takes a rule's alert for a host to
     * the controller (-1: none does), in which group (those of one route and number are one), and
     * what mutes it. */
    struct alert_route *routes; /* owned */
    int n_routes;
    int16_t (*route_of)[FLEET_HOSTS];  /* owned; of each rule */
    uint32_t (*group_of)[FLEET_HOSTS]; /* owned */
    struct inhibition *inhibitions;    /* owned */
    int n_inhibitions;
};

/* How often the controller looks, and what it takes for an answer. */
struct controller {
    int64_t github_poll_ms;
    int64_t alerts_poll_ms;
    int64_t probe_interval_ms;
    int probe_misses; /* consecutive misses that make "down" */
    int64_t health_interval_ms;
    bool webhook;              /* Alertmanager notifies it */
    struct dist manual_repair; /* page to service restored by a human, when no host is left */
};

/* NAN or -1 where the fleet states none. */
struct objectives {
    double availability, job_success, failover_success; /* shares 0..1 */
    int64_t mttd_ms, mttr_ms;
};

struct fleet {
    char path[FLEET_PATH];
    struct host hosts[FLEET_HOSTS];
    int n_hosts;
    struct workload workload;
    struct github github;
    struct monitoring monitoring;
    struct alertmanager_config alertmanager;
    bool has_policy;
    struct policy_config policy;
    struct controller controller;
    struct objectives objectives;
    struct live live;
};

/* A copy of a fleet shares all that it owns. This gives it rules, scrape jobs (room for one even
 * where there is none) and routes of its own, to be edited; fleet_disown frees them. */
void fleet_own(struct fleet *copy);
void fleet_disown(struct fleet *copy);

int fleet_slots(const struct fleet *fleet);                        /* of all hosts */
int fleet_host_index(const struct fleet *fleet, const char *name); /* -1 if unknown */

/* Registrations of a host in the rotation while all is well: a backup that does not serve in normal
 * times has none there. */
int fleet_rotation(const struct fleet *fleet, int host);

/* What readings must know of it. */
struct readings_setup fleet_readings(const struct fleet *fleet);

/* How often the controller looks: the one table of its polls. */
static inline int64_t fleet_poll_ms(const struct fleet *fleet, enum poll poll)
{
    const struct controller *controller = &fleet->controller;
    const int64_t every_ms[POLL_COUNT] = {
        [POLL_GITHUB] = controller->github_poll_ms,
        [POLL_ALERTS] = controller->alerts_poll_ms,
        [POLL_PROBE] = controller->probe_interval_ms,
        [POLL_HEALTH] = controller->health_interval_ms,
    };
    return every_ms[poll];
}

#endif
