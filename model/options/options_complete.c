/* Completion scripts for three shells, from the tables: commands, options, words, files. */
#include "options_internal.h"

#include <string.h>

/* ---- what is common ---- */

static size_t first_word(const struct options *options)
{
    return strcspn(options->name, " ");
}

/* Is it the first of the commands that begin with the same word? */
static bool begins_group(const struct options_list *list, int at)
{
    size_t n = first_word(list->table[at]);
    return at == 0 || first_word(list->table[at - 1]) != n ||
           strncmp(list->table[at - 1]->name, list->table[at]->name, n) != 0;
}

static bool in_group(const struct options *options)
{
    return strchr(options->name, ' ') != NULL;
}

static void print_groups(FILE *out, const struct options_list *list)
{
    int i;
    for (i = 0; i < list->n; i++)
        if (begins_group(list, i) && in_group(list->table[i]))
            fprintf(out, " %.*s", (int)first_word(list->table[i]), list->table[i]->name);
}

/* The second words of a group. */
static void print_verbs(FILE *out, const struct options_list *list, int at)
{
    size_t n = first_word(list->table[at]);
    int i;
    for (i = at; i < list->n && (i == at || !begins_group(list, i)); i++)
        fprintf(out, "%s%s", i > at ? " " : "", list->table[i]->name + n + 1);
}

static void print_words(FILE *out, const struct option_row *row)
{
    int i;
    for (i = 0; row->words[i]; i++)
        fprintf(out, "%s%s", i > 0 ? " " : "", row->words[i]);
}

/* In single quotes; what is in `mask` is masked by a backslash, a quote as the shell wants it. */
static void print_quoted(FILE *out, const char *text, const char *mask, const char *quote)
{
    for (; *text; text++) {
        if (*text == '\'') {
            fputs(quote, out);
            continue;
        }
        if (strchr(mask, *text))
            putc('\\', out);
        putc(*text, out);
    }
}

static bool is_file(const struct option_row *row)
{
    return row->type == OPTION_PAIR ||
           (row->argument && (strstr(row->argument, "FILE") || strstr(row->argument, "FLEET") ||
                              strstr(row->argument, "PROGRAM")));
}

static bool is_folder(const struct option_row *row)
{
    return row->argument && strcmp(row->argument, "FOLDER") == 0;
}

/* ---- bash ---- */

static void bash_command(FILE *out, const struct options *options)
{
    const struct option_row *row;
    fprintf(out, "    '%s')\n        case $prev in\n", options->name);
    for (row = options->rows; row->name; row++) {
        if (row->hidden || row->type == OPTION_FLAG)
            continue;
        fprintf(out, "        --%s) ", row->name);
        if (row->type == OPTION_WORD) {
            fputs("kind='-W' words='", out);
            print_words(out, row);
            fputs("'", out);
        } else {
            fputs(is_folder(row) ? "kind=-d" : is_file(row) ? "kind=-f" : "return", out);
        }
        fputs(" ;;\n", out);
    }
    fprintf(out, "        *) kind=%s options='", options->most > 0 ? "-f" : "-W");
    for (row = options->rows; row->name; row++)
        if (!row->hidden)
            fprintf(out, "--%s ", row->name);
    fputs("--help' ;;\n        esac ;;\n", out);
}

static void print_bash(FILE *out, const struct options_list *list)
{
    int i;
    fputs("# bash completion of understudy, by `understudy completion bash`\n"
          "_understudy() {\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
          "    local at=1 command=${COMP_WORDS[1]} kind='' words='' options=''\n"
          "    COMPREPLY=()\n"
          "    case $command in\n",
          out);
    for (i = 0; i < list->n; i++) {
        if (!begins_group(list, i) || !in_group(list->table[i]))
            continue;
        fprintf(out, "    %.*s)\n        at=2 command+=\" ${COMP_WORDS[2]}\" words='",
                (int)first_word(list->table[i]), list->table[i]->name);
        print_verbs(out, list, i);
        fputs("' ;;\n", out);
    }
    fputs("    esac\n"
          "    if ((COMP_CWORD == 1)); then\n"
          "        words='",
          out);
    for (i = 0; i < list->n; i++)
        if (begins_group(list, i))
            fprintf(out, "%.*s ", (int)first_word(list->table[i]), list->table[i]->name);
    fputs("--help --version'\n"
          "    fi\n"
          "    if ((COMP_CWORD <= at)); then\n"
          "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
          "        return\n"
          "    fi\n"
          "    words=''\n"
          "    case $command in\n",
          out);
    for (i = 0; i < list->n; i++)
        bash_command(out, list->table[i]);
    fputs("    *) return ;;\n"
          "    esac\n"
          "    if [[ $cur == -* ]]; then\n"
          "        kind=-W words=$options\n"
          "    fi\n"
          "    if [[ $kind == -W ]]; then\n"
          "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
          "    else\n"
          "        compopt -o filenames\n"
          "        mapfile -t COMPREPLY < <(compgen \"$kind\" -- \"$cur\")\n"
          "    fi\n"
          "}\n"
          "complete -F _understudy understudy\n",
          out);
}

/* ---- zsh ---- */

static void zsh_row(FILE *out, const struct options *options, const struct option_row *row)
{
    char about[OPTIONS_ABOUT], argument[OPTIONS_LABEL];
    fprintf(out, "            '%s--%s[", row->type == OPTION_TEXTS ? "*" : "", row->name);
    print_quoted(out, options_about(options, row, about), "[]\\:", "'\\''");
    putc(']', out);
    if (row->type != OPTION_FLAG) {
        fputs(": :", out);
        if (row->type == OPTION_WORD) {
            putc('(', out);
            print_words(out, row);
            putc(')', out);
        } else if (is_folder(row) || is_file(row)) {
            fputs(is_folder(row) ? "_files -/" : "_files", out);
        } else { /* nothing to offer, but what is wanted can be said */
            fputs("_message \"", out);
            print_quoted(out, options_argument(row, argument), ":", "");
            putc('"', out);
        }
        if (row->type == OPTION_PAIR)
            fputs(": :_files", out);
    }
    fputs("' \\\n", out);
}

static void zsh_command(FILE *out, const struct options *options)
{
    const struct option_row *row;
    fprintf(out, "    '%s')\n        _arguments \\\n", options->name);
    for (row = options->rows; row->name; row++)
        if (!row->hidden)
            zsh_row(out, options, row);
    fprintf(out, "            '--help[print what the command takes]'%s ;;\n",
            options->most > 0 ? " '*: :_files'" : "");
}

static void zsh_describe(FILE *out, const char *name, size_t length, const char *purpose)
{
    fprintf(out, "        '%.*s:", (int)length, name);
    print_quoted(out, purpose, "\\:", "'\\''");
    fputs("'\n", out);
}

static void print_zsh(FILE *out, const struct options_list *list)
{
    int i;
    fputs("#compdef understudy\n"
          "# zsh completion of understudy, by `understudy completion zsh`\n"
          "_understudy() {\n"
          "    local -a commands verbs\n"
          "    commands=(\n",
          out);
    for (i = 0; i < list->n; i++)
        if (begins_group(list, i))
            zsh_describe(out, list->table[i]->name, first_word(list->table[i]),
                         list->table[i]->purpose);
    fputs("    )\n"
          "    if (( CURRENT == 2 )); then\n"
          "        _describe command commands\n"
          "        return\n"
          "    fi\n"
          "    shift words\n"
          "    (( CURRENT-- ))\n"
          "    local command=$words[1]\n"
          "    if [[ \"",
          out);
    print_groups(out, list);
    fputs(" \" == *\" $command \"* ]]; then\n"
          "        verbs=(\n",
          out);
    for (i = 0; i < list->n; i++)
        if (in_group(list->table[i]))
            zsh_describe(out, list->table[i]->name + first_word(list->table[i]) + 1,
                         strlen(list->table[i]->name) - first_word(list->table[i]) - 1,
                         list->table[i]->purpose);
    fputs("        )\n"
          "        if (( CURRENT == 2 )); then\n"
          "            _describe command verbs\n"
          "            return\n"
          "        fi\n"
          "        shift words\n"
          "        (( CURRENT-- ))\n"
          "        command+=\" $words[1]\"\n"
          "    fi\n"
          "    case $command in\n",
          out);
    for (i = 0; i < list->n; i++)
        zsh_command(out, list->table[i]);
    fputs("    esac\n"
          "}\n"
          "if [[ $funcstack[1] == _understudy ]]; then\n"
          "    _understudy \"$@\"\n"
          "else\n"
          "    compdef _understudy understudy\n"
          "fi\n",
          out);
}

/* ---- fish ---- */

static void fish_row(FILE *out, const struct options *options, const struct option_row *row)
{
    char about[OPTIONS_ABOUT];
    fprintf(out, "complete -c understudy -n '__understudy_is %s' -l %s", options->name, row->name);
    if (row->letter)
        fprintf(out, " -s %c", row->letter);
    if (row->type == OPTION_WORD) {
        fputs(" -x -a '", out);
        print_words(out, row);
        putc('\'', out);
    } else if (row->type != OPTION_FLAG) {
        fputs(is_folder(row) ? " -x -a '(__fish_complete_directories)'"
              : is_file(row) ? " -r -F"
                             : " -x",
              out);
    }
    fputs(" -d '", out);
    print_quoted(out, options_about(options, row, about), "\\", "\\'");
    fputs("'\n", out);
}

static void print_fish(FILE *out, const struct options_list *list)
{
    const struct option_row *row;
    size_t n;
    int i;
    fputs("# fish completion of understudy, by `understudy completion fish`\n"
          "function __understudy_is\n"
          "    set -l words (commandline -opc)\n"
          "    set -e words[1]\n"
          "    test (count $words) -ge (count $argv)\n"
          "    and test \"$words[1..\"(count $argv)\"]\" = \"$argv\"\n"
          "end\n",
          out);
    for (i = 0; i < list->n; i++) {
        const struct options *options = list->table[i];
        n = first_word(options);
        if (begins_group(list, i)) {
            fprintf(out, "complete -c understudy -f -n __fish_use_subcommand -a %.*s -d '", (int)n,
                    options->name);
            print_quoted(out, options->purpose, "\\", "\\'");
            fputs("'\n", out);
        }
        if (in_group(options)) {
            fprintf(out,
                    "complete -c understudy -f -n 'test (count (commandline -opc)) = 2; and "
                    "__understudy_is %.*s' -a %s -d '",
                    (int)n, options->name, options->name + n + 1);
            print_quoted(out, options->purpose, "\\", "\\'");
            fputs("'\n", out);
        }
        for (row = options->rows; row->name; row++)
            if (!row->hidden)
                fish_row(out, options, row);
        fprintf(out, "complete -c understudy -n '__understudy_is %s' -l help -s h -d 'this text'\n",
                options->name);
    }
}

void options_print_completion(FILE *out, const struct options_list *list, enum options_shell shell)
{
    switch (shell) {
    case OPTIONS_BASH:
        print_bash(out, list);
        break;
    case OPTIONS_ZSH:
        print_zsh(out, list);
        break;
    case OPTIONS_FISH:
        print_fish(out, list);
        break;
    }
}
