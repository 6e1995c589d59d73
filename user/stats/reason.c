/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The keys of the reasons for a drop.
 */
#include "stats/stats.h"

const char *reason_key(uint32_t reason)
{
	static const char *const keys[TW_REASON_COUNT] = {
#define X(constant, key, meaning) [TW_REASON_##constant] = key,
		TW_REASONS(X)
#undef X
	};

	return reason < TW_REASON_COUNT ? keys[reason] : "unknown";
}
