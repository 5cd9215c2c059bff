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
 *     flow I IP PORT TYPE opus|pcmu talk|knock|listen [KEY KEY]
 *                                                where flow I sends to, and what; knock: one packet;
 *                                                keys of SRTP, in hex: ours, theirs
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

#include "flow.h"

enum {
	SEND_SLOTS = 20,
	READ_SLOTS = 40,
	SLOT_NS = 1000000,
	CHECK_FLOWS = 16, /* of so many one opens the SRTP that it hears, every packet */
	MAX_FLOWS = 60000,
	LATE_NS = 5 * SLOT_NS,      /* of our own: the figures of such a run are in doubt */
	GIVE_UP_NS = 100 * SLOT_NS, /* after a longer stop we do not send all that was missed */
	COMMAND_BYTES = 1 << 16,
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

static void send_next(struct generator *g, struct flow *f)
{
	if (flow_send(f, &g->voices[f->codec][f->voice]))
		g->sent++;
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
	char host[64], codec[8], mode[8], keys[2][64];
	unsigned i, port, type;
	struct flow *f;
	int n = sscanf(line, "flow %u %63s %u %u %7s %7s %63s %63s", &i, host, &port, &type, codec,
		mode, keys[0], keys[1]);

	if ((n != 6 && n != 8) || i >= g->n_flows || inet_pton(AF_INET, host, &peer.sin_addr) != 1)
		fail(line, -EINVAL);
	f = &g->flows[i];
	peer.sin_port = htons((uint16_t)port);
	if (connect(f->fd, (struct sockaddr *)&peer, sizeof peer) < 0)
		fail("connect", -errno);
	f->codec = strcmp(codec, "pcmu") == 0 ? VOICE_PCMU : VOICE_OPUS;
	f->payload_type = (uint8_t)(type & 127);
	f->connected = true;
	if (n == 8 && flow_protect(f, keys[0], keys[1], i % CHECK_FLOWS == 0) < 0)
		fail("keys", -EINVAL);
	make_voices(g, f->codec);
	f->talks = strcmp(mode, "talk") == 0;
	if (strcmp(mode, "knock") == 0)
		send_next(g, f);
}

static void on_drop(struct generator *g, unsigned n)
{
	while (n-- > 0 && g->n_flows > 0)
		flow_close(&g->flows[--g->n_flows]);
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
	for (unsigned i = 0; i < g->n_flows; i++)
		flow_reset(&g->flows[i]);
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
 * says little about the server. opened, bad: SRTP packets that were authentic, and those that were not.
 */
static void report(struct generator *g)
{
	double seconds = (double)(clock_ns() - g->run_start_ns) / 1e9;
	double least = 1e9, most = 0, sum = 0;
	unsigned behind = 0;
	uint64_t lost = 0, gaps = 0, opened = 0, bad = 0;

	for (unsigned i = 0; i < g->n_flows; i++) {
		double rate = g->flows[i].received / seconds;

		least = rate < least ? rate : least;
		most = rate > most ? rate : most;
		sum += rate;
		behind += rate < 49.0;
		lost += g->flows[i].lost;
		gaps += g->flows[i].gaps;
		opened += g->flows[i].opened;
		bad += g->flows[i].bad;
	}
	printf("{\"seconds\": %.3f, \"flows\": %u, \"rate_min\": %.2f, \"rate_mean\": %.3f, "
	       "\"rate_max\": %.2f, \"behind\": %u, \"lost\": %llu, \"gaps\": %llu, "
	       "\"opened\": %llu, \"bad\": %llu, \"sent\": %llu, \"late_slots\": %u, \"late_ms\": "
	       "%.1f}\n",
		seconds, g->n_flows, g->n_flows ? least : 0.0, g->n_flows ? sum / g->n_flows : 0.0,
		most, behind, (unsigned long long)lost, (unsigned long long)gaps,
		(unsigned long long)opened, (unsigned long long)bad, (unsigned long long)g->sent,
		g->late_slots, (double)g->max_late_ns / 1e6);
	fflush(stdout);
	g->counting = false;
}

/* ---- the clock ---- */

static void on_slot(struct generator *g, uint64_t slot)
{
	for (unsigned i = (unsigned)(slot % SEND_SLOTS); i < g->n_flows; i += SEND_SLOTS) {
		if (g->flows[i].talks)
			send_next(g, &g->flows[i]);
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
