/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Offer and answer: the state of one session (RFC 3264; RFC 6337 for what may cross what). */
#include "sdp/negotiation.h"

#include <errno.h>

#include "core/mem.h"

/* Seconds from 1900 to 1970 (RFC 8866 5.2 recommends an NTP timestamp as the session id). */
#define NTP_TO_UNIX 2208988800U

struct negotiation {
	enum negotiation_state state;
	bool bundle;
	char *product, *address;
	char *session_lines;  /* further lines of our session part, or NULL */
	uint64_t id, version; /* version: of what was sent last */
	struct sdp *local, *remote;
	struct sdp *pending;
	struct sdp *sent; /* the last one of ours that was handed out, agreed or not */

	/* Our sections for the description to be made; NULL: not decided. */
	char *prepared[SDP_MAX_MEDIA];
	unsigned n_prepared; /* m-lines of an offer to be made, when some were added */
	uint32_t chosen;     /* bit i: prepared[i] is what the user wants */

	uint8_t change[SDP_MAX_MEDIA]; /* what the last exchange did */
};

_Static_assert(SDP_MAX_MEDIA <= 32, "chosen has a bit for each m-line");

static void forget_prepared(struct negotiation *n)
{
	for (unsigned i = 0; i < SDP_MAX_MEDIA; i++) {
		mem_free(n->prepared[i]);
		n->prepared[i] = NULL;
	}
	n->n_prepared = 0;
	n->chosen = 0;
}

static void destroy(void *obj)
{
	struct negotiation *n = obj;

	forget_prepared(n);
	obj_unref(n->local);
	obj_unref(n->remote);
	obj_unref(n->pending);
	obj_unref(n->sent);
	mem_free(n->product);
	mem_free(n->address);
	mem_free(n->session_lines);
}

int negotiation_new(struct negotiation **negotiation, struct slice product, struct slice address,
	uint64_t unix_seconds)
{
	struct sdp_draft draft;
	struct negotiation *n = NULL;
	int err;

	*negotiation = NULL;
	sdp_draft_init(&draft);
	/* The draft knows what may stand in a line. */
	sdp_draft_line(&draft, 's', product);
	sdp_draft_connection(&draft, address);
	err = draft.err;
	if (err)
		goto out;
	err = -ENOMEM;
	n = obj_new(sizeof *n, destroy);
	if (!n)
		goto out;
	n->product = slice_dup(product);
	n->address = slice_dup(address);
	if (!n->product || !n->address)
		goto out;
	n->id = n->version = unix_seconds + NTP_TO_UNIX;
	*negotiation = n;
	n = NULL;
	err = 0;
out:
	obj_unref(n);
	sdp_draft_free(&draft);
	return err;
}

int negotiation_set_session(struct negotiation *n, const struct sdp_draft *lines)
{
	static const char ours[] = "vost";
	char *text = NULL;

	if (lines && lines->err)
		return lines->err;
	if (lines && lines->formats_end)
		return -EINVAL;
	for (const char *type = ours; lines && *type; type++) {
		if (sdp_draft_has_line(lines, *type))
			return -EINVAL;
	}
	if (lines && lines->text.n) {
		text = slice_dup(sdp_draft_text(lines));
		if (!text)
			return -ENOMEM;
	}
	mem_free(n->session_lines);
	n->session_lines = text;
	return 0;
}

void negotiation_set_bundle(struct negotiation *n, bool bundle)
{
	n->bundle = bundle;
}

enum negotiation_state negotiation_state(const struct negotiation *n)
{
	return n->state;
}

struct sdp *negotiation_local(const struct negotiation *n)
{
	return n->local;
}

struct sdp *negotiation_remote(const struct negotiation *n)
{
	return n->remote;
}

struct sdp *negotiation_pending(const struct negotiation *n)
{
	return n->pending;
}

static unsigned n_agreed(const struct negotiation *n)
{
	return n->local ? n->local->n_media : 0;
}

unsigned negotiation_n_media(const struct negotiation *n)
{
	if (n->pending)
		return n->pending->n_media;
	return n->n_prepared > n_agreed(n) ? n->n_prepared : n_agreed(n);
}

bool negotiation_in_use(const struct negotiation *n, unsigned index)
{
	return index < n_agreed(n) && sdp_media_enabled(&n->local->media[index], n->bundle) &&
	       sdp_media_enabled(&n->remote->media[index], n->bundle);
}

/* Equal line by line, the o= line apart; line ends do not count. */
static bool same_lines(const struct sdp_section *a, const struct sdp_section *b)
{
	if (a->n != b->n)
		return false;
	for (unsigned i = 0; i < a->n; i++) {
		const struct sdp_line *l = &a->lines[i], *m = &b->lines[i];

		if (l->type != m->type)
			return false;
		if (l->type != 'o' &&
			(!slice_eq(l->name, m->name) || !slice_eq(l->value, m->value)))
			return false;
	}
	return true;
}

/* Whether two descriptions say the same of an m-line, for itself and in the session part. */
static bool same_media(const struct sdp *a, const struct sdp *b, unsigned index)
{
	const struct sdp_media *l = &a->media[index], *m = &b->media[index];

	return l->port == m->port && l->n_ports == m->n_ports && slice_eq(l->media, m->media) &&
	       slice_eq(l->proto, m->proto) && slice_eq(l->formats, m->formats) &&
	       same_lines(&l->section, &m->section) && same_lines(&a->session, &b->session);
}

static bool same_type(const struct sdp_media *a, const struct sdp_media *b)
{
	return slice_eq_nocase(a->media, b->media);
}

static unsigned classify(bool was, bool is, bool type_kept, bool same)
{
	if (was && is && !type_kept)
		return NEGOTIATION_REMOVED | NEGOTIATION_ADDED; /* 8.3.3 */
	if (was && is)
		return same ? NEGOTIATION_KEPT : NEGOTIATION_CHANGED;
	if (is)
		return NEGOTIATION_ADDED;
	return was ? NEGOTIATION_REMOVED : NEGOTIATION_DISABLED;
}

/* What the pending offer asks for, against what its author's side was. */
static unsigned asked_change(const struct negotiation *n, unsigned index)
{
	const struct sdp *before = n->state == NEGOTIATION_LOCAL_OFFER ? n->local : n->remote;
	bool was = negotiation_in_use(n, index);
	bool is = sdp_media_enabled(&n->pending->media[index], n->bundle);

	if (!was)
		return classify(false, is, true, false);
	return classify(true, is, same_type(&before->media[index], &n->pending->media[index]),
		same_media(before, n->pending, index));
}

unsigned negotiation_change(const struct negotiation *n, unsigned index)
{
	if (n->pending)
		return index < n->pending->n_media ? asked_change(n, index) : 0;
	return index < n_agreed(n) ? n->change[index] : 0;
}

bool negotiation_offered_again(const struct negotiation *n, unsigned index)
{
	const struct sdp_media *before, *now;

	if (n->state != NEGOTIATION_REMOTE_OFFER || index >= n_agreed(n) ||
		negotiation_in_use(n, index))
		return false;
	before = &n->remote->media[index];
	now = &n->pending->media[index];
	return sdp_media_enabled(before, n->bundle) && sdp_media_enabled(now, n->bundle) &&
	       same_type(before, now) && slice_eq_nocase(before->proto, now->proto);
}

/* Copy a draft to its place, with our c= line if it has none (no session-level c= is sent). */
static int prepare(struct negotiation *n, unsigned index, const struct sdp_draft *draft)
{
	struct sdp_draft copy;
	char *text;
	int err = 0;

	sdp_draft_init(&copy);
	if (!sdp_draft_has_line(draft, 'c')) {
		buf_slice(&copy.text, sdp_draft_text(draft));
		copy.formats_end = draft->formats_end;
		copy.err = copy.text.err;
		sdp_draft_connection(&copy, slice_str(n->address));
		draft = &copy;
		err = copy.err;
		if (err)
			goto out;
	}
	text = slice_dup(sdp_draft_text(draft));
	if (!text) {
		err = -ENOMEM;
		goto out;
	}
	mem_free(n->prepared[index]);
	n->prepared[index] = text;
out:
	sdp_draft_free(&copy);
	return err;
}

/* Prepare an m-line with port 0. */
static int prepare_disabled(struct negotiation *n, unsigned index, const struct sdp_media *of)
{
	struct sdp_draft draft;
	int err;

	sdp_draft_init(&draft);
	sdp_draft_disabled(&draft, of);
	err = draft.err;
	if (!err)
		err = prepare(n, index, &draft);
	sdp_draft_free(&draft);
	return err;
}

/* Answering: 8.2 (port 0 is answered by port 0) and 6.1 (the media type must match). */
static bool may_accept(const struct negotiation *n, unsigned index, const struct sdp_draft *draft)
{
	const struct sdp_media *offered = &n->pending->media[index];
	struct slice line = slice_of(draft->text.p + 2, draft->formats_end - 2), media;

	return sdp_media_enabled(offered, n->bundle) && sdp_next_word(&line, &media) &&
	       slice_eq_nocase(media, offered->media);
}

static int check_draft(const struct negotiation *n, const struct sdp_draft *draft)
{
	if (n->state == NEGOTIATION_LOCAL_OFFER)
		return -EBUSY;
	if (draft->err)
		return draft->err;
	return draft->formats_end ? 0 : -EINVAL;
}

int negotiation_set(struct negotiation *n, unsigned index, const struct sdp_draft *draft)
{
	int err = check_draft(n, draft);

	if (err)
		return err;
	if (index >= negotiation_n_media(n))
		return -EINVAL;
	if (n->state == NEGOTIATION_REMOTE_OFFER && !may_accept(n, index, draft))
		return -EINVAL;
	err = prepare(n, index, draft);
	if (!err)
		n->chosen |= 1U << index;
	return err;
}

int negotiation_add(struct negotiation *n, const struct sdp_draft *draft, unsigned *index)
{
	unsigned i = 0, end = negotiation_n_media(n);
	int err = check_draft(n, draft);

	if (err)
		return err;
	if (n->state != NEGOTIATION_STABLE)
		return -EBUSY;
	/* 8.1: a slot that is not in use may be used again. */
	while (i < end && (negotiation_in_use(n, i) || (n->chosen & 1U << i)))
		i++;
	if (i >= SDP_MAX_MEDIA)
		return -E2BIG;
	err = prepare(n, i, draft);
	if (err)
		return err;
	n->chosen |= 1U << i;
	if (i == end)
		n->n_prepared = end + 1;
	*index = i;
	return 0;
}

int negotiation_disable(struct negotiation *n, unsigned index)
{
	int err;

	if (n->state == NEGOTIATION_LOCAL_OFFER)
		return -EBUSY;
	if (n->state == NEGOTIATION_REMOTE_OFFER) {
		if (index >= n->pending->n_media)
			return -EINVAL;
		mem_free(n->prepared[index]);
		n->prepared[index] = NULL;
		n->chosen &= ~(1U << index);
		return 0;
	}
	if (index >= n_agreed(n))
		return -EINVAL;
	err = prepare_disabled(n, index, &n->local->media[index]);
	if (!err)
		n->chosen |= 1U << index;
	return err;
}

/* Fill in the m-lines that the user left alone. */
static int prepare_rest(struct negotiation *n, unsigned n_media)
{
	int err = 0;

	for (unsigned i = 0; i < n_media && !err; i++) {
		if (n->chosen & 1U << i)
			continue;
		mem_free(n->prepared[i]);
		n->prepared[i] = NULL;
		if (n->state == NEGOTIATION_REMOTE_OFFER) {
			err = prepare_disabled(n, i, &n->pending->media[i]);
		} else if (negotiation_in_use(n, i)) {
			n->prepared[i] = slice_dup(n->local->media[i].text);
			err = n->prepared[i] ? 0 : -ENOMEM;
		} else {
			err = prepare_disabled(n, i, &n->local->media[i]);
		}
	}
	return err;
}

/* The session part (spec: username "-", no c=, t=0 0), then the sections. */
static int write_text(
	const struct negotiation *n, unsigned n_media, uint64_t version, struct sdp_draft *draft)
{
	struct slice rest = slice_str(n->session_lines), line;
	char origin[160];
	struct buf o = {.p = origin, .cap = sizeof origin, .max = sizeof origin};

	buf_str(&o, "- ");
	buf_u64(&o, n->id);
	buf_char(&o, ' ');
	buf_u64(&o, version);
	buf_str(&o, strchr(n->address, ':') ? " IN IP6 " : " IN IP4 ");
	buf_str(&o, n->address);
	sdp_draft_line(draft, 'v', SLICE("0"));
	sdp_draft_line(draft, 'o', buf_view(&o));
	sdp_draft_line(draft, 's', slice_str(n->product[0] ? n->product : "-"));
	sdp_draft_line(draft, 't', SLICE("0 0"));
	while (slice_cut(&rest, '\n', &line))
		sdp_draft_line(draft, line.p[0], slice_of(line.p + 2, line.n - 3));
	for (unsigned i = 0; i < n_media; i++)
		buf_str(&draft->text, n->prepared[i]);
	return draft->err ? draft->err : draft->text.err;
}

/* Write and parse our description. The version grows when it is not what was sent last (8). */
static int make_description(struct negotiation *n, unsigned n_media, struct sdp **sdp)
{
	struct sdp_draft draft;
	uint64_t version = n->version;
	int err;

	sdp_draft_init(&draft);
	err = prepare_rest(n, n_media);
	if (err)
		goto out;
	err = write_text(n, n_media, version, &draft);
	if (err)
		goto out;
	if (n->sent && !slice_eq(n->sent->text, sdp_draft_text(&draft))) {
		version++;
		buf_reset(&draft.text);
		err = write_text(n, n_media, version, &draft);
		if (err)
			goto out;
	}
	err = sdp_parse(sdp_draft_text(&draft), sdp, NULL);
	if (err)
		goto out;
	n->version = version;
	obj_unref(n->sent);
	n->sent = obj_ref(*sdp);
out:
	sdp_draft_free(&draft);
	return err == -ENOBUFS ? -E2BIG : err;
}

/* A pair has been agreed; takes the references over. */
static void agree(struct negotiation *n, struct sdp *local, struct sdp *remote)
{
	bool was[SDP_MAX_MEDIA];
	struct sdp *old_local = n->local, *old_remote = n->remote;

	for (unsigned i = 0; i < SDP_MAX_MEDIA; i++)
		was[i] = negotiation_in_use(n, i);
	n->local = local;
	n->remote = remote;
	n->pending = NULL;
	n->state = NEGOTIATION_STABLE;
	for (unsigned i = 0; i < local->n_media; i++) {
		bool is = negotiation_in_use(n, i);
		bool kept = was[i] && same_type(&old_remote->media[i], &remote->media[i]);
		bool same = kept && same_media(old_local, local, i) &&
			    same_media(old_remote, remote, i);

		n->change[i] = (uint8_t)classify(was[i], is, kept, same);
	}
	obj_unref(old_local);
	obj_unref(old_remote);
	forget_prepared(n);
}

int negotiation_offer(struct negotiation *n, struct sdp **offer)
{
	struct sdp *made;
	int err;

	if (n->state != NEGOTIATION_STABLE)
		return -EBUSY;
	err = make_description(n, negotiation_n_media(n), &made);
	if (err)
		return err;
	forget_prepared(n);
	n->pending = made;
	n->state = NEGOTIATION_LOCAL_OFFER;
	*offer = made;
	return 0;
}

int negotiation_answer(struct negotiation *n, struct sdp **answer)
{
	struct sdp *made;
	int err;

	if (n->state != NEGOTIATION_REMOTE_OFFER)
		return -EPROTO;
	err = make_description(n, n->pending->n_media, &made);
	if (err)
		return err;
	agree(n, made, n->pending);
	*answer = made;
	return 0;
}

int negotiation_remote_offer(struct negotiation *n, struct sdp *offer, const char **reason)
{
	if (n->state != NEGOTIATION_STABLE) {
		*reason = "Another offer is pending";
		return -EBUSY;
	}
	/* 8: as many m-lines as in the previous one, or more. */
	if (offer->n_media < n_agreed(n)) {
		*reason = "Streams cannot be deleted from the SDP";
		return -EINVAL;
	}
	forget_prepared(n);
	n->pending = obj_ref(offer);
	n->state = NEGOTIATION_REMOTE_OFFER;
	return 0;
}

int negotiation_remote_answer(struct negotiation *n, struct sdp *answer, const char **reason)
{
	if (n->state != NEGOTIATION_LOCAL_OFFER) {
		*reason = "No offer is pending";
		return -EPROTO;
	}
	/* 6: an m-line for each of the offer's, and 6.1: of the same media type. */
	if (answer->n_media != n->pending->n_media) {
		*reason = "The answer has not the m-lines of the offer";
		return -EINVAL;
	}
	for (unsigned i = 0; i < answer->n_media; i++) {
		if (!same_type(&answer->media[i], &n->pending->media[i])) {
			*reason = "The answer has another media type than the offer";
			return -EINVAL;
		}
	}
	agree(n, n->pending, obj_ref(answer));
	return 0;
}

void negotiation_rollback(struct negotiation *n)
{
	forget_prepared(n);
	n->pending = obj_unref(n->pending);
	n->state = NEGOTIATION_STABLE;
	for (unsigned i = 0; i < n_agreed(n); i++)
		n->change[i] = negotiation_in_use(n, i) ? NEGOTIATION_KEPT : NEGOTIATION_DISABLED;
}
