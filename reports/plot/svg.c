#include "svg.h"

#include "gnuplot.h"
#include "reports/text/text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Parts that are left out: from the first text to the end of the second. */
static const struct {
    const char *from, *to;
    bool of_gnuplot; /* of no use anywhere; the others only on a page */
} dropped[] = {{"<title>", "</title>", true},
               {"<desc>", "</desc>", true},
               {"<defs>", "</defs>", false},
               {" id=\"gnuplot_", "\"", false}};

static const char *after_dropped(const char *at, bool page)
{
    size_t i;
    for (i = 0; i < sizeof dropped / sizeof *dropped; i++) {
        size_t length = strlen(dropped[i].from);
        const char *end;
        if (strncmp(at, dropped[i].from, length) != 0 || (page && dropped[i].of_gnuplot) ||
            (!page && !dropped[i].of_gnuplot))
            continue;
        end = strstr(at + length, dropped[i].to);
        return end ? end + strlen(dropped[i].to) : at;
    }
    return at;
}

static void copy(FILE *out, const char *at, bool page)
{
    while (*at != '\0') {
        const char *next = after_dropped(at, page);
        if (next == at)
            fputc(*next++, out);
        at = next;
    }
}

void svg_inline(FILE *out, const char *svg, const char *label)
{
    const char *at = strstr(svg, "<svg");
    if (at == NULL)
        return;
    fputs("<svg aria-label=\"", out);
    text_xml(out, label);
    fputc('"', out);
    copy(out, at + strlen("<svg"), true);
}

/* Behind the first tag stand title and description: what assistive technology reads. */
static void describe(FILE *out, const char *svg, const char *title, const char *description)
{
    const char *tag = strstr(svg, "<svg"), *end = tag ? strchr(tag, '>') : NULL;
    if (end == NULL)
        return;
    fprintf(out, "%.*s role=\"img\"%.*s<title>", (int)(tag + 4 - svg), svg,
            (int)(end + 1 - tag - 4), tag + 4);
    text_xml(out, title);
    fputs("</title>\n<desc>", out);
    text_xml(out, description);
    fputs("</desc>", out);
    copy(out, end + 1, false);
}

enum und_code svg_draw(FILE *script, FILE *out, const char *title, const char *description,
                       struct und_err *err)
{
    FILE *picture = tmpfile();
    char *svg;
    if (picture == NULL)
        return und_fail(err, UND_SERVICE, "gnuplot: no temporary file");
    if (gnuplot_run(script, picture, err) == UND_OK && (svg = text_slurp(picture)) != NULL) {
        describe(out, svg, title, description);
        free(svg);
    }
    fclose(picture);
    return err->code;
}
