/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Why a packet was dropped: the one table behind the data path's verdicts, the
 * `drops` object of `tierwall -j stats`, the `reason` label of the metrics and
 * the words of `tierwall trace`.  To add a reason, add a row at the end, so
 * that the numbers of the others (the rows of the `node` map) stay as they are.
 */
#ifndef TIERWALL_REASONS_H
#define TIERWALL_REASONS_H

/* X(constant, "key", "what it means to an operator") */
#define TW_REASONS(X)                                                                            \
	X(MALFORMED, "malformed", "lengths or header sizes that no sender may produce")          \
	X(MARTIAN, "martian", "an address that cannot come from or go to a network")             \
	X(BLOCKED, "blocked", "a rule of guard dropped it")                                      \
	X(LIMIT, "limit", "beyond the rate of a rule with `limit over`")                         \
	X(INVALID_STATE, "invalid-state",                                                        \
	  "TCP without a known flow, where the block says `strict`")                             \
	X(RULE, "rule", "a rule of host, tier or server dropped it")                             \
	X(DEFAULT, "default", "no rule matched and the list ends with `default drop`")           \
	X(SOURCE, "source", "the service's `from` does not hold its source")                     \
	X(NO_SERVER, "no-server", "no server of the service's tier takes new flows")             \
	X(TTL, "ttl", "its TTL or hop limit ran out here")                                       \
	X(TOO_BIG, "too-big", "longer than the MTU on its way and not to be fragmented")         \
	X(NO_ROUTE, "no-route", "the node has no route to the server or client")                 \
	X(FRAGMENT, "fragment", "a tiny fragment, or one whose first did not pass")              \
	X(TABLE_FULL, "table-full", "no room for the flow that it would begin")                  \
	X(TCP_FLAGS, "tcp-flags", "TCP flags that no sender combines")                           \
	X(OVERLAP, "overlap", "a fragment that writes over one that came before")                \
	X(SERVER_DOWN, "server-down", "its server is down and the service says `on-down reset`") \
	X(PORTS, "ports", "no port of the service's pool is free towards the server")

enum tw_reason {
#define X(constant, key, meaning) TW_REASON_##constant,
	TW_REASONS(X)
#undef X
		TW_REASON_COUNT,
	TW_REASON_NONE = 0xff, /* not dropped */
};

#endif
