/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Events on their way to people: frames read back, names, text, JSON, pcapng. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <jansson.h>
#include <linux/bpf.h>
#include <netinet/in.h>

#include "cli/trace.h"
#include "compile/compile.h"
#include "monitor/monitor.h"

static const char text_of_config[] =
	"guard {\n"
	"    drop limit over 20/s per source # noisy\n"
	"}\n"
	"tier web {\n"
	"    server web1 10.0.1.11 { firewall { drop tcp to port 99 } }\n"
	"    firewall { accept log tcp to port 443; drop udp }\n"
	"}\n"
	"service www { listen 203.0.113.10 tcp port 443; tier web }\n";

static struct config *config;
static struct names names;

static void number_id(uint32_t *id, void *context)
{
	*id = (*(uint32_t *)context)++;
}

static int read_config(void **state)
{
	struct diagnostic diagnostic = {0};
	uint32_t next = 100;

	(void)state;
	if (config_parse(&config, "test", text_of_config, sizeof(text_of_config) - 1, &diagnostic))
		fail_msg("%s", diagnostic.text);
	assert_int_equal(config_visit_ids(config, number_id, &next), 0);
	return names_read(&names, config);
}

static int free_config(void **state)
{
	(void)state;
	names_free(&names);
	config_free(config);
	return 0;
}

/* An event as the ring holds it. */
struct ring_entry {
	struct tw_event event;
	uint8_t frame[TRACE_FRAME_MAX];
};

static struct ring_entry entry_of(const char *packet)
{
	struct diagnostic diagnostic = {0};
	struct ring_entry entry = {
		.event = {.time = 5000000001,
			  .ifindex = 7,
			  .rule = TW_NONE32,
			  .service = TW_NONE32,
			  .server = TW_NONE16,
			  .kind = TW_EVENT_DROP,
			  .action = TW_DROP,
			  .stage = TW_STAGE_GUARD,
			  .reason = TW_REASON_MALFORMED},
	};
	struct packet_words words;
	struct trace_frame frame;

	if (packet_parse(&words, packet, &diagnostic))
		fail_msg("%s", diagnostic.text);
	trace_frame_build(&frame, &words);
	memcpy(entry.frame, frame.bytes, frame.length);
	entry.event.captured = (uint16_t)frame.length;
	entry.event.length = (uint32_t)frame.length;
	return entry;
}

static struct sighting sighting_of(const struct ring_entry *entry)
{
	struct sighting sighting;

	sighting_fill(&sighting, &entry->event, &names);
	sighting.device = "eth0";
	sighting.time = 1700000000000000000ull + entry->event.time;
	return sighting;
}

static char *printed(int (*print)(FILE *out, const struct sighting *sighting),
		     const struct ring_entry *entry)
{
	struct sighting sighting = sighting_of(entry);
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	assert_int_equal(print(out, &sighting), 0);
	fclose(out);
	return text;
}

static void assert_line(const struct ring_entry *entry, const char *wanted)
{
	char *line = printed(sighting_print_text, entry);

	assert_string_equal(line, wanted);
	free(line);
}

static void lines_of_text(void **state)
{
	struct ring_entry entry = entry_of("tcp 198.51.100.1:40000 203.0.113.10:443 flags syn,ack");

	(void)state;
	entry.event.rule = config->guard.items[0].id;
	entry.event.reason = TW_REASON_LIMIT;
	assert_line(&entry,
		    "22:13:25.000000 drop limit: guard 1 \"drop limit over 20/s per source\""
		    " # noisy, tcp 198.51.100.1:40000 > 203.0.113.10:443 syn,ack length 40"
		    " in eth0\n");
	entry.event.rule = config->tiers[0].rules.default_id;
	entry.event.reason = TW_REASON_DEFAULT;
	assert_line(&entry, "22:13:25.000000 drop default: web \"default drop\", tcp "
			    "198.51.100.1:40000 > 203.0.113.10:443 syn,ack length 40 in eth0\n");
	entry = entry_of("udp [2001:db8::1]:9 [2001:db8::2]:53");
	entry.event.rule = config->tiers[0].servers[0].rules.items[0].id;
	entry.event.reason = TW_REASON_NONE;
	entry.event.action = TW_ACCEPT;
	entry.event.kind = TW_EVENT_LOG;
	assert_line(&entry, "22:13:25.000000 accept: web/web1 1 \"drop tcp to port 99\", udp "
			    "[2001:db8::1]:9 > [2001:db8::2]:53 length 48 in eth0\n");
	entry = entry_of("icmp 198.51.100.1 10.0.1.11");
	entry.event.service = config->services[0].id;
	entry.event.reason = TW_REASON_SOURCE;
	assert_line(&entry, "22:13:25.000000 drop source: service www, icmp 198.51.100.1 > "
			    "10.0.1.11 echo-request length 28 in eth0\n");
	entry.event.service = TW_NONE32;
	entry.event.server = 0;
	entry.event.action = TW_REJECT;
	assert_line(&entry, "22:13:25.000000 reject source: server web/web1, icmp 198.51.100.1 > "
			    "10.0.1.11 echo-request length 28 in eth0\n");
	/* numbers of a policy that is gone */
	entry.event.rule = entry.event.service = 99999;
	entry.event.server = 999;
	assert_line(&entry, "22:13:25.000000 reject source, icmp 198.51.100.1 > 10.0.1.11 "
			    "echo-request length 28 in eth0\n");
}

static void assert_key(const json_t *event, const char *key, const char *wanted)
{
	const char *text = json_string_value(json_object_get(event, key));

	assert_non_null(text);
	assert_string_equal(text, wanted);
}

static void json_has_every_part(void **state)
{
	struct ring_entry entry = entry_of("tcp 198.51.100.1:40000 203.0.113.10:443");
	json_t *event;
	char *line;

	(void)state;
	entry.event.kind = TW_EVENT_LOG;
	entry.event.action = TW_ACCEPT;
	entry.event.reason = TW_REASON_NONE;
	entry.event.stage = TW_STAGE_FIREWALL;
	entry.event.rule = config->tiers[0].rules.items[0].id;
	entry.event.service = config->services[0].id;
	entry.event.server = 0;
	line = printed(sighting_print_json, &entry);
	assert_int_equal(strchr(line, '\n') - line + 1, strlen(line));
	event = json_loads(line, 0, NULL);
	assert_key(event, "time", "2023-11-14T22:13:25.000000001Z");
	assert_key(event, "event", "log");
	assert_key(event, "verdict", "accept");
	assert_key(event, "stage", "firewall");
	assert_key(event, "list", "web");
	assert_key(event, "rule", "accept log tcp to port 443");
	assert_key(event, "service", "www");
	assert_key(event, "tier", "web");
	assert_key(event, "server", "web1");
	assert_key(event, "device", "eth0");
	assert_key(event, "protocol", "tcp");
	assert_key(event, "source", "198.51.100.1");
	assert_key(event, "destination", "203.0.113.10");
	assert_key(event, "flags", "syn");
	assert_int_equal(json_integer_value(json_object_get(event, "number")), 1);
	assert_int_equal(json_integer_value(json_object_get(event, "source_port")), 40000);
	assert_int_equal(json_integer_value(json_object_get(event, "destination_port")), 443);
	assert_int_equal(strlen(json_string_value(json_object_get(event, "packet"))), 2 * 60);
	assert_null(json_object_get(event, "reason"));
	assert_null(json_object_get(event, "type"));
	json_decref(event);
	free(line);
}

/* -- frames ------------------------------------------------------------------------------ */

static struct decoded decoded_of(const uint8_t *bytes, size_t length)
{
	uint8_t *copy = malloc(length ? length : 1); /* of its own, so that ASan sees its end */
	struct decoded out;

	assert_non_null(copy);
	memcpy(copy, bytes, length);
	frame_decode(&out, copy, length);
	free(copy);
	return out;
}

/* A frame that is cut off says less and less, and nothing wrong. */
static void frames_that_are_cut_off(void **state)
{
	struct ring_entry entry = entry_of("tcp 198.51.100.1:40000 203.0.113.10:443");

	(void)state;
	for (size_t length = 0; length <= entry.event.captured; length++) {
		struct decoded out = decoded_of(entry.frame, length);

		assert_int_equal(out.has_ethertype, length >= 14);
		assert_int_equal(out.has_addresses, length >= 34);
		assert_int_equal(out.has_ports, length >= 38);
		assert_int_equal(out.has_flags, length >= 48);
		assert_int_equal(out.source_port, length >= 38 ? 40000 : 0);
	}
}

static void frames_with_tags_and_extensions(void **state)
{
	static const uint8_t frame[] = {0,    0,    0,    0,  0, 0,    0, 0,  0, 0,    0,
					0,    0x88, 0xa8, 0,  1, 0x81, 0, 0,  2, 0x86, 0xdd,
					0x60, 0,    0,    0,  0, 24,   0, 64, /* hop-by-hop */
					0x20, 1,    0,    0,  0, 0,    0, 0,  0, 0,    0,
					0,    0,    0,    0,  1, 0x20, 1, 0,  0, 0,    0,
					0,    0,    0,    0,  0, 0,    0, 0,  0, 2,    44,
					0,    0,    0,    0,  0, 0,    0, /* a fragment follows */
					17,   0,    0,    1,  0, 0,    0, 9, /* the first of more */
					0,    53,   0,    99, 0, 8,    0, 0};
	uint8_t later[sizeof(frame)];
	struct decoded out = decoded_of(frame, sizeof(frame));

	(void)state;
	assert_int_equal(out.protocol, IPPROTO_UDP);
	assert_int_equal(out.source_port, 53);
	assert_int_equal(out.destination_port, 99);
	assert_int_equal(out.fragment_offset, 0);
	assert_int_equal(out.destination.bytes[15], 2);
	memcpy(later, frame, sizeof(later));
	later[sizeof(frame) - 8 - 8 + 2] = 1; /* 256 bytes into the packet */
	out = decoded_of(later, sizeof(later));
	assert_int_equal(out.fragment_offset, 256);
	assert_false(out.has_ports);
}

static void any_bytes(void **state)
{
	struct ring_entry entry = entry_of("udp [2001:db8::1]:9 [2001:db8::2]:53");

	(void)state;
	srand(1);
	for (int i = 0; i < 200000; i++) {
		uint8_t bytes[TRACE_FRAME_MAX];
		size_t length = (size_t)rand() % sizeof(bytes);

		memcpy(bytes, entry.frame, sizeof(bytes));
		for (int j = rand() % 8; j >= 0; j--)
			bytes[12 + (size_t)rand() % 60] = (uint8_t)rand();
		decoded_of(bytes, length);
	}
}

/* -- filters -------------------------------------------------------------------------------- */

/* The words stay until the next call. */
static int filter_of(struct filter *out, const char *words, const char **unknown)
{
	static char text[128];
	char *list[8], *rest = NULL;
	int count = 0;

	snprintf(text, sizeof(text), "%s", words);
	for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		list[count++] = word;
	return filter_read(out, config, count, list, unknown);
}

static void words_of_filters(void **state)
{
	const char *unknown = NULL;
	struct filter filter;

	(void)state;
	assert_int_equal(filter_of(&filter, "", &unknown), 0);
	assert_int_equal(filter.kinds, TW_EVENT_DROP | TW_EVENT_LOG);
	assert_int_equal(filter.reasons, UINT64_MAX);
	filter_free(&filter);
	assert_int_equal(filter_of(&filter, "drops limit no-server web", &unknown), 0);
	assert_int_equal(filter.kinds, TW_EVENT_DROP);
	assert_int_equal(filter.reasons, 1 << TW_REASON_LIMIT | 1 << TW_REASON_NO_SERVER);
	assert_int_equal(filter.list_count, 1);
	filter_free(&filter);
	assert_int_equal(filter_of(&filter, "log guard", &unknown), 0);
	assert_int_equal(filter.kinds, TW_EVENT_LOG);
	filter_free(&filter);
	assert_int_equal(filter_of(&filter, "blocked", &unknown), 0);
	assert_int_equal(filter.kinds, TW_EVENT_DROP);
	filter_free(&filter);
	assert_int_equal(filter_of(&filter, "drops wbe", &unknown), MISTAKE);
	assert_string_equal(unknown, "wbe");
}

static void filters_by_tier(void **state)
{
	struct ring_entry entry = entry_of("icmp 198.51.100.1 10.0.1.11");
	char *web[] = {"web"}, *guard[] = {"guard"};
	struct filter of_web = {.lists = web, .list_count = 1};
	struct filter of_guard = {.lists = guard, .list_count = 1}, of_all = {0};
	struct sighting sighting = sighting_of(&entry);

	(void)state;
	assert_true(filter_admits(&of_all, &sighting));
	assert_false(filter_admits(&of_web, &sighting));
	entry.event.service = config->services[0].id;
	sighting = sighting_of(&entry);
	assert_true(filter_admits(&of_web, &sighting));
	assert_false(filter_admits(&of_guard, &sighting));
	entry.event.service = TW_NONE32;
	entry.event.rule = config->guard.items[0].id;
	sighting = sighting_of(&entry);
	assert_true(filter_admits(&of_guard, &sighting));
	assert_false(filter_admits(&of_web, &sighting));
}

/* -- pcapng ------------------------------------------------------------------------------------ */

struct capture {
	uint8_t *bytes;
	size_t length, at;
};

static uint32_t number_at(const uint8_t *at)
{
	uint32_t number;

	memcpy(&number, at, sizeof(number));
	return number;
}

/* The next block: both its lengths agree and are whole words. */
static const uint8_t *next_block(struct capture *capture, uint32_t type)
{
	const uint8_t *block = capture->bytes + capture->at;
	uint32_t length;

	assert_true(capture->at + 12 <= capture->length);
	assert_int_equal(number_at(block), type);
	length = number_at(block + 4);
	assert_int_equal(length % 4, 0);
	assert_true(capture->at + length <= capture->length);
	assert_int_equal(number_at(block + length - 4), length);
	capture->at += length;
	return block + 8;
}

static void captures(void **state)
{
	struct ring_entry entry = entry_of("udp 198.51.100.1:9 203.0.113.10:53");
	struct capture capture = {0};
	struct sighting sighting;
	struct pcapng pcapng;
	const uint8_t *block;
	FILE *out = open_memstream((char **)&capture.bytes, &capture.length);

	(void)state;
	entry.event.rule = config->guard.items[0].id;
	entry.event.reason = TW_REASON_LIMIT;
	entry.event.captured = 41; /* of 60; padding follows */
	sighting = sighting_of(&entry);
	assert_int_equal(pcapng_begin(&pcapng, out, 128), 0);
	assert_int_equal(pcapng_write(&pcapng, &sighting), 0);
	assert_int_equal(pcapng_write(&pcapng, &sighting), 0);
	entry.event.ifindex = 8;
	assert_int_equal(pcapng_write(&pcapng, &sighting), 0);
	fclose(out);
	block = next_block(&capture, 0x0a0d0d0a);
	assert_int_equal(number_at(block), 0x1a2b3c4d);
	block = next_block(&capture, 1);
	assert_int_equal(number_at(block), 1); /* Ethernet, and two zeros */
	assert_int_equal(number_at(block + 4), 128);
	assert_memory_equal(block + 8, "\x02\0\x04\0eth0\x09\0\x01\0\x09\0\0\0\0\0\0\0", 20);
	for (uint32_t i = 0; i < 2; i++) {
		block = next_block(&capture, 6);
		assert_int_equal(number_at(block), 0);
		assert_int_equal((uint64_t)number_at(block + 4) << 32 | number_at(block + 8),
				 1700000005000000001ull);
		assert_int_equal(number_at(block + 12), 41);
		assert_int_equal(number_at(block + 16), 60);
		assert_memory_equal(block + 20, entry.frame, 41);
		assert_memory_equal(block + 61, "\0\0\0\x01\0", 5);
		assert_memory_equal(block + 68,
				    "drop limit: guard 1 \"drop limit over 20/s per "
				    "source\" # noisy",
				    61);
	}
	next_block(&capture, 1);
	block = next_block(&capture, 6);
	assert_int_equal(number_at(block), 1);
	assert_int_equal(capture.at, capture.length);
	free(capture.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_text),
		cmocka_unit_test(json_has_every_part),
		cmocka_unit_test(frames_that_are_cut_off),
		cmocka_unit_test(frames_with_tags_and_extensions),
		cmocka_unit_test(any_bytes),
		cmocka_unit_test(words_of_filters),
		cmocka_unit_test(filters_by_tier),
		cmocka_unit_test(captures),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, read_config, free_config);
}
