/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DNS resolver: what is known, what is being asked, and who waits for it. One entry per name and
 * type goes through
 *
 *     asked --> known --> expired (asked anew by the next who wants it)
 *
 * Waiting lookups are served from the entry's timer, never from within a call of their own.
 */
#include "net/dns.h"

#include <errno.h>
#include <string.h>

#include "core/hash.h"
#include "core/mem.h"

enum {
	MAX_TTL_S = 3600, /* whatever a zone says, it is asked again after this */
	NO_SUCH_TTL_S =
		30,        /* RFC 2308 bounds it by the SOA record; this is below what zones have */
	FAILURE_TTL_S = 5, /* RFC 2308 7: a failure is remembered too, for at most five minutes */
	PRESET_ENTRIES = 4096,
	PRESET_ASKED = 1024,
};

/* Owned by the resolver. */
struct dns_question {
	struct hash_node node; /* first: hash_each hands it out */
	struct list_node age;  /* in dns->known when known, the longest unused first */
	struct dns *dns;
	enum dns_type type;
	bool asked; /* the source owes an answer */
	struct dns_answer *answer;
	struct dns_answer
		*spare;   /* while asked: the answer should there be no memory for another */
	uint64_t expires; /* microseconds */
	struct timer serve;
	struct list_node waiting; /* struct dns_lookup */
	char name[];
};

struct dns {
	struct timer_set *timers;
	const struct dns_source_ops *ops;
	void *source;
	struct dns_settings settings;
	struct hash_table entries;
	struct list_node known;
	size_t n_asked;
	bool closed;
};

const char *dns_type_name(enum dns_type type)
{
	static const char *const names[] = {"A", "AAAA", "SRV", "NAPTR"};

	return names[type];
}

/* ---- entries ----------------------------------------------------------------------------------- */

static void forget(struct dns_question *entry)
{
	timer_stop(&entry->serve);
	while (!list_empty(&entry->waiting))
		list_remove(entry->waiting.next);
	list_remove(&entry->age);
	if (entry->asked)
		entry->dns->n_asked--;
	hash_remove(&entry->dns->entries, &entry->node);
	obj_unref(entry->answer);
	obj_unref(entry->spare);
	mem_free(entry);
}

static void touch(struct dns_question *entry)
{
	list_remove(&entry->age);
	list_append(&entry->dns->known, &entry->age);
}

static uint64_t life_us(const struct dns_answer *answer)
{
	uint32_t ttl = answer->ttl < MAX_TTL_S ? answer->ttl : MAX_TTL_S;

	if (answer->err == -ENOENT || answer->err == -ENODATA)
		ttl = NO_SUCH_TTL_S;
	else if (answer->err < 0)
		ttl = FAILURE_TTL_S;
	return (uint64_t)ttl * 1000000;
}

/* Tell all that wait by now; a handler may ask again, cancel others, or close the resolver. */
static void serve(void *arg)
{
	struct dns_question *entry = arg;
	struct dns_answer *answer = obj_ref(entry->answer);
	struct dns *dns = obj_ref(entry->dns);
	struct list_node now;

	list_append(&entry->waiting, &now);
	list_remove(&entry->waiting);
	list_init(&entry->waiting);
	while (!list_empty(&now)) {
		struct dns_lookup *lookup = CONTAINER_OF(now.next, struct dns_lookup, node);

		list_remove(&lookup->node);
		if (!dns->closed)
			lookup->answered(answer, lookup->arg);
	}
	obj_unref(answer);
	obj_unref(dns);
}

void dns_question_answered(struct dns_question *entry, struct dns_answer *answer)
{
	struct dns *dns = entry->dns;

	entry->asked = false;
	dns->n_asked--;
	obj_unref(entry->answer);
	entry->answer = obj_ref(answer ? answer : entry->spare);
	entry->spare = obj_unref(entry->spare);
	entry->expires = dns->timers->now + life_us(entry->answer);
	touch(entry);
	timer_start_ms(&entry->serve, dns->timers, 0);
}

/* ---- asking ------------------------------------------------------------------------------------ */

/*
 * Lower case, without the last dot. Any byte but controls, blanks and a backslash may stand in a
 * label: what a zone holds is the zone's business. False: not a name.
 */
static bool normalize(struct slice name, char out[DNS_MAX_NAME + 1])
{
	size_t label = 0;

	if (name.n && name.p[name.n - 1] == '.')
		name.n--;
	if (name.n == 0 || name.n > DNS_MAX_NAME)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];

		if (c <= ' ' || c >= 0x7f || c == '\\')
			return false;
		label = c == '.' ? 0 : label + 1;
		if (label > 63 || (c == '.' && (i == 0 || name.p[i - 1] == '.')))
			return false;
		out[i] = ascii_lower(name.p[i]);
	}
	out[name.n] = '\0';
	return true;
}

static struct dns_question *find(struct dns *dns, const char *name, enum dns_type type)
{
	struct hash_node *node =
		hash_first(&dns->entries, hash_bytes((uint64_t)type, name, strlen(name)));

	for (; node; node = hash_next(node)) {
		struct dns_question *entry = (struct dns_question *)(void *)node;

		if (entry->type == type && strcmp(entry->name, name) == 0)
			return entry;
	}
	return NULL;
}

/* Make room for one more: those in use stay. */
static bool make_room(struct dns *dns)
{
	struct list_node *it, *next;

	if (dns->entries.n < dns->settings.max_entries)
		return true;
	LIST_FOR_EACH(it, next, &dns->known) {
		struct dns_question *entry = CONTAINER_OF(it, struct dns_question, age);

		if (list_empty(&entry->waiting) && !entry->asked) {
			forget(entry);
			return true;
		}
	}
	return false;
}

static struct dns_question *add(struct dns *dns, const char *name, enum dns_type type)
{
	size_t n = strlen(name) + 1;
	struct dns_question *entry = make_room(dns) ? mem_zalloc(sizeof *entry + n) : NULL;

	if (!entry)
		return NULL;
	entry->dns = dns;
	entry->type = type;
	memcpy(entry->name, name, n);
	list_init(&entry->waiting);
	list_init(&entry->age);
	timer_init(&entry->serve, serve, entry);
	hash_insert(&dns->entries, &entry->node, hash_bytes((uint64_t)type, name, n - 1));
	touch(entry);
	return entry;
}

static bool fresh(const struct dns_question *entry)
{
	/* One that waits to be served is served, however short its life. */
	return entry->answer &&
	       (entry->dns->timers->now < entry->expires || timer_running(&entry->serve));
}

static int ask(struct dns *dns, struct dns_question *entry)
{
	int err;

	if (dns->n_asked >= dns->settings.max_asked)
		return -EBUSY;
	entry->spare = dns_answer_error(-ENOMEM);
	if (!entry->spare)
		return -ENOMEM;
	entry->asked = true;
	dns->n_asked++;
	err = dns->ops->ask(dns->source, entry, entry->name, entry->type);
	if (err < 0) {
		entry->spare = obj_unref(entry->spare);
		entry->asked = false;
		dns->n_asked--;
	}
	return err;
}

int dns_lookup_start(struct dns_lookup *lookup, struct dns *dns, struct slice text,
	enum dns_type type, dns_answered_fn *answered, void *arg)
{
	char name[DNS_MAX_NAME + 1];
	struct dns_question *entry;
	int err = 0;

	*lookup = (struct dns_lookup){.answered = answered, .arg = arg};
	list_init(&lookup->node);
	if (dns->closed)
		return -ENOTCONN;
	if (!normalize(text, name))
		return -EINVAL;
	entry = find(dns, name, type);
	if (!entry)
		entry = add(dns, name, type);
	if (!entry)
		return -ENOMEM;
	list_append(&entry->waiting, &lookup->node);
	if (fresh(entry)) {
		touch(entry);
		if (!timer_running(&entry->serve))
			timer_start_ms(&entry->serve, dns->timers, 0);
	} else if (!entry->asked) {
		err = ask(dns, entry);
	}
	if (err < 0) {
		list_remove(&lookup->node);
		if (list_empty(&entry->waiting))
			forget(entry);
	}
	return err;
}

void dns_lookup_cancel(struct dns_lookup *lookup)
{
	if (lookup->node.next)
		list_remove(&lookup->node);
}

/* ---- life -------------------------------------------------------------------------------------- */

static void forget_node(struct hash_node *node, void *arg)
{
	forget((struct dns_question *)(void *)node);
}

void dns_close(struct dns *dns)
{
	if (dns->closed)
		return;
	dns->closed = true;
	dns->ops->close(dns->source);
	hash_each(&dns->entries, forget_node, NULL);
}

static void destroy(void *obj)
{
	struct dns *dns = obj;

	if (dns->ops)
		dns_close(dns);
	hash_free(&dns->entries);
}

int dns_new(struct dns **dnsp, struct timer_set *timers, const struct dns_source_ops *ops,
	void *source, const struct dns_settings *settings)
{
	struct dns *dns = obj_new(sizeof *dns, destroy);

	if (!dns)
		return -ENOMEM;
	if (hash_init(&dns->entries) < 0) {
		obj_unref(dns);
		return -ENOMEM;
	}
	dns->timers = timers;
	dns->ops = ops;
	dns->source = source;
	if (settings)
		dns->settings = *settings;
	if (!dns->settings.max_entries)
		dns->settings.max_entries = PRESET_ENTRIES;
	if (!dns->settings.max_asked)
		dns->settings.max_asked = PRESET_ASKED;
	list_init(&dns->known);
	*dnsp = dns;
	return 0;
}

size_t dns_entries(const struct dns *dns)
{
	return dns->entries.n;
}

size_t dns_asked(const struct dns *dns)
{
	return dns->n_asked;
}
