#include "options_internal.h"
#include "settings.h"

#include "model/base/assert.h"
#include "model/base/suggest.h"
#include "model/base/units.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define FIRST 256 /* getopt_long's value of the first row; below are letters */

const char *const option_text_json[] = {"text", "json", NULL};

struct parse {
    const struct options *options;
    char **argv;
    int argc;
    char *out;
    const char *given[OPTIONS_ROWS]; /* the value last given, "" for a flag; NULL: not given */
    struct und_err *err;
};

/* ---- values ---- */

static void put_number(char *out, const struct option_row *row, int64_t value)
{
    int32_t narrow = (int32_t)value;
    bool flag = value != 0;
    switch (row->size) {
    case 0:
        break;
    case sizeof flag:
        memcpy(out + row->at, &flag, sizeof flag);
        break;
    case sizeof narrow:
        UND_ASSERT(narrow == value);
        memcpy(out + row->at, &narrow, sizeof narrow);
        break;
    default:
        UND_ASSERT(row->size == sizeof value);
        memcpy(out + row->at, &value, sizeof value);
    }
}

static void put_text(char *out, size_t at, const char *text)
{
    memcpy(out + at, &text, sizeof text);
}

static enum und_code refuse(struct parse *parse, const struct option_row *row, const char *text,
                            const char *want, const char *hint)
{
    return und_fail(parse->err, UND_USAGE, "%s: --%s: got '%.40s', want %s%s%s",
                    parse->options->name, row->name, text, want, hint[0] ? "; " : "", hint);
}

static enum und_code take_whole(struct parse *parse, const struct option_row *row, const char *text)
{
    char want[80], *end;
    long long value;
    errno = 0;
    value = strtoll(text, &end, 10);
    if (row->most == INT64_MAX && errno == 0)
        snprintf(want, sizeof want, "a whole number, at least %lld", (long long)row->least);
    else
        snprintf(want, sizeof want, "a whole number %lld..%lld", (long long)row->least,
                 (long long)row->most);
    if (errno != 0 || end == text || *end != '\0' || value < row->least || value > row->most)
        return refuse(parse, row, text, want, "");
    put_number(parse->out, row, value);
    return UND_OK;
}

static enum und_code take_share(struct parse *parse, const struct option_row *row, const char *text)
{
    char *end;
    double share = strtod(text, &end);
    if (strcmp(end, "%") == 0) {
        share /= 100;
        end++;
    }
    if (end == text || *end != '\0' || !(share >= 0 && share <= 1) ||
        (row->open && !(share > 0 && share < 1)))
        return refuse(parse, row, text,
                      row->open ? "a share between 0 and 1, e.g. 1%" : "a share, 0%..100%", "");
    if (row->size != 0)
        memcpy(parse->out + row->at, &share, sizeof share);
    return UND_OK;
}

static enum und_code take_duration(struct parse *parse, const struct option_row *row,
                                   const char *text)
{
    char hint[UNITS_HINT];
    int64_t ms = 0;
    if (!units_duration(text, &ms, hint) || ms <= 0)
        return refuse(parse, row, text, "a duration such as 90s or 10min", hint);
    put_number(parse->out, row, ms);
    return UND_OK;
}

static enum und_code take_word(struct parse *parse, const struct option_row *row, const char *text)
{
    char want[OPTIONS_LABEL] = "";
    const char *meant = suggest_nearest(text, row->words);
    size_t length = 0;
    int i;
    for (i = 0; row->words[i]; i++) {
        if (strcmp(text, row->words[i]) == 0) {
            put_number(parse->out, row, i);
            return UND_OK;
        }
        length += (size_t)snprintf(want + length, sizeof want - length, "%s%s",
                                   i == 0              ? ""
                                   : row->words[i + 1] ? ", "
                                                       : " or ",
                                   row->words[i]);
        UND_ASSERT(length < sizeof want);
    }
    if (!meant)
        return refuse(parse, row, text, want, "");
    return und_fail(parse->err, UND_USAGE, "%s: --%s: got '%.40s', want %s; did you mean %s?",
                    parse->options->name, row->name, text, want, meant);
}

static enum und_code take_texts(struct parse *parse, const struct option_row *row, const char *text)
{
    int n;
    memcpy(&n, parse->out + row->beside, sizeof n);
    if (n == row->most)
        return und_fail(parse->err, UND_USAGE, "%s: --%s: got more than %lld", parse->options->name,
                        row->name, (long long)row->most);
    put_text(parse->out, row->at + (size_t)n * sizeof text, text);
    n++;
    memcpy(parse->out + row->beside, &n, sizeof n);
    return UND_OK;
}

static enum und_code take_pair(struct parse *parse, const struct option_row *row, const char *text)
{
    if (optind >= parse->argc)
        return und_fail(parse->err, UND_USAGE, "%s: --%s: got '%.40s' alone, want %s",
                        parse->options->name, row->name, text, row->argument);
    put_text(parse->out, row->at, text);
    put_text(parse->out, row->beside, parse->argv[optind++]);
    return UND_OK;
}

/* `text` is NULL for a flag. */
static enum und_code take(struct parse *parse, const struct option_row *row, const char *text)
{
    switch (row->type) {
    case OPTION_FLAG:
        put_number(parse->out, row, 1);
        return UND_OK;
    case OPTION_TEXT:
        put_text(parse->out, row->at, text);
        return UND_OK;
    case OPTION_PAIR:
        return take_pair(parse, row, text);
    case OPTION_TEXTS:
        return take_texts(parse, row, text);
    case OPTION_WHOLE:
        return take_whole(parse, row, text);
    case OPTION_SHARE:
        return take_share(parse, row, text);
    case OPTION_DURATION:
        return take_duration(parse, row, text);
    case OPTION_WORD:
        return take_word(parse, row, text);
    }
    UND_UNREACHABLE();
}

/* ---- what goes with what ---- */

bool options_next_name(const char **names, const char **name, size_t *length)
{
    *names += strspn(*names, " ");
    *name = *names;
    *length = strcspn(*names, " ");
    *names += *length;
    return *length > 0 && (*length != strlen("unless") || strncmp(*name, "unless", *length) != 0);
}

const char *options_unless(const char *names)
{
    const char *at = strstr(names, " unless ");
    return at ? at + strlen(" unless ") : NULL;
}

/* The table's row of that name, of `length` characters; NULL: none. */
static const struct option_row *options_row(const struct options *options, const char *name,
                                            size_t length)
{
    const struct option_row *row;
    for (row = options->rows; row->name; row++)
        if (strlen(row->name) == length && strncmp(row->name, name, length) == 0)
            return row;
    return NULL;
}

static bool is_value(const char *given, const char *word, size_t length)
{
    return given && strlen(given) == length && strncmp(given, word, length) == 0;
}

/* Was `name` (or "name=word") given? Without being asked for, a default is. */
static bool is_given(const struct parse *parse, const char *name, size_t length)
{
    const char *equals = memchr(name, '=', length), *given;
    size_t bare = equals ? (size_t)(equals - name) : length;
    const struct option_row *row = options_row(parse->options, name, bare);
    int i, n = 0;
    UND_ASSERT(row != NULL);
    given = parse->given[row - parse->options->rows];
    if (!equals)
        return given != NULL;
    length -= bare + 1;
    if (row->type != OPTION_TEXTS)
        return is_value(given ? given : row->preset, equals + 1, length);
    memcpy(&n, parse->out + row->beside, sizeof n);
    for (i = 0; i < n; i++) {
        memcpy(&given, parse->out + row->at + (size_t)i * sizeof given, sizeof given);
        if (is_value(given, equals + 1, length))
            return true;
    }
    return false;
}

static bool any_given(const struct parse *parse, const char *names)
{
    const char *name;
    size_t length;
    while (names && options_next_name(&names, &name, &length))
        if (is_given(parse, name, length))
            return true;
    return false;
}

/* "--by NAME", "--format html". */
static void name_option(const struct parse *parse, const char *name, size_t length, char *text,
                        size_t size)
{
    const char *equals = memchr(name, '=', length);
    size_t bare = equals ? (size_t)(equals - name) : length;
    const struct option_row *row = options_row(parse->options, name, bare);
    char argument[OPTIONS_LABEL];
    if (equals)
        snprintf(text, size, "--%.*s %.*s", (int)bare, name, (int)(length - bare - 1), equals + 1);
    else if (options_argument(row, argument)[0])
        snprintf(text, size, "--%.*s %.60s", (int)bare, name, argument);
    else
        snprintf(text, size, "--%.*s", (int)bare, name);
}

static enum und_code needs(struct parse *parse, const struct option_rule *rule)
{
    const char *names = rule->others, *name;
    char wanted[256] = "", one[OPTIONS_LABEL];
    size_t length;
    bool missing = false;
    while (options_next_name(&names, &name, &length)) {
        size_t used = strlen(wanted);
        missing |= !is_given(parse, name, length);
        name_option(parse, name, length, one, sizeof one);
        snprintf(wanted + used, sizeof wanted - used, "%s%s", used ? " and " : "", one);
    }
    if (!missing)
        return UND_OK;
    name_option(parse, rule->option, strlen(rule->option), one, sizeof one);
    one[strcspn(one, strchr(rule->option, '=') ? "" : " ")] = '\0';
    return und_fail(parse->err, UND_USAGE, "%s: %s: want %s with it", parse->options->name, one,
                    wanted);
}

static enum und_code excludes(struct parse *parse, const struct option_rule *rule, const char *name,
                              size_t length)
{
    char one[OPTIONS_LABEL], other[OPTIONS_LABEL];
    name_option(parse, rule->option, strlen(rule->option), one, sizeof one);
    name_option(parse, name, length, other, sizeof other);
    one[strcspn(one, strchr(rule->option, '=') ? "" : " ")] = '\0';
    other[strcspn(other, memchr(name, '=', length) ? "" : " ")] = '\0';
    return und_fail(parse->err, UND_USAGE,
                    "%s: got %s and %s, want one of them: the other would do nothing",
                    parse->options->name, one, other);
}

static enum und_code excludes_some(struct parse *parse, const struct option_rule *rule)
{
    const char *names = rule->others, *name;
    size_t length;
    while (options_next_name(&names, &name, &length) && parse->err->code == UND_OK)
        if (is_given(parse, name, length))
            excludes(parse, rule, name, length);
    return parse->err->code;
}

static enum und_code excludes_all(struct parse *parse, const struct option_rule *rule)
{
    const struct option_row *row;
    size_t bare = strcspn(rule->option, "=");
    for (row = parse->options->rows; row->name && parse->err->code == UND_OK; row++)
        if (parse->given[row - parse->options->rows] &&
            (strlen(row->name) != bare || strncmp(row->name, rule->option, bare) != 0))
            excludes(parse, rule, row->name, strlen(row->name));
    if (parse->err->code == UND_OK && optind < parse->argc)
        und_fail(parse->err, UND_USAGE, "%s: got --%.*s %s and '%.60s', want the one or the other",
                 parse->options->name, (int)bare, rule->option,
                 rule->option + bare + (rule->option[bare] != '\0'), parse->argv[optind]);
    return parse->err->code;
}

static enum und_code check_rules(struct parse *parse)
{
    const struct option_rule *rule;
    for (rule = parse->options->rules; rule && rule->option && parse->err->code == UND_OK; rule++) {
        if (!is_given(parse, rule->option, strlen(rule->option)) ||
            any_given(parse, options_unless(rule->others)))
            continue;
        switch (rule->how) {
        case OPTION_NEEDS:
            needs(parse, rule);
            break;
        case OPTION_EXCLUDES:
            if (strcmp(rule->others, "*") == 0)
                excludes_all(parse, rule);
            else
                excludes_some(parse, rule);
            break;
        }
    }
    return parse->err->code;
}

static enum und_code check_required(struct parse *parse)
{
    const struct option_row *row;
    char label[OPTIONS_LABEL];
    for (row = parse->options->rows; row->name; row++)
        if (row->required && !parse->given[row - parse->options->rows])
            return und_fail(parse->err, UND_USAGE, "%s: %s is missing", parse->options->name,
                            options_label(row, label));
    return UND_OK;
}

static enum und_code check_operands(struct parse *parse, int n)
{
    const struct options *options = parse->options;
    int i;
    for (i = optind; i < parse->argc; i++)
        if (parse->argv[i][0] == '\0')
            return und_fail(parse->err, UND_USAGE, "%s: got an empty name, want a %s",
                            options->name, options->operand ? options->operand : "word");
    if (n >= options->least && n <= options->most)
        return UND_OK;
    if (options->most == 0)
        return und_fail(parse->err, UND_USAGE, "%s: got '%.60s', want nothing but options",
                        options->name, parse->argv[optind]);
    if (options->least == 1 && options->most == 1)
        return und_fail(parse->err, UND_USAGE, "%s: got %d files, want one %s", options->name, n,
                        options->operand);
    if (n < options->least)
        return und_fail(parse->err, UND_USAGE, "%s: got no file, want at least one %s",
                        options->name, options->operand);
    return und_fail(parse->err, UND_USAGE, "%s: got %d files, want at most %d: %s", options->name,
                    n, options->most, options->operand);
}

/* ---- the loop ---- */

/* getopt_long has refused argv[optind - 1], or the letter optopt in it. */
static enum und_code refuse_option(struct parse *parse, int why)
{
    const char *got = parse->argv[optind - 1], *names[OPTIONS_ROWS + 2] = {NULL}, *meant = NULL;
    char bare[64];
    int i = 0;
    const struct option_row *row;
    if (why == ':')
        return und_fail(parse->err, UND_USAGE, "%s: got '%.60s' without a value",
                        parse->options->name, got);
    if (why == '?' && optopt > ' ' && optopt < 0x7f &&
        optopt != 'h') { /* a letter, wherever its word stands */
        snprintf(bare, sizeof bare, "-%c", optopt);
        return und_fail(parse->err, UND_USAGE,
                        "%s: got option '%s', want one of `understudy %s --help`; a file's name "
                        "that begins with - stands after --",
                        parse->options->name, bare, parse->options->name);
    }
    for (row = parse->options->rows; row->name; row++)
        if (!row->hidden)
            names[i++] = row->name;
    names[i] = "help";
    if (strncmp(got, "--", 2) == 0) {
        snprintf(bare, sizeof bare, "%.*s", (int)strcspn(got + 2, "="), got + 2);
        row = options_row(parse->options, bare, strlen(bare));
        if (row && row->type == OPTION_FLAG)
            return und_fail(parse->err, UND_USAGE, "%s: got '%.60s', want --%s without a value",
                            parse->options->name, got, row->name);
        meant = suggest_nearest(bare, names);
    }
    return und_fail(parse->err, UND_USAGE,
                    "%s: got option '%.60s', want one of `understudy %s --help`%s%s%s",
                    parse->options->name, got, parse->options->name,
                    meant ? "; did you mean --" : "", meant ? meant : "", meant ? "?" : "");
}

/* Rows and letters as getopt_long wants them, and the defaults. Returns the number of rows. */
static int prepare(struct parse *parse, struct option longs[OPTIONS_ROWS + 2],
                   char letters[2 * OPTIONS_ROWS + 3])
{
    const struct option_row *row;
    size_t used = 0;
    int n = 0;
    letters[used++] = ':';
    letters[used++] = 'h';
    for (row = parse->options->rows; row->name; row++, n++) {
        UND_ASSERT(n < OPTIONS_ROWS && (row->type == OPTION_FLAG || row->letter == 0));
        longs[n] = (struct option){
            row->name, row->type == OPTION_FLAG ? no_argument : required_argument, NULL, FIRST + n};
        if (row->letter)
            letters[used++] = row->letter;
        if (row->preset)
            take(parse, row, row->preset);
        UND_ASSERT(parse->err->code == UND_OK);
    }
    letters[used] = '\0';
    longs[n] = (struct option){"help", no_argument, NULL, 'h'};
    longs[n + 1] = (struct option){0};
    return n;
}

/* A setting for all commands may be of an option that this one has not. */
static bool take_setting(void *context, const char *option, const char *value, const char *place,
                         struct und_err *err)
{
    struct parse *parse = context;
    const struct option_row *row = options_row(parse->options, option, strlen(option));
    struct und_err wrong = {0}, *kept = parse->err;
    if (!row && strchr(place, ':') && strcmp(option, "store") != 0 &&
        strcmp(option, "threads") != 0)
        und_fail(err, UND_USAGE, "%s: got option '%.40s', want one of `understudy %s --help`",
                 place, option, parse->options->name);
    if (!row || err->code != UND_OK)
        return err->code == UND_OK;
    if (row->type == OPTION_FLAG && strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
        und_fail(err, UND_USAGE, "%s: got '%.40s', want yes or no", place, value);
    else if (row->type == OPTION_TEXTS || row->type == OPTION_PAIR)
        und_fail(err, UND_USAGE, "%s: got --%s, want it on the command line", place, option);
    else if (row->type != OPTION_FLAG || strcmp(value, "yes") == 0) {
        parse->err = &wrong;
        take(parse, row, row->type == OPTION_FLAG ? NULL : value);
        parse->err = kept;
        if (wrong.code != UND_OK)
            und_fail(err, UND_USAGE, "%s: %s", place, wrong.text);
    }
    return err->code == UND_OK;
}

int options_parse(const struct options *options, int argc, char **argv, void *out,
                  struct und_err *err)
{
    struct parse parse = {options, argv, argc, out, {NULL}, err};
    struct option longs[OPTIONS_ROWS + 2];
    char letters[2 * OPTIONS_ROWS + 3];
    int n = prepare(&parse, longs, letters), found, i;
    struct und_err unset = {0}; /* not before --help */
    settings_read(options->name, take_setting, &parse, &unset);
    opterr = 0;
    optind = 0; /* glibc: from the beginning, whatever was parsed before */
    while (err->code == UND_OK && (found = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
        if (found == 'h') {
            options_print_help(stdout, options);
            return 0;
        }
        for (i = 0; i < n && found != FIRST + i && found != options->rows[i].letter; i++)
            ;
        if (i == n || found == '?' || found == ':') {
            refuse_option(&parse, found);
        } else {
            parse.given[i] = optarg && options->rows[i].type != OPTION_FLAG ? optarg : "";
            take(&parse, &options->rows[i], optarg);
        }
    }
    if (err->code == UND_OK && unset.code != UND_OK)
        und_fail(err, unset.code, "%s", unset.text);
    if (err->code != UND_OK || check_rules(&parse) != UND_OK || check_required(&parse) != UND_OK ||
        check_operands(&parse, argc - optind) != UND_OK)
        return 0;
    return optind;
}
