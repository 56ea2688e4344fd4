/* What the monitor's command (monitor_command.c) and its lines (monitor_say.c) share. */
#ifndef LIVE_COMMAND_MONITOR_INTERNAL_H
#define LIVE_COMMAND_MONITOR_INTERNAL_H

#include "live/http/wall_step.h"
#include "live/page/page.h"
#include "live/status/status.h"
#include "live/status/telling.h"
#include "live/watch/watch.h"
#include "model/options/options.h"

#include <pthread.h>

enum monitor_end {
    MONITOR_ENDS,    /* for good */
    MONITOR_RELOADS, /* with `next` */
    MONITOR_TURNS,   /* a new run of the journal, in a calm moment */
    MONITOR_STEPS    /* a new one, with grace anew: the wall's clock was set */
};

struct monitor {
    const char *path, *journal_path, *page_address;
    const char *store;       /* where incidents are kept; NULL: nowhere */
    int64_t kept[INCIDENTS]; /* the ids of those that are in it, by their places */
    int64_t keep_ms;         /* monotonic: not before */
    bool shown_unkept;       /* what was last said of it */
    const char *sets[OPTIONS_TEXTS];
    int n_sets;
    int64_t for_ms; /* of real time; 0: without end */
    bool json, quiet, active;
    struct fleet fleet;
    struct journal *journal;
    struct watch *watch;
    struct hand *hand;       /* NULL: in shadow */
    struct witness *witness; /* NULL: none */
    char aside[600];         /* where a spoilt journal has gone; "": none was */
    struct memory memory;    /* what this run of the journal begins with */
    struct telling *telling; /* NULL: nobody is told */
    bool shown_deaf;         /* what was last said of them */
    int64_t shown_read;      /* and of how many was said what became of their evidence */
    int64_t run;
    enum monitor_end end; /* why the loop ended */
    struct fleet *next;   /* read anew, not yet in use */
    int64_t until_ms, turn_ms,
        slow_ms; /* monotonic: the end (0: none), a new run, a look at the journal */
    char shown[FLEET_HOSTS][256]; /* the line last printed for each host */
    bool bad[FEED_COUNT];         /* what was last said about each feed */
    char shown_held[320];         /* what was last said of the hand */
    char shown_doubt[320];        /* and of all hosts that look bad at once */
    bool shown_lies;              /* and of the witness */
    bool bad_jobs;                /* and about the list of jobs */
    struct page *page;
    struct status *status;
    struct wall_step wall;
    struct status_clock clock;
    int64_t clock_ms;     /* monotonic: when that was seen */
    int64_t ahead_ms;     /* how far it was set ahead in all: no age of what is in the journal */
    pthread_mutex_t lock; /* over the words, which come in on the page's thread */
    struct words words;
};

/* One line about something, as text or JSON. `_note` journals it as well. */
void monitor_say(struct monitor *monitor, const char *about, const char *text);
void monitor_note(struct monitor *monitor, const char *about, const char *line);
/* What an event changed, one line a change. */
void monitor_tell(struct monitor *monitor, const struct watch_event *event);
/* Why nothing is written, when that changes. */
void monitor_tell_hand(struct monitor *monitor);
/* What becomes of all hosts that look bad at once, and what the witness is worth. */
void monitor_tell_witness(struct monitor *monitor);
/* Whoever is to be told of incidents, and does not hear; and what Loki knows of them. */
void monitor_tell_deaf(struct monitor *monitor);
/* Incidents that are over, into the store. */
void monitor_keep(struct monitor *monitor);
void monitor_say_canary(struct monitor *monitor);

#endif
