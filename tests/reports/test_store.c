/* The store: what is kept comes back, whatever its age; what cannot be kept spoils nothing. */
#include "reports/store/record.h"
#include "tests/support/helpers.h"
#include "tests/support/sample_result.h"
#include "tests/support/shell.h"
#include "tests/support/sql.h"
#include "tests/support/temporary.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define WRITERS 4
#define EACH 25

static char path[256];
static struct und_err err;
static const struct store_filter everything = {RECORD_KINDS, NULL, NULL, NULL, -1, -1, 0};

static void setup(void)
{
    snprintf(path, sizeof path, "%s", temporary_file("", 0));
    err = (struct und_err){0};
}

static void teardown(void)
{
    unlink(path);
}

static struct record made(enum record_kind kind, const char *mode, int64_t at_ms)
{
    struct record record = {.kind = kind,
                            .at_ms = at_ms,
                            .who = "ada at here",
                            .version = "1.0",
                            .fleet = "0123456789abcdef",
                            .scenario = "a scenario",
                            .digest = "fedcba9876543210",
                            .seed = 7,
                            .exit_code = 1,
                            .detail = json_pack("{s:s}", "key", "value")};
    snprintf(record.mode, sizeof record.mode, "%s", mode);
    return record;
}

static enum und_code add(enum record_kind kind, const char *mode, int64_t at_ms)
{
    struct record record = made(kind, mode, at_ms);
    store_add(path, &record, 1, &err);
    json_decref(record.detail);
    return err.code;
}

static struct record last;
static void count(void *context, const struct record *record)
{
    ++*(int *)context;
    last = *record;
    if (strcmp(record->version, "1.0") == 0)
        ck_assert_str_eq(json_string_value(json_object_get(record->detail, "key")), "value");
}

static int how_many(struct store_filter filter)
{
    int n = 0;
    store_read(path, &filter, count, &n, &err);
    ck_assert_msg(err.code == UND_OK, "%s", err.text);
    return n;
}

static void execute(const char *sql)
{
    sqlite3 *db = NULL;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void ck_refused(enum und_code code, const char *says)
{
    int n = 0;
    ck_assert_int_eq(add(RECORD_SIM, "", 1), code);
    ck_assert_msg(strstr(err.text, says) && strstr(err.text, path) && !strchr(err.text, '\n'),
                  "got: %s", err.text);
    err = (struct und_err){0};
    ck_assert_int_eq(store_read(path, &everything, count, &n, &err), code);
    ck_assert_int_eq(n, 0);
}

START_TEST(what_was_kept_is_read_back)
{
    ck_assert_int_eq(add(RECORD_DRILL, "os-crash", 1234567890123), UND_OK);
    ck_assert_int_eq(how_many(everything), 1);
    ck_assert_int_eq(last.id, 1);
    ck_assert_int_eq(last.kind, RECORD_DRILL);
    ck_assert_int_eq(last.at_ms, 1234567890123);
    ck_assert_int_eq(last.seed, 7);
    ck_assert_int_eq(last.exit_code, 1);
    ck_assert_str_eq(last.who, "ada at here");
    ck_assert_str_eq(last.fleet, "0123456789abcdef");
    ck_assert_str_eq(last.scenario, "a scenario");
    ck_assert_str_eq(last.mode, "os-crash");
    ck_assert_str_eq(last.digest, "fedcba9876543210");
}
END_TEST

START_TEST(each_filter_leaves_its_own)
{
    struct store_filter filter;
    add(RECORD_SIM, "os-crash", 1000);
    add(RECORD_DRILL, "os-crash", 2000);
    add(RECORD_DRILL, "host-power-loss", 3000);
    ck_assert_int_eq(how_many(everything), 3);
    filter = everything;
    filter.kind = RECORD_DRILL;
    ck_assert_int_eq(how_many(filter), 2);
    filter.mode = "os-crash";
    ck_assert_int_eq(how_many(filter), 1);
    ck_assert_int_eq(last.at_ms, 2000);
    filter = everything;
    filter.since_ms = 2000;
    ck_assert_int_eq(how_many(filter), 2);
    filter.until_ms = 3000;
    ck_assert_int_eq(how_many(filter), 1);
    filter = everything;
    filter.fleet = "0123456789abcdef";
    filter.scenario = "a scenario";
    ck_assert_int_eq(how_many(filter), 3);
    filter.fleet = "01234567"; /* as the list cuts it short */
    ck_assert_int_eq(how_many(filter), 3);
    filter.fleet = "1";
    ck_assert_int_eq(how_many(filter), 0);
    filter.fleet = NULL;
    filter.scenario = "another";
    ck_assert_int_eq(how_many(filter), 0);
}
END_TEST

/* As the first version made it, before failure modes were kept. */
static const char version_1[] =
    "CREATE TABLE run (id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, kind TEXT NOT NULL,"
    " who TEXT NOT NULL, version TEXT NOT NULL, fleet TEXT NOT NULL, scenario TEXT NOT NULL,"
    " seed INTEGER NOT NULL, digest TEXT NOT NULL, exit_code INTEGER NOT NULL,"
    " detail TEXT NOT NULL);"
    "INSERT INTO run VALUES (5, 1000, 'test', 'bob', '0.9', '', 'old', 3, 'd', 0, '{}');"
    "PRAGMA application_id = 1431192658; PRAGMA user_version = 1";
/* And the second, before incidents were. */
static const char version_2[] = "ALTER TABLE run ADD COLUMN mode TEXT NOT NULL DEFAULT '';"
                                "CREATE INDEX run_times ON run (at_ms);"
                                "INSERT INTO run VALUES (6, 2000, 'drill', 'bob', '0.9', '', "
                                "'older', 3, '', 0, '{}', 'os-crash');"
                                "PRAGMA user_version = 2";

START_TEST(an_older_store_is_brought_up_by_a_reader)
{
    execute(version_1);
    ck_assert_int_eq(how_many(everything), 1);
    ck_assert_int_eq(last.id, 5);
    ck_assert_int_eq(last.kind, RECORD_TEST);
    ck_assert_str_eq(last.scenario, "old");
    ck_assert_str_eq(last.mode, "");
    ck_assert_int_eq(sql_number(path, "PRAGMA user_version"), STORE_VERSION);
}
END_TEST

START_TEST(an_older_store_is_brought_up_by_a_writer)
{
    execute(version_1);
    ck_assert_int_eq(add(RECORD_SIM, "os-crash", 2000), UND_OK);
    ck_assert_int_eq(how_many(everything), 2);
    ck_assert_int_eq(last.id, 6);
    ck_assert_int_eq(sql_number(path, "PRAGMA user_version"), STORE_VERSION);
}
END_TEST

/* From each version that there has been, to a store that has all that a new one has. */
START_TEST(every_older_version_becomes_what_a_new_store_is)
{
    char made[4096], moved[4096];
    add(RECORD_SIM, "", 1);
    sql_text(path,
             "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_master ORDER BY name)",
             made, sizeof made);
    unlink(path);
    execute(version_1);
    if (_i == 2)
        execute(version_2);
    ck_assert_int_eq(sql_number(path, "PRAGMA user_version"), _i);
    ck_assert_int_eq(how_many(everything), _i);
    ck_assert_str_eq(last.scenario, _i == 1 ? "old" : "older");
    ck_assert_str_eq(last.mode, _i == 1 ? "" : "os-crash");
    ck_assert_int_eq(sql_number(path, "PRAGMA user_version"), STORE_VERSION);
    sql_text(path,
             "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_master ORDER BY name)",
             moved, sizeof moved);
    ck_assert_str_eq(moved, made);
}
END_TEST

START_TEST(an_incident_is_kept_once)
{
    static struct fleet fleet = {.path = "scenarios/paws360.yaml"};
    json_t *incident = json_pack("{s:s, s:s, s:s}", "host", "one", "began", "2026-11-29T07:00:00Z",
                                 "detected", "2026-11-29T07:02:00Z");
    int i;
    for (i = 0; i < 2; i++)
        ck_assert_int_eq(record_incident(path, &fleet, NULL, 0, incident, 1000, "1.1", &err),
                         UND_OK);
    json_object_set_new(incident, "began", json_string("2026-11-29T09:00:00Z"));
    ck_assert_int_eq(record_incident(path, &fleet, NULL, 0, incident, 2000, "1.1", &err), UND_OK);
    ck_assert_int_eq(how_many(everything), 2);
    ck_assert_int_eq(last.kind, RECORD_INCIDENT);
    ck_assert_str_eq(last.scenario, "one");
    json_decref(incident);
}
END_TEST

static void write_text(const char *folder, const char *name, const char *words)
{
    char file[400];
    FILE *out;
    snprintf(file, sizeof file, "%s/%s", folder, name);
    out = fopen(file, "w");
    ck_assert_ptr_nonnull(out);
    fputs(words, out);
    ck_assert_int_eq(fclose(out), 0);
}

START_TEST(the_hash_of_a_fleet_covers_all_that_it_names)
{
    char folder[] = "/tmp/understudy-hash-XXXXXX", fleet[400], before[17], after[17];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(fleet, sizeof fleet, "%s/fleet.yaml", folder);
    write_text(folder, "fleet.yaml",
               "fleet:\n  hosts: [{name: one, tier: primary, slots: 2}]\n"
               "  monitoring: {rules: rules.yml}\n");
    write_text(folder, "rules.yml",
               "groups: [{name: g, rules: [{alert: A, expr: 'up == 0', for: 1m}]}]\n");
    record_fleet(before, fleet, NULL, 0);
    ck_assert_uint_eq(strlen(before), 16);
    record_fleet(after, fleet, NULL, 0);
    ck_assert_str_eq(before, after);
    write_text(folder, "rules.yml",
               "groups: [{name: g, rules: [{alert: A, expr: 'up == 0', for: 2m}]}]\n");
    record_fleet(after, fleet, NULL, 0);
    ck_assert_str_ne(before, after);
    record_fleet(after, "/no/such/fleet.yaml", NULL, 0);
    ck_assert_str_eq(after, "");
    snprintf(fleet, sizeof fleet, "rm -r %s", folder);
    ck_assert_int_eq(system(fleet), 0);
}
END_TEST

START_TEST(a_newer_store_is_refused_and_left_alone)
{
    add(RECORD_SIM, "", 1);
    execute("PRAGMA user_version = 4");
    ck_refused(UND_USAGE, "got version 4, want at most 3");
    ck_assert_int_eq(sql_number(path, "SELECT count(*) FROM run"), 1);
}
END_TEST

START_TEST(another_database_is_refused_and_left_alone)
{
    execute("CREATE TABLE run (mine TEXT)");
    ck_refused(UND_USAGE, "another database");
    ck_assert_int_eq(sql_number(path, "SELECT count(*) FROM sqlite_master"), 1);
}
END_TEST

START_TEST(what_is_no_database_is_refused)
{
    FILE *file = fopen(path, "w");
    int i;
    for (i = 0; i < 1000; i++)
        fputs("not a database ", file);
    fclose(file);
    ck_refused(UND_USAGE, "not a database");
}
END_TEST

START_TEST(a_store_cut_short_is_refused)
{
    int i;
    for (i = 0; i < 200; i++)
        add(RECORD_SIM, "os-crash", i);
    ck_assert_int_eq(truncate(path, 5000), 0);
    ck_refused(UND_USAGE, "malformed");
}
END_TEST

START_TEST(a_run_that_somebody_edited_is_named)
{
    int n = 0;
    add(RECORD_SIM, "", 1);
    execute("UPDATE run SET detail = '{'");
    ck_assert_int_eq(store_read(path, &everything, count, &n, &err), UND_USAGE);
    ck_assert_msg(strstr(err.text, "run 1 cannot be read"), "got: %s", err.text);
}
END_TEST

/* In a process whose files may not grow. */
static int add_without_room(void)
{
    struct stat status;
    struct rlimit limit;
    int i;
    signal(SIGXFSZ, SIG_IGN);
    if (stat(path, &status) != 0)
        return 99;
    limit.rlim_cur = limit.rlim_max = (rlim_t)status.st_size;
    setrlimit(RLIMIT_FSIZE, &limit);
    for (i = 0; i < 100 && err.code == UND_OK; i++)
        add(RECORD_SIM, "os-crash", i);
    return (int)err.code;
}

START_TEST(a_full_disk_loses_nothing)
{
    int status, before;
    pid_t child;
    add(RECORD_DRILL, "os-crash", 1);
    child = fork();
    if (child == 0)
        _exit(add_without_room());
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(WEXITSTATUS(status), UND_SERVICE);
    before = how_many(everything);
    ck_assert_int_ge(before, 1);
    ck_assert_int_lt(before, 101);
    ck_assert_int_eq(add(RECORD_SIM, "", 2), UND_OK);
    ck_assert_int_eq(how_many(everything), before + 1);
}
END_TEST

START_TEST(writers_at_once_lose_nothing)
{
    pid_t child[WRITERS];
    int i, k, status;
    unlink(path); /* they race for making it, too */
    for (i = 0; i < WRITERS; i++)
        if ((child[i] = fork()) == 0) {
            for (k = 0; k < EACH && err.code == UND_OK; k++)
                add(RECORD_SIM, "", k);
            _exit((int)err.code);
        }
    for (i = 0; i < WRITERS; i++) {
        ck_assert_int_eq(waitpid(child[i], &status, 0), child[i]);
        ck_assert_int_eq(WEXITSTATUS(status), UND_OK);
    }
    ck_assert_int_eq(how_many(everything), WRITERS * EACH);
}
END_TEST

START_TEST(a_report_is_kept_with_its_claims_and_its_fleet)
{
    static struct sample_result sample;
    const char *const sets[] = {"fleet.policy.persist=2min"};
    char plain[17], changed[17];
    sample_result_failure(&sample, "sample");
    snprintf(sample.scenario.fleet.path, sizeof sample.scenario.fleet.path,
             "scenarios/paws360.yaml");
    ck_assert_int_eq(record_reports(path, RECORD_TEST, &sample.report, 1, &err), UND_OK);
    ck_assert_int_eq(how_many(everything), 1);
    ck_assert_int_eq(last.kind, RECORD_TEST);
    ck_assert_str_eq(last.scenario, "sample");
    ck_assert_str_eq(last.mode, "host-power-loss");
    ck_assert_int_eq(last.exit_code, UND_FAILED);
    record_fleet(plain, "scenarios/paws360.yaml", NULL, 0);
    record_fleet(changed, "scenarios/paws360.yaml", sets, 1);
    ck_assert_str_eq(last.fleet, plain);
    ck_assert_uint_eq(strlen(plain), 16);
    ck_assert_str_ne(plain, changed);
    ck_assert_int_gt(
        sql_number(path, "SELECT json_array_length(json_extract(detail, '$.claims')) FROM run"), 0);
    sample_result_fini(&sample);
}
END_TEST

START_TEST(nothing_is_kept_unless_asked)
{
    unsetenv("UNDERSTUDY_STORE");
    ck_assert_ptr_null(store_path(NULL));
    setenv("UNDERSTUDY_STORE", "", 1);
    ck_assert_ptr_null(store_path(NULL));
    setenv("UNDERSTUDY_STORE", "of-environment", 1);
    ck_assert_str_eq(store_path(NULL), "of-environment");
    ck_assert_str_eq(store_path("given"), "given");
    unsetenv("UNDERSTUDY_STORE");
}
END_TEST

START_TEST(the_result_is_printed_where_the_store_fails)
{
    char *text;
    ck_assert_int_eq(shell_run(&text, "$PROGRAM sim scenarios/primary-os-crash.yaml "
                                      "--replications 5 --no-documented --store /no/such/folder/x "
                                      "2>&1"),
                     UND_SERVICE);
    ck_assert_ptr_nonnull(strstr(text, "primary-os-crash"));
    ck_assert_ptr_nonnull(strstr(text, "understudy: store /no/such/folder/x: "));
    free(text);
}
END_TEST

START_TEST(history_lists_what_commands_kept)
{
    char *text;
    json_t *json, *run;
    ck_assert_int_eq(shell_run(&text,
                               "export UNDERSTUDY_STORE=%s; $PROGRAM sim "
                               "scenarios/primary-os-crash.yaml --replications 5 "
                               "--no-documented >%s.out; $PROGRAM drill --rehearse "
                               "scenarios/drill-high-cpu.yaml --replications 3 >%s.out; "
                               "rm %s.out; $PROGRAM history --format json",
                               path, path, path, path),
                     UND_OK);
    json = json_loads(text, 0, NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "runs")), 2);
    run = json_array_get(json_object_get(json, "runs"), 0);
    ck_assert_str_eq(json_string_value(json_object_get(run, "mode")), "os-crash");
    ck_assert_ptr_nonnull(json_object_get(json_object_get(run, "result"), "metrics"));
    run = json_array_get(json_object_get(json, "runs"), 1);
    ck_assert_str_eq(json_string_value(json_object_get(run, "kind")), "rehearsal");
    ck_assert_ptr_nonnull(json_object_get(json_object_get(run, "result"), "prediction"));
    json_decref(json);
    free(text);
    ck_assert_int_eq(shell_run(&text, "$PROGRAM history --store %s --kind sim", path), UND_OK);
    ck_assert_ptr_nonnull(strstr(text, "os-crash"));
    ck_assert_ptr_null(strstr(text, "drill-high-cpu"));
    free(text);
}
END_TEST

START_TEST(history_refuses_what_it_cannot_read)
{
    char *text;
    ck_assert_int_eq(shell_run(&text, "unset UNDERSTUDY_STORE; $PROGRAM history 2>&1"), UND_USAGE);
    ck_assert_ptr_nonnull(strstr(text, "got no store, want --store FILE"));
    free(text);
    ck_assert_int_eq(shell_run(&text, "$PROGRAM history --store %s --since yesterday 2>&1", path),
                     UND_USAGE);
    ck_assert_ptr_nonnull(strstr(text, "--since: got 'yesterday', want a date"));
    free(text);
    unlink(path);
    ck_assert_int_eq(shell_run(&text, "$PROGRAM history --store %s 2>&1", path), UND_SERVICE);
    ck_assert_int_ne(access(path, F_OK), 0); /* none was made */
    free(text);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("store");
    TCase *tc = tcase_create("store");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, what_was_kept_is_read_back);
    tcase_add_test(tc, each_filter_leaves_its_own);
    tcase_add_test(tc, an_older_store_is_brought_up_by_a_reader);
    tcase_add_test(tc, an_older_store_is_brought_up_by_a_writer);
    tcase_add_loop_test(tc, every_older_version_becomes_what_a_new_store_is, 1, STORE_VERSION);
    tcase_add_test(tc, an_incident_is_kept_once);
    tcase_add_test(tc, the_hash_of_a_fleet_covers_all_that_it_names);
    tcase_add_test(tc, a_newer_store_is_refused_and_left_alone);
    tcase_add_test(tc, another_database_is_refused_and_left_alone);
    tcase_add_test(tc, what_is_no_database_is_refused);
    tcase_add_test(tc, a_store_cut_short_is_refused);
    tcase_add_test(tc, a_run_that_somebody_edited_is_named);
    tcase_add_test(tc, a_full_disk_loses_nothing);
    tcase_add_test(tc, writers_at_once_lose_nothing);
    tcase_add_test(tc, a_report_is_kept_with_its_claims_and_its_fleet);
    tcase_add_test(tc, nothing_is_kept_unless_asked);
    tcase_add_test(tc, the_result_is_printed_where_the_store_fails);
    tcase_add_test(tc, history_lists_what_commands_kept);
    tcase_add_test(tc, history_refuses_what_it_cannot_read);
    suite_add_tcase(s, tc);
    return s;
}
