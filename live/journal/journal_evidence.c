/*
 * What a run leaves as evidence (journal.h): every step that was taken with what it said, and what
 * the policy was shown whenever it said a word. Redacted once more, since it leaves the machine.
 */
#include "journal_internal.h"
#include "live/base/wire.h"
#include "live/secret/secret.h"
#include "model/base/assert.h"
#include "model/policy/policy_names.h"
#include "record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVIDENCE 200 /* entries at most: a report is to be read */

/* Cleans and redacts `text`, which is the caller's. */
static void add(json_t *evidence, int64_t at_ms, const char *source, char *text)
{
    char when[WIRE_TIME];
    if (json_array_size(evidence) >= EVIDENCE)
        return;
    wire_clean(text);
    secret_redact(text);
    json_array_append_new(evidence, json_pack("{s:s, s:s, s:s}", "at", wire_time(when, at_ms),
                                              "source", source, "text", text));
}

/* ---- what the policy was shown ---- */

static void name_notices(char *out, size_t size, unsigned notices)
{
    size_t end = strlen(out);
    int i;
    for (i = 0; i < NOTICE_COUNT && end < size; i++)
        if (notices >> i & 1)
            end += (size_t)snprintf(out + end, size - end, "%s%s", end ? ", " : "",
                                    policy_notice_name((enum notice)i));
}

static enum und_code shown(void *context, int64_t number, int64_t now_ms, int64_t wall_ms,
                           const struct view *view, const struct plan *plan, struct und_err *err)
{
    char words[160] = "", source[240];
    char *text;
    json_t *saw;
    int i;
    (void)number;
    (void)now_ms;
    name_notices(words, sizeof words, plan->notices);
    for (i = 0; i < plan->n; i++)
        name_notices(words, sizeof words, plan->host[i].notices);
    if (!words[0])
        return err->code;
    saw = record_view(view);
    text = json_dumps(saw, JSON_COMPACT | JSON_PRESERVE_ORDER);
    UND_ASSERT(text != NULL);
    snprintf(source, sizeof source, "readings of GitHub, alerts and probes at the word: %s", words);
    add(context, wall_ms, source, text);
    free(text);
    json_decref(saw);
    return err->code;
}

/* ---- what was done ---- */

static void add_row(json_t *evidence, sqlite3_stmt *row)
{
    const char *step = (const char *)sqlite3_column_text(row, 1);
    const char *said = (const char *)sqlite3_column_text(row, 3);
    char source[320], text[JOURNAL_TEXT];
    snprintf(source, sizeof source, "%.200s: %s", step ? step : "",
             (const char *)sqlite3_column_text(row, 2));
    wire_clean(source);
    snprintf(text, sizeof text, "%s", said ? said : "");
    if (text[0])
        add(evidence, sqlite3_column_int64(row, 0), source, text);
}

static void add_steps(struct journal *journal, int64_t run, json_t *evidence, struct und_err *err)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(
        journal->db,
        "SELECT at_ms, name, 'intended', action, id FROM step WHERE run = ?1"
        " UNION ALL SELECT e.at_ms, s.name, 'noted with it', e.note, e.id FROM step_event e"
        " JOIN step s ON s.id = e.step WHERE s.run = ?1"
        " UNION ALL SELECT at_ms, 'command', 'what it printed', text, id FROM note"
        " WHERE run = ?1 AND topic = 'output' ORDER BY 1, 5",
        -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(statement, 1, run);
    while (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        add_row(evidence, statement);
        code = SQLITE_OK;
    }
    if (code != SQLITE_DONE)
        journal_failed(journal, "cannot be read", err);
    sqlite3_finalize(statement);
}

enum und_code journal_evidence(struct journal *journal, int64_t run, json_t **out,
                               struct und_err *err)
{
    *out = json_array();
    UND_ASSERT(*out != NULL);
    add_steps(journal, run, *out, err);
    return err->code == UND_OK ? journal_decisions(journal, run, shown, *out, err) : err->code;
}
