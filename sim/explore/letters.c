#include "letters.h"
#include "model/base/assert.h"

#include <stdlib.h>
#include <string.h>

/* Whoever adds a field to what a controller sees must give it values in add_members. */
_Static_assert(sizeof(struct view_host) == 9 * 4 + 4 + 2 * 4,
               "struct view_host has changed: let letters.c try the new field's values");

#define STALE(feeds, feed) ((feeds) >> (feed)&1)
#define ALL_SIGNS ((1u << SIGN_COUNT) - 1) /* where nobody looks for them */

enum { EMPTY = 1, CHECKED = 4 }; /* bits of a letter's index */

#define ALL_FEEDS ((1 << FEED_COUNT) - 1)

/* ---- meaning ---- */

static enum evidence_letter read_evidence(const struct policy_config *config, unsigned stale,
                                          const struct view_host *host)
{
    bool offline = host->offline_readings >= config->confirm;
    bool github = !STALE(stale, FEED_GITHUB), probe = !STALE(stale, FEED_PROBE);
    bool alerts = !STALE(stale, FEED_ALERTS), down = host->probe == PROBE_DOWN;
    if (alerts && (host->alerts & config->severities) != 0)
        return LETTER_BAD;
    if (github && probe && offline && down)
        return LETTER_BAD;
    if (!alerts || (!(github && !offline) && !(probe && !down)))
        return LETTER_UNKNOWN;
    return host->online > 0 && !offline ? LETTER_FIT : LETTER_UNFIT;
}

static struct host_letter read_host(const struct policy_config *config, unsigned stale,
                                    bool github_young, const struct view_host *host)
{
    return (struct host_letter){
        .evidence = read_evidence(config, stale, host),
        .checked = host->health_passes >= config->health_checks,
        .maintenance = host->maintenance,
        .empty = github_young && host->busy == 0 && host->running == 0 && host->routed == 0,
    };
}

void letters_read(const struct policy_config *config, const struct view *view,
                  struct meaning *meaning)
{
    unsigned stale = 0, feed;
    int i;
    for (feed = 0; feed < FEED_COUNT; feed++)
        if (view->age_ms[feed] > config->stale_after_ms)
            stale |= 1u << feed;
    meaning->paused = view->paused;
    meaning->blind = stale != 0;
    for (i = 0; i < view->n; i++)
        meaning->host[i] = read_host(config, stale, view->age_ms[FEED_GITHUB] == 0, &view->host[i]);
}

static int letters_index(const struct host_letter *letter)
{
    return (int)letter->evidence * 8 + letter->checked * 4 + letter->maintenance * 2 +
           letter->empty;
}

struct host_letter letters_of(int index)
{
    return (struct host_letter){.evidence = (enum evidence_letter)(index / 8),
                                .checked = index >> 2 & 1,
                                .maintenance = index >> 1 & 1,
                                .empty = index & 1};
}

/* ---- members ---- */

static void add_member(struct letters *letters, int host, const struct view_host *member)
{
    int view = letters->n[host]++;
    unsigned stale;
    UND_ASSERT(view < LETTERS_MEMBERS);
    letters->view[host][view] = *member;
    for (stale = 0; stale <= ALL_FEEDS; stale++) {
        struct host_letter letter =
            read_host(&letters->scale->config, stale, !STALE(stale, FEED_GITHUB), member);
        int index = letters_index(&letter), *n = &letters->n_members[stale][host][index];
        UND_ASSERT(*n < LETTERS_MEMBERS / 4);
        letters->member[stale][host][index][(*n)++] = (uint16_t)view;
    }
}

/* Alerts of every kind: none, those that count for nothing, each that counts, all. */
static int alert_values(const struct policy_config *config, unsigned *value)
{
    unsigned all = (1u << SEVERITY_COUNT) - 1, severity;
    int n = 0;
    value[n++] = 0;
    value[n++] = all & ~config->severities;
    for (severity = 0; severity < SEVERITY_COUNT; severity++)
        if (config->severities >> severity & 1)
            value[n++] = 1u << severity;
    value[n++] = all;
    return n;
}

static void add_jobs(struct letters *letters, int host, struct view_host *member)
{
    static const struct {
        int busy, running, routed;
    } jobs[] = {{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    const struct policy_config *config = &letters->scale->config;
    int passes[] = {0, config->health_checks - 1, config->health_checks, config->health_checks + 1};
    size_t i, j;
    for (i = config->health_checks > 1 ? 0 : 1; i < sizeof passes / sizeof *passes; i++)
        for (j = 0; passes[i] >= 0 && j < sizeof jobs / sizeof *jobs; j++) {
            member->health_passes = passes[i];
            member->busy = jobs[j].busy;
            member->running = jobs[j].running;
            member->routed = jobs[j].routed;
            member->maintenance = false;
            add_member(letters, host, member);
            member->maintenance = true;
            add_member(letters, host, member);
        }
}

static void add_members(struct letters *letters, int host)
{
    const struct policy_config *config = &letters->scale->config;
    int slots = letters->scale->slots[host], n, i, j, probe;
    const struct {
        int online, offline_readings;
    } readings[] = {{slots, 0},
                    {1, 0},
                    {0, 0},
                    {0, config->confirm - 1},
                    {0, config->confirm},
                    {slots, config->confirm}};
    unsigned alerts[SEVERITY_COUNT + 3];
    n = alert_values(config, alerts);
    for (i = 0; i < (int)(sizeof readings / sizeof *readings); i++)
        for (probe = PROBE_UNKNOWN; probe <= PROBE_DOWN; probe++)
            for (j = 0; j < n; j++) {
                struct view_host member = {.slots = slots,
                                           .tier = letters->scale->tier[host],
                                           .online = readings[i].online,
                                           .offline_readings = readings[i].offline_readings,
                                           .probe = (enum probe)probe,
                                           .signs = probe == PROBE_UP ? 0 : ALL_SIGNS,
                                           .alerts = alerts[j]};
                add_jobs(letters, host, &member);
            }
}

struct letters *letters_open(const struct scale *scale)
{
    struct letters *letters = calloc(1, sizeof *letters);
    int host;
    UND_ASSERT(letters != NULL);
    letters->scale = scale;
    letters->signs = signs_used(&scale->config);
    letters->feeds = signs_draining(&scale->config) != 0 ? FEEDS_LETTERS : FEEDS_STALE_GITHUB;
    for (host = 0; host < scale->n; host++)
        add_members(letters, host);
    return letters;
}

void letters_close(struct letters *letters)
{
    free(letters);
}

/* ---- enumeration ---- */

/* Only a fit host can be checked, and only to come back; only maintenance asks for empty. */
static int evidence_for(enum phase phase, enum feeds_letter feeds,
                        struct choice choice[LETTERS_HOST])
{
    bool silent = feeds == FEEDS_SILENT || feeds == FEEDS_SILENT_GITHUB;
    bool returns = phase == PHASE_DRAINED || phase == PHASE_RAMPING || phase == PHASE_MAINTENANCE;
    int i, n = 0;
    for (i = 0; i < LETTERS_HOST; i++) {
        struct host_letter host = letters_of(i);
        bool asks_checks = host.evidence == LETTER_FIT && returns && feeds == FEEDS_FRESH;
        bool asks_empty = phase == PHASE_MAINTENANCE;
        if (feeds == FEEDS_FRESH && host.evidence == LETTER_UNKNOWN)
            continue;
        if (silent && host.evidence != LETTER_UNKNOWN &&
            (host.evidence != LETTER_BAD || feeds == FEEDS_SILENT_GITHUB))
            continue;
        if ((!host.checked && !asks_checks) || (host.empty && !asks_empty))
            continue;
        choice[n].letter = (uint8_t)i;
        choice[n++].free = (uint8_t)((asks_checks ? 0 : CHECKED) | (asks_empty ? 0 : EMPTY));
    }
    return n;
}

static bool github_fresh(enum feeds_letter feeds)
{
    return feeds != FEEDS_STALE_GITHUB && feeds != FEEDS_SILENT_GITHUB;
}

int letters_for(const struct letters *letters, enum phase phase, enum feeds_letter feeds,
                struct choice choice[LETTERS_CHOICES])
{
    struct choice evidence[LETTERS_HOST];
    struct sign_choice signs[SIGNS_CHOICES];
    int n_evidence = evidence_for(phase, feeds, evidence), i, j, n = 0;
    int n_signs = signs_for(&letters->scale->config, phase, github_fresh(feeds), signs);
    for (i = 0; i < n_evidence; i++)
        for (j = 0; j < n_signs; j++) {
            choice[n] = evidence[i];
            choice[n++].signs = signs[j];
        }
    return n;
}

static uint32_t scatter(uint32_t turn)
{
    turn *= 0x9E3779B1u;
    turn ^= turn >> 15;
    return turn * 0x85EBCA77u;
}

static uint32_t share(uint32_t turn, int n)
{
    return (uint32_t)((uint64_t)turn * (uint32_t)n >> 32);
}

/* Which feeds are stale. BAD without alerts is two signals, so both of their feeds are fresh. */
static unsigned stale_feeds(const struct letters *letters, enum feeds_letter feeds,
                            const struct choice *choice, uint32_t random)
{
    bool apart = letters->feeds == FEEDS_LETTERS; /* GitHub from the others */
    static const unsigned stale[] = {1u << FEED_GITHUB, 1u << FEED_PROBE};
    static const unsigned silent[] = {1u << FEED_ALERTS, 1u << FEED_ALERTS | 1u << FEED_GITHUB,
                                      1u << FEED_ALERTS | 1u << FEED_PROBE, ALL_FEEDS};
    int i;
    switch (feeds) {
    case FEEDS_FRESH:
        return 0;
    case FEEDS_STALE:
        return apart ? stale[1] : stale[share(random, 2)];
    case FEEDS_STALE_GITHUB:
        return stale[0];
    case FEEDS_SILENT_GITHUB:
        return silent[1 + 2 * share(random, 2)];
    case FEEDS_SILENT:
        break;
    case FEEDS_LETTERS:
        UND_UNREACHABLE();
    }
    for (i = 0; i < letters->scale->n; i++)
        if (choice[i].letter / 8 == LETTER_BAD)
            return silent[0];
    return apart ? silent[2 * share(random, 2)] : silent[share(random, 4)];
}

/* The letter that the host will have, with its free distinctions drawn. */
static int draw_letter(const struct letters *letters, unsigned stale, int host,
                       struct choice choice, uint32_t random)
{
    const int *n = letters->n_members[stale][host];
    int letter = choice.letter ^ (choice.free & (int)(random >> 3));
    if (n[letter] == 0)
        letter = choice.letter & ~EMPTY; /* with GitHub stale nobody is seen empty */
    if (n[letter] == 0)
        letter |= CHECKED; /* without health checks everybody has passed */
    UND_ASSERT(n[letter] > 0);
    return letter;
}

/* The member drawn, or the next that can have the signs chosen. */
static const struct view_host *draw_member(const struct letters *letters, unsigned stale, int host,
                                           int letter, enum sign_letter signs, uint32_t random)
{
    const uint16_t *member = letters->member[stale][host][letter];
    int n = letters->n_members[stale][host][letter], i, first = (int)share(random, n);
    for (i = 0; i < n; i++) {
        const struct view_host *view = &letters->view[host][member[(first + i) % n]];
        if (signs_fit(&letters->scale->config, view, signs, !STALE(stale, FEED_GITHUB)))
            return view;
    }
    return &letters->view[host][member[first]];
}

void letters_view(const struct letters *letters, enum feeds_letter feeds, bool paused,
                  const struct choice *choice, uint32_t turn, int64_t now_ms, struct view *view,
                  struct meaning *meaning, struct policy_state *state)
{
    const struct policy_config *config = &letters->scale->config;
    int n = letters->scale->n, i;
    uint32_t random = scatter(turn);
    unsigned stale = stale_feeds(letters, feeds, choice, random), feed;
    bool seen_empty = false;
    view->n = n;
    view->paused = meaning->paused = paused;
    meaning->blind = stale != 0;
    for (i = 0; i < n; i++) {
        int letter = draw_letter(letters, stale, i, choice[i], random);
        random = random * 0x9E3779B1u + 0x7F4A7C15u;
        view->host[i] = *draw_member(letters, stale, i, letter,
                                     (enum sign_letter)choice[i].signs.letter, random);
        if (letters->signs)
            signs_put(config, choice[i].signs, !STALE(stale, FEED_GITHUB), random, now_ms,
                      &view->host[i], &state->host[i]);
        meaning->host[i] = letters_of(letter);
        seen_empty = seen_empty || (choice[i].letter & EMPTY) != 0;
    }
    for (feed = 0; feed < FEED_COUNT; feed++)
        view->age_ms[feed] = STALE(stale, feed) ? config->stale_after_ms + 1 + (random & 1) : 0;
    /* A reading as old as the entry into maintenance (codec.c) tells nothing of it. */
    if (!seen_empty && !STALE(stale, FEED_GITHUB))
        view->age_ms[FEED_GITHUB] = random >> 1 & 1;
    if (!STALE(stale, FEED_PROBE) && random >> 2 & 1)
        view->age_ms[FEED_PROBE] = config->stale_after_ms; /* just fresh */
}
