/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Session descriptions: what the lines say (RFC 8866 sections 5 and 6, RFC 3605, RFC 5888). */
#include <errno.h>

#include "sdp/sdp.h"

const struct sdp_line *sdp_next_line(
	const struct sdp_section *section, char type, const struct sdp_line *behind)
{
	const struct sdp_line *line = behind ? behind + 1 : section->lines;
	const struct sdp_line *end = section->lines + section->n;

	for (; line < end; line++) {
		if (line->type == type)
			return line;
	}
	return NULL;
}

const struct sdp_line *sdp_next_attribute(
	const struct sdp_section *section, const char *name, const struct sdp_line *behind)
{
	struct slice wanted = slice_str(name);
	const struct sdp_line *line = behind;

	while ((line = sdp_next_line(section, 'a', line))) {
		if (slice_eq(line->name, wanted))
			return line;
	}
	return NULL;
}

bool sdp_attribute(const struct sdp_section *section, const char *name, struct slice *value)
{
	const struct sdp_line *line = sdp_next_attribute(section, name, NULL);

	*value = line ? line->value : SLICE_NONE;
	return line;
}

bool sdp_has_attribute(const struct sdp_section *section, const char *name)
{
	return sdp_next_attribute(section, name, NULL);
}

const struct sdp_section *sdp_inherited(const struct sdp_media *media, const char *name)
{
	return sdp_has_attribute(&media->section, name) ? &media->section : &media->sdp->session;
}

bool sdp_next_word(struct slice *rest, struct slice *word)
{
	while (rest->n && (rest->p[0] == ' ' || rest->p[0] == '\t')) {
		rest->p++;
		rest->n--;
	}
	*word = slice_of(rest->p, 0);
	while (rest->n && rest->p[0] != ' ' && rest->p[0] != '\t') {
		rest->p++;
		rest->n--;
		word->n++;
	}
	return word->n > 0;
}

bool sdp_has_format(const struct sdp_media *media, struct slice format)
{
	struct slice rest = media->formats, word;

	while (sdp_next_word(&rest, &word)) {
		if (slice_eq(word, format))
			return true;
	}
	return false;
}

int sdp_connection_parse(struct slice value, struct sdp_connection *connection)
{
	struct slice address;

	if (!sdp_next_word(&value, &connection->nettype) ||
		!sdp_next_word(&value, &connection->addrtype) || !sdp_next_word(&value, &address))
		return -EINVAL;
	slice_cut(&address, '/', &connection->address); /* 5.7: "/ttl/number" of multicast */
	return connection->address.n ? 0 : -EINVAL;
}

int sdp_media_connection(const struct sdp_media *media, struct sdp_connection *connection)
{
	const struct sdp_line *line = sdp_next_line(&media->section, 'c', NULL);

	if (!line)
		line = sdp_next_line(&media->sdp->session, 'c', NULL);
	return line ? sdp_connection_parse(line->value, connection) : -ENOENT;
}

bool sdp_address_is_zero(struct slice address)
{
	for (size_t i = 0; i < address.n; i++) {
		if (address.p[i] != '0' && address.p[i] != '.' && address.p[i] != ':')
			return false;
	}
	return address.n > 0;
}

int sdp_bandwidth(const struct sdp_section *section, const char *type, uint32_t *value)
{
	const struct sdp_line *line = NULL;

	while ((line = sdp_next_line(section, 'b', line))) {
		struct slice number = line->value, name;

		slice_cut(&number, ':', &name);
		if (slice_eq(name, slice_str(type)))
			return slice_u32(slice_trim(number), UINT32_MAX, value) < 0 ? -EINVAL : 0;
	}
	return -ENOENT;
}

const char *sdp_direction_name(enum sdp_direction direction)
{
	static const char *const names[] = {"inactive", "sendonly", "recvonly", "sendrecv"};

	return names[direction & SDP_SENDRECV];
}

/* The first direction attribute of a section. */
static bool find_direction(const struct sdp_section *section, enum sdp_direction *direction)
{
	const struct sdp_line *line = NULL;

	while ((line = sdp_next_line(section, 'a', line))) {
		/* All four names have eight letters. */
		if (line->name.n != 8 || line->value.n)
			continue;
		for (int d = SDP_INACTIVE; d <= SDP_SENDRECV; d++) {
			*direction = (enum sdp_direction)d;
			if (slice_eq(line->name, slice_str(sdp_direction_name(*direction))))
				return true;
		}
	}
	return false;
}

enum sdp_direction sdp_media_direction(const struct sdp_media *media)
{
	enum sdp_direction direction;

	if (find_direction(&media->section, &direction) ||
		find_direction(&media->sdp->session, &direction))
		return direction;
	return SDP_SENDRECV;
}

enum sdp_direction sdp_direction_reverse(enum sdp_direction direction)
{
	unsigned sends = direction & SDP_SENDONLY, receives = direction & SDP_RECVONLY;

	return (enum sdp_direction)((sends ? SDP_RECVONLY : 0) | (receives ? SDP_SENDONLY : 0));
}

enum sdp_direction sdp_direction_answer(enum sdp_direction offered, enum sdp_direction wish)
{
	return (enum sdp_direction)(sdp_direction_reverse(offered) & wish);
}

bool sdp_media_is_rtp(const struct sdp_media *media)
{
	struct slice rest = media->proto, part;

	while (slice_cut(&rest, '/', &part)) {
		if (slice_eq_nocase(part, SLICE("RTP")))
			return true;
	}
	return false;
}

bool sdp_media_held(const struct sdp_media *media)
{
	struct sdp_connection connection;

	if (media->port == 0 || !sdp_media_is_rtp(media))
		return false;
	if (!(sdp_media_direction(media) & SDP_RECVONLY))
		return true;
	/* With ICE it means that candidates are still to come (RFC 8840 4.1.1). */
	if (sdp_has_attribute(sdp_inherited(media, "ice-ufrag"), "ice-ufrag"))
		return false;
	return sdp_media_connection(media, &connection) == 0 &&
	       sdp_address_is_zero(connection.address);
}

bool sdp_media_enabled(const struct sdp_media *media, bool bundle)
{
	struct slice mids, mid, word;

	if (media->port)
		return true;
	if (!bundle || !sdp_has_attribute(&media->section, "bundle-only"))
		return false;
	mid = sdp_mid(media);
	sdp_group(media->sdp, "BUNDLE", &mids);
	while (mid.n && sdp_next_word(&mids, &word)) {
		if (slice_eq(word, mid))
			return true;
	}
	return false;
}

int sdp_rtpmap_parse(struct slice value, struct sdp_rtpmap *map)
{
	struct slice word, part;
	uint32_t v;

	*map = (struct sdp_rtpmap){.channels = 1};
	if (!sdp_next_word(&value, &word) || slice_u32(word, 127, &v) < 0)
		return -EINVAL;
	map->payload = (uint8_t)v;
	if (!sdp_next_word(&value, &word))
		return -EINVAL;
	slice_cut(&word, '/', &map->name);
	slice_cut(&word, '/', &part);
	if (map->name.n == 0 || slice_u32(part, UINT32_MAX, &map->clock_rate) < 0 ||
		map->clock_rate == 0)
		return -EINVAL;
	if (word.n == 0)
		return 0;
	/* 6.6: encoding parameters are the number of channels, for audio. */
	slice_cut(&word, '/', &part);
	if (slice_u32(part, 255, &v) < 0 || v == 0)
		return -EINVAL;
	map->channels = v;
	return 0;
}

int sdp_rtpmap(const struct sdp_media *media, unsigned payload, struct sdp_rtpmap *map)
{
	const struct sdp_line *line = NULL;

	while ((line = sdp_next_attribute(&media->section, "rtpmap", line))) {
		if (sdp_rtpmap_parse(line->value, map) == 0 && map->payload == payload)
			return 0;
	}
	*map = (struct sdp_rtpmap){.channels = 1};
	return -ENOENT;
}

bool sdp_fmtp(const struct sdp_media *media, struct slice format, struct slice *params)
{
	const struct sdp_line *line = NULL;
	struct slice word;

	while ((line = sdp_next_attribute(&media->section, "fmtp", line))) {
		*params = line->value;
		if (sdp_next_word(params, &word) && slice_eq(word, format)) {
			*params = slice_trim(*params);
			return true;
		}
	}
	*params = SLICE_NONE;
	return false;
}

bool sdp_fmtp_next(struct slice *rest, struct slice *key, struct slice *value)
{
	struct slice part;

	while (slice_cut(rest, ';', &part)) {
		part = slice_trim(part);
		if (part.n == 0)
			continue;
		slice_cut(&part, '=', key);
		*key = slice_trim(*key);
		*value = slice_trim(part);
		return true;
	}
	*key = *value = SLICE_NONE;
	return false;
}

bool sdp_fmtp_param(struct slice params, const char *key, struct slice *value)
{
	struct slice name;

	while (sdp_fmtp_next(&params, &name, value)) {
		if (slice_eq_nocase(name, slice_str(key)))
			return true;
	}
	return false;
}

static unsigned milliseconds(const struct sdp_media *media, const char *name)
{
	struct slice value, whole;
	uint32_t v = 0;

	sdp_attribute(&media->section, name, &value);
	value = slice_trim(value);
	slice_cut(&value, '.', &whole);
	return slice_u32(whole, 60000, &v) < 0 ? 0 : v;
}

unsigned sdp_ptime(const struct sdp_media *media)
{
	return milliseconds(media, "ptime");
}

unsigned sdp_maxptime(const struct sdp_media *media)
{
	return milliseconds(media, "maxptime");
}

void sdp_rtcp(const struct sdp_media *media, struct sdp_rtcp *rtcp)
{
	struct sdp_connection connection;
	struct slice value, port;
	uint32_t v;

	*rtcp = (struct sdp_rtcp){.port = media->port};
	if (sdp_attribute(&media->section, "rtcp", &value) && sdp_next_word(&value, &port) &&
		slice_u32(port, UINT16_MAX, &v) == 0 && v > 0) {
		rtcp->port = (uint16_t)v;
		if (sdp_connection_parse(value, &connection) == 0)
			rtcp->address = connection.address;
		return;
	}
	if (rtcp->port && rtcp->port < UINT16_MAX &&
		!sdp_has_attribute(&media->section, "rtcp-mux"))
		rtcp->port++;
}

struct slice sdp_mid(const struct sdp_media *media)
{
	struct slice value;

	sdp_attribute(&media->section, "mid", &value);
	return slice_trim(value);
}

bool sdp_group(const struct sdp *sdp, const char *semantics, struct slice *mids)
{
	const struct sdp_line *line = NULL;
	struct slice word;

	while ((line = sdp_next_attribute(&sdp->session, "group", line))) {
		*mids = line->value;
		if (sdp_next_word(mids, &word) && slice_eq(word, slice_str(semantics))) {
			*mids = slice_trim(*mids);
			return true;
		}
	}
	*mids = SLICE_NONE;
	return false;
}

const struct sdp_media *sdp_media_by_mid(const struct sdp *sdp, struct slice mid)
{
	for (unsigned i = 0; mid.n && i < sdp->n_media; i++) {
		if (slice_eq(sdp_mid(&sdp->media[i]), mid))
			return &sdp->media[i];
	}
	return NULL;
}
