/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mailboxes: nothing lost, order per sender, wake-ups. */
#include "core/queue.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SENDERS = 4, LETTERS = 20000 };

struct letter {
	struct mail mail; /* first: the address of the mail is that of the letter */
	unsigned sender, number;
};

static bool is_awake(const struct mailbox *box)
{
	struct pollfd p = {.fd = box->wake_fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

static void mail_comes_oldest_first(void **state)
{
	struct mailbox box;
	struct mail a, b, c, *m;

	assert_int_equal(mailbox_init(&box), 0);
	mailbox_post(&box, &a);
	mailbox_post(&box, &b);
	mailbox_post(&box, &c);
	m = mailbox_take(&box);
	assert_ptr_equal(m, &a);
	assert_ptr_equal(m->next, &b);
	assert_ptr_equal(m->next->next, &c);
	assert_null(c.next);
	assert_null(mailbox_take(&box));
	mailbox_close(&box);
}

static void the_reader_is_woken_by_the_first_mail_until_it_takes(void **state)
{
	struct mailbox box;
	struct mail a, b;

	assert_int_equal(mailbox_init(&box), 0);
	assert_false(is_awake(&box));
	mailbox_post(&box, &a);
	mailbox_post(&box, &b);
	assert_true(is_awake(&box));
	mailbox_take(&box);
	assert_false(is_awake(&box));
	mailbox_post(&box, &a);
	assert_true(is_awake(&box));
	mailbox_close(&box);
}

static void a_bare_wake_up_brings_no_mail(void **state)
{
	struct mailbox box;

	assert_int_equal(mailbox_init(&box), 0);
	mailbox_wake(&box);
	mailbox_wake(&box);
	assert_true(is_awake(&box));
	assert_null(mailbox_take(&box));
	assert_false(is_awake(&box));
	mailbox_close(&box);
	mailbox_close(&box);
}

struct sender {
	struct mailbox *box;
	pthread_t thread;
	unsigned index;
};

static void *post_letters(void *arg)
{
	struct sender *s = arg;

	for (unsigned i = 0; i < LETTERS; i++) {
		struct letter *l = malloc(sizeof *l);

		if (!l)
			abort();
		l->sender = s->index;
		l->number = i;
		mailbox_post(s->box, &l->mail);
	}
	return NULL;
}

static void mail_of_many_threads_all_arrives_in_each_senders_order(void **state)
{
	struct sender senders[SENDERS];
	unsigned expected[SENDERS] = {0}, total = 0;
	struct mailbox box;
	struct pollfd p;

	assert_int_equal(mailbox_init(&box), 0);
	p = (struct pollfd){.fd = box.wake_fd, .events = POLLIN};
	for (unsigned i = 0; i < SENDERS; i++) {
		senders[i] = (struct sender){.box = &box, .index = i};
		pthread_create(&senders[i].thread, NULL, post_letters, &senders[i]);
	}
	while (total < SENDERS * LETTERS) {
		struct mail *m;

		/* A lost wake-up shows as this wait running out. */
		assert_int_equal(poll(&p, 1, 10000), 1);
		m = mailbox_take(&box);
		while (m) {
			struct letter *l = (struct letter *)(void *)m;

			m = m->next;
			assert_int_equal(l->number, expected[l->sender]);
			expected[l->sender]++;
			total++;
			free(l);
		}
	}
	for (unsigned i = 0; i < SENDERS; i++)
		pthread_join(senders[i].thread, NULL);
	assert_null(mailbox_take(&box));
	mailbox_close(&box);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mail_comes_oldest_first),
		cmocka_unit_test(the_reader_is_woken_by_the_first_mail_until_it_takes),
		cmocka_unit_test(a_bare_wake_up_brings_no_mail),
		cmocka_unit_test(mail_of_many_threads_all_arrives_in_each_senders_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
