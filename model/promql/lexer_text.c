#include "lexer.h"

#include "arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int lexer_utf8(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t code;
    int n;
    if (*at < 0x80)
        return *at ? 1 : 0;
    n = *at >= 0xf0 ? 4 : *at >= 0xe0 ? 3 : 2;
    if (*at < 0xc2 || *at > 0xf4)
        return 0;
    code = *at & (0x7fu >> n);
    for (int i = 1; i < n; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (at[i] & 0x3f);
    }
    return code < least[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? 0 : n;
}

static int put_utf8(char *out, uint32_t code)
{
    if (code == 0) { /* see promql.h */
        memcpy(out, "\xc0\x80", 2);
        return 2;
    }
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

static int digit_of(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : 16;
}

/* \x41, \101, \u00e9, \U0001F600: `digits` digits of the base. */
static enum und_code read_code(struct lexer *lexer, int digits, int base, uint32_t most, char *out,
                               int *n)
{
    uint32_t code = 0;
    for (int i = 0; i < digits; i++) {
        int digit = digit_of(lexer->text[lexer->at]);
        if (digit >= base)
            return lexer_fail(lexer, lexer->start, "an escape without its %d digits", digits);
        code = code * (uint32_t)base + (uint32_t)digit;
        lexer->at++;
    }
    if (code > most || (code >= 0xd800 && code <= 0xdfff))
        return lexer_fail(lexer, lexer->start, "an escape that is no character of Unicode");
    if (most == 255 && code > 0) { /* a byte */
        *out = (char)code;
        *n = 1;
    } else {
        *n = put_utf8(out, code);
    }
    return UND_OK;
}

static enum und_code read_escape(struct lexer *lexer, char quote, char *out, int *n)
{
    static const char from[] = "abfnrtv\\", to[] = "\a\b\f\n\r\t\v\\";
    char c = lexer->text[lexer->at];
    const char *found = c ? strchr(from, c) : NULL;
    *n = 1;
    if (c == quote) {
        *out = quote;
    } else if (found) {
        *out = to[found - from];
    } else if (c >= '0' && c <= '7') {
        return read_code(lexer, 3, 8, 255, out, n);
    } else if (c == 'x' || c == 'u' || c == 'U') {
        lexer->at++;
        return read_code(lexer,
                         c == 'x'   ? 2
                         : c == 'u' ? 4
                                    : 8,
                         16, c == 'x' ? 255 : 0x10ffff, out, n);
    } else {
        return lexer_fail(lexer, lexer->start,
                          "got the escape \\%.*s, want one of \\\\ \\%c \\n "
                          "\\t \\x41 \\u00e9 ...",
                          lexer_utf8(lexer->text + lexer->at), lexer->text + lexer->at, quote);
    }
    lexer->at++;
    return UND_OK;
}

/* Bytes up to the closing quote, or to the end of the text. */
static size_t span(const char *text, char quote)
{
    size_t n = 0;
    while (text[n] && text[n] != quote)
        n += quote != '`' && text[n] == '\\' && text[n + 1] ? 2 : 1;
    return n;
}

enum und_code lexer_string(struct lexer *lexer)
{
    char quote = lexer->text[lexer->at++];
    size_t room = 2 * span(lexer->text + lexer->at, quote) + 8, used = 0;
    char *out = arena_take(lexer->arena, room); /* an escape of two bytes may become two more */
    while (lexer->text[lexer->at] != quote) {
        int n = lexer_utf8(lexer->text + lexer->at);
        char c = lexer->text[lexer->at];
        if (c == '\0' || (c == '\n' && quote != '`'))
            return lexer_fail(lexer, lexer->start, "a string without its end");
        if (n == 0)
            return lexer_fail(lexer, lexer->start, "a string with bytes that are not UTF-8");
        if (c == '\\' && quote != '`') {
            lexer->at++;
            if (read_escape(lexer, quote, out + used, &n))
                return UND_USAGE;
        } else {
            memcpy(out + used, lexer->text + lexer->at, (size_t)n);
            lexer->at += (uint32_t)n;
        }
        used += (size_t)n;
    }
    lexer->at++;
    lexer->token = TOKEN_STRING;
    lexer->word = out;
    return UND_OK;
}
