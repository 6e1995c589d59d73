/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every file of rows, in the order in which they run. */
#ifndef TESTS_PACKET_SUBJECTS_H
#define TESTS_PACKET_SUBJECTS_H

#include "row.h"

#define SUBJECTS(X)    \
	X(not_ip)      \
	X(sanity)      \
	X(sanity_ipv4) \
	X(sanity_ipv6) \
	X(fragment)    \
	X(bypass)      \
	X(guard)       \
	X(event)       \
	X(match)       \
	X(limit)       \
	X(limit_rate)  \
	X(firewall)    \
	X(host)        \
	X(socket)      \
	X(others)      \
	X(service)     \
	X(nat)         \
	X(full_nat)    \
	X(checksum)    \
	X(l2)          \
	X(tunnel)      \
	X(next_hop)    \
	X(flow)        \
	X(gone)        \
	X(balance)     \
	X(spread)      \
	X(choice)      \
	X(drain)       \
	X(echo)        \
	X(ping)        \
	X(related)     \
	X(errors)      \
	X(strict)      \
	X(reject)      \
	X(answers)     \
	X(checks)

#define X(name) extern const struct subject subject_##name;
SUBJECTS(X)
#undef X

#endif
