/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The addresses that policies have something about, for the data path (struct tw_named). */
#include <errno.h>
#include <sys/mman.h>

#include "kernel/control.h"
#include "tierwall/hash.h"

static void mark(struct tw_named *named, const struct tw_policy *image)
{
	const struct tw_address *all = IMAGE_SECTION(image, struct tw_address, addresses);

	for (uint32_t i = 0; i < image->addresses.count; i++) {
		uint32_t bit = tw_hash_addr(&all[i].addr) % TW_NAMED_BITS;

		if (all[i].kind)
			__atomic_fetch_or(&named->bits[bit / 64], 1ull << bit % 64,
					  __ATOMIC_RELAXED);
	}
}

int named_add(const struct instance *instance, const struct compiled *compiled)
{
	struct tw_named *named = mmap(NULL, sizeof(*named), PROT_READ | PROT_WRITE, MAP_SHARED,
				      instance->maps[MAP_named], 0);

	if (named == MAP_FAILED)
		return -errno;
	mark(named, (const void *)compiled->image);
	munmap(named, sizeof(*named));
	return 0;
}
