/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Command line. */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>

enum {
	OPT_VERSION = 1,
	OPT_HELP,
	OPT_NO_FORK,
	OPT_SYSTEMD,
	OPT_CONFIG_DIR,
	OPT_RUNTIME_DIR,
	OPT_DEBUG,
	OPT_DEBUG_MEMORY,
	OPT_CHECK,
	OPT_WRITE_SAMPLE
};

static const struct option long_options[] = {
	{"version", no_argument, NULL, OPT_VERSION},
	{"help", no_argument, NULL, OPT_HELP},
	{"no-fork", no_argument, NULL, OPT_NO_FORK},
	{"systemd", no_argument, NULL, OPT_SYSTEMD},
	{"config-dir", required_argument, NULL, OPT_CONFIG_DIR},
	{"runtime-dir", required_argument, NULL, OPT_RUNTIME_DIR},
	{"debug", no_argument, NULL, OPT_DEBUG},
	{"debug-memory", no_argument, NULL, OPT_DEBUG_MEMORY},
	{"check", no_argument, NULL, OPT_CHECK},
	{"write-sample", required_argument, NULL, OPT_WRITE_SAMPLE},
	{NULL, 0, NULL, 0},
};

static void apply(struct options *options, int option)
{
	switch (option) {
	case OPT_VERSION:
		options->task = TASK_VERSION;
		break;
	case OPT_HELP:
		options->task = TASK_HELP;
		break;
	case OPT_NO_FORK:
		options->fork = false;
		break;
	case OPT_SYSTEMD:
		options->systemd = true;
		options->fork = false;
		break;
	case OPT_CONFIG_DIR:
		options->config_dir = optarg;
		break;
	case OPT_RUNTIME_DIR:
		options->runtime_dir = optarg;
		break;
	case OPT_DEBUG:
		options->debug = true;
		break;
	case OPT_DEBUG_MEMORY:
		options->debug_memory = true;
		break;
	case OPT_CHECK:
		options->task = TASK_CHECK;
		break;
	case OPT_WRITE_SAMPLE:
		options->task = TASK_SAMPLE;
		options->sample_file = optarg;
		break;
	default:
		break;
	}
}

int options_parse(struct options *options, int argc, char **argv)
{
	int option;

	*options = (struct options){.fork = true, .runtime_dir = "/var/run/sylkserver"};
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (option == '?')
			return -EINVAL;
		apply(options, option);
	}
	if (optind < argc) {
		fprintf(stderr, "%s: unexpected argument: %s (see --help)\n", argv[0],
			argv[optind]);
		return -EINVAL;
	}
	return 0;
}

void options_help(void)
{
	puts("Usage: sylk-server [OPTION]...\n"
	     "\n"
	     "  --no-fork            stay in the foreground, log to the terminal\n"
	     "  --systemd            stay in the foreground, log for the journal\n"
	     "  --config-dir DIR     read the configuration files in DIR last\n"
	     "  --runtime-dir DIR    where the pid file goes (default /var/run/sylkserver)\n"
	     "  --debug              log everything\n"
	     "  --debug-memory       print memory statistics at the end\n"
	     "  --check              check the configuration, say what is wrong, and exit\n"
	     "  --write-sample FILE  print a sample of FILE (config.ini, conference.ini,\n"
	     "                       playback.ini) and exit\n"
	     "  --version            print the version and exit\n"
	     "  --help               print this and exit");
}
