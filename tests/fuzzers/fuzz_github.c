/* Whatever GitHub might send: the first byte picks the parser, the rest is the body. */
#include "live/github/github_parse.h"
#include "tests/fuzzers/fuzz.h"

static void parse(uint8_t which, const json_t *body, struct und_err *err)
{
    struct github_runners runners = {0};
    struct github_runs runs = {0};
    struct github_jobs jobs = {0};
    struct github_labels labels;
    struct github_token token;
    struct github_event event;
    int64_t total;
    switch (which % 6) {
    case 0:
        github_parse_runners(body, &runners, &total, "fuzz", err);
        break;
    case 1:
        github_parse_runs(body, &runs, &total, "fuzz", err);
        break;
    case 2:
        github_parse_jobs(body, &jobs, &total, "fuzz", err);
        break;
    case 3:
        github_parse_labels(body, &labels, "fuzz", err);
        break;
    case 4:
        github_parse_token(body, &token, "fuzz", err);
        break;
    case 5:
        github_parse_event(body, &event, "fuzz", err);
        break;
    }
    github_runners_fini(&runners);
    github_runs_fini(&runs);
    github_jobs_fini(&jobs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct und_err err = {0};
    json_t *body = fuzz_payload(data, size);
    if (body)
        parse(data[0], body, &err);
    json_decref(body);
    return 0;
}
