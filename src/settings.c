/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings: [Server] and [SIP] of config.ini, and the list of all sections. */
#include "settings.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include "apps/conference/conference.h"
#include "apps/playback/playback.h"
#include "sip/agent.h"

static const char *const log_levels[] = {"debug", "info", "warning", "error", "critical", NULL};

/* key:application items, as the registry cuts them (spec: anything else stops the start). */
static int parse_application_map(struct slice value, void *field, char *error, size_t error_size)
{
	struct slice item, key;

	if (slice_eq_nocase(value, SLICE("none")))
		return 0;
	while (slice_cut(&value, ',', &item)) {
		struct slice rest = slice_trim(item);

		if (rest.n == 0)
			continue;
		slice_cut(&rest, ':', &key);
		if (slice_trim(key).n && slice_trim(rest).n && slice_find(rest, ':') < 0)
			continue;
		snprintf(error, error_size, "must be a list of key:application, which %.*s is not",
			SLICE_ARG(slice_trim(item)));
		return -EINVAL;
	}
	return 0;
}

static int parse_dns_servers(struct slice value, void *field, char *error, size_t error_size)
{
	struct slice item;
	struct addr server;

	if (slice_eq_nocase(value, SLICE("none")))
		return 0;
	while (slice_cut(&value, ',', &item)) {
		item = slice_trim(item);
		if (item.n == 0 || dns_server_parse(item, &server) == 0)
			continue;
		snprintf(error, error_size, "%.*s is no IP address, with or without a port",
			SLICE_ARG(item));
		return -EINVAL;
	}
	return 0;
}

#define FIELD(name) offsetof(struct server_settings, name)

static const struct config_option server_options[] = {
	{"default_application", CONFIG_STRING, FIELD(applications.default_application),
		"conference",
		"Application that gets a call which application_map says nothing of."},
	{"application_map", CONFIG_LIST, FIELD(applications.application_map), "echo:echo",
		"Which application gets which calls: key:application, the key being a user@domain, "
		"a "
		"domain or a user.",
		.parse = parse_application_map, .vital = true},
	{"disabled_applications", CONFIG_LIST, FIELD(applications.disabled_applications), "",
		"Applications not to load."},
	{"log_level", CONFIG_ENUM, FIELD(log_level), "info",
		"What to log: debug, info, warning, error or critical, and all above it.",
		.choices = log_levels},
	{"ca_file", CONFIG_STRING, FIELD(ca_file), NULL,
		"PEM file of the certificate authorities that are believed; default tls/ca.crt in "
		"the "
		"resources, if it is there."},
	{"certificate", CONFIG_STRING, FIELD(certificate), NULL,
		"PEM file with the server's certificate, intermediate certificates and key; "
		"default "
		"tls/default.crt in the resources. A changed file is read without a restart."},
	{"verify_server", CONFIG_BOOL, FIELD(verify_server), "no",
		"Whether servers that SIP over TLS connects to must prove their domain by a "
		"certificate "
		"of an authority in ca_file."},
	{"dns_servers", CONFIG_LIST, FIELD(dns_servers), "",
		"Name servers to ask, IP addresses with :port or without, separated by commas; "
		"empty: those of the system (/etc/resolv.conf).",
		.parse = parse_dns_servers},
	{"enable_bonjour", CONFIG_UNSUPPORTED},
	{"extra_applications_dir", CONFIG_UNSUPPORTED},
	{"trace_dir", CONFIG_UNSUPPORTED},
	{"trace_dns", CONFIG_UNSUPPORTED},
	{"trace_sip", CONFIG_UNSUPPORTED},
	{"trace_msrp", CONFIG_UNSUPPORTED},
	{"trace_core", CONFIG_UNSUPPORTED},
	{"trace_notifications", CONFIG_UNSUPPORTED},
	{"spool_dir", CONFIG_UNSUPPORTED},
	{NULL},
};

const struct config_section server_section = {"config.ini", "Server", "The server as a whole.",
	server_options, sizeof(struct server_settings)};

#undef FIELD

/* A number is a port; any other word (None) switches the transport off, as upstream has it. */
static int parse_port(struct slice value, void *field, char *error, size_t error_size)
{
	uint32_t port;
	int err = slice_u32(value, UINT16_MAX, &port);

	if (err == -ERANGE) {
		snprintf(error, error_size,
			"must be a port from 0 (any free one) to 65535, or None to switch it off");
		return -EINVAL;
	}
	*(int *)field = err ? -1 : (int)port;
	return 0;
}

static int parse_local_ip(struct slice value, void *field, char *error, size_t error_size)
{
	struct slice item;
	struct addr a;

	if (slice_eq_nocase(value, SLICE("none")))
		return 0;
	while (slice_cut(&value, ',', &item)) {
		item = slice_trim(item);
		if (item.n == 0 || slice_eq_nocase(item, SLICE("any")) ||
			addr_parse(item, 0, &a) == 0)
			continue;
		snprintf(error, error_size, "%.*s is no IP address, nor any", SLICE_ARG(item));
		return -EINVAL;
	}
	return 0;
}

static int parse_advertised_ip(struct slice value, void *field, char *error, size_t error_size)
{
	struct addr a;

	if (value.n == 0 ||
		(addr_parse(value, 0, &a) == 0 && !addr_is_any(&a) && !addr_is_multicast(&a)))
		return 0;
	snprintf(error, error_size, "is no host's IP address");
	return -EINVAL;
}

static int parse_outbound_proxy(struct slice value, void *field, char *error, size_t error_size)
{
	if (value.n == 0 || sip_agent_proxy_check(value) == 0)
		return 0;
	snprintf(error, error_size, "must be host, host:port or host:port;transport=tcp");
	return -EINVAL;
}

#define FIELD(name) offsetof(struct sip_settings, name)

static const struct config_option sip_options[] = {
	{"local_ip", CONFIG_LIST, FIELD(local_ip), "",
		"Addresses to listen on, IPv4 or IPv6, separated by commas; any: all of this "
		"machine; "
		"empty: those that packets to the Internet leave with.",
		.parse = parse_local_ip, .vital = true},
	{"advertised_ip", CONFIG_STRING, FIELD(advertised_ip), NULL,
		"Address to put into SDP and Contact in place of the local one, for a server "
		"behind "
		"one-to-one NAT.",
		.parse = parse_advertised_ip, .vital = true},
	{"local_udp_port", CONFIG_CUSTOM, FIELD(udp_port), "5060",
		"Port for SIP over UDP; None: no UDP.", .parse = parse_port},
	{"local_tcp_port", CONFIG_CUSTOM, FIELD(tcp_port), "5060",
		"Port for SIP over TCP; None: no TCP.", .parse = parse_port},
	{"local_tls_port", CONFIG_CUSTOM, FIELD(tls_port), "5061",
		"Port for SIP over TLS (see [Server] certificate); None: no TLS.",
		.parse = parse_port},
	{"trusted_peers", CONFIG_CUSTOM, FIELD(trusted_peers), "any",
		"Sources from which requests are accepted: IP addresses, networks (192.0.2.0/24), "
		"host "
		"names, any or none.",
		.parse = trusted_peers_parse, .release = trusted_peers_release, .vital = true},
	{"max_calls_per_second_per_source", CONFIG_INT, FIELD(max_rate_per_source), "0",
		"Calls, messages and subscriptions that one address may begin per second; what is "
		"more gets 503. 0: any number.",
		.max = 100000},
	{"digest_realm", CONFIG_STRING, FIELD(digest_realm), NULL,
		"Realm, which is the domain of the users, in whose name sources that trusted_peers "
		"does not name must prove a password by digest; empty: they are refused. Set "
		"trusted_peers too: by default it names everybody."},
	{"digest_users", CONFIG_STRING, FIELD(digest_users), NULL,
		"File with the users of digest_realm, as htdigest writes it: lines of "
		"user:realm:hash, the hash being the MD5 or SHA-256 of user:realm:password."},
	{"session_timer", CONFIG_INT, FIELD(session_timer), "1800",
		"Seconds after which a call whose caller shows no sign of life is ended, if not "
		"refreshed in between (RFC 4028); 0: only when the caller asks for it.",
		.min = 0, .max = 86400},
	{"session_timer_min", CONFIG_INT, FIELD(session_timer_min), "90",
		"The fewest seconds that a caller may ask for; below 90 only for tests.", .min = 1,
		.max = 86400},
	{"register", CONFIG_LIST, FIELD(registered), "",
		"Addresses of other domains to register, so that calls to them come here: SIP URIs "
		"(sip:room@example.org) separated by commas."},
	{"register_username", CONFIG_STRING, FIELD(register_username), NULL,
		"User name to register with; empty: the user of each address."},
	{"register_password", CONFIG_STRING, FIELD(register_password), NULL,
		"Password to register with."},
	{"register_proxies", CONFIG_LIST, FIELD(register_proxies), "",
		"Edge proxies to register through, SIP URIs separated by commas: each is kept a "
		"connection to (RFC 5626); empty: registered with the domain itself."},
	{"register_expires", CONFIG_INT, FIELD(register_expires), "3600",
		"Seconds to ask for when registering.", .min = 60, .max = 86400},
	{"auth_realm", CONFIG_STRING, FIELD(auth_realm), NULL,
		"Realm whose challenges calls and requests of the server itself answer, with "
		"auth_username and auth_password: that of outbound_proxy, say. Others are not "
		"answered."},
	{"auth_username", CONFIG_STRING, FIELD(auth_username), NULL, "User name for auth_realm."},
	{"auth_password", CONFIG_STRING, FIELD(auth_password), NULL, "Password for auth_realm."},
	{"outbound_proxy", CONFIG_STRING, FIELD(outbound_proxy), NULL,
		"Where calls and requests of the server itself go, host[:port] with "
		";transport=udp, tcp or tls or without; a host alone is looked up in the DNS "
		"(RFC 3263). Empty: where their addresses lead.",
		.parse = parse_outbound_proxy, .vital = true},
	{"enable_ice", CONFIG_UNSUPPORTED},
	{NULL},
};

static const struct config_section sip_section = {"config.ini", "SIP",
	"Where to listen for SIP, and whom to listen to.", sip_options,
	sizeof(struct sip_settings)};

#undef FIELD

/* Sections that upstream has and this version has not. */
static const struct config_option msrp_options[] = {
	{"use_tls", CONFIG_UNSUPPORTED},
	{NULL},
};

static const struct config_section msrp_section = {
	"config.ini", "MSRP", "Not in this version.", msrp_options};

static const struct config_option web_server_options[] = {
	{"local_ip", CONFIG_UNSUPPORTED},
	{"local_port", CONFIG_UNSUPPORTED},
	{"public_port", CONFIG_UNSUPPORTED},
	{"hostname", CONFIG_UNSUPPORTED},
	{"certificate", CONFIG_UNSUPPORTED},
	{"certificate_chain", CONFIG_UNSUPPORTED},
	{"log_dir", CONFIG_UNSUPPORTED},
	{NULL},
};

static const struct config_section web_server_section = {
	"config.ini", "WebServer", "Not in this version.", web_server_options};

static const struct config_option thor_options[] = {
	{"enabled", CONFIG_UNSUPPORTED},
	{"domain", CONFIG_UNSUPPORTED},
	{"multiply", CONFIG_UNSUPPORTED},
	{"certificate", CONFIG_UNSUPPORTED},
	{"private_key", CONFIG_UNSUPPORTED},
	{"ca", CONFIG_UNSUPPORTED},
	{NULL},
};

static const struct config_section thor_section = {
	"config.ini", "ThorNetwork", "Not in this version.", thor_options};

const struct config_section *const config_sections[] = {
	&server_section,
	&sip_section,
	&rtp_section,
	&conference_section,
	&msrp_section,
	&web_server_section,
	&thor_section,
	&conference_room_section,
	&playback_section,
	&playback_file_section,
	NULL,
};

int settings_load(
	const struct config *config, struct settings *settings, config_error_fn *error, void *arg)
{
	int server, sip, rtp, err;

	*settings = (struct settings){0};
	/* All of them whatever one says, so that all mistakes are reported at once. */
	server = config_load(config, &server_section, NULL, &settings->server, error, arg);
	sip = config_load(config, &sip_section, NULL, &settings->sip, error, arg);
	rtp = config_load(config, &rtp_section, NULL, &settings->rtp, error, arg);
	err = server ? server : sip ? sip : rtp;
	if (err)
		settings_release(settings);
	return err;
}

void settings_release(struct settings *settings)
{
	config_release(&server_section, &settings->server);
	config_release(&sip_section, &settings->sip);
	config_release(&rtp_section, &settings->rtp);
}

int settings_check(const struct config *config, config_error_fn *error, void *arg)
{
	int err = 0;

	for (size_t i = 0; config_sections[i] && !err; i++) {
		const struct config_section *section = config_sections[i];

		if (section->section)
			err = config_check_values(config, section, NULL, error, arg);
	}
	if (!err)
		config_check_unknown(config, config_sections, error, arg);
	return err;
}
