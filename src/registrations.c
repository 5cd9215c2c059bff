/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Registrations: [SIP] register and what belongs to it. */
#include "registrations.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "core/id.h"
#include "core/log.h"
#include "core/mem.h"
#include "sip/outbound.h"

#define LOG_NAME "sylk.core"
#define MACHINE_ID "/etc/machine-id"

enum { INSTANCE_SIZE = 46 }; /* "urn:uuid:", 36 letters, NUL */

struct registration {
	const char *aor;               /* the settings' */
	struct sip_outbound *outbound; /* ours */
};

/* An object of the server. */
struct registrations {
	struct registration *list;
	size_t n;
};

static void destroy(void *obj)
{
	struct registrations *r = obj;

	for (size_t i = 0; i < r->n; i++)
		obj_unref(r->list[i].outbound);
	mem_free(r->list);
}

void registrations_close(struct registrations *r)
{
	for (size_t i = 0; r && i < r->n; i++)
		sip_outbound_close(r->list[i].outbound);
}

static void on_changed(struct sip_outbound *outbound, size_t flow,
	const struct sip_register_state *state, size_t n_reachable, void *arg)
{
	const struct registration *registration = arg;

	if (state->registered)
		log_info(LOG_NAME, "%s is registered for %u s%s%.*s", registration->aor,
			state->expires, state->pub_gruu.n ? ", as " : "",
			SLICE_ARG(state->pub_gruu));
	else
		log_warning(LOG_NAME,
			"%s is not registered (status %u, by %zu other ways); next attempt in "
			"%u s%s",
			registration->aor, state->status, n_reachable,
			(unsigned)(state->retry_ms / 1000),
			state->status == 401 || state->status == 403 || state->status == 407
				? ": see [SIP] register_username and register_password"
				: "");
}

/*
 * RFC 5626 4.1: the same after every start. The machine's identity, hashed since others need not
 * know it; a random one on a machine that has none.
 */
static void make_instance(char instance[INSTANCE_SIZE])
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	char text[128] = "sylkserver ";
	size_t n = strlen(text);
	FILE *file = fopen(MACHINE_ID, "re");

	if (file) {
		n += fread(text + n, 1, sizeof text - n, file);
		fclose(file);
	}
	memcpy(instance, "urn:uuid:", 10);
	if (n == strlen("sylkserver ") || !EVP_Digest(text, n, hash, NULL, EVP_sha256(), NULL)) {
		id_uuid(instance + 9);
		return;
	}
	/* RFC 4122: made of a name (5), the usual variant. */
	hash[6] = (unsigned char)((hash[6] & 0x0f) | 0x50);
	hash[8] = (unsigned char)((hash[8] & 0x3f) | 0x80);
	for (size_t i = 0, at = 9; i < 16; i++, at += 2) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			instance[at++] = '-';
		snprintf(instance + at, 3, "%02x", hash[i]);
	}
}

static int start_one(struct registrations *r, struct sip_agent *agent,
	const struct sip_settings *settings, const char *aor, const char *instance)
{
	struct registration *registration = &r->list[r->n];
	struct sip_credentials credentials = {
		.username = slice_str(settings->register_username),
		.password = slice_str(settings->register_password),
	};
	struct slice proxies[SIP_OUTBOUND_FLOWS];
	struct sip_outbound_params params = {
		.aor = slice_str(aor),
		.proxies = proxies,
		.n_proxies = settings->register_proxies.n,
		.expires = (uint32_t)settings->register_expires,
		.instance = slice_str(instance),
		.credentials = settings->register_password ? &credentials : NULL,
	};
	struct uri uri;
	int err = -EINVAL;

	if (params.n_proxies <= SIP_OUTBOUND_FLOWS) {
		for (size_t i = 0; i < params.n_proxies; i++)
			proxies[i] = slice_str(settings->register_proxies.items[i]);
		if (credentials.username.n == 0 && uri_parse(params.aor, &uri) == 0)
			credentials.username = uri.user;
		registration->aor = aor;
		err = sip_outbound_start(
			&registration->outbound, agent, &params, on_changed, registration);
	}
	if (err)
		log_error(LOG_NAME,
			"Cannot register %s: %s (see [SIP] register: SIP URIs; "
			"register_proxies: at most %d SIP URIs)",
			aor, strerror(-err), SIP_OUTBOUND_FLOWS);
	else
		r->n++;
	return err;
}

int registrations_new(struct registrations **registrations, struct sip_agent *agent,
	const struct sip_settings *settings)
{
	const struct config_list *aors = &settings->registered;
	struct registrations *r = NULL;
	char instance[INSTANCE_SIZE];
	int err = 0;

	*registrations = NULL;
	if (aors->n == 0)
		goto out;
	err = -ENOMEM;
	r = obj_new(sizeof *r, destroy);
	if (!r)
		goto out;
	r->list = mem_zalloc(aors->n * sizeof *r->list);
	if (!r->list)
		goto out;
	make_instance(instance);
	err = 0;
	for (size_t i = 0; i < aors->n && !err; i++)
		err = start_one(r, agent, settings, aors->items[i], instance);
	if (!err)
		*registrations = obj_ref(r);
out:
	obj_unref(r);
	return err;
}
