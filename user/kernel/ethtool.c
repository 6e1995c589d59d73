/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a device's driver says: its name, its channels, which offloads are on. */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kernel/device.h"

static int ask(int fd, const char *device, void *question)
{
	struct ifreq request = {.ifr_data = question};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
	return ioctl(fd, SIOCETHTOOL, &request) ? -errno : 0;
}

static void read_name(struct device_driver *out, int fd, const char *device)
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};

	if (!ask(fd, device, &info))
		snprintf(out->name, sizeof(out->name), "%s", info.driver);
}

static void read_channels(struct device_driver *out, int fd, const char *device)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};

	if (ask(fd, device, &channels))
		return;
	out->combined = channels.combined_count;
	out->combined_most = channels.max_combined;
	out->rx = channels.rx_count;
	out->rx_most = channels.max_rx;
	out->tx = channels.tx_count;
	out->tx_most = channels.max_tx;
}

/* -- offloads: bits, which the kernel has names for ------------------------------------ */

static uint32_t count_features(int fd, const char *device)
{
	struct {
		struct ethtool_sset_info info;
		uint32_t count;
	} question = {.info = {.cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ull << ETH_SS_FEATURES}};

	return ask(fd, device, &question) ? 0 : question.count;
}

static const char *const offload_names[OFFLOAD_COUNT] = {
	[OFFLOAD_LRO] = "rx-lro",
	[OFFLOAD_GRO] = "rx-gro",
	[OFFLOAD_GRO_HW] = "rx-gro-hw",
	[OFFLOAD_TX_CHECKSUM] = "tx-checksum-", /* -ip-generic, -ipv4, -ipv6 */
};

static bool is_name_of(const char *name, enum device_offload offload)
{
	if (offload == OFFLOAD_TX_CHECKSUM) /* and not -sctp, -fcoe-crc */
		return !strncmp(name, "tx-checksum-ip", strlen("tx-checksum-ip"));
	return !strcmp(name, offload_names[offload]);
}

static void note_feature(struct device_driver *out, const char *name, uint32_t bit,
			 const struct ethtool_get_features_block *block)
{
	for (enum device_offload i = 0; i < OFFLOAD_COUNT; i++) {
		if (!is_name_of(name, i) || !(block->active & bit))
			continue;
		out->on[i] = true;
		out->fixed[i] = !(block->available & bit) || (block->never_changed & bit);
	}
}

static void read_features(struct device_driver *out, int fd, const char *device, uint32_t count,
			  struct ethtool_gstrings *names, struct ethtool_gfeatures *features)
{
	names->cmd = ETHTOOL_GSTRINGS;
	names->string_set = ETH_SS_FEATURES;
	names->len = count;
	features->cmd = ETHTOOL_GFEATURES;
	features->size = (count + 31) / 32;
	if (ask(fd, device, names) || ask(fd, device, features))
		return;
	for (uint32_t i = 0; i < count; i++)
		note_feature(out, (const char *)names->data + (size_t)i * ETH_GSTRING_LEN,
			     1u << i % 32, &features->features[i / 32]);
}

static int read_offloads(struct device_driver *out, int fd, const char *device)
{
	uint32_t count = count_features(fd, device);
	struct ethtool_gstrings *names;
	struct ethtool_gfeatures *features;
	bool have;

	if (!count)
		return 0;
	names = calloc(1, sizeof(*names) + (size_t)count * ETH_GSTRING_LEN);
	features = calloc(1, sizeof(*features) + (count + 31) / 32 * sizeof(*features->features));
	have = names && features;
	if (have)
		read_features(out, fd, device, count, names, features);
	free(names);
	free(features);
	return have ? 0 : -ENOMEM;
}

int device_driver_read(struct device_driver *out, const char *device)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), result;

	memset(out, 0, sizeof(*out));
	if (fd < 0)
		return -errno;
	read_name(out, fd, device);
	read_channels(out, fd, device);
	result = read_offloads(out, fd, device);
	close(fd);
	return result;
}
