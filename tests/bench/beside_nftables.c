/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * tierwall beside nftables and xdp-filter, in one run:  beside-nftables TIERWALL
 *
 * Frames are sent over a veth pair from CPU 0; the receiver's NAPI is a thread on CPU 1,
 * whose time, as the scheduler has counted it, is divided by the packets that it took.  So
 * all is in it that a packet costs its receiver, and nothing of the sender.  Every packet
 * must have been dropped, by the counter of whatever should drop it.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/flood.h"
#include "flood.skel.h"
#include "packet/counters.h"
#include "packet/node.h"
#include "packet/row.h"

#define SENDER_CPU   0
#define RECEIVER_CPU 1
#define MANY         10000u
#define RUNS         3
#define RUN_SECONDS  0.25
#define RUN_PACKETS  1000000u
#define CHUNK        2048 /* frames between two looks at the clock */
#define THREADS_MAX  16
#define DEVICE       "wan"

struct beside {
	struct node *node;
	struct flood_bpf *flood;
	char sys[192]; /* this namespace's sysfs */
	pid_t threads[THREADS_MAX];
	size_t thread_count;
	uint8_t frame[FLOOD_BYTES];
};

/* -- the receiver --------------------------------------------------------------------- */

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (!file || fputs(text, file) < 0 || fclose(file))
		die("%s", path);
}

static uint64_t read_number(const char *path)
{
	FILE *file = fopen(path, "r");
	uint64_t number = 0;

	if (!file || fscanf(file, "%lu", &number) != 1)
		die("%s", path);
	fclose(file);
	return number;
}

static void take_frames(void)
{
	struct ethtool_value on = {.cmd = ETHTOOL_SGRO, .data = 1};
	struct ifreq request = {.ifr_name = DEVICE, .ifr_data = (void *)&on};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCETHTOOL, &request))
		die("GRO on " DEVICE);
	close(fd);
}

static bool is_napi_thread(const char *pid)
{
	char path[64], name[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%.16s/comm", pid);
	file = fopen(path, "r");
	if (!file)
		return false;
	if (!fgets(name, sizeof(name), file))
		name[0] = 0;
	fclose(file);
	return !strncmp(name, "napi/" DEVICE "-", strlen("napi/" DEVICE "-"));
}

/* The threads that are there; those in `before` are of other namespaces. */
static size_t napi_threads(pid_t out[THREADS_MAX], const pid_t *before, size_t before_count)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	size_t count = 0;

	if (!proc)
		die("/proc");
	while ((entry = readdir(proc)) && count < THREADS_MAX) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
		bool known = false;

		for (size_t i = 0; i < before_count; i++)
			known |= before[i] == pid;
		if (pid > 0 && !known && is_napi_thread(entry->d_name))
			out[count++] = pid;
	}
	closedir(proc);
	return count;
}

static void pin(pid_t pid, int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(pid, sizeof(one), &one))
		die("CPU %d", cpu);
}

static void make_receiver(struct beside *beside)
{
	pid_t before[THREADS_MAX];
	size_t count = napi_threads(before, NULL, 0);
	char path[256];

	snprintf(beside->sys, sizeof(beside->sys), "%s/sys", beside->node->folder);
	if (mkdir(beside->sys, 0700) || mount("sysfs", beside->sys, "sysfs", 0, NULL))
		die("%s", beside->sys);
	take_frames();
	snprintf(path, sizeof(path), "%s/class/net/" DEVICE "/threaded", beside->sys);
	write_text(path, "1");
	beside->thread_count = napi_threads(beside->threads, before, count);
	if (!beside->thread_count)
		die("no NAPI thread of " DEVICE);
	for (size_t i = 0; i < beside->thread_count; i++)
		pin(beside->threads[i], RECEIVER_CPU);
}

static uint64_t receiver_time(const struct beside *beside)
{
	uint64_t sum = 0;
	char path[64];

	for (size_t i = 0; i < beside->thread_count; i++) {
		snprintf(path, sizeof(path), "/proc/%d/schedstat", beside->threads[i]);
		sum += read_number(path);
	}
	return sum;
}

static uint64_t received(const struct beside *beside)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/class/net/" DEVICE "/statistics/rx_packets", beside->sys);
	return read_number(path);
}

/* -- the sender ------------------------------------------------------------------------- */

static void make_frame(struct beside *beside)
{
	static const uint8_t start[] = {
		2,    0,  0,    0,
		0,    1,  2,    0,
		0,    0,  0,    2,
		8,    0, /* Ethernet */
		0x45, 0,  0,    FLOOD_BYTES - 14,
		0,    1,  0x40, 0,
		64,   17, /* IPv4, UDP */
	};
	uint8_t *udp = beside->frame + 34;

	memcpy(beside->frame, start, sizeof(start));
	udp[0] = 0x9c, udp[1] = 0x40; /* from port 40000 */
	udp[5] = FLOOD_BYTES - 34;
}

static void send_chunk(struct beside *beside)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = beside->frame,
		    .data_size_in = FLOOD_BYTES, .repeat = CHUNK, .batch_size = 64,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES);

	if (bpf_prog_test_run_opts(bpf_program__fd(beside->flood->progs.flood), &options))
		die("live frames");
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Until the receiver has taken what was sent: its count stands still. */
static uint64_t settle(const struct beside *beside)
{
	uint64_t last, count = received(beside);

	do {
		last = count;
		usleep(30000);
		count = received(beside);
	} while (count != last);
	return count;
}

/* Nanoseconds of the receiver a packet, the least of a few runs. */
static double measure(struct beside *beside, uint64_t *packets)
{
	double best = 0;

	*packets = 0;
	for (int run = -1; run < RUNS; run++) {
		uint64_t before = settle(beside), time = receiver_time(beside), taken;
		double end = now() + (run < 0 ? RUN_SECONDS / 5 : RUN_SECONDS), cost;

		while (now() < end)
			send_chunk(beside);
		taken = settle(beside) - before;
		*packets += taken;
		cost = (double)(receiver_time(beside) - time) / (double)(taken ? taken : 1);
		if (run >= 0 && (best == 0 || cost < best)) /* the first one warms up */
			best = cost;
	}
	return best;
}

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

static void shuffle(struct flood_packet *packets, uint32_t count)
{
	srandom(1);
	for (uint32_t i = count - 1; i; i--) {
		uint32_t j = (uint32_t)random() % (i + 1);
		struct flood_packet other = packets[i];

		packets[i] = packets[j];
		packets[j] = other;
	}
}

static void set_packets(struct beside *beside, uint32_t count)
{
	shuffle(beside->flood->bss->packets, count);
	beside->flood->bss->job.count = count;
	beside->flood->bss->job.next = 0;
}

static void packets_of_set(struct beside *beside)
{
	for (uint32_t i = 0; i < MANY; i++)
		beside->flood->bss->packets[i] = (struct flood_packet){
			.source = htonl(source_of(i)),
			.destination = htonl(rule_destination(0)),
			.port = htons(53),
		};
	set_packets(beside, MANY);
}

/* One for every rule that drops. */
static void packets_of_policy(struct beside *beside)
{
	for (uint32_t i = 0; i < MANY; i += 2)
		beside->flood->bss->packets[i / 2] = (struct flood_packet){
			.source = htonl(rule_source(i) | 77),
			.destination = htonl(rule_destination(i)),
			.port = htons(rule_port(i)),
		};
	set_packets(beside, MANY / 2);
}

static const char *dotted(uint32_t address)
{
	static char text[4][INET_ADDRSTRLEN];
	static unsigned int turn;
	struct in_addr addr = {htonl(address)};

	turn = (turn + 1) % 4;
	return inet_ntop(AF_INET, &addr, text[turn], sizeof(text[turn]));
}

/* -- nftables ----------------------------------------------------------------------------------- */

extern char **environ;

static int run_words(const char *const words[])
{
	int status;
	pid_t pid;

	errno = posix_spawnp(&pid, words[0], NULL, NULL, (char *const *)words, environ);
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
	      " map verdicts { type ipv4_addr . ipv4_addr . inet_service : verdict; flags interval;\n"
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

/* -- the cases -------------------------------------------------------------------------------------- */

static bool wrong;

static void print_case(const char *name, double cost, const char *of, double ratio)
{
	printf("%-52s %9.0f", name, cost);
	if (ratio > 0)
		printf("  %s %.1f", of, ratio);
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
	cost = measure(beside, &packets);
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
	cost = measure(beside, &packets);
	expect_dropped(name, tierwall_dropped(beside) - before, packets);
	node_command(beside->node, "detach " DEVICE);
	return cost;
}

static double floor_case(struct beside *beside)
{
	int device = (int)if_nametoindex(DEVICE);
	int program = bpf_program__fd(beside->flood->progs.drop);
	uint64_t packets;
	double cost;

	if (bpf_xdp_attach(device, program, XDP_FLAGS_DRV_MODE, NULL))
		die("XDP on " DEVICE);
	cost = measure(beside, &packets);
	bpf_xdp_detach(device, XDP_FLAGS_DRV_MODE, NULL);
	return cost;
}

static void compare(struct beside *beside)
{
	double ours, set, linear, map;

	packets_of_set(beside);
	print_case("floor: an XDP program that drops", floor_case(beside), "", 0);
	print_case("floor: nft drops all", nft_case(beside, "nft", nft_unconditional), "", 0);
	ours = tierwall_case(beside, "set", tierwall_set);
	print_case("drop by a set of 10,000 sources: tierwall", ours, "", 0);
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
	struct beside beside = {.node = node, .flood = flood_bpf__open_and_load()};

	if (!beside.flood)
		die("flood.bpf.o does not load");
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		puts("beside nftables: two CPUs are needed, and here is one");
		return 0;
	}
	make_receiver(&beside);
	make_frame(&beside);
	beside.flood->bss->job.device = if_nametoindex(DEVICE "-peer");
	pin(0, SENDER_CPU);
	printf("%-52s %9s\n", "beside nftables, over veth: the receiver's", "ns/packet");
	compare(&beside);
	flood_bpf__destroy(beside.flood);
	return wrong;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s TIERWALL\n", argv[0]);
		return 2;
	}
	return node_run(argv[1], run);
}
