#include "loader.h"
#include "model/file/csv.h"
#include "model/file/spec.h"
#include "monitoring_expand.h"
#include "targets_expand.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHAIN 8 /* fleet files, one naming the next */

struct loader {
    struct doc doc;
    struct spec spec;
    json_t *root;
    char *visited[CHAIN + 1]; /* real paths, the scenario's first; owned */
    char shown[CHAIN + 1][DOC_PATH];
    int n_visited;
    struct und_err *err;
};

/* --- fleet files --- */

static enum und_code refuse_cycle(struct loader *loader, int first, const char *path,
                                  const struct spot *spot)
{
    char cycle[400] = "";
    size_t n = 0;
    int i;
    for (i = first; i < loader->n_visited && n < sizeof cycle; i++)
        n += (size_t)snprintf(cycle + n, sizeof cycle - n, "%s -> ", loader->shown[i]);
    return doc_fail(spot, loader->err, "files that name each other: %s%s", cycle, path);
}

/* Remembers `path`, unless that closes a cycle or the chain is too long. */
static enum und_code visit(struct loader *loader, const char *path, const struct spot *spot)
{
    char *real = realpath(path, NULL);
    int i;
    for (i = 0; real != NULL && i < loader->n_visited; i++) {
        if (loader->visited[i] != NULL && strcmp(real, loader->visited[i]) == 0) {
            free(real);
            return refuse_cycle(loader, i, path, spot);
        }
    }
    if (loader->n_visited == CHAIN + 1) {
        free(real);
        return doc_fail(spot, loader->err, "more than %d fleet files, one naming the next", CHAIN);
    }
    snprintf(loader->shown[loader->n_visited], DOC_PATH, "%s", path);
    loader->visited[loader->n_visited++] = real;
    return UND_OK;
}

/* Puts what the fleet file says in the place of its path. */
static enum und_code replace_path(struct loader *loader)
{
    struct spot spot = doc_member(&loader->doc, loader->root, "fleet"), inner;
    char path[DOC_PATH];
    json_t *file = NULL, *fleet;
    enum und_code code = UND_USAGE;
    if (doc_relative(&spot, json_string_value(json_object_get(loader->root, "fleet")), path,
                     loader->err) != UND_OK)
        return UND_USAGE;
    if (visit(loader, path, &spot) != UND_OK ||
        doc_load(&loader->doc, path, &file, loader->err) != UND_OK)
        return UND_USAGE;
    fleet = json_object_get(file, "fleet");
    inner = doc_root(&loader->doc, file);
    if (fleet == NULL)
        doc_fail(&inner, loader->err, "want a fleet file: its one key is fleet, all else is below");
    else if (spec_check_keys(&loader->spec, &spec_fleet_file, file) == UND_OK) {
        inner = doc_member(&loader->doc, file, "fleet");
        doc_place(&loader->doc, loader->root, "fleet", &inner);
        json_object_set(loader->root, "fleet", fleet);
        code = UND_OK;
    }
    json_decref(file);
    return code;
}

static enum und_code resolve_fleet(struct loader *loader)
{
    while (json_is_string(json_object_get(loader->root, "fleet")))
        if (replace_path(loader) != UND_OK)
            return UND_USAGE;
    return UND_OK;
}

/* --- overrides --- */

/* One step of the path of an override: where a value is, or shall be. */
struct step {
    json_t *parent;
    char key[128];
    size_t index; /* in a list */
};

static json_t *value_at(const struct step *step)
{
    return json_is_array(step->parent) ? json_array_get(step->parent, step->index)
                                       : json_object_get(step->parent, step->key);
}

static void put(struct loader *loader, const struct step *step, json_t *value,
                const struct spot *spot)
{
    if (json_is_array(step->parent) && json_is_null(value)) {
        json_array_remove(step->parent, step->index); /* taken out */
        json_decref(value);
    } else if (json_is_array(step->parent)) {
        if (step->index == json_array_size(step->parent))
            json_array_append_new(step->parent, value);
        else
            json_array_set_new(step->parent, step->index, value);
        doc_place_item(&loader->doc, step->parent, step->index, spot);
    } else {
        json_object_set_new(step->parent, step->key, value);
        doc_place(&loader->doc, step->parent, step->key, spot);
    }
}

/* Length of the item's name if `path` begins with it (names may hold dots), else 0. */
static size_t names_item(const json_t *item, const char *path)
{
    static const char *const keys[] = {"name", "alert", "metric", "kind"};
    size_t i;
    for (i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char *name = json_string_value(json_object_get(item, keys[i]));
        size_t n = name != NULL ? strlen(name) : 0;
        if (n > 0 && strncmp(path, name, n) == 0 && (path[n] == '.' || path[n] == '\0'))
            return n;
    }
    return 0;
}

/* The item of the list that `path` begins with, by number or name; what was read of path, or 0. A
 * whole one may be added at the end. */
static size_t find_item(struct step *step, const char *path)
{
    size_t n = strspn(path, "0123456789");
    json_t *item;
    if (n > 0 && n < 6 && (path[n] == '.' || path[n] == '\0')) {
        step->index = strtoul(path, NULL, 10);
        return step->index < json_array_size(step->parent) + (path[n] == '\0') ? n : 0;
    }
    json_array_foreach (step->parent, step->index, item) {
        if ((n = names_item(item, path)) > 0)
            return n;
    }
    return 0;
}

/* Reads one step off *path. */
static enum und_code take_step(struct loader *loader, struct step *step, const char **path,
                               const struct spot *spot)
{
    size_t n = strcspn(*path, ".");
    char shown[DOC_SHOWN];
    if (n == 0 || n >= sizeof step->key)
        return doc_fail(spot, loader->err, "want a path such as fleet.policy.persist");
    snprintf(step->key, sizeof step->key, "%.*s", (int)n, *path);
    if (json_is_array(step->parent)) {
        if ((n = find_item(step, *path)) == 0)
            return doc_fail(spot, loader->err, "no item %s in a list of %zu",
                            doc_show_text(step->key, shown), json_array_size(step->parent));
    } else if (!json_is_object(step->parent)) {
        return doc_fail(spot, loader->err, "%s: nothing can be below a plain value",
                        doc_show_text(step->key, shown));
    }
    *path += n;
    if (**path == '.' && (*path)[1] == '\0')
        return doc_fail(spot, loader->err, "the path ends with a dot");
    *path += **path == '.';
    return UND_OK;
}

/* Takes `value`. */
static enum und_code put_at_path(struct loader *loader, const char *path, json_t *value,
                                 const struct spot *spot)
{
    struct step step = {.parent = loader->root};
    for (;;) {
        json_t *below;
        if (take_step(loader, &step, &path, spot) != UND_OK)
            break;
        if (*path == '\0') {
            if (json_is_null(value) && json_is_array(step.parent) && value_at(&step) == NULL) {
                doc_fail(spot, loader->err, "no item %s in a list of %zu", step.key,
                         json_array_size(step.parent));
                break;
            }
            put(loader, &step, value, spot);
            return UND_OK;
        }
        if (step.parent == loader->root && strcmp(step.key, "fleet") == 0 &&
            resolve_fleet(loader) != UND_OK)
            break;
        /* Into a rule or a job, which may stand in a file of its own. */
        if (step.parent == json_object_get(loader->root, "fleet") &&
            strcmp(step.key, "monitoring") == 0 && strchr(path, '.') &&
            monitoring_expand(&loader->doc, step.parent, loader->err) != UND_OK)
            break;
        if ((below = value_at(&step)) == NULL || json_is_null(below)) {
            below = json_object();
            put(loader, &step, below, spot);
        }
        step.parent = below;
    }
    json_decref(value);
    return UND_USAGE;
}

static enum und_code apply_set(struct loader *loader, const char *set)
{
    const char *equals = strchr(set, '=');
    char name[160], shown[DOC_SHOWN], path[256];
    struct spot spot;
    json_t *value;
    snprintf(name, sizeof name, "--set %s", doc_show_text(set, shown));
    if (equals == NULL || equals == set || equals - set >= (int)sizeof path)
        return und_fail(loader->err, UND_USAGE, "%s: want path=value", name);
    snprintf(path, sizeof path, "%.*s", (int)(equals - set), set);
    if (doc_parse(&loader->doc, DOC_ARGUMENT, name, equals + 1, strlen(equals + 1), &value,
                  loader->err) != UND_OK)
        return UND_USAGE;
    spot = doc_root(&loader->doc, value);
    return put_at_path(loader, path, value, &spot);
}

/* The file's own, before those of the command line. */
static enum und_code apply_own_sets(struct loader *loader)
{
    json_t *sets = json_incref(json_object_get(loader->root, "set")), *set;
    enum und_code code = UND_OK;
    size_t i;
    json_array_foreach (sets, i, set) {
        json_incref(set); /* it may take itself out of the list */
        if (json_is_string(set) && code == UND_OK)
            code = apply_set(loader, json_string_value(set));
        json_decref(set);
    }
    json_decref(sets);
    return code;
}

/* --- scenarios --- */

/* "primary-os-crash" of "scenarios/primary-os-crash.yaml" */
static void name_after_file(char name[FLEET_NAME], const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    size_t n = strcspn(base, ".");
    snprintf(name, FLEET_NAME, "%.*s", (int)(n > 0 ? n : strlen(base)), base);
}

/* From loader->root. */
static enum und_code read_scenario(struct loader *loader, struct scenario *scenario,
                                   const char *path, const char *const *sets, int n_sets)
{
    struct spot spot = doc_root(&loader->doc, loader->root);
    json_t *fleet;
    int i;
    if (!json_is_object(loader->root))
        return spec_refuse(&loader->spec, &spot, loader->root, "a mapping with the key fleet");
    if (visit(loader, path, &spot) != UND_OK)
        return UND_USAGE;
    if (apply_own_sets(loader) != UND_OK)
        return UND_USAGE;
    for (i = 0; i < n_sets; i++)
        if (apply_set(loader, sets[i]) != UND_OK)
            return UND_USAGE;
    if (resolve_fleet(loader) != UND_OK)
        return UND_USAGE;
    fleet = json_object_get(loader->root, "fleet");
    if (monitoring_expand(&loader->doc, fleet, loader->err) != UND_OK) {
        if (!und_note(loader->err))
            return UND_USAGE;
        /* Half of it is in place: what else is said of it would only follow from that. */
        json_object_del(fleet, "monitoring");
        json_object_del(fleet, "alertmanager");
    }
    snprintf(scenario->path, sizeof scenario->path, "%s", path);
    snprintf(scenario->fleet.path, sizeof scenario->fleet.path, "%s",
             doc_member(&loader->doc, loader->root, "fleet").file);
    name_after_file(scenario->name, path);
    if (spec_read(&loader->spec, &spec_scenario, scenario, loader->root, &spot) != UND_OK ||
        und_settle(loader->err) != UND_OK)
        return UND_USAGE;
    return alertmanager_resolve(&loader->doc, fleet, &scenario->fleet, loader->err);
}

/* Zeroes what is not zero. The tables of a scenario are sized by ceilings, and fresh memory that is
 * only read takes no room. */
static void clear(struct scenario *scenario)
{
    static const char zeros[4096];
    char *at = (char *)scenario, *end = at + sizeof *scenario;
    for (; at < end; at += sizeof zeros) {
        size_t n = (size_t)(end - at) < sizeof zeros ? (size_t)(end - at) : sizeof zeros;
        if (memcmp(at, zeros, n) != 0)
            memset(at, 0, n);
    }
}

static void start(struct loader *loader, struct scenario *scenario, struct und_err *err)
{
    clear(scenario);
    *loader = (struct loader){.err = err};
    doc_init(&loader->doc);
    loader->spec = (struct spec){&loader->doc, err, scenario, &scenario->fleet, false};
}

static enum und_code finish(struct loader *loader, struct scenario *scenario, enum und_code code)
{
    json_decref(loader->root);
    while (loader->n_visited > 0)
        free(loader->visited[--loader->n_visited]);
    doc_fini(&loader->doc);
    if (code != UND_OK) {
        und_settle(loader->err);
        scenario_fini(scenario);
    }
    return code;
}

enum und_code scenario_load(struct scenario *scenario, const char *path, const char *const *sets,
                            int n_sets, struct und_err *err)
{
    struct loader loader;
    enum und_code code;
    start(&loader, scenario, err);
    code = doc_load(&loader.doc, path, &loader.root, err);
    if (code == UND_OK)
        code = read_scenario(&loader, scenario, path, sets, n_sets);
    return finish(&loader, scenario, code);
}

enum und_code scenario_parse(struct scenario *scenario, const char *name, const char *text,
                             size_t length, struct und_err *err)
{
    struct loader loader;
    enum und_code code;
    start(&loader, scenario, err);
    code = doc_parse(&loader.doc, DOC_FILE, name, text, length, &loader.root, err);
    if (code == UND_OK)
        code = read_scenario(&loader, scenario, name, NULL, 0);
    return finish(&loader, scenario, code);
}

void scenario_fini(struct scenario *scenario)
{
    int i;
    for (i = 0; i < scenario->n_faults; i++) {
        dist_fini(&scenario->faults[i].at);
        dist_fini(&scenario->faults[i].lasts);
        dist_fini(&scenario->faults[i].every);
        dist_fini(&scenario->faults[i].up);
        dist_fini(&scenario->faults[i].down);
        dist_fini(&scenario->faults[i].delay);
    }
    for (i = 0; i < scenario->drill.n_inject; i++) {
        dist_fini(&scenario->drill.inject[i].undo_takes);
    }
    fleet_fini(&scenario->fleet);
    clear(scenario);
}

/* A fleet file alone is a scenario without anything else. */
enum und_code fleet_load(struct fleet *fleet, const char *path, const char *const *sets, int n_sets,
                         struct und_err *err)
{
    struct scenario *scenario = malloc(sizeof *scenario);
    enum und_code code;
    if (scenario == NULL)
        return und_fail(err, UND_USAGE, "%s: out of memory", path);
    code = scenario_load(scenario, path, sets, n_sets, err);
    if (code == UND_OK) {
        *fleet = scenario->fleet;
        memset(&scenario->fleet, 0, sizeof scenario->fleet);
        scenario_fini(scenario);
    }
    free(scenario);
    return code;
}

void fleet_fini(struct fleet *fleet)
{
    struct dist *dists[] = {
        &fleet->workload.arrivals.interval,
        &fleet->workload.queue.patience,
        &fleet->github.pickup,
        &fleet->github.offline_after,
        &fleet->github.sweep,
        &fleet->github.api_latency,
        &fleet->controller.manual_repair,
    };
    size_t i;
    int n;
    for (i = 0; i < sizeof dists / sizeof dists[0]; i++)
        dist_fini(dists[i]);
    for (n = 0; n < fleet->n_hosts; n++) {
        dist_fini(&fleet->hosts[n].mtbf);
        dist_fini(&fleet->hosts[n].mttr);
    }
    for (n = 0; n < fleet->workload.n_classes; n++)
        dist_fini(&fleet->workload.classes[n].duration);
    csv_trace_fini(&fleet->workload.arrivals.trace);
    for (n = 0; n < fleet->alertmanager.n_inhibitions; n++)
        free(fleet->alertmanager.inhibitions[n].alert);
    free(fleet->alertmanager.inhibitions);
    free(fleet->alertmanager.routes);
    free(fleet->alertmanager.route_of);
    free(fleet->alertmanager.group_of);
    free(fleet->monitoring.rules);
    for (n = 0; n < fleet->monitoring.n_series; n++) {
        free(fleet->monitoring.series[n].name);
        free(fleet->monitoring.series[n].expr);
        free(fleet->monitoring.series[n].labels);
    }
    free(fleet->monitoring.series);
    targets_fini(&fleet->monitoring);
    memset(fleet, 0, sizeof *fleet);
}

json_t *loader_schema(void)
{
    return spec_schema(&spec_scenario);
}

/* Where a file cannot even be parsed: does a line of it begin as a scenario's would? */
static bool names_a_fleet(const char *path)
{
    FILE *file = fopen(path, "r");
    char line[256];
    bool names = file == NULL;
    while (file && !names && fgets(line, sizeof line, file)) {
        const char *c = line + strspn(line, " \t\"");
        names = strncmp(c, "fleet:", 6) == 0 || strncmp(c, "fleet\":", 7) == 0 ||
                strncmp(c, "faults:", 7) == 0 || strncmp(c, "expect:", 7) == 0;
    }
    if (file)
        fclose(file);
    return names;
}

/* What an earlier run printed (--format json, --prediction, --write-baseline) and somebody kept
 * beside its scenario. */
static bool is_result(const json_t *root)
{
    return json_is_integer(json_object_get(root, "version")) &&
           (json_is_string(json_object_get(root, "scenario")) ||
            json_is_string(json_object_get(root, "kind")) ||
            json_is_array(json_object_get(root, "results")));
}

/* A fleet file says only what it is; a scenario asks something of a fleet. A key of its own is
 * enough, so that a scenario with `fleat:` is not passed over. */
static bool asks_something(json_t *root)
{
    static const char *const own[] = {"duration", "warmup", "start",      "replications",
                                      "faults",   "expect", "documented", "drill"};
    size_t i;
    if (is_result(root))
        return false;
    for (i = 0; i < sizeof own / sizeof *own; i++)
        if (json_object_get(root, own[i]) != NULL)
            return true;
    return json_is_string(json_object_get(root, "fleet"));
}

bool loader_is_scenario(const char *path)
{
    struct und_err err = {0};
    struct doc doc;
    json_t *root = NULL;
    bool is;
    doc_init(&doc);
    if (doc_load(&doc, path, &root, &err) == UND_OK)
        is = asks_something(root);
    else
        is = names_a_fleet(path);
    json_decref(root);
    doc_fini(&doc);
    return is;
}
