/* Fuzzer of everything that reads fleet and scenario files: make fuzz. */
#include "model/load/loader.h"
#include "tests/fuzzers/fuzz.h"

#include <gsl/gsl_errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct scenario scenario;
    struct und_errors errors = {.n = 0};
    struct und_err err = {.all = &errors};
    enum und_code code;
    gsl_set_error_handler_off();
    /* A folder that is not there, so that no input reads a file of this machine. */
    code = scenario_parse(&scenario, "nowhere/fuzz.yaml", (const char *)data, size, &err);
    fuzz_check(code, &err);
    scenario_fini(&scenario);
    return 0;
}
