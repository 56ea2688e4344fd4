/* Fuzzer of what reads Prometheus' and Alertmanager's own files, and PromQL: make fuzz. */
#include "model/base/assert.h"
#include "model/rules/alertmanager_file.h"
#include "model/rules/prom_kind.h"
#include "model/rules/prometheus_file.h"
#include "model/rules/rule_file.h"
#include "tests/fuzzers/fuzz.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void read_expression(const uint8_t *data, size_t size)
{
    static char text[8192];
    struct promql_signal signal;
    struct und_err err = {0};
    struct promql *promql;
    snprintf(text, sizeof text, "%.*s", (int)(size < sizeof text ? size : sizeof text - 1), data);
    promql = promql_parse(text, PROMQL_2, "fuzz", &err);
    if (!promql)
        return;
    fuzz_print(promql);
    fuzz_check(promql_signal(&signal, promql, NULL, 0, "fuzz", &err), &err);
    promql_free(promql);
}

static void read_rules(const char *path)
{
    struct und_err err = {0};
    struct rule_set *set = rule_set_new();
    fuzz_check(rule_set_read(set, &path, 1, &err), &err);
    rule_set_free(set);
}

static void read_prometheus(const char *path)
{
    static struct prometheus_file file;
    struct und_err err = {0};
    fuzz_check(prometheus_file_read(&file, path, PROMQL_2, &err), &err);
    prometheus_file_fini(&file);
}

static void read_alertmanager(const char *path)
{
    struct und_err err = {0};
    struct alertmanager_file *file = alertmanager_file_read(path, PROMQL_2, &err);
    fuzz_check(file ? UND_OK : UND_USAGE, &err);
    alertmanager_file_free(file);
}

/* As `alerts check` does it; what is of no kind goes to one of the three, by its size. */
static void read_file(const char *path, size_t size)
{
    enum prom_kind kind = prom_kind_of(path);
    if (kind == PROM_OTHER)
        kind = size % 3 == 0 ? PROM_RULES : size % 3 == 1 ? PROM_CONFIG : PROM_ALERTMANAGER;
    if (kind == PROM_CONFIG)
        read_prometheus(path);
    else if (kind == PROM_ALERTMANAGER)
        read_alertmanager(path);
    else
        read_rules(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    int fd = memfd_create("fuzz", 0);
    UND_ASSERT(fd >= 0);
    UND_ASSERT(write(fd, data, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    read_expression(data, size);
    read_file(path, size);
    close(fd);
    return 0;
}
