/*
 * A stateful stand-in for GitHub's REST API and its job dispatcher, for the practice range.
 *
 *     github --api ADDRESS:PORT --control ADDRESS:PORT --repository OWNER/REPO --token-file FILE
 *            [--ports FILE] [--compress N] [--seed N] [--base URL] [--timestamps s|ms]
 *            [--app ID --installation ID [--app-key PUBLIC.pem]] [--certificate PEM --key PEM]
 *
 * Port 0 takes a free one; --ports writes "API CONTROL" once both ports listen. One thread, one
 * loop. Ends on SIGTERM or SIGINT, and with its parent.
 */
#include "service.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#define TURN_MS 5 /* how late a timed change may be */

struct options {
    const char *api, *control, *repository, *token_file, *ports, *base, *app_key;
    const char *certificate, *key, *app, *installation;
    int compress;
    unsigned long seed;
    bool milliseconds, timestamps;
};

static volatile sig_atomic_t stopping;

static void stop(int signal)
{
    (void)signal;
    stopping = 1;
}

/* Wall time that never jumps: read once, then advanced by the monotonic clock. */
static int64_t now_ms(void)
{
    static int64_t offset_ms;
    struct timespec wall, steady;
    clock_gettime(CLOCK_MONOTONIC, &steady);
    if (offset_ms == 0) {
        clock_gettime(CLOCK_REALTIME, &wall);
        offset_ms =
            (wall.tv_sec - steady.tv_sec) * 1000LL + (wall.tv_nsec - steady.tv_nsec) / 1000000;
    }
    return steady.tv_sec * 1000LL + steady.tv_nsec / 1000000 + offset_ms;
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t size = 0;
    if (file == NULL || getdelim(&text, &size, '\0', file) < 0) {
        fprintf(stderr, "github: %s: %s\n", path, strerror(errno));
        free(text);
        text = NULL;
    }
    if (file != NULL)
        fclose(file);
    return text;
}

static struct http_service *listen_at(const char *where, const char *certificate, const char *key,
                                      http_handler handler, struct service *service)
{
    char address[64];
    const char *colon = strrchr(where, ':');
    if (colon == NULL || colon - where >= (long)sizeof address) {
        fprintf(stderr, "github: got %s, want ADDRESS:PORT\n", where);
        return NULL;
    }
    snprintf(address, sizeof address, "%.*s", (int)(colon - where), where);
    return http_open(address, atoi(colon + 1), certificate, key, handler, service);
}

static bool write_ports(const char *path, const struct http_service *api,
                        const struct http_service *control)
{
    char temporary[4096];
    FILE *file;
    snprintf(temporary, sizeof temporary, "%s.new", path);
    file = fopen(temporary, "w");
    if (file == NULL)
        return false;
    fprintf(file, "%d %d\n", http_port(api), http_port(control));
    return fclose(file) == 0 && rename(temporary, path) == 0;
}

static void loop(struct service *service, struct http_service *api, struct http_service *control)
{
    struct pollfd ports[] = {{http_descriptor(api), POLLIN, 0},
                             {http_descriptor(control), POLLIN, 0}};
    while (!stopping) {
        int64_t patience_ms = TURN_MS;
        if (http_patience_ms(api) < patience_ms)
            patience_ms = http_patience_ms(api);
        if (http_patience_ms(control) < patience_ms)
            patience_ms = http_patience_ms(control);
        poll(ports, 2, (int)patience_ms);
        hub_step(service->hub, now_ms());
        http_turn(api, now_ms());
        http_turn(control, now_ms());
    }
}

static int serve(struct service *service, const struct options *options)
{
    char *certificate = options->certificate ? read_file(options->certificate) : NULL;
    char *key = options->key ? read_file(options->key) : NULL;
    struct http_service *api = NULL, *control = NULL;
    int status = 1;
    service->tls = certificate != NULL;
    if ((options->certificate && !certificate) || (options->key && !key))
        goto out;
    api = listen_at(options->api, certificate, key, rest_handle, service);
    control = listen_at(options->control, NULL, NULL, control_handle, service);
    if (api == NULL || control == NULL)
        goto out;
    if (options->ports != NULL && !write_ports(options->ports, api, control)) {
        fprintf(stderr, "github: %s: %s\n", options->ports, strerror(errno));
        goto out;
    }
    loop(service, api, control);
    status = 0;
out:
    http_close(api);
    http_close(control);
    free(certificate);
    free(key);
    return status;
}

static bool set_up(struct service *service, const struct options *options)
{
    char *token = options->token_file ? read_file(options->token_file) : NULL;
    const char *slash = strchr(options->repository, '/');
    if (slash == NULL || token == NULL) {
        fprintf(stderr, "github: want --repository OWNER/REPO and --token-file FILE\n");
        free(token);
        return false;
    }
    token[strcspn(token, "\r\n")] = '\0';
    access_grant(service, token, LEVEL_WRITE, now_ms());
    free(token);
    snprintf(service->owner, sizeof service->owner, "%.*s", (int)(slash - options->repository),
             options->repository);
    snprintf(service->repository, sizeof service->repository, "%s", slash + 1);
    snprintf(service->base, sizeof service->base, "%s", options->base ? options->base : "");
    snprintf(service->app_id, sizeof service->app_id, "%s", options->app ? options->app : "");
    service->installation_id = options->installation ? atoll(options->installation) : 1;
    service->app_key = options->app_key ? read_file(options->app_key) : NULL;
    service->milliseconds = options->timestamps ? options->milliseconds : options->compress > 1;
    service->token_life_ms = hub_real_ms(service->hub, 3600 * 1000LL);
    service->hourly = 5000;
    service->minute_points = 900;
    service->minute_writes = 80;
    service->notifications = json_array();
    return options->app_key == NULL || service->app_key != NULL;
}

static bool read_options(struct options *options, int argc, char **argv)
{
    static const struct option known[] = {{"api", required_argument, NULL, 'a'},
                                          {"control", required_argument, NULL, 'c'},
                                          {"repository", required_argument, NULL, 'r'},
                                          {"token-file", required_argument, NULL, 't'},
                                          {"ports", required_argument, NULL, 'p'},
                                          {"compress", required_argument, NULL, 'x'},
                                          {"seed", required_argument, NULL, 's'},
                                          {"base", required_argument, NULL, 'b'},
                                          {"timestamps", required_argument, NULL, 'm'},
                                          {"app", required_argument, NULL, 'A'},
                                          {"installation", required_argument, NULL, 'I'},
                                          {"app-key", required_argument, NULL, 'K'},
                                          {"certificate", required_argument, NULL, 'C'},
                                          {"key", required_argument, NULL, 'k'},
                                          {NULL, 0, NULL, 0}};
    const struct {
        int letter;
        const char **value;
    } texts[] = {
        {'a', &options->api},         {'c', &options->control},      {'r', &options->repository},
        {'t', &options->token_file},  {'p', &options->ports},        {'b', &options->base},
        {'A', &options->app},         {'I', &options->installation}, {'K', &options->app_key},
        {'C', &options->certificate}, {'k', &options->key}};
    int letter;
    while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
        bool taken = false;
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
            if (texts[i].letter == letter) {
                *texts[i].value = optarg;
                taken = true;
            }
        if (letter == 'x')
            options->compress = atoi(optarg);
        else if (letter == 's')
            options->seed = strtoul(optarg, NULL, 10);
        else if (letter == 'm') {
            options->timestamps = true;
            options->milliseconds = strcmp(optarg, "ms") == 0;
        } else if (!taken) {
            return false;
        }
    }
    return optind == argc && options->compress >= 1;
}

int main(int argc, char **argv)
{
    struct options options = {.api = "127.0.0.1:0",
                              .control = "127.0.0.1:0",
                              .repository = "rpalermodrums/PAWS360",
                              .compress = 1,
                              .seed = 1};
    struct service service = {.n_tokens = 0};
    int status = 2;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, stop);
    signal(SIGINT, stop);
    if (!read_options(&options, argc, argv)) {
        fprintf(stderr, "github: see the head of tests/lab/github.c for the options\n");
        return 2;
    }
    service.hub = hub_open(options.compress, options.seed);
    if (service.hub != NULL && set_up(&service, &options))
        status = serve(&service, &options);
    hub_close(service.hub);
    json_decref(service.notifications);
    free(service.app_key);
    return status;
}
