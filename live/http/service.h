/*
 * From the fleet file's description of a service to an open HTTP handle with its credential.
 */
#ifndef LIVE_HTTP_SERVICE_H
#define LIVE_HTTP_SERVICE_H

#include "http.h"
#include "model/fleet/live.h"

struct service {
    struct http *http;
    struct secret *secret; /* NULL: none needed */
};

/* `config` brings what is not the fleet file's business (time-outs, headers, cancel); its URL,
 * authentication and files are filled in from `from`. `what` ("live.prometheus") names the place
 * in errors. */
enum und_code service_open(struct service *service, const struct live_service *from,
                           const struct http_config *config, const char *what, struct und_err *err);
/* Both handles; a zeroed service is fine. */
void service_close(struct service *service);

#endif
