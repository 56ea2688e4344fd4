#include "sequence_words.h"
#include "model/base/units.h"
#include "model/policy/policy.h"

#include <stddef.h>
#include <string.h>

static const char *const probe_words[] = {"unknown", "up", "down", NULL};
static const char *const yes_words[] = {"no", "yes", NULL};
static const char *const severity_words[] = {"info", "warning", "critical", "page", NULL};
static const char *const sign_words[] = {"partial", "deaf", "canary", "failures", NULL};
static const char *const remedy_words[] = {"page", "drain", NULL};
const struct word sequence_words_host[] = {
    {"online", KIND_NUMBER, offsetof(struct view_host, online), NULL},
    {"busy", KIND_NUMBER, offsetof(struct view_host, busy), NULL},
    {"routed", KIND_NUMBER, offsetof(struct view_host, routed), NULL},
    {"readings", KIND_NUMBER, offsetof(struct view_host, offline_readings), NULL},
    {"passes", KIND_NUMBER, offsetof(struct view_host, health_passes), NULL},
    {"alerts", KIND_SET, offsetof(struct view_host, alerts), severity_words},
    {"probe", KIND_ONE, offsetof(struct view_host, probe), probe_words},
    {"maintenance", KIND_YES, offsetof(struct view_host, maintenance), NULL},
    {"running", KIND_NUMBER, offsetof(struct view_host, running), NULL},
    {"signs", KIND_SET, offsetof(struct view_host, signs), sign_words},
    {"acknowledged", KIND_YES, offsetof(struct view_host, acknowledged), NULL},
    {0},
};

const struct word sequence_words_fleet[] = {
    {"paused", KIND_YES, offsetof(struct view, paused), NULL},
    {"github", KIND_DURATION, offsetof(struct view, age_ms[FEED_GITHUB]), NULL},
    {"alerts", KIND_DURATION, offsetof(struct view, age_ms[FEED_ALERTS]), NULL},
    {"probe", KIND_DURATION, offsetof(struct view, age_ms[FEED_PROBE]), NULL},
    {0},
};

const struct word sequence_words_policy[] = {
    {"persist", KIND_DURATION, offsetof(struct policy_config, persist_ms), NULL},
    {"ramp", KIND_DURATION, offsetof(struct policy_config, ramp_ms), NULL},
    {"clear_for", KIND_DURATION, offsetof(struct policy_config, clear_for_ms), NULL},
    {"stale_after", KIND_DURATION, offsetof(struct policy_config, stale_after_ms), NULL},
    {"block", KIND_DURATION, offsetof(struct policy_config, block_ms), NULL},
    {"grace", KIND_DURATION, offsetof(struct policy_config, grace_ms), NULL},
    {"page_after", KIND_DURATION, offsetof(struct policy_config, page_after_ms), NULL},
    {"max_failovers", KIND_NUMBER, offsetof(struct policy_config, max_failovers), NULL},
    {"health_checks", KIND_NUMBER, offsetof(struct policy_config, health_checks), NULL},
    {"confirm", KIND_NUMBER, offsetof(struct policy_config, confirm), NULL},
    {"severities", KIND_SET, offsetof(struct policy_config, severities), severity_words},
    {"overflow", KIND_YES, offsetof(struct policy_config, overflow), NULL},
    {0},
};

const struct word sequence_words_more[] = {
    {"partial", KIND_SET, offsetof(struct policy_config, signs[SIGN_PARTIAL].then), remedy_words},
    {"partial_for", KIND_DURATION, offsetof(struct policy_config, signs[SIGN_PARTIAL].lasts_ms),
     NULL},
    {"partial_pm", KIND_PER_MILLE, offsetof(struct policy_config, partial_pm), NULL},
    {"deaf", KIND_SET, offsetof(struct policy_config, signs[SIGN_DEAF].then), remedy_words},
    {"deaf_for", KIND_DURATION, offsetof(struct policy_config, signs[SIGN_DEAF].lasts_ms), NULL},
    {"canary", KIND_SET, offsetof(struct policy_config, signs[SIGN_CANARY].then), remedy_words},
    {"canary_for", KIND_DURATION, offsetof(struct policy_config, signs[SIGN_CANARY].lasts_ms),
     NULL},
    {"failures", KIND_SET, offsetof(struct policy_config, signs[SIGN_FAILURES].then), remedy_words},
    {"failures_for", KIND_DURATION, offsetof(struct policy_config, signs[SIGN_FAILURES].lasts_ms),
     NULL},
    {"returns", KIND_NUMBER, offsetof(struct policy_config, returns), NULL},
    {"returns_within", KIND_DURATION, offsetof(struct policy_config, returns_within_ms), NULL},
    {"hold", KIND_DURATION, offsetof(struct policy_config, hold_ms), NULL},
    {0},
};

static size_t kind_size(enum kind kind)
{
    return kind == KIND_DURATION || kind == KIND_PER_MILLE ? sizeof(int64_t)
           : kind == KIND_YES                              ? sizeof(bool)
                                                           : sizeof(int);
}

void sequence_words_write(FILE *out, const struct word *word, const void *base)
{
    const char *at = (const char *)base + word->offset;
    char text[UNITS_TEXT];
    unsigned bit;
    int number = 0;
    if (kind_size(word->kind) == sizeof number)
        memcpy(&number, at, sizeof number);
    fprintf(out, "%s=", word->name);
    switch (word->kind) {
    case KIND_NUMBER:
        fprintf(out, "%d", number);
        break;
    case KIND_DURATION:
        fputs(units_format_duration(*(const int64_t *)(const void *)at, text), out);
        break;
    case KIND_PER_MILLE:
        fprintf(out, "%lld", (long long)*(const int64_t *)(const void *)at);
        break;
    case KIND_YES:
        fputs(yes_words[*(const bool *)at], out);
        break;
    case KIND_ONE:
        fputs(word->names[number], out);
        break;
    case KIND_SET:
        if (number == 0)
            fputs("none", out);
        for (bit = 0; word->names[bit]; bit++)
            if (number >> bit & 1)
                fprintf(out, "%s%s", number & ((1 << bit) - 1) ? "+" : "", word->names[bit]);
        break;
    }
}

bool sequence_words_same(const struct word *word, const void *a, const void *b)
{
    return memcmp((const char *)a + word->offset, (const char *)b + word->offset,
                  kind_size(word->kind)) == 0;
}

int sequence_words_find(const char *const *names, const char *text, size_t length)
{
    int i;
    for (i = 0; names[i]; i++)
        if (strlen(names[i]) == length && strncmp(names[i], text, length) == 0)
            return i;
    return -1;
}

static bool read_set(const char *const *names, const char *text, int *value)
{
    *value = 0;
    if (strcmp(text, "none") == 0)
        return true;
    for (;;) {
        size_t length = strcspn(text, "+");
        int bit = sequence_words_find(names, text, length);
        if (bit < 0)
            return false;
        *value |= 1 << bit;
        if (text[length] == '\0')
            return true;
        text += length + 1;
    }
}

bool sequence_words_number(const char *text, int *value)
{
    char rest;
    return sscanf(text, "%9d%c", value, &rest) == 1;
}

static const struct word *find_word(const struct word *word, const char *text, size_t length)
{
    while (word->name && (strlen(word->name) != length || strncmp(word->name, text, length) != 0))
        word++;
    return word->name ? word : NULL;
}

/* A value of its kind, else false. */
static bool read_value(const struct word *word, const char *value, char *at)
{
    char hint[UNITS_HINT];
    int64_t ms = 0;
    bool yes, good = true;
    int number = 0;
    switch (word->kind) {
    case KIND_NUMBER:
        good = sequence_words_number(value, &number);
        break;
    case KIND_DURATION:
        good = units_duration(value, &ms, hint);
        break;
    case KIND_PER_MILLE:
        good = sequence_words_number(value, &number);
        ms = number;
        break;
    case KIND_YES:
        number = sequence_words_find(yes_words, value, strlen(value));
        good = number >= 0;
        break;
    case KIND_ONE:
        number = sequence_words_find(word->names, value, strlen(value));
        good = number >= 0;
        break;
    case KIND_SET:
        good = read_set(word->names, value, &number);
        break;
    }
    if (!good)
        return false;
    yes = number != 0;
    memcpy(at,
           kind_size(word->kind) == sizeof ms ? (void *)&ms
           : word->kind == KIND_YES           ? (void *)&yes
                                              : (void *)&number,
           kind_size(word->kind));
    return true;
}

const char *sequence_words_read(const struct word *words, const struct word *more, const char *text,
                                void *base)
{
    size_t length = strcspn(text, "=");
    const struct word *word = find_word(words, text, length);
    if (!word && more)
        word = find_word(more, text, length);
    if (text[length] != '=' || !word)
        return "NAME=VALUE, with a name of sequence.h";
    return read_value(word, text + length + 1, (char *)base + word->offset) ? NULL
                                                                            : "a value of its kind";
}
