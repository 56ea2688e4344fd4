#include "monitoring_files.h"

#include "model/base/assert.h"
#include "model/base/suggest.h"
#include "model/rules/prom_doc.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static enum und_code refuse_ignored(const struct spot *spot, const char *got,
                                    const struct rule_set *set, struct und_err *err)
{
    size_t n = json_object_size(set->seen), i = 0;
    const char **names = calloc(n + 1, sizeof *names), *name, *near;
    char shown[DOC_SHOWN];
    json_t *seen;
    UND_ASSERT(names != NULL);
    json_object_foreach (set->seen, name, seen)
        names[i++] = name;
    near = suggest_nearest(got, names);
    free(names);
    return doc_fail(spot, err, "got %s, want an alert of the rule files%s%.*s%s",
                    doc_show_text(got, shown), near ? "; did you mean " : "", FLEET_NAME,
                    near ? near : "", near ? "?" : "");
}

enum und_code monitoring_files_none(struct doc *doc, const json_t *ignored, struct und_err *err)
{
    const json_t *first = json_array_get(ignored, 0);
    struct spot spot = doc_item(doc, ignored, 0, "ignore");
    char shown[DOC_SHOWN];
    if (!json_is_string(first))
        return UND_OK; /* none; or what is no name is refused later */
    return doc_fail(&spot, err, "got %s, want an alert of the rule files, and there are none",
                    doc_show_text(json_string_value(first), shown));
}

enum und_code monitoring_files_ignored(struct doc *doc, const json_t *ignored,
                                       const struct rule_set *set, struct und_err *err)
{
    json_t *item;
    size_t i;
    json_array_foreach ((json_t *)ignored, i, item) {
        struct spot spot = doc_item(doc, ignored, i, "ignore");
        if (json_is_string(item) && !json_object_get(set->seen, json_string_value(item)))
            return refuse_ignored(&spot, json_string_value(item), set, err);
    }
    return UND_OK;
}

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return strcmp(a, b) == 0 ||
           (stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino);
}

enum und_code monitoring_files_edited(struct doc *doc, json_t *monitoring, json_t *paths,
                                      bool *edited_out, struct und_err *err)
{
    const json_t *edited = json_object_get(monitoring, "edited");
    struct spot spot = doc_member(doc, monitoring, "edited");
    json_t *as = json_object_get(edited, "as"), *path, *file;
    bool found = false;
    size_t i, j;
    if (!prom_has(monitoring, "edited"))
        return UND_OK;
    if (!json_is_object(edited) || (as && !json_is_string(as)))
        return doc_fail(&spot, err, "want {files: [FILE, FILE], as: FILE}");
    json_array_foreach (paths, i, path) {
        json_array_foreach (json_object_get(edited, "files"), j, file) {
            if (!json_is_string(file) ||
                !same_file(json_string_value(path), json_string_value(file)))
                continue;
            json_array_set(paths, i, as);
            found = true;
            break;
        }
    }
    if (!found && as) {
        json_array_clear(paths);
        json_array_append(paths, as);
    }
    json_object_del(monitoring, "edited");
    *edited_out = true;
    return UND_OK;
}
