/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The live policy image and what stands in it.  A packet fetches the image once;
 * all that it looks up after that is of the same configuration.
 */
#ifndef TIERWALL_BPF_POLICY_H
#define TIERWALL_BPF_POLICY_H

#include "path.h"
#include "tierwall/hash.h"

#define ITEM_BYTES_MAX 128u

/*
 * A change is on trial: the slot that counts, TW_NONE32 where the device is left alone.
 * Until `revert_at` that is what is being tried, from then on what was before.
 */
static __noinline __u32 policy_on_trial(const struct tw_control *now, __u64 revert_at,
					__u32 ingress)
{
	int is_over = bpf_ktime_get_ns() >= revert_at;
	const __u32 *mark = bpf_map_lookup_elem(&trial_devices, &ingress);

	if (mark && *mark == (is_over ? TW_TRIAL_ATTACHED : TW_TRIAL_LEAVING))
		return TW_NONE32;
	return *(const volatile __u32 *)(is_over ? &now->previous : &now->live);
}

static __always_inline const struct tw_policy *policy_in(__u32 slot)
{
	void *image = bpf_map_lookup_elem(&policy, &slot);
	__u32 zero = 0;

	return image ? bpf_map_lookup_elem(image, &zero) : NULL;
}

/* NULL: nothing is asked of the packet. */
static __always_inline const struct tw_policy *policy_live(const struct path *path)
{
	__u32 zero = 0, slot;
	const struct tw_control *now = bpf_map_lookup_elem(&control, &zero);
	__u64 revert_at;

	if (!now)
		return NULL; /* cannot be: the array has its one row */
	/* first: a trial that ends leaves `live` right before it says so here */
	revert_at = *(const volatile __u64 *)&now->revert_at;
	if (path->trace && path->trace->policy)
		slot = path->trace->policy - 1;
	else if (revert_at)
		slot = policy_on_trial(now, revert_at, path->ingress);
	else
		slot = *(const volatile __u32 *)&now->live;
	path->work->slot = slot;
	path->work->ingress = path->ingress;
	return policy_in(slot);
}

/*
 * The path again, in a global function, which is handed no such pointers; false: the
 * policy is gone.  Its slot is not another's while a packet may use it.
 */
static __always_inline int path_resume(struct path *path)
{
	__u32 zero = 0;

	path->work = bpf_map_lookup_elem(&works, &zero);
	if (!path->work)
		return 0;
	path->trace = NULL;
	if (path->work->is_trace)
		path->trace = bpf_map_lookup_elem(&traces, &zero);
	path->ingress = path->work->ingress;
	path->second = second_now();
	path->policy = policy_in(path->work->slot);
	return path->policy != NULL;
}

/* Item `i` of a section whose items are `size` bytes, NULL beyond its end. */
static __always_inline const void *policy_item(const struct tw_policy *policy_image,
					       const struct tw_section *section, __u32 i,
					       __u32 size)
{
	__u64 at;

	if (i >= section->count)
		return NULL;
	at = (__u64)section->offset + (__u64)i * size;
	barrier_var(at); /* the compiler must not check another form of it than it adds */
	if (at > TW_IMAGE_BYTES - ITEM_BYTES_MAX)
		return NULL;
	return (const char *)policy_image + at;
}

/* The chunk that `offset` lies in, NULL: the policy has none. */
static __always_inline const char *policy_chunk(__u32 first, __u32 offset)
{
	__u32 zero = 0, slot = first + (offset >> TW_CHUNK_SHIFT);
	void *chunk = bpf_map_lookup_elem(&chunks, &slot);

	return chunk ? bpf_map_lookup_elem(chunk, &zero) : NULL;
}

#define POLICY_ITEM(policy, section, type, i) \
	((const type *)policy_item(policy, &(policy)->section, i, sizeof(type)))

/* What an address is to this configuration, NULL: nothing. */
static __always_inline const struct tw_address *policy_address(const struct tw_policy *image,
							       const union tw_addr *addr)
{
	__u32 hash = tw_hash_addr(addr), mask;

	if (!image)
		return NULL;
	mask = image->addresses.count - 1;
	for (__u32 i = 0; i < TW_ADDRESS_PROBES; i++) {
		const struct tw_address *bucket =
			POLICY_ITEM(image, addresses, struct tw_address, (hash + i) & mask);

		if (!bucket || !bucket->kind)
			return NULL;
		if (tw_addr_equal(&bucket->addr, addr))
			return bucket;
	}
	return NULL;
}

#endif
