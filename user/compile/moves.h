/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What another configuration would do to the flows of a service.
 */
#ifndef TIERWALL_USER_COMPILE_MOVES_H
#define TIERWALL_USER_COMPILE_MOVES_H

#include <stdint.h>

#include "tierwall/abi.h"

/* Shares of a service's flows, 0 to 1; of its two families, where both are served, the worse. */
struct moves {
	double chosen; /* would choose another server, were they new (or not known here) */
	double lost;   /* have a server that is gone or down then: live flows, too, must move */
};

struct moves service_moves(const struct tw_policy *now, uint32_t now_service,
			   const struct tw_policy *next, uint32_t next_service);

#endif
