/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/lockout.h"

#include <errno.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/resolve.h"
#include "cli/trace.h"
#include "stats/stats.h"
#include "tierwall/packet.h"

#define CARRIERS_MAX     64
#define SECONDS_TO_THINK 30 /* the lock is held meanwhile */

/* -- the devices that it comes in by ------------------------------------------------------- */

/* The device that the way to the client leads through, 0: none. */
static int device_towards(struct nl_sock *socket, const union tw_addr *addr)
{
	struct nl_addr *destination = addr_is_ipv4(addr)
					      ? nl_addr_build(AF_INET, &addr->words[3], 4)
					      : nl_addr_build(AF_INET6, addr, 16);
	struct rtnl_route *route = NULL;
	int ifindex = 0;

	if (!destination)
		return 0;
	if (!rtnl_route_lookup(socket, destination, &route)) {
		struct rtnl_nexthop *hop = rtnl_route_nexthop_n(route, 0);

		if (hop)
			ifindex = rtnl_route_nh_get_ifindex(hop);
		rtnl_route_put(route);
	}
	nl_addr_put(destination);
	return ifindex;
}

/* Does `lower` carry what `upper` gets: a VLAN's device, a port of a bridge or bond? */
static bool carries(struct nl_cache *links, int lower, int upper, int depth)
{
	struct rtnl_link *link = rtnl_link_get(links, upper);
	const char *type = link ? rtnl_link_get_type(link) : NULL;
	bool found = lower == upper;

	/* the other end of a veth pair is no device below it */
	if (!found && link && depth && rtnl_link_get_link(link) && !(type && !strcmp(type, "veth")))
		found = carries(links, lower, rtnl_link_get_link(link), depth - 1);
	if (link)
		rtnl_link_put(link);
	link = found || !depth ? NULL : rtnl_link_get(links, lower);
	if (link && rtnl_link_get_master(link))
		found = carries(links, rtnl_link_get_master(link), upper, depth - 1);
	if (link)
		rtnl_link_put(link);
	return found;
}

/* Which devices of the configuration see the connection's packets: how many. */
static size_t find_carriers(uint32_t *carriers, const struct config *config,
			    const struct ssh_connection *ssh)
{
	struct nl_sock *socket = nl_socket_alloc();
	struct nl_cache *links = NULL;
	size_t count = 0;

	if (!socket)
		return 0;
	if (!nl_connect(socket, NETLINK_ROUTE) &&
	    !rtnl_link_alloc_cache(socket, AF_UNSPEC, &links)) {
		int device = ssh->zone[0] ? (int)if_nametoindex(ssh->zone)
					  : device_towards(socket, &ssh->client);
		for (size_t i = 0; device && i < config->interface_count; i++) {
			uint32_t ifindex = if_nametoindex(config->interfaces[i].name);

			if (count < CARRIERS_MAX && ifindex &&
			    carries(links, (int)ifindex, device, 4))
				carriers[count++] = ifindex;
		}
		nl_cache_free(links);
	}
	nl_socket_free(socket);
	return count;
}

/* -- what the data path says ------------------------------------------------------------------ */

/* 1: refused, and *run says why; 0: accepted; or a negative errno. */
static int is_refused(struct trace_run *run, const struct instance *instance,
		      const struct ssh_connection *ssh, uint8_t flags)
{
	const struct packet_words packet = {
		.protocol = IPPROTO_TCP,
		.source = ssh->client,
		.destination = ssh->server,
		.source_port = ssh->client_port,
		.destination_port = ssh->server_port,
		.has_flags = true,
		.flags = flags,
	};
	int result;

	trace_frame_build(&run->in, &packet);
	result = trace_run(run, instance);
	if (result)
		return result;
	return run->trace.verdict == XDP_DROP || run->trace.verdict == XDP_ABORTED ||
	       run->trace.reason != TW_REASON_NONE;
}

static void say_why(const struct config *config, const struct tw_trace *trace)
{
	const struct rule_place *place;
	struct names names;
	char *text;

	if (names_read(&names, config))
		return;
	place = names_rule(&names, trace->rule);
	text = place ? rule_place_text(place) : NULL;
	if (text && place->number)
		complain("it is refused by rule %u of %s%s%s: %s", place->number, place->owner,
			 place->server ? "/" : "", place->server ? place->server : "", text);
	else if (text)
		complain("it is refused at the end of %s: %s", place->owner, text);
	else
		complain("it is refused: %s", reason_key(trace->reason));
	free(text);
	names_free(&names);
}

static bool is_yes(void)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	char answer[16] = "";

	fprintf(stderr, "go on? [y/N] ");
	if (poll(&in, 1, SECONDS_TO_THINK * 1000) <= 0 ||
	    read(STDIN_FILENO, answer, sizeof(answer) - 1) <= 0) {
		fputc('\n', stderr);
		return false;
	}
	return answer[0] == 'y' || answer[0] == 'Y';
}

static int warn(const struct edit *edit, const struct config *config, const struct trace_run *run,
		const char *what)
{
	const char *connection = getenv("SSH_CONNECTION");
	char device[IF_NAMESIZE] = "?";

	if_indextoname(run->trace.ifindex, device);
	complain("%s (SSH_CONNECTION is %s, it comes in by %s)", what, connection, device);
	say_why(config, &run->trace);
	if (edit->force)
		return 0;
	if (isatty(STDIN_FILENO) && is_yes())
		return 0;
	complain("nothing has changed%s", isatty(STDIN_FILENO) ? "" : "; --force goes on");
	return MISTAKE;
}

int lockout_check(const struct edit *edit, const struct config *config, uint32_t slot)
{
	const char *text = getenv("SSH_CONNECTION");
	uint32_t carriers[CARRIERS_MAX];
	struct ssh_connection ssh;
	struct trace_run run;
	size_t count;

	if (!text || !*text)
		return 0;
	if (!ssh_connection_parse(&ssh, text)) {
		complain("SSH_CONNECTION is `%s`, no connection: it is not known whether this "
			 "locks you out",
			 text);
		return 0;
	}
	count = find_carriers(carriers, config, &ssh);
	for (size_t i = 0; i < count; i++) {
		int result;

		memset(&run, 0, sizeof(run));
		run.trace.ifindex = carriers[i];
		run.trace.policy = slot + 1;
		result = is_refused(&run, &edit->instance, &ssh, TW_ACK);
		if (result)
			return result < 0 ? result
					  : warn(edit, config, &run,
						 "this would end the connection that you type "
						 "over");
		result = is_refused(&run, &edit->instance, &ssh, TW_SYN);
		if (result)
			return result < 0 ? result
					  : warn(edit, config, &run,
						 "this would let you type on, but not connect "
						 "again");
	}
	return 0;
}
