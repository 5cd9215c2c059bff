/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Configuration: the reader. The rules are those of Python's ConfigParser, which upstream's files
 * are written for: a comment takes a whole line; a line indented deeper than its option continues
 * it; the first "=" or ":" ends the name. Where ConfigParser gives up, this reports and goes on.
 */
#include "core/config_raw.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/mem.h"

/* The state of reading one text. */
struct reader {
	struct config *config;
	const char *file;
	const struct config_source *source;
	config_error_fn *error;
	void *arg;
	struct config_raw_section *section; /* NULL before the first */
	struct config_raw_option *option;   /* the one that may be continued, or NULL */
	struct buf value;                   /* of option, so far */
	size_t indent;                      /* of the last line that was no continuation */
	bool skipping;                      /* that line was bad: so are its continuations */
	unsigned line;
	int err; /* -ENOMEM, kept */
};

static uint64_t section_hash(struct slice file, struct slice name)
{
	return hash_slice(hash_slice(0, file), name);
}

static uint64_t option_hash(const struct config_raw_section *section, struct slice name)
{
	return hash_slice(section->by_name.hash, name);
}

struct config_raw_section *config_find_section(
	const struct config *config, struct slice file, struct slice name)
{
	struct hash_node *at = hash_first(&config->sections, section_hash(file, name));

	for (; at; at = hash_next(at)) {
		struct config_raw_section *s = CONTAINER_OF(at, struct config_raw_section, by_name);

		if (slice_eq(slice_str(s->file), file) && slice_eq(slice_str(s->name), name))
			return s;
	}
	return NULL;
}

struct config_raw_option *config_find_option(
	const struct config *config, const struct config_raw_section *section, struct slice name)
{
	struct hash_node *at = hash_first(&config->options, option_hash(section, name));

	for (; at; at = hash_next(at)) {
		struct config_raw_option *o = CONTAINER_OF(at, struct config_raw_option, by_name);

		if (o->section == section && slice_eq(slice_str(o->name), name))
			return o;
	}
	return NULL;
}

struct config_raw_option *config_find_value(const struct config *config, struct slice file,
	const struct config_raw_section *section, struct slice name)
{
	struct config_raw_option *option = NULL;

	if (section)
		option = config_find_option(config, section, name);
	if (!option) {
		section = config_find_section(config, file, SLICE("DEFAULT"));
		option = section ? config_find_option(config, section, name) : NULL;
	}
	return option;
}

static void free_option(struct config_raw_option *option)
{
	mem_free(option->name);
	mem_free(option->value);
	mem_free(option);
}

static void free_section(struct config_raw_section *section)
{
	struct list_node *at, *next;

	LIST_FOR_EACH(at, next, &section->options)
		free_option(CONTAINER_OF(at, struct config_raw_option, node));
	mem_free(section->file);
	mem_free(section->name);
	mem_free(section);
}

int config_new(struct config **configp)
{
	struct config *config = mem_zalloc(sizeof *config);

	*configp = NULL;
	if (!config)
		return -ENOMEM;
	list_init(&config->order);
	list_init(&config->sources);
	list_init(&config->stamps);
	if (hash_init(&config->sections) < 0 || hash_init(&config->options) < 0) {
		config_free(config);
		return -ENOMEM;
	}
	*configp = config;
	return 0;
}

void config_free(struct config *config)
{
	struct list_node *at, *next;

	if (!config)
		return;
	LIST_FOR_EACH(at, next, &config->order)
		free_section(CONTAINER_OF(at, struct config_raw_section, node));
	LIST_FOR_EACH(at, next, &config->sources) {
		struct config_source *source = CONTAINER_OF(at, struct config_source, node);

		mem_free(source->path);
		mem_free(source);
	}
	LIST_FOR_EACH(at, next, &config->stamps) {
		struct config_stamp *stamp = CONTAINER_OF(at, struct config_stamp, node);

		mem_free(stamp->path);
		mem_free(stamp);
	}
	hash_free(&config->sections);
	hash_free(&config->options);
	mem_free(config);
}

static void report(const struct reader *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void report(const struct reader *r, const char *format, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	r->error(r->arg, r->source->path, r->line, text);
}

static struct config_raw_section *add_section(struct reader *r, struct slice name)
{
	struct config_raw_section *section = mem_zalloc(sizeof *section);

	if (!section)
		return NULL;
	list_init(&section->options);
	section->file = slice_dup(slice_str(r->file));
	section->name = slice_dup(name);
	if (!section->file || !section->name) {
		free_section(section);
		return NULL;
	}
	hash_insert(
		&r->config->sections, &section->by_name, section_hash(slice_str(r->file), name));
	list_append(&r->config->order, &section->node);
	return section;
}

static void read_section(struct reader *r, struct slice text)
{
	struct slice name;
	size_t end = text.n;

	/* As in ConfigParser, the last bracket ends the name and nothing behind it counts. */
	while (end > 0 && text.p[end - 1] != ']')
		end--;
	if (end < 3) {
		report(r, "a section is written [name]");
		r->section = NULL;
		r->skipping = true;
		return;
	}
	name = slice_of(text.p + 1, end - 2);
	r->section = config_find_section(r->config, slice_str(r->file), name);
	if (r->section && r->section->source == r->source)
		report(r, "section [%.*s] was begun in line %u already; both are put together",
			(int)(name.n < 64 ? name.n : 64), name.p, r->section->line);
	else if (!r->section)
		r->section = add_section(r, name);
	if (!r->section) {
		r->err = -ENOMEM;
		return;
	}
	r->section->source = r->source;
	r->section->line = r->line;
}

static struct config_raw_option *add_option(struct reader *r, struct slice name)
{
	struct config_raw_option *option = mem_zalloc(sizeof *option);

	if (!option)
		return NULL;
	option->name = slice_dup(name);
	if (!option->name) {
		mem_free(option);
		return NULL;
	}
	option->section = r->section;
	hash_insert(&r->config->options, &option->by_name, option_hash(r->section, name));
	list_append(&r->section->options, &option->node);
	return option;
}

/* name belongs to the caller and has "_" for "-" already. */
static void begin_option(struct reader *r, struct slice name, struct slice value)
{
	struct config_raw_option *option = config_find_option(r->config, r->section, name);

	if (option && option->source == r->source)
		report(r, "%.64s was set in line %u already; this line counts", option->name,
			option->line);
	else if (!option)
		option = add_option(r, name);
	if (!option) {
		r->err = -ENOMEM;
		return;
	}
	option->source = r->source;
	option->line = r->line;
	r->option = option;
	buf_reset(&r->value);
	buf_slice(&r->value, value);
}

static void read_option(struct reader *r, struct slice text)
{
	struct slice name, value;
	char *own;
	size_t n = 0;

	while (n < text.n && text.p[n] != '=' && text.p[n] != ':')
		n++;
	name = slice_trim(slice_of(text.p, n));
	if (n == text.n || name.n == 0) {
		report(r, "a line is written \"name = value\"");
		r->skipping = true;
		return;
	}
	if (!r->section) {
		report(r, "%.*s stands in no [section]", (int)(name.n < 64 ? name.n : 64), name.p);
		r->skipping = true;
		return;
	}
	value = slice_trim(slice_of(text.p + n + 1, text.n - n - 1));
	own = slice_dup(name);
	if (!own) {
		r->err = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < name.n; i++)
		own[i] = name.p[i] == '-' ? '_' : name.p[i];
	begin_option(r, slice_of(own, name.n), value);
	mem_free(own);
}

static void finish_option(struct reader *r)
{
	char *value;

	if (!r->option)
		return;
	value = r->value.err ? NULL : slice_dup(slice_trim(buf_view(&r->value)));
	if (!value)
		r->err = -ENOMEM;
	mem_free(r->option->value);
	r->option->value = value;
	r->option = NULL;
}

static void read_line(struct reader *r, struct slice line)
{
	struct slice text = slice_trim(line);
	size_t indent = text.n ? (size_t)(text.p - line.p) : 0;

	if (text.n && (text.p[0] == '#' || text.p[0] == ';'))
		return;
	if (text.n == 0) {
		/* An empty line within a value belongs to it; behind it, finish_option trims it. */
		if (r->option)
			buf_char(&r->value, '\n');
		return;
	}
	if (indent > r->indent && r->skipping)
		return;
	if (indent > r->indent && r->option) {
		buf_char(&r->value, '\n');
		buf_slice(&r->value, text);
		return;
	}
	finish_option(r);
	r->indent = indent;
	r->skipping = false;
	if (slice_find(text, '\0') >= 0) {
		report(r, "this is no text: the line has a NUL byte");
		r->skipping = true;
	} else if (text.p[0] == '[') {
		read_section(r, text);
	} else {
		read_option(r, text);
	}
}

static const struct config_source *add_source(struct config *config, const char *path)
{
	struct config_source *source = mem_zalloc(sizeof *source);

	if (!source)
		return NULL;
	source->path = slice_dup(slice_str(path));
	if (!source->path) {
		mem_free(source);
		return NULL;
	}
	list_append(&config->sources, &source->node);
	return source;
}

int config_read_text(struct config *config, const char *file, const char *path, struct slice text,
	config_error_fn *error, void *arg)
{
	struct reader r = {.config = config, .file = file, .error = error, .arg = arg};
	struct slice line;

	r.source = add_source(config, path);
	if (!r.source)
		return -ENOMEM;
	if (text.n > CONFIG_MAX_FILE) {
		report(&r, "larger than 1 MB: not read");
		return 0;
	}
	buf_init(&r.value, CONFIG_MAX_FILE);
	if (slice_starts(text, SLICE("\xef\xbb\xbf")))
		text = slice_of(text.p + 3, text.n - 3);
	while (!r.err && slice_cut(&text, '\n', &line)) {
		r.line++;
		read_line(&r, line);
	}
	finish_option(&r);
	buf_free(&r.value);
	return r.err;
}
