/* What a scrape job finds: static_configs and file_sd files, through relabeling; and whose they
 * are. */
#include "prometheus_targets.h"

#include "model/base/assert.h"

#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static char *copy_text(const char *text)
{
    char *copy = strdup(text);
    UND_ASSERT(copy != NULL);
    return copy;
}

void prometheus_resolve(const struct spot *spot, const char *path, char out[2 * DOC_PATH])
{
    const char *slash = strrchr(spot->file, '/');
    int folder = *path == '/' || !slash ? 0 : (int)(slash - spot->file) + 1;
    snprintf(out, 2 * DOC_PATH, "%.*s%.*s", folder, spot->file, DOC_PATH - 1, path);
}

/* --- targets --------------------------------------------------------------------------------- */

static void set_default(json_t *labels, const char *name, const char *value)
{
    if (!json_object_get(labels, name))
        json_object_set_new(labels, name, json_string(value));
}

/* What a target carries before relabeling (scrape/target.go, PopulateLabels). */
static json_t *raw_labels(const struct job_reader *reader, const char *address,
                          const json_t *of_group)
{
    json_t *labels = json_object(), *params = json_object_get(reader->mapping, "params"), *value;
    const char *path = json_string_value(json_object_get(reader->mapping, "metrics_path"));
    const char *name;
    json_object_set_new(labels, "__address__", json_string(address));
    json_object_foreach ((json_t *)of_group, name, value) {
        if (json_is_string(value))
            json_object_set(labels, name, value);
    }
    set_default(labels, "job", reader->job->name);
    set_default(labels, "__metrics_path__", path ? path : "/metrics");
    set_default(labels, "__scheme__", reader->scheme);
    json_object_foreach (params, name, value) {
        const char *first = json_string_value(json_array_get(value, 0));
        char param[256];
        snprintf(param, sizeof param, "__param_%.200s", name);
        if (first)
            set_default(labels, param, first);
    }
    return labels;
}

/* Prometheus 2 adds the scheme's port to an address without one. */
static void add_port(json_t *labels)
{
    const char *address = json_string_value(json_object_get(labels, "__address__"));
    const char *scheme = json_string_value(json_object_get(labels, "__scheme__"));
    const char *port = strrchr(address, ':');
    char with_port[DOC_PATH];
    bool has = port && port[1] && strspn(port + 1, "0123456789") == strlen(port + 1) &&
               (strchr(address, ':') == port || address[0] == '[');
    if (has)
        return;
    snprintf(with_port, sizeof with_port, "%.400s:%s", address,
             scheme && strcmp(scheme, "https") == 0 ? "443" : "80");
    json_object_set_new(labels, "__address__", json_string(with_port));
}

static void drop_internal(json_t *labels)
{
    json_t *all = json_copy(labels), *value;
    const char *name;
    json_object_foreach (all, name, value) {
        if (strncmp(name, "__", 2) == 0 || json_string_length(value) == 0)
            json_object_del(labels, name);
    }
    json_decref(all);
}

static void add_target(struct job_reader *reader, const char *address, const json_t *of_group)
{
    struct prometheus_job *job = reader->job;
    json_t *labels = raw_labels(reader, address, of_group);
    struct prometheus_target *target;
    if (!relabel_apply(reader->relabel, labels) || !json_object_get(labels, "__address__")) {
        job->n_dropped++;
        json_decref(labels);
        return;
    }
    add_port(labels);
    if ((job->n_targets & (job->n_targets - 1)) == 0) { /* a power of two is full */
        size_t n = job->n_targets ? 2 * (size_t)job->n_targets : 1;
        job->targets = realloc(job->targets, n * sizeof *job->targets);
        UND_ASSERT(job->targets != NULL);
    }
    target = &job->targets[job->n_targets++];
    address = json_string_value(json_object_get(labels, "__address__"));
    set_default(labels, "instance", address);
    target->address = copy_text(address);
    target->labels = labels;
    drop_internal(labels);
}

/* The groups of static_configs, or of a file that file_sd_configs name. */
static enum und_code read_groups(struct job_reader *reader, const struct prom_reader *prom,
                                 const json_t *groups)
{
    static const char *const keys[] = {"targets", "labels", NULL};
    json_t *group, *list, *item;
    size_t i, j;
    json_array_foreach ((json_t *)groups, i, group) {
        struct spot spot = doc_item(prom->doc, groups, i, "targets");
        const json_t *labels = json_object_get(group, "labels");
        if (prom_mapping(prom, group, &spot, keys, NULL) ||
            prom_list(prom, group, "targets", &list) || prom_label_names(prom, labels))
            return UND_USAGE;
        json_array_foreach (list, j, item) {
            struct spot at = doc_item(prom->doc, list, j, "targets");
            const char *address = json_string_value(item);
            if (!address)
                return doc_fail(&at, prom->err, "want host:port");
            if (strchr(address, '/') && !reader->relabel)
                return doc_fail(&at, prom->err, "got '%.100s', want host:port, no URL", address);
            add_target(reader, address, labels);
        }
    }
    return UND_OK;
}

static void discovers(struct job_reader *reader, const char *kind)
{
    if (!reader->job->discovers)
        reader->job->discovers = copy_text(kind);
}

/* One pattern of a file_sd; a file that is not here is what only the server knows. */
static enum und_code read_sd_files(struct job_reader *reader, const struct spot *spot,
                                   const char *pattern)
{
    char path[2 * DOC_PATH];
    glob_t found;
    enum und_code code = UND_OK;
    prometheus_resolve(spot, pattern, path);
    if (glob(path, 0, NULL, &found) != 0) {
        prom_note(reader->prom, spot,
                  "%s is not here: the job %s is taken to find every host of the fleet", pattern,
                  reader->job->name);
        discovers(reader, "file_sd_configs");
        return UND_OK;
    }
    for (size_t i = 0; i < found.gl_pathc && code == UND_OK; i++) {
        struct doc doc;
        struct prom_reader prom = {
            .doc = &doc, .err = reader->prom->err, .version = reader->prom->version};
        json_t *root = NULL;
        doc_init(&doc);
        doc.foreign = true;
        code = doc_load(&doc, found.gl_pathv[i], &root, prom.err);
        if (code == UND_OK && !json_is_array(root) && !json_is_null(root)) {
            struct spot top = doc_root(&doc, root);
            code = doc_fail(&top, prom.err, "want a list of targets and labels");
        }
        if (code == UND_OK)
            code = read_groups(reader, &prom, root);
        json_decref(root);
        doc_fini(&doc);
    }
    globfree(&found);
    return code;
}

static enum und_code read_file_sd(struct job_reader *reader, const json_t *configs)
{
    size_t i, j;
    json_t *config, *item;
    json_array_foreach ((json_t *)configs, i, config) {
        const json_t *files = json_object_get(config, "files");
        json_array_foreach ((json_t *)files, j, item) {
            struct spot spot = doc_item(reader->prom->doc, files, j, "files");
            const char *pattern = json_string_value(item), *dot = strrchr(pattern, '.');
            const char *star = strchr(pattern, '*');
            if (!dot || (strcasecmp(dot, ".json") != 0 && strcasecmp(dot, ".yml") != 0 &&
                         strcasecmp(dot, ".yaml") != 0))
                return doc_fail(&spot, reader->prom->err,
                                "got '%.100s', want *.json, *.yml or *.yaml", pattern);
            if (star && strchr(star, '/'))
                return doc_fail(&spot, reader->prom->err,
                                "got '%.100s', want * in its last part alone", pattern);
            if (read_sd_files(reader, &spot, pattern))
                return UND_USAGE;
        }
    }
    return UND_OK;
}

enum und_code prometheus_targets_read(struct job_reader *reader)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)reader->mapping, key, value) {
        const char *end = strstr(key, "_sd_configs");
        if (strcmp(key, "static_configs") == 0 && read_groups(reader, reader->prom, value))
            return UND_USAGE;
        if (strcmp(key, "file_sd_configs") == 0 && read_file_sd(reader, value))
            return UND_USAGE;
        if (end && strcmp(key, "file_sd_configs") != 0 && json_array_size(value) > 0)
            discovers(reader, key);
    }
    return UND_OK;
}

/* --- hosts and alerts ------------------------------------------------------------------------ */

/* The name or address in "http://10.0.0.1:9100/metrics", "10.0.0.1:9100", "[::1]:9100". */
static void host_part(const char *text, char out[256])
{
    const char *start = strstr(text, "://");
    size_t n;
    start = start ? start + 3 : text;
    n = *start == '[' ? strcspn(start, "]") + 1 : strcspn(start, ":/");
    snprintf(out, 256, "%.*s", (int)(n < 255 ? n : 255), start);
    for (char *c = out; *c; c++)
        *c = (char)tolower((unsigned char)*c);
}

/* A name in full ("one.example.org") is also the short one's. */
static bool same_machine(const char *a, const char *b)
{
    size_t n = strlen(b);
    if (n == 0)
        return false;
    return strcmp(a, b) == 0 ||
           (strncmp(a, b, n) == 0 && a[n] == '.' && !strchr(b, '.') && strspn(b, "0123456789") < n);
}

/* Does the probe ask the very address that is scraped, port included? Hosts behind one address
 * (port forwarding, several virtual machines) differ in nothing else. */
static bool same_address(const char *target, const char *probe)
{
    const char *start = strstr(probe, "://");
    size_t n = strlen(target);
    start = start ? start + 3 : probe;
    return n > 0 && strncasecmp(start, target, n) == 0 && strchr("/?", start[n]) != NULL &&
           strchr(target, ':') != NULL;
}

int prometheus_target_host(const struct prometheus_target *target, const struct fleet *fleet)
{
    char address[256], name[256], probe[256];
    int found = -1;
    host_part(target->address, address);
    for (int host = 0; host < fleet->n_hosts; host++) {
        if (same_address(target->address, fleet->hosts[host].probe))
            return host;
        host_part(fleet->hosts[host].name, name);
        host_part(fleet->hosts[host].probe, probe);
        if (found < 0 && (same_machine(address, name) || same_machine(address, probe)))
            found = host;
    }
    return found;
}
