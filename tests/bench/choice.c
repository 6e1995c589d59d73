/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The choice of a server in figures: what share of flows another server gets when one
 * fails, returns, changes its weight or is added, beside plain Maglev and beside what no
 * method can avoid; how exact shares are; how long a table takes to build.
 *
 * Plain Maglev is a reference of our own, after the paper: prime sizes, permutations from
 * two hashes, built anew from the servers that are up, and turns by weight.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "compile/compile.h"
#include "tierwall/hash.h"

#define SERVERS_MAX 1001
#define PLACES      4194304u /* at which tables are compared: of the finest */
#define RUNS        9

static const size_t pools[] = {3, 10, 30, 100, 300, 1000};

struct pool {
	struct candidate servers[SERVERS_MAX];
	size_t count;
};

struct table {
	uint16_t slots[PLACES];
	uint32_t count;
};

static void out_of_memory(void)
{
	fputs("out of memory\n", stderr);
	exit(1);
}

static struct table *new_table(void)
{
	struct table *table = malloc(sizeof(*table));

	if (!table)
		out_of_memory();
	return table;
}

static void make_pool(struct pool *pool, size_t count)
{
	pool->count = count;
	for (size_t i = 0; i < count; i++)
		pool->servers[i] = (struct candidate){
			.seed = tw_mix(0xa0000000 + i), .weight = 1, .takes_flows = true};
}

static void make_tierwall(struct table *table, const struct pool *pool)
{
	table->count = choice_slots(pool->servers, pool->count);
	if (choice_fill(table->slots, table->count, pool->servers, pool->count))
		out_of_memory();
}

/* -- plain Maglev ----------------------------------------------------------------------- */

static uint32_t maglev_slots(size_t servers)
{
	static const uint32_t primes[] = {16381, 32749, 65521, 131071};
	size_t i = 0;

	while (i < 3 && primes[i] < servers * 100)
		i++;
	return primes[i];
}

static void make_maglev(struct table *table, const struct pool *pool, uint32_t slots)
{
	static uint32_t at[SERVERS_MAX], skip[SERVERS_MAX];
	static uint64_t credit[SERVERS_MAX];
	uint32_t heaviest = 0, filled = 0;

	table->count = slots;
	memset(table->slots, 0xff, sizeof(table->slots));
	for (size_t i = 0; i < pool->count; i++) {
		at[i] = (uint32_t)(tw_mix(pool->servers[i].seed) % slots);
		skip[i] = (uint32_t)(tw_mix(~pool->servers[i].seed) % (slots - 1)) + 1;
		credit[i] = 0;
		if (pool->servers[i].takes_flows && pool->servers[i].weight > heaviest)
			heaviest = pool->servers[i].weight;
	}
	while (filled < slots) {
		for (size_t i = 0; i < pool->count && filled < slots; i++) {
			if (!pool->servers[i].takes_flows)
				continue;
			credit[i] += pool->servers[i].weight;
			if (credit[i] < heaviest)
				continue;
			credit[i] -= heaviest;
			while (table->slots[at[i]] != TW_NONE16)
				at[i] = (at[i] + skip[i]) % slots;
			table->slots[at[i]] = (uint16_t)i;
			filled++;
		}
	}
}

/* -- what moves ------------------------------------------------------------------------------ */

/* Flows lie at all places between 0 and 1. */
static uint16_t server_at(const struct table *table, uint32_t place)
{
	return table->slots[(uint64_t)place * table->count / PLACES];
}

struct moved {
	double all;    /* share of flows that have another server */
	double others; /* of those that neither leave nor reach the server that changed */
};

static struct moved compare(const struct table *before, const struct table *after, uint16_t changed)
{
	struct moved moved = {};

	for (uint32_t place = 0; place < PLACES; place++) {
		uint16_t was = server_at(before, place), is = server_at(after, place);

		moved.all += was != is;
		moved.others += was != is && was != changed && is != changed;
	}
	moved.all *= 100.0 / PLACES;
	moved.others *= 100.0 / PLACES;
	return moved;
}

static double share(const struct pool *pool, size_t server)
{
	double sum = 0;

	for (size_t i = 0; i < pool->count; i++)
		if (pool->servers[i].takes_flows)
			sum += pool->servers[i].weight;
	return sum > 0 ? 100 * pool->servers[server].weight / sum : 0;
}

static void compare_pools(const char *change, const struct pool *before, const struct pool *after,
			  size_t changed, double unavoidable)
{
	struct table *was = new_table(), *is = new_table();
	uint32_t slots = maglev_slots(before->count);
	struct moved ours, maglev;

	make_tierwall(was, before);
	make_tierwall(is, after);
	ours = compare(was, is, (uint16_t)changed);
	make_maglev(was, before, slots);
	make_maglev(is, after, slots);
	maglev = compare(was, is, (uint16_t)changed);
	printf("%7zu  %-16s %9.3f %9.3f %9.3f %14.3f %9.3f\n", before->count, change, unavoidable,
	       ours.all, ours.others, maglev.all, maglev.others);
	free(was);
	free(is);
}

static double share_of_slots(const struct pool *pool, size_t server)
{
	struct table *table = new_table();
	uint32_t count = 0;

	make_tierwall(table, pool);
	for (uint32_t slot = 0; slot < table->count; slot++)
		count += table->slots[slot] == server;
	if (table->count)
		count *= PLACES / table->count;
	free(table);
	return 100.0 * count / PLACES;
}

static void compare_changes(size_t count)
{
	struct pool before, after;
	size_t server = count / 2;
	double owned;

	make_pool(&before, count);
	owned = share_of_slots(&before, server);
	after = before;
	after.servers[server].takes_flows = false;
	compare_pools("one fails", &before, &after, server, owned);
	compare_pools("it returns", &after, &before, server, owned);
	after = before;
	after.servers[server].weight = 2;
	compare_pools("weight 1 to 2", &before, &after, server,
		      share(&after, server) - share(&before, server));
	compare_pools("weight 2 to 1", &after, &before, server,
		      share(&after, server) - share(&before, server));
	make_pool(&after, count + 1);
	compare_pools("one is added", &before, &after, count, share(&after, count));
}

/* -- shares -------------------------------------------------------------------------------------- */

/* How far the worst share is from what its weight says, in per cent of that. */
static double worst_share(const struct pool *pool, uint32_t *slots)
{
	struct table *table = new_table();
	uint32_t *counts = calloc(pool->count, sizeof(*counts));
	double worst = 0;

	if (!counts)
		out_of_memory();
	make_tierwall(table, pool);
	for (uint32_t slot = 0; slot < table->count; slot++)
		counts[table->slots[slot]]++;
	for (size_t i = 0; i < pool->count; i++) {
		double off = 100.0 * counts[i] / table->count / share(pool, i) - 1;

		if (off < 0)
			off = -off;
		if (off > worst)
			worst = off;
	}
	*slots = table->count;
	free(table);
	free(counts);
	return 100 * worst;
}

static double milliseconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* The least of many runs: what disturbs one makes it slower, never faster. */
static double build_time(const struct pool *pool)
{
	struct table *table = new_table();
	double least = 0;

	for (int i = 0; i < RUNS; i++) {
		double start = milliseconds_now(), took;

		make_tierwall(table, pool);
		took = milliseconds_now() - start;
		if (!i || took < least)
			least = took;
	}
	free(table);
	return least;
}

static void print_shares(const char *weights, const struct pool *pool)
{
	uint32_t slots;
	double worst = worst_share(pool, &slots);

	printf("%7zu  %-16s %9u %9.3f %9.2f\n", pool->count, weights, slots, worst,
	       build_time(pool));
}

/* A few servers of 100 and the others of 1; then weights all over the range. */
static void shares_of(size_t count)
{
	struct pool pool;

	make_pool(&pool, count);
	print_shares("equal", &pool);
	pool.servers[0].weight = 100;
	print_shares("one of 100", &pool);
	for (size_t i = 0; i < count; i++)
		pool.servers[i].weight = (uint32_t)(1 + i * 99 / (count - 1));
	print_shares("1 to 100", &pool);
}

static void build_with_failures(size_t count)
{
	static const size_t one_in[] = {1000, 10, 2};
	struct pool pool;

	for (size_t i = 0; i < sizeof(one_in) / sizeof(one_in[0]); i++) {
		make_pool(&pool, count);
		for (size_t j = 0; j < count; j += one_in[i])
			pool.servers[j].takes_flows = false;
		printf("%7zu  one in %-4zu down %28.2f\n", count, one_in[i], build_time(&pool));
	}
	make_pool(&pool, count);
	for (size_t j = 10; j < count; j++)
		pool.servers[j].takes_flows = false;
	printf("%7zu  all but 10 down %29.2f\n", count, build_time(&pool));
}

int main(void)
{
	const size_t rows = sizeof(pools) / sizeof(pools[0]);

	puts("Flows that get another server, in per cent of all; `others`: those of them that "
	     "neither\n"
	     "leave nor reach the server that changes.");
	printf("%7s  %-16s %9s %9s %9s %14s %9s\n", "servers", "change", "must move", "tierwall",
	       "others", "plain Maglev", "others");
	for (size_t i = 0; i < rows; i++)
		compare_changes(pools[i]);
	puts("\nShares: how far the worst is from what its weight says, in per cent of that "
	     "share.");
	printf("%7s  %-16s %9s %9s %9s\n", "servers", "weights", "slots", "off by", "build ms");
	for (size_t i = 0; i < rows; i++)
		shares_of(pools[i]);
	build_with_failures(1000);
	return 0;
}
