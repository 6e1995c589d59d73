/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* iptables' targets. */
#include "import/iptables.h"

static void set_verdict(struct iptables *tables, enum verdict_kind kind, const char *chain)
{
	for (size_t i = 0; i < tables->rule->way_count; i++)
		tables->rule->ways[i].verdict = (struct verdict){kind, chain};
}

static const char *log_target(struct iptables *tables)
{
	tables->rule->log = true;
	while (tables->at < tables->count) {
		struct text word = iptables_next(tables);

		if (!text_is(word, "--log-prefix") && !text_is(word, "--nflog-prefix"))
			continue;
		word = iptables_next(tables);
		if (!tables->rule->name)
			tables->rule->name =
				import_line(tables->import, word.start, word.length, 240);
	}
	return NULL;
}

static const char *other_target(struct text target)
{
	static const char *const words[][2] = {
		{"DNAT", "a `service` sends to the servers of a tier, one or several"},
		{"REDIRECT", "a `service` sends to the servers of a tier, one or several"},
		{"TPROXY", "a `service` sends to the servers of a tier, one or several"},
		{"SNAT", "tierwall changes addresses for services alone"},
		{"MASQUERADE", "tierwall changes addresses for services alone"},
		{"NETMAP", "tierwall changes addresses for services alone"},
		{"NFQUEUE", "tierwall hands packets to no program"},
		{"QUEUE", "tierwall hands packets to no program"},
		{"MARK", "tierwall sets no marks"},
		{"CONNMARK", "tierwall sets no marks"},
		{"CT", "tierwall needs no marks for what it does not track"},
		{"NOTRACK", "tierwall needs no marks for what it does not track"},
		{"TCPMSS", "tierwall does not change what is in TCP's options"},
		{"SET", "packets fill no sets in tierwall: `tierwall set add` does so by hand"},
		{"SYNPROXY", "tierwall has no SYN proxy"},
		{"TRACE", "`tierwall trace` shows what would become of a packet"},
		{"TARPIT", "tierwall does not hold connections open"},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (text_is(target, words[i][0]))
			return words[i][1];
	return NULL;
}

const char *iptables_target(struct iptables *tables, bool is_goto)
{
	struct text target = iptables_next(tables);
	const char *name = text_copy(tables->import, target);

	if (import_chain(tables->import, tables->table, name)) {
		set_verdict(tables, is_goto ? VERDICT_GOTO : VERDICT_JUMP, name);
		return NULL;
	}
	if (text_is(target, "LOG") || text_is(target, "NFLOG"))
		return log_target(tables);
	if (text_is(target, "REJECT")) {
		set_verdict(tables, VERDICT_REJECT, NULL);
		tables->at = tables->count; /* --reject-with */
		return NULL;
	}
	if (text_is(target, "ACCEPT"))
		set_verdict(tables, VERDICT_ACCEPT, NULL);
	else if (text_is(target, "DROP"))
		set_verdict(tables, VERDICT_DROP, NULL);
	else if (text_is(target, "RETURN"))
		set_verdict(tables, VERDICT_RETURN, NULL);
	else
		return other_target(target) ? other_target(target) : "tierwall has no such target";
	return NULL;
}
