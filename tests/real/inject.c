#include "inject.h"

#include "model/base/assert.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct injector {
    struct victims *victims;   /* borrowed */
    struct listener *listener; /* borrowed */
    int links; /* a socket in the switch's namespace, through which links go down at once */
};

/* --- namespaces ------------------------------------------------------------------------------ */

/* A descriptor of the place's namespace, -1 if there is none. */
static int open_place(const char *place)
{
    char name[REAL_NAME], path[64];
    int namespace = -1;
    FILE *file = fopen("places", "r");
    while (file && namespace < 0 && fscanf(file, "%39s %63s", name, path) == 2) {
        if (strcmp(name, place) == 0)
        namespace = open(path, O_RDONLY | O_CLOEXEC);
    }
    if (file)
        fclose(file);
    return namespace;
}

static int open_links(void)
{
    int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), there = open_place("switch");
    int links = -1;
    if (home >= 0 && there >= 0 && setns(there, CLONE_NEWNET) == 0) {
        links = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        UND_ASSERT(setns(home, CLONE_NEWNET) == 0);
    }
    if (home >= 0)
        close(home);
    if (there >= 0)
        close(there);
    return links;
}

/* A child in the place's namespace that ends with the director. */
static pid_t start_in(const char *place, char *const *command)
{
    int namespace = open_place(place);
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent || setns(namespace, CLONE_NEWNET) != 0)
            _exit(127);
        execvp(command[0], command);
        _exit(127);
    }
    if (namespace >= 0)
        close(namespace);
    return pid;
}

/* --- the hosts ------------------------------------------------------------------------------- */

static pid_t start_exporter(const struct victim *victim)
{
    char address[2 * REAL_NAME];
    char *command[] = {"prometheus-node-exporter",
                       "--collector.disable-defaults",
                       "--collector.time",
                       "--web.disable-exporter-metrics",
                       "--log.level=warn",
                       address,
                       NULL};
    snprintf(address, sizeof address, "--web.listen-address=%s", victim->address);
    return start_in(victim->place, command);
}

struct injector *injector_open(struct victims *victims, struct listener *listener,
                               struct und_err *err)
{
    struct injector *injector = calloc(1, sizeof *injector);
    UND_ASSERT(injector != NULL);
    injector->victims = victims;
    injector->listener = listener;
    injector->links = open_links();
    if (injector->links < 0) {
        und_fail(err, UND_SERVICE, "places: switch: %s", strerror(errno));
        free(injector);
        return NULL;
    }
    setenv("GOMAXPROCS", "1", 1); /* of the node_exporters: there are many */
    for (int i = 0; i < victims->n; i++) {
        struct victim *victim = &victims->victim[i];
        if (victim->way == WAY_BUSY || victim->way == WAY_FULL)
            continue; /* the listener plays these */
        victim->pid = start_exporter(victim);
        if (victim->pid < 0) {
            und_fail(err, UND_SERVICE, "%s: fork: %s", victim->instance, strerror(errno));
            return injector; /* the director ends, and its children with it */
        }
    }
    return injector;
}

/* --- faults ---------------------------------------------------------------------------------- */

static enum und_code send_signal(const struct victim *victim, int signal, struct und_err *err)
{
    if (kill(victim->pid, signal) == 0)
        return UND_OK;
    return und_fail(err, UND_SERVICE, "%s: kill: %s", victim->instance, strerror(errno));
}

static enum und_code drop_packets(const struct victim *victim, struct und_err *err)
{
    char rules[] = "table inet real {"
                   " chain in { type filter hook input priority 0; iifname eth0 drop; };"
                   " chain out { type filter hook output priority 0; oifname eth0 drop; }; }";
    char *command[] = {"nft", rules, NULL};
    int status = -1;
    pid_t pid = start_in(victim->place, command);
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
        return und_fail(err, UND_SERVICE, "%s: nft: got status %d, want 0", victim->instance,
                        status);
    return UND_OK;
}

static enum und_code unlink_host(const struct injector *injector, const struct victim *victim,
                                 struct und_err *err)
{
    struct ifreq link = {.ifr_flags = 0}; /* not IFF_UP */
    snprintf(link.ifr_name, sizeof link.ifr_name, "to-%.12s", victim->place);
    if (ioctl(injector->links, SIOCSIFFLAGS, &link) == 0)
        return UND_OK;
    return und_fail(err, UND_SERVICE, "%s: %s: %s", victim->instance, link.ifr_name,
                    strerror(errno));
}

enum und_code injector_fault(struct injector *injector, int index, struct instant *instant,
                             struct und_err *err)
{
    const struct victim *victim = &injector->victims->victim[index];
    enum und_code code = UND_OK;
    instant->before_ns = real_now_ns();
    switch (victim->way) {
    case WAY_KILLED:
        code = send_signal(victim, SIGKILL, err);
        break;
    case WAY_STOPPED:
    case WAY_AGAIN:
        code = send_signal(victim, SIGSTOP, err);
        break;
    case WAY_DROPPED:
        code = drop_packets(victim, err);
        break;
    case WAY_UNLINKED:
    case WAY_FAR:
        code = unlink_host(injector, victim, err);
        break;
    case WAY_BUSY:
        instant->before_ns = listener_busy(injector->listener, index, LOAD_BUSY_PM);
        break;
    case WAY_FULL:
        instant->before_ns = listener_full(injector->listener, index, LOAD_FULL_PM);
        break;
    case WAYS:
        UND_UNREACHABLE();
    }
    instant->after_ns = real_now_ns();
    return code;
}

int64_t injector_continue(struct injector *injector, int host)
{
    kill(injector->victims->victim[host].pid, SIGCONT);
    return real_now_ns();
}
