/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The first part of a response, copied from its request (RFC 3261 8.2.6, 18.2.1; RFC 3581). */
#include <errno.h>

#include "sip/lex.h"
#include "sip/message.h"

/*
 * Whether the top Via needs a received parameter: the sent-by is a name or another address than the
 * packets' source (RFC 3261 18.2.1), or rport was asked for (RFC 3581 section 4).
 */
static bool needs_received(const struct sip_msg *request)
{
	struct addr sent_by;

	if (request->via.has_rport || addr_parse(request->via.host, 0, &sent_by) < 0)
		return true;
	return !addr_equal_host(&sent_by, &request->source);
}

/* The top Via; what the peer itself wrote as received or rport does not count. */
static void write_top_via(struct buf *out, const struct sip_msg *request, struct slice element)
{
	struct slice head = element, name, value, rest = request->via.params;
	char text[ADDR_TEXT];

	if (rest.n) {
		head = slice_trim(slice_of(element.p, (size_t)(rest.p - element.p)));
		head = slice_trim(slice_of(head.p, head.n - 1)); /* the semicolon */
	}
	sip_write_value(out, head);
	while (sip_param_next(&rest, &name, &value) > 0) {
		if (slice_eq_nocase(name, SLICE("rport")) ||
			slice_eq_nocase(name, SLICE("received")))
			continue;
		buf_char(out, ';');
		buf_slice(out, name);
		if (value.n) {
			buf_char(out, '=');
			sip_write_value(out, value);
		}
	}
	if (request->via.has_rport)
		buf_printf(out, ";rport=%u", addr_port(&request->source));
	if (needs_received(request))
		buf_printf(out, ";received=%s", addr_print_host(&request->source, text));
}

static void write_vias(struct buf *out, const struct sip_msg *request)
{
	const struct sip_header *h = sip_msg_header(request, SIP_HDR_VIA);
	struct slice element, rest = h ? h->value : SLICE_NONE;
	struct sip_via via;

	if (!sip_list_next(&rest, &element))
		return;
	buf_str(out, "Via: ");
	/* A malformed one (in a 400) goes back as it came. */
	if (request->source.len && sip_via_parse(element, &via) == 0)
		write_top_via(out, request, element);
	else
		sip_write_value(out, element);
	buf_str(out, "\r\n");
	if (slice_trim(rest).n)
		sip_write_header(out, SIP_HDR_VIA, slice_trim(rest));
	while ((h = sip_msg_next(request, SIP_HDR_VIA, h)))
		sip_write_header(out, SIP_HDR_VIA, h->value);
}

static void write_first(struct buf *out, const struct sip_msg *request, enum sip_header_id id)
{
	const struct sip_header *h = sip_msg_header(request, id);

	if (h)
		sip_write_header(out, id, h->value);
}

static void write_to(struct buf *out, const struct sip_msg *request, const char *to_tag)
{
	buf_str(out, "To: ");
	sip_write_value(out, sip_msg_value(request, SIP_HDR_TO));
	if (to_tag && request->to.tag.n == 0) {
		buf_str(out, ";tag=");
		sip_write_value(out, slice_str(to_tag));
	}
	buf_str(out, "\r\n");
}

/* RFC 3261 12.1.1 and, for what makes dialogs beside INVITE, RFC 6665 and RFC 3515. */
static bool makes_dialog(enum sip_method method, unsigned status)
{
	if (status <= 100 || status >= 300)
		return false;
	return method == SIP_INVITE || method == SIP_SUBSCRIBE || method == SIP_REFER ||
	       method == SIP_NOTIFY;
}

void sip_write_response(struct buf *out, const struct sip_msg *request, unsigned status,
	const char *reason, const char *to_tag)
{
	sip_write_status(out, status, reason);
	write_vias(out, request);
	write_first(out, request, SIP_HDR_FROM);
	write_to(out, request, to_tag);
	write_first(out, request, SIP_HDR_CALL_ID);
	write_first(out, request, SIP_HDR_CSEQ);
	if (status == 100)
		write_first(out, request, SIP_HDR_TIMESTAMP);
	if (makes_dialog(request->method, status))
		sip_write_copy(out, request, SIP_HDR_RECORD_ROUTE);
}
