/*
 * Server-sent events: each stream gets the state when it begins and whenever it has changed, no
 * faster than PAGE_PACE_MS. A stream that has said all waits suspended, at no cost.
 */
#include "live/status/state_json.h"
#include "model/base/assert.h"
#include "page_internal.h"

#include <stdlib.h>
#include <string.h>

struct stream {
    struct page *page;
    struct MHD_Connection *connection;
    bool suspended;
    int64_t seen; /* version that was last rendered */
    char *text;   /* being sent */
    size_t size, sent;
};

/* The lock is held. */
static void render(struct stream *stream)
{
    json_t *state = state_json(&stream->page->status);
    char *text = json_dumps(state, JSON_COMPACT | JSON_ENSURE_ASCII);
    UND_ASSERT(text != NULL);
    json_decref(state);
    free(stream->text);
    stream->size = strlen(text) + 8;
    stream->text = malloc(stream->size + 1);
    UND_ASSERT(stream->text != NULL);
    memcpy(stream->text, "data: ", 6);
    memcpy(stream->text + 6, text, stream->size - 8);
    memcpy(stream->text + stream->size - 2, "\n\n", 3);
    free(text);
    stream->sent = 0;
    stream->seen = stream->page->version;
}

static ssize_t more(void *context, uint64_t position, char *out, size_t room)
{
    struct stream *stream = context;
    struct page *page = stream->page;
    bool closing;
    size_t n;
    (void)position;
    pthread_mutex_lock(&page->lock);
    if (stream->sent == stream->size && page->published && stream->seen != page->version)
        render(stream);
    n = stream->size - stream->sent < room ? stream->size - stream->sent : room;
    closing = page->closing;
    if (n == 0 && !closing) {
        stream->suspended = true;
        MHD_suspend_connection(stream->connection);
    }
    pthread_mutex_unlock(&page->lock);
    if (n == 0)
        return closing ? MHD_CONTENT_READER_END_OF_STREAM : 0;
    memcpy(out, stream->text + stream->sent, n);
    stream->sent += n;
    return (ssize_t)n;
}

static void end(void *context)
{
    struct stream *stream = context;
    int i;
    pthread_mutex_lock(&stream->page->lock);
    for (i = 0; i < PAGE_STREAMS; i++)
        if (stream->page->stream[i] == stream)
            stream->page->stream[i] = NULL;
    pthread_mutex_unlock(&stream->page->lock);
    free(stream->text);
    free(stream);
}

static bool enlist(struct page *page, struct stream *stream)
{
    int i;
    pthread_mutex_lock(&page->lock);
    for (i = 0; i < PAGE_STREAMS && page->stream[i]; i++)
        ;
    if (i < PAGE_STREAMS)
        page->stream[i] = stream;
    pthread_mutex_unlock(&page->lock);
    return i < PAGE_STREAMS;
}

enum MHD_Result stream_answer(struct page *page, struct MHD_Connection *connection)
{
    struct stream *stream = calloc(1, sizeof *stream);
    struct MHD_Response *response;
    enum MHD_Result result;
    UND_ASSERT(stream != NULL);
    stream->page = page;
    stream->connection = connection;
    stream->seen = -1;
    if (!enlist(page, stream)) {
        free(stream);
        return answer_text(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
                           "too many pages listen already\n");
    }
    response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 8192, more, stream, end);
    if (!response) {
        end(stream);
        return MHD_NO;
    }
    answer_guard(response);
    MHD_add_response_header(response, "Content-Type", "text/event-stream");
    MHD_add_response_header(response, "X-Accel-Buffering", "no");
    result = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

void stream_wake(struct page *page)
{
    int i;
    for (i = 0; i < PAGE_STREAMS; i++)
        if (page->stream[i] && page->stream[i]->suspended) {
            page->stream[i]->suspended = false;
            MHD_resume_connection(page->stream[i]->connection);
        }
}
