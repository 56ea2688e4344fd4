#include "roff.h"

#include <stdbool.h>
#include <string.h>

void roff_text(FILE *out, const char *text)
{
    bool begins = true;
    for (; *text; text++) {
        if (begins && (*text == '.' || *text == '\''))
            fputs("\\&", out);
        begins = *text == '\n';
        if (*text == '-')
            fputs("\\-", out);
        else if (*text == '\\')
            fputs("\\e", out);
        else
            putc(*text, out);
    }
}

void roff_prose(FILE *out, const char *text)
{
    char word[256];
    int column = 0, length;
    for (; *text; text += length + (int)strspn(text + length, " \n")) {
        length = (int)strcspn(text, " \n");
        snprintf(word, sizeof word, "%.*s", length, text);
        if (column > 0)
            putc(column + length > 60 ? '\n' : ' ', out);
        column = column + length > 60 ? length : column + 1 + length; /* dashes become two */
        roff_text(out, word);
    }
    putc('\n', out);
}
