/*
 * Go's floating-point functions where C's give other bits, and its ways to write numbers.
 * Source: Go's math and strconv packages (what they return is documented; pow is the algorithm of
 * its documentation: the fraction's powers by squaring, exponents apart).
 */
#ifndef MODEL_PROMQL_GOMATH_H
#define MODEL_PROMQL_GOMATH_H

#include <stdbool.h>
#include <stddef.h>

double go_max(double a, double b); /* an infinity wins over NaN */
double go_min(double a, double b);
double go_pow(double x, double y);
double go_log2(double x);
double go_log10(double x);

#define GO_NUMBER 400 /* bytes for any number in either form */

/* The fewest digits that read back: 'f' without exponent, "1.5", "NaN", "+Inf". */
const char *go_format(double value, char text[GO_NUMBER]);
/* The same as %v has it: with an exponent below 1e-4 and from 1e6 on. */
const char *go_format_short(double value, char text[GO_NUMBER]);
/* The same with an exponent always: 1.5E+00. */
const char *go_format_exponent(double value, char text[GO_NUMBER]);
/* What strconv.ParseFloat takes; false otherwise. */
bool go_parse(const char *text, double *value);

#endif
