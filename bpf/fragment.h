/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Fragments.  The first one has the transport header, and what was decided about it
 * holds for the rest: it leaves its ports (type, flags) once it was accepted, so that
 * all of a packet meets the same rules and the same server.  One that comes before its
 * first is headless.  No fragment may write over what came before.
 *
 * One entry for each datagram, replaced whole.  Two of its fragments at the same time on
 * two CPUs may lose one of two ranges, no more.
 */
#ifndef TIERWALL_BPF_FRAGMENT_H
#define TIERWALL_BPF_FRAGMENT_H

#include "path.h"
#include "tierwall/fragments.h"

#define FRAGMENT_SECONDS 30 /* as long as a receiver waits for the rest (net.ipv4.ipfrag_time) */

/* As receivers do: IPv6 tells datagrams by id alone (RFC 8200, 4.5), IPv4 by protocol, too. */
static __always_inline void fragment_key(struct tw_fragment_key *key, const struct tw_packet *p)
{
	__builtin_memset(key, 0, sizeof(*key));
	key->saddr = p->saddr;
	key->daddr = p->daddr;
	key->id = p->fragment_id;
	key->protocol = p->family ? 0 : p->protocol;
}

static __always_inline struct tw_fragment *fragment_find(const struct tw_fragment_key *key,
							 __u32 second)
{
	struct tw_fragment *datagram = bpf_map_lookup_elem(&fragments, key);

	return datagram && second - datagram->seen <= FRAGMENT_SECONDS ? datagram : NULL;
}

static __always_inline int is_checked(__u32 policy_flags, enum tw_check check)
{
	return !(policy_flags >> TW_POLICY_CHECKS_SHIFT & 1u << check);
}

/* What the first fragment said, for a later one. */
static __always_inline void fragment_inherit(struct tw_packet *p, const struct tw_fragment *first)
{
	p->sport = first->sport;
	p->dport = first->dport;
	p->protocol = first->protocol;
	p->flags = first->flags;
	p->type = first->type;
	p->code = first->code;
}

/* Does it write over what came before?  What can no longer be told does so, too. */
static __always_inline int fragment_overlaps(const struct tw_fragment *datagram,
					     const struct tw_packet *p)
{
	return tw_fragment_overlaps(datagram, p->fragment_start, p->fragment_end) ||
	       !tw_fragment_has_room(datagram, p->fragment_start, p->fragment_end);
}

/* Compares a fragment with what came before: enum tw_reason, TW_REASON_NONE: it may go on. */
__noinline int fragment_meet(struct tw_packet *p, __u32 second, __u32 policy_flags)
{
	const struct tw_fragment *datagram;
	struct tw_fragment_key key;

	if (!p)
		return TW_REASON_NONE;
	fragment_key(&key, p);
	datagram = fragment_find(&key, second);
	p->headless |= p->part == TW_FRAGMENT_LATER && (!datagram || !datagram->has_first);
	if (!datagram)
		return TW_REASON_NONE;
	if (is_checked(policy_flags, TW_CHECK_OVERLAP) && fragment_overlaps(datagram, p))
		return TW_REASON_OVERLAP;
	if (p->part != TW_FRAGMENT_LATER)
		return TW_REASON_NONE;
	if (datagram->refused)
		return TW_REASON_FRAGMENT;
	if (!datagram->has_first)
		return TW_REASON_NONE;
	fragment_inherit(p, datagram);
	if (p->protocol == IPPROTO_TCP && p->fragment_start < 2 &&
	    is_checked(policy_flags, TW_CHECK_FRAGMENT))
		return TW_REASON_FRAGMENT;
	return TW_REASON_NONE;
}

static __always_inline void fragment_fill(struct tw_fragment *datagram, const struct tw_packet *p)
{
	datagram->sport = p->sport;
	datagram->dport = p->dport;
	datagram->protocol = p->protocol;
	datagram->flags = p->flags;
	datagram->type = p->type;
	datagram->code = p->code;
	datagram->has_first = !p->headless;
	datagram->refused = 0;
}

/* One that goes on is noted: what it holds, and if it is the first, what it says. */
static __always_inline void fragment_accepted(const struct tw_packet *p,
					      const struct tw_fragment_key *key,
					      struct tw_fragment *datagram, __u32 second)
{
	const struct tw_fragment *known = fragment_find(key, second);

	if (known) {
		*datagram = *known;
	} else {
		__builtin_memset(datagram, 0, sizeof(*datagram));
		datagram->seen = second;
	}
	if (p->part == TW_FRAGMENT_FIRST)
		fragment_fill(datagram, p);
	if (p->fragment_last)
		datagram->end = p->fragment_end;
	if (!tw_fragment_overlaps(datagram, p->fragment_start, p->fragment_end))
		tw_fragment_add(datagram, p->fragment_start, p->fragment_end);
	if (tw_fragment_is_complete(datagram))
		bpf_map_delete_elem(&fragments, key);
	else
		bpf_map_update_elem(&fragments, key, datagram, BPF_ANY);
}

/*
 * The rest of a datagram whose first fragment is refused stops as well.  It mostly does
 * by the same rule; an entry is made only where that rule could not know it again, so
 * that no blocked source fills the table.
 */
static __always_inline void fragment_refused(const struct tw_fragment_key *key,
					     struct tw_fragment *datagram, __u32 second,
					     int by_transport)
{
	__builtin_memset(datagram, 0, sizeof(*datagram));
	datagram->seen = second;
	datagram->refused = 1;
	bpf_map_update_elem(&fragments, key, datagram, by_transport ? BPF_ANY : BPF_EXIST);
}

/* At the end of a fragment's path. */
__noinline int fragment_note(const struct tw_packet *p, __u32 second, int accepted)
{
	__u32 zero = 0;
	struct work *work = bpf_map_lookup_elem(&works, &zero);
	struct tw_fragment_key key;

	if (!p || !work)
		return 0;
	fragment_key(&key, p);
	if (accepted)
		fragment_accepted(p, &key, &work->datagram, second);
	else if (p->part == TW_FRAGMENT_FIRST && work->reason != TW_REASON_OVERLAP)
		fragment_refused(&key, &work->datagram, second, p->by_transport);
	return 0;
}

#endif
