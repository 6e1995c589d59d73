/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The tables of a set, one a prefix length.  Readers are in them at any time: an
 * entry's time is stored last when it comes and first when it goes, and that a line spills
 * before one of its entries stands in another.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "compile/set_memory.h"
#include "tierwall/set.h"

/* -- three kinds of lines ------------------------------------------------------------ */

struct line {
	void *at;
	uint8_t family;
	uint8_t bits;
};

static uint32_t slots_of(uint32_t family, uint32_t bits)
{
	if (!family)
		return 7;
	return bits <= 64 ? 5 : 3;
}

#define STORE(place, value) __atomic_store_n(place, value, __ATOMIC_RELEASE)

static uint32_t slot_read(const struct line *line, uint32_t slot, struct set_key *key)
{
	key->family = line->family;
	key->bits = line->bits;
	key->low = 0;
	if (!line->family) {
		const struct tw_line4 *line4 = line->at;

		key->high = line4->entries[slot] & ~0xffffffffull;
		return (uint32_t)line4->entries[slot];
	}
	if (line->bits <= 64) {
		const struct tw_line64 *line64 = line->at;

		key->high = line64->high[slot];
		return line64->expires[slot];
	}
	const struct tw_line128 *line128 = line->at;

	key->high = line128->high[slot];
	key->low = line128->low[slot];
	return line128->expires[slot];
}

static void slot_set_time(const struct line *line, uint32_t slot, uint32_t expires)
{
	if (!line->family) {
		__u64 *entry = &((struct tw_line4 *)line->at)->entries[slot];

		STORE(entry, expires ? (*entry & ~0xffffffffull) | expires : 0);
	} else if (line->bits <= 64) {
		STORE(&((struct tw_line64 *)line->at)->expires[slot], expires);
	} else {
		STORE(&((struct tw_line128 *)line->at)->expires[slot], expires);
	}
}

static void slot_write(const struct line *line, uint32_t slot, const struct set_key *key,
		       uint32_t expires)
{
	if (!line->family) {
		STORE(&((struct tw_line4 *)line->at)->entries[slot], key->high | expires);
		return;
	}
	slot_set_time(line, slot, 0);
	if (line->bits <= 64) {
		STORE(&((struct tw_line64 *)line->at)->high[slot], key->high);
	} else {
		struct tw_line128 *line128 = line->at;

		STORE(&line128->version, (uint16_t)(line128->version + 1));
		STORE(&line128->high[slot], key->high);
		STORE(&line128->low[slot], key->low);
	}
	slot_set_time(line, slot, expires);
}

static bool line_spills(const struct line *line)
{
	if (!line->family)
		return ((const struct tw_line4 *)line->at)->spills;
	if (line->bits <= 64)
		return ((const struct tw_line64 *)line->at)->spills;
	return ((const struct tw_line128 *)line->at)->spills;
}

static void line_note_spill(const struct line *line)
{
	if (line_spills(line))
		return;
	if (!line->family)
		STORE(&((struct tw_line4 *)line->at)->spills, 1);
	else if (line->bits <= 64)
		STORE(&((struct tw_line64 *)line->at)->spills, 1);
	else
		STORE(&((struct tw_line128 *)line->at)->spills, 1);
}

/* -- places in a table ------------------------------------------------------------------ */

/* The line of a key, or its other one. */
static struct line line_of(const struct set_memory *memory, uint64_t table,
			   const struct set_key *key, bool other)
{
	uint32_t lines = TW_TABLE_LINES(table);
	uint64_t high = key->family ? key->high : key->high >> 32;
	uint64_t hash = tw_set_hash(memory->head->key, high, key->low);
	uint32_t line = other ? tw_set_second_line(hash, lines) : tw_set_line(hash, lines);

	return (struct line){
		.at = set_line_at(memory, TW_TABLE_FIRST(table) + line),
		.family = key->family,
		.bits = key->bits,
	};
}

struct spot {
	struct line line;
	uint32_t slot;
	bool other; /* it is not the key's own line */
};

static uint32_t spot_time(const struct spot *spot)
{
	struct set_key ignored;

	return slot_read(&spot->line, spot->slot, &ignored);
}

static bool find_spot(const struct set_memory *memory, uint64_t table, const struct set_key *key,
		      struct spot *spot)
{
	uint32_t slots = slots_of(key->family, key->bits);

	for (int other = 0; other < 2; other++) {
		spot->other = other;
		spot->line = line_of(memory, table, key, other);
		for (spot->slot = 0; spot->slot < slots; spot->slot++) {
			struct set_key there;

			if (slot_read(&spot->line, spot->slot, &there) && there.high == key->high &&
			    there.low == key->low)
				return true;
		}
		if (!line_spills(&spot->line))
			return false;
	}
	return false;
}

static bool find_free_slot(const struct line *line, uint32_t now, uint32_t *slot)
{
	uint32_t slots = slots_of(line->family, line->bits);

	for (*slot = 0; *slot < slots; ++*slot) {
		struct set_key ignored;
		uint32_t expires = slot_read(line, *slot, &ignored);

		if (!expires || set_is_over(expires, now))
			return true;
	}
	return false;
}

#define MOVES_MAX 4 /* one behind the other */

/* The entry of a slot whose line `line` is; false: it is another's, or none. */
static bool is_own(const struct set_memory *memory, uint64_t table, const struct line *line,
		   uint32_t slot, struct set_key *key, uint32_t *expires)
{
	*expires = slot_read(line, slot, key);
	return *expires && line_of(memory, table, key, false).at == line->at;
}

/*
 * Frees a slot of a full line: an entry whose line it is moves to its other one.  It is
 * there before it is gone here, and readers look there last; so never the other way.
 */
static bool make_room(const struct set_memory *memory, uint64_t table, const struct line *line,
		      uint32_t now, uint32_t *slot, int depth)
{
	uint32_t slots = slots_of(line->family, line->bits), expires, to;
	struct set_key key, still;

	for (*slot = 0; *slot < slots; ++*slot) {
		struct line other;

		if (!is_own(memory, table, line, *slot, &key, &expires))
			continue;
		other = line_of(memory, table, &key, true);
		if (other.at == line->at)
			continue;
		if (!find_free_slot(&other, now, &to) &&
		    (!depth || !make_room(memory, table, &other, now, &to, depth - 1)))
			continue;
		/* the moves behind that one may have come by here */
		if (!slot_read(line, *slot, &still))
			return true;
		if (still.high != key.high || still.low != key.low)
			continue;
		line_note_spill(line);
		slot_write(&other, to, &key, expires);
		slot_set_time(line, *slot, 0);
		return true;
	}
	return false;
}

/* A free place, or one whose entry is over. */
static bool find_room(const struct set_memory *memory, uint64_t table, const struct set_key *key,
		      uint32_t now, struct spot *spot)
{
	for (int step = 0; step < 4; step++) {
		spot->other = step & 1;
		spot->line = line_of(memory, table, key, spot->other);
		if (step < 2 ? find_free_slot(&spot->line, now, &spot->slot)
			     : make_room(memory, table, &spot->line, now, &spot->slot, MOVES_MAX))
			return true;
	}
	return false;
}

static void occupy(const struct set_memory *memory, uint64_t table, const struct set_key *key,
		   uint32_t expires, const struct spot *spot)
{
	struct line own = line_of(memory, table, key, false);

	if (spot->other)
		line_note_spill(&own);
	slot_write(&spot->line, spot->slot, key, expires);
}

uint32_t set_table_of(const struct tw_set_family *family, uint32_t bits)
{
	for (uint32_t i = 0; i < family->count; i++)
		if (family->lengths[i] == bits)
			return i;
	return TW_NONE32;
}

/* Adds a bit to the hint of an address. */
static void hint_at(const struct set_memory *memory, const struct set_key *key, uint32_t bit)
{
	const struct tw_set_family *family = &memory->head->family[key->family];
	uint64_t first_bits = tw_first_bits(key->high, family->hint_length);
	uint32_t which = tw_set_hint(memory->head->key, first_bits, family->hint_bits);
	uint32_t byte = which * family->hint_bytes;
	unsigned char *hint =
		(unsigned char *)set_line_at(memory, family->hints + byte / TW_LINE_BYTES) +
		byte % TW_LINE_BYTES;
	uint32_t *word = (uint32_t *)(void *)hint;

	if (family->hint_bytes == 1 && !(*hint & bit))
		STORE(hint, (unsigned char)(*hint | bit));
	else if (family->hint_bytes == 4 && !(*word & bit))
		STORE(word, *word | bit);
}

uint32_t set_find(const struct set_memory *memory, const struct set_key *key)
{
	const struct tw_set_family *family = &memory->head->family[key->family];
	uint32_t which = set_table_of(family, key->bits);
	struct spot spot;

	if (!key->bits)
		return family->everything;
	if (which == TW_NONE32 || !find_spot(memory, family->tables[which], key, &spot))
		return 0;
	return spot_time(&spot);
}

void set_remove(struct set_memory *memory, const struct set_key *key)
{
	struct tw_set_family *family = &memory->head->family[key->family];
	uint32_t which = set_table_of(family, key->bits);
	struct spot spot;

	if (!key->bits)
		STORE(&family->everything, 0);
	else if (which != TW_NONE32 && find_spot(memory, family->tables[which], key, &spot))
		slot_set_time(&spot.line, spot.slot, 0);
}

/* -- room ---------------------------------------------------------------------------------- */

uint32_t set_take_lines(struct set_memory *memory, uint32_t lines, uint32_t aligned)
{
	struct tw_set *head = memory->head;
	uint32_t first = (head->used + aligned - 1) & ~(aligned - 1);

	if (first > head->lines || head->lines - first < lines)
		return TW_NONE32;
	STORE(&head->used, first + lines);
	return first;
}

uint32_t set_table_lines(size_t entries, uint32_t family, uint32_t bits)
{
	/* 60, 57 and 50 % full: one in some ten lines spills */
	static const struct {
		uint32_t lines, entries;
	} shares[] = {{10, 42}, {10, 28}, {10, 15}};
	uint32_t kind = !family ? 0 : bits <= 64 ? 1 : 2;

	return (uint32_t)(entries * shares[kind].lines / shares[kind].entries) + 1;
}

/* Moves what is not over into another table; false: it does not take them. */
static bool copy_table(const struct set_memory *memory, uint64_t from, uint64_t to,
		       const struct set_key *kind, uint32_t now)
{
	uint32_t slots = slots_of(kind->family, kind->bits);

	for (uint32_t i = 0; i < TW_TABLE_LINES(from); i++) {
		struct line line = {set_line_at(memory, TW_TABLE_FIRST(from) + i), kind->family,
				    kind->bits};

		for (uint32_t slot = 0; slot < slots; slot++) {
			struct set_key key;
			uint32_t expires = slot_read(&line, slot, &key);
			struct spot spot;

			if (!expires || set_is_over(expires, now))
				continue;
			if (!find_room(memory, to, &key, now, &spot))
				return false;
			occupy(memory, to, &key, expires, &spot);
		}
	}
	return true;
}

/* A table of twice the size in the place of a full one. */
static int grow_table(struct set_memory *memory, __u64 *table, const struct set_key *kind,
		      uint32_t now)
{
	uint32_t lines = TW_TABLE_LINES(*table) * 2;
	uint32_t first = set_take_lines(memory, lines, 1);

	if (first == TW_NONE32)
		return -ENOSPC;
	for (uint32_t i = 0; i < lines; i++)
		memset(set_line_at(memory, first + i), 0, TW_LINE_BYTES);
	if (!copy_table(memory, *table, TW_TABLE(first, lines), kind, now))
		return -ENOSPC;
	STORE(table, TW_TABLE(first, lines));
	return 0;
}

/* A table for a length that had none; an address that has no hint of it skips it. */
static int new_table(struct set_memory *memory, const struct set_key *key, uint32_t *which)
{
	struct tw_set_family *family = &memory->head->family[key->family];
	uint32_t first = set_take_lines(memory, 1, 1);

	/* too many for what was chosen: hints, or larger ones */
	if (family->hint_length ? family->hint_bytes == 1 && family->count >= 8
				: family->count >= 2)
		return -ENOSPC;
	if (first == TW_NONE32 || family->count >= TW_SET_TABLES)
		return -ENOSPC;
	*which = family->count;
	memset(set_line_at(memory, first), 0, TW_LINE_BYTES);
	STORE(&family->tables[*which], TW_TABLE(first, 1u));
	STORE(&family->lengths[*which], key->bits);
	STORE(&family->count, *which + 1);
	return 0;
}

static void give_hint(struct set_memory *memory, const struct set_key *key, uint32_t which,
		      uint32_t expires)
{
	struct tw_set_family *family = &memory->head->family[key->family];
	uint32_t bit = 1u << which % TW_SET_HINTS;

	if (family->hint_length && key->bits >= family->hint_length)
		hint_at(memory, key, bit);
	else if (!(family->always & bit))
		STORE(&family->always, family->always | bit);
	if (expires != TW_FOREVER && !(family->timed & bit))
		STORE(&family->timed, family->timed | bit);
}

int set_put(struct set_memory *memory, const struct set_key *key, uint32_t expires, uint32_t now)
{
	struct tw_set_family *family = &memory->head->family[key->family];
	uint32_t which = set_table_of(family, key->bits);
	struct spot spot;
	int result = 0;

	if (!key->bits) {
		STORE(&family->everything, expires);
		return 0;
	}
	if (which == TW_NONE32)
		result = new_table(memory, key, &which);
	if (result)
		return result;
	give_hint(memory, key, which, expires);
	if (find_spot(memory, family->tables[which], key, &spot)) {
		slot_set_time(&spot.line, spot.slot, expires);
		return 0;
	}
	while (!find_room(memory, family->tables[which], key, now, &spot)) {
		result = grow_table(memory, &family->tables[which], key, now);
		if (result)
			return result;
	}
	occupy(memory, family->tables[which], key, expires, &spot);
	return 0;
}

int set_fill(struct set_memory *memory, const struct set_key *key, uint32_t expires)
{
	struct tw_set_family *family = &memory->head->family[key->family];
	uint32_t which = set_table_of(family, key->bits);
	struct spot spot;

	if (!find_room(memory, family->tables[which], key, 0, &spot))
		return -ENOSPC;
	give_hint(memory, key, which, expires);
	occupy(memory, family->tables[which], key, expires, &spot);
	return 0;
}

/* -- all of them ------------------------------------------------------------------------------ */

static int table_each(const struct set_memory *memory, uint64_t table, struct set_key kind,
		      int (*each)(const struct set_key *key, uint32_t expires, void *context),
		      void *context)
{
	uint32_t slots = slots_of(kind.family, kind.bits);
	int result = 0;

	for (uint32_t i = 0; !result && i < TW_TABLE_LINES(table); i++) {
		struct line line = {set_line_at(memory, TW_TABLE_FIRST(table) + i), kind.family,
				    kind.bits};

		for (uint32_t slot = 0; !result && slot < slots; slot++) {
			struct set_key key;
			uint32_t expires = slot_read(&line, slot, &key);

			if (expires)
				result = each(&key, expires, context);
		}
	}
	return result;
}

int set_each(const struct set_memory *memory,
	     int (*each)(const struct set_key *key, uint32_t expires, void *context), void *context)
{
	int result = 0;

	for (uint8_t of = 0; of < 2; of++) {
		const struct tw_set_family *family = &memory->head->family[of];
		struct set_key key = {.family = of};
		uint32_t expires = family->everything;

		if (!result && expires)
			result = each(&key, expires, context);
		for (uint32_t i = 0; !result && i < family->count; i++) {
			key.bits = family->lengths[i];
			result = table_each(memory, family->tables[i], key, each, context);
		}
	}
	return result;
}

/* -- as text has them -------------------------------------------------------------------------- */

void set_key_of(struct set_key *key, const struct prefix *prefix)
{
	key->family = !(addr_is_ipv4(&prefix->addr) && prefix->bits >= 96);
	if (key->family) {
		key->high = be64toh(prefix->addr.halves[0]);
		key->low = be64toh(prefix->addr.halves[1]);
		key->bits = prefix->bits;
	} else {
		key->high = (uint64_t)be32toh((__force uint32_t)prefix->addr.words[3]) << 32;
		key->low = 0;
		key->bits = prefix->bits - 96;
	}
}

void set_prefix_of(struct prefix *prefix, const struct set_key *key)
{
	memset(prefix, 0, sizeof(*prefix));
	prefix->bits = key->family ? key->bits : key->bits + 96;
	if (key->family) {
		prefix->addr.halves[0] = htobe64(key->high);
		prefix->addr.halves[1] = htobe64(key->low);
	} else {
		prefix->addr.bytes[10] = prefix->addr.bytes[11] = 0xff;
		prefix->addr.words[3] = (__force __be32)htobe32((uint32_t)(key->high >> 32));
	}
}
