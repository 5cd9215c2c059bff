/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A player of transcripts. */
#include "transcript.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/buf.h"
#include "core/hash.h"
#include "core/id.h"
#include "core/mem.h"
#include "sip/agent_private.h"

/* ---- what is under test, with its budget of allocations ------------------------------------------ */

static void begin_budget(const struct transcript *t)
{
	mem_fail_after(t->budget);
}

/* What the player itself allocates never fails. */
static void end_budget(struct transcript *t)
{
	t->budget = mem_fail_left();
	mem_fail_after(-1);
}

static void let_time_pass(struct transcript *t, uint64_t ms)
{
	begin_budget(t);
	wire_run(&t->wire, ms);
	end_budget(t);
}

/* ---- output ------------------------------------------------------------------------------------ */

static void put_out(struct transcript *t, bool event, struct slice text)
{
	if (t->n_out == TRANSCRIPT_OUT)
		return;
	t->out[t->n_out++] = (struct transcript_output){event, strndup(text.p, text.n)};
}

static void tap(struct slice bytes, const struct addr *from, const struct addr *to,
	enum sip_transport transport, void *arg)
{
	struct transcript *t = arg;
	char host[ADDR_TEXT], expected[ADDR_TEXT];

	if (!addr_equal(to, &t->peer) && !t->record && !t->failing)
		fail_msg("%s:%u: a message went to %s, not to %s", t->path, t->line,
			addr_print(to, host), addr_print(&t->peer, expected));
	put_out(t, false, bytes);
}

static void on_event(const char *event, void *arg)
{
	put_out(arg, true, slice_str(event));
}

/* ---- names ------------------------------------------------------------------------------------- */

static const char *value_of(const struct transcript *t, const char *name)
{
	for (size_t i = 0; i < t->n_names; i++) {
		if (strcmp(t->names[i].name, name) == 0)
			return t->names[i].value;
	}
	return NULL;
}

static void set_name(struct transcript *t, const char *name, struct slice value)
{
	struct transcript_name *entry = &t->names[t->n_names];

	if (t->n_names == TRANSCRIPT_NAMES)
		fail_msg("%s:%u: too many names", t->path, t->line);
	snprintf(entry->name, sizeof entry->name, "%s", name);
	snprintf(entry->value, sizeof entry->value, "%.*s", SLICE_ARG(value));
	t->n_names++;
}

static bool is_token_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Reads "{name}" at text; returns what stands behind it, NULL when there is none. */
static const char *read_name(const char *text, char name[32])
{
	const char *end = *text == '{' ? strchr(text, '}') : NULL;

	if (!end || end - text > 31)
		return NULL;
	memcpy(name, text + 1, (size_t)(end - text - 1));
	name[end - text - 1] = '\0';
	return end + 1;
}

/* Append the line with the names' values in place. */
static void expand(const struct transcript *t, const char *text, struct buf *out)
{
	while (*text) {
		char name[32];
		const char *behind = read_name(text, name);
		const char *value = behind ? value_of(t, name) : NULL;

		if (value) {
			buf_str(out, value);
			text = behind;
		} else {
			buf_char(out, *text++);
		}
	}
}

/* Whether actual is what pattern says; unknown names take what stands there. */
static bool matches(struct transcript *t, const char *pattern, const char *actual)
{
	while (*pattern) {
		char name[32];
		const char *behind = read_name(pattern, name);
		const char *value = behind ? value_of(t, name) : NULL;
		size_t n = 0;

		if (!behind) {
			if (*pattern++ != *actual++)
				return false;
			continue;
		}
		if (value) {
			n = strlen(value);
			if (strncmp(actual, value, n) != 0)
				return false;
		} else {
			while (is_token_char(actual[n]))
				n++;
			set_name(t, name, slice_of(actual, n));
		}
		actual += n;
		pattern = behind;
	}
	return *actual == '\0';
}

/* ---- recording --------------------------------------------------------------------------------- */

/* Give random looking tokens of ours a name: tags of 12, branches of 16, Call-IDs of 24 letters ... */
static void name_tokens(struct transcript *t, const char *line)
{
	static const struct {
		const char *before, *name;
		size_t n;
	} kinds[] = {{";tag=", "tag", 12}, {"branch=z9hG4bK", "branch", 16},
		{"Call-ID: ", "call", 24}, {"RSeq: ", "rseq", 0}, {" response=\"", "digest", 0},
		{"cnonce=\"", "cnonce", 16}};

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		const char *at = strstr(line, kinds[i].before);
		char name[32], value[72];
		size_t n = 0;
		bool known = false;

		if (!at)
			continue;
		at += strlen(kinds[i].before);
		while (is_token_char(at[n]))
			n++;
		if (kinds[i].n && n != kinds[i].n)
			continue;
		snprintf(value, sizeof value, "%.*s", (int)n, at);
		for (size_t j = 0; j < t->n_names; j++)
			known = known || strcmp(t->names[j].value, value) == 0;
		if (known)
			continue;
		snprintf(name, sizeof name, "%s%zu", kinds[i].name, t->n_names + 1);
		set_name(t, name, slice_str(value));
	}
}

static void print_line(struct transcript *t, const char *line)
{
	printf(*line ? "> " : ">");
	name_tokens(t, line);
	while (*line) {
		const struct transcript_name *found = NULL;

		for (size_t i = 0; i < t->n_names && !found; i++) {
			if (strncmp(line, t->names[i].value, strlen(t->names[i].value)) == 0)
				found = &t->names[i];
		}
		if (found) {
			printf("{%s}", found->name);
			line += strlen(found->value);
		} else {
			putchar(*line++);
		}
	}
	putchar('\n');
}

static void record_output(struct transcript *t)
{
	for (; t->next_out < t->n_out; t->next_out++) {
		struct transcript_output *out = &t->out[t->next_out];
		struct slice rest = slice_str(out->text), line;

		if (out->event) {
			printf("! %s\n", out->text);
			continue;
		}
		while (slice_cut(&rest, '\n', &line)) {
			char *text = slice_dup(slice_of(line.p, line.n ? line.n - 1 : 0));

			print_line(t, text);
			mem_free(text);
		}
		if (t->next_out + 1 < t->n_out && !out[1].event)
			printf("\n");
	}
}

/* ---- playing ----------------------------------------------------------------------------------- */

static void expect_nothing_more(struct transcript *t)
{
	let_time_pass(t, 0);
	if (t->record)
		record_output(t);
	else if (t->next_out < t->n_out && !t->failing)
		fail_msg("%s:%u: not expected here:\n%s", t->path, t->line,
			t->out[t->next_out].text);
}

/* The same where an allocation fails: what was expected may come later, otherwise, or never. */
static void look_for(struct transcript *t, bool event, const char *pattern)
{
	for (size_t i = t->next_out; i < t->n_out; i++) {
		size_t n_names = t->n_names;

		if (t->out[i].event == event && matches(t, pattern, t->out[i].text)) {
			t->next_out = i + 1;
			return;
		}
		t->n_names = n_names;
	}
}

static void expect(struct transcript *t, bool event, const char *pattern)
{
	struct transcript_output *out;

	if (t->record)
		return;
	let_time_pass(t, 0);
	if (t->failing) {
		look_for(t, event, pattern);
		return;
	}
	if (t->next_out == t->n_out)
		fail_msg("%s:%u: nothing came, but this should have:\n%s", t->path, t->line,
			pattern);
	out = &t->out[t->next_out++];
	if (out->event != event || !matches(t, pattern, out->text))
		fail_msg("%s:%u: expected\n%s\ngot\n%s", t->path, t->line, pattern, out->text);
}

static void receive(struct transcript *t, struct buf *message)
{
	const char *end = strstr(message->p, "\r\n\r\n");
	struct buf full;
	char length[24];

	snprintf(length, sizeof length, "%zu", end ? strlen(end + 4) : 0);
	buf_init(&full, 1 << 20);
	for (size_t i = 0; i < message->n;) {
		if (strncmp(message->p + i, "{length}", 8) == 0) {
			buf_str(&full, length);
			i += 8;
		} else {
			buf_char(&full, message->p[i++]);
		}
	}
	begin_budget(t);
	wire_deliver(t->endpoint, buf_view(&full), &t->peer, t->transport);
	end_budget(t);
	buf_free(&full);
}

static void set_peer(struct transcript *t, const char *text)
{
	const char *colon = strrchr(text, ':');

	if (!colon || addr_parse(slice_of(text, (size_t)(colon - text)),
			      (uint16_t)strtoul(colon + 1, NULL, 10), &t->peer) < 0)
		fail_msg("%s:%u: not an address", t->path, t->line);
	t->app.peer = t->peer;
}

static void command(struct transcript *t, const char *line)
{
	if (strncmp(line, "+ ", 2) == 0) {
		expect_nothing_more(t);
		let_time_pass(t, strtoul(line + 2, NULL, 10));
	} else if (strcmp(line, "use tcp") == 0) {
		t->transport = t->app.transport = SIP_TCP;
	} else if (strncmp(line, "use timer ", 10) == 0) {
		char *min;

		t->app.agent->session_expires = (uint32_t)strtoul(line + 10, &min, 10);
		t->app.agent->session_min = (uint32_t)strtoul(min, NULL, 10);
	} else if (strncmp(line, "from ", 5) == 0) {
		expect_nothing_more(t);
		set_peer(t, line + 5);
	} else if (strncmp(line, "app ", 4) == 0) {
		char text[1024];
		char *fails = NULL;
		int err;

		expect_nothing_more(t);
		snprintf(text, sizeof text, "%s", line + 4);
		fails = strstr(text, " fails");
		if (fails)
			*fails = '\0';
		begin_budget(t);
		err = script_app_do(&t->app, text);
		end_budget(t);
		if (!t->failing && (err < 0) != (fails != NULL))
			fail_msg("%s:%u: \"%s\" returned %d", t->path, t->line, text, err);
	} else if (strncmp(line, "! ", 2) == 0) {
		expect(t, true, line + 2);
	} else if (*line && *line != '#') {
		fail_msg("%s:%u: not understood: %s", t->path, t->line, line);
	}
}

/* A message's lines have ended: hand it in, or compare it. */
static void end_message(struct transcript *t, char direction, struct buf *message)
{
	buf_char(message, '\0');
	message->n--;
	if (direction == '<') {
		expect_nothing_more(t);
		receive(t, message);
	} else if (direction == '>') {
		expect(t, false, message->p);
	}
	buf_reset(message);
}

void transcript_play(struct transcript *t)
{
	char line[1024], direction = 0;
	FILE *f = fopen(t->path, "r");
	bool commented = false;
	struct buf message;

	assert_non_null(f);
	buf_init(&message, 1 << 20);
	while (fgets(line, sizeof line, f)) {
		bool part =
			(line[0] == '<' || line[0] == '>') && (line[1] == ' ' || line[1] == '\n');

		line[strcspn(line, "\n")] = '\0';
		t->line++;
		if (direction && (!part || line[0] != direction)) {
			end_message(t, direction, &message);
			direction = 0;
		}
		if (t->record && line[0] != '>' && line[0] != '!' && *line) {
			if (line[0] != '<' || !direction)
				expect_nothing_more(t);
			if (t->line > 1 && !commented && (line[0] != '<' || !direction))
				printf("\n");
			commented = line[0] == '#' && t->line > 1;
			printf("%s\n", line);
		}
		if (!part) {
			command(t, line);
			continue;
		}
		direction = line[0];
		if (direction == '<')
			expand(t, line[1] ? line + 2 : "", &message);
		else
			buf_str(&message, line[1] ? line + 2 : "");
		buf_str(&message, "\r\n");
	}
	if (direction)
		end_message(t, direction, &message);
	expect_nothing_more(t);
	buf_free(&message);
	fclose(f);
}

int transcript_open(struct transcript *t, const char *path, long budget)
{
	static const struct sip_agent_settings settings = {.product = "SylkServer-1.0"};
	struct sip_agent_core core;
	int err;

	memset(t, 0, sizeof *t);
	t->path = path;
	t->budget = budget;
	t->failing = budget >= 0;
	hash_bytes(0, "", 0); /* draws its key, once, before the numbers of this run */
	random_seed_for_test(1);
	wire_init(&t->wire, 1);
	t->wire.tap = tap;
	t->wire.tap_arg = t;
	t->endpoint = wire_add(&t->wire, "192.0.2.10", 5060);
	t->peer = t->app.peer = wire_addr("192.0.2.1", 5060);
	t->app.event = on_event;
	t->app.arg = t;
	core = wire_core(t->endpoint);
	begin_budget(t);
	err = sip_agent_new_with(
		&t->endpoint->agent, &core, &settings, &script_app_handlers, &t->app);
	end_budget(t);
	t->app.agent = t->endpoint->agent;
	return err;
}

bool transcript_wind_up(struct transcript *t)
{
	enum { MINUTES_MS = 300000 };
	struct sip_agent *agent = t->app.agent;
	struct sip_agent_load load;

	t->budget = -1;
	sip_agent_shutdown(agent, MINUTES_MS, NULL, NULL);
	let_time_pass(t, MINUTES_MS);
	load = sip_agent_load(agent);
	return !t->app.invite && load.invites + load.dialogs + load.client_transactions +
						 load.server_transactions + agent->n_usages ==
					 0;
}

void transcript_close(struct transcript *t)
{
	sip_agent_close(t->app.agent);
	script_app_release(&t->app);
	obj_unref(t->app.agent);
	wire_close(&t->wire);
	random_seed_for_test(0);
	for (size_t i = 0; i < t->n_out; i++)
		free(t->out[i].text);
}

/* ---- which there are ----------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct CMUnitTest *)a)->name, ((const struct CMUnitTest *)b)->name);
}

size_t transcript_tests(const char *folder, void (*run)(void **state), struct CMUnitTest *tests)
{
	static char names[TRANSCRIPTS_MAX][128], paths[TRANSCRIPTS_MAX][1024];
	DIR *dir = opendir(folder);
	struct dirent *entry;
	size_t n = 0;

	if (!dir)
		return 0;
	while ((entry = readdir(dir)) && n < TRANSCRIPTS_MAX) {
		const char *dot = strrchr(entry->d_name, '.');

		if (!dot || strcmp(dot, ".txt") != 0)
			continue;
		snprintf(names[n], sizeof names[n], "%.100s", entry->d_name);
		snprintf(paths[n], sizeof paths[n], "%s/%.100s", folder, entry->d_name);
		tests[n] = (struct CMUnitTest){names[n], run, NULL, NULL, paths[n]};
		n++;
	}
	closedir(dir);
	qsort(tests, n, sizeof tests[0], by_name);
	return n;
}
