/*
 * Stress of a lab host, as its state directory says: the file stress.KIND (cpu, memory, disk)
 * holds "SHARE UNTIL", a share of the host (0..1) that is taken until that second of
 * CLOCK_BOOTTIME. So stress ends by itself, whatever becomes of the one who asked for it.
 */
#ifndef TESTS_LAB_STRESS_H
#define TESTS_LAB_STRESS_H

double stress_share(const char *dir, const char *kind); /* 0: none */

#endif
