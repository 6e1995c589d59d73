/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Numbers that have names in packets' headers. */
#ifndef TIERWALL_USER_CONFIG_NAMES_H
#define TIERWALL_USER_CONFIG_NAMES_H

#include "config/parse.h"

struct name { /* a table of them ends without a name */
	const char *name;
	uint8_t number;
};

extern const struct name tcp_flags[]; /* bits */
extern const struct name dscp_names[];

/* Tables for IPPROTO_ICMP or IPPROTO_ICMPV6; codes of unreachable destinations, else empty. */
const struct name *icmp_types(uint8_t protocol);
const struct name *icmp_codes(uint8_t protocol, uint8_t type);

const struct name *name_find(const struct name *names, const char *text, size_t length);
const char *name_of(const struct name *names, uint8_t number); /* NULL: has none */
void names_suggest(const struct name *names, struct suggestion *suggestion);

#endif
