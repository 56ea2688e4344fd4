#include "sequence.h"
#include "model/base/assert.h"
#include "model/base/units.h"
#include "model/policy/policy_names.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* ---- words of the format ---- */

static const char *const tier_words[] = {"primary", "backup", NULL};
static const char *const probe_words[] = {"unknown", "up", "down", NULL};
static const char *const yes_words[] = {"no", "yes", NULL};
static const char *const severity_words[] = {"info", "warning", "critical", "page", NULL};
static const char *const sign_words[] = {"partial", "deaf", "canary", "failures", NULL};
static const char *const remedy_words[] = {"page", "drain", NULL};
static const char *const notice_words[NOTICE_COUNT] = {
    "detected",    "dismissed",  "failover",    "relapse",    "failback", "restored", "flapping",
    "held-last",   "held-blind", "held-paused", "held-grace", "blind",    "sighted",  "page",
    "maintenance", "empty",      "partial",     "deaf",       "canary",   "failures", "returns"};

enum kind { KIND_NUMBER, KIND_DURATION, KIND_YES, KIND_ONE, KIND_SET, KIND_PER_MILLE };

struct word {
    const char *name;
    enum kind kind;
    size_t offset;
    const char *const *names; /* of one, or of a set's bits */
};

static const struct word host_words[] = {
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
    {0},
};

static const struct word fleet_words[] = {
    {"paused", KIND_YES, offsetof(struct view, paused), NULL},
    {"github", KIND_DURATION, offsetof(struct view, age_ms[FEED_GITHUB]), NULL},
    {"alerts", KIND_DURATION, offsetof(struct view, age_ms[FEED_ALERTS]), NULL},
    {"probe", KIND_DURATION, offsetof(struct view, age_ms[FEED_PROBE]), NULL},
    {0},
};

static const struct word policy_words[] = {
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

/* Beyond the document: written only where it is not off. */
static const struct word more_words[] = {
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

/* ---- writing ---- */

static void write_value(FILE *out, const struct word *word, const void *base)
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

static bool same(const struct word *word, const void *a, const void *b)
{
    return memcmp((const char *)a + word->offset, (const char *)b + word->offset,
                  kind_size(word->kind)) == 0;
}

static void write_changes(FILE *out, const struct view *was, const struct view *is)
{
    const struct word *word;
    int i;
    for (word = fleet_words; word->name; word++)
        if (!same(word, was, is)) {
            putc(' ', out);
            write_value(out, word, is);
        }
    for (i = 0; i < is->n; i++)
        for (word = host_words; word->name; word++)
            if (!same(word, &was->host[i], &is->host[i])) {
                fprintf(out, " %d.", i + 1);
                write_value(out, word, &is->host[i]);
            }
}

static void write_notices(FILE *out, unsigned notices)
{
    int notice;
    for (notice = 0; notice < NOTICE_COUNT; notice++)
        if (notices >> notice & 1)
            fprintf(out, " %s", notice_words[notice]);
}

static void write_outcome(const struct sequence *sequence, const struct view *view)
{
    FILE *out = sequence->out;
    int i;
    fputs(" ->", out);
    for (i = 0; i < sequence->state.n; i++) {
        const struct policy_host *host = &sequence->state.host[i];
        fprintf(out, "%s %s %d", i > 0 ? "," : "", policy_phase_name(host->phase), host->admitted);
        if (sequence->plan.host[i].admitted != host->admitted)
            fprintf(out, " (%d)", sequence->plan.host[i].admitted);
        write_notices(out, sequence->plan.host[i].notices);
    }
    if (sequence->plan.notices != 0)
        fputs(" |", out);
    write_notices(out, sequence->plan.notices);
    if (policy_settled(&sequence->config, &sequence->state, view))
        fputs("; settled", out);
    putc('\n', out);
}

static void write_time(const struct sequence *sequence)
{
    char text[UNITS_TEXT];
    fputs(units_format_duration(sequence->at_ms, text), sequence->out);
}

/* ---- deciding ---- */

void sequence_well(const struct policy_config *config, struct view *view)
{
    int i, feed;
    view->paused = false;
    for (feed = 0; feed < FEED_COUNT; feed++)
        view->age_ms[feed] = 0;
    for (i = 0; i < view->n; i++) {
        int slots = view->host[i].slots;
        view->host[i] = (struct view_host){.slots = slots,
                                           .tier = view->host[i].tier,
                                           .online = slots,
                                           .routed = slots,
                                           .health_passes = config->health_checks,
                                           .probe = PROBE_UP};
    }
}

void sequence_begin(struct sequence *sequence, FILE *out, const char *name,
                    const struct policy_config *config, const struct view *fleet)
{
    static const struct policy_config off;
    const struct word *word;
    int i;
    memset(sequence, 0, sizeof *sequence);
    sequence->out = out;
    sequence->config = *config;
    sequence->view.n = fleet->n;
    for (i = 0; i < fleet->n; i++) {
        sequence->view.host[i].slots = fleet->host[i].slots;
        sequence->view.host[i].tier = fleet->host[i].tier;
    }
    sequence_well(config, &sequence->view);
    policy_init(config, &sequence->state, 0, &sequence->view);
    if (!out)
        return;
    fprintf(out, "case %s\nhosts", name);
    for (i = 0; i < fleet->n; i++)
        fprintf(out, " %s:%d", tier_words[fleet->host[i].tier], fleet->host[i].slots);
    fputs("\npolicy", out);
    for (word = policy_words; word->name; word++) {
        putc(' ', out);
        write_value(out, word, config);
    }
    for (word = more_words; word->name; word++)
        if (!same(word, &off, config)) {
            putc(' ', out);
            write_value(out, word, config);
        }
    putc('\n', out);
}

void sequence_step(struct sequence *sequence, int64_t at_ms, const struct view *view)
{
    struct policy_state before = sequence->state;
    enum property broken;
    int host;
    sequence->at_ms = at_ms;
    policy_step(&sequence->config, &sequence->state, at_ms, view, &sequence->plan);
    broken = property_check(&sequence->config, &before, &sequence->state, at_ms, view, NULL,
                            &sequence->plan, &host);
    if (broken == PROPERTY_HOLDS)
        broken = property_check_settled(&sequence->config, &sequence->state, at_ms, view,
                                        &sequence->plan, &host);
    if (sequence->broken == PROPERTY_HOLDS) {
        sequence->broken = broken;
        sequence->broken_host = host;
    }
    if (sequence->out) {
        write_time(sequence);
        write_changes(sequence->out, &sequence->view, view);
        write_outcome(sequence, view);
    }
    sequence->view = *view;
}

void sequence_restart(struct sequence *sequence, int64_t at_ms, bool loss)
{
    sequence->at_ms = at_ms;
    if (loss)
        policy_init(&sequence->config, &sequence->state, at_ms, &sequence->view);
    else
        policy_restart(&sequence->state, at_ms);
    if (!sequence->out)
        return;
    write_time(sequence);
    fputs(loss ? " loss\n" : " restart\n", sequence->out);
}

/* ---- reading ---- */

struct reader {
    const char *name;
    int line;
    struct sequence sequence;
    struct policy_config config;
    struct view view;
    char title[128];
    bool hosts, begun;
    FILE *out;
    struct sequence_replay *replay;
    struct und_err *err;
};

static bool refuse(struct reader *reader, const char *got, const char *want)
{
    und_fail(reader->err, UND_USAGE, "%s:%d: got '%.60s', want %s", reader->name, reader->line, got,
             want);
    return false;
}

static int find(const char *const *names, const char *text, size_t length)
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
        int bit = find(names, text, length);
        if (bit < 0)
            return false;
        *value |= 1 << bit;
        if (text[length] == '\0')
            return true;
        text += length + 1;
    }
}

static bool read_number(const char *text, int *value)
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

/* "name=value" into its field, by the first table or the second. */
static bool read_value(struct reader *reader, const struct word *words, const struct word *more,
                       const char *text, void *base)
{
    size_t length = strcspn(text, "=");
    const struct word *word = find_word(words, text, length);
    char *at, hint[UNITS_HINT];
    const char *value = text + length + 1;
    int64_t ms = 0;
    bool yes, good = text[length] == '=';
    int number = 0;
    if (!word && more)
        word = find_word(more, text, length);
    if (!good || !word)
        return refuse(reader, text, "NAME=VALUE, with a name of sequence.h");
    at = (char *)base + word->offset;
    switch (word->kind) {
    case KIND_NUMBER:
        good = read_number(value, &number);
        break;
    case KIND_DURATION:
        good = units_duration(value, &ms, hint);
        break;
    case KIND_PER_MILLE:
        good = read_number(value, &number);
        ms = number;
        break;
    case KIND_YES:
        number = find(yes_words, value, strlen(value));
        good = number >= 0;
        break;
    case KIND_ONE:
        number = find(word->names, value, strlen(value));
        good = number >= 0;
        break;
    case KIND_SET:
        good = read_set(word->names, value, &number);
        break;
    }
    if (!good)
        return refuse(reader, text, "a value of its kind");
    yes = number != 0;
    memcpy(at,
           kind_size(word->kind) == sizeof ms ? (void *)&ms
           : word->kind == KIND_YES           ? (void *)&yes
                                              : (void *)&number,
           kind_size(word->kind));
    return true;
}

static bool read_change(struct reader *reader, const char *text)
{
    int host = 0, length = 0;
    if (sscanf(text, "%3d.%n", &host, &length) < 1 || length == 0)
        return read_value(reader, fleet_words, NULL, text, &reader->view);
    if (host < 1 || host > reader->view.n)
        return refuse(reader, text, "the number of a host");
    return read_value(reader, host_words, NULL, text + length, &reader->view.host[host - 1]);
}

static bool read_hosts(struct reader *reader, char *words)
{
    char *word, *rest;
    reader->view.n = 0;
    for (word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        struct view_host *host = &reader->view.host[reader->view.n];
        size_t length = strcspn(word, ":");
        int tier = find(tier_words, word, length);
        if (tier < 0 || word[length] != ':' || !read_number(word + length + 1, &host->slots) ||
            host->slots < 1 || reader->view.n == SCALE_HOSTS)
            return refuse(reader, word, "primary:SLOTS or backup:SLOTS, at most 4");
        host->tier = (enum tier)tier;
        reader->view.n++;
    }
    reader->hosts = reader->view.n > 0;
    return reader->hosts || refuse(reader, "no host", "one at least");
}

static bool read_policy(struct reader *reader, char *words)
{
    char *word, *rest;
    for (word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        if (!read_value(reader, policy_words, more_words, word, &reader->config))
            return false;
    if (!reader->hosts || reader->config.confirm < 1)
        return refuse(reader, "a policy", "hosts before it, and confirm of 1 or more in it");
    sequence_begin(&reader->sequence, reader->out, reader->title, &reader->config, &reader->view);
    reader->view = reader->sequence.view;
    reader->begun = true;
    reader->replay->cases++;
    return true;
}

/* TIME, then `restart`, `loss`, or changes and whatever was decided before. */
static bool read_step(struct reader *reader, char *words)
{
    char *word, *rest, hint[UNITS_HINT];
    int64_t at_ms;
    word = strtok_r(words, " ", &rest);
    if (!reader->begun)
        return refuse(reader, word, "case, hosts and policy before the first step");
    if (!units_duration(word, &at_ms, hint) || at_ms < reader->sequence.at_ms)
        return refuse(reader, word, "a time, not before the line above");
    reader->replay->steps++;
    while ((word = strtok_r(NULL, " ", &rest)) != NULL && strcmp(word, "->") != 0) {
        if (strcmp(word, "restart") == 0 || strcmp(word, "loss") == 0) {
            sequence_restart(&reader->sequence, at_ms, *word == 'l');
            return true;
        }
        if (!read_change(reader, word))
            return false;
    }
    sequence_step(&reader->sequence, at_ms, &reader->view);
    if (reader->replay->broken == PROPERTY_HOLDS)
        reader->replay->broken = reader->sequence.broken;
    return true;
}

static bool read_line(struct reader *reader, char *line)
{
    if (line[0] == '#' || line[0] == '\0')
        return !reader->out || fprintf(reader->out, "%s\n", line) > 0;
    if (strncmp(line, "case ", 5) == 0) {
        snprintf(reader->title, sizeof reader->title, "%.120s", line + 5);
        reader->begun = reader->hosts = false;
        memset(&reader->config, 0, sizeof reader->config);
        return true;
    }
    if (strncmp(line, "hosts ", 6) == 0)
        return read_hosts(reader, line + 6);
    if (strncmp(line, "policy ", 7) == 0)
        return read_policy(reader, line + 7);
    return read_step(reader, line);
}

enum und_code sequence_replay(const char *name, const char *text, FILE *out,
                              struct sequence_replay *replay, struct und_err *err)
{
    struct reader *reader = calloc(1, sizeof *reader);
    UND_ASSERT(reader != NULL);
    *reader = (struct reader){.name = name, .out = out, .replay = replay, .err = err};
    *replay = (struct sequence_replay){0};
    while (*text != '\0' && err->code == UND_OK) {
        char line[2048];
        size_t length = strcspn(text, "\n");
        reader->line++;
        if (length >= sizeof line) {
            refuse(reader, text, "lines of at most 2047 characters");
            break;
        }
        memcpy(line, text, length);
        line[length] = '\0';
        read_line(reader, line);
        text += length + (text[length] == '\n');
    }
    free(reader);
    return err->code;
}
