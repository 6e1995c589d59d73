/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Rules in words: what they become, how they are printed, which are refused, and where. */
#include <netinet/in.h>

#include "config_rows.h"

struct right_row {
	const char *says;
	const char *words;
	const char *printed; /* NULL: as it was written */
};

static const struct right_row right[] = {
	{"accept alone matches everything", "accept", NULL},
	{"drop alone matches everything", "drop", NULL},
	{"tcp by name", "accept tcp", NULL},
	{"udp by name", "accept udp", NULL},
	{"icmp by name", "accept icmp", NULL},
	{"icmp6 by name", "accept icmp6", NULL},
	{"sctp by name", "accept sctp", NULL},
	{"a protocol without a name by number", "accept 47", NULL},
	{"protocol 0 is a number like others", "drop 0", NULL},
	{"protocol 255 is the last", "drop 255", NULL},
	{"a number that has a name is printed as the name", "accept 6", "accept tcp"},
	{"the order of grammar is printed", "accept tcp from @office to port 22", NULL},
	{"from a host", "drop from 192.0.2.7", NULL},
	{"from a prefix", "drop from 192.0.2.0/24", NULL},
	{"the bits behind a prefix are masked", "drop from 192.0.2.77/24",
	 "drop from 192.0.2.0/24"},
	{"a /32 is an address", "drop from 192.0.2.7/32", "drop from 192.0.2.7"},
	{"all of IPv4", "drop from 0.0.0.0/0", NULL},
	{"all of IPv6", "drop from ::/0", NULL},
	{"an IPv6 host", "drop to 2001:db8::1", NULL},
	{"an IPv6 prefix", "drop to 2001:db8::/32", NULL},
	{"IPv6 is printed short", "drop to 2001:DB8:0:0:0:0:0:1/128", "drop to 2001:db8::1"},
	{"IPv6 host bits are masked too", "drop to 2001:db8::ffff/120",
	 "drop to 2001:db8::ff00/120"},
	{"an IPv4 address in IPv6 form is IPv4", "drop to ::ffff:192.0.2.1", "drop to 192.0.2.1"},
	{"an odd length is masked in its byte", "drop to 10.255.0.0/9", "drop to 10.128.0.0/9"},
	{"from any is not printed", "accept tcp from any to any port 80", "accept tcp to port 80"},
	{"from any with a port is", "accept udp from any port 53", NULL},
	{"a list of addresses", "drop from { 10.0.0.0/8, 2001:db8::1, @blocked }", NULL},
	{"a list with a comma at its end", "drop from {10.0.0.1,10.0.0.2,}",
	 "drop from { 10.0.0.1, 10.0.0.2 }"},
	{"a list over several lines", "drop from {\n10.0.0.1\n\n10.0.0.2,\n}",
	 "drop from { 10.0.0.1, 10.0.0.2 }"},
	{"a list with a comma at a line's start", "drop from { 10.0.0.1\n, 10.0.0.2 }",
	 "drop from { 10.0.0.1, 10.0.0.2 }"},
	{"a list of one is that one", "drop from { 10.0.0.1 }", "drop from 10.0.0.1"},
	{"a list with any in it is any", "drop from { 10.0.0.1, any } to 10.0.0.2",
	 "drop to 10.0.0.2"},
	{"one port", "accept tcp to port 443", NULL},
	{"a range of ports", "accept tcp to port 8000-8100", NULL},
	{"a range with spaces", "accept tcp to port 8000 - 8100", "accept tcp to port 8000-8100"},
	{"a range of one port is that port", "accept tcp to port 80-80", "accept tcp to port 80"},
	{"a list of ports", "accept tcp to port { 80, 443, 8000-8100 }", NULL},
	{"a list of ports without braces", "accept tcp to port 80,443",
	 "accept tcp to port { 80, 443 }"},
	{"ports of both sides", "accept udp from @a port 53 to @b port 1024-65535", NULL},
	{"ports without a protocol", "accept to port 53", NULL},
	{"a set may be called like a keyword", "accept from @port to @any", NULL},
	{"one flag", "drop tcp flags syn", NULL},
	{"several flags", "drop tcp flags syn,ack", NULL},
	{"flags are printed in the header's order", "drop tcp flags ack,syn",
	 "drop tcp flags syn,ack"},
	{"flags that are set and one that is not", "drop tcp flags syn,!ack", NULL},
	{"flags that are not set", "drop tcp flags !syn,!ack", NULL},
	{"flags of a mask", "drop tcp flags syn/fin,syn,rst,ack", NULL},
	{"a mask with one more flag", "drop tcp flags syn/syn,ack", "drop tcp flags syn,!ack"},
	{"all flags", "drop tcp flags fin,syn,rst,psh,ack,urg,ece,cwr", NULL},
	{"flags make the rule one for tcp", "drop flags syn", "drop tcp flags syn"},
	{"an ICMP type by name", "accept icmp type echo-request", NULL},
	{"an ICMP type by number has its name", "accept icmp type 8",
	 "accept icmp type echo-request"},
	{"an ICMPv6 type of the same name has another number", "accept icmp6 type 128",
	 "accept icmp6 type echo-request"},
	{"an ICMP type without a name", "accept icmp type 42", NULL},
	{"a type with a code", "accept icmp type destination-unreachable code 4", NULL},
	{"a code by name", "accept icmp type 3 code fragmentation-needed",
	 "accept icmp type destination-unreachable code 4"},
	{"an ICMPv6 code by name", "accept icmp6 type 1 code port-unreachable",
	 "accept icmp6 type destination-unreachable code 4"},
	{"ICMP as a number takes types too", "accept 1 type echo-reply",
	 "accept icmp type echo-reply"},
	{"new flows", "accept tcp state new", NULL},
	{"established flows", "accept tcp state established", NULL},
	{"lengths", "drop udp length 64-128", NULL},
	{"one length", "drop udp length 64", NULL},
	{"every length", "drop udp length 0-65535", NULL},
	{"a TTL", "drop ttl 1", NULL},
	{"a range of TTLs", "drop ttl 0-255", NULL},
	{"a DSCP by number", "accept dscp 46", NULL},
	{"a DSCP by name", "accept dscp ef", "accept dscp 46"},
	{"an assured DSCP", "accept dscp af11", "accept dscp 10"},
	{"a class DSCP", "accept dscp cs1", "accept dscp 8"},
	{"fragments", "drop fragment", NULL},
	{"a device", "drop in eth0", NULL},
	{"a device with a dot", "drop in eth0.100", NULL},
	{"a device called like a keyword", "drop in port", NULL},
	{"a device that begins with a digit", "drop in 6to4", NULL},
	{"a device in quotes that needs none", "drop in \"eth0.100\"", "drop in eth0.100"},
	{"a device that needs quotes", "drop in \"a;b\"", NULL},
	{"a device with a quote in it", "drop in \"a\\\"{\"", NULL},
	{"matches in any order",
	 "drop tcp in eth0 fragment dscp 0 ttl 1 length 9 state new flags syn",
	 "drop tcp flags syn state new length 9 ttl 1 dscp 0 fragment in eth0"},
	{"from anywhere but a host", "drop from not 192.0.2.7", NULL},
	{"to anywhere but a prefix", "drop tcp to not 2001:db8::/32 port 80", NULL},
	{"from anywhere but a set", "drop from not @office port 22", NULL},
	{"from none of a list", "drop from not { 10.0.0.0/8, 2001:db8::/32 }", NULL},
	{"not of a list of one", "drop from not { @office }", "drop from not @office"},
	{"not on both sides", "drop from not @a to not @b", NULL},
	{"not a prefix holds for the other family too", "drop from not 10.0.0.0/8 to 2001:db8::1",
	 NULL},
	{"not of IPv6 goes with icmp", "drop icmp from not 2001:db8::/32", NULL},
	{"not of a family", "drop from not 0.0.0.0/0", NULL},
	{"a set called not", "drop from not @not", NULL},
	{"a device called not", "drop in not", NULL},
	{"reject", "reject tcp to port 25", NULL},
	{"log", "drop log from 192.0.2.0/24", NULL},
	{"log with accept", "accept log", NULL},
	{"a rate", "accept icmp type echo-request limit 10/s", NULL},
	{"a rate a minute", "accept limit 10/m", NULL},
	{"a rate an hour", "accept limit 4294967295/h", NULL},
	{"the highest rate", "accept limit 1000000000/s burst 4294967295", NULL},
	{"the lowest rate", "accept limit 1/h burst 1", NULL},
	{"beyond a rate", "drop limit over 20000/s burst 40000 per source/24", NULL},
	{"a rate for each source", "accept limit 10/s per source", NULL},
	{"all bits of IPv4", "drop from 10.0.0.0/8 limit 1/s per source/32", NULL},
	{"all bits of IPv6", "drop to 2001:db8::1 limit 1/s per source/128", NULL},
	{"more bits than IPv4 has for both families", "drop limit 1/s per source/64", NULL},
	{"more bits than IPv4 has, from a set", "drop from @a limit 1/s per source/64", NULL},
	{"more bits than IPv4 has, but for a prefix",
	 "drop from not 10.0.0.0/8 limit 1/s per source/64", NULL},
	{"a limit among other matches", "drop limit over 1/s per source flags syn",
	 "drop tcp flags syn limit over 1/s per source"},
	{"tabs are spaces", "drop\ttcp\tto\tport\t1", "drop tcp to port 1"},
};

static void is_right(void **state)
{
	const struct right_row *row = *state;
	const char *expected = row->printed ? row->printed : row->words;
	struct diagnostic diagnostic = {0};
	struct rule rule, again;
	char *text, *text_again;

	if (rule_parse(&rule, row->words, &diagnostic))
		fail_msg("%s", diagnostic.text);
	text = rule_text(&rule);
	assert_string_equal(text, expected);
	assert_int_equal(rule_parse(&again, text, &diagnostic), 0);
	text_again = rule_text(&again);
	assert_string_equal(text_again, text);
	free(text);
	free(text_again);
	rule_free(&rule);
	rule_free(&again);
}

struct wrong_row {
	const char *says;
	const char *words; /* ^ stands where the caret is expected */
	const char *message;
};

static const struct wrong_row wrong[] = {
	{"no words are no rule", "^", "words end"},
	{"a mistyped action has a suggestion", "^acept tcp", "did you mean `accept`?"},
	{"capitals have a suggestion", "^ACCEPT", "did you mean `accept`?"},
	{"a mistyped protocol has a suggestion", "accept ^tpc", "did you mean `tcp`?"},
	{"a mistyped from has a suggestion", "accept tcp ^form 10.0.0.1", "did you mean `from`?"},
	{"a mistyped port has a suggestion", "accept tcp to ^prot 80", "did you mean `port`?"},
	{"a mistyped match has a suggestion", "accept ^lenght 1", "did you mean `length`?"},
	{"what is expected is listed", "accept state ^old", "`new` or `established` is expected"},
	{"a protocol above 255", "accept ^256", "0-255"},
	{"a second protocol", "accept tcp ^udp", "`udp` stands where"},
	{"from without an address", "accept from^", "an address"},
	{"from with only a port", "accept tcp from ^port 53", "`port` stands where"},
	{"an address that is none", "accept from ^10.0.0.256", "is not an address"},
	{"an address with a leading zero", "accept from ^10.0.0.01", "is not an address"},
	{"an IPv6 address that is none", "accept from ^2001:db8:::1", "is not an address"},
	{"an address with a zone", "accept from ^fe80::1%eth0", "zone"},
	{"a range of addresses", "accept from ^10.0.0.1-10.0.0.9", "write it as prefixes"},
	{"an IPv4 prefix that is too long", "accept from ^10.0.0.0/33", "0-32"},
	{"an IPv6 prefix that is too long", "accept from ^2001:db8::/129", "0-128"},
	{"a prefix without its length", "accept from ^10.0.0.0/", "0-32"},
	{"a prefix length that overflows", "accept from ^10.0.0.0/4294967296", "0-32"},
	{"a prefix with a mask", "accept from ^10.0.0.0/255.0.0.0", "such as /24"},
	{"a name instead of an address", "accept from ^office.example", "an @ before"},
	{"a number instead of an address", "accept from ^10", "`10` stands where"},
	{"an @ without a name", "accept from ^@ office", "name of a set"},
	{"a set's name that is none", "accept from ^@1st", "cannot be the name"},
	{"a set's name that is too long", "accept from ^@a234567890123456789012345678901x", "31"},
	{"an empty list", "accept from { ^}", "an address"},
	{"two commas in a list", "accept from { 10.0.0.1,^, 10.0.0.2 }", "`,` stands where"},
	{"a list in a list", "accept from { ^{ 10.0.0.1 } }", "`{` stands where"},
	{"a list that does not end", "accept from { 10.0.0.1^", "`}` is missing"},
	{"port 0", "accept tcp to port ^0", "1-65535"},
	{"a port above 65535", "accept tcp to port ^65536", "1-65535"},
	{"a port that overflows", "accept tcp to port ^18446744073709551617", "1-65535"},
	{"the end of a range above 65535", "accept tcp to port 80-^70000", "1-65535"},
	{"a reversed range", "accept tcp to port ^9-8", "write 8-9"},
	{"a port by name", "accept tcp to port ^http", "a number"},
	{"a range without its end", "accept tcp to port ^80-", "a number"},
	{"ports of a protocol without ports", "accept icmp to ^port 80", "only tcp, udp and sctp"},
	{"ports of a numbered protocol", "accept 47 from any ^port 80", "this rule is for 47"},
	{"flags of udp", "accept udp ^flags syn", "only tcp has `flags`"},
	{"a flag that is none", "drop flags syn,^akc", "did you mean `ack`?"},
	{"no flag at all", "drop flags^", "TCP flags"},
	{"a flag both ways", "drop flags syn,!^syn", "both set and not set"},
	{"a flag outside its mask", "drop flags ^syn/ack", "not in the mask"},
	{"a mask with !", "drop flags ^!syn/syn,ack", "does not go with a mask"},
	{"a comma at the end of flags", "drop flags syn,^ ", "no spaces"},
	{"a type without a protocol", "accept ^type 8", "needs `icmp` or `icmp6`"},
	{"a type of tcp", "accept tcp ^type 8", "needs `icmp` or `icmp6`"},
	{"a type above 255", "accept icmp type ^256", "0-255"},
	{"a mistyped type", "accept icmp type ^echo-reqest", "did you mean `echo-request`?"},
	{"a type that is none", "accept icmp type ^sunshine", "such as echo-request"},
	{"a type of ICMPv6 for icmp", "accept icmp type ^packet-too-big", "is a type of icmp6"},
	{"a type of ICMP for icmp6", "accept icmp6 type ^timestamp-reply",
	 "is a type of icmp, not"},
	{"a code without a type", "accept icmp ^code 3", "`code` stands where"},
	{"a code that is none", "accept icmp type 3 code ^x", "write its number"},
	{"icmp from IPv6", "accept icmp from ^2001:db8::1", "write `icmp6`"},
	{"icmp6 to IPv4", "accept icmp6 to ^10.0.0.1", "write `icmp`"},
	{"icmp with IPv6 in a list", "accept icmp from { 10.0.0.1, ^::1 }", "IPv6 address"},
	{"IPv4 to IPv6", "accept from 10.0.0.1 to ^2001:db8::1",
	 "no packet goes from IPv4 to IPv6"},
	{"IPv6 to IPv4", "accept from ::1 to ^10.0.0.1", "no packet goes from IPv6 to IPv4"},
	{"a length above 65535", "drop length ^65536", "0-65535"},
	{"a reversed length", "drop length ^2-1", "reversed"},
	{"a TTL above 255", "drop ttl ^256", "0-255"},
	{"a DSCP above 63", "drop dscp ^64", "0-63"},
	{"a DSCP that is none", "drop dscp ^gold", "a name such as ef"},
	{"flags twice", "drop flags syn ^flags ack", "twice"},
	{"a type twice", "drop icmp type 8 ^type 0", "twice"},
	{"a state twice", "drop state new ^state new", "twice"},
	{"a length twice", "drop length 1 ^length 2", "twice"},
	{"a TTL twice", "drop ttl 1 ^ttl 2", "twice"},
	{"a DSCP twice", "drop dscp 1 ^dscp 2", "twice"},
	{"fragment twice", "drop fragment ^fragment", "twice"},
	{"a device twice", "drop in a ^in b", "twice"},
	{"a device's name that is too long", "drop in ^a234567890123456", "15"},
	{"a device's name with a slash", "drop in ^a/b", "not a device's name"},
	{"a device's name in quotes that is empty", "drop in ^\"\"", "empty"},
	{"a text without its closing quote", "drop in ^\"eth0", "closing quote"},
	{"from behind the matches", "drop ttl 1 ^from 10.0.0.1", "`from` stands where"},
	{"to before from", "drop to @a ^from @b", "`from` stands where"},
	{"a second rule", "drop tcp\n^drop udp", "the end is expected"},
	{"a second rule behind a semicolon", "drop tcp^; drop udp", "the end is expected"},
	{"the end of a block", "drop tcp ^}", "`}` stands where"},
	{"not any", "drop from not ^any", "no address is `not any`"},
	{"not any to", "drop to not ^any port 80", "no address is `not any`"},
	{"not any in a list", "drop from not { 10.0.0.1, ^any }", "no address is `not any`"},
	{"not of all there is", "drop from not { 0.0.0.0/0, 10.0.0.1, ^::/0 }",
	 "outside of both families"},
	{"not of nothing", "drop from not ^port 80", "`port` stands where"},
	{"not of an empty list", "drop from not { ^}", "an address"},
	{"not twice", "drop from not ^not 10.0.0.1", "`not` stands where"},
	{"not within a list", "drop from { 10.0.0.1, ^not 10.0.0.2 }", "`not` stands where"},
	{"not without from", "drop ^not 10.0.0.1", "`not` stands where"},
	{"a mistyped not", "drop from ^nott 10.0.0.1", "did you mean `not`?"},
	{"log behind the protocol", "drop tcp ^log", "`log` stands where"},
	{"log twice", "drop log ^log", "`log` stands where"},
	{"limit twice", "accept limit 1/s ^limit 2/s", "twice"},
	{"limit without a rate", "accept limit over^", "a rate as 10/s"},
	{"burst without limit", "accept ^burst 5", "`burst` stands where"},
	{"a rate above a billion a second", "accept limit ^1000000001/s", "1-1000000000"},
	{"a rate above four billion an hour", "accept limit ^4294967296/h", "1-4294967295"},
	{"a burst of 0", "accept limit 1/s burst ^0", "1-"},
	{"a limit per source with no bits", "drop limit 1/s per source/^0", "1-128"},
	{"a limit per source without its bits", "drop limit 1/s per ^source/",
	 "did you mean `source`?"},
	{"more bits than IPv4 has", "drop from 10.0.0.0/8 ^limit 1/s per source/33",
	 "`per source/33` is longer than an IPv4 address"},
	{"more bits than icmp has", "drop icmp ^limit 1/s per source/64", "write 1-32"},
	{"more bits than the destination has", "drop to 10.0.0.1 ^limit 1/s per source/128",
	 "write 1-32"},
	{"a rate without its unit", "drop limit ^10", "a rate as 10/s"},
	{"a rate in days", "drop limit 10/^d", "s, m or h"},
	{"a rate of 0", "drop limit ^0/s", "1-"},
	{"a burst that overflows", "drop limit 1/s burst ^4294967296", "burst"},
	{"a limit per something else", "drop limit 1/s per ^sorce", "did you mean `source`?"},
	{"a limit per source with too many bits", "drop limit 1/s per source/^129", "1-128"},
	{"a control byte", "drop ^\x1b[1mtcp", "0x1b"},
	{"a byte that is not UTF-8", "drop # ^\xff", "UTF-8"},
};

static void is_wrong(void **state)
{
	const struct wrong_row *row = *state;
	struct diagnostic diagnostic = {0};
	struct place at;
	char *words = take_mark(row->words, &at);
	struct rule rule;

	if (rule_parse(&rule, words, &diagnostic) != MISTAKE)
		fail_msg("this was taken: %s", words);
	if (!strstr(diagnostic.text, row->message))
		fail_msg("expected the words \"%s\" in %s", row->message, diagnostic.text);
	assert_int_equal(strncmp(diagnostic.text, "tierwall: ", 10), 0);
	assert_int_equal(caret_column(&diagnostic), at.column);
	diagnostic_free(&diagnostic);
	free(words);
}

struct name_row {
	const char *says;
	const char *words;
	const char *name; /* NULL: none */
};

static const struct name_row names[] = {
	{"what stands behind a # is the name", "drop tcp # no tcp here", "no tcp here"},
	{"white space around a name goes", "drop #\t  a name \t", "a name"},
	{"a name may hold anything", "drop # { } ; \" # accept", "{ } ; \" # accept"},
	{"a name may stand close to the rule", "drop tcp#x", "x"},
	{"a name may be written in any alphabet", "drop # Büro ☎", "Büro ☎"},
	{"an empty name is none", "drop # ", NULL},
	{"a rule without # has no name", "drop", NULL},
	{"a comment within a list is no name",
	 "drop from { 10.0.0.1, # first\n 10.0.0.2 } # the name", "the name"},
	{"a comment within a list alone makes no name", "drop from { 10.0.0.1 # first\n }", NULL},
};

static void has_name(void **state)
{
	const struct name_row *row = *state;
	struct diagnostic diagnostic = {0};
	struct rule rule;
	char *text;

	if (rule_parse(&rule, row->words, &diagnostic))
		fail_msg("%s", diagnostic.text);
	if (row->name)
		assert_string_equal(rule.name, row->name);
	else
		assert_null(rule.name);
	text = rule_text(&rule);
	assert_null(strchr(text, '#'));
	free(text);
	rule_free(&rule);
}

static void every_field_is_in_the_model(void **state)
{
	struct diagnostic diagnostic = {0};
	struct rule rule;

	(void)state;
	assert_int_equal(rule_parse(&rule,
				    "drop tcp from 10.1.0.0/16 port 1-2 to { @x, 2001:db8::/32, "
				    "10.0.0.0/8 } port { 3, 4-5 } flags syn,!ack state established "
				    "length 40-1500 ttl 1-2 dscp ef fragment in eth0 # name",
				    &diagnostic),
			 0);
	assert_int_equal(rule.action, TW_DROP);
	assert_int_equal(rule.fields, RULE_PROTOCOL | RULE_FLAGS | RULE_STATE | RULE_LENGTH |
					      RULE_TTL | RULE_DSCP | RULE_FRAGMENT | RULE_DEVICE);
	assert_int_equal(rule.protocol, IPPROTO_TCP);
	assert_int_equal(rule.from.count, 1);
	assert_int_equal(rule.from.items[0].kind, ADDRESS_PREFIX);
	assert_int_equal(rule.from.items[0].prefix.bits, 112);
	assert_true(addr_is_ipv4(&rule.from.items[0].prefix.addr));
	assert_memory_equal(&rule.from.items[0].prefix.addr.bytes[12], "\x0a\x01\x00\x00", 4);
	assert_int_equal(rule.from_ports.count, 1);
	assert_int_equal(rule.from_ports.items[0].low, 1);
	assert_int_equal(rule.from_ports.items[0].high, 2);
	assert_int_equal(rule.to.count, 3);
	assert_int_equal(rule.to.items[0].kind, ADDRESS_SET);
	assert_string_equal(rule.to.items[0].set, "x");
	assert_int_equal(rule.to.items[1].prefix.bits, 32);
	assert_int_equal(rule.to_ports.count, 2);
	assert_int_equal(rule.to_ports.items[1].low, 4);
	assert_int_equal(rule.flags_mask, 0x12);
	assert_int_equal(rule.flags, 0x02);
	assert_int_equal(rule.state, TW_STATE_ESTABLISHED);
	assert_int_equal(rule.length[0], 40);
	assert_int_equal(rule.length[1], 1500);
	assert_int_equal(rule.ttl[0], 1);
	assert_int_equal(rule.ttl[1], 2);
	assert_int_equal(rule.dscp, 46);
	assert_string_equal(rule.device, "eth0");
	assert_string_equal(rule.name, "name");
	assert_int_equal(rule.id, TW_NONE32);
	rule_free(&rule);
}

static void types_and_codes_are_of_their_family(void **state)
{
	struct diagnostic diagnostic = {0};
	struct rule rule;

	(void)state;
	assert_int_equal(rule_parse(&rule, "accept icmp type time-exceeded code 1", &diagnostic),
			 0);
	assert_int_equal(rule.type, 11);
	assert_int_equal(rule.code, 1);
	assert_int_equal(rule.fields, RULE_PROTOCOL | RULE_TYPE | RULE_CODE);
	rule_free(&rule);
	assert_int_equal(rule_parse(&rule, "accept icmp6 type time-exceeded", &diagnostic), 0);
	assert_int_equal(rule.type, 3);
	assert_int_equal(rule.fields, RULE_PROTOCOL | RULE_TYPE);
	rule_free(&rule);
}

static void a_rule_in_words_stands_in_no_file(void **state)
{
	struct diagnostic diagnostic = {0};
	struct rule rule;

	(void)state;
	assert_int_equal(rule_parse(&rule, "drop tcp from @x to port 1 flags syn", &diagnostic), 0);
	assert_int_equal(rule.at.line, 0);
	assert_int_equal(rule.from.items[0].at.line, 0);
	assert_int_equal(rule.to_ports.at.line, 0);
	assert_int_equal(rule_field_at(&rule, RULE_FLAGS).line, 0);
	rule_free(&rule);
}

static void a_refused_rule_leaves_out_untouched(void **state)
{
	struct diagnostic diagnostic = {0};
	struct rule rule, before;

	(void)state;
	memset(&rule, 0x5a, sizeof(rule));
	before = rule;
	assert_int_equal(rule_parse(&rule, "drop tcp from @x to prot 1", &diagnostic), MISTAKE);
	assert_memory_equal(&rule, &before, sizeof(rule));
	diagnostic_free(&diagnostic);
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(every_field_is_in_the_model),
		cmocka_unit_test(types_and_codes_are_of_their_family),
		cmocka_unit_test(a_rule_in_words_stands_in_no_file),
		cmocka_unit_test(a_refused_rule_leaves_out_untouched),
	};

	int failed = run_rows("rules that are right", ROWS(right), is_right);

	failed += run_rows("rules that are wrong", ROWS(wrong), is_wrong);
	failed += run_rows("names of rules", ROWS(names), has_name);
	failed += cmocka_run_group_tests_name("rules", others, NULL, NULL);
	return failed > 0;
}
