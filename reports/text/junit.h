/*
 * The results of `understudy test` as JUnit XML, in the dialect that Jenkins, GitLab and GitHub
 * reporters read: testsuites / testsuite (a scenario) / testcase (an expectation) / failure. A
 * scenario without expectations is one test case, that it ran with every invariant held; one that
 * did not run is one test case with an error.
 */
#ifndef REPORTS_TEXT_JUNIT_H
#define REPORTS_TEXT_JUNIT_H

#include "report.h"

/* All n reports in one document. */
void junit_print(FILE *out, const struct report *reports, int n);

#endif
