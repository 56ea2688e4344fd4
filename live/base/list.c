#include "list.h"

#include <stdlib.h>
#include <string.h>

void *list_grow(void *item, size_t n, size_t *capacity, size_t size, size_t ceiling,
                const char *place, struct und_err *err)
{
    size_t more = *capacity ? 2 * *capacity : 16;
    void *longer;
    if (n >= ceiling) {
        und_fail(err, UND_SERVICE, "%s: got more than %zu entries, want at most that", place,
                 ceiling);
        return NULL;
    }
    if (n < *capacity)
        return item;
    longer = realloc(item, more * size);
    if (!longer) {
        und_fail(err, UND_SERVICE, "%s: no memory for %zu entries", place, more);
        return NULL;
    }
    *capacity = more;
    return longer;
}
