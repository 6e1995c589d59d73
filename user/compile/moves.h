/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What another configuration would do to the flows of a service.
 */
#ifndef TIERWALL_USER_COMPILE_MOVES_H
#define TIERWALL_USER_COMPILE_MOVES_H

#include "config/config.h"

/* Shares of a service's flows, 0 to 1; of its two families, where both are served, the worse. */
struct moves {
	double chosen; /* would choose another server, were they new (or not known here) */
	double lost;   /* have a server that is gone or down then: live flows, too, must move */
};

/*
 * The service of that name, which both configurations have.  Both are checked and have
 * their hash keys.  -ENOMEM or 0.
 */
int service_moves(struct moves *out, const struct config *now, const struct config *next,
		  const char *name);

#endif
