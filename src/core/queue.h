/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Queues between threads. A mailbox takes messages from any number of threads and is read by one;
 * messages are intrusive nodes, so posting never allocates and never fails. Order holds per sender.
 * The reader is woken through an eventfd only when the mailbox was empty.
 */
#ifndef CORE_QUEUE_H
#define CORE_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>

struct mail {
	struct mail *next;
};

/* Lock-free stack of newly posted mail; the reader takes all at once and turns it round. */
struct mailbox {
	_Atomic(struct mail *) head;
	int wake_fd; /* eventfd, non-blocking; the reader polls it */
};

/* Returns 0 or a negative errno. */
int mailbox_init(struct mailbox *box);
void mailbox_close(struct mailbox *box);

/* Hand m over; it belongs to the reader from here on. Any thread. */
void mailbox_post(struct mailbox *box, struct mail *m);

/* Wake the reader without mail. Any thread, and a signal's handler. */
void mailbox_wake(struct mailbox *box);

/*
 * The reader: take everything posted so far, oldest first, as a list linked by next (NULL: nothing).
 * Also clears the wake-up.
 */
struct mail *mailbox_take(struct mailbox *box);

#endif
