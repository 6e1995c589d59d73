/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `forward ipip` and `gue`, and `decap`: every frame as it leaves, byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "counters.h"
#include "subjects.h"
#include "tunnel.h"

static const char configuration[] = PREAMBLE "set balancers { 192.0.2.254, 2001:db8:2::fe }\n"
					     "host {\n"
					     "	decap ipip gue from @balancers\n"
					     "	accept tcp to port 8080\n"
					     "	accept udp to port 8080\n"
					     "	default drop\n"
					     "}\n"
					     "tier edge {\n"
					     "	server edge1 192.0.2.31 2001:db8:2::31\n"
					     "	firewall { accept tcp; accept udp }\n"
					     "}\n"
					     "tier four {\n"
					     "	server web1 10.0.1.11\n"
					     "	firewall { accept tcp }\n"
					     "}\n"
					     "tier six {\n"
					     "	server web2 2001:db8:1::12\n"
					     "	firewall { accept tcp }\n"
					     "}\n"
#define SERVICE(name, vip4, vip6, port, tier, how)   \
	"service " name " {\n"                       \
	"	listen " vip4 " tcp port " port "\n" \
	"	listen " vip6 " tcp port " port "\n" \
	"	tier " tier "\n"                     \
	"	forward " how "\n"                   \
	"}\n"
#define UDP_SERVICE(name, vip4, vip6, port, tier, how) \
	"service " name " {\n"                         \
	"	listen " vip4 " udp port " port "\n"   \
	"	listen " vip6 " udp port " port "\n"   \
	"	tier " tier "\n"                       \
	"	forward " how "\n"                     \
	"}\n"
	SERVICE("ipip", "192.0.2.10", "2001:db8:2::10", "443", "edge", "ipip; mss auto") SERVICE(
		"gue", "192.0.2.20", "2001:db8:2::20", "443", "edge", "gue; mss 1300")
		UDP_SERVICE("ipip-udp", "192.0.2.10", "2001:db8:2::10", "443", "edge", "ipip")
			SERVICE("four-ipip", "192.0.2.30", "2001:db8:2::30", "443", "four", "ipip")
				SERVICE("four-gue", "192.0.2.30", "2001:db8:2::30", "444", "four",
					"gue") SERVICE("six-ipip", "192.0.2.40", "2001:db8:2::40",
						       "443", "six", "ipip")
					SERVICE("six-gue", "192.0.2.40", "2001:db8:2::40", "444",
						"six", "gue");

/* -- one frame ------------------------------------------------------------------------- */

static struct outcome out;
static struct counters before, after;

static void send_frame(const struct frame *frame)
{
	counters_read(&before, row_node());
	node_send(row_node(), frame, &out);
	counters_read(&after, row_node());
}

static int64_t moved(const char *path)
{
	return counters_get(&after, path) - counters_get(&before, path);
}

static void assert_verdict(enum xdp_action verdict)
{
	assert_string_equal(verdict_name(out.verdict), verdict_name(verdict));
}

static void assert_frame(const struct frame *expected)
{
	if (out.length == expected->length && !memcmp(out.bytes, expected->bytes, expected->length))
		return;
	frame_print(stderr, out.bytes, out.length, expected);
	frame_print(stderr, expected->bytes, expected->length, NULL);
	fail_msg("the frame that came out is not the expected one");
}

/* -- encapsulation ------------------------------------------------------------------------ */

/* What only the flow's hash decides is taken from what came out, and has to be in bounds. */
static void take_hash(struct outside *outside, size_t l3)
{
	const uint8_t *ip = out.bytes + l3;

	if (outside->family == IPV6)
		outside->flow_label = (uint32_t)(ip[1] & 15) << 16 | get16(ip + 2);
	if (!outside->gue)
		return;
	outside->from_port = get16(ip + (outside->family == IPV4 ? 20 : 40));
	assert_in_range(outside->from_port, 0xc000, 0xffff);
}

struct way {
	enum party vip;
	uint16_t port;
	enum party server;
	bool gue;
	enum family family[2];                  /* of the outer header, by the client's */
	const char *source[2], *destination[2]; /* by the outer header's */
};

static const struct way ways[] = {
	{VIP,
	 443,
	 EDGE1,
	 false,
	 {IPV4, IPV6},
	 {"192.0.2.1", "2001:db8:2::1"},
	 {"192.0.2.31", "2001:db8:2::31"}},
	{VIP2,
	 443,
	 EDGE1,
	 true,
	 {IPV4, IPV6},
	 {"192.0.2.1", "2001:db8:2::1"},
	 {"192.0.2.31", "2001:db8:2::31"}},
	{VIP3, 443, WEB1, false, {IPV4, IPV4}, {"10.0.1.1"}, {"10.0.1.11"}},
	{VIP3, 444, WEB1, true, {IPV4, IPV4}, {"10.0.1.1"}, {"10.0.1.11"}},
	{VIP4, 443, WEB2, false, {IPV6, IPV6}, {NULL, "2001:db8:1::1"}, {NULL, "2001:db8:1::12"}},
	{VIP4, 444, WEB2, true, {IPV6, IPV6}, {NULL, "2001:db8:1::1"}, {NULL, "2001:db8:1::12"}},
};

/* Sends the packet and compares what leaves; returns what its hash decided. */
static struct outside goes(const struct way *way, const struct packet *packet,
			   const struct variant *variant, uint8_t class)
{
	static struct frame in, inner, expected;
	enum family family = way->family[variant->family];
	struct outside outside = {
		.family = family,
		.gue = way->gue,
		.source = way->source[family],
		.destination = way->destination[family],
		.class = class,
		.padding = packet->padding,
	};
	bool same_device = party_device(way->server) == WAN;
	struct variant leaves = *variant;
	struct packet inside = *packet;

	frame_build(&in, packet, variant);
	send_frame(&in);
	assert_verdict(same_device ? XDP_TX : XDP_REDIRECT);
	if (!same_device)
		leaves.tags = 0; /* they mean nothing there */
	inside.via = way->server;
	frame_build(&inner, &inside, &leaves);
	take_hash(&outside, inner.network);
	tunnel_build(&expected, &inner, &outside);
	assert_frame(&expected);
	return outside;
}

static void every_combination(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
		for (enum family family = IPV4; family <= IPV6; family++)
			for (unsigned int tags = 0; tags <= 2; tags++) {
				const struct way *way = &ways[i];
				struct variant variant = {
					.family = family, .tags = tags, .run = row_fresh_run()};
				struct packet syn = {TCP(CLIENT, way->vip, way->port, SYN)};
				struct packet data = {TCP(CLIENT, way->vip, way->port, ACK),
						      .payload = 501};
				struct outside first = goes(way, &syn, &variant, 0), next;

				next = goes(way, &data, &variant, 0);
				assert_int_equal(first.from_port, next.from_port);
				assert_int_equal(first.flow_label, next.flow_label);
			}
}

static void headers_stay(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
		for (enum family family = IPV4; family <= IPV6; family++) {
			const struct way *way = &ways[i];
			struct variant variant = {.family = family, .run = row_fresh_run()};
			struct packet odd = {TCP(CLIENT, way->vip, way->port, SYN),
					     .options = 3,
					     .extensions = {HOP_BY_HOP, DESTINATION},
					     .dscp = 46,
					     .padding = 6,
					     .ttl = 1,
					     .payload = 7};
			struct packet last = {TCP(CLIENT, way->vip, way->port, ACK), .ttl = 255,
					      .dont_fragment = true, .dscp = 10};

			goes(way, &odd, &variant, 46 << 2);
			goes(way, &last, &variant, 10 << 2);
		}
}

/* ECN, which the frame builder leaves at 0. */
static void congestion_is_told(void **state)
{
	static struct frame in;

	(void)state;
	for (enum family family = IPV4; family <= IPV6; family++) {
		struct variant variant = {.family = family, .run = row_fresh_run()};
		struct packet syn = {TCP(CLIENT, VIP, 443, SYN), .dscp = 46};
		uint8_t *ip, *leaves;

		frame_build(&in, &syn, &variant);
		ip = in.bytes + in.network;
		leaves = out.bytes + in.network;
		if (family == IPV4)
			ip[1] |= 1;
		else
			ip[1] |= 1 << 4;
		send_frame(&in);
		assert_verdict(XDP_TX);
		assert_int_equal(family == IPV4 ? leaves[1] : get16(leaves) >> 4 & 0xff,
				 46 << 2 | 1);
	}
}

static void fragments_follow(void **state)
{
	(void)state;
	for (enum family family = IPV4; family <= IPV6; family++) {
		const struct way *way = &ways[0];
		struct variant variant = {.family = family, .run = row_fresh_run()};
		struct packet first = {UDP(CLIENT, VIP, 443), .payload = 24, .udp_length = 40,
				       .more_fragments = true};
		struct packet rest = {UDP(CLIENT, VIP, 443), .payload = 40, .fragment_offset = 4};
		struct outside a = goes(way, &first, &variant, 0);
		struct outside b = goes(way, &rest, &variant, 0);

		assert_int_equal(a.flow_label, b.flow_label);
	}
}

/* -- too big -------------------------------------------------------------------------------- */

/* RFC 1191, RFC 4443 3.2: what comes back for `in`, and says that `mtu` would fit. */
static void assert_too_big(const struct frame *in, enum family family, uint32_t mtu)
{
	static struct frame expected;
	size_t l3 = in->network, ip = family == IPV4 ? 20 : 40, quote = in->length - l3;
	uint32_t most = (family == IPV4 ? 576 : 1280) - ip - 8, pseudo = 0;
	uint8_t *icmp;

	memcpy(expected.bytes, in->bytes, l3);
	memcpy(expected.bytes, in->bytes + 6, 6);
	memcpy(expected.bytes + 6, in->bytes, 6);
	memcpy(expected.bytes + l3, out.bytes + l3, ip); /* as rejects have it: rows_reject.c */
	quote = quote > most ? most : quote;
	icmp = expected.bytes + l3 + ip;
	memset(icmp, 0, 8);
	icmp[0] = family == IPV4 ? 3 : 2;
	icmp[1] = family == IPV4 ? 4 : 0;
	set16(icmp + 6, mtu);
	memcpy(icmp + 8, in->bytes + l3, quote);
	for (size_t i = 8; family == IPV6 && i < 40; i += 2)
		pseudo += get16(out.bytes + l3 + i);
	if (family == IPV6)
		pseudo += IPPROTO_ICMPV6 + 8 + (uint32_t)quote;
	set16(icmp + 2, checksum(icmp, 8 + quote, pseudo));
	expected.length = l3 + ip + 8 + quote;
	assert_frame(&expected);
	assert_memory_equal(out.bytes + l3 + (family == IPV4 ? 16 : 24),
			    in->bytes + l3 + (family == IPV4 ? 12 : 8), family == IPV4 ? 4 : 16);
}

static void what_does_not_fit_is_told(void **state)
{
	static const uint16_t added[2][2] = {{20, 40}, {28, 48}};
	static struct frame in;

	(void)state;
	for (int gue = 0; gue < 2; gue++)
		for (enum family family = IPV4; family <= IPV6; family++)
			for (int dont_fragment = 0; dont_fragment < 2; dont_fragment++) {
				const struct way *way = &ways[gue];
				struct variant variant = {.family = family,
							  .tags = dont_fragment,
							  .run = row_fresh_run()};
				uint16_t fits = 1500 - added[gue][family];
				uint16_t data = fits - (family == IPV4 ? 40 : 60);
				struct packet packet = {TCP(CLIENT, way->vip, 443, ACK),
							.payload = data,
							.dont_fragment = dont_fragment};

				goes(way, &packet, &variant, 0);
				packet.payload++;
				frame_build(&in, &packet, &variant);
				send_frame(&in);
				assert_verdict(XDP_REDIRECT); /* the answer */
				assert_too_big(&in, family, fits);
				assert_int_equal(moved("drops.too-big.packets"), 1);
				assert_int_equal(moved("answers.sent"), 1);
				assert_int_equal(moved("packets.dropped"), 1);
			}
}

/* -- mss ------------------------------------------------------------------------------------- */

/* A SYN whose options are `nops` no-operations, then an MSS; what is in it when it leaves. */
static uint16_t mss_through(enum party vip, enum family family, unsigned int nops, uint16_t mss,
			    size_t added)
{
	static struct frame in, inside;
	struct variant variant = {.family = family, .run = row_fresh_run()};
	struct packet syn = {TCP(CLIENT, vip, 443, SYN), .tcp_options = 3};
	uint8_t *tcp;
	size_t ip = family == IPV4 ? 20 : 40;
	uint32_t pseudo = IPPROTO_TCP + 32;

	frame_build(&in, &syn, &variant);
	tcp = in.bytes + in.transport;
	tcp[20 + nops] = 2;
	tcp[21 + nops] = 4;
	set16(tcp + 22 + nops, mss);
	for (size_t i = in.network + (family == IPV4 ? 12 : 8); i < in.network + ip; i += 2)
		pseudo += get16(in.bytes + i);
	set16(tcp + 16, 0);
	set16(tcp + 16, checksum(tcp, 32, pseudo));
	send_frame(&in);
	assert_verdict(XDP_TX);
	inside = in;
	memcpy(inside.bytes + in.transport, out.bytes + in.transport + added, 32);
	tcp = inside.bytes + in.transport;
	assert_int_equal(checksum(tcp, 32, pseudo), 0);
	mss = get16(tcp + 22 + nops);
	set16(tcp + 22 + nops, 0);
	set16(in.bytes + in.transport + 22 + nops, 0);
	set16(tcp + 16, 0);
	set16(in.bytes + in.transport + 16, 0);
	assert_memory_equal(inside.bytes + in.network, in.bytes + in.network,
			    in.length - in.network);
	return mss;
}

static void mss_is_lowered(void **state)
{
	(void)state;
	for (unsigned int nops = 0; nops <= 4; nops++) {
		assert_int_equal(mss_through(VIP, IPV4, nops, 1460, 20), 1440);
		assert_int_equal(mss_through(VIP, IPV6, nops, 1440, 40), 1400);
		assert_int_equal(mss_through(VIP2, IPV4, nops, 8960, 28), 1300);
		assert_int_equal(mss_through(VIP2, IPV6, nops, 1301, 48), 1300);
	}
	assert_int_equal(mss_through(VIP, IPV4, 1, 1440, 20), 1440);
	assert_int_equal(mss_through(VIP2, IPV4, 1, 1300, 28), 1300);
	assert_int_equal(mss_through(VIP2, IPV6, 1, 536, 48), 536);
}

/* -- decapsulation ------------------------------------------------------------------------------ */

static const struct outside tunnels[] = {
	{IPV4, false, false, "192.0.2.254", "192.0.2.1", 0, 0, 0, 0, 0, 0},
	{IPV6, false, false, "2001:db8:2::fe", "2001:db8:2::1", 0, 0, 0, 0, 0, 0},
	{IPV4, true, false, "192.0.2.254", "192.0.2.1", 0, 9, 50000, 0, 0, 0},
	{IPV6, true, false, "2001:db8:2::fe", "2001:db8:2::1", 0, 0, 50000, 0, 0, 0},
	{IPV4, true, true, "192.0.2.254", "192.0.2.1", 0, 0, 50000, 0, 0, 0},
	{IPV6, true, true, "2001:db8:2::fe", "2001:db8:2::1", 0, 0, 50000, 0, 0, 0},
};

static void named_balancers_tunnels_are_opened(void **state)
{
	static struct frame in, inner;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tunnels); i++)
		for (enum family family = IPV4; family <= IPV6; family++)
			for (unsigned int tags = 0; tags <= 2; tags++) {
				struct variant variant = {
					.family = family, .tags = tags, .run = row_fresh_run()};
				struct packet syn = {TCP(CLIENT, NODE, 8080, SYN), .ttl = 7,
						     .options = 2, .payload = 33};
				struct packet shut = {TCP(CLIENT, NODE, 8081, SYN)};

				frame_build(&inner, &syn, &variant);
				tunnel_build(&in, &inner, &tunnels[i]);
				send_frame(&in);
				assert_verdict(XDP_PASS);
				assert_frame(&inner);
				assert_int_equal(moved("host.rules.1.packets"), 1);
				frame_build(&inner, &shut, &variant);
				tunnel_build(&in, &inner, &tunnels[i]);
				send_frame(&in);
				assert_verdict(XDP_DROP);
				assert_int_equal(moved("drops.default.packets"), 1);
				/* and guard's rules are about who is inside */
				shut = (struct packet){TCP(ATTACKER, NODE, 8080, SYN)};
				frame_build(&inner, &shut, &variant);
				tunnel_build(&in, &inner, &tunnels[i]);
				send_frame(&in);
				assert_verdict(XDP_DROP);
				assert_int_equal(moved("drops.blocked.packets"), 1);
			}
}

/* They are ordinary packets of their protocol, and `host` has no rule for it. */
static void tunnels_of_others_are_judged(void **state)
{
	static struct frame in, inner;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tunnels); i++)
		for (enum family family = IPV4; family <= IPV6; family++) {
			struct variant variant = {.family = family, .run = row_fresh_run()};
			struct packet syn = {TCP(CLIENT, NODE, 8080, SYN)};
			struct outside outside = tunnels[i];

			outside.source = outside.family == IPV4 ? "203.0.113.7" : "2001:db8:d::7";
			frame_build(&inner, &syn, &variant);
			tunnel_build(&in, &inner, &outside);
			send_frame(&in);
			assert_verdict(XDP_DROP);
			assert_int_equal(moved("drops.default.packets"), 1);
			assert_int_equal(moved("host.default.packets"), 1);
			/* for another host: untouched, from whomever */
			outside = tunnels[i];
			outside.destination =
				outside.family == IPV4 ? "203.0.113.9" : "2001:db8:e::9";
			tunnel_build(&in, &inner, &outside);
			send_frame(&in);
			assert_verdict(XDP_PASS);
			assert_frame(&in);
		}
}

static void what_is_no_tunnel_stays(void **state)
{
	static struct frame in, inner;
	struct variant variant = {.family = IPV4, .run = row_fresh_run()};
	struct packet syn = {TCP(CLIENT, NODE, 8080, SYN)};
	struct outside outside = tunnels[2];

	(void)state;
	frame_build(&inner, &syn, &variant);
	outside.to_port = 8080; /* not the port of gue */
	tunnel_build(&in, &inner, &outside);
	send_frame(&in);
	assert_verdict(XDP_PASS);
	assert_frame(&in);
	tunnel_build(&in, &inner, &tunnels[4]);
	in.bytes[in.transport + 8] = 0x20; /* a control message of GUE */
	send_frame(&in);
	assert_verdict(XDP_DROP);
	assert_int_equal(moved("drops.default.packets"), 1);
	tunnel_build(&in, &inner, &tunnels[0]);
	in.bytes[in.transport] = 0x65; /* no IPv4 behind protocol 4 */
	send_frame(&in);
	assert_verdict(XDP_DROP);
	assert_int_equal(moved("drops.default.packets"), 1);
}

/* RFC 6040, 4.2. */
static void congestion_in_the_tunnel_is_passed_on(void **state)
{
	static struct frame in, inner;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tunnels); i++)
		for (enum family family = IPV4; family <= IPV6; family++) {
			struct variant variant = {.family = family, .run = row_fresh_run()};
			struct packet syn = {TCP(CLIENT, NODE, 8080, SYN)};
			struct outside outside = tunnels[i];
			uint8_t *ip = inner.bytes + 14;
			int shift = family == IPV4 ? 0 : 4;

			outside.class = 3;
			frame_build(&inner, &syn, &variant);
			tunnel_build(&in, &inner, &outside);
			send_frame(&in);
			assert_verdict(XDP_DROP); /* who does not know ECN */
			assert_int_equal(moved("drops.malformed.packets"), 1);
			ip[1] |= 2 << shift;
			if (family == IPV4) {
				set16(ip + 10, 0);
				set16(ip + 10, checksum(ip, 20, 0));
			}
			tunnel_build(&in, &inner, &outside);
			ip[1] |= 3 << shift;
			if (family == IPV4) {
				set16(ip + 10, 0);
				set16(ip + 10, checksum(ip, 20, 0));
			}
			send_frame(&in);
			assert_verdict(XDP_PASS);
			assert_frame(&inner);
		}
}

static int set_up(void **state)
{
	(void)state;
	row_apply(configuration);
	return 0;
}

static int run(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_combination),
		cmocka_unit_test(headers_stay),
		cmocka_unit_test(congestion_is_told),
		cmocka_unit_test(fragments_follow),
		cmocka_unit_test(what_does_not_fit_is_told),
		cmocka_unit_test(mss_is_lowered),
		cmocka_unit_test(named_balancers_tunnels_are_opened),
		cmocka_unit_test(tunnels_of_others_are_judged),
		cmocka_unit_test(what_is_no_tunnel_stays),
		cmocka_unit_test(congestion_in_the_tunnel_is_passed_on),
	};

	return cmocka_run_group_tests_name(subject_tunnel.name, tests, set_up, NULL);
}

const struct subject subject_tunnel = {
	.name = "tunnels",
	.run = run,
	.count = 10,
};
