#include "stress.h"

#include <stdio.h>
#include <time.h>

double stress_share(const char *dir, const char *kind)
{
    char path[4096];
    double share = 0, until_s = 0;
    struct timespec now;
    FILE *file;
    snprintf(path, sizeof path, "%s/stress.%s", dir, kind);
    file = fopen(path, "r");
    if (file == NULL)
        return 0;
    clock_gettime(CLOCK_BOOTTIME, &now);
    if (fscanf(file, "%lf %lf", &share, &until_s) != 2 ||
        (double)now.tv_sec + (double)now.tv_nsec / 1e9 >= until_s)
        share = 0;
    fclose(file);
    return share;
}
