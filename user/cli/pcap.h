/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Capture files of tcpdump and others in their classic form: a header, then the packets
 * as they were captured (draft-ietf-opsawg-pcap).
 */
#ifndef TIERWALL_USER_PCAP_H
#define TIERWALL_USER_PCAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pcap {
	const uint8_t *data;
	size_t length, at;
	bool swapped; /* written on a machine of the other byte order */
	bool raw;     /* IP without Ethernet */
};

struct pcap_packet {
	const uint8_t *bytes; /* in the file's memory */
	uint32_t captured;    /* of them */
	uint32_t length;      /* that the packet had */
};

/* NULL: it is open; else what is wrong with it. */
const char *pcap_open(struct pcap *out, const void *data, size_t length);
/* 1: the next packet, 0: the end, -1: the file is cut off or damaged. */
int pcap_next(struct pcap *pcap, struct pcap_packet *out);

#endif
