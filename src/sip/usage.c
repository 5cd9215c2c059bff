/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Usages other than calls: the agent's list of them, and guests of a dialog (RFC 5057). */
#include "sip/usage.h"

#include <errno.h>

#include "sip/agent_private.h"
#include "sip/dialog_private.h"
#include "sip/server_transaction.h"

int sip_usage_add(struct sip_agent *agent, struct sip_usage *usage)
{
	if (agent->closed || agent->n_usages >= SIP_MAX_USAGES)
		return -EMFILE;
	list_append(&agent->usages, &usage->node);
	agent->n_usages++;
	return 0;
}

void sip_usage_remove(struct sip_agent *agent, struct sip_usage *usage)
{
	list_remove(&usage->node);
	agent->n_usages--;
}

/* Those asked stand at the end of the list. */
bool sip_usages_end(struct sip_agent *agent, unsigned n)
{
	struct sip_usage *usage;

	for (; !list_empty(&agent->usages); n--) {
		usage = CONTAINER_OF(agent->usages.next, struct sip_usage, node);
		if (usage->asked)
			return true;
		if (n == 0)
			return false;
		usage->asked = true;
		list_remove(&usage->node);
		list_append(&agent->usages, &usage->node);
		usage->end(usage);
	}
	return true;
}

void sip_usages_forget(struct sip_agent *agent)
{
	while (!list_empty(&agent->usages)) {
		struct sip_usage *usage = CONTAINER_OF(agent->usages.next, struct sip_usage, node);

		usage->forget(usage);
	}
}

/* refer is subscribed to by REFER alone (RFC 3515 2.4.4). */
void sip_write_allow_events(const struct sip_agent *agent, struct buf *out)
{
	buf_printf(out, "Allow-Events: %s%srefer\r\n", agent->events, agent->events[0] ? ", " : "");
}

void sip_write_allow_without(enum sip_method method, struct buf *lines)
{
	struct slice rest = slice_str(SIP_ALLOW), each;
	const char *before = "Allow: ";

	while (sip_list_next(&rest, &each)) {
		if (sip_method_of(each) == method)
			continue;
		buf_str(lines, before);
		buf_slice(lines, each);
		before = ", ";
	}
	buf_str(lines, "\r\n");
}

void sip_reply_not_allowed(struct sip_server_transaction *txn, enum sip_method method)
{
	struct buf lines;

	buf_init(&lines, 1024);
	sip_write_allow_without(method, &lines);
	sip_server_transaction_reply(
		txn, 405, lines.err ? SLICE_NONE : buf_view(&lines), SLICE_NONE, SLICE_NONE);
	buf_free(&lines);
}

void sip_dialog_add_guest(struct sip_dialog *dialog, struct sip_dialog_guest *guest)
{
	list_append(&dialog->guests, &guest->node);
}

void sip_dialog_remove_guest(struct sip_dialog_guest *guest)
{
	list_remove(&guest->node);
}

bool sip_dialog_ask_guests(struct sip_dialog *dialog, struct sip_server_transaction *txn,
	const struct sip_msg *request)
{
	struct list_node *it, *next;

	LIST_FOR_EACH(it, next, &dialog->guests) {
		struct sip_dialog_guest *guest = CONTAINER_OF(it, struct sip_dialog_guest, node);

		if (guest->request(txn, request, guest->arg))
			return true;
	}
	return false;
}

void sip_dialog_dismiss_guests(struct sip_dialog *dialog)
{
	while (!list_empty(&dialog->guests)) {
		struct sip_dialog_guest *guest =
			CONTAINER_OF(dialog->guests.next, struct sip_dialog_guest, node);

		list_remove(&guest->node);
		guest->closed(guest->arg);
	}
}
