/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Would entries that a set is about to get or lose in place lock their operator out? */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/lockout.h"

static bool holds(const struct prefix *prefix, const union tw_addr *addr)
{
	for (unsigned int bit = 0; bit < prefix->bits; bit++)
		if ((prefix->addr.bytes[bit / 8] ^ addr->bytes[bit / 8]) & 0x80 >> bit % 8)
			return false;
	/* ::/0 and such hold no IPv4 address */
	return addr_is_ipv4(&prefix->addr) == addr_is_ipv4(addr);
}

static bool concerns(const struct ssh_connection *ssh, const struct prefix *items, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (holds(&items[i], &ssh->client) || holds(&items[i], &ssh->server))
			return true;
	return false;
}

static int add_entries(struct set *set, const struct prefix *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct prefix *place = config_push(&set->items, &set->count, sizeof(*place));

		if (!place)
			return -ENOMEM;
		*place = items[i];
	}
	prefixes_merge(set->items, &set->count);
	return 0;
}

static bool is_same(const struct prefix *one, const struct prefix *other)
{
	return one->bits == other->bits && !memcmp(&one->addr, &other->addr, sizeof(one->addr));
}

static void delete_entries(struct set *set, const struct prefix *items, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < set->count; i++) {
		bool goes = false;

		for (size_t j = 0; !goes && j < count; j++)
			goes = is_same(&set->items[i], &items[j]);
		if (!goes)
			set->items[kept++] = set->items[i];
	}
	set->count = kept;
}

/* The running configuration with the set as it would be, as a policy that nothing uses. */
static int prepare_edited(const struct edit *edit, struct running *running, struct set *set,
			  uint32_t *slot)
{
	struct compiled compiled = {0};
	int result;

	set->index = TW_NONE32; /* a place of its own */
	result = compile_or_complain(&compiled, running->config, running->image, &edit->facts);
	if (!result)
		result = policy_prepare(&edit->instance, &compiled, slot);
	compiled_free(&compiled);
	return result;
}

static int check_edited(const struct edit *edit, struct running *running, const char *name,
			enum set_edit kind, const struct prefix *items, size_t count)
{
	struct set *set = config_set(running->config, name);
	int result = set ? running_read_sets(running, &edit->instance) : 0;
	uint32_t slot;

	if (result || !set)
		return result; /* a set that is not there is refused later */
	if (kind == SET_ADD)
		result = add_entries(set, items, count);
	else
		delete_entries(set, items, count);
	if (!result)
		result = prepare_edited(edit, running, set, &slot);
	if (result)
		return result;
	result = lockout_check(edit, running->config, slot);
	policy_release(&edit->instance);
	return result;
}

int lockout_check_set(const struct edit *edit, const char *name, enum set_edit kind,
		      const struct prefix *items, size_t count)
{
	const char *text = getenv("SSH_CONNECTION");
	struct running running;
	struct ssh_connection ssh;
	int result;

	if (!text || !ssh_connection_parse(&ssh, text) || !concerns(&ssh, items, count))
		return 0;
	result = running_read(&running, &edit->instance);
	if (result)
		return result;
	result = check_edited(edit, &running, name, kind, items, count);
	running_free(&running);
	return result;
}
