/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An application for tests. */
#include "script_app.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "sip/server_transaction.h"

static const char sdp[] = "v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nt=0 0\r\n";

static struct sip_body description(void)
{
	return (struct sip_body){SLICE("application/sdp"), slice_str(sdp)};
}

static void say(struct script_app *app, const char *what, unsigned number)
{
	char text[64];

	if (!app->event)
		return;
	if (number)
		snprintf(text, sizeof text, "%s %u", what, number);
	else
		snprintf(text, sizeof text, "%s", what);
	app->event(text, app->arg);
}

static void on_progress(struct sip_invite *invite, const struct sip_msg *response, void *arg)
{
	say(arg, "progress", response->status);
}

static void on_early(struct sip_invite *invite, const struct sip_msg *response, void *arg)
{
	struct script_app *app = arg;
	struct sip_body body = description();

	say(app, response->body.n ? "early description" : "early", response->status);
	if (app->prack_offer || (app->late && response->body.n)) {
		sip_invite_acknowledge(invite, &body);
		app->prack_offer = false;
	}
}

static void on_answered(struct sip_invite *invite, const struct sip_msg *response, void *arg)
{
	struct script_app *app = arg;
	struct sip_body body = description();

	say(app, "answered", response->status);
	if (app->late && response->body.n && sip_invite_acknowledge(invite, &body) == 0)
		app->late = false;
}

static void on_refused(struct sip_invite *invite, const struct sip_msg *response, void *arg)
{
	say(arg, "refused", response->status);
}

static void on_acknowledged(struct sip_invite *invite, const struct sip_msg *ack, void *arg)
{
	say(arg, ack->body.n ? "acknowledged with an answer" : "acknowledged", 0);
}

static void on_acknowledged_early(struct sip_invite *invite, const struct sip_msg *prack, void *arg)
{
	say(arg, prack->body.n ? "acknowledged early with an answer" : "acknowledged early", 0);
}

static void on_refresh(struct sip_invite *invite, void *arg)
{
	struct sip_body body = description();

	say(arg, "refresh", 0);
	sip_invite_renegotiate(invite, &body, SLICE_NONE);
}

static void on_dtmf(struct sip_invite *invite, char key, unsigned duration_ms, void *arg)
{
	char text[] = "dtmf ?";

	text[5] = key;
	say(arg, text, duration_ms);
}

static void on_renegotiate(struct sip_invite *invite, const struct sip_msg *request, void *arg)
{
	say(arg, request->body.n ? "renegotiate" : "renegotiate without an offer", 0);
}

static void on_withdrawn(struct sip_invite *invite, void *arg)
{
	say(arg, "withdrawn", 0);
}

static void on_ended(
	struct sip_invite *invite, unsigned status, const struct sip_msg *message, void *arg)
{
	struct script_app *app = arg;

	say(app, "ended", status);
	if (app->invite == invite)
		script_app_release(app);
}

static const struct sip_invite_handlers invite_handlers = {
	.progress = on_progress,
	.early = on_early,
	.answered = on_answered,
	.refused = on_refused,
	.acknowledged = on_acknowledged,
	.acknowledged_early = on_acknowledged_early,
	.refresh = on_refresh,
	.dtmf = on_dtmf,
	.renegotiate = on_renegotiate,
	.withdrawn = on_withdrawn,
	.ended = on_ended,
};

static void hold(struct script_app *app, struct sip_invite *invite)
{
	script_app_release(app);
	app->invite = invite;
}

void script_app_release(struct script_app *app)
{
	app->invite = obj_unref(app->invite);
}

static void on_invite(struct sip_invite *invite, const struct sip_msg *request, void *arg)
{
	struct script_app *app = arg;

	say(app, request->body.n ? "invite" : "invite without an offer", 0);
	if (sip_invite_replaced(invite))
		say(app, "replaces", 0);
	if (app->silent)
		return;
	sip_invite_set_handlers(invite, &invite_handlers, app);
	hold(app, obj_ref(invite));
}

static bool on_request(struct sip_server_transaction *txn, const struct sip_msg *request, void *arg)
{
	struct script_app *app = arg;

	if (request->method != SIP_MESSAGE)
		return false;
	say(app, "message", 0);
	sip_server_transaction_reply(txn, 200, SLICE_NONE, SLICE_NONE, SLICE_NONE);
	return true;
}

const struct sip_agent_handlers script_app_handlers = {.invite = on_invite, .request = on_request};

static int call(struct script_app *app, bool late)
{
	static const struct sip_credentials credentials = {
		.username = SLICE("room"), .password = SLICE("secret")};
	struct sip_body body = description();
	struct sip_invite *invite;
	struct sip_invite_target target = {
		.from = SLICE("\"Room\" <sip:room@192.0.2.10>"),
		.to = SLICE("<sip:bob@192.0.2.1>"),
		.focus = true,
		.credentials = app->password ? &credentials : NULL,
		.transport = app->transport,
		.next_hop = app->peer,
	};
	char host[ADDR_TEXT], uri[ADDR_TEXT + 16];
	int err;

	snprintf(uri, sizeof uri, "sip:bob@%s:%u", addr_print_uri_host(&app->peer, host),
		addr_port(&app->peer));
	target.uri = slice_str(uri);
	err = sip_invite_connect(&invite, app->agent, &target, late ? NULL : &body,
		SLICE("Subject: a call\r\n"), &invite_handlers, app);
	if (err == 0) {
		app->late = late;
		hold(app, invite);
	}
	return err;
}

static void on_shut_down(void *arg)
{
	say(arg, "shut down", 0);
}

/* What needs a call. */
static int do_to_call(struct script_app *app, const char *command, const char *rest)
{
	struct sip_body body = description();
	struct sip_invite *invite = app->invite;

	if (!invite)
		return -ENOENT;
	if (strcmp(command, "ring") == 0)
		return sip_invite_progress(invite, 180, NULL, SLICE_NONE);
	if (strcmp(command, "progress") == 0)
		return sip_invite_progress(
			invite, (unsigned)strtoul(rest, NULL, 10), &body, SLICE_NONE);
	if (strcmp(command, "accept") == 0)
		return sip_invite_accept(invite, &body, SLICE_NONE);
	if (strcmp(command, "reject") == 0)
		return sip_invite_reject(invite, (unsigned)strtoul(rest, NULL, 10), SLICE_NONE);
	if (strcmp(command, "update") == 0)
		return sip_invite_update(invite, *rest ? NULL : &body, SLICE_NONE);
	if (strcmp(command, "offer") == 0)
		return sip_invite_renegotiate(invite, &body, SLICE_NONE);
	if (strcmp(command, "end") == 0) {
		sip_invite_end(invite, slice_str(rest));
		return 0;
	}
	return -EINVAL;
}

int script_app_do(struct script_app *app, const char *command)
{
	char word[32];
	const char *rest = strchr(command, ' ');
	size_t n = rest ? (size_t)(rest - command) : strlen(command);

	snprintf(word, sizeof word, "%.*s", (int)n, command);
	rest = rest ? rest + 1 : "";
	if (strcmp(word, "call") == 0)
		return call(app, false);
	if (strcmp(word, "call-late") == 0)
		return call(app, true);
	if (strcmp(word, "prack-offer") == 0) {
		app->prack_offer = true;
		return 0;
	}
	if (strcmp(word, "password") == 0) {
		app->password = true;
		return 0;
	}
	if (strcmp(word, "leave") == 0) {
		app->silent = true;
		return 0;
	}
	if (strcmp(word, "shutdown") == 0) {
		sip_agent_shutdown(app->agent, strtoul(rest, NULL, 10), on_shut_down, app);
		return 0;
	}
	if (strcmp(word, "close") == 0) {
		sip_agent_close(app->agent);
		return 0;
	}
	return do_to_call(app, word, rest);
}
