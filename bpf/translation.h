/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The second half of what `full-nat` changes.  A flow's entry says what becomes of one
 * side of its packets, as of `nat`; a translation says what becomes of the other: of a
 * client's packet the source, of a reply the destination.  Its key is the flow's, in
 * either direction, of either family.
 */
#ifndef TIERWALL_BPF_TRANSLATION_H
#define TIERWALL_BPF_TRANSLATION_H

#include "path.h"

static __always_inline int is_translated(__u8 forward)
{
	return forward == TW_FORWARD_NAT || forward == TW_FORWARD_FULL_NAT;
}

static __always_inline void flow_key6(struct tw_flow_key6 *key, const struct tw_packet *p)
{
	__builtin_memset(key, 0, sizeof(*key));
	key->saddr = p->saddr;
	key->daddr = p->daddr;
	key->sport = p->sport;
	key->dport = p->dport;
	key->protocol = p->protocol;
}

static __noinline struct tw_translation *translation_find(const struct tw_packet *p)
{
	struct tw_flow_key6 key;

	flow_key6(&key, p);
	return bpf_map_lookup_elem(&translations, &key);
}

static __noinline long translation_write(const struct tw_packet *p, const union tw_addr *addr,
					 __u32 port, __u32 second, __u64 flags)
{
	struct tw_translation translation = {.addr = *addr, .second = second, .port = (__u16)port};
	struct tw_flow_key6 key;

	flow_key6(&key, p);
	return bpf_map_update_elem(&translations, &key, &translation, flags);
}

static __always_inline void translation_delete(const struct tw_packet *p)
{
	struct tw_flow_key6 key;

	flow_key6(&key, p);
	bpf_map_delete_elem(&translations, &key);
}

/* How the other side of the packet leaves. */
static __always_inline void depart_other(const struct path *path, const union tw_addr *addr,
					 __u16 port)
{
	struct departure *other = &path->work->other;

	other->addr = *addr;
	other->port = port;
	other->forward = TW_FORWARD_FULL_NAT;
	other->reply = !path->work->departure.reply;
}

/* The same for a packet of a known flow, whose departure is told; false: it got lost. */
static __always_inline int depart_known(const struct path *path, const struct tw_packet *p)
{
	const struct tw_translation *translation;

	if (path->work->departure.forward != TW_FORWARD_FULL_NAT)
		return 1;
	translation = translation_find(p);
	if (!translation)
		return 0;
	depart_other(path, &translation->addr, translation->port);
	return 1;
}

#endif
