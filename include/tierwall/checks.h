/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What guard looks at without being told: each check drops with the reason of its
 * name and can be switched off in the file (`guard { check NAME off }`).  To add a
 * check, add a row here, one of the same name in reasons.h, and the place that looks.
 */
#ifndef TIERWALL_CHECKS_H
#define TIERWALL_CHECKS_H

/* X(constant, "name", "what it finds") */
#define TW_CHECKS(X)                                                                       \
	X(MALFORMED, "malformed", "lengths and header sizes that no sender may produce")   \
	X(MARTIAN, "martian", "an address that cannot come from or go to a network")       \
	X(TCP_FLAGS, "tcp-flags", "TCP flags that no sender combines")                     \
	X(FRAGMENT, "fragment", "a tiny fragment, or one that hides the transport header") \
	X(OVERLAP, "overlap", "a fragment that writes over one that came before")

enum tw_check {
#define X(constant, name, meaning) TW_CHECK_##constant,
	TW_CHECKS(X)
#undef X
		TW_CHECK_COUNT,
};

#endif
