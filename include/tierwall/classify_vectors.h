/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A leaf with bit vectors: a part of classify.h, which includes it. */
#ifndef TIERWALL_CLASSIFY_VECTORS_H
#define TIERWALL_CLASSIFY_VECTORS_H

/* A whole chunk, which a function can be given. */
struct tw_chunk_words {
	__u64 words[TW_CHUNK_BYTES / 8];
};

/* The vector of the interval that `value` is in, of the `count` at `at`. */
TW_LOOKUP __u32 tw_interval_find(const struct tw_chunk_words *chunk, __u64 at, __u64 count,
				 __u64 value)
{
	const struct tw_interval *interval;

	if (!chunk)
		return 0;
	for (__u32 i = 0; i < TW_INTERVALS_LOG2; i++) {
		__u64 begun;

		count >>= 1;
		if (!count)
			break;
		TW_COUNT(steps, 1);
		interval = (const void *)&chunk->words[(at + count) & TW_CHUNK_MASK];
		begun = ((__u64)interval->from - value - 1) >>
			63; /* no branch: none foretells it */
		at += count & -begun;
	}
	interval = (const void *)&chunk->words[at & TW_CHUNK_MASK];
	return interval->vector;
}

/* The vector of a field for the packet. */
static __always_inline __u32 tw_field_vector(struct tw_window *window, __u32 first,
					     const struct tw_vector_field *field,
					     const struct tw_key *key)
{
	__u32 value = key->word[field->word % TW_KEY_WORDS];
	const struct tw_bucket *bucket = tw_look(
		window, first, field->buckets + (value >> (field->shift & 31) & field->mask),
		sizeof(*bucket));

	const struct tw_interval *interval;
	__u32 at, count;

	if (!bucket)
		return 0;
	TW_COUNT(steps, 1);
	at = bucket->at;
	count = bucket->count;
	interval = tw_look(window, first, at, sizeof(*interval));
	if (!interval)
		return 0;
	if (count == 1)
		return interval->vector;
	return tw_interval_find((const void *)window->chunk, at, count, value);
}

/* Word `i` of all vectors together. */
TW_LOOKUP __u64 tw_vectors_and(__u32 first, __u32 i, const struct tw_key *key)
{
	struct tw_window window = {0};
	__u64 bits = ~0ull;

	if (!key)
		return 0;
	TW_COUNT(words, 1);
	for (__u32 field = 0; field < TW_VECTORS_FIELDS; field++) {
		const __u64 *word;

		if (field >= key->fields)
			break;
		word = tw_look(&window, first, key->vector[field] + i, sizeof(*word));
		if (!word)
			return 0;
		bits &= *word;
	}
	return bits;
}

/* Finds the vectors of a leaf for the packet.  1: all of them together are key->summary next. */
TW_LOOKUP int tw_vectors_open(__u32 first, __u32 at, struct tw_key *key)
{
	struct tw_window window = {0};
	const struct tw_vectors *vectors = tw_look(&window, first, at, sizeof(*vectors));
	__u32 fields;

	if (!vectors || !key)
		return 0;
	fields = vectors->fields;
	key->rule_at = vectors->rule_at;
	key->sets = vectors->sets;
	key->misses = 0;
	key->fields = fields;
	key->set_at = at + 2 + 2 * fields;
	key->bits = 0;
	for (__u32 i = 0; i < TW_KEY_USED; i++) {
		const struct tw_vector_field *field;

		if (i >= fields)
			break;
		field = tw_look(&window, first, at + 2 + 2 * i, sizeof(*field));
		if (!field)
			break;
		key->vector[i] = tw_field_vector(&window, first, field, key);
	}
	return 1;
}

/* The vector that suits the class of an address. */
static __always_inline __u32 tw_class_vector(__u32 first, const struct tw_vector_set *set,
					     const struct tw_key *key)
{
	__u32 class = key->word[TW_KEY_SOURCE_CLASS + (set->side & 1)];
	struct tw_window window = {0};
	const __u32 *vectors = tw_look(&window, first, set->vector[0] + class / 2, 8);

	return vectors ? vectors[class & 1] : 0;
}

/*
 * Leaves only the rules that suit what the sets of the leaf say.  TW_ASK: one has to be
 * asked first; TW_ASK_CLASS: a class has to be found.
 */
TW_LOOKUP int tw_vectors_ask_sets(__u32 first, struct tw_key *key)
{
	const char *chunk;
	__u32 at;

	if (!key)
		return TW_NO;
	at = key->set_at;
	chunk = tw_chunk(first, at);
	if (!chunk)
		return TW_NO;
	for (__u32 i = 0; i < TW_VECTORS_SETS; i++) {
		const struct tw_vector_set *set;
		__u32 vector;
		__u64 field;

		TW_OPAQUE(key);
		if (!key->sets)
			break;
		set = (const void *)(chunk + (at & (TW_CHUNK_MASK & ~1u)) * 8);
		if (set->set == TW_NONE16) {
			key->ask_side = set->side & 1;
			if (!(key->classed >> key->ask_side & 1))
				return TW_ASK_CLASS;
			vector = tw_class_vector(first, set, key);
		} else {
			enum tw_answer said = tw_set_said(set->set, key, set->side);

			if (said == TW_ASK)
				return TW_ASK;
			vector = said == TW_YES ? set->vector[1] : set->vector[0];
		}
		field = key->fields;
		TW_OPAQUE(field);
		if (field >= TW_VECTORS_FIELDS)
			break;
		key->vector[field] = vector;
		key->fields = (__u32)field + 1;
		key->sets--;
		at += 2;
		key->set_at = at;
	}
	key->sets = 0;
	key->summary &= tw_vectors_and(first, 0, key);
	key->bits &= tw_vectors_and(first, 1 + key->base / 64, key);
	return TW_YES;
}

/* The number of the lowest bit, by de Bruijn's sequence: BPF has no instruction for it. */
static __always_inline __u32 tw_lowest_bit(__u64 bits)
{
	static const __u8 number[64] = {0,  1,  2,  53, 3,  7,  54, 27, 4,  38, 41, 8,  34,
					55, 48, 28, 62, 5,  39, 46, 44, 42, 22, 9,  24, 35,
					59, 56, 49, 18, 29, 11, 63, 52, 6,  26, 37, 40, 33,
					47, 61, 45, 43, 21, 23, 58, 17, 10, 51, 25, 36, 32,
					60, 20, 57, 16, 50, 31, 19, 15, 30, 14, 13, 12};

	return number[(bits & -bits) * 0x022fdd63cc95386dull >> 58];
}

/* Offset of the next rule that all vectors have, TW_NONE32: there is none. */
TW_LOOKUP __u32 tw_vectors_next(__u32 first, struct tw_key *key)
{
	const char *chunk;
	__u32 word, rule, at;

	if (!key)
		return TW_NONE32;
	for (__u32 i = 0; i < 64 && !key->bits; i++) {
		if (!key->summary)
			return TW_NONE32;
		word = tw_lowest_bit(key->summary);
		key->summary &= key->summary - 1;
		key->base = word * 64;
		key->bits = tw_vectors_and(first, 1 + word, key);
	}
	if (!key->bits)
		return TW_NONE32;
	rule = key->base + tw_lowest_bit(key->bits);
	key->bits &= key->bits - 1;
	at = key->rule_at + rule / 2;
	chunk = tw_chunk(first, at);
	if (!chunk)
		return TW_NONE32;
	return ((const __u32 *)(chunk + (at & TW_CHUNK_MASK) * 8))[rule & 1];
}

#endif
