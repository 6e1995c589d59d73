/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Changes on trial (`--confirm TIME`).  From `revert_at` on the data path itself goes by
 * the policy before, and leaves alone what the trial has attached: that takes no process.
 * What remains to be tidied up then (detaching, giving memory back) is done by the
 * guardian, or by the next command that comes by.
 *
 *   armed    previous = live, revert_at is set: what is attached from now on is marked
 *   tried    live = the slot on trial
 *   kept     revert_at = TW_TRIAL_KEPT: leaving devices are detached, then revert_at = 0
 *   over     the time has come: live = previous, its devices are detached, revert_at = 0
 *
 * Whoever is killed between two of these steps leaves a state that the next one goes on
 * from.  All but the questions are asked under the instance's lock.
 */
#ifndef TIERWALL_USER_KERNEL_TRIAL_H
#define TIERWALL_USER_KERNEL_TRIAL_H

#include "kernel/control.h"

/* CLOCK_MONOTONIC as the kernel counts it, also where a time namespace shifts it. */
uint64_t monotonic_now(void);

/* The slot that packets are judged by now. */
uint32_t control_slot(const struct tw_control *control);
/*
 * The slots that packets are, or may soon be, judged by: one, or while a trial is
 * pending two.  Returns how many, or a negative errno.
 */
int live_slots(const struct instance *instance, uint32_t slots[2]);
/* The slot that stays when nobody confirms. */
int lasting_slot(const struct instance *instance, uint32_t *slot);

struct trial {
	bool pending;
	uint64_t left;  /* nanoseconds until it goes back */
	bool went_back; /* the last change was on trial, and was not confirmed */
	uint64_t ago;   /* nanoseconds */
};
int trial_ask(struct trial *out, const struct instance *instance);

/* Nanoseconds as whole seconds, rounded up. */
static inline unsigned long long seconds_up(uint64_t nanoseconds)
{
	return (nanoseconds + 999999999) / 1000000000;
}

/* Prepares for a trial of so many seconds: from here on what is attached is taken back. */
int trial_arm(const struct instance *instance, uint32_t seconds, const struct interface *interfaces,
	      size_t count);
/* Nothing went live: as before trial_arm(). */
void trial_disarm(const struct instance *instance);
/* The policy is live: its time begins.  Where `leaving`, other devices than these go with it. */
int trial_begin(const struct instance *instance, uint32_t seconds,
		const struct interface *interfaces, size_t count, bool leaving);

/* Keeps what is on trial. */
int trial_keep(const struct instance *instance);
/* Goes back now. */
int trial_go_back(const struct instance *instance);
/* Is its time over, and something left to be tidied up? */
bool trial_is_unsettled(const struct instance *instance);
/* Tidies up after a trial whose time is over; else does nothing. */
int trial_settle(const struct instance *instance);
/* The instance is about to be unloaded: its guardian may leave. */
void trial_forget(const struct instance *instance);

/* A process of its own that settles the pending trial when its time comes. */
int guardian_start(const struct instance *instance);

#endif
