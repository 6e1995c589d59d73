/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "set_probe.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kernel/instance.h"
#include "set_probe.skel.h"

static void reuse_pin(struct bpf_map *map, const struct node *node)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "%s/tierwall/" NODE_INSTANCE "/maps/%s", node->bpffs,
		 bpf_map__name(map));
	fd = bpf_obj_get(path);
	if (fd < 0 || bpf_map__reuse_fd(map, fd))
		die("%s", path);
}

void prober_open(struct prober *prober, const struct node *node)
{
	struct set_probe_bpf *skeleton = set_probe_bpf__open();
	struct bpf_map *map;

	if (!skeleton)
		die("set_probe.bpf.o");
	bpf_object__for_each_map (map, skeleton->obj) {
		const char *name = bpf_map__name(map);

		if (!strcmp(name, "sets") || !strcmp(name, "chunks"))
			reuse_pin(map, node);
		else if (strcmp(name, "probes") && !strchr(name, '.'))
			bpf_map__set_autocreate(map, false);
	}
	if (set_probe_bpf__load(skeleton))
		die("set_probe.bpf.o does not load");
	prober->skeleton = skeleton;
	prober->look_up = bpf_program__fd(skeleton->progs.look_up);
	prober->nothing = bpf_program__fd(skeleton->progs.nothing);
	prober->probe = mmap(NULL, sizeof(*prober->probe), PROT_READ | PROT_WRITE, MAP_SHARED,
			     bpf_map__fd(skeleton->maps.probes), 0);
	if (prober->probe == MAP_FAILED)
		die("mmap");
}

void prober_close(struct prober *prober)
{
	munmap(prober->probe, sizeof(*prober->probe));
	set_probe_bpf__destroy(prober->skeleton);
}

static size_t bytes_of_set(const struct running *running, uint32_t index)
{
	const struct tw_set_map *rows = IMAGE_SECTION(running->image, struct tw_set_map, set_maps);

	for (uint32_t i = 0; i < running->image->set_maps.count; i++)
		if (rows[i].index == index)
			return TW_SET_BYTES + (size_t)rows[i].chunks * TW_CHUNK_BYTES;
	die("set %u is not in the image", index);
}

void prober_use(struct prober *prober, const struct node *node, const char *name)
{
	struct instance instance;
	struct running running;
	const struct set *set;

	if (instance_open(&instance, NODE_INSTANCE, node->bpffs, INSTANCE_READ) ||
	    running_read(&running, &instance))
		die("cannot read the running configuration");
	set = config_set(running.config, name);
	if (!set)
		die("no set %s", name);
	prober->probe->set = set->index;
	prober->bytes = bytes_of_set(&running, set->index);
	running_free(&running);
	instance_close(&instance);
}

static uint32_t run(int program, uint32_t repeat)
{
	static unsigned char frame[64];
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = sizeof(frame),
		    .repeat = (int)repeat);

	if (bpf_prog_test_run_opts(program, &options))
		die("BPF_PROG_TEST_RUN");
	return options.duration;
}

void prober_look_up(struct prober *prober, uint32_t count)
{
	prober->probe->count = count;
	prober->probe->next = 0;
	run(prober->look_up, count);
}

#define RUNS   11
#define REPEAT 131072

double prober_time(struct prober *prober, uint32_t count)
{
	uint32_t with = UINT32_MAX, without = UINT32_MAX;

	prober->probe->count = count;
	prober->probe->next = 0;
	for (int i = 0; i < RUNS; i++) {
		uint32_t time = run(prober->look_up, REPEAT);

		with = time < with ? time : with;
		time = run(prober->nothing, REPEAT);
		without = time < without ? time : without;
	}
	return (double)with - without;
}
