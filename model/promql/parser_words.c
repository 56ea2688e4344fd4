#include "parser.h"

bool parser_reserved(const struct lexer *lexer)
{
    static const char *const words[] = {"bool",        "on",    "ignoring", "group_left",
                                        "group_right", "atan2", NULL};
    for (int i = 0; words[i]; i++) {
        if (lexer_is_word(lexer, words[i]))
            return true;
    }
    return false;
}

/* Words that can be a metric, but no function. */
bool parser_keyword(const struct lexer *lexer)
{
    static const char *const words[] = {"and",    "or",    "unless", "by", "without",
                                        "offset", "start", "end",    NULL};
    for (int i = 0; words[i]; i++) {
        if (lexer_is_word(lexer, words[i]))
            return lexer->version != PROMQL_3_ALL || i < 6; /* start() and end() are functions */
    }
    return false;
}

bool parser_aggregation(const struct parser *parser, enum promql_aggregation *aggregation)
{
    int n = parser->promql->version >= PROMQL_2_LAST ? PROMQL_AGGREGATIONS : PROMQL_LIMITK;
    for (int i = 0; i < n; i++) {
        if (lexer_is_word(&parser->lexer, promql_aggregation_word((enum promql_aggregation)i))) {
            *aggregation = (enum promql_aggregation)i;
            return true;
        }
    }
    return false;
}

enum promql_op parser_op(const struct lexer *lexer)
{
    for (int op = 0; op < PROMQL_OPS; op++) {
        const char *word = promql_op_word((enum promql_op)op);
        if (lexer_is_sign(lexer, word) || lexer_is_word(lexer, word))
            return (enum promql_op)op;
    }
    return PROMQL_OPS;
}
