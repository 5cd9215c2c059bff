/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Session: one call of one endpoint, with its streams, whatever signalling made it. Applications
 * and rooms see sessions and never ask what protocol lies below; the adapters (sip_session.h now,
 * Jingle and sylkrtc later) derive from struct session and fill in its operations.
 *
 *     INCOMING --accept--> CONNECTING --started--> CONNECTED --end--> ENDED
 *        |                     |                    ^                   ^
 *        '--reject, cancelled--'--------------------|-------------------|
 *                                                   |                   |
 *     OUTGOING --answered---------------------------'                   |
 *        '--refused, ended----------------------------------------------'
 *
 * An object on the signalling thread. The adapter keeps it alive while its call lasts; an
 * application that keeps a session takes a reference, and gives it back when "ended" has come.
 */
#ifndef SESSION_SESSION_H
#define SESSION_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "core/list.h"
#include "core/loop.h"
#include "core/slice.h"
#include "core/sm.h"
#include "session/dtmf.h"
#include "session/identity.h"

struct session;
struct media_leg;
struct referral;
struct referrer;
struct referrer_handlers;
struct referrer_params;

enum session_state {
	SESSION_INCOMING,   /* proposed to us, not answered */
	SESSION_OUTGOING,   /* proposed by us (session/outgoing.h), not answered */
	SESSION_CONNECTING, /* accepted; waiting for the peer's confirmation */
	SESSION_CONNECTED,
	SESSION_ENDED,
};

enum stream_kind { STREAM_AUDIO, STREAM_VIDEO, STREAM_CHAT, STREAM_FILE_TRANSFER, STREAM_SCREEN };

#define STREAM_BIT(kind) (1U << (kind))

/* Name in messages to people: "audio", "chat", "file-transfer" ... */
const char *stream_kind_name(enum stream_kind kind);

enum stream_state {
	STREAM_PROPOSED, /* offered by the peer, not yet accepted */
	STREAM_ACTIVE,
	STREAM_REMOVED, /* refused, or its m-line went to port 0 */
};

/*
 * One stream of a session; owned by the session, good as long as it is. One that was removed may
 * become a later one that the peer proposes.
 */
struct session_stream {
	struct list_node node; /* in session.streams, in the order of the m-lines */
	struct session *session;
	enum stream_kind kind;
	enum stream_state state;
	bool on_hold;          /* by the peer: it does not want to hear us, nor is it heard */
	bool talking;          /* audio, in a room: somebody speaks here just now */
	bool held;             /* by us: it is sent to, and not heard (session_hold) */
	struct media_leg *leg; /* audio: present from acceptance until removal */
};

struct session_handlers {
	/* Of a call of ours: a SIP status from 101 to 199, as 180: it rings. */
	void (*progress)(struct session *session, unsigned status, void *arg);
	/* The peer confirmed, or answered our call: the call is up. */
	void (*started)(struct session *session, void *arg);
	/*
	 * The peer adds streams to a running session: they are in the list as STREAM_PROPOSED. The
	 * application calls session_accept with those it takes (or 0), or session_reject, now or
	 * later.
	 */
	void (*proposed)(struct session *session, void *arg);
	/*
	 * A stream became active, was removed (also a proposed one that the peer took back), or its
	 * hold changed. leg of a removed one is NULL.
	 */
	void (*stream_changed)(struct session *session, struct session_stream *stream, void *arg);
	/* Somebody on the stream has begun or ceased to talk, as stream->talking says. */
	void (*talking)(struct session *session, struct session_stream *stream, void *arg);
	/*
	 * The peer has pressed a key: 0 to 9, *, #, A to D, or ! (hook flash). Told once, whether it
	 * came as RTP, as a tone in the audio of a room, by the signalling, or by several of these.
	 */
	void (*dtmf)(struct session *session, char key, unsigned duration_ms, void *arg);
	/* No media for [RTP] timeout seconds. */
	void (*media_timeout)(struct session *session, struct session_stream *stream, void *arg);
	/*
	 * The peer refers us to somebody (session/referral.h); it has been accepted. Who takes it
	 * keeps a reference or finishes it in here. NULL, or neither: it fails.
	 */
	void (*referred)(struct session *session, struct referral *referral, void *arg);
	/* The end, once and last. reason: for the log ("hung up", "no ACK", ...). */
	void (*ended)(struct session *session, const char *reason, void *arg);
};

/* What a signalling implements. Every function may be called in any state; see the wrappers. */
struct session_signalling {
	int (*ring)(struct session *session);
	int (*accept)(struct session *session, unsigned kinds, bool focus);
	void (*reject)(struct session *session, unsigned status);
	void (*end)(struct session *session, const char *reason);
	int (*hold)(struct session *session, bool hold);
	int (*refer)(struct session *session, const struct referrer_params *params,
		const struct referrer_handlers *handlers, void *arg, struct referrer **referrer);
};

/* The common head of every signalling's session. */
struct session {
	const struct session_signalling *signalling;
	struct sm sm;
	struct loop *loop;
	const struct session_handlers *handlers;
	void *arg;
	struct list_node streams; /* session_stream.node */
	struct identity local, remote;
	struct slice target;      /* the request-URI as canonical user@host: names the room */
	struct slice user, host;  /* its parts */
	struct slice application; /* asked for by name (X-Sylk-App), or empty */
	struct slice user_agent;  /* the peer's, or empty */
	/*
	 * Incoming: the running session whose place this one is to take (an attended transfer); it
	 * ends as soon as this one has been accepted. A reference until then; NULL: none.
	 */
	struct session *replaces;
	struct session_dtmf dtmf; /* keys that came */
	uint64_t started_at;      /* loop_now when the peer confirmed; 0 before */

	/* When it has ended: the SIP status that our call was refused with, 408, 200: the peer hung up. */
	unsigned status; /* 0: we ended it */
};

/* For signallings: prepare the head; state: SESSION_INCOMING or SESSION_OUTGOING. */
void session_init(struct session *session, struct loop *loop,
	const struct session_signalling *signalling, enum session_state state);

/* For signallings: release what the head holds (from the destructor). */
void session_release(struct session *session);

/* For signallings: move to the state and tell the application. */
void session_set_started(struct session *session);
void session_set_ended(struct session *session, const char *reason);

/* The application's handlers; it sets them when it takes the session. */
void session_set_handlers(
	struct session *session, const struct session_handlers *handlers, void *arg);

/* Kinds (STREAM_BITs) of the streams in this state. */
unsigned session_kinds(const struct session *session, enum stream_state state);

/* First stream of a kind that is active (or proposed, if none is), or NULL. */
struct session_stream *session_find(const struct session *session, enum stream_kind kind);

/* Tell the caller that it rings. Returns 0 or -EINVAL when it is not incoming any more. */
int session_ring(struct session *session);

/*
 * Accept the proposed streams whose kinds are given, one of each kind; the others are refused.
 * In a running session: answer its proposal. focus: the peer speaks with a conference (RFC 4579).
 * Audio flows from here on. Returns 0; -EINVAL (nothing to accept any more); -ENOTSUP when none of
 * the kinds can be had: the session is then rejected with 488; or another negative errno: rejected
 * with 500 or 503.
 */
int session_accept(struct session *session, unsigned kinds, bool focus);

/* Refuse an incoming session (or a proposal) with a SIP status; other signallings translate. */
void session_reject(struct session *session, unsigned status);

/* End it in whatever state it is; "ended" follows. reason: one line for the peer and the log. */
void session_end(struct session *session, const char *reason);

/*
 * Put the peer of a running call on hold, or take it back. It is said when no other offer is under
 * way; "stream_changed" tells when it is in effect. A peer that refuses is not held. Returns 0;
 * -EINVAL: the call is not running; -ENOTSUP: this signalling has no such thing.
 */
int session_hold(struct session *session, bool hold);

/*
 * Send keys ("12#", also A to D and ! for hook flash), each pressed for duration_ms (40 to 1000): as
 * RTP (RFC 4733) instead of the audio, one behind the other, or, where the peer did not agree to
 * that, as tones in what it hears of a room. Those that wait are dropped when the call ends or the
 * peer puts us on hold. Returns 0; -ENOTCONN: the call is not up, or has no audio; -EBUSY: the peer
 * has us on hold; -EINVAL: no such key, or a duration out of bounds; -ENOSPC: more than 32 would
 * wait, none is sent; or -ENOMEM.
 */
int session_send_dtmf(struct session *session, const char *keys, unsigned duration_ms);

/*
 * Ask the peer of a running call to call somebody else, or put him out (session/referrer.h).
 * *referrer: a reference, the caller's. Returns 0; -EINVAL (it is not up, or the address is
 * malformed); -ENOTSUP: this signalling has no such thing; or another negative errno.
 */
int session_refer(struct session *session, const struct referrer_params *params,
	const struct referrer_handlers *handlers, void *arg, struct referrer **referrer);

static inline enum session_state session_state(const struct session *session)
{
	return (enum session_state)session->sm.state;
}

#endif
