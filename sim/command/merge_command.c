/* The command merge: parts of a sweep that whatif --shard --keep has simulated, put together. */
#include "sim_command.h"
#include "whatif.h"

#include "model/base/assert.h"

#include <stdlib.h>
#include <string.h>

struct merge {
    int format;
    const char *plot, *html;
    bool quiet;
};

static const struct option_row merge_rows[] = {
    {"format", .type = OPTION_WORD, .words = whatif_formats, OPTION_AT(struct merge, format),
     .preset = "text", .about = "what is printed"},
    {"plot", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct merge, plot),
     .about = "the first column over the values, SVG"},
    {"html", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct merge, html),
     .about = "a page to show, as whatif --html writes it"},
    OPTION_SEED_IGNORED,
    OPTION_QUIET(struct merge, quiet),
    {0}};

static const struct option_example merge_examples[] = {
    {"whatif scenarios/capacity.yaml --vary fleet.hosts.0.slots=4..12:1 --shard 1/2 --keep 1.part",
     "one of two machines, or of an array of jobs"},
    {"merge 1.part 2.part", "the table of all points, as one run would have printed it"},
    {0}};

const struct options merge_options = {
    .name = "merge",
    .synopsis = "FILE...",
    .purpose = "puts the parts of a sweep together that whatif --shard --keep has simulated",
    .rows = merge_rows,
    .operand = "kept part",
    .most = 1024,
    .examples = merge_examples,
    .exits = whatif_exits,
};

/* All lines of all files, which must be parts of one sweep. */
static enum und_code read_parts(int n, char *const *paths, struct keep_head *head, json_t **lines,
                                struct und_err *err)
{
    int i;
    *lines = json_array();
    for (i = 0; i < n && err->code == UND_OK; i++) {
        struct keep_head other;
        json_t *more;
        if (keep_read(paths[i], &other, &more, err) == UND_OK && i > 0 &&
            !keep_is_same(head, &other))
            und_fail(err, UND_USAGE, "%s: got a part of another sweep than %s", paths[i], paths[0]);
        json_array_extend(*lines, more);
        json_decref(more);
        if (i == 0)
            *head = other;
        else
            json_decref(other.asked);
    }
    return err->code;
}

/* The question is asked again, and its points are there already. */
static enum und_code merge_parts(const struct merge *merge, const struct keep_head *head,
                                 json_t *lines, struct und_err *err)
{
    struct whatif *whatif = whatif_open();
    int argc = (int)json_array_size(head->asked) + 1, first, i;
    char **argv = calloc((size_t)argc + 1, sizeof *argv);
    UND_ASSERT(argv != NULL);
    argv[0] = strdup("whatif");
    for (i = 1; i < argc; i++) {
        const char *text = json_string_value(json_array_get(head->asked, (size_t)i - 1));
        argv[i] = strdup(text ? text : "");
    }
    whatif->merged = json_incref(lines);
    first = scenario_set_parse(&whatif_options, argc, argv, whatif, &whatif->campaign, err);
    whatif->format = merge->format;
    whatif->plot = merge->plot;
    whatif->html = merge->html;
    if (first != 0 && first < argc && whatif_take_options(whatif, err) == UND_OK) {
        whatif->sweep.path = argv[first];
        whatif_sweep(whatif, err);
    }
    whatif_close(whatif);
    for (i = 0; i < argc; i++)
        free(argv[i]);
    free(argv);
    return err->code;
}

enum und_code merge_command(int argc, char **argv, struct und_err *err)
{
    struct merge merge = {0};
    struct keep_head head = {0};
    json_t *lines = NULL;
    int first = options_parse(&merge_options, argc, argv, &merge, err);
    if (first == 0)
        return err->code;
    if (first == argc)
        return und_fail(err, UND_USAGE, "merge: want at least one FILE that whatif --keep wrote");
    if (read_parts(argc - first, argv + first, &head, &lines, err) == UND_OK)
        merge_parts(&merge, &head, lines, err);
    json_decref(head.asked);
    json_decref(lines);
    return err->code;
}
