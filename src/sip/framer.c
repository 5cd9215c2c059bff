/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finding messages in a stream (RFC 3261 7.5, 18.3; keep-alives: RFC 5626 4.4.1). */
#include <errno.h>
#include <string.h>

#include "sip/lex.h"
#include "sip/message_parse.h"

/* Returns how many bytes of CRLFs stand in front, and counts the pings among them. */
static size_t skip_crlfs(struct sip_framer *framer, struct slice in)
{
	size_t n = 0;

	while (in.n - n >= 2 && in.p[n] == '\r' && in.p[n + 1] == '\n') {
		n += 2;
		if (framer->half_ping)
			framer->pings++;
		framer->half_ping = !framer->half_ping;
	}
	return n;
}

static int fail(struct sip_msg *msg, int err, unsigned status, const char *error)
{
	msg->error = error;
	msg->error_status = status;
	return err;
}

/* The end of the header section, looked for once in every byte. 0: not there yet. */
static size_t find_head_end(struct sip_framer *framer, struct slice in)
{
	const char *end;
	size_t from = framer->scanned < in.n ? framer->scanned : in.n;

	end = in.n - from >= 4 ? memmem(in.p + from, in.n - from, "\r\n\r\n", 4) : NULL;
	if (end)
		return (size_t)(end - in.p) + 4;
	/* The last three bytes may begin it. */
	framer->scanned = in.n > 3 ? in.n - 3 : 0;
	return 0;
}

/* The header section is there: parse it, and see whether the body is there too. */
static int parse_whole(
	struct sip_framer *framer, struct slice in, size_t max, struct sip_msg *msg, size_t *length)
{
	struct parse parse;
	int err;

	err = sip_parse_head(in, msg, &parse);
	*length = 0;
	if (msg->content_length < 0 && parse.framed) {
		if (!err)
			err = fail(msg, -EBADMSG, 400, "no Content-Length");
		parse.framed = false;
	}
	if (!parse.framed)
		return err;
	if ((uint64_t)msg->content_length > max || parse.length > max - (size_t)msg->content_length)
		return fail(msg, -EMSGSIZE, 513, "message too large");
	framer->need = parse.length + (size_t)msg->content_length;
	if (in.n < framer->need)
		return -EAGAIN;
	msg->body = slice_of(in.p + parse.length, (size_t)msg->content_length);
	msg->raw.n = *length = framer->need;
	return err;
}

/* What cannot begin a message is not waited for: TLS on a TCP port, a lost boundary. */
static bool cannot_begin(struct slice in)
{
	if (in.n && *in.p == '\r')
		return in.n > 1; /* whole CRLFs have been skipped */
	return in.n && !lex_is(*in.p, LEX_TOKEN);
}

static int next_message(
	struct sip_framer *framer, struct slice in, size_t max, struct sip_msg *msg, size_t *length)
{
	size_t head;

	*length = 0;
	if (cannot_begin(in)) {
		sip_parse_init(msg);
		return fail(msg, -EBADMSG, 400, "not SIP");
	}
	if (in.n < 4 || in.n < framer->need)
		return -EAGAIN;
	head = framer->need ? framer->need : find_head_end(framer, in);
	if (head == 0 && in.n <= max)
		return -EAGAIN;
	if (head == 0) {
		sip_parse_init(msg);
		return fail(msg, -EMSGSIZE, 513, "message too large");
	}
	return parse_whole(framer, in, max, msg, length);
}

int sip_framer_next(struct sip_framer *framer, struct slice in, size_t max, struct sip_msg *msg,
	size_t *consumed)
{
	size_t skipped = framer->scanned || framer->need ? 0 : skip_crlfs(framer, in);
	size_t length;
	int err;

	lex_drop(&in, skipped);
	if (in.n && *in.p != '\r')
		framer->half_ping = false;
	err = next_message(framer, in, max, msg, &length);
	if (err == -EAGAIN) {
		*consumed = skipped;
		return err;
	}
	framer->scanned = framer->need = 0;
	*consumed = length ? skipped + length : 0;
	return err;
}
