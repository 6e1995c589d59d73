/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The index behind config_set() and config_tier(), which belongs to its configuration. */
#ifndef TIERWALL_USER_CONFIG_INDEX_H
#define TIERWALL_USER_CONFIG_INDEX_H

#include "config/config.h"

struct config_index *index_new(void); /* NULL: no memory */
void index_free(struct config_index *index);

#endif
