/* A journal is a file that anyone may have edited: views, plans, settings, as JSON. The first byte
 * picks the reader. */
#include "live/journal/record.h"
#include "tests/fuzzers/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct und_err bad = {0};
    struct policy_config config;
    struct policy_state state;
    struct view view;
    struct plan plan;
    json_t *value = fuzz_payload(data, size);
    if (size < 1)
        return 0;
    if (data[0] % 3 == 0)
        record_read_config(&config, value, "fuzz", &bad);
    else if (data[0] % 3 == 1)
        record_read_plan(&plan, value, "fuzz", &bad);
    else if (record_read_view(&view, value, "fuzz", &bad) == UND_OK) {
        /* What the reader lets through the policy must be able to stand. */
        config = (struct policy_config){.confirm = 1, .health_checks = 1, .max_failovers = 3};
        policy_init(&config, &state, 0, &view);
        policy_step(&config, &state, 1, &view, &plan);
    }
    json_decref(value);
    return 0;
}
