/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Resources: files that come with the server. Their folder is PREFIX/share/sylkserver when the binary
 * lies in PREFIX/bin, else the folder resources beside the binary. Any thread.
 */
#ifndef RESOURCES_H
#define RESOURCES_H

#include <limits.h>

/*
 * Where a path of the configuration leads: an absolute one where it says, "~/..." into the home
 * folder, any other into the resources. Returns 0 or a negative errno.
 */
int resources_path(const char *path, char full[PATH_MAX]);

#endif
