/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a peer tells of its levels, and whether it is true. */
#include "media/leg_told.h"

#include "media/audio_level.h"
#include "media/mix.h"
#include "media/rtp_extension.h"
#include "media/talkers.h"

/*
 * A peer is believed as long as so many packets in a row, decoded, are not ten decibels softer than they
 * were said to be. A tick in which nothing is there to be decoded counts too: who is chosen for what he
 * tells has to have something to say.
 */
#define COMPARED 25
#define EXAGGERATION 10

void leg_told_packet(struct leg_told *told, uint8_t id, const struct rtp_packet *packet)
{
	struct audio_level level = {0};
	uint32_t energy;

	told->tells = id && rtp_audio_level(packet, id, &level);
	told->levels[packet->seq % LEG_TOLD_PACKETS] = told->tells ? level.level + 1 : 0;
	energy = told->tells ? audio_level_energy(level.level) : 0;
	if (!told->fresh || energy > told->energy)
		told->energy = energy;
	told->fresh = true;
}

static void compare(struct leg_told *told, uint32_t said, uint32_t found)
{
	told->said += said;
	told->found += found;
	if (++told->n < COMPARED)
		return;
	if (told->said > EXAGGERATION * (told->found + told->n * SPEECH_ENERGY))
		told->doubted = true;
	told->n = 0;
	told->said = told->found = 0;
}

void leg_told_compare(struct leg_told *told, uint16_t seq, const int16_t *pcm, size_t n)
{
	uint8_t level = told->levels[seq % LEG_TOLD_PACKETS];

	if (level)
		compare(told, audio_level_energy((uint8_t)(level - 1)), mix_energy(pcm, n));
}

void leg_told_nothing(struct leg_told *told, uint32_t energy)
{
	if (told->tells)
		compare(told, energy, 0);
}

/* That of the packets just come, which will be played soon; of long ones there is not one a tick. */
uint32_t leg_told_energy(struct leg_told *told, uint32_t before)
{
	uint32_t energy = told->fresh ? told->energy : before / 2;

	told->fresh = false;
	return energy;
}
