/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A hostile zone. The first line of the input is a URI; the others are records, "name record" as
 * dns_table.h has them, for a name of the zone. What is found must keep its bounds and its order.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/id.h"
#include "core/mem.h"
#include "dns_table.h"
#include "sip/agent_core.h"
#include "sip/locate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_LINES = 200 };

static int io_flow(void *io, enum sip_transport transport, const struct addr *remote,
	const char *server_name, struct sip_flow **flow)
{
	return -ENETUNREACH;
}

static bool io_reaches(void *io, enum sip_transport transport, int family)
{
	return true;
}

static const struct sip_agent_io io = {.flow = io_flow, .reaches = io_reaches};

static void on_located(int err, const struct sip_target *targets, size_t n, void *arg)
{
	unsigned *calls = arg;

	if (++*calls > 1 || n > SIP_LOCATE_MAX_TARGETS || (err == 0) != (n > 0))
		abort();
	for (size_t i = 0; i < n; i++) {
		if (addr_port(&targets[i].addr) == 0 || memchr(targets[i].name, 0, 256) == NULL)
			abort();
	}
}

/* Records whose text dns_table would not take are made right: it is for tests that are right. */
static void add_record(struct dns_table *table, struct slice line)
{
	struct slice name, word[5];
	char owner[DNS_TABLE_NAME], text[DNS_TABLE_NAME];
	uint32_t number[3] = {0};
	size_t n = 0;

	if (slice_find(line, '\0') >= 0 || line.n >= DNS_TABLE_NAME ||
		!slice_cut(&line, ' ', &name) || name.n == 0)
		return;
	while (n < 5 && slice_cut(&line, ' ', &word[n]))
		n++;
	if (n < 5)
		return;
	for (size_t i = 0; i < 3; i++)
		slice_u32(word[i + 1], UINT16_MAX, &number[i]);
	snprintf(owner, sizeof owner, "%.*s", SLICE_ARG(name));
	if (slice_eq(word[0], SLICE("SRV")) && word[4].n)
		snprintf(text, sizeof text, "SRV %u %u %u %.*s", number[0], number[1], number[2],
			SLICE_ARG(word[4]));
	else if (slice_eq(word[0], SLICE("NAPTR")) && word[3].n && word[4].n)
		snprintf(text, sizeof text, "NAPTR %u %u s %.*s %.*s", number[0], number[1],
			SLICE_ARG(word[3]), SLICE_ARG(word[4]));
	else
		snprintf(text, sizeof text, "A 192.0.%u.%u", number[0] % 256, number[1] % 256);
	dns_table_add(table, owner, text);
}

static void run(struct timer_set *timers, uint64_t ms)
{
	uint64_t end = timers->now + ms * 1000;

	while (timer_set_next(timers) <= end)
		timer_set_run(timers, timer_set_next(timers));
	timer_set_run(timers, end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct sip_agent_settings settings = {.product = "Test"};
	static const struct sip_agent_handlers handlers;
	struct slice rest = slice_of((const char *)data, size), first, line;
	size_t alive = obj_alive();
	struct sip_agent_core core = {.io = &io};
	struct sip_locate *locate;
	struct timer_set timers;
	struct sip_agent *agent;
	struct dns_table table;
	unsigned calls = 0, lines = 0;
	struct uri uri;

	random_seed_for_test(1);
	timer_set_init(&timers, 1000000);
	dns_table_open(&table, &timers, NULL);
	core.timers = &timers;
	core.dns = table.dns;
	if (!slice_cut(&rest, '\n', &first) || uri_parse(first, &uri) < 0)
		goto out;
	while (lines++ < MAX_LINES && slice_cut(&rest, '\n', &line))
		add_record(&table, line);
	if (sip_agent_new_with(&agent, &core, &settings, &handlers, NULL) < 0)
		abort();
	if (sip_locate_start(&locate, agent, &uri, false, on_located, &calls) < 0)
		abort();
	run(&timers, 10000);
	if (calls != 1)
		abort();
	sip_agent_close(agent);
	obj_unref(agent);
out:
	dns_table_close(&table);
	if (obj_alive() != alive)
		abort();
	return 0;
}
