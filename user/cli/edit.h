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
	bool replaces; /* `running` is an outline, and stays as it is */
	bool force;    /* also where it locks its own operator out */
	/* what goes live together with the policy */
	const struct interface *attach;
	size_t attach_count;
	struct attach_result *attached; /* one for each of them */
	bool detach_others;             /* devices that the configuration does not name */
	uint32_t trial; /* seconds until it goes back unless confirmed, 0: for good */
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
/* MISTAKE, said: a change is on trial, nothing else may become live meanwhile. */
int edit_refuse_on_trial(const struct edit *edit);
/* Makes a compiled configuration live, or puts it on trial; complains (publish.c). */
int edit_publish(struct edit *edit, const struct config *config, const struct compiled *compiled);
/* policy_compile(), and what it says printed. */
int compile_or_complain(struct compiled *out, struct config *config, const struct tw_policy *live,
			const struct node_facts *facts);
void edit_end(struct edit *edit);
/* What `confirm TIME` says, once it is on trial. */
void edit_say_trial(const struct edit *edit, const struct options *options);
/* Takes `--confirm TIME` out of a command's words; MISTAKE, said: it is no time. */
int trial_time_take(uint32_t *seconds, int *argc, char **argv);

/*
 * Makes the running state equal to a configuration, for good or on trial.  Devices of it
 * that are not there are left out.
 */
int config_apply(const struct options *options, struct config *config, uint32_t trial);
/* Reads and checks a file as far as that goes without the running state; complains. */
int config_read_file(struct config **out, const char *path);
/* The same, but its devices need not be there yet. */
int config_read_checked(struct config **out, const char *path);

#endif
