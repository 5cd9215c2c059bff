/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Publication (RFC 3903 section 4, table 1). */
#include "sip/publish.h"

#include <errno.h>

#include "core/mem.h"
#include "core/timer.h"
#include "sip/agent_private.h"
#include "sip/event.h"
#include "sip/usage.h"

/* In the agent's list, with a reference of it, until it is gone. */
struct sip_publication {
	struct sip_usage usage;
	struct sip_agent *agent; /* NULL: gone */
	const struct sip_publication_handlers *handlers;
	void *arg;
	char *uri, *from, *event, *route, *extra;
	const struct sip_credentials *credentials;
	uint32_t expires;

	char *type, *data; /* the state, ours */
	size_t n_data;
	char *etag;              /* NULL: not published */
	struct sip_uac *request; /* under way, ours */
	bool unsent;             /* the state is newer than what was sent */
	bool removing;           /* as soon as nothing else is under way */
	bool removal;            /* what is under way is that */
	struct timer refresh;
	uint64_t expires_at; /* microseconds */
};

static void send_publish(struct sip_publication *p);

static void destroy(void *obj)
{
	struct sip_publication *p = obj;

	mem_free(p->uri);
	mem_free(p->from);
	mem_free(p->event);
	mem_free(p->route);
	mem_free(p->extra);
	mem_free(p->type);
	mem_free(p->data);
	mem_free(p->etag);
}

static void leave(struct sip_publication *p)
{
	struct sip_agent *agent = p->agent;

	if (!agent)
		return;
	p->agent = NULL;
	timer_stop(&p->refresh);
	if (p->request)
		sip_uac_abandon(p->request);
	p->request = obj_unref(p->request);
	sip_usage_remove(agent, &p->usage);
	obj_unref(p); /* the list's */
}

static void conclude(struct sip_publication *p, unsigned status, int64_t retry_ms)
{
	const struct sip_publication_handlers *handlers = p->handlers;

	obj_ref(p);
	p->handlers = NULL;
	leave(p);
	if (handlers && handlers->ended)
		handlers->ended(p, status, retry_ms, p->arg);
	obj_unref(p);
}

static void forget(struct sip_usage *usage)
{
	struct sip_publication *p = CONTAINER_OF(usage, struct sip_publication, usage);

	p->handlers = NULL;
	leave(p);
}

static void end_usage(struct sip_usage *usage)
{
	struct sip_publication *p = CONTAINER_OF(usage, struct sip_publication, usage);
	const struct sip_publication_handlers *handlers = p->handlers;

	obj_ref(p);
	sip_publication_remove(p);
	if (handlers && handlers->ended)
		handlers->ended(p, 503, -1, p->arg);
	obj_unref(p);
}

/* ---- responses --------------------------------------------------------------------------------- */

static int64_t retry_ms(const struct sip_msg *response)
{
	uint32_t seconds = response ? sip_expires_read(response, SIP_HDR_RETRY_AFTER, 0) : 0;

	return seconds ? (int64_t)seconds * 1000 : -1;
}

static void set_etag(struct sip_publication *p, struct slice etag)
{
	mem_free(p->etag);
	p->etag = etag.n ? slice_dup(etag) : NULL;
}

/* A minute before it is over, or half way when that is less than two (section 4.1.4). */
static void start_refresh(struct sip_publication *p, uint32_t seconds)
{
	uint64_t us = (uint64_t)seconds * 1000000;

	p->expires_at = p->agent->timers->now + us;
	timer_start_us(
		&p->refresh, p->agent->timers, seconds > 120 ? us - 60 * 1000000ULL : us / 2);
}

static void on_accepted(struct sip_publication *p, const struct sip_msg *response)
{
	uint32_t expires = sip_expires_read(response, SIP_HDR_EXPIRES, p->expires);

	if (p->removal) {
		leave(p);
		return;
	}
	set_etag(p, sip_msg_value(response, SIP_HDR_SIP_ETAG));
	if (!p->etag) {
		conclude(p, 500, -1); /* 200 without SIP-ETag, or no memory: nothing to refer to */
		return;
	}
	start_refresh(p, expires && expires < p->expires ? expires : p->expires);
	if (p->removing || p->unsent)
		send_publish(p);
	else if (p->handlers && p->handlers->published)
		p->handlers->published(p, p->arg);
}

static void on_refused(struct sip_publication *p, unsigned status, const struct sip_msg *response)
{
	uint32_t least = response ? sip_expires_read(response, SIP_HDR_MIN_EXPIRES, 0) : 0;

	if (p->removing) {
		leave(p);
	} else if (status == 412 && p->etag) {
		set_etag(p, SLICE_NONE); /* 4.1.3: as if for the first time */
		send_publish(p);
	} else if (status == 423 && least > p->expires) {
		p->expires = least;
		p->unsent = true;
		send_publish(p);
	} else {
		conclude(p, status, retry_ms(response));
	}
}

static void on_done(struct sip_uac *uac, unsigned status, const struct sip_msg *response, void *arg)
{
	struct sip_publication *p = obj_ref(arg);

	p->request = obj_unref(p->request);
	if (status >= 200 && status < 300 && response)
		on_accepted(p, response);
	else
		on_refused(p, status, response);
	obj_unref(p);
}

static const struct sip_uac_handlers uac_handlers = {.done = on_done};

/* ---- requests ---------------------------------------------------------------------------------- */

static void write_lines(const struct sip_publication *p, struct buf *lines)
{
	buf_printf(lines, "Event: %s\r\nExpires: %u\r\n", p->event, p->removing ? 0 : p->expires);
	if (p->etag)
		buf_printf(lines, "SIP-If-Match: %s\r\n", p->etag);
	buf_str(lines, p->extra);
}

static int try_to_send(struct sip_publication *p)
{
	/* Table 1: a refresh and a removal have no body. */
	bool body = !p->removing && (p->unsent || !p->etag);
	struct sip_uac_params params = {.method = SIP_PUBLISH,
		.uri = slice_str(p->uri),
		.from = slice_str(p->from),
		.route = slice_str(p->route),
		.credentials = p->credentials};
	struct buf lines, to;
	int err;

	if (body)
		params.body = (struct sip_body){slice_str(p->type), slice_of(p->data, p->n_data)};
	buf_init(&lines, SIP_MAX_MESSAGE);
	buf_init(&to, SIP_MAX_MESSAGE);
	write_lines(p, &lines);
	buf_printf(&to, "<%s>", p->uri);
	params.extra = buf_view(&lines);
	params.to = buf_view(&to);
	err = lines.err ? lines.err : to.err;
	if (!err)
		err = sip_uac_start(&p->request, p->agent, &params, &uac_handlers, p);
	buf_free(&to);
	buf_free(&lines);
	return err;
}

/* One that cannot be sent is tried again when the refresh is due, or ends it. */
static void send_publish(struct sip_publication *p)
{
	if (p->request)
		return;
	timer_stop(&p->refresh);
	if (try_to_send(p) < 0) {
		timer_start_ms(&p->refresh, p->agent->timers, 0);
		p->expires_at = 0;
		return;
	}
	p->unsent = false;
	p->removal = p->removing;
}

static void on_refresh(void *arg)
{
	struct sip_publication *p = arg;

	if (p->expires_at == 0 && !p->request)
		conclude(p, 500, -1);
	else
		send_publish(p);
}

static int keep_state(struct sip_publication *p, const struct sip_body *state)
{
	char *type = slice_dup(state->type), *data = slice_dup(state->data);

	if (!type || !data) {
		mem_free(type);
		mem_free(data);
		return -ENOMEM;
	}
	mem_free(p->type);
	mem_free(p->data);
	p->type = type;
	p->data = data;
	p->n_data = state->data.n;
	p->unsent = true;
	return 0;
}

static int keep_texts(struct sip_publication *p, const struct sip_publication_params *params)
{
	struct slice parts[] = {
		params->uri, params->from, params->event, params->route, params->extra};
	char **copies[] = {&p->uri, &p->from, &p->event, &p->route, &p->extra};

	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		*copies[i] = slice_dup(parts[i]);
		if (!*copies[i])
			return -ENOMEM;
	}
	return 0;
}

int sip_publication_start(struct sip_publication **publication, struct sip_agent *agent,
	const struct sip_publication_params *params, const struct sip_body *state,
	const struct sip_publication_handlers *handlers, void *arg)
{
	struct sip_publication *p = obj_new(sizeof *p, destroy);
	int err = -ENOMEM;

	if (!p)
		return err;
	list_init(&p->usage.node);
	p->usage.end = end_usage;
	p->usage.forget = forget;
	timer_init(&p->refresh, on_refresh, p);
	p->expires = params->expires;
	p->credentials = params->credentials;
	err = keep_texts(p, params);
	if (err == 0)
		err = keep_state(p, state);
	if (err == 0)
		err = sip_usage_add(agent, &p->usage);
	if (err < 0)
		goto out;
	obj_ref(p); /* the list's */
	p->agent = agent;
	err = try_to_send(p);
	if (err < 0) {
		leave(p);
		goto out;
	}
	p->unsent = false;
	p->handlers = handlers;
	p->arg = arg;
	*publication = obj_ref(p);
out:
	obj_unref(p);
	return err;
}

int sip_publication_modify(struct sip_publication *publication, const struct sip_body *state)
{
	int err;

	if (!publication->agent || publication->removing)
		return -ENOTCONN;
	err = keep_state(publication, state);
	if (err == 0)
		send_publish(publication);
	return err;
}

void sip_publication_remove(struct sip_publication *publication)
{
	struct sip_publication *p = publication;

	p->handlers = NULL;
	if (!p->agent || p->removing)
		return;
	p->removing = true;
	/* What is under way is taken back when it has been answered. */
	if (!p->request && !p->etag)
		leave(p);
	else
		send_publish(p);
}
