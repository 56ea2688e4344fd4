/* What a YAML file of the Prometheus world is, by its keys. */
#ifndef MODEL_RULES_PROM_KIND_H
#define MODEL_RULES_PROM_KIND_H

enum prom_kind {
    PROM_RULES, /* also a file that cannot be read: whoever reads it says why */
    PROM_CONFIG,
    PROM_ALERTMANAGER,
    PROM_OTHER
};

enum prom_kind prom_kind_of(const char *path);

#endif
