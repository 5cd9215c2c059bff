/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Media thread: its loop. */
#include "media/media_thread.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/log.h"
#include "core/mem.h"
#include "media/fan_out.h"
#include "media/leg.h"
#include "media/mixer.h"
#include "media/port.h"
#include "media/scratch.h"

enum {
	PUBLISH_US = 1000000,
	/* After a longer stop (the machine slept) the mixers go on from now. */
	CATCH_UP_SLOTS = 50,
	REAL_TIME_PRIORITY = 5,
};

static uint64_t read_clock_us(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static uint64_t clock_us(void)
{
	return read_clock_us(CLOCK_MONOTONIC);
}

static void sleep_until(uint64_t time_us)
{
	struct timespec ts = {
		.tv_sec = (time_t)(time_us / 1000000), .tv_nsec = (long)(time_us % 1000000) * 1000};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

void media_thread_post(struct media_thread *to, struct media_mail *mail)
{
	mailbox_post(&to->box, &mail->mail);
}

void media_thread_report(struct media_thread *t, struct media_mail *mail, enum media_mail_kind kind)
{
	mail->kind = kind;
	mailbox_post(t->events, &mail->mail);
}

/* ---- mail ------------------------------------------------------------------------------- */

static void on_command(struct media_thread *t, struct media_command *command)
{
	switch (command->op) {
	case OP_PORT_OPEN:
		port_open(t, command->port);
		mem_free(command);
		break;
	case OP_PORT_CLOSE:
		port_close(command->port); /* the command is part of it */
		break;
	case OP_MIXER_RECORD:
		mixer_record(command->mixer, command->recorder);
		mem_free(command);
		break;
	case OP_MIXER_CLOSE:
		mixer_close(command->mixer); /* the same */
		break;
	case OP_STOP:
		t->stop = true; /* the command is part of the thread */
		break;
	default:
		/* Of a leg: first to its home, which hands it on. */
		if (command->port->thread == t)
			port_command(t, command);
		else
			leg_command(t, command);
		break;
	}
}

static void on_packet(struct leg *leg, bool spare, const uint8_t *p, size_t n, void *arg)
{
	if (spare)
		leg_spare_packet(arg, leg, p, n);
	else
		leg_packet(arg, leg, p, n);
}

static void on_mail(struct media_thread *t, struct media_mail *mail)
{
	switch (mail->kind) {
	case MAIL_COMMAND:
		on_command(t, (struct media_command *)mail);
		break;
	case MAIL_LEG:
		leg_arrive(t, CONTAINER_OF(mail, struct leg, mail));
		break;
	case MAIL_LEG_HOME:
		port_leg_home(CONTAINER_OF(mail, struct leg, mail));
		break;
	case MAIL_LEG_FENCE:
		leg_fence(t, CONTAINER_OF(mail, struct leg, mail));
		break;
	case MAIL_PACKETS:
		packet_batch_each(CONTAINER_OF(mail, struct packet_batch, mail), on_packet, t);
		break;
	case MAIL_ATTACH:
		fan_out_on_attach(CONTAINER_OF(mail, struct destination, attach));
		break;
	case MAIL_DETACH:
		fan_out_on_detach(CONTAINER_OF(mail, struct destination, detach));
		break;
	case MAIL_FRAMES:
		fan_out_on_frames(t, CONTAINER_OF(mail, struct frame_batch, mail));
		break;
	case MAIL_FAN_OUT_CLOSE:
		fan_out_on_close(CONTAINER_OF(mail, struct fan_out, close));
		break;
	default:
		break;
	}
}

static void read_mail(struct media_thread *t)
{
	struct mail *m = mailbox_take(&t->box);

	while (m) {
		struct mail *next = m->next;

		t->busy = true;
		on_mail(t, media_mail_of(m));
		m = next;
	}
}

/* ---- ticks ------------------------------------------------------------------------------ */

static bool is_ticking(const struct media_thread *t)
{
	for (int i = 0; i < MEDIA_SLOTS; i++) {
		if (!list_empty(&t->slots[i]))
			return true;
	}
	return false;
}

static void tick_slot(struct media_thread *t, uint64_t slot)
{
	struct list_node *it, *next;

	LIST_FOR_EACH(it, next, &t->slots[slot % MEDIA_SLOTS]) {
		mixer_tick(CONTAINER_OF(it, struct mixer, node), slot * MEDIA_SLOT_US);
	}
}

/* Tick every slot whose boundary has passed; late ones too: who listens waits for each packet. */
static void run_ticks(struct media_thread *t)
{
	uint64_t now_slot = t->now / MEDIA_SLOT_US;

	if (now_slot - t->slot > CATCH_UP_SLOTS)
		t->slot = now_slot - 1;
	while (t->slot < now_slot)
		tick_slot(t, ++t->slot);
}

static void measure_lag(struct media_thread *t, uint64_t due_us)
{
	uint64_t lag = t->now > due_us ? t->now - due_us : 0;

	if (lag > atomic_load_explicit(&t->counters.lag_us, memory_order_relaxed))
		atomic_store_explicit(&t->counters.lag_us, lag, memory_order_relaxed);
}

/* ---- the loop --------------------------------------------------------------------------- */

static void on_publish(void *arg)
{
	struct media_thread *t = arg;
	struct list_node *it, *next;

	LIST_FOR_EACH(it, next, &t->ports)
		port_publish(CONTAINER_OF(it, struct port, node));
	atomic_store_explicit(&t->counters.unsent, t->io->dropped, memory_order_relaxed);
}

/* Wait for mail or packets as long as no timer is due. */
static int idle_wait_ms(const struct media_thread *t)
{
	uint64_t due = timer_set_next(&t->timers), wait;

	if (due == UINT64_MAX)
		return -1;
	wait = due > t->now ? (due - t->now) / 1000 + 1 : 0;
	return wait < 1000000 ? (int)wait : 1000000;
}

static void flush(struct media_thread *t)
{
	for (unsigned i = 0; i < t->n_all; i++)
		crossing_flush(&t->crossings[i]);
	media_io_flush(t->io);
}

bool media_thread_is_active(const struct media_thread *t)
{
	return t->busy || is_ticking(t);
}

uint64_t media_thread_due(const struct media_thread *t)
{
	return (t->slot + 1) * MEDIA_SLOT_US;
}

void media_thread_turn(struct media_thread *t, uint64_t now)
{
	bool ticking = is_ticking(t);

	media_count(&t->counters.turns, 1);
	t->now = now;
	t->busy = false;
	if (ticking)
		measure_lag(t, media_thread_due(t));
	timer_set_run(&t->timers, t->now);
	read_mail(t);
	/* Packets before ticks, so that a frame that is there just in time is played. */
	media_io_poll(t->io);
	flush(t);
	run_ticks(t);
	flush(t);
	if ((t->busy || ticking) && !timer_running(&t->publish))
		timer_start_us(&t->publish, &t->timers, PUBLISH_US);
}

/* Ticks must not wait for the signalling loop; without the permission they take their chance. */
static void ask_for_real_time(const struct media_thread *t)
{
	struct sched_param param = {.sched_priority = REAL_TIME_PRIORITY};
	int err = pthread_setschedparam(pthread_self(), SCHED_RR, &param);

	if (err)
		log_debug("sylk.core",
			"media thread %u runs without real-time priority: %s (LimitRTPRIO=%d "
			"permits it)",
			t->index, strerror(err), REAL_TIME_PRIORITY);
}

int media_thread_prepare(struct media_thread *t, uint64_t now)
{
	int err = media_io_new(&t->io, t->box.wake_fd, !t->settings->no_io_uring, port_received, t);

	if (err)
		return err;
	t->io_name = t->io->ops->name;
	t->now = now;
	t->slot = now / MEDIA_SLOT_US;
	timer_set_init(&t->timers, now);
	timer_init(&t->publish, on_publish, t);
	return 0;
}

static void *run(void *arg)
{
	struct media_thread *t = arg;
	char name[16]; /* what top(1) shows; the kernel takes 15 letters */

	snprintf(name, sizeof name, "sylk-media-%u", t->index % 1000);
	pthread_setname_np(pthread_self(), name);
	t->wall_us = read_clock_us(CLOCK_REALTIME) - clock_us();
	t->start_error = media_thread_prepare(t, clock_us());
	sem_post(&t->started);
	if (t->start_error)
		return NULL;
	ask_for_real_time(t);
	while (!t->stop) {
		if (media_thread_is_active(t))
			sleep_until(media_thread_due(t));
		else
			media_io_wait(t->io, idle_wait_ms(t));
		media_thread_turn(t, clock_us());
	}
	return NULL;
}

int media_thread_init(struct media_thread *t, unsigned index, struct media_thread *const *all,
	unsigned n_all, const struct media_engine_settings *settings, struct mailbox *events)
{
	*t = (struct media_thread){.index = index,
		.settings = settings,
		.all = all,
		.n_all = n_all,
		.events = events,
		.held_tail = &t->held,
		.box.wake_fd = -1};
	t->stop_command = (struct media_command){.mail.kind = MAIL_COMMAND, .op = OP_STOP};
	for (unsigned i = 0; i < MEDIA_SLOTS; i++)
		list_init(&t->slots[i]);
	list_init(&t->ports);
	if (sem_init(&t->started, 0, 0) < 0)
		return -errno;
	t->scratch = mem_zalloc(sizeof *t->scratch);
	t->crossings = mem_zalloc(n_all * sizeof *t->crossings);
	if (!t->scratch || !t->crossings)
		return -ENOMEM;
	for (unsigned i = 0; i < n_all; i++)
		t->crossings[i].box = &all[i]->box;
	return mailbox_init(&t->box);
}

int media_thread_start(struct media_thread *t)
{
	sigset_t all, before;
	int err;

	/* Signals are the signalling loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = -pthread_create(&t->id, NULL, run, t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err)
		return err;
	t->running = true;
	while (sem_wait(&t->started) < 0)
		;
	return t->start_error;
}

void media_thread_join(struct media_thread *t)
{
	if (!t->running)
		return;
	if (!t->start_error)
		media_thread_post(t, &t->stop_command.mail);
	pthread_join(t->id, NULL);
	t->running = false;
}

void media_thread_free(struct media_thread *t)
{
	leg_drop_held(t);
	media_io_close(t->io);
	for (unsigned i = 0; t->crossings && i < t->n_all; i++)
		crossing_free(&t->crossings[i]);
	mem_free(t->crossings);
	if (t->scratch)
		mem_free(t->scratch->frames);
	mem_free(t->scratch);
	media_pool_free(&t->pool);
	mailbox_close(&t->box);
	sem_destroy(&t->started);
}
