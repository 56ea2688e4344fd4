#include "rules_compare.h"

#include "model/base/assert.h"
#include "model/base/units.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void rules_changes_fini(struct rules_changes *changes)
{
    for (int i = 0; i < changes->n; i++)
        free(changes->list[i].text);
    free(changes->list);
    *changes = (struct rules_changes){0};
}

static void add(struct rules_changes *changes, int before, int after, char *text)
{
    changes->list = realloc(changes->list, ((size_t)changes->n + 1) * sizeof *changes->list);
    UND_ASSERT(changes->list != NULL);
    changes->list[changes->n++] =
        (struct rules_change){.before = before, .after = after, .text = text};
}

/* Malloc'd. */
static char *text_of(const char *format, ...) __attribute__((format(printf, 1, 2)));
static char *text_of(const char *format, ...)
{
    va_list args;
    char *text = NULL;
    va_start(args, format);
    UND_ASSERT(vasprintf(&text, format, args) >= 0);
    va_end(args);
    return text;
}

/* --- words ----------------------------------------------------------------------------------- */

#define SHOWN 100 /* bytes of an expression in a change */

/* A list of differences, ", " between them. */
struct words {
    FILE *out;
    char *text;
    size_t size;
    int n;
};

static void begin(struct words *words)
{
    *words = (struct words){.n = 0};
    words->out = open_memstream(&words->text, &words->size);
    UND_ASSERT(words->out != NULL);
}

static void say(struct words *words, const char *what, const char *before, const char *after)
{
    if (strcmp(before, after) == 0)
        return;
    fprintf(words->out, "%s%s %.*s%s -> %.*s%s", words->n++ ? ", " : "", what, SHOWN, before,
            strlen(before) > SHOWN ? "..." : "", SHOWN, after, strlen(after) > SHOWN ? "..." : "");
}

static void say_duration(struct words *words, const char *what, int64_t before, int64_t after)
{
    char a[UNITS_TEXT], b[UNITS_TEXT];
    say(words, what, units_format_duration(before, a), units_format_duration(after, b));
}

static const char *value_of(const json_t *labels, const char *name)
{
    const char *value = json_string_value(json_object_get(labels, name));
    return value ? value : "none";
}

static void say_labels(struct words *words, const json_t *before, const json_t *after)
{
    json_t *all = json_copy((json_t *)before), *value;
    const char *name;
    json_object_update(all, (json_t *)after);
    json_object_foreach (all, name, value) {
        char what[128];
        bool severity = strcmp(name, "severity") == 0;
        snprintf(what, sizeof what, "%s%.100s", severity ? "" : "label ", name);
        if (strcmp(name, "alertname") != 0)
            say(words, what, value_of(before, name), value_of(after, name));
    }
    json_decref(all);
}

static void say_expression(struct words *words, const struct rule_set *a, int i,
                           const struct rule_set *b, int j)
{
    const struct rule *before = &a->rules[i], *after = &b->rules[j];
    bool same_signal = a->sources[i].mapped && b->sources[j].mapped &&
                       before->signal == after->signal && before->below == after->below;
    char from[48], to[48];
    int n = words->n;
    if (strcmp(a->sources[i].expr, b->sources[j].expr) == 0)
        return;
    if (same_signal) {
        snprintf(from, sizeof from, "%g%%", (double)before->threshold_pm / 10);
        snprintf(to, sizeof to, "%g%%", (double)after->threshold_pm / 10);
        say(words, "threshold", from, to);
        say_duration(words, "window", before->window_ms, after->window_ms);
    }
    if (words->n == n)
        say(words, "expression", a->sources[i].expr, b->sources[j].expr);
}

/* "" if they say the same. Malloc'd. */
static char *describe(const struct rule_set *a, int i, const struct rule_set *b, int j)
{
    const struct rule *before = &a->rules[i], *after = &b->rules[j];
    struct words words;
    begin(&words);
    say(&words, "renamed", a->sources[i].name, b->sources[j].name);
    say(&words, "group", a->sources[i].group, b->sources[j].group);
    say_expression(&words, a, i, b, j);
    say_duration(&words, "for", before->for_ms, after->for_ms);
    say_duration(&words, "keep_firing_for", before->keep_firing_ms, after->keep_firing_ms);
    say_duration(&words, "interval", before->interval_ms, after->interval_ms);
    say_labels(&words, a->sources[i].labels, b->sources[j].labels);
    fclose(words.out);
    UND_ASSERT(words.text != NULL);
    return words.text;
}

/* --- pairs ----------------------------------------------------------------------------------- */

enum pass { PASS_EQUAL, PASS_SEVERITY, PASS_GROUP, PASS_MOVED, PASS_NAME, PASS_RENAMED, PASSES };

/* What two rules have to share to be a pair in this pass. Malloc'd. */
static char *key_of(const struct rule_set *set, int i, enum pass pass)
{
    const struct rule *rule = &set->rules[i];
    const struct rule_source *source = &set->sources[i];
    const char *severity = value_of(source->labels, "severity");
    char *labels, *text;
    json_t *others;
    switch (pass) {
    case PASS_EQUAL:
        labels = json_dumps(source->labels, JSON_COMPACT | JSON_SORT_KEYS);
        text = text_of("%s\n%s\n%s\n%lld %lld %lld\n%s", source->group, source->name, source->expr,
                       (long long)rule->for_ms, (long long)rule->keep_firing_ms,
                       (long long)rule->interval_ms, labels);
        free(labels);
        return text;
    case PASS_SEVERITY:
        return text_of("%s\n%s\n%s", source->group, source->name, severity);
    case PASS_GROUP:
        return text_of("%s\n%s", source->group, source->name);
    case PASS_MOVED:
        return text_of("%s\n%s", source->name, severity);
    case PASS_NAME:
        return text_of("%s", source->name);
    case PASS_RENAMED:
        others = json_copy(source->labels);
        json_object_del(others, "alertname");
        labels = json_dumps(others, JSON_COMPACT | JSON_SORT_KEYS);
        text = text_of("%s\n%s\n%lld", source->expr, labels, (long long)rule->for_ms);
        free(labels);
        json_decref(others);
        return text;
    case PASSES:
        break;
    }
    UND_UNREACHABLE();
}

/* Pairs what is left; pair_of[i] and taken[j] are filled. */
static void run_pass(const struct rule_set *a, const struct rule_set *b, enum pass pass,
                     int *pair_of, bool *taken)
{
    json_t *waiting = json_object(); /* key -> list of b's rules, in order */
    for (int j = 0; j < b->n; j++) {
        char *key = taken[j] ? NULL : key_of(b, j, pass);
        json_t *list = key ? json_object_get(waiting, key) : NULL;
        if (key && !list) {
            list = json_array();
            json_object_set_new(waiting, key, list);
        }
        if (key)
            json_array_append_new(list, json_integer(j));
        free(key);
    }
    for (int i = 0; i < a->n; i++) {
        char *key = pair_of[i] >= 0 ? NULL : key_of(a, i, pass);
        json_t *list = key ? json_object_get(waiting, key) : NULL;
        if (json_array_size(list) > 0) {
            pair_of[i] = (int)json_integer_value(json_array_get(list, 0));
            taken[pair_of[i]] = true;
            json_array_remove(list, 0);
        }
        free(key);
    }
    json_decref(waiting);
}

static void compare_alerts(struct rules_changes *changes, const struct rule_set *a,
                           const struct rule_set *b)
{
    int *pair_of = malloc(((size_t)a->n + 1) * sizeof *pair_of);
    bool *taken = calloc((size_t)b->n + 1, sizeof *taken);
    UND_ASSERT(pair_of && taken);
    for (int i = 0; i < a->n; i++)
        pair_of[i] = -1;
    for (int pass = 0; pass < PASSES; pass++)
        run_pass(a, b, (enum pass)pass, pair_of, taken);
    for (int i = 0; i < a->n; i++) {
        char *difference = pair_of[i] >= 0 ? describe(a, i, b, pair_of[i]) : NULL;
        if (!difference)
            add(changes, i, -1, text_of("%s: gone", a->sources[i].name));
        else if (*difference)
            add(changes, i, pair_of[i], text_of("%s: %s", b->sources[pair_of[i]].name, difference));
        free(difference);
    }
    for (int j = 0; j < b->n; j++) {
        if (!taken[j])
            add(changes, -1, j, text_of("%s: new", b->sources[j].name));
    }
    free(pair_of);
    free(taken);
}

/* --- recording rules ------------------------------------------------------------------------- */

/* Those of one name and group as one text; how many there are of a name and group matters. */
static json_t *by_name(const json_t *recorded)
{
    json_t *names = json_object(), *item;
    size_t i;
    json_array_foreach ((json_t *)recorded, i, item) {
        const char *name = json_string_value(json_object_get(item, "record"));
        json_t *list = json_object_get(names, name);
        if (!list) {
            list = json_array();
            json_object_set_new(names, name, list);
        }
        json_array_append(list, item);
    }
    return names;
}

static void compare_records(struct rules_changes *changes, const struct rule_set *before,
                            const struct rule_set *after)
{
    json_t *a = by_name(before->recorded), *b = by_name(after->recorded), *list;
    const char *name;
    json_object_foreach (a, name, list) {
        json_t *now = json_object_get(b, name);
        if (!now)
            add(changes, -1, -1, text_of("recording rule %s: gone", name));
        else if (!json_equal(list, now))
            add(changes, -1, -1, text_of("recording rule %s: changed", name));
    }
    json_object_foreach (b, name, list) {
        if (!json_object_get(a, name))
            add(changes, -1, -1, text_of("recording rule %s: new", name));
    }
    json_decref(a);
    json_decref(b);
}

void rules_compare(struct rules_changes *changes, const struct rule_set *before,
                   const struct rule_set *after)
{
    *changes = (struct rules_changes){0};
    compare_alerts(changes, before, after);
    compare_records(changes, before, after);
}
