/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A node to test: network and mount namespaces of its own with the devices of
 * topology.h, a bpffs, and an instance of tierwall in them.  Everything in them
 * goes when the process ends, however it ends; its folder is removed by the
 * parent, which waits for it.
 */
#ifndef TESTS_PACKET_NODE_H
#define TESTS_PACKET_NODE_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "frame.h"

#define NODE_INSTANCE "packet-test"

struct node {
	const char *executable;
	char folder[128]; /* of this run */
	char bpffs[160];
	char file[160]; /* the configuration */
	int program;    /* BPFFS/tierwall/INSTANCE/xdp, -1 before the first apply */
	int poisoned;   /* a program that spoils the head room, then goes on to `program` */
	uint32_t ifindex[DEVICE_COUNT];
};

struct outcome {
	uint32_t verdict; /* enum xdp_action */
	uint32_t length;
	uint8_t bytes[FRAME_MAX];
};

/*
 * Calls `body` with a new node, in a child process inside of the namespaces, and
 * returns its exit status.
 */
int node_run(const char *executable, int (*body)(struct node *node));
/* The same for a program whose one argument is the executable. */
int node_main(int argc, char **argv, int (*body)(struct node *node));
/* One CPU for all that is measured, the last that we may use: the first serves most interrupts. */
void node_pin_to_cpu(void);

/* Both stop the process with a message where the system fails. */
void node_send(const struct node *node, const struct frame *frame, struct outcome *out);
const char *verdict_name(uint32_t verdict);

/* Runs `tierwall` on the node with words separated by blanks; returns its exit status. */
int node_command(const struct node *node, const char *words);
/* The same; *out is what it wrote to stdout, which the caller frees. */
int node_output(const struct node *node, const char *words, char **out);
/* Starts it and does not wait, with these descriptors for what it writes. */
pid_t node_spawn(const struct node *node, const char *words, int out, int err);
/* Its exit status; 128 and the number of the signal that ended it. */
int node_wait(pid_t pid);
/* Applies a configuration text and opens the program; returns the exit status of apply. */
int node_apply(struct node *node, const char *configuration);

/* Prints the message with errno and ends the process. */
void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
