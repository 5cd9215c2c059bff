/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The users of a realm and the hashes of their passwords. */
#include "sip/auth_users.h"

#include <errno.h>
#include <string.h>

#include "core/hash.h"
#include "core/mem.h"

enum { MD5_HEX = 32, SHA256_HEX = 64 };

/* Owned by the users. */
struct user {
	struct hash_node by_name; /* first: hash_each hands it out */
	char *name;
	char md5[MD5_HEX + 1], sha256[SHA256_HEX + 1]; /* empty: none */
};

struct sip_auth_users {
	struct hash_table by_name;
	size_t n_md5, n_sha256;
};

static void drop_user(struct hash_node *node, void *arg)
{
	struct sip_auth_users *users = arg;
	struct user *user = (struct user *)(void *)node;

	hash_remove(&users->by_name, node);
	mem_free(user->name);
	explicit_bzero(user, sizeof *user);
	mem_free(user);
}

static void destroy(void *obj)
{
	struct sip_auth_users *users = obj;

	hash_each(&users->by_name, drop_user, users);
	hash_free(&users->by_name);
}

static struct user *find(const struct sip_auth_users *users, struct slice name)
{
	struct hash_node *node = hash_first(&users->by_name, hash_slice(0, name));

	for (; node; node = hash_next(node)) {
		struct user *user = (struct user *)(void *)node;

		if (slice_eq(slice_str(user->name), name))
			return user;
	}
	return NULL;
}

static struct user *find_or_make(struct sip_auth_users *users, struct slice name)
{
	struct user *user = find(users, name);

	if (user)
		return user;
	user = mem_zalloc(sizeof *user);
	if (!user)
		return NULL;
	user->name = slice_dup(name);
	if (!user->name) {
		mem_free(user);
		return NULL;
	}
	hash_insert(&users->by_name, &user->by_name, hash_slice(0, name));
	return user;
}

static bool is_hash(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = ascii_lower(s.p[i]);

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
			return false;
	}
	return s.n == MD5_HEX || s.n == SHA256_HEX;
}

/* In lower case: it goes into further hashes (RFC 7616 3.4.2, 3.1 LHEX). */
static void store(char *to, struct slice hash, size_t *count)
{
	if (*to == '\0')
		(*count)++;
	for (size_t i = 0; i < hash.n; i++)
		to[i] = ascii_lower(hash.p[i]);
}

/* One line. Returns 0, -EINVAL with a reason in *error, or -ENOMEM. */
static int add(
	struct sip_auth_users *users, const char *realm, struct slice line, const char **error)
{
	struct slice name, line_realm;
	struct user *user;

	if (line.n == 0 || *line.p == '#')
		return 0;
	slice_cut(&line, ':', &name);
	slice_cut(&line, ':', &line_realm);
	if (name.n == 0 || line.n == 0) {
		*error = "is not of the form user:realm:hash";
		return -EINVAL;
	}
	if (!slice_eq(line_realm, slice_str(realm)))
		return 0;
	if (!is_hash(line)) {
		*error = "the hash is not 32 (MD5) or 64 (SHA-256) hexadecimal digits";
		return -EINVAL;
	}
	user = find_or_make(users, name);
	if (!user)
		return -ENOMEM;
	if (line.n == MD5_HEX)
		store(user->md5, line, &users->n_md5);
	else
		store(user->sha256, line, &users->n_sha256);
	return 0;
}

int sip_auth_users_new(struct sip_auth_users **usersp, const char *realm, struct slice text,
	sip_auth_users_error_fn *error, void *arg)
{
	struct sip_auth_users *users = obj_new(sizeof *users, destroy);
	const char *reason = NULL;
	struct slice line;
	unsigned number = 0;
	int err = -ENOMEM;

	if (!users)
		goto out;
	err = hash_init(&users->by_name);
	while (!err && slice_cut(&text, '\n', &line)) {
		number++;
		err = add(users, realm, slice_trim(line), &reason);
		if (err == -EINVAL) {
			error(arg, number, reason);
			err = 0;
		}
	}
	if (!err)
		*usersp = obj_ref(users);
out:
	obj_unref(users);
	return err;
}

size_t sip_auth_users_count(const struct sip_auth_users *users)
{
	return users->by_name.n;
}

void sip_auth_users_algorithms(const struct sip_auth_users *users, bool *sha256, bool *md5)
{
	size_t n = users->by_name.n;

	*sha256 = users->n_sha256 == n || users->n_md5 != n;
	*md5 = users->n_md5 == n || users->n_sha256 != n;
}

bool sip_auth_users_lookup(struct slice username, bool sha256, char ha1[65], void *arg)
{
	const struct user *user = find(arg, username);
	const char *hash;

	if (!user)
		return false;
	hash = sha256 ? user->sha256 : user->md5;
	if (*hash == '\0')
		return false;
	memcpy(ha1, hash, strlen(hash) + 1);
	return true;
}
