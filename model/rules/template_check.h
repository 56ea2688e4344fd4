/*
 * Does a template of a label or an annotation parse? Prometheus refuses a rule file in which one
 * does not: actions that do not end, unknown functions and variables, blocks without an end.
 *
 * Nothing is evaluated, and whatever Go parses passes: define, template and block too, which
 * go_template.h, the evaluator, does not have.
 *
 * Source: Go, text/template/parse; Prometheus, template/template.go.
 */
#ifndef MODEL_RULES_TEMPLATE_CHECK_H
#define MODEL_RULES_TEMPLATE_CHECK_H

#include <stdbool.h>

#define TEMPLATE_WHY 128

/* False, and why. */
bool template_check(const char *text, char why[TEMPLATE_WHY]);

#endif
