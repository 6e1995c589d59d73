/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The configuration as a model: what a file says, what a command edits and what
 * the running state is read back into.  Parsing, checking, printing and
 * compiling all speak of these structures; nothing else does.
 *
 * Ownership: a struct config owns everything below it; config_free() frees it.
 * Arrays are {items, count} and grow through config_push().  Pointers into an
 * array hold until the next push to it.
 *
 * Results: 0 is done.  A positive MISTAKE is the operator's: the diagnostic says
 * where, what and what to do.  A negative errno is the system's.
 */
#ifndef TIERWALL_USER_CONFIG_H
#define TIERWALL_USER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tierwall/abi.h"

#define MISTAKE 1

/* Where a thing stands in its source, from 1; line 0: it stands in none. */
struct place {
	uint32_t line;
	uint32_t column;
};

/*
 * The message for a mistake, ready to print:
 *   tierwall: FILE:LINE:COLUMN: what is wrong
 *   the line
 *      ^
 * Every line of it ends with a newline: fputs(diagnostic.text, stderr).  Columns
 * count bytes, as editors that jump to FILE:LINE:COLUMN do.  Words of a command
 * line have no FILE:LINE:COLUMN, only the caret.
 */
struct diagnostic {
	char *text; /* NULL: none.  Owned; diagnostic_free() */
};

void diagnostic_free(struct diagnostic *diagnostic);

/* -- addresses and ports ----------------------------------------------------- */

struct prefix {
	union tw_addr addr; /* bits beyond `bits` are zero */
	uint8_t bits;       /* 0-128; an IPv4 prefix is 96 longer than it is written */
	uint32_t seconds;   /* in a set: how long it stays from now on; 0: for good */
	struct place at;
};

enum address_kind { ADDRESS_PREFIX, ADDRESS_SET };

struct address_item {
	enum address_kind kind;
	struct prefix prefix;
	char set[TW_NAME]; /* of a set or tier, without the @ */
	struct place at;
};

struct addresses { /* no items: any */
	struct address_item *items;
	size_t count;
	bool negated; /* `not`: every address, of either family, that these do not hold */
};

struct port_range {
	uint16_t low;
	uint16_t high;
};

struct ports { /* no items: any */
	struct port_range *items;
	size_t count;
	struct place at; /* of the word `port` */
};

/* -- rules -------------------------------------------------------------------- */

/* Which optional parts a rule has. */
enum rule_fields {
	RULE_PROTOCOL = 1 << 0,
	RULE_FLAGS = 1 << 1,
	RULE_TYPE = 1 << 2,
	RULE_CODE = 1 << 3,
	RULE_STATE = 1 << 4,
	RULE_LENGTH = 1 << 5,
	RULE_TTL = 1 << 6,
	RULE_DSCP = 1 << 7,
	RULE_FRAGMENT = 1 << 8,
	RULE_DEVICE = 1 << 9,
	RULE_LIMIT = 1 << 10,
	RULE_LOG = 1 << 11,
};
#define RULE_FIELD_COUNT 12

struct limit {
	bool over;
	bool per_source;
	uint8_t source_bits; /* of an address as it is written; 0: whole addresses */
	char unit;           /* 's', 'm' or 'h' */
	uint32_t rate;
	uint32_t burst; /* 0: not said */
};

struct rule {
	struct place at;
	uint32_t fields;                         /* enum rule_fields */
	struct place field_at[RULE_FIELD_COUNT]; /* rule_field_at() */
	uint8_t action;                          /* enum tw_action */
	uint8_t protocol;
	uint8_t flags_mask, flags;
	uint8_t type, code;
	uint8_t state; /* TW_STATE_NEW or TW_STATE_ESTABLISHED */
	uint8_t ttl[2];
	uint8_t dscp;
	uint16_t length[2];
	char device[16];
	struct addresses from, to;
	struct ports from_ports, to_ports;
	struct limit limit;
	char *name;  /* what stands behind its #, NULL: nothing */
	uint32_t id; /* counter, TW_NONE32: not given yet */
	/*
	 * Of config_parse_outline(): its words as rule_print() gives them, not owned and not
	 * ended by a zero; all else but the id is empty.  NULL: it was parsed.
	 */
	const char *text;
	uint32_t text_length;
};

struct rules {
	struct rule *items;
	size_t count;
	struct place at;         /* of the block */
	struct place default_at; /* of the action behind `default`; line 0: it is not said */
	uint8_t default_action;
	bool strict;
	uint32_t default_id; /* counter */
};

/* -- sets, tiers, services ------------------------------------------------------ */

struct set {
	char name[TW_NAME];
	struct place at;
	struct prefix *items;
	size_t count;
	uint32_t index; /* in the map `sets`, TW_NONE32: not placed yet */
	bool flushed;   /* of the running set no entry is taken over, not even those that expire */
	bool edited;    /* when its entries expire is newer than what the running set says */
};

struct server {
	char name[TW_NAME];
	struct place at;
	union tw_addr addr[2]; /* [0] IPv4, [1] IPv6; zero: none */
	struct place addr_at[2];
	uint32_t weight; /* 0-65535, 1 where nothing is said; 0: no new flows */
	uint8_t state; /* enum tw_server_state: `state drain` in the file; up where nothing is said */
	bool is_backup; /* takes flows only where too few others do */
	bool has_mac;
	uint8_t mac[6];
	char device[16]; /* empty: none */
	struct place device_at;
	struct rules rules; /* `firewall { }` of its own; has no default */
};

struct tier {
	char name[TW_NAME];
	struct place at;
	struct server *servers;
	size_t server_count;
	struct rules rules;    /* `firewall { }` */
	uint32_t backup_below; /* backups take flows while fewer others do; 0: not said, 1 */
	uint32_t set_index;    /* of the set that its servers' addresses make */
};

struct listen {
	struct place at;
	union tw_addr addr;
	uint8_t protocol;
	struct ports ports;
};

#define POOL_PORT_LOW  1024 /* where nothing is said: below the ports that Linux gives out */
#define POOL_PORT_HIGH 32767

struct service {
	char name[TW_NAME];
	struct place at;
	struct listen *listens;
	size_t listen_count;
	char tier[TW_NAME];
	struct place tier_at;
	uint8_t forward; /* enum tw_forward; nat where nothing is said */
	struct place forward_at;
	uint16_t port; /* of the servers; 0: as the client asked */
	struct place port_at;
	uint16_t mss; /* of its SYNs at most, TW_MSS_AUTO: by the MTU; 0: as they are */
	struct place mss_at;
	struct addresses from;
	uint8_t hash_off;      /* TW_HASH_* of TW_HASH_FIELDS: `hash ... off` */
	struct place hash_at;  /* of the latest `hash` */
	bool affinity;         /* only the source is hashed, */
	uint8_t affinity_bits; /* so much of it; 0: all */
	struct place affinity_at;
	uint8_t on_down;     /* enum tw_on_down */
	bool rejects;        /* `no-server reject` */
	union tw_addr *pool; /* sources of `full-nat`; none: the node's own address next to it */
	size_t pool_count;
	uint16_t pool_ports[2]; /* from, to; 0: POOL_PORT_LOW to POOL_PORT_HIGH */
	struct place pool_at;
	uint32_t id; /* counter */
	uint32_t
		*member_ids; /* counters of its tier's servers within it, in their order; or NULL */
};

/* `tunnel { }`: what the packets to servers in tunnels have in common. */
struct tunnel {
	struct place at;         /* line 0: it is not there */
	struct prefix source[2]; /* [0] IPv4, [1] IPv6; its address zero: the node's own */
	uint16_t port;           /* of gue; 0: TW_GUE_PORT */
};

/* `decap` in host: whose tunnels are opened. */
struct decap {
	struct place at;
	bool forms[TW_TUNNELS];
	struct addresses from;
};

enum interface_mode { MODE_AUTO, MODE_NATIVE, MODE_GENERIC };

struct interface {
	char name[16];
	struct place at;
	enum interface_mode mode;
};

struct config {
	char *file;   /* its name in messages; owned */
	char *source; /* the text that was parsed, for carets in later messages; owned, may be NULL */
	size_t source_length;
	struct config_index *index; /* of names, owned; NULL: names are compared one by one */
	struct interface *interfaces;
	size_t interface_count;
	bool has_hash_key;
	uint8_t hash_key[16];
	struct set *sets;
	size_t set_count;
	struct rules guard;  /* default accept */
	uint32_t checks_off; /* of guard; bits by enum tw_check */
	bool has_host;
	struct rules host;    /* default drop */
	struct decap *decaps; /* of host */
	size_t decap_count;
	struct tunnel tunnel;
	struct tier *tiers;
	size_t tier_count;
	struct service *services;
	size_t service_count;
};

static inline struct place rule_field_at(const struct rule *rule, enum rule_fields field)
{
	return rule->field_at[__builtin_ctz(field)];
}

/* An empty configuration, named for messages; file may be NULL. */
int config_new(struct config **out, const char *file);
void config_free(struct config *config);

/*
 * Grows *items (of size bytes each) by one zeroed item and returns it, NULL: no
 * memory.  Only for arrays that it has made itself (their room is a power of
 * two); lowering *count is fine.
 */
void *config_push(void *items, size_t *count, size_t size);

/*
 * Things by name, NULL: there is none.  Sets and tiers are hashed; adding and removing
 * them is noticed, giving one that was looked up another name is not.
 */
struct set *config_set(const struct config *config, const char *name);
struct tier *config_tier(const struct config *config, const char *name);
struct server *tier_server(const struct tier *tier, const char *name);
struct service *config_service(const struct config *config, const char *name);
/* guard, host, TIER or TIER/SERVER; NULL: none of that name.  host is there even without has_host. */
struct rules *config_rules(struct config *config, const char *owner);

/*
 * Sets diagnostic to FILE:LINE:COLUMN: message, with line and caret, and returns
 * MISTAKE.  Line 0: FILE: message.
 */
int config_mistake(const struct config *config, struct place at, struct diagnostic *diagnostic,
		   const char *format, ...) __attribute__((format(printf, 4, 5)));

/* -- text to model (parse.c, lexer.l, grammar.y) -------------------------------- */

/* Parses a whole file.  Includes are read relative to the folder of `file`. */
int config_parse(struct config **out, const char *file, const char *text, size_t length,
		 struct diagnostic *diagnostic);
int config_parse_file(struct config **out, const char *path, struct diagnostic *diagnostic);

/*
 * What config_print() has made, quickly: a rule is known by its words and its place in its
 * list, and by nothing else.  `text` must be there for as long as the model is.
 */
int config_parse_outline(struct config **out, const char *file, const char *text, size_t length,
			 struct diagnostic *diagnostic);

/*
 * The same grammar for the words of a command line.  `out` is written only on
 * success.  Free with rule_free() and so on.  What can be judged without a
 * configuration has been checked; every place in `out` is line 0, so that a later
 * message does not point into another text.
 */
int rule_parse(struct rule *out, const char *words, struct diagnostic *diagnostic);
/* NAME ADDRESS... [weight N] [mac MAC] [device DEV] [state STATE] */
int server_parse(struct server *out, const char *words, struct diagnostic *diagnostic);
/* NAME listen ADDRESS PROTO port PORTS tier TIER [forward MODE] [port PORT] [from ADDR] */
int service_parse(struct service *out, const char *words, struct diagnostic *diagnostic);
/* ADDRESS or PREFIX */
int prefix_parse(struct prefix *out, const char *word, struct diagnostic *diagnostic);

/*
 * A length of time: 90 (seconds), 90s, 10m, 2h, 1d, or several of them from the
 * longest unit on, as in 1h30m.  1 second to 3650 days.
 */
int time_parse(uint32_t *seconds, const char *word, struct diagnostic *diagnostic);

/* One packet in words: PROTO SRC[:PORT] DST[:PORT] [flags F] [type T [code N]] [in DEV] */
struct packet_words {
	uint8_t protocol;
	union tw_addr source, destination;
	uint16_t source_port, destination_port; /* 0: not said */
	bool has_flags;
	uint8_t flags;
	bool has_type, has_code;
	uint8_t type, code;
	char device[16];
};
int packet_parse(struct packet_words *out, const char *words, struct diagnostic *diagnostic);

/* Is told now and then how much of a large file has been read. */
struct progress {
	void (*show)(size_t done_bytes, size_t all_bytes, void *context);
	void *context;
};

/*
 * The entries of a set's file: an address, prefix or range a line, `for TIME` behind it,
 * comments from a # or ; on.  Byte order marks and carriage returns do no harm.  Adds
 * to *items and merges duplicates; after a mistake nothing is added.  Mistakes name
 * path, line and column.  progress may be NULL.
 */
int set_read_file(struct prefix **items, size_t *count, const char *path,
		  struct diagnostic *diagnostic);
int set_read_file_showing(struct prefix **items, size_t *count, const char *path,
			  const struct progress *progress, struct diagnostic *diagnostic);

/* Sorts prefixes (IPv4 first) and merges duplicates: the one that stays longest is kept. */
void prefixes_merge(struct prefix *items, size_t *count);
/* In that order: negative, 0 where they are the same, positive. */
int prefix_compare(const struct prefix *a, const struct prefix *b);

void rules_free(struct rules *rules);
void rule_free(struct rule *rule);
void server_free(struct server *server);
void service_free(struct service *service);

/*
 * The candidate that a mistyped word is most like, NULL: none is.  Candidates lie
 * `stride` bytes apart, the last is NULL.
 */
const char *nearest_word(const char *word, const char *const *candidates, size_t stride);

/* -- meaning (check.c) ------------------------------------------------------------ */

/*
 * What grammar cannot say: names are unique and known, families fit, ports stand
 * where protocols have them, and nothing asks for what tierwall does not support yet.
 * Devices are looked up later, by the compiler.
 */
int config_check(const struct config *config, struct diagnostic *diagnostic);

/* -- model to text (print.c) ------------------------------------------------------- */

/* As a file that parses into the same model. */
int config_print(FILE *out, const struct config *config);
/* The same without the entries of sets: what a policy image keeps. */
int config_print_without_entries(FILE *out, const struct config *config);
/* One rule, without its name; the words that JSON, metrics and `show rules` use. */
void rule_print(FILE *out, const struct rule *rule);
/* As rule_print(), into memory that the caller frees; NULL: no memory. */
char *rule_text(const struct rule *rule);
void prefix_print(FILE *out, const struct prefix *prefix);
/* As 1h30m: as time_parse() reads it. */
void time_print(FILE *out, uint32_t seconds);
void address_print(FILE *out, const union tw_addr *addr);
const char *action_name(uint8_t action);
const char *check_name(enum tw_check check);
const char *forward_name(uint8_t forward);
const char *on_down_name(uint8_t on_down);
/* Of a TW_HASH_* of TW_HASH_FIELDS, by the number of its bit. */
const char *hash_field_name(int bit);
#define HASH_FIELD_COUNT 4
const char *tunnel_form_name(enum tw_tunnel form);
const char *server_state_name(uint8_t state);
const char *protocol_name(uint8_t protocol); /* "tcp", or its number in a static buffer */
const char *mode_name(enum interface_mode mode);

static inline bool addr_is_ipv4(const union tw_addr *addr)
{
	return addr->words[0] == 0 && addr->words[1] == 0 && addr->bytes[8] == 0 &&
	       addr->bytes[9] == 0 && addr->bytes[10] == 0xff && addr->bytes[11] == 0xff;
}

static inline bool forward_is_tunnel(uint8_t forward)
{
	return forward == TW_FORWARD_IPIP || forward == TW_FORWARD_GUE;
}

static inline bool addr_is_zero(const union tw_addr *addr)
{
	return addr->halves[0] == 0 && addr->halves[1] == 0;
}

#endif
