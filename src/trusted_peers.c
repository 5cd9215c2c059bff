/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Trusted peers: networks as they are written, names as the resolver has them. */
#include "trusted_peers.h"

#include <errno.h>
#include <stdio.h>

#include "core/buf.h"
#include "core/mem.h"
#include "net/peer_names.h"

/* An object, owned by the server. */
struct trusted_peers {
	const struct trusted_peers_setting *setting;
	struct peer_names *names; /* NULL: none */
};

/* ---- the setting ------------------------------------------------------------------------------- */

/* Letters, digits, dots, hyphens and underscores, the last label not a number (RFC 1123 2.1). */
static bool is_name(struct slice text)
{
	bool letter = false;

	for (size_t i = 0; i < text.n; i++) {
		char c = ascii_lower(text.p[i]);

		if (c == '.')
			letter = letter && i + 1 == text.n;
		else if (c >= 'a' && c <= 'z')
			letter = true;
		else if (!(c >= '0' && c <= '9') && c != '-' && c != '_')
			return false;
	}
	return letter && text.n <= DNS_MAX_NAME;
}

static int add_name(struct trusted_peers_setting *setting, struct slice name)
{
	char **names = mem_realloc(setting->names, (setting->n_names + 1) * sizeof *names);

	if (!names)
		return -ENOMEM;
	setting->names = names;
	names[setting->n_names] = slice_dup(name);
	if (!names[setting->n_names])
		return -ENOMEM;
	setting->n_names++;
	return 0;
}

static bool is_network(struct slice item)
{
	struct addr_prefix prefix;

	return slice_eq_nocase(item, SLICE("any")) || slice_eq_nocase(item, SLICE("none")) ||
	       addr_prefix_parse(item, &prefix) == 0;
}

void trusted_peers_release(void *field)
{
	struct trusted_peers_setting *setting = field;

	addr_prefix_list_free(&setting->networks);
	for (size_t i = 0; i < setting->n_names; i++)
		mem_free(setting->names[i]);
	mem_free(setting->names);
	*setting = (struct trusted_peers_setting){0};
}

int trusted_peers_parse(struct slice value, void *field, char *error, size_t error_size)
{
	struct trusted_peers_setting parsed = {0}, *setting = field;
	struct slice item, bad;
	struct buf networks;
	int err = 0;

	buf_init(&networks, value.n + 2);
	while (!err && slice_cut(&value, ',', &item)) {
		item = slice_trim(item);
		if (item.n == 0)
			continue;
		if (is_network(item)) {
			buf_slice(&networks, item);
			buf_char(&networks, ',');
		} else if (is_name(item)) {
			err = add_name(&parsed, item);
		} else {
			snprintf(error, error_size,
				"%.*s is no IP address, network, host name, any or none",
				SLICE_ARG(item));
			err = -EINVAL;
		}
	}
	if (!err)
		err = networks.err;
	if (!err)
		err = addr_prefix_list_parse(buf_view(&networks), &parsed.networks, &bad);
	if (err || !setting)
		trusted_peers_release(&parsed);
	else
		*setting = parsed;
	buf_free(&networks);
	return err;
}

bool trusted_peers_is_any(const struct trusted_peers_setting *setting)
{
	for (size_t i = 0; i < setting->networks.n; i++) {
		if (setting->networks.items[i].bits == 0)
			return true;
	}
	return false;
}

/* ---- the peers --------------------------------------------------------------------------------- */

static void destroy(void *obj)
{
	struct trusted_peers *peers = obj;

	trusted_peers_close(peers);
	obj_unref(peers->names);
}

void trusted_peers_close(struct trusted_peers *peers)
{
	if (peers->names)
		peer_names_close(peers->names);
}

int trusted_peers_open(struct trusted_peers **peersp, const struct trusted_peers_setting *setting,
	struct dns *dns, struct timer_set *timers)
{
	struct trusted_peers *peers = obj_new(sizeof *peers, destroy);
	int err = 0;

	if (!peers)
		return -ENOMEM;
	peers->setting = setting;
	if (dns && setting->n_names)
		err = peer_names_open(&peers->names, dns, timers,
			(const char *const *)setting->names, setting->n_names);
	if (err)
		peers = obj_unref(peers);
	*peersp = peers;
	return err;
}

bool trusted_peers_match(const struct trusted_peers *peers, const struct addr *source)
{
	return addr_prefix_list_match(&peers->setting->networks, source) ||
	       (peers->names && peer_names_match(peers->names, source));
}
