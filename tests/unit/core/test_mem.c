/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Memory: zeroed blocks, injected failures, reference-counted objects. */
#include "core/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void blocks_come_zeroed(void **state)
{
	static const char zeros[100];
	char *p = mem_zalloc(100);

	assert_memory_equal(p, zeros, sizeof zeros);
	mem_free(p);
}

static void an_empty_block_is_no_failure(void **state)
{
	void *p = mem_zalloc(0);

	assert_non_null(p);
	p = mem_realloc(p, 0);
	assert_non_null(p);
	mem_free(p);
	mem_free(NULL);
}

static void strndup_copies_n_bytes_and_a_nul(void **state)
{
	char *s = mem_strndup("conference", 4);

	assert_string_equal(s, "conf");
	mem_free(s);
	s = mem_strndup(NULL, 0);
	assert_string_equal(s, "");
	mem_free(s);
}

static void sizes_that_overflow_fail(void **state)
{
	assert_null(mem_strndup("x", SIZE_MAX));
	assert_null(obj_new(SIZE_MAX, NULL));
}

static void fail_after_n_lets_n_succeed_and_one_fail(void **state)
{
	void *p[4];

	mem_fail_after(2);
	p[0] = mem_zalloc(1);
	assert_int_equal(mem_fail_left(), 1);
	for (int i = 1; i < 4; i++)
		p[i] = mem_zalloc(1);
	assert_true(mem_fail_left() < 0);
	mem_fail_after(-1);
	assert_non_null(p[0]);
	assert_non_null(p[1]);
	assert_null(p[2]);
	assert_non_null(p[3]);
	for (int i = 0; i < 4; i++)
		mem_free(p[i]);
}

static void a_failed_realloc_leaves_the_old_block(void **state)
{
	char *p = mem_strndup("kept", 4);

	mem_fail_after(0);
	assert_null(mem_realloc(p, 1000));
	mem_fail_after(-1);
	assert_string_equal(p, "kept");
	mem_free(p);
}

static void a_failed_object_does_not_count_as_alive(void **state)
{
	size_t before = obj_alive();

	mem_fail_after(0);
	assert_null(obj_new(8, NULL));
	mem_fail_after(-1);
	assert_int_equal(obj_alive(), before);
}

struct thing {
	int *destroyed;
};

static void destroy_thing(void *obj)
{
	struct thing *t = obj;

	++*t->destroyed;
	/* A handler called from a destructor may hold the object for a moment. */
	obj_ref(t);
	obj_unref(t);
}

static void the_last_reference_destroys_once(void **state)
{
	size_t before = obj_alive();
	int destroyed = 0;
	struct thing *t = obj_new(sizeof *t, destroy_thing);

	t->destroyed = &destroyed;
	assert_ptr_equal(obj_ref(t), t);
	assert_int_equal(obj_refs(t), 2);
	assert_null(obj_unref(t));
	assert_int_equal(destroyed, 0);
	assert_int_equal(obj_alive(), before + 1);
	obj_unref(t);
	assert_int_equal(destroyed, 1);
	assert_int_equal(obj_alive(), before);
}

static void null_passes_through_ref_and_unref(void **state)
{
	assert_null(obj_ref(NULL));
	assert_null(obj_unref(NULL));
}

static void objects_are_aligned_for_every_type(void **state)
{
	void *obj = obj_new(1, NULL);

	assert_int_equal((uintptr_t)obj % _Alignof(max_align_t), 0);
	obj_unref(obj);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_come_zeroed),
		cmocka_unit_test(an_empty_block_is_no_failure),
		cmocka_unit_test(strndup_copies_n_bytes_and_a_nul),
		cmocka_unit_test(sizes_that_overflow_fail),
		cmocka_unit_test(fail_after_n_lets_n_succeed_and_one_fail),
		cmocka_unit_test(a_failed_realloc_leaves_the_old_block),
		cmocka_unit_test(a_failed_object_does_not_count_as_alive),
		cmocka_unit_test(the_last_reference_destroys_once),
		cmocka_unit_test(null_passes_through_ref_and_unref),
		cmocka_unit_test(objects_are_aligned_for_every_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
