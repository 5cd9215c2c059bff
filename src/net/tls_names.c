/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SIP domain identities in certificates (RFC 5922 7.1), and comparing them (7.2): whole names
 * without regard to case, no wildcards, no suffixes.
 */
#include "net/tls_names.h"

#include <openssl/x509v3.h>

#include "core/uri.h"
#include "net/addr.h"

/* Called for one identity after the other until it returns true. */
typedef bool identity_fn(struct slice identity, void *arg);

static struct slice slice_of_asn1(const ASN1_STRING *string)
{
	return slice_of(
		(const char *)ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string));
}

/* A URI names a domain when its scheme is sip and it has no user. */
static bool domain_of_uri(struct slice text, struct slice *domain)
{
	struct uri uri;

	if (slice_find(text, '@') >= 0 || uri_parse(text, &uri) < 0 || uri.scheme != URI_SIP)
		return false;
	*domain = uri.host;
	return true;
}

/* The identities of one type among the names; whether fn took one. *n: how many there were. */
static bool each_of_type(
	const GENERAL_NAMES *names, int type, identity_fn *fn, void *arg, unsigned *n)
{
	bool taken = false;

	*n = 0;
	for (int i = 0; i < sk_GENERAL_NAME_num(names) && !taken; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		struct slice text;

		if (name->type != type)
			continue;
		text = slice_of_asn1(
			type == GEN_URI ? name->d.uniformResourceIdentifier : name->d.dNSName);
		if (type == GEN_URI && !domain_of_uri(text, &text))
			continue;
		++*n;
		taken = fn(text, arg);
	}
	return taken;
}

/* 7.1, second item: the common name, only where there are no alternative names at all. */
static bool common_name(const X509 *cert, identity_fn *fn, void *arg)
{
	const X509_NAME *subject = X509_get_subject_name(cert);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);

	if (at < 0)
		return false;
	return fn(slice_of_asn1(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))), arg);
}

/* 7.1: every identity of the certificate, until fn takes one. */
static bool each_identity(const X509 *cert, identity_fn *fn, void *arg)
{
	int found;
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, &found, NULL);
	unsigned n;
	bool taken;

	if (!names) /* -1: there is none; else it is malformed */
		return found == -1 && common_name(cert, fn, arg);
	taken = each_of_type(names, GEN_URI, fn, arg, &n);
	/* DNS names count if and only if no sip URI is there. */
	if (n == 0)
		taken = each_of_type(names, GEN_DNS, fn, arg, &n);
	GENERAL_NAMES_free(names);
	return taken;
}

static bool has_address(const X509 *cert, const struct addr *a)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	const void *octets = &a->u.in4.sin_addr;
	size_t n = sizeof a->u.in4.sin_addr;
	bool found = false;

	if (addr_family(a) == AF_INET6) {
		octets = &a->u.in6.sin6_addr;
		n = sizeof a->u.in6.sin6_addr;
	}
	for (int i = 0; i < sk_GENERAL_NAME_num(names) && !found; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		found = name->type == GEN_IPADD &&
			slice_eq(slice_of_asn1(name->d.iPAddress), slice_of(octets, n));
	}
	GENERAL_NAMES_free(names);
	return found;
}

static bool is_domain(struct slice identity, void *arg)
{
	const struct slice *domain = arg;

	return identity.n > 0 && slice_eq_nocase(identity, *domain);
}

bool tls_cert_proves(const X509 *cert, struct slice domain)
{
	struct addr literal;

	if (addr_parse(domain, 0, &literal) == 0)
		return has_address(cert, &literal);
	return each_identity(cert, is_domain, &domain);
}

static bool print_identity(struct slice identity, void *arg)
{
	struct buf *out = arg;

	if (out->n > 0)
		buf_str(out, ", ");
	buf_slice(out, identity);
	return false;
}

void tls_cert_print_names(const X509 *cert, struct buf *out)
{
	each_identity(cert, print_identity, out);
	if (out->n == 0)
		buf_str(out, "nobody");
}
