/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Values of header fields: comma lists, parameters, Via, name-addr and the small structured ones
 * (RFC 3261 section 20 and 25.1). Every function reads a value as it stands in the message, so
 * folded lines count as white space; nothing is copied, all slices point into the value given.
 * Functions that return int return 0 or -EINVAL. Any thread.
 */
#ifndef SIP_FIELD_H
#define SIP_FIELD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/slice.h"
#include "core/uri.h"
#include "sip/names.h"

/* One element of Via (RFC 3261 20.42, RFC 3581). Absent parts are empty. */
struct sip_via {
	struct slice transport; /* "UDP", "TCP", "TLS" ... as written */
	struct slice host;      /* sent-by; a literal IPv6 address with its brackets */
	uint16_t port;          /* 0: none written */
	struct slice params;    /* all of them, for sip_param */
	struct slice branch;
	struct slice received;
	struct slice maddr;
	bool has_rport;
	uint16_t rport; /* value of rport; 0: written without one */
	int ttl;        /* -1: none */
};

/*
 * name-addr or addr-spec with parameters: From, To, Contact, Route, Refer-To ... (RFC 3261 20.10).
 * Without <>, what follows a semicolon are parameters of the header field, not of the URI.
 */
struct sip_name_addr {
	struct slice display;  /* as written; a quoted one keeps its quotes: sip_unquote */
	struct slice uri_text; /* without <> */
	struct uri uri;
	struct slice params; /* of the header field, for sip_param */
	struct slice tag;    /* its tag parameter; empty: none */
	bool star;           /* Contact: * ; uri is then empty */
};

struct sip_cseq {
	uint32_t number; /* below 2^31 */
	enum sip_method method;
	struct slice method_name;
};

/* RAck (RFC 3262 7.2). */
struct sip_rack {
	uint32_t rseq;
	struct sip_cseq cseq;
};

/* Session-Expires (RFC 4028 section 4). */
enum sip_refresher { SIP_REFRESHER_NONE, SIP_REFRESHER_UAC, SIP_REFRESHER_UAS };

struct sip_session_expires {
	uint32_t seconds;
	enum sip_refresher refresher;
};

/* Replaces, Join, Target-Dialog (RFC 3891, 3911, 4538). For Target-Dialog, to_tag is remote-tag. */
struct sip_dialog_ref {
	struct slice call_id;
	struct slice to_tag, from_tag;
	bool early_only;
};

/*
 * A value followed by parameters: Event, Subscription-State, Content-Type, Content-Disposition,
 * Reason, Accept. word: what stands before the first semicolon, trimmed.
 */
struct sip_word_params {
	struct slice word;
	struct slice params;
};

/* Credentials or a challenge: "Digest realm=..., nonce=..." (RFC 3261 20.7, 20.44). */
struct sip_auth {
	struct slice scheme;
	struct slice params; /* for sip_auth_param */
};

/*
 * Cut the next element off a comma-separated value; commas inside "" and <> do not count. The
 * element is trimmed; empty ones are skipped. False at the end.
 */
bool sip_list_next(struct slice *rest, struct slice *element);

/*
 * Walk ";name=value" parameters: cuts the next one off *rest. value is as written (a quoted string
 * keeps its quotes) and empty for one without "=". Returns 1, 0 at the end, or -EINVAL.
 */
int sip_param_next(struct slice *rest, struct slice *name, struct slice *value);

/* Find a parameter, name without regard to case. value may be NULL. False when it is absent. */
bool sip_param(struct slice params, const char *name, struct slice *value);

/* The same for the comma-separated parameters of sip_auth. */
bool sip_auth_param(const struct sip_auth *auth, const char *name, struct slice *value);

/* Append the text of a quoted string without quotes and escapes; of any other text, as it is. */
void sip_unquote(struct slice s, struct buf *out);

/* Whether the (trimmed) text is a token (RFC 3261 25.1), and not empty. */
bool sip_is_token(struct slice s);

/*
 * One element of a Via value (see sip_list_next). The protocol's version is not looked at. When it
 * fails, what stands before the error is filled in.
 */
int sip_via_parse(struct slice element, struct sip_via *via);

/* One element of a list of addresses, or "*". The URI must be one that uri_parse takes. */
int sip_name_addr_parse(struct slice element, struct sip_name_addr *addr);

int sip_cseq_parse(struct slice value, struct sip_cseq *cseq);
int sip_rack_parse(struct slice value, struct sip_rack *rack);
int sip_session_expires_parse(struct slice value, struct sip_session_expires *expires);
int sip_dialog_ref_parse(struct slice value, struct sip_dialog_ref *ref);
int sip_word_params_parse(struct slice value, struct sip_word_params *parts);
int sip_auth_parse(struct slice value, struct sip_auth *auth);

/* A number of seconds or a sequence number; one too large for 32 bits becomes UINT32_MAX. */
int sip_number_parse(struct slice value, uint32_t *number);

#endif
