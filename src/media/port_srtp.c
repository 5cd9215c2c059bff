/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A port's SRTP. */
#include "media/port_srtp.h"

/* For so long packets under the old key still come after the first one under the new key. */
#define OLD_KEY_US 2000000

bool port_srtp_wants_ssrc(const struct port_srtp *s, const struct port_rekey *rekey, uint32_t ssrc)
{
	return rekey->send_changes && s->send && rekey->send && srtp_rollovers(s->send, ssrc) > 0;
}

void port_srtp_change(struct port_srtp *s, const struct port_rekey *rekey)
{
	if (rekey->send_changes) {
		if (s->send && rekey->send)
			srtp_inherit(rekey->send, s->send);
		srtp_free(s->send);
		s->send = rekey->send;
	}
	if (rekey->receive_changes) {
		if (s->receive && rekey->receive)
			srtp_inherit(rekey->receive, s->receive);
		srtp_free(s->before);
		s->before = s->receive;
		s->before_ends_us = 0;
		s->receive = rekey->receive;
	}
}

static int open_with(struct srtp *srtp, uint8_t *p, size_t *n, bool rtcp)
{
	return rtcp ? srtp_open_rtcp(srtp, p, n) : srtp_open(srtp, p, n);
}

static bool before_is_good(const struct port_srtp *s, uint64_t now_us)
{
	return s->before && (s->before_ends_us == 0 || now_us < s->before_ends_us);
}

int port_srtp_open(struct port_srtp *s, uint8_t *p, size_t *n, bool rtcp, uint64_t now_us)
{
	int err = 0;

	if (s->receive) {
		err = open_with(s->receive, p, n, rtcp);
		if (err == 0 && s->before && s->before_ends_us == 0)
			s->before_ends_us = now_us + OLD_KEY_US;
		if (err == 0)
			return 0;
	}
	if (before_is_good(s, now_us) && open_with(s->before, p, n, rtcp) == 0)
		return 0;
	return err;
}

void port_srtp_close(struct port_srtp *s)
{
	srtp_free(s->send);
	srtp_free(s->receive);
	srtp_free(s->before);
	*s = (struct port_srtp){0};
}
