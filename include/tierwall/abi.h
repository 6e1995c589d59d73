/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the data path (bpf/) and the executable (user/) agree on: the keys and
 * values of every pinned map.  A change of any size or meaning here raises
 * TW_ABI; an executable refuses pins of another number.
 *
 * Integers are in host byte order unless their type says __be16/__be32.
 * Addresses are 16 bytes; IPv4 is kept as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2),
 * so that one comparison serves both families.
 */
#ifndef TIERWALL_ABI_H
#define TIERWALL_ABI_H

#include <linux/types.h>

#include "checks.h"
#include "events.h"
#include "limits.h"
#include "reasons.h"
#include "trace.h"

#ifndef __force /* sparse's word for a cast between byte orders that is meant */
#ifdef __CHECKER__
#define __force __attribute__((force))
#else
#define __force
#endif
#endif

#define TW_ABI 4

#define TW_IMAGE_BYTES   (4u << 20) /* one policy image; 4 MB is the most that kernel 6.1 takes */
#define TW_POLICIES      4u         /* images: live, the one to go back to, one being made */
#define TW_CHUNK_BYTES   (1u << 20) /* unit of what does not fit the image */
#define TW_CHUNKS        4096u      /* of all policies and sets together; the last is never used */
#define TW_POLICY_CHUNKS 160u       /* of one policy */
#define TW_COUNTERS      262144u    /* rows of `counters`: rules, defaults, services, servers */
#define TW_SETS          4096u      /* sets, tiers and address lists of one policy */
#define TW_SET_SLOTS     12288u     /* of the live one, the one to go back to, one being made */
#define TW_SET_BYTES     12288u     /* head of a set, with all of a small one */
#define TW_SET_PREFIXES  (1u << 22)
#define TW_FLOWS4        131072u /* entries; a balanced flow takes two, one for each direction */
#define TW_FLOWS6        65536u
#define TW_TRANSLATIONS  131072u /* a flow of `full-nat` takes two */
#define TW_FRAGMENTS     8192u
#define TW_DEVICES       256u
#define TW_NEXT_HOPS     1024u /* per CPU */
#define TW_OWN_MACS      4096u
#define TW_OWN_ANSWERS   1024u  /* per CPU */
#define TW_NAMED_BITS    65536u /* of addresses that a policy had something about */
#define TW_LIMIT_LINES   16384u /* of 64 bytes: 65,536 buckets of `limit per source`, 1 MB */

#define TW_NONE16 0xffffu
#define TW_NONE32 0xffffffffu

union tw_addr {
	__u8 bytes[16];
	__be32 words[4];
	__u64 halves[2];
};

/* -- counters ------------------------------------------------------------ */

/* Row of the per-CPU maps `counters` and `node`. */
struct tw_counter {
	__u64 packets;
	__u64 bytes; /* of the frame, Ethernet header included */
	__u64 flows; /* created */
	__u64 requests;
};

/* Rows of `node`.  TW_NODE_DROPS + enum tw_reason follow. */
enum tw_node {
	TW_NODE_RECEIVED, /* never written: user space adds up the verdicts, */
	TW_NODE_PASSED,
	TW_NODE_DROPPED, /* and here the reasons */
	TW_NODE_TRANSMITTED,
	TW_NODE_REDIRECTED,
	TW_NODE_FLOWS,      /* .flows: created, balanced or not */
	TW_NODE_ANSWERED,   /* rejects that got their RST or ICMP error */
	TW_NODE_UNANSWERED, /* rejects that got none: too many, or none is allowed */
	TW_NODE_LOGGED,     /* events given to a monitor */
	TW_NODE_UNLOGGED,   /* events that were not: sampled out, or the monitor is slow */
	TW_NODE_DROPS,
	TW_NODE_ROWS = TW_NODE_DROPS + 64,
};

/* -- control: which policy is live ------------------------------------------ */

/*
 * The one element of the map `control`.  A store to `live` makes another
 * configuration live; what the policy before it used is given back only after a
 * grace period, when no packet uses it any more.
 */
struct tw_control {
	__u32 live;       /* slot of the live image in `policy` */
	__u32 generation; /* the highest that an image ever got */
	/*
	 * While a change is on trial (`apply --confirm`): the slot that is live again from
	 * `revert_at` on, which needs no process.  CLOCK_MONOTONIC in nanoseconds; 0: no trial,
	 * TW_TRIAL_KEPT: confirmed, and about to be none.
	 */
	__u32 previous;
	__u32 _pad;
	__u64 revert_at;
	__u64 reverted_at; /* when the last change that was on trial went back; 0: it did not */
	/*
	 * A bit for each slot of `sets` and `chunks` that may hold a map.  Set before a map is
	 * put there and cleared once it is gone: to ask the slots themselves costs a wait for
	 * all packets each on kernels before 6.8.
	 */
	__u64 held_sets[TW_SET_SLOTS / 64];
	__u64 held_chunks[TW_CHUNKS / 64];
};
#define TW_TRIAL_KEPT (~0ull)

/* Value of the map `trial_devices`, by ifindex: which of two policies leaves the device alone. */
enum tw_trial_device {
	TW_TRIAL_ATTACHED = 1, /* by the trial: untouched once it goes back */
	TW_TRIAL_LEAVING = 2,  /* detached once it is confirmed: untouched until then */
};

/* -- policy: the whole configuration, compiled, in one immutable image --------
 *
 * The map `policy` is an array of maps: TW_POLICIES slots for images.  An image is one
 * value of TW_IMAGE_BYTES that starts with struct tw_policy; sections hold offsets
 * from the image's start.  In a live image nothing is ever written but `generation`
 * and, when a set is edited in place, its row in `set_maps`.
 *
 * What is large stands beside the image, in a run of elements of the map `chunks`, of
 * TW_CHUNK_BYTES each.  An offset there is in units of eight bytes: the chunk is
 * offset >> TW_CHUNK_SHIFT, counted from the policy's first.  Nothing but the text and
 * tables that choose a server goes on from one chunk into the next.
 */
#define TW_CHUNK_SHIFT 17
#define TW_CHUNK_MASK  ((1u << TW_CHUNK_SHIFT) - 1)

enum tw_action { TW_ACCEPT, TW_DROP, TW_REJECT };
enum tw_forward {
	TW_FORWARD_NAT,
	TW_FORWARD_FULL_NAT,
	TW_FORWARD_L2,
	TW_FORWARD_IPIP,
	TW_FORWARD_GUE
};
/* What becomes of the live flows of a server that is down. */
enum tw_on_down { TW_ON_DOWN_MOVE, TW_ON_DOWN_RESET, TW_ON_DOWN_KEEP };
enum tw_tunnel { TW_TUNNEL_IPIP, TW_TUNNEL_GUE, TW_TUNNELS }; /* forms that `decap` opens */
#define TW_GUE_PORT 6080                                      /* where nothing is said */
enum tw_server_state { TW_SERVER_UP, TW_SERVER_DOWN, TW_SERVER_DRAIN };

struct tw_section {
	__u32 offset;
	__u32 count; /* items */
};

/* A list of rules, compiled (classifier.h), then a default. */
struct tw_list {
	__u64 root[2];      /* [0] IPv4, [1] IPv6; 0: no rule for that family */
	__u32 default_rule; /* counter id of the default */
	__u8 default_action;
	__u8 strict; /* TCP outside known flows is invalid-state */
	__u16 _pad;
};

/*
 * A rule of guard that asks for nothing but whether a set holds the source, and that no
 * other kind of rule stands before: what is blocked is told without the classifier.
 */
struct tw_front {
	__u32 set;
	__u32 rule; /* counter id */
	__u8 action;
	__u8 flags; /* TW_VERDICT_* */
	__u16 _pad;
};
#define TW_FRONTS 4

/*
 * Which of the sets that rules know by heart hold an address: every one of its family
 * lies in one of a row of intervals, and all that lie in one are of one class.  Levels of
 * a search tree stand one behind the other, each a whole number of rungs; a rung's first
 * value is never above what is looked for.
 */
#define TW_LADDER_LEVELS 5
#define TW_RUNG4_VALUES  16
#define TW_RUNG6_VALUES  8

struct tw_rung4 {
	__u32 from[TW_RUNG4_VALUES]; /* host order, ascending */
};

struct tw_rung6 {
	struct {
		__u64 high, low;
	} from[TW_RUNG6_VALUES];
};

struct tw_ladder {
	__u32 levels;               /* 0: there are no such sets */
	__u32 at[TW_LADDER_LEVELS]; /* offsets in the chunks, the topmost first, */
	__u32 classes;              /* of a byte for each value of the lowest level, */
	__u32 held; /* of 64 bits for each class: the sets that hold its addresses */
};

struct tw_policy {
	__u32 generation; /* of what the flow entries were judged by */
	__u32 flags;      /* TW_POLICY_* */
	__u64 hash_key[2];
	__u32 chunk;  /* first element in `chunks` */
	__u32 chunks; /* how many */
	struct tw_list guard;
	struct tw_list host;
	__u32 fronts;     /* how many of front[] */
	__u32 guard_rest; /* guard has other rules, too: its list has all of them */
	struct tw_front front[TW_FRONTS];
	struct tw_ladder ladder[2]; /* [0] IPv4, [1] IPv6 */
	__u64 decap[TW_TUNNELS][2]; /* roots as of a struct tw_list: whose tunnels are opened */
	__be32 spread[2];           /* bits of a tunnel's source that come from the flow's hash */
	__u16 gue_port;
	__u16 _pad[3];
	struct tw_section addresses; /* struct tw_address: hashed, count is a power of two */
	struct tw_section listens;   /* struct tw_listen */
	struct tw_section services;  /* struct tw_service */
	struct tw_section members;   /* struct tw_member */
	struct tw_section tiers;     /* struct tw_tier */
	struct tw_section servers;   /* struct tw_server */
	struct tw_section ids;       /* __u32: counter ids in the order of config_visit_ids() */
	struct tw_section pools;     /* union tw_addr: sources of `full-nat` */
	struct tw_section set_maps;  /* struct tw_set_map: where each named set lives */
	struct tw_section known;     /* struct tw_known: what is in the named sets of the ladders */
	struct tw_section text; /* char, in the chunks: the source, without the entries of sets */
};

#define TW_POLICY_HOST         0x1  /* there is a host block */
#define TW_POLICY_GUARD        0x2  /* there is a guard block */
#define TW_POLICY_GUARD_STATE  0x4  /* a rule of guard asks for the state of the flow */
#define TW_POLICY_DECAP        0x8  /* some tunnels are opened */
#define TW_POLICY_MSS          0x10 /* some service has `mss` */
#define TW_POLICY_CHECKS_SHIFT 8    /* from here on: enum tw_check, a bit for each that is off */

/* Bucket of `addresses`: what a packet's destination (or source) is to us. */
struct tw_address {
	union tw_addr addr;
	__u32 listen;  /* first listen of this address */
	__u16 listens; /* how many */
	__u16 server;  /* index in `servers`, TW_NONE16: not a server's */
	__u32 kind;    /* TW_ADDRESS_*; 0: empty bucket */
	__u32 echo;    /* index of the service that answers its pings, TW_NONE32: none can */
};
#define TW_ADDRESS_USED   0x1
#define TW_ADDRESS_LOCAL  0x2 /* the node's own */
#define TW_ADDRESS_ALL    0x4 /* the broadcast address of one of its networks */
#define TW_ADDRESS_PROBES 16  /* an address stands at most so many buckets behind its hash */

/*
 * The one element of the map `named`: a bit, by hash, for each address that a policy of this
 * instance ever had in `addresses`.  A packet between two that are not here belongs to
 * nothing, not even to a flow that outlived its policy.  Set before the policy is live,
 * never cleared.
 */
struct tw_named {
	__u64 bits[TW_NAMED_BITS / 64];
};

struct tw_listen {
	__u16 port_low;
	__u16 port_high;
	__u16 service; /* index in `services` */
	__u8 protocol;
	__u8 _pad;
};

struct tw_service {
	__u32 id; /* counter */
	__u16 tier;
	__u16 port; /* the servers', 0: as the client asked */
	__u32 member;
	__u32 members;
	/* In the chunks, __u16 each: index of a member of the service, or TW_NONE16. */
	__u32 choice[2];  /* first slot: [0] IPv4, [1] IPv6 */
	__u32 choices[2]; /* slots; 0: the tier has no address of that family */
	__u8 forward;     /* enum tw_forward */
	__u8 has_from;    /* only the sources that `from` accepts may use it */
	__u8 hash_off;    /* TW_HASH_*: what the hash leaves out */
	__u8 on_down;     /* enum tw_on_down */
	__u8 no_server;   /* enum tw_action of a flow that no server takes: drop or reject */
	__u8 _pad;
	__u16 mss;     /* the most that a SYN may say; TW_MSS_AUTO: by the MTU; 0: anything */
	__u64 from[2]; /* roots as of a struct tw_list */
	__u64 source_mask[2][2];   /* by family: halves of an address, in network order */
	__u32 pool[2];             /* full-nat: first source in `pools`, by family, */
	__u16 pool_count[2];       /* how many, */
	__u16 pool_low, pool_high; /* and their ports */
};
#define TW_HASH_SOURCE           0x1 /* all of it, or what source_mask leaves out */
#define TW_HASH_SOURCE_PORT      0x2
#define TW_HASH_DESTINATION      0x4
#define TW_HASH_DESTINATION_PORT 0x8
#define TW_HASH_PROTOCOL         0x10
#define TW_HASH_FIELDS           0xf /* of a packet, those that `hash` names */

#define TW_MSS_AUTO 0xffffu

struct tw_member {
	__u32 id; /* counter of this server within this service */
	__u16 server;
	__u16 _pad;
};

struct tw_tier {
	struct tw_list rules;
};

struct tw_server {
	union tw_addr addr[2]; /* [0] IPv4, [1] IPv6; zero: none */
	struct tw_list rules;  /* its own, asked before its tier's; its default is never used */
	__u32 device;          /* ifindex of a fixed next hop, 0: where the packet came in */
	__u16 tier;
	__u8 has_mac, has_device;
	__u8 mac[6];  /* of the fixed next hop */
	__u8 smac[6]; /* of `device` */
	__u8 state;   /* enum tw_server_state */
	__u8 _pad[7];
	union tw_addr source[2]; /* of a tunnel to addr[] */
};

#define TW_VERDICT_LOG       0x1
#define TW_VERDICT_OVER      0x2 /* its limit is `over`: what it drops is beyond a rate */
#define TW_VERDICT_TRANSPORT 0x4 /* the rule asks about the transport header */

#define TW_STATE_NEW         0x1
#define TW_STATE_ESTABLISHED 0x2

#define TW_NAME 32 /* of sets, tiers, servers, services; with the closing NUL */

struct tw_set_map {
	char name[TW_NAME]; /* empty: the address list of a rule */
	__u32 index;        /* in `sets` */
	__u32 chunk;        /* first of its own elements in `chunks`, */
	__u32 chunks;       /* how many */
	__u32 entries;      /* that are for good; TW_NONE32: a writer did not finish */
	__u64 content;      /* sum of hashes of those: equal sets share a place across policies */
	__u32 flags;        /* TW_SET_* */
	__u32 _pad;
};

#define TW_SET_TIER  0x1 /* the servers of the tier of that name */
#define TW_SET_KNOWN 0x2 /* rules know its addresses by heart: it is not edited in place */
#define TW_SET_TIMED 0x4 /* entries of it expire, or did */

/* A prefix of a set with TW_SET_KNOWN. */
struct tw_known {
	union tw_addr addr;
	__u32 set; /* index in `sets` */
	__u8 bits;
	__u8 _pad[3];
};

/* -- sets -------------------------------------------------------------------------
 *
 * An element of `sets` is a set's head, TW_SET_BYTES that start with struct tw_set.
 * All else stands in lines of 64 bytes: of a small set behind the head, in its element;
 * of a large one in a run of `chunks`.
 *
 * Each prefix length that is in use has a hash table of its own, whose lines hold
 * addresses and the second at which each expires.  That is the truth; it is exact, and
 * read back to show a set.  An address is looked for in the tables of those lengths
 * that its `hints` name: every address with the same first bits shares them.
 *
 * IPv4 prefixes that are for good stand, in a large set with many lengths, in a trie
 * of 16, 8 and 8 bits as well, which then answers for them.  Each of its levels holds
 * the prefixes that end in it and no others, so that each is edited by itself.
 *
 * A writer holds the instance's lock.  Readers have none: every store leaves a set that
 * they can read, and lines are given to something else only by building the set anew.
 */
#define TW_LINE_BYTES     64u
#define TW_LINES_OF_CHUNK (TW_CHUNK_BYTES / TW_LINE_BYTES)
#define TW_SET_HINTS      32u         /* bits of a hint */
#define TW_SET_TABLES     128u        /* lengths of a family */
#define TW_FOREVER        0xffffffffu /* when an entry that is for good expires */

/* A line of a table of IPv4 prefixes.  Seven entries: address << 32 | expires; 0: free. */
struct tw_line4 {
	__u64 entries[7];
	__u32 spills; /* an entry whose line this is stands in its other one */
	__u32 _pad;
};

/* Of IPv6 prefixes up to /64.  expires 0: free. */
struct tw_line64 {
	__u64 high[5];
	__u32 expires[5];
	__u32 spills;
};

/* Of longer ones, whose addresses take two stores: each begins with another `version`. */
struct tw_line128 {
	__u64 high[3], low[3];
	__u32 expires[3];
	__u16 version;
	__u16 spills;
};

/* A table: `lines` << 32 | its first line.  One store puts another in its place. */
#define TW_TABLE(first, lines) ((__u64)(lines) << 32 | (first))
#define TW_TABLE_FIRST(table)  ((__u32)(table))
#define TW_TABLE_LINES(table)  ((__u32)((table) >> 32))

struct tw_set_family {
	__u32 everything; /* when the prefix of length 0 expires; 0: it is not there */
	__u32 count;      /* tables, one a length in use */
	__u32 always;     /* hint that every address has: lengths shorter than what finds hints */
	__u32 timed; /* bits of hints: lengths in which entries expire (IPv4: asked after the trie) */
	__u32 hints; /* first line of 1 << hint_bits hints */
	__u8 hint_bits;
	__u8 hint_length; /* so many first bits of an address find its hint; 0: `always` is all */
	__u8 hint_bytes;  /* of one: 1, where there are few tables, or 4 */
	__u8 _pad;
	__u8 lengths[TW_SET_TABLES]; /* of tables[] */
	__u64 tables[TW_SET_TABLES]; /* bit i of a hint: tables i, i + TW_SET_HINTS and so on */
};

struct tw_set {
	__u32 chunk; /* first of its chunks, TW_NONE32: its lines stand in this element */
	__u32 lines; /* room */
	__u32 used;  /* lines below are given out */
	__u32 trie;  /* first line of its root, 0: none */
	__u64 key;   /* of its hashes */
	__u32 timed; /* entries that expire, at most: some may have */
	__u32 built; /* so many entries decided which tables, hints and trie it has */
	__u32 _pad;
	struct tw_set_family family[2]; /* [0] IPv4, [1] IPv6 */
};
#define TW_SET_HEAD_LINES 40u /* lines of the element before the first that holds entries */

/*
 * The trie: a bit for each /16, then a group for each 64 nets of 24 bits, which are in
 * place for all addresses, then leaves of 256 bits, half a line each, one for each net
 * that holds longer prefixes.  `version` is odd while a group's leaves move: who sees that,
 * or sees it change, looks in the tables instead.
 */
struct tw_trie_group {
	__u64 covered; /* nets that a prefix of /17 to /24 covers */
	__u64 present; /* nets that have a leaf; the leaves are in their order */
	__u32 leaves;  /* the first, in half lines */
	__u32 version;
	__u32 room; /* for leaves */
	__u32 _pad;
};
#define TW_TRIE_GROUPS_FROM 128u /* lines behind the first, which holds the bits of the /16 */
#define TW_TRIE_LINES       (TW_TRIE_GROUPS_FROM + (1u << 18) / 2)

/* -- flows ---------------------------------------------------------------- */
struct tw_flow_key4 {
	__be32 saddr, daddr;
	__u16 sport, dport; /* host order; of an ICMP echo both are its identifier */
	__u8 protocol;
	__u8 _pad[3];
};

struct tw_flow_key6 {
	union tw_addr saddr, daddr;
	__u16 sport, dport;
	__u8 protocol;
	__u8 _pad[3];
};

/* Either direction of a flow, keyed by the packet as it comes in. */
struct tw_flow {
	__u32 generation;   /* of the policy that last judged it */
	__u32 seen;         /* second of its last packet, since boot */
	__u32 rule;         /* counter ids: what accepted (or refused) it, */
	__u32 service;      /* its service, */
	__u32 member;       /* its server within the service; TW_NONE32: none */
	__u16 server;       /* index in `servers` of that generation, or TW_NONE16 */
	__u8 state;         /* enum tw_flow_state */
	__u8 flags;         /* TW_FLOW_* */
	union tw_addr addr; /* nat: what the destination (REPLY: the source) becomes */
	__u16 port;         /* host order */
	__u8 forward;
	__u8 reason; /* REFUSED: enum tw_reason, */
	__u8 action; /* and enum tw_action */
	__u8 _pad[3];
};
enum tw_flow_state { TW_FLOW_NEW, TW_FLOW_ESTABLISHED, TW_FLOW_CLOSING };
#define TW_FLOW_REPLY    0x1  /* from the one who was asked to the one who asked */
#define TW_FLOW_BALANCED 0x2  /* goes through a service */
#define TW_FLOW_OUTGOING 0x4  /* begun by a server of ours towards somebody else */
#define TW_FLOW_REFUSED  0x8  /* was accepted, a later policy refuses it */
#define TW_FLOW_LOCAL    0x10 /* ends at this node: only one direction comes in */

/* full-nat: what the source of a client's packet becomes, or the destination of a reply. */
struct tw_translation {
	union tw_addr addr;
	__u32 second; /* in which it was written */
	__u16 port;   /* host order */
	__u16 _pad;
};

struct tw_fragment_key {
	union tw_addr saddr, daddr;
	__u32 id;      /* as it stands in the packet */
	__u8 protocol; /* 0 for IPv6 */
	__u8 _pad[3];
};

#define TW_FRAGMENT_RANGES 8

struct tw_fragment_range { /* in units of eight bytes; `end` 0: none */
	__u16 start;
	__u16 end; /* the first behind it */
};

/* A datagram of which fragments have come. */
struct tw_fragment {
	__u16 sport, dport; /* of the first one: host order */
	__u8 protocol, flags, type, code;
	__u8 has_first; /* it was accepted */
	__u8 refused;   /* it was not */
	__u16 end;      /* of all of it, once the last one has come; 0: not yet */
	__u32 seen;     /* second of the one that came first */
	struct tw_fragment_range range[TW_FRAGMENT_RANGES]; /* what has come */
};

/* -- next hops: a small cache of the kernel's answers, per CPU, by hash of the address -- */
#define TW_NEXT_HOP_MS 10 /* so that changes of routes and neighbours are followed at once */
struct tw_next_hop {
	union tw_addr addr;
	__u32 ingress; /* ifindex: where the packet came in may decide the route */
	__u32 asked;   /* jiffies when the kernel said so, which is good for TW_NEXT_HOP_MS */
	__u32 ifindex;
	__u16 mtu;
	__u8 dmac[6], smac[6];
	__u16 _pad;
};

/* -- the kernel's answers to "is this address the node's own?", kept as next hops are -- */
struct tw_own_answer {
	union tw_addr addr;
	__u32 ingress;
	__u32 second;
	__u32 is_own;
	__u32 _pad;
};

/* -- meta ------------------------------------------------------------------ */
struct tw_meta {
	__u32 abi;
	__u32 _pad;
	__u64 loaded; /* seconds since the epoch */
	char version[48];
};

_Static_assert(sizeof(union tw_addr) == 16, "addr");
_Static_assert(sizeof(struct tw_counter) == 32, "counter");
_Static_assert(sizeof(struct tw_list) == 24, "list");
_Static_assert(sizeof(struct tw_policy) ==
		       32 + 2 * 24 + 8 + TW_FRONTS * 12 + 2 * 32 + TW_TUNNELS * 16 + 16 + 11 * 8,
	       "policy");
_Static_assert(sizeof(struct tw_ladder) == 32, "ladder");
_Static_assert(sizeof(struct tw_front) == 12, "front");
_Static_assert(sizeof(struct tw_address) == 32, "address");
_Static_assert(sizeof(struct tw_listen) == 8, "listen");
_Static_assert(sizeof(struct tw_service) == 104, "service");
_Static_assert(sizeof(struct tw_member) == 8, "member");
_Static_assert(sizeof(struct tw_server) == 120, "server");
_Static_assert(sizeof(struct tw_set_map) == 64, "set map");
_Static_assert(sizeof(struct tw_line4) == TW_LINE_BYTES, "line, IPv4");
_Static_assert(sizeof(struct tw_line64) == TW_LINE_BYTES, "line, IPv6 up to /64");
_Static_assert(sizeof(struct tw_line128) == TW_LINE_BYTES, "line, longer IPv6");
_Static_assert(sizeof(struct tw_trie_group) == 32, "group of a trie");
_Static_assert(sizeof(struct tw_set) <= TW_SET_HEAD_LINES * TW_LINE_BYTES, "set");
_Static_assert(sizeof(struct tw_flow_key4) == 16, "flow key, IPv4");
_Static_assert(sizeof(struct tw_flow_key6) == 40, "flow key, IPv6");
_Static_assert(sizeof(struct tw_flow) == 48, "flow");
_Static_assert(sizeof(struct tw_translation) == 24, "translation");
_Static_assert(sizeof(struct tw_fragment_key) == 40, "fragment key");
_Static_assert(sizeof(struct tw_fragment) == 48, "fragment");
_Static_assert(sizeof(struct tw_next_hop) == 48, "next hop");
_Static_assert(sizeof(struct tw_own_answer) == 32, "own answer");
_Static_assert(TW_REASON_COUNT <= 64, "rows of node");

#endif
