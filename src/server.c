/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Server: the parts of a running server. */
#include "server.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/log.h"
#include "core/mem.h"
#include "core/overload.h"
#include "media/engine.h"
#include "registrations.h"
#include "resources.h"
#include "net/tls_context.h"
#include "server_tls.h"
#include "session/sip_requests.h"
#include "session/sip_session.h"
#include "sip/agent.h"
#include "sip/auth.h"
#include "strangers.h"
#include "version.h"

#define LOG_NAME "sylk.core"
#define PRODUCT "SylkServer-" SYLK_VERSION

struct server {
	struct loop *loop;
	const struct settings *settings;
	struct media_engine *media;
	struct sip_agent *sip;
	struct dns *dns; /* NULL: names lead nowhere */
	struct trusted_peers *trusted;
	struct strangers *strangers; /* NULL: they are not let in */
	struct registrations *registrations;
	struct tls_context *tls; /* NULL: no TLS */
	struct app_registry *applications;
	struct overload overload;
	struct app_context app_context;
	char resources[PATH_MAX];
	struct sip_session_context sip_sessions;
	struct sip_request_context sip_requests;
	struct sip_credentials credentials;
	struct outgoing outgoing; /* nothing until SIP has started */
};

static bool admit(const struct addr *source, void *arg)
{
	const struct server *server = arg;

	return trusted_peers_match(server->trusted, source);
}

static void incoming_invite(struct sip_invite *invite, const struct sip_msg *request, void *arg)
{
	struct server *server = arg;

	sip_session_incoming(&server->sip_sessions, invite, request);
}

static unsigned authenticate(const struct sip_msg *request, struct buf *lines, void *arg)
{
	struct server *server = arg;

	if (!server->strangers)
		return 403;
	return strangers_check(server->strangers, request, loop_now(server->loop), lines);
}

static bool incoming_request(
	struct sip_server_transaction *txn, const struct sip_msg *request, void *arg)
{
	struct server *server = arg;

	return sip_request_incoming(&server->sip_requests, txn, request);
}

static bool incoming_refer(struct sip_refer *refer, struct sip_invite *invite, void *arg)
{
	struct server *server = arg;

	return sip_refer_incoming(&server->sip_requests, refer, invite);
}

static bool overloaded(void *arg)
{
	struct server *server = arg;
	uint64_t now = loop_now(server->loop);
	struct media_counters media;

	if (overload_due(&server->overload, now)) {
		media_engine_counters(server->media, &media);
		overload_update(&server->overload, now, loop_take_lag(server->loop), media.lag_us);
	}
	return overload_now(&server->overload, now, loop_backlog(server->loop));
}

static const struct sip_agent_handlers agent_handlers = {
	.overloaded = overloaded,
	.admit = admit,
	.authenticate = authenticate,
	.invite = incoming_invite,
	.request = incoming_request,
	.refer = incoming_refer,
};

static void incoming_message(struct message *message, void *arg)
{
	struct server *server = arg;

	app_registry_message(server->applications, message);
}

static void incoming_subscription(struct subscription *subscription, void *arg)
{
	struct server *server = arg;

	app_registry_subscription(server->applications, subscription);
}

static void incoming_referral(struct referral *referral, void *arg)
{
	struct server *server = arg;

	app_registry_referral(server->applications, referral);
}

static void incoming_session(struct session *session, void *arg)
{
	struct server *server = arg;

	app_registry_session(server->applications, session);
}

static int listen_on(
	struct server *server, enum sip_transport transport, struct slice host, int port)
{
	static const char *const options[] = {"local_udp_port", "local_tcp_port", "local_tls_port"};
	struct addr local;
	int err;

	if (port < 0)
		return 0;
	err = addr_parse(host, (uint16_t)port, &local);
	if (err) {
		log_error(LOG_NAME, "[SIP] local_ip: %.*s is no IP address", SLICE_ARG(host));
		return err;
	}
	err = sip_agent_listen(server->sip, transport, &local);
	if (err)
		log_error(LOG_NAME,
			"Cannot listen for SIP over %s on %.*s port %d: %s (see [SIP] local_ip, "
			"%s)",
			sip_transport_name(transport), SLICE_ARG(host), port, strerror(-err),
			options[transport]);
	return err;
}

static int listen_on_all_transports(struct server *server, struct slice host)
{
	const struct sip_settings *sip = &server->settings->sip;
	int err = listen_on(server, SIP_UDP, host, sip->udp_port);

	if (!err)
		err = listen_on(server, SIP_TCP, host, sip->tcp_port);
	if (!err && server->tls)
		err = listen_on(server, SIP_TLS, host, sip->tls_port);
	return err;
}

/* The addresses that packets to the Internet leave with: IPv4 always, IPv6 when there is one. */
static int listen_on_default(struct server *server)
{
	char text[ADDR_TEXT];
	struct addr a;
	int err;

	addr_default(AF_INET, &a);
	err = listen_on_all_transports(server, slice_str(addr_print_host(&a, text)));
	if (err)
		return err;
	addr_default(AF_INET6, &a);
	if (addr_is_loopback(&a))
		return 0;
	return listen_on_all_transports(server, slice_str(addr_print_host(&a, text)));
}

static bool has_ipv6(void)
{
	struct addr loopback, source;

	return addr_parse(SLICE("::1"), 0, &loopback) == 0 &&
	       addr_source_for(&loopback, &source) == 0;
}

static int listen_everywhere(struct server *server)
{
	const struct config_list *addresses = &server->settings->sip.local_ip;
	int err = 0;

	if (addresses->n == 0)
		return listen_on_default(server);
	for (size_t i = 0; i < addresses->n && !err; i++) {
		struct slice host = slice_str(addresses->items[i]);

		if (!slice_eq_nocase(host, SLICE("any"))) {
			err = listen_on_all_transports(server, host);
			continue;
		}
		err = listen_on_all_transports(server, SLICE("0.0.0.0"));
		if (!err && has_ipv6())
			err = listen_on_all_transports(server, SLICE("::"));
	}
	return err;
}

/* A server that nobody can call has been configured by mistake. */
static int check_listeners(const struct server *server)
{
	enum sip_transport transport;
	struct addr local;

	if (sip_agent_listener(server->sip, 0, &transport, &local))
		return 0;
	log_error(LOG_NAME, "Not listening for calls: local_udp_port, local_tcp_port and the other "
			    "ports in [SIP] are all switched off");
	return -EINVAL;
}

/* Whether [SIP] trusted_peers names anybody in particular: then a source that passed it counts. */
static enum identity_proof admitted_proof(const struct trusted_peers_setting *peers)
{
	return trusted_peers_is_any(peers) ? IDENTITY_UNPROVED : IDENTITY_TRUSTED_PEER;
}

/*
 * The peer's certificate may speak for From's domain (RFC 5922 7.4). Else who was not admitted by his
 * source has come in by password.
 */
static enum identity_proof prove(const struct sip_msg *request, void *arg)
{
	const struct server *server = arg;

	if (sip_flow_proves(request->flow, request->from.uri.host))
		return IDENTITY_TLS;
	return admit(&request->source, arg) ? server->sip_sessions.proof : IDENTITY_DIGEST;
}

static int start_dns(struct server *server)
{
	const struct config_list *list = &server->settings->server.dns_servers;
	struct addr servers[DNS_MAX_SERVERS];
	struct dns_servers_settings settings = {.servers = servers};
	int err;

	for (size_t i = 0; i < list->n && settings.n < DNS_MAX_SERVERS; i++) {
		if (dns_server_parse(slice_str(list->items[i]), &servers[settings.n]) == 0)
			settings.n++;
	}
	err = dns_servers_open(&server->dns, server->loop, &settings);
	if (err == -EIO) {
		log_warning(LOG_NAME, "No name server is known: only addresses can be called (see "
				      "[Server] dns_servers)");
		err = 0;
	}
	return err ? err
		   : trusted_peers_open(&server->trusted, &server->settings->sip.trusted_peers,
			     server->dns, loop_timers(server->loop));
}

/* The agent, with what there is to subscribe to, and what it makes of requests outside calls. */
static int new_agent(struct server *server, struct sip_agent_settings *settings)
{
	struct buf events;
	int err;

	buf_init(&events, 4096);
	app_registry_events(server->applications, &events);
	buf_char(&events, '\0');
	err = events.err;
	settings->events = events.p;
	if (!err)
		err = sip_agent_new(&server->sip, server->loop, settings, &agent_handlers, server);
	buf_free(&events);
	server->sip_requests = (struct sip_request_context){
		.agent = server->sip,
		.sessions = &server->sip_sessions,
		.credentials = server->sip_sessions.credentials,
		.prove = prove,
		.message = incoming_message,
		.subscription = incoming_subscription,
		.referral = incoming_referral,
		.arg = server,
	};
	if (!err)
		server->outgoing = (struct outgoing){&sip_outgoing, &server->sip_requests};
	return err;
}

/* What requests of ours prove themselves with, if anything; only to that realm. */
static const struct sip_credentials *find_credentials(struct server *server)
{
	const struct sip_settings *sip = &server->settings->sip;

	server->credentials = (struct sip_credentials){
		.username = slice_str(sip->auth_username),
		.password = slice_str(sip->auth_password),
		.realm = slice_str(sip->auth_realm),
	};
	if (server->credentials.realm.n && server->credentials.username.n)
		return &server->credentials;
	if (server->credentials.realm.n || server->credentials.username.n)
		log_warning(LOG_NAME, "[SIP] auth_realm and auth_username need each other: "
				      "challenges to our calls are not answered");
	return NULL;
}

static int start_sip(struct server *server)
{
	const struct sip_settings *sip = &server->settings->sip;
	struct sip_agent_settings agent_settings = {
		.product = PRODUCT,
		.session_expires = (unsigned)sip->session_timer,
		.session_min = (unsigned)sip->session_timer_min,
	};
	int err;

	agent_settings.max_rate_per_source = (unsigned)sip->max_rate_per_source;

	server->sip_sessions = (struct sip_session_context){
		.loop = server->loop,
		.media = server->media,
		.product = PRODUCT,
		.proof = admitted_proof(&sip->trusted_peers),
		.prove = prove,
		.incoming = incoming_session,
		.credentials = find_credentials(server),
		.arg = server,
	};
	list_init(&server->sip_sessions.sessions);
	err = audio_formats_init(&server->sip_sessions.audio, &server->settings->rtp);
	if (err) {
		log_error(LOG_NAME, "[RTP] audio_codecs names no codec of this server");
		return err;
	}
	/* Unset or empty, it stays no address. */
	addr_parse(slice_str(sip->advertised_ip), 0, &server->sip_sessions.advertised);
	agent_settings.advertised = server->sip_sessions.advertised;
	err = start_dns(server);
	if (!err)
		err = strangers_new(&server->strangers, sip);
	if (err)
		return err;
	if (server->strangers && server->sip_sessions.proof == IDENTITY_UNPROVED)
		log_warning(
			LOG_NAME, "[SIP] digest_realm has no effect while trusted_peers is any");
	err = server_tls_new(&server->tls, server->loop, server->settings);
	if (err)
		return err;
	agent_settings.tls = server->tls;
	agent_settings.dns = server->dns;
	agent_settings.outbound_proxy = sip->outbound_proxy;
	err = new_agent(server, &agent_settings);
	if (!err)
		err = listen_everywhere(server);
	if (!err)
		err = registrations_new(&server->registrations, server->sip, sip);
	return err ? err : check_listeners(server);
}

int server_new(struct server **server, struct loop *loop, const struct config *config,
	const struct settings *settings, config_error_fn *config_error, void *config_error_arg)
{
	struct server *s = mem_zalloc(sizeof *s);
	struct media_engine_settings engine;
	int err;

	if (!s)
		return -ENOMEM;
	s->loop = loop;
	s->settings = settings;
	rtp_settings_engine(&settings->rtp, &engine);
	err = media_engine_new(&s->media, loop, &engine);
	if (err) {
		log_error(LOG_NAME, "Cannot start the media threads: %s", strerror(-err));
		goto out;
	}
	err = resources_path("", s->resources);
	if (err)
		goto out;
	s->app_context = (struct app_context){
		.loop = loop,
		.media = s->media,
		.outgoing = &s->outgoing,
		.config = config,
		.resources = s->resources,
		.config_error = config_error,
		.config_error_arg = config_error_arg,
	};
	err = app_registry_new(&s->applications, &s->app_context, &settings->server.applications);
	if (err)
		goto out;
	err = start_sip(s);
	if (err)
		goto out;
	*server = s;
	return 0;
out:
	server_free(s);
	return err;
}

static const char *transport_word(enum sip_transport transport)
{
	static const char *const words[] = {
		[SIP_UDP] = "udp", [SIP_TCP] = "tcp", [SIP_TLS] = "tls"};

	return words[transport];
}

void server_announce(const struct server *server)
{
	enum sip_transport transport, first_transport = SIP_UDP;
	char host[ADDR_TEXT] = "", address[ADDR_TEXT], port[16] = "", parameter[32] = "";
	struct addr local;

	for (unsigned n = 0; sip_agent_listener(server->sip, n, &transport, &local); n++) {
		printf("listening on %s:%s\n", transport_word(transport),
			addr_print(&local, address));
		if (n > 0)
			continue;
		first_transport = transport;
		if (addr_is_any(&local)) {
			uint16_t bound = addr_port(&local);

			addr_default(addr_family(&local), &local);
			addr_set_port(&local, bound);
		}
		addr_print_uri_host(&local, host);
		if (addr_port(&local) != 5060)
			snprintf(port, sizeof port, ":%u", addr_port(&local));
	}
	if (first_transport != SIP_UDP)
		snprintf(parameter, sizeof parameter, ";transport=%s",
			transport_word(first_transport));
	printf("call sip:anything@%s%s%s for a conference room (any name is a room)\n", host, port,
		parameter);
	printf("call sip:echo@%s%s%s for the echo test\n", host, port, parameter);
	fflush(stdout);
}

void server_log_figures(const struct server *server)
{
	log_info(LOG_NAME, "%u sessions, %zu objects, %u media threads",
		server->sip_sessions.n_sessions, obj_alive(), media_engine_threads(server->media));
}

void server_stop(struct server *server, uint64_t limit_ms, loop_fn *done, void *arg)
{
	registrations_close(server->registrations);
	sip_agent_shutdown(server->sip, limit_ms, done, arg);
}

void server_free(struct server *server)
{
	if (!server)
		return;
	obj_unref(server->registrations);
	if (server->sip) {
		sip_sessions_close(&server->sip_sessions);
		sip_agent_close(server->sip);
	}
	app_registry_free(server->applications);
	obj_unref(server->sip);
	if (server->tls)
		tls_context_close(server->tls);
	obj_unref(server->tls);
	if (server->trusted)
		trusted_peers_close(server->trusted);
	obj_unref(server->trusted);
	if (server->dns)
		dns_close(server->dns);
	obj_unref(server->dns);
	obj_unref(server->strangers);
	if (server->media)
		media_engine_close(server->media);
	mem_free(server);
}
