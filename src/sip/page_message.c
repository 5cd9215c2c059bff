/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MESSAGE outside calls (RFC 3428). */
#include "sip/page_message.h"

#include <errno.h>

#include "core/mem.h"
#include "sip/agent_private.h"
#include "sip/usage.h"

unsigned sip_page_message_check(const struct sip_msg *request)
{
	return request->body.n && request->content_type.n ? 0 : 400;
}

/* One of ours under way; in the agent's list, which owns it. */
struct sending {
	struct sip_usage usage;
	struct sip_agent *agent;
	struct sip_uac *uac; /* ours */
	sip_page_message_done_fn *done;
	void *arg;
};

static void leave(struct sending *s)
{
	sip_usage_remove(s->agent, &s->usage);
	obj_unref(s->uac);
	mem_free(s);
}

static void on_done(struct sip_uac *uac, unsigned status, const struct sip_msg *response, void *arg)
{
	struct sending *s = arg;
	sip_page_message_done_fn *done = s->done;
	void *done_arg = s->arg;

	leave(s);
	if (done)
		done(status, done_arg);
}

static const struct sip_uac_handlers uac_handlers = {.done = on_done};

/* It ends by itself. */
static void end_usage(struct sip_usage *usage)
{
}

static void forget(struct sip_usage *usage)
{
	struct sending *s = CONTAINER_OF(usage, struct sending, usage);

	sip_uac_abandon(s->uac);
	leave(s);
}

int sip_page_message_send(struct sip_agent *agent, const struct sip_page_message *message,
	sip_page_message_done_fn *done, void *arg)
{
	/* RFC 3428 section 4: no Contact. */
	struct sip_uac_params params = {.method = SIP_MESSAGE,
		.uri = message->uri,
		.from = message->from,
		.to = message->to,
		.extra = message->extra,
		.body = message->body,
		.credentials = message->credentials};
	struct sending *s = mem_zalloc(sizeof *s);
	int err = -ENOMEM;

	if (!s)
		return err;
	*s = (struct sending){{.end = end_usage, .forget = forget}, agent, NULL, done, arg};
	list_init(&s->usage.node);
	err = sip_usage_add(agent, &s->usage);
	if (err < 0) {
		mem_free(s);
		return err;
	}
	err = sip_uac_start(&s->uac, agent, &params, &uac_handlers, s);
	if (err < 0)
		leave(s);
	return err;
}
