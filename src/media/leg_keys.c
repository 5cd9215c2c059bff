/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Leg keys: a ring from a media thread to the signalling loop. */
#include "media/leg_keys.h"

#include "media/media_thread.h"

/* ITU-T Q.24: a tone and a pause of at least 40 ms each, and some for packets that come in a heap. */
#define SHORTEST_US 50000
#define AT_ONCE_US (LEG_KEYS_MAX * SHORTEST_US)

#define MS_BITS 24

void leg_keys_init(struct leg_keys *keys, struct leg *leg, enum media_key_way way)
{
	keys->leg = leg;
	keys->way = way;
}

static bool is_too_fast(struct leg_keys *keys, uint64_t now)
{
	if (keys->next_us < now)
		keys->next_us = now;
	if (keys->next_us - now >= AT_ONCE_US)
		return true;
	keys->next_us += SHORTEST_US;
	return false;
}

void leg_keys_put(struct media_thread *t, struct leg_keys *keys, char key, uint32_t ms)
{
	uint32_t put = atomic_load_explicit(&keys->put, memory_order_relaxed);
	uint32_t taken = atomic_load_explicit(&keys->taken, memory_order_acquire);

	if (put - taken == LEG_KEYS_MAX || is_too_fast(keys, t->now)) {
		media_count(&t->counters.dropped, 1);
		return;
	}
	keys->items[put % LEG_KEYS_MAX] = (uint32_t)(uint8_t)key << MS_BITS | ms;
	atomic_store_explicit(&keys->put, put + 1, memory_order_release);
	/* Either the reader, who clears this first, sees the key, or it gets another mail. */
	if (!atomic_exchange_explicit(&keys->told, true, memory_order_acq_rel))
		media_thread_report(t, &keys->mail, MAIL_KEYS);
}

void leg_keys_read(struct leg_keys *keys)
{
	atomic_exchange_explicit(&keys->told, false, memory_order_acq_rel);
}

bool leg_keys_take(struct leg_keys *keys, char *key, uint32_t *ms)
{
	uint32_t taken = atomic_load_explicit(&keys->taken, memory_order_relaxed);
	uint32_t item;

	if (taken == atomic_load_explicit(&keys->put, memory_order_acquire))
		return false;
	item = keys->items[taken % LEG_KEYS_MAX];
	atomic_store_explicit(&keys->taken, taken + 1, memory_order_release);
	*key = (char)(item >> MS_BITS);
	*ms = item & ((1U << MS_BITS) - 1);
	return true;
}
