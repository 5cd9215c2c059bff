/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two descriptions of a peer, separated by a NUL: the first is its offer; the second its next offer
 * and its answer to an offer of ours. What we send must always fit what came, whatever it is.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/mem.h"
#include "sdp/audio_format.h"
#include "sdp/negotiation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct audio_format formats[] = {
	{"opus", 48000, 2, -1, "useinbandfec=1"},
	{"G722", 8000, 1, 9, NULL},
	{"PCMU", 8000, 1, 0, NULL},
};

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_changes(const struct negotiation *n)
{
	for (unsigned i = 0; i < negotiation_n_media(n); i++) {
		unsigned change = negotiation_change(n, i);
		bool used = change & (NEGOTIATION_KEPT | NEGOTIATION_CHANGED | NEGOTIATION_ADDED);

		check(change == (NEGOTIATION_ADDED | NEGOTIATION_REMOVED) ||
			(change && !(change & (change - 1)) && change <= NEGOTIATION_DISABLED));
		check(negotiation_state(n) != NEGOTIATION_STABLE ||
			used == negotiation_in_use(n, i));
	}
}

/* Accept audio that we can speak, and every other m-line as it is. */
static void accept(struct negotiation *n, unsigned i)
{
	const struct sdp_media *m = &negotiation_pending(n)->media[i];
	struct audio_matches matches;
	struct sdp_draft draft;

	sdp_draft_init(&draft);
	if (sdp_media_is_rtp(m) &&
		audio_match_offer(m, formats, 3, AUDIO_ORDER_LOCAL, &matches) == 0) {
		sdp_draft_media(&draft, "audio", 4000, "RTP/AVP");
		audio_write_answer(&draft, &matches, 1 + i % 3, formats);
		sdp_draft_direction(
			&draft, sdp_direction_answer(sdp_media_direction(m), SDP_SENDRECV));
	} else {
		sdp_draft_copy(&draft, m);
	}
	negotiation_set(n, i, &draft);
	sdp_draft_free(&draft);
}

static void answer(struct negotiation *n, struct sdp *offer)
{
	const char *reason = NULL;
	struct sdp *made;
	int err = negotiation_remote_offer(n, offer, &reason);

	if (err) {
		check(reason);
		return;
	}
	check_changes(n);
	for (unsigned i = 0; i < offer->n_media; i++) {
		if (i % 4 != 3)
			accept(n, i);
	}
	err = negotiation_answer(n, &made);
	if (err) {
		/* Sections near the limits, grown by a line of ours. */
		check(err == -E2BIG);
		negotiation_rollback(n);
		return;
	}
	check(made->n_media == offer->n_media);
	for (unsigned i = 0; i < offer->n_media; i++)
		check(offer->media[i].port || !made->media[i].port);
	check_changes(n);
}

static void offer(struct negotiation *n, struct sdp *answer)
{
	const char *reason = NULL;
	struct sdp_draft draft;
	struct sdp *made;
	unsigned index;

	sdp_draft_init(&draft);
	sdp_draft_media(&draft, "audio", 4002, "RTP/AVP");
	audio_write_offer(&draft, formats, 3, true);
	negotiation_add(n, &draft, &index);
	sdp_draft_free(&draft);
	if (negotiation_offer(n, &made)) {
		negotiation_rollback(n);
		return;
	}
	check_changes(n);
	if (negotiation_remote_answer(n, answer, &reason)) {
		check(reason);
		negotiation_rollback(n);
	}
	check_changes(n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_of((const char *)data, size), text;
	struct sdp *first = NULL, *second = NULL;
	struct negotiation *n = NULL;

	if (!slice_cut(&rest, '\0', &text) || sdp_parse(text, &first, NULL))
		return 0;
	sdp_parse(rest, &second, NULL);
	if (negotiation_new(&n, SLICE("fuzz"), SLICE("192.0.2.1"), size) == 0) {
		negotiation_set_bundle(n, size & 1);
		answer(n, first);
		if (second) {
			answer(n, second);
			offer(n, second);
			answer(n, first);
			offer(n, first);
		}
	}
	obj_unref(n);
	obj_unref(first);
	obj_unref(second);
	check(obj_alive() == 0);
	return 0;
}
