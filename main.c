/* The front door: the table of commands, and what is told of all of them. Only main prints
 * errors. */
#include "live/command/drill_command.h"
#include "live/command/fetch_jobs.h"
#include "live/command/fetch_samples.h"
#include "live/command/init_command.h"
#include "live/command/monitor_command.h"
#include "live/command/replay_command.h"
#include "model/base/err.h"
#include "model/base/suggest.h"
#include "model/options/options.h"
#include "reports/history/history_command.h"
#include "reports/history/report_command.h"
#include "sim/command/alerts_command.h"
#include "sim/command/explore_command.h"
#include "sim/command/fit_command.h"
#include "sim/command/rehearse_command.h"
#include "sim/command/search_command.h"
#include "sim/command/sim_command.h"
#include "sim/experiment/experiment.h"
#include "sim/rehearsal/rehearsal.h"
#include "version.h"

#include <errno.h>
#include <gsl/gsl_errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define REPLAY_REPLICATIONS 40 /* of the recorded time, under each policy */

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
    struct drill_wish wish = {0};
    if (!drill_wish_parse(&wish, argc, argv, err))
        return err->code;
    return wish.rehearse || wish.plan ? rehearse_command(&wish, err)
                                      : drill_command(&wish, rehearse, err);
}

/* What is read from GitHub is read by live/. */
static enum und_code fit(int argc, char **argv, struct und_err *err)
{
    static const struct fit_sources sources = {fetch_jobs_of, fetch_samples_prometheus,
                                               fetch_samples_journal};
    return fit_command(argc, argv, &sources, err);
}

/* What another policy would have come to: live code does not know the simulator. */
static enum und_code simulate(const struct scenario *scenario, struct result *result,
                              struct und_err *err)
{
    const struct experiment experiment = {.seed = 1, .replications = REPLAY_REPLICATIONS};
    return experiment_run(scenario, &experiment, result, err);
}

static enum und_code replay(int argc, char **argv, struct und_err *err)
{
    return replay_command(argc, argv, simulate, err);
}

static command help, completion;
static const struct options help_options, completion_options;

/* A name of two words is one of a group, which stand together. */
static const struct {
    const struct options *options;
    command *run;
} commands[] = {
    {&sim_options, sim_command},
    {&test_options, test_command},
    {&whatif_options, whatif_command},
    {&merge_options, merge_command},
    {&init_options, init_command},
    {&fit_options, fit},
    {&alerts_check_options, alerts_check_command},
    {&alerts_explain_options, alerts_explain_command},
    {&alerts_eval_options, alerts_eval_command},
    {&alerts_delay_options, alerts_delay_command},
    {&alerts_test_options, alerts_test_command},
    {&monitor_options, monitor_command},
    {&replay_options, replay},
    {&explore_options, explore_command},
    {&search_options, search_command},
    {&drill_options_table, drill},
    {&history_options, history_command},
    {&report_options, report_command},
    {&schema_options, schema_command},
    {&help_options, help},
    {&completion_options, completion},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static struct options_list all_options(const struct options *table[COMMANDS])
{
    int i;
    for (i = 0; i < COMMANDS; i++)
        table[i] = commands[i].options;
    return (struct options_list){table, COMMANDS};
}

/* ---- which command is meant ---- */

/* The words of a name that argv has: 0 none of them, 1 the first, 2 both of two, or the only
 * one. */
static int match(const char *name, int argc, char **argv)
{
    size_t n = strcspn(name, " ");
    int i;
    if (argc < 1 || strlen(argv[0]) != n || strncmp(argv[0], name, n) != 0)
        return 0;
    if (name[n] == '\0')
        return 2;
    for (i = 1; i < argc; i++)
        if (strcmp(argv[i], name + n + 1) == 0)
            return 2;
    return 1;
}

/* The command, or -1; *group says whether some begin with argv[0]. */
static int find(int argc, char **argv, bool *group)
{
    int i, found, at = -1, words = argc;
    *group = false;
    for (i = 0; i < COMMANDS; i++) {
        const char *verb = strchr(commands[i].options->name, ' ');
        int word = 0;
        found = match(commands[i].options->name, argc, argv);
        *group = *group || found == 1 || (found == 2 && verb);
        if (found != 2)
            continue;
        while (verb && strcmp(argv[word], verb + 1) != 0)
            word++;
        if (word < words) { /* of several verbs the first one given */
            words = word;
            at = i;
        }
    }
    return at;
}

/* Not one of the names: which one may be meant? */
static enum und_code refuse_command(const char *got, const char *group, struct und_err *err)
{
    const char *names[COMMANDS + 1] = {NULL}, *meant;
    char words[COMMANDS][32], place[40] = "";
    size_t length = group ? strlen(group) : 0;
    int i, n = 0;
    for (i = 0; i < COMMANDS; i++) {
        const char *name = commands[i].options->name;
        if (group && (strncmp(name, group, length) != 0 || name[length] != ' '))
            continue;
        name += group ? length + 1 : 0;
        snprintf(words[n], sizeof words[n], "%.*s", (int)strcspn(name, " "), name);
        names[n] = words[n];
        n++;
    }
    if (group)
        snprintf(place, sizeof place, "%s: ", group);
    meant = suggest_nearest(got, names);
    if (meant)
        return und_fail(err, UND_USAGE, "%sgot command '%.60s', did you mean %s?", place, got,
                        meant);
    return und_fail(err, UND_USAGE, "%sgot command '%.60s', want one of `understudy %s%s--help`",
                    place, got, group ? group : "", group ? " " : "");
}

static void print_group(const char *group)
{
    const struct options *table[COMMANDS];
    const struct options_list list = all_options(table);
    printf("usage: understudy %s COMMAND [options] ...\n\n", group);
    options_print_list(stdout, &list, group);
    printf("\n`understudy help %s COMMAND` says more.\n", group);
}

/* argv[0] is the command's name; the verb of a group is taken out, wherever it stands. */
static enum und_code run(int argc, char **argv, struct und_err *err)
{
    bool group;
    int at = find(argc, argv, &group), i;
    const char *verb;
    if (at < 0 && group) {
        for (i = 1; i < argc && argv[i][0] == '-'; i++)
            if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
                print_group(argv[0]);
                return UND_OK;
            }
        if (i == argc)
            return und_fail(err, UND_USAGE,
                            "%s: got no command, want one of `understudy %s --help`", argv[0],
                            argv[0]);
        return refuse_command(argv[i], argv[0], err);
    }
    if (at < 0)
        return refuse_command(argv[0], NULL, err);
    verb = strchr(commands[at].options->name, ' ');
    if (verb) {
        for (i = 1; strcmp(argv[i], verb + 1) != 0; i++)
            ;
        memmove(argv + i, argv + i + 1, (size_t)(argc - i) * sizeof *argv);
        argc--;
    }
    return commands[at].run(argc, argv, err);
}

/* ---- help, man pages, completion ---- */

struct help_wish {
    bool man, quiet, json;
};

static const struct option_row help_rows[] = {
    {"man", .type = OPTION_FLAG, OPTION_AT(struct help_wish, man),
     .about = "print the manual page's source, for man(1)"},
    OPTION_SEED_IGNORED,
    OPTION_FORMAT(struct help_wish, json),
    OPTION_QUIET(struct help_wish, quiet),
    {0}};
static const struct option_exit help_exits[] = {
    {UND_OK, "printed"}, {UND_USAGE, "usage error"}, {0}};

static const struct option_example help_examples[] = {
    {"help alerts", "the commands of a group"},
    {"help --man drill | man -l -", "a manual page that is not installed"},
    {0}};

static const struct options help_options = {
    .name = "help",
    .synopsis = "[--man] [COMMAND]",
    .purpose = "what a command takes; its manual page",
    .rows = help_rows,
    .operand = "command",
    .most = 2,
    .examples = help_examples,
    .exits = help_exits,
};

static void print_help(FILE *out)
{
    const struct options *table[COMMANDS];
    const struct options_list list = all_options(table);
    fputs("usage: understudy COMMAND [options] ...\n"
          "Rehearses the failover of a self-hosted CI fleet.\n\n",
          out);
    options_print_list(out, &list, NULL);
    fputs("\n`understudy help COMMAND` says more; `understudy --version` names the build.\n"
          "Exit codes: 0 done, 1 an expectation failed, 2 usage or input error, 130 interrupted;\n"
          "`understudy help drill` has the others. Settings: `understudy help --man | man -l -`.\n",
          out);
}

static enum und_code help(int argc, char **argv, struct und_err *err)
{
    const struct options *table[COMMANDS];
    const struct options_list list = all_options(table);
    const struct options_build build = {UND_VERSION, UND_DATE};
    struct help_wish wish = {0};
    int first = options_parse(&help_options, argc, argv, &wish, err), at;
    bool group;
    if (first == 0)
        return err->code;
    at = find(argc - first, argv + first, &group);
    if (first == argc && wish.man)
        options_print_man_program(stdout, &list, &build);
    else if (first == argc)
        print_help(stdout);
    else if (at >= 0 && wish.man)
        options_print_man(stdout, commands[at].options, &build);
    else if (at >= 0)
        options_print_help(stdout, commands[at].options);
    else if (group && argc - first == 1 && !wish.man)
        print_group(argv[first]);
    else
        refuse_command(argv[argc - 1], group ? argv[first] : NULL, err);
    return err->code;
}

static const struct option_row completion_rows[] = {OPTION_SEED_IGNORED,
                                                    OPTION_FORMAT(struct help_wish, json),
                                                    OPTION_QUIET(struct help_wish, quiet),
                                                    {0}};
static const struct option_example completion_examples[] = {
    {"completion bash >~/.local/share/bash-completion/completions/understudy", "for bash"},
    {"completion zsh >~/.zfunc/_understudy", "for zsh, with ~/.zfunc in fpath"},
    {"completion fish >~/.config/fish/completions/understudy.fish", "for fish"},
    {0}};

static const struct options completion_options = {
    .name = "completion",
    .synopsis = "bash|zsh|fish",
    .purpose = "a script that completes commands, options and files in a shell",
    .rows = completion_rows,
    .operand = "shell: bash, zsh or fish",
    .least = 1,
    .most = 1,
    .examples = completion_examples,
    .exits = help_exits,
};

static enum und_code completion(int argc, char **argv, struct und_err *err)
{
    static const char *const shells[] = {"bash", "zsh", "fish"}; /* enum options_shell */
    const struct options *table[COMMANDS];
    const struct options_list list = all_options(table);
    struct help_wish wish = {0};
    int first = options_parse(&completion_options, argc, argv, &wish, err), i;
    if (first == 0)
        return err->code;
    for (i = 0; i < (int)(sizeof shells / sizeof *shells); i++)
        if (strcmp(argv[first], shells[i]) == 0) {
            options_print_completion(stdout, &list, (enum options_shell)i);
            return UND_OK;
        }
    return und_fail(err, UND_USAGE, "completion: got '%.40s', want bash, zsh or fish", argv[first]);
}

/* ---- the program ---- */

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

/* Results are printed once they are whole; whatever stands there now is not. Commands that have
 * something to take back first have a handler of their own (live/base/interrupt.h). */
static void end_at_once(int signal)
{
    static const char words[] = "\nunderstudy: interrupted: what was printed or written so far is "
                                "not the whole\n";
    (void)signal;
    (void)!write(STDERR_FILENO, words, sizeof words - 1);
    _exit(UND_INTERRUPTED);
}

/* Whoever was started with it ignored, in a background job, stays so. */
static void obey_interrupt(void)
{
    struct sigaction was;
    if (sigaction(SIGINT, NULL, &was) == 0 && was.sa_handler != SIG_IGN)
        sigaction(SIGINT, &(struct sigaction){.sa_handler = end_at_once}, NULL);
}

static int understudy(int argc, char **argv)
{
    struct und_errors errors = {.n = 0};
    struct und_err err = {.all = &errors};
    enum und_code code;
    gsl_set_error_handler_off();
    obey_interrupt();
    /* Tables sized by ceilings come straight from the kernel, so that what is never touched costs
     * nothing; glibc would begin to take them from the heap. */
    mallopt(M_MMAP_THRESHOLD, 64 * 1024);
    if (argc < 2) {
        print_help(stderr);
        return UND_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(stdout);
        return UND_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("understudy " UND_VERSION);
        return UND_OK;
    }
    code = run(argc - 1, argv + 1, &err);
    if (err.code != UND_OK) {
        fflush(stdout); /* where both go to one place, the error comes last */
        und_print(stderr, err.text, &errors);
    }
    return (int)code;
}

int main(int argc, char **argv)
{
    return close_output(understudy(argc, argv));
}
