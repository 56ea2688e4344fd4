#include "word.h"
#include "live/base/wire.h"
#include "model/base/assert.h"
#include "model/base/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[WORD_KINDS] = {"pause", "maintenance", "downtime", "acknowledge"};

const char *word_name(enum word_kind kind)
{
    return names[kind];
}

/* ---- reading ---- */

static enum und_code read_text(char *out, size_t size, const json_t *body, const char *key,
                               struct und_err *err)
{
    const json_t *value = json_object_get(body, key);
    const char *text = json_string_value(value);
    if (!text || text[strspn(text, " \t\r\n")] == '\0')
        return und_fail(err, UND_USAGE, "%s: got nothing, want a text", key);
    if (!wire_copy(out, size, text, json_string_length(value)))
        return und_fail(err, UND_USAGE, "%s: got %zu characters, want at most %zu", key,
                        json_string_length(value), size - 1);
    wire_clean(out);
    return UND_OK;
}

static enum und_code read_kind(struct word *out, const json_t *body, struct und_err *err)
{
    const char *text = json_string_value(json_object_get(body, "word"));
    int kind;
    for (kind = 0; text && kind < WORD_KINDS; kind++)
        if (strcmp(text, names[kind]) == 0) {
            out->kind = (enum word_kind)kind;
            return UND_OK;
        }
    return und_fail(err, UND_USAGE,
                    "word: got '%.40s', want pause, maintenance, downtime or acknowledge",
                    text ? text : "");
}

static enum und_code read_host(struct word *out, const struct fleet *fleet, const json_t *body,
                               struct und_err *err)
{
    const char *text = json_string_value(json_object_get(body, "host"));
    out->host = -1;
    if (out->kind == WORD_PAUSE)
        return text && text[0]
                   ? und_fail(err, UND_USAGE,
                              "host: got '%.63s', want none: a pause is the fleet's", text)
                   : UND_OK;
    out->host = text ? fleet_host_index(fleet, text) : -1;
    if (out->host < 0)
        return und_fail(err, UND_USAGE, "host: got '%.63s', want one of the fleet's",
                        text ? text : "");
    return UND_OK;
}

static enum und_code read_end(struct word *out, const json_t *body, int64_t now_ms,
                              struct und_err *err)
{
    const char *text = json_string_value(json_object_get(body, "lasts"));
    char hint[UNITS_HINT];
    int64_t lasts_ms;
    if (!text || !units_duration(text, &lasts_ms, hint) || lasts_ms < 0 ||
        lasts_ms > WORD_LONGEST_MS)
        return und_fail(err, UND_USAGE,
                        "lasts: got '%.40s', want a duration of at most 90d, e.g. 2h (0s takes the "
                        "word back)",
                        text ? text : "");
    out->said_ms = now_ms;
    out->until_ms = now_ms + lasts_ms;
    return UND_OK;
}

static enum und_code check_keys(const json_t *body, struct und_err *err)
{
    static const char *const keys[] = {"word", "host", "lasts", "who", "why"};
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)(uintptr_t)body, key, value) {
        size_t i = 0;
        while (i < 5 && strcmp(key, keys[i]) != 0)
            i++;
        if (i == 5)
            return und_fail(err, UND_USAGE, "%.40s: unknown key, want word, host, lasts, who, why",
                            key);
    }
    return UND_OK;
}

enum und_code word_read(struct word *out, const struct fleet *fleet, const json_t *body,
                        int64_t now_ms, struct und_err *err)
{
    *out = (struct word){0};
    if (!json_is_object(body))
        return und_fail(err, UND_USAGE, "want a JSON object with word, host, lasts, who and why");
    if (check_keys(body, err) != UND_OK || read_kind(out, body, err) != UND_OK ||
        read_host(out, fleet, body, err) != UND_OK || read_end(out, body, now_ms, err) != UND_OK ||
        read_text(out->who, sizeof out->who, body, "who", err) != UND_OK)
        return err->code;
    return read_text(out->why, sizeof out->why, body, "why", err);
}

/* ---- keeping ---- */

static void keep(struct words *words, const struct word *word)
{
    words->word[word->kind][word->host >= 0 ? word->host : 0] = *word;
}

enum und_code word_say(struct words *words, const struct fleet *fleet, const struct word *word,
                       struct journal *journal, int64_t run, struct und_err *err)
{
    json_t *line = json_pack("{s:s, s:s, s:I, s:I, s:s, s:s}", "word", names[word->kind], "host",
                             word->host >= 0 ? fleet->hosts[word->host].name : "", "said_ms",
                             (json_int_t)word->said_ms, "until_ms", (json_int_t)word->until_ms,
                             "who", word->who, "why", word->why);
    char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;
    json_decref(line);
    if (!text) /* json_pack refuses what is not UTF-8 */
        return und_fail(err, UND_USAGE, "who, why: want text in UTF-8");
    if (journal_note(journal, run, "word", text, err) == UND_OK)
        keep(words, word);
    free(text);
    return err->code;
}

enum und_code word_set_clock(struct words *words, const struct fleet *fleet, int64_t by_ms,
                             int64_t now_ms, struct journal *journal, int64_t run,
                             struct und_err *err)
{
    int64_t was_ms = now_ms - by_ms;
    int kind, host;
    for (kind = 0; kind < WORD_KINDS; kind++)
        for (host = 0; host < FLEET_HOSTS; host++) {
            struct word word = words->word[kind][host];
            if (word.until_ms <= was_ms || word.said_ms > was_ms) /* over, or said since */
                continue;
            word.said_ms += by_ms;
            word.until_ms += by_ms;
            if (word_say(words, fleet, &word, journal, run, err) != UND_OK)
                words->word[kind][host] = word;
        }
    return err->code;
}

struct recall {
    struct words *words;
    const struct fleet *fleet;
};

static enum und_code recall_one(void *context, int64_t at_ms, const char *text, struct und_err *err)
{
    struct recall *recall = context;
    struct und_err unread = {0};
    struct word word = {0};
    json_t *line = json_loads(text, 0, NULL);
    (void)at_ms, (void)err;
    if (line && read_kind(&word, line, &unread) == UND_OK &&
        read_host(&word, recall->fleet, line, &unread) == UND_OK &&
        read_text(word.who, sizeof word.who, line, "who", &unread) == UND_OK &&
        read_text(word.why, sizeof word.why, line, "why", &unread) == UND_OK) {
        word.said_ms = json_integer_value(json_object_get(line, "said_ms"));
        word.until_ms = json_integer_value(json_object_get(line, "until_ms"));
        keep(recall->words, &word);
    }
    json_decref(line);
    return UND_OK;
}

enum und_code word_recall(struct words *words, const struct fleet *fleet, struct journal *journal,
                          int64_t now_ms, struct und_err *err)
{
    struct recall recall = {words, fleet};
    *words = (struct words){0};
    return journal_notes(journal, "word", now_ms - WORD_LONGEST_MS, recall_one, &recall, err);
}

const struct word *word_now(const struct words *words, enum word_kind kind, int host,
                            int64_t now_ms)
{
    const struct word *word = &words->word[kind][host >= 0 ? host : 0];
    UND_ASSERT(host < FLEET_HOSTS);
    return now_ms < word->until_ms ? word : NULL;
}
