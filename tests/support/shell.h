/*
 * What a line typed into a shell prints, for suites that run the program as its users do.
 */
#ifndef TESTS_SUPPORT_SHELL_H
#define TESTS_SUPPORT_SHELL_H

/* Runs the line, made as printf makes it, in which $PROGRAM is this build's understudy. Returns its
 * exit code (the test fails if there is none); *text is what it wrote to its standard output, up to
 * a NUL, to be freed. */
__attribute__((format(printf, 2, 3))) int shell_run(char **text, const char *format, ...);

#endif
