/*
 * Several processes of one command, started by mpirun: each simulates its part, and rank 0 gets
 * what all have found, as lines of text. Built with `make MPI=1` (Open MPI); else, or without
 * mpirun, there is one rank.
 */
#ifndef SIM_PLANNING_RANKS_H
#define SIM_PLANNING_RANKS_H

#include <jansson.h>

/* Once, before anything else of it. ranks_end after the last. */
void ranks_begin(void);
void ranks_end(void);
int ranks_mine(void); /* 0.. */
int ranks_all(void);
int ranks_here(void); /* on this machine */
/* On rank 0 the texts of all ranks, new reference; NULL on the others. All must call it. */
json_t *ranks_gather(const json_t *texts);

#endif
