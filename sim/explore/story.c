#include "story.h"
#include "model/base/assert.h"
#include "model/base/units.h"
#include "model/policy/policy_names.h"
#include "signs.h"

#include <stdlib.h>
#include <string.h>

#define ATTEMPTS 64 /* stories tried until one is real */
#define JITTER_MS 8 /* how far from whole units a step's time may have to be */

/* ---- the path ---- */

/* Catches the first move that leads to a key, or that the caller wants. */
struct catch
{
    uint128 to;
    story_wanted *wanted;
    void *context;
    bool caught;
    struct story_move move;
};

static bool look(void *context, const struct move *move)
{
    struct catch *catch = context;
    if (catch->wanted ? !catch->wanted(catch->context, move) : move->to != catch->to)
        return true;
    catch->caught = true;
    catch->move.kind = move->kind;
    if (move->kind == MOVE_STEP)
        catch->move.view = *move->view;
    return false;
}

static bool find_move(struct mover *mover, struct catch *catch, uint128 from)
{
    mover->visit = look;
    mover->context = catch;
    catch->caught = false;
    moves_each(mover, from);
    return catch->caught;
}

static int level_of(const struct explore_result *result, uint32_t state)
{
    int level = 0;
    while (result->level[level + 1] <= state)
        level++;
    return level;
}

/* The first state of the level before from which a move leads to `state`. */
static uint32_t predecessor(struct mover *mover, struct catch *catch,
                            const struct explore_result *result, uint32_t state)
{
    int level = level_of(result, state) - 1;
    uint32_t from;
    catch->wanted = NULL;
    catch->to = stateset_key(&result->set, state);
    for (from = result->level[level]; from < result->level[level + 1]; from++)
        if (find_move(mover, catch, stateset_key(&result->set, from)))
            return from;
    UND_UNREACHABLE();
}

/* ---- playing it ---- */

/* The real policy on the path: its hosts stand in some order of equal ones. */
struct player {
    const struct codec *codec;
    struct policy_state state, next;
    struct plan plan;
    int64_t unit_clock_ms, last_ms;
};

static void arrange(const struct view *view, const int *order, struct view *arranged)
{
    int i;
    *arranged = *view;
    for (i = 0; i < view->n; i++)
        arranged->host[i] = view->host[order[i]];
}

/* Does the real step do what the path's move does: lead to `to`, or what the caller wants? */
static bool meets(const struct player *player, const struct view *view, int64_t at_ms,
                  const struct catch *catch)
{
    struct move move = {.kind = MOVE_STEP,
                        .now_ms = at_ms,
                        .before = &player->state,
                        .after = &player->next,
                        .view = view,
                        .plan = &player->plan};
    if (catch->wanted)
        return catch->wanted(catch->context, &move);
    return codec_pack(player->codec, &player->next, player->unit_clock_ms) == catch->to;
}

static bool try_step(struct player *player, struct story_move *move, const struct view *view,
                     int64_t at_ms, const struct catch *catch)
{
    if (at_ms < player->last_ms || at_ms < 0)
        return false;
    moves_copy(&player->next, &player->state);
    policy_step(&player->codec->scale.config, &player->next, at_ms, view, &player->plan);
    if (!meets(player, view, at_ms, catch))
        return false;
    move->view = *view;
    move->at_ms = player->last_ms = at_ms;
    moves_copy(&player->state, &player->next);
    return true;
}

/* In some arrangement, at some time near. */
static bool play_signs(struct player *player, struct story_move *move, const struct view *seen,
                       const struct catch *catch)
{
    static const int factorial[] = {1, 1, 2, 6, 24};
    struct view arranged;
    int number, jitter, order[SCALE_HOSTS];
    for (number = 0; number < factorial[player->codec->scale.n]; number++) {
        if (!scale_order(&player->codec->scale, number, order))
            continue;
        arrange(seen, order, &arranged);
        for (jitter = 0; jitter <= 2 * JITTER_MS; jitter++) {
            int by = (jitter & 1 ? -1 : 1) * ((jitter + 1) / 2);
            if (try_step(player, move, &arranged, player->unit_clock_ms + by, catch))
                return true;
        }
    }
    return false;
}

/* As in the exploration; else with other signs, as their real clocks may not be those that it took.
 * Of two hosts all combinations, of more the same for all. */
static bool play_step(struct player *player, struct story_move *move, const struct catch *catch)
{
    struct view seen = move->view;
    unsigned shown, all = 1u << SIGN_COUNT;
    int i;
    if (play_signs(player, move, &seen, catch))
        return true;
    if (!signs_used(&player->codec->scale.config))
        return false;
    for (shown = 0; shown < all * all; shown++) {
        for (i = 0; i < seen.n; i++)
            seen.host[i].signs = i == 0 ? shown % all : shown / all;
        if (play_signs(player, move, &seen, catch))
            return true;
    }
    return false;
}

static int64_t latest_ms(const struct player *player)
{
    return player->last_ms > player->unit_clock_ms ? player->last_ms : player->unit_clock_ms;
}

static bool play(struct player *player, struct story_move *move, const struct catch *catch)
{
    switch (move->kind) {
    case MOVE_STEP:
        if (play_step(player, move, catch))
            return true;
        move->at_ms = player->last_ms = latest_ms(player); /* it is told, and time goes on */
        return false;
    case MOVE_TICK:
        player->unit_clock_ms += player->codec->scale.unit_ms;
        break;
    case MOVE_RESTART:
    case MOVE_LOSS:
        player->last_ms = latest_ms(player);
        if (move->kind == MOVE_LOSS) {
            struct view fleet = {.n = player->codec->scale.n};
            int i;
            for (i = 0; i < fleet.n; i++)
                fleet.host[i].slots = player->codec->scale.slots[i];
            policy_init(&player->codec->scale.config, &player->state, player->last_ms, &fleet);
        }
        player->state.started_ms = player->last_ms;
        break;
    case MOVE_KINDS:
        UND_UNREACHABLE();
    }
    move->at_ms = player->unit_clock_ms;
    return codec_pack(player->codec, &player->state, player->unit_clock_ms) == catch->to;
}

/* ---- telling ---- */

void story_tell(const struct space *space, const struct explore_result *result, uint32_t state,
                story_wanted *last, void *context, struct story *story)
{
    struct mover *mover = calloc(1, sizeof *mover);
    struct catch *catch = calloc(1, sizeof *catch);
    struct player *player = calloc(1, sizeof *player);
    uint32_t path[STORY_MOVES];
    int i, n = 0;
    struct view fleet = {.n = space->codec.scale.n};
    UND_ASSERT(mover != NULL && catch != NULL && player != NULL);
    mover->space = space;
    for (path[n++] = state; path[n - 1] != 0; n++) {
        UND_ASSERT(n < STORY_MOVES - 1);
        path[n] = predecessor(mover, catch, result, path[n - 1]);
    }
    *story = (struct story){.scale = space->codec.scale};
    story->move = calloc((size_t)n, sizeof *story->move);
    UND_ASSERT(story->move != NULL);
    story->real = true;
    player->codec = &space->codec;
    for (i = 0; i < fleet.n; i++)
        fleet.host[i] =
            (struct view_host){.slots = story->scale.slots[i], .tier = story->scale.tier[i]};
    policy_init(&story->scale.config, &player->state, 0, &fleet);
    for (i = n - 1; i > 0 || (i == 0 && last); i--) {
        catch->wanted = i > 0 ? NULL : last;
        catch->context = context;
        catch->to = i > 0 ? stateset_key(&result->set, path[i - 1]) : 0;
        UND_ASSERT(find_move(mover, catch, stateset_key(&result->set, path[i])));
        story->move[story->n] = catch->move;
        story->real = play(player, &story->move[story->n++], catch) && story->real;
    }
    free(player);
    free(catch);
    free(mover);
}

bool story_find(const struct space *space, const struct explore_result *result,
                story_wanted *wanted, void *context, struct story *story)
{
    struct mover *mover = calloc(1, sizeof *mover);
    struct catch *catch = calloc(1, sizeof *catch);
    uint32_t state, best = 0; /* the first, or the first that is real */
    bool real = false;
    int attempts = 0;
    UND_ASSERT(mover != NULL && catch != NULL);
    mover->space = space;
    catch->wanted = wanted;
    catch->context = context;
    for (state = 0; state < result->set.n && attempts < ATTEMPTS && !real; state++) {
        struct story told;
        if (!find_move(mover, catch, stateset_key(&result->set, state)))
            continue;
        story_tell(space, result, state, wanted, context, &told);
        real = told.real;
        story_fini(&told);
        if (attempts++ == 0 || real)
            best = state;
    }
    *story = (struct story){0};
    if (attempts > 0)
        story_tell(space, result, best, wanted, context, story);
    free(catch);
    free(mover);
    return attempts > 0;
}

struct breach {
    const struct policy_config *config;
    enum property property;
};

static bool breaks(void *context, const struct move *move)
{
    const struct breach *breach = context;
    int host;
    if (move->kind != MOVE_STEP)
        return false;
    if (breach->property == PROPERTY_SETTLED)
        return property_check_settled(breach->config, move->after, move->now_ms, move->view,
                                      move->plan, &host) == PROPERTY_SETTLED;
    return property_check(breach->config, move->before, move->after, move->now_ms, move->view,
                          move->meaning, move->plan, &host) == breach->property;
}

void story_of_violation(const struct space *space, const struct explore_result *result,
                        struct story *story)
{
    struct breach breach = {&space->codec.scale.config, result->violation.property};
    story_tell(space, result, result->violation.state, breaks, &breach, story);
    story->broken = result->violation.property;
    story->host = result->violation.host;
}

void story_fini(struct story *story)
{
    free(story->move);
    story->move = NULL;
}

/* ---- words ---- */

static void print_seen(FILE *out, const struct policy_config *config, const struct view_host *host,
                       const struct host_letter *seen)
{
    int severity, sign;
    switch (seen->evidence) {
    case LETTER_BAD:
        fputs("in trouble (", out);
        if ((host->alerts & config->severities) == 0)
            fputs("offline, probe down", out);
        for (severity = 0; severity < SEVERITY_COUNT; severity++)
            if (host->alerts & config->severities & 1u << severity)
                fprintf(out, "alert %s", policy_severity_name((enum severity)severity));
        putc(')', out);
        break;
    case LETTER_FIT:
        fputs(seen->checked ? "well" : "well but for its health check", out);
        break;
    case LETTER_UNFIT:
        fputs("not accused, but not online", out);
        break;
    case LETTER_UNKNOWN:
        fputs("not known", out);
        break;
    case LETTER_EVIDENCES:
        UND_UNREACHABLE();
    }
    if (seen->maintenance)
        fputs(", maintenance asked for", out);
    for (sign = 0; sign < SIGN_COUNT; sign++)
        if (signs_seen(config, host) >> sign & 1)
            fprintf(out, ", sign: %s", policy_notice_name((enum notice)(NOTICE_PARTIAL + sign)));
}

static void print_step(const struct story *story, const struct sequence *sequence,
                       const struct policy_state *before, FILE *out)
{
    const struct view *view = &sequence->view;
    struct meaning meaning;
    int i, feed, notice;
    letters_read(&sequence->config, view, &meaning);
    if (view->paused)
        fputs(" paused;", out);
    for (feed = 0; feed < FEED_COUNT; feed++)
        if (view->age_ms[feed] > sequence->config.stale_after_ms)
            fprintf(out, " %s stale;", policy_feed_name((enum feed)feed));
    for (i = 0; i < view->n; i++) {
        fprintf(out, "%s %s ", i > 0 ? "," : "", story->scale.name[i]);
        print_seen(out, &sequence->config, &view->host[i], &meaning.host[i]);
    }
    fputs(" ->", out);
    for (i = 0; i < view->n; i++) {
        const struct policy_host *is = &sequence->state.host[i];
        fprintf(out, "%s %s %s", i > 0 ? "," : "", story->scale.name[i],
                policy_phase_name(is->phase));
        if (is->phase != before->host[i].phase || is->admitted != before->host[i].admitted)
            fprintf(out, " (was %s)", policy_phase_name(before->host[i].phase));
        fprintf(out, " with %d", sequence->plan.host[i].admitted);
        for (notice = 0; notice < NOTICE_COUNT; notice++)
            if (sequence->plan.host[i].notices >> notice & 1)
                fprintf(out, ", %s", policy_notice_name((enum notice)notice));
    }
    for (notice = 0; notice < NOTICE_COUNT; notice++)
        if (sequence->plan.notices >> notice & 1)
            fprintf(out, "; %s", policy_notice_name((enum notice)notice));
    putc('\n', out);
}

/* Plays the story; prints it in words, or as decisions. */
static void retell(const struct story *story, const char *name, FILE *words, FILE *decisions)
{
    struct sequence *sequence = calloc(1, sizeof *sequence);
    struct policy_state *before = calloc(1, sizeof *before);
    struct view fleet = {.n = story->scale.n};
    char time[UNITS_TEXT];
    int i;
    UND_ASSERT(sequence != NULL && before != NULL);
    for (i = 0; i < fleet.n; i++)
        fleet.host[i] =
            (struct view_host){.slots = story->scale.slots[i], .tier = story->scale.tier[i]};
    sequence_begin(sequence, decisions, name, &story->scale.config, &fleet);
    for (i = 0; i < story->n; i++) {
        const struct story_move *move = &story->move[i];
        if (move->kind == MOVE_TICK)
            continue;
        if (words && story->stem > 0 && i == story->stem)
            fputs("from here on nothing changes any more.\n", words);
        if (words && story->stem > 0 && i == story->circle)
            fputs("and from here on in circles:\n", words);
        if (words)
            fprintf(words, "%s:", units_format_duration(move->at_ms, time));
        *before = sequence->state;
        if (move->kind != MOVE_STEP) {
            sequence_restart(sequence, move->at_ms, move->kind == MOVE_LOSS);
            if (words)
                fprintf(words, " the controller starts again%s\n",
                        move->kind == MOVE_LOSS ? ", its state lost" : "");
            continue;
        }
        sequence_step(sequence, move->at_ms, &move->view);
        if (words)
            print_step(story, sequence, before, words);
    }
    if (words && story->stem > 0)
        fputs(story->circle < story->n ? "and so on for ever.\n" : "and so it stays for ever.\n",
              words);
    free(before);
    free(sequence);
}

void story_print(const struct story *story, FILE *out)
{
    retell(story, "", out, NULL);
}

json_t *story_json(const struct story *story)
{
    json_t *steps = json_array();
    char *text = NULL, *line, *rest;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    UND_ASSERT(out != NULL);
    story_print(story, out);
    fclose(out);
    for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        json_array_append_new(steps, json_string(line));
    free(text);
    return steps;
}

void story_print_case(const struct story *story, const char *name, FILE *out)
{
    retell(story, name, NULL, out);
}
