/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Our Contact and credentials where a registration goes by the same flow (RFC 5626 4.3, RFC 5627 4.4). */
#include "sip/flow.h"
#include "sip/message_write.h"
#include "sip/register_private.h"

void sip_register_write_uri(
	struct buf *out, const struct sip_flow *flow, bool secure, struct slice user, bool ob)
{
	char host[ADDR_TEXT];

	buf_str(out, secure ? "sips:" : "sip:");
	if (user.n) {
		sip_write_value(out, user);
		buf_char(out, '@');
	}
	buf_printf(
		out, "%s:%u", addr_print_uri_host(&flow->contact, host), addr_port(&flow->contact));
	if (flow->transport == SIP_TCP)
		buf_str(out, ";transport=tcp");
	else if (flow->transport == SIP_TLS && !secure)
		buf_str(out, ";transport=tls");
	if (ob)
		buf_str(out, ";ob");
}

/* Whether packets go the same way: flows over UDP are values, those over connections objects. */
static bool same_way(const struct sip_flow *a, const struct sip_flow *b)
{
	if (a == b)
		return true;
	return a->transport == SIP_UDP && b->transport == SIP_UDP &&
	       addr_equal(&a->remote, &b->remote) && addr_equal(&a->local, &b->local);
}

/*
 * The registration by this flow: the user's, or, for a dialog that names none, the only one there
 * is. NULL: none, or which of them cannot be told. *any: whether there is one at all.
 */
static const struct sip_register *find(
	const struct sip_agent *agent, const struct sip_flow *flow, struct slice user, bool *any)
{
	const struct sip_register *found = NULL;
	const struct list_node *it;
	unsigned n = 0;

	for (it = agent->registers.next; it != &agent->registers; it = it->next) {
		const struct sip_register *reg = CONTAINER_OF(it, const struct sip_register, node);

		if (!reg->flow || !same_way(reg->flow, flow))
			continue;
		n++;
		if (user.n == 0 || slice_eq(user, reg->user))
			found = reg;
	}
	*any = n > 0;
	return user.n == 0 && n > 1 ? NULL : found;
}

struct sip_flow *sip_register_flow_like(const struct sip_agent *agent, const struct sip_flow *flow)
{
	const struct list_node *it;

	for (it = agent->registers.next; it != &agent->registers; it = it->next) {
		const struct sip_register *reg = CONTAINER_OF(it, const struct sip_register, node);

		if (reg->flow && !reg->flow->closed && same_way(reg->flow, flow))
			return reg->flow;
	}
	return NULL;
}

/* Whether own, a name-addr of From or To, is the address that is bound. */
static bool is_of(const struct sip_register *reg, struct slice own)
{
	struct sip_name_addr addr;
	struct uri aor;

	return sip_name_addr_parse(own, &addr) == 0 && uri_parse(reg->aor, &aor) == 0 &&
	       uri_equal(&aor, &addr.uri);
}

struct slice sip_register_route(const struct sip_agent *agent, struct slice from)
{
	const struct list_node *it;

	for (it = agent->registers.next; it != &agent->registers; it = it->next) {
		const struct sip_register *reg = CONTAINER_OF(it, const struct sip_register, node);

		if (reg->state.registered && reg->state.service_route.n && is_of(reg, from))
			return reg->state.service_route;
	}
	return SLICE_NONE;
}

/*
 * RFC 5627 4.4: the GRUU of the address that is spoken for, by whatever flow, as it leads to us from
 * everywhere; of a registration that has lapsed there is none. Empty: none.
 */
static struct slice gruu_of(const struct sip_agent *agent, struct slice own)
{
	const struct list_node *it;

	for (it = agent->registers.next; it != &agent->registers; it = it->next) {
		const struct sip_register *reg = CONTAINER_OF(it, const struct sip_register, node);

		if (reg->state.registered && reg->state.pub_gruu.n && is_of(reg, own))
			return reg->state.pub_gruu;
	}
	return SLICE_NONE;
}

struct sip_auth_client *sip_register_auth(
	const struct sip_agent *agent, const struct sip_flow *flow, struct slice user)
{
	const struct sip_register *found = NULL;
	struct sip_auth_client *auth = NULL;
	const struct list_node *it;

	for (it = agent->registers.next; it != &agent->registers; it = it->next) {
		const struct sip_register *reg = CONTAINER_OF(it, const struct sip_register, node);

		if (reg->has_credentials && reg->flow && same_way(reg->flow, flow) &&
			(!found || slice_eq(user, reg->user)))
			found = reg;
	}
	if (!found)
		return NULL;
	sip_auth_client_new(
		&auth, &(struct sip_credentials){found->username, found->password, found->realm});
	return auth;
}

bool sip_register_write_contact(const struct sip_agent *agent, struct buf *out,
	const struct sip_flow *flow, struct slice own, struct slice user, bool focus)
{
	struct slice gruu = gruu_of(agent, own);
	const struct sip_register *reg;
	bool any;

	reg = find(agent, flow, user, &any);
	if (gruu.n == 0 && reg && reg->state.registered)
		gruu = reg->state.pub_gruu;
	if (gruu.n == 0 && !any)
		return false;
	buf_str(out, "Contact: <");
	if (gruu.n) {
		sip_write_value(out, gruu);
	} else {
		if (user.n == 0)
			user = reg && reg->user.n ? reg->user : SLICE("sylkserver");
		sip_register_write_uri(out, flow, false, user, true);
	}
	buf_str(out, focus ? ">;isfocus\r\n" : ">\r\n");
	return true;
}
