#include "witness.h"
#include "live/act/command.h"
#include "live/base/wire.h"
#include "live/http/service.h"
#include "model/base/assert.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NAP_MS 50          /* real */
#define IDLE_MS 60000      /* fleet: between two questions while all is well */
#define LEAST_MS 200       /* real: between two questions, whatever the fleet's clock */
#define ANSWER_BYTES 65536 /* of a URL's answer; one that is longer is none */

struct witness {
    const struct fleet *fleet;
    const struct fleet_clock *pace;
    struct service service;
    struct command command;
    pthread_t thread;
    bool started;
    atomic_bool stop;
    pthread_mutex_t lock; /* over what follows */
    struct witness_record record;
    struct witness_state state;
};

const char *witness_word(enum witness_says says)
{
    static const char *const words[WITNESS_KINDS] = {"nothing", "up", "down"};
    return words[says];
}

/* ---- what is made of it ---- */

void witness_note_need(struct witness_record *record, enum witness_need need, int64_t now_ms)
{
    if (need == NEED_ALL_BAD && record->need != NEED_ALL_BAD) {
        record->suspected_ms = now_ms;
        record->downs = 0;
    }
    record->need = need;
}

void witness_note(struct witness_record *record, enum witness_says says, int64_t asked_ms)
{
    record->in_a_row = says == record->says ? record->in_a_row + 1 : 1;
    record->says = says;
    record->last_ms = asked_ms;
    if (says == WITNESS_DOWN && record->need == NEED_WELL && record->in_a_row >= WITNESS_LIES)
        record->lies = true;
    if (says == WITNESS_UP && record->in_a_row >= WITNESS_UPS)
        record->lies = false;
    if (says != WITNESS_DOWN)
        record->downs = 0;
    else if (record->need == NEED_ALL_BAD && asked_ms >= record->suspected_ms)
        record->downs++;
}

bool witness_agrees(const struct witness_record *record, int64_t now_ms, int64_t stale_after_ms)
{
    return record->need == NEED_ALL_BAD && !record->lies && record->downs >= WITNESS_DOWNS &&
           now_ms - record->last_ms <= stale_after_ms;
}

/* ---- asking ---- */

static enum witness_says read_answer(const char *text, char why[200])
{
    const char *word = text + strspn(text, " \t\r\n");
    size_t n = strcspn(word, " \t\r\n");
    if (n == 2 && strncmp(word, "up", 2) == 0)
        return WITNESS_UP;
    if (n == 4 && strncmp(word, "down", 4) == 0)
        return WITNESS_DOWN;
    snprintf(why, 200, "got '%.60s', want up or down", word);
    wire_clean(why);
    return WITNESS_NOTHING;
}

static enum witness_says ask_url(struct witness *witness, char why[200])
{
    struct http_request request = {.path = witness->fleet->live.witness.service.url, .once = true};
    struct http_response response = {0};
    struct und_err err = {0};
    enum witness_says says = WITNESS_NOTHING;
    if (http_send(witness->service.http, &request, &response, &err) == UND_OK &&
        response.status != 200)
        http_refused(witness->service.http, &request, &response, "200", "", &err);
    if (err.code == UND_OK)
        says = read_answer(response.body, why);
    else
        snprintf(why, 200, "%.199s", err.text);
    http_response_fini(&response);
    return says;
}

static enum witness_says ask_command(struct witness *witness, char why[200])
{
    struct command_result result = {0};
    struct und_err err = {0};
    if (command_run(&witness->command, witness->fleet->live.witness.timeout_ms, &witness->stop,
                    &result, &err) != UND_OK) {
        snprintf(why, 200, "%.199s", err.text);
        return WITNESS_NOTHING;
    }
    if (result.exit_code == 0 || result.exit_code == 1)
        return result.exit_code == 0 ? WITNESS_UP : WITNESS_DOWN;
    snprintf(why, 200, "got exit code %d, want 0 or 1: %.120s", result.exit_code, result.output);
    return WITNESS_NOTHING;
}

static void ask(struct witness *witness)
{
    char why[200] = "";
    int64_t asked_ms = fleet_clock_now_ms(witness->pace);
    enum witness_says says =
        witness->service.http ? ask_url(witness, why) : ask_command(witness, why);
    pthread_mutex_lock(&witness->lock);
    witness_note(&witness->record, says, asked_ms);
    witness->state.asked++;
    witness->state.answered += says != WITNESS_NOTHING;
    snprintf(witness->state.why, sizeof witness->state.why, "%s", why);
    pthread_mutex_unlock(&witness->lock);
}

/* Real ms from one question to the next. */
static int64_t interval_ms(struct witness *witness)
{
    int64_t ms = IDLE_MS;
    pthread_mutex_lock(&witness->lock);
    if (witness->record.need == NEED_ALL_BAD)
        ms = witness->fleet->controller.probe_interval_ms;
    pthread_mutex_unlock(&witness->lock);
    ms = fleet_clock_real_ms(witness->pace, ms);
    return ms > LEAST_MS ? ms : LEAST_MS;
}

static void *work(void *context)
{
    struct witness *witness = context;
    const struct timespec nap = {0, NAP_MS * 1000000};
    int64_t asked_ms = -IDLE_MS;
    while (!atomic_load(&witness->stop)) {
        if (http_monotonic_ms() - asked_ms >= interval_ms(witness)) {
            asked_ms = http_monotonic_ms();
            ask(witness);
        }
        nanosleep(&nap, NULL);
    }
    return NULL;
}

static enum und_code begin(struct witness *witness, struct und_err *err)
{
    const struct live_witness *from = &witness->fleet->live.witness;
    const struct http_config config = {.total_ms = from->timeout_ms,
                                       .connect_ms = from->timeout_ms,
                                       .stall_ms = from->timeout_ms,
                                       .body_bytes = ANSWER_BYTES,
                                       .attempts = 1,
                                       .cancel = &witness->stop};
    if (from->service.url[0])
        service_open(&witness->service, &from->service, &config, "live.witness", err);
    else
        command_init(&witness->command, witness->fleet, from->on, &from->run, err);
    if (err->code != UND_OK)
        return err->code;
    witness->started = pthread_create(&witness->thread, NULL, work, witness) == 0;
    return witness->started
               ? UND_OK
               : und_fail(err, UND_SERVICE, "cannot start a thread: %s", strerror(errno));
}

enum und_code witness_open(struct witness **out, const struct fleet *fleet,
                           const struct fleet_clock *pace, struct und_err *err)
{
    struct witness *witness;
    *out = NULL;
    if (!fleet->live.witness.service.url[0] && fleet->live.witness.run.n == 0)
        return UND_OK;
    witness = calloc(1, sizeof *witness);
    UND_ASSERT(witness != NULL);
    witness->fleet = fleet;
    witness->pace = pace;
    pthread_mutex_init(&witness->lock, NULL);
    if (begin(witness, err) == UND_OK)
        *out = witness;
    else
        witness_close(witness);
    return err->code;
}

void witness_close(struct witness *witness)
{
    if (!witness)
        return;
    atomic_store(&witness->stop, true);
    if (witness->started)
        pthread_join(witness->thread, NULL);
    service_close(&witness->service);
    command_fini(&witness->command);
    pthread_mutex_destroy(&witness->lock);
    free(witness);
}

void witness_need(struct witness *witness, enum witness_need need)
{
    if (!witness)
        return;
    pthread_mutex_lock(&witness->lock);
    witness_note_need(&witness->record, need, fleet_clock_now_ms(witness->pace));
    pthread_mutex_unlock(&witness->lock);
}

void witness_look(struct witness *witness, struct witness_state *out)
{
    if (!witness) {
        *out = (struct witness_state){0};
        return;
    }
    pthread_mutex_lock(&witness->lock);
    *out = witness->state;
    out->present = true;
    out->says = witness->record.says;
    out->lies = witness->record.lies;
    out->agrees = witness_agrees(&witness->record, fleet_clock_now_ms(witness->pace),
                                 witness->fleet->policy.stale_after_ms);
    pthread_mutex_unlock(&witness->lock);
}
