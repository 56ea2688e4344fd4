#include "markdown.h"
#include "table.h"
#include "text.h"

/* Inside a cell: no bar ends it. */
static void cell(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '|' || *text == '\\')
            putc('\\', out);
        putc(*text == '\n' ? ' ' : *text, out);
    }
}

static void print_verdict(FILE *out, const struct report *report, const struct verdict *verdict)
{
    char limit[TEXT_VALUE], value[TEXT_VALUE];
    fputs("| ", out);
    cell(out, report->path);
    fprintf(out, " | %s ", verdict->statistic);
    cell(out, verdict_name(verdict));
    fprintf(out, " %s %s | %s | %lld | ", verdict->op,
            text_metric(limit, verdict_reads_as(verdict), verdict->limit),
            text_metric(value, verdict_reads_as(verdict), verdict->value),
            (long long)report->result->replications);
    if (verdict->pass) {
        fputs("holds |\n", out);
    } else if (verdict->undecided) {
        fputs("not decided: ", out);
        cell(out, verdict->why);
        fputs(" |\n", out);
    } else {
        fputs("**fails** |\n", out);
    }
}

static void count(const struct report *reports, int n, int *held, int *failed, int *open)
{
    int i, j;
    *held = *failed = *open = 0;
    for (i = 0; i < n; i++)
        for (j = 0; reports[i].result && j < reports[i].result->n_verdicts; j++) {
            const struct verdict *verdict = &reports[i].result->verdicts[j];
            *held += verdict->pass;
            *open += verdict->undecided;
            *failed += !verdict->pass && !verdict->undecided;
        }
}

void markdown_print(FILE *out, const struct report *reports, int n)
{
    int i, j, held, failed, open;
    count(reports, n, &held, &failed, &open);
    fprintf(out, "### Expectations: %d hold, %d fail, %d not decided\n\n", held, failed, open);
    fputs("| scenario | expected | found | replications | verdict |\n|---|---|---|---|---|\n", out);
    for (i = 0; i < n; i++) {
        if (!reports[i].result) {
            fputs("| ", out);
            cell(out, reports[i].path);
            fputs(" | | | | **not read**: ", out);
            cell(out, reports[i].error ? reports[i].error : "");
            fputs(" |\n", out);
            continue;
        }
        for (j = 0; j < reports[i].result->n_verdicts; j++)
            print_verdict(out, &reports[i], &reports[i].result->verdicts[j]);
    }
}
