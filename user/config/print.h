/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What print.c needs of print_rule.c besides config.h. */
#ifndef TIERWALL_USER_CONFIG_PRINT_H
#define TIERWALL_USER_CONFIG_PRINT_H

#include "config/config.h"

void print_addresses(FILE *out, const struct addresses *addresses);
void print_ports(FILE *out, const struct ports *ports, const char *separator);
/* A device's name, in quotes where the grammar needs them. */
void print_device(FILE *out, const char *name);

#endif
