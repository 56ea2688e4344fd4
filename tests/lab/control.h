/*
 * The lab's own port: the private protocol of the runners, and what the lab sets up, reads and
 * makes go wrong. Never reachable for the code under test. JSON in and out.
 *
 *   POST   /runner/session {name}                        201 {session, ...} | 404 | 409 conflict
 *   DELETE /runner/session/S                             204 | 404
 *   GET    /runner/session/S/message?wait_ms=            200 {job, duration_ms, pickup_ms} |
 *                                                        200 {cancel} | 204 | 404 session is gone
 *   POST   /runner/session/S/jobs/J/start|renew|finish   204 | 409 not its job any more
 *   POST   /lab/registrations {name, host, scope, labels}   /lab/runs {title, jobs}
 *   POST   /lab/workflows {file, jobs}   /lab/workload {per_minute, duration_ms, labels}
 *   POST   /lab/mischief {kind, ...}  DELETE /lab/mischief   /lab/lies {name, status, busy}
 *   (lies, lockouts: {host} for all of one's; lies also {missing})
 *   POST   /lab/hangs {host, how: deaf|taking|well, slots}  /lab/replacements {host, slots}
 *   POST   /lab/fates {host, fate: endless|failure, share}  /lab/delays {assignment_ms}
 *   POST   /lab/groups {id, name, visibility, repository}   /lab/lockouts {name, out}
 *   POST   /lab/admissions {host, slots}   /lab/variables {name, value}
 *   POST   /lab/tokens {token, level, PERMISSION: level}
 *   POST   /lab/timing {KEY_ms}  /lab/limits {hourly, ...}  /lab/notifications (Alertmanager)
 *   GET    /lab/state /lab/events?after= /lab/stats /lab/notifications /metrics
 *
 * control_runner.c has the runners' protocol, control_setup.c what is set, control_trouble.c
 * what goes wrong, control.c what is read.
 */
#ifndef TESTS_LAB_CONTROL_H
#define TESTS_LAB_CONTROL_H

#include "service.h"

enum http_answer control_complain(struct http_call *call, int status, const char *what);
enum http_answer control_answer(struct http_call *call, enum hub_answer answer);

/* `body` is NULL unless the request held JSON; borrowed. */
enum http_answer control_runner(struct service *service, struct http_call *call, const json_t *body,
                                int64_t now_ms);
enum http_answer control_set(struct service *service, struct http_call *call, const char *name,
                             const json_t *body, int64_t now_ms);

/* control_trouble.c */
enum http_answer control_lie(struct service *service, struct http_call *call, const json_t *body,
                             int64_t now_ms);
enum http_answer control_lockout(struct service *service, struct http_call *call,
                                 const json_t *body, int64_t now_ms);
enum http_answer control_hang(struct service *service, struct http_call *call, const json_t *body,
                              int64_t now_ms);
enum http_answer control_fate(struct service *service, struct http_call *call, const json_t *body,
                              int64_t now_ms);
enum http_answer control_delay(struct service *service, struct http_call *call, const json_t *body,
                               int64_t now_ms);
enum http_answer control_replace(struct service *service, struct http_call *call,
                                 const json_t *body, int64_t now_ms);
enum http_answer control_group(struct service *service, struct http_call *call, const json_t *body,
                               int64_t now_ms);
enum http_answer control_admission(struct service *service, struct http_call *call,
                                   const json_t *body, int64_t now_ms);
enum http_answer control_variable(struct service *service, struct http_call *call,
                                  const json_t *body, int64_t now_ms);

#endif
