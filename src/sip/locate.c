/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Locating SIP servers (RFC 3263 4), in three steps, each of which may be left out:
 *
 *     services   NAPTR: which SRV names, for which transports; without NAPTR one for each of ours
 *     hosts      SRV: which hosts and ports, in the order that priority and weight give (RFC 2782)
 *     addresses  A and AAAA of every host
 *
 * All questions of a step are asked at once. What the records mean is in locate_records.c.
 */
#include "sip/locate.h"

#include <errno.h>
#include <string.h>

#include "core/mem.h"
#include "net/dns.h"
#include "sip/agent_private.h"
#include "sip/locate_private.h"

enum {
	LIMIT_MS = 10000, /* for all of it; upstream's limit of one question */
	GRACE_MS = 1000,  /* once an address is known, the other hosts get this much longer */
	DEAD_MS = 30000,
};

enum step { STEP_START, STEP_SERVICES, STEP_HOSTS, STEP_ADDRESSES };

/* A question of the step under way. */
struct question {
	struct dns_lookup lookup;
	struct sip_locate *locate;
	struct dns_answer *answer; /* ours; NULL: not answered yet, or not asked */
	bool asked;
};

/* Frees itself after its handler, or when cancelled. */
struct sip_locate {
	struct sip_agent *agent;
	sip_located_fn *located;
	void *arg;
	struct list_node node; /* in the agent's list */
	enum step step;
	int err;       /* what is wrong with the URI, or 0 */
	bool started;  /* the questions of this step are all asked */
	unsigned open; /* questions without an answer */
	bool silent;   /* a question ended without any answer */
	struct timer timer;
	uint64_t deadline;
	enum uri_scheme scheme;
	bool has_port, has_transport;
	enum sip_transport transport; /* if the URI gives or implies it */
	uint16_t port;
	char host[DNS_MAX_NAME + 1];

	size_t n_services, n_hosts;
	struct sip_service services[SIP_LOCATE_MAX_SERVICES];
	struct sip_host hosts[SIP_LOCATE_MAX_HOSTS];
	struct question naptr;
	struct question srv[SIP_LOCATE_MAX_SERVICES];
	struct question a[SIP_LOCATE_MAX_HOSTS], aaaa[SIP_LOCATE_MAX_HOSTS];
	struct sip_target targets[SIP_LOCATE_MAX_TARGETS];
	size_t n_targets;
};

/* ---- targets ----------------------------------------------------------------------------------- */

static bool is_dead(const struct sip_agent *agent, const struct sip_target *target)
{
	for (size_t i = 0; i < SIP_DEAD_TARGETS; i++) {
		const struct sip_dead_target *dead = &agent->locator.dead[i];

		if (dead->until > agent->timers->now && dead->transport == target->transport &&
			addr_equal(&dead->addr, &target->addr))
			return true;
	}
	return false;
}

void sip_locate_failed(struct sip_agent *agent, const struct sip_target *target)
{
	struct sip_dead_target *slot = &agent->locator.dead[0];

	for (size_t i = 0; i < SIP_DEAD_TARGETS; i++) {
		struct sip_dead_target *dead = &agent->locator.dead[i];

		if (dead->transport == target->transport &&
			addr_equal(&dead->addr, &target->addr)) {
			slot = dead;
			break;
		}
		if (dead->until < slot->until)
			slot = dead;
	}
	slot->transport = target->transport;
	slot->addr = target->addr;
	slot->until = agent->timers->now + (uint64_t)DEAD_MS * 1000;
}

/* Those known to be dead come last; otherwise the order stays. */
static void sort_targets(struct sip_locate *locate)
{
	struct sip_target *targets = locate->targets;

	for (size_t i = 0, left = locate->n_targets; left > 0; left--) {
		struct sip_target dead = targets[i];

		if (!is_dead(locate->agent, &dead)) {
			i++;
			continue;
		}
		memmove(&targets[i], &targets[i + 1],
			(locate->n_targets - i - 1) * sizeof targets[0]);
		targets[locate->n_targets - 1] = dead;
	}
}

static void add_target(
	struct sip_locate *locate, enum sip_transport transport, struct addr addr, uint16_t port)
{
	struct sip_target *target = &locate->targets[locate->n_targets];

	addr_set_port(&addr, port);
	if (locate->n_targets == SIP_LOCATE_MAX_TARGETS || addr_is_any(&addr) || port == 0 ||
		!sip_agent_reaches(locate->agent, transport, addr_family(&addr)))
		return;
	for (size_t i = 0; i < locate->n_targets; i++) {
		if (locate->targets[i].transport == transport &&
			addr_equal(&locate->targets[i].addr, &addr))
			return;
	}
	target->transport = transport;
	target->addr = addr;
	memcpy(target->name, locate->host, sizeof locate->host);
	locate->n_targets++;
}

/* ---- the end ----------------------------------------------------------------------------------- */

static void drop(struct question *question)
{
	dns_lookup_cancel(&question->lookup);
	question->answer = obj_unref(question->answer);
}

static void destroy(struct sip_locate *locate)
{
	timer_stop(&locate->timer);
	list_remove(&locate->node);
	drop(&locate->naptr);
	for (size_t i = 0; i < SIP_LOCATE_MAX_SERVICES; i++)
		drop(&locate->srv[i]);
	for (size_t i = 0; i < SIP_LOCATE_MAX_HOSTS; i++) {
		drop(&locate->a[i]);
		drop(&locate->aaaa[i]);
	}
	mem_free(locate);
}

void sip_locate_cancel(struct sip_locate *locate)
{
	if (locate)
		destroy(locate);
}

static void finish(struct sip_locate *locate, int err)
{
	sort_targets(locate);
	list_remove(&locate->node); /* a handler that closes the agent does not meet it */
	timer_stop(&locate->timer);
	if (locate->n_targets > 0)
		locate->located(0, locate->targets, locate->n_targets, locate->arg);
	else
		locate->located(err < 0 ? err : -ENOENT, NULL, 0, locate->arg);
	destroy(locate);
}

/* ---- asking ------------------------------------------------------------------------------------ */

static void next_step(struct sip_locate *locate);

static void check_step(struct sip_locate *locate)
{
	if (locate->started && locate->open == 0)
		next_step(locate);
}

static void on_answer(const struct dns_answer *answer, void *arg)
{
	struct question *question = arg;
	struct sip_locate *locate = question->locate;

	question->answer = obj_ref((void *)(uintptr_t)answer);
	if (answer->err == -ETIMEDOUT || answer->err == -EIO)
		locate->silent = true;
	locate->open--;
	if (locate->step == STEP_ADDRESSES && answer->n > 0 &&
		locate->agent->timers->now + (uint64_t)GRACE_MS * 1000 < locate->deadline) {
		locate->deadline = locate->agent->timers->now + (uint64_t)GRACE_MS * 1000;
		timer_start_ms(&locate->timer, locate->agent->timers, GRACE_MS);
	}
	check_step(locate);
}

static void ask(
	struct sip_locate *locate, struct question *question, const char *name, enum dns_type type)
{
	struct dns *dns = locate->agent->locator.dns;
	int err;

	question->locate = locate;
	if (!dns)
		return;
	err = dns_lookup_start(&question->lookup, dns, slice_str(name), type, on_answer, question);
	if (err == 0)
		locate->open++;
	else if (err != -EINVAL)
		locate->silent = true;
}

/* ---- steps ------------------------------------------------------------------------------------- */

static void ask_addresses(struct sip_locate *locate)
{
	locate->step = STEP_ADDRESSES;
	for (size_t i = 0; i < locate->n_hosts; i++) {
		const struct sip_host *host = &locate->hosts[i];

		if (sip_agent_reaches(locate->agent, host->transport, AF_INET))
			ask(locate, &locate->a[i], host->name, DNS_A);
		if (sip_agent_reaches(locate->agent, host->transport, AF_INET6))
			ask(locate, &locate->aaaa[i], host->name, DNS_AAAA);
	}
}

/* No SRV, or none wanted: the host itself (4.2). */
static void use_host(struct sip_locate *locate)
{
	struct sip_host *host = &locate->hosts[0];

	host->transport = locate->transport;
	host->port = locate->has_port ? locate->port : sip_default_port(locate->transport);
	memcpy(host->name, locate->host, sizeof host->name);
	locate->n_hosts = 1;
	ask_addresses(locate);
}

static void ask_services(struct sip_locate *locate)
{
	locate->step = STEP_HOSTS;
	for (size_t i = 0; i < locate->n_services; i++)
		ask(locate, &locate->srv[i], locate->services[i].name, DNS_SRV);
}

/* Without NAPTR records: an SRV name for the transport given, or for each of ours (4.1, 4.2). */
static void make_services(struct sip_locate *locate)
{
	static const enum sip_transport order[] = {SIP_UDP, SIP_TCP, SIP_TLS};

	locate->n_services = 0;
	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
		if ((locate->has_transport || locate->scheme == URI_SIPS) &&
			order[i] != locate->transport)
			continue;
		if (!sip_agent_reaches(locate->agent, order[i], AF_UNSPEC) ||
			!sip_service_name(
				&locate->services[locate->n_services], order[i], locate->host))
			continue;
		locate->services[locate->n_services].order = locate->n_services;
		locate->n_services++;
	}
	ask_services(locate);
}

static bool usable_transport(enum sip_transport transport, void *arg)
{
	return sip_agent_reaches(arg, transport, AF_UNSPEC);
}

static void read_services(struct sip_locate *locate)
{
	const struct dns_answer *answer = locate->naptr.answer;

	if (answer)
		locate->n_services =
			sip_read_naptr(answer->records, answer->n, locate->scheme == URI_SIPS,
				usable_transport, locate->agent, locate->services);
	if (locate->n_services > 0)
		ask_services(locate);
	else
		make_services(locate);
}

/*
 * The first service that has records is taken, with all others of its order (RFC 3403 4.1: a
 * higher order is looked at only when there was nothing in a lower one).
 */
static void read_hosts(struct sip_locate *locate)
{
	bool declined = false;

	for (size_t i = 0; i < locate->n_services; i++) {
		const struct sip_service *service = &locate->services[i];
		const struct dns_answer *answer = locate->srv[i].answer;

		if (locate->n_hosts && service->order != locate->services[i - 1].order)
			break;
		if (!answer || answer->err < 0)
			continue;
		declined = true;
		locate->n_hosts += sip_read_srv(answer->records, answer->n, service->transport,
			locate->hosts + locate->n_hosts, SIP_LOCATE_MAX_HOSTS - locate->n_hosts);
	}
	if (locate->n_hosts)
		ask_addresses(locate);
	else if (!declined) /* RFC 2782: a target of "." says that there is no such service */
		use_host(locate);
	else
		locate->step = STEP_ADDRESSES;
}

static void read_addresses(struct sip_locate *locate)
{
	for (size_t i = 0; i < locate->n_hosts; i++) {
		const struct sip_host *host = &locate->hosts[i];
		const struct dns_answer *answers[] = {locate->a[i].answer, locate->aaaa[i].answer};

		for (size_t k = 0; k < 2; k++) {
			for (size_t j = 0; answers[k] && j < answers[k]->n; j++)
				add_target(locate, host->transport, answers[k]->records[j].addr,
					host->port);
		}
	}
	finish(locate, locate->silent ? -ETIMEDOUT : -ENOENT);
}

/* The step is through: the next one, until there are questions to wait for. */
static void next_step(struct sip_locate *locate)
{
	bool last = locate->step == STEP_ADDRESSES;

	locate->started = false;
	switch (locate->step) {
	case STEP_START:
		break;
	case STEP_SERVICES:
		read_services(locate);
		break;
	case STEP_HOSTS:
		read_hosts(locate);
		break;
	case STEP_ADDRESSES:
		read_addresses(locate);
		break;
	}
	if (last)
		return;
	locate->started = true;
	check_step(locate);
}

/* 4.1: what the URI alone says. */
static int begin(struct sip_locate *locate)
{
	struct addr addr;

	if (addr_parse(slice_str(locate->host), 0, &addr) == 0) {
		if (!sip_agent_reaches(locate->agent, locate->transport, addr_family(&addr)))
			return -EAFNOSUPPORT;
		add_target(locate, locate->transport, addr,
			locate->has_port ? locate->port : sip_default_port(locate->transport));
		locate->step = STEP_ADDRESSES;
		return 0;
	}
	if (locate->has_port) {
		use_host(locate);
	} else if (locate->has_transport) {
		make_services(locate);
	} else {
		locate->step = STEP_SERVICES;
		ask(locate, &locate->naptr, locate->host, DNS_NAPTR);
	}
	return 0;
}

static void on_timer(void *arg)
{
	struct sip_locate *locate = arg;

	if (locate->step != STEP_START) {
		/* Time is up: with what is known. */
		locate->silent = true;
		read_addresses(locate);
		return;
	}
	if (locate->err == 0)
		locate->err = begin(locate);
	if (locate->err < 0) {
		finish(locate, locate->err);
		return;
	}
	locate->deadline = locate->agent->timers->now + (uint64_t)LIMIT_MS * 1000;
	timer_start_ms(&locate->timer, locate->agent->timers, LIMIT_MS);
	locate->started = true;
	check_step(locate);
}

/* ---- starting ---------------------------------------------------------------------------------- */

void sip_locate_cancel_all(struct sip_agent *agent)
{
	while (!list_empty(&agent->locator.running))
		destroy(CONTAINER_OF(agent->locator.running.next, struct sip_locate, node));
}

int sip_target_flow(
	struct sip_agent *agent, const struct sip_target *target, struct sip_flow **flow)
{
	struct addr literal;
	bool named = target->name[0] && addr_parse(slice_str(target->name), 0, &literal) < 0;

	return agent->io->flow(
		agent->io_arg, target->transport, &target->addr, named ? target->name : NULL, flow);
}

int sip_flow_tcp_instead(struct sip_agent *agent, const struct sip_flow *udp, struct sip_flow **tcp)
{
	struct sip_target target = {.transport = SIP_TCP, .addr = udp->remote};

	if (!sip_agent_reaches(agent, SIP_TCP, addr_family(&target.addr)))
		return -EPROTONOSUPPORT;
	return sip_target_flow(agent, &target, tcp);
}

/* The first of our transports that may carry a request to such a URI (4.1). */
static int choose_transport(struct sip_locate *locate)
{
	enum sip_transport wanted = locate->transport;

	if (sip_agent_reaches(locate->agent, wanted, AF_UNSPEC))
		return 0;
	if (locate->has_transport || locate->scheme == URI_SIPS)
		return -EPROTONOSUPPORT;
	/* UDP is only the usual one: the server may have been told to do without. */
	if (!sip_agent_reaches(locate->agent, SIP_TCP, AF_UNSPEC))
		return -EPROTONOSUPPORT;
	locate->transport = SIP_TCP;
	return 0;
}

static int read_uri(struct sip_locate *locate, const struct uri *uri)
{
	struct slice host = uri->host, maddr, transport;
	int err;

	if (!uri_is_sip(uri))
		return -EINVAL;
	locate->scheme = uri->scheme;
	locate->port = uri->port;
	locate->has_port = uri->port != 0;
	if (uri_param(uri, "maddr", &maddr) && maddr.n)
		host = maddr; /* 4: TARGET */
	if (host.n > 1 && host.p[host.n - 1] == '.')
		host.n--;
	if (host.n == 0 || host.n > DNS_MAX_NAME)
		return -EINVAL;
	for (size_t i = 0; i < host.n; i++)
		locate->host[i] = ascii_lower(host.p[i]);
	locate->transport = uri->scheme == URI_SIPS ? SIP_TLS : SIP_UDP;
	locate->has_transport = uri_param(uri, "transport", &transport);
	if (locate->has_transport) {
		err = sip_uri_transport(uri->scheme, transport, &locate->transport);
		if (err < 0)
			return err;
	}
	return choose_transport(locate);
}

int sip_locate_start(struct sip_locate **locatep, struct sip_agent *agent, const struct uri *uri,
	bool route, sip_located_fn *located, void *arg)
{
	struct sip_locate *locate = mem_zalloc(sizeof *locate);
	struct uri proxy;

	if (!locate)
		return -ENOMEM;
	locate->agent = agent;
	locate->located = located;
	locate->arg = arg;
	list_append(&agent->locator.running, &locate->node);
	if (!route && agent->locator.proxy && uri_is_sip(uri) &&
		uri_parse(slice_str(agent->locator.proxy), &proxy) == 0) {
		if (uri->scheme == URI_SIPS) /* RFC 3261 26.2.2: TLS all the way */
			proxy.scheme = URI_SIPS;
		uri = &proxy;
	}
	locate->err = read_uri(locate, uri);
	timer_init(&locate->timer, on_timer, locate);
	timer_start_ms(&locate->timer, agent->timers, 0);
	*locatep = locate;
	return 0;
}
