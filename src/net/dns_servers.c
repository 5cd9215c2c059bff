/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Asking name servers: one c-ares channel for each, so that it is known which of them does not
 * answer (c-ares would ask a dead first one anew for every name). A question goes from one to the
 * next until one has an answer: records, no such name, or no such records.
 */
#include "net/dns_servers.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <errno.h>

#include "core/log.h"
#include "core/mem.h"
#include "net/dns_message.h"
#include "net/hosts.h"

enum {
	DNS_PORT = 53,
	PRESET_TIMEOUT_MS = 800,
	DEAD_MS = 30000,
	EDNS_BYTES = 1232, /* fits an IPv6 packet of the least MTU */
};

struct source;

/* One name server. Owned by the source. */
struct server {
	struct source *source;
	struct addr addr;
	ares_channel channel;
	struct timer timer;
	struct list_node sockets;
	uint64_t dead_until; /* microseconds */
};

/* A socket of c-ares. Owned by its server, then by libuv until it is closed. */
struct socket {
	struct list_node node;
	struct server *server;
	ares_socket_t fd;
	uv_poll_t poll;
};

/* A question under way. Owned by c-ares, which always calls back. */
struct asking {
	struct source *source;
	struct server *server;
	struct dns_question *question;
	const char *name; /* the question's */
	enum dns_type type;
	unsigned tried; /* bits: servers */
	int err;        /* what the last one made of it */
};

/* Owned by the resolver, which closes it. */
struct source {
	struct loop *loop;
	struct hosts hosts;
	char *hosts_file;
	struct server servers[DNS_MAX_SERVERS];
	size_t n;
	bool library;
};

/* ---- sockets ----------------------------------------------------------------------------------- */

/* c-ares' next deadline becomes the timer's; with 0 ms left it wants to be called a little later. */
static void arm(struct server *server)
{
	struct timeval tv;

	if (!server->channel || !ares_timeout(server->channel, NULL, &tv))
		timer_stop(&server->timer);
	else
		timer_start_ms(&server->timer, loop_timers(server->source->loop),
			(uint64_t)tv.tv_sec * 1000 + (uint64_t)tv.tv_usec / 1000 + 1);
}

static void on_timer(void *arg)
{
	struct server *server = arg;

	ares_process_fd(server->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	arm(server);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct socket *sock = poll->data;
	struct server *server = sock->server;
	bool in = status < 0 || (events & UV_READABLE), out = status < 0 || (events & UV_WRITABLE);

	loop_wake(server->source->loop);
	ares_process_fd(
		server->channel, in ? sock->fd : ARES_SOCKET_BAD, out ? sock->fd : ARES_SOCKET_BAD);
	arm(server);
}

static void on_closed(uv_handle_t *handle)
{
	mem_free(handle->data);
}

static struct socket *find_socket(struct server *server, ares_socket_t fd)
{
	struct list_node *it, *next;

	LIST_FOR_EACH(it, next, &server->sockets) {
		struct socket *sock = CONTAINER_OF(it, struct socket, node);

		if (sock->fd == fd)
			return sock;
	}
	return NULL;
}

static struct socket *add_socket(struct server *server, ares_socket_t fd)
{
	struct socket *sock = mem_zalloc(sizeof *sock);

	if (!sock)
		return NULL;
	if (uv_poll_init(loop_uv(server->source->loop), &sock->poll, fd) < 0) {
		mem_free(sock);
		return NULL;
	}
	sock->server = server;
	sock->fd = fd;
	sock->poll.data = sock;
	list_append(&server->sockets, &sock->node);
	return sock;
}

/* c-ares tells what it waits for; without memory for it, its own timer ends the wait. */
static void on_socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct server *server = arg;
	struct socket *sock = find_socket(server, fd);

	if (!sock && (readable || writable))
		sock = add_socket(server, fd);
	if (!sock)
		return;
	if (readable || writable) {
		uv_poll_start(&sock->poll,
			(readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0), on_poll);
	} else {
		list_remove(&sock->node);
		uv_close((uv_handle_t *)&sock->poll, on_closed);
	}
}

/* ---- questions --------------------------------------------------------------------------------- */

/* The first that has not been tried; those that were silent lately come last. NULL: none left. */
static struct server *next_server(struct source *source, unsigned tried)
{
	uint64_t now = loop_now(source->loop);
	struct server *best = NULL;

	for (size_t i = 0; i < source->n; i++) {
		struct server *server = &source->servers[i];

		if (tried & 1U << i)
			continue;
		if (server->dead_until <= now)
			return server;
		if (!best || server->dead_until < best->dead_until)
			best = server;
	}
	return best;
}

static void on_response(void *arg, int status, int timeouts, unsigned char *bytes, int n);

static void finish(struct asking *asking, struct dns_answer *answer)
{
	dns_question_answered(asking->question, answer);
	obj_unref(answer);
	mem_free(asking);
}

static void ask_next(struct asking *asking)
{
	static const int types[] = {ns_t_a, ns_t_aaaa, ns_t_srv, ns_t_naptr};
	struct server *server = next_server(asking->source, asking->tried);

	if (!server) {
		finish(asking, dns_answer_error(asking->err));
		return;
	}
	asking->server = server;
	asking->tried |= 1U << (server - asking->source->servers);
	/* It may call back from within; the question may be over then. */
	ares_query(
		server->channel, asking->name, ns_c_in, types[asking->type], on_response, asking);
	arm(server);
}

static void note_silent(struct asking *asking)
{
	struct server *server = asking->server;
	uint64_t now = loop_now(asking->source->loop);
	char text[ADDR_TEXT];

	asking->err = -ETIMEDOUT;
	if (server->dead_until <= now)
		log_warning("sylk.core",
			"the name server %s does not answer; the others are asked first for the "
			"next %d s (see [Server] dns_servers)",
			addr_print(&server->addr, text), DEAD_MS / 1000);
	server->dead_until = now + (uint64_t)DEAD_MS * 1000;
}

static void note_records(struct asking *asking, struct slice message)
{
	struct dns_answer *answer = NULL;

	asking->server->dead_until = 0;
	asking->err = dns_message_parse(message, asking->name, asking->type, &answer);
	if (asking->err == -EBADMSG) {
		asking->err = -EIO;
		ask_next(asking);
	} else {
		finish(asking, answer);
	}
}

static void on_response(void *arg, int status, int timeouts, unsigned char *bytes, int n)
{
	struct asking *asking = arg;

	switch (status) {
	case ARES_SUCCESS:
		note_records(asking, slice_of((char *)bytes, n > 0 ? (size_t)n : 0));
		break;
	case ARES_ENOTFOUND:
		finish(asking, dns_answer_error(-ENOENT));
		break;
	case ARES_ENODATA:
		finish(asking, dns_answer_error(-ENODATA));
		break;
	case ARES_EDESTRUCTION:
		mem_free(asking); /* the resolver is closing */
		break;
	case ARES_ETIMEOUT:
	case ARES_ECONNREFUSED:
		note_silent(asking);
		ask_next(asking);
		break;
	default:
		asking->err = status == ARES_ENOMEM ? -ENOMEM : -EIO;
		ask_next(asking);
		break;
	}
}

/* RFC 6724 has no say here: the file's order is the operator's. */
static bool answer_from_hosts(
	struct source *source, struct dns_question *question, const char *name, enum dns_type type)
{
	struct dns_record records[DNS_MAX_RECORDS] = {0};
	struct addr addrs[DNS_MAX_RECORDS];
	struct dns_answer *answer;
	bool known;
	size_t n;

	if (type != DNS_A && type != DNS_AAAA)
		return false;
	n = hosts_find(&source->hosts, name, type == DNS_A ? AF_INET : AF_INET6, addrs,
		DNS_MAX_RECORDS, &known);
	if (!known)
		return false;
	for (size_t i = 0; i < n; i++)
		records[i].addr = addrs[i];
	answer = dns_answer_new(type, records, n, 0); /* it is asked again each time */
	dns_question_answered(question, answer);
	obj_unref(answer);
	return true;
}

static int ask(void *arg, struct dns_question *question, const char *name, enum dns_type type)
{
	struct source *source = arg;
	struct asking *asking;

	if (answer_from_hosts(source, question, name, type))
		return 0;
	asking = mem_zalloc(sizeof *asking);
	if (!asking)
		return -ENOMEM;
	asking->source = source;
	asking->question = question;
	asking->name = name;
	asking->type = type;
	asking->err = -EIO;
	ask_next(asking);
	return 0;
}

/* ---- life -------------------------------------------------------------------------------------- */

static void source_close(void *arg)
{
	struct source *source = arg;

	for (size_t i = 0; i < source->n; i++) {
		struct server *server = &source->servers[i];

		timer_stop(&server->timer);
		if (server->channel)
			ares_destroy(server->channel);
	}
	hosts_free(&source->hosts);
	mem_free(source->hosts_file);
	if (source->library)
		ares_library_cleanup();
	mem_free(source);
}

static const struct dns_source_ops source_ops = {.ask = ask, .close = source_close};

int dns_server_parse(struct slice text, struct addr *server)
{
	struct slice host = text, port_text = SLICE_NONE;
	uint32_t port = DNS_PORT;
	ptrdiff_t colon;

	if (addr_parse(text, DNS_PORT, server) == 0)
		return 0;
	for (colon = (ptrdiff_t)text.n - 1; colon >= 0 && text.p[colon] != ':'; colon--)
		;
	if (colon < 0)
		return -EINVAL;
	host.n = (size_t)colon;
	port_text = slice_of(text.p + colon + 1, text.n - host.n - 1);
	if (slice_u32(port_text, UINT16_MAX, &port) < 0 || port == 0)
		return -EINVAL;
	return addr_parse(host, (uint16_t)port, server);
}

/* The system's servers, by way of a channel that is never used. */
static int read_system(struct source *source)
{
	struct ares_addr_port_node *list = NULL, *node;
	ares_channel channel;

	if (ares_init(&channel) != ARES_SUCCESS)
		return -EIO;
	if (ares_get_servers_ports(channel, &list) != ARES_SUCCESS)
		list = NULL;
	for (node = list; node && source->n < DNS_MAX_SERVERS; node = node->next) {
		struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_addr = node->addr.addr4};
		struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
		struct addr *addr = &source->servers[source->n].addr;

		memcpy(&in6.sin6_addr, &node->addr.addr6, sizeof in6.sin6_addr);
		addr_from_sockaddr(node->family == AF_INET6 ? (struct sockaddr *)&in6
							    : (struct sockaddr *)&in4,
			addr);
		addr_set_port(addr, node->udp_port ? (uint16_t)node->udp_port : DNS_PORT);
		source->n++;
	}
	ares_free_data(list);
	ares_destroy(channel);
	return source->n ? 0 : -EIO;
}

static int open_server(struct server *server, unsigned timeout_ms, int tries)
{
	struct ares_options options = {
		.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS,
		.timeout = (int)timeout_ms,
		.tries = tries,
		.ednspsz = EDNS_BYTES,
		.lookups = "b",
		.sock_state_cb = on_socket_state,
		.sock_state_cb_data = server,
	};
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ |
		   ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
	char text[ADDR_TEXT];

	timer_init(&server->timer, on_timer, server);
	list_init(&server->sockets);
	if (ares_init_options(&server->channel, &options, mask) != ARES_SUCCESS) {
		server->channel = NULL;
		return -ENOMEM;
	}
	return ares_set_servers_ports_csv(server->channel, addr_print(&server->addr, text)) ==
			       ARES_SUCCESS
		       ? 0
		       : -ENOMEM;
}

static int open_servers(struct source *source, const struct dns_servers_settings *settings)
{
	unsigned timeout = settings->timeout_ms ? settings->timeout_ms : PRESET_TIMEOUT_MS;
	int err = 0;

	for (; source->n < settings->n && source->n < DNS_MAX_SERVERS; source->n++)
		source->servers[source->n].addr = settings->servers[source->n];
	if (settings->n == 0)
		err = read_system(source);
	/* A lone server has no other that could answer in its place: more patience. */
	for (size_t i = 0; i < source->n && err == 0; i++) {
		source->servers[i].source = source;
		err = open_server(&source->servers[i], timeout, source->n > 1 ? 2 : 3);
	}
	return err;
}

int dns_servers_open(
	struct dns **dns, struct loop *loop, const struct dns_servers_settings *settings)
{
	static const struct dns_servers_settings presets;
	struct source *source = mem_zalloc(sizeof *source);
	const char *hosts_file;
	int err = -ENOMEM;

	if (!source)
		return -ENOMEM;
	if (!settings)
		settings = &presets;
	source->loop = loop;
	hosts_file = settings->hosts_file ? settings->hosts_file : "/etc/hosts";
	source->hosts_file = mem_strndup(hosts_file, strlen(hosts_file));
	hosts_init(&source->hosts, source->hosts_file);
	source->library = ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS;
	if (source->hosts_file && source->library)
		err = open_servers(source, settings);
	if (err == 0)
		err = dns_new(dns, loop_timers(loop), &source_ops, source, NULL);
	if (err < 0)
		source_close(source);
	return err;
}
