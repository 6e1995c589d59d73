/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * tierwall beside nftables and xdp-filter, in one run:  beside-nftables TIERWALL
 *
 * Each drops every packet, or there is no figure: by the counter of whatever should drop.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/link.h"
#include "packet/counters.h"
#include "packet/node.h"
#include "packet/row.h"

#define MANY   10000u
#define DEVICE LINK_DEVICE

struct beside {
	struct node *node;
	struct link link;
};

/* -- packets and what is to be dropped -------------------------------------------------------- */

/* Spread over 10.0.0.0/8, no two alike. */
static uint32_t source_of(uint32_t i)
{
	return 10u << 24 | (i * 2654435761u >> 8 & 0xffff00) | (i & 0xff);
}

/* The policy's rules: from a /24, to an address and a port; the odd ones accept. */
static uint32_t rule_source(uint32_t i)
{
	return 10u << 24 | i / 2 % 5000 << 8;
}

static uint32_t rule_destination(uint32_t i)
{
	return (192u << 24) | (168u << 16) | (i % 40 << 8) | (i % 250 + 1);
}

static uint16_t rule_port(uint32_t i)
{
	return (uint16_t)(1000 + i * 7919u % 5000);
}

static void packets_of_set(struct beside *beside)
{
	for (uint32_t i = 0; i < MANY; i++)
		beside->link.flood->bss->packets[i] = (struct flood_packet){
			.source = htonl(source_of(i)),
			.destination = htonl(rule_destination(0)),
			.port = htons(53),
		};
	link_packets(&beside->link, MANY);
}

/* One for every rule that drops. */
static void packets_of_policy(struct beside *beside)
{
	for (uint32_t i = 0; i < MANY; i += 2)
		beside->link.flood->bss->packets[i / 2] = (struct flood_packet){
			.source = htonl(rule_source(i) | 77),
			.destination = htonl(rule_destination(i)),
			.port = htons(rule_port(i)),
		};
	link_packets(&beside->link, MANY / 2);
}

static const char *dotted(uint32_t address)
{
	static char text[4][INET_ADDRSTRLEN];
	static unsigned int turn;
	struct in_addr addr = {(in_addr_t)htonl(address)};

	turn = (turn + 1) % 4;
	return inet_ntop(AF_INET, &addr, text[turn], sizeof(text[turn]));
}

/* -- nftables ----------------------------------------------------------------------------------- */

static int run_words(const char *const words[])
{
	int status;
	pid_t pid;

	errno = posix_spawnp(&pid, words[0], NULL, NULL, (char *const *)words, environ);
	if (errno == ENOENT)
		return 127;
	if (errno)
		die("%s", words[0]);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			die("%s", words[0]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

#define NFT_CHAIN                                  \
	" counter dropped { }\n chain ingress {\n" \
	"  type filter hook ingress device \"" DEVICE "\" priority 0; policy accept;\n"

static void nft_unconditional(FILE *out)
{
	fputs(NFT_CHAIN "  counter name dropped drop\n }\n", out);
}

static void nft_set(FILE *out)
{
	fputs(" set blocked { type ipv4_addr; elements = {\n", out);
	for (uint32_t i = 0; i < MANY; i++)
		fprintf(out, "%s,\n", dotted(source_of(i)));
	fputs("} }\n" NFT_CHAIN "  ip saddr @blocked counter name dropped drop\n }\n", out);
}

static void nft_linear(FILE *out)
{
	fputs(NFT_CHAIN, out);
	for (uint32_t i = 0; i < MANY; i++)
		fprintf(out, "ip saddr %s/24 ip daddr %s udp dport %u %s\n", dotted(rule_source(i)),
			dotted(rule_destination(i)), rule_port(i),
			i % 2 ? "accept" : "counter name dropped drop");
	fputs(" }\n", out);
}

/* As a map from fields to verdicts: what nft has against long lists. */
static void nft_map(FILE *out)
{
	fputs(" chain refuse { counter name dropped drop; }\n"
	      " map verdicts { type ipv4_addr . ipv4_addr . inet_service : verdict; flags "
	      "interval;\n"
	      "elements = {\n",
	      out);
	for (uint32_t i = 0; i < MANY; i++)
		fprintf(out, "%s/24 . %s . %u : %s,\n", dotted(rule_source(i)),
			dotted(rule_destination(i)), rule_port(i),
			i % 2 ? "accept" : "jump refuse");
	fputs("} }\n" NFT_CHAIN
	      "  ip protocol udp ip saddr . ip daddr . udp dport vmap @verdicts\n }\n",
	      out);
}

static void nft_begin(struct beside *beside, void (*print)(FILE *out))
{
	const char *words[] = {"nft", "-f", beside->node->file, NULL};
	FILE *out = fopen(beside->node->file, "w");

	if (!out)
		die("%s", beside->node->file);
	fputs("flush ruleset\ntable netdev bench {\n", out);
	print(out);
	fputs("}\n", out);
	if (fclose(out))
		die("%s", beside->node->file);
	if (run_words(words)) {
		fprintf(stderr, "nft takes no %s\n", beside->node->file);
		exit(1);
	}
}

/* By its own counter. */
static uint64_t nft_dropped(void)
{
	FILE *said = popen("nft list counter netdev bench dropped", "r"); /* NOLINT(cert-env33-c) */
	char line[128];
	uint64_t packets = 0;

	if (!said)
		die("nft");
	while (fgets(line, sizeof(line), said))
		if (sscanf(line, " packets %lu", &packets) == 1)
			break;
	pclose(said);
	return packets;
}

static void nft_end(void)
{
	const char *words[] = {"nft", "flush", "ruleset", NULL};

	run_words(words);
}

/* -- tierwall ------------------------------------------------------------------------------------- */

static void tierwall_unconditional(FILE *out)
{
	fputs("guard { drop }\n", out);
}

static void tierwall_set(FILE *out)
{
	fputs("set blocked {\n", out);
	for (uint32_t i = 0; i < MANY; i++)
		fprintf(out, "%s\n", dotted(source_of(i)));
	fputs("}\nguard { drop from @blocked }\n", out);
}

static void tierwall_policy(FILE *out)
{
	fputs("guard {\n", out);
	for (uint32_t i = 0; i < MANY; i++)
		fprintf(out, "%s udp from %s/24 to %s port %u\n", i % 2 ? "accept" : "drop",
			dotted(rule_source(i)), dotted(rule_destination(i)), rule_port(i));
	fputs("}\n", out);
}

static void tierwall_begin(struct beside *beside, void (*print)(FILE *out))
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		die("open_memstream");
	fputs("interface " DEVICE " { mode native }\n", out);
	print(out);
	if (fclose(out))
		die("open_memstream");
	if (node_apply(beside->node, text))
		exit(1);
	free(text);
}

static uint64_t tierwall_dropped(const struct beside *beside)
{
	struct counters counters = {};
	uint64_t packets;

	counters_read(&counters, beside->node);
	packets = (uint64_t)counters_get(&counters, "drops.blocked.packets");
	counters_free(&counters);
	return packets;
}

/* -- xdp-filter ------------------------------------------------------------------------------------ */

struct filter_stats { /* of its map xdp_stats_map, by action */
	uint64_t packets, bytes;
};

/* What it pins, and its lock, shall not be the system's. */
static void hide_system(void)
{
	if (mount("bpf", "/sys/fs/bpf", "bpf", 0, NULL) || mount("tmpfs", "/run", "tmpfs", 0, NULL))
		die("mount");
}

/* Its own command adds one address a call: all others go into its map directly. */
static bool fill_filter(void)
{
	int map = bpf_obj_get("/sys/fs/bpf/xdp-filter/filter_ipv4");
	int cpus = libbpf_num_possible_cpus();
	__be32 key = htonl(source_of(0));
	uint64_t *values = calloc((size_t)cpus, sizeof(*values));
	bool filled = values && map >= 0 && !bpf_map_lookup_elem(map, &key, values);

	for (uint32_t i = 1; i < MANY && filled; i++) {
		key = htonl(source_of(i));
		filled = !bpf_map_update_elem(map, &key, values, BPF_ANY);
	}
	free(values);
	close(map);
	return filled;
}

static uint64_t filter_dropped(void)
{
	int map = bpf_obj_get("/sys/fs/bpf/xdp-filter/xdp_stats_map");
	int cpus = libbpf_num_possible_cpus();
	struct filter_stats *stats = calloc((size_t)cpus, sizeof(*stats));
	uint32_t key = XDP_DROP;
	uint64_t sum = 0;

	if (!stats || map < 0 || bpf_map_lookup_elem(map, &key, stats))
		die("the counters of xdp-filter");
	for (int i = 0; i < cpus; i++)
		sum += stats[i].packets;
	free(stats);
	close(map);
	return sum;
}

/* Its exit status says nothing: is a program on the device? */
static bool filter_begin(void)
{
	const char *load[] = {"xdp-filter", "load", "-f", "ipv4", "-m", "native", DEVICE, NULL};
	const char *add[] = {"xdp-filter", "ip", "-m", "src", dotted(source_of(0)), NULL};
	uint32_t program = 0;

	if (run_words(load) ||
	    bpf_xdp_query_id((int)if_nametoindex(DEVICE), XDP_FLAGS_DRV_MODE, &program) || !program)
		return false;
	return !run_words(add) && fill_filter();
}

/* 0: it does not work here. */
static double filter_case(struct beside *beside)
{
	const char *unload[] = {"xdp-filter", "unload", DEVICE, NULL};
	uint64_t packets;
	double cost = 0;

	if (filter_begin()) {
		cost = link_measure(&beside->link, &packets);
		if (!packets || filter_dropped() != packets)
			cost = 0;
	}
	run_words(unload);
	return cost;
}

/* -- the cases -------------------------------------------------------------------------------------- */

static bool wrong;

static void print_case(const char *name, double cost, const char *of, double ratio)
{
	printf("%-52s %9.0f", name, cost);
	if (ratio > 0)
		printf("  %s %.3g", of, ratio);
	printf("\n");
	fflush(stdout);
}

/* What was not dropped was measured for nothing. */
static void expect_dropped(const char *name, uint64_t dropped, uint64_t packets)
{
	if (packets && dropped == packets)
		return;
	printf("  %s: of %lu packets %lu were dropped: no figure\n", name, packets, dropped);
	wrong = true;
}

static double nft_case(struct beside *beside, const char *name, void (*print)(FILE *out))
{
	uint64_t packets;
	double cost;

	nft_begin(beside, print);
	cost = link_measure(&beside->link, &packets);
	expect_dropped(name, nft_dropped(), packets);
	nft_end();
	return cost;
}

static double tierwall_case(struct beside *beside, const char *name, void (*print)(FILE *out))
{
	uint64_t packets, before;
	double cost;

	tierwall_begin(beside, print);
	before = tierwall_dropped(beside);
	cost = link_measure(&beside->link, &packets);
	expect_dropped(name, tierwall_dropped(beside) - before, packets);
	node_command(beside->node, "detach " DEVICE);
	return cost;
}

static double floor_case(struct beside *beside)
{
	int device = (int)if_nametoindex(DEVICE);
	int program = bpf_program__fd(beside->link.flood->progs.drop);
	uint64_t packets;
	double cost;

	if (bpf_xdp_attach(device, program, XDP_FLAGS_DRV_MODE, NULL))
		die("XDP on " DEVICE);
	cost = link_measure(&beside->link, &packets);
	bpf_xdp_detach(device, XDP_FLAGS_DRV_MODE, NULL);
	return cost;
}

static void compare(struct beside *beside)
{
	double ours, filter, set, linear, map;

	packets_of_set(beside);
	print_case("floor: an XDP program that drops", floor_case(beside), "", 0);
	print_case("floor: nft drops all", nft_case(beside, "nft", nft_unconditional), "", 0);
	print_case("floor: tierwall drops all",
		   tierwall_case(beside, "tierwall", tierwall_unconditional), "", 0);
	ours = tierwall_case(beside, "set", tierwall_set);
	print_case("drop by a set of 10,000 sources: tierwall", ours, "", 0);
	filter = filter_case(beside);
	if (filter > 0)
		print_case("drop by a set of 10,000 sources: xdp-filter", filter, "x tierwall",
			   filter / ours);
	else
		puts("drop by a set of 10,000 sources: xdp-filter does not work here");
	set = nft_case(beside, "nft set", nft_set);
	print_case("drop by a set of 10,000 sources: nft", set, "x tierwall", set / ours);
	packets_of_policy(beside);
	ours = tierwall_case(beside, "policy", tierwall_policy);
	print_case("policy of 10,000 rules: tierwall", ours, "", 0);
	map = nft_case(beside, "nft map", nft_map);
	print_case("policy of 10,000 rules: nft, as a verdict map", map, "x tierwall", map / ours);
	linear = nft_case(beside, "nft rules", nft_linear);
	print_case("policy of 10,000 rules: nft, rule by rule", linear, "x tierwall",
		   linear / ours);
}

static int run(struct node *node)
{
	struct beside beside = {.node = node};

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		puts("beside nftables: two CPUs are needed, and here is one");
		return 0;
	}
	hide_system();
	link_up(&beside.link, node->folder);
	printf("%-52s %9s\n", "beside nftables, over veth: the receiver's", "ns/packet");
	compare(&beside);
	flood_bpf__destroy(beside.link.flood);
	return wrong;
}

int main(int argc, char **argv)
{
	return node_main(argc, argv, run);
}
