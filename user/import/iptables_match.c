/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The options of iptables' matches. */
#include "import/iptables.h"

static void and_spans(struct iptables *tables, enum field field, const struct spans *spans)
{
	if (tables->negated)
		spans = spans_not(tables->import, field, spans);
	rule_and_field(tables->import, tables->rule, field, spans);
}

static void and_span(struct iptables *tables, enum field field, wide low, wide high)
{
	and_spans(tables, field, spans_of(tables->import, low, high));
}

/* -- addresses, devices, protocols -------------------------------------------------------- */

static const char *addresses(struct iptables *tables, enum field field)
{
	struct text rest = iptables_next(tables);
	struct span_list list = {};

	while (rest.start) {
		struct span span;

		if (!read_addresses(split(&rest, ','), tables->family, &span))
			return "this address, or its mask with holes, is not understood";
		span_push(tables->import, &list, span.low, span.high);
	}
	and_spans(tables, field, spans_make(tables->import, &list));
	return NULL;
}

static const char *device(struct iptables *tables)
{
	struct text name = iptables_next(tables);
	size_t index;

	if (!name.length || name.start[name.length - 1] == '+' ||
	    !import_device_named(tables->import, name, &index))
		return "`in` takes the name of one device";
	and_span(tables, FIELD_DEVICE, index, index);
	return NULL;
}

static const char *protocol(struct iptables *tables)
{
	struct text name = iptables_next(tables);
	wide number;

	if (text_is(name, "all"))
		return tables->negated ? "no packet has no protocol" : NULL;
	if (!read_named(name, protocol_words, UINT8_MAX, &number))
		return "this protocol is not known";
	if (!number)
		return tables->negated ? "no packet has no protocol" : NULL;
	and_span(tables, FIELD_PROTOCOL, number, number);
	return NULL;
}

static const char *cast(struct iptables *tables)
{
	wide number;

	if (!read_named(iptables_next(tables), cast_words, 0, &number))
		return "tierwall does not ask what kind of address this is";
	and_span(tables, FIELD_CAST, number, number);
	return NULL;
}

static const char *fragment(struct iptables *tables)
{
	and_span(tables, FIELD_PART, PART_LATER, PART_LATER);
	return NULL;
}

/* -- ports --------------------------------------------------------------------------------- */

static const struct spans *read_ports(struct iptables *tables)
{
	struct text rest = iptables_next(tables);
	struct span_list list = {};

	while (rest.start) {
		struct span span;

		if (!read_range(split(&rest, ','), ':', UINT16_MAX, &span))
			return NULL;
		span_push(tables->import, &list, span.low, span.high);
	}
	return spans_make(tables->import, &list);
}

static const char *ports(struct iptables *tables, enum field field)
{
	const struct spans *spans = read_ports(tables);

	if (!spans)
		return "these ports are not understood";
	and_spans(tables, field, spans);
	return NULL;
}

/* --ports: the source's, or else the destination's. */
static const char *either_port(struct iptables *tables)
{
	const struct spans *spans = read_ports(tables);
	struct way ways[2] = {};

	if (!spans || tables->negated)
		return "these ports are not understood";
	ways[0].cube.fields[FIELD_SOURCE_PORT] = spans;
	ways[1].cube.fields[FIELD_SOURCE_PORT] =
		spans_not(tables->import, FIELD_SOURCE_PORT, spans);
	ways[1].cube.fields[FIELD_DESTINATION_PORT] = spans;
	rule_and(tables->import, tables->rule, ways, 2);
	return NULL;
}

/* -- TCP flags, types, states ---------------------------------------------------------------- */

static bool read_flag_list(struct text rest, wide *out)
{
	*out = 0;
	while (rest.start) {
		wide flag;

		if (!read_named(split(&rest, ','), flag_words, UINT8_MAX, &flag))
			return false;
		*out |= flag;
	}
	return true;
}

static void and_flags(struct iptables *tables, wide mask, wide value)
{
	struct span_list list = {};

	for (unsigned int byte = 0; byte <= UINT8_MAX; byte++)
		if ((byte & mask) == value)
			span_push(tables->import, &list, byte, byte);
	and_spans(tables, FIELD_FLAGS, spans_make(tables->import, &list));
}

static const char *tcp_flags(struct iptables *tables)
{
	wide mask, value;

	if (!read_flag_list(iptables_next(tables), &mask) ||
	    !read_flag_list(iptables_next(tables), &value))
		return "these flags are not understood";
	and_flags(tables, mask, value);
	return NULL;
}

static const char *syn(struct iptables *tables)
{
	and_flags(tables, 0x17, 0x02);
	return NULL;
}

/* TYPE or TYPE/CODE; 255 is any. */
static const char *icmp_type(struct iptables *tables, bool icmp6)
{
	struct text code = iptables_next(tables), type = split(&code, '/');
	struct way way = {};
	wide number;

	if (text_is(type, "any") || (!icmp6 && text_is(type, "255")))
		return tables->negated ? "no packet is of no type" : NULL;
	if (!read_named(type, icmp6 ? icmp6_words : icmp_words, UINT8_MAX, &number))
		return "this type is not known";
	if (!code.start) {
		and_span(tables, FIELD_TYPE, number, number);
		return NULL;
	}
	if (tables->negated)
		return "`!` with a type and a code";
	way.cube.fields[FIELD_TYPE] = spans_of(tables->import, number, number);
	if (!read_number(code, UINT8_MAX, &number))
		return "this code is not known";
	way.cube.fields[FIELD_CODE] = spans_of(tables->import, number, number);
	rule_and(tables->import, tables->rule, &way, 1);
	return NULL;
}

static const char *states(struct iptables *tables)
{
	struct text rest = iptables_next(tables);
	struct span_list list = {};

	while (rest.start) {
		wide state;

		if (!read_named(split(&rest, ','), state_words, 0, &state))
			return "tierwall knows no such state";
		span_push(tables->import, &list, state, state);
	}
	and_spans(tables, FIELD_STATE, spans_make(tables->import, &list));
	return NULL;
}

/* -- numbers ----------------------------------------------------------------------------------- */

static const char *number_range(struct iptables *tables, enum field field, char separator)
{
	struct span span;

	if (!read_range(iptables_next(tables), separator, field_max(field), &span))
		return "this number is not understood";
	and_span(tables, field, span.low, span.high);
	return NULL;
}

static const char *ttl_beyond(struct iptables *tables, bool less)
{
	wide number;

	if (!read_number(iptables_next(tables), UINT8_MAX, &number) ||
	    (less ? !number : number == UINT8_MAX))
		return "this number is not understood";
	and_span(tables, FIELD_TTL, less ? 0 : number + 1, less ? number - 1 : UINT8_MAX);
	return NULL;
}

static const char *dscp(struct iptables *tables)
{
	wide number;

	if (!read_named(iptables_next(tables), dscp_words, 63, &number))
		return "this DSCP is not known";
	and_span(tables, FIELD_DSCP, number, number);
	return NULL;
}

/* -- rates ---------------------------------------------------------------------------------------- */

static struct limit *the_limit(struct iptables *tables)
{
	if (!tables->limit) {
		tables->limit = import_alloc(tables->import, sizeof(*tables->limit));
		tables->limit->burst = 5;
	}
	return tables->limit;
}

static const char *rate(struct iptables *tables, bool per_source, bool over)
{
	struct limit *limit = the_limit(tables);

	if (limit->rate)
		return "it has several rates";
	if (tables->negated || !read_rate(iptables_next(tables), limit))
		return "tierwall's rates are of packets a second, minute or hour";
	limit->over = over;
	limit->per_source = per_source;
	tables->hashlimit |= per_source;
	return NULL;
}

static const char *burst(struct iptables *tables)
{
	wide number;

	if (!read_number(iptables_next(tables), UINT32_MAX, &number) || !number)
		return "its burst is not understood";
	the_limit(tables)->burst = (uint32_t)number;
	return NULL;
}

static const char *hashlimit_mode(struct iptables *tables)
{
	if (!text_is(iptables_next(tables), "srcip"))
		return "tierwall counts rates in all, or per source alone";
	tables->hashlimit_by_source = true;
	return NULL;
}

static const char *hashlimit_mask(struct iptables *tables)
{
	wide bits, width = tables->family == FAMILY_IPV4 ? 32 : 128;

	if (!read_number(iptables_next(tables), width, &bits) || !bits)
		return "its mask is not understood";
	the_limit(tables)->source_bits = bits == width ? 0 : (uint8_t)bits;
	return NULL;
}

/* How the hash is kept: of no account for what matches. */
static const char *skip(struct iptables *tables)
{
	iptables_next(tables);
	return NULL;
}

static const char *comment(struct iptables *tables)
{
	struct text text = iptables_next(tables);

	tables->rule->name = import_line(tables->import, text.start, text.length, 240);
	return NULL;
}

/* -- the table of them ------------------------------------------------------------------------------ */

enum option {
	SOURCE,
	DESTINATION,
	DEVICE,
	OUT_DEVICE,
	PROTOCOL,
	FRAGMENT,
	CAST,
	MODULE,
	SOURCE_PORTS,
	DESTINATION_PORTS,
	EITHER_PORTS,
	FLAGS,
	SYN,
	ICMP_TYPE,
	ICMP6_TYPE,
	STATES,
	LENGTH,
	TTL,
	TTL_LESS,
	TTL_MORE,
	DSCP,
	LAST_MATCH = DSCP,
	RATE,
	HASH_RATE,
	HASH_OVER,
	BURST,
	HASH_MODE,
	HASH_NAME,
	HASH_MASK,
	SKIP,
	COMMENT,
};

static const struct {
	const char *word;
	enum option option;
} options[] = {
	{"-s", SOURCE},
	{"-d", DESTINATION},
	{"--src-range", SOURCE},
	{"--dst-range", DESTINATION},
	{"-i", DEVICE},
	{"-o", OUT_DEVICE},
	{"-p", PROTOCOL},
	{"-f", FRAGMENT},
	{"--dst-type", CAST},
	{"-m", MODULE},
	{"--sport", SOURCE_PORTS},
	{"--sports", SOURCE_PORTS},
	{"--dport", DESTINATION_PORTS},
	{"--dports", DESTINATION_PORTS},
	{"--ports", EITHER_PORTS},
	{"--tcp-flags", FLAGS},
	{"--syn", SYN},
	{"--icmp-type", ICMP_TYPE},
	{"--icmpv6-type", ICMP6_TYPE},
	{"--ctstate", STATES},
	{"--state", STATES},
	{"--length", LENGTH},
	{"--ttl-eq", TTL},
	{"--hl-eq", TTL},
	{"--ttl-lt", TTL_LESS},
	{"--hl-lt", TTL_LESS},
	{"--ttl-gt", TTL_MORE},
	{"--hl-gt", TTL_MORE},
	{"--dscp", DSCP},
	{"--dscp-class", DSCP},
	{"--limit", RATE},
	{"--limit-burst", BURST},
	{"--hashlimit-upto", HASH_RATE},
	{"--hashlimit", HASH_RATE},
	{"--hashlimit-above", HASH_OVER},
	{"--hashlimit-burst", BURST},
	{"--hashlimit-mode", HASH_MODE},
	{"--hashlimit-srcmask", HASH_MASK},
	{"--hashlimit-name", HASH_NAME},
	{"--hashlimit-htable-size", SKIP},
	{"--hashlimit-htable-max", SKIP},
	{"--hashlimit-htable-expire", SKIP},
	{"--hashlimit-htable-gcinterval", SKIP},
	{"--comment", COMMENT},
};

static const char *do_option(struct iptables *tables, enum option option)
{
	switch (option) {
	case SOURCE:
	case DESTINATION:
		return addresses(tables, option == SOURCE ? FIELD_SOURCE : FIELD_DESTINATION);
	case DEVICE:
		return device(tables);
	case OUT_DEVICE:
		return "tierwall sees what comes in, not where it will leave";
	case PROTOCOL:
		return protocol(tables);
	case FRAGMENT:
		return fragment(tables);
	case CAST:
		return cast(tables);
	case SOURCE_PORTS:
		return ports(tables, FIELD_SOURCE_PORT);
	case DESTINATION_PORTS:
		return ports(tables, FIELD_DESTINATION_PORT);
	case EITHER_PORTS:
		return either_port(tables);
	case FLAGS:
		return tcp_flags(tables);
	case SYN:
		return syn(tables);
	case ICMP_TYPE:
	case ICMP6_TYPE:
		return icmp_type(tables, option == ICMP6_TYPE);
	case STATES:
		return states(tables);
	case LENGTH:
		return number_range(tables, FIELD_LENGTH, ':');
	case TTL:
		return number_range(tables, FIELD_TTL, ':');
	case TTL_LESS:
	case TTL_MORE:
		return ttl_beyond(tables, option == TTL_LESS);
	case DSCP:
		return dscp(tables);
	case RATE:
		return rate(tables, false, false);
	case HASH_RATE:
	case HASH_OVER:
		return rate(tables, true, option == HASH_OVER);
	case BURST:
		return burst(tables);
	case HASH_MODE:
		return hashlimit_mode(tables);
	case HASH_MASK:
		return hashlimit_mask(tables);
	case HASH_NAME:
		rule_counts_in(tables->import, tables->rule, tables->family,
			       text_copy(tables->import, iptables_next(tables)));
		return NULL;
	case MODULE:
	case SKIP:
		return skip(tables);
	case COMMENT:
		return comment(tables);
	}
	return NULL;
}

/* Options of matches that tierwall has no word for, and what there is instead. */
static const char *unknown_option(struct text word)
{
	static const char *const words[][2] = {
		{"--match-set", "the entries of an ipset are not in this listing: `ipset save` has "
				"them, `tierwall set load` reads a file of them"},
		{"--connlimit-above", "tierwall does not count connections per source"},
		{"--connlimit-upto", "tierwall does not count connections per source"},
		{"--mac-source", "tierwall does not match Ethernet addresses"},
		{"--rcheck", "tierwall keeps no list of recent sources: `limit per source`"},
		{"--set", "tierwall keeps no list of recent sources: `limit per source`"},
		{"--update", "tierwall keeps no list of recent sources: `limit per source`"},
		{"--string", "tierwall does not look into payloads"},
		{"--invert", "tierwall checks sources against routes by itself (`martian`)"},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (text_is(word, words[i][0]))
			return words[i][1];
	return "tierwall has no match for this";
}

const char *iptables_option(struct iptables *tables)
{
	struct text word = iptables_next(tables);

	tables->negated = text_is(word, "!");
	if (tables->negated)
		word = iptables_next(tables);
	if (text_is(word, "-j") || text_is(word, "-g"))
		return iptables_target(tables, text_is(word, "-g"));
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		if (!text_is(word, options[i].word))
			continue;
		/* What is counted towards a rate is what the matches before it let by. */
		if (options[i].option <= LAST_MATCH && options[i].option != MODULE && tables->limit)
			return "it matches more behind its rate";
		return do_option(tables, options[i].option);
	}
	return unknown_option(word);
}
