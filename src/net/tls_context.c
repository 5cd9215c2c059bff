/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLS context: certificates, verification (RFC 5922), and watching the files they come from. */
#include "net/tls_context.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/log.h"
#include "core/mem.h"
#include "core/timer.h"
#include "net/addr.h"
#include "net/tls_files.h"
#include "net/tls_link.h"
#include "net/tls_names.h"

#define LOG_NAME "sylk.core"

enum {
	WATCH_MS = 5000,
	ERROR_TEXT = 512,
	MAX_PEER_CHAIN = 32768, /* bytes of certificates that a peer may make us verify */
};

/*
 * TLS 1.2: ephemeral keys only (RFC 9325 4.1), so not the one suite of RFC 3261 26.2.1, which has
 * none; CBC for telephones that know no better.
 */
static const char ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:!aNULL:!PSK";

/* What a file looked like when it was read; all zero: it was not there. */
struct stamp {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed;
};

struct tls_context {
	struct loop *loop;
	char *certificate, *ca_file; /* NULL: none */
	bool verify_server;
	uint64_t watch_ms;
	SSL_CTX *current;
	struct stamp certificate_stamp, ca_stamp;
	struct timer watch;
};

/* ---- verification ---- */

/*
 * A server's peer may show any certificate or none: what it proves is asked later. A client's peer
 * must prove the name that we meant to reach (RFC 5922 7.3).
 */
static int on_verify(X509_STORE_CTX *store, void *arg)
{
	const struct tls_context *context = arg;
	const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	const char *name = SSL_get_app_data(ssl);
	bool valid = X509_verify_cert(store) > 0;

	if (!name || !context->verify_server)
		return 1;
	if (valid && !tls_cert_proves(X509_STORE_CTX_get0_cert(store), slice_str(name))) {
		X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
		valid = false;
	}
	return valid;
}

/* There is one certificate for all names; which one was asked for may help whoever sets up DNS. */
static int on_server_name(SSL *ssl, int *alert, void *arg)
{
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	if (name)
		log_debug(LOG_NAME, "A TLS client asks for %s", name);
	return name ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

/* ---- reading the files ---- */

/* "PATH: ..." gets the name of its setting. */
static int name_setting(int err, const char *setting, char *error, size_t size)
{
	char reason[ERROR_TEXT];

	if (err) {
		snprintf(reason, sizeof reason, "%s", error);
		snprintf(error, size, "%s %s", setting, reason);
	}
	return err;
}

static int load_certificate(SSL_CTX *ctx, const char *path, char *error, size_t size)
{
	int err = tls_files_certificate(ctx, path, error, size);

	if (!err && tls_files_check_time(ctx, path, error, size) < 0)
		log_warning(LOG_NAME, "[Server] certificate %s: telephones will refuse it", error);
	return name_setting(err, "certificate", error, size);
}

static int load_authorities(SSL_CTX *ctx, const char *path, char *error, size_t size)
{
	return name_setting(tls_files_authorities(ctx, path, error, size), "ca_file", error, size);
}

static int set_policy(SSL_CTX *ctx, struct tls_context *context)
{
	static const unsigned char session_context[] = "sylkserver";

	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
		SSL_CTX_set_cipher_list(ctx, ciphers) != 1 ||
		SSL_CTX_set_session_id_context(ctx, session_context, sizeof session_context - 1) !=
			1)
		return -ENOMEM;
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	/* Sessions live in the tickets that clients keep: no memory here. */
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ctx, 1);
	SSL_CTX_set_max_cert_list(ctx, MAX_PEER_CHAIN);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, on_verify, context);
	SSL_CTX_set_tlsext_servername_callback(ctx, on_server_name);
	return 0;
}

static int load(struct tls_context *context, SSL_CTX **loaded, char *error, size_t size)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_method());
	int err;

	ERR_clear_error();
	*loaded = NULL;
	err = ctx ? set_policy(ctx, context) : -ENOMEM;
	if (err)
		snprintf(error, size, "certificate: %s", strerror(-err));
	if (!err && context->certificate)
		err = load_certificate(ctx, context->certificate, error, size);
	if (!err && context->ca_file)
		err = load_authorities(ctx, context->ca_file, error, size);
	ERR_clear_error();
	if (err)
		SSL_CTX_free(ctx);
	else
		*loaded = ctx;
	return err;
}

/* ---- watching them ---- */

static struct stamp look(const char *path, struct stamp before)
{
	struct stat st;

	if (!path)
		return before;
	/* Having given up root, we may no longer see into its folder: that is no change. */
	if (stat(path, &st) < 0)
		return errno == EACCES ? before : (struct stamp){0};
	return (struct stamp){st.st_dev, st.st_ino, st.st_size, st.st_mtim};
}

static bool differ(const struct stamp *a, const struct stamp *b)
{
	return a->device != b->device || a->inode != b->inode || a->size != b->size ||
	       a->changed.tv_sec != b->changed.tv_sec || a->changed.tv_nsec != b->changed.tv_nsec;
}

/* Before they are read, so that a change during the reading is seen the next time. */
static bool files_changed(struct tls_context *context)
{
	struct stamp certificate = look(context->certificate, context->certificate_stamp);
	struct stamp ca = look(context->ca_file, context->ca_stamp);
	bool changed = differ(&certificate, &context->certificate_stamp) ||
		       differ(&ca, &context->ca_stamp);

	context->certificate_stamp = certificate;
	context->ca_stamp = ca;
	return changed;
}

void tls_context_refresh(struct tls_context *context)
{
	char error[ERROR_TEXT];
	SSL_CTX *fresh;

	if (!files_changed(context))
		return;
	if (load(context, &fresh, error, sizeof error) < 0) {
		log_error(LOG_NAME, "[Server] %s; what was read before stays in use", error);
		return;
	}
	SSL_CTX_free(context->current);
	context->current = fresh;
	log_info(LOG_NAME, "New TLS connections use the changed certificate files");
}

static void on_watch(void *arg)
{
	struct tls_context *context = arg;

	tls_context_refresh(context);
	timer_start_ms(&context->watch, loop_timers(context->loop), context->watch_ms);
}

/* ---- making ---- */

static void context_destroy(void *obj)
{
	struct tls_context *context = obj;

	tls_context_close(context);
	SSL_CTX_free(context->current);
	mem_free(context->certificate);
	mem_free(context->ca_file);
}

static int copy_path(const char *path, char **copy)
{
	*copy = path ? slice_dup(slice_str(path)) : NULL;
	return path && !*copy ? -ENOMEM : 0;
}

int tls_context_new(struct tls_context **contextp, struct loop *loop,
	const struct tls_settings *settings, char *error, size_t error_size)
{
	struct tls_context *context = obj_new(sizeof *context, context_destroy);
	int err;

	*contextp = NULL;
	snprintf(error, error_size, "certificate: out of memory");
	if (!context)
		return -ENOMEM;
	context->loop = loop;
	context->verify_server = settings->verify_server;
	context->watch_ms = settings->watch_ms ? settings->watch_ms : WATCH_MS;
	timer_init(&context->watch, on_watch, context);
	err = copy_path(settings->certificate, &context->certificate);
	if (!err)
		err = copy_path(settings->ca_file, &context->ca_file);
	if (err)
		goto out;
	files_changed(context);
	err = load(context, &context->current, error, error_size);
	if (err)
		goto out;
	timer_start_ms(&context->watch, loop_timers(loop), context->watch_ms);
	*contextp = context;
out:
	if (err)
		obj_unref(context);
	return err;
}

void tls_context_close(struct tls_context *context)
{
	timer_stop(&context->watch);
}

bool tls_context_verifies(const struct tls_context *context)
{
	return context->verify_server;
}

SSL *tls_context_ssl(struct tls_context *context, const char *name)
{
	SSL *ssl = SSL_new(context->current);
	struct addr literal;

	if (!ssl)
		return NULL;
	if (!name) {
		SSL_set_accept_state(ssl);
		return ssl;
	}
	SSL_set_app_data(ssl, (void *)(uintptr_t)name);
	SSL_set_connect_state(ssl);
	/* RFC 6066 section 3: no literal addresses. */
	if (addr_parse(slice_str(name), 0, &literal) < 0 &&
		SSL_set_tlsext_host_name(ssl, name) != 1) {
		SSL_free(ssl);
		return NULL;
	}
	return ssl;
}
