/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How a compiled configuration becomes live.  The policy is made aside; is it one that
 * would lock its operator out?  Devices are attached under the policy that is running,
 * then one store makes the new one live, then devices that leave are detached: on trial,
 * once it is confirmed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/edit.h"
#include "cli/lockout.h"
#include "kernel/image.h"
#include "kernel/neighbours.h"
#include "kernel/trial.h"

int edit_refuse_on_trial(const struct edit *edit)
{
	struct trial trial;
	int result = trial_ask(&trial, &edit->instance);

	if (result) {
		complain("cannot read which policy is live: %s", strerror(-result));
		return result;
	}
	if (!trial.pending)
		return 0;
	complain("a change is on trial and goes back in %llu s: `tierwall confirm` keeps it, "
		 "`tierwall confirm --back` goes back now; then try again",
		 seconds_up(trial.left));
	return MISTAKE;
}

/* -- devices ----------------------------------------------------------------------------------- */

static bool is_named(const struct config *config, const char *device)
{
	for (size_t i = 0; i < config->interface_count; i++)
		if (!strcmp(config->interfaces[i].name, device))
			return true;
	return false;
}

static int detach_others(const struct instance *instance, const struct config *config)
{
	struct attachment *attachments;
	size_t count;
	int result = instance_attachments(instance, &attachments, &count);

	for (size_t i = 0; !result && i < count; i++)
		if (!is_named(config, attachments[i].device))
			result = device_detach(instance, &attachments[i]);
	free(attachments);
	return result;
}

/* -- live ---------------------------------------------------------------------------------------- */

/* Attaches what is new and makes the policy live: both or neither. */
static int attach_and_store(struct edit *edit, const struct config *config,
			    const struct config *before, uint32_t slot)
{
	int result =
		devices_attach(&edit->instance, edit->attach, edit->attach_count, edit->attached);

	if (result)
		return result;
	/* a device that the new policy names must be known before a packet is sent to it */
	result =
		devices_refresh(&edit->instance, config, edit->trial ? before : NULL, &edit->facts);
	if (!result)
		result = policy_publish(&edit->instance, slot);
	if (result)
		devices_take_back(&edit->instance, edit->attach, edit->attach_count,
				  edit->attached);
	return result;
}

static int make_live(struct edit *edit, const struct config *config, const struct config *before,
		     uint32_t slot)
{
	int result = attach_and_store(edit, config, before, slot);

	if (result)
		return result;
	neighbours_follow(before, config);
	return edit->detach_others ? detach_others(&edit->instance, config) : 0;
}

static int put_on_trial(struct edit *edit, const struct config *config, const struct config *before,
			uint32_t slot)
{
	int result = trial_arm(&edit->instance, edit->trial, edit->attach, edit->attach_count);

	if (result)
		return result;
	result = attach_and_store(edit, config, before, slot);
	if (result) {
		trial_disarm(&edit->instance);
		return result;
	}
	neighbours_follow(NULL, config); /* those of the policy before are still wanted */
	result = trial_begin(&edit->instance, edit->trial, config->interfaces,
			     config->interface_count, edit->detach_others);
	if (!result)
		result = guardian_start(&edit->instance);
	if (result) {
		complain("cannot watch over the trial: %s; going back", strerror(-result));
		trial_go_back(&edit->instance);
	}
	return result;
}

int edit_publish(struct edit *edit, const struct config *config, const struct compiled *compiled)
{
	struct diagnostic ignored = {0};
	struct config *before;
	uint32_t slot;
	int result = edit_refuse_on_trial(edit);

	if (!result)
		result = policy_prepare(&edit->instance, compiled, &slot);
	if (result)
		return result;
	/* where edit->running.config is edited, the image is what was live */
	before =
		edit->replaces ? edit->running.config : image_outline(edit->running.live, &ignored);
	result = lockout_check(edit, config, slot);
	if (!result && edit->trial)
		result = put_on_trial(edit, config, before, slot);
	else if (!result)
		result = make_live(edit, config, before, slot);
	if (result)
		policy_release(&edit->instance); /* where it did not become live */
	if (!edit->replaces)
		config_free(before);
	diagnostic_free(&ignored);
	return result;
}
