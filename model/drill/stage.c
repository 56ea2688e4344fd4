#include "stage.h"
#include "model/base/assert.h"

const char *stage_event_name(enum stage_event event)
{
    static const char *const names[STAGE_EVENTS] = {"intended", "done",   "failed",
                                                    "undoing",  "undone", "stuck"};
    UND_ASSERT(event >= 0 && event < STAGE_EVENTS);
    return names[event];
}
