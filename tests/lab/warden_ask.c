/* The side that asks the warden: one request a connection, and waiting until what is to end has. */
#include "warden.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

int64_t warden_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* The reply's size, -1 without a warden. */
static ssize_t request(char *const *argument, int n, char *reply, size_t size)
{
    struct sockaddr_un there = {.sun_family = AF_UNIX, .sun_path = WARDEN_SOCKET};
    static char message[WARDEN_MESSAGE];
    int peer = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    size_t used = 0;
    ssize_t got = -1;
    for (int i = 0; i < n && used + strlen(argument[i]) + 1 < sizeof message; i++) {
        strcpy(message + used, argument[i]);
        used += strlen(argument[i]) + 1;
    }
    if (peer >= 0 && connect(peer, (struct sockaddr *)&there, sizeof there) == 0 &&
        send(peer, message, used, MSG_NOSIGNAL) == (ssize_t)used)
        got = recv(peer, reply, size - 1, 0);
    if (peer >= 0)
        close(peer);
    if (got >= 0)
        reply[got] = '\0';
    return got;
}

static int end_and_wait(const char *signal, int64_t grace_ms, char *pattern)
{
    char *list[] = {"list", pattern, NULL}, *first[] = {"signal", (char *)signal, pattern, NULL};
    char *last[] = {"signal", "KILL", pattern, NULL};
    char reply[WARDEN_MESSAGE];
    int64_t deadline_ms = warden_now_ms() + grace_ms;
    if (request(first, 3, reply, sizeof reply) < 0)
        return 3;
    while (request(list, 2, reply, sizeof reply) > 0 && reply[0] != '\0') {
        struct timespec moment = {0, 10000000};
        if (warden_now_ms() >= deadline_ms)
            request(last, 3, reply, sizeof reply);
        nanosleep(&moment, NULL);
    }
    return 0;
}

int warden_ask(int argc, char **argv)
{
    static char reply[WARDEN_MESSAGE];
    if (argc == 4 && strcmp(argv[0], "end") == 0)
        return end_and_wait(argv[1], atoll(argv[2]), argv[3]);
    if (argc < 1 || request(argv, argc, reply, sizeof reply) < 0) {
        fprintf(stderr, "warden: no lab is up here\n");
        return 3;
    }
    if (strncmp(reply, "error: ", 7) == 0) {
        fprintf(stderr, "warden: %s\n", reply + 7);
        return 2;
    }
    if (strncmp(reply, "ok: ", 4) != 0)
        fputs(reply, stdout);
    return 0;
}

/* All are held until the last was found, so that they differ. */
int warden_ports(int n)
{
    int held[WARDEN_PLACES];
    for (int i = 0; i < n && i < WARDEN_PLACES; i++) {
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
        socklen_t size = sizeof at;
        held[i] = socket(AF_INET, SOCK_STREAM, 0);
        if (held[i] < 0 || bind(held[i], (struct sockaddr *)&at, sizeof at) != 0 ||
            getsockname(held[i], (struct sockaddr *)&at, &size) != 0)
            return 2;
        printf("%d\n", ntohs(at.sin_port));
    }
    return 0;
}
