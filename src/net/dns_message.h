/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DNS messages: the records of a name server's response (RFC 1035 4). Any thread. */
#ifndef NET_DNS_MESSAGE_H
#define NET_DNS_MESSAGE_H

#include "net/dns.h"

/*
 * The records of this type that a response holds for name (as dns_source_ops.ask gives it), aliases
 * followed within the response. *answer: the caller's reference; its err is -ENODATA when there is
 * no such record. Returns 0, -EBADMSG or -ENOMEM.
 */
int dns_message_parse(
	struct slice message, const char *name, enum dns_type type, struct dns_answer **answer);

#endif
