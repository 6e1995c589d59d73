/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A first look at the rules of a long list, so that walking it takes no minutes: of each
 * rule only what is compared fastest, side by side and in the rules' order.  It says
 * which rules cannot match; whether one does is asked of the rule itself.
 */
#ifndef TESTS_MODEL_GLANCE_H
#define TESTS_MODEL_GLANCE_H

#include <netinet/in.h> /* what packet.h includes gives way to it */

#include "config/config.h"
#include "tierwall/packet.h"

struct glances; /* at all long lists of a configuration */

/* The configuration must stay as it is for as long as they live. */
struct glances *glances_new(const struct config *config);
void glances_free(struct glances *glances);
/* Of the rules of `list` from index `from` on, the first that may match; its count: none. */
size_t glance(const struct glances *glances, const struct rules *list, size_t from,
	      const struct tw_packet *packet);

#endif
