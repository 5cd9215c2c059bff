/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hash table: growth, equal keys, removal on a walk; the keyed hash. */
#include "core/hash.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "core/id.h"
#include "core/list.h"
#include "core/mem.h"

enum { N_ITEMS = 5000 };

struct item {
	struct hash_node node;
	unsigned number;
	bool seen;
};

static struct item *item_of(struct hash_node *node)
{
	return node ? CONTAINER_OF(node, struct item, node) : NULL;
}

static uint64_t hash_number(unsigned number)
{
	return hash_bytes(0, &number, sizeof number);
}

static struct item *find(struct hash_table *t, unsigned number)
{
	struct hash_node *at = hash_first(t, hash_number(number));

	while (at && item_of(at)->number != number)
		at = hash_next(at);
	return item_of(at);
}

static struct item *fill(struct hash_table *t)
{
	struct item *items = test_calloc(N_ITEMS, sizeof *items);

	assert_int_equal(hash_init(t), 0);
	for (unsigned i = 0; i < N_ITEMS; i++) {
		items[i].number = i;
		hash_insert(t, &items[i].node, hash_number(i));
	}
	return items;
}

static void all_are_found_after_the_table_has_grown(void **state)
{
	struct hash_table t;
	struct item *items = fill(&t);

	assert_int_equal(t.n, N_ITEMS);
	assert_true(t.n_slots >= N_ITEMS);
	for (unsigned i = 0; i < N_ITEMS; i++)
		assert_ptr_equal(find(&t, i), &items[i]);
	assert_null(find(&t, N_ITEMS));
	hash_free(&t);
	test_free(items);
}

static void count(struct hash_node *node, void *arg)
{
	++*(unsigned *)arg;
}

/* Whatever has moved over and whatever has not: each is where it is looked for. */
static void while_it_grows_every_one_is_found_walked_and_removed(void **state)
{
	struct item items[300] = {0};

	for (unsigned n = 1; n < 300; n++) {
		struct hash_table t;
		unsigned walked = 0;

		assert_int_equal(hash_init(&t), 0);
		for (unsigned i = 0; i < n; i++) {
			items[i].number = i;
			hash_insert(&t, &items[i].node, hash_number(i));
		}
		hash_each(&t, count, &walked);
		assert_int_equal(walked, n);
		for (unsigned i = 0; i < n; i++) {
			assert_ptr_equal(find(&t, i), &items[i]);
			hash_remove(&t, &items[i].node);
			assert_null(find(&t, i));
		}
		assert_int_equal(t.n, 0);
		hash_free(&t);
	}
}

static void removed_ones_are_gone_and_the_others_stay(void **state)
{
	struct hash_table t;
	struct item *items = fill(&t);

	for (unsigned i = 0; i < N_ITEMS; i += 3)
		hash_remove(&t, &items[i].node);
	for (unsigned i = 0; i < N_ITEMS; i++)
		assert_ptr_equal(find(&t, i), i % 3 ? &items[i] : NULL);
	hash_free(&t);
	test_free(items);
}

static void remove_odd(struct hash_node *node, void *arg)
{
	struct item *item = item_of(node);

	assert_false(item->seen);
	item->seen = true;
	if (item->number % 2)
		hash_remove(arg, node);
}

static void a_walk_sees_each_once_and_may_remove_it(void **state)
{
	struct hash_table t;
	struct item *items = fill(&t);

	hash_each(&t, remove_odd, &t);
	assert_int_equal(t.n, N_ITEMS / 2);
	for (unsigned i = 0; i < N_ITEMS; i++) {
		assert_true(items[i].seen);
		assert_ptr_equal(find(&t, i), i % 2 ? NULL : &items[i]);
	}
	hash_free(&t);
	test_free(items);
}

static void without_memory_to_grow_nothing_is_lost(void **state)
{
	struct item items[64];
	struct hash_table t;

	assert_int_equal(hash_init(&t), 0);
	for (unsigned i = 0; i < 64; i++) {
		items[i].number = i;
		mem_fail_after(0);
		hash_insert(&t, &items[i].node, hash_number(i));
		mem_fail_after(-1);
	}
	assert_int_equal(t.n_slots, 16);
	for (unsigned i = 0; i < 64; i++)
		assert_ptr_equal(find(&t, i), &items[i]);
	hash_free(&t);
}

static void equal_hashes_stand_side_by_side(void **state)
{
	struct item a = {.number = 1}, b = {.number = 2}, other = {.number = 3};
	struct hash_table t;
	struct hash_node *first;

	assert_int_equal(hash_init(&t), 0);
	hash_insert(&t, &a.node, 5);
	/* The same chain, another hash. */
	hash_insert(&t, &other.node, 5 + 16);
	hash_insert(&t, &b.node, 5);
	first = hash_first(&t, 5);
	assert_non_null(first);
	assert_int_equal(item_of(first)->number + item_of(hash_next(first))->number, 3);
	assert_null(hash_next(hash_next(first)));
	hash_free(&t);
}

static void a_table_without_memory_is_an_error_and_finds_nothing(void **state)
{
	struct hash_table t;

	mem_fail_after(0);
	assert_int_equal(hash_init(&t), -ENOMEM);
	mem_fail_after(-1);
	assert_null(hash_first(&t, 1));
	hash_free(&t);
}

static void nocase_is_the_hash_of_the_lower_case(void **state)
{
	char text[40], lower[40];

	for (size_t n = 0; n < sizeof text; n++) {
		random_bytes(text, n);
		for (size_t i = 0; i < n; i++)
			lower[i] = ascii_lower(text[i]);
		assert_true(hash_slice_nocase(7, slice_of(text, n)) ==
			    hash_slice(7, slice_of(lower, n)));
	}
	/* Every byte, at every place of a word. */
	for (int c = 0; c < 256; c++) {
		for (size_t at = 0; at < 8; at++) {
			memset(text, 'Q', 8);
			text[at] = (char)c;
			for (size_t i = 0; i < 8; i++)
				lower[i] = ascii_lower(text[i]);
			assert_true(hash_slice_nocase(0, slice_of(text, 8)) ==
				    hash_slice(0, slice_of(lower, 8)));
		}
	}
}

static void seed_length_and_every_byte_matter(void **state)
{
	static const char zeros[16];
	uint64_t h = hash_bytes(0, zeros, 8);

	assert_true(h == hash_bytes(0, zeros, 8));
	assert_true(h != hash_bytes(1, zeros, 8));
	for (size_t n = 0; n < sizeof zeros; n++)
		assert_true(n == 8 || h != hash_bytes(0, zeros, n));
	for (size_t i = 0; i < 8; i++) {
		char text[8] = {0};

		text[i] = 1;
		assert_true(h != hash_bytes(0, text, 8));
	}
	assert_true(hash_slice(0, SLICE("a")) != hash_slice(0, SLICE("A")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_are_found_after_the_table_has_grown),
		cmocka_unit_test(while_it_grows_every_one_is_found_walked_and_removed),
		cmocka_unit_test(removed_ones_are_gone_and_the_others_stay),
		cmocka_unit_test(a_walk_sees_each_once_and_may_remove_it),
		cmocka_unit_test(without_memory_to_grow_nothing_is_lost),
		cmocka_unit_test(equal_hashes_stand_side_by_side),
		cmocka_unit_test(a_table_without_memory_is_an_error_and_finds_nothing),
		cmocka_unit_test(nocase_is_the_hash_of_the_lower_case),
		cmocka_unit_test(seed_length_and_every_byte_matter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
