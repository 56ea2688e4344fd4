#include "options_internal.h"

#include "model/base/assert.h"

#include <ctype.h>
#include <string.h>

#define COLUMNS 80
#define LABELS 22 /* where sentences begin, beside the options */

const char *options_argument(const struct option_row *row, char text[OPTIONS_LABEL])
{
    size_t length = 0;
    int i;
    text[0] = '\0';
    if (row->argument)
        snprintf(text, OPTIONS_LABEL, "%s", row->argument);
    else if (row->type == OPTION_WORD)
        for (i = 0; row->words[i]; i++) {
            length += (size_t)snprintf(text + length, OPTIONS_LABEL - length, "%s%s",
                                       i > 0 ? "|" : "", row->words[i]);
            UND_ASSERT(length < OPTIONS_LABEL);
        }
    return text;
}

const char *options_label(const struct option_row *row, char text[OPTIONS_LABEL])
{
    char argument[OPTIONS_LABEL], letter[8] = "";
    options_argument(row, argument);
    if (row->letter)
        snprintf(letter, sizeof letter, "-%c, ", row->letter);
    snprintf(text, OPTIONS_LABEL, "%s--%s%s%.60s", letter, row->name, argument[0] ? " " : "",
             argument);
    return text;
}

/* "--plan", "--format json". */
static void add_names(char *text, size_t size, const char *names, const char *between)
{
    const char *name, *first = names;
    size_t length;
    while (options_next_name(&names, &name, &length)) {
        const char *equals = memchr(name, '=', length);
        size_t bare = equals ? (size_t)(equals - name) : length, used = strlen(text);
        snprintf(text + used, size - used, "%s--%.*s%s%.*s", name == first ? "" : between,
                 (int)bare, name, equals ? " " : "", equals ? (int)(length - bare - 1) : 0,
                 equals ? equals + 1 : "");
    }
}

const char *options_about(const struct options *options, const struct option_row *row,
                          char text[OPTIONS_ABOUT])
{
    const struct option_rule *rule;
    size_t n = strlen(row->name), used;
    snprintf(text, OPTIONS_ABOUT, "%s", row->about);
    if (row->preset || row->otherwise) {
        used = strlen(text);
        snprintf(text + used, OPTIONS_ABOUT - used, " (default: %s)",
                 row->preset ? row->preset : row->otherwise);
    }
    if (row->type == OPTION_TEXTS)
        strncat(text, "; may be repeated", OPTIONS_ABOUT - strlen(text) - 1);
    for (rule = options->rules; rule && rule->option; rule++) {
        if (strncmp(rule->option, row->name, n) != 0 ||
            (rule->option[n] != '\0' && rule->option[n] != '='))
            continue;
        used = strlen(text);
        if (rule->option[n] == '=')
            snprintf(text + used, OPTIONS_ABOUT - used, "; %s ", rule->option + n + 1);
        else
            snprintf(text + used, OPTIONS_ABOUT - used, "; ");
        if (strcmp(rule->others, "*") == 0) {
            strncat(text, "alone", OPTIONS_ABOUT - strlen(text) - 1);
            continue;
        }
        strncat(text, rule->how == OPTION_NEEDS ? "with " : "not with ",
                OPTIONS_ABOUT - strlen(text) - 1);
        add_names(text, OPTIONS_ABOUT, rule->others, rule->how == OPTION_NEEDS ? " and " : ", ");
        if (options_unless(rule->others)) {
            strncat(text, " unless ", OPTIONS_ABOUT - strlen(text) - 1);
            add_names(text, OPTIONS_ABOUT, options_unless(rule->others), " or ");
        }
    }
    return text;
}

const char *options_sentence(const char *phrase, char text[OPTIONS_ABOUT])
{
    snprintf(text, OPTIONS_ABOUT, "%s.", phrase);
    text[0] = (char)toupper((unsigned char)text[0]);
    return text;
}

/* Words up to the last column, from the second line on after `indent` blanks; the first begins at
 * `column`. A newline in the text ends a line. */
static void print_wrapped(FILE *out, const char *text, int column, int indent)
{
    bool begins = true;
    while (*text) {
        int length = (int)strcspn(text, " \n");
        if (!begins && column + 1 + length > COLUMNS) {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
            begins = true;
        }
        column += fprintf(out, "%s%.*s", begins ? "" : " ", length, text);
        begins = false;
        text += length;
        if (*text == '\n') {
            fprintf(out, "\n%*s", text[1] == '\n' ? 0 : indent, "");
            column = indent;
            begins = true;
        }
        text += *text != '\0';
    }
    putc('\n', out);
}

static void print_row(FILE *out, const char *label, const char *about)
{
    int n = fprintf(out, "  %s", label);
    if (n >= LABELS) {
        putc('\n', out);
        n = 0;
    }
    n += fprintf(out, "%*s", LABELS - n, "");
    print_wrapped(out, about, n, LABELS);
}

static void print_usage(FILE *out, const struct options *options)
{
    const char *line = options->synopsis, *end;
    for (;; line = end + 1) {
        end = strchr(line, '\n');
        fprintf(out, "%s understudy %s%s%.*s\n", line == options->synopsis ? "usage:" : "      ",
                options->name, line[0] ? " " : "", end ? (int)(end - line) : (int)strlen(line),
                line);
        if (!end)
            return;
    }
}

void options_print_help(FILE *out, const struct options *options)
{
    const struct option_row *row;
    const struct option_example *example;
    const struct option_exit *end;
    char label[OPTIONS_LABEL], about[OPTIONS_ABOUT];
    print_usage(out, options);
    options_sentence(options->purpose, about);
    print_wrapped(out, about, 0, 0);
    if (options->details) {
        putc('\n', out);
        print_wrapped(out, options->details, 0, 0);
    }
    fputs("\nOptions:\n", out);
    for (row = options->rows; row->name; row++)
        if (!row->hidden)
            print_row(out, options_label(row, label), options_about(options, row, about));
    print_row(out, "-h, --help", "this text");
    if (options->examples)
        fputs("\nExamples:\n", out);
    for (example = options->examples; example && example->line; example++) {
        fprintf(out, "  understudy %s\n", example->line);
        fprintf(out, "%*s", 6, "");
        print_wrapped(out, example->about, 6, 6);
    }
    fputs("\nExit codes:\n", out);
    for (end = options->exits; end->means; end++) {
        int n = fprintf(out, "  %-4d", end->code);
        print_wrapped(out, end->means, n, n);
    }
}

static void print_command(FILE *out, const struct options *options)
{
    int n = fprintf(out, "  %-14s ", options->name);
    print_wrapped(out, options->purpose, n, n);
}

void options_print_list(FILE *out, const struct options_list *list, const char *group)
{
    size_t n = group ? strlen(group) : 0;
    int i;
    for (i = 0; i < list->n; i++)
        if (!group ||
            (strncmp(list->table[i]->name, group, n) == 0 && list->table[i]->name[n] == ' '))
            print_command(out, list->table[i]);
}
