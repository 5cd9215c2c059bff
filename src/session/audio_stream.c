/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Audio stream. */
#include "session/audio_stream.h"

#include <errno.h>
#include <string.h>

#include "core/log.h"
#include "core/mem.h"
#include "session/audio_levels.h"
#include "session/audio_silence.h"
#include "session/sdes.h"

#define LOG_NAME "sylk.core"
#define PTIME_MS 20
#define ANSWERED_CODECS 1 /* spec 1.6: the one that ranks highest with us */

/* Where the peer wants its RTP: 0, or -EINVAL when that is no literal address of one host. */
static int media_address(const struct sdp_media *media, struct addr *rtp)
{
	struct sdp_connection connection;
	int err = sdp_media_connection(media, &connection);

	if (!err)
		err = addr_parse(connection.address, media->port, rtp);
	return err || addr_is_multicast(rtp) ? -EINVAL : 0;
}

bool audio_stream_usable(const struct audio_formats *formats, const struct sdp_media *offer)
{
	struct audio_matches matches;
	struct addr rtp;

	return slice_eq(offer->media, SLICE("audio")) && sdp_media_enabled(offer, false) &&
	       sdes_usable(offer, formats->srtp) && media_address(offer, &rtp) == 0 &&
	       audio_match_offer(offer, formats->items, formats->n, AUDIO_ORDER_LOCAL, &matches) ==
		       0;
}

static struct audio_stream *stream_of(struct list_node *node)
{
	struct session_stream *base = CONTAINER_OF(node, struct session_stream, node);

	return CONTAINER_OF(base, struct audio_stream, base);
}

/* Take a stream that was removed out of the session's list, or make one. */
static struct audio_stream *take_stream(struct session *session)
{
	struct list_node *it;

	for (it = session->streams.next; it != &session->streams; it = it->next) {
		struct audio_stream *stream = stream_of(it);

		if (stream->base.state == STREAM_REMOVED) {
			list_remove(it);
			return stream;
		}
	}
	return mem_zalloc(sizeof *stream_of(it));
}

struct audio_stream *audio_stream_new(
	struct session *session, const struct audio_formats *formats, unsigned index)
{
	struct audio_stream *stream = take_stream(session);
	struct list_node *behind = session->streams.prev;

	if (!stream)
		return NULL;
	*stream = (struct audio_stream){
		.base = {.session = session, .kind = STREAM_AUDIO, .state = STREAM_PROPOSED},
		.formats = formats,
		.index = index,
	};
	while (behind != &session->streams && stream_of(behind)->index > index)
		behind = behind->prev;
	list_prepend(behind, &stream->base.node);
	return stream;
}

void audio_stream_free(struct audio_stream *stream)
{
	audio_stream_close(stream);
	list_remove(&stream->base.node);
	mem_free(stream);
}

static void leg_started(const struct addr *from, void *arg)
{
	const struct audio_stream *stream = arg;
	const char *who = stream->base.session->remote.address;
	char text[ADDR_TEXT], announced[ADDR_TEXT];

	addr_print(from, text);
	if (addr_equal(from, &stream->announced))
		log_debug(LOG_NAME, "Audio of %s comes from %s, as announced", who, text);
	else
		log_info(LOG_NAME,
			"Audio of %s comes from %s instead of the announced %s: sending there", who,
			text, addr_print(&stream->announced, announced));
}

static void leg_silent(const struct media_arrivals *arrivals, void *arg)
{
	const struct audio_stream *stream = arg;
	const struct session *session = stream->base.session;
	char why[AUDIO_SILENCE_TEXT];

	audio_silence_text(arrivals, &stream->address, &stream->announced, why);
	log_line(audio_silence_level(arrivals), LOG_NAME,
		"No audio comes from %s in the call to %.*s: %s", session->remote.address,
		SLICE_ARG(session->target), why);
}

static void leg_left(void *arg)
{
	const struct audio_stream *stream = arg;

	log_debug(LOG_NAME, "%s says by RTCP that its audio ends (BYE)",
		stream->base.session->remote.address);
}

static void leg_talking(bool talking, void *arg)
{
	struct audio_stream *stream = arg;
	struct session *session = stream->base.session;

	stream->base.talking = talking;
	log_debug(LOG_NAME, "%s %s in the call to %.*s", session->remote.address,
		talking ? "talks" : "is silent", SLICE_ARG(session->target));
	if (session->handlers->talking)
		session->handlers->talking(session, &stream->base, session->arg);
}

static void leg_timeout(void *arg)
{
	struct audio_stream *stream = arg;
	struct session *session = stream->base.session;

	log_info(LOG_NAME, "Neither audio nor RTCP from %s for [RTP] timeout seconds",
		session->remote.address);
	if (session->handlers->media_timeout)
		session->handlers->media_timeout(session, &stream->base, session->arg);
}

static void leg_key(enum media_key_way way, char key, unsigned duration_ms, void *arg)
{
	const struct audio_stream *stream = arg;

	session_key_pressed(stream->base.session,
		way == MEDIA_KEY_EVENT ? DTMF_BY_EVENT : DTMF_BY_TONE, key, duration_ms);
}

static const struct media_leg_handlers leg_handlers = {
	.started = leg_started,
	.timeout = leg_timeout,
	.silent = leg_silent,
	.left = leg_left,
	.key = leg_key,
	.talking = leg_talking,
};

int audio_stream_open(struct audio_stream *stream, struct media_engine *media,
	const struct addr *local, const struct addr *advertised, const struct sdp_media *offer)
{
	struct addr bind_to = *local, peer;
	int err;

	if (offer && media_address(offer, &peer) == 0 && !addr_is_any(&peer) &&
		addr_family(&peer) != addr_family(local)) {
		err = addr_source_for(&peer, &bind_to);
		if (err)
			return err;
	}
	err = media_port_open(media, &bind_to, &stream->port);
	if (err)
		return err;
	err = media_leg_new(stream->port, &leg_handlers, stream, &stream->base.leg);
	if (err) {
		media_port_close(stream->port);
		stream->port = NULL;
		return err;
	}
	stream->address = *media_port_local(stream->port);
	if (advertised->len && addr_family(advertised) == addr_family(&stream->address)) {
		uint16_t port = addr_port(&stream->address);

		stream->address = *advertised;
		addr_set_port(&stream->address, port);
	}
	stream->base.state = STREAM_ACTIVE;
	return 0;
}

/* Whether our socket can send there; a zero address is a hold in the old style (RFC 3264 8.4). */
static bool can_reach(const struct audio_stream *stream, const struct addr *peer)
{
	return addr_is_any(peer) ||
	       addr_family(peer) == addr_family(media_port_local(stream->port));
}

bool audio_stream_can_follow(const struct audio_stream *stream, const struct sdp_media *offer)
{
	struct addr peer;

	return audio_stream_usable(stream->formats, offer) && media_address(offer, &peer) == 0 &&
	       can_reach(stream, &peer);
}

static void write_head(
	const struct audio_stream *stream, const char *transport, struct sdp_draft *draft)
{
	char host[ADDR_TEXT];

	sdp_draft_media(draft, "audio", addr_port(&stream->address), transport);
	sdp_draft_connection(draft, slice_str(addr_print_host(&stream->address, host)));
}

/* Where RTCP goes: to the RTP socket if both agree (RFC 5761 5.1.1), else to its own (RFC 3605). */
static void offer_rtcp(const struct audio_stream *stream, struct sdp_draft *draft)
{
	sdp_draft_attribute(draft, "rtcp", "%u", addr_port(&stream->address) + 1U);
	sdp_draft_flag(draft, "rtcp-mux");
}

static void answer_rtcp(
	const struct audio_stream *stream, const struct sdp_media *offer, struct sdp_draft *draft)
{
	if (sdp_has_attribute(&offer->section, "rtcp-mux"))
		sdp_draft_flag(draft, "rtcp-mux");
	else
		sdp_draft_attribute(draft, "rtcp", "%u", addr_port(&stream->address) + 1U);
}

/* What we would like, held streams being sent to only. */
static enum sdp_direction wish_of(const struct audio_stream *stream)
{
	return stream->base.held ? SDP_SENDONLY : SDP_SENDRECV;
}

/*
 * RFC 4568 7.1.4: behind another address there may be another endpoint, which does not know how far
 * the rollover counter of our key has come.
 */
static bool has_moved(const struct audio_stream *stream, const struct sdp_media *offer)
{
	struct addr peer;

	return media_address(offer, &peer) == 0 && !addr_equal(&peer, &stream->announced);
}

int audio_stream_write_answer(
	struct audio_stream *stream, const struct sdp_media *offer, struct sdp_draft *draft)
{
	enum sdp_direction direction =
		sdp_direction_answer(sdp_media_direction(offer), wish_of(stream));
	struct audio_matches matches;
	int err;

	err = audio_match_offer(
		offer, stream->formats->items, stream->formats->n, AUDIO_ORDER_LOCAL, &matches);
	if (err)
		return err;
	write_head(stream, sdes_transport(offer), draft);
	audio_write_answer(draft, &matches, ANSWERED_CODECS, stream->formats->items);
	sdp_draft_attribute(draft, "ptime", "%u", PTIME_MS);
	answer_rtcp(stream, offer, draft);
	sdes_write_answer(draft, offer, stream->formats->srtp,
		has_moved(stream, offer) ? NULL : &stream->own_key);
	audio_levels_write_answer(draft, offer, direction);
	sdp_draft_direction(draft, direction);
	return draft->err;
}

int audio_stream_write_offer(struct audio_stream *stream, struct sdp_draft *draft)
{
	write_head(stream, "RTP/AVP", draft);
	audio_write_offer(draft, stream->formats->items, stream->formats->n, true);
	sdp_draft_attribute(draft, "ptime", "%u", PTIME_MS);
	offer_rtcp(stream, draft);
	if (stream->formats->srtp)
		sdes_write_offer(draft);
	audio_levels_write_offer(draft);
	sdp_draft_direction(draft, wish_of(stream));
	return draft->err;
}

int audio_stream_write_offer_again(struct audio_stream *stream, const struct sdp_media *ours,
	const struct sdp_media *theirs, struct sdp_draft *draft)
{
	const struct audio_format *formats = stream->formats->items;
	struct audio_matches matches;
	int err;

	/* The offer of the two has all payload types that were given a meaning. */
	err = audio_match_offer(stream->offered ? ours : theirs, formats, stream->formats->n,
		AUDIO_ORDER_LOCAL, &matches);
	if (err)
		return err;
	write_head(stream, sdes_transport(ours), draft);
	audio_write_answer(draft, &matches, matches.n, formats);
	sdp_draft_attribute(draft, "ptime", "%u", PTIME_MS);
	offer_rtcp(stream, draft);
	sdes_write_offer_again(draft, ours, &stream->own_key);
	audio_levels_write_offer_again(draft, ours);
	sdp_draft_direction(draft, wish_of(stream));
	return draft->err;
}

static void add_payload(struct media_leg_config *config, const struct media_payload *payload)
{
	for (unsigned i = 0; i < config->n_receive; i++) {
		if (config->receive[i].payload_type == payload->payload_type)
			return;
	}
	if (config->n_receive < MEDIA_MAX_PAYLOADS)
		config->receive[config->n_receive++] = *payload;
}

static void add_events(struct media_leg_config *config, const struct audio_events *events)
{
	if (events->receive < 0 || config->n_events == MEDIA_MAX_EVENTS)
		return;
	for (unsigned i = 0; i < config->n_events; i++) {
		if (config->events[i].payload_type == events->receive)
			return;
	}
	config->events[config->n_events++] =
		(struct media_event_payload){(uint8_t)events->receive, events->clock_rate};
}

/* Those of the codec that we send, and of any other that the peer may send (RFC 4733 2.1). */
static void fill_events(const struct audio_matches *matches, struct media_leg_config *config)
{
	const struct audio_events *events = &matches->items[0].events;

	for (unsigned i = 0; i < matches->n; i++)
		add_events(config, &matches->items[i].events);
	if (events->send >= 0)
		config->send_events =
			(struct media_event_payload){(uint8_t)events->send, events->clock_rate};
}

static void fill_payloads(struct audio_stream *stream, const struct audio_matches *matches,
	struct media_leg_config *config)
{
	const struct audio_match *best = &matches->items[0];
	const struct audio_codec *codec = stream->formats->codecs[best->format];

	for (unsigned i = 0; i < matches->n; i++) {
		const struct audio_match *m = &matches->items[i];
		struct media_payload payload = {.codec = stream->formats->codecs[m->format],
			.payload_type = m->receive_payload};

		payload.settings.sample_rate = audio_format_decoded_rate(payload.codec, m->fmtp);
		add_payload(config, &payload);
	}
	for (unsigned i = 0; i < stream->n_receive; i++)
		add_payload(config, &stream->receive[i]);
	memcpy(stream->receive, config->receive, sizeof stream->receive);
	stream->n_receive = config->n_receive;
	config->send.codec = codec;
	config->send.payload_type = best->send_payload;
	audio_format_settings(codec, best->fmtp, &config->send.settings);
	config->ptime_ms = audio_codec_ptime(codec, matches->ptime, matches->maxptime);
	fill_events(matches, config);
}

static int fill_addresses(const struct sdp_media *ours, const struct sdp_media *theirs,
	struct media_leg_config *config)
{
	struct sdp_rtcp rtcp;
	int err = media_address(theirs, &config->remote_rtp);

	if (err)
		return err;
	config->rtcp_mux = sdp_has_attribute(&ours->section, "rtcp-mux") &&
			   sdp_has_attribute(&theirs->section, "rtcp-mux");
	config->remote_rtcp = config->remote_rtp;
	if (config->rtcp_mux)
		return 0;
	sdp_rtcp(theirs, &rtcp);
	/* An address of its own that is a name, or no host's, is not worth losing the audio for. */
	if (addr_parse(rtcp.address, 0, &config->remote_rtcp) < 0 ||
		addr_is_multicast(&config->remote_rtcp))
		config->remote_rtcp = config->remote_rtp;
	addr_set_port(&config->remote_rtcp, rtcp.port);
	return 0;
}

/* Configure the leg, with the keys of the two sections. */
static int apply_keys(struct audio_stream *stream, const struct sdp_media *ours,
	const struct sdp_media *theirs, struct media_leg_config *config)
{
	struct media_srtp srtp;
	int err = sdes_read(ours, theirs, &srtp);

	if (!err) {
		config->srtp = &srtp;
		err = media_leg_configure(stream->base.leg, config);
		config->srtp = NULL;
	}
	if (!err)
		stream->own_key = srtp.send;
	srtp_key_wipe(&srtp.send);
	srtp_key_wipe(&srtp.receive);
	return err;
}

int audio_stream_apply(struct audio_stream *stream, const struct sdp_media *ours,
	const struct sdp_media *theirs, bool offered)
{
	struct media_leg_config config = {0};
	const struct audio_format *formats = stream->formats->items;
	enum sdp_direction direction;
	struct audio_matches matches;
	int err;

	/* RFC 3264 6: the answer's transport is the offer's. */
	if (!slice_eq_nocase(ours->proto, theirs->proto))
		return -EINVAL;
	if (offered)
		err = audio_match_answer(
			ours, theirs, formats, stream->formats->n, AUDIO_ORDER_LOCAL, &matches);
	else
		err = audio_match_offer(
			theirs, formats, stream->formats->n, AUDIO_ORDER_LOCAL, &matches);
	if (!err)
		err = fill_addresses(ours, theirs, &config);
	if (!err && !can_reach(stream, &config.remote_rtp))
		err = -EINVAL;
	if (err)
		return err;
	fill_payloads(stream, &matches, &config);
	audio_levels_read(ours, theirs, &config);
	stream->offered = offered;
	stream->announced = config.remote_rtp;
	/* What both allow. */
	direction = sdp_media_direction(ours) & sdp_direction_reverse(sdp_media_direction(theirs));
	config.sending = (direction & SDP_SENDONLY) && !addr_is_any(&config.remote_rtp);
	config.receiving = direction & SDP_RECVONLY;
	config.muted = sdp_media_held(theirs); /* what it sends now is its music */
	err = apply_keys(stream, ours, theirs, &config);
	if (!err)
		stream->base.on_hold = sdp_media_held(theirs);
	return err;
}

void audio_stream_close(struct audio_stream *stream)
{
	stream->base.state = STREAM_REMOVED;
	srtp_key_wipe(&stream->own_key);
	if (stream->base.leg)
		media_leg_close(stream->base.leg);
	if (stream->port)
		media_port_close(stream->port);
	stream->base.leg = NULL;
	stream->base.talking = false;
	stream->port = NULL;
}
