/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TLS: the link under net/stream.h, on OpenSSL and a lower link.
 *
 *             handshake done       stream_close, or close_notify
 *   HANDSHAKE --------------> OPEN -----------------------------> FLUSHING
 *       |                      |                                     | all is sent, close_notify too;
 *       |      error, timeout  v                                     v or LINGER_MS
 *       +-------------------------------> CLOSED <-------------------+
 *
 * Back-pressure: plaintext waits in plain while the lower link refuses ciphertext; what is queued at
 * either place counts against the one cap. When the user pauses amid received bytes, the rest of
 * them waits as ciphertext, and the lower link is paused.
 */
#include "net/tls.h"

#include <errno.h>
#include <openssl/err.h>

#include "core/buf.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/timer.h"
#include "net/tls_bio.h"
#include "net/tls_link.h"
#include "net/tls_names.h"

#define LOG_NAME "sylk.core"

enum {
	LINGER_MS = 5000,
	RECORD = 16384,         /* RFC 8446 5.1: plaintext of one record */
	PIECE = 4 * RECORD,     /* encrypted at once, handed out at once */
	OUT_MAX = 4 * PIECE,    /* ciphertext that the lower link has not taken */
	WAITING_MAX = 4 * PIECE /* ciphertext that came for a paused user */
};

enum tls_state { TLS_HANDSHAKE, TLS_OPEN, TLS_FLUSHING, TLS_CLOSED };

/* Owned by its user; while it is not CLOSED it keeps one more reference on itself. */
struct tls_link {
	struct stream s;
	struct loop *loop;
	struct tls_context *context;
	struct stream *lower; /* a reference; NULL once CLOSED */
	SSL *ssl;             /* NULL once CLOSED */
	char *name;           /* as client: what the peer must prove */
	enum tls_state state;
	bool established; /* the handshake is done */
	bool paused;
	bool refused;  /* a write; drained is owed */
	bool notified; /* close_notify is written */
	int broken;    /* error of a write, to be reported at the end of this turn */
	struct tls_bytes bytes;
	struct buf waiting; /* received, for when the user resumes */
	struct buf plain;   /* written; the first n_encrypted bytes are done with */
	size_t n_encrypted;
	size_t write_cap;
	struct timer limit; /* the handshake; later, lingering */
	struct loop_task turn;
};

/* What is decrypted into; the bytes are used up before the handler returns. */
static _Thread_local char plaintext[PIECE];

static void flush(struct tls_link *l);

static struct tls_link *link_of(const struct stream *s)
{
	return CONTAINER_OF(s, struct tls_link, s);
}

static size_t unencrypted(const struct tls_link *l)
{
	return l->plain.n - l->n_encrypted;
}

static bool closed(const struct tls_link *l)
{
	return l->state == TLS_CLOSED;
}

/* ---- ending ---- */

/* No handler is called here. What the lower link has taken is still sent, the rest is lost. */
static void drop(struct tls_link *l)
{
	if (closed(l))
		return;
	l->state = TLS_CLOSED;
	l->s.handlers = NULL;
	timer_stop(&l->limit);
	loop_task_cancel(&l->turn);
	stream_close(l->lower);
	l->lower = obj_unref(l->lower);
	SSL_free(l->ssl);
	l->ssl = NULL;
	buf_free(&l->bytes.out);
	buf_free(&l->waiting);
	buf_free(&l->plain);
	l->n_encrypted = 0;
	obj_unref(l);
}

static void fail(struct tls_link *l, int err)
{
	const struct stream_handlers *handlers = l->s.handlers;

	obj_ref(l);
	drop(l);
	if (handlers)
		handlers->closed(err, l->s.arg);
	obj_unref(l);
}

static void on_limit(void *arg)
{
	fail(arg, -ETIMEDOUT);
}

/* Hand what is encrypted to the lower link. Returns 0, -EAGAIN (it is full) or an error. */
static int push(struct tls_link *l)
{
	struct buf *out = &l->bytes.out;
	size_t sent = 0, piece_max = l->write_cap < 2 * PIECE ? l->write_cap / 2 : PIECE;
	int err = out->err;

	while (!err && sent < out->n) {
		size_t n = out->n - sent < piece_max ? out->n - sent : piece_max;

		err = stream_write(l->lower, slice_of(out->p + sent, n));
		if (!err)
			sent += n;
	}
	if (sent == out->n && !err)
		buf_free(out);
	else
		buf_consume(out, sent);
	return err;
}

/* ---- errors of the protocol ---- */

/* Strangers fail all day; why we cannot reach somebody is worth a line. */
static void log_failure(const struct tls_link *l)
{
	long verdict = SSL_get_verify_result(l->ssl);
	const X509 *cert = SSL_get0_peer_certificate(l->ssl);
	const char *reason = ERR_reason_error_string(ERR_peek_error());
	char remote[ADDR_TEXT];
	struct buf names;

	addr_print(&l->s.remote, remote);
	if (!reason)
		reason = "unknown error";
	if (!l->name) {
		log_debug(LOG_NAME, "TLS with %s failed: %s", remote, reason);
		return;
	}
	buf_init(&names, 1024);
	if (verdict == X509_V_ERR_HOSTNAME_MISMATCH && cert)
		tls_cert_print_names(cert, &names);
	if (names.n > 0)
		log_warning(LOG_NAME,
			"TLS to %s refused: its certificate is not for %s but for %.*s", remote,
			l->name, SLICE_ARG(buf_view(&names)));
	else
		log_warning(LOG_NAME, "TLS to %s (%s) failed: %s", remote, l->name,
			verdict != X509_V_OK && tls_context_verifies(l->context)
				? X509_verify_cert_error_string(verdict)
				: reason);
	buf_free(&names);
}

/* Our alert is sent if it can be. */
static void fail_protocol(struct tls_link *l)
{
	log_failure(l);
	ERR_clear_error();
	push(l);
	fail(l, -EPROTO);
}

/* ---- reading ---- */

/* close_notify: nothing more comes for our user. What is queued is still sent. */
static void input_ended(struct tls_link *l)
{
	const struct stream_handlers *handlers = l->s.handlers;
	void *arg = l->s.arg;

	stream_close(&l->s);
	if (handlers)
		handlers->closed(0, arg);
	/* At once: its FIN may come in this very turn. */
	flush(l);
}

/*
 * Decrypt what there is, up to a piece. Returns how many bytes, SSL_ERROR_NONE, _WANT_READ (all is
 * read), _ZERO_RETURN or an error in *why.
 */
static size_t decrypt(struct tls_link *l, int *why)
{
	size_t n = 0;

	*why = SSL_ERROR_NONE;
	/* With room for a whole record none is ever left inside OpenSSL. */
	while (*why == SSL_ERROR_NONE && n + RECORD <= sizeof plaintext) {
		size_t got = 0;
		int r = SSL_read_ex(l->ssl, plaintext + n, sizeof plaintext - n, &got);

		n += got;
		if (r != 1)
			*why = SSL_get_error(l->ssl, r);
	}
	return n;
}

static void deliver(struct tls_link *l)
{
	int why = SSL_ERROR_NONE;

	while (why == SSL_ERROR_NONE && l->state == TLS_OPEN && !l->paused) {
		size_t n = decrypt(l, &why);

		if (n > 0 && l->s.handlers)
			l->s.handlers->received(slice_of(plaintext, n), l->s.arg);
	}
	if (l->state != TLS_OPEN)
		return;
	if (why == SSL_ERROR_ZERO_RETURN)
		input_ended(l);
	else if (why != SSL_ERROR_NONE && why != SSL_ERROR_WANT_READ)
		fail_protocol(l);
}

static void handshake_done(struct tls_link *l)
{
	l->established = true;
	if (l->state != TLS_HANDSHAKE)
		return;
	timer_stop(&l->limit);
	l->state = TLS_OPEN;
	if (l->paused)
		stream_pause(l->lower);
	if (l->s.handlers && l->s.handlers->connected)
		l->s.handlers->connected(l->s.arg);
}

static void handshake(struct tls_link *l)
{
	int r = SSL_do_handshake(l->ssl);

	if (r == 1)
		handshake_done(l);
	else if (SSL_get_error(l->ssl, r) != SSL_ERROR_WANT_READ)
		fail_protocol(l);
}

/* Give ciphertext to OpenSSL, and to the user what comes of it. The caller holds a reference. */
static void feed(struct tls_link *l, struct slice bytes)
{
	ERR_clear_error();
	l->bytes.in = bytes;
	if (!l->established && !closed(l))
		handshake(l);
	if (l->state == TLS_OPEN)
		deliver(l);
	/* The user has paused amid them; once closed, nobody wants them. */
	if (l->state == TLS_OPEN)
		buf_slice(&l->waiting, l->bytes.in);
	l->bytes.in = SLICE_NONE;
	if (l->waiting.err)
		l->broken = l->waiting.err;
	if (!closed(l))
		loop_task_schedule(l->loop, &l->turn);
}

static void feed_waiting(struct tls_link *l)
{
	struct buf bytes = l->waiting;

	buf_init(&l->waiting, WAITING_MAX);
	feed(l, buf_view(&bytes));
	buf_free(&bytes);
	if (l->state == TLS_OPEN && !l->paused)
		stream_resume(l->lower);
}

static void on_lower_received(struct slice bytes, void *arg)
{
	struct tls_link *l = arg;

	obj_ref(l);
	/* Behind what waits, if the lower link had more in hand when it was paused. */
	if (l->waiting.n > 0)
		buf_slice(&l->waiting, bytes);
	else
		feed(l, bytes);
	if (l->waiting.err)
		fail(l, l->waiting.err);
	obj_unref(l);
}

static void on_lower_connected(void *arg)
{
	struct tls_link *l = arg;

	l->s.local = l->lower->local;
}

static void on_lower_closed(int err, void *arg)
{
	fail(arg, err ? err : -ECONNRESET);
}

static void tls_pause(struct stream *s)
{
	struct tls_link *l = link_of(s);

	l->paused = true;
	if (l->state == TLS_OPEN)
		stream_pause(l->lower);
}

static void tls_resume(struct stream *s)
{
	struct tls_link *l = link_of(s);

	l->paused = false;
	if (l->state != TLS_OPEN)
		return;
	if (l->waiting.n > 0)
		loop_task_schedule(l->loop, &l->turn);
	else
		stream_resume(l->lower);
}

/* ---- writing ---- */

static size_t tls_queued(const struct stream *s)
{
	const struct tls_link *l = link_of(s);

	return closed(l) ? 0 : unencrypted(l) + l->bytes.out.n + stream_queued(l->lower);
}

/* Encrypt one piece of what waits. */
static int encrypt(struct tls_link *l)
{
	size_t n = unencrypted(l), written;

	ERR_clear_error();
	if (n > PIECE)
		n = PIECE;
	if (SSL_write_ex(l->ssl, l->plain.p + l->n_encrypted, n, &written) != 1) {
		ERR_clear_error();
		return l->bytes.out.err ? l->bytes.out.err : -EPROTO;
	}
	l->n_encrypted += n;
	if (unencrypted(l) == 0) {
		buf_free(&l->plain);
		l->n_encrypted = 0;
	}
	return 0;
}

/* Tell the user, who has been refused a write, when there is room. */
static void tell_drained(struct tls_link *l)
{
	if (!l->refused || l->state != TLS_OPEN)
		return;
	if (tls_queued(&l->s) >= l->write_cap / 2) {
		if (stream_queued(l->lower) > 0)
			stream_await_drained(l->lower);
		return;
	}
	l->refused = false;
	if (l->s.handlers && l->s.handlers->drained)
		l->s.handlers->drained(l->s.arg);
}

/* All is sent that was written: say goodbye (RFC 8446 6.1) and go. */
static int finish(struct tls_link *l)
{
	int err;

	if (l->state != TLS_FLUSHING || !l->established)
		return 0;
	if (!l->notified) {
		l->notified = true;
		SSL_shutdown(l->ssl);
		ERR_clear_error();
	}
	err = push(l);
	if (!err)
		drop(l);
	return err;
}

/* Send what was written, as far as the lower link takes it. The caller holds a reference. */
static void flush(struct tls_link *l)
{
	int err;

	if (closed(l))
		return;
	err = push(l);
	while (!err && l->established && unencrypted(l) > 0) {
		err = encrypt(l);
		if (!err)
			err = push(l);
	}
	if (!err)
		err = finish(l);
	if (!closed(l) && err && err != -EAGAIN)
		fail(l, err);
	else
		tell_drained(l);
}

static void on_lower_drained(void *arg)
{
	struct tls_link *l = arg;

	obj_ref(l);
	flush(l);
	obj_unref(l);
}

static void on_turn(void *arg)
{
	struct tls_link *l = arg;

	obj_ref(l);
	if (l->broken) {
		fail(l, l->broken);
	} else {
		/* The ClientHello; below it waits until there is a connection. */
		if (l->name && SSL_in_before(l->ssl))
			handshake(l);
		if (l->waiting.n > 0 && !l->paused && l->state == TLS_OPEN)
			feed_waiting(l);
		flush(l);
	}
	obj_unref(l);
}

static int tls_write(struct stream *s, struct slice bytes)
{
	struct tls_link *l = link_of(s);
	size_t queued = tls_queued(s);

	if ((l->state != TLS_HANDSHAKE && l->state != TLS_OPEN) || l->broken)
		return -ENOTCONN;
	if (bytes.n > l->write_cap)
		return -EMSGSIZE;
	if (bytes.n == 0)
		return 0;
	loop_task_schedule(l->loop, &l->turn);
	/* Ciphertext is a little longer than what it was made of: queued may be above the cap. */
	if (queued > l->write_cap || bytes.n > l->write_cap - queued) {
		l->refused = true;
		return -EAGAIN;
	}
	buf_consume(&l->plain, l->n_encrypted);
	l->n_encrypted = 0;
	buf_slice(&l->plain, bytes);
	if (!l->plain.err)
		return 0;
	/* Its caller gets an error; the handlers hear of it once the caller is done. */
	l->broken = l->plain.err;
	return -ENOTCONN;
}

static void tls_await_drained(struct stream *s)
{
	struct tls_link *l = link_of(s);

	l->refused = true;
	loop_task_schedule(l->loop, &l->turn);
}

static void tls_close(struct stream *s)
{
	struct tls_link *l = link_of(s);

	if (l->state != TLS_HANDSHAKE && l->state != TLS_OPEN)
		return;
	l->s.handlers = NULL;
	if (l->broken || (!l->established && l->plain.n == 0)) {
		drop(l);
		return;
	}
	l->state = TLS_FLUSHING;
	timer_start_ms(&l->limit, loop_timers(l->loop), LINGER_MS);
	loop_task_schedule(l->loop, &l->turn);
}

static const struct stream_ops tls_ops = {
	.write = tls_write,
	.pause = tls_pause,
	.resume = tls_resume,
	.close = tls_close,
	.queued = tls_queued,
	.await_drained = tls_await_drained,
};

static const struct stream_handlers lower_handlers = {
	.connected = on_lower_connected,
	.received = on_lower_received,
	.drained = on_lower_drained,
	.closed = on_lower_closed,
};

/* ---- making ---- */

static void link_destroy(void *obj)
{
	struct tls_link *l = obj;

	SSL_free(l->ssl);
	obj_unref(l->context);
	mem_free(l->name);
}

static int prepare_ssl(struct tls_link *l)
{
	BIO *bio = tls_bio_new(&l->bytes);

	l->ssl = bio ? tls_context_ssl(l->context, l->name) : NULL;
	if (!l->ssl) {
		BIO_free(bio);
		ERR_clear_error();
		return -ENOMEM;
	}
	SSL_set_bio(l->ssl, bio, bio);
	return 0;
}

/* A link that does not yet stand on lower. */
static int link_new(struct tls_link **link, struct tls_context *context, struct loop *loop,
	const char *name, size_t write_cap)
{
	struct tls_link *l = obj_new(sizeof *l, link_destroy);
	int err = 0;

	if (!l)
		return -ENOMEM;
	l->s.ops = &tls_ops;
	l->loop = loop;
	l->context = obj_ref(context);
	l->write_cap = write_cap;
	buf_init(&l->bytes.out, OUT_MAX);
	buf_init(&l->waiting, WAITING_MAX);
	buf_init(&l->plain, write_cap);
	timer_init(&l->limit, on_limit, l);
	loop_task_init(&l->turn, on_turn, l);
	if (name) {
		l->name = slice_dup(slice_str(name));
		err = l->name ? 0 : -ENOMEM;
	}
	if (!err)
		err = prepare_ssl(l);
	if (err)
		obj_unref(l);
	else
		*link = l;
	return err;
}

static void stand_on(struct tls_link *l, struct stream *lower, uint64_t handshake_ms)
{
	obj_ref(l);
	l->lower = lower;
	l->s.local = lower->local;
	l->s.remote = lower->remote;
	stream_set_handlers(lower, &lower_handlers, l);
	timer_start_ms(&l->limit, loop_timers(l->loop), handshake_ms);
}

int tls_accept(struct stream **stream, struct tls_context *context, struct loop *loop,
	struct stream *lower, size_t write_cap, uint64_t handshake_ms)
{
	struct tls_link *l;
	int err = link_new(&l, context, loop, NULL, write_cap);

	*stream = NULL;
	if (err)
		return err;
	stand_on(l, lower, handshake_ms);
	*stream = &l->s;
	return 0;
}

int tls_connect(struct stream **stream, struct tls_context *context, struct loop *loop,
	struct stream *lower, const char *name, size_t write_cap, uint64_t handshake_ms,
	const struct stream_handlers *handlers, void *arg)
{
	struct tls_link *l;
	int err = link_new(&l, context, loop, name, write_cap);

	*stream = NULL;
	if (err)
		return err;
	stand_on(l, lower, handshake_ms);
	stream_set_handlers(&l->s, handlers, arg);
	loop_task_schedule(loop, &l->turn);
	*stream = &l->s;
	return 0;
}

bool tls_peer_proves(const struct stream *stream, struct slice domain)
{
	const struct tls_link *l = link_of(stream);
	const X509 *cert;

	if (stream->ops != &tls_ops || !l->ssl || !l->established)
		return false;
	cert = SSL_get0_peer_certificate(l->ssl);
	return cert && SSL_get_verify_result(l->ssl) == X509_V_OK && tls_cert_proves(cert, domain);
}
