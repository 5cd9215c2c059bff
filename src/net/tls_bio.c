/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A BIO that reads a slice and writes a capped buffer. */
#include "net/tls_bio.h"

#include <pthread.h>

static int bio_read(BIO *bio, char *to, size_t size, size_t *n)
{
	struct tls_bytes *bytes = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	*n = size < bytes->in.n ? size : bytes->in.n;
	if (*n == 0) {
		BIO_set_retry_read(bio);
		return 0;
	}
	memcpy(to, bytes->in.p, *n);
	bytes->in.p += *n;
	bytes->in.n -= *n;
	return 1;
}

static int bio_write(BIO *bio, const char *from, size_t size, size_t *n)
{
	struct tls_bytes *bytes = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	buf_append(&bytes->out, from, size);
	*n = bytes->out.err ? 0 : size;
	return bytes->out.err ? 0 : 1;
}

/* Flushing succeeds, as everything is written at once; nothing else is known. */
static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
	return command == BIO_CTRL_FLUSH;
}

/* One for the process, as long as it lives; NULL without memory. */
static BIO_METHOD *method;

static void make_method(void)
{
	method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "slice and buffer");
	if (!method)
		return;
	BIO_meth_set_read_ex(method, bio_read);
	BIO_meth_set_write_ex(method, bio_write);
	BIO_meth_set_ctrl(method, bio_ctrl);
}

BIO *tls_bio_new(struct tls_bytes *bytes)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	BIO *bio;

	pthread_once(&once, make_method);
	bio = method ? BIO_new(method) : NULL;
	if (bio) {
		BIO_set_data(bio, bytes);
		BIO_set_init(bio, 1);
	}
	return bio;
}
