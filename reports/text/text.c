#include "text.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define SECOND_MS 1000
#define HOUR_S 3600
#define REPLACEMENT 0xFFFD

const char *text_time(char out[TEXT_VALUE], double ms)
{
    long long s;
    if (!isfinite(ms)) {
        snprintf(out, TEXT_VALUE, "-");
        return out;
    }
    s = llround(fabs(ms) / SECOND_MS);
    if (s >= 1000LL * 24 * HOUR_S)
        snprintf(out, TEXT_VALUE, "%lldd", s / (24 * HOUR_S));
    else if (s >= 100LL * HOUR_S)
        snprintf(out, TEXT_VALUE, "%lldd %02lldh", s / (24 * HOUR_S), s / HOUR_S % 24);
    else if (s >= HOUR_S)
        snprintf(out, TEXT_VALUE, "%s%lld:%02lld:%02lld", ms < 0 ? "-" : "", s / HOUR_S,
                 s / 60 % 60, s % 60);
    else
        snprintf(out, TEXT_VALUE, "%s%lld:%02lld", ms < 0 && s > 0 ? "-" : "", s / 60, s % 60);
    return out;
}

const char *text_time_exact(char out[TEXT_VALUE], double ms)
{
    long long whole;
    size_t end;
    if (!isfinite(ms))
        return text_time(out, ms);
    whole = llround(ms); /* rounded once: 1:59.9996 is 2:00.000, not 1:59.000 */
    text_time(out, (double)(whole - whole % SECOND_MS));
    end = strlen(out);
    snprintf(out + end, TEXT_VALUE - end, ".%03lld", whole % SECOND_MS);
    return out;
}

const char *text_clock(char out[TEXT_VALUE], int64_t ms)
{
    int64_t s = ms / SECOND_MS;
    snprintf(out, TEXT_VALUE, "%lld:%02lld:%02lld.%03lld", (long long)(s / HOUR_S),
             (long long)(s / 60 % 60), (long long)(s % 60), (long long)(ms % SECOND_MS));
    return out;
}

/* "99.50%" -> "99.5%", "99.00%" -> "99%" */
static void drop_zeros(char *out, const char *unit)
{
    size_t end = strlen(out);
    while (strchr(out, '.') && (out[end - 1] == '0' || out[end - 1] == '.'))
        out[--end] = '\0';
    snprintf(out + end, TEXT_VALUE - end, "%s", unit);
}

const char *text_share(char out[TEXT_VALUE], double share)
{
    double percent = 100 * share;
    if (!isfinite(share)) {
        snprintf(out, TEXT_VALUE, "-");
        return out;
    }
    if (share >= 1 || share <= 0)
        snprintf(out, TEXT_VALUE, "%.0f", percent);
    else if (percent > 99 || percent < 1) /* near the ends a hundredth matters */
        snprintf(out, TEXT_VALUE, "%.2f", fmin(fmax(percent, 0.01), 99.99));
    else
        snprintf(out, TEXT_VALUE, "%.1f", percent);
    drop_zeros(out, "%");
    return out;
}

const char *text_metric(char out[TEXT_VALUE], enum metric metric, double value)
{
    switch (metric_unit(metric)) {
    case UNIT_MS:
        return text_time(out, value);
    case UNIT_SHARE:
        return text_share(out, value);
    case UNIT_COUNT:
        break;
    }
    if (!isfinite(value)) {
        snprintf(out, TEXT_VALUE, "-");
        return out;
    }
    snprintf(out, TEXT_VALUE, fabs(value) < 100 ? "%.2f" : "%.0f", value);
    drop_zeros(out, "");
    return out;
}

const char *text_date(char out[TEXT_VALUE])
{
    const char *fixed = getenv("SOURCE_DATE_EPOCH");
    time_t now = fixed ? (time_t)strtoll(fixed, NULL, 10) : time(NULL);
    struct tm tm;
    if (!gmtime_r(&now, &tm) || strftime(out, TEXT_VALUE, "%Y-%m-%d %H:%M UTC", &tm) == 0)
        snprintf(out, TEXT_VALUE, "-");
    return out;
}

/* Puts a sign before it. */
static void sign(char out[TEXT_VALUE], const char *sign_text)
{
    char value[TEXT_VALUE];
    memcpy(value, out, TEXT_VALUE);
    snprintf(out, TEXT_VALUE, "%s%.*s", sign_text, TEXT_VALUE - 4, value);
}

const char *text_quantile(char out[TEXT_VALUE], enum metric metric, const struct quantity *quantity,
                          double p)
{
    double beyond = quantity_beyond(quantity, p);
    if (isfinite(beyond)) {
        text_metric(out, metric, beyond);
        sign(out, ">");
    } else {
        text_metric(out, metric,
                    quantity->n + quantity->censored > 0 ? quantity_quantile(quantity, p) : NAN);
    }
    return out;
}

/* "97.5-100%"; false for what is no share, or where both ends read the same. */
static bool share_interval(char out[TEXT_VALUE], enum metric metric, double value, double half)
{
    char low[TEXT_VALUE], high[TEXT_VALUE];
    if (metric_unit(metric) != UNIT_SHARE || !isfinite(value) || !isfinite(half))
        return false;
    text_share(low, fmax(value - half, 0));
    text_share(high, fmin(value + half, 1));
    if (strcmp(low, high) == 0)
        return false;
    low[strcspn(low, "%")] = '\0';
    snprintf(out, TEXT_VALUE, "%.10s-%.10s", low, high);
    return true;
}

/* No failover in any of n replications: a Poisson process makes none in n with a probability of
 * 2.5% where its mean is -ln(2.5%) / n, which a spread of 0 would not tell. */
static bool none_interval(char out[TEXT_VALUE], enum metric metric, const struct quantity *quantity)
{
    if (metric != METRIC_FAILOVERS || quantity->n == 0 || quantity->max > 0)
        return false;
    snprintf(out, TEXT_VALUE, "0-%.3g", -log(0.025) / (double)quantity->n);
    return true;
}

const char *text_around(char out[TEXT_VALUE], enum metric metric, const struct quantity *quantity)
{
    if (!none_interval(out, metric, quantity) &&
        !share_interval(out, metric, quantity->mean, quantity->half_width))
        text_metric(out, metric, quantity->half_width);
    return out;
}

const char *text_spread(char out[TEXT_VALUE], enum metric metric, double value, double half)
{
    char text[TEXT_VALUE];
    out[0] = '\0';
    if (share_interval(text, metric, value, half))
        snprintf(out, TEXT_VALUE, " (%.24s)", text);
    else if (isfinite(half))
        snprintf(out, TEXT_VALUE, " +-%.24s", text_metric(text, metric, half));
    return out;
}

const char *text_mean(char out[TEXT_VALUE], enum metric metric, const struct quantity *quantity)
{
    bool any = quantity->n + quantity->censored > 0;
    text_metric(out, metric, any ? quantity->mean : NAN);
    if (any && quantity->mean_is_bound)
        sign(out, ">=");
    return out;
}

/* Bytes that follow the first one, from its leading bits; -1 if it cannot be a first byte. */
static int followers(unsigned char byte)
{
    if (byte < 0x80)
        return 0;
    if (byte >= 0xC2 && byte < 0xE0)
        return 1;
    if ((byte & 0xF0) == 0xE0)
        return 2;
    return byte >= 0xF0 && byte < 0xF5 ? 3 : -1;
}

uint32_t text_next(const char **s)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    static const uint32_t first_bits[] = {0x7F, 0x1F, 0x0F, 0x07};
    const unsigned char *byte = (const unsigned char *)*s;
    int n = followers(byte[0]), i;
    uint32_t code;
    if (byte[0] == '\0')
        return 0;
    if (n < 0) {
        *s += 1;
        return REPLACEMENT;
    }
    code = byte[0] & first_bits[n];
    for (i = 1; i <= n; i++) {
        if ((byte[i] & 0xC0) != 0x80)
            break; /* cut short; the byte that cut it begins the next one */
        code = code << 6 | (byte[i] & 0x3F);
    }
    *s += i;
    if (i <= n || code < least[n] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000) ||
        (code & 0xFFFE) == 0xFFFE) /* XML forbids U+FFFE and U+FFFF */
        return REPLACEMENT;
    if (code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x202A && code <= 0x202E) ||
        (code >= 0x2066 && code <= 0x2069)) /* the last two turn the direction of writing */
        return ' ';
    return code;
}

/* UTF-8 of one code point; returns its length. */
static size_t encode(char out[5], uint32_t code)
{
    static const unsigned char lead[] = {0x00, 0xC0, 0xE0, 0xF0};
    size_t n = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    size_t i;
    for (i = n; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3F));
    out[0] = (char)(lead[n] | code);
    out[n + 1] = '\0';
    return n + 1;
}

void text_clean(char *out, size_t size, const char *s)
{
    char one[5];
    uint32_t code;
    while ((code = text_next(&s)) != 0) {
        size_t n = encode(one, code);
        if (n >= size)
            break;
        memcpy(out, one, n);
        out += n;
        size -= n;
    }
    *out = '\0';
}

void text_lines(FILE *out, const char *s)
{
    char one[5];
    while (*s) {
        if (*s == '\n' || *s == '\t') {
            fputc(*s++, out);
            continue;
        }
        encode(one, text_next(&s));
        fputs(one, out);
    }
}

int text_columns(const char *s)
{
    int n = 0;
    while (text_next(&s) != 0)
        n++;
    return n;
}

void text_xml(FILE *out, const char *s)
{
    char one[5];
    uint32_t code;
    while ((code = text_next(&s)) != 0) {
        encode(one, code);
        switch (code) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        case '\'':
            fputs("&#39;", out);
            break;
        default:
            fputs(one, out);
        }
    }
}

/* Both quote with ' and differ in how a ' is written inside. */
static void quoted(FILE *out, const char *s, const char *apostrophe)
{
    char one[5];
    uint32_t code;
    fputc('\'', out);
    while ((code = text_next(&s)) != 0) {
        encode(one, code);
        fputs(code == '\'' ? apostrophe : one, out);
    }
    fputc('\'', out);
}

/* In gnuplot's double quotes a `command` would be run; in single quotes nothing happens. */
void text_gnuplot(FILE *out, const char *s)
{
    quoted(out, s, "''");
}

void text_shell(FILE *out, const char *s)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                "0123456789_./=:,+-@%";
    if (*s != '\0' && s[strspn(s, plain)] == '\0')
        fputs(s, out);
    else
        quoted(out, s, "'\\''");
}

void text_wrap(FILE *out, const char *s, int start, int columns, int indent)
{
    int column = start;
    bool begun = false; /* a line takes its first word however long */
    while (*s != '\0') {
        int length = (int)strcspn(s, " "), width;
        char word[256];
        snprintf(word, sizeof word, "%.*s", length, s);
        width = text_columns(word);
        if (begun && column + 1 + width > columns) {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
        } else if (begun) {
            fputc(' ', out);
            column++;
        }
        begun = true;
        fputs(word, out);
        column += width;
        s += length;
        while (*s == ' ')
            s++;
    }
    fputc('\n', out);
}

int text_terminal_columns(FILE *out, int otherwise)
{
    struct winsize size;
    if (isatty(fileno(out)) && ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return otherwise;
}

char *text_slurp(FILE *file)
{
    char *text = NULL, chunk[8192];
    size_t size, n;
    FILE *memory = open_memstream(&text, &size);
    if (memory == NULL)
        return NULL;
    rewind(file);
    while ((n = fread(chunk, 1, sizeof chunk, file)) > 0)
        fwrite(chunk, 1, n, memory);
    fclose(memory);
    return text;
}
