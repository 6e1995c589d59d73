/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The monitor's reading of frames on any bytes: it reads nothing beyond them. */
#include <stdlib.h>

#include "monitor/monitor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct decoded out;

	frame_decode(&out, data, size);
	if ((out.has_ports || out.has_type || out.has_flags) && !out.has_addresses)
		abort();
	return 0;
}
