/*
 * Assertions that stay on in every build, for what only a bug can break. Data from outside is
 * checked with errors (err.h), never asserted. The hook is the one symbol that ring 0 imports.
 */
#ifndef MODEL_BASE_ASSERT_H
#define MODEL_BASE_ASSERT_H

/* Says "bug: FILE:LINE: what" and aborts. */
_Noreturn void und_assert_fail(const char *file, int line, const char *what);

#define UND_ASSERT(cond) ((cond) ? (void)0 : und_assert_fail(__FILE__, __LINE__, #cond))

/* Where no path leads: after a switch that handles every value of its enumeration. */
#define UND_UNREACHABLE() und_assert_fail(__FILE__, __LINE__, "unreachable")

#endif
