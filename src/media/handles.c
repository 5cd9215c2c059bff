/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The engine's handles: ports, legs and mixers as the signalling loop sees them. Each call makes
 * a command and posts it.
 */
#include <errno.h>
#include <unistd.h>

#include "core/mem.h"
#include "media/engine_private.h"
#include "media/telephone_event.h"

/* A command, with room for a configuration behind it if config is not NULL. */
static struct media_command *new_command(
	enum media_op op, struct media_port *port, const struct media_leg_config *config)
{
	struct media_command *command = mem_zalloc(sizeof *command + (config ? sizeof *config : 0));

	if (!command)
		return NULL;
	command->mail.kind = MAIL_COMMAND;
	command->op = op;
	command->port = &port->port;
	command->leg = port->leg ? &port->leg->leg : NULL;
	if (config) {
		command->config = (struct media_leg_config *)(void *)(command + 1);
		*command->config = *config;
	}
	return command;
}

static void post(struct media_thread *to, struct media_command *command)
{
	media_thread_post(to, &command->mail);
}

/* ---- port ------------------------------------------------------------------------------- */

static struct media_thread *thread_with_fewest_ports(struct media_engine *engine)
{
	unsigned best = 0;

	for (unsigned i = 1; i < engine->n_threads; i++) {
		if (engine->loads[i].ports < engine->loads[best].ports)
			best = i;
	}
	return &engine->threads[best];
}

int media_port_open(
	struct media_engine *engine, const struct addr *local, struct media_port **portp)
{
	struct media_port *port = NULL;
	struct media_command *command = NULL;
	int fds[2], err;

	if (engine->closed)
		return -ESHUTDOWN;
	port = mem_zalloc(sizeof *port);
	command = port ? new_command(OP_PORT_OPEN, port, NULL) : NULL;
	err = command ? port_bind(&engine->ports, local, fds, &port->local) : -ENOMEM;
	if (err)
		goto out;
	port->engine = engine;
	port->port.rtp.fd = fds[0];
	port->port.rtcp.fd = fds[1];
	port->port.thread = thread_with_fewest_ports(engine);
	port->port.close = (struct media_command){
		.mail.kind = MAIL_COMMAND, .op = OP_PORT_CLOSE, .port = &port->port};
	engine->loads[port->port.thread->index].ports++;
	engine->alive++;
	list_append(&engine->open_ports, &port->node);
	*portp = port;
	post(port->port.thread, command);
out:
	if (err) {
		mem_free(command);
		mem_free(port);
	}
	return err;
}

const struct addr *media_port_local(const struct media_port *port)
{
	return &port->local;
}

void media_port_close(struct media_port *port)
{
	if (!port)
		return;
	if (port->leg)
		media_leg_close(port->leg);
	list_remove(&port->node);
	post(port->port.thread, &port->port.close);
}

void media_port_gone(struct port *core)
{
	struct media_port *port = CONTAINER_OF(core, struct media_port, port);

	port_release(&port->engine->ports, addr_port(&port->local));
	port->engine->loads[core->thread->index].ports--;
	mem_free(port);
}

/* ---- leg -------------------------------------------------------------------------------- */

int media_leg_new(struct media_port *port, const struct media_leg_handlers *handlers, void *arg,
	struct media_leg **legp)
{
	struct media_leg *leg;
	struct media_command *command;

	if (port->leg)
		return -EBUSY;
	leg = mem_zalloc(sizeof *leg);
	command = leg ? new_command(OP_LEG_OPEN, port, NULL) : NULL;
	if (!command) {
		mem_free(leg);
		return -ENOMEM;
	}
	leg_init(&leg->leg, port->port.thread, &port->port);
	leg->engine = port->engine;
	leg->port = port;
	leg->handlers = handlers;
	leg->arg = arg;
	leg->leg.close = (struct media_command){.mail.kind = MAIL_COMMAND,
		.op = OP_LEG_CLOSE,
		.port = &port->port,
		.leg = &leg->leg};
	port->leg = leg;
	port->engine->alive++;
	command->leg = &leg->leg;
	*legp = leg;
	post(port->port.thread, command);
	return 0;
}

static bool is_usable(const struct media_payload *payload)
{
	unsigned rate = payload->settings.sample_rate;

	return payload->codec && payload->payload_type < 128 &&
	       (rate == 8000 || rate == 16000 || rate == 32000 || rate == 48000);
}

static bool are_usable_events(const struct media_leg_config *config)
{
	if (config->n_events > MEDIA_MAX_EVENTS || config->send_events.payload_type >= 128)
		return false;
	for (unsigned i = 0; i < config->n_events; i++) {
		if (config->events[i].payload_type >= 128 || !config->events[i].clock_rate)
			return false;
	}
	return true;
}

/* A context for a key that is not the one in use, or NULL for plain RTP. Returns 0 or an error. */
static int make_context(const struct srtp_key *key, const struct srtp_key *used, bool sending,
	bool *changes, struct srtp **srtp)
{
	*srtp = NULL;
	*changes = !srtp_key_equal(key, used);
	return *changes && key->suite != SRTP_NONE ? srtp_new(srtp, key, sending) : 0;
}

static int make_rekey(
	const struct media_leg *leg, const struct media_srtp *srtp, struct port_rekey *rekey)
{
	int err = make_context(
		&srtp->send, &leg->srtp.send, true, &rekey->send_changes, &rekey->send);

	if (err)
		return err;
	err = make_context(&srtp->receive, &leg->srtp.receive, false, &rekey->receive_changes,
		&rekey->receive);
	if (err)
		srtp_free(rekey->send);
	return err;
}

int media_leg_configure(struct media_leg *leg, const struct media_leg_config *config)
{
	static const struct media_srtp plain;
	const struct media_srtp *srtp = config->srtp ? config->srtp : &plain;
	struct media_command *command;
	int err;

	if (config->n_receive > MEDIA_MAX_PAYLOADS || !are_usable_events(config))
		return -EINVAL;
	for (unsigned i = 0; i < config->n_receive; i++) {
		if (!is_usable(&config->receive[i]))
			return -EINVAL;
	}
	if (config->send.codec && !is_usable(&config->send))
		return -EINVAL;
	command = new_command(OP_LEG_CONFIGURE, leg->port, config);
	if (!command)
		return -ENOMEM;
	err = make_rekey(leg, srtp, &command->rekey);
	if (err) {
		mem_free(command);
		return err;
	}
	command->config->srtp = NULL;
	leg->srtp = *srtp;
	post(leg->leg.home, command);
	return 0;
}

int media_leg_join(struct media_leg *leg, struct media_mixer *mixer)
{
	struct media_command *command = new_command(OP_LEG_JOIN, leg->port, NULL);

	if (!command)
		return -ENOMEM;
	if (mixer) {
		mixer_ref(mixer->mixer);
		command->mixer = mixer->mixer;
	}
	post(leg->leg.home, command);
	return 0;
}

int media_leg_echo(struct media_leg *leg, bool on)
{
	struct media_command *command = new_command(OP_LEG_ECHO, leg->port, NULL);

	if (!command)
		return -ENOMEM;
	command->on = on;
	post(leg->leg.home, command);
	return 0;
}

/* Make room for n keys among those that wait. Returns 0 or -ENOSPC. */
static int reserve_keys(struct leg *leg, unsigned n)
{
	unsigned waiting = atomic_fetch_add_explicit(&leg->keys_waiting, n, memory_order_relaxed);

	if (waiting + n <= MEDIA_KEYS_MAX)
		return 0;
	atomic_fetch_sub_explicit(&leg->keys_waiting, n, memory_order_relaxed);
	return -ENOSPC;
}

int media_leg_send_keys(struct media_leg *leg, const char *keys, unsigned duration_ms)
{
	struct media_keys list = {.duration_ms = (uint16_t)duration_ms};
	struct media_command *command;

	if (duration_ms < MEDIA_KEY_MIN_MS || duration_ms > MEDIA_KEY_MAX_MS)
		return -EINVAL;
	for (; *keys; keys++) {
		int event = telephone_event_of_key(*keys);

		if (event < 0)
			return -EINVAL;
		if (list.n == MEDIA_KEYS_MAX)
			return -ENOSPC;
		list.events[list.n++] = (uint8_t)event;
	}
	if (list.n == 0)
		return 0;
	command = new_command(OP_LEG_KEYS, leg->port, NULL);
	if (!command)
		return -ENOMEM;
	if (reserve_keys(&leg->leg, list.n) < 0) {
		mem_free(command);
		return -ENOSPC;
	}
	command->keys = list;
	post(leg->leg.home, command);
	return 0;
}

int media_leg_send_player(struct media_leg *leg, struct media_player *player)
{
	struct media_command *command = new_command(OP_LEG_PLAY, leg->port, NULL);

	if (!command)
		return -ENOMEM;
	command->player = player;
	post(leg->leg.home, command);
	return 0;
}

void media_leg_close(struct media_leg *leg)
{
	if (!leg)
		return;
	media_player_leg_closed(leg->player);
	leg->player = NULL;
	leg->handlers = NULL;
	leg->port->leg = NULL;
	leg->port = NULL;
	post(leg->leg.home, &leg->leg.close);
}

void media_leg_gone(struct leg *core)
{
	struct media_leg *leg = CONTAINER_OF(core, struct media_leg, leg);

	srtp_key_wipe(&leg->srtp.send);
	srtp_key_wipe(&leg->srtp.receive);
	mem_free(leg);
}

void media_leg_stats(const struct media_leg *leg, struct media_leg_stats *stats)
{
	const struct leg_figures *f = &leg->leg.figures;

	stats->rx_packets = atomic_load_explicit(&f->rx_packets, memory_order_relaxed);
	stats->tx_packets = atomic_load_explicit(&f->tx_packets, memory_order_relaxed);
	stats->remote_lost = atomic_load_explicit(&f->remote_lost, memory_order_relaxed);
	stats->remote_jitter_us = atomic_load_explicit(&f->remote_jitter_us, memory_order_relaxed);
	stats->remote_loss = atomic_load_explicit(&f->remote_loss, memory_order_relaxed);
	stats->rtt_us = atomic_load_explicit(&f->rtt_us, memory_order_relaxed);
	stats->rx_lost = atomic_load_explicit(&f->rx_lost, memory_order_relaxed);
	stats->rx_jitter_us = atomic_load_explicit(&f->rx_jitter_us, memory_order_relaxed);
	stats->thread = atomic_load_explicit(&f->thread, memory_order_relaxed);
}

/* ---- mixer ------------------------------------------------------------------------------ */

static unsigned thread_with_fewest_mixers(const struct media_engine *engine)
{
	unsigned best = 0;

	for (unsigned i = 1; i < engine->n_threads; i++) {
		if (engine->loads[i].mixers < engine->loads[best].mixers)
			best = i;
	}
	return best;
}

int media_mixer_new(struct media_engine *engine, int thread, struct media_mixer **mixerp)
{
	struct media_mixer *mixer;
	struct thread_load *load;
	unsigned index;

	if (engine->closed)
		return -ESHUTDOWN;
	if (thread >= 0 && (unsigned)thread >= engine->n_threads)
		return -EINVAL;
	index = thread < 0 ? thread_with_fewest_mixers(engine) : (unsigned)thread;
	load = &engine->loads[index];
	mixer = mem_zalloc(sizeof *mixer);
	if (!mixer)
		return -ENOMEM;
	mixer->mixer = mixer_alloc(&engine->threads[index], load->mixers_made % MEDIA_SLOTS);
	if (!mixer->mixer) {
		mem_free(mixer);
		return -ENOMEM;
	}
	mixer->engine = engine;
	mixer->mixer->close = (struct media_command){
		.mail.kind = MAIL_COMMAND, .op = OP_MIXER_CLOSE, .mixer = mixer->mixer};
	load->mixers++;
	load->mixers_made++;
	engine->alive++;
	list_append(&engine->open_mixers, &mixer->node);
	*mixerp = mixer;
	return 0;
}

int media_mixer_send_recorder(struct media_mixer *mixer, struct media_recorder *recorder)
{
	struct media_command *command = mem_zalloc(sizeof *command);

	if (!command)
		return -ENOMEM;
	*command = (struct media_command){.mail.kind = MAIL_COMMAND,
		.op = OP_MIXER_RECORD,
		.mixer = mixer->mixer,
		.recorder = recorder};
	post(mixer->mixer->thread, command);
	return 0;
}

void media_mixer_close(struct media_mixer *mixer)
{
	if (!mixer)
		return;
	media_recorder_mixer_closed(mixer->recorder);
	list_remove(&mixer->node);
	post(mixer->mixer->thread, &mixer->mixer->close);
	mem_free(mixer);
}

void media_mixer_gone(struct media_engine *engine, struct mixer *mixer)
{
	engine->loads[mixer->thread->index].mixers--;
	mem_free(mixer);
}
