/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Folders and pins of bpffs.  Private to kernel/. */
#ifndef TIERWALL_USER_KERNEL_PINS_H
#define TIERWALL_USER_KERNEL_PINS_H

#include "kernel/instance.h"

#define PIN_PATH 512

/* The fields of an instance that is not opened yet. */
void instance_init(struct instance *instance, const char *name, const char *bpffs);
const char *instance_map_name(enum instance_map map);

/* A descriptor of the folder with the flock on it, or a negative errno. */
int lock_folder(const char *folder, int operation);

/* Makes sure that a BPF file system is there and TIERWALL's folder in it; complains. */
int pins_prepare(const char *bpffs);
/* Removes a folder of pins and all below it. */
int pins_remove(const char *folder);
/* A device's name as a pin may be called: bpffs takes no dots. */
void pin_name(char *out, size_t size, const char *device);

#endif
