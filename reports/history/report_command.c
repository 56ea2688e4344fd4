#include "report_command.h"

#include "history_internal.h"
#include "model/base/assert.h"
#include "reports/run/run.h"
#include "reports/store/store.h"
#include "version.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define REPORT_RUNS 500 /* at most: more is no report */

struct report_wish {
    const char *store, *html, *markdown;
    bool json, quiet;
};

static const struct option_row rows[] = {
    {"store", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct report_wish, store),
     .about = "where runs that are given by number were kept", .otherwise = "$UNDERSTUDY_STORE"},
    {"html", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct report_wish, html),
     .about = "write one page: no script, nothing loaded from elsewhere, for paper too"},
    {"markdown", .type = OPTION_TEXT, .argument = "FILE", OPTION_AT(struct report_wish, markdown),
     .about = "write Markdown, without pictures"},
    OPTION_SEED_IGNORED,
    {"format", .type = OPTION_WORD, .words = option_text_json, OPTION_AT(struct report_wish, json),
     .preset = "text", .about = "what is printed: Markdown, or the results as they were kept"},
    {"quiet", 'q', OPTION_FLAG, OPTION_AT(struct report_wish, quiet),
     .about = "print nothing: write the files only"},
    {0}};

static const struct option_rule rules[] = {{"quiet", OPTION_EXCLUDES, "format=json"}, {0}};

static const struct option_example examples[] = {
    {"report 12 --html drill.html", "the page of run 12 of $UNDERSTUDY_STORE, as history lists it"},
    {"report before.json after.json", "two results that were printed with --format json"},
    {"report 12 --markdown ticket.md --quiet", "for a ticket or a pull request"},
    {0}};

static const struct option_exit exits[] = {
    {UND_OK, "written"},
    {UND_USAGE, "usage error; no such run or file, or no result in it; cannot be written"},
    {UND_SERVICE, "the store could not be opened"},
    {0}};

const struct options report_options = {
    .name = "report",
    .synopsis = "[options] RUN...",
    .purpose = "a page, or Markdown, of drills, simulations and incidents",
    .details = "RUN is the number of a stored run (`understudy history` lists them) or a file with "
               "what sim, test or drill printed with --format json; - is standard input. First "
               "three sentences, then what happened, what was foretold, documented and measured, "
               "the evidence, what was injected and undone, who approved, and the line that "
               "reproduces it. With neither --html nor --markdown it is printed as Markdown."
               "\n\nAs PDF, out of the page: chromium --headless --no-pdf-header-footer "
               "--print-to-pdf=drill.pdf drill.html",
    .rows = rows,
    .rules = rules,
    .operand = "run",
    .least = 1,
    .most = REPORT_RUNS,
    .examples = examples,
    .exits = exits,
};

/* What is to be told, with all that it borrows. */
struct stack {
    struct run *run;
    json_t *keep; /* an array of the results */
    json_t *meta; /* and of what is beside them: the texts of their sources */
    int n;
    const char *place;
    char stored[64]; /* the place of what comes from the store */
    struct und_err *err;
};

static const char *kept(const struct stack *stack, const char *key)
{
    const char *text = run_text(json_array_get(stack->meta, json_array_size(stack->meta) - 1), key);
    return text[0] ? text : NULL;
}

/* `meta_taken`: beside the result; NULL: nothing is known. */
static void push(struct stack *stack, json_t *result, json_t *meta_taken)
{
    json_array_append_new(stack->meta, meta_taken ? meta_taken : json_object());
    if (stack->n == REPORT_RUNS) {
        und_fail(stack->err, UND_USAGE, "report: got more than %d runs", REPORT_RUNS);
        return;
    }
    json_array_append(stack->keep, result);
    {
        const struct run_source source = {.number = kept(stack, "number"),
                                          .at = kept(stack, "at"),
                                          .who = kept(stack, "who"),
                                          .version = kept(stack, "version"),
                                          .fleet = kept(stack, "fleet"),
                                          .digest = kept(stack, "digest"),
                                          .kind = kept(stack, "kind")};
        if (run_read(&stack->run[stack->n], result, &source, stack->place, stack->err) == UND_OK)
            stack->n++;
    }
}

/* ---- from a file ---- */

/* One result, or {"results": [...]} of a folder; of history's {"runs": [{"result": ...}]} each. */
static void push_all(struct stack *stack, json_t *json)
{
    json_t *results = json_object_get(json, "results"), *runs = json_object_get(json, "runs"), *one;
    size_t i;
    if (json_is_array(results))
        json_array_foreach (results, i, one)
            push(stack, one, NULL);
    else if (json_is_array(runs))
        json_array_foreach (runs, i, one) {
            json_t *meta = json_copy(one);
            json_object_del(meta, "result");
            push(stack, json_object_get(one, "result"), meta);
        }
    else
        push(stack, json, NULL);
}

static enum und_code add_file(struct stack *stack, const char *path)
{
    json_error_t error;
    bool standard = strcmp(path, "-") == 0;
    json_t *json = standard ? json_loadf(stdin, JSON_REJECT_DUPLICATES, &error)
                            : json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    stack->place = standard ? "standard input" : path;
    if (json)
        push_all(stack, json);
    else if (error.line > 0)
        und_fail(stack->err, UND_USAGE, "%s:%d: %s", stack->place, error.line, error.text);
    else
        und_fail(stack->err, UND_USAGE, "%s: %s", stack->place, error.text);
    json_decref(json);
    return stack->err->code;
}

/* ---- from the store ---- */

static void add_record(void *context, const struct record *record)
{
    char at[HISTORY_MOMENT], number[24];
    snprintf(number, sizeof number, "%lld", (long long)record->id);
    push(context, record->detail,
         json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "number", number, "at",
                   history_moment(at, record->at_ms), "who", record->who, "version",
                   record->version, "fleet", record->fleet, "digest", record->digest, "kind",
                   record_kinds[record->kind]));
}

static enum und_code add_stored(struct stack *stack, const char *number, const char *store)
{
    struct store_filter filter = HISTORY_EVERYTHING;
    int before = stack->n;
    char *end;
    snprintf(stack->stored, sizeof stack->stored, "run %.40s", number);
    stack->place = stack->stored;
    errno = 0;
    filter.id = strtoll(number, &end, 10);
    if (!store)
        return und_fail(stack->err, UND_USAGE,
                        "report: got run %.40s and no store, want --store FILE or UNDERSTUDY_STORE "
                        "in the environment",
                        number);
    if (errno != 0 || filter.id < 1)
        return und_fail(stack->err, UND_USAGE, "report: got run %.40s, want a number from 1 on",
                        number);
    if (store_read(store, &filter, add_record, stack, stack->err) == UND_OK && stack->n == before)
        und_fail(stack->err, UND_USAGE,
                 "store %.400s: there is no run %.40s; `understudy history` "
                 "lists them",
                 store, number);
    return stack->err->code;
}

/* ---- writing ---- */

typedef void writer(FILE *out, const struct run *runs, int n);

static void write_html(FILE *out, const struct run *runs, int n)
{
    struct und_err plots = {0};
    run_print_html(out, runs, n, &plots);
    if (plots.code != UND_OK)
        fprintf(stderr, "understudy: no plots: %s\n", plots.text);
}

static void write_file(const char *path, writer *write, const struct stack *stack)
{
    FILE *file = fopen(path, "w");
    bool bad;
    if (!file) {
        und_fail(stack->err, UND_USAGE, "%s: cannot write: %s", path, strerror(errno));
        return;
    }
    write(file, stack->run, stack->n);
    bad = ferror(file) != 0;
    if (fclose(file) != 0 || bad)
        und_fail(stack->err, UND_USAGE, "%s: cannot write: %s", path, strerror(errno));
}

static void print(const struct report_wish *wish, const struct stack *stack)
{
    json_t *whole;
    if (wish->html)
        write_file(wish->html, write_html, stack);
    if (wish->markdown)
        write_file(wish->markdown, run_print_markdown, stack);
    if (wish->json) {
        whole = json_pack("{s:i, s:O}", "version", 1, "results", stack->keep);
        json_dumpf(whole, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
        putchar('\n');
        json_decref(whole);
    } else if (!wish->html && !wish->markdown && !wish->quiet) {
        run_print_markdown(stdout, stack->run, stack->n);
    }
}

enum und_code report_command(int argc, char **argv, struct und_err *err)
{
    struct report_wish wish = {0};
    struct stack stack = {.err = err, .keep = json_array(), .meta = json_array()};
    int first = options_parse(&report_options, argc, argv, &wish, err), i;
    if (first > 0) {
        stack.run = calloc(REPORT_RUNS, sizeof *stack.run);
        UND_ASSERT(stack.run != NULL);
        for (i = first; i < argc && err->code == UND_OK; i++)
            if (argv[i][0] && argv[i][strspn(argv[i], "0123456789")] == '\0')
                add_stored(&stack, argv[i], store_path(wish.store));
            else
                add_file(&stack, argv[i]);
        if (err->code == UND_OK)
            print(&wish, &stack);
        free(stack.run);
    }
    json_decref(stack.keep);
    json_decref(stack.meta);
    return err->code;
}
