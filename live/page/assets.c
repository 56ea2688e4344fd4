#include "assets.h"

#include <string.h>

/* clang-format off */
static const unsigned char html[] = {
#include "page.html.bytes"
};
static const unsigned char css[] = {
#include "page.css.bytes"
};
static const unsigned char js[] = {
#include "page.js.bytes"
};
/* clang-format on */

static const struct asset assets[] = {
    {"/", "text/html; charset=utf-8", html, sizeof html},
    {"/page.css", "text/css; charset=utf-8", css, sizeof css},
    {"/page.js", "text/javascript; charset=utf-8", js, sizeof js},
};

const struct asset *asset_find(const char *path)
{
    size_t i;
    for (i = 0; i < sizeof assets / sizeof assets[0]; i++)
        if (strcmp(assets[i].path, path) == 0)
            return &assets[i];
    return NULL;
}
