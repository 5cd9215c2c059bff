/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Flow: the media of one participant, on a connected socket of its own: what it sends, and a count of
 * what it hears; plain RTP or SRTP.
 */
#ifndef BENCH_FLOW_H
#define BENCH_FLOW_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "media/srtp.h"
#include "voice.h"

struct flow {
	int fd;
	bool connected, talks, heard;
	enum voice_codec codec;
	uint8_t payload_type;
	uint16_t sequence, last_heard; /* RTP sequence numbers: sent next, received last */
	uint32_t timestamp, ssrc;
	unsigned voice, frame;
	uint32_t received, lost; /* packets in this run */
	uint32_t gaps;           /* reads that found nothing, in this run */
	struct srtp *send;       /* NULL: plain */
	struct srtp *receive;    /* NULL: plain, or not checked */
	uint32_t opened,
		bad; /* in this run: packets that were authentic, and those that were not */
};

/* 0 or a negative errno. */
int flow_open(struct flow *f, const struct in_addr *ip, unsigned index);
void flow_close(struct flow *f);

/* The port it is bound to. */
unsigned flow_port(const struct flow *f);

/*
 * From now on SRTP, with these keys (key.h). check: open all that is
 * received, else it is only counted. 0, -EINVAL or -ENOMEM.
 */
int flow_protect(struct flow *f, const char *send_key, const char *receive_key, bool check);

/* Send the next packet of its voice. Returns whether that worked. */
bool flow_send(struct flow *f, const struct voice *voice);

/* Read and count all that has come. */
void flow_read(struct flow *f);

/* A new run begins. */
void flow_reset(struct flow *f);

#endif
