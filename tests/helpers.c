#include "helpers.h"

#include <gsl/gsl_errno.h>
#include <stdlib.h>

/* CK_FORK=no and CK_RUN_CASE=NAME (Check's own variables) run one case under a debugger. */
int main(void)
{
    SRunner *runner = srunner_create(suite());
    int failed;
    gsl_set_error_handler_off();
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
