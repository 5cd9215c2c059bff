/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The users of a realm, as htdigest files have them: lines of "user:realm:HA1", HA1 being the
 * MD5 (32 hexadecimal digits) or SHA-256 (64) of "user:realm:password". A user may have a line of
 * each. Empty lines and those that begin with # do not count. Loop thread.
 */
#ifndef SIP_AUTH_USERS_H
#define SIP_AUTH_USERS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/slice.h"

struct sip_auth_users;

/* An error in a line; the line is left out. */
typedef void sip_auth_users_error_fn(void *arg, unsigned line, const char *text);

/*
 * Read the lines of this realm; others are skipped. An object: the caller owns one reference.
 * Returns 0 or -ENOMEM.
 */
int sip_auth_users_new(struct sip_auth_users **users, const char *realm, struct slice text,
	sip_auth_users_error_fn *error, void *arg);

/* How many users there are. */
size_t sip_auth_users_count(const struct sip_auth_users *users);

/*
 * Which algorithms to offer: those that every user has a line for; both when there is none such. A
 * client that takes the stronger one offered must find its user there.
 */
void sip_auth_users_algorithms(const struct sip_auth_users *users, bool *sha256, bool *md5);

/* A sip_auth_lookup_fn; arg: the users. */
bool sip_auth_users_lookup(struct slice username, bool sha256, char ha1[65], void *arg);

#endif
