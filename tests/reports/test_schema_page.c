/* The manual page of all keys, from the schema. */
#include "tests/support/helpers.h"

#include "model/load/loader.h"
#include "reports/text/schema_page.h"

#include <stdlib.h>
#include <string.h>

static char *page_of(const json_t *schema)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    schema_page_print(out, schema, "1.2.3", "2026-11-29");
    fclose(out);
    return text;
}

static int times(const char *text, const char *what)
{
    int n = 0;
    for (; (text = strstr(text, what)) != NULL; text += strlen(what))
        n++;
    return n;
}

static const char SMALL[] =
    "{\"title\": \"scenario\", \"required\": [\"b-c\"], \"properties\": {"
    "\"a\": {\"type\": \"integer\", \"minimum\": 1, \"maximum\": 256, \"default\": 3, "
    "\"description\": \".dots begin no request\"},"
    "\"b-c\": {\"anyOf\": [{\"$ref\": \"#/$defs/SPAN\"}, {\"const\": \"auto\"}], \"default\": "
    "\"0s\"},"
    "\"d\": {\"type\": \"array\", \"items\": {\"$ref\": \"#/$defs/host\"}},"
    "\"e\": {\"enum\": [\"x\", \"y\", false]},"
    "\"f\": {\"type\": \"boolean\", \"default\": true},"
    "\"g\": {\"type\": \"number\", \"minimum\": 0.5},"
    "\"h\": {\"$ref\": \"#/$defs/host\", \"default\": {}}},"
    "\"$defs\": {\"SPAN\": {\"type\": \"string\", \"description\": \"a \\\\ span\"},"
    "\"host\": {\"description\": \"a machine\", \"properties\": {\"i\": {\"type\": \"string\"}}}}}";

START_TEST(each_kind_of_key)
{
    json_t *schema = json_loads(SMALL, 0, NULL);
    char *page = page_of(schema), *keys = strstr(page, ".SH scenario\n");
    ck_assert_ptr_nonnull(keys);
    ck_assert_str_eq(keys,
                     ".SH scenario\n"
                     ".TP\n.B a\ninteger, 1..256; default: 3.\n.br\n\\&.dots begin no request\n"
                     ".TP\n.B b\\-c\nSPAN, or auto; required; default: 0s.\n"
                     ".TP\n.B d\na list of host.\n"
                     ".TP\n.B e\nx, y or false.\n"
                     ".TP\n.B f\ntrue or false; default: true.\n"
                     ".TP\n.B g\nnumber, at least 0.5.\n"
                     ".TP\n.B h\nhost.\n"
                     ".SH host\na machine\n.TP\n.B i\ntext.\n"
                     ".SH VALUES\n.TP\n.B SPAN\na \\e span\n"
                     ".SH SEE ALSO\n.BR understudy (1),\n.BR understudy\\-schema (1)\n");
    free(page);
    json_decref(schema);
}
END_TEST

/* Each key of each mapping has its entry: as many as the schema has, and a section for each
 * mapping. */
START_TEST(every_key_is_there)
{
    json_t *schema = loader_schema(), *all = json_object_get(schema, "$defs"), *def;
    char *page = page_of(schema), heading[100];
    size_t entries = json_object_size(json_object_get(schema, "properties"));
    const char *name;
    json_object_foreach (all, name, def) {
        json_t *keys = json_object_get(def, "properties");
        entries += keys ? json_object_size(keys) : 1;
        snprintf(heading, sizeof heading, keys ? "\n.SH %s\n" : "\n.TP\n.B %s\n", name);
        ck_assert_msg(strchr(name, '-') || strstr(page, heading), "%s is not in the page", name);
    }
    ck_assert_uint_gt(entries, 300);
    ck_assert_int_eq(times(page, "\n.TP\n.B "), (int)entries);
    ck_assert_int_eq(times(page, "any value"), 0);
    free(page);
    json_decref(schema);
}
END_TEST

Suite *suite(void)
{
    Suite *suite = suite_create("schema_page");
    TCase *tcase = tcase_create("schema_page");
    tcase_add_test(tcase, each_kind_of_key);
    tcase_add_test(tcase, every_key_is_there);
    suite_add_tcase(suite, tcase);
    return suite;
}
