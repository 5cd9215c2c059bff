/* SPDX-License-Identifier: GPL-3.0-or-later */
/* State machines: only the moves of the table. */
#include "core/sm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { TRYING, PROCEEDING, DONE };

static const struct sm_state table[] = {
	[TRYING] = {"trying", SM_BIT(PROCEEDING) | SM_BIT(DONE)},
	[PROCEEDING] = {"proceeding", SM_BIT(PROCEEDING) | SM_BIT(DONE)},
	[DONE] = {"done", 0},
};

static void allowed_moves_are_made(void **state)
{
	struct sm sm = {table, TRYING, "test transaction"};

	assert_string_equal(sm_name(&sm), "trying");
	assert_int_equal(sm_move(&sm, PROCEEDING), 0);
	assert_int_equal(sm_move(&sm, PROCEEDING), 0);
	assert_int_equal(sm_move(&sm, DONE), 0);
	assert_string_equal(sm_name(&sm), "done");
}

static void forbidden_moves_are_refused_and_change_nothing(void **state)
{
	struct sm sm = {table, TRYING, "test transaction"};

	log_set_level(LOG_LEVEL_CRITICAL);
	assert_int_equal(sm_move(&sm, TRYING), -EPROTO);
	assert_int_equal(sm.state, TRYING);
	assert_int_equal(sm_move(&sm, DONE), 0);
	assert_int_equal(sm_move(&sm, PROCEEDING), -EPROTO);
	assert_int_equal(sm.state, DONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allowed_moves_are_made),
		cmocka_unit_test(forbidden_moves_are_refused_and_change_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
