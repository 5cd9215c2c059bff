/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SIP agent: transports, transaction and dialog tables of one server, and the door to the layers
 * above. Requests outside dialogs are handed out through the handlers; what RFC 3261 8.2 lets the
 * stack answer by itself (unknown extensions, bad requests, OPTIONS, merged requests, 481, 405 with
 * Allow) it answers. Everything on the loop's thread.
 */
#ifndef SIP_AGENT_H
#define SIP_AGENT_H

#include <stdbool.h>

#include "core/loop.h"
#include "net/addr.h"
#include "sip/flow.h"
#include "sip/message.h"

struct dns;
struct sip_agent;
struct sip_invite;
struct sip_refer;
struct tls_context;
struct sip_server_transaction;

struct sip_agent_settings {
	const char *product; /* "SylkServer-1.0": User-Agent in requests, Server in responses */
	size_t max_message;  /* bytes of one message, upstream 262144 */

	/*
	 * INVITE, SUBSCRIBE, REFER, MESSAGE and PUBLISH outside dialogs that one source (an IPv4
	 * address, an IPv6 /64) may send per second; more gets 503. 0: any number.
	 */
	unsigned max_rate_per_source;

	const char
		*events; /* packages that one may subscribe to: "conference, presence"; or NULL */
	struct tls_context *tls; /* for SIP over TLS; the agent takes a reference. NULL: none */

	/*
	 * Session timers (RFC 4028), seconds: the interval asked for (0: only if the peer asks for
	 * one), and the smallest agreed to (0: 90).
	 */
	unsigned session_expires, session_min;

	struct dns *dns; /* resolver of names; the agent takes a reference. NULL: none */

	/*
	 * Where requests outside dialogs go instead of where their URI leads: `host[:port]`, with
	 * `;transport=...` or not, or a SIP URI. It steers the next hop and never appears in a
	 * message. NULL: none.
	 */
	const char *outbound_proxy;

	struct addr advertised; /* host of our Contact instead of the local one; len 0: none */
};

struct sip_agent_handlers {
	/*
	 * Whether requests from this source are accepted (trusted_peers); false: authenticate is
	 * asked. NULL: all.
	 */
	bool (*admit)(const struct addr *source, void *arg);

	/*
	 * What to say to a request from any other source (RFC 3261 22.1): 0, it is accepted all
	 * the same, or the status to refuse it with; header lines for that are appended to lines.
	 * Not asked of ACK and CANCEL, which cannot be challenged, nor inside a dialog, whose tags
	 * only the peer knows: those are accepted. NULL: 403 to all.
	 */
	unsigned (*authenticate)(const struct sip_msg *request, struct buf *lines, void *arg);

	/*
	 * Whether new work must be refused now (core/overload.h). Asked of INVITE, SUBSCRIBE,
	 * REFER, MESSAGE and PUBLISH outside dialogs, before anything else is done about them: they
	 * get 503, without a transaction. Never asked of what belongs to work in hand. NULL: never.
	 */
	bool (*overloaded)(void *arg);

	/*
	 * An INVITE outside a dialog; 100 has been sent. The handler keeps invite with obj_ref and
	 * sip_invite_set_handlers, or rejects it; one it does neither with gets 500.
	 */
	void (*invite)(struct sip_invite *invite, const struct sip_msg *request, void *arg);

	/*
	 * Any other request outside a dialog that the stack does not answer itself. Returns true
	 * when it was taken (it answers through the transaction, now or later; it keeps it with
	 * obj_ref); false: 405.
	 */
	bool (*request)(struct sip_server_transaction *transaction, const struct sip_msg *request,
		void *arg);

	/*
	 * A REFER in a call; it has been accepted (sip/refer.h). The handler keeps refer with
	 * obj_ref and sip_refer_set_handlers and returns true; else the referrer is told 500. NULL:
	 * nobody takes one.
	 */
	bool (*refer)(struct sip_refer *refer, struct sip_invite *invite, void *arg);
};

/* Whether text may be an outbound_proxy. Returns 0, -EINVAL or -ENOMEM. */
int sip_agent_proxy_check(struct slice text);

/* An agent without transports. An object: the caller owns one reference. 0 or -ENOMEM. */
int sip_agent_new(struct sip_agent **agent, struct loop *loop,
	const struct sip_agent_settings *settings, const struct sip_agent_handlers *handlers,
	void *arg);

/*
 * Listen. local may be a wildcard address; Contact, Via and SDP then carry the address that leads
 * to the peer. Port 0: any. Returns 0 or a negative errno.
 */
int sip_agent_listen(
	struct sip_agent *agent, enum sip_transport transport, const struct addr *local);

/* What the n-th listener is bound to; false behind the last. */
bool sip_agent_listener(const struct sip_agent *agent, unsigned n, enum sip_transport *transport,
	struct addr *local);

/*
 * Stop: no new requests are taken (503), running dialogs are ended with BYE or CANCEL, transactions
 * get their time; done is called when the last is gone or after limit_ms.
 */
void sip_agent_shutdown(struct sip_agent *agent, uint64_t limit_ms, loop_fn *done, void *arg);

/* Close sockets and forget everything at once; no handler is called any more. Idempotent. */
void sip_agent_close(struct sip_agent *agent);

#endif
