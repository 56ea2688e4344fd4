/* Fuzzer of PromQL: parsing, printing and evaluating, in both versions and with all flags: make
 * fuzz. */
#include "model/base/assert.h"
#include "model/promql/notation.h"
#include "model/promql/query.h"
#include "tests/fuzzers/fuzz.h"

#include <stdio.h>

static struct store *some_series(void)
{
    static const char *const series[] = {
        "m{a=\"1\",b=\"x\"} 1+2x10 stale 5 NaN 7 _x3 1 0 3",
        "m{a=\"2\",b=\"y\"} 5 4 3 Inf 2 1 0 1 2 -Inf 7",
        "up{job=\"j\",instance=\"h:1\"} 1x5 0x9",
        "c_bucket{le=\"1\"} 0+1x20",
        "c_bucket{le=\"+Inf\"} 0+3x20",
        "nothing _x20 1",
        "native{a=\"1\"} {{schema:0 sum:1 count:3 z_bucket:1 z_bucket_w:0.3 buckets:[1 1 2]}}+{{"
        "schema:2 count:2 buckets:[1 0 1]}}x3 stale {{schema:1 count:1 n_buckets:[1 2]}}x3",
        "native{a=\"2\"} {{schema:-53 count:3 custom_values:[1 2] buckets:[1 1 1]}}x3 1 "
        "{{schema:-53 "
        "sum:NaN count:9 custom_values:[-2 2 3] buckets:[2 1 1 0]}}x3",
    };
    struct store *store = store_open();
    for (size_t i = 0; i < sizeof series / sizeof *series; i++) {
        struct notation notation;
        struct und_err err = {0};
        int at;
        UND_ASSERT(notation_read(&notation, store->pool, series[i], PROMQL_2, &err) == UND_OK);
        at = store_series(store, notation.labels);
        for (int j = 0; j < notation.n; j++) {
            if (notation.values[j].there)
                store_append(store, at, j * 30000, notation.values[j].value);
        }
        notation_fini(&notation);
    }
    return store;
}

static void evaluate(const struct promql *promql)
{
    static struct store *store;
    static int uses;
    struct query_options options = {.most = 20000, .delayed_names = true, .annotate = true};
    struct und_err err = {0}, err_2 = {0};
    struct value value;
    struct query *query;
    if (store && ++uses % 1000 == 0) { /* its labels only grow */
        store_close(store);
        store = NULL;
    }
    if (!store)
        store = some_series();
    query = query_open(promql, store, &options);
    fuzz_check(query_at(query, 400000, &value, &err), &err);
    fuzz_check(query_range(query, 0, 300000, 60000, &value, &err_2), &err_2);
    query_close(query);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[4096];
    char digit = size > 0 ? (char)data[0] : '2';
    enum promql_version version = digit == '3' ? PROMQL_3 : digit == '4' ? PROMQL_3_ALL : PROMQL_2;
    struct und_err err = {0};
    struct promql *promql;
    if (size > 0)
        snprintf(text, sizeof text, "%.*s", (int)(size < sizeof text ? size - 1 : sizeof text - 1),
                 data + 1);
    promql = promql_parse(size > 0 ? text : "", version, "fuzz", &err);
    if (!promql) {
        fuzz_check(UND_USAGE, &err);
        return 0;
    }
    fuzz_print(promql);
    promql_set_steps(promql, 60000, 300000, &(struct und_err){0});
    evaluate(promql);
    promql_free(promql);
    return 0;
}
