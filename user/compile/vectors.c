/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A leaf with bit vectors: for each word that its rows ask about, the intervals within
 * which the answer stays the same, and for each of them which rows it suits.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/classifier.h"
#include "tierwall/hash.h"

#define BUCKET_BITS 8

struct vectors {
	struct tree_build *build;
	const uint32_t *items;
	uint32_t count;
	uint32_t words;              /* of a vector, the summary not counted */
	bool has_field[TW_KEY_USED]; /* words that vectors tell of */
	struct tw_vector_set sets[TW_VECTORS_SETS];
	uint32_t set_count;
	struct list_work work;
};

/* -- vectors that are there already ------------------------------------------------------ */

struct twins {
	uint32_t *offsets; /* TW_NONE32: free */
	uint32_t room;
};

static int twins_begin(struct twins *twins, uint32_t count)
{
	twins->room = 16;
	while (twins->room < 2 * count)
		twins->room *= 2;
	twins->offsets = malloc(twins->room * sizeof(*twins->offsets));
	if (!twins->offsets)
		return -ENOMEM;
	memset(twins->offsets, 0xff, twins->room * sizeof(*twins->offsets));
	return 0;
}

static void twins_end(struct twins *twins)
{
	free(twins->offsets);
}

static uint64_t hash_words(const uint64_t *words, uint32_t count)
{
	uint64_t hash = count;

	for (uint32_t i = 0; i < count; i++)
		hash = tw_mix(hash ^ words[i]);
	return hash;
}

/* The offset of a vector, written only if no equal one was before. */
static int place_vector(struct vectors *vectors, struct twins *twins, const uint64_t *words,
			uint32_t *offset)
{
	struct arena *arena = vectors->build->arena;
	uint32_t slot = (uint32_t)hash_words(words, vectors->words) & (twins->room - 1);
	uint64_t *place;
	int result;

	for (; twins->offsets[slot] != TW_NONE32; slot = (slot + 1) & (twins->room - 1)) {
		place = arena_at(arena, twins->offsets[slot]);
		*offset = twins->offsets[slot];
		if (!memcmp(place + 1, words, vectors->words * sizeof(*words)))
			return 0;
	}
	result = arena_alloc(arena, (vectors->words + 1) * sizeof(*words), 8, offset);
	if (result)
		return result;
	twins->offsets[slot] = *offset;
	place = arena_at(arena, *offset);
	memcpy(place + 1, words, vectors->words * sizeof(*words));
	for (uint32_t i = 0; i < vectors->words; i++)
		if (words[i])
			place[0] |= 1ull << i;
	return 0;
}

/* -- one word ----------------------------------------------------------------------------- */

static int compare_values(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return left < right ? -1 : left > right;
}

/* Where the answer may change, in ascending order.  There is room for two of each row. */
static uint32_t find_changes(const struct vectors *vectors, uint32_t word, uint32_t *changes)
{
	const struct columns *columns = vectors->build->columns;
	uint32_t count = 1, kept = 1;

	changes[0] = 0;
	for (uint32_t i = 0; i < vectors->count; i++) {
		uint32_t lo = columns->lo[word][vectors->items[i]];
		uint32_t hi = columns->hi[word][vectors->items[i]];

		changes[count++] = lo;
		if (hi < columns->top[word])
			changes[count++] = hi + 1;
	}
	qsort(changes, count, sizeof(*changes), compare_values);
	for (uint32_t i = 1; i < count; i++)
		if (changes[i] != changes[kept - 1])
			changes[kept++] = changes[i];
	return kept;
}

/* Flags and states suit by their bits, which intervals tell roughly only. */
static bool is_by_bits(uint32_t word)
{
	return word == TW_KEY_FLAGS || word == TW_KEY_STATE;
}

static uint32_t every_value(uint32_t *changes, uint32_t top)
{
	for (uint32_t value = 0; value <= top; value++)
		changes[value] = value;
	return top + 1;
}

static bool suits(const struct vectors *vectors, uint32_t word, uint32_t value, uint32_t i)
{
	const struct columns *columns = vectors->build->columns;
	const struct row *row = &columns->rows[vectors->items[i]];

	if (value < columns->lo[word][vectors->items[i]] ||
	    value > columns->hi[word][vectors->items[i]])
		return false;
	if (word == TW_KEY_FLAGS && row->conditions & TW_MORE_FLAGS)
		return (value & row->flags_mask) == row->flags;
	if (word == TW_KEY_STATE && row->conditions & TW_MORE_STATE)
		return value & row->state;
	return true;
}

static void fill_words(const struct vectors *vectors, uint32_t word, uint32_t value,
		       uint64_t *words)
{
	memset(words, 0, vectors->words * sizeof(*words));
	for (uint32_t i = 0; i < vectors->count; i++)
		if (suits(vectors, word, value, i))
			words[i / 64] |= 1ull << i % 64;
}

/* The intervals with their vectors; equal neighbours become one.  Returns in *count how many. */
static int fill_intervals(struct vectors *vectors, uint32_t word, const uint32_t *changes,
			  uint32_t *count, struct tw_interval *intervals)
{
	struct twins twins;
	uint64_t words[TW_VECTORS_RULES / 64];
	uint32_t kept = 0, offset;
	int result = twins_begin(&twins, *count);

	for (uint32_t i = 0; !result && i < *count; i++) {
		fill_words(vectors, word, changes[i], words);
		result = place_vector(vectors, &twins, words, &offset);
		if (!kept || intervals[kept - 1].vector != offset)
			intervals[kept++] = (struct tw_interval){changes[i], offset};
	}
	*count = kept;
	twins_end(&twins);
	return result;
}

/* Up to a power of two by what no search stops at. */
static int place_intervals(struct vectors *vectors, const struct tw_interval *intervals,
			   uint32_t count, uint32_t *offset)
{
	struct tw_interval *place;
	uint32_t room = 1;
	int result;

	while (room < count)
		room *= 2;
	room *= 2; /* a search that begins in the last bucket looks so far */
	result = arena_alloc(vectors->build->arena, room * sizeof(*place), 8, offset);
	if (result)
		return result;
	place = arena_at(vectors->build->arena, *offset);
	for (uint32_t i = 0; i < room; i++)
		place[i] = i < count
				   ? intervals[i]
				   : (struct tw_interval){UINT32_MAX, intervals[count - 1].vector};
	return 0;
}

static uint32_t bucket_bits(uint32_t count, uint32_t word)
{
	uint32_t bits = 0;

	while (bits < BUCKET_BITS && bits < key_word_bits(word) && 1u << bits < count)
		bits++;
	return bits;
}

static int place_buckets(struct vectors *vectors, struct tw_vector_field *field,
			 const struct tw_interval *intervals, uint32_t count)
{
	uint32_t bits = bucket_bits(count, field->word), most = 1, at = 0, offset, first;
	struct tw_bucket *buckets;
	int result = place_intervals(vectors, intervals, count, &first);

	if (!result)
		result = arena_alloc(vectors->build->arena, sizeof(*buckets) << bits, 8, &offset);
	if (result)
		return result;
	buckets = arena_at(vectors->build->arena, offset);
	field->shift = (uint8_t)(key_word_bits(field->word) - bits);
	field->mask = (uint16_t)((1u << bits) - 1);
	field->buckets = offset;
	for (uint32_t i = 0; i < 1u << bits; i++) {
		uint64_t begin = (uint64_t)i << field->shift, end = (uint64_t)(i + 1)
								    << field->shift;
		uint32_t last, room = 1;

		while (at + 1 < count && intervals[at + 1].from <= begin)
			at++;
		for (last = at; last + 1 < count && intervals[last + 1].from < end; last++)
			;
		while (room < last - at + 1)
			room *= 2;
		buckets[i] = (struct tw_bucket){first + at, room};
		most = room > most ? room : most;
	}
	vectors->work.steps += 1 + (uint32_t)__builtin_ctz(most);
	return 0;
}

static int build_field(struct vectors *vectors, struct tw_vector_field *field, uint32_t word)
{
	uint32_t top = vectors->build->columns->top[word], room = 2 * vectors->count + 1, count;
	struct tw_interval *intervals;
	uint32_t *changes;
	int result = -ENOMEM;

	field->word = (uint8_t)word;
	if (is_by_bits(word) && room < top + 1)
		room = top + 1;
	changes = malloc(room * sizeof(*changes));
	intervals = malloc(room * sizeof(*intervals));
	if (changes && intervals) {
		count = is_by_bits(word) ? every_value(changes, top)
					 : find_changes(vectors, word, changes);
		result = fill_intervals(vectors, word, changes, &count, intervals);
		if (!result)
			result = place_buckets(vectors, field, intervals, count);
	}
	free(changes);
	free(intervals);
	return result;
}

/* -- sets ---------------------------------------------------------------------------------- */

/* The one set of a side, NULL: there is none, or several are asked together. */
static const uint16_t *only_set(const struct row_end *end)
{
	return end->sets && end->sets->set_count == 1 && !end->sets->prefix_count &&
			       !end->sets->held
		       ? end->sets->sets
		       : NULL;
}

static const struct row_end *side_of(const struct vectors *vectors, uint32_t i, uint32_t side)
{
	const struct row *row = &vectors->build->columns->rows[vectors->items[i]];

	return side ? &row->destination : &row->source;
}

/* Notes the set of a side unless it was.  False: there are too many. */
static bool note_set(struct vectors *vectors, const uint16_t *set, uint16_t side)
{
	for (uint32_t i = 0; i < vectors->set_count; i++)
		if (vectors->sets[i].set == *set && vectors->sets[i].side == side)
			return true;
	if (vectors->set_count == TW_VECTORS_SETS)
		return false;
	vectors->sets[vectors->set_count].set = *set;
	vectors->sets[vectors->set_count++].side = side;
	return true;
}

/* Known sets and nothing else, and no word of the key tells of them. */
static bool is_held(const struct row_end *end)
{
	return end->sets && end->sets->held && !end->has_classes && !end->sets->set_count &&
	       !end->sets->prefix_count;
}

/* Does a side need no look-up but those of the vectors? */
static bool side_is_exact(struct vectors *vectors, uint32_t i, uint16_t side)
{
	static const uint16_t known = TW_NONE16;
	const struct row_end *end = side_of(vectors, i, side);
	const uint16_t *set = is_held(end) ? &known : only_set(end);

	if (end->has_classes)
		return true; /* the interval of its classes */
	return !end->sets || (set && note_set(vectors, set, side));
}

static int build_set(struct vectors *vectors, struct twins *twins, struct tw_vector_set *set)
{
	uint64_t words[TW_VECTORS_RULES / 64];

	for (uint32_t held = 0; held < 2; held++) {
		uint32_t offset;
		int result;

		memset(words, 0, sizeof(words));
		for (uint32_t i = 0; i < vectors->count; i++) {
			const struct row_end *end = side_of(vectors, i, set->side);
			const uint16_t *asked = only_set(end);

			if (!asked || *asked != set->set || held == !end->sets->negated)
				words[i / 64] |= 1ull << i % 64;
		}
		result = place_vector(vectors, twins, words, &offset);
		if (result)
			return result;
		set->vector[held] = offset;
	}
	return 0;
}

/* Which rows suit an address of a class. */
static void fill_class_words(const struct vectors *vectors, uint16_t side, uint64_t held,
			     uint64_t *words)
{
	memset(words, 0, vectors->words * sizeof(*words));
	for (uint32_t i = 0; i < vectors->count; i++) {
		const struct row_end *end = side_of(vectors, i, side);

		if (!is_held(end) || !(held & end->sets->held) == end->sets->negated)
			words[i / 64] |= 1ull << i % 64;
	}
}

static int build_known(struct vectors *vectors, struct twins *twins, struct tw_vector_set *set)
{
	const struct known *known = vectors->build->known;
	uint64_t words[TW_VECTORS_RULES / 64];
	struct arena *arena = vectors->build->arena;
	int result = arena_alloc(arena, KNOWN_CLASSES * sizeof(uint32_t), 8, &set->vector[0]);

	for (uint32_t class = 0; !result && class < known->class_count; class ++) {
		uint32_t offset;

		fill_class_words(vectors, set->side, known->held[class], words);
		result = place_vector(vectors, twins, words, &offset);
		if (!result)
			((uint32_t *)arena_at(arena, set->vector[0]))[class] = offset;
	}
	return result;
}

static int build_sets_of_leaf(struct vectors *vectors)
{
	struct twins twins;
	int result = twins_begin(&twins, 2 * vectors->set_count + 2 * KNOWN_CLASSES);

	for (uint32_t i = 0; !result && i < vectors->set_count; i++)
		result = vectors->sets[i].set == TW_NONE16
				 ? build_known(vectors, &twins, &vectors->sets[i])
				 : build_set(vectors, &twins, &vectors->sets[i]);
	twins_end(&twins);
	return result;
}

/* -- the leaf -------------------------------------------------------------------------------- */

static bool asks(const struct columns *columns, uint32_t word, uint32_t row)
{
	return columns->lo[word] &&
	       (columns->lo[word][row] || columns->hi[word][row] != columns->top[word]);
}

/* How many rows of the leaf ask about a word. */
static uint32_t count_asking(const struct vectors *vectors, uint32_t word)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < vectors->count; i++)
		count += asks(vectors->build->columns, word, vectors->items[i]);
	return count;
}

/*
 * A search through intervals costs every packet; where few rows ask about a word, they
 * are rather compared.
 */
static void choose_words(struct vectors *vectors)
{
	uint32_t spare = vectors->count / 8;

	for (uint32_t word = 0; word < TW_KEY_USED; word++) {
		uint32_t asking = count_asking(vectors, word);

		vectors->has_field[word] = asking > vectors->count / 16 || asking > spare;
		if (!vectors->has_field[word])
			spare -= asking;
	}
}

/* May a row that all vectors promise not match after all? */
static bool is_rough(struct vectors *vectors, uint32_t i)
{
	const struct columns *columns = vectors->build->columns;
	uint32_t item = vectors->items[i];
	const struct row *row = &columns->rows[item];
	bool exact = side_is_exact(vectors, i, 0);

	for (uint32_t word = 0; word < TW_KEY_USED; word++)
		if (!vectors->has_field[word] && asks(columns, word, item))
			return true;
	return !side_is_exact(vectors, i, 1) || !exact ||
	       (row->has_ports && !row->source_port[0] && !row->destination_port[0]) ||
	       (row->conditions & TW_MORE_CODE && !(row->conditions & TW_MORE_TYPE));
}

static int place_rules(struct vectors *vectors, uint32_t *offset)
{
	struct arena *arena = vectors->build->arena;
	const struct columns *columns = vectors->build->columns;
	size_t unit = columns->family ? sizeof(struct tw_rule6) : sizeof(struct tw_rule4);
	bool has_sets = false;
	int result = arena_alloc(arena, vectors->count * sizeof(uint32_t), 8, offset);

	vectors->work.compares = 1;
	for (uint32_t i = 0; !result && i < vectors->count; i++) {
		const struct row *row = &columns->rows[vectors->items[i]];
		uint32_t at;

		result = arena_alloc(arena, pack_row(NULL, row, columns->family), unit, &at);
		if (result)
			break;
		pack_row(arena_at(arena, at), row, columns->family);
		((uint32_t *)arena_at(arena, *offset))[i] = at;
		vectors->work.compares += is_rough(vectors, i);
		vectors->work.sets += row_set_lookups(row);
		has_sets |= row->source.sets || row->destination.sets;
	}
	vectors->work.compares += has_sets ? TW_VECTORS_MISSES : 0;
	return result;
}

static int build_fields(struct vectors *vectors, struct tw_vector_field *fields, uint32_t *count)
{
	for (uint32_t word = 0; word < TW_KEY_USED; word++) {
		int result = vectors->has_field[word]
				     ? build_field(vectors, &fields[(*count)++], word)
				     : 0;

		if (result)
			return result;
	}
	return 0;
}

int vectors_build(struct tree_build *build, const uint32_t *items, uint32_t count, uint32_t depth,
		  uint64_t *leaf)
{
	struct vectors vectors = {
		.build = build,
		.items = items,
		.count = count,
		.words = (count + 63) / 64,
		.work = {.steps = depth},
	};
	struct tw_vector_field fields[TW_KEY_USED] = {0};
	struct tw_vectors head = {.rules = count}, *place;
	uint32_t offset;
	int result;

	if (count > TW_VECTORS_RULES)
		return -E2BIG;
	choose_words(&vectors);
	result = place_rules(&vectors, &head.rule_at);
	if (!result)
		result = build_fields(&vectors, fields, &head.fields);
	if (!result)
		result = build_sets_of_leaf(&vectors);
	head.sets = vectors.set_count;
	if (!result)
		result = arena_alloc(build->arena,
				     sizeof(head) + head.fields * sizeof(*fields) +
					     head.sets * sizeof(*vectors.sets),
				     16, &offset);
	if (result)
		return result;
	place = arena_at(build->arena, offset);
	*place = head;
	memcpy(place + 1, fields, head.fields * sizeof(*fields));
	memcpy((char *)(place + 1) + head.fields * sizeof(*fields), vectors.sets,
	       head.sets * sizeof(*vectors.sets));
	vectors.work.words = 1 + vectors.words + (head.sets ? 2 : 0);
	work_raise(&build->work, &vectors.work);
	*leaf = (uint64_t)offset << 32 | TW_TREE_VECTORS;
	return 0;
}
