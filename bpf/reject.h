/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the sender of a rejected packet gets: TCP a reset (RFC 9293, 3.5.2), all else
 * ICMP `port unreachable` (RFC 792, RFC 4443).  Whatever ran out of hops gets ICMP `time
 * exceeded`, from the service's address: where it is routed is here.  What does not fit the
 * way to its server gets `fragmentation needed` (RFC 1191) or `packet too big`.  An answer
 * is made of the packet itself and
 * goes back by the way that it came: same device, same VLAN tags, Ethernet and IP
 * addresses exchanged, so the source is the address that was asked.
 *
 * Some get no answer: errors, what is not from or not for one host (RFC 1122, 3.2.2;
 * RFC 4443, 2.4), and whoever asks too often.
 */
#ifndef TIERWALL_BPF_REJECT_H
#define TIERWALL_BPF_REJECT_H

#include "count.h"
#include "policy.h"
#include "tierwall/checksum.h"
#include "tierwall/hash.h"

/* Set before the verifier reads the program.  Each CPU has its own budget. */
const volatile __u32 answers_per_second = 1000; /* in all */
const volatile __u32 answers_to_one = 100;      /* to one source, for IPv6 to one /64 */

#define ANSWER_TTL      64
#define ANSWER_PRIORITY 0xc0 /* internetwork control, as RFC 1812 4.3.2.5 has it for errors */
#define QUOTE_MAX4      (576u - sizeof(struct iphdr) - sizeof(struct tw_icmp))
#define QUOTE_MAX6      (1280u - sizeof(struct ipv6hdr) - sizeof(struct tw_icmp))
#define QUOTE_PIECE     512u /* bpf_csum_diff() takes no more at a time */
#define QUOTE_PIECES    3

#define ICMP4_PORT_UNREACHABLE     3 /* code of type 3 */
#define ICMP4_FRAGMENTATION_NEEDED 4
#define ICMP6_UNREACHABLE          1
#define ICMP6_PORT_UNREACHABLE     4
#define ICMP6_TOO_BIG              2
#define ICMP6_TIME_EXCEEDED        3

enum answer {
	ANSWER_NONE,
	ANSWER_TOO_MANY,
	ANSWER_RESET,
	ANSWER_ICMP,
	ANSWER_EXCEEDED,
	ANSWER_TOO_BIG
};

/* What an answer is made of, a row for each CPU. */
struct answer_work {
	union {
		struct {
			struct iphdr ip;
			union {
				struct tw_tcp tcp;
				struct tw_icmp icmp;
			};
		} v4;
		struct {
			struct ipv6hdr ip;
			union {
				struct tw_tcp tcp;
				struct tw_icmp icmp;
			};
		} v6;
	} answer;
	__u8 l2[L2_MAX + 2]; /* turned round */
	__u8 turned[ETH_ALEN + 2];
	__u8 piece[QUOTE_PIECE + 4] __attribute__((aligned(4)));
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct answer_work);
} answer_works SEC(".maps");

/* -- who may be answered --------------------------------------------------------- */

static __always_inline int is_one_host(const union tw_addr *addr, __u32 family)
{
	if (!family)
		return addr->bytes[12] != 0 && addr->bytes[12] != 127 && addr->bytes[12] < 224;
	if (addr->bytes[0] == 0xff)
		return 0;
	return addr->halves[0] || addr->words[2] ||
	       (addr->words[3] && addr->words[3] != TW_BE32(1));
}

/* Messages that ask; the others are errors, redirects or unknown. */
static __always_inline int icmp_asks(const struct tw_packet *p)
{
	if (p->family)
		return p->type >= 128 && p->type != TW_ICMP6_REDIRECT;
	return p->type <= TW_ICMP_TYPE_MAX && p->type != TW_ICMP_REDIRECT && !tw_is_icmp_error(p);
}

static __always_inline int may_be_answered(const struct tw_packet *p, const struct ethhdr *eth)
{
	if (p->part == TW_FRAGMENT_LATER || p->headless)
		return 0;
	if ((eth->h_dest[0] | eth->h_source[0]) & 1)
		return 0; /* for or from a group of stations */
	if (!is_one_host(&p->saddr, p->family) || !is_one_host(&p->daddr, p->family) ||
	    tw_addr_equal(&p->saddr, &p->daddr))
		return 0;
	if (p->protocol == IPPROTO_TCP)
		return !(p->flags & TW_RST);
	return !tw_is_icmp(p) || icmp_asks(p);
}

/* -- how often ------------------------------------------------------------------------ */

/* A token bucket; a token is `hz` credits, of which a jiffy brings as many as tokens a second. */
struct answer_budget {
	__u64 jiffies; /* at which `credit` was right */
	__u64 credit;
};

#define BUDGET_ALL     0
#define BUDGET_SOURCES 256 /* rows behind the first: sources share them by hash */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1 + BUDGET_SOURCES);
	__type(key, __u32);
	__type(value, struct answer_budget);
} answer_budgets SEC(".maps");

/* With what time has brought since; one second's worth is the most. */
static __always_inline __u64 budget_credit(const struct answer_budget *budget, __u64 now,
					   __u32 rate)
{
	__u64 passed = now - budget->jiffies, most = (__u64)rate * hz, credit;

	credit = passed >= hz ? most : budget->credit + passed * rate;
	return credit > most ? most : credit;
}

/* `spends` 0: only asks. */
static __always_inline int is_within_budget(const struct tw_packet *p, int spends)
{
	__u32 all = BUDGET_ALL, of_source;
	union tw_addr source = p->saddr;
	struct answer_budget *cpu, *one;
	__u64 now = bpf_jiffies64(), cpu_credit, one_credit;

	if (p->family)
		source.halves[1] = 0;
	of_source = 1 + tw_hash_addr(&source) % BUDGET_SOURCES;
	cpu = bpf_map_lookup_elem(&answer_budgets, &all);
	one = bpf_map_lookup_elem(&answer_budgets, &of_source);
	if (!cpu || !one)
		return 0; /* cannot be */
	cpu_credit = budget_credit(cpu, now, answers_per_second);
	one_credit = budget_credit(one, now, answers_to_one);
	if (cpu_credit < hz || one_credit < hz)
		return 0;
	if (spends) {
		cpu->jiffies = one->jiffies = now;
		cpu->credit = cpu_credit - hz;
		one->credit = one_credit - hz;
	}
	return 1;
}

/* -- the headers ------------------------------------------------------------------------ */

static __always_inline __u16 checksum_of(__u64 sum)
{
	return (__u16)~tw_checksum_fold(sum);
}

/* `bytes` is a multiple of four. */
static __always_inline __u64 sum_of(const void *at, __u32 bytes)
{
	return (__u32)bpf_csum_diff(NULL, 0, (__be32 *)at, bytes, 0);
}

/* The end of the pseudo-header; the sum of the addresses comes to it. */
static __always_inline __u64 sum_of_pseudo(__u32 length, __u8 protocol)
{
	return (__u64)__builtin_bswap16((__u16)length) + __builtin_bswap16(protocol);
}

static __always_inline __u64 sum_of_addresses(const struct tw_packet *p)
{
	if (p->family)
		return sum_of(&p->saddr, sizeof(p->saddr)) + sum_of(&p->daddr, sizeof(p->daddr));
	return (__u64)p->saddr.words[3] + p->daddr.words[3];
}

static __always_inline void put_ipv4(struct iphdr *ip, const struct tw_packet *p, __u8 protocol,
				     __u32 length, __u8 tos)
{
	__builtin_memset(ip, 0, sizeof(*ip));
	ip->version = 4;
	ip->ihl = sizeof(*ip) / 4;
	ip->tos = tos;
	ip->tot_len = __builtin_bswap16((__u16)(sizeof(*ip) + length));
	ip->frag_off = __builtin_bswap16(0x4000); /* not to be fragmented */
	ip->ttl = ANSWER_TTL;
	ip->protocol = protocol;
	ip->saddr = p->daddr.words[3];
	ip->daddr = p->saddr.words[3];
	ip->check = checksum_of(sum_of(ip, sizeof(*ip)));
}

static __always_inline void put_ipv6(struct ipv6hdr *ip, const struct tw_packet *p, __u8 protocol,
				     __u32 length)
{
	__builtin_memset(ip, 0, sizeof(*ip));
	ip->version = 6;
	ip->payload_len = __builtin_bswap16((__u16)length);
	ip->nexthdr = protocol;
	ip->hop_limit = ANSWER_TTL;
	__builtin_memcpy(&ip->saddr, &p->daddr, sizeof(ip->saddr));
	__builtin_memcpy(&ip->daddr, &p->saddr, sizeof(ip->daddr));
}

/* Writes `bytes` of work->answer behind the Ethernet header that came in, turned round. */
static __always_inline int put_answer(struct xdp_md *ctx, struct answer_work *work, __u32 l3,
				      __u32 bytes)
{
	if (l3 < sizeof(struct ethhdr) || l3 > L2_MAX)
		return 0;
	return !bpf_xdp_store_bytes(ctx, 0, work->l2, l3) &&
	       !bpf_xdp_store_bytes(ctx, l3, &work->answer, bytes);
}

static __always_inline int read_l2(struct xdp_md *ctx, struct answer_work *work, __u32 l3)
{
	if (l3 < sizeof(struct ethhdr) || l3 > L2_MAX)
		return 0;
	if (bpf_xdp_load_bytes(ctx, 0, work->l2, l3))
		return 0;
	__builtin_memcpy(work->turned, work->l2, ETH_ALEN);
	__builtin_memcpy(work->l2, work->l2 + ETH_ALEN, ETH_ALEN);
	__builtin_memcpy(work->l2 + ETH_ALEN, work->turned, ETH_ALEN);
	return 1;
}

/* -- reset ---------------------------------------------------------------------------------- */

/*
 * With an ACK the reset has its number; without one it has none and says what it has
 * got.  SYN and FIN take a number each.
 */
static __always_inline void put_reset(struct tw_tcp *rst, const struct tw_packet *p,
				      const struct tw_tcp *asked)
{
	__u32 data = p->length - (p->l4 - p->l3) - (asked->offset >> 4) * 4;

	__builtin_memset(rst, 0, sizeof(*rst));
	rst->source = asked->dest;
	rst->dest = asked->source;
	rst->offset = sizeof(*rst) / 4 << 4;
	if (asked->flags & TW_ACK) {
		rst->flags = TW_RST;
		rst->seq = asked->ack;
	} else {
		rst->flags = TW_RST | TW_ACK;
		rst->ack = __builtin_bswap32(__builtin_bswap32(asked->seq) + data +
					     !!(asked->flags & TW_SYN) + !!(asked->flags & TW_FIN));
	}
	rst->check = checksum_of(sum_of(rst, sizeof(*rst)) + sum_of_addresses(p) +
				 sum_of_pseudo(sizeof(*rst), IPPROTO_TCP));
}

static __always_inline int send_reset(struct xdp_md *ctx, const struct tw_packet *p,
				      struct answer_work *work)
{
	const __u32 ip = p->family ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
	struct tw_tcp asked;
	int surplus;

	if (!read_l2(ctx, work, p->l3) || bpf_xdp_load_bytes(ctx, p->l4, &asked, sizeof(asked)))
		return 0;
	if (p->family) {
		put_reset(&work->answer.v6.tcp, p, &asked);
		put_ipv6(&work->answer.v6.ip, p, IPPROTO_TCP, sizeof(asked));
		if (!put_answer(ctx, work, p->l3, sizeof(work->answer.v6)))
			return 0;
	} else {
		put_reset(&work->answer.v4.tcp, p, &asked);
		put_ipv4(&work->answer.v4.ip, p, IPPROTO_TCP, sizeof(asked), 0);
		if (!put_answer(ctx, work, p->l3, sizeof(work->answer.v4)))
			return 0;
	}
	surplus = (int)(bpf_xdp_get_buff_len(ctx) - p->l3 - ip - sizeof(asked));
	return !surplus || !bpf_xdp_adjust_tail(ctx, -surplus);
}

/* -- ICMP ----------------------------------------------------------------------------------- */

/* How much of the packet the error quotes, 0: not as much as an error must. */
static __always_inline __u32 quote_length(struct xdp_md *ctx, const struct tw_packet *p)
{
	__u32 in_one_piece = (__u32)(ctx->data_end - ctx->data), least, quote = p->length;

	least = p->l4 - p->l3 + 8u; /* the headers and eight bytes behind them */
	if (least > quote)
		least = quote;
	if (in_one_piece < p->l3 + least)
		return 0;
	if (quote > in_one_piece - p->l3)
		quote = in_one_piece - p->l3;
	if (quote > (p->family ? QUOTE_MAX6 : QUOTE_MAX4))
		quote = p->family ? QUOTE_MAX6 : QUOTE_MAX4;
	return quote;
}

/* The sum over `length` bytes of the frame from `at` on. */
static __always_inline int sum_of_quote(struct xdp_md *ctx, struct answer_work *work, __u32 at,
					__u32 length, __u64 *sum)
{
	for (__u32 i = 0; i < QUOTE_PIECES && length; i++) {
		__u32 piece = length < QUOTE_PIECE ? length : QUOTE_PIECE;

		barrier_var(piece);
		if (piece > QUOTE_PIECE)
			return 0;
		barrier_var(piece);
		if ((__s32)piece < 1) /* (6.1 learns no lower bound from "is not 0") */
			return 0;
		if (bpf_xdp_load_bytes(ctx, at, work->piece, piece))
			return 0;
		__builtin_memset(work->piece + piece, 0, 3); /* to a multiple of four */
		*sum += sum_of(work->piece, (piece + 3) & ~3u);
		at += piece;
		length -= piece;
	}
	return !length;
}

/* `exceeded`: the TTL ran out; `fits`: too big, and this long is not; neither: unreachable. */
static __always_inline void put_icmp(struct tw_icmp *icmp, __u32 family, int exceeded, __u32 fits,
				     __u64 sum)
{
	__builtin_memset(icmp, 0, sizeof(*icmp));
	if (family) {
		icmp->type = exceeded ? ICMP6_TIME_EXCEEDED
			     : fits   ? ICMP6_TOO_BIG
				      : ICMP6_UNREACHABLE;
		icmp->code = exceeded || fits ? 0 : ICMP6_PORT_UNREACHABLE;
	} else {
		icmp->type = exceeded ? TW_ICMP_TIME_EXCEEDED : TW_ICMP_UNREACHABLE;
		icmp->code = exceeded ? 0
			     : fits   ? ICMP4_FRAGMENTATION_NEEDED
				      : ICMP4_PORT_UNREACHABLE;
	}
	icmp->sequence = __builtin_bswap16((__u16)fits);
	icmp->check = checksum_of(sum + sum_of(icmp, sizeof(*icmp)));
}

static __always_inline int send_icmp(struct xdp_md *ctx, const struct tw_packet *p,
				     struct answer_work *work, int exceeded, __u32 fits)
{
	const __u32 ip = p->family ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
	const __u32 added = ip + sizeof(struct tw_icmp);
	__u32 quote = quote_length(ctx, p), bytes = sizeof(struct tw_icmp) + quote;
	__u64 sum = 0;
	int surplus;

	if (!quote || !read_l2(ctx, work, p->l3) || !sum_of_quote(ctx, work, p->l3, quote, &sum))
		return 0;
	surplus = (int)(bpf_xdp_get_buff_len(ctx) - p->l3 - quote);
	if (surplus && bpf_xdp_adjust_tail(ctx, -surplus))
		return 0;
	if (bpf_xdp_adjust_head(ctx, -(int)added))
		return 0; /* the driver leaves no head room */
	if (p->family) {
		sum += sum_of_addresses(p) + sum_of_pseudo(bytes, IPPROTO_ICMPV6);
		put_icmp(&work->answer.v6.icmp, 1, exceeded, fits, sum);
		put_ipv6(&work->answer.v6.ip, p, IPPROTO_ICMPV6, bytes);
	} else {
		put_icmp(&work->answer.v4.icmp, 0, exceeded, fits, sum);
		put_ipv4(&work->answer.v4.ip, p, IPPROTO_ICMP, bytes, ANSWER_PRIORITY);
	}
	return put_answer(ctx, work, p->l3, added);
}

/* -- the whole -------------------------------------------------------------------------------- */

/*
 * Turns the packet into its answer: enum answer.  `spends` 0: a trace, which uses up nothing.
 * `exceeded`: no rule rejected it, its TTL ran out.  `fits`: it is too big, and this is the
 * MTU to tell of; else 0.
 */
__noinline int reject_answer(struct xdp_md *ctx, const struct tw_packet *p, int spends,
			     int exceeded, __u32 fits)
{
	const struct ethhdr *eth = (void *)(long)ctx->data;
	__u32 zero = 0;
	struct answer_work *work = bpf_map_lookup_elem(&answer_works, &zero);

	if (!p || !work || (const void *)(eth + 1) > (void *)(long)ctx->data_end)
		return ANSWER_NONE;
	if (!may_be_answered(p, eth))
		return ANSWER_NONE;
	if (!is_within_budget(p, spends))
		return ANSWER_TOO_MANY;
	if (exceeded)
		return send_icmp(ctx, p, work, 1, 0) ? ANSWER_EXCEEDED : ANSWER_NONE;
	if (fits)
		return send_icmp(ctx, p, work, 0, fits) ? ANSWER_TOO_BIG : ANSWER_NONE;
	if (p->protocol == IPPROTO_TCP)
		return send_reset(ctx, p, work) ? ANSWER_RESET : ANSWER_NONE;
	return send_icmp(ctx, p, work, 0, 0) ? ANSWER_ICMP : ANSWER_NONE;
}

/* From or to all of a network of this node: nothing in the address itself says so. */
static __always_inline int is_to_all(const struct path *path)
{
	const struct tw_packet *p = &path->work->packet;
	const struct tw_address *from = policy_address(path->policy, &p->saddr);
	const struct tw_address *to = policy_address(path->policy, &p->daddr);

	return (from && from->kind & TW_ADDRESS_ALL) || (to && to->kind & TW_ADDRESS_ALL);
}

/* The packet as its answer sees it: a server is told by the service that it answered for. */
static __always_inline const struct tw_packet *asked_of_node(const struct path *path, int exceeded)
{
	struct tw_packet *asked = &path->work->asked;
	const struct departure *departure = &path->work->departure;

	if (!exceeded || !departure->reply)
		return &path->work->packet;
	*asked = path->work->packet;
	asked->daddr = departure->addr;
	return asked;
}

/*
 * The verdict of a packet that was refused by `reject`: sent back as its answer, or dropped.
 * By the device's queue for redirected frames where it has one: veth wakes its peer up for
 * those, but for XDP_TX only where the peer has a program, too.
 */
static __always_inline int reject(struct xdp_md *ctx, const struct path *path)
{
	int exceeded = path->work->reason == TW_REASON_TTL;
	__u32 fits = path->work->fits;
	int answer = is_to_all(path) ? ANSWER_NONE
				     : reject_answer(ctx, asked_of_node(path, exceeded),
						     !path->trace, exceeded, fits);
	int sent = answer > ANSWER_TOO_MANY;

	path->work->fits = 0;
	trace_step(path, TW_STAGE_ANSWER,
		   answer == ANSWER_RESET      ? TW_SAYS_RESET
		   : answer == ANSWER_ICMP     ? TW_SAYS_UNREACHABLE
		   : answer == ANSWER_EXCEEDED ? TW_SAYS_EXCEEDED
		   : answer == ANSWER_TOO_BIG  ? TW_SAYS_TOO_BIG
					       : TW_SAYS_UNANSWERED,
		   answer == ANSWER_TOO_BIG ? fits : answer == ANSWER_TOO_MANY);
	count_node(path, sent ? TW_NODE_ANSWERED : TW_NODE_UNANSWERED);
	return sent ? (int)bpf_redirect_map(&devices, path->ingress, XDP_TX) : XDP_DROP;
}

#endif
