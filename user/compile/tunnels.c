/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tunnels: from which address they lead to servers, and whose are opened at this node. */
#include <arpa/inet.h>
#include <string.h>

#include "compile/classifier.h"

/* -- whose are opened --------------------------------------------------------------- */

static int build_decap(struct build *build, enum tw_tunnel form)
{
	struct rows rows = {0};
	struct list_bound bound;
	int result = 0;

	for (size_t i = 0; !result && i < build->config->decap_count; i++) {
		const struct decap *decap = &build->config->decaps[i];
		struct rule rule = {.action = TW_ACCEPT, .from = decap->from, .at = decap->at};

		if (decap->forms[form])
			result = rows_add_rule(&rows, build, &rule, (uint32_t)i);
	}
	if (!result && rows.count)
		result = classifier_build(&build->out->arena, &rows, build->header.decap[form],
					  &bound);
	rows_free(&rows);
	return result;
}

int build_tunnels(struct build *build)
{
	const struct tunnel *tunnel = &build->config->tunnel;
	struct tw_policy *header = &build->header;
	int result = 0;

	header->gue_port = tunnel->port ? tunnel->port : TW_GUE_PORT;
	for (int family = 0; family < 2; family++) {
		const struct prefix *source = &tunnel->source[family];
		uint32_t open = addr_is_zero(&source->addr) ? 0 : 128u - source->bits;

		header->spread[family] = (__force __be32)htonl((uint32_t)((1ull << open) - 1));
	}
	for (int form = 0; !result && form < TW_TUNNELS; form++)
		result = build_decap(build, form);
	return result;
}

/* -- from where they lead ------------------------------------------------------------- */

/* Bits that two addresses have in common from the first on. */
static unsigned int common_bits(const union tw_addr *a, const union tw_addr *b)
{
	for (unsigned int i = 0; i < sizeof(a->bytes); i++) {
		unsigned int differing = (unsigned int)a->bytes[i] ^ b->bytes[i];

		if (differing)
			return 8 * i + (unsigned int)__builtin_clz(differing) - 24;
	}
	return 128;
}

/* Neither of this host alone, nor of one link alone. */
static bool is_of_network(const union tw_addr *addr)
{
	if (addr_is_ipv4(addr))
		return addr->bytes[12] != 127 &&
		       !(addr->bytes[12] == 169 && addr->bytes[13] == 254);
	return !(addr->bytes[0] == 0xfe && (addr->bytes[1] & 0xc0) == 0x80) &&
	       (addr->halves[0] || addr->words[2] || addr->words[3] != htonl(1));
}

static bool is_of_service(const struct config *config, const union tw_addr *addr)
{
	for (size_t i = 0; i < config->service_count; i++)
		for (size_t j = 0; j < config->services[i].listen_count; j++)
			if (!memcmp(&config->services[i].listens[j].addr, addr, sizeof(*addr)))
				return true;
	return false;
}

/*
 * The node's own address in the server's network, else its first one of that family.
 * NULL: it has none.  A service's is no source: its answers are for servers.
 */
static const union tw_addr *own_source(const struct build *build, const union tw_addr *server)
{
	const struct node_facts *facts = build->facts;
	const union tw_addr *best = NULL;
	unsigned int longest = 0;

	for (size_t i = 0; i < facts->address_count; i++) {
		const union tw_addr *addr = &facts->addresses[i];
		unsigned int bits = facts->address_bits ? facts->address_bits[i] : 128;

		if (addr_is_ipv4(addr) != addr_is_ipv4(server) || !is_of_network(addr) ||
		    is_of_service(build->config, addr))
			continue;
		if (common_bits(addr, server) < bits)
			bits = 0;
		if (!best || bits > longest) {
			best = addr;
			longest = bits;
		}
	}
	return best;
}

int build_server_source(struct build *build, const struct service *service,
			struct tw_server *server, const struct server *said)
{
	for (int family = 0; family < 2; family++) {
		const struct prefix *source = &build->config->tunnel.source[family];
		const union tw_addr *from = &source->addr;

		if (addr_is_zero(&said->addr[family]))
			continue;
		if (addr_is_zero(from))
			from = own_source(build, &said->addr[family]);
		if (!from)
			return config_mistake(build->config, service->forward_at, build->diagnostic,
					      "this node has no IPv%c address from which `forward "
					      "%s` could reach server `%s`: write one as `tunnel { "
					      "source ADDRESS }`",
					      family ? '6' : '4', forward_name(service->forward),
					      said->name);
		server->source[family] = *from;
	}
	return 0;
}
