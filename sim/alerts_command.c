#include "alerts_command.h"

#include "alerts_eval.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
    "usage: understudy alerts eval --series FILE [--rules FILE] [--format text|json]\n"
    "         the alert states at every evaluation for given samples\n";

enum { OPTION_RULES = 256, OPTION_SERIES };

struct options {
    const char *rules, *series;
    bool json;
};

static const struct option option_table[] = {{"help", no_argument, NULL, 'h'},
                                             {"format", required_argument, NULL, 'f'},
                                             {"quiet", no_argument, NULL, 'q'},
                                             {"rules", required_argument, NULL, OPTION_RULES},
                                             {"series", required_argument, NULL, OPTION_SERIES},
                                             {0}};

/* True: go on. False: help was printed, or err is set. */
static bool parse(int argc, char **argv, struct options *options, struct und_err *err)
{
    int option;
    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, ":", option_table, NULL)) != -1) {
        switch (option) {
        case 'h':
            fputs(help, stdout);
            return false;
        case 'f':
            options->json = strcmp(optarg, "json") == 0;
            if (!options->json && strcmp(optarg, "text") != 0)
                und_fail(err, UND_USAGE, "alerts: --format: got '%.40s', want text or json",
                         optarg);
            break;
        case 'q':
            break;
        case OPTION_RULES:
            options->rules = optarg;
            break;
        case OPTION_SERIES:
            options->series = optarg;
            break;
        default:
            und_fail(err, UND_USAGE,
                     "alerts: got option '%.60s', want one of `understudy alerts --help`",
                     argv[optind - 1]);
        }
    }
    return err->code == UND_OK;
}

static void print_states(const json_t *output)
{
    const char *id;
    json_t *rows, *row;
    size_t i;
    json_object_foreach((json_t *)output, id, rows)
    {
        json_array_foreach(rows, i, row)
        {
            printf("%-16s %10.10g s  %-24s %-8s active since %.10g s\n", id,
                   json_number_value(json_array_get(row, 0)),
                   json_string_value(json_array_get(row, 1)),
                   json_string_value(json_array_get(row, 2)),
                   json_number_value(json_array_get(row, 3)));
        }
    }
}

static enum und_code eval_command(const struct options *options, struct und_err *err)
{
    json_t *input, *output;
    if (!options->series)
        return und_fail(err, UND_USAGE, "alerts eval: --series FILE is missing");
    input = alerts_eval_load(options->series, err);
    output = input ? alerts_eval(input, options->series, NULL, 0, err) : NULL;
    json_decref(input);
    if (!output)
        return err->code;
    if (options->json) {
        json_dumpf(output, stdout, JSON_COMPACT | JSON_SORT_KEYS);
        putchar('\n');
    } else {
        print_states(output);
    }
    json_decref(output);
    return UND_OK;
}

enum und_code alerts_command(int argc, char **argv, struct und_err *err)
{
    struct options options = {0};
    const char *verb;
    if (!parse(argc, argv, &options, err))
        return err->code;
    verb = optind < argc ? argv[optind] : "nothing";
    if (optind + 1 < argc)
        return und_fail(err, UND_USAGE, "alerts: got '%.60s' as well, want nothing after '%.60s'",
                        argv[optind + 1], verb);
    if (strcmp(verb, "eval") == 0)
        return eval_command(&options, err);
    return und_fail(err, UND_USAGE, "alerts: got '%.60s', want check, explain, eval or delay",
                    verb);
}
