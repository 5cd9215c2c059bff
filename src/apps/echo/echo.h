/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Echo: everybody hears himself. */
#ifndef APPS_ECHO_ECHO_H
#define APPS_ECHO_ECHO_H

#include "apps/app.h"

extern const struct app echo_app;

#endif
