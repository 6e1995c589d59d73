/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Any bytes as a capture file: every packet lies within it, and reading ends. */
#include <stdlib.h>
#include <string.h>

#include "cli/pcap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pcap_packet packet;
	struct pcap pcap;
	uint32_t sum = 0;
	size_t packets = 0;

	if (pcap_open(&pcap, data, size))
		return 0;
	while (pcap_next(&pcap, &packet) > 0) {
		if (packet.captured > packet.length || ++packets > size)
			abort();
		for (uint32_t i = 0; i < packet.captured; i++)
			sum += packet.bytes[i];
	}
	return (int)(sum & 0);
}
