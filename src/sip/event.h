/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Header fields of event notification (RFC 6665 8.2): Event, Subscription-State, Expires and the
 * question whether a type is accepted. Slices point into the message. Any thread.
 */
#ifndef SIP_EVENT_H
#define SIP_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "sip/message.h"

struct sip_event {
	struct slice package; /* "conference"; compared with case (RFC 6665 8.2.1) */
	struct slice id;      /* or empty */
};

/* Returns 0, -ENOENT without Event, -EINVAL for a malformed one. */
int sip_event_read(const struct sip_msg *msg, struct sip_event *event);
int sip_event_parse(struct slice value, struct sip_event *event);

/* The same package and the same id. */
bool sip_event_equal(const struct sip_event *a, const struct sip_event *b);

/* "conference" or "conference;id=4". Appended to out. */
void sip_event_write(const struct sip_event *event, struct buf *out);

enum sip_subscription_state {
	SIP_SUBSCRIPTION_PENDING,
	SIP_SUBSCRIPTION_ACTIVE,
	SIP_SUBSCRIPTION_TERMINATED,
};

/* Why it was terminated (RFC 6665 4.1.3). */
enum sip_subscription_reason {
	SIP_REASON_NONE,
	SIP_REASON_DEACTIVATED,
	SIP_REASON_PROBATION,
	SIP_REASON_REJECTED,
	SIP_REASON_TIMEOUT,
	SIP_REASON_GIVEUP,
	SIP_REASON_NORESOURCE,
	SIP_REASON_INVARIANT,
};

/* "timeout"; "" for SIP_REASON_NONE. */
const char *sip_subscription_reason_name(enum sip_subscription_reason reason);

struct sip_subscription_status {
	enum sip_subscription_state state; /* one that we do not know counts as active */
	enum sip_subscription_reason reason;
	int64_t expires;     /* seconds; -1: not said */
	int64_t retry_after; /* likewise */
};

/* Returns 0, -ENOENT without Subscription-State, -EINVAL for a malformed one. */
int sip_subscription_status_read(
	const struct sip_msg *notify, struct sip_subscription_status *status);

/*
 * In how many ms one may subscribe again after this end (RFC 6665 4.1.3), or -1: not at all.
 */
int64_t sip_subscription_retry_ms(const struct sip_subscription_status *status);

/* Value of Expires or Min-Expires; preset when it is absent or malformed. */
uint32_t sip_expires_read(const struct sip_msg *msg, enum sip_header_id id, uint32_t preset);

/* Whether Accept lets this type ("type/subtype", parameters aside) pass; absent: yes. */
bool sip_accepts(const struct sip_msg *request, struct slice type);

#endif
