#include "alert_template.h"

#include "model/base/assert.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Text between blanks, trimmed of them and of the dashes of {{- -}}. */
static void trim(const char **from, size_t *n)
{
    while (*n > 0 && (isspace((unsigned char)**from) || **from == '-')) {
        ++*from;
        --*n;
    }
    while (*n > 0 && (isspace((unsigned char)(*from)[*n - 1]) || (*from)[*n - 1] == '-'))
        --*n;
}

static bool is_word(const char *from, size_t n, const char *word)
{
    return strlen(word) == n && strncmp(from, word, n) == 0;
}

/* One function of a pipeline, in place. */
static bool apply(const char *name, size_t n, char *value)
{
    bool lower = is_word(name, n, "toLower"), upper = is_word(name, n, "toUpper");
    if (is_word(name, n, "stripPort")) {
        char *colon = strrchr(value, ':');
        if (colon)
            *colon = '\0';
        return true;
    }
    if (is_word(name, n, "title")) {
        for (char *c = value; *c; c++)
            *c = (char)(c == value || isspace((unsigned char)c[-1]) ? toupper((unsigned char)*c)
                                                                    : *c);
        return true;
    }
    for (char *c = value; *c && (lower || upper); c++)
        *c = (char)(lower ? tolower((unsigned char)*c) : toupper((unsigned char)*c));
    return lower || upper;
}

/* What stands between the braces; NULL if it is beyond us. */
static char *value_of(const char *from, size_t n, const json_t *labels)
{
    static const char *const prefixes[] = {"$labels.", ".Labels."};
    char name[256], *value = NULL;
    size_t length;
    trim(&from, &n);
    for (int i = 0; i < 2 && !value; i++) {
        size_t skip = strlen(prefixes[i]);
        if (n <= skip || strncmp(from, prefixes[i], skip) != 0)
            continue;
        for (length = 0; skip + length < n && (isalnum((unsigned char)from[skip + length]) ||
                                               from[skip + length] == '_');)
            length++;
        snprintf(name, sizeof name, "%.*s", (int)length, from + skip);
        const char *found = json_string_value(json_object_get(labels, name));
        value = strdup(found ? found : "");
        from += skip + length;
        n -= skip + length;
    }
    for (trim(&from, &n); value && n > 0; trim(&from, &n)) {
        bool pipe = *from == '|';
        from += pipe;
        n -= pipe;
        trim(&from, &n);
        for (length = 0; length < n && isalnum((unsigned char)from[length]);)
            length++;
        if (!pipe || !apply(from, length, value)) {
            free(value);
            return NULL;
        }
        from += length;
        n -= length;
    }
    return value;
}

/* Malloc'd. *whole is false where something was left as it stands. */
static char *expand(const char *text, const json_t *labels, bool *whole)
{
    char *out = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&out, &size);
    UND_ASSERT(to != NULL);
    *whole = true;
    while (*text) {
        const char *open = strstr(text, "{{"), *close = open ? strstr(open, "}}") : NULL;
        char *value;
        if (!close) {
            fputs(text, to);
            break;
        }
        fprintf(to, "%.*s", (int)(open - text), text);
        value = value_of(open + 2, (size_t)(close - open) - 2, labels);
        *whole &= value != NULL;
        if (value)
            fputs(value, to);
        else
            fprintf(to, "%.*s", (int)(close - open) + 2, open);
        free(value);
        text = close + 2;
    }
    fclose(to);
    UND_ASSERT(out != NULL);
    return out;
}

json_t *alert_template_labels(const json_t *series, const json_t *own, json_t *left)
{
    json_t *labels = json_copy((json_t *)series), *template;
    const char *name;
    json_object_foreach ((json_t *)own, name, template) {
        bool whole;
        char *text = expand(json_string_value(template), series, &whole);
        if (!whole && left)
            json_object_set_new(left, name, json_string(text));
        if (*text)
            json_object_set_new(labels, name, json_string(text));
        else
            json_object_del(labels, name);
        free(text);
    }
    return labels;
}
