/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Millions of random and mutated frames through a loaded node with every kind of
 * statement in its configuration.  No frame may end in XDP_ABORTED or come out
 * longer or shorter, but the answers of reject, whose checksums must be right; the
 * node's counters must tell exactly what the frames saw.
 *
 *   random-frames TIERWALL        FRAMES=10000000 SEED=N
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "counters.h"
#include "environment.h"
#include "mutate.h"
#include "row.h"

#define ETHERNET_BYTES 14
#define DEEP           1000000 /* so many frames must reach every corner */

static const char configuration[] = INTERFACES HASH_KEY SETS
	"guard { drop from @blocked; drop udp to port 1900; accept tcp state established }\n"
	"host { strict; accept tcp from @office to port 22; accept udp to port 53; reject udp }\n"
	"tier web {\n"
	"	server web1 10.0.1.11 2001:db8:1::11 weight 2\n"
	"	server web2 10.0.1.12 2001:db8:1::12 { firewall { drop tcp to port 8081 } }\n"
	"	server fixed1 10.0.1.40 2001:db8:1::40 mac 02:00:00:00:01:40 device lan\n"
	"	firewall {\n"
	"		accept tcp to port { 80, 443, 8000-8100 }\n"
	"		drop tcp from @office to port 22 ttl 1-64\n"
	"		accept udp to port 53 length 28-1500\n"
	"		accept icmp type echo-request\n"
	"		accept icmp6 type echo-request\n"
	"		accept fragment\n"
	"		default reject\n"
	"	}\n"
	"}\n"
	"tier edge {\n"
	"	strict\n"
	"	server edge1 192.0.2.31 2001:db8:2::31\n"
	"	firewall { accept tcp; accept udp in wan }\n"
	"}\n"
	"tier db {\n"
	"	server db1 10.0.3.11 2001:db8:3::11\n"
	"	server db2 10.0.3.12 2001:db8:3::12\n"
	"	firewall { accept tcp from @web to port 3306; default drop }\n"
	"}\n"
	"tier lost { server lost1 172.16.9.9 2001:db8:bb::9; firewall { default accept } }\n"
	"tier down { server down1 10.0.1.99 2001:db8:1::99 state down; firewall { default accept } "
	"}\n"
	"service www {\n"
	"	listen 192.0.2.10 tcp port 80,443\n"
	"	listen 2001:db8:2::10 tcp port 80,443\n"
	"	listen 192.0.2.10 udp port 53\n"
	"	listen 2001:db8:2::10 udp port 53\n"
	"	tier web\n"
	"	forward nat\n"
	"}\n"
	"service edge {\n"
	"	listen 192.0.2.20 tcp port 1-65535\n"
	"	listen 2001:db8:2::20 tcp port 1-65535\n"
	"	tier edge\n"
	"	port 8443\n"
	"}\n"
	"service edge-l2 {\n"
	"	listen 192.0.2.20 udp port 53\n"
	"	listen 2001:db8:2::20 udp port 53\n"
	"	tier edge\n"
	"	forward l2\n"
	"}\n"
	"service office {\n"
	"	listen 192.0.2.30 tcp port 443\n"
	"	listen 2001:db8:2::30 tcp port 443\n"
	"	tier db\n"
	"	forward l2\n"
	"	from @office\n"
	"}\n"
	"service lost {\n"
	"	listen 192.0.2.40 tcp port 80\n"
	"	listen 2001:db8:2::40 tcp port 80\n"
	"	tier lost\n"
	"}\n"
	"service down {\n"
	"	listen 192.0.2.40 tcp port 81\n"
	"	listen 2001:db8:2::40 tcp port 81\n"
	"	tier down\n"
	"}\n";

/* What mutations start from; a sender's fresh port is the same in all of a run. */
static const struct packet packets[] = {
	{TCP(CLIENT, VIP, 443, SYN)},
	{TCP(CLIENT, VIP, 443, ACK), .payload = 40},
	{TCP(CLIENT, VIP, 80, FIN | ACK), .options = 3, .extensions = {HOP_BY_HOP, DESTINATION}},
	{TCP_REPLY(WEB1, CLIENT, 443, SYN | ACK)},
	{TCP_REPLY(WEB2, CLIENT, 443, ACK), .payload = 80},
	{TCP_REPLY(FIXED1, CLIENT, 80, RST | ACK)},
	{UDP(CLIENT, VIP, 53), .payload = 30},
	{UDP_REPLY(WEB1, CLIENT, 53), .payload = 60},
	{UDP(CLIENT, VIP, 53), .payload = 24, .udp_length = 40, .more_fragments = true},
	{.protocol = IPPROTO_UDP, .from = CLIENT, .to = VIP, .fragment_offset = 4, .payload = 40},
	{TCP(CLIENT, VIP2, 8443, SYN), .tcp_options = 5},
	{TCP(CLIENT, VIP2, 8443, PSH | ACK), .payload = 1481, .dont_fragment = true},
	{TCP_REPLY(EDGE1, CLIENT, 8443, ACK), .payload = 20},
	{UDP(CLIENT, VIP2, 53), .payload = 20},
	{TCP(OFFICE, VIP3, 443, SYN)},
	{TCP(CLIENT, VIP3, 443, SYN)},
	{TCP(CLIENT, VIP4, 80, SYN)},
	{TCP(CLIENT, VIP4, 81, SYN)},
	{TCP(OFFICE, NODE, 22, SYN)},
	{TCP(CLIENT, NODE, 22, ACK)},
	{UDP(CLIENT, NODE, 161)},
	{TCP(CLIENT, WEB1, 80, SYN)},
	{TCP(OFFICE, WEB1, 22, SYN)},
	{TCP(CLIENT, WEB2, 8081, SYN)},
	{TCP(CLIENT, WEB1, 80, SYN), .more_fragments = true, .payload = 12},
	{.protocol = IPPROTO_TCP, .from = CLIENT, .to = WEB1, .fragment_offset = 4, .payload = 40},
	{TCP(WEB1, DB1, 3306, SYN)},
	{TCP(WEB1, OTHER, 443, SYN)},
	{TCP_REPLY(OTHER, WEB1, 443, SYN | ACK)},
	{.protocol = PING, .from = CLIENT, .to = WEB1, .payload = 56},
	{.protocol = PONG, .from = WEB1, .to = CLIENT, .payload = 56},
	{.protocol = IPPROTO_ICMP, .from = OTHER, .to = WEB1, .type = 3, .code = 4, .payload = 60},
	{.protocol = IPPROTO_ICMPV6, .from = OTHER, .to = WEB1, .type = 2, .payload = 80},
	{.protocol = IPPROTO_ICMPV6,
	 .from = CLIENT,
	 .to = NODE,
	 .type = 135,
	 .ttl = 255,
	 .payload = 24},
	{TCP(ATTACKER, VIP, 443, SYN)},
	{UDP(ATTACKER, OTHER, 53)},
	{TCP(CLIENT, OTHER, 443, SYN)},
	{.protocol = IPPROTO_SCTP, .from = CLIENT, .to = WEB1, .to_port = 80, .payload = 12},
	{.protocol = IPPROTO_GRE, .from = CLIENT, .to = DB1, .payload = 48},
	{.protocol = IPPROTO_IPIP, .from = CLIENT, .to = OTHER, .payload = 48},
	{TCP(CLIENT, VIP, 443, SYN),
	 .extensions = {HOP_BY_HOP, DESTINATION, ROUTING, WHOLE_FRAGMENT, AUTHENTICATION}},
	{.from = CLIENT, .ethertype = 0x0806, .payload = 28},
	{.from = CLIENT, .ethertype = 0x88cc, .payload = 50},
};

#define VARIANTS 6
static struct frame corpus[ARRAY_SIZE(packets) * VARIANTS];

struct totals {
	uint64_t frames, bytes;
	uint64_t verdicts[5]; /* by enum xdp_action */
	uint64_t answers;
};

static void build_corpus(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(corpus); i++) {
		struct variant variant = {.family = i % 2, .tags = i / 2 % 3};

		frame_build(&corpus[i], &packets[i / VARIANTS], &variant);
	}
}

/* memcpy() of a whole struct frame would cost more than the test itself. */
static void copy_frame(struct frame *to, const struct frame *from)
{
	memcpy(to, from, offsetof(struct frame, bytes));
	memcpy(to->bytes, from->bytes, from->length);
}

static void next_frame(struct frame *frame, struct random *random)
{
	uint32_t changes = random_below(random, 4);

	copy_frame(frame, &corpus[random_below(random, ARRAY_SIZE(corpus))]);
	if (random_below(random, 32) == 0) {
		mutate_random(frame, random);
	} else {
		mutate_sender(frame, random);
		while (changes--)
			mutate(frame, &corpus[random_below(random, ARRAY_SIZE(corpus))], random);
	}
	if (random_below(random, 16) == 0)
		frame->device = WAN + random_below(random, DEVICE_COUNT - WAN);
	/* Now and then the frame lies in two buffers, cut anywhere behind its Ethernet header. */
	frame->linear = frame->length;
	if (random_below(random, 64) == 0)
		frame->linear =
			ETHERNET_BYTES + random_below(random, frame->length - ETHERNET_BYTES + 1);
}

static size_t ip_at(const uint8_t *bytes)
{
	size_t at = 12;

	while (get16(bytes + at) == 0x8100 || get16(bytes + at) == 0x88a8)
		at += 4;
	return at + 2;
}

/* The type of an ICMP message; -1: it is none. */
static int icmp_type(const uint8_t *ip)
{
	if (ip[0] >> 4 == 6)
		return ip[6] == IPPROTO_ICMPV6 ? ip[40] : -1;
	return ip[9] == IPPROTO_ICMP ? ip[20] : -1;
}

static bool is_icmp_error(const uint8_t *ip)
{
	int type = icmp_type(ip);

	return ip[0] >> 4 == 6 ? type >= 0 && type < 128 : type == 3 || type == 11;
}

static bool is_ping_answer(const uint8_t *ip)
{
	return icmp_type(ip) == (ip[0] >> 4 == 6 ? 129 : 0);
}

/*
 * What is sent on keeps its length, and so does a ping that a service answers.  What goes
 * back to its sender otherwise may not, and is an answer to what was dropped: from where it
 * was sent to, or an error from the service whose server it was.
 */
static bool is_answer(const struct frame *frame, const struct outcome *out)
{
	size_t at, size, source, destination;
	const uint8_t *ip;

	if (out->verdict != XDP_TX && out->verdict != XDP_REDIRECT)
		return false;
	at = ip_at(frame->bytes);
	size = frame->bytes[at] >> 4 == 6 ? 16 : 4;
	source = at + (size == 16 ? 8 : 12);
	destination = source + size;
	ip = out->bytes + at;
	if (memcmp(out->bytes, frame->bytes + 6, 6) != 0 ||
	    memcmp(out->bytes + 6, frame->bytes, 6) != 0 ||
	    memcmp(out->bytes + destination, frame->bytes + source, size) != 0)
		return false;
	if (memcmp(out->bytes + source, frame->bytes + destination, size) == 0)
		return !is_ping_answer(ip);
	return is_icmp_error(ip);
}

/* The sum over a header and what it covers is right where it is 0. */
static bool answer_is_right(const struct outcome *out)
{
	const uint8_t *ip = out->bytes + ip_at(out->bytes);
	size_t left = out->length - (size_t)(ip - out->bytes);
	bool ipv6 = ip[0] >> 4 == 6;
	uint8_t protocol = ipv6 ? ip[6] : ip[9];
	uint32_t pseudo = 0;

	if (ipv6 ? left != 40u + get16(ip + 4) : left != get16(ip + 2) || checksum(ip, 20, 0) != 0)
		return false;
	left -= ipv6 ? 40 : 20;
	for (size_t i = ipv6 ? 8 : 12; i < (ipv6 ? 40 : 20); i += 2)
		pseudo += get16(ip + i);
	pseudo = protocol == IPPROTO_ICMP ? 0 : pseudo + protocol + (uint32_t)left;
	return (protocol == IPPROTO_TCP || protocol == IPPROTO_ICMP ||
		protocol == IPPROTO_ICMPV6) &&
	       checksum(ip + (ipv6 ? 40 : 20), left, pseudo) == 0;
}

static bool send_one(const struct node *node, const struct frame *frame, struct totals *totals)
{
	static struct outcome out;
	bool answer, right;

	node_send(node, frame, &out);
	totals->frames++;
	totals->bytes += frame->length;
	answer = is_answer(frame, &out);
	right = out.verdict >= XDP_DROP && out.verdict <= XDP_REDIRECT;
	if (right && out.verdict != XDP_DROP)
		right = answer ? answer_is_right(&out) : out.length == frame->length;
	if (right) {
		totals->answers += answer;
		totals->verdicts[answer ? XDP_DROP : out.verdict]++;
		return true;
	}
	printf("frame %" PRIu64 " on %s ended in %s with %u bytes\n", totals->frames,
	       device_name(frame->device), verdict_name(out.verdict), out.length);
	frame_print(stdout, frame->bytes, frame->length, NULL);
	return false;
}

static int64_t moved(const struct counters *before, const struct counters *after, const char *path)
{
	return counters_get(after, path) - counters_get(before, path);
}

static bool must_be(const char *what, int64_t value, uint64_t expected)
{
	bool right = value >= 0 && (uint64_t)value == expected;

	if (!right)
		printf("%s: the node counted %" PRId64 ", the test %" PRIu64 "\n", what, value,
		       expected);
	return right;
}

/* The sum over the reasons; *silent counts those that this run should have met and did not. */
static int64_t sum_drops(const struct counters *before, const struct counters *after,
			 const char *unit, int *silent)
{
	static const char *const reasons[] = {"malformed",  "martian", "blocked",   "invalid-state",
					      "rule",       "default", "source",    "no-server",
					      "ttl",        "too-big", "no-route",  "fragment",
					      "table-full", "limit",   "tcp-flags", "overlap"};
	int64_t sum = 0;

	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		char path[PATH_MAX_BYTES];
		int64_t drops;

		snprintf(path, sizeof(path), "drops.%s.%s", reasons[i], unit);
		drops = moved(before, after, path);
		sum += drops;
		if (strcmp(unit, "packets") == 0)
			printf("  %-14s %10" PRId64 "\n", reasons[i], drops);
		/* No table can be full of so few senders, and nothing is limited here. */
		*silent += drops == 0 && strcmp(reasons[i], "table-full") &&
			   strcmp(reasons[i], "limit");
	}
	return sum;
}

static bool check_counters(const struct counters *before, const struct counters *after,
			   const struct totals *totals)
{
	static const char *const keys[] = {"", "packets.dropped", "packets.passed",
					   "packets.transmitted", "packets.redirected"};
	bool right = must_be("packets.received", moved(before, after, "packets.received"),
			     totals->frames);
	uint64_t verdicts = 0;
	int silent = 0;

	right &= must_be("bytes.received", moved(before, after, "bytes.received"), totals->bytes);
	for (uint32_t verdict = XDP_DROP; verdict <= XDP_REDIRECT; verdict++) {
		right &= must_be(keys[verdict], moved(before, after, keys[verdict]),
				 totals->verdicts[verdict]);
		printf("  %-14s %10" PRIu64 "\n", verdict_name(verdict), totals->verdicts[verdict]);
		verdicts += totals->verdicts[verdict];
	}
	right &= must_be("frames", verdicts, totals->frames);
	right &= must_be("answers.sent", moved(before, after, "answers.sent"), totals->answers);
	printf("  %-14s %10" PRIu64 "\n", "of these answered", totals->answers);
	right &= must_be("sum of drops", sum_drops(before, after, "packets", &silent),
			 totals->verdicts[XDP_DROP]);
	right &= must_be("sum of dropped bytes", sum_drops(before, after, "bytes", &silent),
			 moved(before, after, "bytes.dropped"));
	silent += !totals->answers;
	if (silent && totals->frames >= DEEP) {
		printf("some reasons never happened: the frames do not reach far enough\n");
		right = false;
	}
	return right;
}

static int run(struct node *node)
{
	static struct frame frame;
	uint64_t frames = from_environment("FRAMES", 10000000);
	uint64_t seed = from_environment("SEED", time(NULL));
	struct random random = {.state = seed * 0x9e3779b97f4a7c15ull | 1};
	struct counters before = {}, after = {};
	struct totals totals = {};
	time_t start = time(NULL);
	bool right = true;

	printf("random frames: %" PRIu64 " frames, SEED=%" PRIu64 "\n", frames, seed);
	if (node_apply(node, configuration))
		return 1;
	build_corpus();
	counters_read(&before, node);
	while (right && totals.frames < frames) {
		next_frame(&frame, &random);
		right = send_one(node, &frame, &totals);
	}
	counters_read(&after, node);
	right = right && check_counters(&before, &after, &totals);
	printf("random frames: %s after %" PRIu64 " frames and %ld seconds\n",
	       right ? "none aborted, counters agree" : "FAILED", totals.frames,
	       (long)(time(NULL) - start));
	puts(right ? "1 passed, 0 failed" : "0 passed, 1 failed");
	counters_free(&before);
	counters_free(&after);
	return !right;
}

int main(int argc, char **argv)
{
	return node_main(argc, argv, run);
}
