/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * RTP load: many flows that talk, or only listen, and a count of what each hears.
 *
 * One thread. Every flow has a connected socket. Each millisecond a twentieth of the flows send, and a
 * fortieth are read: so all send every 20 ms, and a read that finds nothing is a gap of 40 ms. Reading by
 * the clock and not by epoll keeps the wake-ups, which on loopback the sender pays for, off the server's
 * bill.
 *
 * Commands, a line each, from standard input; answers are JSON, a line each, on standard output:
 *
 *     open N IP                                  make N more flows on IP -> {"ports": [...]}
 *     flow I IP PORT TYPE opus|pcmu talk|knock|listen   where flow I sends to, and what; knock: one packet
 *     drop N                                     close the last N flows -> {"flows": left}
 *     run MS                                     count for so long -> what was heard
 *     quit
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "voice.h"

enum {
	SEND_SLOTS = 20,
	READ_SLOTS = 40,
	SLOT_NS = 1000000,
	READ_BATCH = 32,
	READ_BYTES = 64, /* the header is all that is looked at */
	MAX_FLOWS = 60000,
	LATE_NS = 5 * SLOT_NS,      /* of our own: the figures of such a run are in doubt */
	GIVE_UP_NS = 100 * SLOT_NS, /* after a longer stop we do not send all that was missed */
	COMMAND_BYTES = 1 << 16,
};

/* One participant's media. */
struct flow {
	int fd;
	bool connected, talks, heard;
	enum voice_codec codec;
	uint8_t payload_type;
	uint16_t sequence, last_heard; /* RTP sequence numbers: sent next, received last */
	uint32_t timestamp, ssrc;
	unsigned voice, frame;
	uint32_t received, lost; /* packets in this run */
	uint32_t gaps;           /* of 40 ms without a packet, in this run */
};

struct generator {
	struct flow *flows;
	unsigned n_flows;
	struct voice *voices[VOICE_CODECS]; /* VOICES of each, made when first needed */
	bool counting;
	uint64_t run_end;      /* slot */
	uint64_t run_start_ns; /* the clock: a slot that was given up does not shorten the run */
	uint64_t sent;
	uint64_t max_late_ns;
	unsigned late_slots;
	char command[COMMAND_BYTES];
	size_t command_n;
	bool quit;
};

static uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* ---- flows ---- */

static void flow_send(struct generator *g, struct flow *f)
{
	const struct voice_frame *frame = &g->voices[f->codec][f->voice].frames[f->frame];
	uint8_t packet[12 + VOICE_MAX_FRAME] = {0x80, f->payload_type};
	uint16_t sequence = htons(f->sequence++);
	uint32_t timestamp = htonl(f->timestamp), ssrc = htonl(f->ssrc);

	memcpy(packet + 2, &sequence, 2);
	memcpy(packet + 4, &timestamp, 4);
	memcpy(packet + 8, &ssrc, 4);
	memcpy(packet + 12, frame->p, frame->n);
	f->timestamp += voice_ticks(f->codec);
	f->frame = (f->frame + 1) % VOICE_FRAMES;
	if (send(f->fd, packet, 12 + (size_t)frame->n, MSG_DONTWAIT) > 0)
		g->sent++;
}

static void flow_heard(struct flow *f, const uint8_t *p, size_t n)
{
	uint16_t sequence, step;

	/* RTCP has 192..223 in its second byte (RFC 5761 4). */
	if (n < 12 || p[0] >> 6 != 2 || (p[1] >= 192 && p[1] <= 223))
		return;
	sequence = (uint16_t)(p[2] << 8 | p[3]);
	step = (uint16_t)(sequence - f->last_heard);
	if (f->heard && step > 1 && step < 1000)
		f->lost += step - 1U;
	f->heard = true;
	f->last_heard = sequence;
	f->received++;
}

static void flow_read(struct flow *f)
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
			flow_heard(f, data[i], headers[i].msg_len);
	} while (n == READ_BATCH);
	f->gaps += f->received == before;
}

static int flow_open(struct flow *f, const struct in_addr *ip, unsigned index)
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

static unsigned flow_port(const struct flow *f)
{
	struct sockaddr_in local;
	socklen_t len = sizeof local;

	if (getsockname(f->fd, (struct sockaddr *)&local, &len) < 0)
		return 0;
	return ntohs(local.sin_port);
}

/* ---- commands ---- */

static void fail(const char *what, int err)
{
	fprintf(stderr, "rtp_generator: %s: %s\n", what, strerror(-err));
	exit(1);
}

static void make_voices(struct generator *g, enum voice_codec codec)
{
	int err;

	if (g->voices[codec])
		return;
	g->voices[codec] = calloc(VOICES, sizeof *g->voices[codec]);
	if (!g->voices[codec])
		fail("voices", -ENOMEM);
	for (unsigned i = 0; i < VOICES; i++) {
		err = voice_make(&g->voices[codec][i], codec, i, 0);
		if (err)
			fail("voices", err);
	}
}

static void on_open(struct generator *g, unsigned n, const char *host)
{
	struct in_addr ip;

	if (inet_pton(AF_INET, host, &ip) != 1 || n > MAX_FLOWS - g->n_flows)
		fail("open", -EINVAL);
	printf("{\"ports\": [");
	for (unsigned i = 0; i < n; i++) {
		int err = flow_open(&g->flows[g->n_flows], &ip, g->n_flows);

		if (err)
			fail("socket", err);
		printf("%s%u", i ? ", " : "", flow_port(&g->flows[g->n_flows]));
		g->n_flows++;
	}
	printf("]}\n");
}

static void on_flow(struct generator *g, const char *line)
{
	struct sockaddr_in peer = {.sin_family = AF_INET};
	char host[64], codec[8], mode[8];
	unsigned i, port, type;
	struct flow *f;

	if (sscanf(line, "flow %u %63s %u %u %7s %7s", &i, host, &port, &type, codec, mode) != 6 ||
		i >= g->n_flows || inet_pton(AF_INET, host, &peer.sin_addr) != 1)
		fail(line, -EINVAL);
	f = &g->flows[i];
	peer.sin_port = htons((uint16_t)port);
	if (connect(f->fd, (struct sockaddr *)&peer, sizeof peer) < 0)
		fail("connect", -errno);
	f->codec = strcmp(codec, "pcmu") == 0 ? VOICE_PCMU : VOICE_OPUS;
	f->payload_type = (uint8_t)(type & 127);
	f->connected = true;
	make_voices(g, f->codec);
	f->talks = strcmp(mode, "talk") == 0;
	if (strcmp(mode, "knock") == 0)
		flow_send(g, f);
}

static void on_drop(struct generator *g, unsigned n)
{
	while (n-- > 0 && g->n_flows > 0)
		close(g->flows[--g->n_flows].fd);
	printf("{\"flows\": %u}\n", g->n_flows);
}

static void on_run(struct generator *g, unsigned ms, uint64_t slot)
{
	g->counting = true;
	g->run_start_ns = clock_ns();
	/* Whole turns, so that every flow is due the same number of packets. */
	g->run_end = slot + (ms + READ_SLOTS - 1) / READ_SLOTS * READ_SLOTS;
	g->sent = 0;
	g->late_slots = 0;
	g->max_late_ns = 0;
	for (unsigned i = 0; i < g->n_flows; i++) {
		struct flow *f = &g->flows[i];

		f->received = f->lost = f->gaps = 0;
	}
}

static void on_command(struct generator *g, const char *line, uint64_t slot)
{
	char host[64];
	unsigned n;

	if (sscanf(line, "open %u %63s", &n, host) == 2)
		on_open(g, n, host);
	else if (strncmp(line, "flow ", 5) == 0)
		on_flow(g, line);
	else if (sscanf(line, "drop %u", &n) == 1)
		on_drop(g, n);
	else if (sscanf(line, "run %u", &n) == 1)
		on_run(g, n, slot);
	else if (strcmp(line, "quit") == 0)
		g->quit = true;
	else
		fail(line, -EINVAL);
	fflush(stdout);
}

/* Take what has come; the end of the input ends the generator. */
static void read_commands(struct generator *g, uint64_t slot)
{
	ssize_t n =
		read(STDIN_FILENO, g->command + g->command_n, sizeof g->command - 1 - g->command_n);
	char *line = g->command, *end;

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		g->quit = true;
	if (n <= 0)
		return;
	g->command_n += (size_t)n;
	g->command[g->command_n] = '\0';
	while (!g->quit && (end = strchr(line, '\n'))) {
		*end = '\0';
		on_command(g, line, slot);
		line = end + 1;
	}
	g->command_n -= (size_t)(line - g->command);
	memmove(g->command, line, g->command_n);
	if (g->command_n == sizeof g->command - 1)
		fail("a command is too long", -EMSGSIZE);
}

/* ---- results ---- */

/*
 * rate_*: packets per second and flow. behind: flows with less than 49 a second. gaps: times that a
 * flow heard nothing for 40 ms. late_slots, late_ms: our own lateness; with any, the rest
 * says little about the server.
 */
static void report(struct generator *g)
{
	double seconds = (double)(clock_ns() - g->run_start_ns) / 1e9;
	double least = 1e9, most = 0, sum = 0;
	unsigned behind = 0;
	uint64_t lost = 0, gaps = 0;

	for (unsigned i = 0; i < g->n_flows; i++) {
		double rate = g->flows[i].received / seconds;

		least = rate < least ? rate : least;
		most = rate > most ? rate : most;
		sum += rate;
		behind += rate < 49.0;
		lost += g->flows[i].lost;
		gaps += g->flows[i].gaps;
	}
	printf("{\"seconds\": %.3f, \"flows\": %u, \"rate_min\": %.2f, \"rate_mean\": %.3f, "
	       "\"rate_max\": %.2f, \"behind\": %u, \"lost\": %llu, \"gaps\": %llu, "
	       "\"sent\": %llu, \"late_slots\": %u, \"late_ms\": %.1f}\n",
		seconds, g->n_flows, g->n_flows ? least : 0.0, g->n_flows ? sum / g->n_flows : 0.0,
		most, behind, (unsigned long long)lost, (unsigned long long)gaps,
		(unsigned long long)g->sent, g->late_slots, (double)g->max_late_ns / 1e6);
	fflush(stdout);
	g->counting = false;
}

/* ---- the clock ---- */

static void on_slot(struct generator *g, uint64_t slot)
{
	for (unsigned i = (unsigned)(slot % SEND_SLOTS); i < g->n_flows; i += SEND_SLOTS) {
		if (g->flows[i].talks)
			flow_send(g, &g->flows[i]);
	}
	for (unsigned i = (unsigned)(slot % READ_SLOTS); i < g->n_flows; i += READ_SLOTS) {
		if (g->flows[i].connected)
			flow_read(&g->flows[i]);
	}
	if (g->counting && slot + 1 >= g->run_end)
		report(g);
}

static void sleep_until(uint64_t ns)
{
	struct timespec ts = {
		.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

/* How late we are for a slot that was due then. */
static uint64_t measure_lateness(struct generator *g, uint64_t due)
{
	uint64_t now = clock_ns(), late = now > due ? now - due : 0;

	if (late > g->max_late_ns)
		g->max_late_ns = late;
	g->late_slots += late > LATE_NS;
	return late;
}

static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* A load that comes late says nothing; without the permission it takes its chance. */
static void ask_for_real_time(void)
{
	struct sched_param param = {.sched_priority = 1};

	sched_setscheduler(0, SCHED_RR, &param);
}

int main(void)
{
	static struct generator g;
	uint64_t start = clock_ns();

	raise_file_limit();
	ask_for_real_time();
	g.flows = calloc(MAX_FLOWS, sizeof *g.flows);
	if (!g.flows || fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK) < 0)
		fail("start", -ENOMEM);
	for (uint64_t slot = 0; !g.quit; slot++) {
		uint64_t due = start + slot * SLOT_NS, late;

		sleep_until(due);
		late = measure_lateness(&g, due);
		if (late > GIVE_UP_NS)
			start += late;
		read_commands(&g, slot);
		on_slot(&g, slot);
	}
	return 0;
}
