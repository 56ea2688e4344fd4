#include "command.h"
#include "live/base/failpoint.h"
#include "live/base/wire.h"
#include "live/http/http.h"
#include "model/base/assert.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE 8192 /* a command quoted for ssh */

extern char **environ;

bool command_quote(char *out, size_t size, const char *text)
{
    static const char *const plain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./:=@%+,";
    size_t n = 0;
    bool quote = !*text || strspn(text, plain) != strlen(text);
    if (!quote)
        return wire_copy(out, size, text, strlen(text));
    if (size < 3)
        return false;
    out[n++] = '\'';
    for (; *text; text++) {
        if (n + 6 > size)
            return false;
        if (*text == '\'') {
            memcpy(out + n, "'\\''", 4);
            n += 4;
        } else {
            out[n++] = *text;
        }
    }
    out[n++] = '\'';
    out[n] = '\0';
    return n < size;
}

static void push(struct command *command, const char *argument)
{
    UND_ASSERT(command->n < COMMAND_ARGS);
    command->argv[command->n] = strdup(argument);
    UND_ASSERT(command->argv[command->n] != NULL);
    command->n++;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static enum und_code push_quoted(struct command *command, const struct live_argv *argv,
                                 struct und_err *err)
{
    char line[LINE] = "", one[4 * LIVE_ARG + 3];
    size_t n = 0;
    int i;
    for (i = 0; i < argv->n; i++) {
        if (!command_quote(one, sizeof one, argv->arg[i]) || n + strlen(one) + 2 > sizeof line)
            return und_fail(err, UND_USAGE, "command %.60s: too long for ssh", argv->arg[0]);
        n += (size_t)sprintf(line + n, "%s%s", i > 0 ? " " : "", one);
    }
    UND_ASSERT(n < sizeof line);
    push(command, line);
    return UND_OK;
}

/* Whichever client is open already, or not yet: no child inherits a credential, and none that it
 * prints is shown. */
void command_know_credentials(const struct live *live)
{
    secret_know(live->github.service.token);
    secret_know(live->prometheus.token);
    secret_know(live->alertmanager.token);
    secret_know(live->listen.alertmanager_token);
    secret_know(live->listen.github_secret);
    secret_know(live->page.token);
    secret_know(live->grafana.token);
    secret_know(live->loki.token);
    secret_know(live->witness.service.token);
}

enum und_code command_init(struct command *command, const struct fleet *fleet, const char *on,
                           const struct live_argv *argv, struct und_err *err)
{
    const struct live_place *place = NULL;
    int i;
    *command = (struct command){0};
    command_know_credentials(&fleet->live);
    UND_ASSERT(argv->n > 0);
    for (i = 0; i < fleet->live.n_places; i++)
        if (strcmp(fleet->live.places[i].name, on) == 0)
            place = &fleet->live.places[i];
    if (!place && on[0])
        return und_fail(err, UND_USAGE, "place %s: the fleet's live.places do not have it", on);
    for (i = 0; place && i < place->via.n; i++)
        push(command, place->via.arg[i]);
    if (place && strcmp(base_name(place->via.arg[0]), "ssh") == 0)
        return push_quoted(command, argv, err);
    for (i = 0; i < argv->n; i++)
        push(command, argv->arg[i]);
    return UND_OK;
}

void command_fini(struct command *command)
{
    int i;
    for (i = 0; i < command->n; i++)
        free(command->argv[i]);
    *command = (struct command){0};
}

void command_show(const struct command *command, char *out, size_t size)
{
    char one[LINE];
    size_t n = 0;
    int i;
    UND_ASSERT(size > 2 && command->n <= COMMAND_ARGS);
    out[0] = '\0';
    for (i = 0; i < command->n && n + 2 < size; i++) {
        if (!command_quote(one, sizeof one, command->argv[i]))
            snprintf(one, sizeof one, "...");
        n += (size_t)snprintf(out + n, size - n, "%s%s", i > 0 ? " " : "", one);
    }
    wire_clean(out);
    secret_redact(out);
}

static enum und_code start(const struct command *command, int output, pid_t *child,
                           struct und_err *err)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    int code;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, 1);
    posix_spawn_file_actions_adddup2(&actions, output, 2);
    posix_spawn_file_actions_addclosefrom_np(&actions,
                                             3); /* curl's sockets are not closed by exec */
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    code = posix_spawnp(child, command->argv[0], &actions, &attributes, command->argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (code != 0)
        return und_fail(err, UND_SERVICE, "command %.100s: %s", command->argv[0], strerror(code));
    return UND_OK;
}

/* Takes in what the child prints; what does not fit is read and dropped, so that it never blocks.
 * False at the end of the stream. */
static bool drain(int input, struct command_result *result, size_t *n)
{
    char block[4096];
    ssize_t got = read(input, block, sizeof block);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR;
    if (got > 0 && *n < sizeof result->output - 1) {
        size_t room = sizeof result->output - 1 - *n;
        size_t part = (size_t)got < room ? (size_t)got : room;
        memcpy(result->output + *n, block, part);
        *n += part;
        UND_ASSERT(*n < sizeof result->output);
        result->output[*n] = '\0';
    }
    return got > 0;
}

/* The child's end counts, not that of its output: a daemon that it left behind may hold that. */
static void attend(pid_t child, int input, int64_t timeout_ms, const atomic_bool *cancel,
                   struct command_result *result)
{
    int64_t end_ms = http_monotonic_ms() + timeout_ms;
    bool open = true, killed = false;
    size_t n = 0;
    int status = 0;
    for (;;) {
        struct pollfd ready = {open ? input : -1, POLLIN, 0};
        pid_t ended = waitpid(child, &status, WNOHANG);
        if (ended == child || (ended < 0 && errno != EINTR))
            break;
        if (!killed && (http_monotonic_ms() >= end_ms || (cancel && atomic_load(cancel)))) {
            result->timed_out = !(cancel && atomic_load(cancel));
            kill(-child, SIGKILL);
            killed = true;
        }
        if (poll(&ready, 1, 10) > 0)
            open = drain(input, result, &n);
    }
    while (open && drain(input, result, &n) && n < sizeof result->output - 1) {
        struct pollfd ready = {input, POLLIN, 0};
        if (poll(&ready, 1, 0) <= 0)
            break;
    }
    result->exit_code = WIFEXITED(status)     ? WEXITSTATUS(status)
                        : WIFSIGNALED(status) ? 128 + WTERMSIG(status)
                                              : -1;
}

static void trim(char *text)
{
    size_t n = strlen(text);
    while (n > 0 && text[n - 1] == '\n')
        text[--n] = '\0';
}

enum und_code command_run(const struct command *command, int64_t timeout_ms,
                          const atomic_bool *cancel, struct command_result *result,
                          struct und_err *err)
{
    enum failpoint_fate fate;
    pid_t child;
    int pipes[2];
    UND_ASSERT(command->n > 0 && command->argv[command->n] == NULL);
    fate = failpoint_call(command->argv[command->n - 1]);
    *result = (struct command_result){.exit_code = fate == FAILPOINT_REFUSED ? 1 : -1};
    if (fate == FAILPOINT_REFUSED)
        return UND_OK;
    if (pipe2(pipes, O_CLOEXEC) != 0)
        return und_fail(err, UND_SERVICE, "command %.100s: %s", command->argv[0], strerror(errno));
    (void)fcntl(pipes[0], F_SETFL, O_NONBLOCK);
    start(command, pipes[1], &child, err);
    close(pipes[1]);
    if (err->code == UND_OK)
        attend(child, pipes[0], timeout_ms, cancel, result);
    failpoint_called(fate);
    if (fate == FAILPOINT_CUT)
        result->exit_code = 255; /* as ssh does when it loses the other side */
    close(pipes[0]);
    trim(result->output);
    wire_clean(result->output);
    secret_redact(result->output);
    if (err->code == UND_OK && result->timed_out)
        return und_fail(err, UND_SERVICE, "command %.100s: killed after its %lld ms",
                        command->argv[0], (long long)timeout_ms);
    if (err->code == UND_OK && cancel && atomic_load(cancel))
        return und_fail(err, UND_INTERRUPTED, "command %.100s: interrupted", command->argv[0]);
    return err->code;
}
