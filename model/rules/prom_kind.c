#include "prom_kind.h"

#include "model/file/doc.h"

static bool has_any(const json_t *root, const char *const *keys)
{
    for (; *keys; keys++) {
        if (json_object_get(root, *keys))
            return true;
    }
    return false;
}

enum prom_kind prom_kind_of(const char *path)
{
    static const char *const of_alertmanager[] = {"route", "receivers", NULL};
    static const char *const of_prometheus[] = {
        "scrape_configs", "global",       "rule_files",
        "alerting",       "remote_write", "scrape_config_files",
        "remote_read",    "storage",      "tracing",
        "runtime",        "otlp",         NULL};
    static const char *const of_rules[] = {"groups", "apiVersion", NULL};
    struct doc doc;
    json_t *root = NULL;
    struct und_err err = {0};
    enum prom_kind kind = PROM_RULES;
    doc_init(&doc);
    doc.foreign = doc.shallow = true;
    if (doc_load(&doc, path, &root, &err) == UND_OK) {
        if (has_any(root, of_alertmanager))
            kind = PROM_ALERTMANAGER;
        else if (has_any(root, of_prometheus))
            kind = PROM_CONFIG;
        else if (json_object_size(root) > 0 && !has_any(root, of_rules))
            kind = PROM_OTHER;
    }
    json_decref(root);
    doc_fini(&doc);
    return kind;
}
