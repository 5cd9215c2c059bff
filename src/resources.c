/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Resources: files that come with the server. */
#include "resources.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int join(char full[PATH_MAX], const char *folder, const char *path)
{
	int n = snprintf(full, PATH_MAX, "%s/%s", folder, path);

	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

/* The folder of resources. */
static int folder_of_resources(char folder[PATH_MAX])
{
	char binary[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", binary, sizeof binary - 1);
	char *slash;

	if (n < 0)
		return -errno;
	binary[n] = '\0';
	slash = strrchr(binary, '/');
	*slash = '\0';
	slash = strrchr(binary, '/');
	if (!slash || strcmp(slash, "/bin") != 0)
		return join(folder, binary, "resources");
	*slash = '\0';
	return join(folder, binary, "share/sylkserver");
}

int resources_path(const char *path, char full[PATH_MAX])
{
	const char *home = getenv("HOME");
	char folder[PATH_MAX];
	int err;

	if (path[0] == '/')
		return join(full, "", path + 1);
	if (strncmp(path, "~/", 2) == 0 && home)
		return join(full, home, path + 2);
	err = folder_of_resources(folder);
	return err ? err : join(full, folder, path);
}
