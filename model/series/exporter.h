/*
 * What the machines of a fleet export: real series under real names, each of them a quantity of
 * the model's state, scaled, or a constant where no model of CI could know more (temperatures,
 * RAID, ECC).
 *
 * One table a job (exporter_node.c, exporter_others.c) has a row a metric: name, labels, quantity,
 * scale. A series' value at a scrape is scale * (offset + factor * quantity), a pure function of
 * the state that the scrape finds.
 *
 * Sources: names and labels are those of node_exporter 1.5, blackbox_exporter 0.23, Prometheus
 * 2.42, Alertmanager 0.25, the runner exporters of github-semantics.md, and the architecture
 * document's own (runner_health ...).
 */
#ifndef MODEL_SERIES_EXPORTER_H
#define MODEL_SERIES_EXPORTER_H

#include "model/fleet/fleet.h"
#include "model/promql/labels.h"

/* Of a host, or of the whole fleet (marked F). Counters never go back while the host is up. */
enum state_quantity {
    STATE_CPU_TIME,             /* counter: per mille * ms in use since the boot */
    STATE_IDLE_TIME,            /* counter: ... idle */
    STATE_DISK_TIME,            /* counter: ... that the disk was busy */
    STATE_UP_TIME,              /* counter: ms since the boot */
    STATE_RESTARTS,             /* those above begin anew with a boot */
    STATE_ONE = STATE_RESTARTS, /* 1 */
    STATE_CPU,                  /* per mille in use */
    STATE_MEMORY,               /* per mille in use */
    STATE_LOAD1, /* load average, in 1/2048 of the whole host, as the kernel counts */
    STATE_LOAD5,
    STATE_LOAD15,
    STATE_FILL,      /* bytes that a fault has written to / */
    STATE_FILL_BOOT, /* ... to /boot */
    STATE_BOOT,      /* ms, when it booted */
    STATE_NOW,       /* ms */
    STATE_SERVICE,   /* 1: its runners' service runs */
    STATE_REACHED,   /* 1: a probe reaches it */
    STATE_ONLINE,    /* registrations that GitHub calls online (F) */
    STATE_LISTED,    /* 1: any is */
    STATE_BUSY,      /* slots that run a job (F) */
    STATE_WORKING,   /* 1: any does */
    STATE_IDLE,      /* online and without a job (F) */
    STATE_LAST_JOB,  /* ms, duration of the last job that ended (F) */
    STATE_DONE,      /* counter: jobs that went well (F) */
    STATE_FAILED,    /* counter: that did not (F) */
    STATE_QUEUE,     /* F: jobs that wait */
    STATE_OLDEST,    /* F: ms, age of the oldest of them */
    STATE_QUANTITIES
};

/* At one moment. */
struct host_state {
    int64_t value[STATE_QUANTITIES];
};

/* Who exports it, and so when it is there at all. */
enum exporter {
    EXPORTER_NODE,         /* on each host; gone with it */
    EXPORTER_RUNNER,       /* likewise */
    EXPORTER_BLACKBOX,     /* beside the server, a target a host */
    EXPORTER_GITHUB,       /* beside the server: GitHub's view */
    EXPORTER_PROMETHEUS,   /* the server itself */
    EXPORTER_ALERTMANAGER, /* beside it */
    EXPORTER_OWN,          /* the team's, of the fleet; a target where monitoring.metrics has any */
    EXPORTERS
};

/* A job a exporter; the same targets whatever the rules. */
struct exporter_words {
    const char *job;   /* its name where the fleet gives no other */
    const char *likes; /* words in a job's name that make it this exporter's, "a b c" */
    bool of_host;      /* a target a host */
    bool on_host;      /* ... that answers only while the host does */
    const char *instance;
    const char *title; /* for people */
};
extern const struct exporter_words exporter_words[EXPORTERS];

enum exported_scale { SCALE_ONE, SCALE_CORES, SCALE_MEMORY };
enum exported_each {
    EACH_TARGET,
    EACH_CPU,
    EACH_HOST
}; /* EACH_HOST: of GitHub's view, by `runner` */

/* A row of a table. */
struct exported_row {
    const char *name, *labels; /* labels: a="b",c="d" */
    enum state_quantity quantity;
    double factor, offset;
    enum exported_scale scale;
    enum exported_each each;
};
extern const struct exported_row exporter_node[], exporter_runner[], exporter_blackbox[],
    exporter_github[], exporter_prometheus[], exporter_alertmanager[]; /* name NULL ends them */

/* The row of a metric of the team's own, without its labels, and who exports it. */
struct exported_row exporter_own_row(const struct own_metric *metric);
enum exporter exporter_own_place(const struct own_metric *metric);

/* A series. */
struct exported {
    struct labels *labels; /* the pool's */
    enum exporter exporter;
    int host;   /* whose state it shows; n_hosts: the fleet's */
    int target; /* number of its target, see exporter_target */
    enum state_quantity quantity;
    double factor, offset; /* scale is in them */
    bool is_up;            /* up itself: 1 or 0 by how the scrape went */
    bool own;              /* of monitoring.metrics */
};

struct exported_list {
    struct exported *list; /* owned */
    int n, room;
    struct label_pool *pool; /* borrowed */
    char jobs[EXPORTERS][JOB_NAME];
};

/* Every series of the fleet. */
void exported_open(struct exported_list *exported, const struct fleet *fleet,
                   struct label_pool *pool);
void exported_close(struct exported_list *exported);
double exported_value(const struct exported *series, const struct host_state *state);

/* Targets are numbered exporter by exporter, host by host; of the last only where there are any. */
int exporter_targets(const struct fleet *fleet);
int exporter_target(const struct fleet *fleet, enum exporter exporter, int host);

/* The host that a result is about, by its labels; -1: none of them. */
int exported_host_of(const struct fleet *fleet, const struct labels *labels);
/* The address of a host's target: its probe's, or its name. */
void exporter_instance(const struct host *host, char out[sizeof host->probe]);

/* The range of a quantity: whatever happens, or, `calm`, by jobs alone with all machines up. A
 * counter's is that of its growth a second. */
struct state_range {
    double low, high;
};
bool state_is_counter(enum state_quantity quantity);
struct state_range state_range(const struct fleet *fleet, int host, enum state_quantity quantity,
                               bool calm);
/* "the share of CPU in use" */
const char *state_words(enum state_quantity quantity);

/* What hosts whose file names no size are taken to have. */
int exporter_cores(const struct host *host);
int64_t exporter_memory(const struct host *host);

/* Of the file systems: bytes in all, and what is free to all users when no fault writes. */
#define MOUNTS 2
struct mount {
    const char *point, *device;
    int64_t bytes, free_bytes;
    enum state_quantity fill;
};
extern const struct mount exporter_mounts[MOUNTS];

#endif
