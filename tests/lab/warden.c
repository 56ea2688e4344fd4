/*
 * The warden of one lab: parent of every process and keeper of every network namespace in it, so
 * that nothing outlives it. Its children die with it (PR_SET_PDEATHSIG); the namespaces have no
 * name and no other holder, so that the kernel takes them, their links, bridge and packet filters
 * away with the last process in them. Killing the warden, by any signal, is a complete clean-up.
 *
 *     warden serve DIR [--ttl SECONDS] [--with PID] [PLACE...]
 *         goes to the background once it listens on DIR/warden.sock; makes a namespace for each
 *         PLACE and writes DIR/places ("PLACE /proc/PID/fd/N"). Ends after the time to live, when
 *         process PID ends, on SIGTERM, or when asked. Exit 3: may not make namespaces.
 *     warden ask DIR start NAME PLACE COMMAND...   does nothing if NAME runs; PLACE - for none
 *     warden ask DIR signal SIGNAL PATTERN         PATTERN: a shell pattern of names
 *     warden ask DIR end SIGNAL GRACE_MS PATTERN   waits; SIGKILL after the grace
 *     warden ask DIR list [PATTERN]                "NAME PLACE PID START-TIME" a line
 *     warden ask DIR stop                          ends everything
 *     warden ports DIR N                           prints N free ports of the loopback address
 *
 * DIR/processes holds the list, DIR/log/NAME.log what each printed. Being the parent, the warden
 * never signals a process that is not its own: a pid is not used again before it was reaped.
 */
#include "warden.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROCESSES 256
#define ARGUMENTS 128
#define NAME 64
#define STOP_GRACE_MS 1500

struct process {
    char name[NAME], place[NAME];
    pid_t pid;
    unsigned long long start_time; /* field 22 of /proc/PID/stat */
};

struct warden {
    char place[WARDEN_PLACES][NAME];
    int namespace[WARDEN_PLACES];
    int n_places;
    struct process process[PROCESSES];
    int n_processes;
    int listener, signals, companion; /* descriptors; companion -1: none */
    int64_t end_ms;                   /* -1: no time to live */
    bool stopping;
};

static unsigned long long start_time(pid_t pid)
{
    char path[64], text[1024];
    unsigned long long ticks = 0;
    const char *field;
    FILE *file;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    file = fopen(path, "r");
    if (file == NULL)
        return 0;
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    field = strrchr(text, ')'); /* the command's name may hold anything */
    for (int i = 2; field != NULL && i < 22; i++)
        field = strchr(field + 1, ' ');
    if (field != NULL)
        sscanf(field, "%llu", &ticks);
    return ticks;
}

/* ---- the lists ---- */

static int print_processes(const struct warden *warden, const char *pattern, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (int i = 0; i < warden->n_processes && used < size; i++) {
        const struct process *process = &warden->process[i];
        if (fnmatch(pattern, process->name, 0) == 0)
            used += (size_t)snprintf(out + used, size - used, "%s %s %d %llu\n", process->name,
                                     process->place, (int)process->pid, process->start_time);
    }
    return (int)used;
}

static void write_file(const char *path, const char *text)
{
    char temporary[256];
    FILE *file;
    snprintf(temporary, sizeof temporary, "%s.new", path);
    file = fopen(temporary, "w");
    if (file == NULL)
        return;
    fputs(text, file);
    if (fclose(file) == 0)
        rename(temporary, path);
}

static void record(const struct warden *warden)
{
    char text[WARDEN_MESSAGE];
    print_processes(warden, "*", text, sizeof text);
    write_file("processes", text);
}

static void reap(struct warden *warden)
{
    pid_t pid;
    int status;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (int i = 0; i < warden->n_processes; i++)
            if (warden->process[i].pid == pid) {
                warden->process[i] = warden->process[--warden->n_processes];
                break;
            }
    record(warden);
}

static int find_place(const struct warden *warden, const char *name)
{
    for (int i = 0; i < warden->n_places; i++)
        if (strcmp(warden->place[i], name) == 0)
            return i;
    return -1;
}

static bool runs(const struct warden *warden, const char *name)
{
    for (int i = 0; i < warden->n_processes; i++)
        if (strcmp(warden->process[i].name, name) == 0)
            return true;
    return false;
}

/* ---- what can be asked ---- */

_Noreturn static void become(const struct warden *warden, int place, const char *name,
                             char *const *command, pid_t parent)
{
    char path[2 * NAME];
    sigset_t none;
    int log, input = open("/dev/null", O_RDONLY);
    snprintf(path, sizeof path, "log/%s.log", name);
    log = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    setsid();
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (log < 0 || dup2(input, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
        _exit(127);
    if (place >= 0 && setns(warden->namespace[place], CLONE_NEWNET) != 0) {
        perror("setns");
        _exit(127);
    }
    execvp(command[0], command);
    fprintf(stderr, "%s: %s\n", command[0], strerror(errno));
    _exit(127);
}

static void start(struct warden *warden, char *const *argument, int n, char *reply, size_t size)
{
    struct process *process = &warden->process[warden->n_processes];
    int place;
    if (n < 3 || strlen(argument[0]) >= NAME || strchr(argument[0], '/') != NULL) {
        snprintf(reply, size, "error: want start NAME PLACE COMMAND...");
        return;
    }
    place = find_place(warden, argument[1]);
    if (place < 0 && strcmp(argument[1], "-") != 0) {
        snprintf(reply, size, "error: no place %.60s", argument[1]);
        return;
    }
    if (runs(warden, argument[0])) {
        snprintf(reply, size, "ok: %.60s runs already", argument[0]);
        return;
    }
    if (warden->n_processes == PROCESSES || warden->stopping) {
        snprintf(reply, size, "error: no room for another process");
        return;
    }
    pid_t parent = getpid();
    process->pid = fork();
    if (process->pid == 0)
        become(warden, place, argument[0], argument + 2, parent);
    if (process->pid < 0) {
        snprintf(reply, size, "error: fork: %s", strerror(errno));
        return;
    }
    snprintf(process->name, sizeof process->name, "%s", argument[0]);
    snprintf(process->place, sizeof process->place, "%s", argument[1]);
    process->start_time = start_time(process->pid);
    warden->n_processes++;
    record(warden);
    snprintf(reply, size, "ok: %d", (int)process->pid);
}

static int signal_number(const char *name)
{
    for (int i = 1; i < NSIG; i++)
        if (sigabbrev_np(i) != NULL && strcmp(sigabbrev_np(i), name) == 0)
            return i;
    return 0;
}

static void send_signal(const struct warden *warden, char *const *argument, int n, char *reply,
                        size_t size)
{
    int signal = n == 2 ? signal_number(argument[0]) : 0, count = 0;
    if (signal == 0) {
        snprintf(reply, size, "error: want signal SIGNAL PATTERN");
        return;
    }
    for (int i = 0; i < warden->n_processes; i++)
        if (fnmatch(argument[1], warden->process[i].name, 0) == 0)
            count += kill(warden->process[i].pid, signal) == 0;
    snprintf(reply, size, "ok: %d", count);
}

static void obey(struct warden *warden, char *const *argument, int n, char *reply, size_t size)
{
    if (strcmp(argument[0], "start") == 0)
        start(warden, argument + 1, n - 1, reply, size);
    else if (strcmp(argument[0], "signal") == 0)
        send_signal(warden, argument + 1, n - 1, reply, size);
    else if (strcmp(argument[0], "list") == 0)
        print_processes(warden, n > 1 ? argument[1] : "*", reply, size);
    else if (strcmp(argument[0], "stop") == 0)
        warden->stopping = true;
    else
        snprintf(reply, size, "error: unknown request %.60s", argument[0]);
}

/* One request a connection: the arguments, each ended by NUL, in one packet. */
static void serve_one(struct warden *warden)
{
    static char message[WARDEN_MESSAGE], reply[WARDEN_MESSAGE];
    char *argument[ARGUMENTS];
    int n = 0, peer = accept4(warden->listener, NULL, NULL, SOCK_CLOEXEC);
    struct timeval patience = {1, 0};
    ssize_t size;
    if (peer < 0)
        return;
    setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    size = recv(peer, message, sizeof message - 1, 0);
    if (size > 0) {
        message[size] = '\0';
        for (char *at = message; at < message + size && n < ARGUMENTS - 1; at += strlen(at) + 1)
            argument[n++] = at;
        argument[n] = NULL;
        reply[0] = '\0';
        obey(warden, argument, n, reply, sizeof reply);
        send(peer, reply, strlen(reply) + 1, MSG_NOSIGNAL);
    }
    close(peer);
}

/* ---- its life ---- */

static void end_all(struct warden *warden)
{
    int64_t deadline_ms = warden_now_ms() + STOP_GRACE_MS;
    bool killed = false;
    warden->stopping = true;
    for (int i = 0; i < warden->n_processes; i++) {
        kill(warden->process[i].pid, SIGTERM);
        kill(warden->process[i].pid, SIGCONT); /* a stopped one could not obey */
    }
    while (warden->n_processes > 0) {
        struct timespec moment = {0, 10000000};
        reap(warden);
        if (!killed && warden_now_ms() >= deadline_ms) {
            for (int i = 0; i < warden->n_processes; i++)
                kill(warden->process[i].pid, SIGKILL);
            killed = true;
        }
        nanosleep(&moment, NULL);
    }
}

static void live(struct warden *warden)
{
    while (!warden->stopping) {
        struct pollfd wait[] = {{warden->listener, POLLIN, 0},
                                {warden->signals, POLLIN, 0},
                                {warden->companion, POLLIN, 0}};
        struct signalfd_siginfo signal;
        int64_t left_ms = warden->end_ms < 0 ? 60000 : warden->end_ms - warden_now_ms();
        poll(wait, 3, left_ms < 0 ? 0 : left_ms < 60000 ? (int)left_ms : 60000);
        if (warden->end_ms >= 0 && warden_now_ms() >= warden->end_ms)
            warden->stopping = true;
        if (wait[2].revents != 0)
            warden->stopping = true;
        if (wait[1].revents != 0 &&
            read(warden->signals, &signal, sizeof signal) == sizeof signal &&
            signal.ssi_signo != SIGCHLD)
            warden->stopping = true;
        reap(warden);
        if (wait[0].revents != 0)
            serve_one(warden);
    }
    unlink(WARDEN_SOCKET);
    end_all(warden);
}

static bool make_places(struct warden *warden, char *const *names, int n)
{
    char text[WARDEN_PLACES * 2 * NAME];
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < n && i < WARDEN_PLACES; i++) {
        if (unshare(CLONE_NEWNET) != 0)
            return false;
        warden->namespace[i] = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
        if (warden->namespace[i] < 0)
            return false;
        snprintf(warden->place[i], NAME, "%s", names[i]);
        warden->n_places++;
        used += (size_t)snprintf(text + used, sizeof text - used, "%s /proc/%d/fd/%d\n", names[i],
                                 (int)getpid(), warden->namespace[i]);
    }
    write_file("places", text);
    return true;
}

static int listen_here(void)
{
    struct sockaddr_un here = {.sun_family = AF_UNIX, .sun_path = WARDEN_SOCKET};
    int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&here, sizeof here) != 0 ||
        listen(listener, 16) != 0) {
        fprintf(stderr, "warden: %s: %s\n", WARDEN_SOCKET, strerror(errno));
        return -1;
    }
    return listener;
}

/* In the child that stays. Its own namespace is left for the places' and taken up again. */
static int settle(struct warden *warden, char *const *places, int n)
{
    int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    sigset_t mine;
    char text[64];
    sigemptyset(&mine);
    sigaddset(&mine, SIGCHLD);
    sigaddset(&mine, SIGTERM);
    sigaddset(&mine, SIGINT);
    sigaddset(&mine, SIGHUP);
    sigprocmask(SIG_BLOCK, &mine, NULL);
    setsid();
    if (n > 0 && !make_places(warden, places, n))
        return 3;
    if (n > 0 && setns(home, CLONE_NEWNET) != 0)
        return 3;
    close(home);
    warden->signals = signalfd(-1, &mine, SFD_CLOEXEC);
    warden->listener = listen_here();
    if (warden->signals < 0 || warden->listener < 0)
        return 2;
    snprintf(text, sizeof text, "%d %llu\n", (int)getpid(), start_time(getpid()));
    write_file("warden", text);
    return 0;
}

static int serve(int argc, char **argv)
{
    static struct warden warden = {.companion = -1, .end_ms = -1};
    int ready[2], at = 0, status = 2;
    for (; at + 1 < argc && strncmp(argv[at], "--", 2) == 0; at += 2)
        if (strcmp(argv[at], "--ttl") == 0)
            warden.end_ms = warden_now_ms() + 1000LL * atoll(argv[at + 1]);
        else if (strcmp(argv[at], "--with") == 0)
            warden.companion = (int)syscall(SYS_pidfd_open, atoi(argv[at + 1]), 0);
    if (pipe2(ready, O_CLOEXEC) != 0)
        return 2;
    if (fork() != 0) { /* the one who was called: waits for the verdict and goes */
        close(ready[1]);
        return read(ready[0], &status, sizeof status) == sizeof status ? status : 2;
    }
    status = settle(&warden, argv + at, argc - at);
    if (write(ready[1], &status, sizeof status) != sizeof status || status != 0)
        return status;
    close(ready[1]);
    close(ready[0]);
    int null = open("/dev/null", O_RDWR);
    for (int i = 0; i < 3; i++)
        dup2(null, i);
    live(&warden);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 3 || chdir(argv[2]) != 0) {
        fprintf(stderr, "warden: want serve DIR or ask DIR ...; see tests/lab/warden.c\n");
        return 2;
    }
    if (strcmp(argv[1], "serve") == 0)
        return serve(argc - 3, argv + 3);
    if (strcmp(argv[1], "ports") == 0 && argc == 4)
        return warden_ports(atoi(argv[3]));
    return warden_ask(argc - 3, argv + 3);
}
