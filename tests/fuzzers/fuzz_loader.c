/* Fuzzer of everything that reads fleet and scenario files: make fuzz. */
#include "model/base/assert.h"
#include "model/load/loader.h"

#include <gsl/gsl_errno.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct scenario scenario;
    struct und_errors errors = {.n = 0};
    struct und_err err = {.all = &errors};
    enum und_code code;
    gsl_set_error_handler_off();
    /* A folder that is not there, so that no input reads a file of this machine. */
    code = scenario_parse(&scenario, "nowhere/fuzz.yaml", (const char *)data, size, &err);
    UND_ASSERT(code == err.code && (code == UND_OK || code == UND_USAGE));
    UND_ASSERT(strchr(err.text, '\n') == NULL);
    scenario_fini(&scenario);
    return 0;
}
