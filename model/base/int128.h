/*
 * 128-bit integers, for keys that compare in one go and for sums that cannot overflow. gcc and
 * clang have them on every 64-bit machine; the typedef is what tells -Wpedantic that it is meant.
 */
#ifndef MODEL_BASE_INT128_H
#define MODEL_BASE_INT128_H

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

#endif
