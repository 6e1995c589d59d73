/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "kernel/trial.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "kernel/image.h"
#include "kernel/neighbours.h"

#define NANOSECONDS 1000000000ull

/* -- time ---------------------------------------------------------------------------------- */

/* By how much this process's time namespace shifts the clock. */
static int64_t clock_shift(void)
{
	FILE *file = fopen("/proc/self/timens_offsets", "re");
	long long seconds, nanoseconds;
	int64_t shift = 0;
	char name[32];

	if (!file)
		return 0;
	while (fscanf(file, "%31s %lld %lld", name, &seconds, &nanoseconds) == 3)
		if (!strcmp(name, "monotonic"))
			shift = seconds * (int64_t)NANOSECONDS + nanoseconds;
	fclose(file);
	return shift;
}

uint64_t monotonic_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NANOSECONDS + (uint64_t)now.tv_nsec - (uint64_t)clock_shift();
}

/* -- questions ------------------------------------------------------------------------------ */

static uint64_t revert_time(const struct tw_control *control)
{
	return __atomic_load_n(&control->revert_at, __ATOMIC_ACQUIRE);
}

static bool is_over(uint64_t revert_at)
{
	return revert_at && revert_at != TW_TRIAL_KEPT && monotonic_now() >= revert_at;
}

uint32_t control_slot(const struct tw_control *control)
{
	uint64_t revert_at = revert_time(control);

	return __atomic_load_n(is_over(revert_at) ? &control->previous : &control->live,
			       __ATOMIC_ACQUIRE);
}

int live_slots(const struct instance *instance, uint32_t slots[2])
{
	struct tw_control *control = control_map(instance);
	int count = 1;

	if (!control)
		return -errno;
	slots[0] = control_slot(control);
	slots[1] = control->previous;
	if (revert_time(control) && slots[1] != slots[0])
		count = 2;
	control_unmap(control);
	return count;
}

int lasting_slot(const struct instance *instance, uint32_t *slot)
{
	struct tw_control *control = control_map(instance);
	uint64_t revert_at;

	if (!control)
		return -errno;
	revert_at = revert_time(control);
	*slot = revert_at && revert_at != TW_TRIAL_KEPT ? control->previous : control->live;
	control_unmap(control);
	return 0;
}

int trial_ask(struct trial *out, const struct instance *instance)
{
	struct tw_control *control = control_map(instance);
	uint64_t now = monotonic_now(), revert_at, reverted_at;

	memset(out, 0, sizeof(*out));
	if (!control)
		return -errno;
	revert_at = revert_time(control);
	reverted_at = is_over(revert_at) ? revert_at : control->reverted_at;
	out->pending = revert_at && revert_at != TW_TRIAL_KEPT && now < revert_at;
	if (out->pending)
		out->left = revert_at - now;
	else if (reverted_at)
		*out = (struct trial){.went_back = true, .ago = now - reverted_at};
	control_unmap(control);
	return 0;
}

/* -- marks: devices that one of the two policies leaves alone -------------------------------- */

static void clear_marks(const struct instance *instance)
{
	uint32_t key;

	while (!bpf_map_get_next_key(instance->maps[MAP_trial_devices], NULL, &key))
		if (bpf_map_delete_elem(instance->maps[MAP_trial_devices], &key))
			break;
}

static int mark(const struct instance *instance, uint32_t ifindex, uint32_t value)
{
	return bpf_map_update_elem(instance->maps[MAP_trial_devices], &ifindex, &value, BPF_ANY)
		       ? -errno
		       : 0;
}

static bool is_named(const struct interface *interfaces, size_t count, const char *device)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(interfaces[i].name, device))
			return true;
	return false;
}

static int mark_new(const struct instance *instance, const struct interface *interfaces,
		    size_t count)
{
	struct attachment *attachments;
	size_t attached;
	int result = instance_attachments(instance, &attachments, &attached);

	for (size_t i = 0; !result && i < count; i++) {
		uint32_t ifindex = if_nametoindex(interfaces[i].name);

		if (ifindex && !attachments_hold(attachments, attached, ifindex))
			result = mark(instance, ifindex, TW_TRIAL_ATTACHED);
	}
	free(attachments);
	return result;
}

static int mark_leaving(const struct instance *instance, const struct interface *interfaces,
			size_t count)
{
	struct attachment *attachments;
	size_t attached;
	int result = instance_attachments(instance, &attachments, &attached);

	for (size_t i = 0; !result && i < attached; i++)
		if (attachments[i].ifindex && !is_named(interfaces, count, attachments[i].device))
			result = mark(instance, attachments[i].ifindex, TW_TRIAL_LEAVING);
	free(attachments);
	return result;
}

static int detach_marked(const struct instance *instance, uint32_t which)
{
	struct attachment *attachments;
	size_t count;
	int result = instance_attachments(instance, &attachments, &count);

	for (size_t i = 0; !result && i < count; i++) {
		uint32_t value = 0;

		if (attachments[i].ifindex &&
		    !bpf_map_lookup_elem(instance->maps[MAP_trial_devices], &attachments[i].ifindex,
					 &value) &&
		    value == which)
			result = device_detach(instance, &attachments[i]);
	}
	free(attachments);
	return result;
}

/* -- the beginning ---------------------------------------------------------------------------- */

static int cannot(const char *what, int error)
{
	complain("cannot %s: %s", what, strerror(-error));
	return error;
}

int trial_arm(const struct instance *instance, uint32_t seconds, const struct interface *interfaces,
	      size_t count)
{
	struct tw_control *control = control_map(instance);
	int result;

	if (!control)
		return cannot("begin the trial", -errno);
	clear_marks(instance);
	control->previous = control->live;
	__atomic_store_n(&control->revert_at, monotonic_now() + seconds * NANOSECONDS,
			 __ATOMIC_RELEASE);
	result = mark_new(instance, interfaces, count);
	if (result) {
		cannot("begin the trial", result);
		trial_disarm(instance);
	}
	control_unmap(control);
	return result;
}

void trial_disarm(const struct instance *instance)
{
	struct tw_control *control = control_map(instance);

	if (!control)
		return;
	__atomic_store_n(&control->revert_at, 0, __ATOMIC_RELEASE);
	control_unmap(control);
	clear_marks(instance);
}

int trial_begin(const struct instance *instance, uint32_t seconds,
		const struct interface *interfaces, size_t count, bool leaving)
{
	struct tw_control *control = control_map(instance);
	int result;

	if (!control)
		return -errno;
	__atomic_store_n(&control->revert_at, monotonic_now() + seconds * NANOSECONDS,
			 __ATOMIC_RELEASE);
	control_unmap(control);
	result = leaving ? mark_leaving(instance, interfaces, count) : 0;
	if (result)
		cannot("note which devices leave", result);
	return result;
}

/* -- the end ------------------------------------------------------------------------------------ */

static struct config *config_in(const struct instance *instance, uint32_t slot)
{
	struct diagnostic ignored = {0};
	struct config *config = NULL;
	struct image image;

	if (image_open_slot(&image, instance, slot))
		return NULL;
	config = image_config(&image, &ignored);
	diagnostic_free(&ignored);
	image_close(&image);
	return config;
}

/* Redirect targets and neighbours are those of the policy that stays. */
static void follow(const struct instance *instance, uint32_t lost, uint32_t stays)
{
	struct config *before = config_in(instance, lost), *now = config_in(instance, stays);
	struct node_facts facts;

	if (now && !node_facts_read(&facts)) {
		devices_refresh(instance, now, NULL, &facts);
		node_facts_free(&facts);
	}
	if (now)
		neighbours_follow(before, now);
	config_free(before);
	config_free(now);
}

/*
 * revert_at is cleared last: until then the data path knows which devices it leaves
 * alone, and whoever comes next knows that this is not finished.
 */
static int finish(const struct instance *instance, struct tw_control *control)
{
	uint64_t revert_at = revert_time(control);
	uint32_t tried = control->live, before = control->previous;
	bool kept = revert_at == TW_TRIAL_KEPT;
	int result;

	if (!kept)
		__atomic_store_n(&control->live, before, __ATOMIC_RELEASE);
	result = detach_marked(instance, kept ? TW_TRIAL_LEAVING : TW_TRIAL_ATTACHED);
	if (result)
		return result;
	if (kept)
		follow(instance, before, tried);
	else
		follow(instance, tried, before);
	if (!kept)
		control->reverted_at = revert_at;
	__atomic_store_n(&control->revert_at, 0, __ATOMIC_RELEASE);
	clear_marks(instance);
	policy_release(instance);
	return 0;
}

static int end(const struct instance *instance, uint64_t revert_at)
{
	struct tw_control *control = control_map(instance);
	int result;

	if (!control)
		return cannot("end the trial", -errno);
	__atomic_store_n(&control->revert_at, revert_at, __ATOMIC_RELEASE);
	result = finish(instance, control);
	control_unmap(control);
	return result;
}

int trial_keep(const struct instance *instance)
{
	return end(instance, TW_TRIAL_KEPT);
}

int trial_go_back(const struct instance *instance)
{
	return end(instance, monotonic_now());
}

bool trial_is_unsettled(const struct instance *instance)
{
	struct tw_control *control = control_map(instance);
	uint64_t revert_at = control ? revert_time(control) : 0;

	control_unmap(control);
	return revert_at == TW_TRIAL_KEPT || is_over(revert_at);
}

int trial_settle(const struct instance *instance)
{
	struct tw_control *control = control_map(instance);
	uint64_t revert_at;
	int result = 0;

	if (!control)
		return cannot("read which policy is live", -errno);
	revert_at = revert_time(control);
	if (revert_at == TW_TRIAL_KEPT || is_over(revert_at))
		result = finish(instance, control);
	control_unmap(control);
	return result;
}

void trial_forget(const struct instance *instance)
{
	struct tw_control *control = control_map(instance);

	if (control)
		__atomic_store_n(&control->revert_at, 0, __ATOMIC_RELEASE);
	control_unmap(control);
}
