/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Conference: the application that hosts rooms; the target's user@host names the room. */
#ifndef APPS_CONFERENCE_CONFERENCE_H
#define APPS_CONFERENCE_CONFERENCE_H

#include "apps/app.h"

extern const struct app conference_app;

/* [Conference] of conference.ini, and what can be said of single rooms. */
extern const struct config_section conference_section, conference_room_section;

#endif
