/* What is said of an answer that is none: its status, and what the service says of itself. */
#include "http.h"
#include "live/base/wire.h"
#include "model/base/assert.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the service says of itself: the JSON error's message, or the kind of page it sent. */
static void said(const struct http_response *response, char out[256])
{
    json_t *body = json_loadb(response->body, response->size, 0, NULL);
    const char *message = json_string_value(json_object_get(body, "message"));
    if (!message)
        message = json_string_value(json_object_get(body, "error"));
    if (message) {
        char *copy = strdup(message); /* redacted whole: a cut could leave half a credential */
        UND_ASSERT(copy != NULL);
        secret_redact(copy);
        snprintf(out, 256, " \"%.240s\"", copy);
        free(copy);
    } else if (response->size > 0) {
        snprintf(out, 256, " with %zu bytes of %s", response->size,
                 response->content_type[0] ? response->content_type : "no stated type");
    } else {
        out[0] = '\0';
    }
    json_decref(body);
    wire_clean(out);
}

enum und_code http_refused(const struct http *http, const struct http_request *request,
                           const struct http_response *response, const char *wanted,
                           const char *advice, struct und_err *err)
{
    char place[HTTP_PLACE], message[256], wait[64] = "", span[WIRE_TIME];
    said(response, message);
    if (response->retry_after_ms > 0)
        snprintf(wait, sizeof wait, "; it asks to wait %s",
                 wire_duration(span, response->retry_after_ms));
    und_fail(err, UND_SERVICE, "%s: got %d%s, want %s%s%s%s", http_place(http, request, place),
             response->status, message, wanted, wait, advice[0] ? "; " : "", advice);
    secret_redact(err->text);
    return err->code;
}
