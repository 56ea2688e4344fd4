#include "template_check.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { DEEPEST = 64, VARIABLES = 64, NAME = 48 };

struct checker {
    const char *at; /* inside an action */
    char *why;
    bool has_else[DEEPEST]; /* of each open block */
    bool loop[DEEPEST];
    int scope[DEEPEST]; /* variables that were there before it */
    int depth;
    char variables[VARIABLES][NAME];
    int n_variables;
};

static bool __attribute__((format(printf, 2, 3)))
refuse(struct checker *checker, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(checker->why, TEMPLATE_WHY, format, args);
    va_end(args);
    return false;
}

static bool is_among(const char *const *words, const char *word)
{
    for (; *words; words++) {
        if (strcmp(*words, word) == 0)
            return true;
    }
    return false;
}

static bool is_function(const char *word)
{
    static const char *const functions[] = {
        /* Go's own */
        "and", "or", "not", "len", "index", "slice", "print", "printf", "println", "html", "js",
        "urlquery", "call", "eq", "ne", "lt", "le", "gt", "ge",
        /* Prometheus' */
        "query", "first", "label", "value", "strvalue", "args", "reReplaceAll", "safeHtml", "match",
        "title", "toUpper", "toLower", "graphLink", "tableLink", "sortByLabel", "stripPort",
        "stripDomain", "humanize", "humanize1024", "humanizeDuration", "humanizePercentage",
        "humanizeTimestamp", "toTime", "toDuration", "now", "pathPrefix", "externalURL",
        "parseDuration", "tmpl", "urlQueryEscape",
        /* words for values */
        "true", "false", "nil", NULL};
    return is_among(functions, word);
}

static void blanks(struct checker *checker)
{
    while (isspace((unsigned char)*checker->at))
        checker->at++;
}

/* [A-Za-z0-9_]*, other alphabets too. */
static size_t word_length(const char *text)
{
    size_t n = 0;
    while (isalnum((unsigned char)text[n]) || text[n] == '_' || (text[n] & 0x80))
        n++;
    return n;
}

static void take_word(struct checker *checker, char word[NAME])
{
    size_t n = word_length(checker->at);
    snprintf(word, NAME, "%.*s", (int)n, checker->at);
    checker->at += n;
}

static bool quoted(struct checker *checker, char quote)
{
    const char *end = checker->at + 1;
    while (*end && *end != quote && (quote == '`' || *end != '\n'))
        end += 1 + (quote != '`' && *end == '\\' && end[1]);
    if (*end != quote)
        return refuse(checker, "a text in quotes does not end");
    checker->at = end + 1;
    return true;
}

static bool knows_variable(const struct checker *checker, const char *name)
{
    for (int i = 0; i < checker->n_variables; i++) {
        if (strcmp(checker->variables[i], name) == 0)
            return true;
    }
    return false;
}

static bool declare(struct checker *checker, const char *name)
{
    if (knows_variable(checker, name))
        return true;
    if (checker->n_variables == VARIABLES)
        return refuse(checker, "more than %d variables", VARIABLES);
    snprintf(checker->variables[checker->n_variables++], NAME, "%s", name);
    return true;
}

/* $name, perhaps declared here: "$a :=", "$a, $b := range". */
static bool variable(struct checker *checker)
{
    char name[NAME];
    const char *ahead;
    checker->at++;
    take_word(checker, name);
    ahead = checker->at + strspn(checker->at, " \t");
    if (strncmp(ahead, ":=", 2) == 0 || (*ahead == ',' && strstr(ahead, ":="))) {
        checker->at = ahead + (*ahead == ',' ? 1 : 2);
        return declare(checker, name);
    }
    if (*ahead == '=') {
        checker->at = ahead + 1;
        return true;
    }
    if (!knows_variable(checker, name))
        return refuse(checker, "undefined variable $%s", name);
    return true;
}

/* .field.field, after a value or alone. */
static void fields(struct checker *checker)
{
    while (*checker->at == '.') {
        checker->at++;
        checker->at += word_length(checker->at);
    }
}

/* A dot behind a value needs a field. */
static bool ends_in_dot(const struct checker *checker, const char *start)
{
    return checker->at > start + 1 && checker->at[-1] == '.';
}

static bool operand(struct checker *checker)
{
    char word[NAME], c = *checker->at;
    if (c == '"' || c == '\'' || c == '`')
        return quoted(checker, c);
    if (c == '$')
        return variable(checker);
    if (isdigit((unsigned char)c) ||
        ((c == '-' || c == '+') && isdigit((unsigned char)checker->at[1]))) {
        checker->at++;
        checker->at += strspn(checker->at, "0123456789._xXabcdefABCDEFoOpP");
        return word_length(checker->at) == 0 || refuse(checker, "bad number syntax");
    }
    if (word_length(checker->at) > 0) {
        take_word(checker, word);
        return is_function(word) || refuse(checker, "function \"%s\" not defined", word);
    }
    return refuse(checker, "unexpected '%c'", c);
}

/* A pipeline up to the action's end. *n: how many operands. */
static bool pipeline(struct checker *checker, int *n)
{
    const char *start;
    int brackets = 0;
    bool pipe = false;
    *n = 0;
    for (blanks(checker); *checker->at; blanks(checker)) {
        if (*checker->at == '(') {
            brackets++;
            checker->at++;
        } else if (*checker->at == ')') {
            if (--brackets < 0)
                return refuse(checker, "unexpected right paren");
            checker->at++;
            fields(checker);
        } else if (*checker->at == '|') {
            if (*n == 0 || pipe)
                return refuse(checker, "missing value for command");
            pipe = true;
            checker->at++;
            continue;
        } else {
            bool literal = strchr("0123456789\"'`", *checker->at) != NULL;
            if (pipe && literal)
                return refuse(checker, "non executable command in pipeline");
            start = checker->at;
            if (*checker->at != '.' && !operand(checker))
                return false;
            fields(checker);
            if (ends_in_dot(checker, start))
                return refuse(checker, "unexpected <.> in operand");
            ++*n;
        }
        pipe = false;
    }
    /* Go lets a pipe at the end pass. */
    return brackets == 0 || refuse(checker, "unclosed left paren");
}

static bool open_block(struct checker *checker, bool loop, const char *word)
{
    int n;
    if (checker->depth == DEEPEST)
        return refuse(checker, "nested more than %d deep", DEEPEST);
    checker->has_else[checker->depth] = false;
    checker->scope[checker->depth] = checker->n_variables;
    checker->loop[checker->depth++] = loop;
    if (!pipeline(checker, &n))
        return false;
    return n > 0 || refuse(checker, "missing value for %s", word);
}

static bool else_branch(struct checker *checker)
{
    char word[NAME];
    int n;
    blanks(checker);
    if (checker->depth == 0 || checker->has_else[checker->depth - 1])
        return refuse(checker, "unexpected {{else}}");
    take_word(checker, word);
    if (strcmp(word, "if") == 0 || strcmp(word, "with") == 0)
        return pipeline(checker, &n) && (n > 0 || refuse(checker, "missing value for %s", word));
    checker->has_else[checker->depth - 1] = true;
    blanks(checker);
    return (*checker->at == '\0' && word[0] == '\0') || refuse(checker, "unexpected text in else");
}

static bool in_loop(const struct checker *checker)
{
    for (int i = 0; i < checker->depth; i++) {
        if (checker->loop[i])
            return true;
    }
    return false;
}

/* An action, without its braces. */
static bool action(struct checker *checker)
{
    static const char *const named[] = {"define", "block", "template", NULL};
    const char *start = checker->at;
    char word[NAME];
    int n;
    blanks(checker);
    if (strncmp(checker->at, "/*", 2) == 0)
        return strstr(checker->at + 2, "*/") || refuse(checker, "unclosed comment");
    take_word(checker, word);
    if (strcmp(word, "if") == 0 || strcmp(word, "with") == 0 || strcmp(word, "range") == 0)
        return open_block(checker, strcmp(word, "range") == 0, word);
    if (strcmp(word, "else") == 0)
        return else_branch(checker);
    if (strcmp(word, "end") == 0) {
        blanks(checker);
        if (checker->depth == 0 || *checker->at)
            return refuse(checker, "unexpected {{end}}");
        checker->depth--;
        if (checker->scope[checker->depth] > 0)
            checker->n_variables = checker->scope[checker->depth];
        return true;
    }
    if (strcmp(word, "break") == 0 || strcmp(word, "continue") == 0)
        return in_loop(checker) || refuse(checker, "{{%s}} outside {{range}}", word);
    if (is_among(named, word)) {
        blanks(checker);
        if (*checker->at != '"' && *checker->at != '`')
            return refuse(checker, "%s without a name", word);
        if (strcmp(word, "template") != 0 && checker->depth < DEEPEST) {
            checker->scope[checker->depth] = 0;
            checker->has_else[checker->depth++] = true;
        }
        return quoted(checker, *checker->at) && pipeline(checker, &n);
    }
    checker->at = start;
    return pipeline(checker, &n) && (n > 0 || refuse(checker, "missing value for command"));
}

/* The closing braces of an action: not those in a text in quotes or a comment. */
static const char *action_end(const char *text)
{
    const char *at = text + strspn(text, "- \t\r\n");
    char quote = '\0';
    if (strncmp(at, "/*", 2) == 0) {
        at = strstr(at + 2, "*/");
        return at ? strstr(at, "}}") : NULL;
    }
    for (at = text; *at; at++) {
        if (quote) {
            at += quote != '`' && *at == '\\' && at[1];
            quote = *at == quote && at[-1] != '\\' ? '\0' : quote;
        } else if (*at == '"' || *at == '`' || *at == '\'') {
            quote = *at;
        } else if (strncmp(at, "}}", 2) == 0) {
            return at;
        }
    }
    return NULL;
}

bool template_check(const char *text, char why[TEMPLATE_WHY])
{
    struct checker checker = {.why = why,
                              .variables = {"", "labels", "externalLabels", "externalURL", "value"},
                              .n_variables = 5};
    for (const char *open; (open = strstr(text, "{{")) != NULL;) {
        const char *end = action_end(open + 2);
        char inner[2048];
        size_t n;
        if (!end)
            return refuse(&checker, "unclosed action");
        open += 2 + (open[2] == '-' && isspace((unsigned char)open[3]));
        n = (size_t)(end - open);
        n -= n > 1 && open[n - 1] == '-' && isspace((unsigned char)open[n - 2]);
        if (n >= sizeof inner) /* what nobody writes is not looked at */
            return true;
        snprintf(inner, sizeof inner, "%.*s", (int)n, open);
        checker.at = inner;
        if (!action(&checker))
            return false;
        text = end + 2;
    }
    return checker.depth == 0 || refuse(&checker, "unexpected EOF: a block without {{end}}");
}
