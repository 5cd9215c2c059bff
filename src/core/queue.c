/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Queues between threads. Senders push onto a stack by compare-and-swap; the reader detaches the
 * whole stack by one exchange, so no node is ever taken singly and the ABA problem cannot arise.
 */
#include "core/queue.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

int mailbox_init(struct mailbox *box)
{
	atomic_init(&box->head, NULL);
	box->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return box->wake_fd < 0 ? -errno : 0;
}

void mailbox_close(struct mailbox *box)
{
	if (box->wake_fd >= 0)
		close(box->wake_fd);
	box->wake_fd = -1;
}

void mailbox_wake(struct mailbox *box)
{
	uint64_t one = 1;
	int saved = errno; /* of what a signal's handler interrupted */
	ssize_t n;

	/* EAGAIN means that the counter is full: the reader is awake already. */
	do {
		n = write(box->wake_fd, &one, sizeof one);
	} while (n < 0 && errno == EINTR);
	errno = saved;
}

void mailbox_post(struct mailbox *box, struct mail *m)
{
	struct mail *head = atomic_load_explicit(&box->head, memory_order_relaxed);

	do {
		m->next = head;
	} while (!atomic_compare_exchange_weak_explicit(
		&box->head, &head, m, memory_order_release, memory_order_relaxed));
	/* m may be gone by now; the local copy of what stood before it is what counts. */
	if (!head)
		mailbox_wake(box);
}

struct mail *mailbox_take(struct mailbox *box)
{
	struct mail *m, *oldest = NULL;
	uint64_t count;
	ssize_t n;

	/*
	 * The wake-up is cleared before the mail is taken: mail posted in between wakes us once too
	 * often, in the other order it could lie there unannounced.
	 */
	do {
		n = read(box->wake_fd, &count, sizeof count);
	} while (n < 0 && errno == EINTR);
	m = atomic_exchange_explicit(&box->head, NULL, memory_order_acquire);
	while (m) {
		struct mail *next = m->next;

		m->next = oldest;
		oldest = m;
		m = next;
	}
	return oldest;
}
