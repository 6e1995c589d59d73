/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Does a set hold an address? */
#ifndef TIERWALL_BPF_SET_H
#define TIERWALL_BPF_SET_H

#include "policy.h"

static __always_inline int set_holds(__u32 set, const union tw_addr *addr, __u32 family)
{
	struct tw_set_key key = {.prefixlen = TW_SET_FAMILY_BITS + 128, .family = family};
	void *prefixes = bpf_map_lookup_elem(&sets, &set);

	if (!prefixes)
		return 0;
	__builtin_memcpy(key.addr, addr, sizeof(key.addr));
	return bpf_map_lookup_elem(prefixes, &key) != NULL;
}

#endif
