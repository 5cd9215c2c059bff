/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The hosts file: addresses of names that no name server is asked for (hosts(5)). One thread. */
#ifndef NET_HOSTS_H
#define NET_HOSTS_H

#include <sys/stat.h>

#include "net/addr.h"

struct hosts {
	const char *path;
	struct stat seen; /* what the text is of */
	char *text;       /* NULL: nothing read, or there is no such file */
	size_t n;
};

/* path: good as long as hosts is used. */
void hosts_init(struct hosts *hosts, const char *path);
void hosts_free(struct hosts *hosts);

/*
 * Addresses of name (lower case) of this family, ports 0, at most max, in the file's order; the
 * file is read again when it has changed. *known: whether the file has the name at all, be it with
 * addresses of the other family alone. Returns how many; without memory, or for a file over 1 MB,
 * it is as if there were no file.
 */
size_t hosts_find(struct hosts *hosts, const char *name, int family, struct addr *addrs, size_t max,
	bool *known);

#endif
