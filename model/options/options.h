/*
 * The command line: one table a command, from which it is parsed, explained (--help, man pages)
 * and completed (bash, zsh, fish).
 *
 * A table has rows, one an option, each with the place of its value in a plain struct of the
 * command's own; rules between options; what stands beside the options; examples; exit codes.
 * Whatever is wrong is one line, "COMMAND: --option: got X, want Y", and UND_USAGE. An option that
 * would do nothing beside another one is wrong: a rule says so.
 *
 * Every command takes --help and -h, which are in no table. Texts are borrowed from argv.
 */
#ifndef MODEL_OPTIONS_OPTIONS_H
#define MODEL_OPTIONS_OPTIONS_H

#include "model/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define OPTIONS_ROWS 48  /* of a table, at most */
#define OPTIONS_TEXTS 64 /* values of one option that may be repeated, at most */
#define OPTIONS_MANY 1000000

enum option_type {
    OPTION_FLAG,     /* bool */
    OPTION_TEXT,     /* const char * */
    OPTION_PAIR,     /* --name A B: const char *, twice (at, beside) */
    OPTION_TEXTS,    /* may be repeated: const char *[most] (at), int (beside) */
    OPTION_WHOLE,    /* least..most: any integer type of 4 or 8 bytes */
    OPTION_SHARE,    /* 5% or 0.05, between 0 and 1: double */
    OPTION_DURATION, /* 90s, 5min, more than 0: int64_t, ms */
    OPTION_WORD      /* one of words, as its number: bool, or any integer type of 4 or 8 bytes */
};

struct option_row {
    const char *name; /* without dashes; NULL ends the table */
    char letter;      /* -q; 0: none */
    enum option_type type;
    const char *argument;     /* FILE, FOLDER and PROGRAM are completed as such; NULL: the words */
    size_t at, size, beside;  /* in the command's struct; size 0: nowhere, it is only checked */
    int64_t least, most;      /* WHOLE and TEXTS */
    const char *const *words; /* WORD; ended by NULL */
    const char *preset;       /* the default, as one would write it; NULL: the struct's zero */
    const char *otherwise;    /* a default that is no text to parse, in words */
    const char *about;        /* a phrase, without a stop */
    bool open;                /* SHARE: neither 0 nor 1 */
    bool required;
    bool hidden; /* for the program's own use: in no help */
};

/*
 * Whoever says `option` (or option=word; of what may be repeated, any). Several names, apart by
 * blanks, are all meant; "*" are all others, and the operands too; one of the names behind "unless"
 * lifts the rule.
 */
enum option_how { OPTION_NEEDS, OPTION_EXCLUDES };
struct option_rule {
    const char *option; /* NULL ends the list */
    enum option_how how;
    const char *others;
};

struct option_example {
    const char *line; /* without "understudy"; NULL ends the list */
    const char *about;
};

struct option_exit {
    int code;
    const char *means; /* NULL ends the list */
};

struct options {
    const char *name;     /* as it is called: "sim", "alerts check" */
    const char *synopsis; /* what follows the name; a line each */
    const char *purpose;  /* one sentence, without its stop */
    const char *details;  /* paragraphs, apart by \n\n; NULL: none */
    const struct option_row *rows;
    const struct option_rule *rules;       /* NULL: none */
    const char *operand;                   /* what the others are: "scenario file or folder" */
    int least, most;                       /* of them */
    const struct option_example *examples; /* NULL: none */
    const struct option_exit *exits;
};

/* The place of a row's value, for its designated initialisers. */
#define OPTION_AT(of, field) .at = offsetof(of, field), .size = sizeof(((of *)0)->field)

extern const char *const option_text_json[]; /* the words text and json */

/* What every command takes, whether it means something there or not: scripts give them. */
#define OPTION_SEED_IGNORED                                                                        \
    {                                                                                              \
        "seed", .type = OPTION_WHOLE, .argument = "N", .most = INT64_MAX,                          \
                .about = "taken by every command; nothing is drawn here"                           \
    }
#define OPTION_FORMAT(of, field)                                                                   \
    {                                                                                              \
        "format", .type = OPTION_WORD, .words = option_text_json, OPTION_AT(of, field),            \
                  .preset = "text", .about = "what is printed"                                     \
    }
#define OPTION_QUIET(of, field)                                                                    \
    {                                                                                              \
        "quiet", 'q', OPTION_FLAG, OPTION_AT(of, field),                                           \
            .about = "the least output; no progress line"                                          \
    }
#define OPTION_SET(of, field, count)                                                               \
    {                                                                                              \
        "set", .type = OPTION_TEXTS, .argument = "PATH=VALUE", OPTION_AT(of, field),               \
               .beside = offsetof(of, count), .most = OPTIONS_TEXTS,                               \
               .about = "override any value of the file, e.g. fleet.policy.persist=2min"           \
    }

/*
 * Fills what the table names, defaults first; `out` is the command's zeroed struct. Moves the
 * operands to the end of argv (argv[0] is the command) and returns the index of the first one,
 * which is argc if there is none. 0: help was printed, or err is set.
 */
int options_parse(const struct options *options, int argc, char **argv, void *out,
                  struct und_err *err);

/* ---- what is printed from the tables ---- */

struct options_list {
    const struct options *const *table;
    int n;
};

void options_print_help(FILE *out, const struct options *options);
/* All commands, a line each; those alone that begin with `group` and a blank if that is not NULL.
 */
void options_print_list(FILE *out, const struct options_list *list, const char *group);

struct options_build {
    const char *version, *date; /* of the program: 2026-11-28 */
};

/* man(7) source of one command, or of the program. */
void options_print_man(FILE *out, const struct options *options, const struct options_build *build);
void options_print_man_program(FILE *out, const struct options_list *list,
                               const struct options_build *build);

enum options_shell { OPTIONS_BASH, OPTIONS_ZSH, OPTIONS_FISH };
void options_print_completion(FILE *out, const struct options_list *list, enum options_shell shell);

#endif
