#include "against.h"
#include "model/base/assert.h"
#include "model/policy/policy_names.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define STEPS 65536 /* from one state, at most */

/* Both sides must mean the same by a key. */
struct greeting {
    char magic[8];
    int32_t bits, age_bits, n, unused; /* no padding: it is compared and sent as bytes */
    int64_t unit_ms, persist_ms, ramp_ms, clear_for_ms, block_ms, grace_ms, page_after_ms;
};

struct answers {
    struct answer answer[STEPS];
    uint8_t before[STEPS][SCALE_HOSTS];
    uint32_t turn[STEPS];
    uint32_t n;
};

static struct greeting greet(const struct space *space)
{
    const struct policy_config *config = &space->codec.scale.config;
    struct greeting greeting;
    memset(&greeting, 0, sizeof greeting);
    memcpy(greeting.magic, "explore1", sizeof greeting.magic);
    greeting.bits = space->codec.bits;
    greeting.age_bits = space->codec.age_bits;
    greeting.n = space->codec.scale.n;
    greeting.unit_ms = space->codec.scale.unit_ms;
    greeting.persist_ms = config->persist_ms;
    greeting.ramp_ms = config->ramp_ms;
    greeting.clear_for_ms = config->clear_for_ms;
    greeting.block_ms = config->block_ms;
    greeting.grace_ms = config->grace_ms;
    greeting.page_after_ms = config->page_after_ms;
    return greeting;
}

/* ---- answers ---- */

static struct answer answer_of(const struct move *move)
{
    struct answer answer;
    int i;
    memset(&answer, 0, sizeof answer);
    answer.fleet = move->plan->notices;
    for (i = 0; i < move->plan->n; i++) {
        answer.phase[i] = (uint8_t)move->after->host[i].phase;
        answer.admitted[i] = (uint8_t)move->plan->host[i].admitted;
        answer.notices[i] = move->plan->host[i].notices;
    }
    return answer;
}

static bool collect(void *context, const struct move *move)
{
    struct answers *answers = context;
    int i;
    if (move->kind != MOVE_STEP)
        return true;
    UND_ASSERT(answers->n < STEPS);
    for (i = 0; i < move->before->n; i++)
        answers->before[answers->n][i] = (uint8_t)move->before->host[i].phase;
    answers->turn[answers->n] = move->turn;
    answers->answer[answers->n++] = answer_of(move);
    return true;
}

static void answer_all(struct mover *mover, struct answers *answers, uint128 key)
{
    answers->n = 0;
    memset(answers->before, 0, sizeof answers->before[0]);
    mover->visit = collect;
    mover->context = answers;
    moves_each(mover, key);
}

enum und_code against_answer(const struct space *space, struct und_err *err)
{
    struct mover *mover = calloc(1, sizeof *mover);
    struct answers *answers = calloc(1, sizeof *answers);
    struct greeting greeting = greet(space);
    uint128 key;
    bool good;
    UND_ASSERT(mover != NULL && answers != NULL);
    mover->space = space;
    good = fwrite(&greeting, sizeof greeting, 1, stdout) == 1 && fflush(stdout) == 0;
    while (good && fread(&key, sizeof key, 1, stdin) == 1) {
        answer_all(mover, answers, key);
        good =
            fwrite(&answers->n, sizeof answers->n, 1, stdout) == 1 &&
            fwrite(answers->answer, sizeof answers->answer[0], answers->n, stdout) == answers->n &&
            fflush(stdout) == 0;
    }
    free(answers);
    free(mover);
    return good ? UND_OK : und_fail(err, UND_FAILED, "--answer: the questions' reader is gone");
}

/* ---- comparing ---- */

struct peer {
    pid_t pid;
    FILE *to, *from;
};

static enum und_code start(struct peer *peer, char *const *command, struct und_err *err)
{
    int down[2], up[2];
    if (pipe(down) != 0)
        return und_fail(err, UND_USAGE, "--against: no pipe: %s", strerror(errno));
    if (pipe(up) != 0) {
        close(down[0]);
        close(down[1]);
        return und_fail(err, UND_USAGE, "--against: no pipe: %s", strerror(errno));
    }
    signal(SIGPIPE, SIG_IGN);
    peer->pid = fork();
    if (peer->pid == 0) {
        dup2(down[0], STDIN_FILENO);
        dup2(up[1], STDOUT_FILENO);
        close(down[0]);
        close(down[1]);
        close(up[0]);
        close(up[1]);
        execv(command[0], command);
        _exit(127);
    }
    close(down[0]);
    close(up[1]);
    peer->to = fdopen(down[1], "w");
    peer->from = fdopen(up[0], "r");
    UND_ASSERT(peer->to != NULL && peer->from != NULL);
    return peer->pid > 0 ? UND_OK
                         : und_fail(err, UND_USAGE, "--against: no process: %s", strerror(errno));
}

static void stop(struct peer *peer)
{
    fclose(peer->to);
    fclose(peer->from);
    if (peer->pid > 0)
        waitpid(peer->pid, NULL, 0);
}

static bool ask(struct peer *peer, uint128 key, struct answers *answers)
{
    return fwrite(&key, sizeof key, 1, peer->to) == 1 && fflush(peer->to) == 0 &&
           fread(&answers->n, sizeof answers->n, 1, peer->from) == 1 && answers->n <= STEPS &&
           fread(answers->answer, sizeof answers->answer[0], answers->n, peer->from) == answers->n;
}

static bool host_differs(const struct answer *a, const struct answer *b, int i)
{
    return a->phase[i] != b->phase[i] || a->admitted[i] != b->admitted[i] ||
           a->notices[i] != b->notices[i];
}

static bool is_like(const struct against_class *class, int host, enum phase before,
                    const struct answer *here, const struct answer *there)
{
    const struct answer *was_here = &class->example[0].here, *was_there = &class->example[0].there;
    int i = class->host;
    if ((i < 0) != (host < 0))
        return false;
    if (host < 0)
        return was_here->fleet == here->fleet && was_there->fleet == there->fleet;
    return class->before == before && was_here->phase[i] == here->phase[host] &&
           was_here->notices[i] == here->notices[host] &&
           was_there->phase[i] == there->phase[host] &&
           was_there->notices[i] == there->notices[host];
}

static struct against_class *class_of(struct against *against, int host, enum phase before,
                                      const struct answer *here, const struct answer *there)
{
    int i;
    for (i = 0; i < against->n; i++)
        if (is_like(&against->class[i], host, before, here, there))
            return &against->class[i];
    if (against->n == AGAINST_CLASSES) {
        against->more = true;
        return NULL;
    }
    against->class[against->n] = (struct against_class){.host = host, .before = before};
    return &against->class[against->n++];
}

static void classify(struct against *against, const struct answers *here,
                     const struct answers *there, uint32_t at, uint32_t state)
{
    const struct answer *mine = &here->answer[at], *theirs = &there->answer[at];
    struct against_class *class;
    int host = 0;
    while (host < SCALE_HOSTS && !host_differs(mine, theirs, host))
        host++;
    if (host == SCALE_HOSTS)
        host = -1;
    class = class_of(against, host, host < 0 ? PHASE_COUNT : (enum phase)here->before[at][host],
                     mine, theirs);
    if (!class)
        return;
    class->steps++;
    if (class->n < AGAINST_EXAMPLES &&
        (class->n == 0 || class->example[class->n - 1].state != state)) {
        class->example[class->n].state = state;
        class->example[class->n].turn = here->turn[at];
        class->example[class->n].here = *mine;
        class->example[class->n++].there = *theirs;
    }
}

static enum und_code compare(struct peer *peer, struct mover *mover, struct answers *both,
                             const struct explore_result *result, struct against *against,
                             const char *name, struct und_err *err)
{
    struct answers *here = &both[0], *there = &both[1];
    struct greeting mine = greet(mover->space), theirs;
    uint32_t s, k;
    if (fread(&theirs, sizeof theirs, 1, peer->from) != 1 ||
        memcmp(theirs.magic, mine.magic, sizeof mine.magic) != 0)
        return und_fail(err, UND_USAGE, "--against: got no answer from %s, want an understudy",
                        name);
    if (memcmp(&theirs, &mine, sizeof mine) != 0)
        return und_fail(err, UND_USAGE,
                        "--against: %s scales the fleet otherwise; no state means the same", name);
    for (s = 0; s < result->set.n; s++) {
        uint128 key = stateset_key(&result->set, s);
        bool differs = false;
        answer_all(mover, here, key);
        if (!ask(peer, key, there) || there->n != here->n)
            return und_fail(err, UND_FAILED, "--against: %s ended, or takes other moves", name);
        for (k = 0; k < here->n; k++)
            if (memcmp(&here->answer[k], &there->answer[k], sizeof here->answer[k]) != 0) {
                differs = true;
                against->steps++;
                classify(against, here, there, k, s);
            }
        against->states += differs;
        against->compared += here->n;
    }
    return UND_OK;
}

enum und_code against_run(const struct space *space, const struct explore_result *result,
                          char *const *command, struct against *against, struct und_err *err)
{
    struct mover *mover = calloc(1, sizeof *mover);
    struct answers *both = calloc(2, sizeof *both);
    struct peer peer = {0};
    UND_ASSERT(mover != NULL && both != NULL);
    mover->space = space;
    memset(against, 0, sizeof *against);
    if (start(&peer, command, err) == UND_OK) {
        compare(&peer, mover, both, result, against, command[0], err);
        stop(&peer);
    }
    free(both);
    free(mover);
    return err->code;
}

/* ---- telling ---- */

/* In the exploration the very step; in the real policy one that decides the same. */
struct wanted {
    uint32_t turn;
    struct answer answer;
};

static bool is_wanted(void *context, const struct move *move)
{
    const struct wanted *wanted = context;
    struct answer answer;
    if (move->kind != MOVE_STEP || (move->meaning && move->turn != wanted->turn))
        return false;
    answer = answer_of(move);
    return memcmp(&answer, &wanted->answer, sizeof answer) == 0;
}

/* The first example that the real policy plays, or else the last; returns which. */
static int tell(const struct space *space, const struct explore_result *result,
                const struct against_class *class, struct story *story)
{
    int i = 0;
    for (;;) {
        struct wanted wanted = {class->example[i].turn, class->example[i].here};
        story_tell(space, result, class->example[i].state, is_wanted, &wanted, story);
        if (story->real || i == class->n - 1)
            return i;
        i++;
        story_fini(story);
    }
}

static void print_answer(FILE *out, const struct scale *scale, const struct answer *answer)
{
    int i, notice;
    for (i = 0; i < scale->n; i++) {
        fprintf(out, "%s%s %s with %d", i > 0 ? ", " : "", scale->name[i],
                policy_phase_name((enum phase)answer->phase[i]), answer->admitted[i]);
        for (notice = 0; notice < NOTICE_COUNT; notice++)
            if (answer->notices[i] >> notice & 1)
                fprintf(out, ", %s", policy_notice_name((enum notice)notice));
    }
    for (notice = 0; notice < NOTICE_COUNT; notice++)
        if (answer->fleet >> notice & 1)
            fprintf(out, "; %s", policy_notice_name((enum notice)notice));
}

void against_print(FILE *out, const struct space *space, const struct explore_result *result,
                   const struct against *against)
{
    int i;
    fprintf(out,
            "\nAgainst the other build: %u of %u states decide differently, in %lld of %lld steps, "
            "of %d%s kinds.\n",
            against->states, result->set.n, (long long)against->steps, (long long)against->compared,
            against->n, against->more ? " and more" : "");
    for (i = 0; i < against->n; i++) {
        const struct against_class *class = &against->class[i];
        struct story story;
        int example = tell(space, result, class, &story);
        fprintf(out, "\n%d. %lld steps, for example%s:\n", i + 1, (long long)class->steps,
                story.real ? "" : " (in the abstraction)");
        story_print(&story, out);
        fputs("   the other: ", out);
        print_answer(out, &space->codec.scale, &class->example[example].there);
        putc('\n', out);
        story_fini(&story);
    }
}

static json_t *answer_json(const struct scale *scale, const struct answer *answer)
{
    char *text = NULL;
    size_t size;
    json_t *json;
    FILE *out = open_memstream(&text, &size);
    UND_ASSERT(out != NULL);
    print_answer(out, scale, answer);
    fclose(out);
    json = json_string(text);
    free(text);
    return json;
}

json_t *against_json(const struct space *space, const struct explore_result *result,
                     const struct against *against)
{
    json_t *classes = json_array();
    int i;
    for (i = 0; i < against->n; i++) {
        const struct against_class *class = &against->class[i];
        struct story story;
        int example = tell(space, result, class, &story);
        json_array_append_new(
            classes,
            json_pack("{s:I, s:o, s:o, s:o, s:b}", "count", (json_int_t) class->steps, "steps",
                      story_json(&story), "here",
                      answer_json(&space->codec.scale, &class->example[example].here), "there",
                      answer_json(&space->codec.scale, &class->example[example].there), "real",
                      story.real));
        story_fini(&story);
    }
    return json_pack("{s:I, s:I, s:I, s:b, s:o}", "states", (json_int_t)against->states, "steps",
                     (json_int_t)against->steps, "compared", (json_int_t)against->compared,
                     "complete", !against->more, "classes", classes);
}
