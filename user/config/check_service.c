/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The meaning of services: each by itself, and that no two listen on the same ports. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "config/check.h"
#include "tierwall/packet.h"

#define POOL_MAX   64
#define RANGES_MAX 64 /* of ports that a service listens on */

static int check_forward(const struct config *source, const struct service *service,
			 struct diagnostic *diagnostic)
{
	if (service->port && service->forward != TW_FORWARD_NAT &&
	    service->forward != TW_FORWARD_FULL_NAT)
		return config_mistake(
			source, service->port_at, diagnostic,
			"`port` does not go with `forward %s`, which leaves the ports "
			"as they are: remove it, or write `forward nat`",
			forward_name(service->forward));
	return 0;
}

static bool pool_has_family(const struct service *service, bool ipv4)
{
	for (size_t i = 0; i < service->pool_count; i++)
		if (addr_is_ipv4(&service->pool[i]) == ipv4)
			return true;
	return false;
}

static int check_pool(const struct config *source, const struct service *service,
		      struct diagnostic *diagnostic)
{
	if (!service->pool_count)
		return 0;
	if (service->forward != TW_FORWARD_FULL_NAT)
		return config_mistake(source, service->pool_at, diagnostic,
				      "`pool` goes with `forward full-nat` alone: remove it, or "
				      "write that");
	if (service->pool_count > POOL_MAX)
		return config_mistake(source, service->pool_at, diagnostic,
				      "a pool has at most %u addresses", POOL_MAX);
	for (size_t i = 0; i < service->pool_count; i++)
		for (size_t j = 0; j < i; j++)
			if (tw_addr_equal(&service->pool[i], &service->pool[j]))
				return config_mistake(source, service->pool_at, diagnostic,
						      "this pool has an address twice");
	for (size_t i = 0; i < service->listen_count; i++) {
		bool ipv4 = addr_is_ipv4(&service->listens[i].addr);

		if (!pool_has_family(service, ipv4))
			return config_mistake(source, service->pool_at, diagnostic,
					      "the service listens on %s, but its pool has no "
					      "address of that family",
					      ipv4 ? "IPv4" : "IPv6");
	}
	return 0;
}

static int check_listens(const struct config *source, const struct service *service,
			 struct diagnostic *diagnostic)
{
	size_t ranges = 0;

	for (size_t i = 0; i < service->listen_count; i++) {
		const struct listen *listen = &service->listens[i];

		ranges += listen->ports.count;
		if (ranges > RANGES_MAX)
			return config_mistake(source, listen->at, diagnostic,
					      "a service listens on at most %u ports and ranges of "
					      "ports: make a second service for the others",
					      RANGES_MAX);
		switch (listen->protocol) {
		case IPPROTO_TCP:
		case IPPROTO_UDP:
			continue;
		case IPPROTO_SCTP:
			if (service->forward == TW_FORWARD_FULL_NAT)
				return config_mistake(
					source, listen->at, diagnostic,
					"sctp does not go with `forward full-nat`, which changes "
					"ports: write `forward nat`");
			if (!service->port)
				continue;
			return config_mistake(
				source, service->port_at, diagnostic,
				"`port` does not go with sctp, whose ports stay as they "
				"are: remove it, or make a service of its own for sctp");
		}
		return config_mistake(source, listen->at, diagnostic,
				      "a service listens on tcp, udp or sctp");
	}
	return 0;
}

static int check_hash(const struct config *source, const struct service *service,
		      struct diagnostic *diagnostic)
{
	if (service->affinity && service->hash_off)
		return config_mistake(source, service->hash_at, diagnostic,
				      "`affinity source` hashes nothing but the source already: "
				      "remove `hash`, or the affinity");
	if (service->hash_off == TW_HASH_FIELDS)
		return config_mistake(source, service->hash_at, diagnostic,
				      "nothing is left to hash, and one server would get all "
				      "flows: leave something on");
	return 0;
}

static int check_mss(const struct config *source, const struct service *service,
		     struct diagnostic *diagnostic)
{
	if (!service->mss)
		return 0;
	for (size_t i = 0; i < service->listen_count; i++)
		if (service->listens[i].protocol == IPPROTO_TCP)
			return 0;
	return config_mistake(source, service->mss_at, diagnostic,
			      "`mss` is about tcp, on which this service does not listen");
}

int service_check(const struct config *source, const struct service *service,
		  struct diagnostic *diagnostic)
{
	int result;

	if (!service->listen_count)
		return config_mistake(source, service->at, diagnostic,
				      "service `%s` listens nowhere: it needs a line such as "
				      "`listen 203.0.113.10 tcp port 443`",
				      service->name);
	if (!service->tier[0])
		return config_mistake(
			source, service->at, diagnostic,
			"service `%s` has no tier: it needs a line such as `tier web`",
			service->name);
	result = check_forward(source, service, diagnostic);
	if (!result)
		result = check_pool(source, service, diagnostic);
	if (!result)
		result = check_listens(source, service, diagnostic);
	if (!result)
		result = check_hash(source, service, diagnostic);
	if (!result)
		result = check_mss(source, service, diagnostic);
	return result ? result : addresses_check(source, &service->from, diagnostic);
}

/* -- between services -------------------------------------------------------------- */

struct port_use { /* of an address */
	const struct listen *listen;
	const struct service *service;
	struct port_range range;
	size_t number; /* in the order of the configuration */
};

static int compare_listens(const struct port_use *a, const struct port_use *b)
{
	int order = memcmp(&a->listen->addr, &b->listen->addr, sizeof(a->listen->addr));

	return order ? order : a->listen->protocol - b->listen->protocol;
}

static int compare_uses(const void *left, const void *right)
{
	const struct port_use *a = left, *b = right;
	int order = compare_listens(a, b);

	if (!order)
		order = a->range.low - b->range.low;
	return order ? order : a->number < b->number ? -1 : a->number > b->number;
}

static size_t collect_uses(const struct config *config, struct port_use *uses)
{
	size_t count = 0;

	for (size_t i = 0; i < config->service_count; i++) {
		const struct service *service = &config->services[i];

		for (size_t j = 0; j < service->listen_count; j++) {
			const struct listen *listen = &service->listens[j];

			for (size_t k = 0; k < listen->ports.count; k++, count++)
				if (uses)
					uses[count] = (struct port_use){
						listen, service, listen->ports.items[k], count};
		}
	}
	return count;
}

static int used_twice(const struct config *config, const struct port_use *a,
		      const struct port_use *b, struct diagnostic *diagnostic)
{
	const struct port_use *first = a->number < b->number ? a : b;
	const struct port_use *second = first == a ? b : a;
	uint16_t low = a->range.low > b->range.low ? a->range.low : b->range.low;
	char line[LINE_TEXT];

	return config_mistake(config, second->listen->at, diagnostic,
			      "service `%s` listens on %s port %u of this address already%s",
			      first->service->name, protocol_name(first->listen->protocol), low,
			      check_line(config, first->listen->at, line));
}

int check_overlaps(const struct config *config, struct diagnostic *diagnostic)
{
	size_t count = collect_uses(config, NULL), widest = 0;
	struct port_use *uses;
	int result = 0;

	if (!count)
		return 0;
	uses = calloc(count, sizeof(*uses));
	if (!uses)
		return -ENOMEM;
	collect_uses(config, uses);
	qsort(uses, count, sizeof(*uses), compare_uses);
	/* `widest` is the use before this one that reaches furthest. */
	for (size_t i = 1; i < count && !result; i++) {
		if (compare_listens(&uses[widest], &uses[i])) {
			widest = i;
			continue;
		}
		if (uses[i].range.low <= uses[widest].range.high)
			result = used_twice(config, &uses[widest], &uses[i], diagnostic);
		else
			widest = i;
	}
	free(uses);
	return result;
}
