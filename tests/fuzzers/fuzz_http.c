/* Header lines, Link headers, URLs and times from outside. */
#include "live/base/wire.h"
#include "live/http/http.h"
#include "model/base/assert.h"
#include "tests/fuzzers/fuzz.h"

#include <stdlib.h>
#include <string.h>

static void strings(const char *text)
{
    char out[64];
    int64_t ms;
    http_link_next(text, out, sizeof out);
    http_same_origin("https://api.github.com", text);
    http_escape(out, sizeof out, text);
    wire_time_ms(text, &ms);
}

/* Two secrets of which one begins like the other, and a key of several lines. */
static void redact(char *text)
{
    static const char *const texts[] = {"abca", "abcab", "key1\nkey2"};
    static struct secret *secrets[3];
    struct und_err err = {0};
    size_t i;
    for (i = 0; i < 3; i++)
        if (!secrets[i])
            secret_open_copy(&secrets[i], texts[i], strlen(texts[i]), &err);
    secret_redact(text);
    UND_ASSERT(!strstr(text, "abca") && !strstr(text, "key1") && !strstr(text, "key2"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_response response = {.date_ms = -1};
    const char *at = (const char *)data, *end = at + size;
    char *text = malloc(size + 1);
    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        http_header(&response, at, (size_t)((line_end ? line_end : end) - at));
        at = line_end ? line_end + 1 : end;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    strings(text);
    wire_clean(text);
    redact(text);
    free(text);
    return 0;
}
