/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Classic capture files, of both byte orders, whole and damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/pcap.h"

#define HEADER 24
#define PACKET 16

static uint8_t file[256];
static size_t length;
static bool swapped;

static void put(uint32_t value)
{
	value = swapped ? __builtin_bswap32(value) : value;
	memcpy(file + length, &value, sizeof(value));
	length += sizeof(value);
}

static void begin(uint32_t magic, uint32_t link, bool other_order)
{
	length = 0;
	swapped = other_order;
	memset(file, 0, sizeof(file));
	put(magic);
	length = HEADER - 4;
	put(link);
}

static void add(uint8_t first, uint32_t captured, uint32_t original)
{
	put(1);
	put(2);
	put(captured);
	put(original);
	file[length] = first;
	length += captured;
}

/* A block of its own, so that a byte too far is found. */
static const char *open_copy(struct pcap *pcap, uint8_t **copy)
{
	*copy = malloc(length + 1);
	assert_non_null(*copy);
	*copy = realloc(*copy, length ? length : 1);
	memcpy(*copy, file, length);
	return pcap_open(pcap, *copy, length);
}

static void packets_come_in_their_order(void **state)
{
	(void)state;
	for (int order = 0; order < 2; order++) {
		struct pcap_packet packet;
		struct pcap pcap;
		uint8_t *copy;

		begin(order ? 0xa1b23c4d : 0xa1b2c3d4, 1, order);
		add(0x11, 20, 60);
		add(0x22, 14, 14);
		assert_null(open_copy(&pcap, &copy));
		assert_false(pcap.raw);
		assert_int_equal(pcap_next(&pcap, &packet), 1);
		assert_int_equal(packet.captured, 20);
		assert_int_equal(packet.length, 60);
		assert_int_equal(packet.bytes[0], 0x11);
		assert_int_equal(pcap_next(&pcap, &packet), 1);
		assert_int_equal(packet.bytes[0], 0x22);
		assert_int_equal(pcap_next(&pcap, &packet), 0);
		free(copy);
	}
}

static void a_packet_that_is_cut_off_is_none(void **state)
{
	struct pcap_packet packet;
	struct pcap pcap;
	uint8_t *copy;

	(void)state;
	for (size_t missing = 1; missing < PACKET + 20; missing++) {
		begin(0xa1b2c3d4, 1, false);
		add(0x11, 20, 20);
		length -= missing;
		assert_null(open_copy(&pcap, &copy));
		assert_int_equal(pcap_next(&pcap, &packet), -1);
		free(copy);
	}
}

static void lengths_without_sense_are_refused(void **state)
{
	static const uint32_t lengths[][2] = {
		{20, 19}, {0xffffffff, 0xffffffff}, {1 << 19, 1 << 19}};
	struct pcap_packet packet;
	struct pcap pcap;
	uint8_t *copy;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		begin(0xa1b2c3d4, 1, false);
		add(0x11, 20, 20);
		length -= 28;
		put(lengths[i][0]);
		put(lengths[i][1]);
		length += 20;
		assert_null(open_copy(&pcap, &copy));
		assert_int_equal(pcap_next(&pcap, &packet), -1);
		free(copy);
	}
}

static void raw_packets_are_told_from_frames(void **state)
{
	struct pcap pcap;
	uint8_t *copy;

	(void)state;
	begin(0xa1b2c3d4, 101, false);
	assert_null(open_copy(&pcap, &copy));
	assert_true(pcap.raw);
	free(copy);
}

static void others_are_refused_with_what_they_are(void **state)
{
	struct pcap pcap;
	const char *said;
	uint8_t *copy;

	(void)state;
	begin(0x0a0d0d0a, 1, false);
	said = open_copy(&pcap, &copy);
	assert_non_null(said);
	assert_non_null(strstr(said, "pcapng"));
	free(copy);
	begin(0x12345678, 1, false);
	assert_non_null(open_copy(&pcap, &copy));
	free(copy);
	begin(0xa1b2c3d4, 113, false);
	assert_non_null(open_copy(&pcap, &copy));
	free(copy);
	for (length = 0; length < HEADER;) {
		size_t now = length;

		begin(0xa1b2c3d4, 1, false);
		length = now;
		assert_non_null(open_copy(&pcap, &copy));
		free(copy);
		length = now + 1;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_come_in_their_order),
		cmocka_unit_test(a_packet_that_is_cut_off_is_none),
		cmocka_unit_test(lengths_without_sense_are_refused),
		cmocka_unit_test(raw_packets_are_told_from_frames),
		cmocka_unit_test(others_are_refused_with_what_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
