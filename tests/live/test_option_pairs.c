/*
 * Every pair of options of every command, run: both have an effect, or the pair is refused in one
 * line that names both.
 *
 * An option has an effect beside another one if leaving it out changes what the program says, how
 * it ends or what it writes, for one of a few small inputs (`inputs`: those of the first that shows
 * it). What cannot show one says why (`silent`), and then the other one of the pair still must.
 */
#include "tests/support/command_tables.h"
#include "tests/support/helpers.h"
#include "tests/support/option_inputs.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS = 2 * OPTIONS_ROWS, SEEN = 16384, LINE = 2048 };

/* An option with one of its values. */
struct given {
    const struct option_row *row;
    const char *value; /* NULL: a flag */
};

struct table {
    const struct options *options;
    struct given given[ROWS];
    int n;
};

static bool is_row(const struct given *given, const char *name, size_t length)
{
    const char *equals = memchr(name, '=', length);
    size_t bare = equals ? (size_t)(equals - name) : length;
    return strlen(given->row->name) == bare && strncmp(given->row->name, name, bare) == 0 &&
           (!equals || (strlen(given->value) == length - bare - 1 &&
                        strncmp(given->value, equals + 1, length - bare - 1) == 0));
}

/* ---- what is tried ---- */

static void add(struct table *table, const struct option_row *row, const char *value)
{
    ck_assert_int_lt(table->n, ROWS);
    table->given[table->n++] = (struct given){row, value};
}

/* Those for this command; NULL: for any. */
static void add_values(struct table *table, const struct option_row *row, const char *command)
{
    const struct option_value *value;
    for (value = option_values; value->option; value++)
        if (strcmp(value->option, row->name) == 0 && !value->command == !command &&
            (!command || strcmp(value->command, command) == 0))
            add(table, row, value->value);
}

static struct table table_of(const struct options *options)
{
    struct table table = {.options = options};
    const struct option_row *row;
    for (row = options->rows; row->name; row++) {
        int before = table.n, i;
        if (row->hidden)
            continue;
        if (row->type == OPTION_FLAG)
            add(&table, row, NULL);
        for (i = 0; row->type == OPTION_WORD && row->words[i]; i++)
            if (strcmp(row->words[i], row->preset) != 0)
                add(&table, row, row->words[i]);
        if (table.n > before)
            continue;
        add_values(&table, row, options->name);
        if (table.n == before)
            add_values(&table, row, NULL);
        ck_assert_msg(table.n > before, "%s --%s: no value to try", options->name, row->name);
    }
    return table;
}

/* ---- sets of options: one bit an option of the table ---- */

typedef unsigned long long set;

static set with_needs(const struct table *table, set chosen)
{
    const struct option_rule *rule;
    set before;
    int i, j;
    do {
        before = chosen;
        for (rule = table->options->rules; rule && rule->option; rule++)
            for (i = 0; i < table->n; i++) {
                const char *names = rule->others, *name;
                if (rule->how != OPTION_NEEDS || !(chosen >> i & 1) ||
                    !is_row(&table->given[i], rule->option, strlen(rule->option)))
                    continue;
                while (*(name = names += strspn(names, " "))) {
                    bool has = false;
                    names += strcspn(names, " ");
                    for (j = 0; j < table->n; j++)
                        has |= (chosen >> j & 1) &&
                               is_row(&table->given[j], name, (size_t)(names - name));
                    for (j = 0; !has && j < table->n; j++)
                        if (is_row(&table->given[j], name, (size_t)(names - name))) {
                            chosen |= 1ull << j;
                            has = true;
                        }
                    ck_assert(has);
                }
            }
    } while (chosen != before);
    return chosen;
}

static void put_line(const struct table *table, set chosen, const char *input, char line[LINE])
{
    int n = snprintf(line, LINE, "%s %s", table->options->name, input), i;
    for (i = 0; i < table->n; i++)
        if (chosen >> i & 1)
            n += snprintf(line + n, (size_t)(LINE - n), " --%s%s%s", table->given[i].row->name,
                          table->given[i].value ? " " : "",
                          table->given[i].value ? table->given[i].value : "");
    ck_assert_int_lt(n, LINE);
}

/* ---- runs, each once ---- */

static struct {
    char line[LINE];
    struct option_outcome outcome;
} * seen;
static int n_seen;

static const struct option_outcome *run(const struct table *table, set chosen, const char *input)
{
    char line[LINE];
    int i;
    put_line(table, chosen, input, line);
    for (i = 0; i < n_seen; i++)
        if (strcmp(seen[i].line, line) == 0)
            return &seen[i].outcome;
    ck_assert_int_lt(n_seen, SEEN);
    strcpy(seen[n_seen].line, line);
    option_inputs_run(line, &seen[n_seen].outcome);
    return &seen[n_seen++].outcome;
}

static bool differs(const struct option_outcome *a, const struct option_outcome *b)
{
    return a->hash != b->hash || a->code != b->code;
}

static bool is_refused(const struct option_outcome *outcome)
{
    return outcome->code == 2 && (strstr(outcome->said, "the other would do nothing") ||
                                  strstr(outcome->said, " with it"));
}

static bool names(const struct option_outcome *outcome, const struct given *given)
{
    char name[64];
    size_t n = (size_t)snprintf(name, sizeof name, "--%s", given->row->name);
    const char *at;
    for (at = outcome->said; (at = strstr(at, name)) != NULL; at++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz-0123456789", at[n]) || at[n] == '\0')
            return true;
    return false;
}

/* Is it one of the names, which blanks keep apart? */
static bool is_among(const struct given *given, const char *names)
{
    const char *name;
    while (*(name = names += strspn(names, " "))) {
        names += strcspn(names, " ");
        if (is_row(given, name, (size_t)(names - name)))
            return true;
    }
    return false;
}

static bool is_silent(const struct table *table, const struct given *given, const struct given *by)
{
    const struct option_silence *silence;
    if (given->row->size == 0)
        return true; /* it says itself that it is only checked */
    for (silence = option_silences; silence->option; silence++)
        if ((!silence->command || strcmp(silence->command, table->options->name) == 0) &&
            is_among(given, silence->option) && (!silence->beside || is_among(by, silence->beside)))
            return true;
    return false;
}

/* What is wrong with the pair is printed; false then. */
static bool try_pair(const struct table *table, int a, int b)
{
    const struct option_input *input;
    set both = with_needs(table, 1ull << a | 1ull << b);
    bool a_works = is_silent(table, &table->given[a], &table->given[b]);
    bool b_works = is_silent(table, &table->given[b], &table->given[a]);
    bool ran = false;
    char line[LINE] = "";
    for (input = option_inputs; input->command && !(ran && a_works && b_works); input++) {
        const struct option_outcome *outcome;
        if (strcmp(input->command, table->options->name) != 0)
            continue;
        outcome = run(table, both, input->line);
        if (is_refused(outcome)) {
            if (names(outcome, &table->given[a]) && names(outcome, &table->given[b]))
                return outcome->lines == 1;
            continue; /* by another one of the input, or of what they need */
        }
        put_line(table, both, input->line, line);
        a_works = a_works || differs(outcome, run(table, both & ~(1ull << a), input->line));
        b_works = b_works || differs(outcome, run(table, both & ~(1ull << b), input->line));
        ran = true;
    }
    /* Not once: what one needs excludes what the other one needs, and no line can have both. */
    if (!ran && both != (1ull << a | 1ull << b))
        return true;
    if (ran && a_works && b_works)
        return true;
    fprintf(stderr, "%s: --%s and --%s: %s does nothing: understudy %s\n", table->options->name,
            table->given[a].row->name, table->given[b].row->name,
            !ran       ? "which"
            : a_works  ? table->given[b].row->name
            : !b_works ? "each"
                       : table->given[a].row->name,
            line);
    return false;
}

/* The same line says the same twice, or nothing could be told from a difference. */
static void check_inputs(const struct table *table)
{
    const struct option_input *input;
    for (input = option_inputs; input->command; input++) {
        struct option_outcome again;
        char line[LINE];
        if (strcmp(input->command, table->options->name) != 0)
            continue;
        put_line(table, 0, input->line, line);
        option_inputs_run(line, &again);
        ck_assert_msg(!differs(run(table, 0, input->line), &again), "%s: not the same twice", line);
    }
}

START_TEST(both_have_an_effect_or_are_refused)
{
    struct table table = table_of(command_tables[_i]);
    int a, b, wrong = 0;
    seen = calloc(SEEN, sizeof *seen);
    ck_assert_ptr_nonnull(seen);
    ck_assert_int_le(table.n, 64);
    option_inputs_open();
    check_inputs(&table);
    for (a = 0; a < table.n; a++)
        for (b = a + 1; b < table.n; b++)
            if (table.given[a].row != table.given[b].row)
                wrong += !try_pair(&table, a, b);
    option_inputs_close();
    fprintf(stderr, "%s: %d runs\n", table.options->name, n_seen);
    ck_assert_int_eq(wrong, 0);
    free(seen);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("option pairs");
    int i;
    for (i = 0; i < COMMAND_TABLES; i++) { /* CK_RUN_CASE=sim */
        TCase *pairs = tcase_create(command_tables[i]->name);
        tcase_set_timeout(pairs, 900);
        tcase_add_loop_test(pairs, both_have_an_effect_or_are_refused, i, i + 1);
        suite_add_tcase(all, pairs);
    }
    return all;
}
