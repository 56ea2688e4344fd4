/*
 * What every suite shares: the main function and a few conveniences. A suite file defines
 * `Suite *suite(void)`; tests run from the top folder of the project.
 */
#ifndef TESTS_SUPPORT_HELPERS_H
#define TESTS_SUPPORT_HELPERS_H

#include <check.h>

#include <stdio.h>

/* Built with a sanitizer, which takes several times as long: suites that measure may do less. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define HELPER_SANITIZED 1
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HELPER_SANITIZED 1
#endif
#endif

Suite *suite(void);

/* Fails the test unless `text` is what tests/golden/NAME holds, showing the first line that
 * differs. With UPDATE=1 in the environment (make golden UPDATE=1) writes the file instead. */
void helper_golden(const char *name, const char *text);

/* Runs a statement that writes to `out`; what it wrote is in `text`, to be freed. */
#define HELPER_CAPTURE(text, size, statement)                                                      \
    do {                                                                                           \
        FILE *out = open_memstream(&(text), &(size));                                              \
        ck_assert_ptr_nonnull(out);                                                                \
        statement;                                                                                 \
        ck_assert_int_eq(fclose(out), 0);                                                          \
    } while (0)

#endif
