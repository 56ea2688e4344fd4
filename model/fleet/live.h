/*
 * The `live:` section of a fleet file: where the real services are, how commands reach the hosts,
 * and what may be done. Plain data, filled by the loader. Credentials stand here only as sources
 * (live/secret/secret.h), never themselves.
 */
#ifndef MODEL_FLEET_LIVE_H
#define MODEL_FLEET_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#define LIVE_URL 256
#define LIVE_NAME 104
#define LIVE_SOURCE 256 /* "file:PATH", "env:NAME", "credential:NAME" */
#define LIVE_FILE 512
#define LIVE_WORKFLOWS 16
#define LIVE_PLACES 16
#define LIVE_ARGS 24 /* of one command */
#define LIVE_ARG 256

/* How to reach one service; empty strings where the file says nothing. */
struct live_service {
    char url[LIVE_URL];
    char user[LIVE_NAME];    /* basic authentication, with `token` as the password */
    char token[LIVE_SOURCE]; /* without a user: bearer */
    char ca_file[LIVE_FILE], cert_file[LIVE_FILE], key_file[LIVE_FILE];
    bool allow_plain; /* http to another machine */
};

struct live_github {
    struct live_service service;
    char owner[LIVE_NAME];
    char repository[LIVE_NAME];
    bool organisation; /* runners are registered at the organisation `owner` */
    char app_id[32];   /* GitHub App instead of a token: service.token is its private key */
    int installation;
    char label[LIVE_NAME];    /* mechanism label: what a registration carries while admitted */
    char variable[LIVE_NAME]; /* mechanism variable: its name */
    char lease[LIVE_NAME];    /* variable that says which monitor may write */
};

struct live_argv {
    char arg[LIVE_ARGS][LIVE_ARG];
    int n;
};

/* Mechanism hook: the fleet's own command says how many registrations of a host are given jobs. In
 * its arguments {host} is the host's name and {slots} the number. */
struct live_hook {
    struct live_argv run; /* n 0: there is none */
    char on[64];          /* place; "": here */
    int64_t timeout_ms;   /* real */
};

/* A place where commands run: a host of the fleet by its name, or any other ("monitoring"). */
struct live_place {
    char name[64];
    struct live_argv via; /* what comes before the command: [ssh, root@192.168.0.201] */
};

/* The workflow that is dispatched to see whether a host runs jobs. */
struct live_canary {
    char workflow[LIVE_NAME]; /* its file name; "": there is none */
    char ref[LIVE_NAME];
    char input[LIVE_NAME]; /* the input that gets the labels to run on, as JSON */
};

/* The independent witness: an eye of its own on the hosts, asked when all of them look bad at
 * once. */
struct live_witness {
    struct live_service service; /* url "": none */
    struct live_argv run;        /* n 0: none; at most one of the two */
    char on[64];                 /* place; "": here */
    int64_t timeout_ms;          /* real */
};

struct live {
    bool present;
    struct live_github github;
    struct live_service prometheus, alertmanager; /* url "": none */
    struct live_service grafana, loki;            /* who is told of incidents; likewise */
    struct live_place places[LIVE_PLACES];
    int n_places;
    struct {
        char address[LIVE_NAME];              /* "127.0.0.1:8099"; "": no webhooks */
        char alertmanager_token[LIVE_SOURCE]; /* bearer token that Alertmanager sends */
        char github_secret[LIVE_SOURCE];      /* that GitHub signs with */
    } listen;
    struct {
        char address[LIVE_NAME];                        /* "127.0.0.1:8098"; "": no page */
        char token[LIVE_SOURCE];                        /* for actions; beyond loopback for all */
        char cert_file[LIVE_FILE], key_file[LIVE_FILE]; /* TLS; "": none */
    } page;
    char journal[LIVE_FILE];
    int64_t journal_keep_ms, journal_bytes; /* of the monitor's runs: at most */
    char stop_file[LIVE_FILE];              /* its existence stops a drill at once; "": none */
    char pause_file[LIVE_FILE]; /* while it exists the monitor's policy moves nobody; "": none */
    int writes_per_hour;        /* of an active monitor, at most */
    bool allow_actions;         /* without it nothing is ever changed */
    double time_factor;         /* the lab's compression of time; 1 in production */
    struct live_canary canary;
    struct live_hook hook;
    struct live_witness witness;
    char protected_workflows[LIVE_WORKFLOWS][LIVE_NAME]; /* no drill while one of these runs */
    int n_protected_workflows;
};

#endif
