/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The node's own connections under `host { default drop }`: what a socket of the
 * node holds open comes in, a port that is only listened on does not.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "node.h"
#include "subjects.h"

#define NODE_PORT 40000 /* of the node's sockets, the lowest */
#define PEER_PORT 443

static const char configuration[] = PREAMBLE "host { default drop }\n"
					     "tier web {\n"
					     "	server web1 10.0.1.11 2001:db8:1::11\n"
					     "	firewall { default drop }\n"
					     "}\n";

static socklen_t socket_address(struct sockaddr_storage *out, enum party party, enum family family,
				uint16_t port)
{
	struct sockaddr_in *ipv4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	if (family == IPV4) {
		ipv4->sin_family = AF_INET;
		set16((uint8_t *)&ipv4->sin_port, port);
		party_address(party, family, 0, (uint8_t *)&ipv4->sin_addr);
		return sizeof(*ipv4);
	}
	ipv6->sin6_family = AF_INET6;
	set16((uint8_t *)&ipv6->sin6_port, port);
	party_address(party, family, 0, (uint8_t *)&ipv6->sin6_addr);
	return sizeof(*ipv6);
}

static int bound_socket(enum family family, int type, uint16_t port)
{
	struct sockaddr_storage address;
	socklen_t length = socket_address(&address, NODE, family, port);
	int on = 1, fd = socket(family == IPV4 ? AF_INET : AF_INET6, type | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&address, length))
		die("socket on port %u", port);
	return fd;
}

/* An established connection to MONITOR, without a packet: TCP_REPAIR makes it so. */
static int connected_socket(enum family family, int type, uint16_t port)
{
	struct sockaddr_storage address;
	socklen_t length = socket_address(&address, MONITOR, family, PEER_PORT);
	int on = 1, off = 0, fd = bound_socket(family, type, port);

	if (type == SOCK_STREAM && setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof(on)))
		die("TCP_REPAIR");
	if (connect(fd, (struct sockaddr *)&address, length))
		die("connect");
	if (type == SOCK_STREAM && setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &off, sizeof(off)))
		die("TCP_REPAIR");
	return fd;
}

/* From MONITOR's port to the node's: what belongs to the connection. */
#define INCOMING(kind, port, ...)      \
	.in = {.protocol = (kind),     \
	       .from = MONITOR,        \
	       .to = NODE,             \
	       .from_port = PEER_PORT, \
	       .to_port = (port),      \
	       __VA_ARGS__}
#define REFUSED .verdict = XDP_DROP, .reason = "default", .moves = {"host.default"}
#define PASSES  .verdict = XDP_PASS, .flow = MAY_BEGIN_FLOW

static void run_both(const struct row *row, int type,
		     int (*open_socket)(enum family, int, uint16_t), uint16_t port)
{
	for (enum family family = IPV4; family <= IPV6; family++) {
		struct row of_family = *row;
		int fd = open_socket(family, type, port);

		of_family.only |= family == IPV4 ? ONLY_IPV4 : ONLY_IPV6;
		row_run(&of_family, &subject_socket);
		close(fd);
	}
}

static void tcp_connection(void **state)
{
	static const struct row row = {
		"a TCP connection of this node goes on, with no rule for it",
		0,
		{{INCOMING(IPPROTO_TCP, NODE_PORT, .flags = ACK), PASSES},
		 {INCOMING(IPPROTO_TCP, NODE_PORT, .flags = PSH | ACK, .payload = 50), PASSES}},
	};

	(void)state;
	run_both(&row, SOCK_STREAM, connected_socket, NODE_PORT);
}

static void tcp_other_port(void **state)
{
	static const struct row row = {
		"a packet beside the connection, to another port, is refused",
		0,
		{{INCOMING(IPPROTO_TCP, NODE_PORT + 100, .flags = ACK), REFUSED}},
	};

	(void)state;
	run_both(&row, SOCK_STREAM, connected_socket, NODE_PORT + 1);
}

static void tcp_other_peer(void **state)
{
	static const struct row row = {
		"a packet to the connection's port from somebody else is refused",
		0,
		{{.in = {.protocol = IPPROTO_TCP,
			 .from = CLIENT,
			 .to = NODE,
			 .from_port = PEER_PORT,
			 .to_port = NODE_PORT + 2,
			 .flags = ACK},
		  REFUSED}},
	};

	(void)state;
	run_both(&row, SOCK_STREAM, connected_socket, NODE_PORT + 2);
}

static int listening_socket(enum family family, int type, uint16_t port)
{
	int fd = bound_socket(family, type, port);

	if (listen(fd, 8))
		die("listen");
	return fd;
}

static void tcp_listener(void **state)
{
	static const struct row row = {
		"a port that is listened on is not open without a rule",
		0,
		{{INCOMING(IPPROTO_TCP, NODE_PORT + 3, .flags = SYN), REFUSED},
		 {INCOMING(IPPROTO_TCP, NODE_PORT + 3, .flags = ACK), REFUSED}},
	};

	(void)state;
	run_both(&row, SOCK_STREAM, listening_socket, NODE_PORT + 3);
}

static void udp_connection(void **state)
{
	static const struct row row = {
		"the answer to a connected UDP socket of this node comes in",
		0,
		{{INCOMING(IPPROTO_UDP, NODE_PORT + 4, .payload = 30), PASSES}},
	};

	(void)state;
	run_both(&row, SOCK_DGRAM, connected_socket, NODE_PORT + 4);
}

static void udp_other_peer(void **state)
{
	static const struct row row = {
		"UDP from somebody else to a connected socket is refused",
		0,
		{{.in = {.protocol = IPPROTO_UDP,
			 .from = CLIENT,
			 .to = NODE,
			 .from_port = PEER_PORT,
			 .to_port = NODE_PORT + 5,
			 .payload = 30},
		  REFUSED}},
	};

	(void)state;
	run_both(&row, SOCK_DGRAM, connected_socket, NODE_PORT + 5);
}

static void blocked_connection(void **state)
{
	static const struct row row = {
		"without a socket the same packets are refused",
		0,
		{{INCOMING(IPPROTO_TCP, NODE_PORT + 6, .flags = ACK), REFUSED},
		 {INCOMING(IPPROTO_TCP, NODE_PORT + 6, .flags = SYN | ACK), REFUSED},
		 {INCOMING(IPPROTO_UDP, NODE_PORT + 6, .payload = 30), REFUSED}},
	};

	(void)state;
	row_run(&row, &subject_socket);
}

/*
 * Connections that are open while the configuration comes: attaching to a running
 * server with `default drop` must not cut off its administrator.
 */
static void open_before_apply(void **state)
{
	static const struct row row = {
		"a connection that was open before the configuration came goes on",
		0,
		{{INCOMING(IPPROTO_TCP, NODE_PORT + 7, .flags = ACK), PASSES}},
	};
	static const char open_configuration[] = PREAMBLE;

	(void)state;
	for (enum family family = IPV4; family <= IPV6; family++) {
		struct row of_family = row;
		int fd;

		row_apply(open_configuration);
		fd = connected_socket(family, SOCK_STREAM, NODE_PORT + 7);
		row_apply(configuration);
		of_family.only = family == IPV4 ? ONLY_IPV4 : ONLY_IPV6;
		row_run(&of_family, &subject_socket);
		close(fd);
	}
}

static int run(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_connection),     cmocka_unit_test(tcp_other_port),
		cmocka_unit_test(tcp_other_peer),     cmocka_unit_test(tcp_listener),
		cmocka_unit_test(udp_connection),     cmocka_unit_test(udp_other_peer),
		cmocka_unit_test(blocked_connection), cmocka_unit_test(open_before_apply),
	};

	return row_run_group(subject_socket.name, tests, ARRAY_SIZE(tests), configuration);
}

const struct subject subject_socket = {
	.name = "the node's own connections",
	.run = run,
	.count = 8,
};
