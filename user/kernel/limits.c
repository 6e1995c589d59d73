/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The buckets of rules with a limit. */
#include <errno.h>
#include <sys/mman.h>

#include "kernel/control.h"
#include "kernel/image.h"

/*
 * The number is a time long ago, for rules with one bucket, and another than the ids had
 * before, for those with one for each source.
 */
int limits_reset(const struct instance *instance, const struct fresh_ids *fresh)
{
	const size_t length = TW_COUNTERS * sizeof(uint64_t);
	struct tw_control *control = control_map(instance);
	uint64_t *full_at;
	int result = 0;

	if (!control)
		return -errno;
	full_at = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, instance->maps[MAP_limits],
		       0);
	if (full_at == MAP_FAILED) {
		result = -errno;
	} else {
		for (size_t i = 0; i < fresh->count; i++)
			full_at[fresh->items[i]] = control->generation + 1;
		munmap(full_at, length);
	}
	control_unmap(control);
	return result;
}
