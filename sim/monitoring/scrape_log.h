/*
 * What a server has scraped of a host, or of the fleet: the state at each scrape, for as long as
 * the rules look back. Series are read off it (model/series/exporter.h); nobody stores them all.
 */
#ifndef SIM_MONITORING_SCRAPE_LOG_H
#define SIM_MONITORING_SCRAPE_LOG_H

#include "model/series/exporter.h"

struct scrape_entry {
    int64_t at_ms, visible_ms;
    bool up, lost; /* lost: no scrape, but the marker that ends all series */
    struct host_state state;
    /* Set by scrape_log_push: scrapes that went well, up to this one; and of the counters that a
     * boot sets to 0 what they had come to before, as rate() adds it. */
    int64_t n_well;
    int64_t carried[STATE_RESTARTS];
};

struct scrape_log {
    struct scrape_entry *ring; /* owned; entry i is ring[i & (capacity - 1)] */
    uint64_t capacity;         /* a power of two */
    uint64_t n;                /* ever logged */
    int64_t interval_ms;
    int read[STATE_QUANTITIES]; /* quantities whose changes are noted */
    int n_read;
    /* 1 + the last entry that ... (0: none is known) */
    uint64_t failed;                    /* has no sample */
    uint64_t booted;                    /* comes after a boot */
    uint64_t changed[STATE_QUANTITIES]; /* differs from the one before it */
};

/* Room for the scrapes of that long. */
void scrape_log_open(struct scrape_log *log, int64_t reach_ms, int64_t interval_ms);
/* Changes of the quantity are noted from now on. */
void scrape_log_read(struct scrape_log *log, enum state_quantity quantity);
void scrape_log_close(struct scrape_log *log);
void scrape_log_clear(struct scrape_log *log);
void scrape_log_push(struct scrape_log *log, const struct scrape_entry *entry);
/* Takes back what cannot be seen yet at that time. */
void scrape_log_cut(struct scrape_log *log, int64_t now_ms);
static inline const struct scrape_entry *scrape_log_at(const struct scrape_log *log, uint64_t i)
{
    return &log->ring[i & (log->capacity - 1)];
}
/* The oldest that is kept. */
static inline uint64_t scrape_log_first(const struct scrape_log *log)
{
    return log->n > log->capacity ? log->n - log->capacity : 0;
}
/* The first entry at or after the time. */
uint64_t scrape_log_find(const struct scrape_log *log, int64_t at_ms);
/* Behind the last one that can be seen at that time. */
uint64_t scrape_log_visible(const struct scrape_log *log, int64_t now_ms);

#endif
