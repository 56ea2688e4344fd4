/*
 * What a first fleet file can know: GitHub's registrations and its last runs, Prometheus' targets,
 * a person at a terminal.
 */
#ifndef LIVE_COMMAND_INIT_ASK_H
#define LIVE_COMMAND_INIT_ASK_H

#include "live/github/github.h"
#include "live/monitoring/prometheus_client.h"
#include "model/stats/stats.h"
#include "reports/fit/first_fleet.h"

/* Hosts out of registrations (web-1, web-2: web with 2 slots), and the load of the last runs. */
enum und_code init_ask_github(struct first_fleet *first, struct github_client *client,
                              struct und_err *err);
/* Probes of the hosts that are known; where none is, its machines are the hosts. */
enum und_code init_ask_prometheus(struct first_fleet *first, struct prometheus_client *client,
                                  struct und_err *err);
/* "web:4,spare:2": the first is the primary. UND_USAGE. */
enum und_code init_take_hosts(struct first_fleet *first, const char *text, struct und_err *err);
/* Asks on `out`, reads from `in`; an empty line takes what stands in brackets. */
enum und_code init_ask_person(struct first_fleet *first, FILE *in, FILE *out, struct und_err *err);

#endif
