/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What `limit` says, in the chunks, and the buckets of sources.  Part of abi.h. */
#ifndef TIERWALL_LIMITS_H
#define TIERWALL_LIMITS_H

#include <linux/types.h>

/*
 * Time is counted in units of the limit's own: (ns * rate) >> rate_shift.  A packet
 * takes `cost` of them, and may while the bucket is full again no later than
 * `tolerance` from now.
 */
struct tw_limit {
	__u64 cost;
	__u64 tolerance; /* (burst - 1) * cost */
	__u64 mask6[2];  /* of a source, in network order */
	__be32 mask4;    /* likewise */
	__u32 rate;      /* units a nanosecond << rate_shift */
	__u32 burst_us;  /* that a burst takes to come back; UINT32_MAX: or longer */
	__u8 rate_shift; /* 32 at most */
	__u8 tick_shift; /* units to ticks of 2^20 ns, up to twice as many as there are */
	__u8 flags;      /* TW_LIMIT_* */
	__u8 _pad;
};
#define TW_LIMIT_OVER   0x1 /* the rule matches beyond the rate */
#define TW_LIMIT_SOURCE 0x2 /* each source, masked, has its own bucket */

/* Element of `sources`: one cache line. */
#define TW_LIMIT_WAYS      4
#define TW_LIMIT_TICKS_MAX (1u << 24) /* nearly five hours */
struct tw_limit_line {
	struct tw_limit_entry {
		__u64 full_at;   /* when the bucket is full again, in units of its limit */
		__u32 tag;       /* hash of rule and source; 0: free */
		__u32 full_tick; /* the same time in ticks, which all limits share, or later */
	} entries[TW_LIMIT_WAYS];
};

_Static_assert(sizeof(struct tw_limit) == 48, "limit");
_Static_assert(sizeof(struct tw_limit_line) == 64, "line of limits");

#endif
