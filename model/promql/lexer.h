/*
 * Private to the parser: PromQL's tokens.
 */
#ifndef MODEL_PROMQL_LEXER_H
#define MODEL_PROMQL_LEXER_H

#include "promql.h"

enum token {
    TOKEN_END,
    TOKEN_NAME,   /* also keywords: where they are words of the language, the parser knows */
    TOKEN_METRIC, /* a name with a colon */
    TOKEN_NUMBER,
    TOKEN_DURATION,
    TOKEN_STRING,
    TOKEN_SIGN /* an operator or a bracket, in `word` */
};

struct lexer {
    const char *text;
    uint32_t at; /* behind the present token */
    enum promql_version version;
    struct arena *arena;
    const char *place;
    struct und_err *err;
    bool in_braces, in_brackets;
    /* the present token */
    enum token token;
    uint32_t start;
    const char *word; /* as written; of a string what it says */
    double number;
    int64_t ms;
};

enum und_code lexer_next(struct lexer *lexer);
/* At `start`; UND_USAGE. */
enum und_code lexer_fail(struct lexer *lexer, uint32_t start, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

bool lexer_is_sign(const struct lexer *lexer, const char *sign);
bool lexer_is_word(const struct lexer *lexer, const char *word); /* in any case of letters */

/* Goes past the sign, which must be the present token. */
enum und_code lexer_expect(struct lexer *lexer, const char *sign);
/* Fails: the present token is none that may stand here. */
enum und_code lexer_unexpected(struct lexer *lexer, const char *want);

/* Private to lexer.c and lexer_text.c: a quoted text that starts at `at`. */
enum und_code lexer_string(struct lexer *lexer);
/* The length of the UTF-8 character, 0 if it is none. */
int lexer_utf8(const char *text);

#endif
