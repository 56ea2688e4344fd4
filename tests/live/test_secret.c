/* Where credentials come from, and that they leave no trace. */
#include "live/act/command.h"
#include "live/secret/secret.h"
#include "tests/support/helpers.h"
#include "tests/support/scripted_server.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *folder;
static struct und_err err;
static struct secret *secret;

static void set_up(void)
{
    folder = script_folder();
    err = (struct und_err){0};
    secret = NULL;
}

static void tear_down(void)
{
    secret_close(secret);
    script_remove_folder(folder);
}

static const char *write_file(const char *text, unsigned mode)
{
    static char source[160];
    FILE *file;
    snprintf(source, sizeof source, "file:%s/token", folder);
    file = fopen(source + 5, "w");
    fputs(text, file);
    fclose(file);
    ck_assert_int_eq(chmod(source + 5, mode), 0);
    return source;
}

START_TEST(private_file_is_read_without_its_newline)
{
    ck_assert_msg(secret_open(&secret, write_file("tok3n\n", 0600), &err) == UND_OK, "%s",
                  err.text);
    ck_assert_str_eq(secret_text(secret), "tok3n");
    ck_assert_uint_eq(secret_size(secret), 5);
}
END_TEST

START_TEST(file_that_others_can_read_is_refused)
{
    static const unsigned modes[] = {0644, 0640, 0604, 0620, 0700, 0666};
    ck_assert_int_eq(secret_open(&secret, write_file("tok3n", modes[_i]), &err), UND_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "want 0600 (chmod 600 "));
    ck_assert_ptr_null(strstr(err.text, "tok3n"));
}
END_TEST

START_TEST(file_of_somebody_else_is_refused)
{
    const char *source = write_file("tok3n", 0600);
    if (geteuid() != 0)
        return; /* only root can give a file away */
    ck_assert_int_eq(chown(source + 5, 12345, 12345), 0);
    ck_assert_int_eq(secret_open(&secret, source, &err), UND_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "got owner 12345, want 0"));
}
END_TEST

START_TEST(folders_and_missing_files_are_refused)
{
    char source[160];
    snprintf(source, sizeof source, "file:%s", folder);
    ck_assert_int_eq(secret_open(&secret, source, &err), UND_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "want a regular file"));
    err = (struct und_err){0};
    ck_assert_int_eq(secret_open(&secret, "file:/nowhere/token", &err), UND_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "/nowhere/token: No such file"));
}
END_TEST

START_TEST(contents_that_are_no_token_are_refused)
{
    static char huge[SECRET_BYTES + 10];
    memset(huge, 'x', sizeof huge - 1);
    ck_assert_int_eq(secret_open(&secret, write_file("", 0600), &err), UND_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "/token: got 0 characters, want at least 4"));
    err = (struct und_err){0};
    ck_assert_int_eq(secret_open(&secret, write_file("abc", 0600), &err), UND_USAGE);
    err = (struct und_err){0};
    ck_assert_int_eq(secret_open(&secret, write_file(huge, 0600), &err), UND_USAGE);
    err = (struct und_err){0};
    ck_assert_int_eq(secret_open_copy(&secret, "ab\0cd", 5, &err), UND_USAGE);
}
END_TEST

/* Neither our environment nor that of a child nor /proc shows it afterwards. */
START_TEST(variable_is_wiped_once_read)
{
    static char text[] = "UND_TEST_TOKEN=tok3n-of-the-environment";
    FILE *child;
    char line[256];
    putenv(text); /* the string itself becomes part of the environment */
    ck_assert_int_eq(secret_open(&secret, "env:UND_TEST_TOKEN", &err), UND_OK);
    ck_assert_str_eq(secret_text(secret), "tok3n-of-the-environment");
    ck_assert_ptr_null(getenv("UND_TEST_TOKEN"));
    ck_assert_ptr_null(strstr(text, "tok3n"));
    child = popen("env", "r");
    while (fgets(line, sizeof line, child))
        ck_assert_ptr_null(strstr(line, "tok3n"));
    pclose(child);
    secret_close(secret);
    ck_assert_int_eq(secret_open(&secret, "env:UND_TEST_TOKEN", &err), UND_OK); /* remembered */
    ck_assert_str_eq(secret_text(secret), "tok3n-of-the-environment");
    secret_close(secret);
    ck_assert_int_eq(secret_open(&secret, "env:UND_OTHER_TOKEN", &err), UND_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "the environment has no variable UND_OTHER_TOKEN"));
}
END_TEST

/* The rollback of a dead drill runs commands before anybody has asked GitHub anything. */
START_TEST(commands_get_no_credential_and_no_descriptor)
{
    static struct fleet fleet;
    static struct live_argv env = {.arg = {"sh", "-c", "env; ls /proc/self/fd | wc -l"}, .n = 3};
    struct command command;
    struct command_result result;
    int file = open("/dev/null", O_RDONLY);
    strcpy(fleet.live.github.service.token, "env:UND_TEST_GITHUB");
    strcpy(fleet.live.prometheus.token, "env:UND_TEST_PROMETHEUS");
    strcpy(fleet.live.listen.github_secret, "env:UND_TEST_WEBHOOK");
    setenv("UND_TEST_WEBHOOK", "tok3n-of-the-webhook", 1);
    setenv("UND_TEST_GITHUB", "tok3n-of-github", 1);
    setenv("UND_TEST_PROMETHEUS", "tok3n-of-prometheus", 1);
    ck_assert_int_eq(command_init(&command, &fleet, "", &env, &err), UND_OK);
    ck_assert_int_eq(command_run(&command, 5000, NULL, &result, &err), UND_OK);
    ck_assert_ptr_nonnull(strstr(result.output, "PATH="));
    ck_assert_ptr_null(strstr(result.output, "UND_TEST_"));
    ck_assert_str_eq(strrchr(result.output, '?') + 1, "4"); /* 0, 1, 2 and the folder itself */
    command_fini(&command);
    close(file);
    ck_assert_int_eq(secret_open(&secret, "env:UND_TEST_GITHUB", &err), UND_OK);
    ck_assert_str_eq(secret_text(secret), "tok3n-of-github");
}
END_TEST

/* A pipe without a writer, a device, a broken link: refused at once, never waited for. */
START_TEST(what_is_no_file_is_refused_without_waiting)
{
    char source[160];
    snprintf(source, sizeof source, "file:%s/pipe", folder);
    ck_assert_int_eq(mkfifo(source + 5, 0600), 0);
    ck_assert_int_eq(secret_open(&secret, source, &err), UND_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "want a regular file"));
    err = (struct und_err){0};
    ck_assert_int_eq(secret_open(&secret, "file:/dev/zero", &err), UND_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "/dev/zero: want a regular file"));
    snprintf(source, sizeof source, "file:%s/link", folder);
    ck_assert_int_eq(symlink("nowhere", source + 5), 0);
    err = (struct und_err){0};
    ck_assert_int_eq(secret_open(&secret, source, &err), UND_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "No such file"));
}
END_TEST

/* It is the file that counts, not the link to it. */
START_TEST(link_to_an_open_file_is_refused)
{
    char source[160];
    write_file("tok3n", 0644);
    snprintf(source, sizeof source, "file:%s/link", folder);
    ck_assert_int_eq(symlink("token", source + 5), 0);
    ck_assert_int_eq(secret_open(&secret, source, &err), UND_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "got mode 0644, want 0600"));
}
END_TEST

START_TEST(systemd_credential)
{
    write_file("tok3n\n", 0440); /* as systemd shows it to the user of a service */
    unsetenv("CREDENTIALS_DIRECTORY");
    ck_assert_int_eq(secret_open(&secret, "credential:token", &err), UND_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "LoadCredential=token:FILE"));
    err = (struct und_err){0};
    setenv("CREDENTIALS_DIRECTORY", folder, 1);
    ck_assert_msg(secret_open(&secret, "credential:token", &err) == UND_OK, "%s", err.text);
    ck_assert_str_eq(secret_text(secret), "tok3n");
    secret_close(secret);
    ck_assert_int_eq(secret_open(&secret, "credential:../token", &err), UND_USAGE);
    write_file("tok3n\n", 0444);
    err = (struct und_err){0};
    ck_assert_int_eq(secret_open(&secret, "credential:token", &err), UND_USAGE);
}
END_TEST

START_TEST(token_in_place_of_its_source_is_not_quoted)
{
    ck_assert_int_eq(secret_open(&secret, "ghp_0123456789abcdef", &err), UND_USAGE);
    ck_assert_ptr_null(strstr(err.text, "ghp_"));
    ck_assert_ptr_nonnull(strstr(err.text, "want file:PATH, env:NAME or credential:NAME"));
}
END_TEST

START_TEST(every_open_secret_is_redacted)
{
    struct secret *other;
    char text[128] = "tok3n, then passw0rd, then tok3ntok3n, tok3";
    ck_assert_int_eq(secret_open_copy(&secret, "tok3n", 5, &err), UND_OK);
    ck_assert_int_eq(secret_open_copy(&other, "passw0rd", 8, &err), UND_OK);
    secret_redact(text);
    ck_assert_str_eq(text, "***, then ***, then ******, tok3");
    secret_close(other);
    strcpy(text, "passw0rd");
    secret_redact(text);
    ck_assert_str_eq(text, "passw0rd"); /* closed: no longer known */
}
END_TEST

/* Whatever order they were opened in, the shorter must not cut the longer one in two. */
START_TEST(credential_that_begins_like_another_is_redacted_whole)
{
    struct secret *other;
    char text[64] = "pass, pass-and-more";
    ck_assert_int_eq(secret_open_copy(&secret, "pass-and-more", 13, &err), UND_OK);
    ck_assert_int_eq(secret_open_copy(&other, "pass", 4, &err), UND_OK);
    secret_redact(text);
    ck_assert_str_eq(text, "***, ***");
    secret_close(other);
}
END_TEST

START_TEST(private_key_is_redacted_line_by_line)
{
    static const char key[] = "-----BEGIN KEY-----\nMIIEpAIBAAKC\nAQEA7Vq9==\n-----END KEY-----";
    char text[160] = "cat: ?-----BEGIN KEY-----?MIIEpAIBAAKC?AQEA7Vq9==?-----END KEY-----?";
    ck_assert_int_eq(secret_open_copy(&secret, key, sizeof key - 1, &err), UND_OK);
    secret_redact(text);
    ck_assert_str_eq(text, "cat: ?***?***?***?***?");
}
END_TEST

START_TEST(no_error_shows_a_credential)
{
    ck_assert_int_eq(secret_open_copy(&secret, "tok3n-tok3n", 11, &err), UND_OK);
    und_fail(&err, UND_SERVICE, "GET /x: got %s, want less", "tok3n-tok3n");
    ck_assert_str_eq(err.text, "GET /x: got ***, want less");
    err = (struct und_err){0};
    und_fail(&err, UND_SERVICE, "%0760dtok3n-tok3n", 0); /* cut off in the middle of it */
    ck_assert_ptr_null(strstr(err.text, "tok3n"));
}
END_TEST

START_TEST(no_core_dump_once_hardened)
{
    struct rlimit limit;
    secret_harden();
    ck_assert_int_eq(getrlimit(RLIMIT_CORE, &limit), 0);
    ck_assert_uint_eq(limit.rlim_cur, 0);
    ck_assert_uint_eq(limit.rlim_max, 0);
    ck_assert_int_eq(prctl(PR_GET_DUMPABLE), 0);
}
END_TEST

#ifdef __SANITIZE_ADDRESS__
#define LOCKED "" /* AddressSanitizer ignores mlock */
#else
#define LOCKED " lo"
#endif

/* The kernel leaves the page out of a dump ("dd") and never writes it to swap ("lo"). */
START_TEST(memory_is_locked_and_not_dumped)
{
    char line[256];
    bool here = false, kept = false;
    FILE *maps;
    ck_assert_int_eq(secret_open_copy(&secret, "tok3n", 5, &err), UND_OK);
    maps = fopen("/proc/self/smaps", "r");
    while (fgets(line, sizeof line, maps)) {
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            here = (unsigned long)secret_text(secret) >= from &&
                   (unsigned long)secret_text(secret) < to;
        if (here && strncmp(line, "VmFlags:", 8) == 0)
            kept = strstr(line, " dd") && strstr(line, LOCKED);
    }
    fclose(maps);
    ck_assert(kept);
}
END_TEST

Suite *suite(void)
{
    Suite *all = suite_create("secret");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, private_file_is_read_without_its_newline);
    tcase_add_loop_test(tcase, file_that_others_can_read_is_refused, 0, 6);
    tcase_add_test(tcase, file_of_somebody_else_is_refused);
    tcase_add_test(tcase, folders_and_missing_files_are_refused);
    tcase_add_test(tcase, contents_that_are_no_token_are_refused);
    tcase_add_test(tcase, variable_is_wiped_once_read);
    tcase_add_test(tcase, commands_get_no_credential_and_no_descriptor);
    tcase_add_test(tcase, what_is_no_file_is_refused_without_waiting);
    tcase_add_test(tcase, link_to_an_open_file_is_refused);
    tcase_add_test(tcase, systemd_credential);
    tcase_add_test(tcase, token_in_place_of_its_source_is_not_quoted);
    tcase_add_test(tcase, every_open_secret_is_redacted);
    tcase_add_test(tcase, credential_that_begins_like_another_is_redacted_whole);
    tcase_add_test(tcase, private_key_is_redacted_line_by_line);
    tcase_add_test(tcase, no_error_shows_a_credential);
    tcase_add_test(tcase, no_core_dump_once_hardened);
    tcase_add_test(tcase, memory_is_locked_and_not_dumped);
    suite_add_tcase(all, tcase);
    return all;
}
