#include "drill_file.h"

#include "scripted_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char fleet_text[] =
    "fleet:\n"
    "  hosts:\n"
    "    - {name: big, tier: primary, slots: 3, registrations: 'big-*', probe: '10.0.0.1:9100',\n"
    "       labels: [self-hosted, primary]}\n"
    "    - {name: small, tier: backup, slots: 2, probe: 'http://10.0.0.2:9100/metrics',\n"
    "       labels: [self-hosted, backup]}\n"
    "  workload: {arrivals: {rate: 1/min}, classes: [{duration: 5min}]}\n"
    "  policy: {}\n"
    "  live:\n"
    "    github: {owner: o, repository: r, token: 'env:NONE'}\n"
    "    places:\n"
    "      - {name: big, via: [ssh, -o, BatchMode=yes, root@10.0.0.1]}\n"
    "      - {name: small, via: [env]}\n"
    "    canary: {workflow: canary.yml}\n"
    "    time_factor: 2\n"
    "name: test\n"
    "faults: [{kind: host-power-loss, target: big, lasts: 5min}]\n";

void drill_file_open(struct drill_file *file)
{
    *file = (struct drill_file){.folder = script_folder()};
    file->scenario = calloc(1, sizeof *file->scenario);
}

void drill_file_close(struct drill_file *file)
{
    scenario_fini(file->scenario);
    free(file->scenario);
    script_remove_folder(file->folder);
}

enum und_code drill_file_load(struct drill_file *file, const char *drill)
{
    char path[160];
    FILE *out;
    snprintf(path, sizeof path, "%s/scenario.yaml", file->folder);
    out = fopen(path, "w");
    fprintf(out, "%s%s", fleet_text, drill);
    fclose(out);
    return scenario_load(file->scenario, path, NULL, 0, &file->err);
}

struct live_argv drill_file_argv(const char *const *words)
{
    struct live_argv made = {.n = 0};
    for (; *words; words++)
        strcpy(made.arg[made.n++], *words);
    return made;
}
