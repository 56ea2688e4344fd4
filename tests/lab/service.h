/*
 * The GitHub stand-in around the hub: what its two ports share. rest.c answers GitHub's REST API,
 * control.c the lab's own port (the private protocol of the runners, and what the lab sets up and
 * reads), access.c says who may do what and how often, mischief.c spoils answers on request,
 * render.c writes the hub as GitHub's JSON.
 *
 * Sources: GitHub's REST documentation and OpenAPI description (`make contract` compares).
 */
#ifndef TESTS_LAB_SERVICE_H
#define TESTS_LAB_SERVICE_H

#include "http.h"
#include "hub.h"

#define SERVICE_TOKENS 64
#define SERVICE_TOKEN 128
#define SERVICE_MISCHIEF 32
#define SERVICE_NOTIFICATIONS 10000

enum permission {
    PERMISSION_NONE, /* any valid token */
    PERMISSION_ACTIONS,
    PERMISSION_ADMINISTRATION,
    PERMISSION_VARIABLES,
    PERMISSION_ORG_RUNNERS,
    PERMISSION_ORG_VARIABLES,
    PERMISSION_COUNT
};
enum level { LEVEL_NONE, LEVEL_READ, LEVEL_WRITE };

struct token {
    char text[SERVICE_TOKEN];
    int64_t expires_ms; /* -1: never */
    enum level level[PERMISSION_COUNT];
    int used; /* requests since the window began */
    int64_t reset_ms;
    int points, writes; /* since the minute began: the secondary limits */
    int64_t minute_ms;
    int64_t last_write_ms;
};

struct mischief {
    int kind;            /* enum in mischief.c */
    char method[8];      /* empty: any */
    char path[HTTP_URL]; /* shell pattern; empty: any */
    int64_t count;       /* how often still; -1: without end */
    int64_t until_ms;    /* -1: without end */
    double share;        /* of the matching calls */
    int64_t value;
    char text[HTTP_URL];
};

struct service {
    struct hub *hub;
    char owner[HUB_NAME], repository[HUB_NAME];
    char base[HTTP_URL]; /* empty: from the Host header */
    bool tls;
    bool milliseconds; /* timestamps with a fraction: under compression a second is long */
    struct token token[SERVICE_TOKENS];
    int n_tokens;
    int hourly, minute_points, minute_writes;
    char app_id[HUB_NAME]; /* empty: no App */
    int64_t installation_id;
    char *app_key;         /* PEM, public; owned; NULL: the shape of a JWT is enough */
    int64_t token_life_ms; /* of installation tokens, real */
    struct mischief mischief[SERVICE_MISCHIEF];
    int n_mischief;
    json_t *notifications; /* array; owned */
    struct {
        int64_t calls, unchanged, writes, hasty_writes, refused, spoilt;
    } stats;
};

/* access.c. The token that may do this; NULL once the reply holds the refusal. */
struct token *access_check(struct service *service, struct http_call *call,
                           enum permission permission, enum level level, int64_t now_ms);
/* NULL if there is no room. */
struct token *access_grant(struct service *service, const char *text, enum level level,
                           int64_t now_ms);
enum permission access_permission(const char *name); /* PERMISSION_COUNT if unknown */
const char *access_permission_name(enum permission permission);
void access_count(struct service *service, struct token *token, struct http_call *call,
                  int64_t now_ms);
json_t *access_limits(const struct service *service, const struct token *token);
enum http_answer access_installation(struct service *service, struct http_call *call,
                                     const char *installation, int64_t now_ms);

/* jwt.c. NULL if it is fit to be an App's, else why not, in GitHub's words. */
const char *jwt_refusal(const char *jwt, const char *app_id, const char *public_key,
                        int64_t now_ms);

/* mischief.c. Before: true if the reply is already there (or waits, then *answer says so); the
 * request must then not be carried out. After: spoils the reply. */
bool mischief_before(struct service *service, struct http_call *call, int64_t now_ms,
                     enum http_answer *answer);
void mischief_after(struct service *service, struct http_call *call, int64_t now_ms);
const char *mischief_add(struct service *service, const json_t *wish, int64_t now_ms);
int64_t mischief_crowd(const struct service *service, int64_t now_ms);
/* By how much the list of registrations has turned on its page `number`; 0: it holds still. */
int64_t mischief_turn(const struct service *service, int64_t number, int64_t now_ms);

/* render.c. All return new references. */
void render_base(const struct service *service, const struct http_call *call, char *out,
                 size_t size);
json_t *render_time(const struct service *service, int64_t at_ms); /* null for -1 */
json_t *render_labels(const struct hub_registration *registration);
json_t *render_registration(const struct hub *hub, const struct hub_registration *registration);
json_t *render_group(const struct hub_group *group);
json_t *render_stranger(int64_t number); /* one of the crowd */
json_t *render_job(const struct service *service, const char *base, const struct hub_job *job);
json_t *render_run(const struct service *service, const char *base, const struct hub_run *run);
json_t *render_variable(const struct service *service, const struct hub_variable *variable);
json_t *render_installation(const struct service *service, const char *base);
json_t *render_error(int status, const char *message);

/* rest.c, control.c: the handlers of the two ports; `context` is the service. */
enum http_answer rest_handle(void *context, struct http_call *call, int64_t now_ms);
enum http_answer control_handle(void *context, struct http_call *call, int64_t now_ms);

#endif
