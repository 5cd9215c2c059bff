/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Users of a realm from htdigest lines, and an agent that lets in who is among them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"
#include "one_agent.h"
#include "sip/auth_private.h"
#include "sip/auth_users.h"
#include "sip/dialog.h"
#include "sip/server_transaction.h"

#define MD5_A "0123456789abcdef0123456789ABCDEF"
#define SHA_A MD5_A MD5_A

static unsigned last_line;

static void on_error(void *arg, unsigned line, const char *text)
{
	unsigned *errors = arg;

	last_line = line;
	(*errors)++;
	assert_non_null(text);
}

static struct sip_auth_users *read_users(const char *text, unsigned *errors)
{
	struct sip_auth_users *users;

	*errors = 0;
	assert_int_equal(sip_auth_users_new(&users, "sylk", slice_str(text), on_error, errors), 0);
	return users;
}

static void lines_of_the_realm_are_found(void **state)
{
	struct sip_auth_users *users;
	unsigned errors;
	char ha1[65];

	users = read_users("# comment\n\nalice:sylk:" MD5_A "\r\nalice:sylk:" SHA_A
			   "\nbob:other:" MD5_A "\nal:sylk:" MD5_A,
		&errors);
	assert_int_equal(errors, 0);
	assert_int_equal(sip_auth_users_count(users), 2);
	assert_true(sip_auth_users_lookup(SLICE("alice"), false, ha1, users));
	assert_string_equal(ha1, "0123456789abcdef0123456789abcdef");
	assert_true(sip_auth_users_lookup(SLICE("alice"), true, ha1, users));
	assert_int_equal(strlen(ha1), 64);
	assert_true(sip_auth_users_lookup(SLICE("al"), false, ha1, users));
	assert_false(sip_auth_users_lookup(SLICE("al"), true, ha1, users));
	assert_false(sip_auth_users_lookup(SLICE("Alice"), false, ha1, users));
	assert_false(sip_auth_users_lookup(SLICE("bob"), false, ha1, users));
	obj_unref(users);
}

static void malformed_lines_are_named_and_left_out(void **state)
{
	struct sip_auth_users *users;
	unsigned errors;

	users = read_users("alice:sylk:" MD5_A "\nbob\nbob:sylk:\n:sylk:" MD5_A
			   "\nbob:sylk:123\nbob:sylk:g123456789abcdef0123456789abcdef\n",
		&errors);
	assert_int_equal(errors, 5);
	assert_int_equal(last_line, 6);
	assert_int_equal(sip_auth_users_count(users), 1);
	obj_unref(users);
}

static void check_algorithms(const char *text, bool sha256, bool md5)
{
	struct sip_auth_users *users;
	bool offers_sha256, offers_md5;
	unsigned errors;

	users = read_users(text, &errors);
	sip_auth_users_algorithms(users, &offers_sha256, &offers_md5);
	assert_int_equal(offers_sha256, sha256);
	assert_int_equal(offers_md5, md5);
	obj_unref(users);
}

static void only_algorithms_that_serve_every_user_are_offered(void **state)
{
	check_algorithms("a:sylk:" MD5_A "\n", false, true);
	check_algorithms("a:sylk:" SHA_A "\n", true, false);
	check_algorithms("a:sylk:" SHA_A "\na:sylk:" MD5_A "\n", true, true);
	check_algorithms("a:sylk:" SHA_A "\na:sylk:" MD5_A "\nb:sylk:" MD5_A "\n", false, true);
	check_algorithms("a:sylk:" SHA_A "\nb:sylk:" MD5_A "\n", true, true);
	check_algorithms("", true, true);
}

static void failing_memory_reads_no_users(void **state)
{
	struct sip_auth_users *users;
	size_t alive = obj_alive();
	unsigned errors = 0;
	int err = -ENOMEM;

	for (long i = 0; i < 50 && err == -ENOMEM; i++) {
		mem_fail_after(i);
		err = sip_auth_users_new(&users, "sylk", SLICE("a:sylk:" MD5_A "\nb:sylk:" MD5_A),
			on_error, &errors);
		mem_fail_after(-1);
		assert_int_equal(obj_alive() - alive, err ? 0 : 1);
	}
	assert_int_equal(err, 0);
	obj_unref(users);
}

/* ---- the agent --------------------------------------------------------------------------------- */

struct guard {
	unsigned asked, taken;
	unsigned status; /* what authenticate says */
};

static bool admit_nobody(const struct addr *source, void *arg)
{
	return false;
}

static unsigned authenticate(const struct sip_msg *request, struct buf *lines, void *arg)
{
	struct guard *guard = arg;

	guard->asked++;
	if (guard->status)
		buf_str(lines, "WWW-Authenticate: Digest realm=\"sylk\"\r\n");
	return guard->status;
}

static bool take(struct sip_server_transaction *txn, const struct sip_msg *request, void *arg)
{
	struct guard *guard = arg;

	guard->taken++;
	sip_server_transaction_reply(txn, 200, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	return true;
}

static const struct sip_agent_handlers guarded = {
	.admit = admit_nobody,
	.authenticate = authenticate,
	.request = take,
};

static void stranger_is_challenged_without_a_transaction(void **state)
{
	struct guard guard = {.status = 401};
	struct one_agent one;

	one_agent_open(&one, &guarded, &guard, NULL);
	one_agent_request(&one, SIP_UDP, "MESSAGE", 1, NULL, NULL);
	assert_true(one_agent_last_is(&one, "SIP/2.0 401 "));
	assert_string_equal(one_agent_header(&one, "WWW-Authenticate"), "Digest realm=\"sylk\"");
	assert_int_equal(sip_agent_load(one.agent).server_transactions, 0);
	one_agent_request(&one, SIP_UDP, "INVITE", 2, NULL, NULL);
	one_agent_request(&one, SIP_UDP, "ACK", 2, "z9hG4bKINVITE2", one_agent_to_tag(&one));
	assert_int_equal(guard.asked, 2);
	assert_int_equal(guard.taken, 0);
	guard.status = 0;
	one_agent_request(&one, SIP_UDP, "MESSAGE", 3, NULL, NULL);
	assert_int_equal(guard.taken, 1);
	assert_true(one_agent_last_is(&one, "SIP/2.0 200 "));
	/* Repeated, it is answered from its transaction. */
	one_agent_request(&one, SIP_UDP, "MESSAGE", 3, NULL, NULL);
	assert_int_equal(guard.asked, 3);
	assert_int_equal(guard.taken, 1);
	assert_int_equal(one_agent_close(&one), 0);
}

static void cancel_and_what_is_no_dialog_are_told_apart(void **state)
{
	struct guard guard = {.status = 401};
	struct one_agent one;

	one_agent_open(&one, &guarded, &guard, NULL);
	one_agent_request(&one, SIP_UDP, "CANCEL", 1, NULL, NULL);
	assert_true(one_agent_last_is(&one, "SIP/2.0 481 "));
	assert_int_equal(guard.asked, 0);
	/* A To tag alone is not a dialog. */
	one_agent_request(&one, SIP_UDP, "BYE", 2, NULL, "guessed");
	assert_true(one_agent_last_is(&one, "SIP/2.0 401 "));
	assert_int_equal(one_agent_close(&one), 0);
}

static void without_authentication_strangers_are_refused(void **state)
{
	static const struct sip_agent_handlers closed = {.admit = admit_nobody, .request = take};
	struct guard guard = {0};
	struct one_agent one;

	one_agent_open(&one, &closed, &guard, NULL);
	one_agent_request(&one, SIP_UDP, "MESSAGE", 1, NULL, NULL);
	assert_true(one_agent_last_is(&one, "SIP/2.0 403 "));
	assert_int_equal(guard.taken, 0);
	assert_int_equal(one_agent_close(&one), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_the_realm_are_found),
		cmocka_unit_test(malformed_lines_are_named_and_left_out),
		cmocka_unit_test(only_algorithms_that_serve_every_user_are_offered),
		cmocka_unit_test(failing_memory_reads_no_users),
		cmocka_unit_test(stranger_is_challenged_without_a_transaction),
		cmocka_unit_test(cancel_and_what_is_no_dialog_are_told_apart),
		cmocka_unit_test(without_authentication_strangers_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
