/* The tables of all commands as they parse: every option, every rule that refuses, every mistyped
 * name guessed, and whatever else is typed. */
#include "tests/support/command_tables.h"
#include "tests/support/helpers.h"

static const char *good_value(const struct option_row *row, char text[32])
{
    switch (row->type) {
    case OPTION_WHOLE:
        snprintf(text, 32, "%lld", (long long)(row->least > 0 ? row->least : row->most > 0));
        return text;
    case OPTION_WORD:
        return row->words[0];
    case OPTION_SHARE:
        return "10%";
    case OPTION_DURATION:
        return "5min";
    case OPTION_FLAG:
    case OPTION_TEXT:
    case OPTION_PAIR:
    case OPTION_TEXTS:
        break;
    }
    return strcmp(row->name, "precision-of") == 0 ? "rto" : "value";
}

static const struct option_row *row_of(const struct options *options, const char *name,
                                       size_t length)
{
    const struct option_row *row = options->rows;
    while (row->name && (strlen(row->name) != length || strncmp(row->name, name, length) != 0))
        row++;
    ck_assert_msg(row->name != NULL, "%s: a rule names %s", options->name, name);
    return row;
}

/* `name` or name=word, `length` characters of it. */
static void add_option(struct command_line *line, const struct options *options, const char *name,
                       size_t length)
{
    const char *equals = memchr(name, '=', length);
    size_t bare = equals ? (size_t)(equals - name) : length;
    const struct option_row *row = row_of(options, name, bare);
    char text[64], value[32];
    int i;
    snprintf(text, sizeof text, "--%s", row->name);
    for (i = 1; i < line->n; i++)
        if (strcmp(line->argv[i], text) == 0)
            return;
    command_line_add(line, text);
    snprintf(text, sizeof text, "%.*s", equals ? (int)(length - bare - 1) : 0,
             equals ? equals + 1 : "");
    if (row->type != OPTION_FLAG)
        command_line_add(line, equals ? text : good_value(row, value));
    if (row->type == OPTION_PAIR)
        command_line_add(line, "another");
}

static bool next_name(const char **names, const char **name, size_t *length)
{
    *names += strspn(*names, " ");
    *name = *names;
    *length = strcspn(*names, " ");
    *names += *length;
    return *length > 0 && strncmp(*name, "unless ", strlen("unless ")) != 0;
}

/* The names that lift the rule; NULL: none does. */
static const char *unless(const struct option_rule *rule)
{
    const char *at = strstr(rule->others, " unless ");
    return at ? at + strlen(" unless ") : NULL;
}

static bool is_given(const struct command_line *line, const char *name, size_t length)
{
    const char *equals = memchr(name, '=', length);
    int bare = (int)(equals ? (size_t)(equals - name) : length), i;
    char option[64], word[64];
    snprintf(option, sizeof option, "--%.*s", bare, name);
    snprintf(word, sizeof word, "%.*s", equals ? (int)length - bare - 1 : 0,
             equals ? equals + 1 : "");
    for (i = 1; i < line->n; i++)
        if (strcmp(line->argv[i], option) == 0)
            return !equals || strcmp(line->argv[i + 1], word) == 0;
    return false;
}

/* What the options of the line need, and what that needs. */
static void add_needs(struct command_line *line, const struct options *options)
{
    const struct option_rule *rule;
    int before;
    do {
        before = line->n;
        for (rule = options->rules; rule && rule->option; rule++) {
            const char *names = rule->others, *name;
            size_t length;
            if (rule->how == OPTION_NEEDS && is_given(line, rule->option, strlen(rule->option)))
                while (next_name(&names, &name, &length))
                    add_option(line, options, name, length);
        }
    } while (line->n > before);
}

static bool any_given(const struct command_line *line, const char *names)
{
    const char *name;
    size_t length;
    while (names && next_name(&names, &name, &length))
        if (is_given(line, name, length))
            return true;
    return false;
}

static bool is_excluded(const struct command_line *line, const struct options *options)
{
    const struct option_rule *rule;
    for (rule = options->rules; rule && rule->option; rule++)
        if (rule->how == OPTION_EXCLUDES && is_given(line, rule->option, strlen(rule->option)) &&
            !any_given(line, unless(rule)) &&
            (strcmp(rule->others, "*") == 0 ? line->n > 3 : any_given(line, rule->others)))
            return true;
    return false;
}

static int run_line(struct command_line *line, const struct options *options, struct und_err *err)
{
    const struct option_row *row;
    int i;
    for (row = options->rows; row->name; row++)
        if (row->required)
            add_option(line, options, row->name, strlen(row->name));
    for (i = 0; i < options->least; i++)
        command_line_add(line, "operand");
    memset(command_line_out, 0, sizeof command_line_out);
    *err = (struct und_err){0};
    return options_parse(options, line->n, line->argv, command_line_out, err);
}

static void begin(struct command_line *line, const struct options *options)
{
    line->n = 0;
    command_line_add(line, options->name);
}

START_TEST(every_option_parses)
{
    const struct options *options = command_tables[_i];
    const struct option_row *row;
    struct command_line line;
    struct und_err err;
    begin(&line, options);
    ck_assert_msg(run_line(&line, options, &err) != 0, "%s: %s", options->name, err.text);
    for (row = options->rows; row->name; row++) {
        const char *text;
        begin(&line, options);
        add_option(&line, options, row->name, strlen(row->name));
        add_needs(&line, options);
        ck_assert_msg(run_line(&line, options, &err) != 0, "%s --%s: %s", options->name, row->name,
                      err.text);
        ck_assert_uint_lt(row->at + row->size, sizeof command_line_out);
        memcpy(&text, command_line_out + row->at, sizeof text);
        if (row->type == OPTION_TEXT || row->type == OPTION_PAIR || row->type == OPTION_TEXTS)
            ck_assert_msg(
                text && strcmp(text, strcmp(row->name, "precision-of") ? "value" : "rto") == 0,
                "%s --%s", options->name, row->name);
        else if (row->type == OPTION_FLAG && row->size > 0)
            ck_assert_msg(command_line_out[row->at] == 1, "%s --%s", options->name, row->name);
    }
}
END_TEST

/* And nothing else is refused: two options that no rule names go together. */
START_TEST(every_pair_goes_together_unless_a_rule_says_not)
{
    const struct options *options = command_tables[_i];
    const struct option_row *a, *b;
    for (a = options->rows; a->name; a++)
        for (b = a + 1; b->name; b++) {
            struct command_line line;
            struct und_err err;
            bool wrong;
            begin(&line, options);
            add_option(&line, options, a->name, strlen(a->name));
            add_option(&line, options, b->name, strlen(b->name));
            add_needs(&line, options);
            wrong = is_excluded(&line, options);
            ck_assert_msg((run_line(&line, options, &err) == 0) == wrong, "%s --%s --%s: %s",
                          options->name, a->name, b->name, err.text);
        }
}
END_TEST

/* With what lifts a rule, the two go together, where no other rule says not. */
START_TEST(every_rule_is_lifted)
{
    const struct options *options = command_tables[_i];
    const struct option_rule *rule;
    for (rule = options->rules; rule && rule->option; rule++) {
        const char *names = unless(rule), *name, *others, *other;
        size_t length, other_length;
        while (names && next_name(&names, &name, &length))
            for (others = rule->others; next_name(&others, &other, &other_length);) {
                struct command_line line;
                struct und_err err;
                begin(&line, options);
                add_option(&line, options, rule->option, strlen(rule->option));
                add_option(&line, options, other, other_length);
                add_option(&line, options, name, length);
                add_needs(&line, options);
                ck_assert_msg((run_line(&line, options, &err) != 0) == !is_excluded(&line, options),
                              "%s: %s", options->name, err.text);
            }
    }
}
END_TEST

START_TEST(every_rule_refuses)
{
    const struct options *options = command_tables[_i];
    const struct option_rule *rule;
    for (rule = options->rules; rule && rule->option; rule++) {
        const char *names = rule->others, *name;
        size_t length;
        struct command_line line;
        struct und_err err;
        while (next_name(&names, &name, &length)) {
            begin(&line, options);
            add_option(&line, options, rule->option, strlen(rule->option));
            if (strcmp(rule->others, "*") == 0)
                add_option(&line, options, "quiet", strlen("quiet"));
            else if (rule->how == OPTION_EXCLUDES)
                add_option(&line, options, name, length);
            ck_assert_msg(run_line(&line, options, &err) == 0 && err.code == UND_USAGE,
                          "%s: %s beside %s", options->name, rule->option, rule->others);
        }
    }
}
END_TEST

/* Two letters at the end change places, and the name is guessed. */
START_TEST(a_mistyped_option_is_guessed)
{
    const struct options *options = command_tables[_i];
    const struct option_row *row;
    for (row = options->rows; row->name; row++) {
        char mistyped[64], meant[80];
        size_t n = strlen(row->name);
        struct command_line line;
        struct und_err err;
        if (row->hidden || n < 4)
            continue;
        snprintf(mistyped, sizeof mistyped, "--%s", row->name);
        mistyped[n + 1] = row->name[n - 2] == row->name[n - 1] ? 'q' : row->name[n - 2];
        mistyped[n] = row->name[n - 1];
        begin(&line, options);
        command_line_add(&line, mistyped);
        ck_assert_int_eq(run_line(&line, options, &err), 0);
        snprintf(meant, sizeof meant, "did you mean --%s?", row->name);
        ck_assert_msg(strstr(err.text, meant) != NULL, "%s", err.text);
    }
}
END_TEST

/* Options, halves of options and nonsense in any order: so many words of them. */
static void add_anything(struct command_line *line, const struct options *options, int words,
                         uint64_t *state)
{
    static const char *const odd[] = {"",
                                      "-",
                                      "--",
                                      "--=",
                                      "--help=",
                                      "-q",
                                      "-qx",
                                      "-qq",
                                      "---",
                                      "=",
                                      "--q",
                                      "-x=1",
                                      "%s%n%d",
                                      "\xff\xfe",
                                      "a\nb",
                                      "0",
                                      "-1",
                                      "1e9",
                                      "99999999999999999999",
                                      "5min",
                                      "50%",
                                      "nan",
                                      "json",
                                      "text",
                                      "a,b",
                                      "x=1..2:1"};
    uint64_t random = *state;
    int rows = 0;
    while (options->rows[rows].name)
        rows++;
    ck_assert_int_gt(rows, 0);
    while (words-- > 0) {
        const struct option_row *row;
        char text[64];
        random ^= random << 13; /* xorshift64 */
        random ^= random >> 7;
        random ^= random << 17;
        row = &options->rows[(random >> 24) % (unsigned)rows];
        snprintf(text, sizeof text, random >> 40 & 3 ? "--%s" : "--%s=", row->name);
        text[strlen(text) - ((random >> 44 & 15) == 0)] = '\0'; /* a letter less, at times */
        command_line_add(line,
                         random & 1 ? text : odd[(random >> 32) % (sizeof odd / sizeof *odd)]);
    }
    *state = random;
}

START_TEST(whatever_is_typed_is_parsed_or_told_in_one_line)
{
    const struct options *options = command_tables[_i];
    uint64_t random = 88172645463325252u + (uint64_t)_i;
    int round, parsed = 0;
    for (round = 0; round < 20000; round++) {
        struct command_line line;
        struct und_err err = {0};
        begin(&line, options);
        add_anything(&line, options, round % 9, &random);
        memset(command_line_out, 0, 4096);
        if (options_parse(options, line.n, line.argv, command_line_out, &err) != 0) {
            ck_assert_int_eq(err.code, UND_OK);
            parsed++;
        } else if (err.code != UND_OK) {
            ck_assert_int_eq(err.code, UND_USAGE);
            ck_assert_msg(strchr(err.text, '\n') == NULL && strlen(err.text) > 10, "%s", err.text);
            ck_assert(strncmp(err.text, options->name, strlen(options->name)) == 0);
        }
    }
    ck_assert_int_gt(parsed, 0);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("command line");
    TCase *parsing = tcase_create("parsing");
    tcase_add_loop_test(parsing, every_option_parses, 0, COMMAND_TABLES);
    tcase_add_loop_test(parsing, every_pair_goes_together_unless_a_rule_says_not, 0,
                        COMMAND_TABLES);
    tcase_add_loop_test(parsing, every_rule_is_lifted, 0, COMMAND_TABLES);
    tcase_add_loop_test(parsing, every_rule_refuses, 0, COMMAND_TABLES);
    tcase_add_loop_test(parsing, a_mistyped_option_is_guessed, 0, COMMAND_TABLES);
    tcase_add_loop_test(parsing, whatever_is_typed_is_parsed_or_told_in_one_line, 0,
                        COMMAND_TABLES);
    suite_add_tcase(all, parsing);
    return all;
}
