/* SIGINT and SIGTERM as a flag that every wait looks at. SIGPIPE is ignored. */
#ifndef LIVE_BASE_INTERRUPT_H
#define LIVE_BASE_INTERRUPT_H

#include <stdatomic.h>
#include <stdbool.h>

/* From now on, for the whole process; any number of times. The flag is set by a signal and stays so
 * until interrupt_clear; static. */
void interrupt_install(void);
const atomic_bool *interrupt_flag(void);
int interrupt_signal(void); /* the last one; 0: none */
int interrupt_count(void);  /* signals so far */
/* Rollbacks must not be interrupted by the signal that began them; a second one is obeyed. */
void interrupt_clear(void);

/* From now on SIGHUP interrupts nothing: it is a word to the program, to be taken once each. */
void interrupt_keep_hangup(void);
bool interrupt_take_hangup(void);

#endif
