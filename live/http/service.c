#include "service.h"

#include <stdio.h>
#include <string.h>

enum und_code service_open(struct service *service, const struct live_service *from,
                           const struct http_config *config, const char *what, struct und_err *err)
{
    struct http_config filled = *config;
    *service = (struct service){0};
    if (!from->url[0])
        return und_fail(err, UND_USAGE, "%s.url: got nothing, want the service's URL", what);
    if (from->user[0] && !from->token[0])
        return und_fail(err, UND_USAGE, "%s.token: got a user without one, want its source", what);
    if (from->token[0] && secret_open(&service->secret, from->token, err) != UND_OK)
        return err->code;
    if (service->secret)
        filled.auth = from->user[0] ? HTTP_AUTH_BASIC : HTTP_AUTH_BEARER;
    filled.secret = service->secret;
    filled.allow_plain = from->allow_plain;
    snprintf(filled.url, sizeof filled.url, "%s", from->url);
    snprintf(filled.user, sizeof filled.user, "%s", from->user);
    snprintf(filled.ca_file, sizeof filled.ca_file, "%s", from->ca_file);
    snprintf(filled.cert_file, sizeof filled.cert_file, "%s", from->cert_file);
    snprintf(filled.key_file, sizeof filled.key_file, "%s", from->key_file);
    if (http_open(&service->http, &filled, err) != UND_OK)
        service_close(service);
    return err->code;
}

void service_close(struct service *service)
{
    http_close(service->http);
    secret_close(service->secret);
    *service = (struct service){0};
}
