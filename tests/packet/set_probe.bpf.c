/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Looks addresses up in a set of a loaded instance, one a run, by the code and in the maps
 * of the data path.  `nothing` reads the same and looks nothing up, for comparison.
 */
#include "../../bpf/path.h"
#include "../../bpf/set.h"

#include "set_probe.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct set_probe);
} probes SEC(".maps");

static __always_inline int probe(int look_up)
{
	__u32 zero = 0;
	struct set_probe *probe = bpf_map_lookup_elem(&probes, &zero);
	const union tw_addr *addr;
	__u64 i;

	if (!probe)
		return XDP_ABORTED;
	i = probe->next;
	probe->next = i + 1 >= probe->count ? 0 : i + 1;
	if (i >= SET_PROBE_ADDRESSES)
		return XDP_ABORTED;
	addr = &probe->addresses[i];
	if (look_up)
		probe->held[i] =
			(__u8)set_holds(probe->set, addr, probe->families[i], second_now());
	else
		probe->held[i] = addr->bytes[15] & probe->families[i];
	return XDP_PASS;
}

SEC("xdp")
int look_up(struct xdp_md *ctx __attribute__((unused)))
{
	return probe(1);
}

SEC("xdp")
int nothing(struct xdp_md *ctx __attribute__((unused)))
{
	return probe(0);
}

char _license[] SEC("license") = "GPL";
