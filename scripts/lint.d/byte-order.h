/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* For sparse alone: glibc's conversions do not say which side is the network's. */
#include <arpa/inet.h>
#include <endian.h>
#include <linux/types.h>

#undef htons
#undef htonl
#undef ntohs
#undef ntohl
#define htons(x) ((__attribute__((force)) __be16)(__u16)(x))
#define htonl(x) ((__attribute__((force)) __be32)(__u32)(x))
#define ntohs(x) ((__attribute__((force)) __u16)(__be16)(x))
#define ntohl(x) ((__attribute__((force)) __u32)(__be32)(x))
