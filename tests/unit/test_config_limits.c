/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The largest configuration of each kind is taken; one more is refused where it stands. */
#include <time.h>

#include "config_rows.h"

static struct { /* the file that a test writes */
	FILE *out;
	char *text;
	size_t length;
} growing;

static void begin(void)
{
	growing.out = open_memstream(&growing.text, &growing.length);
	assert_non_null(growing.out);
}

static struct config *parse_grown(void)
{
	struct diagnostic diagnostic = {0};
	struct config *config;

	assert_int_equal(fclose(growing.out), 0);
	if (config_parse(&config, "t.conf", growing.text, growing.length, &diagnostic))
		fail_msg("%s", diagnostic.text);
	free(growing.text);
	return config;
}

/* line 0: it must be taken */
static void finish(struct place at, const char *message)
{
	struct diagnostic diagnostic = {0};
	struct config *config = parse_grown();
	int result = config_check(config, &diagnostic);

	if (!at.line && result)
		fail_msg("%s", diagnostic.text);
	assert_int_equal(result, at.line ? MISTAKE : 0);
	if (at.line)
		assert_mistake(&diagnostic, "t.conf", at, message);
	diagnostic_free(&diagnostic);
	config_free(config);
}

static const struct place taken;

static void write_lines(unsigned int count, void (*line)(FILE *out, unsigned int number))
{
	for (unsigned int i = 1; i <= count; i++)
		line(growing.out, i);
}

static void interface_line(FILE *out, unsigned int number)
{
	fprintf(out, "interface eth%u\n", number);
}

static void interfaces(void **state)
{
	(void)state;
	begin();
	write_lines(256, interface_line);
	finish(taken, "");
	begin();
	write_lines(257, interface_line);
	finish((struct place){257, 11}, "more than 256 interfaces");
}

static void rule_line(FILE *out, unsigned int number)
{
	fprintf(out, "drop tcp to port %u\n", number % 65535 + 1);
}

static void rules_of_all_blocks(void **state)
{
	(void)state;
	begin();
	fputs("guard {\n", growing.out);
	write_lines(131068, rule_line);
	fputs("}\nhost { drop }\n"
	      "tier a { server x 10.0.0.1 { firewall { drop; drop } }; firewall { drop } }\n",
	      growing.out);
	finish(taken, "");
	begin();
	fputs("guard {\n", growing.out);
	write_lines(131068, rule_line);
	fputs("}\nhost { drop }\n"
	      "tier a { server x 10.0.0.1 { firewall { drop; drop } }; firewall { drop; drop } }\n",
	      growing.out);
	finish((struct place){131072, 74}, "more than 131072 rules");
}

static void set_line(FILE *out, unsigned int number)
{
	fprintf(out, "set s%u { }\n", number);
}

/* A tier counts where a rule names it, once. */
static void sets_tiers_and_lists(void **state)
{
	char too_many[64];

	(void)state;
	snprintf(too_many, sizeof(too_many), "more than %u together", TW_SETS);
	begin();
	write_lines(TW_SETS - 2, set_line);
	fputs("tier t { }\ntier u { }\nguard { drop from @t to @t; "
	      "drop from { @s1, @s2 } to @s3; drop from 10.0.0.1; drop to not @t }\n",
	      growing.out);
	finish(taken, "");
	begin();
	write_lines(TW_SETS - 1, set_line);
	fputs("tier t { }\nguard { drop from { @s1, @s2 } to { @s3, @s4 } }\n", growing.out);
	finish((struct place){TW_SETS + 1, 37}, too_many);
	begin();
	write_lines(TW_SETS - 1, set_line);
	fputs("tier t { }\nguard { drop from @t to not 10.0.0.1 }\n", growing.out);
	finish((struct place){TW_SETS + 1, 29}, too_many);
	begin();
	write_lines(TW_SETS, set_line);
	fputs("tier t { }\nset t2 { }\n", growing.out);
	finish((struct place){TW_SETS + 2, 5}, too_many);
	begin();
	write_lines(TW_SETS, set_line);
	fputs("tier t { }\ntier u { }\nguard { drop from @s1; drop to @u }\n", growing.out);
	finish((struct place){TW_SETS + 3, 32}, too_many);
	begin();
	write_lines(TW_SETS, set_line);
	fputs("tier t { }\nservice s { listen 10.0.0.1 tcp port 1; tier t; from not @s1 }\n",
	      growing.out);
	finish(taken, "");
	begin();
	write_lines(TW_SETS, set_line);
	fputs("tier t { }\nservice s { listen 10.0.0.1 tcp port 1; tier t; from 10.0.0.2 }\n",
	      growing.out);
	finish((struct place){TW_SETS + 2, 54}, too_many);
}

static void tier_line(FILE *out, unsigned int number)
{
	fprintf(out, "tier t%u { }\n", number);
}

static void tiers(void **state)
{
	(void)state;
	begin();
	write_lines(8192, tier_line);
	finish(taken, "");
	begin();
	write_lines(8193, tier_line);
	finish((struct place){8193, 6}, "more than 8192 tiers");
}

static void server_line(FILE *out, unsigned int number)
{
	fprintf(out, "server s%u 10.%u.%u.1\n", number, number / 256, number % 256);
}

static void servers_of_a_tier(void **state)
{
	(void)state;
	begin();
	fputs("tier t {\n", growing.out);
	write_lines(1024, server_line);
	fputs("}\n", growing.out);
	finish(taken, "");
	begin();
	fputs("tier t {\n", growing.out);
	write_lines(1025, server_line);
	fputs("}\n", growing.out);
	finish((struct place){1026, 8}, "at most 1024 servers");
}

static void write_tiers(unsigned int servers)
{
	for (unsigned int i = 0; i < servers; i++) {
		if (i % 1000 == 0)
			fprintf(growing.out, "%stier t%u {\n", i ? "}\n" : "", i);
		server_line(growing.out, i);
	}
	fputs("}\n", growing.out);
}

static void servers_of_all_tiers(void **state)
{
	(void)state;
	begin();
	write_tiers(8192);
	finish(taken, "");
	begin();
	write_tiers(8193);
	finish((struct place){8193 + 9 + 8, 8}, "more than 8192 servers");
}

static void service_line(FILE *out, unsigned int number)
{
	fprintf(out, "service s%u { listen 203.0.113.1 tcp port %u; tier t }\n", number, number);
}

static void services(void **state)
{
	(void)state;
	begin();
	fputs("tier t { }\n", growing.out);
	write_lines(1024, service_line);
	finish(taken, "");
	begin();
	fputs("tier t { }\n", growing.out);
	write_lines(1025, service_line);
	finish((struct place){1026, 9}, "more than 1024 services");
}

static void listen_line(FILE *out, unsigned int number)
{
	fprintf(out, "listen 203.0.113.%u tcp port 1,3\n", number);
}

static void listens_of_a_service(void **state)
{
	(void)state;
	begin();
	fputs("tier t { }\nservice s {\ntier t\n", growing.out);
	write_lines(32, listen_line);
	fputs("}\n", growing.out);
	finish(taken, "");
	begin();
	fputs("tier t { }\nservice s {\ntier t\n", growing.out);
	write_lines(33, listen_line);
	fputs("}\n", growing.out);
	finish((struct place){36, 8}, "at most 64 ports");
}

/* The only limit that the parser itself watches, because it bounds memory. */
static void prefixes_of_a_set(void **state)
{
	struct diagnostic diagnostic = {0};
	struct config *config = NULL;

	(void)state;
	begin();
	fputs("set s {\n", growing.out);
	for (unsigned int i = 0; i < 4000001; i++)
		fputs("::1\n", growing.out);
	fputs("}\n", growing.out);
	assert_int_equal(fclose(growing.out), 0);
	assert_int_equal(config_parse(&config, "t.conf", growing.text, growing.length, &diagnostic),
			 MISTAKE);
	assert_mistake(&diagnostic, "t.conf", (struct place){4000002, 1}, "at most 4000000");
	diagnostic_free(&diagnostic);
	free(growing.text);
}

static void a_file_has_at_most_64_mib(void **state)
{
	struct diagnostic diagnostic = {0};
	struct config *config = NULL;
	static const char block[] = "guard { }";
	size_t length = (64u << 20) + 1;
	char *text = malloc(length);

	(void)state;
	assert_non_null(text);
	memset(text, '\n', length);
	assert_int_equal(config_parse(&config, "t.conf", text, length, &diagnostic), MISTAKE);
	assert_mistake(&diagnostic, "t.conf", (struct place){1, 1}, "larger than 64 MiB");
	for (size_t i = 0; i < sizeof(block) - 1; i++)
		text[i] = block[i];
	assert_int_equal(config_parse(&config, "t.conf", text, length - 1, &diagnostic), 0);
	config_free(config);
	diagnostic_free(&diagnostic);
	free(text);
}

/* Of this process: how busy the machine is does not matter. */
static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/*
 * 100,000 rules take a tenth of a second without sanitizers.  The bound is far
 * above what they take with them, and far below what a quadratic look-up would.
 */
static void many_rules_take_linear_time(void **state)
{
	double start = seconds();

	(void)state;
	begin();
	for (unsigned int i = 0; i < 500; i++)
		fprintf(growing.out, "set s%u { 10.%u.%u.0/24 }\n", i, i / 256, i % 256);
	fputs("guard {\n", growing.out);
	for (unsigned int i = 0; i < 100000; i++)
		fprintf(growing.out, "drop tcp from @s%u to port %u # rule %u\n", i % 500,
			i % 65535 + 1, i);
	fputs("}\n", growing.out);
	finish(taken, "");
	assert_true(seconds() - start < 20);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(interfaces),
		cmocka_unit_test(rules_of_all_blocks),
		cmocka_unit_test(sets_tiers_and_lists),
		cmocka_unit_test(tiers),
		cmocka_unit_test(servers_of_a_tier),
		cmocka_unit_test(servers_of_all_tiers),
		cmocka_unit_test(services),
		cmocka_unit_test(listens_of_a_service),
		cmocka_unit_test(prefixes_of_a_set),
		cmocka_unit_test(a_file_has_at_most_64_mib),
		cmocka_unit_test(many_rules_take_linear_time),
	};

	return cmocka_run_group_tests_name("limits", tests, NULL, NULL) > 0;
}
