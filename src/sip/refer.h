/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A REFER that came in (RFC 3515), outside a dialog or in a call: who is to be called (or, with
 * another method, told something), and the implicit subscription by which the referrer hears what
 * came of it, as message/sipfrag. With Refer-Sub: false (RFC 4488) there is none and telling does
 * nothing.
 *
 * An object on the loop's thread, of whoever holds it; when the last reference goes, a REFER that
 * was not answered gets 500, and a subscription that was not finished ends with 500.
 */
#ifndef SIP_REFER_H
#define SIP_REFER_H

#include "sip/invite.h"

struct sip_refer;

struct sip_refer_handlers {
	/* The referrer does not listen any more; what was begun may go on. */
	void (*ended)(struct sip_refer *refer, void *arg);
};

/*
 * Whether a REFER can be understood: 0, or the status to answer it with: 400 (not exactly one
 * Refer-To, or a malformed one). The stack has done so before it hands one out.
 */
unsigned sip_refer_check(const struct sip_msg *request);

/*
 * Take a REFER outside a dialog; it is to be accepted or rejected, now or later. Returns 0 and the
 * caller's reference, or -ENOMEM: it is not answered then.
 */
int sip_refer_take(
	struct sip_refer **refer, struct sip_agent *agent, struct sip_server_transaction *txn);

void sip_refer_set_handlers(
	struct sip_refer *refer, const struct sip_refer_handlers *handlers, void *arg);

/*
 * 202, and NOTIFY with 100 Trying. expires: seconds that the subscription lasts without a refresh;
 * 0: 180. Returns 0 or a negative errno, and then it has been refused: -EBADMSG (400, no Contact)
 * ...
 */
int sip_refer_accept(struct sip_refer *refer, uint32_t expires);

/* Refuse it, with further header lines or the empty slice. Nothing when it was answered. */
void sip_refer_reject(struct sip_refer *refer, unsigned status, struct slice lines);

/* Tell the referrer how far it has come; phrase empty: the standard one. 0 or a negative errno. */
int sip_refer_notify(struct sip_refer *refer, unsigned status, struct slice phrase);

/* The same for the last time: the subscription ends. Nothing after the first. */
void sip_refer_finish(struct sip_refer *refer, unsigned status, struct slice phrase);

/* What it says; slices are good as long as refer. */
const struct sip_msg *sip_refer_request(const struct sip_refer *refer);

/* Refer-To without its method and header fields for the URI: to be written as a request-URI. */
const struct sip_name_addr *sip_refer_to(const struct sip_refer *refer);

/*
 * What is to be sent there: the URI's method parameter or, as some clients write it, the header
 * field's; INVITE when neither is there.
 */
enum sip_method sip_refer_method(const struct sip_refer *refer);

/* Value of Referred-By (RFC 3892), or empty. */
struct slice sip_refer_by(const struct sip_refer *refer);

/*
 * Whether Target-Dialog (RFC 4538) names a dialog of ours: the referrer knows what only the parties
 * of that dialog know.
 */
bool sip_refer_knows_dialog(const struct sip_refer *refer);

/* For the agent's dispatcher: a REFER in a call. */
struct sip_dialog;
void sip_refer_in_call(struct sip_agent *agent, struct sip_dialog *dialog,
	struct sip_server_transaction *txn, const struct sip_msg *request);

#endif
