/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Events as a capture file (draft-ietf-opsawg-pcapng): one section, an interface
 * description for each device at its first packet, an enhanced packet block for each
 * event, with reason and rule as its comment.  Everything in host byte order, which the
 * section header tells.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "monitor/monitor.h"

#define BLOCK_SECTION   0x0a0d0d0au
#define BLOCK_INTERFACE 1u
#define BLOCK_PACKET    6u
#define BYTE_ORDER_IS   0x1a2b3c4du
#define LINK_ETHERNET   1u
#define NANOSECONDS     9 /* if_tsresol: 10^-9 */

enum {
	OPTION_END = 0,
	OPTION_COMMENT = 1,
	OPTION_NAME = 2,        /* of an interface */
	OPTION_APPLICATION = 4, /* of a section */
	OPTION_VERDICT = 7,     /* of a packet */
	OPTION_RESOLUTION = 9,  /* of an interface */
};
#define VERDICT_XDP 2 /* what follows is an enum xdp_action */

/* A block while it is put together. */
struct block {
	FILE *out;
	char *bytes;
	size_t length;
};

static int block_begin(struct block *block)
{
	*block = (struct block){0};
	block->out = open_memstream(&block->bytes, &block->length);
	return block->out ? 0 : -ENOMEM;
}

static void put32(struct block *block, uint32_t number)
{
	fwrite(&number, sizeof(number), 1, block->out);
}

static void put16(struct block *block, uint16_t number)
{
	fwrite(&number, sizeof(number), 1, block->out);
}

/* Bytes, and zeros up to a multiple of four. */
static void put_padded(struct block *block, const void *bytes, size_t length)
{
	static const char zeros[4];

	fwrite(bytes, 1, length, block->out);
	fwrite(zeros, 1, -length & 3, block->out);
}

static void put_option(struct block *block, uint16_t code, const void *bytes, size_t length)
{
	if (length > UINT16_MAX)
		length = UINT16_MAX;
	put16(block, code);
	put16(block, (uint16_t)length);
	put_padded(block, bytes, length);
}

static int block_end(struct block *block, FILE *out, uint32_t type)
{
	uint32_t total;
	int result = 0;

	if (fclose(block->out)) {
		result = -ENOMEM;
	} else {
		total = (uint32_t)block->length + 12;
		fwrite(&type, sizeof(type), 1, out);
		fwrite(&total, sizeof(total), 1, out);
		fwrite(block->bytes, 1, block->length, out);
		fwrite(&total, sizeof(total), 1, out);
	}
	free(block->bytes);
	return result;
}

int pcapng_begin(struct pcapng *pcapng, FILE *out, uint32_t snap)
{
	char application[64];
	struct block block;

	*pcapng = (struct pcapng){.out = out, .snap = snap};
	if (block_begin(&block))
		return -ENOMEM;
	snprintf(application, sizeof(application), "tierwall %s", tierwall_version);
	put32(&block, BYTE_ORDER_IS);
	put16(&block, 1); /* version 1.0 */
	put16(&block, 0);
	put32(&block, UINT32_MAX); /* the section's length is not known */
	put32(&block, UINT32_MAX);
	put_option(&block, OPTION_APPLICATION, application, strlen(application));
	put_option(&block, OPTION_END, "", 0);
	return block_end(&block, out, BLOCK_SECTION);
}

static int write_interface(struct pcapng *pcapng, const char *name)
{
	const uint8_t resolution = NANOSECONDS;
	struct block block;

	if (block_begin(&block))
		return -ENOMEM;
	put16(&block, LINK_ETHERNET);
	put16(&block, 0);
	put32(&block, pcapng->snap);
	put_option(&block, OPTION_NAME, name, strlen(name));
	put_option(&block, OPTION_RESOLUTION, &resolution, 1);
	put_option(&block, OPTION_END, "", 0);
	return block_end(&block, pcapng->out, BLOCK_INTERFACE);
}

/* The file's number of the device that an event came in by, described if it is new. */
static int find_interface(struct pcapng *pcapng, const struct sighting *sighting, uint32_t *index)
{
	uint32_t ifindex = sighting->event->ifindex;

	for (*index = 0; *index < pcapng->devices; ++*index)
		if (pcapng->ifindex[*index] == ifindex)
			return 0;
	if (pcapng->devices == PCAPNG_DEVICES)
		return -ENOSPC;
	pcapng->ifindex[pcapng->devices++] = ifindex;
	return write_interface(pcapng, sighting->device);
}

static void put_verdict(struct block *block, const struct tw_event *event)
{
	uint64_t verdict = event->kind & TW_EVENT_DROP ? XDP_DROP : XDP_PASS;
	uint8_t value[9] = {VERDICT_XDP};

	memcpy(&value[1], &verdict, sizeof(verdict));
	put_option(block, OPTION_VERDICT, value, sizeof(value));
}

static int put_comment(struct block *block, const struct sighting *sighting)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	int result;

	if (!out)
		return -ENOMEM;
	result = sighting_print_cause(out, sighting);
	if (fclose(out))
		result = -ENOMEM;
	if (!result)
		put_option(block, OPTION_COMMENT, text, length);
	free(text);
	return result;
}

int pcapng_write(struct pcapng *pcapng, const struct sighting *sighting)
{
	const struct tw_event *event = sighting->event;
	struct block block;
	uint32_t index;
	int result = find_interface(pcapng, sighting, &index), ended;

	if (!result)
		result = block_begin(&block);
	if (result)
		return result;
	put32(&block, index);
	put32(&block, (uint32_t)(sighting->time >> 32));
	put32(&block, (uint32_t)sighting->time);
	put32(&block, event->captured);
	put32(&block, event->length);
	put_padded(&block, sighting->frame, event->captured);
	result = put_comment(&block, sighting);
	put_verdict(&block, event);
	put_option(&block, OPTION_END, "", 0);
	ended = block_end(&block, pcapng->out, BLOCK_PACKET);
	return result ? result : ended;
}
