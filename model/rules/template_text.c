#include "go_template_internal.h"

#include "model/base/regex.h"
#include "model/promql/gomath.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool is(const struct call *call, const char *name)
{
    return strcmp(call->name, name) == 0;
}

/* As Go's %.4g. */
static void short_number(double value, char *text, size_t size)
{
    if (isnan(value))
        snprintf(text, size, "NaN");
    else if (isinf(value))
        snprintf(text, size, "%cInf", value > 0 ? '+' : '-');
    else
        snprintf(text, size, "%.4g", value);
}

/* --- humanize -------------------------------------------------------------------------------- */

static const char *const small[] = {"m", "u", "n", "p", "f", "a", "z", "y"};

static const char *shrink(double *value)
{
    const char *prefix = "";
    for (int i = 0; i < 8 && fabs(*value) < 1; i++) {
        prefix = small[i];
        *value *= 1000;
    }
    return prefix;
}

static const char *reduce(double *value, double base, const char *const *prefixes)
{
    const char *prefix = "";
    for (int i = 0; i < 8 && fabs(*value) >= base; i++) {
        prefix = prefixes[i];
        *value /= base;
    }
    return prefix;
}

static enum und_code humanize(const struct call *call, bool binary)
{
    static const char *const large[] = {"k", "M", "G", "T", "P", "E", "Z", "Y"};
    static const char *const large_1024[] = {"ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"};
    const char *prefix = "";
    char text[64], whole[80];
    double value;
    if (call->n != 1 || !call_number(call, 0, &value))
        return call_wrong(call);
    if (isfinite(value) && binary && fabs(value) > 1)
        prefix = reduce(&value, 1024, large_1024);
    else if (isfinite(value) && value != 0 && !binary)
        prefix = fabs(value) >= 1 ? reduce(&value, 1000, large) : shrink(&value);
    short_number(value, text, sizeof text);
    snprintf(whole, sizeof whole, "%s%s", text, prefix);
    return call_give(call, whole);
}

static enum und_code humanize_duration(const struct call *call)
{
    char text[64], whole[128];
    const char *prefix = "", *sign = "";
    double value;
    long long s;
    if (call->n != 1 || !call_number(call, 0, &value))
        return call_wrong(call);
    if (isfinite(value) && fabs(value) >= 1) {
        sign = value < 0 ? "-" : "";
        value = fabs(value);
        s = value < 9e18 ? (long long)value : 0;
        if (s >= 86400)
            snprintf(whole, sizeof whole, "%s%lldd %lldh %lldm %llds", sign, s / 86400,
                     s / 3600 % 24, s / 60 % 60, s % 60);
        else if (s >= 3600)
            snprintf(whole, sizeof whole, "%s%lldh %lldm %llds", sign, s / 3600, s / 60 % 60,
                     s % 60);
        else if (s >= 60)
            snprintf(whole, sizeof whole, "%s%lldm %llds", sign, s / 60, s % 60);
        if (s >= 60)
            return call_give(call, whole);
    } else if (isfinite(value) && value != 0) {
        prefix = shrink(&value);
    }
    short_number(value, text, sizeof text);
    snprintf(whole, sizeof whole, "%s%s%s%s", sign, text, prefix, isfinite(value) ? "s" : "");
    return call_give(call, whole);
}

static enum und_code humanize_percentage(const struct call *call)
{
    char text[64], whole[80];
    double value;
    if (call->n != 1 || !call_number(call, 0, &value))
        return call_wrong(call);
    short_number(value * 100, text, sizeof text);
    snprintf(whole, sizeof whole, "%s%%", text);
    return call_give(call, whole);
}

static enum und_code humanize_timestamp(const struct call *call)
{
    char text[96], date[40], fraction[32] = "";
    double value;
    struct tm tm;
    time_t seconds;
    long ms;
    if (call->n != 1 || !call_number(call, 0, &value))
        return call_wrong(call);
    if (!isfinite(value) || fabs(value) > 9e9) {
        short_number(value, text, sizeof text);
        return call_give(call, text);
    }
    seconds = (time_t)floor(value);
    ms = (long)floor((value - floor(value)) * 1000);
    gmtime_r(&seconds, &tm);
    strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", &tm);
    if (ms > 0) {
        snprintf(fraction, sizeof fraction, ".%03ld", ms);
        for (size_t n = strlen(fraction); fraction[n - 1] == '0'; n--)
            fraction[n - 1] = '\0';
    }
    snprintf(text, sizeof text, "%s%s +0000 UTC", date, fraction);
    return call_give(call, text);
}

/* --- texts ----------------------------------------------------------------------------------- */

static enum und_code change_case(const struct call *call, char how)
{
    char *text;
    if (call->n != 1 || call->args[0].kind != THING_TEXT)
        return call_wrong(call);
    text = arena_text(call->template->arena, call->args[0].text, strlen(call->args[0].text));
    for (char *c = text; *c; c++) {
        bool first = c == text || !(isalnum((unsigned char)c[-1]) || c[-1] == '_' ||
                                    c[-1] == '\'' || (unsigned char)c[-1] >= 0x80);
        if (how == 'l')
            *c = (char)tolower((unsigned char)*c);
        else if (how == 'u' || first)
            *c = (char)toupper((unsigned char)*c);
    }
    *call->out = thing_of_text(text);
    return UND_OK;
}

static enum und_code strip_port(const struct call *call)
{
    const char *text, *colon;
    char *host;
    if (call->n != 1 || call->args[0].kind != THING_TEXT)
        return call_wrong(call);
    text = call->args[0].text;
    colon = strrchr(text, ':');
    if (!colon || (text[0] != '[' && strchr(text, ':') != colon))
        return call_give(call, text);
    if (text[0] == '[' && colon[-1] != ']')
        return call_give(call, text);
    host = arena_text(call->template->arena, text, (size_t)(colon - text));
    if (host[0] == '[') {
        host++;
        host[strlen(host) - 1] = '\0';
    }
    *call->out = thing_of_text(host);
    return UND_OK;
}

static enum und_code strip_domain(const struct call *call)
{
    const char *text, *colon, *dot;
    char *host;
    size_t n;
    if (call->n != 1 || call->args[0].kind != THING_TEXT)
        return call_wrong(call);
    text = call->args[0].text;
    colon = strrchr(text, ':');
    n = colon ? (size_t)(colon - text) : strlen(text);
    dot = memchr(text, '.', n);
    if (!dot || strspn(text, "0123456789.") >= n)
        return call_give(call, text);
    host = arena_take(call->template->arena, strlen(text) + 1);
    memcpy(host, text, (size_t)(dot - text));
    strcpy(host + (dot - text), text + n);
    *call->out = thing_of_text(host);
    return UND_OK;
}

static enum und_code with_regex(const struct call *call, bool replace)
{
    char why[REGEX_WHY], *changed;
    struct regex *regex;
    if (call->n != (replace ? 3 : 2) || call->args[0].kind != THING_TEXT ||
        call->args[call->n - 1].kind != THING_TEXT)
        return call_wrong(call);
    regex = regex_open(call->args[0].text, false, why);
    if (!regex)
        return template_fail(call->template, "error calling %s: %s", call->name, why);
    changed = regex_replace_all(regex, call->args[call->n - 1].text,
                                replace ? thing_text(call->template, &call->args[1]) : "\x01");
    if (replace)
        call_give(call, changed);
    else
        *call->out =
            (struct thing){.kind = THING_BOOL, .number = strcmp(changed, call->args[1].text) != 0};
    free(changed);
    regex_close(regex);
    return UND_OK;
}

/* One verb of printf: "%5.2f". */
static void print_verb(const struct call *call, const char *spec, char verb,
                       const struct thing *arg, FILE *out)
{
    char format[40];
    double number = arg->number;
    bool is_number = arg->kind == THING_NUMBER;
    if (strchr("feEgG", verb) && is_number && isfinite(number)) {
        char text[GO_NUMBER];
        if (verb == 'g' && !strchr(spec, '.')) {
            go_format_short(number, text);
            snprintf(format, sizeof format, "%ss", spec);
            fprintf(out, format, text); /* NOLINT: the format is ours but for flags and width */
            return;
        }
        snprintf(format, sizeof format, "%s%c", spec, verb);
        fprintf(out, format, number);
    } else if (verb == 'd' && arg->kind == THING_INT) {
        snprintf(format, sizeof format, "%slld", spec);
        fprintf(out, format, (long long)number);
    } else if (verb == 'v' || (verb == 's' && arg->kind == THING_TEXT) ||
               (strchr("feEgG", verb) && is_number)) {
        snprintf(format, sizeof format, "%ss", spec);
        fprintf(out, format, thing_text(call->template, arg));
    } else if (verb == 'q' && arg->kind == THING_TEXT) {
        fprintf(out, "\"%s\"", arg->text);
    } else if (verb == 't' && arg->kind == THING_BOOL) {
        fputs(number != 0 ? "true" : "false", out);
    } else {
        fprintf(out, "%%!%c(%s=%s)", verb,
                is_number                 ? "float64"
                : arg->kind == THING_TEXT ? "string"
                : arg->kind == THING_INT  ? "int"
                                          : "value",
                thing_text(call->template, arg));
    }
}

static enum und_code print_formatted(const struct call *call)
{
    char *text = NULL;
    size_t size;
    int next = 1;
    FILE *out;
    if (call->n < 1 || call->args[0].kind != THING_TEXT)
        return call_wrong(call);
    out = open_memstream(&text, &size);
    for (const char *c = call->args[0].text; *c; c++) {
        char spec[24];
        size_t n = *c == '%' ? 1 + strspn(c + 1, "+-# 0123456789.") : 0;
        if (n == 0 || c[n] == '\0') {
            fputc(*c, out);
            continue;
        }
        /* A width or precision of three digits is enough for a label. */
        snprintf(spec, sizeof spec, "%.*s", (int)(n > 8 ? 8 : n), c);
        c += n;
        if (*c == '%')
            fputc('%', out);
        else if (next >= call->n)
            fprintf(out, "%%!%c(MISSING)", *c);
        else
            print_verb(call, spec, *c, &call->args[next++], out);
    }
    fclose(out);
    call_give(call, text);
    free(text);
    return UND_OK;
}

static enum und_code print_plain(const struct call *call, bool line)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    for (int i = 0; i < call->n; i++) {
        bool texts =
            i > 0 && (call->args[i].kind == THING_TEXT || call->args[i - 1].kind == THING_TEXT);
        fprintf(out, "%s%s", i > 0 && (line || !texts) ? " " : "",
                thing_text(call->template, &call->args[i]));
    }
    fputs(line ? "\n" : "", out);
    fclose(out);
    call_give(call, text);
    free(text);
    return UND_OK;
}

enum und_code template_text_call(const struct call *call, bool *known)
{
    *known = true;
    if (is(call, "humanize") || is(call, "humanize1024"))
        return humanize(call, is(call, "humanize1024"));
    if (is(call, "humanizeDuration"))
        return humanize_duration(call);
    if (is(call, "humanizePercentage"))
        return humanize_percentage(call);
    if (is(call, "humanizeTimestamp"))
        return humanize_timestamp(call);
    if (is(call, "title") || is(call, "toUpper") || is(call, "toLower"))
        return change_case(call, is(call, "title") ? 't' : is(call, "toUpper") ? 'u' : 'l');
    if (is(call, "stripPort"))
        return strip_port(call);
    if (is(call, "stripDomain"))
        return strip_domain(call);
    if (is(call, "match") || is(call, "reReplaceAll"))
        return with_regex(call, is(call, "reReplaceAll"));
    if (is(call, "printf"))
        return print_formatted(call);
    if (is(call, "print") || is(call, "println"))
        return print_plain(call, is(call, "println"));
    *known = false;
    return UND_OK;
}
