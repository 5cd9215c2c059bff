/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Port, watching over silence: a peer that sends nothing at first is told of with what came
 * instead, so that somebody can find out why; one that falls silent later, after the timeout. Both
 * cost a timer, and a packet only the time it came.
 */
#include "media/leg.h"
#include "media/media_thread.h"
#include "media/port.h"

#define SILENCE_US 5000000
/* RFC 3550 6.3.5: five reports missed. */
#define REPORTS_US 25000000

bool port_tell(struct port *port, struct leg_event *event, enum media_mail_kind kind)
{
	if (atomic_load_explicit(&event->busy, memory_order_acquire))
		return false;
	atomic_store_explicit(&event->busy, true, memory_order_relaxed);
	media_thread_report(port->thread, &event->mail, kind);
	return true;
}

/*
 * How long the peer may be silent; 0: for ever, as he has put us on hold or all is inactive. Of one
 * who only listens, reports are all that there is to be heard, and not everybody sends them.
 */
static uint64_t patience_us(const struct port *port)
{
	uint64_t us = (uint64_t)port->thread->settings->timeout_s * 1000000;

	if (!port->sending || (!port->receiving && !port->reports.heard))
		return 0;
	if (us && !port->receiving && us < REPORTS_US)
		return REPORTS_US;
	return us;
}

/* Runs at most once per period. */
static void on_timeout(void *arg)
{
	struct port *port = arg;
	uint64_t patience = patience_us(port), silence = port->thread->now - port->heard_us;

	if (silence < patience) {
		timer_start_us(&port->timeout, &port->thread->timers, patience - silence);
		return;
	}
	port_tell(port, &port->leg->timed_out, MAIL_TIMEOUT);
	timer_start_us(&port->timeout, &port->thread->timers, patience);
}

static void on_silence(void *arg)
{
	struct port *port = arg;

	if (port->rx_packets)
		return;
	port->leg->arrivals = port->arrivals;
	port->silence_told = true;
	port_tell(port, &port->leg->silent, MAIL_SILENT);
}

void port_watch_init(struct port *port)
{
	timer_init(&port->timeout, on_timeout, port);
	timer_init(&port->silence, on_silence, port);
}

void port_watch_stop(struct port *port)
{
	timer_stop(&port->timeout);
	timer_stop(&port->silence);
}

void port_watch(struct port *port)
{
	uint64_t patience = patience_us(port);

	if (!patience) {
		timer_stop(&port->timeout);
	} else if (!timer_running(&port->timeout)) {
		port->heard_us = port->thread->now;
		timer_start_us(&port->timeout, &port->thread->timers, patience);
	}
	if (!port->receiving)
		timer_stop(&port->silence);
	else if (!port->silence_told && !port->rx_packets && !timer_running(&port->silence))
		timer_start_us(&port->silence, &port->thread->timers, SILENCE_US);
}
