/*
 * What hashmod takes its modulus of, as Prometheus does: the last eight bytes of the MD5 sum. The
 * sum is OpenSSL's, whose library is opened by the first configuration that asks: it takes 1.9 MiB
 * of every process that has it, and hardly any configuration has a hashmod.
 */
#ifndef MODEL_RULES_RELABEL_HASH_H
#define MODEL_RULES_RELABEL_HASH_H

#include <stdbool.h>
#include <stdint.h>

/* False: there is no such library, or it refuses MD5 (as one in FIPS mode does). From any
 * thread. */
bool relabel_hash_open(void);
/* relabel_hash_open has been true. */
uint64_t relabel_hash(const char *text);

#endif
