/*
 * The independent witness. When every host looks bad at once, it is more likely that the monitor is
 * cut off than that all of them died: so it stands still, unless an eye elsewhere (live.witness, a
 * URL or a command) says the same.
 *
 * Its answer is up (it reaches some host), down (it reaches none), or none at all: late, refused,
 * something else. It bears the monitor out only if it has said down twice in a row, each asked
 * after the suspicion began and the last one no older than policy.guard.stale_after. It is asked
 * each fleet minute while all is well too: one that says down three times in a row while a feed
 * shows a host in good health lies, and is not believed until it has said up ten times in a row.
 *
 * A thread of its own asks, so that a slow witness holds up nobody.
 */
#ifndef LIVE_WATCH_WITNESS_H
#define LIVE_WATCH_WITNESS_H

#include "live/http/fleet_clock.h"
#include "model/base/err.h"
#include "model/fleet/fleet.h"

#include <stdatomic.h>

#define WITNESS_DOWNS 2 /* in a row, to be borne out */
#define WITNESS_LIES 3  /* in a row, not to be believed any more */
#define WITNESS_UPS 10  /* in a row, to be believed again */

enum witness_says { WITNESS_NOTHING, WITNESS_UP, WITNESS_DOWN, WITNESS_KINDS };
/* What the monitor sees of its hosts by itself. */
enum witness_need { NEED_UNSURE, NEED_WELL, NEED_ALL_BAD };

/* Pure: what has been heard so far. Times are fleet ms. */
struct witness_record {
    enum witness_says says; /* the last answer */
    int in_a_row;           /* so many of it */
    bool lies;
    enum witness_need need;
    int64_t suspected_ms; /* since when all look bad */
    int downs;            /* in a row, asked since then */
    int64_t last_ms;      /* when the last answer was asked for */
};

/* The monitor's own view has become this. */
void witness_note_need(struct witness_record *record, enum witness_need need, int64_t now_ms);
/* An answer to what was asked at asked_ms. */
void witness_note(struct witness_record *record, enum witness_says says, int64_t asked_ms);
/* Does it bear the monitor out now? */
bool witness_agrees(const struct witness_record *record, int64_t now_ms, int64_t stale_after_ms);

struct witness;

struct witness_state {
    bool present; /* one is configured */
    enum witness_says says;
    bool lies, agrees;
    int64_t asked, answered; /* so far */
    char why[200];           /* why it said nothing; "": it did */
};

/* *out is NULL where none is configured. All is borrowed until witness_close. */
enum und_code witness_open(struct witness **out, const struct fleet *fleet,
                           const struct fleet_clock *pace, struct und_err *err);
/* Ends what is under way; NULL is fine. */
void witness_close(struct witness *witness);
/* NULL is fine for both. */
void witness_need(struct witness *witness, enum witness_need need);
void witness_look(struct witness *witness, struct witness_state *out);

/* "up"; static. */
const char *witness_word(enum witness_says says);

#endif
