/* What a transition of the explorer costs beside the policy's step itself. */
#ifndef TESTS_BENCH_BENCH_EXPLORE_H
#define TESTS_BENCH_BENCH_EXPLORE_H

/* ns of processor time a transition of the documented pair: view, step, every property, packing,
 * the set of states. */
double bench_explore_transition(void);
/* ns of a bare policy_step (and the copy of the state that it changes) on states and views of the
 * same exploration. */
double bench_explore_step(void);

#endif
