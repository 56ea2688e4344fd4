/*
 * A first fleet file, out of the little that is known of a team on its first day, and a scenario
 * for each failure mode. Every number says where it comes from, or that it is an assumption. Plain
 * data in, text out; `understudy init` fills the one and writes the other. /
 */
#ifndef REPORTS_FIT_FIRST_FLEET_H
#define REPORTS_FIT_FIRST_FLEET_H

#include "model/fleet/fleet.h"

#include <stdio.h>

#define FIRST_HOSTS FLEET_HOSTS
#define FIRST_WHY 120

struct first_host {
    char name[FLEET_NAME];
    bool backup;
    int slots;
    bool registered; /* registrations are named after it: NAME* */
    char probe[256]; /* "": none */
    char slots_from[FIRST_WHY];
};

struct first_fleet {
    struct first_host host[FIRST_HOSTS];
    int n_hosts;
    double runs_a_day, jobs_a_run, p50_min, p95_min; /* 0: not known, an assumption is made */
    char load_from[FIRST_WHY], duration_from[FIRST_WHY];
    char owner[LIVE_NAME], repository[LIVE_NAME], token[LIVE_SOURCE]; /* owner "": no GitHub */
    char github_url[LIVE_URL];                                        /* "": github.com */
    bool plain_github;
    char prometheus[LIVE_URL]; /* "": none */
    bool plain;                /* its URL is http to another machine */
};

void first_fleet_print(FILE *out, const struct first_fleet *first);

/* Scenarios, numbered from 0 on; false past the last one. Those that need a backup are left out
 * where there is none. `name` is the file's without its ending. */
struct first_scenario {
    char name[64];
    const char *about, *fault; /* fault NULL: none */
    bool drill;                /* it can be drilled as it is */
};
bool first_scenario_at(const struct first_fleet *first, int number, struct first_scenario *out);
void first_scenario_print(FILE *out, const struct first_fleet *first,
                          const struct first_scenario *scenario);

#endif
