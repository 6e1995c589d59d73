/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Changing a data path: load, attach, make a policy live.  Every function either
 * does all of what it says or leaves things as they were, and has said why.
 * Results as in instance.h.
 */
#ifndef TIERWALL_USER_KERNEL_CONTROL_H
#define TIERWALL_USER_KERNEL_CONTROL_H

#include "compile/compile.h"
#include "kernel/instance.h"

/* -- load.c ------------------------------------------------------------------------ */

enum load_result { LOAD_NEW, LOAD_UPDATED };

/*
 * Loads the programs and pins everything, with a policy that passes all.  Over a
 * loaded instance of the same ABI: puts this version's programs in place of the
 * running ones, maps and attachments stay.  Returns enum load_result or an error.
 */
int instance_load(const char *name, const char *bpffs);
/* Detaches all and removes the pins. */
int instance_unload(const char *name, const char *bpffs);
/*
 * Loads the program and lets it go: would this kernel take it?  0, or a negative errno and
 * what libbpf and the verifier said (until the next load).
 */
int program_try(const char **words);
/* Opens for writing, after loading it if need be.  *loaded: it was not there before. */
int instance_open_or_load(struct instance *out, const char *name, const char *bpffs, bool *loaded);

/* -- attach.c ------------------------------------------------------------------------ */

struct attach_result {
	enum interface_mode mode; /* that the device got */
	bool was_attached;        /* it was there already */
	char note[640];           /* why generic, where native was tried; else empty */
};

int device_attach(const struct instance *instance, const char *device, enum interface_mode mode,
		  struct attach_result *result);
int device_detach(const struct instance *instance, const struct attachment *attachment);

/* Attaches to all of them or to none; results[] has one for each. */
int devices_attach(const struct instance *instance, const struct interface *interfaces,
		   size_t count, struct attach_result *results);
/* Detaches those that devices_attach() attached, and not those that were attached before. */
void devices_take_back(const struct instance *instance, const struct interface *interfaces,
		       size_t count, const struct attach_result *results);

/*
 * Fills the map `devices`: where a frame may be redirected to, by one configuration or,
 * where `other` is not NULL, by either of two.
 */
int devices_refresh(const struct instance *instance, const struct config *config,
		    const struct config *other, const struct node_facts *facts);

/* -- commit.c -------------------------------------------------------------------------- */

/*
 * Builds a compiled policy aside, in a free slot: sets, counters, image, chunks.  It
 * is whole then, but no packet sees it.  *slot: where.
 */
int policy_prepare(const struct instance *instance, const struct compiled *compiled,
		   uint32_t *slot);
/* Makes the policy of a slot live in one store and gives back what no policy needs. */
int policy_publish(const struct instance *instance, uint32_t slot);
/*
 * Gives back what neither the live policy uses nor the one that a trial goes back to: a
 * prepared one that is given up, too.
 */
void policy_release(const struct instance *instance);
/* Prepares and publishes. */
int policy_commit(const struct instance *instance, const struct compiled *compiled);

/* -- limits.c ---------------------------------------------------------------------------- */

/* Fills the buckets of rules that are new. */
int limits_reset(const struct instance *instance, const struct fresh_ids *fresh);

/* -- named.c ----------------------------------------------------------------------------- */

/* Tells the data path of the addresses of a policy that is about to be live. */
int named_add(const struct instance *instance, const struct compiled *compiled);

/* -- facts.c -------------------------------------------------------------------------------- */

int node_facts_read(struct node_facts *out);
void node_facts_free(struct node_facts *facts);
/* Can frames be redirected to this device?  -ENOTSUP: this kernel does not tell. */
int device_takes_frames(uint32_t ifindex);

#endif
