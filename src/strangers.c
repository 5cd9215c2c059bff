/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Strangers: who is let in by password. */
#include "strangers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/log.h"
#include "core/mem.h"
#include "sip/auth.h"
#include "sip/auth_users.h"

#define LOG_NAME "sylk.core"

enum { MAX_FILE = 64 << 20, MAX_ADDRESS = 1024 };

/* An object of the server. */
struct strangers {
	const char *realm; /* the settings' */
	struct sip_auth_users *users;
	struct sip_auth_server *auth;
};

static void destroy(void *obj)
{
	struct strangers *strangers = obj;

	obj_unref(strangers->auth);
	obj_unref(strangers->users);
}

static void report(void *arg, unsigned line, const char *text)
{
	log_warning(LOG_NAME, "%s:%u: %s", (const char *)arg, line, text);
}

/* The whole file. Returns 0 or a negative errno. */
static int read_file(const char *path, struct buf *text)
{
	FILE *file = fopen(path, "re");
	char piece[4096];
	size_t n;
	int err = 0;

	if (!file)
		return -errno;
	while ((n = fread(piece, 1, sizeof piece, file)) > 0)
		buf_append(text, piece, n);
	if (ferror(file))
		err = -EIO;
	fclose(file);
	explicit_bzero(piece, sizeof piece);
	return err ? err : text->err;
}

static int load_users(struct strangers *strangers, const struct sip_settings *settings)
{
	char *path = settings->digest_users;
	struct buf text;
	int err;

	buf_init(&text, MAX_FILE);
	if (!path) {
		log_error(LOG_NAME, "[SIP] digest_realm is set, digest_users is not: nobody could "
				    "prove anything");
		return -EINVAL;
	}
	err = read_file(path, &text);
	if (!err)
		err = sip_auth_users_new(
			&strangers->users, strangers->realm, buf_view(&text), report, path);
	if (err)
		log_error(LOG_NAME, "[SIP] digest_users: cannot read %s: %s", path, strerror(-err));
	else if (sip_auth_users_count(strangers->users) == 0)
		log_warning(LOG_NAME, "[SIP] digest_users: %s has no user of realm %s", path,
			strangers->realm);
	if (text.p)
		explicit_bzero(text.p, text.n);
	buf_free(&text);
	return err;
}

int strangers_new(struct strangers **strangersp, const struct sip_settings *settings)
{
	struct sip_auth_server_settings auth = {.realm = settings->digest_realm};
	struct strangers *strangers = NULL;
	int err = 0;

	*strangersp = NULL;
	if (!settings->digest_realm || !*settings->digest_realm)
		goto out;
	strangers = obj_new(sizeof *strangers, destroy);
	if (!strangers) {
		err = -ENOMEM;
		goto out;
	}
	strangers->realm = settings->digest_realm;
	err = load_users(strangers, settings);
	if (err)
		goto out;
	sip_auth_users_algorithms(strangers->users, &auth.sha256, &auth.md5);
	err = sip_auth_server_new(&strangers->auth, &auth, sip_auth_users_lookup, strangers->users);
	if (err)
		log_error(LOG_NAME, "[SIP] digest_realm: %s is no realm", strangers->realm);
	else
		*strangersp = obj_ref(strangers);
out:
	obj_unref(strangers);
	return err;
}

/* Whether From is username@realm, or the username itself when that is an address. */
static bool is_from(
	const struct strangers *strangers, const struct sip_msg *request, struct slice username)
{
	struct buf from, proved;
	bool same;

	buf_init(&from, MAX_ADDRESS);
	buf_init(&proved, MAX_ADDRESS);
	uri_canonical(&request->from.uri, &from);
	sip_unquote(username, &proved);
	if (slice_find(username, '@') < 0) {
		buf_char(&proved, '@');
		buf_str(&proved, strangers->realm);
	}
	same = !from.err && !proved.err && slice_eq_nocase(buf_view(&from), buf_view(&proved));
	buf_free(&from);
	buf_free(&proved);
	return same;
}

unsigned strangers_check(
	struct strangers *strangers, const struct sip_msg *request, uint64_t now, struct buf *lines)
{
	struct slice username;
	bool stale;

	switch (sip_auth_server_check(strangers->auth, request, now / 1000000, &username, &stale)) {
	case SIP_AUTH_OK:
		if (is_from(strangers, request, username))
			return 0;
		buf_str(lines, "Warning: 399 - \"From is not the user of these credentials\"\r\n");
		return 403;
	case SIP_AUTH_BAD:
		return 400;
	default:
		sip_auth_server_challenge(strangers->auth, now / 1000000, stale, lines);
		return 401;
	}
}
