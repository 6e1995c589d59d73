/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* XDP on a device: what the kernel says of it, and what is attached. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kernel/device.h"

/* -- the generic netlink family `netdev` (linux/netdev.h, 6.3 and later) -------------- */

enum {
	NETDEV_DEVICE_GET = 1,
	NETDEV_DEVICE_IFINDEX = 1,
	NETDEV_DEVICE_XDP_FEATURES = 3,
	NETDEV_DEVICE_ATTRIBUTES = 8,
};

struct features {
	uint64_t bits;
	bool known;
};

static int read_features(struct nl_msg *message, void *context)
{
	struct nlattr *attributes[NETDEV_DEVICE_ATTRIBUTES + 1] = {0};
	struct features *features = context;

	if (!genlmsg_parse(nlmsg_hdr(message), 0, attributes, NETDEV_DEVICE_ATTRIBUTES, NULL) &&
	    attributes[NETDEV_DEVICE_XDP_FEATURES]) {
		features->bits = nla_get_u64(attributes[NETDEV_DEVICE_XDP_FEATURES]);
		features->known = true;
	}
	return NL_OK;
}

static int ask_features(struct nl_sock *socket, int family, uint32_t ifindex,
			struct features *features)
{
	struct nl_msg *message = nlmsg_alloc();

	if (!message)
		return -ENOMEM;
	nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, read_features, features);
	if (genlmsg_put(message, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, 0, NETDEV_DEVICE_GET, 1) &&
	    !nla_put_u32(message, NETDEV_DEVICE_IFINDEX, ifindex) &&
	    nl_send_auto(socket, message) >= 0)
		nl_recvmsgs_default(socket);
	nlmsg_free(message);
	return features->known ? 0 : -ENOTSUP;
}

int device_xdp_features(uint32_t ifindex, uint64_t *bits)
{
	struct nl_sock *socket = nl_socket_alloc();
	struct features features = {0};
	int family, result = -ENOTSUP;

	if (!socket)
		return -ENOMEM;
	if (!genl_connect(socket)) {
		family = genl_ctrl_resolve(socket, "netdev");
		if (family >= 0)
			result = ask_features(socket, family, ifindex, &features);
	}
	nl_socket_free(socket);
	*bits = features.bits;
	return result;
}

/* -- what is attached ----------------------------------------------------------------- */

/* The link that holds a program on a device; 0: none, or it takes root to see it. */
static uint32_t find_link(uint32_t ifindex, uint32_t program)
{
	for (uint32_t id = 0; !bpf_link_get_next_id(id, &id);) {
		struct bpf_link_info info = {0};
		uint32_t size = sizeof(info);
		int link = bpf_link_get_fd_by_id(id);

		if (link < 0)
			continue;
		bpf_obj_get_info_by_fd(link, &info, &size);
		close(link);
		if (info.type == BPF_LINK_TYPE_XDP && info.xdp.ifindex == ifindex &&
		    info.prog_id == program)
			return id;
	}
	return 0;
}

static void read_name(struct xdp_program *out)
{
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(out->id);

	if (fd < 0)
		return;
	if (!bpf_obj_get_info_by_fd(fd, &info, &size))
		snprintf(out->name, sizeof(out->name), "%s", info.name);
	close(fd);
}

int device_xdp_program(uint32_t ifindex, struct xdp_program *out)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	int result = bpf_xdp_query((int)ifindex, 0, &query);

	memset(out, 0, sizeof(*out));
	if (result)
		return result;
	out->id = query.prog_id ? query.prog_id : query.drv_prog_id;
	out->generic = query.attach_mode == XDP_ATTACHED_SKB;
	if (!out->id)
		return 0;
	read_name(out);
	out->link = find_link(ifindex, out->id);
	return 0;
}

/* -- what a driver says as it refuses ------------------------------------------------------ */

static char driver_words[256];

/* libbpf prints the kernel's words for an error as `Kernel error message: WORDS`. */
static int keep_words(enum libbpf_print_level level, const char *format, va_list arguments)
{
	static const char before[] = "Kernel error message: ";
	char line[sizeof(driver_words) + sizeof(before)];
	const char *words;

	(void)level;
	vsnprintf(line, sizeof(line), format, arguments);
	words = strstr(line, before);
	if (words)
		snprintf(driver_words, sizeof(driver_words), "%s", words + sizeof(before) - 1);
	driver_words[strcspn(driver_words, "\n")] = '\0';
	return 0;
}

/* (A link's creation gives no words, which is why it is tried over netlink.) */
bool device_refusal(char *out, size_t size, uint32_t ifindex, int program)
{
	const uint32_t flags = XDP_FLAGS_DRV_MODE | XDP_FLAGS_UPDATE_IF_NOEXIST;
	libbpf_print_fn_t before = libbpf_set_print(keep_words);

	driver_words[0] = '\0';
	if (!bpf_xdp_attach((int)ifindex, program, flags, NULL))
		bpf_xdp_detach((int)ifindex, XDP_FLAGS_DRV_MODE, NULL);
	libbpf_set_print(before);
	snprintf(out, size, "%s", driver_words);
	return driver_words[0] != '\0';
}
