/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Checksums after `nat`, for every value that one can have: 65,536 segments whose
 * checksums are all different, each compared with one that is computed in full.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "node.h"
#include "subjects.h"

static const char configuration[] = PREAMBLE "tier edge {\n"
					     "	server edge1 192.0.2.31 2001:db8:2::31\n"
					     "	firewall { default accept }\n"
					     "}\n"
					     "service front {\n"
					     "	listen 192.0.2.10 tcp port 443\n"
					     "	listen 2001:db8:2::10 tcp port 443\n"
					     "	listen 192.0.2.10 udp port 443\n"
					     "	listen 2001:db8:2::10 udp port 443\n"
					     "	tier edge\n"
					     "	port 8443\n"
					     "}\n";

/* Where the checksum is in the segment. */
static size_t checksum_offset(uint16_t protocol)
{
	return protocol == IPPROTO_TCP ? 16 : 6;
}

static void compare(const struct packet *in, const struct packet *out,
		    const struct variant *variant, unsigned int seen[2])
{
	static struct frame sent, expected;
	static struct outcome outcome;
	uint16_t sum;

	frame_build(&sent, in, variant);
	frame_build(&expected, out, variant);
	node_send(row_node(), &sent, &outcome);
	if (outcome.verdict != XDP_TX || outcome.length != expected.length ||
	    memcmp(outcome.bytes, expected.bytes, expected.length)) {
		printf("in:\n");
		frame_print(stdout, sent.bytes, sent.length, NULL);
		printf("out, %s:\n", verdict_name(outcome.verdict));
		frame_print(stdout, outcome.bytes, outcome.length, &expected);
		fail_msg("the first word of the data is %08x", in->word);
	}
	sum = get16(expected.bytes + expected.transport + checksum_offset(in->protocol));
	seen[0] += sum == 0;
	seen[1] += sum == 0xffff;
}

/* Both directions of one flow, with every first word that the data may have. */
static void sweep(uint16_t protocol)
{
	for (enum family family = IPV4; family <= IPV6; family++) {
		struct variant variant = {.family = family, .run = row_fresh_run()};
		struct packet request = {.protocol = protocol,
					 .from = CLIENT,
					 .to = VIP,
					 .to_port = 443,
					 .flags = ACK,
					 .payload = 5};
		struct packet answer = {.protocol = protocol,
					.from = EDGE1,
					.to = CLIENT,
					.from_port = 8443,
					.flags = ACK,
					.payload = 5};
		struct packet request_out = request, answer_out = answer;
		unsigned int seen[2] = {0, 0};

		request_out.to = request_out.via = EDGE1;
		request_out.to_port = 8443;
		answer_out.from = VIP;
		answer_out.via = CLIENT;
		answer_out.from_port = 443;
		request_out.ttl = answer_out.ttl = 63;
		for (uint32_t word = 0x10000; word < 0x20000; word++) {
			request.word = request_out.word = answer.word = answer_out.word = word;
			compare(&request, &request_out, &variant, seen);
			compare(&answer, &answer_out, &variant, seen);
		}
		/* The sweep has met the special values: 0 in TCP, and in UDP ffff in its place. */
		assert_true(seen[protocol == IPPROTO_TCP ? 0 : 1] >= 2);
		assert_int_equal(seen[protocol == IPPROTO_TCP ? 1 : 0], 0);
	}
}

static void every_tcp_checksum(void **state)
{
	(void)state;
	sweep(IPPROTO_TCP);
}

static void every_udp_checksum(void **state)
{
	(void)state;
	sweep(IPPROTO_UDP);
}

static int run(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_tcp_checksum),
		cmocka_unit_test(every_udp_checksum),
	};

	return row_run_group(subject_checksum.name, tests, ARRAY_SIZE(tests), configuration);
}

const struct subject subject_checksum = {
	.name = "checksums",
	.run = run,
	.count = 2,
};
