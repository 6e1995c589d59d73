/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Another firewall's rules as a configuration of tierwall's.
 *
 * Two readers (nft*.c, iptables*.c) turn listings into chains of rules whose matches
 * are sets of numbers (model.h); flatten.c makes of chains, jumps and policies the
 * lists that tierwall has; emit.c says each rule in tierwall's words.  What does not fit
 * exactly is left out and told: never is a rule wider in what it accepts, or narrower
 * in what it drops, without a word about it.
 */
#ifndef TIERWALL_USER_IMPORT_H
#define TIERWALL_USER_IMPORT_H

#include <stddef.h>
#include <stdio.h>

enum import_format { IMPORT_NFT, IMPORT_IPTABLES, IMPORT_IP6TABLES };

/*
 * The configuration goes to `out`, a line for all that is left out or needs a word to
 * `messages`.  0: all of it is expressed; MISTAKE: something is left; or -errno, and
 * nothing has been written.  `text` ends with a NUL behind its `length` bytes.
 */
int import_text(enum import_format format, const char *file, const char *text, size_t length,
		FILE *out, FILE *messages);

#endif
