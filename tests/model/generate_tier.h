/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The shape `tier`; part of generate.h. */
#ifndef TESTS_MODEL_GENERATE_TIER_H
#define TESTS_MODEL_GENERATE_TIER_H

#include "model/write.h"

void write_tiers(FILE *out, struct writer *writer);

#endif
