#include "real.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *const way_names[WAYS] = {
    [WAY_KILLED] = "killed",     [WAY_STOPPED] = "stopped", [WAY_DROPPED] = "dropped",
    [WAY_UNLINKED] = "unlinked", [WAY_BUSY] = "busy",       [WAY_FULL] = "full",
    [WAY_AGAIN] = "again",       [WAY_FAR] = "far"};

const char *way_name(enum way way)
{
    return way_names[way];
}

static enum way way_find(const char *name)
{
    int way = 0;
    while (way < WAYS && strcmp(way_names[way], name) != 0)
        way++;
    return (enum way)way;
}

enum und_code victims_read(struct victims *victims, struct und_err *err)
{
    char way[REAL_NAME];
    FILE *file = fopen("victims", "r");
    struct victim *victim;
    victims->n = 0;
    if (!file)
        return und_fail(err, UND_USAGE, "victims: cannot be read");
    while (victims->n < REAL_VICTIMS) {
        victim = &victims->victim[victims->n];
        *victim = (struct victim){.pid = 0};
        if (fscanf(file, "%39s %39s %39s %39s", victim->instance, way, victim->place,
                   victim->address) != 4)
            break;
        victim->way = way_find(way);
        if (victim->way == WAYS)
            break;
        victims->n++;
    }
    if (!feof(file))
        und_fail(err, UND_USAGE, "victims:%d: got way '%s', want at most %d known ones",
                 victims->n + 1, way, REAL_VICTIMS);
    fclose(file);
    return err->code;
}

int victims_find(const struct victims *victims, const char *instance)
{
    for (int i = 0; i < victims->n; i++) {
        if (strcmp(victims->victim[i].instance, instance) == 0)
            return i;
    }
    return -1;
}

int64_t real_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

void real_sleep_until(int64_t at_ns)
{
    struct timespec at = {at_ns / 1000000000, at_ns % 1000000000};
    while (clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &at, NULL) != 0)
        ;
}
