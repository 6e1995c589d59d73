/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names of TCP flags, ICMP types and codes, and DSCPs; where a number has two, the first is printed. */
#include <netinet/in.h>
#include <string.h>

#include "config/names.h"

const struct name tcp_flags[] = {
	{"fin", 0x01}, {"syn", 0x02}, {"rst", 0x04}, {"psh", 0x08}, {"ack", 0x10},
	{"urg", 0x20}, {"ece", 0x40}, {"cwr", 0x80}, {NULL, 0},
};

const struct name dscp_names[] = {
	{"df", 0},    {"be", 0},    {"cs0", 0},   {"le", 1},    {"cs1", 8},   {"af11", 10},
	{"af12", 12}, {"af13", 14}, {"cs2", 16},  {"af21", 18}, {"af22", 20}, {"af23", 22},
	{"cs3", 24},  {"af31", 26}, {"af32", 28}, {"af33", 30}, {"cs4", 32},  {"af41", 34},
	{"af42", 36}, {"af43", 38}, {"cs5", 40},  {"va", 44},   {"ef", 46},   {"cs6", 48},
	{"cs7", 56},  {NULL, 0},
};

static const struct name types4[] = {
	{"echo-reply", 0},
	{"destination-unreachable", 3},
	{"redirect", 5},
	{"echo-request", 8},
	{"router-advertisement", 9},
	{"router-solicitation", 10},
	{"time-exceeded", 11},
	{"parameter-problem", 12},
	{"timestamp-request", 13},
	{"timestamp-reply", 14},
	{NULL, 0},
};

static const struct name types6[] = {
	{"destination-unreachable", 1},
	{"packet-too-big", 2},
	{"time-exceeded", 3},
	{"parameter-problem", 4},
	{"echo-request", 128},
	{"echo-reply", 129},
	{"multicast-listener-query", 130},
	{"multicast-listener-report", 131},
	{"multicast-listener-done", 132},
	{"router-solicitation", 133},
	{"router-advertisement", 134},
	{"neighbor-solicitation", 135},
	{"neighbour-solicitation", 135},
	{"neighbor-advertisement", 136},
	{"neighbour-advertisement", 136},
	{"redirect", 137},
	{NULL, 0},
};

static const struct name unreachable4[] = {
	{"net-unreachable", 0},
	{"host-unreachable", 1},
	{"protocol-unreachable", 2},
	{"port-unreachable", 3},
	{"fragmentation-needed", 4},
	{"admin-prohibited", 13},
	{NULL, 0},
};

static const struct name unreachable6[] = {
	{"no-route", 0},
	{"admin-prohibited", 1},
	{"address-unreachable", 3},
	{"port-unreachable", 4},
	{NULL, 0},
};

static const struct name none[] = {{NULL, 0}};

const struct name *icmp_types(uint8_t protocol)
{
	return protocol == IPPROTO_ICMPV6 ? types6 : types4;
}

const struct name *icmp_codes(uint8_t protocol, uint8_t type)
{
	if (protocol == IPPROTO_ICMP && type == 3)
		return unreachable4;
	if (protocol == IPPROTO_ICMPV6 && type == 1)
		return unreachable6;
	return none;
}

const struct name *name_find(const struct name *names, const char *text, size_t length)
{
	for (; names->name; names++)
		if (strlen(names->name) == length && !memcmp(names->name, text, length))
			return names;
	return NULL;
}

const char *name_of(const struct name *names, uint8_t number)
{
	for (; names->name; names++)
		if (names->number == number)
			return names->name;
	return NULL;
}

void names_suggest(const struct name *names, struct suggestion *suggestion)
{
	for (; names->name; names++)
		suggestion_offer(suggestion, names->name);
}
