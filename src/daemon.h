/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Being a daemon: the background, the pid file, giving up root. Main thread, before others start. */
#ifndef DAEMON_H
#define DAEMON_H

/*
 * Go into the background (fork twice, new session, umask 022, folder /) with the pid in
 * RUNTIME_DIR/sylk-server.pid; the folder is made if it is not there. Returns 0 in the daemon, or a
 * negative errno, -EALREADY when the file is that of a daemon that runs. The process that called
 * waits for daemon_ready and then exits with 0, or with 1 when the daemon ends before.
 */
int daemon_start(const char *runtime_dir);

/* Calls can come in: let the caller go on, and the terminal go. */
void daemon_ready(void);

/* Remove the pid file, or empty it where the folder is not ours. Safe in a signal's handler. */
void daemon_end(void);

/*
 * When root: become the user sylkserver, or nobody where there is none, in all threads. Returns 0 or
 * a negative errno (then it must not go on as root).
 */
int daemon_drop_privileges(void);

#endif
