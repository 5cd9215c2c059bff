/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz target: whatever a challenge or credentials say, the client writes whole header lines, and
 * the server lets nobody in.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "sip/auth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool lookup(struct slice username, bool sha256, char ha1[65], void *arg)
{
	memset(ha1, sha256 ? 'a' : 'b', 64);
	ha1[64] = '\0';
	return username.n > 0 && username.p[0] == 'a';
}

/* Every line begins with one of our two names and ends with CRLF; none is empty. */
static void check_lines(struct slice lines)
{
	struct slice line;

	while (slice_cut(&lines, '\n', &line)) {
		if (!slice_starts(line, SLICE("Authorization: Digest ")) &&
			!slice_starts(line, SLICE("Proxy-Authorization: Digest ")))
			abort();
		if (line.p[line.n - 1] != '\r')
			abort();
	}
}

static void answer(const struct sip_msg *response)
{
	struct sip_credentials credentials = {SLICE("alice"), SLICE("secret"), SLICE_NONE};
	struct sip_auth_client *client;
	struct buf out;

	if (sip_auth_client_new(&client, &credentials) < 0)
		abort();
	buf_init(&out, 65536);
	for (int i = 0; i < 3 && sip_auth_client_challenged(client, response) == 0; i++) {
		buf_reset(&out);
		sip_auth_client_write(client, &out, SLICE("REGISTER"), SLICE("sip:b"));
		if (!out.err)
			check_lines(buf_view(&out));
	}
	buf_free(&out);
	obj_unref(client);
}

static void judge(const struct sip_msg *request)
{
	struct sip_auth_server_settings settings = {.realm = "sylk", .sha256 = true, .md5 = true};
	struct sip_auth_server *server;
	struct slice username;
	struct buf out;
	bool stale;

	if (sip_auth_server_new(&server, &settings, lookup, NULL) < 0)
		abort();
	if (sip_auth_server_check(server, request, 1000, &username, &stale) == SIP_AUTH_OK)
		abort();
	buf_init(&out, 4096);
	sip_auth_server_challenge(server, 1000, stale, &out);
	if (out.err || out.n == 0)
		abort();
	buf_free(&out);
	obj_unref(server);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sip_msg msg;
	size_t consumed;

	if (sip_msg_parse(slice_of((const char *)data, size), false, &msg, &consumed) < 0)
		return 0;
	if (msg.is_request)
		judge(&msg);
	else
		answer(&msg);
	return 0;
}
