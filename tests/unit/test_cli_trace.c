/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * `tierwall trace`: the frame that goes in, and what the steps that come out say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <linux/bpf.h>

#include "cli/trace.h"
#include "tierwall/packet.h"

static struct packet_words words_of(const char *text)
{
	struct diagnostic diagnostic = {};
	struct packet_words words = {};

	if (packet_parse(&words, text, &diagnostic))
		fail_msg("%s", diagnostic.text);
	return words;
}

static struct trace_frame frame_of(const char *text)
{
	struct packet_words words = words_of(text);
	struct trace_frame frame;

	trace_frame_build(&frame, &words);
	return frame;
}

/* -- frames ---------------------------------------------------------------------------- */

/* The sum of 16-bit words as RFC 1071 has it; 0xffff over what holds its checksum. */
static uint16_t sum_of(const uint8_t *bytes, size_t length, uint32_t sum)
{
	for (size_t i = 0; i < length; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void assert_parsed(const struct trace_frame *frame, struct tw_packet *packet)
{
	memset(packet, 0, sizeof(*packet));
	assert_int_equal(
		tw_parse(packet, frame->bytes, frame->bytes + frame->length, frame->length),
		TW_PARSED);
	assert_int_equal(packet->faults, 0);
}

/* The transport checksum with the addresses in it, as all but ICMP of IPv4 have it. */
static void assert_transport_checksum(const struct trace_frame *frame)
{
	struct tw_packet packet;
	size_t addresses, length;
	uint32_t sum;

	assert_parsed(frame, &packet);
	addresses = packet.family ? packet.l3 + 8 : packet.l3 + 12;
	length = packet.l3 + packet.length - packet.l4;
	sum = packet.protocol + length;
	sum = sum_of(frame->bytes + addresses, packet.family ? 32 : 8, sum);
	assert_int_equal(sum_of(frame->bytes + packet.l4, length, sum), 0xffff);
}

static void assert_ipv4_checksum(const struct trace_frame *frame)
{
	assert_int_equal(sum_of(frame->bytes + 14, 20, 0), 0xffff);
}

static void tcp_is_a_syn_from_a_high_port(void **state)
{
	struct trace_frame frame = frame_of("tcp 198.51.100.7 203.0.113.10:443");
	struct tw_packet packet;

	(void)state;
	assert_parsed(&frame, &packet);
	assert_int_equal(packet.protocol, IPPROTO_TCP);
	assert_int_equal(packet.flags, TW_SYN);
	assert_int_equal(packet.sport, TRACE_SOURCE_PORT);
	assert_int_equal(packet.dport, 443);
	assert_int_equal(packet.length, 40);
	assert_int_equal(frame.length, 60);
	assert_ipv4_checksum(&frame);
	assert_transport_checksum(&frame);
}

static void what_is_said_is_taken(void **state)
{
	struct trace_frame frame = frame_of("tcp [2001:db8::7]:1234 [2001:db8:1::12]:80 flags ack");
	struct tw_packet packet;

	(void)state;
	assert_parsed(&frame, &packet);
	assert_int_equal(packet.family, 1);
	assert_int_equal(packet.flags, TW_ACK);
	assert_int_equal(packet.sport, 1234);
	assert_int_equal(packet.dport, 80);
	assert_int_equal(frame.length, 14 + 40 + 20);
	assert_transport_checksum(&frame);
}

static void udp_has_its_checksum(void **state)
{
	struct trace_frame ipv4 = frame_of("udp 198.51.100.7:53 203.0.113.10:53");
	struct trace_frame ipv6 = frame_of("udp [2001:db8::7]:53 [2001:db8::8]:53");

	(void)state;
	assert_ipv4_checksum(&ipv4);
	assert_transport_checksum(&ipv4);
	assert_transport_checksum(&ipv6);
}

static void icmp_is_an_echo_request(void **state)
{
	struct trace_frame ipv4 = frame_of("icmp 198.51.100.7 203.0.113.10");
	struct trace_frame ipv6 = frame_of("icmp6 2001:db8::7 2001:db8::8");
	struct tw_packet packet;

	(void)state;
	assert_parsed(&ipv4, &packet);
	assert_int_equal(packet.type, TW_ICMP_ECHO_REQUEST);
	assert_int_equal(sum_of(ipv4.bytes + packet.l4, 8, 0), 0xffff);
	assert_parsed(&ipv6, &packet);
	assert_int_equal(packet.type, TW_ICMP6_ECHO_REQUEST);
	assert_transport_checksum(&ipv6);
}

/* RFC 9260, appendix A, over the packet with its checksum left out. */
static void sctp_has_its_crc(void **state)
{
	struct trace_frame frame = frame_of("sctp 198.51.100.7:1 203.0.113.10:2");
	struct tw_packet packet;
	uint32_t crc = 0xffffffff, stored;
	uint8_t *header;

	(void)state;
	assert_parsed(&frame, &packet);
	assert_int_equal(packet.dport, 2);
	header = frame.bytes + packet.l4;
	stored = header[8] | header[9] << 8 | header[10] << 16 | (uint32_t)header[11] << 24;
	memset(header + 8, 0, 4);
	for (int i = 0; i < packet.length - 20; i++) {
		crc ^= header[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
	}
	assert_int_equal(stored, ~crc);
}

static void other_protocols_have_a_payload(void **state)
{
	struct trace_frame frame = frame_of("47 198.51.100.7 203.0.113.10");
	struct tw_packet packet;

	(void)state;
	assert_parsed(&frame, &packet);
	assert_int_equal(packet.protocol, 47);
	assert_int_equal(packet.length, 28);
}

/* -- words ------------------------------------------------------------------------------- */

static const char file[] = "guard { drop from 192.0.2.0/24; default accept }\n"
			   "tier web {\n"
			   "\tserver web1 10.0.1.11\n"
			   "\tserver web2 10.0.1.12 2001:db8:1::12\n"
			   "\tfirewall { accept tcp to port 443 # shop\n default drop }\n"
			   "}\n"
			   "service www { listen 203.0.113.10 tcp port 443; tier web }\n";

enum { ID_GUARD_RULE, ID_GUARD, ID_WEB_RULE, ID_WEB, ID_WWW };

static struct config *config;
static struct trace_frame in;
static struct tw_trace trace;
static struct trace_result result = {.trace = &trace, .in = &in};

static int read_config(void **state)
{
	struct diagnostic diagnostic = {};

	(void)state;
	if (config_parse(&config, "test", file, strlen(file), &diagnostic)) {
		print_error("%s", diagnostic.text);
		return -1;
	}
	config->guard.items[0].id = ID_GUARD_RULE;
	config->guard.default_id = ID_GUARD;
	config->tiers[0].rules.items[0].id = ID_WEB_RULE;
	config->tiers[0].rules.default_id = ID_WEB;
	config->host.default_id = TW_NONE32;
	config->services[0].id = ID_WWW;
	result.config = config;
	return 0;
}

static int drop_config(void **state)
{
	(void)state;
	config_free(config);
	return 0;
}

static void step(enum tw_stage stage, enum tw_says says, uint32_t value)
{
	trace.step[trace.steps++] = (struct tw_trace_step){stage, says, value};
}

static void begin(const char *packet, uint32_t verdict)
{
	in = frame_of(packet);
	result.out = in.bytes;
	result.out_length = in.length;
	trace = (struct tw_trace){
		.verdict = verdict,
		.reason = TW_REASON_NONE,
		.rule = TW_NONE32,
		.service = TW_NONE32,
		.server = TW_NONE32,
	};
}

static void balance(void)
{
	begin("tcp 198.51.100.7 203.0.113.10:443", XDP_TX);
	trace.rule = ID_WEB_RULE;
	trace.service = ID_WWW;
	trace.server = 1;
	step(TW_STAGE_PARSE, TW_SAYS_PARSED, 0);
	step(TW_STAGE_GUARD, TW_SAYS_ACCEPTED_BY, ID_GUARD);
	step(TW_STAGE_FLOW, TW_SAYS_FLOW_UNKNOWN, 0);
	step(TW_STAGE_SERVICE, TW_SAYS_SERVICE, ID_WWW);
	step(TW_STAGE_SERVER, TW_SAYS_SERVER, 1);
	step(TW_STAGE_FIREWALL, TW_SAYS_ACCEPTED_BY, ID_WEB_RULE);
	step(TW_STAGE_FORWARD, TW_SAYS_KERNEL_ROUTES, BPF_FIB_LKUP_RET_NO_NEIGH);
}

static char *as_text(void)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	assert_int_equal(trace_print_text(out, &result), 0);
	fclose(out);
	return text;
}

static json_t *as_json(void)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	json_t *root;

	assert_non_null(out);
	assert_int_equal(trace_print_json(out, &result), 0);
	fclose(out);
	root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	free(text);
	return root;
}

static void assert_key(json_t *root, const char *key, const char *expected)
{
	const char *value = json_string_value(json_object_get(root, key));

	if (!expected) {
		assert_null(json_object_get(root, key));
		return;
	}
	assert_non_null(value);
	assert_string_equal(value, expected);
}

static void steps_are_said_in_names(void **state)
{
	char *text;

	(void)state;
	balance();
	text = as_text();
	assert_string_equal(text,
			    "parse: well-formed IPv4\n"
			    "guard: accepted by guard `default accept`\n"
			    "flow: not known\n"
			    "service: www, nat to tier web\n"
			    "server: web2 (10.0.1.12), chosen by hash\n"
			    "firewall: accepted by web rule 1 `accept tcp to port 443` # shop\n"
			    "forward: left to the kernel to send: the neighbour's address "
			    "is not known yet\n"
			    "verdict: tx\n"
			    "packet: tcp 198.51.100.7:40000 > 203.0.113.10:443 syn length 40, "
			    "ttl 64, dscp 0, 02:00:00:00:00:02 > 02:00:00:00:00:01\n");
	free(text);
}

static void a_drop_says_rule_and_reason(void **state)
{
	char *text;
	json_t *root;

	(void)state;
	begin("tcp 192.0.2.1 203.0.113.10:443", XDP_DROP);
	trace.rule = ID_GUARD_RULE;
	trace.reason = TW_REASON_BLOCKED;
	step(TW_STAGE_GUARD, TW_SAYS_REFUSED_BY, ID_GUARD_RULE);
	text = as_text();
	assert_string_equal(text, "guard: refused by guard rule 1 `drop from 192.0.2.0/24`\n"
				  "verdict: drop, blocked\n");
	free(text);
	root = as_json();
	assert_key(root, "verdict", "drop");
	assert_key(root, "reason", "blocked");
	assert_key(root, "rule", "drop from 192.0.2.0/24");
	assert_key(root, "service", NULL);
	assert_key(root, "server", NULL);
	assert_key(root, "packet", NULL);
	json_decref(root);
}

static void json_names_service_server_and_rule(void **state)
{
	json_t *root, *first;

	(void)state;
	balance();
	root = as_json();
	assert_key(root, "verdict", "tx");
	assert_key(root, "reason", NULL);
	assert_key(root, "rule", "accept tcp to port 443");
	assert_key(root, "service", "www");
	assert_key(root, "tier", "web");
	assert_key(root, "server", "web2");
	assert_int_equal(json_array_size(json_object_get(root, "steps")), 7);
	first = json_array_get(json_object_get(root, "steps"), 0);
	assert_key(first, "stage", "parse");
	assert_key(first, "says", "well-formed IPv4");
	json_decref(root);
}

/* With a tag, from 10.0.0.1 to the server, one hop on. */
static const char tagged[] = "02:00:00:00:01:12 02:00:00:00:00:02 8100 0064 0800 4500 0028 0000 "
			     "4000 3f06 0000 0a00 0001 0a00 010c 9c40 20fb 00000001 00000000 5012 "
			     "faf0 0000 0000";

static void json_has_the_packet_as_it_leaves(void **state)
{
	struct trace_frame out;
	json_t *root, *packet;

	(void)state;
	balance();
	assert_true(trace_frame_read(&out, tagged));
	result.out = out.bytes;
	result.out_length = out.length;
	root = as_json();
	packet = json_object_get(root, "packet");
	assert_key(packet, "source_mac", "02:00:00:00:00:02");
	assert_key(packet, "destination_mac", "02:00:00:00:01:12");
	assert_key(packet, "protocol", "tcp");
	assert_key(packet, "source", "10.0.0.1");
	assert_key(packet, "destination", "10.0.1.12");
	assert_key(packet, "flags", "syn,ack");
	assert_int_equal(json_integer_value(json_object_get(packet, "destination_port")), 8443);
	assert_int_equal(json_integer_value(json_object_get(packet, "ttl")), 63);
	assert_int_equal(json_integer_value(json_object_get(packet, "length")), 58);
	assert_int_equal(json_integer_value(json_array_get(json_object_get(packet, "vlans"), 0)),
			 100);
	assert_int_equal(strlen(json_string_value(json_object_get(packet, "hex"))), 116);
	json_decref(root);
	result.out = in.bytes;
}

static void verbose_has_all_bytes(void **state)
{
	char *text;

	(void)state;
	balance();
	result.verbose = true;
	text = as_text();
	result.verbose = false;
	assert_non_null(
		strstr(text, "\n  0000  02 00 00 00 00 01 02 00 00 00 00 02 08 00 45 00\n"));
	free(text);
}

static void a_line_says_packet_verdict_and_rule(void **state)
{
	char *text = NULL;
	struct names names;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	(void)state;
	balance();
	assert_non_null(out);
	assert_int_equal(names_read(&names, config), 0);
	assert_int_equal(trace_print_line(out, &result, &names, 7), 0);
	names_free(&names);
	fclose(out);
	assert_string_equal(text, "7: tcp 198.51.100.7:40000 > 203.0.113.10:443 syn length 40: tx, "
				  "to web/web2, by web rule 1 `accept tcp to port 443` # shop\n");
	free(text);
}

static void frames_are_read_from_hexadecimal(void **state)
{
	struct trace_frame frame;
	char *digits = calloc(1, 2 * TRACE_FRAME_MAX + 3);

	(void)state;
	assert_true(trace_frame_read(&frame, "0200000000010200:0000 00 02ABcd"));
	assert_int_equal(frame.length, 14);
	assert_int_equal(frame.bytes[12], 0xab);
	assert_int_equal(frame.bytes[13], 0xcd);
	assert_false(trace_frame_read(&frame, ""));
	assert_false(trace_frame_read(&frame, "02000000000102000000000208"));
	assert_false(trace_frame_read(&frame, "02000000000102000000000208001"));
	assert_false(trace_frame_read(&frame, "0200000000010200000000020x00"));
	memset(digits, '0', 2 * TRACE_FRAME_MAX);
	assert_true(trace_frame_read(&frame, digits));
	memset(digits, '0', 2 * TRACE_FRAME_MAX + 2);
	assert_false(trace_frame_read(&frame, digits));
	free(digits);
}

/* Every step that the data path can take has words, whatever its value. */
static void no_step_is_without_words(void **state)
{
	static const uint32_t values[] = {0, 1, 5, 77, TW_NONE16, TW_NONE32};

	(void)state;
	for (uint32_t says = 0; says < TW_SAYS_COUNT; says++)
		for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
			char *text;

			begin("tcp 198.51.100.7 203.0.113.10:443", XDP_PASS);
			step(TW_STAGE_PARSE, says, values[i]);
			text = as_text();
			assert_null(strstr(text, "(null)"));
			assert_true(strlen(text) > strlen("parse: \nverdict: pass\npacket: \n"));
			free(text);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_is_a_syn_from_a_high_port),
		cmocka_unit_test(what_is_said_is_taken),
		cmocka_unit_test(udp_has_its_checksum),
		cmocka_unit_test(icmp_is_an_echo_request),
		cmocka_unit_test(sctp_has_its_crc),
		cmocka_unit_test(other_protocols_have_a_payload),
		cmocka_unit_test(steps_are_said_in_names),
		cmocka_unit_test(a_drop_says_rule_and_reason),
		cmocka_unit_test(json_names_service_server_and_rule),
		cmocka_unit_test(json_has_the_packet_as_it_leaves),
		cmocka_unit_test(verbose_has_all_bytes),
		cmocka_unit_test(a_line_says_packet_verdict_and_rule),
		cmocka_unit_test(frames_are_read_from_hexadecimal),
		cmocka_unit_test(no_step_is_without_words),
	};

	return cmocka_run_group_tests(tests, read_config, drop_config);
}
