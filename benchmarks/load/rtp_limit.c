/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What no server can do without: protect a packet for each listener and send it from the listener's own
 * socket, all of them every 20 ms, by the same I/O and the same SRTP as sylk-server. No calls, no mixer,
 * no ports, no reports: what the server takes more than this is its own.
 *
 * Commands, a line each, from standard input; answers are JSON, a line each, on standard output:
 *
 *     listener IP PORT KEY    one more, with its SRTP key in hex -> {"port": where its packets come from}
 *     run MS                  send for so long -> {"packets": how many}
 */
#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include "key.h"
#include "media/media_io.h"
#include "media/rtp.h"
#include "voice.h"

enum {
	PERIOD_NS = 20000000,
	PERIODS_PER_SECOND = 50,
	MAX_LISTENERS = 60000,
	PAYLOAD_TYPE = 96,
	PRIORITY = 5, /* that of the server's media threads */
};

struct listener {
	struct media_socket socket;
	struct addr to;
	struct srtp *srtp;
	uint16_t seq;
	uint32_t timestamp;
};

static struct listener *listeners;
static unsigned n_listeners;
static struct media_io *io;
static struct voice voice;

static void fail(const char *what, int err)
{
	fprintf(stderr, "rtp_limit: %s: %s\n", what, strerror(-err));
	exit(1);
}

static void on_received(
	struct media_socket *s, uint8_t *p, size_t n, const struct addr *from, void *arg)
{
}

static void on_listener(const char *host, unsigned port, const char *hex)
{
	struct listener *l = &listeners[n_listeners];
	struct srtp_key key;
	struct addr local;
	int err;

	if (n_listeners == MAX_LISTENERS || key_from_hex(&key, hex) < 0)
		fail("listener", -EINVAL);
	err = addr_parse(slice_str(host), (uint16_t)port, &l->to);
	if (!err)
		err = addr_parse(slice_str(host), 0, &local);
	if (!err)
		err = srtp_new(&l->srtp, &key, true);
	if (err)
		fail("listener", err);
	l->socket.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->socket.fd < 0 || bind(l->socket.fd, &local.u.sa, local.len) < 0 ||
		getsockname(l->socket.fd, &local.u.sa, &local.len) < 0)
		fail("socket", -errno);
	err = media_io_add(io, &l->socket);
	if (err)
		fail("socket", err);
	n_listeners++;
	printf("{\"port\": %u}\n", addr_port(&local));
}

static void send_to(struct listener *l, const struct voice_frame *frame)
{
	size_t size = RTP_HEADER_SIZE + frame->n;
	uint8_t *p = media_io_prepare(io, size + SRTP_MAX_OVERHEAD);

	rtp_write_header(p, false, PAYLOAD_TYPE, l->seq++, l->timestamp, 1);
	l->timestamp += voice_ticks(VOICE_OPUS);
	memcpy(p + RTP_HEADER_SIZE, frame->p, frame->n);
	if (srtp_seal(l->srtp, p, &size) < 0)
		fail("SRTP", -EIO);
	media_io_send(io, &l->socket, size, &l->to);
}

static void on_run(unsigned ms)
{
	unsigned periods = ms * PERIODS_PER_SECOND / 1000;
	struct timespec due;

	clock_gettime(CLOCK_MONOTONIC, &due);
	for (unsigned k = 0; k < periods; k++) {
		for (unsigned i = 0; i < n_listeners; i++)
			send_to(&listeners[i], &voice.frames[k % VOICE_FRAMES]);
		media_io_flush(io);
		media_io_poll(io);
		due.tv_nsec += PERIOD_NS;
		if (due.tv_nsec >= 1000000000) {
			due.tv_nsec -= 1000000000;
			due.tv_sec++;
		}
		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR)
			;
	}
	printf("{\"packets\": %llu}\n", (unsigned long long)n_listeners * periods);
}

int main(void)
{
	struct sched_param param = {.sched_priority = PRIORITY};
	char line[256], host[64], hex[KEY_HEX + 1];
	unsigned n;
	int err = media_io_new(&io, eventfd(0, EFD_CLOEXEC), true, on_received, NULL);

	if (!err)
		err = voice_make(&voice, VOICE_OPUS, 0, 0);
	listeners = calloc(MAX_LISTENERS, sizeof *listeners);
	if (err || !listeners)
		fail("start", err ? err : -ENOMEM);
	sched_setscheduler(0, SCHED_RR, &param); /* without the permission it takes its chance */
	while (fgets(line, sizeof line, stdin)) {
		if (sscanf(line, "listener %63s %u %60s", host, &n, hex) == 3)
			on_listener(host, n, hex);
		else if (sscanf(line, "run %u", &n) == 1)
			on_run(n);
		else
			fail(line, -EINVAL);
		fflush(stdout);
	}
	return 0;
}
