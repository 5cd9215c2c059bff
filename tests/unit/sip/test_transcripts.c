/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs the transcripts of tests/transcripts, byte-exact dialogues as data; each file is a test named
 * after it. A line is
 *
 *   # comment
 *   use tcp           the peer speaks TCP; before everything else
 *   use timer N M     we ask for session timers of N seconds and take M at least; likewise
 *   from HOST:PORT    where the next "<" come from and ">" go to
 *   < line            of a message from the peer; consecutive ones are one message
 *   > line            of a message from us
 *   ! event           that the application hears
 *   app command       that it gives (script_app.h); "fails" behind it when it must
 *   + MS              the clock goes on
 *
 * What we send and what the application hears has to come in exactly this order. {name} in a line
 * of ours takes the token that stands there (letters and digits), and stands for it from then on;
 * {length} in a line of the peer is its body's length.
 *
 * "test_transcripts --record FILE" prints the file with what was really sent and heard instead of
 * its > and ! lines: read it against the RFC before it becomes a test.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/buf.h"
#include "core/hash.h"
#include "core/id.h"
#include "core/mem.h"
#include "script_app.h"
#include "sip/agent_private.h"
#include "wire.h"

enum { MAX_NAMES = 32, MAX_OUT = 256, MAX_TESTS = 200 };

struct name {
	char name[32], value[64];
};

/* What came out: a message of ours or an event. */
struct output {
	bool event;
	char *text;
};

struct player {
	struct wire wire;
	struct wire_endpoint *endpoint;
	struct script_app app;
	struct addr peer;
	enum sip_transport transport;
	struct name names[MAX_NAMES];
	size_t n_names;
	struct output out[MAX_OUT];
	size_t n_out, next_out;
	bool record;
	unsigned line;
	const char *path;
};

/* ---- output ------------------------------------------------------------------------------------ */

static void put_out(struct player *p, bool event, struct slice text)
{
	if (p->n_out == MAX_OUT)
		return;
	p->out[p->n_out++] = (struct output){event, slice_dup(text)};
}

static void tap(struct slice bytes, const struct addr *from, const struct addr *to,
	enum sip_transport transport, void *arg)
{
	struct player *p = arg;
	char host[ADDR_TEXT], expected[ADDR_TEXT];

	if (!addr_equal(to, &p->peer) && !p->record)
		fail_msg("%s:%u: a message went to %s, not to %s", p->path, p->line,
			addr_print(to, host), addr_print(&p->peer, expected));
	put_out(p, false, bytes);
}

static void on_event(const char *event, void *arg)
{
	put_out(arg, true, slice_str(event));
}

/* ---- names ------------------------------------------------------------------------------------- */

static const char *value_of(const struct player *p, const char *name)
{
	for (size_t i = 0; i < p->n_names; i++) {
		if (strcmp(p->names[i].name, name) == 0)
			return p->names[i].value;
	}
	return NULL;
}

static void set_name(struct player *p, const char *name, struct slice value)
{
	struct name *entry = &p->names[p->n_names];

	if (p->n_names == MAX_NAMES)
		fail_msg("%s:%u: too many names", p->path, p->line);
	snprintf(entry->name, sizeof entry->name, "%s", name);
	snprintf(entry->value, sizeof entry->value, "%.*s", SLICE_ARG(value));
	p->n_names++;
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
static void expand(const struct player *p, const char *text, struct buf *out)
{
	while (*text) {
		char name[32];
		const char *behind = read_name(text, name);
		const char *value = behind ? value_of(p, name) : NULL;

		if (value) {
			buf_str(out, value);
			text = behind;
		} else {
			buf_char(out, *text++);
		}
	}
}

/* Whether actual is what pattern says; unknown names take what stands there. */
static bool matches(struct player *p, const char *pattern, const char *actual)
{
	while (*pattern) {
		char name[32];
		const char *behind = read_name(pattern, name);
		const char *value = behind ? value_of(p, name) : NULL;
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
			set_name(p, name, slice_of(actual, n));
		}
		actual += n;
		pattern = behind;
	}
	return *actual == '\0';
}

/* ---- recording --------------------------------------------------------------------------------- */

/* Give random looking tokens of ours a name: tags of 12, branches of 16, Call-IDs of 24 letters, RSeq. */
static void name_tokens(struct player *p, const char *line)
{
	static const struct {
		const char *before, *name;
		size_t n;
	} kinds[] = {{";tag=", "tag", 12}, {"branch=z9hG4bK", "branch", 16},
		{"Call-ID: ", "call", 24}, {"RSeq: ", "rseq", 0}};

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		const char *at = strstr(line, kinds[i].before);
		char name[32], value[32];
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
		for (size_t j = 0; j < p->n_names; j++)
			known = known || strcmp(p->names[j].value, value) == 0;
		if (known)
			continue;
		snprintf(name, sizeof name, "%s%zu", kinds[i].name, p->n_names + 1);
		set_name(p, name, slice_str(value));
	}
}

static void print_line(struct player *p, const char *line)
{
	printf(*line ? "> " : ">");
	name_tokens(p, line);
	while (*line) {
		const struct name *found = NULL;

		for (size_t i = 0; i < p->n_names && !found; i++) {
			if (strncmp(line, p->names[i].value, strlen(p->names[i].value)) == 0)
				found = &p->names[i];
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

static void record_output(struct player *p)
{
	for (; p->next_out < p->n_out; p->next_out++) {
		struct output *out = &p->out[p->next_out];
		struct slice rest = slice_str(out->text), line;

		if (out->event) {
			printf("! %s\n", out->text);
			continue;
		}
		while (slice_cut(&rest, '\n', &line)) {
			char *text = slice_dup(slice_of(line.p, line.n ? line.n - 1 : 0));

			print_line(p, text);
			mem_free(text);
		}
		if (p->next_out + 1 < p->n_out && !out[1].event)
			printf("\n");
	}
}

/* ---- playing ----------------------------------------------------------------------------------- */

static void expect_nothing_more(struct player *p)
{
	wire_flush(&p->wire);
	if (p->record)
		record_output(p);
	else if (p->next_out < p->n_out)
		fail_msg("%s:%u: not expected here:\n%s", p->path, p->line,
			p->out[p->next_out].text);
}

static void expect(struct player *p, bool event, const char *pattern)
{
	struct output *out;

	if (p->record)
		return;
	wire_flush(&p->wire);
	if (p->next_out == p->n_out)
		fail_msg("%s:%u: nothing came, but this should have:\n%s", p->path, p->line,
			pattern);
	out = &p->out[p->next_out++];
	if (out->event != event || !matches(p, pattern, out->text))
		fail_msg("%s:%u: expected\n%s\ngot\n%s", p->path, p->line, pattern, out->text);
}

static void receive(struct player *p, struct buf *message)
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
	wire_deliver(p->endpoint, buf_view(&full), &p->peer, p->transport);
	buf_free(&full);
}

static void set_peer(struct player *p, const char *text)
{
	const char *colon = strrchr(text, ':');

	if (!colon || addr_parse(slice_of(text, (size_t)(colon - text)),
			      (uint16_t)strtoul(colon + 1, NULL, 10), &p->peer) < 0)
		fail_msg("%s:%u: not an address", p->path, p->line);
	p->app.peer = p->peer;
}

static void command(struct player *p, const char *line)
{
	if (strncmp(line, "+ ", 2) == 0) {
		expect_nothing_more(p);
		wire_run(&p->wire, strtoul(line + 2, NULL, 10));
	} else if (strcmp(line, "use tcp") == 0) {
		p->transport = p->app.transport = SIP_TCP;
	} else if (strncmp(line, "use timer ", 10) == 0) {
		char *min;

		p->app.agent->session_expires = (uint32_t)strtoul(line + 10, &min, 10);
		p->app.agent->session_min = (uint32_t)strtoul(min, NULL, 10);
	} else if (strncmp(line, "from ", 5) == 0) {
		expect_nothing_more(p);
		set_peer(p, line + 5);
	} else if (strncmp(line, "app ", 4) == 0) {
		char text[1024];
		char *fails = NULL;
		int err;

		expect_nothing_more(p);
		snprintf(text, sizeof text, "%s", line + 4);
		fails = strstr(text, " fails");
		if (fails)
			*fails = '\0';
		err = script_app_do(&p->app, text);
		if ((err < 0) != (fails != NULL))
			fail_msg("%s:%u: \"%s\" returned %d", p->path, p->line, text, err);
	} else if (strncmp(line, "! ", 2) == 0) {
		expect(p, true, line + 2);
	} else if (*line && *line != '#') {
		fail_msg("%s:%u: not understood: %s", p->path, p->line, line);
	}
}

/* A message's lines have ended: hand it in, or compare it. */
static void end_message(struct player *p, char direction, struct buf *message)
{
	buf_char(message, '\0');
	message->n--;
	if (direction == '<') {
		expect_nothing_more(p);
		receive(p, message);
	} else if (direction == '>') {
		expect(p, false, message->p);
	}
	buf_reset(message);
}

static void play(struct player *p, FILE *f)
{
	char line[1024], direction = 0;
	bool commented = false;
	struct buf message;

	buf_init(&message, 1 << 20);
	while (fgets(line, sizeof line, f)) {
		bool part =
			(line[0] == '<' || line[0] == '>') && (line[1] == ' ' || line[1] == '\n');

		line[strcspn(line, "\n")] = '\0';
		p->line++;
		if (direction && (!part || line[0] != direction)) {
			end_message(p, direction, &message);
			direction = 0;
		}
		if (p->record && line[0] != '>' && line[0] != '!' && *line) {
			if (line[0] != '<' || !direction)
				expect_nothing_more(p);
			if (p->line > 1 && !commented && (line[0] != '<' || !direction))
				printf("\n");
			commented = line[0] == '#' && p->line > 1;
			printf("%s\n", line);
		}
		if (!part) {
			command(p, line);
			continue;
		}
		direction = line[0];
		if (direction == '<')
			expand(p, line[1] ? line + 2 : "", &message);
		else
			buf_str(&message, line[1] ? line + 2 : "");
		buf_str(&message, "\r\n");
	}
	if (direction)
		end_message(p, direction, &message);
	expect_nothing_more(p);
	buf_free(&message);
}

static void player_open(struct player *p, const char *path)
{
	static const struct sip_agent_settings settings = {.product = "SylkServer-1.0"};
	struct sip_agent_core core;

	memset(p, 0, sizeof *p);
	p->path = path;
	hash_bytes(0, "", 0); /* draws its key, once, before the numbers of this run */
	random_seed_for_test(1);
	wire_init(&p->wire, 1);
	p->wire.tap = tap;
	p->wire.tap_arg = p;
	p->endpoint = wire_add(&p->wire, "192.0.2.10", 5060);
	p->peer = p->app.peer = wire_addr("192.0.2.1", 5060);
	p->app.event = on_event;
	p->app.arg = p;
	core = wire_core(p->endpoint);
	assert_int_equal(sip_agent_new_with(&p->endpoint->agent, &core, &settings,
				 &script_app_handlers, &p->app),
		0);
	p->app.agent = p->endpoint->agent;
}

static void player_close(struct player *p)
{
	sip_agent_close(p->endpoint->agent);
	script_app_release(&p->app);
	obj_unref(p->endpoint->agent);
	wire_close(&p->wire);
	random_seed_for_test(0);
	for (size_t i = 0; i < p->n_out; i++)
		mem_free(p->out[i].text);
}

static void run(void **state)
{
	size_t alive = obj_alive();
	struct player *p = test_malloc(sizeof *p);
	FILE *f = fopen(*state, "r");

	assert_non_null(f);
	player_open(p, *state);
	play(p, f);
	player_close(p);
	fclose(f);
	test_free(p);
	assert_int_equal(obj_alive(), alive);
}

static int record(const char *path)
{
	static struct player p;
	FILE *f = fopen(path, "r");

	if (!f)
		return 1;
	player_open(&p, path);
	p.record = true;
	play(&p, f);
	player_close(&p);
	fclose(f);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct CMUnitTest *)a)->name, ((const struct CMUnitTest *)b)->name);
}

int main(int argc, char **argv)
{
	static struct CMUnitTest tests[MAX_TESTS];
	static char names[MAX_TESTS][128], paths[MAX_TESTS][1024];
	const char *folder = argc > 1 ? argv[1] : TRANSCRIPTS;
	struct dirent *entry;
	size_t n = 0;
	DIR *dir;

	if (argc == 3 && strcmp(argv[1], "--record") == 0)
		return record(argv[2]);
	dir = opendir(folder);
	if (!dir)
		return 1;
	while ((entry = readdir(dir)) && n < MAX_TESTS) {
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
	if (n == 0)
		return 1;
	return _cmocka_run_group_tests("transcripts", tests, n, NULL, NULL);
}
