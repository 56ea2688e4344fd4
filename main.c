/* The front door: a table of subcommands. Only main prints errors. */
#include "live/command/drill_command.h"
#include "live/command/monitor_command.h"
#include "live/command/replay_command.h"
#include "model/base/err.h"
#include "model/base/suggest.h"
#include "sim/command/alerts_command.h"
#include "sim/command/explore_command.h"
#include "sim/command/rehearse_command.h"
#include "sim/command/sim_command.h"
#include "sim/rehearsal/rehearsal.h"
#include "version.h"

#include <errno.h>
#include <gsl/gsl_errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

typedef enum und_code command(int argc, char **argv, struct und_err *err);

/* The prediction that a live drill is judged by: live code does not know the simulator. */
static enum und_code rehearse(const struct scenario *scenario, bool observe,
                              struct prediction *prediction, struct und_err *err)
{
    const struct rehearsal rehearsal = {
        .seed = 1, .replications = 2 * REHEARSAL_REPLICATIONS, .observe = observe};
    return rehearsal_run(scenario, &rehearsal, prediction, err);
}

/* Rehearsals and plans need nothing real. */
static enum und_code drill(int argc, char **argv, struct und_err *err)
{
    int i;
    for (i = 1; i < argc; i++)
        if (strcmp(argv[i], "--rehearse") == 0 || strcmp(argv[i], "--plan") == 0)
            return rehearse_command(argc, argv, err);
    return drill_command(argc, argv, rehearse, err);
}

static const struct {
    const char *name;
    command *run;
    const char *about;
} commands[] = {
    {"sim", sim_command, "simulate scenarios: documented | simulated, with intervals"},
    {"test", test_command, "regression: judge every `expect` of every scenario"},
    {"whatif", whatif_command, "sweeps of any setting, under common random numbers"},
    {"alerts", alerts_command, "alert rules: check, explain, states for samples, detection delays"},
    {"monitor", monitor_command, "watch the real fleet in shadow: decide, journal, change nothing"},
    {"replay", replay_command, "recorded views through the policy again: first difference"},
    {"explore", explore_command, "every state that the policy can reach, every step checked"},
    {"drill", drill, "carry a drill out for real, measure it, take it back; or rehearse it"},
    {"schema", schema_command, "JSON Schema of fleet and scenario files"},
};

static void print_help(FILE *out)
{
    size_t i;
    fputs("usage: understudy COMMAND [options] ...\n"
          "Rehearses the failover of a self-hosted CI fleet.\n\n",
          out);
    for (i = 0; i < sizeof commands / sizeof *commands; i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].about);
    fputs("\n`understudy help COMMAND` says more; `understudy --version` names the build.\n"
          "Exit codes: 0 done, 1 an expectation failed, 2 usage or input error.\n",
          out);
}

/* argv[0] is the command's name. */
static int run(int argc, char **argv)
{
    const char *names[sizeof commands / sizeof *commands + 1] = {NULL}, *meant;
    size_t i;
    for (i = 0; i < sizeof commands / sizeof *commands; i++) {
        names[i] = commands[i].name;
        if (strcmp(argv[0], commands[i].name) == 0) {
            struct und_errors errors = {.n = 0};
            struct und_err err = {.all = &errors};
            enum und_code code = commands[i].run(argc, argv, &err);
            if (err.code != UND_OK)
                und_print(stderr, err.text, &errors);
            return (int)code;
        }
    }
    meant = suggest_nearest(argv[0], names);
    if (meant)
        fprintf(stderr, "understudy: got command '%.60s', did you mean %s?\n", argv[0], meant);
    else
        fprintf(stderr, "understudy: got command '%.60s', want one of `understudy --help`\n",
                argv[0]);
    return UND_USAGE;
}

static int help_on(char *name)
{
    char flag[] = "--help";
    char *argv[] = {name, flag, NULL};
    return run(2, argv);
}

/* What was printed must have arrived: on a full disk nothing else would say that it has not. What a
 * drill left behind is worse. */
static int close_output(int code)
{
    bool failed = ferror(stdout) != 0;
    errno = 0;
    if (fflush(stdout) == 0 && !failed)
        return code;
    fprintf(stderr, "understudy: standard output: cannot write%s%s\n", errno ? ": " : "",
            errno ? strerror(errno) : "");
    return code == UND_OK || code == UND_FAILED ? UND_USAGE : code;
}

static int understudy(int argc, char **argv)
{
    gsl_set_error_handler_off();
    /* Tables sized by ceilings come straight from the kernel, so that what is never touched costs
     * nothing; glibc would begin to take them from the heap. */
    mallopt(M_MMAP_THRESHOLD, 64 * 1024);
    if (argc < 2) {
        print_help(stderr);
        return UND_USAGE;
    }
    if (strcmp(argv[1], "help") == 0 && argc > 2)
        return help_on(argv[2]);
    if (argc > 2 && strcmp(argv[2], "-h") == 0)
        return help_on(argv[1]);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return UND_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("understudy " UND_VERSION);
        return UND_OK;
    }
    return run(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
    return close_output(understudy(argc, argv));
}
