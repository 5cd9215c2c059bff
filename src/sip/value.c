/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The small structured header fields: CSeq, RAck, Session-Expires, Event, credentials ... */
#include <errno.h>

#include "sip/field.h"
#include "sip/lex.h"

/* RFC 3261 8.1.1.5: below 2^31. */
#define MAX_SEQUENCE ((1U << 31) - 1)

int sip_cseq_parse(struct slice value, struct sip_cseq *cseq)
{
	struct slice s = slice_trim(value);
	struct slice digits = lex_run(&s, LEX_TOKEN);

	*cseq = (struct sip_cseq){.method = SIP_OTHER};
	lex_skip_blanks(&s);
	cseq->method_name = s;
	if (!sip_is_token(s) || slice_u32(digits, MAX_SEQUENCE, &cseq->number) < 0)
		return -EINVAL;
	cseq->method = sip_method_of(s);
	return 0;
}

int sip_rack_parse(struct slice value, struct sip_rack *rack)
{
	struct slice s = slice_trim(value);
	struct slice digits = lex_run(&s, LEX_TOKEN);

	*rack = (struct sip_rack){0};
	if (slice_u32(digits, UINT32_MAX, &rack->rseq) < 0)
		return -EINVAL;
	return sip_cseq_parse(s, &rack->cseq);
}

/* Cut what stands before the first semicolon off; the parameters behind it are checked. */
static int split_params(struct slice value, struct slice *head, struct slice *params)
{
	struct slice name, text, s = slice_trim(value);
	int more;

	slice_cut(&s, ';', head);
	*params = SLICE_NONE;
	if (head->n < slice_trim(value).n && slice_trim(s).n == 0)
		return -EINVAL; /* a semicolon at the end */
	*head = slice_trim(*head);
	*params = s = slice_trim(s);
	while ((more = sip_param_next(&s, &name, &text)) > 0)
		;
	return head->n ? more : -EINVAL;
}

int sip_word_params_parse(struct slice value, struct sip_word_params *parts)
{
	return split_params(value, &parts->word, &parts->params);
}

int sip_session_expires_parse(struct slice value, struct sip_session_expires *expires)
{
	struct slice head, params, refresher;

	*expires = (struct sip_session_expires){0};
	if (split_params(value, &head, &params) < 0 ||
		sip_number_parse(head, &expires->seconds) < 0)
		return -EINVAL;
	if (!sip_param(params, "refresher", &refresher))
		return 0;
	if (slice_eq_nocase(refresher, SLICE("uac")))
		expires->refresher = SIP_REFRESHER_UAC;
	else if (slice_eq_nocase(refresher, SLICE("uas")))
		expires->refresher = SIP_REFRESHER_UAS;
	else
		return -EINVAL;
	return 0;
}

int sip_dialog_ref_parse(struct slice value, struct sip_dialog_ref *ref)
{
	struct slice params;

	*ref = (struct sip_dialog_ref){0};
	if (split_params(value, &ref->call_id, &params) < 0 || !lex_all(ref->call_id, LEX_GRAPH))
		return -EINVAL;
	ref->early_only = sip_param(params, "early-only", NULL);
	/* RFC 4538 section 7 calls them local-tag and remote-tag. */
	if (!sip_param(params, "to-tag", &ref->to_tag) &&
		!sip_param(params, "remote-tag", &ref->to_tag))
		return -EINVAL;
	if (!sip_param(params, "from-tag", &ref->from_tag) &&
		!sip_param(params, "local-tag", &ref->from_tag))
		return -EINVAL;
	return 0;
}

int sip_auth_parse(struct slice value, struct sip_auth *auth)
{
	struct slice s = slice_trim(value);

	auth->scheme = lex_run(&s, LEX_TOKEN);
	auth->params = SLICE_NONE;
	if (auth->scheme.n == 0 || s.n == 0 || !lex_is(*s.p, LEX_BLANK))
		return -EINVAL;
	auth->params = slice_trim(s);
	return 0;
}

int sip_number_parse(struct slice value, uint32_t *number)
{
	struct slice digits = slice_trim(value);
	int err = slice_u32(digits, UINT32_MAX, number);

	if (err != -ERANGE)
		return err;
	/* slice_u32 gave up at the first digit too many: the rest has to be digits too. */
	for (size_t i = 0; i < digits.n; i++) {
		if (digits.p[i] < '0' || digits.p[i] > '9')
			return -EINVAL;
	}
	*number = UINT32_MAX;
	return 0;
}
