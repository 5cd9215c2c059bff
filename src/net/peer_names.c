/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Peers known by name. */
#include "net/peer_names.h"

#include <errno.h>
#include <string.h>

#include "core/log.h"
#include "core/mem.h"

enum { MIN_LIFE_S = 30, MAX_LIFE_S = 3600 };

/* One name and one family. Owned by the peers. */
struct peer_name {
	struct peer_names *peers;
	char *name;
	enum dns_type type;
	struct dns_lookup lookup;
	struct dns_answer *answer; /* the last good one, or NULL */
	struct timer timer;
	bool complained; /* that it cannot be looked up */
};

struct peer_names {
	struct dns *dns;
	struct timer_set *timers;
	struct peer_name *items;
	size_t n;
};

static void look(void *arg);

/* Nothing of this family is an answer too: the peer has moved to the other one. */
static void on_answer(const struct dns_answer *answer, void *arg)
{
	struct peer_name *item = arg;
	uint32_t life = answer->err ? MIN_LIFE_S : answer->ttl;

	if (answer->err == 0 || answer->err == -ENODATA) {
		obj_unref(item->answer);
		item->answer = obj_ref((void *)(uintptr_t)answer);
		item->complained = false;
	} else if (!item->complained) {
		log_warning("sylk.core", "cannot look up %s records of the trusted peer %s: %s; %s",
			dns_type_name(item->type), item->name, strerror(-answer->err),
			item->answer ? "its last addresses still count"
				     : "it is not let in (see [SIP] trusted_peers)");
		item->complained = true;
	}
	if (life < MIN_LIFE_S)
		life = MIN_LIFE_S;
	if (life > MAX_LIFE_S)
		life = MAX_LIFE_S;
	timer_start_ms(&item->timer, item->peers->timers, (uint64_t)life * 1000);
}

static void look(void *arg)
{
	struct peer_name *item = arg;

	if (dns_lookup_start(&item->lookup, item->peers->dns, slice_str(item->name), item->type,
		    on_answer, item) < 0)
		timer_start_ms(&item->timer, item->peers->timers, MIN_LIFE_S * 1000);
}

void peer_names_close(struct peer_names *peers)
{
	for (size_t i = 0; i < peers->n; i++) {
		struct peer_name *item = &peers->items[i];

		dns_lookup_cancel(&item->lookup);
		timer_stop(&item->timer);
	}
}

static void destroy(void *obj)
{
	struct peer_names *peers = obj;

	peer_names_close(peers);
	for (size_t i = 0; i < peers->n; i++) {
		obj_unref(peers->items[i].answer);
		mem_free(peers->items[i].name);
	}
	mem_free(peers->items);
	obj_unref(peers->dns);
}

int peer_names_open(struct peer_names **peersp, struct dns *dns, struct timer_set *timers,
	const char *const *names, size_t n)
{
	struct peer_names *peers = obj_new(sizeof *peers, destroy);

	if (!peers)
		return -ENOMEM;
	peers->dns = obj_ref(dns);
	peers->timers = timers;
	peers->items = mem_zalloc((2 * n + 1) * sizeof *peers->items);
	for (size_t i = 0; peers->items && i < 2 * n; i++) {
		struct peer_name *item = &peers->items[i];

		item->peers = peers;
		item->type = i % 2 ? DNS_AAAA : DNS_A;
		timer_init(&item->timer, look, item);
		item->name = mem_strndup(names[i / 2], strlen(names[i / 2]));
		if (!item->name)
			break;
		peers->n++;
	}
	if (!peers->items || peers->n < 2 * n) {
		obj_unref(peers);
		return -ENOMEM;
	}
	for (size_t i = 0; i < peers->n; i++)
		look(&peers->items[i]);
	*peersp = peers;
	return 0;
}

bool peer_names_match(const struct peer_names *peers, const struct addr *addr)
{
	for (size_t i = 0; i < peers->n; i++) {
		const struct dns_answer *answer = peers->items[i].answer;

		for (size_t k = 0; answer && k < answer->n; k++) {
			if (addr_equal_host(&answer->records[k].addr, addr))
				return true;
		}
	}
	return false;
}
