/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kinds of change behind mutate(): one function each. */
#include <string.h>

#include "mutate.h"

#define LENGTH_MIN 14   /* BPF_PROG_TEST_RUN takes no less than an Ethernet header */
#define HEADERS    120  /* where most changes go */
#define ROOM       1600 /* no change makes a frame longer */

static bool is_ipv6(const struct frame *frame)
{
	return frame->bytes[frame->network] >> 4 == 6;
}

/* A place in the headers, with `size` bytes from there on. */
static uint8_t *header_place(struct frame *frame, struct random *random, size_t size)
{
	size_t end = frame->length < HEADERS ? frame->length : HEADERS;

	return frame->bytes + random_below(random, end - size + 1);
}

/* Inserts zeroes; the headers behind move. */
static uint8_t *insert(struct frame *frame, size_t at, size_t length)
{
	if (at > frame->length || frame->length + length > ROOM)
		return NULL;
	memmove(frame->bytes + at + length, frame->bytes + at, frame->length - at);
	memset(frame->bytes + at, 0, length);
	frame->length += length;
	return frame->bytes + at;
}

static void flip_bit(struct frame *frame, const struct frame *other, struct random *random)
{
	(void)other;
	*header_place(frame, random, 1) ^= 1 << random_below(random, 8);
}

static void set_byte(struct frame *frame, const struct frame *other, struct random *random)
{
	(void)other;
	*header_place(frame, random, 1) = random_next(random);
}

static void set_word(struct frame *frame, const struct frame *other, struct random *random)
{
	static const uint16_t words[] = {0,      1,      7,      8,      19,     20,     39,
					 40,     0x1fff, 0x2000, 0x2001, 0x7fff, 0x8000, 0xfff8,
					 0xfff9, 0xffff, 0x0800, 0x86dd, 0x8100, 0x88a8};

	(void)other;
	set16(header_place(frame, random, 2),
	      words[random_below(random, sizeof(words) / sizeof(words[0]))]);
}

static void truncate_frame(struct frame *frame, const struct frame *other, struct random *random)
{
	(void)other;
	frame->length = LENGTH_MIN + random_below(random, frame->length - LENGTH_MIN + 1);
}

static void extend(struct frame *frame, const struct frame *other, struct random *random)
{
	uint8_t *bytes = insert(frame, frame->length, random_below(random, 64));

	(void)other;
	for (uint8_t *end = frame->bytes + frame->length; bytes && bytes < end; bytes++)
		*bytes = random_next(random);
}

/* IP's length field: a little wrong, or anything. */
static void length_field(struct frame *frame, const struct frame *other, struct random *random)
{
	uint8_t *field = frame->bytes + frame->network + (is_ipv6(frame) ? 4 : 2);

	(void)other;
	if (random_below(random, 4))
		set16(field, get16(field) + random_below(random, 33) - 16);
	else
		set16(field, random_next(random));
}

static void first_byte(struct frame *frame, const struct frame *other, struct random *random)
{
	(void)other;
	frame->bytes[frame->network] = random_next(random);
}

static void protocol(struct frame *frame, const struct frame *other, struct random *random)
{
	static const uint8_t protocols[] = {0,  1,  2,  4,  6,  17,  41,  43,  44,  47,  50,
					    51, 58, 59, 60, 89, 132, 135, 139, 140, 253, 255};

	(void)other;
	frame->bytes[frame->network + (is_ipv6(frame) ? 6 : 9)] =
		protocols[random_below(random, sizeof(protocols))];
}

static void ttl(struct frame *frame, const struct frame *other, struct random *random)
{
	static const uint8_t values[] = {0, 1, 2, 254, 255};

	(void)other;
	frame->bytes[frame->network + (is_ipv6(frame) ? 7 : 8)] =
		values[random_below(random, sizeof(values))];
}

/* IPv4's fragment field, or a fragment header. */
static void fragment(struct frame *frame, const struct frame *other, struct random *random)
{
	uint16_t field = random_below(random, 2) ? random_below(random, 16) : random_next(random);
	uint8_t *ip = frame->bytes + frame->network, *header;

	(void)other;
	if (!is_ipv6(frame)) {
		set16(ip + 6, field | random_below(random, 2) << 13);
		return;
	}
	header = insert(frame, frame->network + 40, 8);
	if (!header)
		return;
	header[0] = ip[6];
	ip[6] = IPPROTO_FRAGMENT;
	set16(header + 2, field << 3 | random_below(random, 2));
	header[7] = random_below(random, 4);
	set16(ip + 4, get16(ip + 4) + 8);
}

static void add_tag(struct frame *frame, const struct frame *other, struct random *random)
{
	uint8_t *tag = insert(frame, 12, 4);

	(void)other;
	if (!tag)
		return;
	set16(tag, random_below(random, 2) ? 0x8100 : 0x88a8);
	set16(tag + 2, random_next(random));
	frame->network += 4;
	frame->transport += 4;
}

/* One more IPv6 extension header, or a few words of IPv4 options. */
static void extension(struct frame *frame, const struct frame *other, struct random *random)
{
	static const uint8_t types[] = {IPPROTO_HOPOPTS,
					IPPROTO_ROUTING,
					IPPROTO_DSTOPTS,
					IPPROTO_AH,
					IPPROTO_FRAGMENT,
					135,
					139,
					140};
	uint8_t *ip = frame->bytes + frame->network, *header;
	bool v6 = is_ipv6(frame);
	size_t length = v6 ? 8 * (1 + random_below(random, 4)) : 4 * random_below(random, 4);

	(void)other;
	header = insert(frame, frame->network + (v6 ? 40 : 20), length);
	if (!header)
		return;
	frame->transport += length;
	if (!v6) {
		ip[0] += length / 4;
		set16(ip + 2, get16(ip + 2) + length);
		return;
	}
	header[0] = ip[6];
	header[1] = random_below(random, 8) ? length / 8 - 1 : random_next(random);
	ip[6] = types[random_below(random, sizeof(types))];
	set16(ip + 4, get16(ip + 4) + length);
}

/* The head of one frame and the tail of another. */
static void splice(struct frame *frame, const struct frame *other, struct random *random)
{
	size_t at = random_below(random, frame->length);

	if (at >= other->length || other->length > ROOM)
		return;
	memcpy(frame->bytes + at, other->bytes + at, other->length - at);
	frame->length = other->length;
}

static void swap_bytes(uint8_t *a, uint8_t *b, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		uint8_t byte = a[i];

		a[i] = b[i];
		b[i] = byte;
	}
}

/* What the receiver might answer: addresses and ports exchanged. */
static void answer(struct frame *frame, const struct frame *other, struct random *random)
{
	uint8_t *ip = frame->bytes + frame->network, *ports = frame->bytes + frame->transport;
	size_t size = is_ipv6(frame) ? 16 : 4, first = is_ipv6(frame) ? 8 : 12;

	(void)other, (void)random;
	swap_bytes(ip + first, ip + first + size, size);
	swap_bytes(ports, ports + 2, 2);
}

static void transport_byte(struct frame *frame, const struct frame *other, struct random *random)
{
	(void)other;
	frame->bytes[frame->transport + random_below(random, 20)] = random_next(random);
}

void mutate(struct frame *frame, const struct frame *other, struct random *random)
{
	static void (*const kinds[])(struct frame *, const struct frame *, struct random *) = {
		flip_bit,       flip_bit, set_byte,     set_word,
		truncate_frame, extend,   length_field, first_byte,
		protocol,       ttl,      fragment,     add_tag,
		extension,      splice,   answer,       transport_byte,
	};

	kinds[random_below(random, sizeof(kinds) / sizeof(kinds[0]))](frame, other, random);
	if (frame->length < LENGTH_MIN)
		frame->length = LENGTH_MIN;
}

void mutate_sender(struct frame *frame, struct random *random)
{
	uint8_t *ip = frame->bytes + frame->network, *ports = frame->bytes + frame->transport;

	ip[is_ipv6(frame) ? 23 : 15] ^= random_below(random, 16);
	ports[1] ^= random_below(random, 16);
}

void mutate_random(struct frame *frame, struct random *random)
{
	frame->length = LENGTH_MIN + random_below(random, 180);
	for (size_t i = 0; i < frame->length; i++)
		frame->bytes[i] = random_next(random);
	if (random_below(random, 4)) {
		bool v6 = random_below(random, 2);

		set16(frame->bytes + 12, v6 ? 0x86dd : 0x0800);
		frame->bytes[14] = v6 ? 0x60 : 0x45;
	}
}
