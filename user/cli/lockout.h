/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Would a policy end the connection that it is typed over? */
#ifndef TIERWALL_USER_LOCKOUT_H
#define TIERWALL_USER_LOCKOUT_H

#include "cli/edit.h"
#include "cli/ssh_connection.h"
#include "kernel/sets.h"

/*
 * Asks the data path whether the policy in `slot` accepts the connection that this
 * process is typed over, and another one from the same place.  Where it does not: asks
 * on a terminal whether to go on.  0: go on, MISTAKE: do not (said).
 */
int lockout_check(const struct edit *edit, const struct config *config, uint32_t slot);
/*
 * The same for entries that a set is about to get or lose in place.  A policy with such a
 * set is made aside only where the other end, or this one, is among them.
 */
int lockout_check_set(const struct edit *edit, const char *name, enum set_edit kind,
		      const struct prefix *items, size_t count);

#endif
