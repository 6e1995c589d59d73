/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packets that are nobody's: most of what a router forwards.  They are told by two bits,
 * before any flow is looked for.
 */
#ifndef TIERWALL_BPF_NAMED_H
#define TIERWALL_BPF_NAMED_H

#include "own.h"
#include "policy.h"

/* Did any policy have something about the address?  Says yes of some that none has. */
static __always_inline int is_named(const struct tw_named *all, const union tw_addr *addr)
{
	__u32 bit = tw_hash_addr(addr) % TW_NAMED_BITS;

	return all->bits[bit / 64] >> bit % 64 & 1;
}

/*
 * Neither of its addresses is or was one of ours, nor of the node's own.  No: it may be
 * nobody's all the same.
 */
static __always_inline int is_nobodys(const struct path *path, const struct tw_packet *p)
{
	__u32 zero = 0;
	const struct tw_named *all = bpf_map_lookup_elem(&named, &zero);

	if (!all || is_named(all, &p->daddr) || is_named(all, &p->saddr))
		return 0;
	return !(path->policy->flags & TW_POLICY_HOST) || is_surely_not_own(path, p);
}

#endif
