/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Model to text: rules, addresses and the words for numbers. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "config/names.h"
#include "config/print.h"

const char *action_name(uint8_t action)
{
	static const char *const names[] = {"accept", "drop", "reject"};

	return names[action];
}

const char *protocol_name(uint8_t protocol)
{
	static char number[4];

	switch (protocol) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_ICMP:
		return "icmp";
	case IPPROTO_ICMPV6:
		return "icmp6";
	case IPPROTO_SCTP:
		return "sctp";
	}
	snprintf(number, sizeof(number), "%u", protocol);
	return number;
}

void address_print(FILE *out, const union tw_addr *addr)
{
	char text[INET6_ADDRSTRLEN];

	if (addr_is_ipv4(addr))
		inet_ntop(AF_INET, &addr->words[3], text, sizeof(text));
	else
		inet_ntop(AF_INET6, addr, text, sizeof(text));
	fputs(text, out);
}

void prefix_print(FILE *out, const struct prefix *prefix)
{
	address_print(out, &prefix->addr);
	if (prefix->bits < 128)
		fprintf(out, "/%u", prefix_is_ipv4(prefix) ? prefix->bits - 96u : prefix->bits);
}

static void print_item(FILE *out, const struct address_item *item)
{
	if (item->kind == ADDRESS_SET)
		fprintf(out, "@%s", item->set);
	else
		prefix_print(out, &item->prefix);
}

void print_addresses(FILE *out, const struct addresses *addresses)
{
	if (addresses->negated)
		fputs("not ", out);
	if (addresses->count == 1) {
		print_item(out, &addresses->items[0]);
		return;
	}
	for (size_t i = 0; i < addresses->count; i++) {
		fputs(i ? ", " : "{ ", out);
		print_item(out, &addresses->items[i]);
	}
	fputs(addresses->count ? " }" : "any", out);
}

static void print_range(FILE *out, uint16_t low, uint16_t high)
{
	fprintf(out, "%u", low);
	if (high != low)
		fprintf(out, "-%u", high);
}

void print_ports(FILE *out, const struct ports *ports, const char *separator)
{
	for (size_t i = 0; i < ports->count; i++) {
		fputs(i ? separator : "", out);
		if (!ports->items[i].low) /* a listen's alone: ports in words begin with 1 */
			fputs("any", out);
		else
			print_range(out, ports->items[i].low, ports->items[i].high);
	}
}

static void print_rule_ports(FILE *out, const struct ports *ports)
{
	if (!ports->count)
		return;
	fputs(ports->count > 1 ? " port { " : " port ", out);
	print_ports(out, ports, ", ");
	fputs(ports->count > 1 ? " }" : "", out);
}

void print_device(FILE *out, const char *name)
{
	bool quoted = name[strcspn(name, "{};,#\"")];

	if (!quoted) {
		fputs(name, out);
		return;
	}
	fputc('"', out);
	for (; *name; name++)
		fprintf(out, "%s%c", *name == '"' || *name == '\\' ? "\\" : "", *name);
	fputc('"', out);
}

static void print_flag_list(FILE *out, uint8_t flags, const char *before, bool *first)
{
	for (const struct name *flag = tcp_flags; flag->name; flag++)
		if (flags & flag->number) {
			fprintf(out, "%s%s%s", *first ? "" : ",", before, flag->name);
			*first = false;
		}
}

/* The shorter of `syn,!ack` and `syn/fin,syn,rst,ack`; the latter needs a flag that is set. */
static void print_flags(FILE *out, uint8_t mask, uint8_t flags)
{
	uint8_t unset = mask & (uint8_t)~flags;
	bool first = true, masked = flags && unset & (unset - 1);

	fputs(" flags ", out);
	print_flag_list(out, flags, "", &first);
	if (masked) {
		fputc('/', out);
		first = true;
	}
	print_flag_list(out, masked ? mask : unset, masked ? "" : "!", &first);
}

static void print_type(FILE *out, const struct rule *rule)
{
	const char *type = name_of(icmp_types(rule->protocol), rule->type);

	if (type)
		fprintf(out, " type %s", type);
	else
		fprintf(out, " type %u", rule->type);
	if (rule->fields & RULE_CODE)
		fprintf(out, " code %u", rule->code);
}

static void print_limit(FILE *out, const struct limit *limit)
{
	fprintf(out, " limit %s%u/%c", limit->over ? "over " : "", limit->rate, limit->unit);
	if (limit->burst)
		fprintf(out, " burst %u", limit->burst);
	if (limit->per_source)
		fputs(" per source", out);
	if (limit->source_bits)
		fprintf(out, "/%u", limit->source_bits);
}

static void print_matches(FILE *out, const struct rule *rule)
{
	if (rule->fields & RULE_FLAGS)
		print_flags(out, rule->flags_mask, rule->flags);
	if (rule->fields & RULE_TYPE)
		print_type(out, rule);
	if (rule->fields & RULE_STATE)
		fprintf(out, " state %s", rule->state == TW_STATE_NEW ? "new" : "established");
	if (rule->fields & RULE_LENGTH) {
		fputs(" length ", out);
		print_range(out, rule->length[0], rule->length[1]);
	}
	if (rule->fields & RULE_TTL) {
		fputs(" ttl ", out);
		print_range(out, rule->ttl[0], rule->ttl[1]);
	}
	if (rule->fields & RULE_DSCP)
		fprintf(out, " dscp %u", rule->dscp);
	if (rule->fields & RULE_FRAGMENT)
		fputs(" fragment", out);
	if (rule->fields & RULE_DEVICE) {
		fputs(" in ", out);
		print_device(out, rule->device);
	}
	if (rule->fields & RULE_LIMIT)
		print_limit(out, &rule->limit);
}

void rule_print(FILE *out, const struct rule *rule)
{
	fputs(action_name(rule->action), out);
	if (rule->fields & RULE_LOG)
		fputs(" log", out);
	if (rule->fields & RULE_PROTOCOL)
		fprintf(out, " %s", protocol_name(rule->protocol));
	if (rule->from.count || rule->from_ports.count) {
		fputs(" from ", out);
		print_addresses(out, &rule->from);
		print_rule_ports(out, &rule->from_ports);
	}
	if (rule->to.count || rule->to_ports.count) {
		fputs(" to", out);
		if (rule->to.count) {
			fputc(' ', out);
			print_addresses(out, &rule->to);
		}
		print_rule_ports(out, &rule->to_ports);
	}
	print_matches(out, rule);
}

char *rule_text(const struct rule *rule)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return NULL;
	rule_print(out, rule);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}
