/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Mistakes in files: each is refused at its line and column, with words that help. */
#include "config_rows.h"

/* Tiers and services that the rows build upon. */
#define WEB    "tier web { server web1 10.0.1.11 }\n"
#define DUAL   "tier web { server web1 10.0.1.11 2001:db8:1::11 }\n"
#define LISTEN "listen 203.0.113.10 tcp port 443; "

struct row {
	const char *says;
	const char *text; /* ^ stands at the mistake */
	const char *message;
};

static const struct row grammar[] = {
	{"an unknown statement has a suggestion", "interface eth0\n^teir web {\n}\n",
	 "did you mean `tier`?"},
	{"an unknown statement lists the known ones", "^banana\n",
	 "`interface`, `hash-key`, `set`, `guard`, `host`, `tier`, `service` or `tunnel` is "
	 "expected"},
	{"an empty file says what to do", "^", "unload"},
	{"a file of comments only is empty", "^# nothing\n\n# here\n", "the file is empty"},
	{"a block that does not open", "tier web^\n", "the line ends where `{` is expected"},
	{"a block that does not end", "tier web {\n  server a 10.0.0.1\n^",
	 "inside the `{` of `tier` at line 1"},
	{"an inner block that does not end", "tier web {\n firewall {\n  accept tcp\n }\n^",
	 "inside the `{` of `tier` at line 1"},
	{"the innermost block is named", "tier web {\n firewall {\n  accept tcp\n^",
	 "inside the `{` of `firewall` at line 2"},
	{"a list that does not end is named", "guard {\n drop from {\n 10.0.0.1,\n^",
	 "inside the `{` of `drop` at line 2"},
	{"a block that ends twice", "guard { }\n^}\n", "`}` stands where"},
	{"two statements in a line", "interface eth0 ^interface eth1\n", "the end of the line"},
	{"a name missing", "tier ^{ }\n", "a name is expected"},
	{"a name that begins with a digit", "tier ^1st { }\n", "begins with a letter"},
	{"a name with an odd letter", "set ^a/b { }\n", "begins with a letter"},
	{"a name that is not ASCII", "set ^büro { }\n", "begins with a letter"},
	{"a name in quotes", "tier ^\"web\" { }\n", "a name is expected"},
	{"a name of 32 characters", "tier ^a2345678901234567890123456789012 { }\n",
	 "has 32 characters: 31 are the most"},
	{"a device of 16 characters", "interface ^a234567890123456\n", "longer than 15"},
	{"a device that is a folder", "interface ^..\n", "not a device's name"},
	{"a device in quotes with a space", "interface ^\"eth 0\"\n", "white space"},
	{"a mode that is none", "interface eth0 { mode ^nativ }\n", "did you mean `native`?"},
	{"a mode twice", "interface eth0 { mode auto; ^mode auto }\n", "twice"},
	{"a hash key that is too short", "hash-key ^0011\n", "32 hexadecimal digits"},
	{"a hash key with another letter", "hash-key ^000102030405060708090a0b0c0d0e0g\n",
	 "32 hexadecimal digits"},
	{"a hash key twice",
	 "hash-key 000102030405060708090a0b0c0d0e0f\n^hash-key 000102030405060708090a0b0c0d0e0f\n",
	 "twice"},
	{"guard twice", "guard { }\n^guard { }\n", "already, at line 1"},
	{"host twice", "host { }\n^host { }\n", "already, at line 1"},
	{"a bad entry of a set", "set a { 10.0.0.1, ^10.0.0.256 }\n",
	 "`10.0.0.256` is not an address"},
	{"a set within a set", "set a { ^@b }\n", "`@b` stands where"},
	{"entries with a semicolon", "set a { 10.0.0.1^; 10.0.0.2 }\n", "`;` stands where"},
	{"entries without a comma", "set a { 10.0.0.1 ^10.0.0.2 }\n", "`10.0.0.2` stands where"},
	{"a mistyped include", "set a { ^inclde \"x\" }\n", "did you mean `include`?"},
	{"an include without quotes", "set a { include ^x.netset }\n", "a text in quotes"},
	{"an include of nothing", "set a { include ^\"\" }\n", "empty"},
	{"an include of a file that is not there",
	 "set a {\n ^include \"/nonexistent/x.netset\" }\n", "/nonexistent/x.netset: No such file"},
	{"an include of a folder", "set a { ^include \"/\" }\n", "Is a directory"},
	{"a check in host", "host {\n ^check martian off\n}\n", "in the block of guard"},
	{"a check in a tier", "tier a { firewall { ^check martian off } }\n",
	 "in the block of guard"},
	{"a check in a server's firewall",
	 "tier web { server a 10.0.0.1 { firewall { ^check martian off } } }\n",
	 "in the block of guard"},
	{"a mistyped check", "guard { check ^martain off }\n", "did you mean `martian`?"},
	{"a check that is none", "guard { check ^sunshine off }\n",
	 "malformed, martian, tcp-flags, fragment and overlap"},
	{"a check twice", "guard {\n check martian off\n check ^martian on\n}\n",
	 "`check martian` is said twice"},
	{"a check neither on nor off", "guard { check martian^\n}\n", "`on` or `off` is expected"},
	{"a check that is mistyped off", "guard { check martian ^offf }\n", "did you mean `off`?"},
	{"a check without its name", "guard { check ^; }\n", "a name is expected"},
	{"an entry for no time", "set a { 10.0.0.1 for ^}\n", "a name is expected"},
	{"an entry for a time that is none", "set a { 10.0.0.1 for ^soon }\n",
	 "`soon` is not a time: write it as 90s, 10m, 2h, 1d or 1h30m"},
	{"an entry for too long", "set a {\n 10.0.0.1 for ^3651d\n}\n", "more than 3650d"},
	{"an entry for two times", "set a { 10.0.0.1 for 1h ^for 2h }\n", "`for` stands where"},
	{"a time without an entry", "set a { ^for 1h }\n", "`for` stands where"},
	{"a time of a rule's address", "guard { drop from 10.0.0.1 ^for 1h }\n",
	 "`for` stands where"},
	{"a range among entries", "set a { ^10.0.0.1-10.0.0.9 }\n", "write it as prefixes"},
	{"a service from not any", WEB "service s { from not ^any }\n", "no address is `not any`"},
	{"an entry of a set that is not one", "set a { ^not 10.0.0.1 }\n", "`not` stands where"},
	{"a server's address that is not one", "tier web { server a ^not 10.0.0.1 }\n",
	 "`not` stands where"},
	{"a rule behind default", "guard {\n default drop\n ^accept tcp\n}\n",
	 "move it above line 2"},
	{"default twice", "host { default drop; ^default drop }\n", "twice"},
	{"default without an action", "host { default ^}\n", "`accept`, `drop` or `reject`"},
	{"default in a server's firewall",
	 "tier web { server a 10.0.0.1 { firewall { ^default drop } } }\n", "have no default"},
	{"strict in guard", "guard { ^strict }\n", "of a tier or of host"},
	{"strict in a server's firewall",
	 "tier web { server a 10.0.0.1 { firewall { ^strict } } }\n", "of a tier or of host"},
	{"strict twice", "tier web { strict; firewall { ^strict } }\n", "twice"},
	{"a firewall twice", "tier web {\n firewall { }\n ^firewall { }\n}\n",
	 "already, at line 2"},
	{"a server's firewall twice",
	 "tier web {\n server a 10.0.0.1 {\n  firewall { }\n  ^firewall { }\n }\n}\n",
	 "already, at line 3"},
	{"a server without an address", "tier web { server ^a }\n", "no address"},
	{"a server with two IPv4 addresses", "tier web { server a 10.0.0.1 ^10.0.0.2 }\n",
	 "an IPv4 address already"},
	{"a server with two IPv6 addresses", "tier web { server a 2001:db8::1 ^2001:db8::2 }\n",
	 "an IPv6 address already"},
	{"a server with a prefix", "tier web { server a ^10.0.0.1/24 }\n", "without a `/`"},
	{"a server with the unspecified address", "tier web { server a ^:: }\n", "unspecified"},
	{"a server with 0.0.0.0", "tier web { server a ^0.0.0.0 }\n", "unspecified"},
	{"a server with a multicast address", "tier web { server a ^ff02::1 }\n", "multicast"},
	{"a server with an IPv4 multicast address", "tier web { server a ^224.0.0.1 }\n",
	 "multicast"},
	{"a server with a loopback address", "tier web { server a ^127.0.0.1 }\n", "loopback"},
	{"a server with ::1", "tier web { server a ^::1 }\n", "loopback"},
	{"a server with the broadcast address", "tier web { server a ^255.255.255.255 }\n",
	 "broadcast"},
	{"a mistyped option of a server", "tier web { server a 10.0.0.1 ^wieght 2 }\n",
	 "did you mean `weight`?"},
	{"a weight above 65535", "tier web { server a 10.0.0.1 weight ^65536 }\n", "0-65535"},
	{"a weight that is no number", "tier web { server a 10.0.0.1 weight ^much }\n", "a number"},
	{"a weight twice", "tier web { server a 10.0.0.1 weight 1 ^weight 1 }\n", "twice"},
	{"a MAC address that is none", "tier web { server a 10.0.0.1 mac ^02:00:00:00:01 }\n",
	 "02:00:00:00:01:13"},
	{"a MAC address with dashes", "tier web { server a 10.0.0.1 mac ^02-00-00-00-01-13 }\n",
	 "02:00:00:00:01:13"},
	{"a group MAC address", "tier web { server a 10.0.0.1 mac ^01:00:5e:00:00:01 }\n",
	 "of one machine"},
	{"the zero MAC address", "tier web { server a 10.0.0.1 mac ^00:00:00:00:00:00 }\n",
	 "of one machine"},
	{"a MAC address twice",
	 "tier web { server a 10.0.0.1 mac 02:00:00:00:01:13 ^mac 02:00:00:00:01:13 }\n", "twice"},
	{"a device twice", "tier web { server a 10.0.0.1 device e ^device e }\n", "twice"},
	{"a state that is none", "tier web { server a 10.0.0.1 state ^upp }\n",
	 "did you mean `up`?"},
	{"a state twice", "tier web { server a 10.0.0.1 state up ^state up }\n", "twice"},
	{"mss too small", WEB "service s { " LISTEN "tier web; mss ^20 }\n", "88"},
	{"mss twice", WEB "service s { " LISTEN "tier web; mss auto; ^mss 1300 }\n", "twice"},
	{"decap of nobody", "host { ^decap ipip }\n", "whose tunnels"},
	{"decap of a form twice", "host { decap ipip ^ipip from any }\n", "twice"},
	{"decap in guard", "guard { ^decap ipip from any }\n", "block of host"},
	{"decap of not any", "host { decap gue from not ^any }\n", "no address is `not any`"},
	{"tunnel twice", "tunnel { }\n^tunnel { }\n", "line 1 already"},
	{"two sources of tunnels", "tunnel { source 192.0.2.1 ^192.0.2.2 }\n",
	 "IPv4 address already"},
	{"too wide a source", "tunnel { source ^2001:db8::/32 }\n", "last 32 bits"},
	{"a tunnel's port twice", "tunnel { port 1; ^port 2 }\n", "twice"},
	{"a service's tier twice", WEB "service s { tier web; ^tier web }\n", "twice"},
	{"a service's forward twice", WEB "service s { forward nat; ^forward nat }\n", "twice"},
	{"a service's port twice", WEB "service s { port 1; ^port 1 }\n", "twice"},
	{"a service's from twice", WEB "service s { from any; ^from any }\n", "twice"},
	{"a server that is a backup twice", "tier web { server a 10.0.0.1 backup ^backup }\n",
	 "twice"},
	{"a backup without a threshold", "tier web { backup ^2 }\n", "`below` is expected"},
	{"backups below none", "tier web { backup below ^0 }\n", "1-1024"},
	{"backups below twice", "tier web { backup below 1; ^backup below 1 }\n", "twice"},
	{"affinity to what is no source", "service s { affinity ^client }\n",
	 "`source` is expected"},
	{"affinity to a prefix that is none", "service s { affinity source/^129 }\n", "1-128"},
	{"affinity twice", "service s { affinity source; ^affinity source }\n", "twice"},
	{"a hash of what a packet has not", "service s { hash ^colour off }\n",
	 "source, source-port, destination and destination-port"},
	{"a mistyped field of the hash", "service s { hash ^source-prot off }\n",
	 "did you mean `source-port`?"},
	{"a hash of something neither on nor off", "service s { hash source ^maybe }\n",
	 "`on` or `off`"},
	{"a field of the hash twice", "service s { hash source off; hash ^source on }\n", "twice"},
	{"what to do when a server is down", "service s { on-down ^drop }\n",
	 "`reset`, `move` or `keep`"},
	{"on-down twice", "service s { on-down move; ^on-down move }\n", "twice"},
	{"what to do without a server", "service s { no-server ^accept }\n", "`drop` or `reject`"},
	{"no-server twice", "service s { no-server drop; ^no-server drop }\n", "twice"},
	{"any port among others", WEB "service s { listen 203.0.113.1 tcp port 80,^any }\n",
	 "a number"},
	{"a service's pool twice", WEB "service s { pool 10.0.0.1; ^pool 10.0.0.1 }\n", "twice"},
	{"a pool's ports the wrong way round", WEB "service s { pool 10.0.0.1 ports ^9-8 }\n", "9"},
	{"a pool's port 0", WEB "service s { pool 10.0.0.1 ports ^0-8 }\n", "1-65535"},
	{"a way to forward that is none", "service s { forward ^netmap }\n",
	 "`nat`, `full-nat`, `l2`, `ipip` or `gue`"},
	{"a service's port above 65535", "service s { port ^65536 }\n", "1-65535"},
	{"a service's port 0", "service s { port ^0 }\n", "1-65535"},
	{"listen without ports", "service s { listen 10.0.0.1 tcp^\n}\n", "`port` is expected"},
	{"listen without a protocol", "service s { listen 10.0.0.1 ^port 80\n}\n", "`tcp`"},
	{"listen on a name", "service s { listen ^example.com tcp port 80 }\n",
	 "does not look names up"},
	{"listen on a prefix", "service s { listen ^10.0.0.0/24 tcp port 80 }\n", "without a `/`"},
	{"listen on every address", "service s { listen ^0.0.0.0 tcp port 80 }\n", "unspecified"},
	{"listen on a reversed range", "service s { listen 10.0.0.1 tcp port ^9-8 }\n", "reversed"},
	{"a carriage return", "interface eth0^\r\n", "sed -i 's/\\r//g' t.conf"},
	{"a carriage return in a comment", "# x^\r\ninterface eth0\n", "carriage return"},
	{"a control byte in a comment", "interface eth0 # ^\x07\n", "0x07"},
	{"a byte that is not UTF-8, in a comment", "interface eth0 # caf^\xe9\n", "0xe9"},
	{"UTF-8 that is too long", "# ^\xc0\xaf\n", "0xc0"},
	{"UTF-8 that ends too soon", "# ^\xe2\x82", "0xe2"},
	{"a surrogate in UTF-8", "# ^\xed\xa0\x80\n", "0xed"},
	{"a byte order mark", "^\xef\xbb\xbfinterface eth0\n", "byte order mark"},
	{"typographic quotes are no quotes", "set a { include ^“x” }\n", "a text in quotes"},
	{"a deep nest ends at its second brace", "guard {^{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{\n",
	 "`{` stands where"},
};

static const struct row meaning[] = {
	{"affinity and hash",
	 WEB "service s { listen 10.0.0.9 tcp port 1; tier web; affinity source\n^hash source-port "
	     "off }\n",
	 "remove `hash`"},
	{"nothing to hash",
	 WEB "service s { listen 10.0.0.9 tcp port 1; tier web; hash source off; hash source-port "
	     "off\nhash destination off; ^hash destination-port off }\n",
	 "nothing is left to hash"},
	{"an interface twice", "interface eth0\ninterface ^eth0\n", "already, at line 1"},
	{"a set twice", "set a { }\nset ^a { }\n", "a set `a` already, at line 1"},
	{"a tier twice", "tier a { }\ntier ^a { }\n", "a tier `a` already, at line 1"},
	{"a tier called like a set", "set a { }\ntier ^a { }\n", "a set `a` already, at line 1"},
	{"a set called like a tier", "tier a { }\nset ^a { }\n", "a tier `a` already, at line 1"},
	{"a tier called host", "tier ^host { }\n", "cannot be called `host`"},
	{"a tier called guard", "tier ^guard { }\n", "cannot be called `guard`"},
	{"a server twice in a tier", "tier a {\n server x 10.0.0.1\n server ^x 10.0.0.2\n}\n",
	 "a server `x` already, at line 2"},
	{"an address of two servers", "tier a {\n server x 10.0.0.1\n server y ^10.0.0.1\n}\n",
	 "`x` has this address already, at line 2"},
	{"an address of servers of two tiers",
	 "tier a { server x 2001:db8::1 }\ntier b { server x 10.0.0.1 ^2001:db8:0::1 }\n",
	 "already, at line 1"},
	{"a service twice",
	 WEB "service s { " LISTEN "tier web }\nservice ^s { " LISTEN "tier web }\n",
	 "a service `s` already, at line 2"},
	{"a service without listen", WEB "service ^s { tier web }\n", "listens nowhere"},
	{"a service without tier", WEB "service ^s { " LISTEN "}\n", "has no tier"},
	{"an empty service", "service ^s { }\n", "listens nowhere"},
	{"a service of an unknown tier", WEB "service s { " LISTEN "tier ^wbe }\n",
	 "did you mean `web`?"},
	{"a service of a tier unlike all others", WEB "service s { " LISTEN "tier ^database }\n",
	 "no tier `database`"},
	{"a service from an unknown set", WEB "service s { " LISTEN "tier web; from ^@x }\n",
	 "no set or tier `x`"},
	{"a rule of guard from an unknown set", "set office { }\nguard { drop from ^@ofice }\n",
	 "did you mean `@office`?"},
	{"a rule of host to an unknown set", "host { drop to { 10.0.0.1, ^@x } }\n",
	 "no set or tier `x`"},
	{"a rule of a tier from an unknown set", "tier a { firewall { drop from ^@x } }\n",
	 "no set or tier `x`"},
	{"a rule of a server from an unknown tier",
	 "tier a { server x 10.0.0.1 { firewall { drop from ^@x } } }\n", "no set or tier `x`"},
	{"an unknown set behind a hundred rules",
	 "tier a { }\nguard {\n drop from @a\n drop to @a\n drop from { @a, ^@b }\n}\n",
	 "no set or tier `b`"},
	{"IPv6 where no server has it",
	 WEB "service s { listen ^2001:db8::1 tcp port 80; tier web }\n",
	 "no server of tier `web` has an IPv6 address"},
	{"IPv4 where no server has it",
	 "tier web { server a 2001:db8::1 }\nservice s { listen ^10.0.0.1 tcp port 80; tier web "
	 "}\n",
	 "an IPv4 address"},
	{"the same port in two services",
	 WEB "service s { " LISTEN
	     "tier web }\nservice t { listen ^203.0.113.10 tcp port 443; tier web }\n",
	 "service `s` listens on tcp port 443 of this address already, at line 2"},
	{"a port within another's range",
	 WEB "service s { listen 203.0.113.10 udp port 50; tier web }\nservice t { listen "
	     "^203.0.113.10 udp port 1-99; tier web }\n",
	 "udp port 50"},
	{"a range that overlaps one before the last",
	 WEB "service s { listen 203.0.113.10 tcp port 1-90; tier web }\nservice t { listen "
	     "203.0.113.10 tcp port 100; listen ^203.0.113.10 tcp port 80; tier web }\n",
	 "tcp port 80"},
	{"the same port twice in a service",
	 WEB "service s { " LISTEN "listen ^203.0.113.10 tcp port 443; tier web }\n", "already"},
	{"the same port twice in a line",
	 WEB "service s { listen ^203.0.113.10 tcp port 80,80; tier web }\n", "already"},
	{"a service on icmp", WEB "service s { listen ^203.0.113.10 icmp port 1; tier web }\n",
	 "tcp, udp or sctp"},
	{"a port with l2", WEB "service s { " LISTEN "tier web; forward l2; ^port 80 }\n",
	 "does not go with `forward l2`"},
	{"a port with sctp",
	 WEB "service s { listen 203.0.113.10 sctp port 1; tier web; ^port 80 }\n",
	 "does not go with sctp"},
	{"not of an unknown set", "set a { }\nguard { drop from not ^@b }\n", "no set or tier `b`"},
	{"not of two sets, one unknown", "set a { }\nhost { drop to not { @a, ^@b } }\n",
	 "no set or tier `b`"},
	{"a limit per source that has too many bits",
	 "tier a { server x 10.0.0.1 { firewall {\n drop to 10.0.0.1 ^limit 1/h per source/33\n} } "
	 "}\n",
	 "write 1-32"},
	{"a port of a service on any port",
	 WEB "service s { listen 203.0.113.1 tcp port any; listen ^203.0.113.1 tcp port 80; "
	     "tier web }\n",
	 "listens on tcp port 80 of this address already"},
	{"a pool without full-nat", WEB "service s { " LISTEN "tier web; ^pool 10.0.0.2 }\n",
	 "`pool` goes with `forward full-nat` alone"},
	{"a pool of the other family",
	 WEB "service s { " LISTEN "tier web; forward full-nat; ^pool 2001:db8::1 }\n",
	 "has no address of that family"},
	{"a pool with an address twice",
	 WEB "service s { " LISTEN "tier web; forward full-nat; ^pool 10.0.0.2 10.0.0.2 }\n",
	 "twice"},
	{"sctp with full-nat",
	 WEB "service s { listen ^203.0.113.1 sctp port 80; tier web; forward full-nat }\n",
	 "sctp does not go with `forward full-nat`"},
	{"a port with ipip", WEB "service s { " LISTEN "tier web; forward ipip; ^port 80 }\n",
	 "does not go with `forward ipip`"},
	{"mss of udp", WEB "service s { listen 203.0.113.10 udp port 1; tier web; ^mss 1300 }\n",
	 "about tcp"},
	{"decap of an unknown set", "host { decap gue from ^@lbs }\n", "no set or tier `lbs`"},
	{"icmp from IPv6 in a file", "guard {\n drop icmp from ^2001:db8::/32\n}\n",
	 "write `icmp6`"},
	{"ports of icmp in a file", "host { accept icmp to ^port 80 }\n", "only tcp, udp and sctp"},
	{"flags of udp in a file", "host { accept udp ^flags syn }\n", "only tcp"},
	{"two families in a file", "host { accept from ::1 to ^10.0.0.1 }\n", "from IPv6 to IPv4"},
};

static void is_refused(void **state)
{
	const struct row *row = *state;
	struct diagnostic diagnostic = {0};
	struct config *config = NULL;
	struct place at;
	char *text = take_mark(row->text, &at);
	int result = config_parse(&config, "t.conf", text, strlen(text), &diagnostic);

	if (!result)
		fail_msg("this was parsed:\n%s", text);
	assert_int_equal(result, MISTAKE);
	assert_null(config);
	assert_mistake(&diagnostic, "t.conf", at, row->message);
	diagnostic_free(&diagnostic);
	free(text);
}

static void is_refused_by_the_check(void **state)
{
	const struct row *row = *state;
	struct diagnostic diagnostic = {0};
	struct config *config = NULL;
	struct place at;
	char *text = take_mark(row->text, &at);

	if (config_parse(&config, "t.conf", text, strlen(text), &diagnostic))
		fail_msg("the grammar refused it: %s", diagnostic.text);
	if (config_check(config, &diagnostic) != MISTAKE)
		fail_msg("this was taken:\n%s", text);
	assert_mistake(&diagnostic, "t.conf", at, row->message);
	diagnostic_free(&diagnostic);
	config_free(config);
	free(text);
}

struct right_row {
	const char *says;
	const char *text;
};

static const struct right_row right[] = {
	{"keywords may be names",
	 "set set { }\ntier tier { server server 10.0.0.1 }\nservice service { listen 203.0.113.1 "
	 "tcp port 1; tier tier }\nguard { drop from { @set, @tier } }\n"},
	{"a name may have 31 characters", "tier a234567890123456789012345678901 { }\n"},
	{"a name may have dots and dashes", "set _a-b.c { }\n"},
	{"servers of two tiers may share a name",
	 "tier a { server x 10.0.0.1 }\ntier b { server x 10.0.0.2 }\n"},
	{"a service may be called like a tier", WEB "service web { " LISTEN "tier web }\n"},
	{"the same port of two protocols",
	 WEB "service s { " LISTEN "listen 203.0.113.10 udp port 443; tier web }\n"},
	{"the same port of two addresses",
	 WEB "service s { " LISTEN "listen 203.0.113.11 tcp port 443; tier web }\n"},
	{"ports next to each other",
	 WEB "service s { listen 203.0.113.10 tcp port 1-9,10-19,20; tier web }\n"},
	{"both families where a server has both",
	 DUAL "service s { " LISTEN "listen 2001:db8::1 tcp port 443; tier web }\n"},
	{"a service of a tier that has no servers yet",
	 "tier web { }\nservice s { " LISTEN "tier web }\n"},
	{"sctp as it is",
	 WEB "service s { listen 203.0.113.10 sctp port 1; tier web; forward l2 }\n"},
	{"statements with semicolons", "interface eth0; interface eth1;; guard { };\n"},
	{"blocks that are empty",
	 "interface eth0 { }\nset a { }\nguard { }\nhost { }\ntier t { }\n"},
	{"blocks with empty lines", "tier t {\n\n\n\n  server a 10.0.0.1\n\n\n}\n\n"},
	{"no newline at the end", "interface eth0"},
	{"a comment at the end", "interface eth0 # x"},
	{"a tier that is used before it stands",
	 "guard { drop from @t }\nservice s { " LISTEN "tier t }\ntier t { }\n"},
	{"options of a server in any order", "tier t { server a weight 0 state drain 10.0.0.1 "
					     "device e mac 02:00:00:00:00:01 2001:db8::1 }\n"},
	{"strict in a tier", "tier t { strict }\n"},
	{"strict in a tier's firewall", "tier t { firewall { strict; accept tcp } }\n"},
	{"strict in host", "host { strict }\n"},
	{"checks on and off",
	 "guard { check malformed on; check martian off\n drop\n default drop\n"
	 "check tcp-flags off; check fragment off; check overlap off }\n"},
	{"names that are words of checks and times",
	 "set for { 10.0.0.1 for 1h }\nset on { }\nset off { }\ntier check { server for 10.0.0.2 "
	 "}\n"},
	{"reject, log and limit in every block",
	 "guard { reject log; default reject }\nhost { drop limit 1/s; default reject }\n"
	 "tier t { server a 10.0.0.1 { firewall { reject limit over 1/m } }\n"
	 "firewall { accept log limit 1/h; default reject } }\n"},
	{"a service from not a set", WEB "service s { " LISTEN "tier web; from not @web }\n"},
	{"a service from not a list",
	 WEB "service s { " LISTEN "tier web; from not { 10.0.0.1, 2001:db8::1 } }\n"},
	{"a tier, a server and a service called not",
	 "tier not { server not 10.0.0.1 }\nservice not { " LISTEN "tier not }\n"},
	{"comments in any alphabet", "# Grüße, 你好\ninterface eth0\n"},
};

static void is_taken(void **state)
{
	const struct right_row *row = *state;

	config_free(parse_right(row->text));
}

int main(void)
{
	int failed = run_rows("mistakes of grammar", ROWS(grammar), is_refused);

	failed += run_rows("mistakes of meaning", ROWS(meaning), is_refused_by_the_check);
	failed += run_rows("what is no mistake", ROWS(right), is_taken);
	return failed > 0;
}
