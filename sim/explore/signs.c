#include "signs.h"
#include "model/base/assert.h"

#define LONG_MS (400 * 3600000LL)
#define BIT(x) (1u << (unsigned)(x))

bool signs_used(const struct policy_config *config)
{
    int sign;
    for (sign = 0; sign < SIGN_COUNT; sign++)
        if (config->signs[sign].then != 0)
            return true;
    return false;
}

unsigned signs_draining(const struct policy_config *config)
{
    unsigned draining = 0;
    int sign;
    for (sign = 0; sign < SIGN_COUNT; sign++)
        if (config->signs[sign].then & BIT(REMEDY_DRAIN))
            draining |= BIT(sign);
    return draining;
}

unsigned signs_seen(const struct policy_config *config, const struct view_host *host)
{
    unsigned seen = host->signs;
    int sign;
    if ((int64_t)host->online * 1000 < config->partial_pm * host->slots)
        seen |= BIT(SIGN_PARTIAL);
    for (sign = 0; sign < SIGN_COUNT; sign++)
        if (config->signs[sign].then == 0)
            seen &= ~BIT(sign);
    return seen;
}

/* Those that drain and must last. */
static unsigned slow(const struct policy_config *config)
{
    unsigned slow = signs_draining(config);
    int sign;
    for (sign = 0; sign < SIGN_COUNT; sign++)
        if (config->signs[sign].lasts_ms == 0)
            slow &= ~BIT(sign);
    return slow;
}

int signs_for(const struct policy_config *config, enum phase phase, bool github,
              struct sign_choice choice[SIGNS_CHOICES])
{
    /* Only what can become or stay suspect, or relapse, asks how long; a stale list stops all. */
    bool asks_long = github && phase != PHASE_DRAINED && phase != PHASE_MAINTENANCE;
    bool asks_told = phase == PHASE_SUSPECT;
    int letter, told, n = 0;
    if (signs_draining(config) == 0) {
        choice[0] = (struct sign_choice){.letter = SIGNS_NONE, .told_free = true};
        return 1;
    }
    for (letter = SIGNS_NONE; letter < SIGNS_LETTERS; letter++) {
        if (letter == SIGNS_PENDING && (!asks_long || slow(config) == 0))
            continue;
        for (told = 0; told <= (int)asks_told; told++)
            choice[n++] = (struct sign_choice){
                .letter = (uint8_t)letter, .told = told != 0, .told_free = !asks_told};
    }
    return n;
}

bool signs_fit(const struct policy_config *config, const struct view_host *host,
               enum sign_letter letter, bool github)
{
    struct view_host bare = *host;
    unsigned forced;
    bare.signs = 0;
    forced = signs_seen(config, &bare) & signs_draining(config);
    if (letter == SIGNS_NONE)
        return forced == 0;
    return letter == SIGNS_LASTING || !github || (forced & ~slow(config)) == 0;
}

static unsigned draw(uint32_t *random)
{
    *random = *random * 0x9E3779B1u + 0x7F4A7C15u;
    return *random >> 8;
}

/* One of a set that is not empty. */
static unsigned one_of(unsigned set, uint32_t *random)
{
    unsigned skip = draw(random) % (unsigned)__builtin_popcount(set);
    while (skip-- > 0)
        set &= set - 1;
    return set & -set;
}

static int64_t clock_of(const struct policy_sign *sign, bool lasting, uint32_t *random,
                        int64_t now_ms)
{
    unsigned kind = draw(random) % 3;
    if (sign->lasts_ms == 0)
        return kind == 0 ? -1 : kind == 1 ? now_ms : now_ms - LONG_MS;
    if (lasting)
        return now_ms - sign->lasts_ms - (kind == 0 ? LONG_MS : 0);
    return kind == 0 ? -1 : kind == 1 ? now_ms : now_ms - sign->lasts_ms + 1;
}

/* Which signs to show. */
static unsigned pick(const struct policy_config *config, enum sign_letter letter, bool github,
                     const struct view_host *seen, uint32_t *random, unsigned *lasting)
{
    unsigned draining = signs_draining(config), may = draining, shown;
    unsigned free = draw(random) & (BIT(SIGN_COUNT) - 1) & ~draining; /* they page, or nothing */
    *lasting = draw(random) & (BIT(SIGN_COUNT) - 1);
    if (letter == SIGNS_NONE)
        return free;
    if (letter == SIGNS_PENDING && github) {
        may = slow(config);
        *lasting &= ~draining;
    }
    UND_ASSERT(may != 0);
    shown =
        (draw(random) & may) | one_of(may, random) | (signs_seen(config, seen) & draining & may);
    if (letter == SIGNS_LASTING)
        *lasting |= one_of(shown, random);
    return free | shown;
}

void signs_put(const struct policy_config *config, struct sign_choice choice, bool github,
               uint32_t random, int64_t now_ms, struct view_host *seen, struct policy_host *host)
{
    unsigned draining = signs_draining(config), lasting, told, shown;
    int sign;
    random ^= random >> 15;
    seen->signs = 0;
    seen->signs = pick(config, (enum sign_letter)choice.letter, github, seen, &random, &lasting);
    shown = signs_seen(config, seen);
    told = draw(&random) & (BIT(SIGN_COUNT) - 1);
    for (sign = 0; sign < SIGN_COUNT; sign++) {
        bool lasts = shown >> sign & 1 ? lasting >> sign & 1 : draw(&random) & 1;
        host->sign_ms[sign] = clock_of(&config->signs[sign], lasts, &random, now_ms);
        if (config->signs[sign].then == 0)
            told &= ~BIT(sign);
    }
    if (!choice.told_free)
        told = choice.told ? told | one_of(draining, &random) : told & ~draining;
    host->told = told;
}

void signs_settle(const struct policy_config *config, const struct view_host *seen, int64_t now_ms,
                  struct policy_host *host)
{
    unsigned shown = seen->maintenance ? 0 : signs_seen(config, seen);
    int sign;
    for (sign = 0; sign < SIGN_COUNT; sign++)
        host->sign_ms[sign] = shown >> sign & 1 ? now_ms - LONG_MS : -1;
    host->told = shown;
}
