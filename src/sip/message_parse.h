/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What message.c, framer.c and glance.c share; not for others. */
#ifndef SIP_MESSAGE_PARSE_H
#define SIP_MESSAGE_PARSE_H

#include "sip/message.h"

struct parse {
	unsigned seen; /* which headers were there; bits of message.c */
	bool framed;   /* nothing casts doubt on where the message ends */
	size_t length; /* of start line, header lines and the empty line */
};

/* A message of which nothing is known. */
void sip_parse_init(struct sip_msg *msg);

/*
 * Cut one line off *s, without its CRLF; folds: with the lines that continue it (RFC 3261 7.3.1).
 * False: there is no whole line, or one with a CR or LF on its own.
 */
bool sip_cut_line(struct slice *s, bool folds, struct slice *line);

/*
 * Parse up to and including the empty line; msg is all overwritten and has no body yet. Returns 0,
 * or -EBADMSG as sip_msg_parse does.
 */
int sip_parse_head(struct slice in, struct sip_msg *msg, struct parse *parse);

#endif
