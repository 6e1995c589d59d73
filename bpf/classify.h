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

static __always_inline int tw_set_holds(__u32 set, const struct tw_key *key, __u32 side)
{
	return set_holds(set, &key->addr[side & 1], key->family, key->second);
}

#define TW_LOOKUP __noinline
#define TW_COUNT(what, n)

#include "tierwall/classify.h"

/* More turns than any list can take. */
#define TURNS_MAX (1u << 23)

/*
 * Goes on with the search, 1: it is at its end.  A rule with a limit takes a token only
 * here, once it is the first that matches; is there none, the search begins behind it.
 */
__noinline int classify_go_on(const struct tw_policy *image, const struct tw_packet *packet,
			      struct tw_key *key)
{
	if (!image || !packet || !key)
		return 1;
	if (!tw_search(image->chunk, key))
		return 0;
	if (!(key->found & TW_RULE_LIMIT) ||
	    limit_admits(image, packet, TW_RULE_COUNTER(key->found), key->found_limit))
		return 1;
	tw_search_begin(key, key->root, key->best + 1);
	return 0;
}

struct classification {
	const struct tw_policy *policy;
	const struct tw_packet *packet;
	struct tw_key *key;
};

static long classify_again(__u32 turn, void *context)
{
	const struct classification *it = context;
	int done = classify_go_on(it->policy, it->packet, it->key);

	(void)turn;
	barrier_var(done); /* the compiler has seen that it is 0 or 1, the verifier has not */
	return done != 0;
}

/* The word of the first rule that matches, 0: none.  The key is filled. */
static __always_inline __u64 classify(const struct path *path, const struct tw_packet *packet,
				      __u64 root)
{
	struct classification it = {path->policy, packet, &path->work->key};

	if (!root)
		return 0;
	tw_search_begin(it.key, root, 0);
	if (!classify_go_on(it.policy, it.packet, it.key))
		bpf_loop(TURNS_MAX, classify_again, &it, 0);
	return it.key->found;
}

#endif
