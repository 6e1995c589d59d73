/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Listings of nft and iptables, as these have printed them (tests/import), and the
 * configurations that come of them; single rules of every kind; and random rules, which
 * come back from both languages as they were.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/parse.h"
#include "import/import.h"

struct imported {
	int result;
	char *text, *messages;
};

static struct imported import(enum import_format format, const char *name, const char *source)
{
	struct imported imported = {};
	size_t length, messages_length;
	FILE *out = open_memstream(&imported.text, &length);
	FILE *messages = open_memstream(&imported.messages, &messages_length);

	imported.result = import_text(format, name, source, strlen(source), out, messages);
	fclose(out);
	fclose(messages);
	return imported;
}

static void free_imported(struct imported *imported)
{
	free(imported->text);
	free(imported->messages);
}

/* Whatever is imported is a configuration. */
static void assert_right(const char *text)
{
	struct diagnostic diagnostic = {};
	struct config *config = NULL;
	int result = config_parse(&config, "imported", text, strlen(text), &diagnostic);

	if (!result)
		result = config_check(config, &diagnostic);
	if (result)
		fail_msg("%s%s", diagnostic.text ? diagnostic.text : "no memory", text);
	diagnostic_free(&diagnostic);
	config_free(config);
}

/* -- whole listings -------------------------------------------------------------------------- */

static char *file(const char *name, const char *suffix)
{
	char path[128], *text;
	size_t length;

	snprintf(path, sizeof(path), "tests/import/%s%s", name, suffix);
	if (text_read_file(&text, &length, path, 1 << 20))
		fail_msg("%s cannot be read", path);
	return text;
}

static void expect_file(enum import_format format, const char *name)
{
	char *source = file(name, ""), *text = file(name, ".conf"),
	     *messages = file(name, ".messages");
	struct imported got = import(format, name, source);

	assert_string_equal(got.text, text);
	assert_string_equal(got.messages, messages);
	assert_int_equal(got.result, MISTAKE);
	assert_right(got.text);
	free_imported(&got);
	free(source);
	free(text);
	free(messages);
}

static void test_nft_server(void **state)
{
	(void)state;
	expect_file(IMPORT_NFT, "server.nft");
}

static void test_nft_router(void **state)
{
	(void)state;
	expect_file(IMPORT_NFT, "router.nft");
}

static void test_iptables_host(void **state)
{
	(void)state;
	expect_file(IMPORT_IPTABLES, "host.iptables");
}

static void test_iptables_and_ip6tables(void **state)
{
	(void)state;
	expect_file(IMPORT_IPTABLES, "both.iptables");
}

/* Rows go on behind one that failed, so that all are seen. */
static unsigned int wrong_rows;

#define wrong(...)                        \
	do {                              \
		print_error(__VA_ARGS__); \
		wrong_rows++;             \
	} while (0)

/* -- single rules ------------------------------------------------------------------------------ */

struct row {
	const char *rule;
	const char *lines; /* of the block; NULL: the rule cannot be expressed */
};

/* The lines of the block `host`, without white space before them. */
static char *host_lines(const char *text)
{
	const char *at = strstr(text, "\nhost {\n");
	char *lines = calloc(1, strlen(text) + 1), *end = lines;

	for (at = at ? at + 8 : "}"; *at && *at != '}'; at += *at == '\n') {
		at += strspn(at, " ");
		memcpy(end, at, strcspn(at, "\n") + 1);
		end += strcspn(at, "\n") + 1;
		at += strcspn(at, "\n");
	}
	return lines;
}

static void expect_rule(enum import_format format, const char *before, const char *after,
			const struct row *row)
{
	char source[4096], expected[2048];
	struct imported got;
	char *lines;

	snprintf(source, sizeof(source), "%s%s\n%s", before, row->rule, after);
	if (row->lines)
		snprintf(expected, sizeof(expected), "%sdefault accept\n", row->lines);
	else
		snprintf(expected, sizeof(expected), "# not imported: %s\ndefault accept\n",
			 row->rule);
	got = import(format, "row", source);
	lines = host_lines(got.text);
	if (strcmp(lines, row->lines && !*row->lines ? "" : expected))
		wrong("%s\ngave\n%s\nnot\n%s\n%s", row->rule, lines, expected, got.messages);
	if (got.result != (row->lines ? 0 : MISTAKE))
		wrong("%s\nresult %d\n%s", row->rule, got.result, got.messages);
	assert_true(row->lines || strstr(got.messages, "row:"));
	assert_right(got.text);
	free(lines);
	free_imported(&got);
}

static const struct row nft_rows[] = {
	{"drop", "drop from 0.0.0.0/0\n"},
	{"meta nfproto ipv4 drop", "drop from 0.0.0.0/0\n"},
	{"ip saddr 192.0.2.1 drop", "drop from 192.0.2.1\n"},
	{"ip saddr != 192.0.2.0/24 drop", "drop from not 192.0.2.0/24 to 0.0.0.0/0\n"},
	{"ip saddr != 192.0.2.0/24 ip daddr != 10.0.0.0/8 accept",
	 "accept from { 0.0.0.0/1, 128.0.0.0/2, 192.0.0.0/23, 192.0.3.0/24, 192.0.4.0/22, "
	 "192.0.8.0/21, 192.0.16.0/20, 192.0.32.0/19, 192.0.64.0/18, 192.0.128.0/17, "
	 "192.1.0.0/16, 192.2.0.0/15, 192.4.0.0/14, 192.8.0.0/13, 192.16.0.0/12, 192.32.0.0/11, "
	 "192.64.0.0/10, 192.128.0.0/9, 193.0.0.0/8, 194.0.0.0/7, 196.0.0.0/6, 200.0.0.0/5, "
	 "208.0.0.0/4, 224.0.0.0/3 } to not 10.0.0.0/8\n"},
	{"tcp dport 22 accept", "accept tcp from 0.0.0.0/0 to port 22\n"},
	{"tcp sport 1024-65535 tcp dport { 22, 80-90 } accept",
	 "accept tcp from 0.0.0.0/0 port 1024-65535 to port { 22, 80-90 }\n"},
	{"tcp flags syn drop", "drop tcp from 0.0.0.0/0 flags syn\n"},
	{"tcp flags == syn drop",
	 "drop tcp from 0.0.0.0/0 flags syn/fin,syn,rst,psh,ack,urg,ece,cwr\n"},
	{"tcp flags & (syn | ack) == syn drop", "drop tcp from 0.0.0.0/0 flags syn,!ack\n"},
	{"tcp flags { syn, syn | ack } drop", NULL},
	{"tcp flags syn,ack drop",
	 "drop tcp from 0.0.0.0/0 flags ack,!syn\ndrop tcp from 0.0.0.0/0 flags syn\n"},
	{"icmp type echo-request accept", "accept icmp type echo-request\n"},
	{"icmp type != echo-request accept", NULL},
	{"icmpv6 type echo-request accept", ""},
	{"ip protocol { tcp, udp } drop", "drop tcp from 0.0.0.0/0\ndrop udp from 0.0.0.0/0\n"},
	{"ip protocol != tcp drop", NULL},
	{"ip ttl >= 250 drop", "drop from 0.0.0.0/0 ttl 250-255\n"},
	{"ip ttl { 1, 3 } drop", "drop from 0.0.0.0/0 ttl 1\ndrop from 0.0.0.0/0 ttl 3\n"},
	{"ip ttl { 1, 3 } limit rate 1/second drop", NULL},
	{"limit rate 1/second tcp dport 22 accept", NULL},
	{"tcp dport 22 limit rate 1/second burst 5 packets accept",
	 "accept tcp from 0.0.0.0/0 to port 22 limit 1/s burst 5\n"},
	{"tcp dport 22 limit rate 10 mbytes/second accept", NULL},
	{"tcp dport 22 limit rate 48/day accept",
	 "accept tcp from 0.0.0.0/0 to port 22 limit 2/h burst 5\n"},
	{"tcp dport 22 limit rate 5/day accept", NULL},
	{"tcp dport 22 meter m { ip saddr & 255.255.255.0 limit rate 5/minute } accept",
	 "accept tcp from 0.0.0.0/0 to port 22 limit 5/m burst 5 per source/24\n"},
	{"tcp dport 22 update @m { ip saddr . tcp dport limit rate 5/minute } accept", NULL},
	{"tcp dport 22 add @m { ip saddr }", NULL},
	{"ip saddr @empty drop", "drop from @empty\n"},
	{"ip saddr != @empty drop", "drop from not @empty to 0.0.0.0/0\n"},
	{"tcp dport 22 ct count over 10 drop", NULL},
	{"tcp dport 22 ct state new accept", "accept tcp from 0.0.0.0/0 to port 22 state new\n"},
	{"ct state established accept", ""},
	{"ct state established drop", NULL},
	{"ct state invalid drop", "strict\n"},
	{"tcp dport 22 ct state invalid drop", NULL},
	{"ct state != invalid accept", "accept from 0.0.0.0/0 state new\n"},
	{"iifname \"eth0\" drop", "drop from 0.0.0.0/0 in eth0\n"},
	{"iifname { \"eth0\", \"eth1\" } drop",
	 "drop from 0.0.0.0/0 in eth0\ndrop from 0.0.0.0/0 in eth1\n"},
	{"iifname \"eth*\" drop", NULL},
	{"iifname \":\" drop", NULL},
	{"iifname \"..\" drop", NULL},
	{"iifname \"lo\" drop", ""},
	{"iifname != \"lo\" drop", "drop from 0.0.0.0/0\n"},
	{"oifname \"eth0\" drop", NULL},
	{"ip frag-off & 0x1fff != 0 drop", "drop from 0.0.0.0/0 fragment\n"},
	{"ip frag-off & 0x1fff != 0 accept", NULL},
	{"ip frag-off & 0x1fff == 0 drop", NULL},
	{"tcp dport 0 drop", NULL},
	{"th dport 53 drop", NULL},
	{"meta l4proto { tcp, udp } th dport 53 drop",
	 "drop tcp from 0.0.0.0/0 to port 53\ndrop udp from 0.0.0.0/0 to port 53\n"},
	{"log prefix \"x: \" drop", "drop log from 0.0.0.0/0 # x:\n"},
	{"log prefix \"x: \"", NULL},
	{"counter packets 1 bytes 2", ""},
	{"tcp dport vmap { 22 : accept, 23 : drop }",
	 "accept tcp from 0.0.0.0/0 to port 22\ndrop tcp from 0.0.0.0/0 to port 23\n"},
	{"tcp dport 22 reject with tcp reset", "reject tcp from 0.0.0.0/0 to port 22\n"},
	{"tcp dport 22 accept comment \"a # b; }\"",
	 "accept tcp from 0.0.0.0/0 to port 22 # a # b; }\n"},
	{"ip daddr 224.0.0.1 drop", NULL},
	{"ip saddr @none drop", NULL},
	{"fib saddr . iif oif missing drop", NULL},
	{"jump nowhere", NULL},
	{"ip saddr . tcp dport { 10.0.0.1 . 22, 10.0.0.2 . 23-24 } accept",
	 "accept tcp from 10.0.0.1 to port 22\naccept tcp from 10.0.0.2 to port 23-24\n"},
};

static void test_nft_rules(void **state)
{
	(void)state;
	wrong_rows = 0;
	for (size_t i = 0; i < sizeof(nft_rows) / sizeof(*nft_rows); i++)
		expect_rule(IMPORT_NFT,
			    "table ip t {\n set empty { type ipv4_addr; }\n chain c {\n  type "
			    "filter hook input priority 0; policy "
			    "accept;\n  ",
			    " }\n}\n", &nft_rows[i]);
	assert_int_equal(wrong_rows, 0);
}

static const struct row iptables_rows[] = {
	{"-A INPUT -j DROP", "drop from 0.0.0.0/0\n"},
	{"-A INPUT -s 192.0.2.0/255.255.255.0 -j DROP", "drop from 192.0.2.0/24\n"},
	{"-A INPUT -s 192.0.2.0/255.0.255.0 -j DROP", NULL},
	{"-A INPUT ! -d 192.0.2.1/32 -j DROP", "drop from 0.0.0.0/0 to not 192.0.2.1\n"},
	{"-A INPUT -p tcp -m tcp ! --dport 22 -j DROP",
	 "drop tcp from 0.0.0.0/0 to port { 1-21, 23-65535 }\n"},
	{"-A INPUT ! -p tcp -j DROP", NULL},
	{"-A INPUT -p icmp -m icmp --icmp-type any -j ACCEPT", "accept icmp\n"},
	{"-A INPUT -p icmp -m icmp ! --icmp-type 8 -j ACCEPT", NULL},
	{"-A INPUT -p tcp -m multiport --ports 53 -j ACCEPT",
	 "accept tcp from 0.0.0.0/0 port 53\n"
	 "accept tcp from 0.0.0.0/0 port { 1-52, 54-65535 } to port 53\n"},
	{"-A INPUT -p tcp -m tcp --tcp-flags SYN,ACK NONE -j DROP",
	 "drop tcp from 0.0.0.0/0 flags !syn,!ack\n"},
	{"-A INPUT -i eth+ -j DROP", NULL},
	{"-A INPUT -i : -j DROP", NULL},
	{"-A INPUT -m set --match-set bad src -j DROP", NULL},
	{"-A INPUT -m addrtype --dst-type LOCAL -j DROP", "drop from 0.0.0.0/0\n"},
	{"-A INPUT -m addrtype --dst-type MULTICAST -j DROP", ""},
	{"-A INPUT -m limit --limit 3/hour -j ACCEPT", "accept from 0.0.0.0/0 limit 3/h burst 5\n"},
	{"-A INPUT -m limit --limit-burst 7 -j ACCEPT", NULL},
	{"-A INPUT -m limit --limit 3/hour -p tcp -j ACCEPT", NULL},
	{"-A INPUT -m hashlimit --hashlimit-upto 1/sec --hashlimit-burst 5 --hashlimit-name x "
	 "-j ACCEPT",
	 NULL},
	{"-A INPUT -m hashlimit --hashlimit-upto 1/sec --hashlimit-burst 5 --hashlimit-mode srcip "
	 "--hashlimit-name x -j ACCEPT",
	 "accept from 0.0.0.0/0 limit 1/s burst 5 per source\n"},
	{"-A INPUT -m hashlimit --hashlimit-upto 1/sec --hashlimit-mode dstip --hashlimit-name x "
	 "-j ACCEPT",
	 NULL},
	{"-A INPUT -m state --state NEW -j NFQUEUE --queue-num 1", NULL},
	{"-A INPUT -m comment --comment \"it is \\\"so\\\"\" -j DROP",
	 "drop from 0.0.0.0/0 # it is \"so\"\n"},
	{"-A INPUT -j NOWHERE", NULL},
	{"-A INPUT -p tcp", ""},
	{"-A INPUT -m dscp ! --dscp 0x00 -j DROP", NULL},
	{"-A INPUT -m length --length 100: -j DROP", "drop from 0.0.0.0/0 length 100-65535\n"},
};

static void test_iptables_rules(void **state)
{
	(void)state;
	wrong_rows = 0;
	for (size_t i = 0; i < sizeof(iptables_rows) / sizeof(*iptables_rows); i++)
		expect_rule(IMPORT_IPTABLES, "*filter\n:INPUT ACCEPT [0:0]\n", "COMMIT\n",
			    &iptables_rows[i]);
	assert_int_equal(wrong_rows, 0);
}

/* -- ways through chains --------------------------------------------------------------------------- */

struct chains_row {
	const char *says;
	const char *source; /* behind *filter and :INPUT ACCEPT */
	const char *lines;
};

static const struct chains_row chains_rows[] = {
	{"a jump asks what the chain asks, too",
	 ":A - [0:0]\n-A INPUT -s 10.0.0.0/8 -j A\n-A A -d 10.1.0.0/16 -j DROP\n",
	 "drop from 10.0.0.0/8 to 10.1.0.0/16\ndefault accept\n"},
	{"a rate that two rules share is not two rates",
	 "-A INPUT -p udp -m hashlimit --hashlimit-upto 1/sec --hashlimit-mode srcip "
	 "--hashlimit-name x -j ACCEPT\n"
	 "-A INPUT -p tcp -m hashlimit --hashlimit-upto 1/sec --hashlimit-mode srcip "
	 "--hashlimit-name x -j ACCEPT\n",
	 "# not imported: -A INPUT -p udp -m hashlimit --hashlimit-upto 1/sec --hashlimit-mode "
	 "srcip --hashlimit-name x -j ACCEPT\n"
	 "# not imported: -A INPUT -p tcp -m hashlimit --hashlimit-upto 1/sec --hashlimit-mode "
	 "srcip --hashlimit-name x -j ACCEPT\ndefault accept\n"},
	{"what cannot be at once makes no rule",
	 ":A - [0:0]\n-A INPUT -s 10.0.0.0/8 -j A\n-A A -s 192.0.2.0/24 -j DROP\n", ""},
	{"behind `return` comes what stands behind the jump",
	 ":A - [0:0]\n-A INPUT -j A\n-A INPUT -p udp -j ACCEPT\n-A A -s 10.0.0.1/32 -j RETURN\n"
	 "-A A -j DROP\n",
	 "accept udp from 10.0.0.1\naccept from 10.0.0.1\ndrop from 0.0.0.0/0\ndefault accept\n"},
	{"behind `goto` comes what stands behind the jump before it",
	 ":A - [0:0]\n:B - [0:0]\n-A INPUT -j A\n-A INPUT -p udp -j DROP\n-A A -g B\n"
	 "-A A -p tcp -j DROP\n-A B -s 10.0.0.1/32 -j ACCEPT\n",
	 "accept from 10.0.0.1\ndrop udp from 0.0.0.0/0\naccept from 0.0.0.0/0\n"
	 "default accept\n"},
	{"`return` in a chain that the system calls is its policy",
	 "-A INPUT -s 10.0.0.1/32 -j RETURN\n-A INPUT -j DROP\n",
	 "accept from 10.0.0.1\ndrop from 0.0.0.0/0\ndefault accept\n"},
	{"below a `return` that is left out nothing is known",
	 ":A - [0:0]\n-A INPUT -j A\n-A INPUT -p udp -j DROP\n-A A -m mark --mark 1 -j RETURN\n"
	 "-A A -j DROP\n",
	 "# not imported: -A A -m mark --mark 1 -j RETURN\n# not imported: -A A -j DROP\n"
	 "drop udp from 0.0.0.0/0\ndefault accept\n"},
	{"LOG and the same match with a verdict are one rule",
	 "-A INPUT -p udp -j LOG\n-A INPUT -p udp -j DROP\n",
	 "drop log udp from 0.0.0.0/0\ndefault accept\n"},
	{"LOG before another match cannot be expressed",
	 "-A INPUT -p udp -j LOG\n-A INPUT -p tcp -j DROP\n",
	 "# not imported: -A INPUT -p udp -j LOG\ndrop tcp from 0.0.0.0/0\ndefault accept\n"},
	{"a rate that two jumps share is not two rates",
	 ":A - [0:0]\n-A INPUT -p udp -j A\n-A INPUT -p tcp -j A\n"
	 "-A A -m limit --limit 1/sec -j ACCEPT\n",
	 "# not imported: -A A -m limit --limit 1/sec -j ACCEPT\n"
	 "# not imported: -A A -m limit --limit 1/sec -j ACCEPT\ndefault accept\n"},
	{"accept of mangle is not accept of filter",
	 "-A INPUT -p udp -j DROP\nCOMMIT\n*mangle\n:INPUT ACCEPT [0:0]\n"
	 "-A INPUT -s 10.0.0.1/32 -j ACCEPT\n-A INPUT -j DROP\n",
	 "drop udp from 10.0.0.1\naccept from 10.0.0.1\ndrop from 0.0.0.0/0\n"
	 "drop udp from 0.0.0.0/0\ndefault accept\n"},
};

static void test_chains(void **state)
{
	char source[2048];

	(void)state;
	wrong_rows = 0;
	for (size_t i = 0; i < sizeof(chains_rows) / sizeof(*chains_rows); i++) {
		struct imported got;
		char *lines;

		snprintf(source, sizeof(source), "*filter\n:INPUT ACCEPT [0:0]\n%sCOMMIT\n",
			 chains_rows[i].source);
		got = import(IMPORT_IPTABLES, "row", source);
		lines = host_lines(got.text);
		if (strcmp(lines, chains_rows[i].lines))
			wrong("%s:\n%s\nnot\n%s\n%s", chains_rows[i].says, lines,
			      chains_rows[i].lines, got.messages);
		assert_right(got.text);
		free(lines);
		free_imported(&got);
	}
	assert_int_equal(wrong_rows, 0);
}

static void test_circle(void **state)
{
	struct imported got =
		import(IMPORT_IPTABLES, "circle",
		       "*filter\n:INPUT ACCEPT [0:0]\n:A - [0:0]\n-A INPUT -j A\n-A A -j A\n");

	(void)state;
	assert_int_equal(got.result, -ELOOP);
	assert_string_equal(got.text, "");
	free_imported(&got);
}

/* -- random rules, there and back -------------------------------------------------------------------- */

static unsigned int pick(unsigned int count)
{
	return (unsigned int)random() % count;
}

/* A random rule in three languages. */
struct random_rule {
	char tierwall[256], nft[256], iptables[256];
};

static void append(char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void append(char *text, const char *format, ...)
{
	size_t length = strlen(text);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text + length, 256 - length, format, arguments);
	va_end(arguments);
}

static void append_ports(struct random_rule *rule, const char *protocol, const char *end)
{
	unsigned int low = 1 + pick(30000), high = low + pick(2) * pick(30000);
	char range[16], colons[16];

	snprintf(range, sizeof(range), low == high ? "%u" : "%u-%u", low, high);
	snprintf(colons, sizeof(colons), low == high ? "%u" : "%u:%u", low, high);
	append(rule->tierwall, " port %s", range);
	append(rule->nft, " %s %cport %s", protocol, *end, range);
	append(rule->iptables, " --%cport %s", *end, colons);
}

static void random_tail(struct random_rule *rule)
{
	unsigned int n = 1 + pick(200);

	switch (pick(5)) {
	case 0:
		append(rule->tierwall, " length %u-%u", n, n + 7);
		append(rule->nft, " ip length %u-%u", n, n + 7);
		append(rule->iptables, " -m length --length %u:%u", n, n + 7);
		break;
	case 1:
		append(rule->tierwall, " ttl %u", n);
		append(rule->nft, " ip ttl %u", n);
		append(rule->iptables, " -m ttl --ttl-eq %u", n);
		break;
	case 2:
		append(rule->tierwall, " dscp %u", n & 63);
		append(rule->nft, " ip dscp 0x%02x", n & 63);
		append(rule->iptables, " -m dscp --dscp 0x%02x", n & 63);
		break;
	case 3:
		append(rule->tierwall, " in eth%u", n);
		append(rule->nft, " iifname \"eth%u\"", n);
		append(rule->iptables, " -i eth%u", n);
		break;
	}
	if (pick(4))
		return;
	append(rule->tierwall, " limit %u/m burst %u", n, n + 1);
	append(rule->nft, " limit rate %u/minute burst %u packets", n, n + 1);
	append(rule->iptables, " -m limit --limit %u/min --limit-burst %u", n, n + 1);
}

static void make_random(struct random_rule *rule)
{
	static const char *const actions[] = {"accept", "drop", "reject"};
	static const char *const targets[] = {"ACCEPT", "DROP", "REJECT"};
	static const char *const protocols[] = {"tcp", "udp", "sctp"};
	unsigned int action = pick(3), bits = 8 + pick(25);
	const char *protocol = protocols[pick(3)];
	char prefix[32];

	*rule = (struct random_rule){};
	snprintf(prefix, sizeof(prefix), bits < 32 ? "%u.0.0.0/%u" : "%u.0.0.0", 1 + pick(126),
		 bits);
	append(rule->tierwall, "%s %s from %s", actions[action], protocol, prefix);
	append(rule->nft, "ip saddr %s ip protocol %s", prefix, protocol);
	append(rule->iptables, "-A INPUT -s %s -p %s -m %s", prefix, protocol, protocol);
	if (pick(2))
		append_ports(rule, protocol, "s");
	if (pick(2)) {
		append(rule->tierwall, " to 203.0.113.%u", 7u);
		append(rule->nft, " ip daddr 203.0.113.%u", 7u);
		append(rule->iptables, " -d 203.0.113.%u", 7u);
		append_ports(rule, protocol, "d");
	}
	random_tail(rule);
	append(rule->nft, " %s", actions[action]);
	append(rule->iptables, " -j %s", targets[action]);
}

static void expect_lines(enum import_format format, const char *source, const char *expected)
{
	struct imported got = import(format, "random", source);
	char *lines = host_lines(got.text);

	assert_string_equal(lines, expected);
	assert_right(got.text);
	free(lines);
	free_imported(&got);
}

static void random_listings(void)
{
	struct random_rule rules[40];
	char *text[3];
	size_t length;
	FILE *out[3];

	for (int i = 0; i < 3; i++)
		out[i] = open_memstream(&text[i], &length);
	fputs("table ip t {\nchain c {\ntype filter hook input priority 0;\n", out[0]);
	fputs("*filter\n:INPUT ACCEPT [0:0]\n", out[1]);
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		make_random(&rules[i]);
		fprintf(out[0], "%s\n", rules[i].nft);
		fprintf(out[1], "%s\n", rules[i].iptables);
		fprintf(out[2], "%s\n", rules[i].tierwall);
	}
	fputs("}\n}\n", out[0]);
	fputs("COMMIT\n", out[1]);
	fputs("default accept\n", out[2]);
	for (int i = 0; i < 3; i++)
		fclose(out[i]);
	expect_lines(IMPORT_NFT, text[0], text[2]);
	expect_lines(IMPORT_IPTABLES, text[1], text[2]);
	for (int i = 0; i < 3; i++)
		free(text[i]);
}

static void test_random(void **state)
{
	(void)state;
	srandom(1);
	for (int round = 0; round < 200; round++)
		random_listings();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nft_server),    cmocka_unit_test(test_nft_router),
		cmocka_unit_test(test_iptables_host), cmocka_unit_test(test_iptables_and_ip6tables),
		cmocka_unit_test(test_nft_rules),     cmocka_unit_test(test_iptables_rules),
		cmocka_unit_test(test_chains),        cmocka_unit_test(test_circle),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
