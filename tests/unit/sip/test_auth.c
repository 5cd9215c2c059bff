/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Digest authentication: the RFCs' examples, client and server against each other, and misuse. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"
#include "sip/auth_private.h"

/* ---- the RFCs' examples ------------------------------------------------------------------------ */

static void hash_user(enum sip_digest digest, const char *realm, const char *password, char *ha1)
{
	struct slice parts[] = {SLICE("Mufasa"), slice_str(realm), slice_str(password)};

	assert_int_equal(sip_digest_hash(digest, parts, 3, ha1), 0);
}

static void example_of_rfc_7616(enum sip_digest digest, const char *expected)
{
	char ha1[SIP_DIGEST_HEX + 1], response[SIP_DIGEST_HEX + 1];
	struct sip_digest_input input = {
		.digest = digest,
		.nonce = SLICE("7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"),
		.cnonce = SLICE("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"),
		.nc = SLICE("00000001"),
		.qop = SLICE("auth"),
		.method = SLICE("GET"),
		.uri = SLICE("/dir/index.html"),
	};

	hash_user(digest, "http-auth@example.org", "Circle of Life", ha1);
	input.ha1 = slice_str(ha1);
	assert_int_equal(sip_digest_response(&input, response), 0);
	assert_string_equal(response, expected);
}

static void examples_of_rfc_7616_come_out(void **state)
{
	example_of_rfc_7616(SIP_DIGEST_MD5, "8ca523f5e9506fed4657c9700eebdbec");
	example_of_rfc_7616(SIP_DIGEST_SHA256,
		"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
}

/* RFC 2617 3.5; and without qop, as RFC 2069 had it (with the value of its erratum 749). */
static void example_of_rfc_2617_comes_out(void **state)
{
	char ha1[SIP_DIGEST_HEX + 1], response[SIP_DIGEST_HEX + 1];
	struct sip_digest_input input = {
		.nonce = SLICE("dcd98b7102dd2f0e8b11d0f600bfb0c093"),
		.cnonce = SLICE("0a4f113b"),
		.nc = SLICE("00000001"),
		.qop = SLICE("auth"),
		.method = SLICE("GET"),
		.uri = SLICE("/dir/index.html"),
	};

	hash_user(SIP_DIGEST_MD5, "testrealm@host.com", "Circle Of Life", ha1);
	assert_string_equal(ha1, "939e7578ed9e3c518a452acee763bce9");
	input.ha1 = slice_str(ha1);
	assert_int_equal(sip_digest_response(&input, response), 0);
	assert_string_equal(response, "6629fae49393a05397450978507c4ef1");
	input.qop = SLICE_NONE;
	assert_int_equal(sip_digest_response(&input, response), 0);
	assert_string_equal(response, "670fd8c2df070c60b045671b8b24ff02");
}

static void session_algorithm_hashes_the_nonces_into_the_secret(void **state)
{
	char ha1[SIP_DIGEST_HEX + 1], session[SIP_DIGEST_HEX + 1];
	char a[SIP_DIGEST_HEX + 1], b[SIP_DIGEST_HEX + 1];
	struct sip_digest_input input = {
		.session = true,
		.nonce = SLICE("n"),
		.cnonce = SLICE("c"),
		.nc = SLICE("00000001"),
		.qop = SLICE("auth"),
		.method = SLICE("INVITE"),
		.uri = SLICE("sip:a@b"),
	};
	enum sip_digest digest;
	bool is_session;

	assert_int_equal(sip_digest_of(SLICE("md5-SESS"), &digest, &is_session), 0);
	assert_int_equal(digest, SIP_DIGEST_MD5);
	assert_true(is_session);
	hash_user(digest, "r", "p", ha1);
	input.ha1 = slice_str(ha1);
	assert_int_equal(sip_digest_response(&input, a), 0);
	assert_int_equal(
		sip_digest_hash(digest, (struct slice[]){slice_str(ha1), input.nonce, input.cnonce},
			3, session),
		0);
	input.session = false;
	input.ha1 = slice_str(session);
	assert_int_equal(sip_digest_response(&input, b), 0);
	assert_string_equal(a, b);
}

static void comparison_takes_either_case_and_no_other_length(void **state)
{
	assert_true(sip_digest_equal(SLICE("0aBc"), SLICE("0Abc")));
	assert_false(sip_digest_equal(SLICE("0abc"), SLICE("0abd")));
	assert_false(sip_digest_equal(SLICE("0abc"), SLICE("0ab")));
	assert_false(sip_digest_equal(SLICE("0abc"), SLICE_NONE));
}

/* ---- a client and a server --------------------------------------------------------------------- */

enum { TEXT = 8192 };

struct pair {
	struct sip_auth_client *client;
	struct sip_auth_server *server;
	size_t alive;
	uint64_t now;
	bool stale;
	char lines[TEXT]; /* what the client wrote last */
};

/* Whose password is "secret", in realm "sylk". */
static bool lookup(struct slice username, bool sha256, char ha1[65], void *arg)
{
	struct slice parts[] = {username, SLICE("sylk"), SLICE("secret")};
	enum sip_digest digest = sha256 ? SIP_DIGEST_SHA256 : SIP_DIGEST_MD5;

	if (!slice_eq(username, SLICE("alice")))
		return false;
	return sip_digest_hash(digest, parts, 3, ha1) == 0;
}

static void open_pair(struct pair *pair, const char *username, const char *password,
	const struct sip_auth_server_settings *settings)
{
	struct sip_credentials credentials = {slice_str(username), slice_str(password), SLICE_NONE};

	*pair = (struct pair){.alive = obj_alive(), .now = 1000};
	assert_int_equal(sip_auth_client_new(&pair->client, &credentials), 0);
	assert_int_equal(sip_auth_server_new(&pair->server, settings, lookup, NULL), 0);
}

static void close_pair(struct pair *pair)
{
	obj_unref(pair->client);
	obj_unref(pair->server);
	assert_int_equal(obj_alive(), pair->alive);
}

static const struct sip_auth_server_settings both = {.realm = "sylk", .sha256 = true, .md5 = true};

/* A parsed message; the text lives as long as the function's caller keeps it. */
static struct sip_msg *parse(const char *start, const char *lines)
{
	static char text[2 * TEXT];
	static struct sip_msg msg;
	size_t consumed;

	snprintf(text, sizeof text,
		"%s\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"
		"To: <sip:c@d>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n%s\r\n",
		start, lines);
	assert_int_equal(sip_msg_parse(slice_str(text), false, &msg, &consumed), 0);
	return &msg;
}

static int challenge_client(struct pair *pair, const char *lines)
{
	return sip_auth_client_challenged(pair->client, parse("SIP/2.0 401 Unauthorized", lines));
}

/* The server's challenge reaches the client. */
static int challenge(struct pair *pair)
{
	struct buf out;
	int err;

	buf_init(&out, TEXT);
	sip_auth_server_challenge(pair->server, pair->now, pair->stale, &out);
	buf_char(&out, '\0');
	assert_int_equal(out.err, 0);
	err = challenge_client(pair, out.p);
	buf_free(&out);
	return err;
}

static void write_lines(struct pair *pair)
{
	struct buf out;

	buf_init(&out, TEXT);
	sip_auth_client_write(pair->client, &out, SLICE("INVITE"), SLICE("sip:room@sylk"));
	assert_int_equal(out.err, 0);
	snprintf(pair->lines, sizeof pair->lines, "%.*s", (int)out.n, out.p ? out.p : "");
	buf_free(&out);
}

/* The server's word on the lines last written. */
static enum sip_auth_verdict judge(struct pair *pair)
{
	struct sip_msg *request = parse("INVITE sip:room@sylk SIP/2.0", pair->lines);
	enum sip_auth_verdict verdict;
	struct slice username;

	verdict = sip_auth_server_check(pair->server, request, pair->now, &username, &pair->stale);
	assert_int_equal(username.n > 0, verdict == SIP_AUTH_OK);
	return verdict;
}

static enum sip_auth_verdict send_request(struct pair *pair)
{
	write_lines(pair);
	return judge(pair);
}

static void right_password_is_proved_and_wrong_one_is_not(void **state)
{
	struct pair pair;

	open_pair(&pair, "alice", "secret", &both);
	assert_int_equal(send_request(&pair), SIP_AUTH_CHALLENGE);
	assert_string_equal(pair.lines, "");
	assert_int_equal(challenge(&pair), 0);
	assert_int_equal(send_request(&pair), SIP_AUTH_OK);
	assert_non_null(strstr(pair.lines, "algorithm=SHA-256"));
	close_pair(&pair);

	open_pair(&pair, "alice", "Secret", &both);
	assert_int_equal(challenge(&pair), 0);
	assert_int_equal(send_request(&pair), SIP_AUTH_CHALLENGE);
	assert_false(pair.stale);
	assert_int_equal(challenge(&pair), -EACCES);
	close_pair(&pair);

	open_pair(&pair, "bob", "secret", &both);
	assert_int_equal(challenge(&pair), 0);
	assert_int_equal(send_request(&pair), SIP_AUTH_CHALLENGE);
	assert_false(pair.stale);
	close_pair(&pair);
}

static void algorithm_not_offered_proves_nothing(void **state)
{
	struct sip_auth_server_settings md5 = {.realm = "sylk", .md5 = true};
	struct pair weak, strong;
	struct buf out;

	open_pair(&weak, "alice", "secret", &md5);
	assert_int_equal(challenge(&weak), 0);
	assert_int_equal(send_request(&weak), SIP_AUTH_OK);
	assert_non_null(strstr(weak.lines, "algorithm=MD5"));
	close_pair(&weak);

	open_pair(&strong, "alice", "secret",
		&(struct sip_auth_server_settings){.realm = "sylk", .sha256 = true});
	buf_init(&out, TEXT);
	sip_auth_server_challenge(strong.server, strong.now, false, &out);
	buf_char(&out, '\0');
	memcpy(strstr(out.p, "algorithm=SHA-256"), "algorithm=MD5    ", 17);
	assert_int_equal(challenge_client(&strong, out.p), 0);
	buf_free(&out);
	assert_int_equal(send_request(&strong), SIP_AUTH_CHALLENGE);
	close_pair(&strong);
}

static void nonce_serves_many_requests_until_it_expires(void **state)
{
	struct pair pair;

	open_pair(&pair, "alice", "secret", &both);
	assert_int_equal(challenge(&pair), 0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(send_request(&pair), SIP_AUTH_OK);
	assert_non_null(strstr(pair.lines, "nc=00000064"));
	pair.now += 300;
	assert_int_equal(send_request(&pair), SIP_AUTH_OK);
	pair.now += 1;
	assert_int_equal(send_request(&pair), SIP_AUTH_CHALLENGE);
	assert_true(pair.stale);
	assert_int_equal(challenge(&pair), 0);
	assert_int_equal(send_request(&pair), SIP_AUTH_OK);
	close_pair(&pair);
}

static void request_heard_on_the_wire_is_no_good_again(void **state)
{
	struct pair pair;
	char heard[TEXT];

	open_pair(&pair, "alice", "secret", &both);
	assert_int_equal(challenge(&pair), 0);
	assert_int_equal(send_request(&pair), SIP_AUTH_OK);
	assert_int_equal(judge(&pair), SIP_AUTH_CHALLENGE);
	assert_true(pair.stale);

	/* Out of order is no replay, as far as it is remembered. */
	write_lines(&pair);
	memcpy(heard, pair.lines, sizeof heard);
	assert_int_equal(send_request(&pair), SIP_AUTH_OK);
	memcpy(pair.lines, heard, sizeof heard);
	assert_int_equal(judge(&pair), SIP_AUTH_OK);
	assert_int_equal(judge(&pair), SIP_AUTH_CHALLENGE);
	write_lines(&pair);
	memcpy(heard, pair.lines, sizeof heard);
	for (int i = 0; i < 65; i++)
		write_lines(&pair);
	assert_int_equal(judge(&pair), SIP_AUTH_OK);
	memcpy(pair.lines, heard, sizeof heard);
	assert_int_equal(judge(&pair), SIP_AUTH_CHALLENGE);
	close_pair(&pair);
}

static void nonce_of_another_server_or_tampered_with_is_stale(void **state)
{
	struct pair pair, other;
	char *nonce;

	open_pair(&pair, "alice", "secret", &both);
	open_pair(&other, "alice", "secret", &both);
	assert_int_equal(challenge(&other), 0);
	write_lines(&other);
	memcpy(pair.lines, other.lines, sizeof pair.lines);
	assert_int_equal(judge(&pair), SIP_AUTH_CHALLENGE);
	assert_true(pair.stale);
	close_pair(&other);

	/* A later time in the nonce, with the right response for it. */
	struct buf out;
	buf_init(&out, TEXT);
	sip_auth_server_challenge(pair.server, pair.now, false, &out);
	buf_char(&out, '\0');
	for (nonce = out.p; (nonce = strstr(nonce, "nonce=\"")); nonce += 7)
		nonce[7 + 15] = 'f';
	assert_int_equal(challenge_client(&pair, out.p), 0);
	buf_free(&out);
	assert_int_equal(send_request(&pair), SIP_AUTH_CHALLENGE);
	assert_true(pair.stale);
	close_pair(&pair);
}

static void counts_are_kept_up_to_a_cap(void **state)
{
	struct sip_auth_server_settings few = both;
	struct pair pair;
	char first[TEXT];

	few.max_nonces = 3;
	open_pair(&pair, "alice", "secret", &few);
	for (int i = 0; i < 5; i++) {
		struct sip_auth_client *fresh;
		struct sip_credentials c = {SLICE("alice"), SLICE("secret"), SLICE_NONE};

		assert_int_equal(sip_auth_client_new(&fresh, &c), 0);
		obj_unref(pair.client);
		pair.client = fresh;
		pair.stale = false;
		pair.now++;
		assert_int_equal(challenge(&pair), 0);
		assert_int_equal(send_request(&pair), SIP_AUTH_OK);
		if (i == 0)
			memcpy(first, pair.lines, sizeof first);
	}
	/* Its count was forgotten: it may not come again all the same. */
	memcpy(pair.lines, first, sizeof first);
	assert_int_equal(judge(&pair), SIP_AUTH_CHALLENGE);
	assert_true(pair.stale);
	close_pair(&pair);
}

static void client_without_qop_uses_a_nonce_once(void **state)
{
	struct pair pair;
	struct buf out;
	char *qop;

	open_pair(&pair, "alice", "secret", &both);
	buf_init(&out, TEXT);
	sip_auth_server_challenge(pair.server, pair.now, false, &out);
	buf_char(&out, '\0');
	for (qop = out.p; (qop = strstr(qop, "qop=\"auth\""));)
		memcpy(qop, "xop", 3);
	assert_int_equal(challenge_client(&pair, out.p), 0);
	buf_free(&out);
	assert_int_equal(send_request(&pair), SIP_AUTH_OK);
	assert_null(strstr(pair.lines, "nc="));
	assert_int_equal(judge(&pair), SIP_AUTH_CHALLENGE);
	assert_true(pair.stale);
	close_pair(&pair);
}

static void malformed_credentials_are_called_bad(void **state)
{
	static const char *const bad[] = {
		"Authorization: Digest\r\n",
		"Authorization: Digest username=\"alice\"\r\n",
		"Authorization: Digest realm=\"sylk\"\r\n",
		"Authorization: Digest realm=\"sylk\", username=\"alice\", nonce=\"1\", "
		"uri=\"u\"\r\n",
		"Authorization: Digest realm=\"sylk\", username=\"alice\", nonce=\"1\", uri=\"u\", "
		"response=\"1\", algorithm=ROT13\r\n",
		"Authorization: Digest realm=\"sylk\", username=\"alice\", nonce=\"1\", uri=\"u\", "
		"response=\"1\", qop=auth\r\n",
		"Authorization: Digest realm=\"sylk\", username=\"alice\", nonce=\"1\", uri=\"u\", "
		"response=\"1\", qop=auth-int, cnonce=\"1\", nc=00000001\r\n",
		"Authorization: Digest realm=\"sylk\", username=\"alice\", nonce=\"1\", uri=\"u\", "
		"response=\"1\", qop=auth, cnonce=\"1\", nc=1\r\n",
		"Authorization: Digest realm=\"sylk\", username=\"alice\", nonce=\"1\", uri=\"u\", "
		"response=\"1\", qop=auth, cnonce=\"1\", nc=00000000\r\n",
		"Authorization: Digest realm=\"sylk\", username=\"\", nonce=\"1\", uri=\"u\", "
		"response=\"1\"\r\n",
	};
	static const char *const none[] = {
		"Authorization: Basic YWxpY2U6c2VjcmV0\r\n",
		"Authorization: Digest realm=\"other\"\r\n",
		"Authorization: Digest realm=\"sylk\", username=\"alice\", nonce=\"1\", uri=\"u\", "
		"response=\"\", qop=auth, cnonce=\"1\", nc=00000001\r\n",
		"Authorization: Digest realm=\"sylk\", username=\"alice\", nonce=\"1\", uri=\"u\", "
		"response=\"1\", algorithm=SHA-512-256, qop=auth, cnonce=\"1\", nc=00000001\r\n",
	};
	struct pair pair;

	open_pair(&pair, "alice", "secret", &both);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		snprintf(pair.lines, sizeof pair.lines, "%s", bad[i]);
		assert_int_equal(judge(&pair), SIP_AUTH_BAD);
	}
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
		snprintf(pair.lines, sizeof pair.lines, "%s", none[i]);
		assert_int_equal(judge(&pair), SIP_AUTH_CHALLENGE);
		assert_false(pair.stale);
	}
	close_pair(&pair);
}

/* ---- the client alone -------------------------------------------------------------------------- */

static void client_takes_the_strongest_algorithm_it_knows(void **state)
{
	struct pair pair;

	open_pair(&pair, "alice", "secret", &both);
	assert_int_equal(
		challenge_client(&pair,
			"WWW-Authenticate: Digest realm=\"r\", nonce=\"1\", algorithm=MD5\r\n"
			"WWW-Authenticate: Digest realm=\"r\", nonce=\"2\", "
			"algorithm=SHA-512-256, opaque=\"o\", qop=\"auth-int, auth\"\r\n"
			"WWW-Authenticate: Digest realm=\"r\", nonce=\"3\", algorithm=SHA-256\r\n"
			"WWW-Authenticate: Digest realm=\"r\", nonce=\"4\", algorithm=SHA-9\r\n"
			"WWW-Authenticate: Basic realm=\"r\"\r\n"),
		0);
	write_lines(&pair);
	assert_null(strstr(strstr(pair.lines, "\r\n"), "Authorization"));
	assert_non_null(strstr(pair.lines, "algorithm=SHA-512-256"));
	assert_non_null(strstr(pair.lines, "opaque=\"o\""));
	assert_non_null(strstr(pair.lines, "nonce=\"2\""));
	assert_non_null(strstr(pair.lines, "uri=\"sip:room@sylk\""));
	close_pair(&pair);
}

static void client_answers_server_and_proxies_each_in_its_realm(void **state)
{
	struct pair pair;

	open_pair(&pair, "alice", "secret", &both);
	assert_int_equal(
		challenge_client(&pair, "Proxy-Authenticate: Digest realm=\"p\", nonce=\"1\"\r\n"),
		0);
	write_lines(&pair);
	assert_ptr_equal(strstr(pair.lines, "Proxy-Authorization: Digest"), pair.lines);
	assert_int_equal(
		challenge_client(&pair, "WWW-Authenticate: Digest realm=\"p\", nonce=\"2\"\r\n"
					"Proxy-Authenticate: Digest realm=\"q\", nonce=\"3\"\r\n"),
		0);
	write_lines(&pair);
	assert_non_null(strstr(pair.lines, "realm=\"p\", nonce=\"1\""));
	assert_non_null(
		strstr(pair.lines, "\nAuthorization: Digest username=\"alice\", realm=\"p\", "
				   "nonce=\"2\""));
	assert_non_null(strstr(pair.lines, "realm=\"q\", nonce=\"3\""));
	close_pair(&pair);
}

static void client_gives_up_where_credentials_do_not_help(void **state)
{
	static const char *const useless[] = {
		"",
		"WWW-Authenticate: Basic realm=\"r\"\r\n",
		"WWW-Authenticate: Digest realm=\"r\"\r\n",
		"WWW-Authenticate: Digest nonce=\"r\"\r\n",
		"WWW-Authenticate: Digest realm=\"r\", nonce=\"1\", qop=\"auth-int\"\r\n",
		"WWW-Authenticate: Digest realm=\"r\", nonce=\"1\", algorithm=X\r\n",
	};
	struct sip_credentials one = {SLICE("alice"), SLICE("secret"), SLICE("mine")};
	struct pair pair;

	open_pair(&pair, "alice", "secret", &both);
	for (size_t i = 0; i < sizeof useless / sizeof useless[0]; i++)
		assert_int_equal(challenge_client(&pair, useless[i]), -EACCES);
	obj_unref(pair.client);
	assert_int_equal(sip_auth_client_new(&pair.client, &one), 0);
	assert_int_equal(
		challenge_client(&pair, "WWW-Authenticate: Digest realm=\"r\", nonce=\"1\"\r\n"),
		-EACCES);
	assert_int_equal(
		challenge_client(&pair, "WWW-Authenticate: Digest realm=\"mine\", nonce=\"1\"\r\n"),
		0);
	close_pair(&pair);
}

/* A server may say stale for ever; a nonce that was good may be replaced at any time. */
static void client_answers_stale_nonces_but_not_for_ever(void **state)
{
	static const char stale[] =
		"WWW-Authenticate: Digest realm=\"r\", nonce=\"1\", stale=TRUE\r\n";
	static const char fresh[] = "WWW-Authenticate: Digest realm=\"r\", nonce=\"1\"\r\n";
	struct pair pair;
	int n = 0;

	open_pair(&pair, "alice", "secret", &both);
	assert_int_equal(challenge_client(&pair, fresh), 0);
	write_lines(&pair);
	write_lines(&pair);
	assert_int_equal(challenge_client(&pair, fresh), 0);
	do {
		write_lines(&pair);
	} while (n++ < 10 && challenge_client(&pair, stale) == 0);
	assert_int_equal(n, 3);
	close_pair(&pair);
}

static void nothing_of_a_challenge_forges_a_line(void **state)
{
	struct pair pair;

	open_pair(&pair, "a\"\\b", "secret", &both);
	assert_int_equal(
		challenge_client(
			&pair, "WWW-Authenticate: Digest realm=\"r\\\"x\", nonce=\"a\r\n b\"\r\n"),
		0);
	write_lines(&pair);
	assert_non_null(strstr(pair.lines, "username=\"a\\\"\\\\b\", realm=\"r\\\"x\""));
	assert_ptr_equal(strstr(pair.lines, "\r\n") + 2, pair.lines + strlen(pair.lines));
	close_pair(&pair);
}

static void realm_that_needs_escapes_is_refused(void **state)
{
	static const char *const bad[] = {"", "a\"b", "a\\b", "a\r\nb"};
	struct sip_auth_server_settings settings = both;
	struct sip_auth_server *server;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		settings.realm = bad[i];
		assert_int_equal(sip_auth_server_new(&server, &settings, lookup, NULL), -EINVAL);
	}
	settings = (struct sip_auth_server_settings){.realm = "r"};
	assert_int_equal(sip_auth_server_new(&server, &settings, lookup, NULL), -EINVAL);
}

/* Whatever allocation fails: an error or a challenge, no leak, and it goes on. */
static void failing_memory_is_only_an_error(void **state)
{
	struct sip_credentials credentials = {SLICE("alice"), SLICE("secret"), SLICE_NONE};
	struct pair pair;
	bool done = false;

	for (long i = 0; !done && i < 50; i++) {
		pair = (struct pair){.alive = obj_alive(), .now = 1000};
		mem_fail_after(i);
		if (sip_auth_client_new(&pair.client, &credentials) == 0 &&
			sip_auth_server_new(&pair.server, &both, lookup, NULL) == 0) {
			struct buf out;

			mem_fail_after(-1);
			buf_init(&out, TEXT);
			sip_auth_server_challenge(pair.server, pair.now, false, &out);
			buf_char(&out, '\0');
			mem_fail_after(i);
			if (challenge_client(&pair, out.p) == 0) {
				mem_fail_after(-1);
				write_lines(&pair);
				mem_fail_after(i);
				done = judge(&pair) == SIP_AUTH_OK && i > 0;
			}
			mem_fail_after(-1);
			buf_free(&out);
		}
		mem_fail_after(-1);
		close_pair(&pair);
	}
	assert_true(done);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples_of_rfc_7616_come_out),
		cmocka_unit_test(example_of_rfc_2617_comes_out),
		cmocka_unit_test(session_algorithm_hashes_the_nonces_into_the_secret),
		cmocka_unit_test(comparison_takes_either_case_and_no_other_length),
		cmocka_unit_test(right_password_is_proved_and_wrong_one_is_not),
		cmocka_unit_test(algorithm_not_offered_proves_nothing),
		cmocka_unit_test(nonce_serves_many_requests_until_it_expires),
		cmocka_unit_test(request_heard_on_the_wire_is_no_good_again),
		cmocka_unit_test(nonce_of_another_server_or_tampered_with_is_stale),
		cmocka_unit_test(counts_are_kept_up_to_a_cap),
		cmocka_unit_test(client_without_qop_uses_a_nonce_once),
		cmocka_unit_test(malformed_credentials_are_called_bad),
		cmocka_unit_test(client_takes_the_strongest_algorithm_it_knows),
		cmocka_unit_test(client_answers_server_and_proxies_each_in_its_realm),
		cmocka_unit_test(client_gives_up_where_credentials_do_not_help),
		cmocka_unit_test(client_answers_stale_nonces_but_not_for_ever),
		cmocka_unit_test(nothing_of_a_challenge_forges_a_line),
		cmocka_unit_test(realm_that_needs_escapes_is_refused),
		cmocka_unit_test(failing_memory_is_only_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
