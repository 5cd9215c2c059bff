/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Dialog (RFC 3261 12): who talks to whom, by which route, and the sequence numbers of both sides.
 *
 * An object on the loop's thread, owned by its usage, which closes it. The agent's table finds it
 * for requests inside the dialog.
 */
#ifndef SIP_DIALOG_H
#define SIP_DIALOG_H

#include "sip/client_transaction.h"

struct sip_dialog;
struct sip_server_transaction;

struct sip_dialog_handlers {
	/*
	 * A request in sequence, other than ACK. Returns false for a method that the usage does not
	 * know: the agent answers 405.
	 */
	bool (*request)(
		struct sip_server_transaction *txn, const struct sip_msg *request, void *arg);

	/* An ACK that belongs to no transaction: that of a 2xx. */
	void (*ack)(const struct sip_msg *ack, void *arg);

	/* What sip_dialog_locating waited for is there. May be NULL. */
	void (*located)(void *arg);
};

/*
 * UAS: of a request that makes a dialog (12.1.1), with txn's tag as ours; or of a NOTIFY that does
 * (RFC 6665 4.4.1), whose To has our tag. Returns 0, -EBADMSG
 * without a usable Contact (answer 400), -ENOMEM.
 */
int sip_dialog_new_server(struct sip_dialog **dialog, struct sip_agent *agent,
	struct sip_server_transaction *txn, const struct sip_dialog_handlers *handlers, void *arg);

/*
 * UAC: what is known before a response. from, to: name-addr without tag. flow may be NULL until
 * sip_dialog_set_flow. Returns 0 or -ENOMEM.
 */
struct sip_dialog_target {
	struct slice uri, from, to;
};

int sip_dialog_new_client(struct sip_dialog **dialog, struct sip_agent *agent,
	struct sip_flow *flow, const struct sip_dialog_target *target,
	const struct sip_dialog_handlers *handlers, void *arg);

/*
 * UAC, before a response: the value of Route that its request has, and by which it goes (8.1.2).
 * Returns 0 or -ENOMEM.
 */
int sip_dialog_preload_route(struct sip_dialog *dialog, struct slice routes);

/* UAC: the response that makes it a dialog (12.1.2). Returns 0 or -ENOMEM. */
int sip_dialog_establish(struct sip_dialog *dialog, const struct sip_msg *response);

/* UAC: another dialog of the same request: a 2xx with another tag (13.2.2.4). */
int sip_dialog_fork(
	struct sip_dialog **fork, const struct sip_dialog *dialog, const struct sip_msg *response);

/*
 * UAC: of a 2xx to an INVITE of ours, whose own dialog is gone or another one; flow: by which the
 * INVITE went. Returns 0, -EBADMSG (not ours) or -ENOMEM.
 */
int sip_dialog_new_answered(struct sip_dialog **dialog, struct sip_agent *agent,
	struct sip_flow *flow, const struct sip_msg *response,
	const struct sip_dialog_handlers *handlers, void *arg);

/* Requests for it are answered with 481 from here on. Idempotent. */
void sip_dialog_close(struct sip_dialog *dialog);

/* Take the Contact as the new remote target (12.2), if there is one. */
void sip_dialog_refresh(struct sip_dialog *dialog, const struct sip_msg *msg);

/* Whether msg's tags and Call-ID are this dialog's; a response's seen from the client's side. */
bool sip_dialog_matches(const struct sip_dialog *dialog, const struct sip_msg *msg);

/* The next number for a request of ours (12.2.1.1). */
uint32_t sip_dialog_next_cseq(struct sip_dialog *dialog);

/*
 * Where its requests go: the first hop, which is looked for as soon as the dialog knows it (RFC
 * 3263), over the connection that is there already where possible; as long as it is not found, the
 * way that the dialog's first request came or went. The caller owns the reference. Returns 0 or a
 * negative errno.
 */
int sip_dialog_flow(struct sip_dialog *dialog, struct sip_flow **flow);

/* Whether the first hop is a name that is being looked for, and none is known from before. */
bool sip_dialog_locating(const struct sip_dialog *dialog);

/* UAC, before a response: the flow by which its request goes. The dialog takes a reference. */
void sip_dialog_set_flow(struct sip_dialog *dialog, struct sip_flow *flow);

/*
 * Where its requests go by what the dialog says: the first route, or the remote target. hop is good
 * as long as they do not change. Returns 0 or -EINVAL.
 */
int sip_dialog_next_hop(const struct sip_dialog *dialog, struct uri *hop);

/* The request-URI of its requests, good as long as route and target do not change. */
struct slice sip_dialog_request_uri(const struct sip_dialog *dialog);

/*
 * Begin a request inside the dialog (12.2.1.1), as sip_request_begin does: also Route, From, To,
 * Call-ID, CSeq are written.
 */
struct buf *sip_dialog_begin(struct sip_dialog *dialog, const struct sip_flow *flow,
	enum sip_method method, uint32_t cseq, char *branch);

/* Contact of ours towards this flow; user empty: "sylkserver". focus: with ;isfocus (RFC 4579). */
void sip_dialog_write_contact(const struct sip_dialog *dialog, struct buf *out,
	const struct sip_flow *flow, struct slice user, bool focus);

/* The same outside a dialog; secure: a sips URI. */
void sip_write_contact(
	struct buf *out, const struct sip_flow *flow, bool secure, struct slice user, bool focus);

/* Whether we made the Call-ID (14.1 lets its owner wait longer after 491). */
bool sip_dialog_is_caller(const struct sip_dialog *dialog);

/* The flow that the dialog was made by; borrowed. NULL: none yet (sip_dialog_set_flow). */
struct sip_flow *sip_dialog_first_flow(const struct sip_dialog *dialog);

#endif
