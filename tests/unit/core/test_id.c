/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random numbers and identifiers. */
#include "core/id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void requests_larger_than_the_pool_are_filled_to_the_end(void **state)
{
	uint8_t bytes[2000], seen = 0;

	/* The last byte stays 0 in sixteen draws with a probability of 2^-128. */
	for (int i = 0; i < 16; i++) {
		random_bytes(bytes, sizeof bytes);
		seen |= bytes[sizeof bytes - 1];
	}
	assert_int_not_equal(seen, 0);
}

static void a_seed_repeats_and_the_kernel_does_not(void **state)
{
	uint8_t a[64], b[64];

	random_seed_for_test(5);
	random_bytes(a, sizeof a);
	random_seed_for_test(5);
	random_bytes(b, sizeof b);
	assert_memory_equal(a, b, sizeof a);
	random_seed_for_test(6);
	random_bytes(b, sizeof b);
	assert_memory_not_equal(a, b, sizeof a);
	random_seed_for_test(0);
	random_bytes(a, sizeof a);
	random_bytes(b, sizeof b);
	assert_memory_not_equal(a, b, sizeof a);
}

static void below_stays_below_and_reaches_everything(void **state)
{
	unsigned counts[7] = {0};

	random_seed_for_test(9);
	assert_int_equal(random_below(1), 0);
	for (int i = 0; i < 7000; i++)
		counts[random_below(7)]++;
	for (int i = 0; i < 7; i++)
		assert_in_range(counts[i], 850, 1150);
	random_seed_for_test(0);
}

static void a_child_process_draws_other_numbers(void **state)
{
	uint64_t mine, its = 0;
	int fds[2];
	pid_t child;

	assert_int_equal(pipe(fds), 0);
	random_u32(); /* fill the pool */
	child = fork();
	if (child == 0) {
		uint64_t v = random_u64();

		_exit(write(fds[1], &v, sizeof v) != sizeof v);
	}
	mine = random_u64();
	assert_int_equal(read(fds[0], &its, sizeof its), sizeof its);
	waitpid(child, NULL, 0);
	assert_true(mine != its);
	close(fds[0]);
	close(fds[1]);
}

static void a_token_is_letters_and_digits_of_the_length_asked_for(void **state)
{
	static const char set[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	bool seen[36] = {false};
	char text[101];

	for (int i = 0; i < 50; i++) {
		id_token(text, 100);
		assert_int_equal(strlen(text), 100);
		assert_int_equal(strspn(text, set), 100);
		for (int j = 0; j < 100; j++)
			seen[strchr(set, text[j]) - set] = true;
	}
	for (int i = 0; i < 36; i++)
		assert_true(seen[i]);
	id_token(text, 0);
	assert_string_equal(text, "");
}

static void a_uuid_is_of_version_4(void **state)
{
	char a[37], b[37];

	id_uuid(a);
	id_uuid(b);
	assert_int_equal(strlen(a), 36);
	for (int i = 0; i < 36; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23)
			assert_int_equal(a[i], '-');
		else
			assert_non_null(strchr("0123456789abcdef", a[i]));
	}
	assert_int_equal(a[14], '4');
	assert_non_null(strchr("89ab", a[19]));
	assert_string_not_equal(a, b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_larger_than_the_pool_are_filled_to_the_end),
		cmocka_unit_test(a_seed_repeats_and_the_kernel_does_not),
		cmocka_unit_test(below_stays_below_and_reaches_everything),
		cmocka_unit_test(a_child_process_draws_other_numbers),
		cmocka_unit_test(a_token_is_letters_and_digits_of_the_length_asked_for),
		cmocka_unit_test(a_uuid_is_of_version_4),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
