/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Answers without a transaction (RFC 3261 8.2.7), and new work that is put off with them
 * (docs/overload.md).
 */
#include "core/mem.h"
#include "sip/agent_private.h"
#include "sip/message.h"

enum {
	/* An ACK that comes later than this takes the long way to nowhere. */
	ACK_WAIT_US = 1000000,
	RETRY_MIN = 5, /* seconds */
	RETRY_SPREAD = 11,
};

/* So begins the tag of an answer without a transaction; id_token writes small letters. */
#define TAG_MARK 'S'

/* 8.2.7: the same tag for each retransmission, without remembering one. */
static void write_tag(uint64_t hash, char tag[SIP_TAG_SIZE])
{
	static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyz";

	tag[0] = TAG_MARK;
	for (size_t i = 1; i < SIP_TAG_LETTERS; i++, hash /= 36)
		tag[i] = letters[hash % 36];
	tag[SIP_TAG_LETTERS] = '\0';
}

/* The answer up to its last header line, in agent->out. hash: of the request's transaction. */
static void write_answer(struct sip_agent *agent, const struct sip_msg *request, uint64_t hash,
	unsigned status, const char *reason)
{
	char tag[SIP_TAG_SIZE];

	write_tag(hash, tag);
	buf_reset(&agent->out);
	sip_write_response(&agent->out, request, status, reason, tag);
	sip_write_header_str(&agent->out, SIP_HDR_SERVER, agent->product);
	if (request->method == SIP_INVITE)
		agent->ack_until = agent->timers->now + ACK_WAIT_US;
}

static void send_answer(struct sip_agent *agent, const struct sip_msg *request)
{
	struct sip_flow *flow;

	if (agent->out.err || sip_flow_for_response(request, &flow) < 0)
		return;
	sip_flow_send(flow, buf_view(&agent->out));
	obj_unref(flow);
}

void sip_reply_stateless(struct sip_agent *agent, const struct sip_msg *request, unsigned status,
	const char *reason, struct slice extra)
{
	if (request->method == SIP_ACK)
		return;
	write_answer(agent, request, sip_key_server(request, request->method).hash, status, reason);
	sip_write_lines(&agent->out, extra);
	sip_write_end(&agent->out, SLICE_NONE, SLICE_NONE);
	send_answer(agent, request);
}

/* ---- putting off ------------------------------------------------------------------------------ */

/* Methods of requests that begin something, which one may be asked to come back with. */
static bool may_begin(enum sip_method method)
{
	switch (method) {
	case SIP_INVITE:
	case SIP_SUBSCRIBE:
	case SIP_REFER:
	case SIP_MESSAGE:
	case SIP_PUBLISH:
		return true;
	default:
		return false;
	}
}

static bool is_overloaded(const struct sip_agent *agent)
{
	return agent->handlers.overloaded && agent->handlers.overloaded(agent->arg);
}

/* Not all are to come again at once, but one that is repeated is told the same. */
static void write_put_off(struct sip_agent *agent, const struct sip_msg *request, uint64_t hash)
{
	write_answer(agent, request, hash, 503, NULL);
	sip_write_header_u32(&agent->out, SIP_HDR_RETRY_AFTER,
		RETRY_MIN + (uint32_t)(hash >> 32) % RETRY_SPREAD);
	sip_write_end(&agent->out, SLICE_NONE, SLICE_NONE);
}

bool sip_put_off(struct sip_agent *agent, const struct sip_msg *request, uint64_t hash)
{
	struct addr source;

	if (!may_begin(request->method) || request->to.tag.n)
		return false;
	source = sip_source_address(&request->source);
	if (!is_overloaded(agent) &&
		(!agent->rate || sip_rate_take(agent->rate, addr_hash(&source), agent->timers->now,
					 agent->limits.rate_per_source)))
		return false;
	write_put_off(agent, request, hash);
	send_answer(agent, request);
	return true;
}

/* Whether new work from there would be put off now. */
static bool would_put_off(const struct sip_agent *agent, const struct addr *from)
{
	struct addr source;

	if (agent->closed)
		return false;
	/* Who may not come in at all is told so, by others. */
	if (agent->handlers.admit && !agent->handlers.authenticate &&
		!agent->handlers.admit(from, agent->arg))
		return false;
	if (is_overloaded(agent))
		return true;
	if (!agent->rate)
		return false;
	source = sip_source_address(from);
	return !sip_rate_has(
		agent->rate, addr_hash(&source), agent->timers->now, agent->limits.rate_per_source);
}

bool sip_agent_put_off_early(struct sip_agent *agent, struct slice datagram,
	const struct addr *from, struct slice *answer, struct addr *to)
{
	struct slice rest = datagram, word;
	enum sip_method method;
	struct sip_key_value key;
	struct sip_msg request;

	*answer = SLICE_NONE;
	slice_cut(&rest, ' ', &word);
	method = sip_method_of(word);
	if (method == SIP_ACK)
		return agent->timers->now < agent->ack_until &&
		       sip_msg_glance(datagram, &request) && request.to.tag.n == SIP_TAG_LETTERS &&
		       *request.to.tag.p == TAG_MARK;
	if (!may_begin(method) || !would_put_off(agent, from) ||
		!sip_msg_glance(datagram, &request) || request.to.tag.n)
		return false;
	key = sip_key_server(&request, method);
	if (sip_key_find(&agent->server_transactions, key))
		return false;
	request.source = *from;
	write_put_off(agent, &request, key.hash);
	sip_response_address(&request.via, SIP_UDP, from, to);
	if (!agent->out.err)
		*answer = buf_view(&agent->out);
	return true;
}
