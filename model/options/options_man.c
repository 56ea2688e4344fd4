/* Manual pages in man(7), from the tables. `mandoc -Tlint` has nothing to say of them. */
#include "options_internal.h"
#include "roff.h"

#include <ctype.h>
#include <string.h>

static void print_line(FILE *out, const char *before, const char *text, const char *after)
{
    fputs(before, out);
    roff_text(out, text);
    fputs(after, out);
}

/* "alerts check" as "alerts-check": the page's name. */
static void page_name(const char *name, char text[64])
{
    size_t i;
    snprintf(text, 64, "understudy%s%s", name ? "-" : "", name ? name : "");
    for (i = 0; text[i]; i++)
        if (text[i] == ' ')
            text[i] = '-';
}

static void print_title(FILE *out, const char *name, const char *purpose,
                        const struct options_build *build)
{
    char page[64];
    size_t i;
    page_name(name, page);
    fputs(".TH ", out);
    for (i = 0; page[i]; i++)
        if (page[i] == '-')
            fputs("\\-", out);
        else
            putc(toupper((unsigned char)page[i]), out);
    fprintf(out, " 1 %s \"understudy %s\" \"User Commands\"\n.SH NAME\n", build->date,
            build->version);
    roff_text(out, page);
    fputs(" \\-\n", out);
    roff_prose(out, purpose);
}

static void print_synopsis(FILE *out, const struct options *options)
{
    const char *line = options->synopsis, *end;
    char one[256];
    fputs(".SH SYNOPSIS\n", out);
    for (;; line = end + 1) {
        end = strchr(line, '\n');
        snprintf(one, sizeof one, "%.*s", end ? (int)(end - line) : (int)strlen(line), line);
        fprintf(out, "%s.B understudy %s\n", line == options->synopsis ? "" : ".br\n",
                options->name);
        roff_text(out, one);
        if (one[0])
            putc('\n', out);
        if (!end)
            return;
    }
}

/* Paragraphs, apart by empty lines. */
static void print_paragraphs(FILE *out, const char *text)
{
    const char *end;
    char one[2048];
    for (; text && *text; text = end ? end + 2 : NULL) {
        end = strstr(text, "\n\n");
        snprintf(one, sizeof one, "%.*s", end ? (int)(end - text) : (int)strlen(text), text);
        fputs(".PP\n", out);
        roff_prose(out, one);
    }
}

static void print_options(FILE *out, const struct options *options)
{
    const struct option_row *row;
    char argument[OPTIONS_LABEL], phrase[OPTIONS_ABOUT], about[OPTIONS_ABOUT];
    fputs(".SH OPTIONS\n", out);
    for (row = options->rows; row->name; row++) {
        if (row->hidden)
            continue;
        fputs(".TP\n", out);
        if (row->letter)
            fprintf(out, "\\fB\\-%c\\fR, ", row->letter);
        print_line(out, "\\fB\\-\\-", row->name, "\\fR");
        if (options_argument(row, argument)[0])
            print_line(out, " \\fI", argument, "\\fR");
        putc('\n', out);
        roff_prose(out, options_sentence(options_about(options, row, phrase), about));
    }
    fputs(".TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nWhat this page says, shorter.\n", out);
}

void options_print_man(FILE *out, const struct options *options, const struct options_build *build)
{
    const struct option_exit *end;
    const struct option_example *example;
    char text[OPTIONS_ABOUT];
    print_title(out, options->name, options->purpose, build);
    print_synopsis(out, options);
    fputs(".SH DESCRIPTION\n", out);
    roff_prose(out, options_sentence(options->purpose, text));
    print_paragraphs(out, options->details);
    print_options(out, options);
    fputs(".SH EXIT STATUS\n", out);
    for (end = options->exits; end->means; end++) {
        fprintf(out, ".TP\n.B %d\n", end->code);
        roff_prose(out, options_sentence(end->means, text));
    }
    if (options->examples)
        fputs(".SH EXAMPLES\n", out);
    for (example = options->examples; example && example->line; example++) {
        print_line(out, ".TP\n.B understudy ", example->line, "\n");
        roff_prose(out, options_sentence(example->about, text));
    }
    fputs(".SH SEE ALSO\n.BR understudy (1)\n", out);
}

/* Every variable and file that the program reads by itself. */
static void print_surroundings(FILE *out)
{
    static const char *const variables[][2] = {
        {"UNDERSTUDY_STORE",
         "where runs are kept, and read by history and report, unless --store says "
         "otherwise; unset, nothing is kept"},
        {"UNDERSTUDY_THREADS", "how many threads, unless --threads says otherwise"},
        {"UNDERSTUDY_CONFIG", "the file of settings, in place of the one below; empty: none"},
        {"UNDERSTUDY_LOCKS", "where drills on this machine keep their locks against each other"},
        {"NO_COLOR",
         "honoured in that nothing is ever coloured; only a progress line, on a terminal, "
         "is written over"},
        {"COLUMNS, TERM", "how wide tables are on a terminal; a dumb one has no progress line"},
        {"SOURCE_DATE_EPOCH", "the time that pages say they were made at"},
    };
    size_t i;
    fputs(".SH ENVIRONMENT\n", out);
    for (i = 0; i < sizeof variables / sizeof *variables; i++) {
        fprintf(out, ".TP\n.B %s\n", variables[i][0]);
        roff_prose(out, variables[i][1]);
    }
    fputs(".SH FILES\n.TP\n.I $XDG_CONFIG_HOME/understudy/config\n", out);
    roff_prose(out,
               "else ~/.config/understudy/config: defaults, a line each, store = FILE or threads = "
               "N for all commands, COMMAND.OPTION = VALUE for one (sim.replications = 2000; "
               "test.strict = yes). # begins a comment. The command line goes before the "
               "environment, and the environment before the file. Options that act or consent "
               "(--yes, --active) have to be given each time.");
}

void options_print_man_program(FILE *out, const struct options_list *list,
                               const struct options_build *build)
{
    int i;
    char page[64], text[OPTIONS_ABOUT];
    print_title(out, NULL, "rehearses the failover of a self-hosted CI fleet", build);
    fputs(".SH SYNOPSIS\n.B understudy\n\\fICOMMAND\\fR [options] ...\n.br\n"
          ".B understudy help\n[\\fICOMMAND\\fR]\n.br\n.B understudy \\-\\-version\n"
          ".SH COMMANDS\n",
          out);
    for (i = 0; i < list->n; i++) {
        print_line(out, ".TP\n.B ", list->table[i]->name, "\n");
        roff_prose(out, options_sentence(list->table[i]->purpose, text));
    }
    fputs(".SH EXIT STATUS\n", out);
    roff_prose(out, "0 done and every expectation held; 1 an expectation or an invariant failed; 2 "
                    "usage or input error; 3 a service was out of reach or refused; 4 a drill was "
                    "stopped and rolled back; 5 a rollback could not be completed (it says what is "
                    "left, and how to undo it); 130 interrupted, a drill rolled back first.");
    print_surroundings(out);
    fputs(".SH SEE ALSO\n", out);
    for (i = 0; i < list->n; i++) {
        page_name(list->table[i]->name, page);
        print_line(out, ".BR ", page, i + 1 < list->n ? " (1),\n" : " (1)\n");
    }
}
