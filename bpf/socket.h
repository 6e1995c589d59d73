/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The node's own sockets.  XDP sees no packet that the node sends; that a connection
 * is its own, or was open before tierwall came, only a socket can tell.
 */
#ifndef TIERWALL_BPF_SOCKET_H
#define TIERWALL_BPF_SOCKET_H

#include "path.h"

#define SOCKET_ESTABLISHED 1 /* include/net/tcp_states.h; of UDP: connected to this peer */
#define SOCKET_LISTEN      10

static __always_inline __u32 socket_tuple(struct bpf_sock_tuple *tuple, const struct tw_packet *p)
{
	if (p->family) {
		__builtin_memcpy(tuple->ipv6.saddr, &p->saddr, sizeof(tuple->ipv6.saddr));
		__builtin_memcpy(tuple->ipv6.daddr, &p->daddr, sizeof(tuple->ipv6.daddr));
		tuple->ipv6.sport = __builtin_bswap16(p->sport);
		tuple->ipv6.dport = __builtin_bswap16(p->dport);
		return sizeof(tuple->ipv6);
	}
	tuple->ipv4.saddr = p->saddr.words[3];
	tuple->ipv4.daddr = p->daddr.words[3];
	tuple->ipv4.sport = __builtin_bswap16(p->sport);
	tuple->ipv4.dport = __builtin_bswap16(p->dport);
	return sizeof(tuple->ipv4);
}

/* Does a socket of this node hold the connection that the packet is part of? */
static __noinline int socket_holds(struct xdp_md *ctx, const struct tw_packet *p)
{
	struct bpf_sock_tuple tuple = {};
	__u32 size = socket_tuple(&tuple, p);
	struct bpf_sock *socket;
	int holds;

	if (p->headless)
		return 0;
	if (p->protocol == IPPROTO_TCP) {
		socket = bpf_skc_lookup_tcp(ctx, &tuple, size, BPF_F_CURRENT_NETNS, 0);
		if (!socket)
			return 0;
		holds = socket->state != SOCKET_LISTEN;
	} else if (p->protocol == IPPROTO_UDP) {
		socket = bpf_sk_lookup_udp(ctx, &tuple, size, BPF_F_CURRENT_NETNS, 0);
		if (!socket)
			return 0;
		holds = socket->state == SOCKET_ESTABLISHED;
	} else {
		return 0;
	}
	bpf_sk_release(socket);
	return holds;
}

#endif
