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
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static char pid_path[PATH_MAX];
static int pid_fd = -1, ready_fd = -1;

/* Who to be instead of root. */
static const struct passwd *find_account(void)
{
	const struct passwd *account = getpwnam("sylkserver");

	return account ? account : getpwnam("nobody");
}

/* A folder of our making is for the account that later removes the pid file from it. */
static int make_folder(const char *path)
{
	const struct passwd *account;

	if (mkdir(path, 0755) < 0)
		return errno == EEXIST ? 0 : -errno;
	account = geteuid() == 0 ? find_account() : NULL;
	if (account && chown(path, account->pw_uid, account->pw_gid) < 0)
		return -errno;
	return 0;
}

/* Open and lock the pid file; the lock lasts as long as the daemon does. */
static int open_pid_file(const char *runtime_dir)
{
	char folder[PATH_MAX];
	int n, err = make_folder(runtime_dir);

	if (err)
		return err;
	if (!realpath(runtime_dir, folder))
		return -errno;
	n = snprintf(pid_path, sizeof pid_path, "%s/sylk-server.pid", folder);
	if (n < 0 || (size_t)n >= sizeof pid_path)
		return -ENAMETOOLONG;
	pid_fd = open(pid_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (pid_fd < 0)
		return -errno;
	if (flock(pid_fd, LOCK_EX | LOCK_NB) < 0) {
		err = errno == EWOULDBLOCK ? -EALREADY : -errno;
		close(pid_fd);
		pid_fd = -1;
	}
	return err;
}

static int write_pid(void)
{
	if (ftruncate(pid_fd, 0) < 0 || dprintf(pid_fd, "%ld\n", (long)getpid()) < 0)
		return -errno;
	return 0;
}

/* The process that was called: wait for the daemon's word. */
static _Noreturn void wait_until_ready(int fd)
{
	char byte;
	ssize_t n;

	do
		n = read(fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	_exit(n == 1 ? 0 : 1);
}

/* Go on in a grandchild of another session. */
static int leave_parents(int wait_fd)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid > 0) {
		close(ready_fd);
		wait_until_ready(wait_fd);
	}
	close(wait_fd);
	setsid();
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid > 0)
		_exit(0);
	return 0;
}

int daemon_start(const char *runtime_dir)
{
	int fds[2], err;

	umask(022);
	err = open_pid_file(runtime_dir);
	if (err)
		return err;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	ready_fd = fds[1];
	err = leave_parents(fds[0]);
	if (!err)
		err = write_pid();
	if (!err && chdir("/") < 0)
		err = -errno;
	return err;
}

void daemon_ready(void)
{
	int null;

	if (ready_fd < 0)
		return;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
		dup2(null, fd);
	if (null > STDERR_FILENO)
		close(null);
	/* With nobody waiting any more there is nobody to miss it. */
	if (write(ready_fd, "", 1) < 0)
		errno = 0;
	close(ready_fd);
	ready_fd = -1;
}

void daemon_end(void)
{
	if (pid_fd < 0)
		return;
	if (unlink(pid_path) < 0 && ftruncate(pid_fd, 0) < 0)
		errno = 0; /* then a stale pid stays, which the next one's lock tells from a live one */
}

int daemon_drop_privileges(void)
{
	const struct passwd *account;

	if (geteuid() != 0)
		return 0;
	account = find_account();
	if (!account)
		return -ENOENT;
	if (setgroups(0, NULL) < 0 || setgid(account->pw_gid) < 0 || setuid(account->pw_uid) < 0)
		return -errno;
	/* Core dumps, which the kernel switches off with a change of user, help us mend crashes. */
	prctl(PR_SET_DUMPABLE, 1);
	return 0;
}
