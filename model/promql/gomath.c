#include "gomath.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

double go_max(double a, double b)
{
    if (isinf(a) && a > 0)
        return a;
    if (isinf(b) && b > 0)
        return b;
    if (isnan(a) || isnan(b))
        return NAN;
    if (a == 0 && b == 0)
        return signbit(a) ? b : a;
    return a > b ? a : b;
}

double go_min(double a, double b)
{
    return -go_max(-a, -b);
}

/* Without y = +-0, x = 1, y = 1, +-0.5, NaN, and the cases that IEEE 754 settles. */
static double power(double x, double y)
{
    double whole, rest = modf(fabs(y), &whole), a1 = 1, x1;
    int exponent = 0, xe;
    if (whole >= 9.223372036854775808e18)
        return pow(x, y);
    if (rest != 0) {
        if (rest > 0.5) {
            rest--;
            whole++;
        }
        a1 = exp(rest * log(x));
    }
    x1 = frexp(x, &xe);
    for (long long i = (long long)whole; i != 0; i >>= 1) {
        if (xe < -(1 << 12) || xe > 1 << 12) {
            exponent += xe;
            break;
        }
        if (i & 1) {
            a1 *= x1;
            exponent += xe;
        }
        x1 *= x1;
        xe *= 2;
        if (x1 < 0.5) {
            x1 += x1;
            xe--;
        }
    }
    if (y < 0) {
        a1 = 1 / a1;
        exponent = -exponent;
    }
    return ldexp(a1, exponent);
}

double go_pow(double x, double y)
{
    double whole;
    if (y == 0 || x == 1)
        return 1;
    if (y == 1)
        return x;
    if (isnan(x) || isnan(y) || x == 0 || isinf(x) || isinf(y))
        return pow(x, y);
    if (y == 0.5)
        return sqrt(x);
    if (y == -0.5)
        return 1 / sqrt(x);
    if (x < 0 && modf(y, &whole) != 0)
        return NAN;
    return power(x, y);
}

double go_log2(double x)
{
    int exponent;
    double fraction = frexp(x, &exponent);
    if (!isfinite(x) || x <= 0)
        return log2(x);
    return fraction == 0.5 ? exponent - 1 : log(fraction) * (1 / M_LN2) + exponent;
}

double go_log10(double x)
{
    return isfinite(x) && x > 0 ? go_log2(x) * (M_LN2 / M_LN10) : log10(x);
}

/* --- texts ----------------------------------------------------------------------------------- */

/* The fewest digits that read back, with an exponent. */
static void shortest(double value, char text[40])
{
    int digits = 0;
    do
        snprintf(text, 40, "%.*e", digits, value);
    while (strtod(text, NULL) != value && ++digits < 18);
}

static bool special(double value, char text[GO_NUMBER])
{
    if (isnan(value))
        strcpy(text, "NaN");
    else if (isinf(value))
        strcpy(text, value > 0 ? "+Inf" : "-Inf");
    return !isfinite(value);
}

const char *go_format(double value, char text[GO_NUMBER])
{
    char scientific[40];
    int digits, exponent;
    if (special(value, text))
        return text;
    shortest(value, scientific);
    digits = (int)(strchr(scientific, 'e') - scientific) - (value < 0 || signbit(value));
    digits = digits > 1 ? digits - 2 : 0; /* behind the point */
    exponent = atoi(strchr(scientific, 'e') + 1);
    snprintf(text, GO_NUMBER, "%.*f", digits > exponent ? digits - exponent : 0, value);
    if (exponent > digits) { /* zeros for the digits that nobody asked for */
        size_t keep = (size_t)digits + 1 + (text[0] == '-'), n = strlen(text);
        snprintf(text, GO_NUMBER, "%.*e", digits, fabs(value));
        char significant[40] = "";
        size_t used = 0;
        for (const char *c = text; *c && *c != 'e'; c++) {
            if (*c != '.')
                significant[used++] = *c;
        }
        memset(text, '0', n);
        text[n] = '\0';
        if (value < 0)
            text[0] = '-';
        memcpy(text + (value < 0), significant, keep - (value < 0));
    }
    return text;
}

const char *go_format_short(double value, char text[GO_NUMBER])
{
    char scientific[40];
    int exponent;
    if (special(value, text))
        return text;
    shortest(value, scientific);
    exponent = atoi(strchr(scientific, 'e') + 1);
    if (value != 0 && (exponent < -4 || exponent >= 6)) {
        strcpy(text, scientific);
        return text;
    }
    return go_format(value, text);
}

const char *go_format_exponent(double value, char text[GO_NUMBER])
{
    if (special(value, text))
        return text;
    shortest(value, text);
    *strchr(text, 'e') = 'E';
    return text;
}

bool go_parse(const char *text, double *value)
{
    const char *at = text + (*text == '+' || *text == '-');
    char *end;
    if (!isdigit((unsigned char)*at) && *at != '.' && strcasecmp(at, "inf") != 0 &&
        strcasecmp(at, "infinity") != 0 && strcasecmp(text, "nan") != 0)
        return false;
    *value = strtod(text, &end);
    if (*end != '\0' || end == text)
        return false;
    if (at[0] == '0' && (at[1] == 'x' || at[1] == 'X') && !strpbrk(at, "pP"))
        return false;
    return isfinite(*value) || !isdigit((unsigned char)*at);
}
