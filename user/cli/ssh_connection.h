/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The connection that a command is typed over. */
#ifndef TIERWALL_USER_SSH_CONNECTION_H
#define TIERWALL_USER_SSH_CONNECTION_H

#include "config/config.h"

/* What SSH_CONNECTION says: "CLIENT PORT SERVER PORT". */
struct ssh_connection {
	union tw_addr client, server;
	uint16_t client_port, server_port;
	char zone[16]; /* of a link-local address: a device; empty: none */
};
/* Is it one? */
bool ssh_connection_parse(struct ssh_connection *out, const char *text);

#endif
