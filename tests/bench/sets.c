/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What sets cost:  sets TIERWALL [ENTRIES [4|6]]    only one size, of one family
 *
 * Nanoseconds a look-up, net of a program that reads the same address and looks nothing
 * up; `hot` is 64 addresses in turns, `cold` 65,536 others in random order.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/config.h"
#include "packet/frame.h"
#include "packet/node.h"
#include "packet/set_probe.h"
#include "random.h"

struct list {
	struct prefix *items;
	size_t count;
};

static struct random state = {1};

static uint32_t pick_bits(int family)
{
	uint32_t roll = random_below(&state, 100);

	if (family)
		return roll < 30 ? 128 : roll < 70 ? 64 : roll < 80 ? 56 : roll < 97 ? 48 : 32;
	return roll < 60 ? 32 : roll < 85 ? 24 : 8 + random_below(&state, 24);
}

static void random_address(union tw_addr *addr, int family)
{
	memset(addr, 0, sizeof(*addr));
	if (family) {
		for (int i = 0; i < 16; i++)
			addr->bytes[i] = (unsigned char)random_below(&state, 256);
		addr->bytes[0] = (unsigned char)(0x20 | (addr->bytes[0] & 0x1f));
		return;
	}
	addr->bytes[10] = addr->bytes[11] = 0xff;
	for (int i = 12; i < 16; i++)
		addr->bytes[i] = (unsigned char)random_below(&state, 256);
}

static void random_prefix(struct prefix *prefix, int family)
{
	uint32_t bits = pick_bits(family);

	/* few short ones, or nothing else would be left to miss */
	if (!family && bits < 14 && random_below(&state, 200))
		bits = 28;
	random_address(&prefix->addr, family);
	prefix->bits = (uint8_t)(bits + (family ? 0 : 96));
	for (uint32_t i = prefix->bits; i < 128; i++)
		prefix->addr.bytes[i / 8] &= (unsigned char)~(0x80 >> i % 8);
}

static void make_list(struct list *list, size_t count, int family)
{
	while (list->count < count) {
		while (list->count < count)
			random_prefix(
				config_push(&list->items, &list->count, sizeof(struct prefix)),
				family == 2 ? (int)(list->count % 2) : family);
		prefixes_merge(list->items, &list->count);
	}
}

static void write_list(const struct list *list, const char *path)
{
	FILE *out = fopen(path, "w");

	if (!out)
		die("%s", path);
	for (size_t i = 0; i < list->count; i++) {
		prefix_print(out, &list->items[i]);
		fputc('\n', out);
	}
	if (fclose(out))
		die("%s", path);
}

/* An address that some entry holds, or a random one. */
static void pick_address(const struct list *list, int family, bool hit, union tw_addr *addr)
{
	const struct prefix *prefix;
	union tw_addr random;

	random_address(addr, family);
	if (!hit || !list->count)
		return;
	random = *addr;
	do
		prefix = &list->items[random_below(&state, (uint32_t)list->count)];
	while ((addr_is_ipv4(&prefix->addr) && prefix->bits >= 96) != !family);
	*addr = prefix->addr;
	for (uint32_t i = prefix->bits; i < 128; i++)
		addr->bytes[i / 8] |= random.bytes[i / 8] & (0x80 >> i % 8);
}

static void measure(struct prober *prober, const struct list *list, int family, bool hit)
{
	uint32_t held = 0;
	double hot, cold;

	for (uint32_t i = 0; i < SET_PROBE_ADDRESSES; i++) {
		pick_address(list, family, hit, &prober->probe->addresses[i]);
		prober->probe->families[i] = (uint8_t)family;
	}
	prober_look_up(prober, SET_PROBE_ADDRESSES);
	for (uint32_t i = 0; i < SET_PROBE_ADDRESSES; i++)
		held += prober->probe->held[i];
	hot = prober_time(prober, 64);
	cold = prober_time(prober, SET_PROBE_ADDRESSES);
	printf("  IPv%d %-4s %5.1f %% held %8.0f hot %8.0f cold\n", family ? 6 : 4,
	       hit ? "hit" : "miss", 100.0 * held / SET_PROBE_ADDRESSES, hot, cold);
	fflush(stdout);
}

static double seconds_of(const struct node *node, const char *words)
{
	struct timespec start, end;

	clock_gettime(CLOCK_MONOTONIC, &start);
	if (node_command(node, words))
		die("%s", words);
	clock_gettime(CLOCK_MONOTONIC, &end);
	return (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
}

static void one_size(struct node *node, size_t count, int family)
{
	struct list list = {0};
	struct prober prober;
	char path[200], words[300];

	make_list(&list, count, family);
	snprintf(path, sizeof(path), "%s/list", node->folder);
	write_list(&list, path);
	if (node_apply(node, "set listed { }\n"))
		exit(1);
	snprintf(words, sizeof(words), "-q set load listed %s", path);
	printf("%zu prefixes, %s: loaded in %.2f s", count,
	       family == 2 ? "mixed"
	       : family    ? "IPv6"
			   : "IPv4",
	       seconds_of(node, words));
	printf(", one added in %.1f ms", 1000 * seconds_of(node, "-q set add listed 192.0.2.77"));
	printf(", one deleted in %.1f ms", 1000 * seconds_of(node, "-q set del listed 192.0.2.77"));
	prober_open(&prober, node);
	prober_use(&prober, node, "listed");
	printf(", %.2f MB\n", (double)prober.bytes / 1e6);
	for (int f = 0; f < 2; f++)
		for (int hit = 1; hit >= 0; hit--)
			if (family == f || family == 2)
				measure(&prober, &list, f, hit);
	prober_close(&prober);
	free(list.items);
}

static size_t largest = 1000000;
static int only = -1; /* family */

static int run(struct node *node)
{
	static const size_t sizes[] = {4, 200, 10000};

	if (only >= 0) {
		one_size(node, largest, only);
		return 0;
	}
	for (int family = 0; family < 3; family++) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]) && sizes[i] < largest; i++)
			one_size(node, sizes[i], family);
		one_size(node, largest, family);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: %s TIERWALL [ENTRIES [4|6]]\n", argv[0]);
		return 2;
	}
	if (argc > 2)
		largest = strtoul(argv[2], NULL, 10);
	if (argc > 3)
		only = *argv[3] == '6';
	return node_run(argv[1], run);
}
