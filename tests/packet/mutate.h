/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Changes of frames that parsers may trip over. */
#ifndef TESTS_PACKET_MUTATE_H
#define TESTS_PACKET_MUTATE_H

#include "frame.h"
#include "random.h"

/* Bytes without any sense; often with the type of IPv4 or IPv6. */
void mutate_random(struct frame *frame, struct random *random);
/* Another sender and another port, of a few that there are: flows meet again. */
void mutate_sender(struct frame *frame, struct random *random);
/* One change of a kind taken at random; `other` lends its bytes to some. */
void mutate(struct frame *frame, const struct frame *other, struct random *random);

#endif
