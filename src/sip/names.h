/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The words of SIP: methods, header field names with their compact forms, standard reason phrases.
 * Constant tables; any thread.
 */
#ifndef SIP_NAMES_H
#define SIP_NAMES_H

#include "core/slice.h"

/* SIP_OTHER: a method we have no name for; sip_msg.method_name holds it. */
enum sip_method {
	SIP_INVITE,
	SIP_ACK,
	SIP_BYE,
	SIP_CANCEL,
	SIP_OPTIONS,
	SIP_REGISTER,
	SIP_UPDATE,
	SIP_PRACK,
	SIP_SUBSCRIBE,
	SIP_NOTIFY,
	SIP_REFER,
	SIP_MESSAGE,
	SIP_INFO,
	SIP_PUBLISH,
	SIP_OTHER,
};

/* Header fields; each is defined where the comment says, else in RFC 3261 section 20. */
enum sip_header_id {
	SIP_HDR_OTHER, /* any other name; sip_header.name holds it */
	SIP_HDR_ACCEPT,
	SIP_HDR_ACCEPT_CONTACT, /* RFC 3841 */
	SIP_HDR_ACCEPT_ENCODING,
	SIP_HDR_ACCEPT_LANGUAGE,
	SIP_HDR_ALERT_INFO,
	SIP_HDR_ALLOW,
	SIP_HDR_ALLOW_EVENTS, /* RFC 6665 */
	SIP_HDR_AUTHENTICATION_INFO,
	SIP_HDR_AUTHORIZATION,
	SIP_HDR_CALL_ID,
	SIP_HDR_CALL_INFO,
	SIP_HDR_CONTACT,
	SIP_HDR_CONTENT_DISPOSITION,
	SIP_HDR_CONTENT_ENCODING,
	SIP_HDR_CONTENT_ID, /* RFC 8262 */
	SIP_HDR_CONTENT_LANGUAGE,
	SIP_HDR_CONTENT_LENGTH,
	SIP_HDR_CONTENT_TYPE,
	SIP_HDR_CSEQ,
	SIP_HDR_DATE,
	SIP_HDR_ERROR_INFO,
	SIP_HDR_EVENT, /* RFC 6665 */
	SIP_HDR_EXPIRES,
	SIP_HDR_FLOW_TIMER, /* RFC 5626 */
	SIP_HDR_FROM,
	SIP_HDR_HISTORY_INFO, /* RFC 7044 */
	SIP_HDR_IN_REPLY_TO,
	SIP_HDR_INFO_PACKAGE, /* RFC 6086 */
	SIP_HDR_JOIN,         /* RFC 3911 */
	SIP_HDR_MAX_FORWARDS,
	SIP_HDR_MIME_VERSION,
	SIP_HDR_MIN_EXPIRES,
	SIP_HDR_MIN_SE, /* RFC 4028 */
	SIP_HDR_ORGANIZATION,
	SIP_HDR_P_ASSERTED_IDENTITY,  /* RFC 3325 */
	SIP_HDR_P_PREFERRED_IDENTITY, /* RFC 3325 */
	SIP_HDR_PATH,                 /* RFC 3327 */
	SIP_HDR_PRIORITY,
	SIP_HDR_PRIVACY, /* RFC 3323 */
	SIP_HDR_PROXY_AUTHENTICATE,
	SIP_HDR_PROXY_AUTHORIZATION,
	SIP_HDR_PROXY_REQUIRE,
	SIP_HDR_RACK,   /* RFC 3262 */
	SIP_HDR_REASON, /* RFC 3326 */
	SIP_HDR_RECORD_ROUTE,
	SIP_HDR_RECV_INFO,      /* RFC 6086 */
	SIP_HDR_REFER_SUB,      /* RFC 4488 */
	SIP_HDR_REFER_TO,       /* RFC 3515 */
	SIP_HDR_REFERRED_BY,    /* RFC 3892 */
	SIP_HDR_REJECT_CONTACT, /* RFC 3841 */
	SIP_HDR_REPLACES,       /* RFC 3891 */
	SIP_HDR_REPLY_TO,
	SIP_HDR_REQUEST_DISPOSITION, /* RFC 3841 */
	SIP_HDR_REQUIRE,
	SIP_HDR_RETRY_AFTER,
	SIP_HDR_ROUTE,
	SIP_HDR_RSEQ,            /* RFC 3262 */
	SIP_HDR_SECURITY_CLIENT, /* RFC 3329 */
	SIP_HDR_SECURITY_SERVER, /* RFC 3329 */
	SIP_HDR_SECURITY_VERIFY, /* RFC 3329 */
	SIP_HDR_SERVER,
	SIP_HDR_SERVICE_ROUTE,   /* RFC 3608 */
	SIP_HDR_SESSION_EXPIRES, /* RFC 4028 */
	SIP_HDR_SIP_ETAG,        /* RFC 3903 */
	SIP_HDR_SIP_IF_MATCH,    /* RFC 3903 */
	SIP_HDR_SUBJECT,
	SIP_HDR_SUBSCRIPTION_STATE, /* RFC 6665 */
	SIP_HDR_SUPPORTED,
	SIP_HDR_TARGET_DIALOG, /* RFC 4538 */
	SIP_HDR_TIMESTAMP,
	SIP_HDR_TO,
	SIP_HDR_UNSUPPORTED,
	SIP_HDR_USER_AGENT,
	SIP_HDR_VIA,
	SIP_HDR_WARNING,
	SIP_HDR_WWW_AUTHENTICATE,
	SIP_HDR_COUNT,
};

/* Methods are compared with case (RFC 3261 7.1). SIP_OTHER for one that is not in the enum. */
enum sip_method sip_method_of(struct slice name);

/* "INVITE" ...; "" for SIP_OTHER. */
const char *sip_method_name(enum sip_method method);

/* Long or compact form in any case; SIP_HDR_OTHER for a name that is not in the enum. */
enum sip_header_id sip_header_id_of(struct slice name);

/* The long form as the RFC writes it: "Call-ID"; empty for SIP_HDR_OTHER. */
struct slice sip_header_name(enum sip_header_id id);

/* The phrase of the RFC that defines the status, or that of its class for an unknown one. */
const char *sip_reason_phrase(unsigned status);

#endif
