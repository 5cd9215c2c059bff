/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Audio stream. */
#include "session/audio_stream.h"

#include <errno.h>

#include "core/log.h"
#include "core/mem.h"

#define LOG_NAME "sylk.core"
#define PTIME_MS 20
#define ANSWERED_CODECS 1 /* spec 1.6: the one that ranks highest with us */

/* Where the peer wants its RTP: 0, or -EINVAL when that is no literal address. */
static int media_address(const struct sdp_media *media, struct addr *rtp)
{
	struct sdp_connection connection;
	int err = sdp_media_connection(media, &connection);

	return err ? -EINVAL : addr_parse(connection.address, media->port, rtp);
}

bool audio_stream_usable(const struct audio_formats *formats, const struct sdp_media *offer)
{
	struct audio_matches matches;
	struct addr rtp;

	return slice_eq(offer->media, SLICE("audio")) && sdp_media_enabled(offer, false) &&
	       slice_eq_nocase(offer->proto, SLICE("RTP/AVP")) && media_address(offer, &rtp) == 0 &&
	       audio_match_offer(offer, formats->items, formats->n, AUDIO_ORDER_LOCAL, &matches) ==
		       0;
}

struct audio_stream *audio_stream_new(
	struct session *session, const struct audio_formats *formats, unsigned index)
{
	struct audio_stream *stream = mem_zalloc(sizeof *stream);

	if (!stream)
		return NULL;
	stream->base.session = session;
	stream->base.kind = STREAM_AUDIO;
	stream->base.state = STREAM_PROPOSED;
	stream->formats = formats;
	stream->index = index;
	list_append(&session->streams, &stream->base.node);
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
	char text[ADDR_TEXT];

	log_debug(LOG_NAME, "Audio of %s arrives from %s", stream->base.session->remote.address,
		addr_print(from, text));
}

static void leg_timeout(void *arg)
{
	struct audio_stream *stream = arg;
	struct session *session = stream->base.session;

	log_info(LOG_NAME, "No audio from %s for [RTP] timeout seconds", session->remote.address);
	if (session->handlers->media_timeout)
		session->handlers->media_timeout(session, &stream->base, session->arg);
}

static const struct media_leg_handlers leg_handlers = {leg_started, leg_timeout};

int audio_stream_open(struct audio_stream *stream, struct media_engine *media,
	const struct addr *local, const struct addr *advertised, const struct sdp_media *offer)
{
	struct addr bind_to = *local, peer;
	int err;

	if (offer && media_address(offer, &peer) == 0 && addr_family(&peer) != addr_family(local)) {
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

static void write_head(const struct audio_stream *stream, struct sdp_draft *draft)
{
	char host[ADDR_TEXT];

	sdp_draft_media(draft, "audio", addr_port(&stream->address), "RTP/AVP");
	sdp_draft_connection(draft, slice_str(addr_print_host(&stream->address, host)));
}

int audio_stream_write_answer(
	struct audio_stream *stream, const struct sdp_media *offer, struct sdp_draft *draft)
{
	struct audio_matches matches;
	int err;

	err = audio_match_offer(
		offer, stream->formats->items, stream->formats->n, AUDIO_ORDER_LOCAL, &matches);
	if (err)
		return err;
	write_head(stream, draft);
	audio_write_answer(draft, &matches, ANSWERED_CODECS, stream->formats->items);
	sdp_draft_attribute(draft, "ptime", "%u", PTIME_MS);
	sdp_draft_direction(draft, sdp_direction_answer(sdp_media_direction(offer), SDP_SENDRECV));
	return draft->err;
}

int audio_stream_write_offer(struct audio_stream *stream, struct sdp_draft *draft)
{
	write_head(stream, draft);
	audio_write_offer(draft, stream->formats->items, stream->formats->n, true);
	sdp_draft_attribute(draft, "ptime", "%u", PTIME_MS);
	sdp_draft_direction(draft, SDP_SENDRECV);
	return draft->err;
}

static void fill_payloads(const struct audio_stream *stream, const struct audio_matches *matches,
	struct media_leg_config *config)
{
	const struct audio_match *best = &matches->items[0];
	const struct audio_codec *codec = stream->formats->codecs[best->format];

	for (unsigned i = 0; i < matches->n && i < MEDIA_MAX_PAYLOADS; i++) {
		const struct audio_match *m = &matches->items[i];
		struct media_payload *payload = &config->receive[config->n_receive++];

		payload->codec = stream->formats->codecs[m->format];
		payload->payload_type = m->receive_payload;
		payload->settings.sample_rate = payload->codec->default_rate;
	}
	config->send.codec = codec;
	config->send.payload_type = best->send_payload;
	audio_format_settings(codec, best->fmtp, &config->send.settings);
	config->event_payload = best->events.receive;
}

static int fill_addresses(const struct sdp_media *theirs, struct media_leg_config *config)
{
	struct sdp_rtcp rtcp;
	int err = media_address(theirs, &config->remote_rtp);

	if (err)
		return err;
	sdp_rtcp(theirs, &rtcp);
	config->remote_rtcp = config->remote_rtp;
	if (rtcp.address.n)
		err = addr_parse(rtcp.address, rtcp.port, &config->remote_rtcp);
	addr_set_port(&config->remote_rtcp, rtcp.port);
	return err;
}

int audio_stream_apply(struct audio_stream *stream, const struct sdp_media *ours,
	const struct sdp_media *theirs, bool offered)
{
	struct media_leg_config config = {.ptime_ms = PTIME_MS};
	const struct audio_format *formats = stream->formats->items;
	enum sdp_direction direction;
	struct audio_matches matches;
	int err;

	if (offered)
		err = audio_match_answer(
			ours, theirs, formats, stream->formats->n, AUDIO_ORDER_LOCAL, &matches);
	else
		err = audio_match_offer(
			theirs, formats, stream->formats->n, AUDIO_ORDER_LOCAL, &matches);
	if (!err)
		err = fill_addresses(theirs, &config);
	if (err)
		return err;
	fill_payloads(stream, &matches, &config);
	/* What both allow; a zero address is a hold in the old style (RFC 3264 8.4). */
	direction = sdp_media_direction(ours) & sdp_direction_reverse(sdp_media_direction(theirs));
	config.sending = (direction & SDP_SENDONLY) && !addr_is_any(&config.remote_rtp);
	config.receiving = direction & SDP_RECVONLY;
	err = media_leg_configure(stream->base.leg, &config);
	if (!err)
		stream->base.on_hold = sdp_media_held(theirs);
	return err;
}

void audio_stream_close(struct audio_stream *stream)
{
	stream->base.state = STREAM_REMOVED;
	if (stream->base.leg)
		media_leg_close(stream->base.leg);
	if (stream->port)
		media_port_close(stream->port);
	stream->base.leg = NULL;
	stream->port = NULL;
}
