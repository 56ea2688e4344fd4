#include "relabel.h"
#include "relabel_hash.h"

#include "model/base/assert.h"
#include "model/base/regex.h"
#include "model/promql/promql.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WORD "0123456789_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

enum action {
    ACTION_REPLACE,
    ACTION_KEEP,
    ACTION_DROP,
    ACTION_KEEPEQUAL,
    ACTION_DROPEQUAL,
    ACTION_HASHMOD,
    ACTION_LABELMAP,
    ACTION_LABELDROP,
    ACTION_LABELKEEP,
    ACTION_LOWERCASE,
    ACTION_UPPERCASE,
    ACTIONS
};

static const char *const action_words[ACTIONS] = {"replace",   "keep",      "drop",     "keepequal",
                                                  "dropequal", "hashmod",   "labelmap", "labeldrop",
                                                  "labelkeep", "lowercase", "uppercase"};

struct step {
    enum action action;
    json_t *source; /* owned: list of names */
    char *separator, *target, *replacement;
    struct regex *regex;
    uint64_t modulus;
    enum promql_version version;
};

struct relabel {
    struct step *steps;
    size_t n;
};

void relabel_free(struct relabel *relabel)
{
    if (!relabel)
        return;
    for (size_t i = 0; i < relabel->n; i++) {
        struct step *step = &relabel->steps[i];
        json_decref(step->source);
        free(step->separator);
        free(step->target);
        free(step->replacement);
        regex_close(step->regex);
    }
    free(relabel->steps);
    free(relabel);
}

/* --- reading --------------------------------------------------------------------------------- */

static enum und_code read_action(const struct prom_reader *reader, const json_t *mapping,
                                 struct step *step)
{
    struct spot spot = doc_member(reader->doc, mapping, "action");
    const char *text;
    int action = ACTION_REPLACE;
    if (prom_string(reader, mapping, "action", &text))
        return UND_USAGE;
    while (*text && action < ACTIONS && strcasecmp(text, action_words[action]) != 0)
        action++;
    if (action == ACTIONS)
        return doc_fail(&spot, reader->err, "got '%.60s', want an action of relabeling", text);
    step->action = (enum action)action;
    return UND_OK;
}

static enum und_code read_regex(const struct prom_reader *reader, const json_t *mapping,
                                struct step *step)
{
    struct spot spot = doc_member(reader->doc, mapping, "regex");
    const char *text;
    char why[REGEX_WHY];
    if (prom_string(reader, mapping, "regex", &text))
        return UND_USAGE;
    step->regex = regex_open(prom_has(mapping, "regex") ? text : "(.*)", false, why);
    return step->regex ? UND_OK
                       : doc_fail(&spot, reader->err, "got '%.60s', want a regular expression: %s",
                                  text, why);
}

/* Given, and not what it would be anyway: files that programs write have every default in them. */
static bool differs(const json_t *mapping, const char *key, const char *fallback)
{
    const char *given = json_string_value(json_object_get(mapping, key));
    return given && strcmp(given, fallback) != 0;
}

/* A label's name with $1, ${1} or ${name} in it; from version 3 on any text. */
static bool is_target(enum promql_version version, const char *text)
{
    const char *at = text;
    bool any = *text != '\0' && (version == PROMQL_3 || !isdigit((unsigned char)*text));
    while (any && *at && version != PROMQL_3) {
        size_t braced = at[0] == '$' && at[1] == '{' ? 2 : 0, dollar = at[0] == '$' && !braced;
        size_t n = strspn(at + braced + dollar, WORD);
        any = n > 0 && (!braced || at[braced + n] == '}');
        at += braced + dollar + n + (braced > 0);
    }
    return any;
}

/* What an action cannot do without, and what it cannot be given. */
static enum und_code check_step(const struct prom_reader *reader, const json_t *mapping,
                                const struct spot *spot, const struct step *step)
{
    bool only_regex = step->action == ACTION_LABELDROP || step->action == ACTION_LABELKEEP;
    bool only_labels = step->action == ACTION_KEEPEQUAL || step->action == ACTION_DROPEQUAL;
    bool cased = step->action == ACTION_LOWERCASE || step->action == ACTION_UPPERCASE;
    bool target =
        cased || only_labels || step->action == ACTION_REPLACE || step->action == ACTION_HASHMOD;
    bool others = differs(mapping, "separator", ";") || differs(mapping, "replacement", "$1") ||
                  step->modulus != 0;
    const char *word = action_words[step->action];
    if (target && step->target[0] == '\0')
        return doc_fail(spot, reader->err, "%s without a target_label", word);
    if (target && !is_target(step->version, step->target))
        return doc_fail(spot, reader->err, "target_label: got '%.60s', want a label's name",
                        step->target);
    if (step->action == ACTION_LABELMAP && !is_target(step->version, step->replacement))
        return doc_fail(spot, reader->err, "replacement: got '%.60s', want a label's name",
                        step->replacement);
    if (step->action == ACTION_HASHMOD && step->modulus == 0)
        return doc_fail(spot, reader->err, "hashmod without a modulus");
    if (step->action == ACTION_HASHMOD && !relabel_hash_open())
        return doc_fail(spot, reader->err, "hashmod: got no MD5 from OpenSSL's libcrypto");
    if (cased && differs(mapping, "replacement", "$1"))
        return doc_fail(spot, reader->err, "%s takes no replacement", word);
    if (only_labels && (differs(mapping, "regex", "(.*)") || others))
        return doc_fail(spot, reader->err, "%s takes source_labels and target_label only", word);
    if (only_regex && (json_array_size(step->source) > 0 || step->target[0] || others))
        return doc_fail(spot, reader->err, "%s takes a regex only", word);
    return UND_OK;
}

static char *copy_text(const json_t *mapping, const char *key, const char *fallback)
{
    const char *given = json_string_value(json_object_get(mapping, key));
    char *copy = strdup(given ? given : fallback);
    UND_ASSERT(copy != NULL);
    return copy;
}

static enum und_code read_step(const struct prom_reader *reader, const json_t *mapping,
                               const struct spot *spot, struct step *step)
{
    static const char *const keys[] = {"source_labels", "separator",   "target_label", "regex",
                                       "modulus",       "replacement", "action",       NULL};
    const char *modulus;
    json_t *list, *name;
    size_t i;
    if (prom_mapping(reader, mapping, spot, keys, NULL) || read_action(reader, mapping, step) ||
        prom_list(reader, mapping, "source_labels", &list) || read_regex(reader, mapping, step) ||
        prom_string(reader, mapping, "modulus", &modulus))
        return UND_USAGE;
    step->source = list ? json_incref(list) : json_array();
    json_array_foreach (step->source, i, name) {
        struct spot at = doc_item(reader->doc, step->source, i, "source_labels");
        if (!json_is_string(name) || !prom_is_label(reader->version, json_string_value(name)))
            return doc_fail(&at, reader->err, "want a label's name");
    }
    step->version = reader->version;
    step->modulus = strtoull(modulus, NULL, 10);
    step->separator = copy_text(mapping, "separator", ";");
    step->target = copy_text(mapping, "target_label", "");
    step->replacement = copy_text(mapping, "replacement", "$1");
    return check_step(reader, mapping, spot, step);
}

enum und_code relabel_read(const struct prom_reader *reader, const json_t *mapping, const char *key,
                           struct relabel **out)
{
    struct relabel *relabel;
    json_t *list, *item;
    size_t i;
    *out = NULL;
    if (prom_list(reader, mapping, key, &list))
        return UND_USAGE;
    if (json_array_size(list) == 0)
        return UND_OK;
    relabel = calloc(1, sizeof *relabel);
    UND_ASSERT(relabel != NULL);
    relabel->steps = calloc(json_array_size(list), sizeof *relabel->steps);
    UND_ASSERT(relabel->steps != NULL);
    json_array_foreach (list, i, item) {
        struct spot spot = doc_item(reader->doc, list, i, key);
        relabel->n++;
        if (read_step(reader, item, &spot, &relabel->steps[i]) == UND_OK)
            continue;
        relabel_free(relabel);
        return UND_USAGE;
    }
    *out = relabel;
    return UND_OK;
}

/* --- applying -------------------------------------------------------------------------------- */

static void set(json_t *labels, const char *name, const char *value)
{
    if (*value)
        json_object_set_new(labels, name, json_string(value));
    else
        json_object_del(labels, name);
}

static const char *get(const json_t *labels, const char *name)
{
    const char *value = json_string_value(json_object_get(labels, name));
    return value ? value : "";
}

/* The values of the source labels with the separator between them, the caller's to free. */
static char *join(const struct step *step, const json_t *labels)
{
    size_t i, n = 1;
    json_t *name;
    char *out, *end;
    json_array_foreach (step->source, i, name)
        n += strlen(get(labels, json_string_value(name))) + strlen(step->separator);
    out = end = malloc(n);
    UND_ASSERT(out != NULL);
    *out = '\0';
    json_array_foreach (step->source, i, name)
        end =
            stpcpy(stpcpy(end, i > 0 ? step->separator : ""), get(labels, json_string_value(name)));
    return out;
}

static void replace(const struct step *step, json_t *labels, const char *value)
{
    char *target = NULL, *text = NULL;
    if (regex_expand(step->regex, value, step->target, &target) &&
        prom_is_label(step->version, target) &&
        regex_expand(step->regex, value, step->replacement, &text))
        set(labels, target, text);
    free(target);
    free(text);
}

static void hashmod(const struct step *step, json_t *labels, const char *value)
{
    char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)(relabel_hash(value) % step->modulus));
    set(labels, step->target, text);
}

/* labelmap, labeldrop and labelkeep look at names. */
static void by_name(const struct step *step, json_t *labels)
{
    json_t *before = json_copy(labels), *value;
    const char *name;
    json_object_foreach (before, name, value) {
        bool matches = regex_matches(step->regex, name);
        char *target = NULL;
        if (step->action != ACTION_LABELMAP && matches == (step->action == ACTION_LABELDROP))
            json_object_del(labels, name);
        else if (step->action == ACTION_LABELMAP &&
                 regex_expand(step->regex, name, step->replacement, &target))
            set(labels, target, json_string_value(value));
        free(target);
    }
    json_decref(before);
}

static void change_case(const struct step *step, json_t *labels, char *value)
{
    for (char *c = value; *c; c++)
        *c = (char)(step->action == ACTION_LOWERCASE ? tolower((unsigned char)*c)
                                                     : toupper((unsigned char)*c));
    set(labels, step->target, value);
}

static bool act(const struct step *step, json_t *labels, char *value)
{
    switch (step->action) {
    case ACTION_KEEP:
        return regex_matches(step->regex, value);
    case ACTION_DROP:
        return !regex_matches(step->regex, value);
    case ACTION_KEEPEQUAL:
        return strcmp(value, get(labels, step->target)) == 0;
    case ACTION_DROPEQUAL:
        return strcmp(value, get(labels, step->target)) != 0;
    case ACTION_REPLACE:
        replace(step, labels, value);
        return true;
    case ACTION_HASHMOD:
        hashmod(step, labels, value);
        return true;
    case ACTION_LABELMAP:
    case ACTION_LABELDROP:
    case ACTION_LABELKEEP:
        by_name(step, labels);
        return true;
    case ACTION_LOWERCASE:
    case ACTION_UPPERCASE:
        change_case(step, labels, value);
        return true;
    case ACTIONS:
        break;
    }
    return true;
}

static bool apply(const struct step *step, json_t *labels)
{
    char *value = join(step, labels);
    bool kept = act(step, labels, value);
    free(value);
    return kept;
}

bool relabel_apply(const struct relabel *relabel, json_t *labels)
{
    for (size_t i = 0; relabel && i < relabel->n; i++) {
        if (!apply(&relabel->steps[i], labels))
            return false;
    }
    return true;
}
