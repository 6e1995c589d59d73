/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Frames from descriptions.  A struct packet says what matters in a test; all
 * else (lengths, checksums, MAC addresses, a fresh port) is filled in rightly,
 * unless a field of the last group asks for a particular mistake.
 */
#ifndef TESTS_PACKET_FRAME_H
#define TESTS_PACKET_FRAME_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "topology.h"

#define FRAME_MAX  10240
#define FRESH_PORT 20000 /* the fresh port of run 0 */

/* Ports that stand for others. */
#define FRESH_PORT_HERE 65001 /* the run's fresh one, where 0 means something else */
#define ASSIGNED        65002 /* the one that the node has chosen for the row's flow */

enum tcp_flags {
	FIN = 0x01,
	SYN = 0x02,
	RST = 0x04,
	PSH = 0x08,
	ACK = 0x10,
	URG = 0x20,
	ECE = 0x40,
	CWR = 0x80,
};

/* Echo request and reply of whichever family the frame is built for. */
enum { PING = 0x100, PONG };

/* IPv6 extension headers; 0 ends a list of them. */
enum extension {
	EXTENSION_END,
	HOP_BY_HOP,
	ROUTING,
	DESTINATION,
	AUTHENTICATION,
	WHOLE_FRAGMENT, /* a fragment header for a packet in one piece (RFC 6946) */
	FRAGMENT_HERE,  /* where a fragment's header stands; by default it is the last */
};
#define EXTENSIONS_MAX 40

#define TTL_ZERO 0x100 /* in struct packet a `ttl` of 0 stands for 64 */

struct packet {
	enum device device;  /* where it comes in; by default where `from` is */
	enum party from, to; /* whose addresses it has */
	enum party via;      /* goes out: to this party's MAC, from that device's own */
	uint16_t ethertype;  /* not IP: `payload` bytes follow */

	uint16_t protocol;           /* IPPROTO_*, PING or PONG */
	uint16_t from_port, to_port; /* or ICMP id; 0: the run's fresh one */
	uint8_t flags;               /* of TCP */
	uint8_t type, code;          /* of ICMP */
	uint16_t ttl;
	uint8_t dscp;
	uint16_t payload;                   /* bytes */
	uint32_t word;                      /* the first 4 of them, in host order */
	const struct packet *quotes;        /* they are the first bytes of this IP packet */
	uint8_t options;                    /* IPv4: in words of 4 bytes */
	uint8_t tcp_options;                /* in words of 4 bytes */
	uint8_t extensions[EXTENSIONS_MAX]; /* IPv6: enum extension */
	uint16_t fragment_offset; /* in units of 8 bytes; beyond 0 there is no TCP or UDP header */
	bool more_fragments;
	bool dont_fragment;
	uint8_t extra_tags; /* VLAN tags besides those of the variant */
	bool priority_tags; /* these have no VLAN's number */
	uint8_t padding;    /* bytes behind the IP packet */

	const char *source_mac, *destination_mac;
	const char *source, *destination; /* instead of the addresses of from and to */
	bool udp_without_checksum;
	uint8_t version;
	int8_t header_words;     /* added to the IPv4 header's length field */
	int8_t tcp_header_words; /* added to the TCP header's length field */
	int8_t extension_units;  /* added to the length field of the last extension header */
	int32_t total_length;    /* added to the length field of IP */
	int32_t udp_length;      /* added to the length field of UDP */
	uint16_t segment;        /* only so many bytes of the segment; IP's lengths fit */
	uint16_t cut;            /* so many bytes are missing at the end; no length tells */
};

/* What one row of a table is run as. */
struct variant {
	enum family family;
	unsigned int tags; /* VLAN tags */
	unsigned int run;  /* gives fresh addresses, ports and ids */
	uint16_t assigned; /* which port ASSIGNED is; 0: not known yet */
	enum party chosen; /* who CHOSEN is; PARTY_NONE: not known yet */
};

struct frame {
	size_t length;
	size_t network; /* where the IP header starts */
	size_t transport;
	size_t linear; /* so many bytes are in the first buffer */
	enum device device;
	uint8_t bytes[FRAME_MAX];
};

void frame_build(struct frame *frame, const struct packet *packet, const struct variant *variant);
/* Who CHOSEN and UNCHOSEN are. */
enum party party_now(enum party party, const struct variant *variant);
uint16_t fresh_port(const struct variant *variant);

/* Prints both in hexadecimal, marking the bytes that differ; `expected` may be NULL. */
void frame_print(FILE *out, const uint8_t *bytes, size_t length, const struct frame *expected);

uint16_t get16(const uint8_t *at);
void set16(uint8_t *at, uint32_t value);
/* The Internet checksum (RFC 1071) in host order, going on from `sum`. */
uint16_t checksum(const uint8_t *bytes, size_t length, uint32_t sum);

#endif
