/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The tables behind topology.h. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "topology.h"

static const struct {
	const char *name, *mac, *address[2];
	unsigned int mtu;
} devices[DEVICE_COUNT] = {
	[WAN] = {"wan", "02:00:00:00:00:01", {"192.0.2.1/24", "2001:db8:2::1/64"}, 1500},
	[LAN] = {"lan", "02:00:00:00:00:02", {"10.0.1.1/24", "2001:db8:1::1/64"}, 9000},
	[DMZ] = {"dmz", "02:00:00:00:00:03", {"10.0.3.1/24", "2001:db8:3::1/64"}, 1500},
	[ATTIC] = {"attic", "02:00:00:00:00:04", {"10.0.4.1/24", "2001:db8:4::1/64"}, 1500},
};

#define ROUTER_MAC "02:00:00:00:02:fe"

static const struct party_info parties[PARTY_COUNT] = {
	[CLIENT] = {"CLIENT", {"198.51.100.1", "2001:db8:c::1"}, 120, WAN, NULL},
	[OFFICE] = {"OFFICE", {"198.51.100.129", "2001:db8:c:1::1"}, 120, WAN, NULL},
	[ATTACKER] = {"ATTACKER", {"203.0.113.65", "2001:db8:bad::1"}, 60, WAN, NULL},
	[MONITOR] = {"MONITOR", {"203.0.113.7", "2001:db8:d::7"}, 1, WAN, NULL},
	[OTHER] = {"OTHER", {"203.0.113.9", "2001:db8:e::9"}, 1, WAN, NULL},
	[ROUTER] = {"ROUTER", {"192.0.2.254", "2001:db8:2::fe"}, 1, WAN, NULL},
	[NODE] = {"NODE", {"192.0.2.1", "2001:db8:2::1"}, 1, WAN, "02:00:00:00:00:01"},
	[NODE_LAN] = {"NODE_LAN", {"10.0.1.1", "2001:db8:1::1"}, 1, LAN, "02:00:00:00:00:02"},
	[VIP] = {"VIP", {"192.0.2.10", "2001:db8:2::10"}, 1, WAN, NULL},
	[VIP2] = {"VIP2", {"192.0.2.20", "2001:db8:2::20"}, 1, WAN, NULL},
	[VIP3] = {"VIP3", {"192.0.2.30", "2001:db8:2::30"}, 1, WAN, NULL},
	[VIP4] = {"VIP4", {"192.0.2.40", "2001:db8:2::40"}, 1, WAN, NULL},
	[WEB1] = {"web1", {"10.0.1.11", "2001:db8:1::11"}, 1, LAN, "02:00:00:00:01:11"},
	[WEB2] = {"web2", {"10.0.1.12", "2001:db8:1::12"}, 1, LAN, "02:00:00:00:01:12"},
	[APP1] = {"app1", {"10.0.1.21", "2001:db8:1::21"}, 1, LAN, "02:00:00:00:01:21"},
	[FIXED1] = {"fixed1", {"10.0.1.40", "2001:db8:1::40"}, 1, LAN, "02:00:00:00:01:40"},
	[DB1] = {"db1", {"10.0.3.11", "2001:db8:3::11"}, 1, DMZ, "02:00:00:00:03:11"},
	[DB2] = {"db2", {"10.0.3.12", "2001:db8:3::12"}, 1, DMZ, "02:00:00:00:03:12"},
	[OLD1] = {"old1", {"10.0.4.11", "2001:db8:4::11"}, 1, ATTIC, "02:00:00:00:04:11"},
	[EDGE1] = {"edge1", {"192.0.2.31", "2001:db8:2::31"}, 1, WAN, "02:00:00:00:02:31"},
	[QUIET1] = {"quiet1", {"10.0.1.50", "2001:db8:1::50"}, 1, LAN, NULL},
	[LOST1] = {"lost1", {"172.16.9.9", "2001:db8:bb::9"}, 1, WAN, NULL},
};

const struct party_info *party_info(enum party party)
{
	if (!parties[party].name) {
		fprintf(stderr, "party %d has no row in the topology\n", party);
		abort();
	}
	return &parties[party];
}

size_t party_address(enum party party, enum family family, unsigned int run, uint8_t *out)
{
	const struct party_info *info = party_info(party);
	size_t size = family == IPV4 ? 4 : 16;

	if (inet_pton(family == IPV4 ? AF_INET : AF_INET6, info->address[family], out) != 1)
		abort();
	if (info->spread > 1)
		out[size - 1] += run % info->spread;
	return size;
}

void mac_parse(const char *text, uint8_t mac[6])
{
	if (sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1], &mac[2], &mac[3],
		   &mac[4], &mac[5]) != 6)
		abort();
}

void party_mac(enum party party, uint8_t mac[6])
{
	const char *text = party_info(party)->mac;

	mac_parse(text ? text : ROUTER_MAC, mac);
}

enum device party_device(enum party party)
{
	return party_info(party)->device;
}

const char *device_name(enum device device)
{
	return devices[device].name;
}

void device_mac(enum device device, uint8_t mac[6])
{
	mac_parse(devices[device].mac, mac);
}

static void print_neighbour(FILE *out, enum party party)
{
	const struct party_info *info = &parties[party];

	for (int family = IPV4; family <= IPV6; family++)
		fprintf(out, "neigh replace %s lladdr %s dev %s nud permanent\n",
			info->address[family], info->mac ? info->mac : ROUTER_MAC,
			devices[info->device].name);
}

void topology_print_links(FILE *out)
{
	fprintf(out, "link set lo up\n");
	for (enum device device = WAN; device < DEVICE_COUNT; device++)
		fprintf(out, "link add %s address %s mtu %u type veth peer name %s-peer mtu %u\n",
			devices[device].name, devices[device].mac, devices[device].mtu,
			devices[device].name, devices[device].mtu);
}

void topology_print_addresses(FILE *out)
{
	static const enum party neighbours[] = {ROUTER, WEB1, WEB2, APP1, DB1, DB2, OLD1, EDGE1};

	for (enum device device = WAN; device < DEVICE_COUNT; device++) {
		const char *name = devices[device].name;

		fprintf(out, "link set %s-peer up\nlink set %s up\n", name, name);
		fprintf(out, "address add %s dev %s\n", devices[device].address[IPV4], name);
		fprintf(out, "address add %s dev %s nodad\n", devices[device].address[IPV6], name);
	}
	for (size_t i = 0; i < sizeof(neighbours) / sizeof(neighbours[0]); i++)
		print_neighbour(out, neighbours[i]);
	for (int family = IPV4; family <= IPV6; family++)
		fprintf(out, "route add default via %s dev wan\n", parties[ROUTER].address[family]);
	fprintf(out, "route add unreachable 172.16.9.0/24\n");
	fprintf(out, "route add unreachable 2001:db8:bb::/48\n");
}
