/* SPDX-License-Identifier: GPL-3.0-or-later */
/* REGISTER: what it says, and what its response says (RFC 3261 10.2, RFC 5626 4.2, RFC 5627 4.2). */
#include <errno.h>
#include <string.h>

#include "core/mem.h"
#include "sip/auth_private.h"
#include "sip/flow.h"
#include "sip/message.h"
#include "sip/register_private.h"

enum {
	ASKED_S = 3600,
	MAX_TEXT = 4096, /* bytes of each parameter of ours */
	MAX_GRUU = 1024  /* of a URI that a registrar hands us */
};

/* ---- our side ---------------------------------------------------------------------------------- */

/* The registrar of an address: the same without its user (10.2 "Request-URI"). */
static void write_registrar(struct buf *out, const struct uri *aor)
{
	struct uri registrar = {.scheme = aor->scheme, .host = aor->host, .port = aor->port};

	uri_write(&registrar, out);
}

int sip_register_copy(struct sip_register *reg, const struct sip_register_params *params)
{
	struct sip_credentials none = {0};
	const struct sip_credentials *c = params->credentials ? params->credentials : &none;
	struct slice from[] = {params->aor, params->registrar, params->contacts, params->route,
		params->instance, SLICE_NONE, c->username, c->password, c->realm};
	struct slice *to[] = {&reg->aor, &reg->registrar, &reg->contacts, &reg->route,
		&reg->instance, &reg->user, &reg->username, &reg->password, &reg->realm};
	struct buf registrar, text;
	struct uri aor;
	size_t at = 0;
	int err;

	if (uri_parse(params->aor, &aor) < 0 || !uri_is_sip(&aor) || aor.host.n == 0)
		return -EINVAL;
	buf_init(&registrar, MAX_TEXT);
	buf_init(&text, 16 * MAX_TEXT);
	write_registrar(&registrar, &aor);
	if (params->registrar.n == 0)
		from[1] = buf_view(&registrar);
	from[5] = aor.user;
	for (size_t i = 0; i < sizeof from / sizeof from[0]; i++)
		buf_slice(&text, from[i]);
	buf_char(&text, '\0');
	err = registrar.err ? registrar.err : text.err;
	if (!err) {
		for (size_t i = 0; i < sizeof from / sizeof from[0]; i++) {
			*to[i] = slice_of(text.p + at, from[i].n);
			at += from[i].n;
		}
		reg->text = text.p;
		reg->has_credentials = params->credentials != NULL;
		reg->reg_id = params->instance.n ? params->reg_id : 0;
		reg->asked = params->expires ? params->expires : ASKED_S;
	} else {
		buf_free(&text);
	}
	buf_free(&registrar);
	return err == -ENOBUFS ? -EINVAL : err;
}

/* The lines that depend on the flow: our Contact. */
static void write_contact(struct buf *out, const struct sip_flow *flow, void *arg)
{
	const struct sip_register *reg = arg;
	bool secure = slice_starts_nocase(reg->aor, SLICE("sips:"));

	buf_str(out, "Contact: <");
	/* RFC 5626 4.2.1, 4.3: with ob, also what the GRUU stands for keeps to the flow. */
	sip_register_write_uri(out, flow, secure, reg->user, reg->reg_id > 0);
	buf_printf(out, ">;expires=%u", reg->asked);
	if (reg->instance.n) {
		buf_str(out, ";+sip.instance=\"<");
		sip_write_value(out, reg->instance);
		buf_str(out, ">\"");
	}
	if (reg->reg_id)
		buf_printf(out, ";reg-id=%u", reg->reg_id);
	if (reg->contacts.n) {
		buf_str(out, ", ");
		sip_write_value(out, reg->contacts);
	}
	buf_str(out, "\r\n");
}

int sip_register_send(struct sip_register *reg, const struct sip_uac_handlers *handlers)
{
	struct sip_credentials credentials = {reg->username, reg->password, reg->realm};
	struct sip_uac_params params = {
		.method = SIP_REGISTER,
		.uri = reg->registrar,
		.call_id = slice_str(reg->call_id),
		.cseq = reg->cseq + 1,
		.route = reg->route,
		.flow = reg->flow && !reg->flow->closed ? reg->flow : NULL,
		.write = write_contact,
		.write_arg = reg,
		.credentials = reg->has_credentials ? &credentials : NULL,
	};
	struct buf from, to, extra;
	int err;

	buf_init(&from, 2 * MAX_TEXT);
	buf_init(&to, 2 * MAX_TEXT);
	buf_init(&extra, 256);
	buf_printf(&from, "<%.*s>;tag=%s", SLICE_ARG(reg->aor), reg->tag);
	buf_printf(&to, "<%.*s>", SLICE_ARG(reg->aor));
	/* RFC 3327 section 5, RFC 5626 4.2.1, RFC 5627 4.2. */
	buf_str(&extra, "Supported: path");
	if (reg->instance.n)
		buf_str(&extra, reg->reg_id ? ", outbound, gruu" : ", gruu");
	buf_printf(&extra, "\r\nExpires: %u\r\n", reg->asked);
	params.from = buf_view(&from);
	params.to = buf_view(&to);
	params.extra = buf_view(&extra);
	err = from.err || to.err || extra.err
		      ? -ENOMEM
		      : sip_uac_start(&reg->uac, reg->agent, &params, handlers, reg);
	if (!err)
		reg->cseq++;
	buf_free(&from);
	buf_free(&to);
	buf_free(&extra);
	return err;
}

/* ---- the registrar's side ---------------------------------------------------------------------- */

/* Whether a Contact of a response is our binding (RFC 5626 6; without an instance, RFC 3261 10.3). */
static bool is_ours(const struct sip_register *reg, const struct sip_name_addr *contact)
{
	struct sip_flow *flow = sip_uac_flow(reg->uac);
	struct slice instance, id;
	struct uri own;
	struct buf uri;
	uint32_t number;
	bool same;

	if (reg->instance.n && sip_param(contact->params, "+sip.instance", &instance)) {
		instance = sip_digest_bare(instance);
		if (instance.n < 2 ||
			!slice_eq_nocase(slice_of(instance.p + 1, instance.n - 2), reg->instance))
			return false;
		if (!reg->reg_id || !sip_param(contact->params, "reg-id", &id))
			return true;
		return sip_number_parse(id, &number) == 0 && number == reg->reg_id;
	}
	buf_init(&uri, MAX_TEXT);
	sip_register_write_uri(&uri, flow, slice_starts_nocase(reg->aor, SLICE("sips:")), reg->user,
		reg->reg_id > 0);
	same = !uri.err && uri_parse(buf_view(&uri), &own) == 0 && uri_equal(&own, &contact->uri);
	buf_free(&uri);
	return same;
}

/* A GRUU is a URI of ours to be: anything else is left alone (RFC 5627 4.2). */
static struct slice gruu_of(const struct sip_name_addr *contact, const char *name)
{
	struct slice value;
	struct uri uri;

	if (!sip_param(contact->params, name, &value))
		return SLICE_NONE;
	value = sip_digest_bare(value);
	if (value.n > MAX_GRUU || uri_parse(value, &uri) < 0 || !uri_is_sip(&uri))
		return SLICE_NONE;
	return value;
}

static int keep_gruus(struct sip_register *reg, struct slice public, struct slice temporary)
{
	char *text = mem_zalloc(public.n + temporary.n + 1);

	if (!text)
		return -ENOMEM;
	if (public.n)
		memcpy(text, public.p, public.n);
	if (temporary.n)
		memcpy(text + public.n, temporary.p, temporary.n);
	mem_free(reg->gruus);
	reg->gruus = text;
	reg->state.pub_gruu = slice_of(text, public.n);
	reg->state.temp_gruu = slice_of(text + public.n, temporary.n);
	return 0;
}

/* RFC 3608 5, 6.1: loose routers, in their order; with one that is not, there are none. */
static int read_service_route(const struct sip_msg *response, struct buf *routes)
{
	const struct sip_header *h = NULL;
	struct sip_name_addr route;
	struct slice rest, element, lr;

	while ((h = sip_msg_header_named(response, "Service-Route", h))) {
		rest = h->value;
		while (sip_list_next(&rest, &element)) {
			if (sip_name_addr_parse(element, &route) < 0 || !uri_is_sip(&route.uri) ||
				!uri_param(&route.uri, "lr", &lr))
				return -EBADMSG;
			buf_str(routes, routes->n ? ", <" : "<");
			buf_slice(routes, route.uri_text);
			buf_char(routes, '>');
		}
	}
	return routes->err;
}

static int keep_service_route(struct sip_register *reg, const struct sip_msg *response)
{
	struct buf routes;
	char *text = NULL;
	size_t n = 0;
	int err = 0;

	buf_init(&routes, MAX_TEXT);
	if (read_service_route(response, &routes) == 0 && routes.n) {
		n = routes.n;
		text = mem_strndup(routes.p, n);
		err = text ? 0 : -ENOMEM;
	}
	buf_free(&routes);
	if (err)
		return err;
	mem_free(reg->routes);
	reg->routes = text;
	reg->state.service_route = slice_of(text, n);
	return 0;
}

int sip_register_learn(struct sip_register *reg, const struct sip_msg *response)
{
	struct slice public = SLICE_NONE, temporary = SLICE_NONE, value;
	struct sip_element_walk walk = {0};
	struct sip_name_addr contact;
	uint32_t expires = reg->asked, seconds;
	int more, err;

	/* 10.2.1.1, 10.3 step 8: the contact's own time goes before that of the response. */
	if (sip_number_parse(sip_msg_value(response, SIP_HDR_EXPIRES), &seconds) == 0)
		expires = seconds;
	while ((more = sip_msg_address(response, SIP_HDR_CONTACT, &walk, &contact)) != 0) {
		if (more < 0 || contact.star || !is_ours(reg, &contact))
			continue;
		if (sip_param(contact.params, "expires", &value) &&
			sip_number_parse(value, &seconds) == 0)
			expires = seconds;
		public = gruu_of(&contact, "pub-gruu");
		temporary = gruu_of(&contact, "temp-gruu");
		break;
	}
	reg->state.expires = expires < reg->asked || expires == 0 ? expires : reg->asked;
	/* RFC 5626 6: Require says that the registrar has taken it as one. */
	reg->state.outbound =
		reg->reg_id && sip_msg_has_token(response, SIP_HDR_REQUIRE, "outbound");
	reg->flow_timer = 0;
	if (reg->reg_id &&
		sip_number_parse(sip_msg_value(response, SIP_HDR_FLOW_TIMER), &seconds) == 0)
		reg->flow_timer = seconds;
	err = keep_gruus(reg, public, temporary);
	return err ? err : keep_service_route(reg, response);
}
