/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sylk-server: start, signals, stop. */
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/log.h"
#include "core/mem.h"
#include "daemon.h"
#include "options.h"
#include "server.h"
#include "server_tls.h"
#include "version.h"

#define LOG_NAME "sylk.core"
#define STOP_LIMIT_S 5 /* spec 1.1: then the process exits with status 1 */

/* The one running server of this process; signals reach it through uv_signal on its loop. */
struct process {
	struct options options;
	struct loop *loop;
	struct server *server;
	struct settings settings;
	uv_signal_t signals[4];
	unsigned n_signals;
	bool stopping;
	char config_dir[PATH_MAX]; /* the option's, resolved before the daemon leaves for / */
	unsigned config_errors;
};

static void log_config_error(void *arg, const char *file, unsigned line, const char *text)
{
	struct process *process = arg;

	process->config_errors++;
	if (line)
		log_warning(LOG_NAME, "%s:%u: %s", file, line, text);
	else
		log_warning(LOG_NAME, "%s: %s", file, text);
}

static void print_config_error(void *arg, const char *file, unsigned line, const char *text)
{
	struct process *process = arg;

	process->config_errors++;
	if (line)
		printf("%s:%u: %s\n", file, line, text);
	else
		printf("%s: %s\n", file, text);
}

/* ---- configuration ------------------------------------------------------------------------- */

/* Where upstream looks, lowest priority first; the third is the local directory. */
static int read_config(struct process *process, struct config **config, config_error_fn *error)
{
	const char *home = getenv("HOME");
	char user_dir[PATH_MAX];
	const char *dirs[4] = {"/etc/sylkserver"};
	unsigned n = 1;

	if (home && snprintf(user_dir, sizeof user_dir, "%s/.config/sylkserver", home) <
			    (int)sizeof user_dir)
		dirs[n++] = user_dir;
	if (process->options.config_dir)
		dirs[n++] = process->options.config_dir;
	return config_read(config, dirs, config_sections, error, process);
}

/* A folder that was asked for and is not there is a mistake, not an empty configuration. */
static int find_config_dir(struct process *process)
{
	const char *wanted = process->options.config_dir;

	if (!wanted)
		return 0;
	if (!realpath(wanted, process->config_dir) ||
		access(process->config_dir, R_OK | X_OK) < 0) {
		fprintf(stderr, "%s: %s (see --config-dir)\n", wanted, strerror(errno));
		return -errno;
	}
	process->options.config_dir = process->config_dir;
	return 0;
}

static void say_nothing(void *arg, const char *file, unsigned line, const char *text)
{
}

/* What the settings name must be there and be good. Mistakes in them have been reported. */
static int check_files(struct process *process, const struct config *config)
{
	int err = settings_load(config, &process->settings, say_nothing, NULL);

	if (err)
		return err == -EINVAL ? 0 : err;
	server_tls_check(config, &process->settings, print_config_error, process);
	settings_release(&process->settings);
	return 0;
}

static int check(struct process *process)
{
	struct config *config = NULL;
	int err;

	err = read_config(process, &config, print_config_error);
	if (!err)
		err = settings_check(config, print_config_error, process);
	if (!err)
		err = check_files(process, config);
	config_free(config);
	if (err) {
		printf("cannot check the configuration: %s\n", strerror(-err));
		return 1;
	}
	if (process->config_errors == 0)
		puts("The configuration is good.");
	return process->config_errors > 0;
}

static int write_sample(const char *file)
{
	struct buf out;
	int err;

	buf_init(&out, 1 << 20);
	config_write_sample(config_sections, file, &out);
	err = out.err;
	if (!err && out.n == 0) {
		fprintf(stderr, "there is no configuration file called %s\n", file);
		err = -ENOENT;
	}
	if (!err)
		fwrite(out.p, 1, out.n, stdout);
	buf_free(&out);
	return err ? 1 : 0;
}

/* ---- stopping ------------------------------------------------------------------------------ */

static void stopped(void *arg)
{
	struct process *process = arg;

	loop_stop(process->loop);
}

/* SIGALRM: whatever holds us up, a media thread or the loop, may not hold us for ever. */
static void give_up(int number)
{
	static const char text[] = "sylk-server: could not stop in time, exiting all the same\n";

	if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
		errno = 0;
	daemon_end();
	_exit(1);
}

static void stop(struct process *process)
{
	if (process->stopping)
		return;
	process->stopping = true;
	log_info(LOG_NAME, "Stopping");
	signal(SIGALRM, give_up);
	alarm(STOP_LIMIT_S);
	server_stop(process->server, (STOP_LIMIT_S - 1) * 1000, stopped, process);
}

/* ---- signals ------------------------------------------------------------------------------- */

static void toggle_debug(const struct process *process)
{
	enum log_level configured = (enum log_level)process->settings.server.log_level;
	bool debugging = log_get_level() == LOG_LEVEL_DEBUG;

	if (debugging && configured == LOG_LEVEL_DEBUG) {
		log_info(LOG_NAME, "Debug messages stay on: [Server] log_level is debug");
		return;
	}
	/* Said while info is logged, whatever the level before or behind. */
	log_set_level(LOG_LEVEL_DEBUG);
	log_info(LOG_NAME, "Debug messages switched %s", debugging ? "off" : "on");
	if (debugging)
		log_set_level(configured);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct process *process = handle->data;

	loop_wake(process->loop);
	switch (number) {
	case SIGTERM:
	case SIGINT:
		stop(process);
		break;
	case SIGUSR1:
		toggle_debug(process);
		break;
	case SIGUSR2:
		server_log_figures(process->server);
		break;
	default:
		break;
	}
}

static int watch_signals(struct process *process)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGUSR1, SIGUSR2};
	int err = 0;

	signal(SIGPIPE, SIG_IGN);
	for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0] && !err; i++) {
		uv_signal_t *handle = &process->signals[i];

		err = uv_signal_init(loop_uv(process->loop), handle);
		if (err)
			break;
		handle->data = process;
		process->n_signals++;
		err = uv_signal_start(handle, on_signal, numbers[i]);
	}
	return err;
}

/* From here on a second SIGTERM changes nothing: the process is as good as gone. */
static void unwatch_signals(struct process *process)
{
	for (unsigned i = 0; i < process->n_signals; i++) {
		int number = process->signals[i].signum;

		uv_close((uv_handle_t *)&process->signals[i], NULL);
		if (number)
			signal(number, SIG_IGN);
	}
}

/* ---- running ------------------------------------------------------------------------------- */

static void raise_file_limit(void)
{
	struct rlimit limit;

	/* Every call with audio holds two sockets; 1024 files would end at some 500 calls. */
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static void open_log(const struct options *options)
{
	if (options->fork)
		log_open(LOG_SINK_SYSLOG, "sylk-server");
	else if (options->systemd)
		log_open(LOG_SINK_JOURNAL, "sylk-server");
	else
		log_open(LOG_SINK_TERMINAL, "sylk-server");
}

static int run_server(struct process *process, const struct config *config)
{
	int err;

	err = server_new(&process->server, process->loop, config, &process->settings,
		log_config_error, process);
	if (err)
		return err;
	err = daemon_drop_privileges();
	if (err) {
		log_critical(LOG_NAME, "Cannot give up root: %s", strerror(-err));
		goto out;
	}
	err = watch_signals(process);
	if (err)
		goto out;
	log_info(LOG_NAME, "sylk-server %s started", SYLK_VERSION);
	server_announce(process->server);
	daemon_ready();
	loop_run(process->loop);
out:
	server_free(process->server);
	unwatch_signals(process);
	return err;
}

static int serve(struct process *process)
{
	struct config *config = NULL;
	int err;

	if (process->options.fork) {
		err = daemon_start(process->options.runtime_dir);
		if (err) {
			fprintf(stderr, "%s: %s (see --runtime-dir)\n",
				process->options.runtime_dir,
				err == -EALREADY ? "the server runs already" : strerror(-err));
			daemon_end();
			return 1;
		}
	}
	open_log(&process->options);
	err = read_config(process, &config, log_config_error);
	if (!err)
		err = settings_load(config, &process->settings, log_config_error, process);
	if (err)
		goto out;
	config_check_unknown(config, config_sections, log_config_error, process);
	log_set_level(process->options.debug ? LOG_LEVEL_DEBUG
					     : (enum log_level)process->settings.server.log_level);
	raise_file_limit();
	err = loop_new(&process->loop);
	if (!err) {
		err = run_server(process, config);
		loop_close(process->loop);
	}
	settings_release(&process->settings);
out:
	config_free(config);
	if (err)
		log_critical(LOG_NAME, "sylk-server did not start: %s", strerror(-err));
	else
		log_info(LOG_NAME, "sylk-server stopped");
	if (err && process->options.fork)
		fprintf(stderr, "sylk-server did not start: %s (the system log says why)\n",
			strerror(-err));
	if (process->options.debug_memory) {
		fprintf(stderr, "objects alive: %zu\n", obj_alive());
		malloc_stats();
	}
	daemon_end();
	log_close();
	alarm(0);
	return err ? 1 : 0;
}

int main(int argc, char **argv)
{
	static struct process process;

	if (options_parse(&process.options, argc, argv) < 0)
		return 1;
	switch (process.options.task) {
	case TASK_VERSION:
		printf("sylk-server %s\n", SYLK_VERSION);
		return 0;
	case TASK_HELP:
		options_help();
		return 0;
	case TASK_CHECK:
		return find_config_dir(&process) < 0 ? 1 : check(&process);
	case TASK_SAMPLE:
		return write_sample(process.options.sample_file);
	case TASK_SERVE:
		break;
	}
	return find_config_dir(&process) < 0 ? 1 : serve(&process);
}
