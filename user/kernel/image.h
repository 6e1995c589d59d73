/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One compiled policy in the kernel: its image, and the text that it was made from. */
#ifndef TIERWALL_USER_KERNEL_IMAGE_H
#define TIERWALL_USER_KERNEL_IMAGE_H

#include "compile/compile.h"
#include "kernel/instance.h"

struct image {
	struct tw_policy *policy; /* a mapping of the map's memory; NULL: not open */
	char *text;               /* owned copy; NULL: not read */
	uint32_t slot;            /* in `policy` */
	uint32_t id;              /* of its map */
};

/* A mapping of `control`, NULL with errno; control_unmap() ends it. */
struct tw_control *control_map(const struct instance *instance);
void control_unmap(struct tw_control *control);

/* The live image; it stays whole for as long as it is open.  0 or a negative errno. */
int image_open(struct image *out, const struct instance *instance);
/* The same of any slot; -ENOENT: the slot is empty. */
int image_open_slot(struct image *out, const struct instance *instance, uint32_t slot);
/* The same without the text, which may be megabytes. */
int image_open_bare(struct image *out, const struct instance *instance, uint32_t slot);
void image_close(struct image *image);

/* The configuration that an image was made from; NULL: it cannot be read. */
struct config *image_config(const struct image *image, struct diagnostic *diagnostic);
/* The same as config_parse_outline() gives it; the image must stay for as long. */
struct config *image_outline(const struct image *image, struct diagnostic *diagnostic);

/*
 * Puts a compiled policy into a slot, beside the live one: image at `slot` of
 * `policy`, the arena from `chunk` on in `chunks`.  Nothing uses it yet.
 */
int image_store(const struct instance *instance, const struct compiled *compiled, uint32_t slot,
		uint32_t chunk, uint32_t generation);

#endif
