/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reads classic capture files out of memory. */
#include <string.h>

#include "cli/pcap.h"

#define MAGIC_MICROSECONDS 0xa1b2c3d4u
#define MAGIC_NANOSECONDS  0xa1b23c4du
#define MAGIC_PCAPNG       0x0a0d0d0au
#define FILE_HEADER        24
#define PACKET_HEADER      16
#define PACKET_MAX         (1u << 18) /* tcpdump's largest snapshot */
#define LINK_ETHERNET      1
#define LINK_RAW           101
#define LINK_RAW_BSD       12 /* what LINK_RAW was once written as */

static uint32_t number(const struct pcap *pcap, size_t at)
{
	uint32_t value;

	memcpy(&value, pcap->data + at, sizeof(value));
	return pcap->swapped ? __builtin_bswap32(value) : value;
}

static bool is_magic(uint32_t value)
{
	return value == MAGIC_MICROSECONDS || value == MAGIC_NANOSECONDS;
}

const char *pcap_open(struct pcap *out, const void *data, size_t length)
{
	uint32_t link;

	*out = (struct pcap){.data = data, .length = length, .at = FILE_HEADER};
	if (length >= 4 && number(out, 0) == MAGIC_PCAPNG)
		return "a pcapng file: `tcpdump -r FILE -w NEW` makes the classic form of it";
	if (length < FILE_HEADER)
		return "too short for a capture file";
	if (!is_magic(number(out, 0)))
		out->swapped = true;
	if (!is_magic(number(out, 0)))
		return "no capture file: tcpdump -w writes those";
	link = number(out, 20) & 0xffff;
	out->raw = link == LINK_RAW || link == LINK_RAW_BSD;
	if (link != LINK_ETHERNET && !out->raw)
		return "neither of Ethernet frames nor of IP packets";
	return NULL;
}

int pcap_next(struct pcap *pcap, struct pcap_packet *out)
{
	size_t left = pcap->length - pcap->at;

	if (!left)
		return 0;
	if (left < PACKET_HEADER)
		return -1;
	out->captured = number(pcap, pcap->at + 8);
	out->length = number(pcap, pcap->at + 12);
	out->bytes = pcap->data + pcap->at + PACKET_HEADER;
	if (out->captured > PACKET_MAX || out->captured > left - PACKET_HEADER ||
	    out->length < out->captured)
		return -1;
	pcap->at += PACKET_HEADER + out->captured;
	return 1;
}
