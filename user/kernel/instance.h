/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One loaded data path: its folder of pins, its lock and its maps.
 *
 *   BPFFS/tierwall/INSTANCE/xdp           the program that is (or would be) attached
 *   BPFFS/tierwall/INSTANCE/xdp_trace     the same path on a copy, without effects
 *   BPFFS/tierwall/INSTANCE/maps/NAME     maps, named as in bpf/maps.h
 *   BPFFS/tierwall/INSTANCE/links/DEVICE  an attachment; dots and such are escaped
 *
 * Locking: writers hold flock(LOCK_EX) on the instance's folder from before they
 * read the running state until after the store that makes theirs live.  Readers
 * take no lock: an image is immutable but for its generation, and is kept by the
 * reader's mapping.  Creation happens in a folder of another name that is renamed
 * when it is whole; load and unload hold the lock of BPFFS/tierwall as well.
 *
 * Results as in config/config.h: 0, MISTAKE (printed already), negative errno
 * (printed already).
 */
#ifndef TIERWALL_USER_KERNEL_INSTANCE_H
#define TIERWALL_USER_KERNEL_INSTANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "tierwall/abi.h"

/* Every pinned map: X(name).  The order is that of struct instance's `maps`. */
#define INSTANCE_MAPS(X) \
	X(control)       \
	X(trial_devices) \
	X(policy)        \
	X(chunks)        \
	X(counters)      \
	X(node)          \
	X(sets)          \
	X(flows4)        \
	X(flows6)        \
	X(translations)  \
	X(fragments)     \
	X(named)         \
	X(limits)        \
	X(sources)       \
	X(devices)       \
	X(own_macs)      \
	X(own_answers)   \
	X(next_hops)     \
	X(listeners)     \
	X(listening)     \
	X(heards)        \
	X(traces)        \
	X(meta)

enum instance_map {
#define X(name) MAP_##name,
	INSTANCE_MAPS(X)
#undef X
		MAP_COUNT,
};

struct instance {
	char name[TW_NAME];
	char bpffs[192];  /* where bpffs is mounted */
	char folder[240]; /* BPFFS/tierwall/INSTANCE */
	int lock;         /* file descriptor of the folder; the flock is on it */
	int maps[MAP_COUNT];
	int xdp, xdp_trace; /* programs */
	struct tw_meta meta;
};

enum instance_access { INSTANCE_READ, INSTANCE_WRITE };

/*
 * Opens a loaded instance; INSTANCE_WRITE waits for its lock.  -ENOENT: not
 * loaded (printed, with what to do).
 */
int instance_open(struct instance *out, const char *name, const char *bpffs,
		  enum instance_access access);
void instance_close(struct instance *instance);

/* -- attachments -------------------------------------------------------------- */

struct attachment {
	char device[16];
	uint32_t ifindex;         /* 0: the device is gone, the pin remains */
	enum interface_mode mode; /* MODE_NATIVE or MODE_GENERIC */
	char path[320];
};
/* All links of the instance, by name.  The caller frees *out. */
int instance_attachments(const struct instance *instance, struct attachment **out, size_t *count);
bool attachments_hold(const struct attachment *attachments, size_t count, uint32_t ifindex);

/* -- the running configuration ------------------------------------------------- */

struct image;

struct running {
	struct config *config;         /* with every id and set index filled in */
	struct image *live;            /* owned: kernel/image.h */
	const struct tw_policy *image; /* its memory */
	uint32_t generation;
};

/* The live policy as a model.  Sets have their entries only after running_read_sets(). */
int running_read(struct running *out, const struct instance *instance);
/* The same, of its rules no more than ids_inherit() asks: config_parse_outline(). */
int running_read_outline(struct running *out, const struct instance *instance);
/* The same of the policy in a slot; the instance is locked. */
int running_read_slot(struct running *out, const struct instance *instance, uint32_t slot);
int running_read_sets(struct running *running, const struct instance *instance);
/* The entries of one of its sets only. */
int running_read_set(const struct running *running, const struct instance *instance,
		     struct set *set);
/* How many prefixes that set holds now. */
int running_count_set(const struct running *running, const struct instance *instance,
		      const struct set *set, uint32_t *entries);
void running_free(struct running *running);

/* An array of one section of an image: IMAGE_SECTION(image, struct tw_server, servers)[i] */
#define IMAGE_SECTION(image, type, section) \
	((const type *)(const void *)((const char *)(image) + (image)->section.offset))

/* -- counters ------------------------------------------------------------------- */

struct totals { /* summed over the CPUs */
	struct tw_counter node[TW_NODE_ROWS];
	struct tw_counter *counters; /* by id */
	uint32_t counter_count;
	uint32_t flows_live;     /* flows, not entries */
	uint32_t flows_capacity; /* flows, each with both directions */
};
/* The counters that `image` uses; those of no object of it are not read. */
int totals_read(struct totals *out, const struct instance *instance, const struct tw_policy *image);
void totals_free(struct totals *totals);
/* The counter of an id; zeros for TW_NONE32. */
struct tw_counter totals_of(const struct totals *totals, uint32_t id);

/* -- flows (flows.c) ------------------------------------------------------------- */

/* Live ones. */
int flows_count(const struct instance *instance, uint32_t *count);

struct server_flows {
	union tw_addr addr[2]; /* as of a struct server */
	uint32_t flows;        /* through services, that neither side has ended */
};
/* Counts the flows of each; complains. */
int flows_of_servers(const struct instance *instance, struct server_flows *servers, size_t count);

#endif
