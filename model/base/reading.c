#include "reading.h"

#include <stddef.h>

static _Thread_local reading_listener *hears;
static _Thread_local void *hears_with;

void reading_listen(reading_listener *listener, void *context)
{
    hears = listener;
    hears_with = context;
}

void reading_tell(const char *path)
{
    if (hears)
        hears(hears_with, path);
}
