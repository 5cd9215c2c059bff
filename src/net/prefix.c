/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Address prefixes. */
#include "net/prefix.h"

#include <errno.h>

#include "core/mem.h"

static unsigned max_bits(const struct addr *a)
{
	return addr_family(a) == AF_INET ? 32 : 128;
}

static const uint8_t *bytes_of(const struct addr *a)
{
	if (addr_family(a) == AF_INET)
		return (const uint8_t *)&a->u.in4.sin_addr;
	return (const uint8_t *)&a->u.in6.sin6_addr;
}

int addr_prefix_parse(struct slice text, struct addr_prefix *prefix)
{
	bool whole = slice_find(text, '/') < 0;
	struct slice host;
	uint32_t bits;
	int err;

	slice_cut(&text, '/', &host);
	err = addr_parse(slice_trim(host), 0, &prefix->addr);
	if (err)
		return err;
	prefix->bits = max_bits(&prefix->addr);
	if (!whole) {
		err = slice_u32(slice_trim(text), prefix->bits, &bits);
		if (err)
			return -EINVAL;
		prefix->bits = bits;
	}
	return 0;
}

bool addr_prefix_match(const struct addr_prefix *prefix, const struct addr *a)
{
	const uint8_t *p, *q;
	unsigned whole = prefix->bits / 8, rest = prefix->bits % 8;

	if (addr_family(&prefix->addr) != addr_family(a))
		return false;
	p = bytes_of(&prefix->addr);
	q = bytes_of(a);
	if (memcmp(p, q, whole) != 0)
		return false;
	return rest == 0 || (p[whole] ^ q[whole]) >> (8 - rest) == 0;
}

static int add(struct addr_prefix_list *list, struct slice item)
{
	struct addr_prefix prefix;
	struct addr_prefix *items;
	int err = addr_prefix_parse(item, &prefix);

	if (err)
		return err;
	items = mem_realloc(list->items, (list->n + 1) * sizeof *items);
	if (!items)
		return -ENOMEM;
	items[list->n++] = prefix;
	list->items = items;
	return 0;
}

int addr_prefix_list_parse(struct slice text, struct addr_prefix_list *list, struct slice *bad)
{
	struct slice item;
	int err = 0;

	*list = (struct addr_prefix_list){0};
	while (!err && slice_cut(&text, ',', &item)) {
		*bad = item = slice_trim(item);
		if (!item.n || slice_eq_nocase(item, SLICE("none")))
			continue;
		if (slice_eq_nocase(item, SLICE("any"))) {
			err = add(list, SLICE("0.0.0.0/0"));
			if (!err)
				err = add(list, SLICE("::/0"));
			continue;
		}
		err = add(list, item);
	}
	if (err)
		addr_prefix_list_free(list);
	return err;
}

void addr_prefix_list_free(struct addr_prefix_list *list)
{
	mem_free(list->items);
	*list = (struct addr_prefix_list){0};
}

bool addr_prefix_list_match(const struct addr_prefix_list *list, const struct addr *a)
{
	for (size_t i = 0; i < list->n; i++) {
		if (addr_prefix_match(&list->items[i], a))
			return true;
	}
	return false;
}
