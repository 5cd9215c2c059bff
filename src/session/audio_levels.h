/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Audio levels: whether packets say in their headers how loud they are (RFC 6464). Offered and
 * answered here as an extension of the RTP header (RFC 8285); what was agreed is read from the two
 * sections, so an exchange that comes to nothing leaves nothing behind. Signalling thread.
 */
#ifndef SESSION_AUDIO_LEVELS_H
#define SESSION_AUDIO_LEVELS_H

#include "media/engine.h"
#include "sdp/draft.h"

/* Offer them, under an identifier of ours. Errors stick in the draft, here as below. */
void audio_levels_write_offer(struct sdp_draft *draft);

/* Offer them again as in this agreed section of ours, if there they stand. */
void audio_levels_write_offer_again(struct sdp_draft *draft, const struct sdp_media *ours);

/*
 * Answer with them, if they are offered, under the peer's identifier or, where that is left to us,
 * one that is free. direction: that of the stream, in our answer.
 */
void audio_levels_write_answer(
	struct sdp_draft *draft, const struct sdp_media *offer, enum sdp_direction direction);

/* Set level_in and level_out as the two sections agree. */
void audio_levels_read(const struct sdp_media *ours, const struct sdp_media *theirs,
	struct media_leg_config *config);

#endif
