#include "drill_wish.h"

static const char *const formats[] = {"text", "json", "html", NULL}; /* enum drill_format */

#define TEXT(option, value, field, sentence)                                                       \
    {                                                                                              \
        (option), .type = OPTION_TEXT, .argument = (value), OPTION_AT(struct drill_wish, field),   \
                  .about = (sentence)                                                              \
    }
#define FLAG(option, field, sentence)                                                              \
    {                                                                                              \
        (option), .type = OPTION_FLAG, OPTION_AT(struct drill_wish, field), .about = (sentence)    \
    }

static const struct option_row rows[] = {
    FLAG("plan", plan, "print what would be done, and touch nothing"),
    FLAG("rehearse", rehearse, "play it in the simulated world, many times, and touch nothing"),
    FLAG("rollback", rollback, "only finish what an earlier drill left open"),
    {"close", .type = OPTION_WHOLE, .argument = "STEP", OPTION_AT(struct drill_wish, close),
     .least = 1, .most = INT64_MAX, .about = "settle by hand a step that is left open"},
    TEXT("by", "NAME", by, "who has seen to it"),
    TEXT("reason", "TEXT", reason, "how"),
    FLAG("observe", observe,
         "record what the policy would do, but change nothing at GitHub; a rehearsal too"),
    FLAG("yes", yes, "do not ask for confirmation"),
    {"prediction", .type = OPTION_TEXT, .argument = "FILE",
     OPTION_AT(struct drill_wish, prediction),
     .about = "judge by this rehearsal; --plan shows its times, --rehearse writes it",
     .otherwise = "one made now"},
    FLAG("no-prediction", no_prediction, "judge by none"),
    TEXT("journal", "FILE", journal, "instead of the fleet's live.journal"),
    TEXT("html", "FILE", html, "write the report as a page as well"),
    TEXT("markdown", "FILE", markdown, "write the report as Markdown as well"),
    {"store", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct drill_wish, store),
     .about = "keep a record of it, for history", .otherwise = "$UNDERSTUDY_STORE"},
    {"replications", .type = OPTION_WHOLE, .argument = "N",
     OPTION_AT(struct drill_wish, replications), .least = 1, .most = DRILL_WISH_REHEARSALS,
     .about = "rehearsals, of which at least 199 have to observe what is judged",
     .otherwise = "1000"},
    {"threads", .type = OPTION_WHOLE, .argument = "N", OPTION_AT(struct drill_wish, threads),
     .least = 1, .most = 64, .about = "the result does not depend on them",
     .otherwise = "one a processor"},
    {"seed", .type = OPTION_WHOLE, .argument = "N", OPTION_AT(struct drill_wish, seed),
     .most = INT64_MAX, .preset = "1", .about = "of the streams of --rehearse"},
    OPTION_SET(struct drill_wish, sets, n_sets),
    {"format", .type = OPTION_WORD, .words = formats, OPTION_AT(struct drill_wish, format),
     .preset = "text", .about = "what is printed"},
    OPTION_QUIET(struct drill_wish, quiet),
    {0}};

static const struct option_rule rules[] = {
    {"plan", OPTION_EXCLUDES,
     "rehearse rollback close yes no-prediction journal html markdown store"},
    {"rehearse", OPTION_EXCLUDES, "rollback close yes no-prediction journal html markdown"},
    {"rollback", OPTION_EXCLUDES, "close observe yes prediction no-prediction html markdown store"},
    {"close", OPTION_NEEDS, "by reason"},
    {"close", OPTION_EXCLUDES, "observe yes prediction no-prediction html markdown store"},
    {"by", OPTION_NEEDS, "close"},
    {"reason", OPTION_NEEDS, "close"},
    {"prediction", OPTION_EXCLUDES, "no-prediction"},
    {"replications", OPTION_NEEDS, "rehearse"},
    {"threads", OPTION_NEEDS, "rehearse"},
    {"format=html", OPTION_NEEDS, "plan"},
    {0}};

static const struct option_example examples[] = {
    {"drill scenarios/drill-high-cpu.yaml --plan", "hosts, commands, what would be undone"},
    {"drill scenarios/drill-high-cpu.yaml --rehearse", "what a live drill should see"},
    {"drill drill.yaml --observe", "for real, but the policy only says what it would do"},
    {"drill drill.yaml", "for real; asks for the host's name"},
    {"drill drill.yaml --close 3 --by 'Ada L.' --reason 'the cable was pulled'",
     "settle what could not be undone"},
    {0}};

static const struct option_exit exits[] = {
    {UND_OK, "done; reality was as predicted"},
    {UND_FAILED, "it was not, or the steady state did not return; no rehearsal was completed, or "
                 "the policy broke an invariant"},
    {UND_USAGE, "usage or input error"},
    {UND_SERVICE, "a service was out of reach or refused"},
    {UND_STOPPED, "not begun, or stopped and rolled back"},
    {UND_STUCK, "something could not be undone (it says what, and how)"},
    {UND_INTERRUPTED, "interrupted, rolled back"},
    {0}};

const struct options drill_options_table = {
    .name = "drill",
    .synopsis = "[options] SCENARIO\n--plan|--rehearse [options] SCENARIO\n"
                "--rollback|--close STEP [options] SCENARIO",
    .purpose = "carry a drill out for real, measure it, take it back; or rehearse it",
    .details =
        "Unless the fleet says live.allow_actions: true, nothing is injected and nothing is "
        "changed: the preconditions are judged and watched, and that is all. --plan and --rehearse "
        "touch nothing real.\n\n"
        "To stop it at any time: Ctrl-C, or create the fleet's live.stop_file. What it has done is "
        "then undone; each further Ctrl-C ends a pause, and the third one gives up, saying what is "
        "left. If this program dies, a second process of it finishes the rollback.",
    .rows = rows,
    .rules = rules,
    .operand = "scenario",
    .least = 1,
    .most = 1,
    .examples = examples,
    .exits = exits,
};

bool drill_wish_parse(struct drill_wish *wish, int argc, char **argv, struct und_err *err)
{
    int first = options_parse(&drill_options_table, argc, argv, wish, err);
    if (first == 0)
        return false;
    wish->path = argv[first];
    wish->json = wish->format == DRILL_JSON;
    return true;
}
