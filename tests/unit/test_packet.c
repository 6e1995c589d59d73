/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The packet code that is shared with the data path: TCP flags against the list of
 * RFC 9293's combinations, checksum updates against sums made anew, the parser at
 * every length of a frame, the quick look at plain packets against the parser.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tierwall/checksum.h"
#include "tierwall/plain.h"

static uint16_t checksum(const uint8_t *bytes, size_t length)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)bytes[i] | (uint32_t)bytes[i + 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Zero has two forms in ones' complement. */
static bool same_sum(uint16_t a, uint16_t b)
{
	return a == b || (a == 0 && b == 0xffff) || (a == 0xffff && b == 0);
}

static void an_updated_checksum_is_the_checksum_of_the_changed_bytes(void **state)
{
	uint8_t bytes[40];

	(void)state;
	srand(1624);
	for (int round = 0; round < 100000; round++) {
		union tw_addr before, after;
		uint16_t check, port_before, port_after;
		uint64_t change;

		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)(round % 7 ? rand() : rand() % 2 * 255);
		check = checksum(bytes, sizeof(bytes));
		memcpy(&before, bytes, 16);
		memcpy(&port_before, bytes + 16, 2);
		for (size_t i = 0; i < 16; i++)
			after.bytes[i] = (uint8_t)rand();
		port_after = (uint16_t)rand();
		memcpy(bytes, &after, 16);
		memcpy(bytes + 16, &port_after, 2);
		change = tw_checksum_change_addr(0, &before, &after, 1);
		change = tw_checksum_change16(change, port_before, port_after);
		assert_true(
			same_sum(tw_checksum_apply(check, change), checksum(bytes, sizeof(bytes))));
	}
}

static void only_flags_that_a_tcp_sends_are_valid(void **state)
{
	static const uint8_t valid[] = {
		TW_SYN,          TW_SYN | TW_URG, TW_SYN | TW_ACK,          TW_RST,
		TW_RST | TW_ACK, TW_FIN | TW_ACK, TW_FIN | TW_ACK | TW_URG, TW_ACK,
		TW_ACK | TW_URG,
	};

	(void)state;
	for (int flags = 0; flags < 256; flags++) {
		bool expected = false;

		for (size_t i = 0; i < sizeof(valid); i++)
			expected |= (flags & ~(TW_PSH | 0xc0)) == valid[i];
		assert_int_equal(tw_tcp_flags_valid((uint8_t)flags) != 0, expected);
	}
}

/* Ethernet, IPv4, TCP SYN from 192.0.2.1:1025 to 198.51.100.2:80 */
static const uint8_t syn[] = {
	2, 0,  0,    0, 0,  1, 2, 0, 0,   0, 0,    2,    0x08, 0x00, 0x45, 0x28, 0, 40,
	0, 1,  0x40, 0, 64, 6, 0, 0, 192, 0, 2,    1,    198,  51,   100,  2,    4, 1,
	0, 80, 0,    0, 0,  1, 0, 0, 0,   0, 0x50, 0x02, 0x10, 0,    0,    0,    0, 0,
};

/*
 * A copy of the frame's first bytes in a block of its own, so that the sanitizer sees
 * the first byte too many; the IP header is aligned as drivers align it.
 */
static uint8_t *copy_frame(uint8_t **block, size_t length)
{
	*block = malloc(length + 2);
	assert_non_null(*block);
	memcpy(*block + 2, syn, length);
	return *block + 2;
}

static void a_frame_is_parsed_into_its_fields(void **state)
{
	uint8_t *block, *frame = copy_frame(&block, sizeof(syn));
	struct tw_packet p;

	(void)state;
	assert_int_equal(tw_parse(&p, frame, frame + sizeof(syn), sizeof(syn)), TW_PARSED);
	assert_int_equal(p.faults, 0);
	assert_int_equal(p.sport, 1025);
	assert_int_equal(p.dport, 80);
	assert_int_equal(p.protocol, IPPROTO_TCP);
	assert_int_equal(p.flags, TW_SYN);
	assert_int_equal(p.ttl, 64);
	assert_int_equal(p.dscp, 10);
	assert_int_equal(p.length, 40);
	assert_int_equal(p.l3, 14);
	assert_int_equal(p.l4, 34);
	assert_int_equal(p.saddr.bytes[12], 192);
	assert_int_equal(p.daddr.bytes[15], 2);
	assert_false(p.may_fragment);
	free(block);
}

static void a_frame_cut_anywhere_is_malformed_and_not_read_beyond(void **state)
{
	const size_t ip_ends = 34;
	struct tw_packet p;

	(void)state;
	for (size_t length = 0; length < sizeof(syn); length++) {
		uint8_t *block, *frame = copy_frame(&block, length);

		assert_int_equal(tw_parse(&p, frame, frame + length, (uint32_t)length),
				 length < ip_ends ? TW_PARSED_NOT : TW_PARSED);
		assert_int_equal(tw_fault_reason(p.faults), TW_REASON_MALFORMED);
		assert_int_equal(p.headless, length >= ip_ends);
		assert_int_equal(p.sport, 0);
		free(block);
	}
}

/* -- plain packets -------------------------------------------------------------------- */

/* Ethernet, IPv6, UDP from [2001:db8::1]:1025 to [2001:db8:1::2]:53, traffic class 0x28 */
static const uint8_t query[] = {
	2, 0,  0,  0,  0,  1,    2,  0,    0, 0, 0, 2, 0x86, 0xdd, 0x62, 0x80, 0, 0,
	0, 16, 17, 64, 32, 1,    13, 0xb8, 0, 0, 0, 0, 0,    0,    0,    0,    0, 0,
	0, 1,  32, 1,  13, 0xb8, 0,  1,    0, 0, 0, 0, 0,    0,    0,    0,    0, 2,
	4, 1,  0,  53, 0,  16,   0,  0,    1, 2, 3, 4, 5,    6,    7,    8,
};

enum { PLAIN_ROOM = 96 };

struct plain_frame {
	uint8_t room[PLAIN_ROOM];
	size_t length;
};

/* Is the frame plain?  What is so must be the same to the parser, and without a fault. */
static bool look_at(const struct plain_frame *frame)
{
	uint8_t *block = malloc(frame->length + 2), *first = block + 2; /* as in copy_frame() */
	struct tw_packet plain, parsed;
	bool is_plain;

	assert_non_null(block);
	memcpy(first, frame->room, frame->length);
	memset(&plain, 0xa5, sizeof(plain));
	is_plain = tw_parse_plain(&plain, first, first + frame->length);
	if (is_plain) {
		assert_int_equal(
			tw_parse(&parsed, first, first + frame->length, (uint32_t)frame->length),
			TW_PARSED);
		assert_int_equal(parsed.faults, 0);
		assert_memory_equal(&plain, &parsed, sizeof(plain));
	}
	free(block);
	return is_plain;
}

static struct plain_frame frame_of(const uint8_t *bytes, size_t size, size_t padding)
{
	struct plain_frame frame = {.length = size + padding};

	memcpy(frame.room, bytes, size);
	return frame;
}

static void both_families_are_plain_with_padding_and_without(void **state)
{
	(void)state;
	for (size_t padding = 0; padding < 20; padding++) {
		struct plain_frame v4 = frame_of(syn, sizeof(syn), padding);
		struct plain_frame v6 = frame_of(query, sizeof(query), padding);

		assert_true(look_at(&v4));
		assert_true(look_at(&v6));
	}
}

static void what_is_cut_is_not_plain(void **state)
{
	(void)state;
	for (size_t length = 0; length < sizeof(query); length++) {
		struct plain_frame v4 = frame_of(syn, length < sizeof(syn) ? length : 0, 0);
		struct plain_frame v6 = frame_of(query, length, 0);

		assert_false(look_at(&v4));
		assert_false(look_at(&v6));
	}
}

/* Every value of every byte, then pairs of them at random: nothing is plain to one parser only. */
static void a_changed_byte_is_plain_to_both_or_left_to_the_parser(void **state)
{
	size_t still = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(query); i++)
		for (int value = 0; value < 256; value++) {
			struct plain_frame v4 = frame_of(syn, sizeof(syn), 8);
			struct plain_frame v6 = frame_of(query, sizeof(query), 8);

			v4.room[i] = v6.room[i] = (uint8_t)value;
			still += look_at(&v4);
			still += look_at(&v6);
		}
	assert_true(still > sizeof(query) * 256); /* addresses, ports and such may be any */
	srand(45);
	for (int round = 0; round < 1000000; round++) {
		struct plain_frame frame = round % 2 ? frame_of(syn, sizeof(syn), 8)
						     : frame_of(query, sizeof(query), 8);

		for (int change = 0; change < 3; change++)
			frame.room[(size_t)rand() % frame.length] =
				(uint8_t)(rand() % 3 ? rand() : rand() % 2 * 255);
		look_at(&frame);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_updated_checksum_is_the_checksum_of_the_changed_bytes),
		cmocka_unit_test(only_flags_that_a_tcp_sends_are_valid),
		cmocka_unit_test(a_frame_is_parsed_into_its_fields),
		cmocka_unit_test(a_frame_cut_anywhere_is_malformed_and_not_read_beyond),
		cmocka_unit_test(both_families_are_plain_with_padding_and_without),
		cmocka_unit_test(what_is_cut_is_not_plain),
		cmocka_unit_test(a_changed_byte_is_plain_to_both_or_left_to_the_parser),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
