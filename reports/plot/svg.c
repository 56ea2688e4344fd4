#include "svg.h"

#include "reports/text/text.h"

#include <string.h>

/* Parts that are left out: from the first text to the end of the second. */
static const struct {
    const char *from, *to;
} dropped[] = {{"<defs>", "</defs>"},
               {"<title>Gnuplot</title>", ""},
               {"<desc>Produced by", "</desc>"},
               {" id=\"gnuplot_", "\""}};

static const char *after_dropped(const char *at)
{
    size_t i;
    for (i = 0; i < sizeof dropped / sizeof *dropped; i++) {
        size_t length = strlen(dropped[i].from);
        const char *end;
        if (strncmp(at, dropped[i].from, length) != 0)
            continue;
        end = strstr(at + length, dropped[i].to);
        return end ? end + strlen(dropped[i].to) : at;
    }
    return at;
}

void svg_inline(FILE *out, const char *svg, const char *label)
{
    const char *at = strstr(svg, "<svg");
    if (at == NULL)
        return;
    fputs("<svg role=\"img\" aria-label=\"", out);
    text_xml(out, label);
    fputc('"', out);
    at += strlen("<svg");
    while (*at != '\0') {
        const char *next = after_dropped(at);
        if (next == at)
            fputc(*next++, out);
        at = next;
    }
}
