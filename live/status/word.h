/*
 * Words of the operator: pause, maintenance, downtime, acknowledge. Each has an end, a name and a
 * reason; the journal has it before it counts, and a monitor that starts anew takes up what still
 * holds (word_recall).
 *     pause        fleet: the policy sees, and moves nobody
 *     maintenance  host: it is drained, and stays out until the end of the word
 *     downtime     host: its trouble is expected, so that it is no incident and costs no budget;
 *                  the policy goes on as ever
 *     acknowledge  host: somebody sees to its incident, and a flap block of before it ends
 * A word of the same kind about the same host takes the place of the earlier one; one that ends at
 * once takes it back. Times are wall-clock ms. JSON as the page sends it:
 *     {"word": KIND, "host": NAME or "", "lasts": DURATION, "who": TEXT, "why": TEXT}
 * and as the journal keeps it, with said_ms and until_ms in the place of lasts.
 */
#ifndef LIVE_STATUS_WORD_H
#define LIVE_STATUS_WORD_H

#include "live/journal/journal.h"
#include "model/fleet/fleet.h"

#define WORD_TEXT 200
#define WORD_LONGEST_MS (90LL * 24 * 3600 * 1000)

enum word_kind { WORD_PAUSE, WORD_MAINTENANCE, WORD_DOWNTIME, WORD_ACKNOWLEDGE, WORD_KINDS };

struct word {
    enum word_kind kind;
    int host; /* -1: the fleet, for a pause */
    int64_t said_ms, until_ms;
    char who[64], why[WORD_TEXT];
};

/* What holds: one a kind and host; the fleet's stands in row 0. */
struct words {
    struct word word[WORD_KINDS][FLEET_HOSTS];
};

/* From a request's body, said at now_ms. UND_USAGE says what is wrong with it. */
enum und_code word_read(struct word *out, const struct fleet *fleet, const json_t *body,
                        int64_t now_ms, struct und_err *err);
/* Journals it (topic "word"), then lets it count. */
enum und_code word_say(struct words *words, const struct fleet *fleet, const struct word *word,
                       struct journal *journal, int64_t run, struct und_err *err);
/* The wall's clock was set by so much and shows now_ms: what holds goes on for as long as was left
 * of it, and is journalled so. All that can be is done, whatever fails. */
enum und_code word_set_clock(struct words *words, const struct fleet *fleet, int64_t by_ms,
                             int64_t now_ms, struct journal *journal, int64_t run,
                             struct und_err *err);
/* What the journal knows of words that may still hold. One that cannot be read is left out. */
enum und_code word_recall(struct words *words, const struct fleet *fleet, struct journal *journal,
                          int64_t now_ms, struct und_err *err);

/* The word that holds at now_ms, or NULL. */
const struct word *word_now(const struct words *words, enum word_kind kind, int host,
                            int64_t now_ms);

/* "pause"; static. */
const char *word_name(enum word_kind kind);

#endif
