/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sets against a list that is walked from end to end.  What looks an address up is the
 * data path's own code, bpf/set.h, over memory of the test instead of maps.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../random.h"
#include "compile/set_memory.h"

/* -- bpf/set.h over memory -------------------------------------------------------------- */

#define TIERWALL_BPF_MAPS_H
#define barrier()             asm volatile("" ::: "memory")
#define barrier_var(variable) asm volatile("" : "+r"(variable))
#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#define __noinline      static __attribute__((noinline))

struct fake_map {
	unsigned char *memory;
};

static struct fake_map head_map, chunk_maps[TW_CHUNKS];
static struct fake_map *sets, *chunks;

static void *bpf_map_lookup_elem(void *map, const uint32_t *key)
{
	if (map == &sets)
		return *key == 0 ? &head_map : NULL;
	if (map == &chunks)
		return *key < TW_CHUNKS && chunk_maps[*key].memory ? &chunk_maps[*key] : NULL;
	return ((struct fake_map *)map)->memory;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunknown-pragmas" /* unroll */
#include "../../bpf/set.h"
#pragma GCC diagnostic pop

/* -- a set, and the list that it must equal ---------------------------------------------- */

#define FIRST_CHUNK 7 /* of the set's, so that no chunk is found by chance */

struct entry {
	struct prefix prefix;
	uint32_t expires;
};

struct model {
	struct random random;
	struct set_memory memory;
	uint32_t chunk_count;
	struct entry *entries;
	size_t count;
	uint32_t now;
	/* what prefixes are made of */
	int family; /* 2: both */
	uint32_t nets;
	uint8_t lengths[2][32];
	uint32_t length_count;
	size_t builds;
};

static void unmake_set(struct model *model)
{
	for (uint32_t i = 0; i < TW_CHUNKS; i++)
		chunk_maps[i].memory = NULL;
	if (model->chunk_count)
		free(model->memory.lines);
	free(model->memory.head);
	memset(&model->memory, 0, sizeof(model->memory));
}

static size_t tries; /* sets that got one */

/* Builds the set from what the list holds. */
static void make_set(struct model *model)
{
	struct prefix *items = calloc(model->count + 1, sizeof(*items));
	struct set_source sources[SET_SOURCES] = {{.items = items}};
	struct set_plan plan;
	int result = -ENOSPC;

	unmake_set(model);
	model->builds++;
	for (size_t i = 0; i < model->count; i++) {
		struct entry *entry = &model->entries[i];

		if (entry->expires != TW_FOREVER && entry->expires <= model->now)
			continue;
		items[sources[0].count] = entry->prefix;
		items[sources[0].count++].seconds =
			entry->expires == TW_FOREVER ? 0 : entry->expires;
	}
	for (int i = 0; result == -ENOSPC && i < 4; i++) { /* as kernel/sets.c does */
		unmake_set(model);
		assert_int_equal(set_plan(&plan, sources, random_next(&model->random)), 0);
		model->chunk_count = plan.chunks;
		model->memory.head = calloc(1, TW_SET_BYTES);
		model->memory.lines = (unsigned char *)model->memory.head;
		if (plan.chunks) {
			model->memory.lines =
				aligned_alloc(TW_CHUNK_BYTES, (size_t)plan.chunks << 20);
			memset(model->memory.lines, 0, (size_t)plan.chunks << 20);
		}
		result = set_build(&plan, &model->memory);
		set_plan_end(&plan);
	}
	assert_int_equal(result, 0);
	tries += model->memory.head->trie != 0;
	head_map.memory = (unsigned char *)model->memory.head;
	if (plan.chunks)
		model->memory.head->chunk = FIRST_CHUNK;
	for (uint32_t i = 0; i < plan.chunks; i++)
		chunk_maps[FIRST_CHUNK + i].memory = model->memory.lines + ((size_t)i << 20);
	free(items);
}

static bool covers(const struct prefix *prefix, const union tw_addr *addr)
{
	uint32_t whole = prefix->bits / 8, rest = prefix->bits % 8;

	/* ::/0 and the like do not hold ::ffff:a.b.c.d, which is IPv4 */
	if (addr_is_ipv4(addr) != (addr_is_ipv4(&prefix->addr) && prefix->bits >= 96))
		return false;
	if (memcmp(prefix->addr.bytes, addr->bytes, whole))
		return false;
	return !rest || !((prefix->addr.bytes[whole] ^ addr->bytes[whole]) >> (8 - rest));
}

static bool list_holds(const struct model *model, const union tw_addr *addr)
{
	for (size_t i = 0; i < model->count; i++)
		if (model->entries[i].expires > model->now &&
		    covers(&model->entries[i].prefix, addr))
			return true;
	return false;
}

static bool set_holds_addr(const struct model *model, const union tw_addr *addr)
{
	return set_holds(0, addr, !addr_is_ipv4(addr), model->now);
}

static struct entry *find_entry(const struct model *model, const struct prefix *prefix)
{
	for (size_t i = 0; i < model->count; i++)
		if (!prefix_compare(&model->entries[i].prefix, prefix))
			return &model->entries[i];
	return NULL;
}

/* -- random prefixes: in few nets, so that they lie in each other ------------------------- */

static void random_address(struct model *model, union tw_addr *addr)
{
	bool ipv6 = model->family == 2 ? random_percent(&model->random, 50) : model->family == 1;
	uint64_t net = random_below(&model->random, model->nets);

	memset(addr, 0, sizeof(*addr));
	for (int i = 0; i < 16; i++)
		addr->bytes[i] = (unsigned char)random_next(&model->random);
	if (!ipv6) {
		memset(addr, 0, 10);
		addr->bytes[10] = addr->bytes[11] = 0xff;
		addr->bytes[12] = (unsigned char)(net * 77);
		addr->bytes[13] = (unsigned char)(net >> 3);
		addr->bytes[14] &= model->nets == 60 ? 63 : 3;
		return;
	}
	addr->bytes[0] = 0x20;
	addr->bytes[1] = (unsigned char)(net * 5);
	for (int i = 2; i < 15; i++)
		addr->bytes[i] &= i % 3 ? 0 : 1;
}

static void random_prefix(struct model *model, struct prefix *prefix)
{
	uint8_t bits;

	memset(prefix, 0, sizeof(*prefix));
	random_address(model, &prefix->addr);
	bits = model->lengths[!addr_is_ipv4(&prefix->addr)]
			     [random_below(&model->random, model->length_count)];
	prefix->bits = addr_is_ipv4(&prefix->addr) ? (uint8_t)(bits + 96) : bits;
	for (uint32_t i = prefix->bits; i < 128; i++)
		prefix->addr.bytes[i / 8] &= (unsigned char)~(0x80 >> i % 8);
}

static void choose_lengths(struct model *model)
{
	model->length_count = 1 + random_below(&model->random, 32);
	for (uint32_t i = 0; i < 32; i++) {
		uint32_t short4 = random_percent(&model->random, 3) ? 0 : 14;

		model->lengths[0][i] = (uint8_t)random_between(&model->random, short4, 32);
		model->lengths[1][i] = (uint8_t)random_between(
			&model->random, random_percent(&model->random, 3) ? 0 : 16, 128);
	}
	for (uint32_t i = 0; i < (model->nets == 60 ? 8 : 1); i++)
		model->lengths[0][i] = (uint8_t)(32 - i % 3);
	model->lengths[1][0] = 128;
}

/* -- edits ---------------------------------------------------------------------------------- */

static void note(struct model *model, const struct prefix *prefix, uint32_t expires)
{
	struct entry *entry = config_push(&model->entries, &model->count, sizeof(*entry));

	entry->prefix = *prefix;
	entry->prefix.seconds = 0;
	entry->expires = expires;
}

static void forget(struct model *model, struct entry *entry)
{
	*entry = model->entries[--model->count];
}

/* What an addition has to say, and the list with it in it. */
static enum set_change expect_add(struct model *model, const struct prefix *prefix,
				  uint32_t seconds)
{
	struct entry *entry = find_entry(model, prefix);
	uint32_t expires = seconds ? model->now + seconds + 1 : TW_FOREVER;
	bool over;

	if (!entry) {
		note(model, prefix, expires);
		return SET_ADDED;
	}
	if (entry->expires == TW_FOREVER)
		return SET_UNCHANGED;
	over = entry->expires <= model->now;
	entry->expires = expires;
	if (over)
		return SET_ADDED;
	return expires == TW_FOREVER ? SET_KEPT : SET_REFRESHED;
}

static void add(struct model *model, const struct prefix *prefix, uint32_t seconds)
{
	int change = set_add(&model->memory, prefix, seconds, model->now);
	enum set_change expected = expect_add(model, prefix, seconds);

	if (change == -ENOSPC)
		make_set(model);
	else
		assert_int_equal(change, expected);
}

static void delete (struct model *model, const struct prefix *prefix)
{
	struct entry *entry = find_entry(model, prefix);
	bool was_for_good, there = entry && entry->expires > model->now;
	int change = set_delete(&model->memory, prefix, model->now, &was_for_good);

	assert_int_equal(change, there ? SET_DELETED : SET_UNCHANGED);
	assert_int_equal(was_for_good, entry && entry->expires == TW_FOREVER);
	if (entry)
		forget(model, entry);
}

static void edit_at_random(struct model *model)
{
	uint32_t roll = random_below(&model->random, 100);
	struct prefix prefix;

	random_prefix(model, &prefix);
	if (model->count && random_percent(&model->random, 40))
		prefix =
			model->entries[random_below(&model->random, (uint32_t)model->count)].prefix;
	if (roll < 45)
		add(model, &prefix, 0);
	else if (roll < 60)
		add(model, &prefix, 1 + random_below(&model->random, 20));
	else
		delete (model, &prefix);
	if (random_percent(&model->random, 3))
		model->now++;
}

/* An address in or beside an entry, or any. */
static void check_address(struct model *model)
{
	union tw_addr addr;

	random_address(model, &addr);
	if (model->count && random_percent(&model->random, 60)) {
		struct prefix *prefix =
			&model->entries[random_below(&model->random, (uint32_t)model->count)]
				 .prefix;
		uint32_t from = prefix->bits;

		for (uint32_t i = 0; i < from; i++) {
			unsigned char bit = (unsigned char)(0x80 >> i % 8);

			addr.bytes[i / 8] = (addr.bytes[i / 8] & (unsigned char)~bit) |
					    (prefix->addr.bytes[i / 8] & bit);
		}
		if (from && random_percent(&model->random, 30) &&
		    !(addr_is_ipv4(&prefix->addr) && from <= 96))
			addr.bytes[(from - 1) / 8] ^= (unsigned char)(0x80 >> (from - 1) % 8);
	}
	if (set_holds_addr(model, &addr) != list_holds(model, &addr))
		fail_msg("%s, of %zu entries, trie %u",
			 list_holds(model, &addr) ? "missed" : "false hit", model->count,
			 model->memory.head->trie);
}

struct counted {
	const struct model *model;
	size_t live;
};

static int count_entry(const struct set_key *key, uint32_t expires, void *context)
{
	struct counted *counted = context;
	struct prefix prefix;
	const struct entry *entry;

	set_prefix_of(&prefix, key);
	if (expires != TW_FOREVER && expires <= counted->model->now)
		return 0;
	entry = find_entry(counted->model, &prefix);
	assert_non_null(entry);
	assert_int_equal(entry->expires, expires);
	counted->live++;
	return 0;
}

static void check_entries(const struct model *model)
{
	struct counted counted = {.model = model};
	size_t live = 0;

	for (size_t i = 0; i < model->count; i++)
		live += model->entries[i].expires > model->now;
	assert_int_equal(set_each(&model->memory, count_entry, &counted), 0);
	assert_int_equal(counted.live, live);
}

static void run_model(uint64_t seed, int family, size_t start, size_t edits)
{
	struct model model = {.now = 1000};

	random_seed(&model.random, seed);
	model.family = family;
	model.nets = start > 1000 ? 60 : 1 + random_below(&model.random, 60);
	do
		choose_lengths(&model);
	while (start > 1000 && model.length_count < 12);
	for (size_t i = 0; i < start; i++) {
		struct prefix prefix;

		random_prefix(&model, &prefix);
		if (!find_entry(&model, &prefix))
			note(&model, &prefix,
			     random_percent(&model.random, 80)
				     ? TW_FOREVER
				     : 1001 + random_below(&model.random, 99));
	}
	make_set(&model);
	for (size_t i = 0; i < edits; i++) {
		edit_at_random(&model);
		check_address(&model);
		check_address(&model);
	}
	check_entries(&model);
	unmake_set(&model);
	free(model.entries);
}

static void small_sets_hold_what_a_list_holds(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 400; seed++)
		run_model(seed, (int)(seed % 3), seed % 40, 500);
}

static void sets_with_a_trie_hold_what_a_list_holds(void **state)
{
	(void)state;
	for (uint64_t seed = 1000; seed < 1005; seed++) {
		tries = 0;
		run_model(seed, 0, 16000, 6000);
		assert_true(tries);
	}
}

/* Every length of both families at once: more than hints have bits. */
static void every_length_is_found(void **state)
{
	struct model model = {.now = 5, .nets = 1, .family = 2, .length_count = 32};

	(void)state;
	random_seed(&model.random, 3);
	for (int round = 0; round < 40; round++)
		for (uint8_t bits = 0; bits <= 128; bits++) {
			struct prefix prefix;

			model.lengths[0][0] = bits > 32 ? 32 : bits;
			model.lengths[1][0] = bits;
			model.length_count = 1;
			random_prefix(&model, &prefix);
			if ((prefix.bits > 20 || round == 39) && !find_entry(&model, &prefix))
				note(&model, &prefix, TW_FOREVER);
		}
	for (size_t i = 0; i < model.count; i++)
		if (model.entries[i].prefix.bits < 24 ||
		    (addr_is_ipv4(&model.entries[i].prefix.addr) &&
		     model.entries[i].prefix.bits < 110))
			forget(&model, &model.entries[i--]);
	make_set(&model);
	assert_true(model.memory.head->family[1].count > TW_SET_HINTS);
	for (int i = 0; i < 20000; i++)
		check_address(&model);
	check_entries(&model);
	unmake_set(&model);
	free(model.entries);
}

/* -- exact cases -------------------------------------------------------------------------------- */

static struct prefix prefix_of(const char *word)
{
	struct diagnostic diagnostic = {0};
	struct prefix prefix;

	assert_int_equal(prefix_parse(&prefix, word, &diagnostic), 0);
	return prefix;
}

static bool holds(const struct model *model, const char *word)
{
	struct prefix prefix = prefix_of(word);

	return set_holds_addr(model, &prefix.addr);
}

static void an_entry_goes_when_its_time_is_over(void **state)
{
	struct model model = {.now = 100};
	struct prefix v4 = prefix_of("192.0.2.0/24"), v6 = prefix_of("2001:db8::/40");
	struct prefix host = prefix_of("2001:db8:1::1");

	(void)state;
	random_seed(&model.random, 1);
	make_set(&model);
	assert_int_equal(set_add(&model.memory, &v4, 10, 100), SET_ADDED);
	assert_int_equal(set_add(&model.memory, &v6, 10, 100), SET_ADDED);
	assert_int_equal(set_add(&model.memory, &host, 20, 100), SET_ADDED);
	for (model.now = 99; model.now <= 110; model.now++) { /* never early, whatever the clock */
		assert_true(holds(&model, "192.0.2.7"));
		assert_true(holds(&model, "2001:db8:77::1"));
	}
	model.now = 111;
	assert_false(holds(&model, "192.0.2.7"));
	assert_false(holds(&model, "2001:db8:77::1"));
	assert_true(holds(&model, "2001:db8:1::1"));
	assert_int_equal(set_add(&model.memory, &v4, 10, 112), SET_ADDED);
	assert_int_equal(set_add(&model.memory, &v4, 10, 113), SET_REFRESHED);
	assert_true(holds(&model, "192.0.2.7"));
	assert_int_equal(set_add(&model.memory, &v4, 0, 113), SET_KEPT);
	assert_int_equal(set_add(&model.memory, &v4, 5, 113), SET_UNCHANGED);
	model.now = 4000000000u;
	assert_true(holds(&model, "192.0.2.7"));
	assert_false(holds(&model, "2001:db8:1::1"));
	unmake_set(&model);
}

static void whole_families_are_apart(void **state)
{
	struct model model = {.now = 100};
	struct prefix all4 = prefix_of("0.0.0.0/0"), all6 = prefix_of("::/0");
	bool was_for_good;

	(void)state;
	random_seed(&model.random, 1);
	make_set(&model);
	assert_int_equal(set_add(&model.memory, &all6, 0, 100), SET_ADDED);
	assert_true(holds(&model, "2001:db8::1"));
	assert_true(holds(&model, "::"));
	assert_false(holds(&model, "192.0.2.7"));
	assert_int_equal(set_add(&model.memory, &all4, 0, 100), SET_ADDED);
	assert_int_equal(set_delete(&model.memory, &all6, 100, &was_for_good), SET_DELETED);
	assert_true(holds(&model, "192.0.2.7"));
	assert_true(holds(&model, "0.0.0.0"));
	assert_true(holds(&model, "255.255.255.255"));
	assert_false(holds(&model, "2001:db8::1"));
	unmake_set(&model);
}

/* The address 0 and the highest look like free places. */
static void ends_of_the_address_space_are_no_different(void **state)
{
	static const char *const words[] = {"0.0.0.0",
					    "255.255.255.255",
					    "::",
					    "::/64",
					    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
					    "ffff:ffff:ffff:ffff::/64"};
	struct model model = {.now = 100};

	(void)state;
	random_seed(&model.random, 1);
	make_set(&model);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct prefix prefix = prefix_of(words[i]);
		bool was_for_good;

		assert_false(set_holds_addr(&model, &prefix.addr));
		assert_int_equal(set_add(&model.memory, &prefix, 0, 100), SET_ADDED);
		assert_true(set_holds_addr(&model, &prefix.addr));
		assert_int_equal(set_delete(&model.memory, &prefix, 100, &was_for_good),
				 SET_DELETED);
		assert_false(set_holds_addr(&model, &prefix.addr));
	}
	unmake_set(&model);
}

static void a_small_set_takes_no_chunk(void **state)
{
	struct model model = {.now = 100, .nets = 50, .family = 2, .length_count = 4};

	(void)state;
	random_seed(&model.random, 9);
	choose_lengths(&model);
	for (int i = 0; i < 200; i++) {
		struct prefix prefix;

		random_prefix(&model, &prefix);
		if (!find_entry(&model, &prefix))
			note(&model, &prefix, TW_FOREVER);
	}
	make_set(&model);
	assert_int_equal(model.chunk_count, 0);
	unmake_set(&model);
	free(model.entries);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_sets_hold_what_a_list_holds),
		cmocka_unit_test(sets_with_a_trie_hold_what_a_list_holds),
		cmocka_unit_test(every_length_is_found),
		cmocka_unit_test(an_entry_goes_when_its_time_is_over),
		cmocka_unit_test(whole_families_are_apart),
		cmocka_unit_test(ends_of_the_address_space_are_no_different),
		cmocka_unit_test(a_small_set_takes_no_chunk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
