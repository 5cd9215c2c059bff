/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Being a daemon: the background, the pid file, giving up root. Main thread, before others start. */
#ifndef DAEMON_H
#define DAEMON_H

/*
 * Go into the background (fork twice, new session, umask 022, standard streams to /dev/null) and
 * write the pid to RUNTIME_DIR/sylk-server.pid. Returns 0 in the daemon, or a negative errno; the
 * parents exit.
 */
int daemon_start(const char *runtime_dir);

/* Remove the pid file. */
void daemon_end(void);

/*
 * When root: become the user sylkserver, or nobody where there is none, in all threads. Returns 0 or
 * a negative errno (then it must not go on as root).
 */
int daemon_drop_privileges(void);

#endif
