/* What the warden (warden.c) and whoever asks it (warden_ask.c) share. */
#ifndef TESTS_LAB_WARDEN_H
#define TESTS_LAB_WARDEN_H

#include <stdint.h>

#define WARDEN_MESSAGE 65536
#define WARDEN_PLACES 48
#define WARDEN_SOCKET "warden.sock" /* below DIR, which is the working directory */

int64_t warden_now_ms(void);
/* `ask` and `ports`; the exit code. */
int warden_ask(int argc, char **argv);
int warden_ports(int n);

#endif
