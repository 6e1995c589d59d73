/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The search through a compiled list, with its memory, its sets and its limits. */
#ifndef TIERWALL_BPF_CLASSIFY_H
#define TIERWALL_BPF_CLASSIFY_H

#include "limit.h"
#include "policy.h"
#include "set.h"

static __always_inline const char *tw_chunk(__u32 first, __u32 offset)
{
	return policy_chunk(first, offset);
}

#define TW_LOOKUP __noinline
#define TW_COUNT(what, n)

#include "tierwall/classify.h"

#define TURNS_AT_ONCE 3          /* then each costs a little more */
#define TURNS_MAX     (1u << 23) /* more than any list can take */

/*
 * Goes on with the search; enum tw_search_state.  A rule with a limit takes a token only
 * here, once it is the first that matches; is there none, the search begins behind it.
 */
__noinline int classify_go_on(const struct tw_policy *image, const struct tw_packet *packet,
			      struct tw_key *key)
{
	enum tw_search_state state;

	if (!image || !packet || !key)
		return TW_SEARCH_DONE;
	state = tw_search(image->chunk, &image->ladder[key->family != 0], key);
	if (state != TW_SEARCH_DONE || !(key->found & TW_RULE_LIMIT))
		return state;
	if (limit_admits(image, packet, TW_RULE_COUNTER(key->found), key->found_limit))
		return TW_SEARCH_DONE;
	tw_search_begin(key, key->root, key->best + 1);
	return TW_SEARCH_MORE;
}

struct classification {
	const struct tw_policy *policy;
	const struct tw_packet *packet;
	struct tw_key *key;
};

/* 1: it is at its end. */
static __always_inline int classify_turn(const struct classification *it)
{
	struct tw_key *key = it->key;
	int state = classify_go_on(it->policy, it->packet, key);

	if (state == TW_SEARCH_ASK)
		tw_set_learn(key, set_holds(key->ask_set, &key->addr[key->ask_side & 1],
					    key->family, key->second));
	return state == TW_SEARCH_DONE;
}

static long classify_again(__u32 turn, void *context)
{
	(void)turn;
	return classify_turn(context);
}

/* The word of the first rule that matches, 0: none.  The key is filled. */
static __always_inline __u64 classify(const struct path *path, const struct tw_packet *packet,
				      __u64 root)
{
	struct classification it = {path->policy, packet, &path->work->key};

	if (!root)
		return 0;
	tw_search_begin(it.key, root, 0);
	for (__u32 i = 0; i < TURNS_AT_ONCE; i++)
		if (classify_turn(&it))
			return it.key->found;
	bpf_loop(TURNS_MAX, classify_again, &it, 0);
	return it.key->found;
}

#endif
