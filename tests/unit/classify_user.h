/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The look-up of the data path in user space: over the arena of a compilation, with its
 * sets, and with counts of what each packet took.
 */
#ifndef TESTS_UNIT_CLASSIFY_USER_H
#define TESTS_UNIT_CLASSIFY_USER_H

#include <stdbool.h>
#include <string.h>

#include "compile/compile.h"
#include "tierwall/classifier.h"
#include "tierwall/packet.h"

static const struct compiled *classify_in;
static struct list_work classify_work;
/* Does a limited rule match?  NULL: always. */
static bool (*classify_admits)(uint32_t number);

static inline const char *tw_chunk(__u32 first, __u32 offset)
{
	(void)first;
	return (const char *)classify_in->arena.bytes +
	       (size_t)(offset >> TW_CHUNK_SHIFT) * TW_CHUNK_BYTES;
}

static bool prefix_holds(const struct prefix *prefix, const union tw_addr *addr, uint32_t family)
{
	bool is_ipv4 = prefix->bits >= 96 && addr_is_ipv4(&prefix->addr);

	if (is_ipv4 == (family != 0))
		return false;
	for (uint32_t bit = 0; bit < prefix->bits; bit++)
		if ((prefix->addr.bytes[bit / 8] ^ addr->bytes[bit / 8]) & 0x80 >> bit % 8)
			return false;
	return true;
}

static bool set_holds(uint32_t index, const union tw_addr *addr, uint32_t family)
{
	for (size_t i = 0; i < classify_in->set_count; i++) {
		const struct compiled_set *set = &classify_in->sets[i];

		for (size_t j = 0; set->index == index && j < set->count; j++)
			if (prefix_holds(&set->items[j], addr, family))
				return true;
	}
	return false;
}

#define TW_LOOKUP         static inline
#define TW_COUNT(what, n) (classify_work.what += (n))

#include "tierwall/classify.h"

/* As bpf/classify.h does it.  The word of the rule, 0: none. */
static inline uint64_t classify(const __u64 root[2], const struct tw_packet *packet, uint32_t state,
				uint32_t device)
{
	const struct tw_policy *policy = (const void *)classify_in->image;
	static struct tw_key key;

	memset(&classify_work, 0, sizeof(classify_work));
	tw_key_fill(&key, packet, state, device, 0);
	tw_search_begin(&key, root[packet->family], 0);
	for (;;) {
		enum tw_search_state said = tw_search(0, &policy->ladder[packet->family], &key);

		if (said == TW_SEARCH_ASK) {
			classify_work.sets++;
			tw_set_learn(&key,
				     set_holds(key.ask_set, &key.addr[key.ask_side], key.family));
		}
		if (said != TW_SEARCH_DONE)
			continue;
		if (!(key.found & TW_RULE_LIMIT) || !classify_admits ||
		    classify_admits(TW_RULE_NUMBER(key.found)))
			return key.found;
		tw_search_begin(&key, key.root, key.best + 1);
	}
}

#endif
