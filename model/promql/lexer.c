#include "lexer.h"

#include "arena.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum und_code lexer_fail(struct lexer *lexer, uint32_t start, const char *format, ...)
{
    char text[400], where[64];
    int line = 1, character = 1;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (uint32_t i = 0; i < start; i++) {
        character = lexer->text[i] == '\n' ? 1 : character + 1;
        line += lexer->text[i] == '\n';
    }
    snprintf(where, sizeof where, "line %d, character %d", line, character);
    return und_fail(lexer->err, UND_USAGE, "%s: %s: %s", lexer->place,
                    strchr(lexer->text, '\n') ? where : strstr(where, "character"), text);
}

bool lexer_is_sign(const struct lexer *lexer, const char *sign)
{
    return lexer->token == TOKEN_SIGN && strcmp(lexer->word, sign) == 0;
}

bool lexer_is_word(const struct lexer *lexer, const char *word)
{
    return lexer->token == TOKEN_NAME && strcasecmp(lexer->word, word) == 0;
}

static char peek(const struct lexer *lexer)
{
    return lexer->text[lexer->at];
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alphanumeric(char c)
{
    return is_letter(c) || is_digit(c);
}

static bool accept(struct lexer *lexer, const char *set)
{
    if (peek(lexer) == '\0' || !strchr(set, peek(lexer)))
        return false;
    lexer->at++;
    return true;
}

static void skip_blanks(struct lexer *lexer)
{
    while (peek(lexer) != '\0' && strchr(" \t\n\r#", peek(lexer))) {
        if (peek(lexer) == '#')
            lexer->at += (uint32_t)strcspn(lexer->text + lexer->at, "\r\n");
        else
            lexer->at++;
    }
}

static void keep_word(struct lexer *lexer)
{
    lexer->word = arena_text(lexer->arena, lexer->text + lexer->start, lexer->at - lexer->start);
}

/* --- numbers and durations ------------------------------------------------------------------- */

/* Since 2.54 there may be underscores between digits. */
static bool scan_number(struct lexer *lexer)
{
    bool newer = lexer->version >= PROMQL_2_LAST;
    const char *digits = newer ? "0123456789_" : "0123456789";
    if (accept(lexer, "0") && accept(lexer, "xX"))
        digits = newer ? "0123456789abcdefABCDEF_" : "0123456789abcdefABCDEF";
    while (accept(lexer, digits))
        ;
    if (accept(lexer, ".")) {
        while (accept(lexer, digits))
            ;
    }
    if (accept(lexer, "eE")) {
        accept(lexer, "+-");
        while (accept(lexer, "0123456789"))
            ;
    }
    return !is_alphanumeric(peek(lexer));
}

/* Whole numbers as Go reads them (0x1f, 017), everything else as a decimal fraction. */
static bool read_number(const char *word, double *number)
{
    bool hex = word[0] == '0' && (word[1] == 'x' || word[1] == 'X');
    char *end;
    long long whole;
    errno = 0;
    whole = strtoll(word, &end, 0);
    if (*end == '\0' && errno == 0 && !(hex && end == word + 1)) {
        *number = (double)whole;
        return true;
    }
    if (hex)
        return false;
    *number = strtod(word, &end);
    return *end == '\0' && isfinite(*number);
}

static char *without_underscores(struct lexer *lexer, const char *word)
{
    char *plain = arena_take(lexer->arena, strlen(word) + 1), *to = plain;
    for (; *word; word++) {
        if (*word != '_')
            *to++ = *word;
    }
    return plain;
}

/* What follows the first digits of a duration. */
static bool scan_duration(struct lexer *lexer)
{
    if (!accept(lexer, "smhdwy"))
        return false;
    accept(lexer, "s");
    while (accept(lexer, "0123456789")) {
        while (accept(lexer, "0123456789"))
            ;
        if (!accept(lexer, "smhdw"))
            return false;
        accept(lexer, "s");
    }
    return !is_alphanumeric(peek(lexer));
}

static enum und_code read_digits(struct lexer *lexer)
{
    if (scan_number(lexer)) {
        keep_word(lexer);
        lexer->token = TOKEN_NUMBER;
        if (!read_number(without_underscores(lexer, lexer->word), &lexer->number))
            return lexer_fail(lexer, lexer->start, "got '%.40s', want a number", lexer->word);
        return UND_OK;
    }
    if (!scan_duration(lexer)) {
        while (is_alphanumeric(peek(lexer)))
            lexer->at++;
        return lexer_fail(lexer, lexer->start, "got '%.*s', want a number or a duration",
                          (int)(lexer->at - lexer->start > 40 ? 40 : lexer->at - lexer->start),
                          lexer->text + lexer->start);
    }
    keep_word(lexer);
    lexer->token = TOKEN_DURATION;
    if (!promql_duration(lexer->word, &lexer->ms))
        return lexer_fail(lexer, lexer->start, "got '%.40s', want a duration as 1h30m",
                          lexer->word);
    return UND_OK;
}

/* --- names and signs ------------------------------------------------------------------------- */

static enum und_code read_name(struct lexer *lexer)
{
    bool colon = false;
    while (is_alphanumeric(peek(lexer)) || (peek(lexer) == ':' && !lexer->in_braces)) {
        colon |= peek(lexer) == ':';
        lexer->at++;
    }
    keep_word(lexer);
    lexer->token = colon ? TOKEN_METRIC : TOKEN_NAME;
    if (!lexer->in_braces && strcasecmp(lexer->word, "inf") == 0) {
        lexer->token = TOKEN_NUMBER;
        lexer->number = INFINITY;
    } else if (!lexer->in_braces && strcasecmp(lexer->word, "nan") == 0) {
        lexer->token = TOKEN_NUMBER;
        lexer->number = NAN;
    }
    return UND_OK;
}

static enum und_code unexpected(struct lexer *lexer)
{
    int n = lexer_utf8(lexer->text + lexer->start);
    if (n == 0)
        return lexer_fail(lexer, lexer->start, "got a byte that is not UTF-8");
    return lexer_fail(lexer, lexer->start, "got '%.*s', want %s", n, lexer->text + lexer->start,
                      lexer->in_braces ? "a label's name, ',' or '}'" : "an expression");
}

static enum und_code read_sign(struct lexer *lexer)
{
    static const char *const outside[] = {"</", ">/", "==", "!=", ">=", "<=", "=", "+", "-",
                                          "*",  "/",  "%",  "^",  "<",  ">",  "(", ")", "{",
                                          "}",  "[",  "]",  ",",  ":",  "@",  NULL};
    static const char *const inside[] = {"=~", "!~", "!=", "=", ",", "}", NULL};
    const char *const *signs = lexer->in_braces             ? inside
                               : lexer->version >= PROMQL_3 ? outside
                                                            : outside + 2; /* no trimming */
    lexer->token = TOKEN_SIGN;
    for (int i = 0; signs[i]; i++) {
        size_t n = strlen(signs[i]);
        if (strncmp(lexer->text + lexer->at, signs[i], n) == 0) {
            lexer->word = signs[i];
            lexer->at += (uint32_t)n;
            return UND_OK;
        }
    }
    return unexpected(lexer);
}

enum und_code lexer_next(struct lexer *lexer)
{
    char c;
    skip_blanks(lexer);
    lexer->start = lexer->at;
    c = peek(lexer);
    if (c == '\0') {
        lexer->token = TOKEN_END;
        lexer->word = "the end";
        return UND_OK;
    }
    if (c == '"' || c == '\'' || c == '`')
        return lexer_string(lexer);
    if (!lexer->in_braces && (is_digit(c) || (c == '.' && is_digit(lexer->text[lexer->at + 1]))))
        return read_digits(lexer);
    if (lexer->in_brackets && (c == ':' || (is_letter(c) && lexer->version != PROMQL_3_ALL))) {
        /* Prometheus' lexer takes any letter for the colon here. */
        lexer->at++;
        lexer->token = TOKEN_SIGN;
        lexer->word = ":";
        return UND_OK;
    }
    if (is_letter(c) || (c == ':' && !lexer->in_braces))
        return read_name(lexer);
    return read_sign(lexer);
}

enum und_code lexer_expect(struct lexer *lexer, const char *sign)
{
    if (!lexer_is_sign(lexer, sign))
        return lexer_fail(lexer, lexer->start, "got '%.40s', want '%s'", lexer->word, sign);
    return lexer_next(lexer);
}

enum und_code lexer_unexpected(struct lexer *lexer, const char *want)
{
    return lexer_fail(lexer, lexer->start, "got '%.40s', want %s", lexer->word, want);
}
