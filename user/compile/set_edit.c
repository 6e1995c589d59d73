/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Single prefixes in and out of a set that packets are looked up in.  The tables and
 * the trie are two stores: the writer has noted before that it edits (kernel/sets.c),
 * so that the next one knows if it did not come to an end.
 */
#include <endian.h>
#include <errno.h>

#include "compile/set_memory.h"
#include "tierwall/set.h"

static bool is_in_trie(const struct set_memory *memory, const struct set_key *key)
{
	return memory->head->trie && !key->family && key->bits;
}

int set_add(struct set_memory *memory, const struct prefix *prefix, uint32_t seconds, uint32_t now)
{
	uint32_t expires = seconds ? now + seconds + 1 : TW_FOREVER, before;
	struct set_key key;
	int result = 0;

	set_key_of(&key, prefix);
	before = set_find(memory, &key);
	if (before == TW_FOREVER)
		return SET_UNCHANGED;
	if (expires == TW_FOREVER && is_in_trie(memory, &key))
		result = trie_add(memory, &key);
	if (expires != TW_FOREVER && !before)
		memory->head->timed++;
	if (!result)
		result = set_put(memory, &key, expires, now);
	if (result)
		return result;
	if (before <= now) /* as it is shown; its place is kept a little longer */
		return SET_ADDED;
	return expires == TW_FOREVER ? SET_KEPT : SET_REFRESHED;
}

int set_delete(struct set_memory *memory, const struct prefix *prefix, uint32_t now,
	       bool *was_for_good)
{
	struct set_key key;
	uint32_t before;

	set_key_of(&key, prefix);
	before = set_find(memory, &key);
	*was_for_good = before == TW_FOREVER;
	if (!before)
		return SET_UNCHANGED;
	set_remove(memory, &key);
	if (before == TW_FOREVER && is_in_trie(memory, &key))
		trie_remove(memory, &key);
	return before <= now ? SET_UNCHANGED : SET_DELETED;
}
