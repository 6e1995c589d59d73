/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Keeping the servers' link addresses fresh.  What XDP sends does not tell the kernel
 * that a neighbour is in use: its entry would go stale, miss a change of the address
 * or be collected.  `managed` entries (kernel 5.16 and later) are probed by the kernel
 * itself, with no process of ours.
 */
#ifndef TIERWALL_USER_KERNEL_NEIGHBOURS_H
#define TIERWALL_USER_KERNEL_NEIGHBOURS_H

#include "config/config.h"

/*
 * Manages the next hops of the servers in `now` and no longer those that only
 * `before` has.  Either may be NULL.  Best effort: a server without a route yet, or
 * a kernel without managed neighbours, is not an error.
 */
void neighbours_follow(const struct config *before, const struct config *now);

#endif
