#include "suggest.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#define WORD 48 /* longer words are not compared */

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Optimal string alignment; anything above `most` where it is above that. */
static int distance(const char *a, const char *b, int most)
{
    int d[WORD + 1][WORD + 1];
    int n = (int)strlen(a), m = (int)strlen(b), i, j;
    if (n - m > most || m - n > most)
        return most + 1;
    for (i = 0; i <= n; i++)
        d[i][0] = i;
    for (j = 0; j <= m; j++)
        d[0][j] = j;
    for (i = 1; i <= n; i++) {
        int row = d[i][0];
        for (j = 1; j <= m; j++) {
            int ca = tolower((unsigned char)a[i - 1]), cb = tolower((unsigned char)b[j - 1]);
            int best = d[i - 1][j - 1] + (ca != cb);
            best = least(best, least(d[i - 1][j], d[i][j - 1]) + 1);
            if (i > 1 && j > 1 && ca == tolower((unsigned char)b[j - 2]) &&
                cb == tolower((unsigned char)a[i - 2]))
                best = least(best, d[i - 2][j - 2] + 1);
            d[i][j] = best;
            row = least(row, best);
        }
        /* A transposition reaches back two rows, and so costs one more than the row before. */
        if (row > most + 1)
            return most + 1;
    }
    return d[n][m];
}

/* A whole word that the other one begins with ("sec" and "s", "scrape" and "scrape_interval"). */
static int is_beginning(const char *got, const char *candidate)
{
    size_t n = strlen(got);
    return n >= 3 && n < strlen(candidate) && strncasecmp(got, candidate, n) == 0;
}

const char *suggest_nearest(const char *got, const char *const *candidates)
{
    const char *best = NULL;
    int length = (int)strlen(got), least_distance = length / 3 + 1;
    if (length == 0 || length > WORD)
        return NULL;
    for (; *candidates != NULL; candidates++) {
        int d;
        if (strlen(*candidates) > WORD)
            continue;
        d = is_beginning(got, *candidates) ? 1 : distance(got, *candidates, least_distance);
        /* Everything replaced is no resemblance at all. */
        if (d < length && d <= least_distance &&
            (best == NULL || d < least_distance ||
             ((int)strlen(best) != length && (int)strlen(*candidates) == length))) {
            least_distance = d;
            best = *candidates; /* of equals that of the same length: =< is <=, not < */
        }
    }
    return best;
}
