/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The small network around the node under test: its devices, and everybody who
 * sends to or receives from it, each with an IPv4 and an IPv6 address and the
 * MAC address under which the node sees them.
 *
 *   clients ── router ── wan │ node │ lan ── web1 web2 fixed1 app1
 *               edge1 ───────┤      │ dmz ── db1 db2
 *                            │      │ attic ── old1
 */
#ifndef TESTS_PACKET_TOPOLOGY_H
#define TESTS_PACKET_TOPOLOGY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum family { IPV4, IPV6 };

enum device {
	DEVICE_NONE,
	WAN,
	LAN,
	DMZ,
	ATTIC, /* its driver takes no frames from other devices */
	DEVICE_COUNT,
};

enum party {
	PARTY_NONE,
	CLIENT,   /* somebody in the internet; another address in every run */
	OFFICE,   /* the same, from the prefixes of the set @office */
	ATTACKER, /* the same, from the prefixes of the set @blocked */
	MONITOR,  /* a single host in the internet */
	OTHER,    /* neither client, server nor node */
	ROUTER,   /* the next hop towards all of these */
	NODE,
	NODE_LAN, /* its address among the servers */
	VIP,      /* addresses that services listen on */
	VIP2,
	VIP3,
	VIP4,
	WEB1,
	WEB2,
	APP1,
	FIXED1, /* has no neighbour entry: only `mac` and `device` lead to it */
	DB1,
	DB2,
	OLD1,
	EDGE1,    /* a server on the device where clients come in */
	QUIET1,   /* its MAC address is not known yet */
	LOST1,    /* a server for whose address there is no route */
	CHOSEN,   /* the one of WEB1 and WEB2 that the first packet of the row went to */
	UNCHOSEN, /* the other */
	PARTY_COUNT,
};

struct party_info {
	const char *name;
	const char *address[2]; /* by enum family */
	unsigned int spread;    /* how many addresses, from `address` on, take turns */
	enum device device;     /* on which the node reaches it */
	const char *mac;        /* of the next hop towards it; NULL: the router's */
};

const struct party_info *party_info(enum party party);
/* Writes the 4 or 16 bytes of its address in the given run and returns how many. */
size_t party_address(enum party party, enum family family, unsigned int run, uint8_t *out);
/* "02:00:00:00:00:01" */
void mac_parse(const char *text, uint8_t mac[6]);
void party_mac(enum party party, uint8_t mac[6]);
enum device party_device(enum party party);

const char *device_name(enum device device);
void device_mac(enum device device, uint8_t mac[6]);

/* Commands for `ip -batch`: the devices, then their addresses, routes and neighbours. */
void topology_print_links(FILE *out);
void topology_print_addresses(FILE *out);

#endif
