/* What the page consists of, as bytes in the program (made from page.html, page.css, page.js). */
#ifndef LIVE_PAGE_ASSETS_H
#define LIVE_PAGE_ASSETS_H

#include <stddef.h>

struct asset {
    const char *path, *type;
    const unsigned char *bytes;
    size_t size;
};

/* By path ("/"); NULL: none. Static. */
const struct asset *asset_find(const char *path);

#endif
