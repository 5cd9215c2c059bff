/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Conference: calling others into a room, and putting them out, because somebody in it asks for that
 * (REFER; RFC 4579 5.5, 5.11; spec 2.16). Who asks must be in the room himself: else anybody could have
 * anybody called by us.
 */
#include <errno.h>

#include "apps/conference/conference_private.h"
#include "core/log.h"
#include "core/mem.h"

#define LOG_NAME "conference"
#define DISPLAY_NAME "Conference Call"

enum {
	RING_LIMIT_MS = 90 * 1000,
	MAX_DIAL_OUTS = 10, /* of one room at once */
	MAX_SUBJECT = 1024,
};

/* One who is being called; its own until he has answered or will not. */
struct dial_out {
	struct list_node node;
	struct conference *conference;
	struct session *session;   /* a reference */
	struct referral *referral; /* likewise; NULL: nobody listens any more */
	struct timer limit;
};

static void dial_out_free(struct dial_out *d)
{
	timer_stop(&d->limit);
	list_remove(&d->node);
	if (d->referral)
		referral_set_handlers(d->referral, NULL, NULL);
	obj_unref(d->referral);
	if (d->session)
		session_set_handlers(d->session, NULL, NULL);
	obj_unref(d->session);
	mem_free(d);
}

void conference_close_dial_outs(struct conference *conference)
{
	while (!list_empty(&conference->dial_outs))
		dial_out_free(CONTAINER_OF(conference->dial_outs.next, struct dial_out, node));
}

/* ---- what becomes of it ------------------------------------------------------------------------ */

static void on_progress(struct session *session, unsigned status, void *arg)
{
	struct dial_out *d = arg;

	if (d->referral)
		referral_progress(d->referral, status, SLICE_NONE);
}

static void on_started(struct session *session, void *arg)
{
	struct dial_out *d = arg;
	struct conference *conference = d->conference;

	obj_ref(session);
	log_info(LOG_NAME, "%s was called into %.*s", session->remote.address,
		SLICE_ARG(session->target));
	if (d->referral)
		referral_finish(d->referral, 200, SLICE_NONE);
	dial_out_free(d);
	conference_take(conference, session);
	obj_unref(session);
}

static void on_ended(struct session *session, const char *reason, void *arg)
{
	struct dial_out *d = arg;
	unsigned status = session->status >= 300 ? session->status : 487;

	log_info(LOG_NAME, "%s could not be called into %.*s: %s", session->remote.address,
		SLICE_ARG(session->target), reason);
	if (d->referral)
		referral_finish(d->referral, status, SLICE_NONE);
	dial_out_free(d);
}

static const struct session_handlers session_handlers = {
	.progress = on_progress,
	.started = on_started,
	.ended = on_ended,
};

/* The call goes on (spec 2.16). */
static void on_referral_ended(struct referral *referral, void *arg)
{
	struct dial_out *d = arg;

	d->referral = obj_unref(referral);
}

static const struct referral_handlers referral_handlers = {.ended = on_referral_ended};

static void on_limit(void *arg)
{
	struct dial_out *d = arg;

	session_end(d->session, "nobody answered");
}

/* ---- calling ----------------------------------------------------------------------------------- */

static unsigned count(const struct conference *conference, struct slice room)
{
	const struct list_node *it;
	unsigned n = 0;

	for (it = conference->dial_outs.next; it != &conference->dial_outs; it = it->next) {
		const struct dial_out *d = CONTAINER_OF(it, struct dial_out, node);

		n += slice_eq(d->session->target, room);
	}
	return n;
}

static int start_call(struct dial_out *d, struct slice room)
{
	const struct referral *referral = d->referral;
	struct outgoing_call call = {
		.to = referral->uri,
		.kinds = CONFERENCE_KINDS,
		.focus = true,
		.referred_by = referral->referred_by,
	};
	struct identity from = {.display_name = DISPLAY_NAME};
	struct buf subject, by;
	int err;

	buf_init(&subject, MAX_SUBJECT);
	buf_init(&by, MAX_SUBJECT);
	buf_str(&subject, "Join conference request from ");
	identity_print(&referral->parties.remote, &subject);
	if (!call.referred_by.n) {
		buf_printf(&by, "<sip:%s>", referral->parties.remote.address);
		call.referred_by = buf_view(&by);
	}
	call.subject = subject.err ? SLICE_NONE : buf_view(&subject);
	from.address = slice_dup(room);
	err = from.address ? by.err : -ENOMEM;
	call.from = &from;
	if (!err)
		err = outgoing_call(
			d->conference->context->outgoing, &call, &session_handlers, d, &d->session);
	mem_free(from.address);
	buf_free(&by);
	buf_free(&subject);
	return err;
}

static int dial_out(struct conference *conference, struct referral *referral, struct slice room)
{
	struct dial_out *d = mem_zalloc(sizeof *d);
	int err;

	if (!d)
		return -ENOMEM;
	d->conference = conference;
	list_init(&d->node);
	timer_init(&d->limit, on_limit, d);
	d->referral = obj_ref(referral);
	err = start_call(d, room);
	if (err) {
		d->referral = obj_unref(d->referral);
		dial_out_free(d);
		return err;
	}
	list_append(&conference->dial_outs, &d->node);
	timer_start_ms(&d->limit, loop_timers(conference->context->loop), RING_LIMIT_MS);
	referral_set_handlers(referral, &referral_handlers, d);
	return 0;
}

/* ---- putting out ------------------------------------------------------------------------------- */

/* A call of this identity that is in the room, or NULL. */
static struct call *find_member(
	const struct conference *conference, struct slice room, const struct identity *who)
{
	const struct list_node *it;

	for (it = conference->calls.next; it != &conference->calls; it = it->next) {
		struct call *call = CONTAINER_OF(it, struct call, node);

		if (call->member && slice_eq(call->session->target, room) &&
			identity_equal(&call->session->remote, who))
			return call;
	}
	return NULL;
}

static unsigned put_out(
	const struct conference *conference, const struct referral *referral, struct slice room)
{
	struct call *call = find_member(conference, room, &referral->whom);
	unsigned status = call ? 200 : 404;

	for (; call; call = find_member(conference, room, &referral->whom))
		session_end(call->session, "put out of the room");
	return status;
}

/* ---- who asks ---------------------------------------------------------------------------------- */

/* 0, or the status to refuse it with. */
static unsigned refuse(
	const struct conference *conference, const struct referral *referral, struct slice room)
{
	if (referral->action == REFERRAL_OTHER)
		return 488;
	if (!conference->settings.dial_out)
		return 403;
	if (!referral->session && !find_member(conference, room, &referral->parties.remote))
		return 403;
	if (referral->action == REFERRAL_CALL && count(conference, room) >= MAX_DIAL_OUTS)
		return 503;
	return 0;
}

static unsigned status_of(int err)
{
	switch (err) {
	case -EINVAL:
	case -EPROTONOSUPPORT:
		return 488;
	default:
		return 500;
	}
}

void conference_referral(struct conference *conference, struct referral *referral)
{
	/* In a call its request-URI is but our Contact. */
	struct slice room =
		referral->session ? referral->session->target : referral->parties.target;
	unsigned status = refuse(conference, referral, room);
	int err = 0;

	log_info(LOG_NAME, "%s asks that %s be %s %.*s%s", referral->parties.remote.address,
		referral->whom.address,
		referral->action == REFERRAL_LEAVE ? "put out of" : "called into", SLICE_ARG(room),
		status ? ": refused" : "");
	if (status) {
		referral_reject(referral, status);
		referral_finish(
			referral, status, SLICE_NONE); /* in a call it is accepted already */
		return;
	}
	if (referral_accept(referral) < 0)
		return;
	if (referral->action == REFERRAL_CALL)
		err = dial_out(conference, referral, room);
	else
		status = put_out(conference, referral, room);
	if (err)
		status = status_of(err);
	if (status)
		referral_finish(referral, status, SLICE_NONE);
}
