/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The server's TLS context: which files it is made of, and what is said when one is amiss. */
#include "server_tls.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "core/log.h"
#include "net/tls_context.h"
#include "net/tls_files.h"
#include "resources.h"

#define LOG_NAME "sylk.core"
#define DEFAULT_CERTIFICATE "tls/default.crt"
#define DEFAULT_CA_FILE "tls/ca.crt"

static bool find(const char *configured, const char *preset, char path[PATH_MAX])
{
	return resources_path(configured ? configured : preset, path) == 0;
}

/* An authority file that nobody asked for may be absent. */
static const char *find_authorities(const struct server_settings *server, char path[PATH_MAX])
{
	if (!find(server->ca_file, DEFAULT_CA_FILE, path))
		return NULL;
	if (server->ca_file || access(path, F_OK) == 0)
		return path;
	if (server->verify_server)
		log_warning(LOG_NAME,
			"[Server] verify_server is on, but no authority is known: nobody can be "
			"reached over TLS until ca_file names them");
	return NULL;
}

int server_tls_new(struct tls_context **context, struct loop *loop, const struct settings *settings)
{
	const struct server_settings *server = &settings->server;
	char certificate[PATH_MAX], authorities[PATH_MAX], error[512];
	struct tls_settings tls = {.verify_server = server->verify_server};
	int err;

	*context = NULL;
	if (settings->sip.tls_port < 0)
		return 0;
	if (!find(server->certificate, DEFAULT_CERTIFICATE, certificate)) {
		log_error(LOG_NAME, "No SIP over TLS: [Server] certificate is no path");
		return 0;
	}
	tls.certificate = certificate;
	tls.ca_file = find_authorities(server, authorities);
	err = tls_context_new(context, loop, &tls, error, sizeof error);
	if (err == -ENOENT)
		log_warning(LOG_NAME,
			"No SIP over TLS: [Server] %s (or set [SIP] local_tls_port = None)", error);
	else if (err)
		log_error(LOG_NAME, "No SIP over TLS: [Server] %s", error);
	return err == -ENOMEM ? err : 0;
}

typedef int examine_fn(const char *path, char *error, size_t size);

static void check_file(const struct config *config, const char *option, const char *value,
	examine_fn *examine, config_error_fn *error, void *arg)
{
	char path[PATH_MAX], reason[PATH_MAX + 256] = "is no path", text[PATH_MAX + 512];
	const char *file;
	unsigned line;

	if (!value || !config_where(config, &server_section, option, &file, &line))
		return;
	if (find(value, value, path) && examine(path, reason, sizeof reason) == 0)
		return;
	snprintf(text, sizeof text, "%s in [Server]: %s; there is no SIP over TLS with it", option,
		reason);
	error(arg, file, line, text);
}

void server_tls_check(const struct config *config, const struct settings *settings,
	config_error_fn *error, void *arg)
{
	const struct server_settings *server = &settings->server;

	check_file(config, "certificate", server->certificate, tls_files_examine_certificate, error,
		arg);
	check_file(config, "ca_file", server->ca_file, tls_files_examine_authorities, error, arg);
}
