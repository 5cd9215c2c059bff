/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Playback: who calls one of its addresses hears the file of that address, once (spec 4.2). */
#ifndef APPS_PLAYBACK_PLAYBACK_H
#define APPS_PLAYBACK_PLAYBACK_H

#include "apps/app.h"

extern const struct app playback_app;

/* [Playback] of playback.ini, and the sections of single addresses. */
extern const struct config_section playback_section, playback_file_section;

#endif
