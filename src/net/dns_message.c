/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DNS messages (RFC 1035 4, RFC 2782, RFC 3403 4.1, RFC 3596): the answer section of a response. */
#include "net/dns_message.h"

#include <errno.h>
#include <string.h>

#include "core/buf.h"
#include "core/mem.h"

enum {
	HEADER = 12,
	MAX_READ = 1024, /* records looked at, of a message that holds more */
	MAX_ALIASES = 8,
	MAX_JUMPS = 64, /* compression pointers of one name */
	NAME_SIZE = DNS_MAX_NAME + 1,

	TYPE_A = 1,
	TYPE_CNAME = 5,
	TYPE_AAAA = 28,
	TYPE_SRV = 33,
	TYPE_NAPTR = 35,
	CLASS_IN = 1,
};

struct reader {
	const unsigned char *p;
	size_t n, at;
	bool bad; /* sticks: something lay behind the end */
};

struct resource {
	char owner[NAME_SIZE];
	unsigned type, class;
	uint32_t ttl;
	struct reader data; /* n is its end within the message */
};

/* ---- bytes and names --------------------------------------------------------------------------- */

static unsigned take(struct reader *r, unsigned bytes)
{
	unsigned value = 0;

	if (r->bad || r->n - r->at < bytes) {
		r->bad = true;
		return 0;
	}
	while (bytes-- > 0)
		value = value << 8 | r->p[r->at++];
	return value;
}

static struct slice take_string(struct reader *r)
{
	unsigned n = take(r, 1);

	if (r->bad || r->n - r->at < n) {
		r->bad = true;
		return SLICE_NONE;
	}
	r->at += n;
	return slice_of((const char *)r->p + r->at - n, n);
}

/* Add one label. False: too long, or a byte that cannot stand in a name as text. */
static bool add_label(char name[NAME_SIZE], size_t *used, const unsigned char *label, unsigned n)
{
	if (*used + n + 1 > DNS_MAX_NAME)
		return false;
	if (*used)
		name[(*used)++] = '.';
	for (unsigned i = 0; i < n; i++) {
		if (label[i] <= ' ' || label[i] >= 0x7f || label[i] == '.' || label[i] == '\\')
			return false;
		name[(*used)++] = ascii_lower((char)label[i]);
	}
	return true;
}

/*
 * RFC 1035 4.1.4. Pointers must lead backwards, so that none can lead round in a circle. *text:
 * false when the name is well-formed, but none that we could ask for.
 */
static void take_name(struct reader *r, char name[NAME_SIZE], bool *text)
{
	struct reader part = *r;
	size_t used = 0, lowest = r->at;
	unsigned jumps = 0, n;

	*text = true;
	while ((n = take(&part, 1)) != 0) {
		if (n >= 0xc0) {
			size_t to = (n & 0x3fU) << 8;

			to |= take(&part, 1);
			if (jumps++ == 0)
				r->at = part.at;
			if (part.bad || to >= lowest || jumps > MAX_JUMPS)
				break;
			lowest = part.at = to;
			continue;
		}
		if (n > 63 || part.n - part.at < n)
			break;
		*text = *text && add_label(name, &used, part.p + part.at, n);
		part.at += n;
	}
	if (n != 0 || part.bad)
		r->bad = true;
	else if (jumps == 0)
		r->at = part.at;
	name[used] = '\0';
}

/* ---- records ----------------------------------------------------------------------------------- */

static bool next_resource(struct reader *r, struct resource *resource)
{
	unsigned n;
	bool text;

	take_name(r, resource->owner, &text);
	if (!text)
		resource->owner[0] = '\0';
	resource->type = take(r, 2);
	resource->class = take(r, 2);
	resource->ttl = take(r, 4);
	if (resource->ttl > INT32_MAX)
		resource->ttl = 0; /* RFC 2181 8 */
	n = take(r, 2);
	if (r->bad || r->n - r->at < n)
		return false;
	resource->data = *r;
	resource->data.n = r->at + n;
	r->at += n;
	return true;
}

/* Skip header and question. Returns how many records to look at. */
static unsigned open_answers(struct reader *r)
{
	char name[NAME_SIZE];
	unsigned questions, answers;
	bool text;

	take(r, 4);
	questions = take(r, 2);
	answers = take(r, 2);
	take(r, 4);
	while (questions-- > 0 && !r->bad) {
		take_name(r, name, &text);
		take(r, 4);
	}
	return answers < MAX_READ ? answers : MAX_READ;
}

/* Follow the aliases from name on: name becomes what it is really called, *ttl the least. */
static int follow_aliases(struct reader start, unsigned n, char name[NAME_SIZE], uint32_t *ttl)
{
	struct resource *resource = mem_zalloc(sizeof *resource);
	bool found = true;

	if (!resource)
		return -ENOMEM;
	for (unsigned i = 0; i < MAX_ALIASES && found; i++) {
		struct reader r = start;

		found = false;
		for (unsigned k = 0; k < n && !found && next_resource(&r, resource); k++) {
			bool text = false;

			if (resource->type != TYPE_CNAME || resource->class != CLASS_IN ||
				strcmp(resource->owner, name) != 0)
				continue;
			take_name(&resource->data, name, &text);
			found = text && !resource->data.bad;
			if (resource->ttl < *ttl)
				*ttl = resource->ttl;
		}
	}
	mem_free(resource);
	return 0;
}

static bool read_address(struct reader *r, enum dns_type type, struct dns_record *record)
{
	const unsigned char *at = r->p + r->at;
	struct sockaddr_in in4 = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

	if (r->n - r->at != (type == DNS_A ? 4U : 16U))
		return false;
	if (type == DNS_A) {
		memcpy(&in4.sin_addr, at, 4);
		record->addr.u.in4 = in4;
		record->addr.len = sizeof in4;
	} else {
		memcpy(&in6.sin6_addr, at, 16);
		addr_from_sockaddr((struct sockaddr *)&in6, &record->addr);
	}
	return true;
}

/* Read one record; its target goes to text, where there is room for it. */
static bool read_record(
	struct reader *r, enum dns_type type, struct dns_record *record, struct buf *text)
{
	char name[NAME_SIZE];
	bool valid;

	*record = (struct dns_record){0};
	if (type == DNS_A || type == DNS_AAAA)
		return read_address(r, type, record);
	record->priority = (uint16_t)take(r, 2);
	record->weight = (uint16_t)take(r, 2);
	if (type == DNS_SRV) {
		record->port = (uint16_t)take(r, 2);
	} else {
		record->flags = take_string(r);
		record->service = take_string(r);
		record->regexp = take_string(r).n > 0;
	}
	take_name(r, name, &valid);
	if (r->bad || !valid)
		return false;
	record->target = slice_of(text->p + text->n, strlen(name));
	buf_str(text, name);
	return true;
}

static unsigned wire_type(enum dns_type type)
{
	static const unsigned char types[] = {TYPE_A, TYPE_AAAA, TYPE_SRV, TYPE_NAPTR};

	return types[type];
}

int dns_message_parse(
	struct slice message, const char *name, enum dns_type type, struct dns_answer **answer)
{
	struct reader r = {.p = (const unsigned char *)message.p, .n = message.n};
	struct dns_record *records = NULL;
	struct resource *resource = NULL;
	char real[NAME_SIZE];
	uint32_t ttl = UINT32_MAX;
	struct buf text;
	unsigned n;
	size_t used = 0;
	int err;

	buf_init(&text, (size_t)MAX_READ * NAME_SIZE);
	*answer = NULL;
	n = open_answers(&r);
	err = -EBADMSG;
	if (r.bad || message.n < HEADER || strlen(name) > DNS_MAX_NAME)
		goto out;
	memcpy(real, name, strlen(name) + 1);
	err = follow_aliases(r, n, real, &ttl);
	if (err < 0)
		goto out;
	err = -ENOMEM;
	records = mem_zalloc((n + 1) * sizeof *records);
	resource = mem_zalloc(sizeof *resource);
	/* All room at once: the targets may not move. */
	if (!records || !resource || buf_reserve(&text, (size_t)n * NAME_SIZE) < 0)
		goto out;
	while (n-- > 0 && next_resource(&r, resource)) {
		if (resource->type != wire_type(type) || resource->class != CLASS_IN ||
			strcmp(resource->owner, real) != 0 ||
			!read_record(&resource->data, type, &records[used], &text))
			continue;
		ttl = resource->ttl < ttl ? resource->ttl : ttl;
		used++;
	}
	*answer = dns_answer_new(type, records, used, ttl);
	err = *answer ? 0 : -ENOMEM;
out:
	mem_free(resource);
	mem_free(records);
	buf_free(&text);
	return err;
}
