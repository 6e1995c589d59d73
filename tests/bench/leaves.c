/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A packet for every leaf: what the last rule of the leaf asks for, bent so that the cuts
 * on the way lead there.
 */
#include <netinet/in.h>
#include <string.h>

#include "leaves.h"

struct visit {
	const struct leaves *leaves;
	__u64 own, list;
	uint32_t value[TW_KEY_WORDS], mask[TW_KEY_WORDS]; /* what the way asks of each word */
};

static const void *place(const struct visit *visit, uint32_t at)
{
	return arena_at(&visit->leaves->compiled->arena, at);
}

/* -- the packet --------------------------------------------------------------------------- */

static uint32_t bent(const struct visit *visit, uint32_t word, uint32_t value)
{
	return (value & ~visit->mask[word]) | visit->value[word];
}

/* The words of a side from the rule, from the class that the way asks for, then from the way. */
static void fill_address(const struct visit *visit, union tw_addr *addr, uint32_t side)
{
	uint32_t first = side ? TW_KEY_DESTINATION : TW_KEY_SOURCE;
	uint32_t class = visit->value[TW_KEY_SOURCE_CLASS + side];

	if (visit->mask[TW_KEY_SOURCE_CLASS + side])
		*addr = visit->leaves->of_class[class % 256];
	for (uint32_t i = visit->leaves->family ? 0 : 3; i < 4; i++)
		addr->words[i] = htonl(bent(visit, first + i, ntohl(addr->words[i])));
	if (!visit->leaves->family)
		addr->bytes[10] = addr->bytes[11] = 0xff;
}

static void read_rule4(const struct tw_rule4 *rule, struct tw_packet *p)
{
	p->saddr.words[3] = htonl(rule->word & TW_RULE_HELD(0) ? 0 : rule->source);
	p->daddr.words[3] = htonl(rule->word & TW_RULE_HELD(1) ? 0 : rule->destination);
	p->sport = rule->source_port[0];
	p->dport = rule->destination_port[0];
	p->protocol = rule->word & TW_RULE_PROTOCOL ? (uint8_t)rule->word : IPPROTO_TCP;
}

static void read_half(union tw_addr *addr, const __u64 half[2])
{
	for (int i = 0; i < 2; i++) {
		addr->words[2 * i] = htonl((uint32_t)(half[i] >> 32));
		addr->words[2 * i + 1] = htonl((uint32_t)half[i]);
	}
}

static void read_rule6(const struct tw_rule6 *rule, struct tw_packet *p)
{
	if (!(rule->word & TW_RULE_HELD(0)))
		read_half(&p->saddr, rule->source);
	if (!(rule->word & TW_RULE_HELD(1)))
		read_half(&p->daddr, rule->destination);
	p->sport = rule->source_port[0];
	p->dport = rule->destination_port[0];
	p->protocol = rule->word & TW_RULE_PROTOCOL ? (uint8_t)rule->word : IPPROTO_TCP;
}

static void offer_rule(const struct visit *visit, uint32_t at)
{
	struct classify_packet packet = {.own = visit->own, .list = visit->list};
	struct tw_packet *p = &packet.packet;
	uint32_t type;

	p->family = (uint8_t)visit->leaves->family;
	if (p->family)
		read_rule6(place(visit, at), p);
	else
		read_rule4(place(visit, at), p);
	fill_address(visit, &p->saddr, 0);
	fill_address(visit, &p->daddr, 1);
	p->sport = (uint16_t)bent(visit, TW_KEY_SOURCE_PORT, p->sport);
	p->dport = (uint16_t)bent(visit, TW_KEY_DESTINATION_PORT, p->dport);
	p->protocol = (uint8_t)bent(visit, TW_KEY_PROTOCOL, p->protocol);
	p->flags = (uint8_t)bent(visit, TW_KEY_FLAGS, TW_SYN);
	type = bent(visit, TW_KEY_TYPE, 8 << 8);
	p->type = (uint8_t)(type >> 8);
	p->code = (uint8_t)type;
	p->length = (uint16_t)bent(visit, TW_KEY_LENGTH, 60);
	p->ttl = (uint8_t)bent(visit, TW_KEY_TTL, 64);
	p->dscp = (uint8_t)bent(visit, TW_KEY_DSCP, 0);
	p->part = (uint8_t)(bent(visit, TW_KEY_PART, TW_WHOLE) % 3);
	visit->leaves->offer(visit->leaves->context, &packet);
}

/* -- the way ------------------------------------------------------------------------------- */

static uint32_t last_of_leaf(const struct visit *visit, uint64_t leaf)
{
	uint32_t family = visit->leaves->family, unit = family ? 8 : 4, at = 0, last = 0;

	while (at < TW_TREE_COUNT(leaf) * unit) {
		const void *rule = place(visit, TW_TREE_AT(leaf) + at);
		uint64_t word = family ? ((const struct tw_rule6 *)rule)->word
				       : ((const struct tw_rule4 *)rule)->word;
		uint32_t more = TW_RULE_MORE(word);

		last = at;
		at += unit + (family ? (more + 1) / 2 : more) * unit;
	}
	return TW_TREE_AT(leaf) + last;
}

static void visit_vectors(const struct visit *visit, uint64_t leaf)
{
	const struct tw_vectors *vectors = place(visit, TW_TREE_AT(leaf));
	const uint32_t *rule_at = place(visit, vectors->rule_at);

	for (uint32_t i = 0; i < vectors->rules; i++)
		offer_rule(visit, rule_at[i]);
}

static void visit_node(struct visit *visit, uint64_t node);

static void visit_cut(struct visit *visit, uint64_t node)
{
	const uint64_t *nodes = place(visit, TW_TREE_AT(node));
	uint32_t word = TW_TREE_WORD(node), shift = TW_TREE_SHIFT(node), mask = TW_TREE_MASK(node);
	uint32_t value_before = visit->value[word], mask_before = visit->mask[word];

	for (uint32_t i = 0; i <= mask; i++) {
		if (i && nodes[i] == nodes[i - 1])
			continue;
		visit->mask[word] = mask_before | mask << shift;
		visit->value[word] = (value_before & ~(mask << shift)) | i << shift;
		visit_node(visit, nodes[i]);
	}
	visit->mask[word] = mask_before;
	visit->value[word] = value_before;
}

static void visit_node(struct visit *visit, uint64_t node)
{
	const struct tw_tree *trees = place(visit, TW_TREE_AT(node));

	switch (TW_TREE_KIND(node)) {
	case TW_TREE_CUT:
		visit_cut(visit, node);
		break;
	case TW_TREE_LEAF:
		offer_rule(visit, last_of_leaf(visit, node));
		break;
	case TW_TREE_VECTORS:
		visit_vectors(visit, node);
		break;
	case TW_TREE_FOREST:
		for (uint32_t i = 0; i < TW_TREE_COUNT(node); i++)
			visit_node(visit, trees[i].root);
		break;
	}
}

void leaves_visit(const struct leaves *leaves, __u64 own, __u64 list)
{
	struct visit visit = {.leaves = leaves, .own = own, .list = list};

	visit_node(&visit, own ? own : list);
}
