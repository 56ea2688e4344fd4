/*
 * Faults: what can be made to go wrong, and the one table of what each kind does. The simulator
 * (sim/world/world_fault.c), drills (model/drill/drill_track.c), rare events
 * (sim/experiment/rare.c) and the loader (model/file/spec_fault.c) all read it here and nowhere
 * else.
 *
 * A new kind is a value of enum fault_kind, its word and its row in fault.c. If it takes what no
 * other kind takes, it is a bit of enum fault_taken too, and a line in world_fault.c that takes it;
 * if it has a parameter of its own, a field of struct fault, a bit of enum fault_key and its line
 * in spec_fault.c.
 */
#ifndef MODEL_FLEET_FAULT_H
#define MODEL_FLEET_FAULT_H

#include "fleet.h"

#define SCENARIO_FAULTS 64
#define SCENARIO_TARGETS FLEET_HOSTS

enum fault_kind {
    FAULT_HOST_POWER_LOSS,
    FAULT_OS_CRASH,
    FAULT_SERVICE_STOP,
    FAULT_NETWORK_PARTITION,
    FAULT_CPU_STRESS,
    FAULT_MEMORY_STRESS,
    FAULT_DISK_STRESS,
    FAULT_MONITORING_DOWN,
    FAULT_ALERTMANAGER_DOWN,
    FAULT_GITHUB_OUTAGE,
    FAULT_GITHUB_API_ERRORS,
    FAULT_TOKEN_EXPIRED,
    FAULT_CLOCK_JUMP,
    FAULT_SLOW_HOST,
    FAULT_SLOTS_LOST,
    FAULT_MAINTENANCE,
    FAULT_PAUSE,
    /* What fleets report beside what documents name. */
    FAULT_RUNNER_HUNG,
    FAULT_JOB_HUNG,
    FAULT_CRASH_LOOP,
    FAULT_SCRAPE_FLAP,
    FAULT_TARGET_LOST,
    FAULT_DISK_FULL,
    FAULT_PROMETHEUS_DOWN,
    FAULT_GITHUB_SLOW,
    FAULT_GITHUB_LIES,
    FAULT_REGISTRATION_REPLACED,
    FAULT_RUNNER_UPDATE,
    FAULT_DEPENDENCY_DOWN,
    FAULT_CONTROLLER_RESTART,
    FAULT_DISK_FILL,
    FAULT_KINDS
};

/* What a fault takes away, bit by bit: from each of its hosts, or from the services around them. */
enum fault_taken {
    TAKES_POWER = 1 << 0,          /* host: it is off; nobody reaches it, its jobs are gone */
    TAKES_SERVICE = 1 << 1,        /* host: its runners are stopped; it answers probes */
    TAKES_NET_GITHUB = 1 << 2,     /* host: it and GitHub cannot reach each other; processes live */
    TAKES_NET_MONITORING = 1 << 3, /* host: no scrape and no probe reaches it */
    TAKES_LOAD = 1 << 4,           /* host: `load` of the resource that the row's signal shows */
    TAKES_SPEED = 1 << 5,          /* host: jobs take `slowdown` times as long */
    TAKES_SLOTS = 1 << 6,          /* host: `slots` of its registrations */
    TAKES_HANDS = 1 << 7,          /* host: maintenance is asked for; it works */
    TAKES_PROMETHEUS = 1 << 8,     /* no scrape, no rule, no answer */
    TAKES_ALERTMANAGER = 1 << 9,   /* no notification */
    TAKES_GITHUB = 1 << 10,        /* no job is handed out, no call answered */
    TAKES_CALLS = 1 << 11,         /* `error_rate` of the controller's calls to GitHub fail */
    TAKES_TOKEN = 1 << 12,         /* all of them are refused */
    TAKES_AUTOMATION = 1 << 13,    /* the policy is paused by hand: it moves nobody */
    TAKES_CONTROLLER = 1 << 14,    /* it starts again; not `graceful`: its state is lost */
    TAKES_LISTENERS = 1 << 16,     /* host: registrations stay online and start no job */
    TAKES_WORKERS = 1 << 17,       /* host: `share` of the jobs it starts never end */
    TAKES_UPTIME = 1 << 18,        /* host: off and on again, `down` and `up` */
    TAKES_SCRAPES = 1 << 19,       /* host: `share` of its scrapes fail */
    TAKES_TARGET = 1 << 20,        /* host: service discovery has lost it; nobody scrapes it */
    TAKES_DISK = 1 << 21,          /* host: its jobs fail in their first minute */
    TAKES_ASSIGNMENT = 1 << 22,    /* jobs are handed out `delay` late, over idle runners */
    TAKES_TRUTH = 1 << 23,         /* host: the list of runners says `lie` of it */
    TAKES_LABELS = 1 << 24,        /* host: registrations lose their job and their label */
    TAKES_SESSIONS = 1 << 25,      /* host: idle listeners are away and come back */
    TAKES_DEPENDENCY = 1 << 26,    /* `share` of all jobs fail in their first minute */
    TAKES_ROOM = 1 << 27,          /* host: `size` of a file system, once or every `per` */
};

/* The parameters that a kind may have, beside when, how long and how often. */
enum fault_key {
    KEY_TARGET = 1 << 0,
    KEY_FROM = 1 << 1,
    KEY_GRACEFUL = 1 << 2,
    KEY_LOAD = 1 << 3,
    KEY_SLOWDOWN = 1 << 4,
    KEY_SLOTS = 1 << 5,
    KEY_ERROR_RATE = 1 << 6,
    KEY_JUMP = 1 << 7,
    KEY_SHARE = 1 << 8,
    KEY_ACKNOWLEDGES = 1 << 9,
    KEY_RATE = 1 << 10,
    KEY_CYCLE = 1 << 11, /* up and down */
    KEY_DELAY = 1 << 12,
    KEY_LIE = 1 << 13,
    KEY_SIZE = 1 << 14,
    KEY_FILL = 1 << 15, /* per, mount, cleanup */
};

enum fault_lie {
    LIE_OFFLINE, /* status offline, although it works */
    LIE_IDLE,    /* busy false, although it is busy */
    LIE_MISSING  /* its page of the list is not there */
};
enum fault_mount { FILLS_ROOT, FILLS_BOOT };              /* as model/series/exporter.h has them */
enum fault_from { FROM_GITHUB = 1, FROM_MONITORING = 2 }; /* partition; both bits: from both */

struct fault {
    enum fault_kind kind;
    struct dist at;    /* from the start of the scenario (a plain duration is fixed) */
    struct dist lasts; /* how long; has_lasts false: to the end, or until a human repairs */
    bool has_lasts;
    struct dist every; /* recurring: from one end to the next beginning */
    bool has_every;
    double chance;                 /* that an occurrence happens at all, 0..1 */
    int targets[SCENARIO_TARGETS]; /* host indices */
    int n_targets;                 /* 0: not a host fault */
    bool any;                      /* one of them, drawn anew for each occurrence; else all */
    char role[16];                 /* as the file has it: "primary", "any backup"; "": by names */
    unsigned from;                 /* partition: enum fault_from bits */
    bool graceful;                 /* service-stop: the session is deleted, GitHub knows in seconds;
                      controller-restart: it finds its stored state */
    int64_t load_pm;    /* stress: resource use it adds, per mille of the host (1000: all) */
    double slowdown;    /* stress, slow-host: jobs take this times as long, >= 1 */
    int slots;          /* slots-lost, runner-hung, registration-replaced; 0: all of them */
    double error_rate;  /* github-api-errors: share of calls that fail */
    int64_t jump_ms;    /* clock-jump */
    double share;       /* job-hung, scrape-flap, disk-full, dependency-down: of jobs or scrapes */
    bool acknowledges;  /* runner-hung: takes a job and never starts it; else GitHub requeues it */
    double rate_per_ms; /* runner-hung: each registration, when its turn comes; 0: all at once */
    struct dist up, down; /* crash-loop */
    struct dist delay;    /* github-slow */
    enum fault_lie lie;   /* github-lies */
    int64_t size_bytes;   /* disk-fill: at once, or in every `per` */
    int64_t per_ms;       /* ... 0: at once */
    enum fault_mount mount;
    int64_t cleanup_ms; /* ... what it has written is deleted at multiples of this; 0: never */
    int line;           /* in the scenario file, for messages */
};

/* A row of the table: what is so for every fault of the kind. */
struct fault_row {
    unsigned must, may; /* enum fault_key: parameters that it needs, and that it may have */
    unsigned takes;     /* enum fault_taken: the most that it takes */
    enum signal signal; /* TAKES_LOAD: the signal that shows it */
    bool instant;       /* it is over as soon as it has struck */
    bool real_github;   /* an ideal dispatcher has nothing of the kind */
};

/* Static; never NULL for a kind of the enumeration. */
const struct fault_row *fault_row(enum fault_kind kind);
/* The words of the files, in the order of enum fault_kind; NULL ends them. */
extern const char *const fault_kind_names[];
/* "host-power-loss"; static. */
const char *fault_kind_name(enum fault_kind kind);

/* What this fault takes, by its parameters: enum fault_taken. May be nothing: a small clock jump.
 */
unsigned fault_takes(const struct fault *fault);
/* Its hosts, a bit each; 0: it is about none. */
uint64_t fault_hosts(const struct fault *fault);

/* What follows for the measures (DESIGN.md). It takes its hosts away from GitHub: jobs are lost or
 * held up. */
bool fault_severs(const struct fault *fault);
/* It leaves its hosts serving, only badly. */
bool fault_degrades(const struct fault *fault);
/* Its hosts are taken out by hand, so that nobody has to detect it. */
bool fault_drains_by_hand(const struct fault *fault);
/* Asked for by hand, of the policy: a drill brings it about by a word, not by an action. */
bool fault_by_hand(const struct fault *fault);
/* Nothing fails by it: it is no incident of its own, only what others meet. */
bool fault_is_circumstance(const struct fault *fault);

#endif
