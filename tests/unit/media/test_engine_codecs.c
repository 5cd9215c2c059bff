/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Media engine: codecs that change while somebody speaks, in simulated time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>

#include "core/mem.h"
#include "media/rtp.h"
#include "phone.h"

#define LOUD 6000.0
#define WINDOW (PHONE_RATE / 100)

/* The longest time that a tone is less than half as loud as it should be, in ms. */
static unsigned longest_gap(const struct phone *p, double tone, size_t from)
{
	unsigned gap = 0, longest = 0;

	for (size_t at = from; at + WINDOW <= p->n_pcm; at += WINDOW / 2) {
		gap = phone_level(p, tone, at, WINDOW) < LOUD / 2 ? gap + 5 : 0;
		longest = gap > longest ? gap : longest;
	}
	return longest;
}

struct call {
	struct world w;
	struct media_mixer *mixer;
	struct phone *talker, *listener;
};

static void call_begin(struct call *c, const char *codec)
{
	struct media_engine_settings settings = world_settings(1);

	world_open_simulated(&c->w, &settings);
	assert_int_equal(media_mixer_new(c->w.engine, 0, &c->mixer), 0);
	c->talker = world_phone(&c->w, codec, 20, 500, LOUD);
	c->listener = world_phone(&c->w, "PCMU", 20, 0, 0);
	media_leg_join(c->talker->leg, c->mixer);
	media_leg_join(c->listener->leg, c->mixer);
}

static void call_end(struct call *c)
{
	media_mixer_close(c->mixer);
	world_close(&c->w);
}

/* The talker's leg is told of the new codec; the old one may still come. */
static void agree_on(struct call *c, const char *codec)
{
	struct media_leg_config config = phone_config(c->talker);
	struct media_payload before = c->talker->format;

	phone_change_codec(c->talker, codec);
	config = phone_config(c->talker);
	config.receive[config.n_receive++] = before;
	media_leg_configure(c->talker->leg, &config);
}

static void change_while_speaking(const char *from, const char *to, uint32_t jump)
{
	struct call c;
	unsigned gap;

	call_begin(&c, from);
	world_run(&c.w, 1000);
	phone_forget(c.listener);
	world_run(&c.w, 300);
	agree_on(&c, to);
	c.talker->timestamp += jump;
	world_run(&c.w, 700);
	gap = longest_gap(c.listener, 500, PHONE_RATE / 10);
	if (gap > 20)
		fail_msg("%s to %s: a gap of %u ms", from, to, gap);
	assert_true(c.listener->n_pcm > PHONE_RATE * 9 / 10);
	call_end(&c);
}

static void a_change_of_codec_while_speaking_makes_no_gap_over_20_ms(void **state)
{
	static const char *const codecs[] = {"PCMU", "opus", "speex", "GSM", "PCMA"};

	for (unsigned from = 0; from < 5; from++) {
		for (unsigned to = 0; to < 5; to++) {
			if (from != to)
				change_while_speaking(codecs[from], codecs[to], 0);
		}
	}
}

/* Some peers begin a new row of timestamps with a codec of another clock. */
static void timestamps_may_begin_anew_with_another_clock(void **state)
{
	change_while_speaking("PCMU", "opus", 123456789);
	change_while_speaking("opus", "PCMU", 3000000000U);
}

/* A receiver report (RFC 3550 6.4.2): so many 256ths of what we sent were lost. */
static void report_loss(struct phone *p, uint8_t fraction)
{
	uint32_t ssrc = p->packets[0].ssrc;
	uint8_t report[32] = {0x81, 201, 0, 7, 0, 0, 0x10, 1, (uint8_t)(ssrc >> 24),
		(uint8_t)(ssrc >> 16), (uint8_t)(ssrc >> 8), (uint8_t)ssrc, fraction, 0, 0, 1};

	phone_send_raw(p, report, sizeof report);
}

/* RFC 6716 table 2: configurations up to 15 have SILK, in which FEC is; above is CELT. */
static bool last_may_have_fec(const struct phone *p)
{
	return p->packets[p->n_packets - 1].payload[0] >> 3 < 16;
}

static void fec_is_sent_to_who_reports_losses_and_can_use_it(void **state)
{
	struct call c;

	for (unsigned can = 0; can < 2; can++) {
		struct phone *p;
		struct media_leg_config config;

		call_begin(&c, "PCMU");
		p = world_phone(&c.w, "opus", 20, 0, 0);
		config = phone_config_mux(p);
		config.send.settings.fec = can;
		media_leg_configure(p->leg, &config);
		media_leg_join(p->leg, c.mixer);
		world_run(&c.w, 1500);
		assert_false(last_may_have_fec(p));
		report_loss(p, 26);
		world_run(&c.w, 3000);
		assert_true(last_may_have_fec(p) == can);
		report_loss(p, 0);
		world_run(&c.w, 3000);
		assert_false(last_may_have_fec(p));
		call_end(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_of_codec_while_speaking_makes_no_gap_over_20_ms),
		cmocka_unit_test(fec_is_sent_to_who_reports_losses_and_can_use_it),
		cmocka_unit_test(timestamps_may_begin_anew_with_another_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
