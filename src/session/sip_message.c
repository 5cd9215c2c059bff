/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SIP messages: the adapter between MESSAGE (RFC 3428) and messages. */
#include <errno.h>

#include "core/log.h"
#include "core/mem.h"
#include "msrp/imdn.h"
#include "session/sip_requests.h"
#include "sip/message.h"
#include "sip/page_message.h"
#include "sip/server_transaction.h"

#define LOG_NAME "sylk.core"

struct sip_message {
	struct message base;
	struct sip_request_context *context;
	struct sip_server_transaction *txn; /* a reference, until answered */
	struct sip_msg *request;            /* ours; the base's slices point into it */
};

static struct sip_message *sip_message_of(struct message *message)
{
	return CONTAINER_OF(message, struct sip_message, base);
}

static void destroy(void *obj)
{
	struct sip_message *m = obj;

	message_answer(&m->base, 500);
	parties_free(&m->base.parties);
	obj_unref(m->request);
}

static void sip_answer(struct message *message, unsigned status)
{
	struct sip_message *m = sip_message_of(message);

	sip_request_refuse(m->txn, SIP_MESSAGE, status);
	m->txn = obj_unref(m->txn);
}

static void on_sent(unsigned status, void *arg)
{
	if (status >= 300)
		log_info(LOG_NAME, "A message of ours was not taken: %u", status);
}

/* From and To are swapped; it goes where From leads, as nobody registers with us. */
static int sip_reply(struct message *message, struct slice type, struct slice body)
{
	struct sip_message *m = sip_message_of(message);
	struct sip_page_message reply = {
		.uri = m->request->from.uri_text,
		/* What is said of machines' mail (RFC 3834 5) keeps two of them from talking. */
		.extra = SLICE("X-Sylk-To-Sip: yes\r\nAuto-Submitted: auto-replied\r\n"),
		.body = {type, body},
	};
	struct buf from, to;
	int err;

	buf_init(&from, SIP_MAX_MESSAGE);
	buf_init(&to, SIP_MAX_MESSAGE);
	buf_printf(&from, "<%.*s>", SLICE_ARG(m->request->to.uri_text));
	buf_printf(&to, "<%.*s>", SLICE_ARG(m->request->from.uri_text));
	reply.from = buf_view(&from);
	reply.to = buf_view(&to);
	err = from.err ? from.err : to.err;
	if (err == 0)
		err = sip_page_message_send(m->context->agent, &reply, on_sent, NULL);
	buf_free(&to);
	buf_free(&from);
	return err;
}

static const struct message_signalling sip_signalling = {.answer = sip_answer, .reply = sip_reply};

/* RFC 3834 section 5, which mail has and SIP can use: anything but "no" is a machine's. */
static bool is_automatic(const struct sip_msg *request)
{
	const struct sip_header *h = sip_msg_header_named(request, "Auto-Submitted", NULL);

	return h && !slice_eq_nocase(h->value, SLICE("no"));
}

/* Unwrap CPIM. Returns 0 or -EBADMSG. */
static int read_content(struct sip_message *m)
{
	struct message *base = &m->base;
	struct sip_word_params type;
	struct cpim_message *cpim;
	int err;

	base->type = m->request->content_type;
	base->body = m->request->body;
	if (sip_word_params_parse(base->type, &type) < 0)
		return -EBADMSG;
	if (!slice_eq_nocase(type.word, SLICE("message/cpim")))
		return 0;
	cpim = mem_zalloc(sizeof *cpim);
	if (!cpim)
		return -ENOMEM;
	err = cpim_parse(base->body, cpim);
	if (err == 0) {
		base->type = cpim->content_type;
		base->body = cpim->body;
		base->date_time = cpim->date_time;
		base->wants_delivery = imdn_wants_delivery(cpim, &base->id);
	}
	mem_free(cpim);
	return err;
}

static struct sip_message *sip_message_new(struct sip_request_context *context,
	struct sip_server_transaction *txn, const struct sip_msg *request)
{
	struct sip_message *m = obj_new(sizeof *m, destroy);

	if (!m)
		return NULL;
	m->base.signalling = &sip_signalling;
	m->base.answered = true; /* until it is handed out, by us */
	m->context = context;
	m->base.automatic = is_automatic(request);
	m->request = sip_msg_keep(request);
	if (!m->request || sip_request_parties(context, request, &m->base.parties) < 0)
		return obj_unref(m);
	return m;
}

void sip_message_incoming(struct sip_request_context *context, struct sip_server_transaction *txn,
	const struct sip_msg *request)
{
	unsigned status = sip_page_message_check(request);
	struct sip_message *m;
	int err;

	if (status) {
		sip_request_refuse(txn, SIP_MESSAGE, status);
		return;
	}
	m = sip_message_new(context, txn, request);
	err = m ? read_content(m) : -ENOMEM;
	if (err < 0) {
		obj_unref(m);
		sip_request_refuse(txn, SIP_MESSAGE, err == -ENOMEM ? 500 : 400);
		return;
	}
	m->base.answered = false;
	m->txn = obj_ref(txn);
	context->message(&m->base, context->arg);
	obj_unref(m);
}

/* ---- messages of ours -------------------------------------------------------------------------- */

int sip_message_start(
	void *context, const struct outgoing_message *message, outgoing_sent_fn *sent, void *arg)
{
	const struct sip_request_context *c = context;
	struct sip_page_message page = {
		.extra = message->automatic ? SLICE("Auto-Submitted: auto-generated\r\n")
					    : SLICE_NONE,
		.body = {message->type, message->body},
		.credentials = c->credentials,
	};
	struct sip_addresses addresses;
	int err = sip_addresses_set(&addresses, message->from, message->to);

	page.uri = buf_view(&addresses.uri);
	page.from = buf_view(&addresses.from);
	page.to = buf_view(&addresses.to);
	if (!err)
		err = sip_page_message_send(
			c->agent, &page, sent ? sent : on_sent, sent ? arg : NULL);
	sip_addresses_free(&addresses);
	return err;
}
