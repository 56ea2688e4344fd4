/*
 * The service manager's protocol (sd_notify(3)): datagrams to $NOTIFY_SOCKET, and a sign of life at
 * half of $WATCHDOG_USEC. Without those variables nothing happens. Whoever does not get through is
 * not told: the service manager will miss it by itself.
 */
#ifndef LIVE_BASE_NOTIFY_H
#define LIVE_BASE_NOTIFY_H

#include <stdint.h>

/* "READY=1", "STOPPING=1", "STATUS=watching 2 hosts", "RELOADING=1\nMONOTONIC_USEC=..." */
void notify_say(const char *text);
/* From the loop that must not stand still, as often as it likes. */
void notify_alive(int64_t now_ms);

#endif
