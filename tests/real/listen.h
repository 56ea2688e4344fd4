/*
 * The director's HTTP port: hosts' made-up instruments for Prometheus to scrape (/load/N/metrics,
 * a CPU's idle counter and the memory, exact at the instant of the scrape), and the webhook for
 * Alertmanager (/webhook), each alert of a notification becoming a line of DIR/webhooks,
 * "ARRIVED-NS firing|resolved ALERTNAME INSTANCE".
 */
#ifndef TESTS_REAL_LISTEN_H
#define TESTS_REAL_LISTEN_H

#include "model/base/err.h"

#include <stdint.h>

struct listener;

/* Serves 127.0.0.1:port from a thread of its own; every load is LOAD_BEFORE_PM. */
struct listener *listener_open(int port, struct und_err *err);
void listener_close(struct listener *listener);

/* From now on; the instant is returned. */
int64_t listener_busy(struct listener *listener, int host, int64_t pm);
int64_t listener_full(struct listener *listener, int host, int64_t pm);

/* How many firing alerts of the host with this index have arrived. */
int listener_heard(struct listener *listener, int host);

#endif
