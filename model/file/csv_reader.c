#include "csv_reader.h"
#include "doc.h"

#include "model/base/reading.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static const char delimiters[] = ",;\t|";

enum und_code csv_fail(struct csv_reader *csv, const char *what, const char *got, const char *want)
{
    char shown[DOC_SHOWN];
    return und_fail(csv->err, UND_USAGE, "%s:%d: %s: got %s, want %s", csv->path, csv->line, what,
                    *got == '\0' ? "nothing" : doc_show_text(got, shown), want);
}

/* Takes the quotes off a field, in place; returns where it ends: at its delimiter, or at the
 * end. */
static char *unquote(struct csv_reader *csv, char *at)
{
    char *to = at;
    if (*at != '"')
        return at + strcspn(at, (char[]){csv->delimiter, '\0'});
    for (at++; *at != '\0'; at++) {
        if (*at == '"' && at[1] == '"')
            at++;
        else if (*at == '"')
            break;
        *to++ = *at;
    }
    if (*at == '"')
        at++;
    while (*at != '\0' && *at != csv->delimiter) /* what stands behind a closing quote */
        *to++ = *at++;
    if (to < at)
        *to = '\0';
    return at;
}

/* Cuts csv->text into fields. */
static enum und_code split(struct csv_reader *csv)
{
    char *at = csv->text, *end;
    bool more;
    csv->n_fields = 0;
    do {
        if (csv->n_fields == CSV_COLUMNS)
            return csv_fail(csv, "line", "more", "at most 256 columns");
        csv->field[csv->n_fields++] = at;
        end = unquote(csv, at);
        more = *end == csv->delimiter;
        *end = '\0';
        at = end + 1;
    } while (more);
    return UND_OK;
}

/* A quote opens at the beginning of a field only: 5" is a word like any other. */
static bool toggles(const struct csv_reader *csv, bool quoted, int before)
{
    if (quoted || before == '\0' || before == '"')
        return true;
    return csv->delimiter ? before == csv->delimiter : strchr(delimiters, before) != NULL;
}

/* Is it the end of a line? CR alone is where the first line ends in it. */
static bool ends_line(struct csv_reader *csv, int c)
{
    int next;
    if (c != '\r')
        return c == '\n';
    next = getc_unlocked(csv->file);
    if (next != EOF)
        ungetc(next, csv->file);
    csv->old_mac = csv->old_mac || (csv->first == 1 && next != '\n' && next != EOF);
    return csv->old_mac && next != '\n';
}

/* Reads up to the end of the record; -1 at the end of the file. */
static long read_record(struct csv_reader *csv, const char **why)
{
    size_t n = 0;
    bool quoted = false, nul = false;
    int c, before = '\0';
    csv->first = csv->line + 1;
    while ((c = getc_unlocked(csv->file)) != EOF && (quoted || !ends_line(csv, c)) &&
           n < csv->most) {
        if (c == '"' && toggles(csv, quoted, before))
            quoted = !quoted;
        csv->line += c == '\n';
        nul = nul || c == '\0';
        csv->text[n++] = (char)c;
        before = c;
    }
    csv->text[n] = '\0';
    if (n == 0 && c == EOF)
        return -1;
    csv->line++;
    if (csv->first == 1 &&
        (memcmp(csv->text, "\xff\xfe", 2) == 0 || memcmp(csv->text, "\xfe\xff", 2) == 0))
        *why = "is UTF-16, want UTF-8: iconv -f UTF-16 -t UTF-8 makes it so";
    else if (nul)
        *why = "not text: a NUL byte";
    else if (quoted && c == EOF)
        *why = "a quote is not closed";
    else if (n == csv->most)
        *why = "";
    return (long)n;
}

/* The one that the header has most of, outside of quotes. */
static char find_delimiter(const char *text)
{
    char best = ',';
    int most = 0;
    const char *candidate, *c;
    for (candidate = delimiters; *candidate != '\0'; candidate++) {
        int n = 0;
        bool quoted = false;
        for (c = text; *c != '\0'; c++) {
            quoted = quoted != (*c == '"');
            n += !quoted && *c == *candidate;
        }
        if (n > most) {
            most = n;
            best = *candidate;
        }
    }
    return best;
}

static bool fail_record(struct csv_reader *csv, const char *why)
{
    if (*why == '\0')
        und_fail(csv->err, UND_USAGE, "%s:%d: the line is longer than %zu bytes", csv->path,
                 csv->first, csv->most);
    else
        und_fail(csv->err, UND_USAGE, "%s:%d: %s", csv->path, csv->first, why);
    return false;
}

bool csv_next(struct csv_reader *csv)
{
    const char *why = NULL;
    long n;
    while ((n = read_record(csv, &why)) >= 0) {
        if (csv->line > CSV_LINES)
            why = "too many lines";
        if (why != NULL)
            return fail_record(csv, why);
        if (csv->first == 1 && strncmp(csv->text, "\xef\xbb\xbf", 3) == 0)
            memmove(csv->text, csv->text + 3, (size_t)(n -= 3) + 1);
        if (n > 0 && csv->text[n - 1] == '\r')
            csv->text[--n] = '\0';
        if (csv->delimiter == '\0' && n == 5 && strncasecmp(csv->text, "sep=", 4) == 0) {
            csv->delimiter = csv->text[4];
            continue;
        }
        if (csv->delimiter == '\0')
            csv->delimiter = find_delimiter(csv->text);
        if (n > 0)
            return split(csv) == UND_OK;
    }
    if (ferror(csv->file))
        und_fail(csv->err, UND_USAGE, "%s: cannot be read: %s", csv->path, strerror(errno));
    return false;
}

enum und_code csv_open(struct csv_reader *csv, const char *path, size_t most, struct und_err *err)
{
    struct stat status;
    *csv = (struct csv_reader){.path = path, .most = most, .err = err};
    if ((csv->text = malloc(most + 1)) == NULL)
        return und_fail(err, UND_USAGE, "%s: out of memory", path);
    reading_tell(path);
    if ((csv->file = fopen(path, "r")) == NULL)
        return und_fail(err, UND_USAGE, "%s: cannot be read: %s", path, strerror(errno));
    if (fstat(fileno(csv->file), &status) == 0 && S_ISDIR(status.st_mode))
        return und_fail(err, UND_USAGE, "%s: is a folder, want a CSV file", path);
    if (!csv_next(csv))
        return und_fail(err, UND_USAGE, "%s:1: nothing is in it, want a line of column names",
                        path);
    csv->n_columns = csv->n_fields;
    return UND_OK;
}

void csv_close(struct csv_reader *csv)
{
    if (csv->file != NULL)
        fclose(csv->file);
    free(csv->text);
    csv->file = NULL;
    csv->text = NULL;
}
