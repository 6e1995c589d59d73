/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What `limit` becomes: the rate is kept over days, the burst is whole, at every rate
 * that can be written.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "compile/compile.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct tw_limit compiled(uint32_t rate, char unit, uint32_t burst)
{
	const struct limit limit = {.rate = rate, .unit = unit, .burst = burst};
	struct tw_limit out;

	limit_compile(&out, &limit);
	return out;
}

/* As bpf/limit.h has it. */
static uint64_t units(const struct tw_limit *limit, uint64_t ns)
{
	return ((ns >> 32) * limit->rate << (32 - limit->rate_shift)) +
	       ((uint64_t)(uint32_t)ns * limit->rate >> limit->rate_shift);
}

static double seconds_of(char unit)
{
	return unit == 'h' ? 3600 : unit == 'm' ? 60 : 1;
}

static const struct {
	uint32_t rate;
	char unit;
} rates[] = {
	{1, 'h'},          {1, 'm'},          {7, 'h'},          {1, 's'},
	{3, 's'},          {10, 's'},         {1000, 's'},       {20000, 's'},
	{999999937, 's'},  {1000000000, 's'}, {UINT32_MAX, 's'}, {UINT32_MAX, 'm'},
	{UINT32_MAX, 'h'}, {123456789, 'm'},
};

static void a_rate_is_kept(void **state)
{
	const double seconds = 10 * 24 * 3600;

	(void)state;
	for (size_t i = 0; i < COUNT(rates); i++) {
		struct tw_limit limit = compiled(rates[i].rate, rates[i].unit, 0);
		double packets =
			(double)units(&limit, (uint64_t)(seconds * 1e9)) / (double)limit.cost;
		double wanted = rates[i].rate / seconds_of(rates[i].unit) * seconds;

		if (fabs(packets / wanted - 1) > 2e-9)
			fail_msg("%u/%c: %.3f packets and not %.3f", rates[i].rate, rates[i].unit,
				 packets, wanted);
	}
}

/* 17 years of uptime fit, and time never goes back, at the seam of the two halves neither. */
static void time_goes_on(void **state)
{
	const uint64_t years = 17ull * 365 * 24 * 3600 * 1000000000;

	(void)state;
	for (size_t i = 0; i < COUNT(rates); i++) {
		struct tw_limit limit = compiled(rates[i].rate, rates[i].unit, 0);

		assert_true(units(&limit, years) > units(&limit, years / 2));
		assert_true(units(&limit, years) < 1ull << 63);
		for (uint64_t half = 1; half < 100; half++) {
			uint64_t seam = half << 32;

			assert_true(units(&limit, seam) >= units(&limit, seam - 1));
			assert_true(units(&limit, seam + 1) >= units(&limit, seam));
		}
	}
}

static void a_burst_is_whole(void **state)
{
	static const uint32_t bursts[] = {1, 2, 5, 40000, 1u << 31, UINT32_MAX};

	(void)state;
	for (size_t i = 0; i < COUNT(rates); i++)
		for (size_t j = 0; j < COUNT(bursts); j++) {
			struct tw_limit limit = compiled(rates[i].rate, rates[i].unit, bursts[j]);

			assert_int_equal(limit.tolerance / limit.cost, bursts[j] - 1);
			assert_int_equal(limit.tolerance % limit.cost, 0);
			assert_true(limit.tolerance + limit.cost <= 1ull << 62);
			assert_in_range(limit.rate_shift, 1, 32);
		}
}

/* 1,000,000 packets in virtual time, evenly and then all at once. */
static uint64_t admitted(const struct tw_limit *limit, uint64_t from, uint64_t to, uint64_t step)
{
	uint64_t full_at = 0, count = 0;

	for (uint64_t ns = from; ns < to; ns += step) {
		uint64_t now = units(limit, ns), start = full_at > now ? full_at : now;

		if (start - now > limit->tolerance)
			continue;
		full_at = start + limit->cost;
		count++;
	}
	return count;
}

static void admits_what_it_says(void **state)
{
	const uint64_t begin = 86400ull * 1000000000, second = 1000000000;
	struct tw_limit limit = compiled(1000, 's', 50);

	(void)state;
	assert_in_range(admitted(&limit, begin, begin + 10 * second, 10007), 10049, 10050);
	limit = compiled(3, 's', 1);
	assert_in_range(admitted(&limit, begin, begin + 100 * second, 1000003), 300, 301);
	limit = compiled(1, 'h', 4);
	assert_int_equal(admitted(&limit, begin, begin + 7200 * second + 1, second / 10), 4 + 2);
	/* a packet each second is within 1/s for good */
	limit = compiled(1, 's', 1);
	assert_in_range(admitted(&limit, begin, begin + 10000 * second, second), 9999, 10000);
}

static void a_burst_that_is_not_said(void **state)
{
	static const struct {
		uint32_t rate;
		char unit;
		uint64_t burst;
	} cases[] = {{1, 'h', 5},
		     {10, 's', 5},
		     {500, 's', 5},
		     {501, 's', 6},
		     {20000, 's', 200},
		     {60000, 'm', 10},
		     {UINT32_MAX, 's', 42949673}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tw_limit limit = compiled(cases[i].rate, cases[i].unit, 0);

		assert_int_equal(limit.tolerance / limit.cost + 1, cases[i].burst);
	}
}

static void how_long_a_burst_takes(void **state)
{
	(void)state;
	assert_int_equal(compiled(1000, 's', 8).burst_us, 8000);
	assert_int_equal(compiled(6000000, 'm', 800).burst_us, 60 * (800u * 1000000 / 6000000));
	assert_int_equal(compiled(1, 'h', 1).burst_us, 3600000000u);
	assert_int_equal(compiled(1, 'h', 2).burst_us, UINT32_MAX);
	assert_int_equal(compiled(1, 'h', UINT32_MAX).burst_us, UINT32_MAX);
}

static void masks(void **state)
{
	struct limit words = {.rate = 1, .unit = 's', .per_source = true};
	unsigned char *mask6, *mask4;
	struct tw_limit limit;

	(void)state;
	mask6 = (unsigned char *)limit.mask6;
	mask4 = (unsigned char *)&limit.mask4;
	limit_compile(&limit, &words);
	assert_memory_equal(mask4, "\xff\xff\xff\xff", 4);
	assert_memory_equal(mask6,
			    "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 16);
	assert_int_equal(limit.flags, TW_LIMIT_SOURCE);
	words.source_bits = 20;
	words.over = true;
	limit_compile(&limit, &words);
	assert_memory_equal(mask4, "\xff\xff\xf0\x00", 4);
	assert_memory_equal(mask6, "\xff\xff\xf0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_int_equal(limit.flags, TW_LIMIT_SOURCE | TW_LIMIT_OVER);
	words.source_bits = 64;
	limit_compile(&limit, &words);
	assert_memory_equal(mask4, "\xff\xff\xff\xff", 4);
	assert_memory_equal(mask6, "\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0\0\0\0\0", 16);
	words.source_bits = 128;
	limit_compile(&limit, &words);
	assert_int_equal(mask6[15], 0xff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rate_is_kept),
		cmocka_unit_test(time_goes_on),
		cmocka_unit_test(a_burst_is_whole),
		cmocka_unit_test(admits_what_it_says),
		cmocka_unit_test(a_burst_that_is_not_said),
		cmocka_unit_test(how_long_a_burst_takes),
		cmocka_unit_test(masks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
