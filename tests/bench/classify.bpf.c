/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The classifier alone, on the maps of a loaded instance: each run takes the next packet
 * as the parser would hand it on, and asks its lists.
 */
#pragma clang diagnostic ignored "-Wunused-function" /* of the headers, much is not asked */

#include "../../bpf/firewall.h"

#include "classify.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CLASSIFY_PACKETS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct classify_packet);
} packets SEC(".maps");

struct classify_job job;

SEC("xdp")
int classify_one(struct xdp_md *ctx)
{
	__u32 zero = 0, i = job.next + 1;
	struct path path = {.work = bpf_map_lookup_elem(&works, &zero)};
	const struct classify_packet *next;
	struct tw_packet *packet;
	__u64 word = 0;

	(void)ctx;
	if (i >= job.count)
		i = 0;
	job.next = i;
	next = bpf_map_lookup_elem(&packets, &i);
	path.policy = policy_live(&path);
	if (!path.work || !path.policy || !next)
		return XDP_ABORTED;
	packet = &path.work->packet;
	*packet = next->packet;
	key_fill(&path, packet, TW_STATE_NEW);
	if (job.instead) {
		word = classify(&path, packet, job.instead);
	} else {
		if (next->own)
			word = classify(&path, packet, next->own);
		if (!word)
			word = classify(&path, packet, next->list);
	}
	job.sum += word;
	return XDP_DROP;
}

char _license[] SEC("license") = "GPL";
