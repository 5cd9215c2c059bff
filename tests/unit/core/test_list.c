/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists: order, removal on the way, harmless double removal. */
#include "core/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct item {
	int number;
	struct list_node node;
};

static int number_of(struct list_node *n)
{
	return CONTAINER_OF(n, struct item, node)->number;
}

static void append_and_prepend_keep_their_ends(void **state)
{
	struct item items[3] = {{.number = 1}, {.number = 2}, {.number = 3}};
	struct list_node head, *at, *next;
	int expected = 1;

	list_init(&head);
	assert_true(list_empty(&head));
	list_append(&head, &items[1].node);
	list_append(&head, &items[2].node);
	list_prepend(&head, &items[0].node);
	assert_false(list_empty(&head));
	LIST_FOR_EACH(at, next, &head)
		assert_int_equal(number_of(at), expected++);
	assert_int_equal(expected, 4);
}

static void the_current_node_may_be_removed_on_a_walk(void **state)
{
	struct item items[4] = {{.number = 1}, {.number = 2}, {.number = 3}, {.number = 4}};
	struct list_node head, *at, *next;

	list_init(&head);
	for (int i = 0; i < 4; i++)
		list_append(&head, &items[i].node);
	LIST_FOR_EACH(at, next, &head) {
		if (number_of(at) % 2)
			list_remove(at);
	}
	assert_int_equal(number_of(head.next), 2);
	assert_int_equal(number_of(head.prev), 4);
	assert_ptr_equal(head.next->next, head.prev);
}

static void removing_twice_is_harmless(void **state)
{
	struct item a = {.number = 1}, b = {.number = 2};
	struct list_node head;

	list_init(&head);
	list_append(&head, &a.node);
	list_append(&head, &b.node);
	list_remove(&a.node);
	list_remove(&a.node);
	assert_true(list_empty(&a.node));
	assert_ptr_equal(head.next, &b.node);
	list_remove(&b.node);
	assert_true(list_empty(&head));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(append_and_prepend_keep_their_ends),
		cmocka_unit_test(the_current_node_may_be_removed_on_a_walk),
		cmocka_unit_test(removing_twice_is_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
