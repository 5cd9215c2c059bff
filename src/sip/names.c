/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The words of SIP: methods, header field names, reason phrases. */
#include "sip/names.h"

#include <stdint.h>

#define NAME(literal)                          \
	{                                      \
		(literal), sizeof(literal) - 1 \
	}

static const struct slice method_names[SIP_OTHER] = {
	[SIP_INVITE] = NAME("INVITE"),
	[SIP_ACK] = NAME("ACK"),
	[SIP_BYE] = NAME("BYE"),
	[SIP_CANCEL] = NAME("CANCEL"),
	[SIP_OPTIONS] = NAME("OPTIONS"),
	[SIP_REGISTER] = NAME("REGISTER"),
	[SIP_UPDATE] = NAME("UPDATE"),
	[SIP_PRACK] = NAME("PRACK"),
	[SIP_SUBSCRIBE] = NAME("SUBSCRIBE"),
	[SIP_NOTIFY] = NAME("NOTIFY"),
	[SIP_REFER] = NAME("REFER"),
	[SIP_MESSAGE] = NAME("MESSAGE"),
	[SIP_INFO] = NAME("INFO"),
	[SIP_PUBLISH] = NAME("PUBLISH"),
};

static const struct slice header_names[SIP_HDR_COUNT] = {
	[SIP_HDR_ACCEPT] = NAME("Accept"),
	[SIP_HDR_ACCEPT_CONTACT] = NAME("Accept-Contact"),
	[SIP_HDR_ACCEPT_ENCODING] = NAME("Accept-Encoding"),
	[SIP_HDR_ACCEPT_LANGUAGE] = NAME("Accept-Language"),
	[SIP_HDR_ALERT_INFO] = NAME("Alert-Info"),
	[SIP_HDR_ALLOW] = NAME("Allow"),
	[SIP_HDR_ALLOW_EVENTS] = NAME("Allow-Events"),
	[SIP_HDR_AUTHENTICATION_INFO] = NAME("Authentication-Info"),
	[SIP_HDR_AUTHORIZATION] = NAME("Authorization"),
	[SIP_HDR_CALL_ID] = NAME("Call-ID"),
	[SIP_HDR_CALL_INFO] = NAME("Call-Info"),
	[SIP_HDR_CONTACT] = NAME("Contact"),
	[SIP_HDR_CONTENT_DISPOSITION] = NAME("Content-Disposition"),
	[SIP_HDR_CONTENT_ENCODING] = NAME("Content-Encoding"),
	[SIP_HDR_CONTENT_ID] = NAME("Content-ID"),
	[SIP_HDR_CONTENT_LANGUAGE] = NAME("Content-Language"),
	[SIP_HDR_CONTENT_LENGTH] = NAME("Content-Length"),
	[SIP_HDR_CONTENT_TYPE] = NAME("Content-Type"),
	[SIP_HDR_CSEQ] = NAME("CSeq"),
	[SIP_HDR_DATE] = NAME("Date"),
	[SIP_HDR_ERROR_INFO] = NAME("Error-Info"),
	[SIP_HDR_EVENT] = NAME("Event"),
	[SIP_HDR_EXPIRES] = NAME("Expires"),
	[SIP_HDR_FLOW_TIMER] = NAME("Flow-Timer"),
	[SIP_HDR_FROM] = NAME("From"),
	[SIP_HDR_HISTORY_INFO] = NAME("History-Info"),
	[SIP_HDR_IN_REPLY_TO] = NAME("In-Reply-To"),
	[SIP_HDR_INFO_PACKAGE] = NAME("Info-Package"),
	[SIP_HDR_JOIN] = NAME("Join"),
	[SIP_HDR_MAX_FORWARDS] = NAME("Max-Forwards"),
	[SIP_HDR_MIME_VERSION] = NAME("MIME-Version"),
	[SIP_HDR_MIN_EXPIRES] = NAME("Min-Expires"),
	[SIP_HDR_MIN_SE] = NAME("Min-SE"),
	[SIP_HDR_ORGANIZATION] = NAME("Organization"),
	[SIP_HDR_P_ASSERTED_IDENTITY] = NAME("P-Asserted-Identity"),
	[SIP_HDR_P_PREFERRED_IDENTITY] = NAME("P-Preferred-Identity"),
	[SIP_HDR_PATH] = NAME("Path"),
	[SIP_HDR_PRIORITY] = NAME("Priority"),
	[SIP_HDR_PRIVACY] = NAME("Privacy"),
	[SIP_HDR_PROXY_AUTHENTICATE] = NAME("Proxy-Authenticate"),
	[SIP_HDR_PROXY_AUTHORIZATION] = NAME("Proxy-Authorization"),
	[SIP_HDR_PROXY_REQUIRE] = NAME("Proxy-Require"),
	[SIP_HDR_RACK] = NAME("RAck"),
	[SIP_HDR_REASON] = NAME("Reason"),
	[SIP_HDR_RECORD_ROUTE] = NAME("Record-Route"),
	[SIP_HDR_RECV_INFO] = NAME("Recv-Info"),
	[SIP_HDR_REFER_SUB] = NAME("Refer-Sub"),
	[SIP_HDR_REFER_TO] = NAME("Refer-To"),
	[SIP_HDR_REFERRED_BY] = NAME("Referred-By"),
	[SIP_HDR_REJECT_CONTACT] = NAME("Reject-Contact"),
	[SIP_HDR_REPLACES] = NAME("Replaces"),
	[SIP_HDR_REPLY_TO] = NAME("Reply-To"),
	[SIP_HDR_REQUEST_DISPOSITION] = NAME("Request-Disposition"),
	[SIP_HDR_REQUIRE] = NAME("Require"),
	[SIP_HDR_RETRY_AFTER] = NAME("Retry-After"),
	[SIP_HDR_ROUTE] = NAME("Route"),
	[SIP_HDR_RSEQ] = NAME("RSeq"),
	[SIP_HDR_SECURITY_CLIENT] = NAME("Security-Client"),
	[SIP_HDR_SECURITY_SERVER] = NAME("Security-Server"),
	[SIP_HDR_SECURITY_VERIFY] = NAME("Security-Verify"),
	[SIP_HDR_SERVER] = NAME("Server"),
	[SIP_HDR_SERVICE_ROUTE] = NAME("Service-Route"),
	[SIP_HDR_SESSION_EXPIRES] = NAME("Session-Expires"),
	[SIP_HDR_SIP_ETAG] = NAME("SIP-ETag"),
	[SIP_HDR_SIP_IF_MATCH] = NAME("SIP-If-Match"),
	[SIP_HDR_SUBJECT] = NAME("Subject"),
	[SIP_HDR_SUBSCRIPTION_STATE] = NAME("Subscription-State"),
	[SIP_HDR_SUPPORTED] = NAME("Supported"),
	[SIP_HDR_TARGET_DIALOG] = NAME("Target-Dialog"),
	[SIP_HDR_TIMESTAMP] = NAME("Timestamp"),
	[SIP_HDR_TO] = NAME("To"),
	[SIP_HDR_UNSUPPORTED] = NAME("Unsupported"),
	[SIP_HDR_USER_AGENT] = NAME("User-Agent"),
	[SIP_HDR_VIA] = NAME("Via"),
	[SIP_HDR_WARNING] = NAME("Warning"),
	[SIP_HDR_WWW_AUTHENTICATE] = NAME("WWW-Authenticate"),
};

/*
 * Header names are found by a hash that no two of them share: their length and their first, middle
 * and last letter in lower case. A new name that collides is a compiler warning (an initializer
 * overridden); other factors are then to be found. 0 is SIP_HDR_OTHER.
 */
#define SLOT(length, first, middle, last)                                       \
	((40U * (unsigned)(length) + 38U * (unsigned char)(first) +             \
		 31U * (unsigned char)(middle) + 37U * (unsigned char)(last)) & \
		255U)

static const uint8_t header_slots[256] = {
	[SLOT(6, 'a', 'e', 't')] = SIP_HDR_ACCEPT,
	[SLOT(14, 'a', 'c', 't')] = SIP_HDR_ACCEPT_CONTACT,
	[SLOT(15, 'a', 'e', 'g')] = SIP_HDR_ACCEPT_ENCODING,
	[SLOT(15, 'a', 'l', 'e')] = SIP_HDR_ACCEPT_LANGUAGE,
	[SLOT(10, 'a', '-', 'o')] = SIP_HDR_ALERT_INFO,
	[SLOT(5, 'a', 'l', 'w')] = SIP_HDR_ALLOW,
	[SLOT(12, 'a', 'e', 's')] = SIP_HDR_ALLOW_EVENTS,
	[SLOT(19, 'a', 'a', 'o')] = SIP_HDR_AUTHENTICATION_INFO,
	[SLOT(13, 'a', 'i', 'n')] = SIP_HDR_AUTHORIZATION,
	[SLOT(7, 'c', 'l', 'd')] = SIP_HDR_CALL_ID,
	[SLOT(9, 'c', '-', 'o')] = SIP_HDR_CALL_INFO,
	[SLOT(7, 'c', 't', 't')] = SIP_HDR_CONTACT,
	[SLOT(19, 'c', 'i', 'n')] = SIP_HDR_CONTENT_DISPOSITION,
	[SLOT(16, 'c', 'e', 'g')] = SIP_HDR_CONTENT_ENCODING,
	[SLOT(10, 'c', 'n', 'd')] = SIP_HDR_CONTENT_ID,
	[SLOT(16, 'c', 'l', 'e')] = SIP_HDR_CONTENT_LANGUAGE,
	[SLOT(14, 'c', '-', 'h')] = SIP_HDR_CONTENT_LENGTH,
	[SLOT(12, 'c', 't', 'e')] = SIP_HDR_CONTENT_TYPE,
	[SLOT(4, 'c', 'e', 'q')] = SIP_HDR_CSEQ,
	[SLOT(4, 'd', 't', 'e')] = SIP_HDR_DATE,
	[SLOT(10, 'e', '-', 'o')] = SIP_HDR_ERROR_INFO,
	[SLOT(5, 'e', 'e', 't')] = SIP_HDR_EVENT,
	[SLOT(7, 'e', 'i', 's')] = SIP_HDR_EXPIRES,
	[SLOT(10, 'f', 't', 'r')] = SIP_HDR_FLOW_TIMER,
	[SLOT(4, 'f', 'o', 'm')] = SIP_HDR_FROM,
	[SLOT(12, 'h', 'y', 'o')] = SIP_HDR_HISTORY_INFO,
	[SLOT(11, 'i', 'p', 'o')] = SIP_HDR_IN_REPLY_TO,
	[SLOT(12, 'i', 'a', 'e')] = SIP_HDR_INFO_PACKAGE,
	[SLOT(4, 'j', 'i', 'n')] = SIP_HDR_JOIN,
	[SLOT(12, 'm', 'r', 's')] = SIP_HDR_MAX_FORWARDS,
	[SLOT(12, 'm', 'e', 'n')] = SIP_HDR_MIME_VERSION,
	[SLOT(11, 'm', 'x', 's')] = SIP_HDR_MIN_EXPIRES,
	[SLOT(6, 'm', '-', 'e')] = SIP_HDR_MIN_SE,
	[SLOT(12, 'o', 'z', 'n')] = SIP_HDR_ORGANIZATION,
	[SLOT(19, 'p', 'd', 'y')] = SIP_HDR_P_ASSERTED_IDENTITY,
	[SLOT(20, 'p', 'd', 'y')] = SIP_HDR_P_PREFERRED_IDENTITY,
	[SLOT(4, 'p', 't', 'h')] = SIP_HDR_PATH,
	[SLOT(8, 'p', 'r', 'y')] = SIP_HDR_PRIORITY,
	[SLOT(7, 'p', 'v', 'y')] = SIP_HDR_PRIVACY,
	[SLOT(18, 'p', 'h', 'e')] = SIP_HDR_PROXY_AUTHENTICATE,
	[SLOT(19, 'p', 'h', 'n')] = SIP_HDR_PROXY_AUTHORIZATION,
	[SLOT(13, 'p', 'r', 'e')] = SIP_HDR_PROXY_REQUIRE,
	[SLOT(4, 'r', 'c', 'k')] = SIP_HDR_RACK,
	[SLOT(6, 'r', 's', 'n')] = SIP_HDR_REASON,
	[SLOT(12, 'r', '-', 'e')] = SIP_HDR_RECORD_ROUTE,
	[SLOT(9, 'r', '-', 'o')] = SIP_HDR_RECV_INFO,
	[SLOT(9, 'r', 'r', 'b')] = SIP_HDR_REFER_SUB,
	[SLOT(8, 'r', 'r', 'o')] = SIP_HDR_REFER_TO,
	[SLOT(11, 'r', 'r', 'y')] = SIP_HDR_REFERRED_BY,
	[SLOT(14, 'r', 'c', 't')] = SIP_HDR_REJECT_CONTACT,
	[SLOT(8, 'r', 'a', 's')] = SIP_HDR_REPLACES,
	[SLOT(8, 'r', 'y', 'o')] = SIP_HDR_REPLY_TO,
	[SLOT(19, 'r', 'i', 'n')] = SIP_HDR_REQUEST_DISPOSITION,
	[SLOT(7, 'r', 'u', 'e')] = SIP_HDR_REQUIRE,
	[SLOT(11, 'r', '-', 'r')] = SIP_HDR_RETRY_AFTER,
	[SLOT(5, 'r', 'u', 'e')] = SIP_HDR_ROUTE,
	[SLOT(4, 'r', 'e', 'q')] = SIP_HDR_RSEQ,
	[SLOT(15, 's', 'y', 't')] = SIP_HDR_SECURITY_CLIENT,
	[SLOT(15, 's', 'y', 'r')] = SIP_HDR_SECURITY_SERVER,
	[SLOT(15, 's', 'y', 'y')] = SIP_HDR_SECURITY_VERIFY,
	[SLOT(6, 's', 'v', 'r')] = SIP_HDR_SERVER,
	[SLOT(13, 's', 'e', 'e')] = SIP_HDR_SERVICE_ROUTE,
	[SLOT(15, 's', '-', 's')] = SIP_HDR_SESSION_EXPIRES,
	[SLOT(8, 's', 'e', 'g')] = SIP_HDR_SIP_ETAG,
	[SLOT(12, 's', '-', 'h')] = SIP_HDR_SIP_IF_MATCH,
	[SLOT(7, 's', 'j', 't')] = SIP_HDR_SUBJECT,
	[SLOT(18, 's', 'i', 'e')] = SIP_HDR_SUBSCRIPTION_STATE,
	[SLOT(9, 's', 'o', 'd')] = SIP_HDR_SUPPORTED,
	[SLOT(13, 't', '-', 'g')] = SIP_HDR_TARGET_DIALOG,
	[SLOT(9, 't', 's', 'p')] = SIP_HDR_TIMESTAMP,
	[SLOT(2, 't', 'o', 'o')] = SIP_HDR_TO,
	[SLOT(11, 'u', 'p', 'd')] = SIP_HDR_UNSUPPORTED,
	[SLOT(10, 'u', 'a', 't')] = SIP_HDR_USER_AGENT,
	[SLOT(3, 'v', 'i', 'a')] = SIP_HDR_VIA,
	[SLOT(7, 'w', 'n', 'g')] = SIP_HDR_WARNING,
	[SLOT(16, 'w', 'e', 'e')] = SIP_HDR_WWW_AUTHENTICATE,
};

/* RFC 3261 7.3.3 and the RFCs named in names.h. */
static const uint8_t compact_forms[26] = {
	['a' - 'a'] = SIP_HDR_ACCEPT_CONTACT,
	['b' - 'a'] = SIP_HDR_REFERRED_BY,
	['c' - 'a'] = SIP_HDR_CONTENT_TYPE,
	['d' - 'a'] = SIP_HDR_REQUEST_DISPOSITION,
	['e' - 'a'] = SIP_HDR_CONTENT_ENCODING,
	['f' - 'a'] = SIP_HDR_FROM,
	['i' - 'a'] = SIP_HDR_CALL_ID,
	['j' - 'a'] = SIP_HDR_REJECT_CONTACT,
	['k' - 'a'] = SIP_HDR_SUPPORTED,
	['l' - 'a'] = SIP_HDR_CONTENT_LENGTH,
	['m' - 'a'] = SIP_HDR_CONTACT,
	['o' - 'a'] = SIP_HDR_EVENT,
	['r' - 'a'] = SIP_HDR_REFER_TO,
	['s' - 'a'] = SIP_HDR_SUBJECT,
	['t' - 'a'] = SIP_HDR_TO,
	['u' - 'a'] = SIP_HDR_ALLOW_EVENTS,
	['v' - 'a'] = SIP_HDR_VIA,
	['x' - 'a'] = SIP_HDR_SESSION_EXPIRES,
};

struct status_phrase {
	uint16_t status;
	const char *phrase;
};

/* By status. RFC 3261 section 21, and where else named. */
static const struct status_phrase phrases[] = {
	{100, "Trying"},
	{180, "Ringing"},
	{181, "Call Is Being Forwarded"},
	{182, "Queued"},
	{183, "Session Progress"},
	{199, "Early Dialog Terminated"}, /* RFC 6228 */
	{200, "OK"},
	{202, "Accepted"},        /* RFC 6665 */
	{204, "No Notification"}, /* RFC 5839 */
	{300, "Multiple Choices"},
	{301, "Moved Permanently"},
	{302, "Moved Temporarily"},
	{305, "Use Proxy"},
	{380, "Alternative Service"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{402, "Payment Required"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{406, "Not Acceptable"},
	{407, "Proxy Authentication Required"},
	{408, "Request Timeout"},
	{410, "Gone"},
	{412, "Conditional Request Failed"}, /* RFC 3903 */
	{413, "Request Entity Too Large"},
	{414, "Request-URI Too Long"},
	{415, "Unsupported Media Type"},
	{416, "Unsupported URI Scheme"},
	{417, "Unknown Resource-Priority"}, /* RFC 4412 */
	{420, "Bad Extension"},
	{421, "Extension Required"},
	{422, "Session Interval Too Small"}, /* RFC 4028 */
	{423, "Interval Too Brief"},
	{428, "Use Identity Header"},              /* RFC 8224 */
	{429, "Provide Referrer Identity"},        /* RFC 3892 */
	{430, "Flow Failed"},                      /* RFC 5626 */
	{433, "Anonymity Disallowed"},             /* RFC 5079 */
	{439, "First Hop Lacks Outbound Support"}, /* RFC 5626 */
	{440, "Max-Breadth Exceeded"},             /* RFC 5393 */
	{469, "Bad Info Package"},                 /* RFC 6086 */
	{470, "Consent Needed"},                   /* RFC 5360 */
	{480, "Temporarily Unavailable"},
	{481, "Call/Transaction Does Not Exist"},
	{482, "Loop Detected"},
	{483, "Too Many Hops"},
	{484, "Address Incomplete"},
	{485, "Ambiguous"},
	{486, "Busy Here"},
	{487, "Request Terminated"},
	{488, "Not Acceptable Here"},
	{489, "Bad Event"}, /* RFC 6665 */
	{491, "Request Pending"},
	{493, "Undecipherable"},
	{494, "Security Agreement Required"}, /* RFC 3329 */
	{500, "Server Internal Error"},
	{501, "Not Implemented"},
	{502, "Bad Gateway"},
	{503, "Service Unavailable"},
	{504, "Server Time-out"},
	{505, "Version Not Supported"},
	{513, "Message Too Large"},
	{580, "Precondition Failure"}, /* RFC 3312 */
	{600, "Busy Everywhere"},
	{603, "Decline"},
	{604, "Does Not Exist Anywhere"},
	{606, "Not Acceptable"},
};

/* A status we do not know is treated as the x00 of its class (RFC 3261 8.1.3.2). */
static const char *const class_phrases[] = {
	"Unknown",
	"Progress",
	"Success",
	"Redirection",
	"Client Error",
	"Server Error",
	"Global Failure",
};

enum sip_method sip_method_of(struct slice name)
{
	for (unsigned i = 0; i < SIP_OTHER; i++) {
		if (slice_eq(method_names[i], name))
			return (enum sip_method)i;
	}
	return SIP_OTHER;
}

const char *sip_method_name(enum sip_method method)
{
	return method < SIP_OTHER ? method_names[method].p : "";
}

static enum sip_header_id compact_id_of(char c)
{
	unsigned letter = (unsigned)(unsigned char)ascii_lower(c) - 'a';

	return letter < sizeof compact_forms ? (enum sip_header_id)compact_forms[letter]
					     : SIP_HDR_OTHER;
}

enum sip_header_id sip_header_id_of(struct slice name)
{
	unsigned id;

	if (name.n == 0)
		return SIP_HDR_OTHER;
	if (name.n == 1)
		return compact_id_of(name.p[0]);
	id = header_slots[SLOT(name.n, ascii_lower(name.p[0]), ascii_lower(name.p[name.n / 2]),
		ascii_lower(name.p[name.n - 1]))];
	return slice_eq_nocase(header_names[id], name) ? (enum sip_header_id)id : SIP_HDR_OTHER;
}

struct slice sip_header_name(enum sip_header_id id)
{
	return id < SIP_HDR_COUNT ? header_names[id] : SLICE_NONE;
}

const char *sip_reason_phrase(unsigned status)
{
	size_t low = 0, high = sizeof phrases / sizeof phrases[0];

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (phrases[middle].status == status)
			return phrases[middle].phrase;
		if (phrases[middle].status < status)
			low = middle + 1;
		else
			high = middle;
	}
	return class_phrases[status / 100 < 7 ? status / 100 : 0];
}
