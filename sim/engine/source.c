#include "source.h"

void source_fill(struct source *source)
{
    for (int i = 0; i < SOURCE_AHEAD; i++)
        source->ahead_ms[i] = draw_ms(source->dist, &source->stream);
    source->n = SOURCE_AHEAD;
}
