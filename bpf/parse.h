/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reading of what is not plain: of the packet that came in, or of one that was in a tunnel. */
#ifndef TIERWALL_BPF_PARSE_H
#define TIERWALL_BPF_PARSE_H

#include "path.h"

/* enum tw_parsed.  A global function, for the verifier to walk once. */
__noinline int parse_all(struct xdp_md *ctx)
{
	const void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 zero = 0;
	struct work *work = bpf_map_lookup_elem(&works, &zero);

	if (!work)
		return TW_PARSED_OTHER;
	return (int)tw_parse(&work->packet, data, end, (__u32)bpf_xdp_get_buff_len(ctx));
}

#endif
