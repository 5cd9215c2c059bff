/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Header fields of event notification (RFC 6665 8.2). */
#include "sip/event.h"

#include <errno.h>

/* "At some later time" (RFC 6665 4.1.3) when nothing is said. */
enum { RETRY_LATER_S = 60 };

static const char *const reasons[] = {
	[SIP_REASON_NONE] = "",
	[SIP_REASON_DEACTIVATED] = "deactivated",
	[SIP_REASON_PROBATION] = "probation",
	[SIP_REASON_REJECTED] = "rejected",
	[SIP_REASON_TIMEOUT] = "timeout",
	[SIP_REASON_GIVEUP] = "giveup",
	[SIP_REASON_NORESOURCE] = "noresource",
	[SIP_REASON_INVARIANT] = "invariant",
};

enum { N_REASONS = sizeof reasons / sizeof reasons[0] };

int sip_event_parse(struct slice value, struct sip_event *event)
{
	struct sip_word_params parts;
	struct slice id;

	*event = (struct sip_event){0};
	if (sip_word_params_parse(value, &parts) < 0 || !sip_is_token(parts.word))
		return -EINVAL;
	event->package = parts.word;
	if (sip_param(parts.params, "id", &id)) {
		if (!sip_is_token(id))
			return -EINVAL;
		event->id = id;
	}
	return 0;
}

int sip_event_read(const struct sip_msg *msg, struct sip_event *event)
{
	const struct sip_header *h = sip_msg_header(msg, SIP_HDR_EVENT);

	*event = (struct sip_event){0};
	return h ? sip_event_parse(h->value, event) : -ENOENT;
}

bool sip_event_equal(const struct sip_event *a, const struct sip_event *b)
{
	return slice_eq(a->package, b->package) && slice_eq(a->id, b->id);
}

void sip_event_write(const struct sip_event *event, struct buf *out)
{
	buf_slice(out, event->package);
	if (event->id.n) {
		buf_str(out, ";id=");
		buf_slice(out, event->id);
	}
}

const char *sip_subscription_reason_name(enum sip_subscription_reason reason)
{
	return reasons[reason];
}

static enum sip_subscription_reason reason_of(struct slice name)
{
	for (unsigned i = 1; i < N_REASONS; i++) {
		if (slice_eq_nocase(name, slice_str(reasons[i])))
			return (enum sip_subscription_reason)i;
	}
	return SIP_REASON_NONE;
}

static int64_t seconds_param(struct slice params, const char *name)
{
	struct slice value;
	uint32_t n;

	if (!sip_param(params, name, &value) || sip_number_parse(value, &n) < 0)
		return -1;
	return n;
}

int sip_subscription_status_read(
	const struct sip_msg *notify, struct sip_subscription_status *status)
{
	const struct sip_header *h = sip_msg_header(notify, SIP_HDR_SUBSCRIPTION_STATE);
	struct sip_word_params parts;
	struct slice reason;

	*status = (struct sip_subscription_status){
		.state = SIP_SUBSCRIPTION_ACTIVE, .expires = -1, .retry_after = -1};
	if (!h)
		return -ENOENT;
	if (sip_word_params_parse(h->value, &parts) < 0 || !sip_is_token(parts.word))
		return -EINVAL;
	if (slice_eq_nocase(parts.word, SLICE("pending")))
		status->state = SIP_SUBSCRIPTION_PENDING;
	else if (slice_eq_nocase(parts.word, SLICE("terminated")))
		status->state = SIP_SUBSCRIPTION_TERMINATED;
	if (sip_param(parts.params, "reason", &reason))
		status->reason = reason_of(reason);
	status->expires = seconds_param(parts.params, "expires");
	status->retry_after = seconds_param(parts.params, "retry-after");
	return 0;
}

int64_t sip_subscription_retry_ms(const struct sip_subscription_status *status)
{
	switch (status->reason) {
	case SIP_REASON_REJECTED:
	case SIP_REASON_NORESOURCE:
	case SIP_REASON_INVARIANT:
		return -1;
	case SIP_REASON_DEACTIVATED:
	case SIP_REASON_TIMEOUT:
		return 0; /* at once; retry-after means nothing here */
	case SIP_REASON_PROBATION:
	case SIP_REASON_GIVEUP:
		return (status->retry_after >= 0 ? status->retry_after : RETRY_LATER_S) * 1000;
	default:
		return status->retry_after > 0 ? status->retry_after * 1000 : 0;
	}
}

uint32_t sip_expires_read(const struct sip_msg *msg, enum sip_header_id id, uint32_t preset)
{
	const struct sip_header *h = sip_msg_header(msg, id);
	uint32_t n;

	return h && sip_number_parse(h->value, &n) == 0 ? n : preset;
}

/* Whether a range of Accept ("*" "/" "*", "text/" "*", "text/plain") covers the type. */
static bool covers(struct slice range, struct slice type)
{
	if (slice_eq(range, SLICE("*/*")) || slice_eq_nocase(range, type))
		return true;
	if (range.n < 2 || range.p[range.n - 1] != '*' || range.p[range.n - 2] != '/')
		return false;
	return slice_starts_nocase(type, slice_of(range.p, range.n - 1));
}

bool sip_accepts(const struct sip_msg *request, struct slice type)
{
	struct sip_element_walk walk = {0};
	struct slice element, range, word;

	if (!sip_msg_header(request, SIP_HDR_ACCEPT))
		return true;
	slice_cut(&type, ';', &word);
	word = slice_trim(word);
	while (sip_msg_element(request, SIP_HDR_ACCEPT, &walk, &element)) {
		slice_cut(&element, ';', &range);
		if (covers(slice_trim(range), word))
			return true;
	}
	return false;
}
