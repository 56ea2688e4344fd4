#include "sequence.h"
#include "model/base/assert.h"
#include "model/base/units.h"
#include "model/policy/policy_names.h"
#include "sequence_words.h"
#include "stray.h"

#include <stdlib.h>
#include <string.h>

/* ---- writing ---- */

static const char *const tier_words[] = {"primary", "backup", NULL};
static const char *const notice_words[NOTICE_COUNT] = {
    "detected",    "dismissed",  "failover",    "relapse",    "failback", "restored", "flapping",
    "held-last",   "held-blind", "held-paused", "held-grace", "blind",    "sighted",  "page",
    "maintenance", "empty",      "partial",     "deaf",       "canary",   "failures", "returns"};

static void write_changes(FILE *out, const struct view *was, const struct view *is)
{
    const struct word *word;
    int i;
    for (word = sequence_words_fleet; word->name; word++)
        if (!sequence_words_same(word, was, is)) {
            putc(' ', out);
            sequence_words_write(out, word, is);
        }
    for (i = 0; i < is->n; i++)
        for (word = sequence_words_host; word->name; word++)
            if (!sequence_words_same(word, &was->host[i], &is->host[i])) {
                fprintf(out, " %d.", i + 1);
                sequence_words_write(out, word, &is->host[i]);
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
    memset(&sequence->state, STRAY, sizeof sequence->state); /* for what a beginning leaves out */
    sequence->out = out;
    sequence->config = *config;
    sequence->view.n = fleet->n;
    for (i = 0; i < fleet->n; i++) {
        sequence->view.host[i].slots = fleet->host[i].slots;
        sequence->view.host[i].tier = fleet->host[i].tier;
    }
    sequence_well(config, &sequence->view);
    sequence->state.n = fleet->n;
    stray_lure(&sequence->state, &sequence->view, &sequence->plan);
    policy_init(config, &sequence->state, 0, &sequence->view);
    if (stray_touched(&sequence->state, &sequence->plan))
        sequence->broken = PROPERTY_PURE;
    if (!out)
        return;
    fprintf(out, "case %s\nhosts", name);
    for (i = 0; i < fleet->n; i++)
        fprintf(out, " %s:%d", tier_words[fleet->host[i].tier], fleet->host[i].slots);
    fputs("\npolicy", out);
    for (word = sequence_words_policy; word->name; word++) {
        putc(' ', out);
        sequence_words_write(out, word, config);
    }
    for (word = sequence_words_more; word->name; word++)
        if (!sequence_words_same(word, &off, config)) {
            putc(' ', out);
            sequence_words_write(out, word, config);
        }
    putc('\n', out);
}

/* As the driver does it. */
static void acknowledge(struct sequence *sequence, int64_t at_ms, const struct view *view)
{
    int i;
    for (i = 0; i < view->n; i++)
        if (view->host[i].acknowledged)
            policy_acknowledge(&sequence->state, i, at_ms);
}

void sequence_step(struct sequence *sequence, int64_t at_ms, const struct view *view)
{
    struct view seen = *view;
    struct policy_state before;
    enum property broken;
    int host = -1;
    sequence->at_ms = at_ms;
    acknowledge(sequence, at_ms, view);
    before = sequence->state;
    stray_lure(&sequence->state, &seen, &sequence->plan);
    policy_step(&sequence->config, &sequence->state, at_ms, &seen, &sequence->plan);
    broken = stray_touched(&sequence->state, &sequence->plan) ? PROPERTY_PURE : PROPERTY_HOLDS;
    if (broken == PROPERTY_HOLDS)
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

static bool read_value(struct reader *reader, const struct word *words, const struct word *more,
                       const char *text, void *base)
{
    const char *want = sequence_words_read(words, more, text, base);
    return !want || refuse(reader, text, want);
}

static bool read_change(struct reader *reader, const char *text)
{
    int host = 0, length = 0;
    if (sscanf(text, "%3d.%n", &host, &length) < 1 || length == 0)
        return read_value(reader, sequence_words_fleet, NULL, text, &reader->view);
    if (host < 1 || host > reader->view.n)
        return refuse(reader, text, "the number of a host");
    return read_value(reader, sequence_words_host, NULL, text + length,
                      &reader->view.host[host - 1]);
}

static bool read_hosts(struct reader *reader, char *words)
{
    char *word, *rest;
    reader->view.n = 0;
    for (word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        struct view_host *host = &reader->view.host[reader->view.n];
        size_t length = strcspn(word, ":");
        int tier = sequence_words_find(tier_words, word, length);
        if (tier < 0 || word[length] != ':' ||
            !sequence_words_number(word + length + 1, &host->slots) || host->slots < 1 ||
            reader->view.n == SCALE_HOSTS)
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
        if (!read_value(reader, sequence_words_policy, sequence_words_more, word, &reader->config))
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
