/* libyaml's events into jansson values, under the ceilings of doc.h. */
#include "doc_internal.h"
#include "model/base/assert.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct reader {
    struct doc *doc;
    struct und_err *err;
    yaml_parser_t parser;
    json_t *anchors; /* name -> value, once it is complete: so no value can hold itself */
    const char *text;
    size_t length;
    int file;
    int has_lines; /* 1 or 0 */
};

/* --- Events into values --- */

static struct spot spot_at(const struct reader *reader, int line)
{
    struct spot spot = {.file = doc_file_name(reader->doc, reader->file)};
    spot.line = spot.key_line = line;
    return spot;
}

static int line_of(const struct reader *reader, const yaml_event_t *event)
{
    return reader->has_lines * ((int)event->start_mark.line + 1);
}

/* libyaml's readers give an offset, its scanner and parser a line. */
static enum und_code fail_parse(struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    size_t i, end = parser->problem_offset;
    struct spot spot = spot_at(reader, reader->has_lines * ((int)parser->problem_mark.line + 1));
    if (parser->error == YAML_READER_ERROR && reader->has_lines) {
        spot.line = 1;
        for (i = 0; i < end && i < reader->length; i++)
            spot.line += reader->text[i] == '\n';
    }
    if (parser->error == YAML_MEMORY_ERROR)
        return doc_fail(&spot, reader->err, "out of memory");
    return doc_fail(&spot, reader->err, "not YAML or JSON: %s%s%s",
                    parser->problem != NULL ? parser->problem : "unreadable",
                    parser->context != NULL ? " " : "",
                    parser->context != NULL ? parser->context : "");
}

static enum und_code next(struct reader *reader, yaml_event_t *event)
{
    if (yaml_parser_parse(&reader->parser, event))
        return UND_OK;
    memset(event, 0, sizeof *event);
    return fail_parse(reader);
}

/* The ceilings, for one more value. */
static enum und_code count(struct reader *reader, int line, int depth)
{
    struct spot spot = spot_at(reader, line);
    bool foreign = reader->doc->foreign;
    int deepest = foreign ? DOC_FOREIGN_DEPTH : DOC_DEPTH;
    size_t most = foreign ? DOC_FOREIGN_VALUES : DOC_VALUES;
    if (depth > deepest)
        return doc_fail(&spot, reader->err, "nested too deeply, want at most %d levels", deepest);
    if (++reader->doc->n_values > most)
        return doc_fail(&spot, reader->err, "too many values (aliases expanded), want at most %zu",
                        most);
    return UND_OK;
}

/* How much of a foreign document may come from aliases, as Go's YAML has it: nearly all of a small
 * one, a tenth of a large one. Checked with all the values that an alias stands for, a bomb is
 * refused before it has cost anything. */
static enum und_code check_aliased(struct reader *reader, int line, double more)
{
    struct spot spot = spot_at(reader, line);
    double n = (double)reader->doc->n_values + more, allowed = 0.99;
    double aliased = (double)reader->doc->n_aliased + more;
    if (n > 400000)
        allowed = n >= 4000000 ? 0.1 : 0.99 - 0.89 * (n - 400000) / 3600000;
    if (!reader->doc->foreign || aliased <= 100 || n <= 1000 || aliased / n <= allowed)
        return UND_OK;
    return doc_fail(&spot, reader->err, "document contains excessive aliasing");
}

static enum und_code count_aliased(struct reader *reader, int line)
{
    reader->doc->n_aliased++;
    return check_aliased(reader, line, 0);
}

/* A deep copy for an alias: overrides and positions must not reach the original. */
static json_t *copy(struct reader *reader, json_t *from, int line, int depth)
{
    json_t *to, *value;
    const char *key;
    size_t i;
    if (count(reader, line, depth) != UND_OK || count_aliased(reader, line) != UND_OK)
        return NULL;
    if (!json_is_object(from) && !json_is_array(from))
        return json_copy(from);
    to = json_is_object(from) ? json_object() : json_array();
    json_object_foreach (from, key, value) {
        struct spot spot = doc_member(reader->doc, from, key);
        json_t *copied = copy(reader, value, line, depth + 1);
        if (copied == NULL || json_object_set_new(to, key, copied) != 0)
            goto failed;
        doc_remember(reader->doc, doc_member_place(to, key), reader->file, spot.line,
                     spot.key_line);
    }
    json_array_foreach (from, i, value) {
        struct spot spot = doc_item(reader->doc, from, i, "");
        json_t *copied = copy(reader, value, line, depth + 1);
        if (copied == NULL || json_array_append_new(to, copied) != 0)
            goto failed;
        doc_remember(reader->doc, doc_item_place(to, i), reader->file, spot.line, spot.line);
    }
    return to;
failed:
    json_decref(to);
    return NULL;
}

/* How many values a copy has. */
static double size_of(json_t *value)
{
    double size = 1;
    json_t *inner;
    const char *key;
    size_t i;
    json_object_foreach (value, key, inner)
        size += size_of(inner);
    json_array_foreach (value, i, inner)
        size += size_of(inner);
    return size;
}

static json_t *read_value(struct reader *reader, const yaml_event_t *event, int depth);

static json_t *read_alias(struct reader *reader, const yaml_event_t *event, int depth)
{
    const char *name = (const char *)event->data.alias.anchor;
    json_t *original = json_object_get(reader->anchors, name);
    struct spot spot = spot_at(reader, line_of(reader, event));
    char shown[DOC_SHOWN];
    if (original != NULL) {
        if (check_aliased(reader, line_of(reader, event), size_of(original)) != UND_OK)
            return NULL;
        return copy(reader, original, line_of(reader, event), depth);
    }
    doc_fail(&spot, reader->err, "alias *%s: no anchor of that name is complete here",
             doc_show_text(name, shown));
    return NULL;
}

static json_t *read_scalar(struct reader *reader, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value, *why;
    struct spot spot = spot_at(reader, line_of(reader, event));
    char shown[DOC_SHOWN];
    json_t *value;
    if (memchr(text, '\0', event->data.scalar.length) != NULL) {
        doc_fail(&spot, reader->err, "a NUL character in a string");
        return NULL;
    }
    if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return json_string(text);
    if (reader->doc->foreign)
        return doc_is_null(text) ? json_null() : json_string(text);
    if ((value = doc_resolve(text, &why)) == NULL)
        doc_fail(&spot, reader->err, "got %s, %s", doc_show_text(text, shown), why);
    else if (json_is_number(value))
        doc_remember_text(reader->doc, value, text);
    return value;
}

static json_t *read_list(struct reader *reader, int depth)
{
    json_t *list = json_array(), *value;
    yaml_event_t event;
    for (;;) {
        int line;
        if (next(reader, &event) != UND_OK)
            goto failed;
        line = line_of(reader, &event);
        if (event.type == YAML_SEQUENCE_END_EVENT)
            break;
        value = read_value(reader, &event, depth + 1);
        yaml_event_delete(&event);
        if (value == NULL || json_array_append_new(list, value) != 0)
            goto failed;
        doc_remember(reader->doc, doc_item_place(list, json_array_size(list) - 1), reader->file,
                     line, line);
    }
    yaml_event_delete(&event);
    return list;
failed:
    json_decref(list);
    return NULL;
}

/* `value` is taken; NULL has its error already. */
static enum und_code put_member(struct reader *reader, json_t *mapping, const char *key,
                                json_t *value, int line, int key_line)
{
    doc_remember(reader->doc, doc_member_place(mapping, key), reader->file, line, key_line);
    if (value == NULL || json_object_set_new(mapping, key, value) != 0)
        return und_fail(reader->err, UND_USAGE, "%s: unreadable",
                        doc_file_name(reader->doc, reader->file));
    return UND_OK;
}

/* `<<`: what the mapping does not say itself (`own`), nor an earlier one of the list merged. */
static enum und_code merge(struct reader *reader, json_t *mapping, json_t *from,
                           const struct spot *spot)
{
    const char *key;
    json_t *value;
    size_t i;
    if (json_is_array(from)) {
        json_array_foreach (from, i, value) {
            if (!json_is_object(value))
                return doc_fail(spot, reader->err, "<<: want mappings in the list");
            if (merge(reader, mapping, value, spot) != UND_OK)
                return UND_USAGE;
        }
        return UND_OK;
    }
    if (!json_is_object(from))
        return doc_fail(spot, reader->err, "<<: want a mapping, or a list of mappings");
    json_object_foreach (from, key, value) {
        struct spot at = doc_member(reader->doc, from, key);
        if (json_object_get(mapping, key) != NULL)
            continue;
        if (put_member(reader, mapping, key, copy(reader, value, at.line, 1), at.line,
                       at.key_line) != UND_OK)
            return UND_USAGE;
    }
    return UND_OK;
}

static enum und_code check_key(struct reader *reader, json_t *mapping, const yaml_event_t *event)
{
    struct spot spot = spot_at(reader, line_of(reader, event));
    const char *key = (const char *)event->data.scalar.value;
    char shown[DOC_SHOWN];
    if (event->type != YAML_SCALAR_EVENT || event->data.scalar.length == 0)
        return doc_fail(&spot, reader->err, "want a plain word as key");
    if (memchr(key, '\0', event->data.scalar.length) != NULL ||
        (event->data.scalar.tag != NULL && !reader->doc->foreign))
        return doc_fail(&spot, reader->err, "a tag or a NUL character in a key");
    if (json_object_get(mapping, key) != NULL)
        return doc_fail(&spot, reader->err, "%s: the key is there twice, first in line %d",
                        doc_show_text(key, shown), doc_member(reader->doc, mapping, key).key_line);
    return UND_OK;
}

/* Passes over a value that begins with `event`: null. */
static json_t *skip_value(struct reader *reader, const yaml_event_t *event)
{
    int open = event->type == YAML_MAPPING_START_EVENT || event->type == YAML_SEQUENCE_START_EVENT;
    while (open > 0) {
        yaml_event_t inner;
        if (next(reader, &inner) != UND_OK)
            return NULL;
        open += inner.type == YAML_MAPPING_START_EVENT || inner.type == YAML_SEQUENCE_START_EVENT;
        open -= inner.type == YAML_MAPPING_END_EVENT || inner.type == YAML_SEQUENCE_END_EVENT;
        yaml_event_delete(&inner);
    }
    return json_null();
}

/* `event` is the key's. What `<<` brings waits in `merged` for the mapping's end. */
static enum und_code read_member(struct reader *reader, json_t *mapping, json_t **merged,
                                 const yaml_event_t *event, int depth)
{
    int key_line = line_of(reader, event), line = key_line;
    const char *key = (const char *)event->data.scalar.value;
    yaml_event_t next_event;
    json_t *value;
    if (check_key(reader, mapping, event) != UND_OK || next(reader, &next_event) != UND_OK)
        return UND_USAGE;
    /* Of a mapping or list, the key's line says more than that of its first item. */
    if (next_event.type == YAML_SCALAR_EVENT)
        line = line_of(reader, &next_event);
    /* Remembered at once, for messages from below. */
    doc_remember(reader->doc, doc_member_place(mapping, key), reader->file, line, key_line);
    value = reader->doc->shallow ? skip_value(reader, &next_event)
                                 : read_value(reader, &next_event, depth + 1);
    yaml_event_delete(&next_event);
    if (value != NULL && reader->doc->foreign && !reader->doc->shallow && strcmp(key, "<<") == 0 &&
        event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
        struct spot spot = spot_at(reader, key_line);
        if (*merged != NULL) {
            json_decref(value);
            return doc_fail(&spot, reader->err, "<<: the key is there twice");
        }
        *merged = value;
        return UND_OK;
    }
    return put_member(reader, mapping, key, value, line, key_line);
}

static json_t *read_mapping(struct reader *reader, int depth)
{
    json_t *mapping = json_object(), *merged = NULL;
    yaml_event_t event;
    enum und_code code;
    bool ended;
    do {
        if ((code = next(reader, &event)) != UND_OK)
            break;
        ended = event.type == YAML_MAPPING_END_EVENT;
        if (ended && merged != NULL) {
            struct spot spot = spot_at(reader, line_of(reader, &event));
            code = merge(reader, mapping, merged, &spot);
        } else if (!ended) {
            code = read_member(reader, mapping, &merged, &event, depth);
        }
        yaml_event_delete(&event);
    } while (code == UND_OK && !ended);
    json_decref(merged);
    if (code == UND_OK)
        return mapping;
    json_decref(mapping);
    return NULL;
}

/* The value that begins with `event`, which the caller deletes; NULL with the error filled. Depth
 * is bounded by DOC_DEPTH. */
static json_t *read_value(struct reader *reader, const yaml_event_t *event, int depth)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;
    struct spot spot = spot_at(reader, line_of(reader, event));
    json_t *value = NULL;
    if (event->type == YAML_ALIAS_EVENT)
        return read_alias(reader, event, depth);
    if (count(reader, spot.line, depth) != UND_OK)
        return NULL;
    if (event->type == YAML_SCALAR_EVENT) {
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
    } else {
        UND_ASSERT(event->type == YAML_MAPPING_START_EVENT);
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
    }
    if (tag != NULL && !reader->doc->foreign) {
        char shown[DOC_SHOWN];
        doc_fail(&spot, reader->err, "tags are not read: got %s",
                 doc_show_text((const char *)tag, shown));
        return NULL;
    }
    if (event->type == YAML_SCALAR_EVENT)
        value = read_scalar(reader, event);
    else if (event->type == YAML_SEQUENCE_START_EVENT)
        value = read_list(reader, depth);
    else
        value = read_mapping(reader, depth);
    if (value != NULL && anchor != NULL)
        json_object_set(reader->anchors, (const char *)anchor, value);
    return value;
}

/* A document, whose start is read already: its value and its end. */
static enum und_code read_document(struct reader *reader, json_t **root)
{
    yaml_event_t event;
    enum und_code code;
    if ((code = next(reader, &event)) != UND_OK)
        return code;
    *root = read_value(reader, &event, 1);
    if (*root != NULL)
        doc_remember(reader->doc, doc_root_place(*root), reader->file, line_of(reader, &event),
                     line_of(reader, &event));
    yaml_event_delete(&event);
    if (*root == NULL)
        return und_fail(reader->err, UND_USAGE, "%s: unreadable",
                        doc_file_name(reader->doc, reader->file));
    json_object_clear(reader->anchors);          /* they end with their document */
    if ((code = next(reader, &event)) == UND_OK) /* document end */
        yaml_event_delete(&event);
    return code;
}

/* The next document's start, or the stream's end (then *more is false). */
static enum und_code next_document(struct reader *reader, bool *more, int *line)
{
    yaml_event_t event;
    enum und_code code = next(reader, &event);
    if (code != UND_OK)
        return code;
    *more = event.type != YAML_STREAM_END_EVENT;
    *line = line_of(reader, &event);
    yaml_event_delete(&event);
    return UND_OK;
}

/* One document; what follows the first of a foreign stream is not looked at, as in Go. */
static enum und_code read_one(struct reader *reader, json_t **root)
{
    struct spot spot = spot_at(reader, reader->has_lines);
    bool more;
    enum und_code code = next_document(reader, &more, &spot.line);
    if (code != UND_OK)
        return code;
    if (!more && reader->doc->foreign) {
        *root = json_null();
        return UND_OK;
    }
    spot.line = more ? spot.line : reader->has_lines;
    if (!more)
        return doc_fail(&spot, reader->err, "nothing is in it");
    if ((code = read_document(reader, root)) != UND_OK || reader->doc->foreign)
        return code;
    if ((code = next_document(reader, &more, &spot.line)) == UND_OK && more)
        code = doc_fail(&spot, reader->err, "a second document begins, want one");
    return code;
}

static enum und_code read_documents(struct reader *reader, json_t **list)
{
    bool more;
    int line;
    enum und_code code;
    *list = json_array();
    while ((code = next_document(reader, &more, &line)) == UND_OK && more) {
        json_t *root = NULL;
        code = read_document(reader, &root);
        if (root != NULL)
            json_array_append_new(*list, root);
        if (code != UND_OK)
            break;
    }
    return code;
}

static enum und_code fail_nul(struct reader *reader, const char *nul)
{
    struct spot spot = spot_at(reader, reader->has_lines);
    const char *c;
    for (c = reader->text; c < nul && reader->has_lines; c++)
        spot.line += *c == '\n';
    return doc_fail(&spot, reader->err, "not text: a NUL byte");
}

static enum und_code parse(struct reader *reader, const char *name, bool all, json_t **root)
{
    const char *nul;
    yaml_event_t event;
    enum und_code code;
    *root = NULL;
    reader->file = (int)json_array_size(reader->doc->files);
    if (reader->file == DOC_FILES ||
        json_array_append_new(reader->doc->files, json_string(name)) != 0)
        return und_fail(reader->err, UND_USAGE, "%s: unreadable name, or more than %d files", name,
                        DOC_FILES);
    if (reader->length > 0 && (nul = memchr(reader->text, '\0', reader->length)) != NULL)
        return fail_nul(reader, nul);
    if (!yaml_parser_initialize(&reader->parser))
        return und_fail(reader->err, UND_USAGE, "%s: out of memory", name);
    yaml_parser_set_input_string(&reader->parser, (const unsigned char *)reader->text,
                                 reader->length);
    reader->anchors = json_object();
    if ((code = next(reader, &event)) == UND_OK) { /* stream start */
        yaml_event_delete(&event);
        code = all ? read_documents(reader, root) : read_one(reader, root);
    }
    json_decref(reader->anchors);
    yaml_parser_delete(&reader->parser);
    if (code != UND_OK) {
        json_decref(*root);
        *root = NULL;
    }
    return code;
}

enum und_code doc_parse(struct doc *doc, enum doc_source source, const char *name, const char *text,
                        size_t length, json_t **root, struct und_err *err)
{
    struct reader reader = {.doc = doc, .err = err, .text = text, .length = length};
    reader.has_lines = source == DOC_FILE;
    return parse(&reader, name, false, root);
}

enum und_code doc_parse_all(struct doc *doc, const char *name, const char *text, size_t length,
                            json_t **list, struct und_err *err)
{
    struct reader reader = {.doc = doc, .err = err, .text = text, .length = length, .has_lines = 1};
    return parse(&reader, name, true, list);
}
