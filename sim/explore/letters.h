/*
 * What a controller may see, in letters: views that mean the same are one letter.
 *
 * The environment is as free as can be: any view may follow any other at any step, so whatever
 * hosts, registrations, alerts, probes, health checks, hands and feeds may do, in any order and
 * however they lie, is among the runs. All that a view can mean for one host, by the promises of
 * policy.h and not by its code, is
 *     evidence     bad, fit (acquitted and online), unfit (acquitted, not online), unknown
 *     checked      the health checks have passed (asked only of a fit host, to come back)
 *     maintenance  asked for by hand
 *     empty        seen out of the rotation and without a job (asked only in maintenance)
 * and with signs beyond the document what they can do (signs.h); and for the fleet: paused; all
 * feeds fresh; some stale, the alerts or others. A letter stands for every combination of
 * registrations (none, some, all), readings, probe (up, down, unknown), alerts by severity, passes,
 * jobs and stale feeds that means the same; its members take turns as the exploration goes, so all
 * of them occur, and the test no_state_tells_members_of_a_letter_apart holds them against each
 * other.
 */
#ifndef SIM_EXPLORE_LETTERS_H
#define SIM_EXPLORE_LETTERS_H

#include "scale.h"
#include "signs.h"

enum evidence_letter { LETTER_BAD, LETTER_FIT, LETTER_UNFIT, LETTER_UNKNOWN, LETTER_EVIDENCES };
enum feeds_letter {
    FEEDS_FRESH,
    FEEDS_STALE,  /* GitHub's or the probe's; the alerts' fresh */
    FEEDS_SILENT, /* the alerts' stale, and perhaps more: nobody is acquitted */
    /* With signs that drain GitHub's feed matters by itself: then the two above mean that it is
     * fresh, and these that it is stale. */
    FEEDS_STALE_GITHUB,
    FEEDS_SILENT_GITHUB,
    FEEDS_LETTERS
};

struct host_letter {
    enum evidence_letter evidence;
    bool checked, maintenance, empty;
};
#define LETTERS_HOST (LETTER_EVIDENCES * 8) /* distinct host letters */
#define LETTERS_MEMBERS 4096                /* concrete views of a host */

/* What a view means; how properties read it. */
struct meaning {
    bool paused, blind;
    struct host_letter host[SCALE_HOSTS];
};

/* Of every host of the view; host i of the meaning is host i of the view. */
void letters_read(const struct policy_config *config, const struct view *view,
                  struct meaning *meaning);

/* All concrete views of a host, and which of them are of a letter, by which feeds are stale (bit
 * set by enum feed). */
struct letters {
    const struct scale *scale;
    bool signs; /* somebody looks for some */
    int feeds;  /* letters of them to try */
    int n[SCALE_HOSTS];
    struct view_host view[SCALE_HOSTS][LETTERS_MEMBERS];
    int n_members[1 << FEED_COUNT][SCALE_HOSTS][LETTERS_HOST];
    uint16_t member[1 << FEED_COUNT][SCALE_HOSTS][LETTERS_HOST][LETTERS_MEMBERS / 4];
};

/* The scale is borrowed and outlives them; letters_close frees. */
struct letters *letters_open(const struct scale *scale);
void letters_close(struct letters *letters);

/* The host letter of a number below LETTERS_HOST. */
struct host_letter letters_of(int index);

/* A letter as the explorer tries it: which of its distinctions nobody asks for in this phase are
 * free, and drawn with the member. */
struct choice {
    uint8_t letter, free;
    struct sign_choice signs;
};
#define LETTERS_CHOICES (LETTERS_HOST * SIGNS_CHOICES)

/* What to try for a host in this phase under these feeds; returns how many. */
int letters_for(const struct letters *letters, enum phase phase, enum feeds_letter feeds,
                struct choice choice[LETTERS_CHOICES]);

/* A concrete view of these letters, and what it means; `turn` chooses among the members. Where the
 * fleet looks for signs, the hosts of `state` get clocks of theirs that go with it. */
void letters_view(const struct letters *letters, enum feeds_letter feeds, bool paused,
                  const struct choice *choice, uint32_t turn, int64_t now_ms, struct view *view,
                  struct meaning *meaning, struct policy_state *state);

#endif
