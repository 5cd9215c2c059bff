/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Conference: what an operator sets, for all rooms and for single ones. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include "apps/conference/conference_private.h"

static const char *const welcome_choices[] = {"over", "before", "off", NULL};

/* The name of a folder: no path may be hidden in it. */
static int parse_language(struct slice value, void *field, char *error, size_t error_size)
{
	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];

		if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_') {
			snprintf(error, error_size, "is no name of a language, such as en");
			return -EINVAL;
		}
	}
	return 0;
}

static const char music_help[] = "Whether one who is alone in a room hears silence instead of "
				 "music (all files in sounds/moh of the resources).";

static const struct config_option conference_options[] = {
	{"answer_delay", CONFIG_INT, offsetof(struct conference_settings, answer_delay), "0",
		"Seconds between ringing (180) and answering (200) a call with audio; callers are "
		"answered at once by default.",
		.min = 0, .max = 60},
	{"dial_out", CONFIG_BOOL, offsetof(struct conference_settings, dial_out), "yes",
		"Whether who is in a room may have others called into it, or put out of it "
		"(REFER)."},
	{"welcome_prompts", CONFIG_ENUM, offsetof(struct conference_settings, welcome_prompts),
		"over",
		"When a participant is told who else is there: over the room's audio, which he "
		"alone hears lower meanwhile; before he hears the room and is heard; or off.",
		.choices = welcome_choices},
	{"language", CONFIG_STRING, offsetof(struct conference_settings, language), "en",
		"Language of the prompts: en, or the name of a folder in sounds of the resources, "
		"of which de and fr come with the server.",
		.parse = parse_language},
	{"disable_music_on_hold", CONFIG_BOOL,
		offsetof(struct conference_settings, disable_music_on_hold), "no", music_help},
	{"history_size", CONFIG_UNSUPPORTED},
	{"file_transfer_dir", CONFIG_UNSUPPORTED},
	{"push_file_transfer", CONFIG_UNSUPPORTED},
	{"screensharing_images_dir", CONFIG_UNSUPPORTED},
	{"advertise_xmpp_support", CONFIG_UNSUPPORTED},
	{"pstn_access_numbers", CONFIG_UNSUPPORTED},
	{"webrtc_gateway_url", CONFIG_UNSUPPORTED},
	{"zrtp_auto_verify", CONFIG_UNSUPPORTED},
	{"access_policy", CONFIG_UNSUPPORTED},
	{"allow", CONFIG_UNSUPPORTED},
	{"deny", CONFIG_UNSUPPORTED},
	{NULL},
};

const struct config_section conference_section = {"conference.ini", "Conference",
	"Conference rooms.", conference_options, sizeof(struct conference_settings)};

static const struct config_option room_options[] = {
	{"language", CONFIG_STRING, offsetof(struct room_settings, language), NULL,
		"As in [Conference], whose value holds where this is not written.",
		.parse = parse_language},
	{"disable_music_on_hold", CONFIG_BOOL,
		offsetof(struct room_settings, disable_music_on_hold), "no",
		"As in [Conference], whose value holds where this is not written."},
	{"access_policy", CONFIG_UNSUPPORTED},
	{"allow", CONFIG_UNSUPPORTED},
	{"deny", CONFIG_UNSUPPORTED},
	{"pstn_access_numbers", CONFIG_UNSUPPORTED},
	{"advertise_xmpp_support", CONFIG_UNSUPPORTED},
	{"webrtc_gateway_url", CONFIG_UNSUPPORTED},
	{"zrtp_auto_verify", CONFIG_UNSUPPORTED},
	{NULL},
};

const struct config_section conference_room_section = {"conference.ini", NULL,
	"One room: its user@host stands for name.", room_options, sizeof(struct room_settings)};
