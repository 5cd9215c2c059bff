/* SPDX-License-Identifier: GPL-3.0-or-later */
/* REFER that came in (RFC 3515, 4488, 4538, 3892). */
#include "sip/refer.h"

#include <errno.h>
#include <stdio.h>

#include "core/mem.h"
#include "sip/agent_private.h"
#include "sip/dialog_private.h"
#include "sip/invite_private.h"
#include "sip/notifier_private.h"
#include "sip/server_transaction.h"

enum {
	PRESET_EXPIRES = 180, /* upstream's */
	MAX_EXPIRES = 600,
	MAX_PHRASE = 256,
};

struct sip_refer {
	struct sip_agent *agent; /* NULL once it is neither to be answered nor told of */
	const struct sip_refer_handlers *handlers;
	void *arg;
	struct sip_server_transaction *txn; /* a reference, until answered */
	struct sip_notifier *notifier;      /* ours; NULL: nobody listens */
	struct sip_msg *request;            /* ours */
	struct sip_name_addr to;            /* points into it */
	enum sip_method method;
	bool knows_dialog;
};

static void destroy(void *obj)
{
	struct sip_refer *r = obj;

	r->handlers = NULL;
	sip_refer_reject(r, 500, SLICE_NONE);
	sip_refer_finish(r, 500, SLICE_NONE);
	obj_unref(r->request);
}

/* ---- reading ----------------------------------------------------------------------------------- */

/* 2.4.2: exactly one. Returns 0 or -EINVAL. */
static int read_refer_to(const struct sip_msg *request, struct sip_name_addr *to)
{
	struct sip_element_walk walk = {0};
	struct slice element;

	if (!sip_msg_element(request, SIP_HDR_REFER_TO, &walk, &element) ||
		sip_name_addr_parse(element, to) < 0 || to->star)
		return -EINVAL;
	return sip_msg_element(request, SIP_HDR_REFER_TO, &walk, &element) ? -EINVAL : 0;
}

unsigned sip_refer_check(const struct sip_msg *request)
{
	struct sip_name_addr to;

	return read_refer_to(request, &to) < 0 ? 400 : 0;
}

/* Methods are compared with case, but people write "bye". */
static enum sip_method method_of(struct slice name)
{
	for (unsigned i = 0; i < SIP_OTHER; i++) {
		if (slice_eq_nocase(name, slice_str(sip_method_name((enum sip_method)i))))
			return (enum sip_method)i;
	}
	return SIP_OTHER;
}

static enum sip_method read_method(const struct sip_name_addr *to)
{
	struct slice method;

	if (uri_is_sip(&to->uri) && uri_param(&to->uri, "method", &method))
		return method_of(method);
	if (sip_param(to->params, "method", &method))
		return method_of(method);
	return SIP_INVITE;
}

static bool knows_dialog(struct sip_agent *agent, const struct sip_msg *request)
{
	const struct sip_header *h = sip_msg_header(request, SIP_HDR_TARGET_DIALOG);
	struct sip_dialog_ref ref;

	/* RFC 4538 section 7: local and remote as seen by who sent it. */
	return h && sip_dialog_ref_parse(h->value, &ref) == 0 &&
	       sip_key_find(&agent->dialogs,
		       sip_key_dialog(ref.call_id, ref.to_tag, ref.from_tag)) != NULL;
}

int sip_refer_take(
	struct sip_refer **refer, struct sip_agent *agent, struct sip_server_transaction *txn)
{
	const struct sip_msg *request = sip_server_transaction_request(txn);
	struct sip_refer *r = obj_new(sizeof *r, destroy);
	int err = -ENOMEM;

	if (!r)
		return err;
	r->request = sip_msg_keep(request);
	if (!r->request)
		goto out;
	err = read_refer_to(r->request, &r->to);
	if (err < 0)
		goto out;
	r->method = read_method(&r->to);
	r->knows_dialog = knows_dialog(agent, request);
	r->agent = agent;
	r->txn = obj_ref(txn);
	*refer = obj_ref(r);
out:
	obj_unref(r);
	return err;
}

/* ---- the subscription -------------------------------------------------------------------------- */

static void on_ended(struct sip_notifier *notifier, unsigned status, void *arg)
{
	struct sip_refer *r = obj_ref(arg);
	const struct sip_refer_handlers *handlers = r->handlers;

	r->notifier = obj_unref(r->notifier);
	r->handlers = NULL;
	if (handlers && handlers->ended)
		handlers->ended(r, r->arg);
	obj_unref(r);
}

static const struct sip_notifier_handlers notifier_handlers = {.ended = on_ended};

/* 2.4.5: at least the status line. */
static void write_frag(unsigned status, struct slice phrase, struct buf *out)
{
	buf_printf(out, "SIP/2.0 %u ", status);
	if (phrase.n == 0 || phrase.n > MAX_PHRASE || slice_find(phrase, '\r') >= 0 ||
		slice_find(phrase, '\n') >= 0)
		phrase = slice_str(sip_reason_phrase(status));
	buf_slice(out, phrase);
	buf_str(out, "\r\n");
}

static bool wants_no_subscription(const struct sip_msg *request)
{
	struct sip_word_params parts;
	const struct sip_header *h = sip_msg_header(request, SIP_HDR_REFER_SUB);

	return h && sip_word_params_parse(h->value, &parts) == 0 &&
	       slice_eq_nocase(parts.word, SLICE("false"));
}

/* 202; the request's transaction is done with then. */
static int answer(struct sip_refer *r, const struct sip_dialog *dialog, bool no_subscription)
{
	struct sip_flow *flow = sip_server_transaction_flow(r->txn);
	struct buf *out = sip_server_transaction_begin(r->txn, 202, NULL);
	int err;

	if (!out)
		return -ENOMEM;
	if (dialog)
		sip_dialog_write_contact(dialog, out, flow, SLICE_NONE, false);
	else
		sip_write_contact(out, flow, r->request->uri.scheme == URI_SIPS, SLICE_NONE, false);
	if (no_subscription)
		sip_write_header_str(out, SIP_HDR_REFER_SUB, "false"); /* RFC 4488 section 4 */
	err = sip_server_transaction_send(r->txn, 202, SLICE_NONE, SLICE_NONE);
	if (err == 0)
		r->txn = obj_unref(r->txn);
	return err;
}

/* Make the subscription, in a call's dialog or (dialog NULL) one of its own. */
static int subscribe(struct sip_refer *r, struct sip_dialog *dialog, uint32_t expires)
{
	static const struct sip_notifier_params params = {
		.max_expires = MAX_EXPIRES, .default_expires = PRESET_EXPIRES};
	struct sip_notifier_start start = {.event = {.package = SLICE("refer")},
		.expires = expires ? expires : PRESET_EXPIRES,
		.dialog = obj_ref(dialog),
		.guest = dialog != NULL};
	char id[16];
	int err = sip_server_transaction_request(r->txn) ? 0 : -ETIMEDOUT;

	/* 2.4.6: from the second in a dialog on they are told apart by CSeq. */
	if (dialog && dialog->referred) {
		snprintf(id, sizeof id, "%u", r->request->cseq.number);
		start.event.id = slice_str(id);
	}
	if (err == 0 && !dialog)
		err = sip_dialog_new_server(
			&start.dialog, r->agent, r->txn, &sip_notifier_dialog_handlers, NULL);
	if (err == 0)
		err = sip_notifier_start(
			&r->notifier, r->agent, &start, &params, &notifier_handlers, r);
	if (err == 0 && !dialog)
		start.dialog->arg = r->notifier;
	if (err < 0 && !dialog && start.dialog)
		sip_dialog_close(start.dialog);
	obj_unref(start.dialog);
	return err;
}

static int accept_in(struct sip_refer *r, struct sip_dialog *dialog, uint32_t expires)
{
	bool no_subscription = wants_no_subscription(r->request);
	int err = no_subscription ? 0 : subscribe(r, dialog, expires);

	if (err == 0)
		err = answer(r,
			dialog        ? dialog
			: r->notifier ? r->notifier->dialog
				      : NULL,
			no_subscription);
	if (err == 0) {
		if (dialog)
			dialog->referred = true;
		if (r->notifier)
			err = sip_refer_notify(r, 100, SLICE_NONE);
		if (err == 0)
			return 0;
	}
	if (r->notifier)
		sip_notifier_drop(r->notifier);
	r->notifier = obj_unref(r->notifier);
	sip_refer_reject(r, err == -EBADMSG ? 400 : err == -EMFILE ? 503 : 500, SLICE_NONE);
	return err;
}

int sip_refer_accept(struct sip_refer *refer, uint32_t expires)
{
	return refer->txn ? accept_in(refer, NULL, expires) : -EINVAL;
}

void sip_refer_reject(struct sip_refer *refer, unsigned status, struct slice lines)
{
	if (refer->txn)
		sip_server_transaction_reply(refer->txn, status, lines, SLICE_NONE, SLICE_NONE);
	refer->txn = obj_unref(refer->txn);
}

int sip_refer_notify(struct sip_refer *refer, unsigned status, struct slice phrase)
{
	struct sip_body body = {.type = SLICE("message/sipfrag;version=2.0")};
	struct buf frag;
	int err;

	if (!refer->notifier)
		return 0;
	buf_init(&frag, 1024);
	write_frag(status, phrase, &frag);
	body.data = buf_view(&frag);
	err = frag.err ? frag.err : sip_notifier_notify(refer->notifier, &body);
	buf_free(&frag);
	return err;
}

void sip_refer_finish(struct sip_refer *refer, unsigned status, struct slice phrase)
{
	struct sip_body body = {.type = SLICE("message/sipfrag;version=2.0")};
	struct buf frag;

	if (!refer->notifier)
		return;
	buf_init(&frag, 1024);
	write_frag(status, phrase, &frag);
	body.data = buf_view(&frag);
	sip_notifier_end(
		refer->notifier, SIP_REASON_NORESOURCE, -1, frag.err ? NULL : &body); /* 2.4.7 */
	buf_free(&frag);
	refer->notifier = obj_unref(refer->notifier);
	refer->handlers = NULL;
}

/* ---- in a call --------------------------------------------------------------------------------- */

static void reply(struct sip_server_transaction *txn, unsigned status)
{
	sip_server_transaction_reply(txn, status, SLICE_NONE, SLICE_NONE, SLICE_NONE);
}

void sip_refer_in_call(struct sip_agent *agent, struct sip_dialog *dialog,
	struct sip_server_transaction *txn, const struct sip_msg *request)
{
	unsigned status = sip_refer_check(request);
	struct sip_invite *invite = dialog->arg;
	struct sip_refer *r = NULL;

	if (status) {
		reply(txn, status);
		return;
	}
	if (!list_empty(&dialog->guests)) {
		reply(txn, 480); /* one at a time */
		return;
	}
	if (sip_refer_take(&r, agent, txn) < 0) {
		reply(txn, 500);
		return;
	}
	if (accept_in(r, dialog, 0) == 0 &&
		!(agent->handlers.refer && agent->handlers.refer(r, invite, agent->arg)))
		sip_refer_finish(r, 500, SLICE_NONE);
	obj_unref(r);
}

/* ---- accessors --------------------------------------------------------------------------------- */

void sip_refer_set_handlers(
	struct sip_refer *refer, const struct sip_refer_handlers *handlers, void *arg)
{
	refer->handlers = handlers;
	refer->arg = arg;
}

const struct sip_msg *sip_refer_request(const struct sip_refer *refer)
{
	return refer->request;
}

const struct sip_name_addr *sip_refer_to(const struct sip_refer *refer)
{
	return &refer->to;
}

enum sip_method sip_refer_method(const struct sip_refer *refer)
{
	return refer->method;
}

struct slice sip_refer_by(const struct sip_refer *refer)
{
	return sip_msg_value(refer->request, SIP_HDR_REFERRED_BY);
}

bool sip_refer_knows_dialog(const struct sip_refer *refer)
{
	return refer->knows_dialog;
}
