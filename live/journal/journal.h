/*
 * The journal: what was seen, decided, intended, done and undone, in one SQLite file.
 *
 * It exists so that nothing injected can outlive its drill: an action and its undo are on disk
 * (WAL, synchronous=FULL) before the action begins, and whoever opens the journal next can see
 * what is still to be undone. Only what stands here is ours to undo.
 *
 * Rows are only ever added; triggers refuse UPDATE and DELETE, so that history cannot be tidied.
 * (journal_trim alone forgets, what old monitor runs saw and planned.)
 * A step's state follows from the events that were appended to it:
 *     intended -> done | failed -> undoing -> undone | stuck (-> undoing ...)
 * It is open, i.e. to be undone, unless its last event is `undone`, a person has closed it, or it
 * has nothing to undo.
 *
 * A file that is removed, replaced or cut while a drill writes to it fails the next write; if the
 * drill dies before that, its lock file still names the run that the journal no longer knows, and
 * the next start refuses to take it for a new one. On a full disk the journal can still be opened
 * and read, so that a rollback can be done that cannot be recorded.
 *
 * One handle may be used by several threads.
 * One file may have one writer that acts (journal_lock) and any number of readers. Times are ms
 * since 1970, unless called monotonic. Errors: UND_USAGE for a file that is no journal or too new;
 * UND_SERVICE for a disk that fails or another process that holds the lock.
 */
#ifndef LIVE_JOURNAL_JOURNAL_H
#define LIVE_JOURNAL_JOURNAL_H

#include "model/base/err.h"
#include "model/policy/policy.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define JOURNAL_VERSION 1
#define JOURNAL_STEPS 1024 /* given out at a time */
#define JOURNAL_TEXT 4096  /* of one action, undo or note */

struct journal;

enum journal_kind { JOURNAL_DRILL, JOURNAL_MONITOR, JOURNAL_KINDS };

enum journal_event {
    JOURNAL_INTENDED, /* written before the action begins; what it did is not known */
    JOURNAL_DONE,
    JOURNAL_FAILED, /* the action said that it failed: it may have worked in part */
    JOURNAL_UNDOING,
    JOURNAL_UNDONE,
    JOURNAL_STUCK,  /* the undo failed; to be tried again */
    JOURNAL_CLOSED, /* by hand: a person has seen to it, and says so by name */
    JOURNAL_EVENTS
};

struct journal_step {
    int64_t id, run;
    bool by_monitor; /* of a run of the monitor's */
    char name[128];  /* "stop the runner service" */
    char host[64];   /* of the fleet; "" for none */
    char action[JOURNAL_TEXT],
        undo[JOURNAL_TEXT]; /* JSON, as live/act/action.h reads; undo "": none */
    int64_t at_ms;          /* when it was intended */
    int64_t lease_until_ms; /* when the target undoes it by itself; -1: it does not */
    enum journal_event last;
    int64_t last_ms;
};

struct journal_run {
    int64_t id;
    enum journal_kind kind;
    char name[128], version[64]; /* of the scenario; of the program */
    int64_t began_ms, ended_ms;  /* ended -1: it has not, or died */
    int exit_code;
    char outcome[512];
};

/* Creates the file (mode 0600) where there is none. */
enum und_code journal_open(struct journal **out, const char *path, struct und_err *err);
/* Never writes and never creates. */
enum und_code journal_open_readonly(struct journal **out, const char *path, struct und_err *err);
/* Where the file is spoilt (SQLite cannot read it, or finds it damaged), it is moved aside with
 * what SQLite keeps beside it: path.spoilt-TIME, whose name is in `aside`. False: it is not, or
 * stays. No handle may be open. Its lock file stays, so that what a dead drill left is not
 * forgotten. */
bool journal_set_aside(const char *path, char aside[600]);
/* Is the file there still, and the one that was opened? */
bool journal_there(const struct journal *journal);
void journal_close(struct journal *journal); /* gives the lock back as well */

/* The right to act, for this process until it ends in whatever way: PATH.lock, a file lock that
 * dies with its holder, with the holder's process id and start time for the message (and for file
 * systems that do not lock). `purpose` is for whoever finds it taken. */
enum und_code journal_lock(struct journal *journal, const char *purpose, struct und_err *err);
/* The same, but waits up to `patience_ms` for whoever has it. */
enum und_code journal_lock_within(struct journal *journal, const char *purpose, int64_t patience_ms,
                                  const atomic_bool *cancel, struct und_err *err);
/* Gives it back; nothing where it is not held. */
void journal_unlock(struct journal *journal);

/* `about` is stored with the run: the fleet's policy ("policy", record_config), hosts, the plan. */
enum und_code journal_begin(struct journal *journal, enum journal_kind kind, const char *name,
                            const json_t *about, int64_t *run, struct und_err *err);
/* Once a run: how it ended, in a word for people and as an exit code. */
enum und_code journal_end(struct journal *journal, int64_t run, int exit_code, const char *outcome,
                          struct und_err *err);

/* Durable when it returns. step->id and ->at_ms are set. */
enum und_code journal_intend(struct journal *journal, struct journal_step *step,
                             struct und_err *err);
/* What has become of a step since; durable when it returns. */
enum und_code journal_event(struct journal *journal, int64_t step, enum journal_event event,
                            const char *note, struct und_err *err);

/* What the policy was shown at now_ms (monotonic), and what it answered. */
enum und_code journal_decision(struct journal *journal, int64_t run, int64_t now_ms,
                               const struct view *view, const struct plan *plan,
                               struct und_err *err);
/* Anything else worth knowing: a reading, a hint, a measurement, a word from the operator. */
enum und_code journal_note(struct journal *journal, int64_t run, const char *topic,
                           const char *text, struct und_err *err);

/* Steps still to be undone, of all runs, the last first; at most JOURNAL_STEPS of those with an id
 * below `before` (0: of all). The array is the caller's to free. */
enum und_code journal_open_steps(struct journal *journal, int64_t before, struct journal_step **out,
                                 size_t *n, struct und_err *err);
/* Actions of the monitor's runs but its canaries that were intended since that wall-clock time;
 * -1: not to be read. */
int64_t journal_monitor_steps(struct journal *journal, int64_t since_ms);
/* Marks every open step with this undo as undone: what it would do has just been done. */
enum und_code journal_settle(struct journal *journal, const char *undo, const char *note,
                             struct und_err *err);
/* One step, open or not. UND_USAGE if there is none. The caller's to free. */
enum und_code journal_step(struct journal *journal, int64_t id, struct journal_step **out,
                           bool *open, struct und_err *err);
/* The newest `n` runs, the last first; *n becomes how many there are. */
enum und_code journal_runs(struct journal *journal, struct journal_run *out, size_t *n,
                           struct und_err *err);
/* New reference. */
enum und_code journal_about(struct journal *journal, int64_t run, json_t **about,
                            struct und_err *err);

/* Calls `each` for the decisions of a run in order, until it returns an error. */
typedef enum und_code journal_visitor(void *context, int64_t number, int64_t now_ms,
                                      int64_t wall_ms, const struct view *view,
                                      const struct plan *plan, struct und_err *err);
/* UND_USAGE, naming run and decision, for one that somebody has edited. */
enum und_code journal_decisions(struct journal *journal, int64_t run, journal_visitor *each,
                                void *context, struct und_err *err);

/* Calls `each` for the notes of this topic since that wall-clock time, of all runs, in order. */
typedef enum und_code journal_note_visitor(void *context, int64_t at_ms, const char *text,
                                           struct und_err *err);
enum und_code journal_notes(struct journal *journal, const char *topic, int64_t since_ms,
                            journal_note_visitor *each, void *context, struct und_err *err);

/* The last note of this topic, of all runs; the first one of a run. *text is the caller's to free;
 * NULL: there is none. */
enum und_code journal_last_note(struct journal *journal, const char *topic, char **text,
                                struct und_err *err);
enum und_code journal_first_note(struct journal *journal, int64_t run, const char *topic,
                                 char **text, struct und_err *err);

/* Forgets views, plans, readings and settled canaries of monitor runs, the oldest first: of all
 * that ended before that wall-clock time, and of more while the journal holds more than
 * `most_bytes`. Words, incidents and whatever drills and actions have written stay, and so does a
 * run that has not ended. The room is used again by what is written next. */
enum und_code journal_trim(struct journal *journal, int64_t ended_before_ms, int64_t most_bytes,
                           int *forgotten, struct und_err *err);
int64_t journal_bytes(struct journal *journal); /* in use */

/* What a report shows of a run: [{at, source, text}], the steps and what commands printed, then
 * what the policy was shown whenever it said a word; redacted, cut at some hundred. New reference,
 * after an error too. */
enum und_code journal_evidence(struct journal *journal, int64_t run, json_t **out,
                               struct und_err *err);

/* "drill"; static. */
const char *journal_kind_name(enum journal_kind kind);

#endif
