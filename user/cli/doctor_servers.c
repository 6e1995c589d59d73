/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What `l2` and `ipip` ask of the servers, which get packets for the service's own
 * address.  Where this node is the server it is looked at, else said.
 */
#include <arpa/inet.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/doctor.h"

static bool is_own(const struct doctor *doctor, const union tw_addr *addr)
{
	for (size_t i = 0; i < doctor->facts.address_count; i++)
		if (!memcmp(&doctor->facts.addresses[i], addr, sizeof(*addr)))
			return true;
	return false;
}

static bool is_this_node(const struct doctor *doctor, const struct server *server)
{
	return (!addr_is_zero(&server->addr[0]) && is_own(doctor, &server->addr[0])) ||
	       (!addr_is_zero(&server->addr[1]) && is_own(doctor, &server->addr[1]));
}

static void print_addr(char *out, size_t size, const union tw_addr *addr)
{
	const bool ipv4 = addr_is_ipv4(addr);

	inet_ntop(ipv4 ? AF_INET : AF_INET6, ipv4 ? (const void *)&addr->words[3] : addr, out,
		  (socklen_t)size);
}

/* The same address listens on several ports, in lines of their own. */
static bool is_said(const struct service *service, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (!memcmp(&service->listens[i].addr, &service->listens[index].addr,
			    sizeof(service->listens[i].addr)))
			return true;
	return false;
}

static bool has_ipv4(const struct service *service)
{
	for (size_t i = 0; i < service->listen_count; i++)
		if (addr_is_ipv4(&service->listens[i].addr))
			return true;
	return false;
}

/* -- this node is the server ------------------------------------------------------------ */

static void look_at_address(struct doctor *doctor, const union tw_addr *addr)
{
	char text[INET6_ADDRSTRLEN];

	print_addr(text, sizeof(text), addr);
	if (is_own(doctor, addr)) {
		doctor_says(doctor, FINDING_OK, "address", "this node has %s", text);
		return;
	}
	doctor_says(doctor, FINDING_PROBLEM, "address",
		    "this node is one of its servers and does not have %s", text);
	doctor_mends(doctor, "ip address add %s/%d dev lo%s", text, addr_is_ipv4(addr) ? 32 : 128,
		     addr_is_ipv4(addr) ? "" : " nodad");
}

/* A server that answers ARP for the service's address takes it from the balancer. */
static void look_at_arp(struct doctor *doctor)
{
	long ignore = doctor_sysctl("net/ipv4/conf/all/arp_ignore");
	long announce = doctor_sysctl("net/ipv4/conf/all/arp_announce");

	if (ignore >= 1 && announce >= 2) {
		doctor_says(doctor, FINDING_OK, "arp", "arp_ignore is %ld, arp_announce %ld",
			    ignore, announce);
		return;
	}
	doctor_says(doctor, FINDING_PROBLEM, "arp",
		    "arp_ignore is %ld (1 is wanted), arp_announce %ld (2): this server answers "
		    "for the service's address in the balancer's stead",
		    ignore, announce);
	doctor_mends(doctor, "sysctl -w net.ipv4.conf.all.arp_ignore=1 "
			     "net.ipv4.conf.all.arp_announce=2");
}

/* What leaves a tunnel comes from clients that no route leads to through it. */
static void look_at_tunnel(struct doctor *doctor, bool ipv4)
{
	const char *tunnel = ipv4 ? "tunl0" : "ip6tnl0";
	long all = doctor_sysctl("net/ipv4/conf/all/rp_filter");
	long own = doctor_sysctl("net/ipv4/conf/%s/rp_filter", tunnel);

	if (own < 0) {
		doctor_says(doctor, FINDING_PROBLEM, "tunnel",
			    "there is no %s, which takes the packets out of their tunnel", tunnel);
		doctor_mends(doctor, "modprobe %s && ip link set dev %s up",
			     ipv4 ? "ipip" : "ip6_tunnel", tunnel);
	} else if (ipv4 && (all == 1 || (all <= 0 && own == 1))) {
		doctor_says(doctor, FINDING_PROBLEM, "rp_filter",
			    "rp_filter drops what comes out of %s (all %ld, %s %ld)", tunnel, all,
			    tunnel, own);
		doctor_mends(doctor,
			     "sysctl -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.%s.rp_filter=0",
			     tunnel);
	} else {
		doctor_says(doctor, FINDING_OK, "tunnel", "%s takes packets out of their tunnel",
			    tunnel);
	}
}

static void look_at_own_server(struct doctor *doctor, const struct service *service,
			       const struct server *server)
{
	for (size_t i = 0; i < service->listen_count; i++)
		if (!is_said(service, i))
			look_at_address(doctor, &service->listens[i].addr);
	if (has_ipv4(service))
		look_at_arp(doctor);
	if (service->forward == TW_FORWARD_IPIP)
		look_at_tunnel(doctor, !addr_is_zero(&server->addr[0]));
}

/* -- other nodes are ------------------------------------------------------------------------ */

static void say_for_others(struct doctor *doctor, const struct service *service,
			   const char *servers)
{
	const bool tunnel = service->forward == TW_FORWARD_IPIP;
	char text[INET6_ADDRSTRLEN];

	for (size_t i = 0; i < service->listen_count; i++) {
		const union tw_addr *addr = &service->listens[i].addr;

		if (is_said(service, i))
			continue;
		print_addr(text, sizeof(text), addr);
		doctor_says(doctor, FINDING_CHECK, "address", "%s: each has to have %s on lo",
			    servers, text);
		doctor_mends(doctor, "ip address add %s/%d dev lo%s", text,
			     addr_is_ipv4(addr) ? 32 : 128, addr_is_ipv4(addr) ? "" : " nodad");
	}
	if (has_ipv4(service)) {
		doctor_says(doctor, FINDING_CHECK, "arp",
			    "%s: none may answer ARP for the service's address", servers);
		doctor_mends(doctor, "sysctl -w net.ipv4.conf.all.arp_ignore=1 "
				     "net.ipv4.conf.all.arp_announce=2");
	}
	if (tunnel) {
		doctor_says(doctor, FINDING_CHECK, "tunnel",
			    "%s: each takes the packets out of their tunnel, past rp_filter",
			    servers);
		doctor_mends(doctor, "modprobe ipip && ip link set dev tunl0 up && sysctl -w "
				     "net.ipv4.conf.all.rp_filter=0 "
				     "net.ipv4.conf.tunl0.rp_filter=0");
	}
}

static void look_at_service(struct doctor *doctor, const struct service *service)
{
	const struct tier *tier = config_tier(doctor->running.config, service->tier);
	char about[48], others[160] = "";
	size_t used = 0;

	if (!tier)
		return;
	snprintf(about, sizeof(about), "%s", service->name);
	doctor->about = about;
	for (size_t i = 0; i < tier->server_count; i++) {
		const struct server *server = &tier->servers[i];

		if (is_this_node(doctor, server))
			look_at_own_server(doctor, service, server);
		else if (used < sizeof(others))
			used += (size_t)snprintf(others + used, sizeof(others) - used, "%s%s",
						 used ? ", " : "", server->name);
	}
	if (others[0])
		say_for_others(doctor, service, others);
	doctor->about = "";
}

void doctor_servers(struct doctor *doctor)
{
	const struct config *config = doctor->running.config;

	for (size_t i = 0; i < config->service_count; i++)
		if (config->services[i].forward == TW_FORWARD_L2 ||
		    config->services[i].forward == TW_FORWARD_IPIP)
			look_at_service(doctor, &config->services[i]);
}
