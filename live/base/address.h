/* "127.0.0.1:8099": where to listen. Errors: UND_USAGE, naming `setting`. */
#ifndef LIVE_BASE_ADDRESS_H
#define LIVE_BASE_ADDRESS_H

#include "model/base/err.h"

#include <netinet/in.h>
#include <stdbool.h>

/* An IPv4 address in digits, never a name, and a port (0: any that is free). */
enum und_code address_read(const char *text, const char *setting, struct sockaddr_in *out,
                           struct und_err *err);
/* 127.0.0.0/8: only this machine can call. */
bool address_is_loopback(const struct sockaddr_in *address);

#endif
