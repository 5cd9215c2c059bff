/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SIP session: its descriptions and streams (RFC 3264; spec 1.6). */
#include "session/sip_session_internal.h"

#include <errno.h>
#include <time.h>

#include "core/log.h"
#include "core/mem.h"
#include "sip/multipart.h"

#define LOG_NAME "sylk.core"

static struct audio_stream *stream_at(const struct sip_session *s, unsigned index)
{
	struct list_node *it;

	for (it = s->base.streams.next; it != &s->base.streams; it = it->next) {
		struct session_stream *base = CONTAINER_OF(it, struct session_stream, node);
		struct audio_stream *stream = CONTAINER_OF(base, struct audio_stream, base);

		if (stream->index == index && base->state != STREAM_REMOVED)
			return stream;
	}
	return NULL;
}

/* The description in a body, which may have parts (RFC 5621). Errors: sip/multipart.h. */
static int find_sdp(const struct sip_msg *msg, struct slice *text)
{
	struct sip_part part;
	int err = sip_multipart_find(msg->content_type, msg->body, SLICE("application/sdp"), &part);

	if (!err)
		*text = part.body;
	return err;
}

static int refuse(struct sip_refusal *refusal, unsigned status, const char *warning)
{
	*refusal = (struct sip_refusal){status, warning};
	return -EINVAL;
}

/* Take the offer out of a request. */
static int take_offer(
	struct sip_session *s, const struct sip_msg *request, struct sip_refusal *refusal)
{
	struct sdp_error error = {0, "Bad session description"};
	const char *reason = NULL;
	struct slice text;
	struct sdp *offer;
	int err;

	err = find_sdp(request, &text);
	if (err)
		return refuse(refusal, err == -EBADMSG ? 400 : 415, NULL);
	err = sdp_parse(text, &offer, &error);
	if (err)
		return refuse(refusal, err == -ENOMEM ? 500 : 400, error.reason);
	err = negotiation_remote_offer(s->negotiation, offer, &reason);
	obj_unref(offer);
	if (err)
		return refuse(refusal, err == -EBUSY ? 491 : 488, reason);
	s->exchange = EXCHANGE_TO_ANSWER;
	return 0;
}

static int make_negotiation(struct sip_session *s)
{
	const struct addr *own = &s->context->advertised;
	char host[ADDR_TEXT];

	if (!own->len)
		own = &s->local;
	return negotiation_new(&s->negotiation, slice_str(s->context->product),
		slice_str(addr_print_host(own, host)), (uint64_t)time(NULL));
}

/* A proposed stream for an m-line that we can use. Returns 1, 0 (not usable) or -ENOMEM. */
static int propose(struct sip_session *s, const struct sdp_media *offer)
{
	if (!audio_stream_usable(&s->context->audio, offer))
		return 0;
	return audio_stream_new(&s->base, &s->context->audio, offer->index) ? 1 : -ENOMEM;
}

int sip_session_media_invite(
	struct sip_session *s, const struct sip_msg *request, struct sip_refusal *refusal)
{
	const struct sdp *offer;
	int err, n = 0;

	if (make_negotiation(s) < 0)
		return refuse(refusal, 500, NULL);
	if (request->body.n == 0) {
		/* A late offer (RFC 3261 13.2.1): we propose what we have, in the 200. */
		if (!audio_stream_new(&s->base, &s->context->audio, 0))
			return refuse(refusal, 500, NULL);
		s->exchange = EXCHANGE_TO_OFFER;
		return 0;
	}
	err = take_offer(s, request, refusal);
	if (err)
		return err;
	offer = negotiation_pending(s->negotiation);
	for (unsigned i = 0; i < offer->n_media; i++) {
		err = propose(s, &offer->media[i]);
		if (err < 0)
			return refuse(refusal, 500, NULL);
		n += err;
	}
	return n ? 0 : refuse(refusal, 488, "No stream of this offer can be used here");
}

/* What a new offer asks for, m-line by m-line. */
static int scan_changes(struct sip_session *s, unsigned *added, unsigned *usable, unsigned *removed)
{
	const struct sdp *offer = negotiation_pending(s->negotiation);

	*added = *usable = *removed = 0;
	for (unsigned i = 0; i < offer->n_media; i++) {
		unsigned change = negotiation_change(s->negotiation, i);

		if (change & NEGOTIATION_REMOVED)
			++*removed;
		if (change & NEGOTIATION_ADDED && !negotiation_offered_again(s->negotiation, i)) {
			int n = propose(s, &offer->media[i]);

			if (n < 0)
				return n;
			++*added;
			*usable += (unsigned)n;
		}
	}
	return 0;
}

int sip_session_media_reinvite(
	struct sip_session *s, const struct sip_msg *request, struct sip_refusal *refusal)
{
	unsigned added, usable, removed;
	int err;

	if (request->body.n == 0) {
		s->exchange = EXCHANGE_TO_OFFER;
		return 0;
	}
	err = take_offer(s, request, refusal);
	if (err)
		return err;
	err = scan_changes(s, &added, &usable, &removed);
	if (err)
		return refuse(refusal, 500, NULL);
	if (added && removed)
		return refuse(refusal, 488,
			"Both removing AND adding a media stream is currently not supported");
	if (added && !usable)
		return refuse(refusal, 488, "No added stream of this offer can be used here");
	return usable ? 1 : 0;
}

static void notify_stream(struct sip_session *s, struct session_stream *stream)
{
	if (s->base.handlers->stream_changed)
		s->base.handlers->stream_changed(&s->base, stream, s->base.arg);
}

void sip_session_media_rollback(struct sip_session *s)
{
	struct list_node *it;

	negotiation_rollback(s->negotiation);
	s->exchange = EXCHANGE_NONE;
	s->says_hold = s->agreed_hold;
	for (it = s->base.streams.next; it != &s->base.streams; it = it->next) {
		struct session_stream *base = CONTAINER_OF(it, struct session_stream, node);
		struct audio_stream *stream = CONTAINER_OF(base, struct audio_stream, base);

		/* Proposed, or already opened for the answer that did not come about. */
		if (base->state != STREAM_REMOVED &&
			!negotiation_in_use(s->negotiation, stream->index))
			audio_stream_close(stream);
	}
}

void sip_session_media_withdrawn(struct sip_session *s)
{
	struct list_node *it;

	negotiation_rollback(s->negotiation);
	s->exchange = EXCHANGE_NONE;
	s->says_hold = s->agreed_hold;
	for (it = s->base.streams.next; it != &s->base.streams; it = it->next) {
		struct session_stream *base = CONTAINER_OF(it, struct session_stream, node);

		if (base->state != STREAM_PROPOSED)
			continue;
		base->state = STREAM_REMOVED;
		notify_stream(s, base);
		if (session_state(&s->base) == SESSION_ENDED)
			return;
	}
}

/* Our section for one m-line of the peer's offer; a stream that is not there is refused. */
static int answer_media(struct sip_session *s, const struct sdp_media *offer, unsigned *accepted)
{
	struct audio_stream *stream = stream_at(s, offer->index);
	struct sdp_draft draft;
	int err;

	/* Offered with port 0, the stream ends once the answer is made. */
	if (!stream || !sdp_media_enabled(offer, false))
		return 0;
	if (stream->port)
		err = audio_stream_can_follow(stream, offer) ? 0 : -ENOTSUP;
	else
		err = audio_stream_open(
			stream, s->context->media, &s->local, &s->context->advertised, offer);
	if (err)
		return err;
	sdp_draft_init(&draft);
	err = audio_stream_write_answer(stream, offer, &draft);
	if (!err)
		err = negotiation_set(s->negotiation, offer->index, &draft);
	sdp_draft_free(&draft);
	if (!err)
		*accepted |= STREAM_BIT(stream->base.kind);
	return err;
}

static int make_answer(struct sip_session *s, struct sdp **description)
{
	const struct sdp *offer = negotiation_pending(s->negotiation);
	bool first = negotiation_local(s->negotiation) == NULL;
	unsigned accepted = 0;
	int err = 0;

	for (unsigned i = 0; i < offer->n_media && !err; i++)
		err = answer_media(s, &offer->media[i], &accepted);
	if (!err && first && !accepted)
		err = -ENOTSUP;
	return err ? err : negotiation_answer(s->negotiation, description);
}

static int offer_first(struct sip_session *s, struct audio_stream *stream)
{
	struct sdp_draft draft;
	int err;

	err = audio_stream_open(
		stream, s->context->media, &s->local, &s->context->advertised, NULL);
	if (err)
		return err;
	sdp_draft_init(&draft);
	err = audio_stream_write_offer(stream, &draft);
	if (!err)
		err = negotiation_add(s->negotiation, &draft, &stream->index);
	sdp_draft_free(&draft);
	return err;
}

static int offer_again(struct sip_session *s, struct audio_stream *stream)
{
	unsigned i = stream->index;
	struct sdp_draft draft;
	int err;

	sdp_draft_init(&draft);
	err = audio_stream_write_offer_again(stream, &negotiation_local(s->negotiation)->media[i],
		&negotiation_remote(s->negotiation)->media[i], &draft);
	if (!err)
		err = negotiation_set(s->negotiation, i, &draft);
	sdp_draft_free(&draft);
	return err;
}

/* Our offer of the streams that there are; m-lines without one stay at port 0. */
static int make_offer(struct sip_session *s, struct sdp **description)
{
	bool first = negotiation_local(s->negotiation) == NULL;
	unsigned n = 0;
	struct list_node *it;
	int err = 0;

	for (it = s->base.streams.next; it != &s->base.streams && !err; it = it->next) {
		struct session_stream *base = CONTAINER_OF(it, struct session_stream, node);
		struct audio_stream *stream = CONTAINER_OF(base, struct audio_stream, base);

		if (base->state == STREAM_REMOVED)
			continue;
		n++;
		err = first ? offer_first(s, stream) : offer_again(s, stream);
	}
	if (!err && first && n == 0)
		err = -ENOTSUP;
	return err ? err : negotiation_offer(s->negotiation, description);
}

/* Streams of a first offer, and what they have opened. */
static void drop_streams(struct sip_session *s)
{
	while (!list_empty(&s->base.streams)) {
		struct session_stream *base =
			CONTAINER_OF(s->base.streams.next, struct session_stream, node);

		audio_stream_free(CONTAINER_OF(base, struct audio_stream, base));
	}
}

int sip_session_media_offer(
	struct sip_session *s, const struct addr *local, unsigned kinds, struct sdp **description)
{
	int err;

	drop_streams(s);
	s->negotiation = obj_unref(s->negotiation);
	s->local = *local;
	err = make_negotiation(s);
	if (!err && kinds & STREAM_BIT(STREAM_AUDIO))
		err = audio_stream_new(&s->base, &s->context->audio, 0) ? 0 : -ENOMEM;
	if (!err)
		err = make_offer(s, description);
	if (!err)
		s->exchange = EXCHANGE_OFFERED;
	return err;
}

/* Of the proposed streams, keep the first of each kind wanted. */
static void choose(struct sip_session *s, unsigned kinds)
{
	struct list_node *it;

	for (it = s->base.streams.next; it != &s->base.streams; it = it->next) {
		struct session_stream *base = CONTAINER_OF(it, struct session_stream, node);

		if (base->state != STREAM_PROPOSED)
			continue;
		if (kinds & STREAM_BIT(base->kind))
			kinds &= ~STREAM_BIT(base->kind);
		else
			base->state = STREAM_REMOVED;
	}
}

int sip_session_media_accept(struct sip_session *s, unsigned kinds, struct sdp **description)
{
	int err;

	choose(s, kinds);
	if (s->exchange == EXCHANGE_TO_OFFER) {
		err = make_offer(s, description);
		if (!err)
			s->exchange = EXCHANGE_OFFERED;
	} else {
		err = make_answer(s, description);
		if (!err)
			s->exchange = EXCHANGE_NONE;
	}
	if (!err)
		s->says_hold = s->holds;
	return err;
}

/* RFC 4568 8.3: whoever reads the signalling has the keys. */
static void warn_of_open_keys(struct sip_session *s)
{
	if (s->context->told_of_open_keys || sip_invite_transport(s->invite) == SIP_TLS)
		return;
	s->context->told_of_open_keys = true;
	log_info(LOG_NAME,
		"Audio of %s is encrypted, but its keys came over a connection that is not: have "
		"telephones use TLS (said only once)",
		s->base.remote.address);
}

/* One stream after an exchange. we_offered: the last offer was ours. */
static int apply_stream(
	struct sip_session *s, struct audio_stream *stream, bool we_offered, bool *changed)
{
	struct sdp *ours = negotiation_local(s->negotiation);
	struct sdp *theirs = negotiation_remote(s->negotiation);
	unsigned change = negotiation_change(s->negotiation, stream->index);
	int err;

	*changed = !(change & NEGOTIATION_KEPT);
	if (!negotiation_in_use(s->negotiation, stream->index)) {
		audio_stream_close(stream);
		return 0;
	}
	err = audio_stream_apply(
		stream, &ours->media[stream->index], &theirs->media[stream->index], we_offered);
	if (!err && stream->own_key.suite != SRTP_NONE)
		warn_of_open_keys(s);
	return err;
}

static int apply(struct sip_session *s, bool we_offered, bool notify)
{
	struct list_node *it;
	int err = 0;

	s->agreed_hold = s->says_hold;
	/* Streams stay in the list until the session goes, so that handlers cannot pull one away. */
	for (it = s->base.streams.next; it != &s->base.streams && !err; it = it->next) {
		struct session_stream *base = CONTAINER_OF(it, struct session_stream, node);
		bool changed;

		if (base->state != STREAM_ACTIVE)
			continue;
		err = apply_stream(
			s, CONTAINER_OF(base, struct audio_stream, base), we_offered, &changed);
		if (!err && changed && notify)
			notify_stream(s, base);
		if (session_state(&s->base) == SESSION_ENDED)
			return 0;
	}
	return err;
}

int sip_session_media_apply(struct sip_session *s, bool notify)
{
	return apply(s, false, notify);
}

bool sip_session_media_is_in(const struct sip_msg *msg)
{
	struct slice text;

	return find_sdp(msg, &text) == 0;
}

int sip_session_media_answered(struct sip_session *s, const struct sip_msg *msg)
{
	const char *reason;
	struct slice text;
	struct sdp *answer;
	int err;

	if (find_sdp(msg, &text) < 0)
		return -EINVAL;
	err = sdp_parse(text, &answer, NULL);
	if (err)
		return err;
	err = negotiation_remote_answer(s->negotiation, answer, &reason);
	obj_unref(answer);
	if (err)
		return err;
	s->exchange = EXCHANGE_NONE;
	return apply(s, true, true);
}

void sip_session_media_close(struct sip_session *s)
{
	struct list_node *it;

	for (it = s->base.streams.next; it != &s->base.streams; it = it->next) {
		struct session_stream *base = CONTAINER_OF(it, struct session_stream, node);

		audio_stream_close(CONTAINER_OF(base, struct audio_stream, base));
	}
}
