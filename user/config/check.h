/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the checks of the whole configuration share. */
#ifndef TIERWALL_USER_CONFIG_CHECK_H
#define TIERWALL_USER_CONFIG_CHECK_H

#include "config/parse.h"

#define LINE_TEXT 24

/* ", at line 12", or nothing where there is no line or no file that the operator knows. */
const char *check_line(const struct config *config, struct place at, char out[LINE_TEXT]);

int check_overlaps(const struct config *config, struct diagnostic *diagnostic);

#endif
