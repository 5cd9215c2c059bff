/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Being a daemon. */
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static char pid_file[PATH_MAX];

static int write_pid(const char *runtime_dir)
{
	FILE *f;
	int n;

	n = snprintf(pid_file, sizeof pid_file, "%s/sylk-server.pid", runtime_dir);
	if (n < 0 || (size_t)n >= sizeof pid_file)
		return -ENAMETOOLONG;
	if (mkdir(runtime_dir, 0755) < 0 && errno != EEXIST)
		return -errno;
	f = fopen(pid_file, "we");
	if (!f)
		return -errno;
	fprintf(f, "%ld\n", (long)getpid());
	return fclose(f) == 0 ? 0 : -errno;
}

/* Continue in a child; the parent leaves. */
static int step_back(void)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid > 0)
		_exit(0);
	return 0;
}

int daemon_start(const char *runtime_dir)
{
	int err, null;

	err = step_back();
	if (err)
		return err;
	setsid();
	err = step_back();
	if (err)
		return err;
	umask(022);
	err = write_pid(runtime_dir);
	if (err)
		return err;
	if (chdir("/") < 0)
		return -errno;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return -errno;
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	if (null > STDERR_FILENO)
		close(null);
	return 0;
}

void daemon_end(void)
{
	if (pid_file[0])
		unlink(pid_file);
}

int daemon_drop_privileges(void)
{
	const struct passwd *user;

	if (geteuid() != 0)
		return 0;
	user = getpwnam("sylkserver");
	if (!user)
		user = getpwnam("nobody");
	if (!user)
		return -ENOENT;
	if (setgroups(0, NULL) < 0 || setgid(user->pw_gid) < 0 || setuid(user->pw_uid) < 0)
		return -errno;
	/* Core dumps, which the kernel switches off with a change of user, help us mend crashes. */
	prctl(PR_SET_DUMPABLE, 1);
	return 0;
}
