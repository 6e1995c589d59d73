/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sets' files in the forms that the usual lists have, and how long entries stay. */
#include <time.h>
#include <unistd.h>

#include "config_rows.h"

static char path[] = "/tmp/tierwall-set-XXXXXX";

static void write_file(const char *text, size_t length)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, length, out), length);
	assert_int_equal(fclose(out), 0);
}

/* The entries as `show config` has them, with commas between. */
static char *entries_text(const struct prefix *items, size_t count)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	for (size_t i = 0; i < count; i++) {
		fputs(i ? ", " : "", out);
		prefix_print(out, &items[i]);
		if (items[i].seconds) {
			fputs(" for ", out);
			time_print(out, items[i].seconds);
		}
	}
	assert_int_equal(fclose(out), 0);
	return text;
}

struct right_row {
	const char *says;
	const char *text;
	const char *entries;
};

static const struct right_row right[] = {
	{"an address a line", "192.0.2.2\n192.0.2.1\n", "192.0.2.1, 192.0.2.2"},
	{"both families", "2001:db8::1\n192.0.2.1\n", "192.0.2.1, 2001:db8::1"},
	{"no newline at the end", "192.0.2.1", "192.0.2.1"},
	{"no text at all", "", ""},
	{"comments and empty lines only", "# nothing\n\n ; here\n\t\n", ""},
	{"comments with #", "# a list\n192.0.2.0/24 # a network\n192.0.3.0/24#another\n",
	 "192.0.2.0/24, 192.0.3.0/24"},
	{"comments with ;", "; Spamhaus DROP List\n192.0.2.0/24 ; SBL256894\n192.0.3.0/24;x\n",
	 "192.0.2.0/24, 192.0.3.0/24"},
	{"one comment in the other", "192.0.2.1 # a ; b\n192.0.2.2 ; a # b\n",
	 "192.0.2.1, 192.0.2.2"},
	{"lines from Windows", "# x\r\n192.0.2.1\r\n\r\n192.0.2.2 ; y\r\n", "192.0.2.1, 192.0.2.2"},
	{"a byte order mark",
	 "\xef\xbb\xbf"
	 "192.0.2.1\n",
	 "192.0.2.1"},
	{"a byte order mark before a comment", "\xef\xbb\xbf# x\r\n192.0.2.1\r\n", "192.0.2.1"},
	{"nothing but a byte order mark", "\xef\xbb\xbf", ""},
	{"white space around", " \t192.0.2.1\t \n", "192.0.2.1"},
	{"bits behind the prefix are cleared", "192.0.2.77/24\n2001:db8::ffff/120\n",
	 "192.0.2.0/24, 2001:db8::ff00/120"},
	{"duplicates are merged", "192.0.2.1\n192.0.2.1/32\n::ffff:192.0.2.1\n", "192.0.2.1"},
	{"the highest numbers of an address", "255.255.255.255\n0.0.0.0\n",
	 "0.0.0.0, 255.255.255.255"},
	{"a range of one", "192.0.2.1-192.0.2.1\n", "192.0.2.1"},
	{"a range of addresses", "192.0.2.1-192.0.2.9\n",
	 "192.0.2.1, 192.0.2.2/31, 192.0.2.4/30, 192.0.2.8/31"},
	{"a range that is a prefix", "192.0.2.0-192.0.2.255\n", "192.0.2.0/24"},
	{"a range that is all of IPv4", "0.0.0.0-255.255.255.255\n", "0.0.0.0/0"},
	{"a range to the end of IPv4", "255.255.255.254-255.255.255.255\n", "255.255.255.254/31"},
	{"a range of IPv6", "2001:db8::-2001:db8::4\n", "2001:db8::/126, 2001:db8::4"},
	{"a range that is all of IPv6", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\n", "::/0"},
	{"a range of IPv6 leaves out what stands for IPv4", "::fffe:ffff:fffe-::1:0:0:1\n",
	 "::fffe:ffff:fffe/127, ::1:0:0:0/127"},
	{"a range with a comment", "192.0.2.0-192.0.2.3;x\n", "192.0.2.0/30"},
	{"a time", "192.0.2.1 for 10m\n192.0.2.2 for 90 # x\n2001:db8::/32 for 1d2h3m4s\r\n",
	 "192.0.2.1 for 10m, 192.0.2.2 for 1m30s, 2001:db8::/32 for 1d2h3m4s"},
	{"a time for a range", "192.0.2.1-192.0.2.3 for 1h\n",
	 "192.0.2.1 for 1h, 192.0.2.2/31 for 1h"},
	{"of duplicates the longest time stays",
	 "192.0.2.1 for 10m\n192.0.2.1 for 2h\n192.0.2.1 for 1h\n", "192.0.2.1 for 2h"},
	{"for good is the longest", "192.0.2.1 for 10m\n192.0.2.1\n192.0.2.2\n192.0.2.2 for 1d\n",
	 "192.0.2.1, 192.0.2.2"},
};

static void is_read(void **state)
{
	const struct right_row *row = *state;
	struct diagnostic diagnostic = {0};
	struct prefix *items = NULL;
	size_t count = 0;
	char *text;

	write_file(row->text, strlen(row->text));
	if (set_read_file(&items, &count, path, &diagnostic))
		fail_msg("%s", diagnostic.text);
	text = entries_text(items, count);
	assert_string_equal(text, row->entries);
	free(text);
	free(items);
}

struct wrong_row {
	const char *says;
	const char *text; /* ^ stands at the mistake */
	const char *message;
};

static const struct wrong_row wrong[] = {
	{"a comma", "192.0.2.1\n^192.0.2.2,\n", "is not an address"},
	{"two in a line", "192.0.2.1 ^192.0.2.2\n", "one address, prefix or range"},
	{"a name", "^example.com\n", "is not an address"},
	{"a number that is too high", "^192.0.2.256\n", "is not an address"},
	{"a leading zero", "^192.0.02.1\n", "is not an address"},
	{"three numbers", "^192.0.2\n", "is not an address"},
	{"five numbers", "^192.0.2.1.1\n", "is not an address"},
	{"four digits", "^192.0.2.0001\n", "is not an address"},
	{"a dot at the end", "^192.0.2.\n", "is not an address"},
	{"a prefix that is too long", "# x\n ^192.0.2.1/33 # y\n", "0-32"},
	{"a mask", "^192.0.2.0/255.255.255.0\n", "such as /24"},
	{"a reversed range", "^192.0.2.9-192.0.2.1\n", "the lower address stands first"},
	{"a range of prefixes", "^192.0.2.0/25-192.0.2.128/25\n", "is not a range of addresses"},
	{"a range without its end", "^192.0.2.0-\n", "is not a range of addresses"},
	{"a range of both families", "^192.0.2.0-2001:db8::\n", "from one family into the other"},
	{"a range with spaces", "192.0.2.1 ^- 192.0.2.9\n", "one address, prefix or range"},
	{"for without a time", "192.0.2.1 for^\n", "is not a time"},
	{"for without a time before a comment", "192.0.2.1 for ^# x\n", "is not a time"},
	{"a time that is none", "192.0.2.1 for ^soon\n", "write it as 90s"},
	{"two times", "192.0.2.1 for 1h ^for 2h\n", "one address, prefix or range"},
	{"a line's end within a line", "192.0.2.1^\r 192.0.2.2\n", "carriage return"},
	{"a carriage return at the end", "192.0.2.1^\r", "carriage return"},
	{"a byte order mark on the second line",
	 "192.0.2.1\n^\xef\xbb\xbf"
	 "192.0.2.2\n",
	 "is not an address"},
	{"a text that is not UTF-8", "192.0.2.1 # caf^\xe9\n", "iconv"},
	{"a control byte", "192.0.2.1 # ^\x01\n", "0x01"},
	{"a brace", "^{ 192.0.2.1 }\n", "is not an address"},
	{"a line from Windows", "192.0.2.1\r\n\r\n# x\r\n^x\r\n", "is not an address"},
};

/* What was there before stays as it was. */
static void is_refused(void **state)
{
	const struct wrong_row *row = *state;
	struct diagnostic diagnostic = {0};
	struct prefix *items = NULL, *first;
	size_t count = 0;
	struct place at;
	char *text = take_mark(row->text, &at), *entries;

	first = config_push(&items, &count, sizeof(*items));
	assert_int_equal(prefix_parse(first, "198.51.100.0/24", &diagnostic), 0);
	write_file(text, strlen(text));
	assert_int_equal(set_read_file(&items, &count, path, &diagnostic), MISTAKE);
	assert_mistake(&diagnostic, path, at, row->message);
	entries = entries_text(items, count);
	assert_string_equal(entries, "198.51.100.0/24");
	diagnostic_free(&diagnostic);
	free(entries);
	free(items);
	free(text);
}

static void a_line_from_windows_is_shown_without_its_end(void **state)
{
	static const char text[] = "192.0.2.1\r\n192.0.2.256 # x\r\n";
	struct diagnostic diagnostic = {0};
	struct prefix *items = NULL;
	size_t count = 0;

	(void)state;
	write_file(text, sizeof(text) - 1);
	assert_int_equal(set_read_file(&items, &count, path, &diagnostic), MISTAKE);
	assert_non_null(strstr(diagnostic.text, "\n192.0.2.256 # x\n^\n"));
	diagnostic_free(&diagnostic);
	free(items);
}

struct shown {
	size_t calls, done, all;
};

static void show(size_t done, size_t all, void *context)
{
	struct shown *shown = context;

	assert_true(done > shown->done && done <= all);
	shown->calls++;
	shown->done = done;
	shown->all = all;
}

/* Of this process: how busy the machine is does not matter. */
static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/*
 * A million take a third of a second without sanitizers; the bound is far above what
 * they take with them.
 */
static void a_million_entries(void **state)
{
	struct diagnostic diagnostic = {0};
	struct shown shown = {0};
	const struct progress progress = {show, &shown};
	struct prefix *items = NULL;
	size_t count = 0, length;
	char *text = NULL;
	FILE *out = open_memstream(&text, &length);
	double start;

	(void)state;
	assert_non_null(out);
	for (unsigned int i = 0; i < 1000000; i++) { /* all different, in a wild order */
		unsigned int n = i * 2654435761u;

		if (i % 2)
			fprintf(out, "2001:db8:%x:%x::/64\n", n >> 16, n & 0xffff);
		else
			fprintf(out, "%u.%u.%u.%u\n", n >> 24, n >> 16 & 255, n >> 8 & 255,
				n & 255);
	}
	assert_int_equal(fclose(out), 0);
	write_file(text, length);
	start = seconds();
	assert_int_equal(set_read_file_showing(&items, &count, path, &progress, &diagnostic), 0);
	assert_true(seconds() - start < 10);
	assert_int_equal(count, 1000000);
	for (size_t i = 1; i < count; i++) /* IPv4 first, each half in order */
		assert_true(i == count / 2 ? addr_is_ipv4(&items[i - 1].addr) &&
						     !addr_is_ipv4(&items[i].addr)
					   : memcmp(&items[i - 1].addr, &items[i].addr, 16) < 0);
	assert_true(shown.calls > 5);
	assert_int_equal(shown.all, length);
	free(items);
	free(text);
}

struct time_row {
	const char *says;
	const char *word;
	uint32_t seconds;    /* 0: it is refused */
	const char *printed; /* or the message */
};

static const struct time_row times[] = {
	{"seconds without a unit", "90", 90, "1m30s"},
	{"seconds", "59s", 59, "59s"},
	{"minutes", "10m", 600, "10m"},
	{"hours", "2h", 7200, "2h"},
	{"days", "1d", 86400, "1d"},
	{"several units", "1h30m", 5400, "1h30m"},
	{"all units", "1d2h3m4s", 93784, "1d2h3m4s"},
	{"more than a unit has", "90m", 5400, "1h30m"},
	{"a unit of nothing", "0h1s", 1, "1s"},
	{"the longest", "3650d", 315360000, "3650d"},
	{"the longest in seconds", "315360000", 315360000, "3650d"},
	{"no word", "", 0, "is not a time"},
	{"nothing", "0", 0, "the least is 1s"},
	{"nothing with a unit", "0d0s", 0, "the least is 1s"},
	{"more than the longest", "315360001", 0, "is more than 3650d"},
	{"more than the longest in two units", "3650d1s", 0, "is more than 3650d"},
	{"a number that overflows", "18446744073709551617s", 0, "is more than 3650d"},
	{"a unit without a number", "m", 0, "is not a time"},
	{"a unit that is none", "5w", 0, "is not a time"},
	{"a capital", "5M", 0, "is not a time"},
	{"units in the wrong order", "30m1h", 0, "is not a time"},
	{"a unit twice", "1m1m", 0, "is not a time"},
	{"a number behind a unit", "1h30", 0, "is not a time"},
	{"a sign", "-5m", 0, "is not a time"},
	{"a point", "1.5h", 0, "is not a time"},
	{"a space", "1h 30m", 0, "is not a time"},
	{"a control byte", "1\x1bh", 0, "0x1b"},
};

static void is_timed(void **state)
{
	const struct time_row *row = *state;
	struct diagnostic diagnostic = {0};
	uint32_t time = 4711;
	char *text = NULL;
	size_t length;
	FILE *out;
	int result = time_parse(&time, row->word, &diagnostic);

	if (!row->seconds) {
		assert_int_equal(result, MISTAKE);
		assert_non_null(strstr(diagnostic.text, row->printed));
		assert_int_equal(time, 4711);
		diagnostic_free(&diagnostic);
		return;
	}
	assert_int_equal(result, 0);
	assert_int_equal(time, row->seconds);
	out = open_memstream(&text, &length);
	assert_non_null(out);
	time_print(out, time);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, row->printed);
	free(text);
}

static void a_set_in_the_file_has_times_too(void **state)
{
	struct config *config = parse_right("set a { 192.0.2.1 for 10m, 198.51.100.0/24 for 5s\n"
					    "192.0.2.1 for 90m, 2001:db8::1 }\n");
	char *text = printed(config);

	(void)state;
	assert_string_equal(text, "set a { 192.0.2.1 for 1h30m, 198.51.100.0/24 for 5s, "
				  "2001:db8::1 }\n");
	free(text);
	config_free(config);
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(a_line_from_windows_is_shown_without_its_end),
		cmocka_unit_test(a_million_entries),
		cmocka_unit_test(a_set_in_the_file_has_times_too),
	};
	int fd = mkstemp(path), failed = fd < 0 || close(fd);

	failed += run_rows("sets' files that are right", ROWS(right), is_read);
	failed += run_rows("sets' files that are wrong", ROWS(wrong), is_refused);
	failed += run_rows("times", ROWS(times), is_timed);
	failed += cmocka_run_group_tests_name("sets", others, NULL, NULL);
	failed += unlink(path) != 0;
	return failed > 0;
}
