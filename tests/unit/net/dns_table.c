/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A table of records in place of name servers. */
#include "dns_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"

enum { WORDS = 7 };

/* A question that waits for its answer. */
struct waiting {
	struct list_node node;
	struct dns_table *table;
	struct dns_question *question;
	char name[DNS_TABLE_NAME];
	enum dns_type type;
	struct timer timer;
};

static struct dns_answer *answer_of(struct dns_table *table, const char *name, enum dns_type type)
{
	struct dns_record *records = calloc(table->n + 1, sizeof *records);
	struct dns_answer *answer;
	uint32_t ttl = UINT32_MAX;
	bool known = false;
	size_t n = 0;
	int err = 0;

	if (!records)
		abort();
	for (size_t i = 0; i < table->n; i++) {
		const struct dns_table_record *r = table->records[i];

		if (strcasecmp(r->name, name) != 0)
			continue;
		known = true;
		if (r->type != type)
			continue;
		err = r->err;
		ttl = r->ttl < ttl ? r->ttl : ttl;
		records[n++] = r->record;
	}
	if (err == 0 && !known)
		err = -ENOENT;
	answer = err ? dns_answer_error(err) : dns_answer_new(type, records, n, ttl);
	free(records);
	return answer;
}

static void free_waiting(struct waiting *w)
{
	timer_stop(&w->timer);
	list_remove(&w->node);
	free(w);
}

static void on_due(void *arg)
{
	struct waiting *w = arg;
	struct dns_answer *answer = answer_of(w->table, w->name, w->type);

	dns_question_answered(w->question, answer);
	obj_unref(answer);
	free_waiting(w);
}

static int ask(void *source, struct dns_question *question, const char *name, enum dns_type type)
{
	struct dns_table *table = source;
	struct dns_answer *answer;
	struct waiting *w;

	if (table->refuse)
		return table->refuse;
	table->asked++;
	answer = answer_of(table, name, type);
	if (table->delay_ms == 0 && (!answer || answer->err != -ETIMEDOUT)) {
		dns_question_answered(question, answer);
		obj_unref(answer);
		return 0;
	}
	w = calloc(1, sizeof *w);
	if (!w)
		abort();
	w->table = table;
	w->question = question;
	w->type = type;
	snprintf(w->name, sizeof w->name, "%s", name);
	list_append(&table->waiting, &w->node);
	timer_init(&w->timer, on_due, w);
	timer_start_ms(&w->timer, table->timers,
		answer && answer->err == -ETIMEDOUT ? table->failure_ms : table->delay_ms);
	obj_unref(answer);
	return 0;
}

static void source_close(void *source)
{
	struct dns_table *table = source;

	while (!list_empty(&table->waiting))
		free_waiting(CONTAINER_OF(table->waiting.next, struct waiting, node));
}

static const struct dns_source_ops ops = {.ask = ask, .close = source_close};

void dns_table_open(
	struct dns_table *table, struct timer_set *timers, const struct dns_settings *settings)
{
	memset(table, 0, sizeof *table);
	list_init(&table->waiting);
	table->timers = timers;
	table->failure_ms = 5000;
	table->records = calloc(DNS_TABLE_RECORDS, sizeof *table->records);
	if (!table->records || dns_new(&table->dns, timers, &ops, table, settings) < 0)
		abort();
}

void dns_table_close(struct dns_table *table)
{
	dns_close(table->dns);
	obj_unref(table->dns);
	dns_table_clear(table);
	free(table->records);
	memset(table, 0, sizeof *table);
}

void dns_table_clear(struct dns_table *table)
{
	while (table->n > 0)
		free(table->records[--table->n]);
}

static uint16_t number(struct slice word)
{
	uint32_t value;

	if (slice_u32(word, UINT16_MAX, &value) < 0)
		abort();
	return (uint16_t)value;
}

/* "." is the root: empty. */
static struct slice target(struct slice word)
{
	return slice_eq(word, SLICE(".")) ? SLICE_NONE : word;
}

static void read_words(struct dns_table_record *r, const struct slice *word, size_t n)
{
	struct dns_record *record = &r->record;

	if (n == 2 && (slice_eq(word[1], SLICE("fails")) || slice_eq(word[1], SLICE("broken")))) {
		r->err = slice_eq(word[1], SLICE("fails")) ? -ETIMEDOUT : -EIO;
	} else if (r->type == DNS_SRV && n == 5) {
		record->priority = number(word[1]);
		record->weight = number(word[2]);
		record->port = number(word[3]);
		record->target = target(word[4]);
	} else if (r->type == DNS_NAPTR && n >= 6) {
		record->priority = number(word[1]);
		record->weight = number(word[2]);
		record->flags = word[3];
		record->service = word[4];
		record->target = target(word[5]);
		record->regexp = n > 6;
	} else if (r->type > DNS_AAAA || n != 2 || addr_parse(word[1], 0, &record->addr) < 0) {
		abort();
	}
}

void dns_table_add_ttl(struct dns_table *table, const char *name, const char *text, uint32_t ttl)
{
	struct dns_table_record *r = calloc(1, sizeof *r);
	struct slice rest, word[WORDS];
	size_t n = 0;
	enum dns_type type = DNS_A;

	if (!r || table->n == DNS_TABLE_RECORDS)
		abort();
	table->records[table->n++] = r;
	snprintf(r->name, sizeof r->name, "%s", name);
	snprintf(r->text, sizeof r->text, "%s", text);
	rest = slice_str(r->text);
	while (n < WORDS && slice_cut(&rest, ' ', &word[n]))
		n++;
	while (n > 0 && type < DNS_NAPTR && !slice_eq(word[0], slice_str(dns_type_name(type))))
		type++;
	r->type = type;
	r->ttl = ttl;
	read_words(r, word, n);
}

void dns_table_add(struct dns_table *table, const char *name, const char *text)
{
	dns_table_add_ttl(table, name, text, 3600);
}
