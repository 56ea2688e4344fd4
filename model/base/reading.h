/*
 * Which files are read: for whoever has to know all that a fleet names, by letting the loader read
 * it. The listener of a thread hears of each file of that thread, before it is read.
 */
#ifndef MODEL_BASE_READING_H
#define MODEL_BASE_READING_H

typedef void reading_listener(void *context, const char *path);

/* NULL: nobody listens any more. */
void reading_listen(reading_listener *listener, void *context);
void reading_tell(const char *path);

#endif
