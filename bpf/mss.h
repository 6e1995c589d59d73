/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * `mss`: the option of a SYN or SYN-ACK that says how long a segment its receiver may
 * send, lowered to what fits.  A SYN without it is left alone: it means 536 bytes, or
 * 1220 (RFC 9293, 3.7.1).
 */
#ifndef TIERWALL_BPF_MSS_H
#define TIERWALL_BPF_MSS_H

#include "encapsulate.h"

#define TCP_OPTIONS_MAX 40
#define TCP_OPTION_END  0
#define TCP_OPTION_NONE 1
#define TCP_OPTION_MSS  2

/* A SYN's options; room for a power of two, so that an index can be masked. */
struct mss_search {
	__u8 options[64];
	__u32 length;
	__u32 at;
	__u32 found; /* offset of the option, TCP_OPTIONS_MAX: there is none */
};

static long mss_step(__u32 i, void *context)
{
	struct mss_search *search = context;
	__u32 at = search->at & 63, kind, length;

	(void)i;
	if (search->at >= search->length)
		return 1;
	kind = search->options[at];
	if (kind == TCP_OPTION_END)
		return 1;
	if (kind == TCP_OPTION_NONE) {
		search->at++;
		return 0;
	}
	length = search->options[(at + 1) & 63];
	if (search->at + 2 > search->length || length < 2)
		return 1; /* broken: receivers stop here, too */
	if (kind == TCP_OPTION_MSS && length == 4 && search->at + 4 <= search->length) {
		search->found = search->at;
		return 1;
	}
	search->at += length;
	return 0;
}

/* The sum's words begin at even offsets of the segment; a value at an odd one lies in two. */
static __always_inline __be16 as_summed(__be16 value, __u32 at)
{
	return at & 1 ? __builtin_bswap16(value) : value;
}

/* Lowers the option to `most` and mends the checksum. */
__noinline int mss_clamp(struct xdp_md *ctx, const struct tw_packet *p, __u32 most)
{
	struct mss_search search = {.found = TCP_OPTIONS_MAX};
	struct tw_tcp tcp;
	__be16 before, after;
	__u32 length, at;

	if (!p || bpf_xdp_load_bytes(ctx, p->l4, &tcp, sizeof(tcp)))
		return 0;
	length = (tcp.offset >> 4) * 4u - sizeof(tcp);
	barrier_var(length);
	if (length < 4 || length > TCP_OPTIONS_MAX)
		return 0;
	if (bpf_xdp_load_bytes(ctx, p->l4 + sizeof(tcp), search.options, length))
		return 0;
	search.length = length;
	bpf_loop(TCP_OPTIONS_MAX, mss_step, &search, 0);
	if (search.found >= TCP_OPTIONS_MAX)
		return 0;
	at = search.found & 63;
	before = (__be16)(search.options[(at + 2) & 63] | search.options[(at + 3) & 63] << 8);
	after = __builtin_bswap16((__u16)most);
	if (__builtin_bswap16(before) <= most)
		return 0;
	tcp.check = tw_checksum_apply(
		tcp.check, tw_checksum_change16(0, as_summed(before, at), as_summed(after, at)));
	bpf_xdp_store_bytes(ctx, p->l4, &tcp, sizeof(tcp));
	bpf_xdp_store_bytes(ctx, p->l4 + sizeof(tcp) + at + 2, &after, sizeof(after));
	return 1;
}

/* Does the packet tell an MSS? */
static __always_inline int mss_is_told(const struct path *path)
{
	const struct tw_packet *p = &path->work->packet;

	return p->protocol == IPPROTO_TCP && p->flags & TW_SYN && p->part != TW_FRAGMENT_LATER;
}

/* What the service says that has this address and port; 0: nothing. */
static __always_inline __u32 service_mss(struct path *path, const union tw_addr *addr, __u16 port)
{
	struct tw_packet *asked = &path->work->opposite;
	const struct tw_address *address = policy_address(path->policy, addr);
	const struct tw_service *service;

	if (!address || !address->listens)
		return 0;
	asked->protocol = IPPROTO_TCP;
	asked->dport = port;
	service = POLICY_ITEM(path->policy, services, struct tw_service,
			      service_find(path, asked, address));
	return service ? service->mss : 0;
}

/* What the way to an address takes, if less than `most`. */
static __always_inline __u32 least_mtu(struct xdp_md *ctx, struct path *path,
				       const union tw_addr *to, __u32 most)
{
	struct tw_next_hop *hop = &path->work->hop;

	if (next_hop_find(ctx, path, to, hop) == BPF_FIB_LKUP_RET_SUCCESS && hop->mtu &&
	    hop->mtu < most)
		return hop->mtu;
	return most;
}

/*
 * `auto`: what fits the device that the packet came in by and the way to `to`, less what
 * a tunnel there adds.
 */
static __always_inline __u32 mss_that_fits(struct xdp_md *ctx, struct path *path,
					   const union tw_addr *to, __u8 forward)
{
	__u32 mtu = 0, taken = sizeof(struct tw_tcp);

	bpf_check_mtu(ctx, path->ingress, &mtu, 0, 0);
	mtu = least_mtu(ctx, path, to, mtu);
	taken += path->work->packet.family ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
	if (is_tunnel(forward))
		taken += outer_bytes(!tw_addr_is_ipv4(to), forward == TW_FORWARD_GUE);
	return mtu > taken ? mtu - taken : 0;
}

/* Whose `mss` it is, and where what it limits has to pass. */
struct mss_about {
	const union tw_addr *service;
	const union tw_addr *to;
	__u16 port; /* of the service */
	__u8 forward;
};

static __always_inline void mss_lower(struct xdp_md *ctx, struct path *path,
				      const struct mss_about *about)
{
	__u32 most = service_mss(path, about->service, about->port);

	if (most == TW_MSS_AUTO)
		most = mss_that_fits(ctx, path, about->to, about->forward);
	if (most)
		mss_clamp(ctx, &path->work->packet, most);
}

/* Of a packet that work->departure is about.  Global, as the next: walked once. */
__noinline int mss_leave(struct xdp_md *ctx)
{
	const struct departure *departure;
	const struct tw_packet *p;
	struct mss_about about;
	struct path path;

	if (!path_resume(&path) || !mss_is_told(&path))
		return 0;
	departure = &path.work->departure;
	p = &path.work->packet;
	about.forward = departure->forward;
	about.service = departure->reply ? &departure->addr : &p->daddr;
	about.port = departure->reply ? departure->port : p->dport;
	about.to = destination_of(&path);
	mss_lower(ctx, &path, &about);
	return 0;
}

/* Of an answer of the server in work->departure that goes to the kernel as it is. */
__noinline int mss_answer(struct xdp_md *ctx)
{
	const struct departure *departure;
	const struct tw_server *server;
	const struct tw_packet *p;
	struct mss_about about;
	struct path path;

	if (!path_resume(&path) || !mss_is_told(&path))
		return XDP_PASS;
	departure = &path.work->departure;
	server = POLICY_ITEM(path.policy, servers, struct tw_server, departure->server);
	if (!server)
		return XDP_PASS;
	p = &path.work->packet;
	about.service = &p->saddr;
	about.port = p->sport;
	about.forward = departure->forward;
	about.to = &server->addr[server_family(server, about.forward, p->family)];
	mss_lower(ctx, &path, &about);
	return XDP_PASS;
}

#endif
