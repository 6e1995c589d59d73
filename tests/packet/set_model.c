/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sets of a loaded instance, changed by the commands that operators type, against lists:
 *
 *   set-model TIERWALL        ENTRIES=1000000 in the environment: of the largest
 *
 * Every state is asked about 65,536 addresses in entries, beside them and anywhere.
 * Then readers look up while a writer edits, and entries expire under frames.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "config/config.h"
#include "environment.h"
#include "node.h"
#include "random.h"
#include "set_probe.h"

struct list {
	struct prefix *items; /* sorted */
	size_t count;
};

static struct random random_state;
static unsigned int failures;
static uint64_t looked_up;

static void check(bool right, const char *sentence)
{
	if (right)
		return;
	printf("FAILED: %s\n", sentence);
	failures++;
}

/* -- lists ---------------------------------------------------------------------------------- */

static void cut(union tw_addr *addr, uint32_t bits)
{
	for (uint32_t i = bits; i < 128; i++)
		addr->bytes[i / 8] &= (unsigned char)~(0x80 >> i % 8);
}

static void random_address(union tw_addr *addr)
{
	bool ipv6 = random_percent(&random_state, 50);

	for (int i = 0; i < 16; i++)
		addr->bytes[i] = (unsigned char)random_next(&random_state);
	addr->bytes[0] = 0x20;
	addr->bytes[2] &= 3;
	addr->bytes[3] &= 1;
	if (ipv6)
		return;
	memset(addr, 0, 10);
	addr->bytes[10] = addr->bytes[11] = 0xff;
	addr->bytes[12] = (unsigned char)(10 + random_below(&random_state, 40));
}

static void random_prefix(struct prefix *prefix)
{
	static const uint8_t lengths4[] = {32, 32, 32, 32, 24, 24, 27, 20, 16, 30, 31, 18};
	static const uint8_t lengths6[] = {128, 128, 64, 64, 64, 56, 48, 48, 40, 96, 127, 60};
	uint32_t pick = random_below(&random_state, 12);

	memset(prefix, 0, sizeof(*prefix));
	random_address(&prefix->addr);
	prefix->bits = addr_is_ipv4(&prefix->addr) ? lengths4[pick] + 96 : lengths6[pick];
	/* few short ones, or little is left to miss */
	if (prefix->bits <= (addr_is_ipv4(&prefix->addr) ? 116 : 48) &&
	    random_percent(&random_state, 98))
		prefix->bits = 128;
	cut(&prefix->addr, prefix->bits);
}

static void list_fill(struct list *list, size_t count)
{
	while (list->count < count) {
		while (list->count < count)
			random_prefix(
				config_push(&list->items, &list->count, sizeof(struct prefix)));
		prefixes_merge(list->items, &list->count);
	}
}

static struct prefix *list_find(const struct list *list, const struct prefix *wanted)
{
	size_t low = 0, high = list->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = prefix_compare(&list->items[middle], wanted);

		if (!order)
			return &list->items[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static bool list_holds(const struct list *list, const union tw_addr *addr)
{
	uint32_t least = addr_is_ipv4(addr) ? 96 : 0;
	struct prefix prefix = {.addr = *addr};

	for (int bits = 128; bits >= (int)least; bits--) {
		cut(&prefix.addr, (uint32_t)bits);
		prefix.bits = (uint8_t)bits;
		if (list_find(list, &prefix))
			return true;
	}
	return false;
}

static void list_write(const struct list *list, const char *path)
{
	FILE *out = fopen(path, "w");

	if (!out)
		die("%s", path);
	for (size_t i = 0; i < list->count; i++) {
		prefix_print(out, &list->items[i]);
		fputc('\n', out);
	}
	if (fclose(out))
		die("%s", path);
}

/* -- comparing ------------------------------------------------------------------------------- */

static void pick_address(const struct list *list, union tw_addr *addr)
{
	const struct prefix *prefix;
	uint32_t roll = random_below(&random_state, 100);

	random_address(addr);
	if (!list->count || roll < 25)
		return;
	prefix = &list->items[random_below(&random_state, (uint32_t)list->count)];
	for (uint32_t i = 0; i < prefix->bits; i++) {
		unsigned char bit = (unsigned char)(0x80 >> i % 8);

		addr->bytes[i / 8] = (addr->bytes[i / 8] & (unsigned char)~bit) |
				     (prefix->addr.bytes[i / 8] & bit);
	}
	if (roll < 50 && prefix->bits > 97) /* just beside it */
		addr->bytes[(prefix->bits - 1) / 8] ^=
			(unsigned char)(0x80 >> (prefix->bits - 1) % 8);
}

static void compare(struct prober *prober, const struct node *node, const struct list *list,
		    const char *when)
{
	uint32_t wrong = 0, held = 0;

	prober_use(prober, node, "listed");
	for (uint32_t i = 0; i < SET_PROBE_ADDRESSES; i++) {
		union tw_addr *addr = &prober->probe->addresses[i];

		pick_address(list, addr);
		prober->probe->families[i] = !addr_is_ipv4(addr);
		prober->probe->held[i] = 2;
	}
	prober_look_up(prober, SET_PROBE_ADDRESSES);
	for (uint32_t i = 0; i < SET_PROBE_ADDRESSES; i++) {
		bool right = list_holds(list, &prober->probe->addresses[i]);

		held += right;
		wrong += prober->probe->held[i] != right;
	}
	looked_up += SET_PROBE_ADDRESSES;
	if (wrong) {
		printf("FAILED: %s: %u of %d addresses wrong, of %zu prefixes\n", when, wrong,
		       SET_PROBE_ADDRESSES, list->count);
		failures++;
	}
	check(!list->count || held > 100, "some addresses are held, or nothing is tested");
}

/* -- edits by commands ------------------------------------------------------------------------- */

static void command(const struct node *node, FILE *words, char **text)
{
	if (fclose(words) || node_command(node, *text))
		die("%s", *text);
	free(*text);
	*text = NULL;
}

static void edit(const struct node *node, struct list *list, bool add)
{
	uint32_t count = 1 + random_below(&random_state, 20);
	char *text = NULL;
	size_t length;
	FILE *words = open_memstream(&text, &length);

	if (!words)
		die("open_memstream");
	fprintf(words, "-q set %s listed", add ? "add" : "del");
	for (uint32_t i = 0; i < count; i++) {
		struct prefix prefix, *there;

		random_prefix(&prefix);
		if (!add && list->count)
			prefix = list->items[random_below(&random_state, (uint32_t)list->count)];
		fputc(' ', words);
		prefix_print(words, &prefix);
		there = list_find(list, &prefix);
		if (add && !there)
			*(struct prefix *)config_push(&list->items, &list->count, sizeof(prefix)) =
				prefix;
		else if (!add && there)
			memmove(there, there + 1,
				(size_t)(list->items + list->count-- - there - 1) * sizeof(prefix));
		prefixes_merge(list->items, &list->count);
	}
	command(node, words, &text);
}

/* Another file with nearly the same entries, or with others. */
static void load(const struct node *node, struct list *list, size_t changes)
{
	char path[200], words[300];

	for (size_t i = 0; i < changes && list->count; i++)
		list->items[random_below(&random_state, (uint32_t)list->count)] =
			list->items[list->count - 1];
	prefixes_merge(list->items, &list->count);
	list_fill(list, list->count + changes);
	snprintf(path, sizeof(path), "%s/list", node->folder);
	list_write(list, path);
	snprintf(words, sizeof(words), "-q set load listed %s", path);
	if (node_command(node, words))
		die("%s", words);
}

static void one_size(struct node *node, struct prober *prober, size_t size, int rounds)
{
	struct list list = {0};

	if (node_command(node, "-q set flush listed"))
		die("set flush");
	compare(prober, node, &list, "after set flush");
	load(node, &list, size);
	compare(prober, node, &list, "after set load");
	for (int i = 0; i < rounds; i++) {
		edit(node, &list, true);
		edit(node, &list, false);
		if (i % 4 == 0)
			compare(prober, node, &list, "after set add and set del");
	}
	load(node, &list, 3);
	compare(prober, node, &list, "after set load of a few changes");
	printf("set of %zu prefixes: looked up as listed\n", list.count);
	fflush(stdout);
	free(list.items);
}

/* -- readers beside a writer --------------------------------------------------------------------- */

/* Those of one half stay, those of the other come and go, and more are never there. */
enum fate { STAYS, CHANGES, NEVER, FATES };

static void edit_in_turn(const struct node *node, const struct list *list, int seconds)
{
	time_t end = time(NULL) + seconds;

	while (time(NULL) < end) {
		char *text[2] = {NULL, NULL};
		size_t length;

		for (int i = 0; i < 2; i++) {
			FILE *words = open_memstream(&text[i], &length);

			if (!words)
				die("open_memstream");
			fprintf(words, "-q set %s listed", i ? "del" : "add");
			for (size_t j = CHANGES; j < list->count && j < 90; j += FATES) {
				fputc(' ', words);
				prefix_print(words, &list->items[j]);
			}
			command(node, words, &text[i]);
		}
	}
}

static void read_beside(struct node *node, struct prober *prober, size_t size)
{
	struct list list = {0}, stays = {0};
	uint64_t before = looked_up, wrong = 0;
	char path[200], words[300];
	uint32_t count;
	int status;
	pid_t writer;

	list_fill(&list, size * FATES);
	for (size_t i = 0; i < list.count; i++) { /* hosts: no one holds another */
		list.items[i].bits = 128;
		list.items[i].addr.bytes[15] = (unsigned char)i;
		if (!addr_is_ipv4(&list.items[i].addr) && i % 2)
			list.items[i].bits = 64;
	}
	for (size_t i = 0; i < list.count; i++)
		cut(&list.items[i].addr, list.items[i].bits);
	prefixes_merge(list.items, &list.count);
	for (size_t i = STAYS; i < list.count; i += FATES)
		*(struct prefix *)config_push(&stays.items, &stays.count, sizeof(struct prefix)) =
			list.items[i];
	snprintf(path, sizeof(path), "%s/list", node->folder);
	list_write(&stays, path);
	snprintf(words, sizeof(words), "-q set load listed %s", path);
	if (node_command(node, "-q set flush listed") || node_command(node, words))
		die("%s", words);
	prober_use(prober, node, "listed");
	writer = fork();
	if (writer < 0)
		die("fork");
	if (!writer) {
		edit_in_turn(node, &list, 4);
		_exit(0);
	}
	count = SET_PROBE_ADDRESSES < list.count ? SET_PROBE_ADDRESSES : (uint32_t)list.count;
	for (uint32_t i = 0; i < count; i++) {
		prober->probe->addresses[i] = list.items[i].addr;
		prober->probe->families[i] = !addr_is_ipv4(&list.items[i].addr);
	}
	while (waitpid(writer, &status, WNOHANG) == 0) {
		for (int times = 0; times < 50; times++) {
			prober_look_up(prober, count);
			for (uint32_t i = 0; i < count; i++)
				wrong += i % FATES != CHANGES &&
					 prober->probe->held[i] != (i % FATES == STAYS);
			looked_up += count;
		}
	}
	check(!status, "the writer's commands succeed");
	check(!wrong, "beside a writer, what stays is always held and what never comes never is");
	printf("%zu entries beside a writer: %llu look-ups, %llu wrong\n", stays.count,
	       (unsigned long long)(looked_up - before), (unsigned long long)wrong);
	free(list.items);
	free(stays.items);
}

/* -- frames and time ------------------------------------------------------------------------------- */

static bool is_dropped(const struct node *node, enum party from, enum family family)
{
	struct packet packet = {
		.protocol = IPPROTO_UDP, .from = from, .to = OTHER, .to_port = 53, .payload = 20};
	struct variant variant = {.family = family};
	static struct frame frame;
	static struct outcome out;

	frame_build(&frame, &packet, &variant);
	node_send(node, &frame, &out);
	return out.verdict == XDP_DROP;
}

static void command_of(const struct node *node, const char *format, enum party party)
{
	char words[300];

	snprintf(words, sizeof(words), format, party_info(party)->address[IPV4],
		 party_info(party)->address[IPV6]);
	if (node_command(node, words))
		die("%s", words);
}

static void expect_drops(const struct node *node, bool client, const char *sentence)
{
	for (enum family family = IPV4; family <= IPV6; family++) {
		check(is_dropped(node, CLIENT, family) == client, sentence);
		check(!is_dropped(node, ATTACKER, family), "another address is not blocked");
	}
}

/* From before a command gave an entry its time. */
static time_t second_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* It blocks for `seconds` from `begin` on.  False: it is too late to tell. */
static bool still_blocks(const struct node *node, time_t begin, unsigned int seconds,
			 const char *sentence)
{
	bool blocks = is_dropped(node, CLIENT, IPV4) && is_dropped(node, CLIENT, IPV6);

	if (second_now() - begin >= (time_t)seconds)
		return false;
	check(blocks, sentence);
	return true;
}

static void add_for(const struct node *node, unsigned int seconds)
{
	char format[60];

	snprintf(format, sizeof(format), "-q set add listed %%s %%s for %us", seconds);
	command_of(node, format, CLIENT);
}

/* False: a busy machine was too slow to see it. */
static bool entries_expire(struct node *node, const char *configuration, unsigned int unit)
{
	time_t begin = second_now();

	add_for(node, 3 * unit);
	if (!still_blocks(node, begin, 3 * unit, "an entry with a time blocks"))
		return false;
	sleep(2 * unit);
	if (!still_blocks(node, begin, 3 * unit, "it blocks for as long as it was told to"))
		return false;
	begin = second_now();
	add_for(node, 4 * unit);
	if (node_apply(node, configuration))
		exit(1);
	sleep(3 * unit);
	if (!still_blocks(node, begin, 4 * unit, "it was refreshed, and stays with an apply"))
		return false;
	sleep(unit + 3);
	expect_drops(node, false, "it does not block when its time is over");
	return true;
}

static void entries_expire_under_frames(struct node *node)
{
	static const char configuration[] = "set listed { }\nguard { drop from @listed }\n";
	unsigned int unit = 1;

	if (node_apply(node, configuration))
		exit(1);
	expect_drops(node, false, "an empty set blocks nothing");
	while (!entries_expire(node, configuration, unit)) {
		unit *= 2;
		if (unit > 16)
			die("this machine is too slow to see how entries expire");
	}
	command_of(node, "-q set add listed %s %s for 1s", CLIENT);
	command_of(node, "-q set add listed %s %s", CLIENT);
	sleep(4);
	expect_drops(node, true, "without a time it stays");
	command_of(node, "-q set del listed %s %s", CLIENT);
	expect_drops(node, false, "deleted it blocks nothing");
	printf("entries expire, are refreshed and stay as told\n");
}

static int run(struct node *node)
{
	uint64_t largest = from_environment("ENTRIES", 1000000);
	static const size_t sizes[] = {1, 8, 40, 300, 3000, 40000};
	struct prober prober;

	random_seed(&random_state, 20);
	if (node_apply(node, "set listed { }\n"))
		return 1;
	prober_open(&prober, node);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		one_size(node, &prober, sizes[i], 24);
	one_size(node, &prober, largest, 6);
	read_beside(node, &prober, 100);
	read_beside(node, &prober, 20000);
	prober_close(&prober);
	entries_expire_under_frames(node);
	printf("%llu look-ups\n%d passed, %u failed\n", (unsigned long long)looked_up, !failures,
	       failures);
	return failures != 0;
}

int main(int argc, char **argv)
{
	return node_main(argc, argv, run);
}
