/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The SIP layer with nothing on top: every INVITE gets 200 with always the same SDP, and BYE ends the
 * call. One thread, one UDP socket.
 *
 *     sip_responder [ADDRESS [REALM USERS]]
 *
 * ADDRESS: 127.0.0.1 unless given. With a realm and its users (sip/auth_users.h), every INVITE must be
 * authenticated. Prints "listening on ADDRESS:PORT"; a SIGUSR1 makes it end all calls, and print what that took when the last has ended; a
 * SIGUSR2 makes it print what it holds, as JSON; SIGTERM ends it.
 */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "core/log.h"
#include "core/loop.h"
#include "core/mem.h"
#include "core/overload.h"
#include "sip/auth.h"
#include "sip/auth_users.h"
#include "sip/invite.h"

enum { MAX_MESSAGE = 262144, PATIENCE_MS = 40000 };

static const char answer[] = "v=0\r\n"
			     "o=- 1 1 IN IP4 127.0.0.1\r\n"
			     "s=-\r\n"
			     "c=IN IP4 127.0.0.1\r\n"
			     "t=0 0\r\n"
			     "m=audio 9 RTP/AVP 0\r\n"
			     "a=rtpmap:0 PCMU/8000\r\n";

struct responder {
	struct loop *loop;
	struct sip_agent *agent;
	struct overload overload;
	struct sip_auth_server *auth; /* NULL: nobody need prove anything */
	struct sip_auth_users *users;
	uint64_t ending; /* since when all calls are being ended, microseconds */
	uv_signal_t signals[3];
	unsigned long calls, ended;
};

static void on_ended(
	struct sip_invite *invite, unsigned status, const struct sip_msg *message, void *arg)
{
	struct responder *r = arg;

	r->ended++;
	obj_unref(invite);
}

static const struct sip_invite_handlers call_handlers = {.ended = on_ended};

static void on_invite(struct sip_invite *invite, const struct sip_msg *request, void *arg)
{
	const struct sip_body body = {SLICE("application/sdp"), slice_str(answer)};
	struct responder *r = arg;

	r->calls++;
	obj_ref(invite);
	sip_invite_set_handlers(invite, &call_handlers, r);
	sip_invite_accept(invite, &body, SLICE_NONE);
}

static bool admit(const struct addr *source, void *arg)
{
	const struct responder *r = arg;

	return !r->auth;
}

static unsigned authenticate(const struct sip_msg *request, struct buf *lines, void *arg)
{
	struct responder *r = arg;
	uint64_t now = loop_now(r->loop) / 1000000;
	struct slice username;
	bool stale;

	if (sip_auth_server_check(r->auth, request, now, &username, &stale) == SIP_AUTH_OK)
		return 0;
	sip_auth_server_challenge(r->auth, now, stale, lines);
	return 401;
}

static bool overloaded(void *arg)
{
	struct responder *r = arg;
	uint64_t now = loop_now(r->loop);

	if (overload_due(&r->overload, now))
		overload_update(&r->overload, now, loop_take_lag(r->loop), 0);
	return overload_now(&r->overload, now, loop_backlog(r->loop));
}

/*
 * in_use: bytes that the process has allocated and not freed; longest_turn_ms: of the loop, since it
 * was last asked for.
 */
static void print_figures(struct responder *r)
{
	struct mallinfo2 info = mallinfo2();

	printf("{\"calls\": %lu, \"ended\": %lu, \"objects\": %zu, \"in_use\": %zu, "
	       "\"longest_turn_ms\": %.3f}\n",
		r->calls, r->ended, obj_alive(), info.uordblks + info.hblkhd,
		(double)loop_take_lag(r->loop) / 1e3);
	fflush(stdout);
}

static void on_all_ended(void *arg)
{
	struct responder *r = arg;

	printf("{\"ended\": %lu, \"ms\": %.3f}\n", r->ended,
		(double)(loop_now(r->loop) - r->ending) / 1e3);
	fflush(stdout);
}

static void end_all(struct responder *r)
{
	r->ending = loop_now(r->loop);
	loop_take_lag(r->loop);
	sip_agent_shutdown(r->agent, PATIENCE_MS, on_all_ended, r);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct responder *r = handle->data;

	loop_wake(r->loop);
	if (number == SIGUSR1)
		end_all(r);
	else if (number == SIGUSR2)
		print_figures(r);
	else
		loop_stop(r->loop);
}

static int watch_signal(struct responder *r, uv_signal_t *handle, int number)
{
	int err = uv_signal_init(loop_uv(r->loop), handle);

	if (err)
		return err;
	handle->data = r;
	return uv_signal_start(handle, on_signal, number);
}

static int take_users(struct responder *r, const char *realm, const char *users)
{
	const struct sip_auth_server_settings settings = {.realm = realm, .sha256 = true};
	int err = sip_auth_users_new(&r->users, realm, slice_str(users), NULL, NULL);

	return err ? err
		   : sip_auth_server_new(&r->auth, &settings, sip_auth_users_lookup, r->users);
}

static int listen_on(struct responder *r, const char *host)
{
	enum sip_transport transport;
	char text[ADDR_TEXT];
	struct addr local;
	int err = addr_parse(slice_str(host), 0, &local);

	if (!err)
		err = sip_agent_listen(r->agent, SIP_UDP, &local);
	if (err)
		return err;
	sip_agent_listener(r->agent, 0, &transport, &local);
	printf("listening on %s\n", addr_print(&local, text));
	fflush(stdout);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct sip_agent_settings settings = {"responder", MAX_MESSAGE};
	static const struct sip_agent_handlers handlers = {
		.admit = admit,
		.authenticate = authenticate,
		.overloaded = overloaded,
		.invite = on_invite,
	};
	static struct responder r;
	int err;

	log_open(LOG_SINK_TERMINAL, "sip_responder");
	log_set_level(LOG_LEVEL_ERROR);
	err = loop_new(&r.loop);
	if (!err && argc > 3)
		err = take_users(&r, argv[2], argv[3]);
	if (err)
		goto out;
	err = sip_agent_new(&r.agent, r.loop, &settings, &handlers, &r);
	if (!err)
		err = listen_on(&r, argc > 1 ? argv[1] : "127.0.0.1");
	if (!err)
		err = watch_signal(&r, &r.signals[0], SIGUSR1);
	if (!err)
		err = watch_signal(&r, &r.signals[1], SIGUSR2);
	if (!err)
		err = watch_signal(&r, &r.signals[2], SIGTERM);
	if (!err)
		loop_run(r.loop);
out:
	if (err)
		fprintf(stderr, "sip_responder: %s\n", strerror(-err));
	/* The kernel takes back what is left: what ends here is measured no more. */
	return err ? 1 : 0;
}
