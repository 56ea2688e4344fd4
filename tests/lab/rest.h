/*
 * Inside of the REST API: what its handlers share. A handler fills the reply (and returns
 * HTTP_NOW); rest.c has checked the token, found the path's place, and revalidates and counts
 * afterwards.
 */
#ifndef TESTS_LAB_REST_H
#define TESTS_LAB_REST_H

#include "service.h"

struct place { /* what the path named */
    enum hub_scope scope;
    const char *arg[2];
    int n_args;
};

struct page {
    int64_t first, end; /* of the items in the list */
};

/* Which part of a list of `total` was asked for; sets the Link header. */
struct page rest_page(const struct service *service, struct http_call *call, int64_t total);
enum http_answer rest_error(struct http_call *call, int status, const char *message);
enum http_answer rest_not_found(struct http_call *call);

typedef enum http_answer (*rest_handler)(struct service *service, struct http_call *call,
                                         const struct place *place, int64_t now_ms);

/* rest_runners.c */
enum http_answer rest_runners_list(struct service *service, struct http_call *call,
                                   const struct place *place, int64_t now_ms);
enum http_answer rest_runner_get(struct service *service, struct http_call *call,
                                 const struct place *place, int64_t now_ms);
enum http_answer rest_labels_get(struct service *service, struct http_call *call,
                                 const struct place *place, int64_t now_ms);
enum http_answer rest_labels_write(struct service *service, struct http_call *call,
                                   const struct place *place, int64_t now_ms);
enum http_answer rest_labels_clear(struct service *service, struct http_call *call,
                                   const struct place *place, int64_t now_ms);
enum http_answer rest_label_remove(struct service *service, struct http_call *call,
                                   const struct place *place, int64_t now_ms);
enum http_answer rest_groups_list(struct service *service, struct http_call *call,
                                  const struct place *place, int64_t now_ms);
enum http_answer rest_group_repositories(struct service *service, struct http_call *call,
                                         const struct place *place, int64_t now_ms);

/* rest_runs.c */
enum http_answer rest_runs_list(struct service *service, struct http_call *call,
                                const struct place *place, int64_t now_ms);
enum http_answer rest_run_get(struct service *service, struct http_call *call,
                              const struct place *place, int64_t now_ms);
enum http_answer rest_jobs_list(struct service *service, struct http_call *call,
                                const struct place *place, int64_t now_ms);
enum http_answer rest_job_get(struct service *service, struct http_call *call,
                              const struct place *place, int64_t now_ms);
enum http_answer rest_run_cancel(struct service *service, struct http_call *call,
                                 const struct place *place, int64_t now_ms);
enum http_answer rest_run_rerun(struct service *service, struct http_call *call,
                                const struct place *place, int64_t now_ms);
enum http_answer rest_dispatch(struct service *service, struct http_call *call,
                               const struct place *place, int64_t now_ms);

/* rest_variables.c */
enum http_answer rest_variables_list(struct service *service, struct http_call *call,
                                     const struct place *place, int64_t now_ms);
enum http_answer rest_variable_get(struct service *service, struct http_call *call,
                                   const struct place *place, int64_t now_ms);
enum http_answer rest_variable_write(struct service *service, struct http_call *call,
                                     const struct place *place, int64_t now_ms);
enum http_answer rest_variable_remove(struct service *service, struct http_call *call,
                                      const struct place *place, int64_t now_ms);

#endif
