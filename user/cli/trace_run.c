/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One frame through xdp_trace: the live path on a copy, without effects. */
#include <bpf/bpf.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/trace.h"
#include "kernel/instance.h"

/* It comes to the device by its own address, as the frames of a neighbour do. */
static void address_frame(struct trace_run *run)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {0};

	if (fd < 0)
		return;
	if (if_indextoname(run->trace.ifindex, request.ifr_name) &&
	    !ioctl(fd, SIOCGIFHWADDR, &request) && request.ifr_hwaddr.sa_family == ARPHRD_ETHER)
		memcpy(run->in.bytes, request.ifr_hwaddr.sa_data, ETH_ALEN);
	close(fd);
}

int trace_run(struct trace_run *run, const struct instance *instance)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = run->in.bytes,
		    .data_size_in = run->in.length, .data_out = run->out,
		    .data_size_out = sizeof(run->out), .repeat = 1);
	uint32_t key = 0;
	int result;

	if (run->in.is_made)
		address_frame(run);
	result = bpf_map_update_elem(instance->maps[MAP_traces], &key, &run->trace, BPF_ANY);
	if (!result)
		result = bpf_prog_test_run_opts(instance->xdp_trace, &options);
	if (!result)
		result = bpf_map_lookup_elem(instance->maps[MAP_traces], &key, &run->trace);
	if (result) {
		complain("the kernel does not run the trace: %s", strerror(-result));
		return result;
	}
	run->out_length = options.data_size_out;
	return 0;
}
