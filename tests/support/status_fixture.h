/* A small fleet and a state of its monitor in good health: big (primary, 2 slots), small (backup, 1
 * slot), all feeds fresh. Tests change what they need. */
#ifndef TESTS_SUPPORT_STATUS_FIXTURE_H
#define TESTS_SUPPORT_STATUS_FIXTURE_H

#include "live/status/status.h"

struct status_fixture {
    struct fleet fleet;
    struct status *status;
};

struct status_fixture *status_fixture_open(void);
void status_fixture_close(struct status_fixture *world);

#endif
