/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Stands before the program that is measured.  BPF_PROG_TEST_RUN hands the same
 * buffer to every repetition, so a program that rewrites would measure its own
 * output; the wrapper puts the packet back, picks the next flow and calls on.  What
 * it costs is measured with `nothing` in the program's place.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "wrap.h"

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} target SEC(".maps");

struct wrap_job job;

static __always_inline int restore(struct xdp_md *ctx, __u32 source, __u32 port)
{
	__u32 length = ctx->data_end - ctx->data;
	__u64 *words;
	__u32 flow;

	if (length != WRAP_BYTES && bpf_xdp_adjust_head(ctx, (int)length - WRAP_BYTES))
		return 0;
	words = (void *)(long)ctx->data;
	if ((void *)words + WRAP_BYTES > (void *)(long)ctx->data_end)
		return 0;
#pragma unroll
	for (int i = 0; i < WRAP_BYTES / 8; i++)
		words[i] = job.packet[i];

	flow = job.flow + 1;
	if (flow >= job.flows)
		flow = 0;
	job.flow = flow;
	if (job.by_source) {
		*(__u16 *)((void *)words + source) ^= (__u16)(flow * 40503);
		return 1;
	}
	/* Flow 0 is the packet as it is; the others differ in address and port. */
	*(__u16 *)((void *)words + source) ^= __builtin_bswap16(flow >> 12);
	*(__u16 *)((void *)words + port) ^= __builtin_bswap16(flow & 0xfff);
	return 1;
}

SEC("xdp.frags")
int wrap4(struct xdp_md *ctx)
{
	if (restore(ctx, 14 + 14, 14 + 20))
		bpf_tail_call(ctx, &target, 0);
	return XDP_ABORTED;
}

SEC("xdp.frags")
int wrap6(struct xdp_md *ctx)
{
	if (restore(ctx, 14 + 22, 14 + 40))
		bpf_tail_call(ctx, &target, 0);
	return XDP_ABORTED;
}

SEC("xdp.frags")
int nothing(struct xdp_md *ctx __attribute__((unused)))
{
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
