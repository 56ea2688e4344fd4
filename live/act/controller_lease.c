#include "controller_lease.h"
#include "model/base/assert.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/* It has a name and a variable to stand in; who holds it knows no other holder. */
static void check_lease(const struct controller_lease *lease)
{
    UND_ASSERT(lease->github && lease->variable);
    UND_ASSERT(lease->me[0] &&
               strlen(lease->me) < sizeof lease->me - 1); /* whole, and so unlike any */
    UND_ASSERT(!lease->held || !lease->other[0]);
}

void controller_lease_init(struct controller_lease *lease, struct github_client *github,
                           const char *variable, const atomic_bool *cancel)
{
    char machine[48] = "";
    unsigned nonce = 0;
    *lease = (struct controller_lease){.github = github, .variable = variable, .cancel = cancel};
    gethostname(machine, sizeof machine - 1);
    if (getrandom(&nonce, sizeof nonce, 0) != (ssize_t)sizeof nonce)
        nonce = (unsigned)http_monotonic_ms();
    snprintf(lease->me, sizeof lease->me, "%s/%d/%08x", machine, (int)getpid(), nonce);
    check_lease(lease);
}

/* As GitHub's clock shows it. */
static int64_t now_ms(const struct controller_lease *lease)
{
    return http_wall_ms() + clock_skew_offset_ms(github_skew(lease->github));
}

struct standing {
    char holder[CONTROLLER_ID];
    int64_t until_ms, fence;
};

/* What cannot be read is nobody's. */
static enum und_code read_standing(struct controller_lease *lease, struct standing *out,
                                   struct und_err *err)
{
    char text[512];
    json_t *value;
    *out = (struct standing){.until_ms = -1};
    if (github_variable(lease->github, lease->variable, text, sizeof text, err) != UND_OK)
        return err->code;
    value = json_loads(text, 0, NULL);
    if (json_is_string(json_object_get(value, "holder"))) {
        snprintf(out->holder, sizeof out->holder, "%s",
                 json_string_value(json_object_get(value, "holder")));
        out->until_ms = json_integer_value(json_object_get(value, "until_ms"));
        out->fence = json_integer_value(json_object_get(value, "fence"));
    }
    json_decref(value);
    return UND_OK;
}

static enum und_code write_standing(struct controller_lease *lease, int64_t until_ms,
                                    struct und_err *err)
{
    char text[300];
    int n = snprintf(text, sizeof text, "{\"holder\":\"%s\",\"until_ms\":%lld,\"fence\":%lld}",
                     lease->me, (long long)until_ms, (long long)lease->fence);
    UND_ASSERT(n > 0 && (size_t)n < sizeof text); /* half of it were nobody's */
    lease->until_ms = until_ms;
    return github_variable_set(lease->github, lease->variable, text, err);
}

static bool is_ours(const struct controller_lease *lease, const struct standing *standing)
{
    return strcmp(standing->holder, lease->me) == 0 && standing->fence == lease->fence;
}

static void settle(const struct controller_lease *lease)
{
    const struct timespec nap = {0, 100000000};
    int left;
    for (left = CONTROLLER_SETTLE_MS / 100;
         left > 0 && !(lease->cancel && atomic_load(lease->cancel)); left--)
        nanosleep(&nap, NULL);
}

static void note(struct controller_lease *lease, const struct standing *standing)
{
    lease->held = is_ours(lease, standing) && now_ms(lease) < standing->until_ms;
    snprintf(lease->other, sizeof lease->other, "%s", lease->held ? "" : standing->holder);
    check_lease(lease);
}

enum und_code controller_lease_renew(struct controller_lease *lease, struct und_err *err)
{
    struct standing standing;
    bool ours, free_now;
    check_lease(lease);
    if (read_standing(lease, &standing, err) != UND_OK) {
        lease->held = false;
        return err->code;
    }
    ours = is_ours(lease, &standing) && lease->held;
    free_now = now_ms(lease) >= standing.until_ms ||
               standing.until_ms - now_ms(lease) > 2 * CONTROLLER_LEASE_MS; /* a clock lies */
    note(lease, &standing);
    if (!ours && !free_now)
        return UND_OK;
    if (!ours)
        lease->fence = standing.fence + 1;
    if (write_standing(lease, now_ms(lease) + CONTROLLER_LEASE_MS, err) != UND_OK) {
        lease->held = false;
        return err->code;
    }
    if (!ours)
        settle(lease);
    return controller_lease_check(lease, err);
}

bool controller_lease_due(const struct controller_lease *lease)
{
    return !lease->held || lease->until_ms - now_ms(lease) < CONTROLLER_LEASE_MS * 2 / 3;
}

enum und_code controller_lease_check(struct controller_lease *lease, struct und_err *err)
{
    struct standing standing;
    check_lease(lease);
    if (read_standing(lease, &standing, err) == UND_OK)
        note(lease, &standing);
    else
        lease->held = false;
    return err->code;
}

void controller_lease_end(struct controller_lease *lease)
{
    struct und_err unsaid = {0};
    check_lease(lease);
    if (lease->held && controller_lease_check(lease, &unsaid) == UND_OK && lease->held)
        write_standing(lease, now_ms(lease), &unsaid);
    lease->held = false;
}
