/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Runs in front of the program under test and fills the head room with junk, as
 * a real driver leaves it: BPF_PROG_TEST_RUN gives zeroed head room, in which a
 * program that forgets to write a field looks right.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#define HEAD_ROOM 192
#define JUNK      0xa5a5a5a5a5a5a5a5ULL

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} target SEC(".maps");

SEC("xdp.frags")
int poison(struct xdp_md *ctx)
{
	__u64 *word;

	if (bpf_xdp_adjust_head(ctx, -HEAD_ROOM))
		return XDP_ABORTED;
	word = (void *)(long)ctx->data;
	if ((void *)(word + HEAD_ROOM / 8) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
#pragma unroll
	for (int i = 0; i < HEAD_ROOM / 8; i++)
		word[i] = JUNK;
	if (bpf_xdp_adjust_head(ctx, HEAD_ROOM))
		return XDP_ABORTED;
	bpf_tail_call(ctx, &target, 0);
	return XDP_ABORTED;
}

char _license[] SEC("license") = "GPL";
