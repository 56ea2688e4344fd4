/*
 * The monitor's page: GET /, /metrics, /healthz, /readyz, /api/v1/state, /api/v1/events (the state
 * as server-sent events) and POST /api/v1/words (the operator's, word.h).
 *
 * On a loopback address everything can be read, and words need the token (without one in the fleet
 * file there are none). Beyond it there must be TLS and a token, and all but the page's own files
 * and the two health checks asks for it. The token goes with each request as a bearer and never
 * into a cookie, so that no other site can make a browser send it; on top of that words are taken
 * as JSON only and from the same origin only, and a Host that is not ours is refused (DNS
 * rebinding). Nothing comes from elsewhere, and the Content-Security-Policy says so.
 *
 * libmicrohttpd, one thread of its own; PAGE_CONNECTIONS at once, bodies of at most PAGE_BYTES.
 * Errors: UND_USAGE for settings, UND_SERVICE where the address cannot be had.
 */
#ifndef LIVE_PAGE_PAGE_H
#define LIVE_PAGE_PAGE_H

#include "live/status/status.h"

#define PAGE_CONNECTIONS 64
#define PAGE_STREAMS 32       /* of them, pages that listen to events */
#define PAGE_BYTES 4096       /* of a request's body */
#define PAGE_PACE_MS 250      /* real; events come no faster */
#define PAGE_STALLED_MS 60000 /* real; a loop that has not gone round for so long is not healthy */

struct page;

/* Called on the page's thread; UND_OK once the word counts. */
typedef enum und_code page_hearer(void *context, const struct word *word, struct und_err *err);

struct page_config {
    const struct fleet *fleet; /* borrowed */
    const char *address;       /* in place of the fleet file's; NULL: that one */
    page_hearer *hear;
    void *context;
};

/* *out is NULL where no address is given. Port 0 takes a free one. */
enum und_code page_open(struct page **out, const struct page_config *config, struct und_err *err);
void page_close(struct page *page);
int page_port(const struct page *page);

/* Copies the state, for whoever asks from now on. */
void page_publish(struct page *page, const struct status *status);

#endif
