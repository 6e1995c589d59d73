/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Fragments: the first one has the ports and leaves them for those that follow, so
 * that all of a packet meets the same rules and the same server.  One that comes
 * before its first fragment is headless.
 */
#ifndef TIERWALL_BPF_FRAGMENT_H
#define TIERWALL_BPF_FRAGMENT_H

#include "path.h"

#define FRAGMENT_SECONDS 30 /* as long as a receiver waits for the rest (net.ipv4.ipfrag_time) */

static __always_inline void fragment_key(struct tw_fragment_key *key, const struct tw_packet *p)
{
	__builtin_memset(key, 0, sizeof(*key));
	key->saddr = p->saddr;
	key->daddr = p->daddr;
	key->id = p->fragment_id;
	key->protocol = p->protocol;
}

/* Gives a later fragment the ports of its first. */
static __always_inline void fragment_resolve(const struct path *path)
{
	struct tw_packet *p = &path->work->packet;
	const struct tw_fragment *first;
	struct tw_fragment_key key;

	fragment_key(&key, p);
	first = bpf_map_lookup_elem(&fragments, &key);
	if (!first || path->second - first->seen > FRAGMENT_SECONDS) {
		p->headless = 1;
		return;
	}
	p->sport = first->sport;
	p->dport = first->dport;
}

/* Only once guard lets the first fragment on, so that no blocked source fills the table. */
static __always_inline void fragment_record(const struct path *path)
{
	const struct tw_packet *p = &path->work->packet;
	struct tw_fragment_key key;
	struct tw_fragment ports = {
		.sport = p->sport,
		.dport = p->dport,
		.seen = path->second,
	};

	if (path->trace)
		return;
	fragment_key(&key, p);
	bpf_map_update_elem(&fragments, &key, &ports, BPF_ANY);
}

#endif
