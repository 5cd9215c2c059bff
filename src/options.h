/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Command line of sylk-server. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>

enum options_task { TASK_SERVE, TASK_VERSION, TASK_HELP, TASK_CHECK, TASK_SAMPLE };

struct options {
	enum options_task task;
	bool fork;              /* go into the background */
	bool systemd;           /* foreground, log for journald */
	bool debug;             /* log level debug, whatever the configuration says */
	bool debug_memory;      /* memory statistics at the end */
	const char *config_dir; /* NULL: none */
	const char *runtime_dir;
	const char *sample_file; /* TASK_SAMPLE: "config.ini" ... */
};

/* Parse. What is wrong is said on standard error. Returns 0 or -EINVAL. */
int options_parse(struct options *options, int argc, char **argv);

/* Print the options, a line each, on standard output. */
void options_help(void);

#endif
