/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Configuration as read, before types: what config_read.c builds and config*.c look up. Private. */
#ifndef CORE_CONFIG_RAW_H
#define CORE_CONFIG_RAW_H

#include "core/config.h"
#include "core/hash.h"
#include "core/list.h"

enum { CONFIG_MAX_FILE = 1 << 20 }; /* bytes */

/* One text that was read; errors name it. Owned by the config. */
struct config_source {
	struct list_node node; /* in config.sources */
	char *path;
};

/* A file that config_read looked for; mtime and size are 0 when it was not there. */
struct config_stamp {
	struct list_node node; /* in config.stamps */
	char *path;
	long long seconds, nanoseconds, size;
};

struct config {
	struct hash_table sections, options;
	struct list_node order; /* of config_raw_section, as first met */
	struct list_node sources, stamps;
};

/* Owned by the config. */
struct config_raw_section {
	struct hash_node by_name;
	struct list_node node;    /* in config.order */
	struct list_node options; /* of config_raw_option, as first met */
	char *file, *name;
	const struct config_source *source; /* the last one that had it, and where */
	unsigned line;
};

/* Owned by its section. */
struct config_raw_option {
	struct hash_node by_name;
	struct list_node node; /* in config_raw_section.options */
	const struct config_raw_section *section;
	char *name;  /* with "_" for "-" */
	char *value; /* before interpolation; NULL while it is being read */
	const struct config_source *source;
	unsigned line;
};

/* NULL when there is none. */
struct config_raw_section *config_find_section(
	const struct config *config, struct slice file, struct slice name);
struct config_raw_option *config_find_option(
	const struct config *config, const struct config_raw_section *section, struct slice name);

/* As config_find_option, then the same in the file's [DEFAULT]; section may be NULL. */
struct config_raw_option *config_find_value(const struct config *config, struct slice file,
	const struct config_raw_section *section, struct slice name);

#endif
