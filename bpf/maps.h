/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every map of the data path.  Each is pinned under its own name; keys and values
 * are those of include/tierwall/abi.h.
 */
#ifndef TIERWALL_BPF_MAPS_H
#define TIERWALL_BPF_MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "tierwall/abi.h"

/* One image; its fields are read through struct tw_policy and its sections. */
struct policy_image {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, TW_IMAGE_BYTES);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct tw_control);
} control SEC(".maps");

/* Devices that a change on trial attaches or is about to detach. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TW_DEVICES);
	__type(key, __u32);   /* ifindex */
	__type(value, __u32); /* enum tw_trial_device */
} trial_devices SEC(".maps");

/*
 * The images.  To delete one returns only when every packet that may still use it is
 * done: the kernel waits for that in maps of maps.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, TW_POLICIES);
	__type(key, __u32);
	__array(values, struct policy_image);
} policy SEC(".maps");

struct policy_chunk {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, TW_CHUNK_BYTES);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, TW_CHUNKS);
	__type(key, __u32);
	__array(values, struct policy_chunk);
} chunks SEC(".maps");

struct set_head {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, TW_SET_BYTES);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, TW_SET_SLOTS);
	__type(key, __u32);
	__array(values, struct set_head);
} sets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TW_COUNTERS);
	__type(key, __u32);
	__type(value, struct tw_counter);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TW_NODE_ROWS);
	__type(key, __u32);
	__type(value, struct tw_counter);
} node SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct tw_named);
} named SEC(".maps");

/*
 * By counter id: when the bucket of a rule with a limit is full again.  Of a rule whose
 * limit is per source, a number that no rule with this id had before.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TW_COUNTERS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
} limits SEC(".maps");

/* Mappable so that its values, lines, begin where cache lines do. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TW_LIMIT_LINES);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct tw_limit_line);
} sources SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, TW_FLOWS4);
	__type(key, struct tw_flow_key4);
	__type(value, struct tw_flow);
} flows4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, TW_FLOWS6);
	__type(key, struct tw_flow_key6);
	__type(value, struct tw_flow);
} flows6 SEC(".maps");

/* Of both families, keyed as IPv6 flows are. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, TW_TRANSLATIONS);
	__type(key, struct tw_flow_key6);
	__type(value, struct tw_translation);
} translations SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, TW_FRAGMENTS);
	__type(key, struct tw_fragment_key);
	__type(value, struct tw_fragment);
} fragments SEC(".maps");

/* By ifindex: the devices to which a frame may be redirected. */
struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
	__uint(max_entries, TW_DEVICES);
	__type(key, __u32);
	__type(value, __u32);
} devices SEC(".maps");

/* The link addresses of the node's devices: frames to others are not the node's. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TW_OWN_MACS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64); /* its six bytes, then zeros */
	__type(value, __u32);
} own_macs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TW_OWN_ANSWERS);
	__type(key, __u32);
	__type(value, struct tw_own_answer);
} own_answers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TW_NEXT_HOPS);
	__type(key, __u32);
	__type(value, struct tw_next_hop);
} next_hops SEC(".maps");

/* The rings of monitors, by slot; each monitor makes its own. */
struct event_ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, TW_LISTENERS);
	__type(key, __u32);
	__array(values, struct event_ring);
} listeners SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct tw_listening);
} listening SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TW_LISTENERS);
	__type(key, __u32);
	__type(value, struct tw_heard);
} heards SEC(".maps");

/* What xdp_trace was asked and what it found; user space takes the lock around both. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tw_trace);
} traces SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tw_meta);
} meta SEC(".maps");

#endif
