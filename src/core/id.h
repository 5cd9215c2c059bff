/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Random numbers and identifiers, from the kernel's generator (getrandom), buffered per thread.
 * Any thread. Tests and simulations can replace the source.
 */
#ifndef CORE_ID_H
#define CORE_ID_H

#include <stddef.h>
#include <stdint.h>

/* Fill p with n unpredictable bytes. */
void random_bytes(void *p, size_t n);
uint32_t random_u32(void);
uint64_t random_u64(void);

/* A number below n (n > 0), every one equally likely. */
uint32_t random_below(uint32_t n);

/* For tests: take bytes from a generator with this seed (this thread only); 0: the kernel again. */
void random_seed_for_test(uint64_t seed);

/*
 * Write n letters of [a-z0-9] and a NUL to text (n + 1 bytes): tags, branches, Call-IDs. 16 letters
 * hold 82 bits (RFC 3261 19.3 asks for 32 random bits at least).
 */
void id_token(char *text, size_t n);

/* RFC 4122 version 4, 36 characters and a NUL. */
void id_uuid(char text[37]);

#endif
