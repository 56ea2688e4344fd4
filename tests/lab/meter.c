/*
 * The instruments of one lab host: a text file for node_exporter's textfile collector, rewritten
 * ten times a second, with CPU, memory, disk and file system as this host would show them.
 *
 *     meter --out FILE.prom --state DIR --cores N --memory BYTES --slots N [--idle SHARE]
 *
 * These figures are made up, and honestly so: all hosts of a lab share one machine, whose real
 * load belongs to none of them. The load of each is what its state directory says: every file
 * job.* is a running job, full.disk fills the file system, and stress.h says what is asked for
 * beyond that. The counters advance in real time; Prometheus' rate() over them gives the share
 * whatever the compression.
 */
#include "stress.h"

#include <dirent.h>
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define PERIOD_MS 100
#define JOB_SHARE 0.6 /* of the host, for a full set of running jobs */
#define DISK_BYTES 1e12

struct meter {
    const char *out, *state;
    int cores, slots;
    double memory_bytes, idle_share;
    double busy_s, total_s, disk_s; /* counters, of one core */
};

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int count_jobs(const struct meter *meter)
{
    DIR *dir = opendir(meter->state);
    struct dirent *entry;
    int n = 0;
    while (dir != NULL && (entry = readdir(dir)) != NULL)
        n += strncmp(entry->d_name, "job.", 4) == 0;
    if (dir != NULL)
        closedir(dir);
    return n;
}

static double load(const struct meter *meter, int jobs, const char *kind)
{
    double share =
        meter->idle_share + JOB_SHARE * jobs / meter->slots + stress_share(meter->state, kind);
    return fmin(share, 1);
}

static bool is_full(const struct meter *meter)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/full.disk", meter->state);
    return access(path, F_OK) == 0;
}

/* Written aside and renamed, so that a scrape never sees half a file. */
static bool write_file(const struct meter *meter, int jobs)
{
    double memory = fmin(load(meter, jobs, "memory"), 0.99);
    char temporary[4096];
    FILE *file;
    snprintf(temporary, sizeof temporary, "%s.new", meter->out);
    file = fopen(temporary, "w");
    if (file == NULL)
        return false;
    fputs("# TYPE node_cpu_seconds_total counter\n", file);
    for (int core = 0; core < meter->cores; core++)
        fprintf(file,
                "node_cpu_seconds_total{cpu=\"%d\",mode=\"idle\"} %.3f\n"
                "node_cpu_seconds_total{cpu=\"%d\",mode=\"user\"} %.3f\n",
                core, meter->total_s - meter->busy_s, core, meter->busy_s);
    fprintf(file,
            "# TYPE node_memory_MemTotal_bytes gauge\nnode_memory_MemTotal_bytes %.0f\n"
            "# TYPE node_memory_MemAvailable_bytes gauge\nnode_memory_MemAvailable_bytes %.0f\n"
            "# TYPE node_disk_io_time_seconds_total counter\n"
            "node_disk_io_time_seconds_total{device=\"lab0\"} %.3f\n"
            "# TYPE node_filesystem_size_bytes gauge\n"
            "node_filesystem_size_bytes{device=\"lab0\",mountpoint=\"/\"} %.0f\n"
            "# TYPE node_filesystem_avail_bytes gauge\n"
            "node_filesystem_avail_bytes{device=\"lab0\",mountpoint=\"/\"} %.0f\n"
            "# TYPE runner_concurrent_jobs gauge\nrunner_concurrent_jobs %d\n",
            meter->memory_bytes, meter->memory_bytes * (1 - memory), meter->disk_s, DISK_BYTES,
            DISK_BYTES * (is_full(meter) ? 0 : 0.6), jobs);
    return fclose(file) == 0 && rename(temporary, meter->out) == 0;
}

static void run(struct meter *meter)
{
    struct timespec period = {0, PERIOD_MS * 1000000L};
    double before = seconds(CLOCK_MONOTONIC);
    for (;;) {
        int jobs = count_jobs(meter);
        double now = seconds(CLOCK_MONOTONIC);
        meter->total_s += now - before;
        meter->busy_s += (now - before) * load(meter, jobs, "cpu");
        meter->disk_s += (now - before) * load(meter, jobs, "disk");
        before = now;
        if (!write_file(meter, jobs))
            perror(meter->out);
        nanosleep(&period, NULL);
    }
}

int main(int argc, char **argv)
{
    static const struct option known[] = {{"out", required_argument, NULL, 'o'},
                                          {"state", required_argument, NULL, 's'},
                                          {"cores", required_argument, NULL, 'c'},
                                          {"memory", required_argument, NULL, 'm'},
                                          {"slots", required_argument, NULL, 'n'},
                                          {"idle", required_argument, NULL, 'i'},
                                          {NULL, 0, NULL, 0}};
    struct meter meter = {.idle_share = 0.1};
    int letter;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1)
        if (letter == 'o')
            meter.out = optarg;
        else if (letter == 's')
            meter.state = optarg;
        else if (letter == 'c')
            meter.cores = atoi(optarg);
        else if (letter == 'm')
            meter.memory_bytes = atof(optarg);
        else if (letter == 'n')
            meter.slots = atoi(optarg);
        else if (letter == 'i')
            meter.idle_share = atof(optarg);
    if (!meter.out || !meter.state || meter.cores < 1 || meter.slots < 1) {
        fprintf(stderr, "meter: see the head of tests/lab/meter.c for the options\n");
        return 2;
    }
    run(&meter);
}
