/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * `tierwall monitor`: events out of the data path, to people (text), programs (JSON)
 * and Wireshark (pcapng).
 *
 *   listen.c   a ring of its own in a free slot, for as long as the process lives
 *   decode.c   the frame's headers, as far as they are there
 *   filter.c   which events were asked for
 *   render.c   text and JSON
 *   pcapng.c   the same as a capture file
 */
#ifndef TIERWALL_USER_MONITOR_H
#define TIERWALL_USER_MONITOR_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/resolve.h"
#include "kernel/instance.h"
#include "tierwall/abi.h"

#define MONITOR_RATE 10000u /* events a second and CPU, where nothing is said */
#define MONITOR_SNAP 128u   /* bytes of a frame, likewise */

/* -- listen.c --------------------------------------------------------------------- */

/* What a monitor asks the data path for. */
struct wish {
	uint32_t kinds;   /* TW_EVENT_* */
	uint64_t reasons; /* bits by enum tw_reason */
	uint32_t rate, snap;
};

struct listener {
	const struct instance *instance;
	struct wish wish;
	struct tw_listening *listening; /* the map's memory */
	uint32_t slot;
	uint64_t owner; /* what we wrote into it */
	uint64_t missed_before;
	int ring; /* map */
};

/*
 * Takes a free slot under the instance's lock, and gives that back: `instance` was
 * opened for writing.  MISTAKE: all are taken.  Says what fails.
 */
int listener_open(struct listener *out, const struct instance *instance, const struct wish *wish);
/*
 * To be called every second: a listener that does not breathe is taken for dead.
 * -ESTALE: it was, and another one has its slot.
 */
int listener_breathe(const struct listener *listener);
/* Events that were for this listener and did not reach it. */
uint64_t listener_missed(const struct listener *listener);
void listener_close(struct listener *listener);

/* -- decode.c ----------------------------------------------------------------------- */

/* What can be read of a frame, which may be cut off anywhere or be nonsense. */
struct decoded {
	bool has_ethertype, has_addresses, has_ports, has_flags, has_type;
	uint16_t ethertype; /* behind VLAN tags */
	uint8_t protocol;
	union tw_addr source, destination;
	uint16_t source_port, destination_port;
	uint8_t flags;
	uint8_t type, code;
	uint16_t fragment_offset; /* in bytes */
	uint32_t length;          /* of the IP packet, as it says */
};

void frame_decode(struct decoded *out, const uint8_t *bytes, size_t length);

/* `tcp 192.0.2.1:40000 > 192.0.2.10:443 syn length 60`, here and in traces (render.c). */
void decoded_print(FILE *out, const struct decoded *packet);
/* Adds the same as keys; not 0: no memory. */
int decoded_add_json(json_t *root, const struct decoded *packet);

/* -- an event with its names ---------------------------------------------------------- */

struct sighting {
	const struct tw_event *event;
	const uint8_t *frame;
	uint64_t time; /* nanoseconds since the epoch */
	const char *device;
	struct decoded packet;
	const struct rule_place *rule; /* NULL: no rule decided, or it is gone */
	const struct service *service;
	const struct tier *tier; /* whose rule, service or server it is */
	const struct server *server;
};

/* `names` may be NULL: nothing has a name then. */
void sighting_fill(struct sighting *out, const struct tw_event *event, const struct names *names);

/* -- filter.c --------------------------------------------------------------------------- */

struct filter {
	uint32_t kinds;
	uint64_t reasons; /* all of them where none was named */
	bool has_reasons;
	char **lists; /* tiers, guard, host; none: any */
	size_t list_count;
};

/*
 * Reads `[drops|log] [REASON...|TIER...]`.  MISTAKE: *unknown is neither reason nor
 * tier of the configuration.
 */
int filter_read(struct filter *out, const struct config *config, int count, char **words,
		const char **unknown);
bool filter_admits(const struct filter *filter, const struct sighting *sighting);
void filter_free(struct filter *filter);

/* -- render.c ----------------------------------------------------------------------------- */

/* What was done and why: `drop limit: guard 3 "drop limit over 20/s"`. */
int sighting_print_cause(FILE *out, const struct sighting *sighting);
/* One line each. */
int sighting_print_text(FILE *out, const struct sighting *sighting);
int sighting_print_json(FILE *out, const struct sighting *sighting);

/* -- pcapng.c -------------------------------------------------------------------------------- */

#define PCAPNG_DEVICES TW_DEVICES

struct pcapng {
	FILE *out;
	uint32_t snap;
	uint32_t ifindex[PCAPNG_DEVICES]; /* of the file's interfaces */
	uint32_t devices;
};

/* Begins the file.  What is lost on the way to `out` shows in ferror(). */
int pcapng_begin(struct pcapng *pcapng, FILE *out, uint32_t snap);
int pcapng_write(struct pcapng *pcapng, const struct sighting *sighting);

#endif
