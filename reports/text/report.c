#include "report.h"

#include "text.h"

#include <inttypes.h>

void report_reproduce(FILE *out, const struct report *report)
{
    int i;
    fputs("understudy sim ", out);
    text_shell(out, report->path);
    if (report->result)
        fprintf(out, " --seed %" PRIu64 " --replications %" PRId64, report->result->seed,
                report->result->replications);
    for (i = 0; i < report->n_sets; i++) {
        fputs(" --set ", out);
        text_shell(out, report->sets[i]);
    }
    if (report->version)
        fprintf(out, "  # understudy %s", report->version);
}

void report_name(char *out, size_t size, const struct report *report)
{
    text_clean(out, size, report->scenario ? report->scenario->name : report->path);
}
