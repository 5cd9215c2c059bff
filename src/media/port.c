/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Port: its life, and the commands for its leg that concern it. */
#include "media/comfort_noise.h"
#include "media/port.h"

#include "core/log.h"
#include "core/mem.h"
#include "media/leg.h"
#include "media/media_thread.h"
#include "media/mixer.h"

void port_open(struct media_thread *t, struct port *port)
{
	port->rtp.owner = port->rtcp.owner = port;
	port->rtcp.rtcp = true;
	list_init(&port->node);
	list_append(&t->ports, &port->node);
	port_watch_init(port);
	port_dtmf_init(port);
	if (media_io_add(t->io, &port->rtp) < 0 || media_io_add(t->io, &port->rtcp) < 0)
		log_error("sylk.core", "a media port cannot receive: too many descriptors are open "
				       "(raise LimitNOFILE)");
}

static void gone_if_unused(struct port *port)
{
	if (!port->closing || port->legs_out)
		return;
	media_thread_report(port->thread, &port->gone, MAIL_PORT_GONE);
}

void port_close(struct port *port)
{
	struct media_thread *t = port->thread;

	media_io_remove(t->io, &port->rtp);
	media_io_remove(t->io, &port->rtcp);
	port_watch_stop(port);
	port_dtmf_stop(port);
	timer_stop(&port->reports.timer);
	list_remove(&port->node);
	port_srtp_close(&port->srtp);
	port->closing = true;
	gone_if_unused(port);
}

void port_leg_home(struct leg *leg)
{
	struct port *port = leg->port;

	port->legs_out--;
	leg_fence(port->thread, leg);
	gone_if_unused(port);
}

/* ---- commands --------------------------------------------------------------------------- */

static void take_payload(struct port *port, uint8_t payload_type, uint32_t clock_rate)
{
	port->payloads[payload_type / 64] |= 1ULL << (payload_type % 64);
	if (clock_rate)
		port->clocks[port->n_clocks++] = (struct port_clock){payload_type, clock_rate};
}

static void configure(
	struct port *port, const struct media_leg_config *config, const struct port_rekey *rekey)
{
	port->payloads[0] = port->payloads[1] = 0;
	port->n_clocks = 0;
	for (unsigned i = 0; i < config->n_receive; i++)
		take_payload(port, config->receive[i].payload_type,
			config->receive[i].codec->clock_rate);
	/* Packets of one event have one timestamp (RFC 4733 2.2.1): their clock tells nothing. */
	for (unsigned i = 0; i < config->n_events; i++)
		take_payload(port, config->events[i].payload_type, 0);
	/* Gateways send it unasked; refused, it would look like a loss. */
	take_payload(port, COMFORT_NOISE_PAYLOAD, 0);
	/* Before the change: the BYE of the old SSRC goes out under the old key. */
	if (port_srtp_wants_ssrc(&port->srtp, rekey, port->send.ssrc))
		port_reports_renumber(port);
	port_srtp_change(&port->srtp, rekey);
	port->sending = config->sending;
	port->receiving = config->receiving;
	port->muted = config->muted;
	if (port_peer_announce(&port->peer, &config->remote_rtp))
		port->echo.running = false;
	port_dtmf_configure(port, config);
	port_reports_configure(port, config);
	port_watch(port);
}

static void take_leg(struct port *port, struct leg *leg)
{
	port->leg = leg;
	port->route = port->thread;
	port->peer = (struct port_peer){0};
	port->arrivals = (struct media_arrivals){0};
	port->silence_told = false;
	port->rx_packets = port->tx_packets = 0;
	port_send_begin(port);
	port_reports_begin(port);
	leg_arrive(port->thread, leg);
}

/* Hand the command to the thread that the leg lives on, behind the packets it was sent before. */
static void hand_on(struct media_thread *t, struct port *port, struct media_command *command)
{
	if (port->route == t) {
		leg_command(t, command);
		return;
	}
	crossing_flush(&t->crossings[port->route->index]);
	media_thread_post(port->route, &command->mail);
}

static void forget_leg(struct port *port)
{
	port_reports_end(port);
	port_watch_stop(port);
	port_dtmf_stop(port);
	port->leg = NULL;
	port->old_route = NULL;
	port->legs_out++;
	port->receiving = port->sending = port->started_due = false;
	port->echo = (struct port_echo){0};
	port_srtp_close(&port->srtp);
}

/* Where the leg is to be found once it has carried out the command. */
static struct media_thread *route_after(struct port *port, const struct media_command *command)
{
	if (command->op != OP_LEG_JOIN)
		return port->route;
	return command->mixer ? command->mixer->thread : port->thread;
}

void port_command(struct media_thread *t, struct media_command *command)
{
	struct port *port = command->port;
	struct media_thread *route;

	switch (command->op) {
	case OP_LEG_OPEN:
		take_leg(port, command->leg);
		mem_free(command);
		return;
	case OP_LEG_CONFIGURE:
		configure(port, command->config, &command->rekey);
		break;
	case OP_LEG_ECHO:
		port->echo = (struct port_echo){.on = command->on};
		if (!command->on) {
			mem_free(command);
			return;
		}
		command->op = OP_LEG_JOIN; /* of no mixer: to the leg it means to leave its own */
		break;
	case OP_LEG_JOIN:
		port->echo.on = false;
		break;
	case OP_LEG_KEYS:
		if (!port_dtmf_send(port, &command->keys))
			break;
		mem_free(command);
		return;
	case OP_LEG_CLOSE:
		forget_leg(port);
		break;
	default:
		break;
	}
	route = route_after(port, command);
	if (route != port->route) {
		port->old_route = port->route;
		port->spare_until_us = t->now + MEDIA_TICK_US + MEDIA_SLOT_US;
		port->leg->had_spares = true;
	}
	hand_on(t, port, command); /* which may free it */
	port->route = route;
}
