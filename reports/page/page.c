#include "page.h"

#include "reports/text/text.h"

static const char style[] =
    ":root{--ink:#1a1a1a;--soft:#5c5f66;--paper:#fff;--line:#d9dce1;--card:#f6f7f9;"
    "--met:#1b6e3c;--not:#b3261e;--open:#8a5a00;--link:#0b4f9e}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e8e8ea;--soft:#a4a8b0;--paper:#141518;"
    "--line:#34373d;--card:#1d1f23;--met:#6fcf8f;--not:#ff8a80;--open:#f0c060;--link:#8ab8f5}"
    "figure svg{filter:invert(.92) hue-rotate(180deg)}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;padding:1.5rem 1rem 4rem;max-width:60rem;background:var(--paper);"
    "color:var(--ink);font:16px/1.5 system-ui,sans-serif}\n"
    "h1{font-size:1.6rem;line-height:1.2;margin:0 0 .3rem}\n"
    "h2{font-size:1.2rem;margin:3rem 0 .2rem;padding-top:1rem;border-top:1px solid var(--line);"
    "overflow-wrap:anywhere}\n"
    "p{margin:.4rem 0 .8rem}a{color:var(--link)}.soft{color:var(--soft);font-size:.9rem}\n"
    ".scroll{overflow-x:auto;margin:.8rem 0}\n"
    "table{border-collapse:collapse;width:100%;font-size:.92rem;"
    "font-variant-numeric:tabular-nums}\n"
    "th,td{padding:.3rem .6rem;text-align:right;border-bottom:1px solid var(--line);"
    "vertical-align:top}\n"
    "thead th{color:var(--soft);font-weight:600;white-space:nowrap}\n"
    "th:first-child,td:first-child,.v,.m{text-align:left}tbody th{font-weight:600}\n"
    "td.n,td.m{white-space:nowrap}.l{text-align:left}\n"
    ".word{font-weight:700;white-space:nowrap}.met{color:var(--met)}.not-met,.impossible,.failed"
    "{color:var(--not)}.not-shown,.not-decided,.no-case{color:var(--open)}\n"
    ".no-claim,.not-applicable{color:var(--soft);font-weight:400}"
    ".g th{padding-top:1rem;overflow-wrap:anywhere}\n"
    "ul{padding-left:1.2rem;margin:.6rem 0}li{margin:.25rem 0}\n"
    "figure{margin:1.2rem 0;overflow-x:auto}figure svg{display:block;width:100%;min-width:36rem;"
    "height:auto}figcaption{color:var(--soft);font-size:.85rem;margin-top:.3rem}\n"
    "pre{background:var(--card);border:1px solid var(--line);border-radius:6px;padding:.6rem .8rem;"
    "overflow-x:auto;font-size:.85rem}\n"
    ".verdict{font-weight:700}.inside{color:var(--met)}.wrong{color:var(--not)}"
    ".rows th,.rows td{text-align:left}\n"
    /* On a telephone a verdict has a line of its own; on paper nothing is torn apart. */
    "@media(max-width:40rem){.wide,thead .v{display:none}th,td{padding:.3rem .35rem}"
    "td.m{white-space:normal}.claims tr{display:grid;grid-template-columns:1fr 6rem 6rem;"
    "border-bottom:1px solid var(--line)}.claims th,.claims td{border:0}"
    ".claims tr.g,.claims tr.none{display:block}.claims td.v{grid-column:1/-1;padding-top:0}"
    ".rows thead{display:none}.rows tr{display:grid;grid-template-columns:1fr 1fr;"
    "border-bottom:1px solid var(--line);padding:.3rem 0}.rows th,.rows td{border:0;"
    "padding:.1rem 0}.rows th,.rows td.v{grid-column:1/-1}"
    ".rows td::before{content:attr(data-is) \": \";color:var(--soft)}}\n"
    /* A plan: its sentence, its choice, and pictures of which a telephone shows all. */
    ".say{font-size:1.15rem;font-weight:600}.chosen td{font-weight:700;background:var(--card)}"
    "figure.plan svg{min-width:0;max-width:44rem}\n"
    "@media print{:root{--ink:#000;--soft:#444;--paper:#fff;--line:#bbb;--card:#fff;--met:#1b6e3c;"
    "--not:#b3261e;--open:#8a5a00;--link:#000}figure svg{filter:none}"
    "body{max-width:none;padding:0;font-size:1rem}html{font-size:10pt}h1,h2,.g{break-after:avoid}"
    "tr,li,figure,pre{break-inside:avoid}thead{display:table-header-group}"
    ".scroll,figure,pre{overflow:visible}figure svg{min-width:0}pre{white-space:pre-wrap}}\n";

void page_element(FILE *out, const char *name, const char *class, const char *text)
{
    fprintf(out, "<%s%s%s%s>", name, *class ? " class=\"" : "", class, *class ? "\"" : "");
    text_xml(out, text);
    fprintf(out, "</%s>", name);
}

void page_cell(FILE *out, const char *column, const char *class, const char *text)
{
    fprintf(out, "<td data-is=\"%s\"%s%s%s>", column, *class ? " class=\"" : "", class,
            *class ? "\"" : "");
    text_xml(out, text);
    fputs("</td>", out);
}

void page_head(FILE *out, const char *title)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n",
          out);
    page_element(out, "title", "", title);
    fprintf(out, "\n<style>%s</style>\n</head>\n<body>\n", style);
}

void page_foot(FILE *out, const char *version)
{
    if (version) {
        fputs("<p class=\"soft\">understudy ", out);
        text_xml(out, version);
        fputs("</p>\n", out);
    }
    fputs("</body>\n</html>\n", out);
}
