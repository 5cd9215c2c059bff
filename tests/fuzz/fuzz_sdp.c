/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a description: what is parsed, written and parsed again is written the same. */
#include <errno.h>
#include <stdlib.h>

#include "core/mem.h"
#include "sdp/audio_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

/* Ask for everything that can be asked of a section. */
static void read_media(const struct sdp_media *m)
{
	struct audio_matches matches;
	struct audio_format formats[] = {{"opus", 48000, 2, -1, NULL}, {"PCMU", 8000, 1, 0, NULL}};
	struct sdp_connection connection;
	struct slice rest = m->formats, word, params, key, value;
	struct sdp_draft draft;
	struct sdp_rtcp rtcp;
	struct buf out;
	uint32_t v;

	while (sdp_next_word(&rest, &word)) {
		check(sdp_has_format(m, word));
		sdp_fmtp(m, word, &params);
		while (sdp_fmtp_next(&params, &key, &value))
			;
	}
	sdp_media_connection(m, &connection);
	sdp_rtcp(m, &rtcp);
	sdp_bandwidth(&m->section, "AS", &v);
	check(sdp_ptime(m) <= 60000 && sdp_maxptime(m) <= 60000);
	check(!sdp_media_held(m) || (m->port && sdp_media_is_rtp(m)));
	sdp_media_enabled(m, true);
	sdp_media_by_mid(m->sdp, sdp_mid(m));
	sdp_inherited(m, "setup");
	audio_match_offer(m, formats, 2, AUDIO_ORDER_PEER, &matches);

	sdp_draft_init(&draft);
	buf_init(&out, SDP_MAX_TEXT);
	sdp_draft_copy(&draft, m);
	sdp_write_media(m, &out);
	check(draft.err || slice_eq(sdp_draft_text(&draft), buf_view(&out)));
	sdp_draft_disabled(&draft, m);
	check(!draft.err);
	buf_free(&out);
	sdp_draft_free(&draft);
}

static void write_and_read_again(const struct sdp *sdp)
{
	struct sdp *again = NULL;
	struct buf first, second;
	int err;

	buf_init(&first, 4 * SDP_MAX_TEXT);
	buf_init(&second, 4 * SDP_MAX_TEXT);
	sdp_write(sdp, &first);
	check(!first.err);
	/* Longer line ends, or a supplied s= or t=, may take it over a limit. */
	err = sdp_parse(buf_view(&first), &again, NULL);
	check(err == 0 || err == -E2BIG);
	if (!err) {
		check(again->n_media == sdp->n_media);
		sdp_write(again, &second);
		check(slice_eq(buf_view(&first), buf_view(&second)));
	}
	obj_unref(again);
	buf_free(&first);
	buf_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sdp_error error = {0};
	struct sdp *sdp;

	if (sdp_parse(slice_of((const char *)data, size), &sdp, &error)) {
		check(error.reason);
		return 0;
	}
	for (unsigned i = 0; i < sdp->n_media; i++)
		read_media(&sdp->media[i]);
	write_and_read_again(sdp);
	obj_unref(sdp);
	return 0;
}
