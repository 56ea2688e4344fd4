/* What is said about the command line: help, man pages and completion have every option of every
 * command; and every command line that README, the architecture and the examples show is one. */
#include "tests/support/command_tables.h"
#include "tests/support/helpers.h"
#include "tests/support/shell.h"

#include <ctype.h>
#include <stdlib.h>

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
    const struct options *options = command_tables[_i];
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
    ck_assert_int_eq(n, COMMAND_TABLES + 2);
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
    const struct options *options = command_tables[_i];
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
    static const struct {
        const char *words;
        int cursor;
        const char *replies;
    } cases[] = {{"al", 1, " alerts \n"},
                 {"alerts e", 2, " explain eval \n"},
                 {"sim Make", 2, " Makefile \n"},
                 {"sim --html Make", 3, " Makefile \n"},
                 {"sim --plots tests/gold", 3, " tests/golden \n"},
                 {"sim --seed M", 3, "  \n"}};
    size_t i;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = complete(cases[i].words, cases[i].cursor);
        ck_assert_str_eq(text, cases[i].replies);
        free(text);
    }
}
END_TEST

/* ---- what is written about it ---- */

/* A line for the shell as words: quotes keep together, # ends it. */
static void split(struct command_line *line, const char *at)
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
        command_line_add(line, word);
    }
}

static const struct options *command_of(const struct command_line *line, int *words)
{
    int i;
    for (i = 0; i < COMMAND_TABLES; i++) {
        char two[64];
        snprintf(two, sizeof two, "%s %s", line->argv[0], line->n > 1 ? line->argv[1] : "");
        *words = strchr(command_tables[i]->name, ' ') ? 2 : 1;
        if (strcmp(command_tables[i]->name, *words == 2 ? two : line->argv[0]) == 0)
            return command_tables[i];
    }
    return NULL;
}

/* What follows "understudy ". */
static void check_line(const char *text)
{
    struct command_line line;
    struct und_err err = {0};
    int words;
    const struct options *options;
    split(&line, text);
    if (line.n == 0 || strcmp(line.argv[0], "help") == 0 || strcmp(line.argv[0], "completion") == 0)
        return;
    options = command_of(&line, &words);
    ck_assert_msg(options != NULL, "no command: understudy %s", text);
    memset(command_line_out, 0, sizeof command_line_out);
    ck_assert_msg(options_parse(options, line.n - words + 1, line.argv + words - 1,
                                command_line_out, &err) != 0,
                  "understudy %s: %s", text, err.text);
}

START_TEST(every_example_is_a_command_line)
{
    const struct option_example *example = command_tables[_i]->examples;
    ck_assert_msg(example && example->line, "%s has no example", command_tables[_i]->name);
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
    char *text = read_file("README.md"), *at = text, name[64];
    for (; (at = strstr(at, "--")) != NULL; at += 2) {
        const struct option_row *row;
        size_t n = 2 + strspn(at + 2, "abcdefghijklmnopqrstuvwxyz-0123456789");
        bool found = false;
        int i;
        if (!isalpha((unsigned char)at[2]) || (at > text && !strchr(" `(", at[-1])))
            continue;
        snprintf(name, sizeof name, "%.*s", (int)n, at);
        for (i = 0; elsewhere[i]; i++)
            found |= strcmp(name, elsewhere[i]) == 0;
        for (i = 0; i < COMMAND_TABLES; i++)
            for (row = command_tables[i]->rows; row->name; row++)
                found |= strcmp(name + 2, row->name) == 0;
        ck_assert_msg(found, "README.md: %s", name);
        at += n - 2;
    }
    free(text);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("command words");
    TCase *printing = tcase_create("printing");
    TCase *writing = tcase_create("written");
    tcase_set_timeout(printing, 60);
    tcase_add_loop_test(printing, help_has_every_option, 0, COMMAND_TABLES);
    tcase_add_test(printing, every_command_is_in_this_suite);
    tcase_add_loop_test(printing, bash_completes_every_option, 0, COMMAND_TABLES);
    tcase_add_test(printing, bash_completes_commands_and_files);
    suite_add_tcase(all, printing);
    tcase_add_loop_test(writing, every_example_is_a_command_line, 0, COMMAND_TABLES);
    tcase_add_test(writing, every_line_of_the_readme_is_a_command_line);
    tcase_add_test(writing, every_option_that_the_readme_names_exists);
    suite_add_tcase(all, writing);
    return all;
}
