/*
 * Random decisions for the golden files: fleets of one to three hosts under policies of every kind,
 * seen in moods that last, at times that lie on, just before and just after whatever is due.
 * Written once as sequences (sim/explore/sequence.h), then replayed for ever.
 */
#ifndef TESTS_SUPPORT_WALK_H
#define TESTS_SUPPORT_WALK_H

#include <stdint.h>
#include <stdio.h>

/* `n` sequences of `steps` steps; `signs`: with evidence beyond the document. */
void walk_write(FILE *out, uint64_t seed, int n, int steps, int signs);

#endif
