/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Flow: the media of one participant. */
#include "flow.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "key.h"
#include "media/rtp.h"

enum {
	READ_BATCH = 32,
	READ_BYTES = RTP_HEADER_SIZE + VOICE_MAX_FRAME + SRTP_MAX_OVERHEAD,
};

int flow_open(struct flow *f, const struct in_addr *ip, unsigned index)
{
	struct sockaddr_in local = {.sin_family = AF_INET, .sin_addr = *ip};

	*f = (struct flow){.sequence = (uint16_t)(index * 77),
		.ssrc = 0x5eed0000U + index,
		.voice = index % VOICES};
	f->timestamp = index * 4801;
	f->frame = index * 31 % VOICE_FRAMES;
	f->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (f->fd < 0)
		return -errno;
	if (bind(f->fd, (struct sockaddr *)&local, sizeof local) < 0) {
		int err = -errno;

		close(f->fd);
		return err;
	}
	return 0;
}

void flow_close(struct flow *f)
{
	close(f->fd);
	srtp_free(f->send);
	srtp_free(f->receive);
}

unsigned flow_port(const struct flow *f)
{
	struct sockaddr_in local;
	socklen_t len = sizeof local;

	if (getsockname(f->fd, (struct sockaddr *)&local, &len) < 0)
		return 0;
	return ntohs(local.sin_port);
}

int flow_protect(struct flow *f, const char *send_key, const char *receive_key, bool check)
{
	struct srtp_key send, receive;
	int err = key_from_hex(&send, send_key);

	if (!err)
		err = key_from_hex(&receive, receive_key);
	if (err)
		return err;
	srtp_free(f->send);
	srtp_free(f->receive);
	f->send = f->receive = NULL;
	err = srtp_new(&f->send, &send, true);
	if (!err && check)
		err = srtp_new(&f->receive, &receive, false);
	return err;
}

/* ---- packets ---- */

bool flow_send(struct flow *f, const struct voice *voice)
{
	const struct voice_frame *frame = &voice->frames[f->frame];
	uint8_t packet[RTP_HEADER_SIZE + VOICE_MAX_FRAME + SRTP_MAX_OVERHEAD];
	size_t size = RTP_HEADER_SIZE + frame->n;

	rtp_write_header(packet, false, f->payload_type, f->sequence++, f->timestamp, f->ssrc);
	memcpy(packet + RTP_HEADER_SIZE, frame->p, frame->n);
	f->timestamp += voice_ticks(f->codec);
	f->frame = (f->frame + 1) % VOICE_FRAMES;
	if (f->send && srtp_seal(f->send, packet, &size) < 0)
		return false;
	return send(f->fd, packet, size, MSG_DONTWAIT) > 0;
}

static void on_packet(struct flow *f, uint8_t *p, size_t n)
{
	uint16_t sequence, step;

	if (n < RTP_HEADER_SIZE || p[0] >> 6 != 2 || rtp_is_rtcp(p, n))
		return;
	if (f->receive) {
		bool authentic = srtp_open(f->receive, p, &n) == 0;

		f->opened += authentic;
		f->bad += !authentic;
	}
	sequence = (uint16_t)(p[2] << 8 | p[3]);
	step = (uint16_t)(sequence - f->last_heard);
	if (f->heard && step > 1 && step < 1000)
		f->lost += step - 1U;
	f->heard = true;
	f->last_heard = sequence;
	f->received++;
}

void flow_read(struct flow *f)
{
	static uint8_t data[READ_BATCH][READ_BYTES];
	static struct iovec iov[READ_BATCH];
	static struct mmsghdr headers[READ_BATCH];
	uint32_t before = f->received;
	int n;

	do {
		for (int i = 0; i < READ_BATCH; i++) {
			iov[i] = (struct iovec){data[i], READ_BYTES};
			headers[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1};
		}
		n = recvmmsg(f->fd, headers, READ_BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < n; i++)
			on_packet(f, data[i], headers[i].msg_len);
	} while (n == READ_BATCH);
	f->gaps += f->received == before;
}

void flow_reset(struct flow *f)
{
	f->received = f->lost = f->gaps = f->opened = f->bad = 0;
}
