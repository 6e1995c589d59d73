/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Servers, services, packets and prefixes in the words of a command line. */
#include <netinet/in.h>

#include "config_rows.h"

enum kind { SERVER, SERVICE, PACKET, PREFIX };

struct row {
	const char *says;
	enum kind kind;
	const char *words; /* ^ stands where the caret is expected */
	const char *message;
};

static const struct row wrong[] = {
	{"a server without a name", SERVER, "^", "a name is expected"},
	{"a server without an address", SERVER, "^web1", "no address"},
	{"a server with a mistyped option", SERVER, "web1 10.0.0.1 ^wieght 2",
	 "did you mean `weight`?"},
	{"a server with a weight too large", SERVER, "web1 10.0.0.1 weight ^65536", "0-65535"},
	{"a server with a block", SERVER, "web1 10.0.0.1 ^{ firewall { } }", "`{` stands where"},
	{"a second server", SERVER, "web1 10.0.0.1^; web2 10.0.0.2", "`;` stands where"},
	{"a service without a name", SERVICE, "^", "a name is expected"},
	{"a service without listen", SERVICE, "^www tier web", "listens nowhere"},
	{"a service without a tier", SERVICE, "^www listen 203.0.113.1 tcp port 80", "has no tier"},
	{"a service with a mistyped word", SERVICE, "www ^listn 203.0.113.1 tcp port 80",
	 "did you mean `listen`?"},
	{"a service without ports", SERVICE, "www listen 203.0.113.1 tcp ^tier web",
	 "`port` is expected"},
	{"a service with a port and l2", SERVICE,
	 "www listen 203.0.113.1 tcp port 80 tier web forward l2 ^port 1", "does not go with"},
	{"a service with a pool and nat", SERVICE,
	 "www listen 203.0.113.1 tcp port 80 tier web ^pool 10.0.0.1", "`forward full-nat` alone"},
	{"a service with a pool without addresses", SERVICE,
	 "www listen 203.0.113.1 tcp port 80 tier web pool^", "an address is expected"},
	{"a service on icmp", SERVICE, "www listen ^203.0.113.1 icmp port 80 tier web",
	 "tcp, udp or sctp"},
	{"a packet of nothing", PACKET, "^", "`tcp`"},
	{"a packet without a destination", PACKET, "tcp 10.0.0.1^", "an address is expected"},
	{"a packet of a protocol that is none", PACKET, "^tpc 10.0.0.1 10.0.0.2",
	 "did you mean `tcp`?"},
	{"a packet of two families", PACKET, "tcp 10.0.0.1 ^2001:db8::1", "not of one family"},
	{"a packet of icmp over IPv6", PACKET, "icmp ^2001:db8::1 2001:db8::2", "write `icmp6`"},
	{"a packet of icmp6 over IPv4", PACKET, "icmp6 ^10.0.0.1 10.0.0.2", "write `icmp`"},
	{"a packet of icmp with a port", PACKET, "icmp 10.0.0.1 ^10.0.0.2:80",
	 "only tcp, udp and sctp"},
	{"a packet with port 0", PACKET, "tcp 10.0.0.1:^0 10.0.0.2", "1-65535"},
	{"a packet with a port too large", PACKET, "tcp 10.0.0.1 [2001:db8::1]:^65536", "1-65535"},
	{"a packet with an empty port", PACKET, "tcp ^10.0.0.1: 10.0.0.2", "[2001:db8::1]:80"},
	{"a packet with an open bracket", PACKET, "tcp ^[2001:db8::1 10.0.0.2", "[2001:db8::1]:80"},
	{"a packet with a bad address in brackets", PACKET, "tcp [^2001:db8::g]:1 ::1",
	 "is not an address"},
	{"a packet with words behind a bracket", PACKET, "tcp ^[::1]80 ::1", "[2001:db8::1]:80"},
	{"a packet with flags of udp", PACKET, "udp 10.0.0.1 10.0.0.2 ^flags syn", "of tcp"},
	{"a packet with flags that it has not", PACKET, "tcp 10.0.0.1 10.0.0.2 flags ^syn,!ack",
	 "has no others"},
	{"a packet with flags twice", PACKET, "tcp 10.0.0.1 10.0.0.2 flags syn ^flags ack",
	 "twice"},
	{"a packet with a type of tcp", PACKET, "tcp 10.0.0.1 10.0.0.2 ^type 8", "icmp or icmp6"},
	{"a packet with an unknown word", PACKET, "tcp 10.0.0.1 10.0.0.2 ^flgs syn",
	 "did you mean `flags`?"},
	{"a packet with an empty device", PACKET, "tcp 10.0.0.1 10.0.0.2 in^", "a name"},
	{"no prefix", PREFIX, "^", "an address is expected"},
	{"a prefix that is none", PREFIX, "^10.0.0.0/33", "0-32"},
	{"a number", PREFIX, "^10", "an address is expected"},
	{"two prefixes", PREFIX, "10.0.0.1 ^10.0.0.2", "the end is expected"},
	{"a prefix with a newline in it", PREFIX, "10.0.0.1\n^10.0.0.2", "the end is expected"},
};

static int parse(enum kind kind, const char *words, struct diagnostic *diagnostic)
{
	union {
		struct server server;
		struct service service;
		struct packet_words packet;
		struct prefix prefix;
	} out;

	switch (kind) {
	case SERVER:
		return server_parse(&out.server, words, diagnostic);
	case SERVICE:
		return service_parse(&out.service, words, diagnostic);
	case PACKET:
		return packet_parse(&out.packet, words, diagnostic);
	default:
		return prefix_parse(&out.prefix, words, diagnostic);
	}
}

static void is_wrong(void **state)
{
	const struct row *row = *state;
	struct diagnostic diagnostic = {0};
	struct place at;
	char *words = take_mark(row->words, &at);

	if (parse(row->kind, words, &diagnostic) != MISTAKE)
		fail_msg("this was taken: %s", words);
	if (!strstr(diagnostic.text, row->message))
		fail_msg("expected the words \"%s\" in %s", row->message, diagnostic.text);
	assert_int_equal(caret_column(&diagnostic), at.column);
	diagnostic_free(&diagnostic);
	free(words);
}

static void a_server_in_full(void **state)
{
	struct diagnostic diagnostic = {0};
	struct server server;

	(void)state;
	if (server_parse(&server,
			 "web1 10.0.1.11 2001:db8:1::11 weight 0 mac 02:aB:00:00:01:13 "
			 "device eth0.100 state drain",
			 &diagnostic))
		fail_msg("%s", diagnostic.text);
	assert_string_equal(server.name, "web1");
	assert_true(addr_is_ipv4(&server.addr[0]));
	assert_memory_equal(&server.addr[0].bytes[12], "\x0a\x00\x01\x0b", 4);
	assert_memory_equal(server.addr[1].bytes, "\x20\x01\x0d\xb8\0\x01\0\0\0\0\0\0\0\0\0\x11",
			    16);
	assert_int_equal(server.weight, 0);
	assert_true(server.has_mac);
	assert_memory_equal(server.mac, "\x02\xab\0\0\x01\x13", 6);
	assert_string_equal(server.device, "eth0.100");
	assert_int_equal(server.state, TW_SERVER_DRAIN);
	assert_int_equal(server.at.line, 0);
	assert_int_equal(server.addr_at[0].line, 0);
	server_free(&server);
}

static void a_server_at_least(void **state)
{
	struct diagnostic diagnostic = {0};
	struct server server;

	(void)state;
	assert_int_equal(server_parse(&server, "weight 2001:db8::1", &diagnostic), 0);
	assert_string_equal(server.name, "weight");
	assert_true(addr_is_zero(&server.addr[0]));
	assert_int_equal(server.weight, 1);
	assert_int_equal(server.state, TW_SERVER_UP);
	assert_false(server.has_mac);
	assert_string_equal(server.device, "");
	server_free(&server);
}

static void a_service_in_full(void **state)
{
	struct diagnostic diagnostic = {0};
	struct service service;

	(void)state;
	if (service_parse(
		    &service,
		    "www listen 203.0.113.10 tcp port 80,443 listen 2001:db8::10 udp port "
		    "{ 8000-8100 } tier web forward nat port 8443 from { @office, 10.0.0.0/8 }",
		    &diagnostic))
		fail_msg("%s", diagnostic.text);
	assert_string_equal(service.name, "www");
	assert_int_equal(service.listen_count, 2);
	assert_int_equal(service.listens[0].protocol, IPPROTO_TCP);
	assert_int_equal(service.listens[0].ports.count, 2);
	assert_int_equal(service.listens[0].ports.items[1].low, 443);
	assert_int_equal(service.listens[1].protocol, IPPROTO_UDP);
	assert_int_equal(service.listens[1].ports.items[0].high, 8100);
	assert_false(addr_is_ipv4(&service.listens[1].addr));
	assert_string_equal(service.tier, "web");
	assert_int_equal(service.forward, TW_FORWARD_NAT);
	assert_int_equal(service.port, 8443);
	assert_int_equal(service.from.count, 2);
	assert_string_equal(service.from.items[0].set, "office");
	assert_int_equal(service.id, TW_NONE32);
	assert_null(service.member_ids);
	assert_int_equal(service.at.line, 0);
	service_free(&service);
}

static void a_service_forwards_by_nat_where_nothing_is_said(void **state)
{
	struct diagnostic diagnostic = {0};
	struct service service;

	(void)state;
	assert_int_equal(service_parse(&service, "www listen 203.0.113.10 tcp port 80 tier web",
				       &diagnostic),
			 0);
	assert_int_equal(service.forward, TW_FORWARD_NAT);
	assert_int_equal(service.port, 0);
	assert_int_equal(service.from.count, 0);
	service_free(&service);
}

static void packets(void **state)
{
	struct diagnostic diagnostic = {0};
	struct packet_words packet;

	(void)state;
	assert_int_equal(packet_parse(&packet,
				      "tcp 10.0.0.1:1024 10.0.0.2:443 flags syn,ack in eth0",
				      &diagnostic),
			 0);
	assert_int_equal(packet.protocol, IPPROTO_TCP);
	assert_int_equal(packet.source_port, 1024);
	assert_int_equal(packet.destination_port, 443);
	assert_memory_equal(&packet.destination.bytes[12], "\x0a\0\0\x02", 4);
	assert_true(packet.has_flags);
	assert_int_equal(packet.flags, 0x12);
	assert_string_equal(packet.device, "eth0");
	assert_int_equal(packet_parse(&packet, "udp [2001:db8::1]:53 [2001:db8::2]", &diagnostic),
			 0);
	assert_int_equal(packet.source_port, 53);
	assert_int_equal(packet.destination_port, 0);
	assert_false(packet.has_flags);
	assert_int_equal(packet.destination.bytes[15], 2);
	assert_int_equal(packet_parse(&packet, "47 2001:db8::1 2001:db8::80", &diagnostic), 0);
	assert_int_equal(packet.protocol, 47);
	assert_int_equal(packet.destination.bytes[15], 0x80);
	assert_int_equal(packet_parse(&packet, "icmp 10.0.0.1 10.0.0.2 type 3 code 4", &diagnostic),
			 0);
	assert_true(packet.has_type && packet.has_code);
	assert_int_equal(packet.type, 3);
	assert_int_equal(packet.code, 4);
	assert_int_equal(packet_parse(&packet, "icmp6 ::1 ::2 type echo-request", &diagnostic), 0);
	assert_int_equal(packet.type, 128);
	assert_false(packet.has_code);
}

static void prefixes(void **state)
{
	struct diagnostic diagnostic = {0};
	struct prefix prefix;

	(void)state;
	assert_int_equal(prefix_parse(&prefix, "10.1.2.3/16", &diagnostic), 0);
	assert_int_equal(prefix.bits, 112);
	assert_memory_equal(prefix.addr.bytes, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\x01\0\0", 16);
	assert_int_equal(prefix_parse(&prefix, "10.1.2.3/0", &diagnostic), 0);
	assert_int_equal(prefix.bits, 96);
	assert_true(addr_is_ipv4(&prefix.addr));
	assert_int_equal(prefix_parse(&prefix, " ::/0\n", &diagnostic), 0);
	assert_int_equal(prefix.bits, 0);
	assert_true(addr_is_zero(&prefix.addr));
	assert_int_equal(prefix_parse(&prefix, "::ffff:10.0.0.1/64", &diagnostic), 0);
	assert_int_equal(prefix.bits, 64);
	assert_true(addr_is_zero(&prefix.addr));
}

int main(void)
{
	static const struct CMUnitTest right[] = {
		cmocka_unit_test(a_server_in_full),
		cmocka_unit_test(a_server_at_least),
		cmocka_unit_test(a_service_in_full),
		cmocka_unit_test(a_service_forwards_by_nat_where_nothing_is_said),
		cmocka_unit_test(packets),
		cmocka_unit_test(prefixes),
	};
	int failed = run_rows("words that are wrong", ROWS(wrong), is_wrong);

	failed += cmocka_run_group_tests_name("words that are right", right, NULL, NULL);
	return failed > 0;
}
