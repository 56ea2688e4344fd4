#include "regex_internal.h"

#include "assert.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPEAT_MOST 1000
#define GROUPS_DEEP 900

struct translator {
    const char *pattern, *at;
    char *out;
    size_t used;
    bool newer;    /* (?<name>...) too */
    bool atom;     /* something that a repetition can follow */
    bool repeated; /* ... and that is a repetition itself */
    int weight;    /* of the atom: how often its parts repeat, {n} in {m} multiplied */
    int most;      /* the heaviest atom of the present group */
    int depth;
    int outer[GROUPS_DEEP]; /* `most` of the groups around it */
    struct regex_names *names;
    char *why;
};

static bool refuse(struct translator *translator, const char *start, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool refuse(struct translator *translator, const char *start, const char *format, ...)
{
    char what[80];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    snprintf(translator->why, REGEX_WHY, "%s: `%.60s`", what, start);
    return false;
}

static void emit(struct translator *translator, const char *text)
{
    size_t n = strlen(text);
    memcpy(translator->out + translator->used, text, n + 1);
    translator->used += n;
}

static void emit_code(struct translator *translator, unsigned code)
{
    char text[16];
    if (code < 128 && isalnum((int)code))
        snprintf(text, sizeof text, "%c", (char)code);
    else
        snprintf(text, sizeof text, "\\x{%x}", code);
    emit(translator, text);
}

static void have_atom(struct translator *translator, int weight)
{
    translator->atom = true;
    translator->repeated = false;
    translator->weight = weight;
    if (weight > translator->most)
        translator->most = weight;
}

/* The next character of the pattern, which is UTF-8; 0 at the end. */
static unsigned next_code(struct translator *translator)
{
    const unsigned char *at = (const unsigned char *)translator->at;
    int n = *at < 0x80 ? 1 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;
    unsigned code = n == 1 ? *at : *at & (0x7fu >> n);
    if (*at == '\0')
        return 0;
    for (int i = 1; i < n && at[i]; i++)
        code = code << 6 | (at[i] & 0x3fu);
    translator->at += n;
    return code;
}

/* --- escapes --------------------------------------------------------------------------------- */

static bool hex_escape(struct translator *translator, const char *start, unsigned *code)
{
    const char *at = translator->at;
    char *end;
    if (*at == '{' && isxdigit((unsigned char)at[1])) {
        unsigned long value = strtoul(at + 1, &end, 16);
        if (*end != '}' || value > 0x10ffff || end - at > 9)
            return refuse(translator, start, "invalid escape sequence");
        *code = (unsigned)value;
        translator->at = end + 1;
        return true;
    }
    if (!isxdigit((unsigned char)at[0]) || !isxdigit((unsigned char)at[1]))
        return refuse(translator, start, "invalid escape sequence");
    *code = (unsigned)strtoul((char[]){at[0], at[1], '\0'}, NULL, 16);
    translator->at += 2;
    return true;
}

/* An escape that stands for one character; `at` is behind the backslash. */
static bool char_escape(struct translator *translator, unsigned *code)
{
    static const char from[] = "aftnrv", to[] = "\a\f\t\n\r\v";
    const char *start = translator->at - 1, *found;
    char c = *translator->at;
    if (c == '\0')
        return refuse(translator, "", "trailing backslash at end of expression");
    translator->at++;
    if (c == '0' || (c >= '1' && c <= '7' && *translator->at >= '0' && *translator->at <= '7')) {
        *code = (unsigned)(c - '0');
        for (int i = 0; i < 2 && *translator->at >= '0' && *translator->at <= '7'; i++)
            *code = *code * 8 + (unsigned)(*translator->at++ - '0');
        return true;
    }
    if (c == 'x')
        return hex_escape(translator, start, code);
    found = strchr(from, c);
    if (found) {
        *code = (unsigned)to[found - from];
        return true;
    }
    if ((unsigned char)c >= 128 || isalnum((unsigned char)c))
        return refuse(translator, start, "invalid escape sequence");
    *code = (unsigned)c;
    return true;
}

/* \d \s \w \p and their negations, in and out of [...]; false if it is none of them. */
static bool class_escape(struct translator *translator, bool in_class, bool *failed)
{
    static const char *const names[] = {"d", "0-9", "s", "\\t\\n\\f\\r ", "w", "0-9A-Za-z_"};
    char c = *translator->at;
    *failed = false;
    for (int i = 0; i < 6; i += 2) {
        if (tolower((unsigned char)c) != names[i][0])
            continue;
        if (c == 'S' && in_class) { /* all others, as ranges */
            emit(translator, "\\x{0}-\\x{8}\\x{b}\\x{e}-\\x{1f}\\x{21}-\\x{10ffff}");
        } else if (isupper((unsigned char)c) && in_class) {
            emit(translator, (char[]){'\\', c, '\0'});
        } else {
            emit(translator, in_class ? "" : isupper((unsigned char)c) ? "[^" : "[");
            emit(translator, names[i + 1]);
            emit(translator, in_class ? "" : "]");
        }
        translator->at++;
        return true;
    }
    if (c == 'p' || c == 'P') {
        const char *from = translator->at - 1, *end = translator->at + 1;
        end = *end == '{' ? strchr(end, '}') : *end ? end : NULL;
        *failed =
            !end || end - from > 60 || !isupper((unsigned char)from[2 + strspn(from + 2, "{^")]);
        if (*failed)
            return !refuse(translator, from, "invalid character class range");
        translator->at = end + 1;
        emit(translator, strndupa(from, (size_t)(translator->at - from)));
        return true;
    }
    return false;
}

/* --- [...] ----------------------------------------------------------------------------------- */

static bool class_char(struct translator *translator, const char *start, unsigned *code)
{
    if (*translator->at == '\0')
        return refuse(translator, start, "missing closing ]");
    if (*translator->at == '\\') {
        translator->at++;
        return char_escape(translator, code);
    }
    *code = next_code(translator);
    return true;
}

static bool posix_class(struct translator *translator, bool *failed)
{
    static const char *const names[] = {"alnum", "alpha", "ascii", "blank", "cntrl",
                                        "digit", "graph", "lower", "print", "punct",
                                        "space", "upper", "word",  "xdigit"};
    const char *end = strstr(translator->at + 2, ":]"), *name = translator->at + 2;
    *failed = false;
    if (strncmp(translator->at, "[:", 2) != 0 || !end)
        return false;
    name += *name == '^';
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strlen(names[i]) == (size_t)(end - name) &&
            strncmp(name, names[i], (size_t)(end - name)) == 0) {
            emit(translator, strndupa(translator->at, (size_t)(end + 2 - translator->at)));
            translator->at = end + 2;
            return true;
        }
    }
    *failed = true;
    return !refuse(translator, translator->at, "invalid character class range");
}

static bool class_item(struct translator *translator, const char *start)
{
    unsigned low, high;
    bool failed;
    const char *item = translator->at;
    if (*item == '[' && posix_class(translator, &failed))
        return !failed;
    if (*item == '\\') {
        translator->at++;
        if (class_escape(translator, true, &failed))
            return !failed;
        translator->at--;
    }
    if (!class_char(translator, start, &low))
        return false;
    high = low;
    if (translator->at[0] == '-' && translator->at[1] != ']' && translator->at[1] != '\0') {
        translator->at++;
        if (!class_char(translator, start, &high))
            return false;
        if (high < low)
            return refuse(translator, item, "invalid character class range");
    }
    emit_code(translator, low);
    if (high != low) {
        emit(translator, "-");
        emit_code(translator, high);
    }
    return true;
}

static bool character_class(struct translator *translator)
{
    const char *start = translator->at++;
    bool first = true;
    emit(translator, "[");
    if (*translator->at == '^') {
        emit(translator, "^");
        translator->at++;
    }
    while (first || *translator->at != ']') {
        if (*translator->at == '\0')
            return refuse(translator, start, "missing closing ]");
        if (!class_item(translator, start))
            return false;
        first = false;
    }
    translator->at++;
    emit(translator, "]");
    have_atom(translator, 1);
    return true;
}

/* --- groups and repetitions ------------------------------------------------------------------ */

static bool open_level(struct translator *translator, const char *text)
{
    if (translator->depth == GROUPS_DEEP)
        return refuse(translator, "", "expression nests too deeply");
    translator->outer[translator->depth++] = translator->most;
    translator->most = 1;
    translator->atom = false;
    emit(translator, text);
    return true;
}

static bool named_group(struct translator *translator, const char *start, size_t skip)
{
    const char *name = start + skip, *end = strchr(name, '>');
    if (!end || end == name)
        return refuse(translator, start, "invalid named capture");
    for (const char *c = name; c < end; c++) {
        if (!isalnum((unsigned char)*c) && *c != '_')
            return refuse(translator, start, "invalid named capture");
    }
    regex_name(translator->names, name, (size_t)(end - name));
    translator->at = end + 1;
    return open_level(translator, "(");
}

static bool flags(struct translator *translator, const char *start)
{
    bool minus = false, any = false;
    const char *c = start + 2;
    for (; *c && *c != ')' && *c != ':'; c++) {
        if (*c == '-' && !minus) {
            minus = true;
            any = false;
        } else if (strchr("imsU", *c)) {
            any = true;
        } else {
            break;
        }
    }
    if ((*c != ')' && *c != ':') || (minus && !any))
        return refuse(translator, strndupa(start, (size_t)(c - start) + (*c != '\0')),
                      "invalid or unsupported Perl syntax");
    translator->at = c + 1;
    if (*c == ':')
        return open_level(translator, strndupa(start, (size_t)(c + 1 - start)));
    translator->atom = false;
    if (c > start + 2)
        emit(translator, strndupa(start, (size_t)(c + 1 - start)));
    return true;
}

static bool group(struct translator *translator)
{
    const char *start = translator->at;
    if (start[1] != '?') {
        translator->at++;
        regex_name(translator->names, "", 0);
        return open_level(translator, "(");
    }
    if (start[2] == 'P' && start[3] == '<')
        return named_group(translator, start, 4);
    if (translator->newer && start[2] == '<' && start[3] != '=' && start[3] != '!')
        return named_group(translator, start, 3);
    return flags(translator, start);
}

static bool close_group(struct translator *translator)
{
    int weight = translator->most;
    if (translator->depth == 0)
        return refuse(translator, translator->pattern, "unexpected )");
    translator->at++;
    emit(translator, ")");
    translator->most = translator->outer[--translator->depth];
    have_atom(translator, weight);
    return true;
}

/* Digits without leading zeros; -1 if there are none. */
static int count_of(const char **at)
{
    int n = 0;
    if (!isdigit((unsigned char)**at) || (**at == '0' && isdigit((unsigned char)(*at)[1])))
        return -1;
    for (; isdigit((unsigned char)**at); ++*at)
        n = n > 100000 ? n : n * 10 + (**at - '0');
    return n;
}

/* {n}, {n,} or {n,m}; false if it is plain text. */
static bool counts(const char **at, int *least, int *most)
{
    const char *c = *at + 1;
    *least = *most = count_of(&c);
    if (*least < 0)
        return false;
    if (*c == ',') {
        c++;
        *most = *c == '}' ? -1 : count_of(&c);
        if (*c != '}' || (*most < 0 && c[-1] != ','))
            return false;
    }
    if (*c != '}')
        return false;
    *at = c + 1;
    return true;
}

static bool repetition(struct translator *translator, const char *start, int weight)
{
    if (!translator->atom)
        return refuse(translator, start, "missing argument to repetition operator");
    if (translator->repeated)
        return refuse(translator, start, "invalid nested repetition operator");
    if (weight > 1 && translator->weight > REPEAT_MOST / weight)
        return refuse(translator, start, "invalid repeat count");
    translator->at += *translator->at == '?';
    emit(translator, strndupa(start, (size_t)(translator->at - start)));
    have_atom(translator, translator->weight * (weight > 1 ? weight : 1));
    translator->repeated = true;
    return true;
}

static bool braces(struct translator *translator)
{
    const char *start = translator->at, *at = start;
    int least, most;
    if (!counts(&at, &least, &most)) {
        translator->at++;
        emit(translator, "\\{");
        have_atom(translator, 1);
        return true;
    }
    if (least > REPEAT_MOST || most > REPEAT_MOST || (most >= 0 && least > most))
        return refuse(translator, start, "invalid repeat count");
    translator->at = at;
    return repetition(translator, start, most < 0 ? least : most);
}

/* --- the whole ------------------------------------------------------------------------------- */

static bool quoted(struct translator *translator)
{
    translator->at++;
    while (*translator->at && strncmp(translator->at, "\\E", 2) != 0) {
        emit_code(translator, next_code(translator));
        have_atom(translator, 1);
    }
    translator->at += *translator->at ? 2 : 0;
    return true;
}

static bool escape(struct translator *translator)
{
    static const char *const assertions[] = {"A", "(?:\\A)", "b", "(?:\\b)",
                                             "B", "(?:\\B)", "z", "(?:\\z)"};
    unsigned code;
    bool failed;
    translator->at++;
    if (*translator->at == 'Q')
        return quoted(translator);
    for (int i = 0; i < 8; i += 2) {
        if (*translator->at == assertions[i][0]) {
            translator->at++;
            emit(translator, assertions[i + 1]);
            have_atom(translator, 1);
            return true;
        }
    }
    if (class_escape(translator, false, &failed)) {
        have_atom(translator, 1);
        return !failed;
    }
    if (!char_escape(translator, &code))
        return false;
    emit_code(translator, code);
    have_atom(translator, 1);
    return true;
}

static bool item(struct translator *translator)
{
    const char *start = translator->at;
    switch (*start) {
    case '(':
        return group(translator);
    case ')':
        return close_group(translator);
    case '[':
        return character_class(translator);
    case '\\':
        return escape(translator);
    case '{':
        return braces(translator);
    case '*':
    case '+':
    case '?':
        translator->at++;
        return repetition(translator, start, 1);
    case '|':
        translator->at++;
        emit(translator, "|");
        translator->atom = false;
        return true;
    case '^':
    case '$':
    case '.':
        translator->at++;
        emit(translator, *start == '^' ? "(?:^)" : *start == '$' ? "(?:$)" : ".");
        have_atom(translator, 1);
        return true;
    }
    emit_code(translator, next_code(translator));
    have_atom(translator, 1);
    return true;
}

char *regex_syntax(const char *pattern, bool newer, struct regex_names *names, char why[REGEX_WHY])
{
    struct translator *translator = calloc(1, sizeof *translator);
    char *out = malloc(40 * strlen(pattern) + 16); /* \S in a class is written at length */
    bool good = true;
    UND_ASSERT(translator != NULL && out != NULL);
    *translator = (struct translator){.pattern = pattern,
                                      .at = pattern,
                                      .out = out,
                                      .newer = newer,
                                      .most = 1,
                                      .names = names,
                                      .why = why};
    out[0] = '\0';
    while (good && *translator->at)
        good = item(translator);
    if (good && translator->depth > 0)
        good = refuse(translator, pattern, "missing closing )");
    free(translator);
    if (good)
        return out;
    free(out);
    return NULL;
}
