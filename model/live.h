/*
 * The `live:` section of a fleet file: where the real services are and what may be done to them.
 * Plain data, filled by the loader. Credentials stand here only as sources (live/secret.h).
 */
#ifndef MODEL_LIVE_H
#define MODEL_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#define LIVE_URL 256
#define LIVE_SOURCE 256 /* "file:PATH", "env:NAME", "credential:NAME" */
#define LIVE_FILE 512
#define LIVE_WORKFLOWS 16

/* How to reach one service; empty strings where the file says nothing. */
struct live_service {
    char url[LIVE_URL];
    char user[128];           /* basic authentication, with `secret` as the password */
    char secret[LIVE_SOURCE]; /* without a user: bearer */
    char ca_file[LIVE_FILE], cert_file[LIVE_FILE], key_file[LIVE_FILE];
    bool allow_plain;         /* http to another machine */
};

struct live_github {
    struct live_service service;
    char owner[104];
    char repository[104];
    bool organisation;  /* runners are registered at the organisation `owner` */
    char app_id[32];    /* GitHub App instead of a token: service.secret is its private key */
    int64_t installation;
    char label[128];    /* mechanism label: what a registration carries while it is admitted */
    char variable[128]; /* mechanism variable: its name */
};

struct live {
    bool present;
    struct live_github github;
    struct live_service prometheus, alertmanager; /* url "": none */
    char journal[LIVE_FILE];
    char stop_file[LIVE_FILE];  /* its existence stops a drill at once */
    bool allow_actions;         /* without it nothing is ever changed */
    double time_factor;         /* the lab's compression of time; 1 in production */
    char protected_workflows[LIVE_WORKFLOWS][128]; /* never drill while one of these runs */
    int n_protected_workflows;
};

#endif
