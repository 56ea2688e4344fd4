/*
 * The tables of all commands: every option parses, every rule refuses, every mistyped name is
 * guessed; help, man pages and completion have them all; and every command line that README, the
 * architecture and the examples show is one.
 */
#include "live/command/drill_command.h"
#include "live/command/monitor_command.h"
#include "live/command/replay_command.h"
#include "sim/command/alerts_command.h"
#include "sim/command/explore_command.h"
#include "sim/command/fit_command.h"
#include "sim/command/search_command.h"
#include "sim/command/sim_command.h"
#include "tests/support/helpers.h"
#include "tests/support/shell.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const struct options *const tables[] = {
    &sim_options,          &test_options,           &whatif_options,      &fit_options,
    &alerts_check_options, &alerts_explain_options, &alerts_eval_options, &alerts_delay_options,
    &alerts_test_options,  &monitor_options,        &replay_options,      &explore_options,
    &search_options,       &drill_options_table,    &schema_options};
enum { TABLES = sizeof tables / sizeof *tables, WORDS = 128 };

/* The commands' structs are theirs; none is larger. */
static char out[4 << 20];

/* ---- command lines made of the tables ---- */

struct line {
    char text[4096];
    char *argv[WORDS];
    int n;
};

static void add(struct line *line, const char *word)
{
    size_t used = line->n > 0 ? (size_t)(line->argv[line->n - 1] - line->text) +
                                    strlen(line->argv[line->n - 1]) + 1
                              : 0;
    ck_assert(line->n < WORDS - 1 && used + strlen(word) < sizeof line->text);
    line->argv[line->n++] = strcpy(line->text + used, word);
    line->argv[line->n] = NULL;
}

static const char *good_value(const struct option_row *row, char text[32])
{
    switch (row->type) {
    case OPTION_WHOLE:
        snprintf(text, 32, "%lld", (long long)(row->least > 0 ? row->least : row->most > 0));
        return text;
    case OPTION_WORD:
        return row->words[0];
    case OPTION_SHARE:
        return "10%";
    case OPTION_DURATION:
        return "5min";
    case OPTION_FLAG:
    case OPTION_TEXT:
    case OPTION_PAIR:
    case OPTION_TEXTS:
        break;
    }
    return strcmp(row->name, "precision-of") == 0 ? "rto" : "value";
}

static const struct option_row *row_of(const struct options *options, const char *name,
                                       size_t length)
{
    const struct option_row *row = options->rows;
    while (row->name && (strlen(row->name) != length || strncmp(row->name, name, length) != 0))
        row++;
    ck_assert_msg(row->name != NULL, "%s: a rule names %s", options->name, name);
    return row;
}

/* `name` or name=word, `length` characters of it. */
static void add_option(struct line *line, const struct options *options, const char *name,
                       size_t length)
{
    const char *equals = memchr(name, '=', length);
    size_t bare = equals ? (size_t)(equals - name) : length;
    const struct option_row *row = row_of(options, name, bare);
    char text[64], value[32];
    int i;
    snprintf(text, sizeof text, "--%s", row->name);
    for (i = 1; i < line->n; i++)
        if (strcmp(line->argv[i], text) == 0)
            return;
    add(line, text);
    snprintf(text, sizeof text, "%.*s", equals ? (int)(length - bare - 1) : 0,
             equals ? equals + 1 : "");
    if (row->type != OPTION_FLAG)
        add(line, equals ? text : good_value(row, value));
    if (row->type == OPTION_PAIR)
        add(line, "another");
}

static bool next_name(const char **names, const char **name, size_t *length)
{
    *names += strspn(*names, " ");
    *name = *names;
    *length = strcspn(*names, " ");
    *names += *length;
    return *length > 0;
}

static bool is_given(const struct line *line, const char *name, size_t length)
{
    const char *equals = memchr(name, '=', length);
    int bare = (int)(equals ? (size_t)(equals - name) : length), i;
    char option[64], word[64];
    snprintf(option, sizeof option, "--%.*s", bare, name);
    snprintf(word, sizeof word, "%.*s", equals ? (int)length - bare - 1 : 0,
             equals ? equals + 1 : "");
    for (i = 1; i < line->n; i++)
        if (strcmp(line->argv[i], option) == 0)
            return !equals || strcmp(line->argv[i + 1], word) == 0;
    return false;
}

/* What the options of the line need, and what that needs. */
static void add_needs(struct line *line, const struct options *options)
{
    const struct option_rule *rule;
    int before;
    do {
        before = line->n;
        for (rule = options->rules; rule && rule->option; rule++) {
            const char *names = rule->others, *name;
            size_t length;
            if (rule->how == OPTION_NEEDS && is_given(line, rule->option, strlen(rule->option)))
                while (next_name(&names, &name, &length))
                    add_option(line, options, name, length);
        }
    } while (line->n > before);
}

static bool is_excluded(const struct line *line, const struct options *options)
{
    const struct option_rule *rule;
    for (rule = options->rules; rule && rule->option; rule++) {
        const char *names = rule->others, *name;
        size_t length;
        if (rule->how == OPTION_EXCLUDES && is_given(line, rule->option, strlen(rule->option)))
            while (next_name(&names, &name, &length))
                if (is_given(line, name, length))
                    return true;
    }
    return false;
}

static int run_line(struct line *line, const struct options *options, struct und_err *err)
{
    const struct option_row *row;
    int i;
    for (row = options->rows; row->name; row++)
        if (row->required)
            add_option(line, options, row->name, strlen(row->name));
    for (i = 0; i < options->least; i++)
        add(line, "operand");
    memset(out, 0, sizeof out);
    *err = (struct und_err){0};
    return options_parse(options, line->n, line->argv, out, err);
}

static void begin(struct line *line, const struct options *options)
{
    line->n = 0;
    add(line, options->name);
}

START_TEST(every_option_parses)
{
    const struct options *options = tables[_i];
    const struct option_row *row;
    struct line line;
    struct und_err err;
    begin(&line, options);
    ck_assert_msg(run_line(&line, options, &err) != 0, "%s: %s", options->name, err.text);
    for (row = options->rows; row->name; row++) {
        const char *text;
        begin(&line, options);
        add_option(&line, options, row->name, strlen(row->name));
        add_needs(&line, options);
        ck_assert_msg(run_line(&line, options, &err) != 0, "%s --%s: %s", options->name, row->name,
                      err.text);
        ck_assert_uint_lt(row->at + row->size, sizeof out);
        memcpy(&text, out + row->at, sizeof text);
        if (row->type == OPTION_TEXT || row->type == OPTION_PAIR || row->type == OPTION_TEXTS)
            ck_assert_msg(
                text && strcmp(text, strcmp(row->name, "precision-of") ? "value" : "rto") == 0,
                "%s --%s", options->name, row->name);
        else if (row->type == OPTION_FLAG && row->size > 0)
            ck_assert_msg(out[row->at] == 1, "%s --%s", options->name, row->name);
    }
}
END_TEST

/* And nothing else is refused: two options that no rule names go together. */
START_TEST(every_pair_goes_together_unless_a_rule_says_not)
{
    const struct options *options = tables[_i];
    const struct option_row *a, *b;
    for (a = options->rows; a->name; a++)
        for (b = a + 1; b->name; b++) {
            struct line line;
            struct und_err err;
            bool wrong;
            begin(&line, options);
            add_option(&line, options, a->name, strlen(a->name));
            add_option(&line, options, b->name, strlen(b->name));
            add_needs(&line, options);
            wrong = is_excluded(&line, options);
            ck_assert_msg((run_line(&line, options, &err) == 0) == wrong, "%s --%s --%s: %s",
                          options->name, a->name, b->name, err.text);
        }
}
END_TEST

START_TEST(every_rule_refuses)
{
    const struct options *options = tables[_i];
    const struct option_rule *rule;
    for (rule = options->rules; rule && rule->option; rule++) {
        const char *names = rule->others, *name;
        size_t length;
        struct line line;
        struct und_err err;
        while (next_name(&names, &name, &length)) {
            begin(&line, options);
            add_option(&line, options, rule->option, strlen(rule->option));
            if (rule->how == OPTION_EXCLUDES)
                add_option(&line, options, name, length);
            ck_assert_msg(run_line(&line, options, &err) == 0 && err.code == UND_USAGE,
                          "%s: %s beside %s", options->name, rule->option, rule->others);
        }
    }
}
END_TEST

/* Two letters at the end change places, and the name is guessed. */
START_TEST(a_mistyped_option_is_guessed)
{
    const struct options *options = tables[_i];
    const struct option_row *row;
    for (row = options->rows; row->name; row++) {
        char mistyped[64], meant[80];
        size_t n = strlen(row->name);
        struct line line;
        struct und_err err;
        if (row->hidden || n < 4)
            continue;
        snprintf(mistyped, sizeof mistyped, "--%s", row->name);
        mistyped[n + 1] = row->name[n - 2] == row->name[n - 1] ? 'q' : row->name[n - 2];
        mistyped[n] = row->name[n - 1];
        begin(&line, options);
        add(&line, mistyped);
        ck_assert_int_eq(run_line(&line, options, &err), 0);
        snprintf(meant, sizeof meant, "did you mean --%s?", row->name);
        ck_assert_msg(strstr(err.text, meant) != NULL, "%s", err.text);
    }
}
END_TEST

/* Options, halves of options and nonsense in any order: so many words of them. */
static void add_anything(struct line *line, const struct options *options, int words,
                         uint64_t *state)
{
    static const char *const odd[] = {"",
                                      "-",
                                      "--",
                                      "--=",
                                      "--help=",
                                      "-q",
                                      "-qx",
                                      "-qq",
                                      "---",
                                      "=",
                                      "--q",
                                      "-x=1",
                                      "%s%n%d",
                                      "\xff\xfe",
                                      "a\nb",
                                      "0",
                                      "-1",
                                      "1e9",
                                      "99999999999999999999",
                                      "5min",
                                      "50%",
                                      "nan",
                                      "json",
                                      "text",
                                      "a,b",
                                      "x=1..2:1"};
    uint64_t random = *state;
    int rows = 0;
    while (options->rows[rows].name)
        rows++;
    ck_assert_int_gt(rows, 0);
    while (words-- > 0) {
        const struct option_row *row;
        char text[64];
        random ^= random << 13; /* xorshift64 */
        random ^= random >> 7;
        random ^= random << 17;
        row = &options->rows[(random >> 24) % (unsigned)rows];
        snprintf(text, sizeof text, random >> 40 & 3 ? "--%s" : "--%s=", row->name);
        text[strlen(text) - ((random >> 44 & 15) == 0)] = '\0'; /* a letter less, at times */
        add(line, random & 1 ? text : odd[(random >> 32) % (sizeof odd / sizeof *odd)]);
    }
    *state = random;
}

START_TEST(whatever_is_typed_is_parsed_or_told_in_one_line)
{
    const struct options *options = tables[_i];
    uint64_t random = 88172645463325252u + (uint64_t)_i;
    int round, parsed = 0;
    for (round = 0; round < 20000; round++) {
        struct line line;
        struct und_err err = {0};
        begin(&line, options);
        add_anything(&line, options, round % 9, &random);
        memset(out, 0, 4096);
        if (options_parse(options, line.n, line.argv, out, &err) != 0) {
            ck_assert_int_eq(err.code, UND_OK);
            parsed++;
        } else if (err.code != UND_OK) {
            ck_assert_int_eq(err.code, UND_USAGE);
            ck_assert_msg(strchr(err.text, '\n') == NULL && strlen(err.text) > 10, "%s", err.text);
            ck_assert(strncmp(err.text, options->name, strlen(options->name)) == 0);
        }
    }
    ck_assert_int_gt(parsed, 0);
}
END_TEST

/* ---- what the program prints ---- */

static bool has_word(const char *text, const char *word)
{
    size_t n = strlen(word);
    const char *at;
    for (at = strstr(text, word); at; at = strstr(at + 1, word))
        if (!isalnum((unsigned char)at[n]) && at[n] != '-')
            return true;
    return false;
}

static void no_line_is_longer_than(size_t most, const char *text, const char *unless)
{
    while (*text) {
        size_t n = strcspn(text, "\n");
        ck_assert_msg(n <= most || strncmp(text, unless, strlen(unless)) == 0, "%.*s", (int)n,
                      text);
        text += n + (text[n] != '\0');
    }
}

START_TEST(help_has_every_option)
{
    const struct options *options = tables[_i];
    const struct option_row *row;
    char name[64], *help, *again, *man, *list;
    ck_assert_int_eq(shell_run(&help, "$PROGRAM help %s", options->name), 0);
    ck_assert_int_eq(shell_run(&again, "$PROGRAM %s -h", options->name), 0);
    ck_assert_str_eq(help, again);
    ck_assert_int_eq(shell_run(&man, "$PROGRAM help --man %s | sed 's/\\\\-/-/g'", options->name),
                     0);
    for (row = options->rows; row->name; row++) {
        snprintf(name, sizeof name, "--%s", row->name);
        ck_assert_msg(has_word(help, name) == !row->hidden, "%s %s", options->name, name);
        snprintf(name, sizeof name, "\\fB--%s\\fR", row->name);
        ck_assert_msg(row->hidden || strstr(man, name), "%s: man: %s", options->name, name);
    }
    no_line_is_longer_than(80, help, "  understudy ");
    ck_assert_int_eq(shell_run(&list, "$PROGRAM help"), 0);
    ck_assert_ptr_nonnull(strstr(list, options->purpose[0] ? options->name : ""));
    free(help);
    free(again);
    free(man);
    free(list);
}
END_TEST

/* No command is without a test here, but for the two that print what this suite reads. */
START_TEST(every_command_is_in_this_suite)
{
    char *list, *at;
    int n = 0;
    ck_assert_int_eq(shell_run(&list, "$PROGRAM help"), 0);
    for (at = list; (at = strstr(at, "\n  ")) != NULL; at++)
        n += at[3] != ' ';
    ck_assert_int_eq(n, TABLES + 2);
    free(list);
}
END_TEST

/* As bash calls it: words and the one at the cursor. */
static char *complete(const char *words, int cursor)
{
    char *text;
    ck_assert_int_eq(
        shell_run(
            &text,
            "bash -c 'source <($PROGRAM completion bash); compopt() { :; }; COMP_WORDS=(understudy "
            "%s); COMP_CWORD=%d; _understudy; echo \" ${COMPREPLY[*]} \"'",
            words, cursor),
        0);
    return text;
}

START_TEST(bash_completes_every_option)
{
    const struct options *options = tables[_i];
    const struct option_row *row;
    char words[128], name[64], *text;
    int cursor = strchr(options->name, ' ') ? 3 : 2;
    snprintf(words, sizeof words, "%s --", options->name);
    text = complete(words, cursor);
    for (row = options->rows; row->name; row++) {
        snprintf(name, sizeof name, " --%s ", row->name);
        ck_assert_msg((strstr(text, name) != NULL) == !row->hidden, "%s: %s", options->name, text);
    }
    free(text);
    snprintf(words, sizeof words, "%s --format \"\"", options->name);
    text = complete(words, cursor + 1);
    ck_assert_msg(strncmp(text, " text json ", 11) == 0, "%s: %s", options->name, text);
    free(text);
}
END_TEST

START_TEST(bash_completes_commands_and_files)
{
    char *text = complete("al", 1);
    ck_assert_str_eq(text, " alerts \n");
    free(text);
    text = complete("alerts e", 2);
    ck_assert_str_eq(text, " explain eval \n");
    free(text);
    text = complete("sim Make", 2);
    ck_assert_str_eq(text, " Makefile \n");
    free(text);
    text = complete("sim --html Make", 3);
    ck_assert_str_eq(text, " Makefile \n");
    free(text);
    text = complete("sim --plots tests/gold", 3);
    ck_assert_str_eq(text, " tests/golden \n");
    free(text);
    text = complete("sim --seed M", 3);
    ck_assert_str_eq(text, "  \n");
    free(text);
}
END_TEST

/* ---- what is written about it ---- */

/* A line for the shell as words: quotes keep together, # ends it. */
static void split(struct line *line, const char *at)
{
    char word[512];
    line->n = 0;
    while (*(at += strspn(at, " ")) && *at != '#' && *at != '>' && *at != '|' && *at != ';') {
        size_t n = 0;
        for (; *at && *at != ' '; at++) {
            if (*at != '\'') {
                word[n++] = *at;
                continue;
            }
            for (at++; *at != '\''; at++)
                word[n++] = *at;
        }
        word[n] = '\0';
        add(line, word);
    }
}

static const struct options *command_of(const struct line *line, int *words)
{
    int i;
    for (i = 0; i < TABLES; i++) {
        char two[64];
        snprintf(two, sizeof two, "%s %s", line->argv[0], line->n > 1 ? line->argv[1] : "");
        *words = strchr(tables[i]->name, ' ') ? 2 : 1;
        if (strcmp(tables[i]->name, *words == 2 ? two : line->argv[0]) == 0)
            return tables[i];
    }
    return NULL;
}

/* What follows "understudy ". */
static void check_line(const char *text)
{
    struct line line;
    struct und_err err = {0};
    int words;
    const struct options *options;
    split(&line, text);
    if (line.n == 0 || strcmp(line.argv[0], "help") == 0 || strcmp(line.argv[0], "completion") == 0)
        return;
    options = command_of(&line, &words);
    ck_assert_msg(options != NULL, "no command: understudy %s", text);
    memset(out, 0, sizeof out);
    ck_assert_msg(options_parse(options, line.n - words + 1, line.argv + words - 1, out, &err) != 0,
                  "understudy %s: %s", text, err.text);
}

START_TEST(every_example_is_a_command_line)
{
    const struct option_example *example = tables[_i]->examples;
    ck_assert_msg(example && example->line, "%s has no example", tables[_i]->name);
    for (; example && example->line; example++)
        check_line(example->line);
}
END_TEST

static char *read_file(const char *path)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s", path);
    ck_assert(getdelim(&text, &size, '\0', file) > 0);
    fclose(file);
    return text;
}

START_TEST(every_line_of_the_readme_is_a_command_line)
{
    char *text = read_file("README.md"), *at = text, *end;
    int n = 0;
    for (; (at = strstr(at, "understudy ")) != NULL; at = end) {
        char *line = at;
        while (line > text && line[-1] != '\n' && line[-1] != '\0')
            line--;
        end = at + strcspn(at, "\n");
        bool folded = line > text + 3 && strncmp(line - 3, ">-", 2) == 0; /* YAML's */
        for (; *end && (end[-1] == '\\' || folded); folded = false) { /* goes on in the next line */
            if (end[-1] == '\\')
                end[-1] = ' ';
            *end = ' ';
            end += strcspn(end, "\n");
        }
        /* Blocks alone; prose is below. */
        if (strncmp(line, "    ", 4) != 0 ||
            (at != line + strspn(line, " ") && strncmp(at - 6, "build/", 6) != 0))
            continue;
        if (*end)
            *end++ = '\0';
        check_line(at + strlen("understudy "));
        n++;
    }
    ck_assert_int_ge(n, 28);
    free(text);
}
END_TEST

START_TEST(every_option_that_the_readme_names_exists)
{
    static const char *const elsewhere[] = {"--version", "--help",      "--man", "--global",
                                            "--add",     "--body-file", NULL}; /* git's and gh's */
    ;
    char *text = read_file("README.md"), *at = text, name[64];
    for (; (at = strstr(at, "--")) != NULL; at += 2) {
        const struct option_row *row;
        size_t n = 2 + strspn(at + 2, "abcdefghijklmnopqrstuvwxyz-");
        bool found = false;
        int i;
        if (!isalpha((unsigned char)at[2]) || (at > text && !strchr(" `(", at[-1])))
            continue;
        snprintf(name, sizeof name, "%.*s", (int)n, at);
        for (i = 0; elsewhere[i]; i++)
            found |= strcmp(name, elsewhere[i]) == 0;
        for (i = 0; i < TABLES; i++)
            for (row = tables[i]->rows; row->name; row++)
                found |= strcmp(name + 2, row->name) == 0;
        ck_assert_msg(found, "README.md: %s", name);
        at += n - 2;
    }
    free(text);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("command line");
    TCase *parsing = tcase_create("parsing"), *printing = tcase_create("printing");
    tcase_set_timeout(printing, 60);
    tcase_add_loop_test(parsing, every_option_parses, 0, TABLES);
    tcase_add_loop_test(parsing, every_pair_goes_together_unless_a_rule_says_not, 0, TABLES);
    tcase_add_loop_test(parsing, every_rule_refuses, 0, TABLES);
    tcase_add_loop_test(parsing, a_mistyped_option_is_guessed, 0, TABLES);
    tcase_add_loop_test(parsing, whatever_is_typed_is_parsed_or_told_in_one_line, 0, TABLES);
    tcase_add_loop_test(parsing, every_example_is_a_command_line, 0, TABLES);
    tcase_add_test(parsing, every_line_of_the_readme_is_a_command_line);
    tcase_add_test(parsing, every_option_that_the_readme_names_exists);
    tcase_add_loop_test(printing, help_has_every_option, 0, TABLES);
    tcase_add_test(printing, every_command_is_in_this_suite);
    tcase_add_loop_test(printing, bash_completes_every_option, 0, TABLES);
    tcase_add_test(printing, bash_completes_commands_and_files);
    suite_add_tcase(suite, parsing);
    suite_add_tcase(suite, printing);
    return suite;
}
