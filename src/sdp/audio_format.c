/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Audio formats: matching of payload types, lines that offer and answer them. */
#include "sdp/audio_format.h"

#include <errno.h>
#include <stdio.h>

#define N_PAYLOADS 128
#define FIRST_DYNAMIC 96 /* RFC 3551 section 6: to 127 */
#define EVENTS_PAYLOAD 101
#define EVENTS_RATE 8000
#define MAX_EVENT_RATES 8

/* RFC 3551 table 4. G722 has a clock of 8000 for historical reasons (4.5.2). */
static const struct {
	uint8_t payload;
	const char *name;
	uint32_t clock_rate;
	unsigned channels;
} static_payloads[] = {
	{0, "PCMU", 8000, 1},
	{3, "GSM", 8000, 1},
	{4, "G723", 8000, 1},
	{5, "DVI4", 8000, 1},
	{6, "DVI4", 16000, 1},
	{7, "LPC", 8000, 1},
	{8, "PCMA", 8000, 1},
	{9, "G722", 8000, 1},
	{10, "L16", 44100, 2},
	{11, "L16", 44100, 1},
	{12, "QCELP", 8000, 1},
	{13, "CN", 8000, 1},
	{14, "MPA", 90000, 1},
	{15, "G728", 8000, 1},
	{16, "DVI4", 11025, 1},
	{17, "DVI4", 22050, 1},
	{18, "G729", 8000, 1},
};

/* What the payload types of one section mean, in the order of its m-line. */
struct payload_table {
	struct sdp_rtpmap map[N_PAYLOADS]; /* clock_rate 0: not known */
	uint8_t order[N_PAYLOADS];
	unsigned n;
};

static bool static_meaning(unsigned payload, struct sdp_rtpmap *meaning)
{
	for (size_t i = 0; i < sizeof static_payloads / sizeof *static_payloads; i++) {
		if (static_payloads[i].payload != payload)
			continue;
		*meaning = (struct sdp_rtpmap){
			.payload = (uint8_t)payload,
			.name = slice_str(static_payloads[i].name),
			.clock_rate = static_payloads[i].clock_rate,
			.channels = static_payloads[i].channels,
		};
		return true;
	}
	return false;
}

int audio_payload_meaning(
	const struct sdp_media *media, unsigned payload, struct sdp_rtpmap *meaning)
{
	if (sdp_rtpmap(media, payload, meaning) == 0 || static_meaning(payload, meaning))
		return 0;
	return -ENOENT;
}

/*
 * One pass over the rtpmap lines, one over the formats. offer: where to look for what an answer
 * leaves out (clients answer with bare dynamic numbers, meaning those of the offer), or NULL.
 */
static void fill_table(struct payload_table *table, const struct sdp_media *media,
	const struct payload_table *offer)
{
	const struct sdp_line *line = NULL;
	struct slice rest = media->formats, word;
	bool seen[N_PAYLOADS] = {false};
	struct sdp_rtpmap map;
	uint32_t payload;

	*table = (struct payload_table){.n = 0};
	while ((line = sdp_next_attribute(&media->section, "rtpmap", line))) {
		if (sdp_rtpmap_parse(line->value, &map) == 0 && !table->map[map.payload].clock_rate)
			table->map[map.payload] = map;
	}
	while (sdp_next_word(&rest, &word)) {
		if (slice_u32(word, N_PAYLOADS - 1, &payload) < 0 || seen[payload])
			continue;
		seen[payload] = true;
		if (!table->map[payload].clock_rate &&
			!static_meaning(payload, &table->map[payload])) {
			if (!offer || !offer->map[payload].clock_rate)
				continue;
			table->map[payload] = offer->map[payload];
		}
		table->order[table->n++] = (uint8_t)payload;
	}
}

/*
 * A number of channels that is left out is taken for ours: of Opus, where the 2 says nothing
 * (RFC 7587 section 7), some peers forget it.
 */
static bool is_format(const struct sdp_rtpmap *map, const struct audio_format *format)
{
	return map->clock_rate == format->clock_rate &&
	       (map->channels == format->channels || map->channels == 1) &&
	       slice_eq_nocase(map->name, slice_str(format->name));
}

/* The first payload type in a table that means this format, or -1. */
static int find_format(const struct payload_table *table, const struct audio_format *format)
{
	for (unsigned i = 0; i < table->n; i++) {
		if (is_format(&table->map[table->order[i]], format))
			return table->order[i];
	}
	return -1;
}

/*
 * RFC 4733 2.1: events have the clock of the audio they stand between. Some peers offer 8000 Hz
 * alone, whatever the codec: better theirs than none. local may be the peer's table itself.
 */
static struct audio_events find_events(
	const struct payload_table *peer, const struct payload_table *local, uint32_t clock_rate)
{
	struct audio_events found = {.send = -1, .receive = -1};

	for (unsigned i = 0; i < peer->n; i++) {
		struct audio_format format = {.name = "telephone-event", .channels = 1};
		int receive;

		format.clock_rate = peer->map[peer->order[i]].clock_rate;
		if (!is_format(&peer->map[peer->order[i]], &format))
			continue;
		receive = find_format(local, &format);
		if (receive < 0 || (found.send >= 0 && format.clock_rate != clock_rate))
			continue;
		found = (struct audio_events){peer->order[i], receive, format.clock_rate};
		if (format.clock_rate == clock_rate)
			break;
	}
	return found;
}

/* The parameters of a payload type; empty when there are none. */
static struct slice fmtp_of(const struct sdp_media *media, unsigned payload)
{
	char digits[4];
	struct slice params;
	int n = snprintf(digits, sizeof digits, "%u", payload % N_PAYLOADS);

	sdp_fmtp(media, slice_of(digits, (size_t)n), &params);
	return params;
}

static bool already_matched(const struct audio_matches *matches, unsigned format)
{
	for (unsigned i = 0; i < matches->n; i++) {
		if (matches->items[i].format == format)
			return true;
	}
	return false;
}

static void add_match(struct audio_matches *matches, unsigned format, int send, int receive)
{
	if (send < 0 || receive < 0 || matches->n == AUDIO_FORMATS_MAX ||
		already_matched(matches, format))
		return;
	matches->items[matches->n++] = (struct audio_match){
		.format = format,
		.send_payload = (uint8_t)send,
		.receive_payload = (uint8_t)receive,
	};
}

static int match_tables(const struct sdp_media *media, const struct payload_table *peer,
	const struct payload_table *local, const struct audio_format *formats, size_t n,
	enum audio_order order, struct audio_matches *matches)
{
	*matches = (struct audio_matches){
		.ptime = sdp_ptime(media),
		.maxptime = sdp_maxptime(media),
	};
	if (order == AUDIO_ORDER_LOCAL) {
		for (unsigned f = 0; f < n; f++)
			add_match(matches, f, find_format(peer, &formats[f]),
				find_format(local, &formats[f]));
	} else {
		for (unsigned i = 0; i < peer->n; i++) {
			for (unsigned f = 0; f < n; f++) {
				if (is_format(&peer->map[peer->order[i]], &formats[f]))
					add_match(matches, f, peer->order[i],
						find_format(local, &formats[f]));
			}
		}
	}
	for (unsigned i = 0; i < matches->n; i++) {
		struct audio_match *m = &matches->items[i];

		m->fmtp = fmtp_of(media, m->send_payload);
		m->events = find_events(peer, local, formats[m->format].clock_rate);
	}
	return matches->n ? 0 : -ENOENT;
}

int audio_match_offer(const struct sdp_media *offer, const struct audio_format *formats, size_t n,
	enum audio_order order, struct audio_matches *matches)
{
	struct payload_table peer;

	fill_table(&peer, offer, NULL);
	return match_tables(offer, &peer, &peer, formats, n, order, matches);
}

int audio_match_answer(const struct sdp_media *offer, const struct sdp_media *answer,
	const struct audio_format *formats, size_t n, enum audio_order order,
	struct audio_matches *matches)
{
	struct payload_table peer, local;

	fill_table(&local, offer, NULL);
	fill_table(&peer, answer, &local);
	return match_tables(answer, &peer, &local, formats, n, order, matches);
}

static void write_mapping(struct sdp_draft *draft, unsigned payload, const char *name,
	uint32_t clock_rate, unsigned channels, const char *fmtp)
{
	sdp_draft_payload(draft, payload);
	if (channels > 1)
		sdp_draft_attribute(draft, "rtpmap", "%u %s/%u/%u", payload, name,
			(unsigned)clock_rate, channels);
	else
		sdp_draft_attribute(
			draft, "rtpmap", "%u %s/%u", payload, name, (unsigned)clock_rate);
	if (fmtp)
		sdp_draft_attribute(draft, "fmtp", "%u %s", payload, fmtp);
}

static void write_format(
	struct sdp_draft *draft, unsigned payload, const struct audio_format *format)
{
	write_mapping(
		draft, payload, format->name, format->clock_rate, format->channels, format->fmtp);
}

/* RFC 4733 2.4.1: events 0 to 15 are the keys of a telephone. */
static void write_events(struct sdp_draft *draft, unsigned payload, uint32_t clock_rate)
{
	write_mapping(draft, payload, "telephone-event", clock_rate, 1, "0-15");
}

/* The next dynamic payload type, the one of telephone-event left out. */
static unsigned take_dynamic(struct sdp_draft *draft, unsigned *next)
{
	unsigned payload = *next;

	*next += payload + 1 == EVENTS_PAYLOAD ? 2 : 1;
	if (payload >= N_PAYLOADS && !draft->err)
		draft->err = -ERANGE;
	return payload;
}

void audio_write_offer(
	struct sdp_draft *draft, const struct audio_format *formats, size_t n, bool events)
{
	uint32_t rates[MAX_EVENT_RATES];
	unsigned next = FIRST_DYNAMIC, n_rates = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned r = 0;

		write_format(draft,
			formats[i].static_payload >= 0 ? (unsigned)formats[i].static_payload
						       : take_dynamic(draft, &next),
			&formats[i]);
		while (r < n_rates && rates[r] != formats[i].clock_rate)
			r++;
		if (r == n_rates && n_rates < MAX_EVENT_RATES)
			rates[n_rates++] = formats[i].clock_rate;
	}
	for (unsigned r = 0; events && r < n_rates; r++)
		write_events(draft,
			rates[r] == EVENTS_RATE ? EVENTS_PAYLOAD : take_dynamic(draft, &next),
			rates[r]);
}

void audio_write_answer(struct sdp_draft *draft, const struct audio_matches *matches, unsigned max,
	const struct audio_format *formats)
{
	unsigned n = max < matches->n ? max : matches->n;
	bool written[N_PAYLOADS] = {false};

	for (unsigned i = 0; i < n; i++) {
		const struct audio_match *m = &matches->items[i];

		write_format(draft, m->receive_payload, &formats[m->format]);
	}
	for (unsigned i = 0; i < n; i++) {
		const struct audio_events *events = &matches->items[i].events;

		if (events->receive < 0 || written[events->receive & 127])
			continue;
		written[events->receive & 127] = true;
		write_events(draft, (unsigned)events->receive, events->clock_rate);
	}
}
