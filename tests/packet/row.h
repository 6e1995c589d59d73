/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Tests as tables.  A row is a sentence and the frames that prove it: each step
 * sends one, and says the verdict, the frame that comes out and every counter
 * that moves; a counter that is not named must not move.  A row is run for IPv4
 * and IPv6, each with no, one and two VLAN tags.
 */
#ifndef TESTS_PACKET_ROW_H
#define TESTS_PACKET_ROW_H

#include <linux/bpf.h>

#include "answer.h"
#include "frame.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* Which variants a row is not run in. */
enum only {
	ONLY_IPV4 = 1 << 0,
	ONLY_IPV6 = 1 << 1,
	UNTAGGED = 1 << 2,
};

enum flow { NO_FLOW, BEGINS_FLOW, MAY_BEGIN_FLOW };

/* How the frame that comes out differs from the one that went in. */
struct change {
	enum party from, to; /* whose IP address stands there now */
	uint16_t from_port, to_port;
	enum party via; /* the next hop; by default the new `to`, or in a reply its receiver */
	bool same_ttl;
	const struct packet *quotes; /* what the quote of an ICMP error is now */
};

#define MOVES_MAX 6
#define STEPS_MAX 8

struct step {
	/*
	 * Done before the frame is sent: words for `tierwall`, or "apply" for the
	 * subject's second configuration.
	 */
	const char *before;
	struct packet in; /* where it is empty, nothing is sent */
	enum xdp_action verdict;
	const char *reason; /* of a drop; "a|b": either */
	enum answer
		answer;    /* of a drop by `reject`: the verdict is then what the answer makes it */
	struct change out; /* of a frame that is sent on */
	enum flow flow;
	/*
	 * Rules, defaults, services and servers that count the frame.  A leading '?': may
	 * count it; CHOSEN and UNCHOSEN in a path are servers' names; services count new flows too.
	 */
	const char *moves[MOVES_MAX];
};

struct row {
	const char *sentence;
	unsigned int only; /* enum only */
	struct step steps[STEPS_MAX];
};

/* One subject is one file of rows and the configuration that they are run with. */
struct subject {
	const char *name;
	const char *configuration;
	const char *second; /* for steps that say "apply"; the first comes back after the row */
	const struct row *rows;
	size_t count;
	/* Rows that are made by a function; NULL: none.  The rest of the fields is then empty. */
	int (*run)(void);
};

/* What most configurations begin with. */
#define INTERFACES "interface wan\ninterface lan\ninterface dmz\ninterface attic\n"
#define HASH_KEY   "hash-key 000102030405060708090a0b0c0d0e0f\n"
#define SETS                                                    \
	"set office { 198.51.100.128/25, 2001:db8:c:1::/64 }\n" \
	"set blocked { 203.0.113.64/26, 2001:db8:bad::/48 }\n"
#define GUARD    "guard { drop from @blocked }\n"
#define PREAMBLE INTERFACES HASH_KEY SETS GUARD

#define TCP(from_party, to_party, port, tcp_flags)                                          \
	.protocol = IPPROTO_TCP, .from = (from_party), .to = (to_party), .to_port = (port), \
	.flags = (tcp_flags)
#define TCP_REPLY(from_party, to_party, port, tcp_flags)                                      \
	.protocol = IPPROTO_TCP, .from = (from_party), .to = (to_party), .from_port = (port), \
	.flags = (tcp_flags)
#define UDP(from_party, to_party, port) \
	.protocol = IPPROTO_UDP, .from = (from_party), .to = (to_party), .to_port = (port)
#define UDP_REPLY(from_party, to_party, port) \
	.protocol = IPPROTO_UDP, .from = (from_party), .to = (to_party), .from_port = (port)

struct node;
struct CMUnitTest;

/* Runs the rows of a subject under cmocka; returns how many failed. */
int subject_run(const struct subject *subject, struct node *on);
/* Runs one row in all its variants; fails the cmocka test that it is called from. */
void row_run(const struct row *row, const struct subject *subject);
/* The node that subject_run() was given, for subjects with a function. */
struct node *row_node(void);
/* A number that no variant before had: fresh ports and addresses. */
unsigned int row_fresh_run(void);
/* How many frames have been sent by rows. */
unsigned long row_frames(void);
/* Applies a configuration or fails the test. */
void row_apply(const char *configuration);
/* Runs tests that share one configuration, which is applied before; returns how many failed. */
int row_run_group(const char *name, const struct CMUnitTest *tests, size_t count,
		  const char *configuration);

#endif
