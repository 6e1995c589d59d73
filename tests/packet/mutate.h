/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reproducible random numbers, and changes of frames that parsers may trip over. */
#ifndef TESTS_PACKET_MUTATE_H
#define TESTS_PACKET_MUTATE_H

#include "frame.h"

struct random {
	uint64_t state; /* not 0 */
};

uint64_t random_next(struct random *random);
/* 0 to below - 1 */
uint32_t random_below(struct random *random, uint32_t below);

/* Bytes without any sense; often with the type of IPv4 or IPv6. */
void mutate_random(struct frame *frame, struct random *random);
/* Another sender and another port, of a few that there are: flows meet again. */
void mutate_sender(struct frame *frame, struct random *random);
/* One change of a kind taken at random; `other` lends its bytes to some. */
void mutate(struct frame *frame, const struct frame *other, struct random *random);

#endif
