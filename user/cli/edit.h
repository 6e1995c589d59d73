/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every change goes one way: take the lock, read the running state, make the model
 * that is wanted, check and compile it, make it live.
 */
#ifndef TIERWALL_USER_CLI_EDIT_H
#define TIERWALL_USER_CLI_EDIT_H

#include "cli/cli.h"
#include "kernel/control.h"

struct edit {
	struct instance instance;
	struct running running;
	struct node_facts facts;
};

int edit_begin(struct edit *edit, const struct options *options);
/* As edit_begin(), over an instance that the caller has opened for writing. */
int edit_begin_opened(struct edit *edit);
/* Makes the changed edit->running.config live; complains. */
int edit_commit(struct edit *edit);
/*
 * All of it: lets `change` change edit->running.config, makes that live and returns the
 * exit status.  `change` complains of what it refuses and returns MISTAKE.
 */
int edit_run(const struct options *options, int (*change)(struct edit *edit, void *context),
	     void *context);
/* Makes a compiled configuration live; complains. */
int edit_publish(struct edit *edit, const struct config *config, const struct compiled *compiled);
/* policy_compile(), and what it says printed. */
int compile_or_complain(struct compiled *out, struct config *config, const struct tw_policy *live,
			const struct node_facts *facts);
void edit_end(struct edit *edit);

/* Reads and checks a file as far as that goes without the running state; complains. */
int config_read_file(struct config **out, const char *path);

#endif
