/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The checks of guard that need no rule, each switched off in turn: what it looks for
 * then meets the rules like everything else, and the others look on.  What cannot be
 * judged without the header that is missing still goes to no server.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "subjects.h"
#include "tierwall/checks.h"

static const char configuration[] = INTERFACES HASH_KEY
	"guard { check %s off; drop udp to port 1900 }\n"
	"tier web {\n"
	"	server web1 10.0.1.11 2001:db8:1::11\n"
	"	firewall { accept tcp to port 80; accept udp to port 53; default drop }\n"
	"}\n";

struct sample {
	enum tw_check check;
	struct row stops, passes; /* while the check is on and off */
};

#define SEGMENT(party, port, tcp_flags, ...) \
	.in = {TCP(CLIENT, party, port, tcp_flags), __VA_ARGS__}
#define DATAGRAM(party, port, ...) .in = {UDP(CLIENT, party, port), __VA_ARGS__}
#define PIECE(party, offset, bytes, ...)    \
	.in = {.protocol = IPPROTO_UDP,     \
	       .from = CLIENT,              \
	       .to = (party),               \
	       .fragment_offset = (offset), \
	       .payload = (bytes),          \
	       __VA_ARGS__}
#define DROPPED(why) .verdict = XDP_DROP, .reason = why
#define TCP_ACCEPTED .verdict = XDP_PASS, .flow = MAY_BEGIN_FLOW, .moves = {"tiers.web.rules.1"}
#define UDP_ACCEPTED .verdict = XDP_PASS, .flow = MAY_BEGIN_FLOW, .moves = {"tiers.web.rules.2"}
#define REFUSED      DROPPED("default"), .moves = {"tiers.web.default"}
#define BLOCKED      DROPPED("blocked"), .moves = {"guard.rules.1"}
#define PASSES       .verdict = XDP_PASS
/* guard has let it on; nobody could say what its server's firewall would */
#define UNJUDGED(why) DROPPED(why), .moves = {"?guard.default"}
#define FIRST         .payload = 24, .udp_length = 40, .more_fragments = true
#define TINY          .segment = 8, .more_fragments = true
#define NINE                                                                                       \
	DESTINATION, DESTINATION, DESTINATION, DESTINATION, DESTINATION, DESTINATION, DESTINATION, \
		DESTINATION, DESTINATION

static const struct sample samples[] = {
	{TW_CHECK_MARTIAN,
	 {"a loopback source stops",
	  ONLY_IPV4,
	  {{SEGMENT(WEB1, 80, SYN, .source = "127.0.0.1"), DROPPED("martian")}}},
	 {"a loopback source meets the rules",
	  ONLY_IPV4,
	  {{SEGMENT(WEB1, 80, SYN, .source = "127.0.0.1"), TCP_ACCEPTED},
	   {SEGMENT(WEB1, 81, SYN, .source = "127.0.0.1"), REFUSED},
	   {DATAGRAM(WEB1, 1900, .source = "127.0.0.1"), BLOCKED}}}},
	{TW_CHECK_MARTIAN,
	 {"a multicast source stops",
	  ONLY_IPV6,
	  {{SEGMENT(WEB1, 80, SYN, .source = "ff02::1"), DROPPED("martian")}}},
	 {"a multicast source meets the rules",
	  ONLY_IPV6,
	  {{SEGMENT(WEB1, 80, SYN, .source = "ff02::1"), TCP_ACCEPTED},
	   {SEGMENT(WEB1, 81, SYN, .source = "ff02::1"), REFUSED}}}},
	{TW_CHECK_TCP_FLAGS,
	 {"SYN with FIN stops", 0, {{SEGMENT(WEB1, 80, SYN | FIN), DROPPED("tcp-flags")}}},
	 {"SYN with FIN meets the rules",
	  0,
	  {{SEGMENT(WEB1, 80, SYN | FIN), TCP_ACCEPTED}, {SEGMENT(WEB1, 81, SYN | FIN), REFUSED}}}},
	{TW_CHECK_FRAGMENT,
	 {"a fragment of no full units stops",
	  0,
	  {{DATAGRAM(WEB1, 53, FIRST), UDP_ACCEPTED},
	   {PIECE(WEB1, 4, 13, .more_fragments = true), DROPPED("fragment")}}},
	 {"a fragment of no full units meets the rules",
	  0,
	  {{DATAGRAM(WEB1, 53, FIRST), UDP_ACCEPTED},
	   {PIECE(WEB1, 4, 13, .more_fragments = true), UDP_ACCEPTED}}}},
	{TW_CHECK_FRAGMENT,
	 {"a tiny first fragment stops",
	  0,
	  {{SEGMENT(WEB1, 80, SYN, TINY), DROPPED("fragment")},
	   {SEGMENT(OTHER, 80, SYN, TINY), DROPPED("fragment")}}},
	 {"a tiny first fragment is let on, but to no server",
	  0,
	  {{SEGMENT(WEB1, 80, SYN, TINY), UNJUDGED("fragment")},
	   {SEGMENT(OTHER, 80, SYN, TINY), PASSES}}}},
	{TW_CHECK_OVERLAP,
	 {"a fragment that came before stops",
	  0,
	  {{DATAGRAM(WEB1, 53, FIRST), UDP_ACCEPTED},
	   {DATAGRAM(WEB1, 53, FIRST), DROPPED("overlap")}}},
	 {"a fragment that came before meets the rules",
	  0,
	  {{DATAGRAM(WEB1, 53, FIRST), UDP_ACCEPTED},
	   {DATAGRAM(WEB1, 53, FIRST), UDP_ACCEPTED},
	   {DATAGRAM(WEB1, 54, FIRST), REFUSED},
	   {PIECE(WEB1, 4, 40), DROPPED("fragment")}}}},
	{TW_CHECK_MALFORMED,
	 {"a UDP length beyond the packet stops",
	  0,
	  {{DATAGRAM(WEB1, 53, .udp_length = 1), DROPPED("malformed")}}},
	 {"a UDP length beyond the packet meets the rules",
	  0,
	  {{DATAGRAM(WEB1, 53, .udp_length = 1), UDP_ACCEPTED},
	   {DATAGRAM(WEB1, 54, .udp_length = 1), REFUSED},
	   {DATAGRAM(OTHER, 1900, .udp_length = 1), BLOCKED}}}},
	{TW_CHECK_MALFORMED,
	 {"half a TCP header stops",
	  0,
	  {{SEGMENT(WEB1, 80, SYN, .segment = 19), DROPPED("malformed")},
	   {SEGMENT(OTHER, 80, SYN, .segment = 19), DROPPED("malformed")}}},
	 {"half a TCP header is let on, but to no server",
	  0,
	  {{SEGMENT(WEB1, 80, SYN, .segment = 19), UNJUDGED("malformed")},
	   {SEGMENT(OTHER, 80, SYN, .segment = 19), PASSES}}}},
	{TW_CHECK_MALFORMED,
	 {"a chain of nine headers stops",
	  ONLY_IPV6,
	  {{DATAGRAM(WEB1, 54, .extensions = {NINE}), DROPPED("malformed")}}},
	 {"a chain of nine headers is no way to a server",
	  ONLY_IPV6,
	  {{DATAGRAM(WEB1, 54, .extensions = {NINE}), UNJUDGED("malformed")},
	   {DATAGRAM(OTHER, 54, .extensions = {NINE}), PASSES}}}},
	{TW_CHECK_MALFORMED,
	 {"another version than the frame says stops",
	  0,
	  {{SEGMENT(WEB1, 80, SYN, .version = 5), DROPPED("malformed")}}},
	 {"another version than the frame says is the kernel's",
	  0,
	  {{SEGMENT(WEB1, 80, SYN, .version = 5), PASSES, .moves = {"?guard.default"}}}}},
};

static void with_one_off(enum tw_check off)
{
	static const char *const names[] = {
#define X(constant, name, meaning) [TW_CHECK_##constant] = name,
		TW_CHECKS(X)
#undef X
	};
	char text[sizeof(configuration) + 32];

	snprintf(text, sizeof(text), configuration, names[off]);
	row_apply(text);
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		row_run(samples[i].check == off ? &samples[i].passes : &samples[i].stops,
			&subject_checks);
}

#define X(constant, name, meaning)                   \
	static void without_##constant(void **state) \
	{                                            \
		(void)state;                         \
		with_one_off(TW_CHECK_##constant);   \
	}
TW_CHECKS(X)
#undef X

static int run(void)
{
	static const struct CMUnitTest tests[] = {
#define X(constant, name, meaning) cmocka_unit_test(without_##constant),
		TW_CHECKS(X)
#undef X
	};

	return cmocka_run_group_tests_name(subject_checks.name, tests, NULL, NULL);
}

const struct subject subject_checks = {
	.name = "checks that are off",
	.run = run,
	.count = TW_CHECK_COUNT,
};
