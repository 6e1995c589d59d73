/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A monitor's place in the data path: one of TW_LISTENERS slots with a ring of its own.
 * A slot whose time has run out is free: nobody has to clean up behind a monitor that
 * was killed.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "monitor/monitor.h"

#define LIFE_SECONDS 3 /* that a breath lasts */
#define RING_LEAST   (256u << 10)
#define RING_MOST    (16u << 20)

static uint32_t second_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint32_t)now.tv_sec;
}

static size_t listening_length(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* A second's half of what all CPUs may send, at its rate; a power of two. */
static uint32_t ring_bytes(const struct wish *wish)
{
	uint64_t event = sizeof(struct tw_event) + wish->snap + BPF_RINGBUF_HDR_SZ;
	uint64_t wanted = event * wish->rate / 2 * (uint64_t)libbpf_num_possible_cpus();
	uint32_t bytes = RING_LEAST;

	while (bytes < RING_MOST && bytes < wanted)
		bytes *= 2;
	return bytes;
}

static struct tw_listener *mine(const struct listener *listener)
{
	return &listener->listening->listeners[listener->slot];
}

static bool find_free(struct listener *listener)
{
	uint32_t now = second_now();

	for (uint32_t slot = 0; slot < TW_LISTENERS; slot++)
		if ((int32_t)(listener->listening->listeners[slot].until - now) < 0) {
			listener->slot = slot;
			return true;
		}
	return false;
}

static uint64_t sum_missed(const struct listener *listener)
{
	int cpus = libbpf_num_possible_cpus();
	struct tw_heard *rows = cpus > 0 ? calloc((size_t)cpus, sizeof(*rows)) : NULL;
	uint64_t sum = 0;

	if (rows &&
	    !bpf_map_lookup_elem(listener->instance->maps[MAP_heards], &listener->slot, rows))
		for (int i = 0; i < cpus; i++)
			sum += rows[i].missed;
	free(rows);
	return sum;
}

/* The ring is in its place before the data path is told of it. */
static int take_slot(struct listener *listener)
{
	struct tw_listener *slot = mine(listener);

	__atomic_fetch_and(&listener->listening->slots, ~(1u << listener->slot), __ATOMIC_ACQ_REL);
	if (bpf_map_update_elem(listener->instance->maps[MAP_listeners], &listener->slot,
				&listener->ring, BPF_ANY))
		return -errno;
	if (getrandom(&listener->owner, sizeof(listener->owner), 0) != sizeof(listener->owner))
		return -EIO;
	listener->missed_before = sum_missed(listener);
	*slot = (struct tw_listener){
		.owner = listener->owner,
		.kinds = listener->wish.kinds,
		.reasons = listener->wish.reasons,
		.snap = listener->wish.snap,
		.gap = 1000000000u / listener->wish.rate,
	};
	return listener_breathe(listener);
}

static int open_locked(struct listener *listener)
{
	const struct instance *instance = listener->instance;
	int result;

	if (!find_free(listener)) {
		complain("%d monitors listen already, and there is no room for more: end one",
			 TW_LISTENERS);
		return MISTAKE;
	}
	listener->ring = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "tierwall_events", 0, 0,
					ring_bytes(&listener->wish), NULL);
	result = listener->ring < 0 ? -errno : take_slot(listener);
	if (result)
		complain("cannot listen to instance `%s`: %s", instance->name, strerror(-result));
	return result;
}

int listener_open(struct listener *out, const struct instance *instance, const struct wish *wish)
{
	int result;

	*out = (struct listener){.instance = instance, .wish = *wish, .ring = -1};
	out->listening = mmap(NULL, listening_length(), PROT_READ | PROT_WRITE, MAP_SHARED,
			      instance->maps[MAP_listening], 0);
	if (out->listening == MAP_FAILED) {
		out->listening = NULL;
		result = -errno;
		complain("cannot listen to instance `%s`: %s", instance->name, strerror(errno));
	} else {
		result = open_locked(out);
	}
	flock(instance->lock, LOCK_UN); /* others may change what runs while we look on */
	if (result)
		listener_close(out);
	return result;
}

int listener_breathe(const struct listener *listener)
{
	struct tw_listener *slot = mine(listener);

	if (__atomic_load_n(&slot->owner, __ATOMIC_ACQUIRE) != listener->owner)
		return -ESTALE;
	__atomic_store_n(&slot->until, second_now() + LIFE_SECONDS, __ATOMIC_RELEASE);
	__atomic_fetch_or(&listener->listening->slots, 1u << listener->slot, __ATOMIC_ACQ_REL);
	return 0;
}

uint64_t listener_missed(const struct listener *listener)
{
	return sum_missed(listener) - listener->missed_before;
}

void listener_close(struct listener *listener)
{
	struct tw_listener *slot = listener->listening ? mine(listener) : NULL;

	if (slot && listener->owner && slot->owner == listener->owner) {
		__atomic_fetch_and(&listener->listening->slots, ~(1u << listener->slot),
				   __ATOMIC_ACQ_REL);
		bpf_map_delete_elem(listener->instance->maps[MAP_listeners], &listener->slot);
		__atomic_store_n(&slot->until, 0, __ATOMIC_RELEASE); /* free from here on */
	}
	if (listener->listening)
		munmap(listener->listening, listening_length());
	if (listener->ring >= 0)
		close(listener->ring);
	listener->listening = NULL;
	listener->ring = -1;
}
