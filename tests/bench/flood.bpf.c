/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Makes frames: run with BPF_F_TEST_XDP_LIVE_FRAMES, each run sends one, with the next
 * addresses and port of a list.  The kernel hands the same pages out again, so that all
 * that differs is written each time.  `drop` is the floor that XDP has.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>

#include <bpf/bpf_helpers.h>

#include "flood.h"

struct flood_job job;
struct flood_packet packets[FLOOD_PACKETS];

static __always_inline __u16 checksum(const struct iphdr *ip)
{
	const __u16 *words = (const void *)ip;
	__u32 sum = 0;

#pragma unroll
	for (int i = 0; i < 10; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16) ~((sum & 0xffff) + (sum >> 16));
}

SEC("xdp")
int flood(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct iphdr *ip = data + sizeof(struct ethhdr);
	struct udphdr *udp = (void *)(ip + 1);
	const struct flood_packet *packet;
	__u32 i = job.next;

	if ((void *)(udp + 1) > end || i >= FLOOD_PACKETS)
		return XDP_ABORTED;
	job.next = i + 1 < job.count ? i + 1 : 0;
	packet = &packets[i];
	ip->saddr = packet->source;
	ip->daddr = packet->destination;
	ip->check = 0;
	ip->check = checksum(ip);
	udp->dest = packet->port;
	return (int)bpf_redirect(job.device, 0);
}

SEC("xdp")
int drop(struct xdp_md *ctx __attribute__((unused)))
{
	return XDP_DROP;
}

char _license[] SEC("license") = "GPL";
