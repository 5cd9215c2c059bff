/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Disposition notifications (RFC 5438). */
#include "msrp/imdn.h"

bool imdn_wants_delivery(const struct cpim_message *msg, struct slice *id)
{
	struct slice wanted, each;

	if (!cpim_header(msg, CPIM_NS_IMDN, "Message-ID", id) || id->n == 0 ||
		!cpim_header(msg, CPIM_NS_IMDN, "Disposition-Notification", &wanted))
		return false;
	while (slice_cut(&wanted, ',', &each)) {
		if (slice_eq_nocase(slice_trim(each), SLICE("positive-delivery")))
			return true;
	}
	return false;
}

static void escape(struct slice text, struct buf *out)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if (c == '<')
			buf_str(out, "&lt;");
		else if (c == '>')
			buf_str(out, "&gt;");
		else if (c == '&')
			buf_str(out, "&amp;");
		else if (c < ' ') /* XML 1.0 2.2: not all of them can be written */
			buf_char(out, ' ');
		else
			buf_char(out, (char)c);
	}
}

static void element(const char *name, struct slice text, struct buf *out)
{
	buf_printf(out, "<%s>", name);
	escape(text, out);
	buf_printf(out, "</%s>", name);
}

void imdn_write_delivered(const struct imdn_delivery *delivery, struct buf *out)
{
	buf_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"
		     "<imdn xmlns=\"urn:ietf:params:xml:ns:imdn\">");
	element("message-id", delivery->id, out);
	element("datetime", delivery->date_time, out);
	element("recipient-uri", delivery->recipient, out);
	element("original-recipient-uri", delivery->recipient, out);
	buf_str(out, "<delivery-notification><status><delivered/></status>"
		     "</delivery-notification></imdn>\r\n");
}
