/* The command line from a table: values land where the table says, and what is wrong is one
 * line. */
#include "model/options/options.h"
#include "tests/support/helpers.h"

#include <stdlib.h>
#include <string.h>

static const char *const colours[] = {"red", "green", "blue", NULL};

struct sample {
    bool flag, dark;
    const char *text, *before, *after, *list[3];
    int n_list, narrow;
    int64_t wide, ms;
    double share, open_share;
    unsigned colour;
};

static const struct option_row rows[] = {
    {"flag", 'f', OPTION_FLAG, OPTION_AT(struct sample, flag), .about = "a flag"},
    {"text", .type = OPTION_TEXT, .argument = "TEXT", OPTION_AT(struct sample, text),
     .about = "a text", .preset = "none"},
    {"pair", .type = OPTION_PAIR, .argument = "OLD NEW", OPTION_AT(struct sample, before),
     .beside = offsetof(struct sample, after), .about = "two texts"},
    {"list", .type = OPTION_TEXTS, .argument = "TEXT", OPTION_AT(struct sample, list),
     .beside = offsetof(struct sample, n_list), .most = 3, .about = "texts"},
    {"narrow", .type = OPTION_WHOLE, .argument = "N", OPTION_AT(struct sample, narrow), .least = -2,
     .most = 40, .preset = "7", .about = "a number"},
    {"wide", .type = OPTION_WHOLE, .argument = "N", OPTION_AT(struct sample, wide),
     .most = INT64_MAX, .about = "a number", .otherwise = "as it comes"},
    {"for", .type = OPTION_DURATION, .argument = "DURATION", OPTION_AT(struct sample, ms),
     .about = "a time"},
    {"share", .type = OPTION_SHARE, .argument = "SHARE", OPTION_AT(struct sample, share),
     .about = "a share"},
    {"open", .type = OPTION_SHARE, .argument = "SHARE", OPTION_AT(struct sample, open_share),
     .open = true, .about = "a share"},
    {"colour", .type = OPTION_WORD, .words = colours, OPTION_AT(struct sample, colour),
     .preset = "green", .about = "a word"},
    {"dark", .type = OPTION_WORD, .words = colours + 1, OPTION_AT(struct sample, dark),
     .about = "a word as a flag"},
    {"ignored", .type = OPTION_WHOLE, .argument = "N", .most = 9, .about = "checked alone"},
    {"secret", .type = OPTION_FLAG, OPTION_AT(struct sample, flag), .hidden = true, .about = "no"},
    {0}};

static const struct option_rule rules[] = {{"text", OPTION_NEEDS, "wide narrow"},
                                           {"flag", OPTION_EXCLUDES, "list colour=blue"},
                                           {"colour=red", OPTION_NEEDS, "dark=blue"},
                                           {0}};
static const struct option_example examples[] = {{"paint x --flag", "an example"}, {0}};
static const struct option_exit exits[] = {{UND_OK, "done"}, {UND_USAGE, "not"}, {0}};

static struct options table = {.name = "paint",
                               .synopsis = "[options] FILE...\n--flag",
                               .purpose = "paints a house",
                               .details = "One paragraph.\n\nAnother one.",
                               .rows = rows,
                               .rules = rules,
                               .operand = "house",
                               .least = 1,
                               .most = 2,
                               .examples = examples,
                               .exits = exits};

/* Words apart by blanks; what options_parse returns. */
static int parse(const char *line, struct sample *sample, struct und_err *err)
{
    static char text[512], *argv[32];
    int n = 0;
    char *word;
    snprintf(text, sizeof text, "paint %s", line);
    for (word = strtok(text, " "); word; word = strtok(NULL, " "))
        argv[n++] = word;
    argv[n] = NULL;
    memset(sample, 0, sizeof *sample);
    *err = (struct und_err){0};
    return options_parse(&table, n, argv, sample, err);
}

START_TEST(values_land_where_the_table_says)
{
    struct sample s;
    struct und_err err;
    int first = parse("--text a one --pair b c --list d --narrow -2 --list=e --wide 5000000000 two "
                      "--for 1h30min --share 5% --open 0.25 --colour red --dark blue --ignored 3",
                      &s, &err);
    ck_assert_msg(first == 25, "%d: %s", first, err.text); /* the operands are last */
    ck_assert_str_eq(s.text, "a");
    ck_assert_str_eq(s.before, "b");
    ck_assert_str_eq(s.after, "c");
    ck_assert_int_eq(s.n_list, 2);
    ck_assert_str_eq(s.list[0], "d");
    ck_assert_str_eq(s.list[1], "e");
    ck_assert_int_eq(s.narrow, -2);
    ck_assert_int_eq(s.wide, 5000000000);
    ck_assert_int_eq(s.ms, 90 * 60 * 1000);
    ck_assert_double_eq(s.share, 0.05);
    ck_assert_double_eq(s.open_share, 0.25);
    ck_assert_int_eq(s.colour, 0);
    ck_assert(s.dark);
    ck_assert(!s.flag);
}
END_TEST

START_TEST(defaults_stand_where_nothing_is_said)
{
    struct sample s;
    struct und_err err;
    ck_assert_int_eq(parse("-f one", &s, &err), 2);
    ck_assert(s.flag);
    ck_assert_str_eq(s.text, "none"); /* and a default needs nothing */
    ck_assert_int_eq(s.narrow, 7);
    ck_assert_int_eq(s.colour, 1);
    ck_assert_int_eq(s.n_list, 0);
}
END_TEST

static const struct {
    const char *line, *message;
} wrong[] = {
    {"", "paint: got no file, want at least one house"},
    {"a b c", "paint: got 3 files, want at most 2: house"},
    {"a --narow 3", "paint: got option '--narow', want one of `understudy paint --help`; did you "
                    "mean --narrow?"},
    {"a --seecrt", "paint: got option '--seecrt', want one of `understudy paint --help`"},
    {"a --zebra", "paint: got option '--zebra', want one of `understudy paint --help`"},
    {"a -x", "paint: got option '-x', want one of `understudy paint --help`; a file's name that "
             "begins with - stands after --"},
    /* not the word before it */
    {"a -xyz.yaml", "paint: got option '-x', want one of `understudy paint --help`; a file's name "
                    "that begins with - stands after --"},
    {"a --flag=yes", "paint: got '--flag=yes', want --flag without a value"},
    {"a --wide", "paint: got '--wide' without a value"},
    {"a --narrow 41", "paint: --narrow: got '41', want a whole number -2..40"},
    {"a --narrow 4.5", "paint: --narrow: got '4.5', want a whole number -2..40"},
    {"a --wide -1", "paint: --wide: got '-1', want a whole number, at least 0"},
    {"a --wide 99999999999999999999",
     "paint: --wide: got '99999999999999999999', want a whole number 0..9223372036854775807"},
    {"a --ignored 10", "paint: --ignored: got '10', want a whole number 0..9"},
    {"a --for 5", "paint: --for: got '5', want a duration such as 90s or 10min; the unit is "
                  "missing"},
    {"a --for 5mins", "paint: --for: got '5mins', want a duration such as 90s or 10min; no unit "
                      "mins; did you mean min?"},
    {"a --for 0s", "paint: --for: got '0s', want a duration such as 90s or 10min"},
    {"a --share 101%", "paint: --share: got '101%', want a share, 0%..100%"},
    {"a --share nan", "paint: --share: got 'nan', want a share, 0%..100%"},
    {"a --open 0", "paint: --open: got '0', want a share between 0 and 1, e.g. 1%"},
    {"a --open 5%%", "paint: --open: got '5%%', want a share between 0 and 1, e.g. 1%"},
    {"a --colour gren",
     "paint: --colour: got 'gren', want red, green or blue; did you mean green?"},
    {"a --colour x", "paint: --colour: got 'x', want red, green or blue"},
    {"a --list 1 --list 2 --list 3 --list 4", "paint: --list: got more than 3"},
    {"a --pair 1", "paint: --pair: got '1' alone, want OLD NEW"},
    {"a --text t", "paint: --text: want --wide N and --narrow N with it"},
    {"a --text t --wide 1", "paint: --text: want --wide N and --narrow N with it"},
    {"a --flag --list 1", "paint: got --flag and --list, want one of them: the other would do "
                          "nothing"},
    {"a --flag --colour blue", "paint: got --flag and --colour blue, want one of them: the other "
                               "would do nothing"},
    {"a --colour red", "paint: --colour red: want --dark blue with it"},
};

START_TEST(what_is_wrong_is_one_line)
{
    struct sample s;
    struct und_err err;
    ck_assert_int_eq(parse(wrong[_i].line, &s, &err), 0);
    ck_assert_int_eq(err.code, UND_USAGE);
    ck_assert_str_eq(err.text, wrong[_i].message);
}
END_TEST

START_TEST(what_must_be_given_is_missed)
{
    static const struct option_row needed[] = {{"series", .type = OPTION_TEXT, .argument = "FILE",
                                                OPTION_AT(struct sample, text), .required = true,
                                                .about = "x"},
                                               {0}};
    const struct options usual = table;
    struct sample s;
    struct und_err err;
    table.rows = needed;
    table.rules = NULL;
    ck_assert_int_eq(parse("a", &s, &err), 0);
    ck_assert_str_eq(err.text, "paint: --series FILE is missing");
    table.least = table.most = 0;
    ck_assert_int_eq(parse("a --series b", &s, &err), 0);
    ck_assert_str_eq(err.text, "paint: got 'a', want nothing but options");
    ck_assert_int_eq(parse("--series b", &s, &err), 3);
    table.least = table.most = 1;
    ck_assert_int_eq(parse("a --series b c", &s, &err), 0);
    ck_assert_str_eq(err.text, "paint: got 2 files, want one house");
    table = usual;
}
END_TEST

START_TEST(after_two_dashes_all_are_operands)
{
    struct sample s;
    struct und_err err;
    ck_assert_int_eq(parse("-- --flag x", &s, &err), 2);
    ck_assert(!s.flag);
}
END_TEST

START_TEST(help_is_printed_from_the_table)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    options_print_help(out, &table);
    fclose(out);
    ck_assert_str_eq(text,
                     "usage: understudy paint [options] FILE...\n"
                     "       understudy paint --flag\n"
                     "Paints a house.\n"
                     "\n"
                     "One paragraph.\n"
                     "\n"
                     "Another one.\n"
                     "\n"
                     "Options:\n"
                     "  -f, --flag          a flag; not with --list, --colour blue\n"
                     "  --text TEXT         a text (default: none); with --wide and --narrow\n"
                     "  --pair OLD NEW      two texts\n"
                     "  --list TEXT         texts; may be repeated\n"
                     "  --narrow N          a number (default: 7)\n"
                     "  --wide N            a number (default: as it comes)\n"
                     "  --for DURATION      a time\n"
                     "  --share SHARE       a share\n"
                     "  --open SHARE        a share\n"
                     "  --colour red|green|blue\n"
                     "                      a word (default: green); red with --dark blue\n"
                     "  --dark green|blue   a word as a flag\n"
                     "  --ignored N         checked alone\n"
                     "  -h, --help          this text\n"
                     "\n"
                     "Examples:\n"
                     "  understudy paint x --flag\n"
                     "      an example\n"
                     "\n"
                     "Exit codes:\n"
                     "  0   done\n"
                     "  2   not\n");
    free(text);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("options");
    TCase *options = tcase_create("options");
    tcase_add_test(options, values_land_where_the_table_says);
    tcase_add_test(options, defaults_stand_where_nothing_is_said);
    tcase_add_loop_test(options, what_is_wrong_is_one_line, 0, sizeof wrong / sizeof *wrong);
    tcase_add_test(options, what_must_be_given_is_missed);
    tcase_add_test(options, after_two_dashes_all_are_operands);
    tcase_add_test(options, help_is_printed_from_the_table);
    suite_add_tcase(suite, options);
    return suite;
}
