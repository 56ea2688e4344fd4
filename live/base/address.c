#include "address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum und_code address_read(const char *text, const char *setting, struct sockaddr_in *out,
                           struct und_err *err)
{
    char host[INET_ADDRSTRLEN + 1];
    const char *colon = strrchr(text, ':');
    char *end = NULL;
    long port = colon && colon[1] ? strtol(colon + 1, &end, 10) : -1;
    *out = (struct sockaddr_in){.sin_family = AF_INET};
    if (colon)
        snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    if (port < 0 || *end || port > 65535 || inet_pton(AF_INET, host, &out->sin_addr) != 1)
        return und_fail(err, UND_USAGE, "%s: got \"%s\", want ADDRESS:PORT, e.g. 127.0.0.1:8099",
                        setting, text);
    out->sin_port = htons((uint16_t)port);
    return UND_OK;
}

bool address_is_loopback(const struct sockaddr_in *address)
{
    return ntohl(address->sin_addr.s_addr) >> 24 == 127;
}
