/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SIP sessions: the adapter that makes sessions of INVITE usages. It reads and writes the SDP
 * (RFC 3264 through sdp/negotiation.h), gives each accepted stream its media, and answers what
 * concerns the session as a whole (spec 1.6). Signalling thread.
 */
#ifndef SESSION_SIP_SESSION_H
#define SESSION_SIP_SESSION_H

#include "media/engine.h"
#include "session/audio_formats.h"
#include "session/session.h"
#include "sip/invite.h"

struct sip_credentials;

/* What all SIP sessions of a server share; outlives them. */
struct sip_session_context {
	struct loop *loop;
	struct media_engine *media;
	struct audio_formats audio;
	const char *product;       /* s= of our SDP */
	struct addr advertised;    /* in our SDP in place of the local address; len 0: none */
	enum identity_proof proof; /* how far a source that was admitted is believed */
	/* The same for one request; NULL: proof. */
	enum identity_proof (*prove)(const struct sip_msg *request, void *arg);
	const struct sip_credentials *credentials; /* for REFER of ours in calls; or NULL */
	/* A new session, to be handed to its application; a reference is held across the call. */
	void (*incoming)(struct session *session, void *arg);
	void *arg;
	struct list_node sessions; /* that have not ended */
	unsigned n_sessions;
	bool told_of_open_keys; /* that keys of SRTP travel unencrypted: said once */
};

/* An INVITE came in: makes a session and hands it out, or rejects the INVITE. */
void sip_session_incoming(struct sip_session_context *context, struct sip_invite *invite,
	const struct sip_msg *request);

/* Forget all sessions at once, telling the applications: the end of the server. */
void sip_sessions_close(struct sip_session_context *context);

/* The identity that an address of a SIP message names. Returns 0 or a negative errno. */
int sip_session_identity(
	struct identity *identity, const struct sip_name_addr *address, enum identity_proof proof);

#endif
