/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SIP load: INVITE, 200, ACK, a pause, BYE, 200, at a steady rate, for a few microseconds a call.
 *
 *     sip_caller IP PORT USER RATE CALLS HOLD_MS [NAME PASSWORD]
 *
 * One thread, a few sockets, a turn every millisecond. Nothing is sent twice: a call that waited for an
 * answer longer than T1 (RFC 3261 17.1.1.1), after which a telephone would have asked again, is counted.
 * HOLD_MS -1: no call is ended; the result comes when all are up, then the calls stay until the program
 * is killed, or the server ends them. With a name and a password, every INVITE is authenticated: the
 * challenge is asked for before the clock starts. The result is one line of JSON.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/mem.h"
#include "sip/auth.h"

enum {
	SOCKETS = 8, /* as many sources as the server sees, from 127.0.0.1 on */
	BATCH = 64,
	MESSAGE_BYTES = 2048,
	TEXT_BYTES = 160,
	MAX_CALLS = 1 << 16, /* at once */
	TURN_NS = 1000000,
	T1_NS = 500 * TURN_NS,
	SOCKET_BUFFER = 16 << 20,
	MAX_STARTS = 512, /* in one turn; more is owed by a stop of ours, and comes later */
};

/* What calls are given beyond their time. */
#define PATIENCE_NS (5ULL * T1_NS)

enum call_state { CALL_FREE, CALL_INVITED, CALL_UP, CALL_ENDING };

/* One call; the slot is used again when it is over. */
struct call {
	enum call_state state;
	unsigned serial;  /* tells the users of a slot apart */
	uint64_t sent_ns; /* the request that waits for its answer; or since when it is up */
	unsigned next;    /* in the list of free ones, or of those that are held */
	char to[TEXT_BYTES], target[TEXT_BYTES];
};

struct batch {
	struct mmsghdr headers[BATCH];
	struct iovec iov[BATCH];
	char data[BATCH][MESSAGE_BYTES];
};

struct out {
	int fd;
	char *host;                   /* 127.0.0.N:port; ours as long as we run */
	struct sip_auth_client *auth; /* with a nonce of its own; NULL: nobody need be proved */
	unsigned n;
	struct batch batch;
};

struct caller {
	const char *ip, *user;
	unsigned port;
	long rate, calls, hold_ms;
	struct out out[SOCKETS];
	struct batch in;
	struct call *slots;
	unsigned free, held, held_last; /* slots; MAX_CALLS: none */
	struct buf proof;               /* header lines of the INVITE to be sent next */
	long begun, up, done, late, repeated, refused, busy, unexpected;
	unsigned refusal; /* the first one's status */
	uint64_t now;
	uint64_t longest_ns; /* from INVITE to its 200 */
	uint64_t stopped_ns; /* the longest that we ourselves were not given the processor */
};

static uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* ---- sending ---- */

static void flush(struct out *out)
{
	unsigned done = 0;

	while (done < out->n) {
		int n = sendmmsg(out->fd, out->batch.headers + done, out->n - done, 0);

		if (n <= 0 && errno != EINTR)
			fail("sendmmsg");
		done += n > 0 ? (unsigned)n : 0;
	}
	out->n = 0;
}

/* The socket of a slot, with room for a message at *text. */
static struct out *prepare(struct caller *c, unsigned slot, char **text)
{
	struct out *out = &c->out[slot % SOCKETS];

	if (out->n == BATCH)
		flush(out);
	*text = out->batch.data[out->n];
	return out;
}

static void queue(struct out *out, int n)
{
	out->batch.iov[out->n].iov_len = (size_t)n;
	out->n++;
}

static void send_invite(struct caller *c, unsigned slot)
{
	static const char offer[] = "v=0\r\no=load 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
				    "c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n"
				    "a=rtpmap:0 PCMU/8000\r\n";
	unsigned serial = c->slots[slot].serial;
	char *text, uri[TEXT_BYTES];
	struct out *out = prepare(c, slot, &text);

	buf_reset(&c->proof);
	if (out->auth) {
		snprintf(uri, sizeof uri, "sip:%s@%s:%u", c->user, c->ip, c->port);
		sip_auth_client_write(out->auth, &c->proof, SLICE("INVITE"), slice_str(uri));
	}
	queue(out, snprintf(text, MESSAGE_BYTES,
			   "INVITE sip:%s@%s:%u SIP/2.0\r\n"
			   "Via: SIP/2.0/UDP %s;branch=z9hG4bKi%u-%u\r\n"
			   "Max-Forwards: 70\r\n"
			   "From: <sip:load@%s>;tag=t%u-%u\r\n"
			   "To: <sip:%s@%s:%u>\r\n"
			   "Call-ID: %u-%u@%s\r\n"
			   "CSeq: 1 INVITE\r\n"
			   "Contact: <sip:load@%s>\r\n"
			   "%.*s"
			   "Content-Type: application/sdp\r\n"
			   "Content-Length: %zu\r\n\r\n%s",
			   c->user, c->ip, c->port, out->host, slot, serial, out->host, slot,
			   serial, c->user, c->ip, c->port, slot, serial, out->host, out->host,
			   SLICE_ARG(buf_view(&c->proof)), sizeof offer - 1, offer));
}

/* RFC 3261 17.1.1.3: the ACK to a refusal belongs to the INVITE's transaction. */
static void send_refusal_ack(struct caller *c, unsigned slot)
{
	const struct call *call = &c->slots[slot];
	char *text;
	struct out *out = prepare(c, slot, &text);

	queue(out, snprintf(text, MESSAGE_BYTES,
			   "ACK sip:%s@%s:%u SIP/2.0\r\n"
			   "Via: SIP/2.0/UDP %s;branch=z9hG4bKi%u-%u\r\n"
			   "Max-Forwards: 70\r\n"
			   "From: <sip:load@%s>;tag=t%u-%u\r\n"
			   "To: %s\r\n"
			   "Call-ID: %u-%u@%s\r\n"
			   "CSeq: 1 ACK\r\n"
			   "Content-Length: 0\r\n\r\n",
			   c->user, c->ip, c->port, out->host, slot, call->serial, out->host, slot,
			   call->serial, call->to, slot, call->serial, out->host));
}

static void send_in_dialog(struct caller *c, unsigned slot, const char *method, int cseq)
{
	const struct call *call = &c->slots[slot];
	char *text;
	struct out *out = prepare(c, slot, &text);

	queue(out,
		snprintf(text, MESSAGE_BYTES,
			"%s %s SIP/2.0\r\n"
			"Via: SIP/2.0/UDP %s;branch=z9hG4bK%c%u-%u\r\n"
			"Max-Forwards: 70\r\n"
			"From: <sip:load@%s>;tag=t%u-%u\r\n"
			"To: %s\r\n"
			"Call-ID: %u-%u@%s\r\n"
			"CSeq: %d %s\r\n"
			"Content-Length: 0\r\n\r\n",
			method, call->target, out->host, method[0], slot, call->serial, out->host,
			slot, call->serial, call->to, slot, call->serial, out->host, cseq, method));
}

/* ---- calls ---- */

static void begin(struct caller *c)
{
	unsigned slot = c->free;
	struct call *call = &c->slots[slot];

	c->free = call->next;
	call->state = CALL_INVITED;
	call->serial++;
	call->sent_ns = c->now;
	c->begun++;
	send_invite(c, slot);
}

static void hold(struct caller *c, unsigned slot)
{
	c->slots[slot].next = MAX_CALLS;
	if (c->held == MAX_CALLS)
		c->held = slot;
	else
		c->slots[c->held_last].next = slot;
	c->held_last = slot;
}

static void release(struct caller *c, unsigned slot)
{
	c->slots[slot].state = CALL_FREE;
	c->slots[slot].next = c->free;
	c->free = slot;
	c->done++;
}

/* End the calls that have lasted long enough: all last equally long, so the list is in order. */
static void end_held(struct caller *c)
{
	uint64_t hold_ns = (uint64_t)c->hold_ms * TURN_NS;

	while (c->hold_ms >= 0 && c->held != MAX_CALLS) {
		unsigned slot = c->held;
		struct call *call = &c->slots[slot];

		if (c->now - call->sent_ns < hold_ns)
			break;
		c->held = call->next;
		call->state = CALL_ENDING;
		call->sent_ns = c->now;
		send_in_dialog(c, slot, "BYE", 2);
	}
}

/* ---- receiving ---- */

/* Copy what stands between a header's name and end; false when it is not there or too long. */
static bool copy_field(const char *message, const char *name, char end, char text[TEXT_BYTES])
{
	const char *from = strstr(message, name), *to;

	if (!from)
		return false;
	from += strlen(name);
	to = strchr(from, end);
	if (!to || to - from >= TEXT_BYTES)
		return false;
	memcpy(text, from, (size_t)(to - from));
	text[to - from] = '\0';
	return true;
}

static void measure_wait(struct caller *c, const struct call *call)
{
	uint64_t waited = c->now - call->sent_ns;

	c->late += waited > T1_NS;
	if (waited > c->longest_ns)
		c->longest_ns = waited;
}

static void on_answer(struct caller *c, unsigned slot, const char *message)
{
	struct call *call = &c->slots[slot];

	if (call->state != CALL_INVITED) {
		c->repeated++; /* a 200 again */
		return;
	}
	measure_wait(c, call);
	if (!copy_field(message, "\r\nTo: ", '\r', call->to) ||
		!copy_field(message, "\r\nContact: <", '>', call->target)) {
		c->unexpected++;
		return;
	}
	send_in_dialog(c, slot, "ACK", 1);
	call->state = CALL_UP;
	call->sent_ns = c->now;
	c->up++;
	hold(c, slot);
}

static void learn_challenge(struct caller *c, struct sip_auth_client *auth, const char *message)
{
	static struct sip_msg response;
	size_t used;

	if (sip_msg_parse(slice_str(message), false, &response, &used) < 0 ||
		sip_auth_client_challenged(auth, &response) < 0)
		c->unexpected++;
}

static void on_refusal(struct caller *c, unsigned slot, unsigned status, const char *message)
{
	struct call *call = &c->slots[slot];

	if (c->refused++ == 0)
		c->refusal = status;
	if (status == 401 && c->out[slot % SOCKETS].auth)
		learn_challenge(c, c->out[slot % SOCKETS].auth, message);
	c->busy += status == 503 && strstr(message, "\r\nRetry-After: ");
	if (call->state == CALL_INVITED && copy_field(message, "\r\nTo: ", '\r', call->to))
		send_refusal_ack(c, slot);
	release(c, slot);
}

/* The server ends a call: 200, with the lines that every response has of its request (8.2.6.2). */
static void on_request(struct caller *c, const char *message)
{
	static const char *const names[] = {
		"\r\nVia: ", "\r\nFrom: ", "\r\nTo: ", "\r\nCall-ID: ", "\r\nCSeq: "};
	const char *id = strstr(message, names[3]);
	unsigned slot, serial;
	struct out *out;
	char *text;
	int n;

	if (strncmp(message, "BYE ", 4) != 0 || !id ||
		sscanf(id, "\r\nCall-ID: %u-%u@", &slot, &serial) != 2 || slot >= MAX_CALLS) {
		c->unexpected++;
		return;
	}
	out = prepare(c, slot, &text);
	n = snprintf(text, MESSAGE_BYTES, "SIP/2.0 200 OK");
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const char *line = strstr(message, names[i]);
		int length = line ? (int)strcspn(line + 2, "\r") + 2 : 0;

		n += snprintf(
			text + n, MESSAGE_BYTES - (size_t)n, "%.*s", length, line ? line : "");
	}
	n += snprintf(text + n, MESSAGE_BYTES - (size_t)n, "\r\nContent-Length: 0\r\n\r\n");
	queue(out, n);
}

static void on_response(struct caller *c, const char *message)
{
	const char *id = strstr(message, "\r\nCall-ID: "), *cseq = strstr(message, "\r\nCSeq: ");
	unsigned slot, serial, status;

	if (!id || !cseq || sscanf(message, "SIP/2.0 %u", &status) != 1 ||
		sscanf(id, "\r\nCall-ID: %u-%u@", &slot, &serial) != 2 || slot >= MAX_CALLS) {
		on_request(c, message);
		return;
	}
	if (c->slots[slot].serial != serial || c->slots[slot].state == CALL_FREE) {
		c->repeated++;
		return;
	}
	if (status < 200)
		return;
	if (status >= 300) {
		on_refusal(c, slot, status, message);
	} else if (strncmp(cseq, "\r\nCSeq: 1 ", 10) == 0) {
		on_answer(c, slot, message);
	} else if (c->slots[slot].state == CALL_ENDING) {
		measure_wait(c, &c->slots[slot]);
		release(c, slot);
	}
}

static void prepare_batch(struct batch *batch)
{
	for (unsigned i = 0; i < BATCH; i++) {
		batch->iov[i] = (struct iovec){batch->data[i], MESSAGE_BYTES - 1};
		batch->headers[i].msg_hdr =
			(struct msghdr){.msg_iov = &batch->iov[i], .msg_iovlen = 1};
	}
}

static void receive(struct caller *c, struct out *out)
{
	int n;

	do {
		n = recvmmsg(out->fd, c->in.headers, BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < n; i++) {
			c->in.data[i][c->in.headers[i].msg_len] = '\0';
			on_response(c, c->in.data[i]);
		}
	} while (n == BATCH);
}

/* ---- the run ---- */

static void open_socket(struct caller *c, struct out *out)
{
	struct sockaddr_in local = {.sin_family = AF_INET}, peer = {.sin_family = AF_INET};
	int size = SOCKET_BUFFER;
	socklen_t len = sizeof local;
	char ip[INET_ADDRSTRLEN];

	prepare_batch(&out->batch);
	local.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (unsigned)(out - c->out));
	peer.sin_port = htons((uint16_t)c->port);
	out->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (out->fd < 0 || inet_pton(AF_INET, c->ip, &peer.sin_addr) != 1 ||
		bind(out->fd, (struct sockaddr *)&local, sizeof local) < 0 ||
		connect(out->fd, (struct sockaddr *)&peer, sizeof peer) < 0 ||
		getsockname(out->fd, (struct sockaddr *)&local, &len) < 0)
		fail("socket");
	/* Best effort: the first needs a privilege, the second is cut to the system's limit. */
	if (setsockopt(out->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0)
		(void)setsockopt(out->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	inet_ntop(AF_INET, &local.sin_addr, ip, sizeof ip);
	if (asprintf(&out->host, "%s:%u", ip, ntohs(local.sin_port)) < 0)
		fail("asprintf");
}

/*
 * All calls are over, or have had the time that a rate which is carried takes, and some more: nobody
 * waits for the rest, whoever is to blame.
 */
static bool finished(const struct caller *c, uint64_t start)
{
	uint64_t planned_ns = (uint64_t)((double)c->calls / (double)c->rate * 1e9);

	if (c->hold_ms > 0)
		planned_ns += (uint64_t)c->hold_ms * TURN_NS;
	if (c->now - start > planned_ns + PATIENCE_NS)
		return true;
	return (c->hold_ms < 0 ? c->up + c->refused : c->done) >= c->calls;
}

static void turn(struct caller *c, uint64_t start)
{
	double owed = (double)(c->now - start) * (double)c->rate / 1e9 - (double)c->begun;

	for (unsigned i = 0; i < SOCKETS; i++)
		receive(c, &c->out[i]);
	for (int i = 0; i < MAX_STARTS && owed >= 1 && c->begun < c->calls && c->free != MAX_CALLS;
		i++) {
		begin(c);
		owed--;
	}
	end_held(c);
	for (unsigned i = 0; i < SOCKETS; i++)
		flush(&c->out[i]);
}

/*
 * late: answers that took longer than T1; repeated: messages that had come before; refused: calls with
 * another final response than 200, busy: those of them with 503 and Retry-After; unexpected: anything
 * else that came; stopped_ms: the longest that we came too late, which is then in longest_ms as well.
 */
static void report(const struct caller *c, uint64_t start)
{
	printf("{\"calls\": %ld, \"up\": %ld, \"done\": %ld, \"late\": %ld, \"repeated\": %ld, "
	       "\"refused\": %ld, \"busy\": %ld, \"refusal\": %u, \"unexpected\": %ld, "
	       "\"seconds\": %.3f, \"longest_ms\": %.1f, \"stopped_ms\": %.1f}\n",
		c->begun, c->up, c->done, c->late, c->repeated, c->refused, c->busy, c->refusal,
		c->unexpected, (double)(c->now - start) / 1e9, (double)c->longest_ns / 1e6,
		(double)c->stopped_ns / 1e6);
	fflush(stdout);
}

/* Sleep until the next millisecond. */
static void wait_for_turn(struct caller *c)
{
	uint64_t before = c->now, due = c->now - c->now % TURN_NS + TURN_NS;
	struct timespec ts = {
		.tv_sec = (time_t)(due / 1000000000), .tv_nsec = (long)(due % 1000000000)};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
	c->now = clock_ns();
	if (c->now - before > TURN_NS + c->stopped_ns)
		c->stopped_ns = c->now - before - TURN_NS;
}

static void run(struct caller *c)
{
	uint64_t start = clock_ns();

	c->now = start;
	while (!finished(c, start)) {
		wait_for_turn(c);
		turn(c, start);
	}
	report(c, start);
	while (c->hold_ms < 0) {
		wait_for_turn(c);
		turn(c, start);
	}
}

/* Call once by each socket without credentials, and learn from the refusals; these do not count. */
static void ask_for_challenges(struct caller *c, const char *name, const char *password)
{
	struct sip_credentials credentials = {
		.username = slice_str(name), .password = slice_str(password)};
	uint64_t start = clock_ns();

	c->now = start;
	for (unsigned i = 0; i < SOCKETS; i++) {
		if (sip_auth_client_new(&c->out[i].auth, &credentials) < 0)
			fail("credentials");
		begin(c);
	}
	while (c->done + c->up < SOCKETS && c->now - start < PATIENCE_NS) {
		for (unsigned i = 0; i < SOCKETS; i++) {
			flush(&c->out[i]);
			receive(c, &c->out[i]);
		}
		wait_for_turn(c);
	}
	if (c->refusal != 401)
		c->unexpected++;
	c->begun = c->done = c->refused = 0;
	c->refusal = 0;
	c->stopped_ns = 0;
}

/* A load that comes late says nothing; without the permission it takes its chance. */
static void ask_for_real_time(void)
{
	struct sched_param param = {.sched_priority = 1};

	sched_setscheduler(0, SCHED_RR, &param);
}

int main(int argc, char **argv)
{
	static struct caller c;

	if (argc != 7 && argc != 9) {
		fprintf(stderr, "usage: sip_caller IP PORT USER RATE CALLS HOLD_MS "
				"[NAME PASSWORD]\n");
		return 2;
	}
	c.ip = argv[1];
	c.port = (unsigned)strtoul(argv[2], NULL, 10);
	c.user = argv[3];
	c.rate = strtol(argv[4], NULL, 10);
	c.calls = strtol(argv[5], NULL, 10);
	c.hold_ms = strtol(argv[6], NULL, 10);
	c.slots = calloc(MAX_CALLS, sizeof *c.slots);
	if (!c.slots)
		fail("calls");
	for (unsigned i = 0; i < MAX_CALLS; i++)
		c.slots[i].next = i + 1;
	c.held = MAX_CALLS;
	prepare_batch(&c.in);
	for (unsigned i = 0; i < SOCKETS; i++)
		open_socket(&c, &c.out[i]);
	ask_for_real_time();
	buf_init(&c.proof, MESSAGE_BYTES);
	if (argc == 9)
		ask_for_challenges(&c, argv[7], argv[8]);
	run(&c);
	return 0;
}
