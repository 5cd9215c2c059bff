/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The first look at a request, before it is parsed (RFC 3261 8.2.7, docs/overload.md). */
#include "sip/lex.h"
#include "sip/message_parse.h"

enum {
	SEEN_VIA = 1,
	SEEN_FROM = 2,
	SEEN_TO = 4,
	SEEN_CALL_ID = 8,
	SEEN_CSEQ = 16,
	SEEN_ALL = 31,
};

/* The bit of a header line that an answer needs; 0: it needs this one not. */
static unsigned bit_of(enum sip_header_id id)
{
	switch (id) {
	case SIP_HDR_VIA:
		return SEEN_VIA;
	case SIP_HDR_FROM:
		return SEEN_FROM;
	case SIP_HDR_TO:
		return SEEN_TO;
	case SIP_HDR_CALL_ID:
		return SEEN_CALL_ID;
	case SIP_HDR_CSEQ:
		return SEEN_CSEQ;
	default:
		return 0;
	}
}

static bool take_start_line(struct sip_msg *msg, struct slice line)
{
	static const struct slice version = {" SIP/2.0", 8};

	if (line.n < version.n ||
		!slice_eq(slice_of(line.p + line.n - version.n, version.n), version))
		return false;
	msg->is_request = true;
	slice_cut(&line, ' ', &msg->method_name);
	msg->method = sip_method_of(msg->method_name);
	return msg->method != SIP_OTHER;
}

static bool take_top_via(struct sip_msg *msg, struct slice value)
{
	struct slice element;

	return sip_list_next(&value, &element) && sip_via_parse(element, &msg->via) == 0 &&
	       slice_starts_nocase(msg->via.branch, SLICE("z9hG4bK"));
}

static bool take_line(struct sip_msg *msg, struct slice line, unsigned *seen)
{
	struct slice name = lex_run(&line, LEX_TOKEN);
	enum sip_header_id id = sip_header_id_of(name);
	unsigned bit = bit_of(id);

	if (!bit)
		return true;
	while (line.n && (*line.p == ' ' || *line.p == '\t'))
		lex_drop(&line, 1);
	if (line.n == 0 || *line.p != ':' || msg->n_headers == SIP_MAX_HEADERS)
		return false;
	lex_drop(&line, 1);
	line = slice_trim(line);
	if (*seen & bit & ~(unsigned)SEEN_VIA)
		return false;
	if (bit == SEEN_VIA && !(*seen & SEEN_VIA) && !take_top_via(msg, line))
		return false;
	if (bit == SEEN_TO && sip_name_addr_parse(line, &msg->to) < 0)
		return false;
	*seen |= bit;
	msg->headers[msg->n_headers++] = (struct sip_header){id, name, line};
	return true;
}

bool sip_msg_glance(struct slice datagram, struct sip_msg *msg)
{
	struct slice line;
	unsigned seen = 0;

	sip_parse_init(msg);
	msg->raw = datagram;
	if (!sip_cut_line(&datagram, false, &line) || !take_start_line(msg, line))
		return false;
	while (!slice_starts(datagram, SLICE("\r\n"))) {
		if (!sip_cut_line(&datagram, true, &line) || !take_line(msg, line, &seen))
			return false;
	}
	return seen == SEEN_ALL;
}
