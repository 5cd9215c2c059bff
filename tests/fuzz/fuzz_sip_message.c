/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SIP messages: whatever comes in, slices stay inside it, the stream's cut does not matter, a kept
 * copy says the same, and what is answerable can be answered.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "sip/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool fact)
{
	if (!fact)
		abort();
}

static void inside(struct slice in, struct slice s)
{
	demand(s.n == 0 || (s.p >= in.p && s.p + s.n <= in.p + in.n));
}

static void address_inside(struct slice in, const struct sip_name_addr *a)
{
	inside(in, a->display);
	inside(in, a->uri_text);
	inside(in, a->uri.user);
	inside(in, a->uri.host);
	inside(in, a->uri.params);
	inside(in, a->params);
	inside(in, a->tag);
}

static void message_inside(struct slice in, const struct sip_msg *msg)
{
	inside(in, msg->method_name);
	inside(in, msg->uri_text);
	inside(in, msg->reason);
	inside(in, msg->via.transport);
	inside(in, msg->via.host);
	inside(in, msg->via.params);
	inside(in, msg->via.branch);
	inside(in, msg->via.received);
	inside(in, msg->via.maddr);
	address_inside(in, &msg->from);
	address_inside(in, &msg->to);
	inside(in, msg->call_id);
	inside(in, msg->cseq.method_name);
	inside(in, msg->content_type);
	inside(in, msg->body);
	inside(in, msg->raw);
	demand(msg->n_headers <= SIP_MAX_HEADERS);
	for (unsigned i = 0; i < msg->n_headers; i++) {
		inside(msg->raw, msg->headers[i].name);
		inside(msg->raw, msg->headers[i].value);
		demand(msg->headers[i].id < SIP_HDR_COUNT);
	}
}

/* Every reader of values over every value, whatever header it stands in. */
static void read_values(const struct sip_msg *msg)
{
	struct sip_session_expires expires;
	struct sip_word_params word;
	struct sip_dialog_ref ref;
	struct sip_name_addr addr;
	struct sip_cseq cseq;
	struct sip_auth auth;
	struct sip_rack rack;
	struct sip_via via;
	uint32_t number;

	for (unsigned i = 0; i < msg->n_headers; i++) {
		struct slice element, value = msg->headers[i].value, rest = value;

		while (sip_list_next(&rest, &element)) {
			inside(value, element);
			if (sip_name_addr_parse(element, &addr) == 0)
				address_inside(element, &addr);
			if (sip_via_parse(element, &via) == 0)
				demand(via.host.n > 0 && via.transport.n > 0);
		}
		sip_session_expires_parse(value, &expires);
		sip_word_params_parse(value, &word);
		sip_dialog_ref_parse(value, &ref);
		sip_cseq_parse(value, &cseq);
		sip_rack_parse(value, &rack);
		sip_number_parse(value, &number);
		if (sip_auth_parse(value, &auth) == 0 && sip_auth_param(&auth, "nonce", &element))
			inside(value, element);
		sip_msg_has_token(msg, msg->headers[i].id, "timer");
	}
}

static void keep_says_the_same(const struct sip_msg *msg)
{
	struct sip_msg *kept = sip_msg_keep(msg);

	demand(kept && kept->n_headers == msg->n_headers);
	message_inside(kept->raw, kept);
	demand(slice_eq(kept->raw, msg->raw) && slice_eq(kept->body, msg->body));
	demand(slice_eq(kept->from.tag, msg->from.tag) && slice_eq(kept->to.tag, msg->to.tag));
	demand(slice_eq(kept->via.branch, msg->via.branch));
	for (unsigned i = 0; i < msg->n_headers; i++) {
		demand(slice_eq(kept->headers[i].name, msg->headers[i].name));
		demand(slice_eq(kept->headers[i].value, msg->headers[i].value));
	}
	obj_unref(kept);
}

/* The answer to a well-formed request is well-formed; that to a malformed one carries the same. */
static void answer(struct sip_msg *request)
{
	bool well_formed = !request->error;
	struct sip_msg response;
	size_t consumed;
	struct buf out;
	int err;

	buf_init(&out, 4 * SIP_MAX_MESSAGE);
	demand(addr_parse(SLICE("192.0.2.7"), 5099, &request->source) == 0);
	sip_write_response(&out, request, well_formed ? 200 : request->error_status, NULL, "mine");
	sip_write_end(&out, SLICE("a/b"), SLICE("body"));
	demand(out.err == 0);
	err = sip_msg_parse(buf_view(&out), true, &response, &consumed);
	/* One list of Vias becomes two lines, which may be one more than a message may have. */
	if (well_formed && request->n_headers < SIP_MAX_HEADERS - 4) {
		demand(err == 0 && consumed == out.n);
		demand(slice_eq(response.via.branch, request->via.branch));
		demand(slice_eq(response.from.tag, request->from.tag));
		demand(response.to.tag.n > 0 && response.cseq.number == request->cseq.number);
		demand(slice_eq(response.body, SLICE("body")));
	}
	demand(err == 0 || err == -EBADMSG);
	buf_free(&out);
}

/* What is seen at a glance is what parsing finds, and can be answered. */
static void glance(struct slice in, const struct sip_msg *parsed)
{
	static const enum sip_header_id ids[] = {
		SIP_HDR_FROM, SIP_HDR_TO, SIP_HDR_CALL_ID, SIP_HDR_CSEQ, SIP_HDR_VIA};
	struct sip_msg msg;
	struct buf out;

	if (!sip_msg_glance(in, &msg))
		return;
	message_inside(in, &msg);
	buf_init(&out, 4 * SIP_MAX_MESSAGE);
	demand(addr_parse(SLICE("192.0.2.7"), 5099, &msg.source) == 0);
	sip_write_response(&out, &msg, 503, NULL, "mine");
	demand(out.err == 0);
	buf_free(&out);
	if (parsed->error)
		return;
	demand(parsed->is_request && msg.method == parsed->method);
	demand(slice_eq(msg.via.branch, parsed->via.branch));
	demand(slice_eq(msg.to.tag, parsed->to.tag));
	for (unsigned i = 0; i < sizeof ids / sizeof ids[0]; i++)
		demand(slice_eq(sip_msg_value(&msg, ids[i]), sip_msg_value(parsed, ids[i])));
}

/* The same bytes in two pieces give what they give in one. */
static void cut_stream(struct slice in, size_t cut)
{
	struct sip_framer framer = {0};
	struct sip_msg msg, whole;
	size_t dropped = 0, consumed, expected;
	int err, expected_err;

	expected_err = sip_msg_parse(in, true, &whole, &expected);
	err = sip_framer_next(&framer, slice_of(in.p, cut), SIP_MAX_MESSAGE, &msg, &consumed);
	if (err == -EAGAIN) {
		dropped = consumed;
		err = sip_framer_next(&framer, slice_of(in.p + dropped, in.n - dropped),
			SIP_MAX_MESSAGE, &msg, &consumed);
	}
	demand(err == expected_err);
	if (err != -EAGAIN)
		demand(expected == (consumed ? consumed + dropped : 0));
	if (err == 0) {
		message_inside(in, &msg);
		demand(slice_eq(msg.raw, whole.raw) && msg.n_headers == whole.n_headers);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = {(const char *)data, size};
	struct sip_msg msg;
	size_t consumed;
	int err;

	err = sip_msg_parse(in, false, &msg, &consumed);
	demand(consumed <= size);
	if (err == -ENODATA)
		return 0;
	demand((err == 0) == (msg.error == NULL));
	message_inside(in, &msg);
	glance(in, &msg);
	read_values(&msg);
	keep_says_the_same(&msg);
	if (msg.answerable)
		answer(&msg);
	if (err == 0)
		sip_msg_check(&msg);
	if (size > 1)
		cut_stream(in, data[size - 1] * size / 256);
	return 0;
}
