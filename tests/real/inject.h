/*
 * What the director does to hosts: their node_exporters are its children, and die with it.
 */
#ifndef TESTS_REAL_INJECT_H
#define TESTS_REAL_INJECT_H

#include "listen.h"
#include "real.h"

/* When it was done: not before `before_ns`, and not after `after_ns`. */
struct instant {
    int64_t before_ns, after_ns;
};

struct injector;

/* Starts the node_exporters, each in its host's network namespace (DIR/places). Borrows both. */
struct injector *injector_open(struct victims *victims, struct listener *listener,
                               struct und_err *err);
/* Does to the host what is its way. */
enum und_code injector_fault(struct injector *injector, int host, struct instant *instant,
                             struct und_err *err);
/* Of a stopped one. */
int64_t injector_continue(struct injector *injector, int host);

#endif
