/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Configuration: from raw values to typed fields. */
#include "core/config_raw.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "core/mem.h"

enum {
	MAX_DEPTH = 10,        /* of references within references, as in ConfigParser */
	MAX_REFERENCES = 1000, /* followed for one value, so that none takes forever */
	REASON_SIZE = 256,
};

/* The interpolation of one value. */
struct expansion {
	const struct config *config;
	struct slice file;
	const struct config_raw_section *section;
	struct buf out;
	unsigned references;
	char *reason; /* REASON_SIZE bytes: why it is -EINVAL */
};

/* Cut "%(name)s" off *text; false when it is none. The name has "_" for "-". */
static bool cut_reference(struct slice *text, char name[64], size_t *n)
{
	ptrdiff_t end = slice_find(*text, ')');

	if (text->n < 2 || text->p[1] != '(' || end < 0 || (size_t)end + 1 >= text->n ||
		text->p[end + 1] != 's' || end - 2 > 63)
		return false;
	*n = (size_t)end - 2;
	for (size_t i = 0; i < *n; i++)
		name[i] = text->p[i + 2] == '-' ? '_' : text->p[i + 2];
	*text = slice_of(text->p + end + 2, text->n - (size_t)end - 2);
	return true;
}

/* Append text with its references replaced. 0, -EINVAL with a reason, -ENOMEM. */
static int expand(struct expansion *x, struct slice text, unsigned depth)
{
	const struct config_raw_option *option;
	char name[64];
	size_t n;
	int err = 0;

	if (depth > MAX_DEPTH || x->references > MAX_REFERENCES) {
		snprintf(x->reason, REASON_SIZE,
			"refers to itself, or to too many others, with %%(...)s");
		return -EINVAL;
	}
	while (!err && text.n) {
		ptrdiff_t percent = slice_find(text, '%');

		if (percent < 0) {
			buf_slice(&x->out, text);
			break;
		}
		buf_append(&x->out, text.p, (size_t)percent);
		text = slice_of(text.p + percent, text.n - (size_t)percent);
		if (text.n >= 2 && text.p[1] == '%') {
			buf_char(&x->out, '%');
			text = slice_of(text.p + 2, text.n - 2);
		} else if (cut_reference(&text, name, &n)) {
			option = config_find_value(
				x->config, x->file, x->section, slice_of(name, n));
			x->references++;
			if (!option) {
				snprintf(x->reason, REASON_SIZE, "refers to %.*s, which is not set",
					(int)n, name);
				return -EINVAL;
			}
			err = expand(x, slice_str(option->value), depth + 1);
		} else {
			snprintf(x->reason, REASON_SIZE,
				"has a single %%: write %%%% for it, or %%(name)s for another "
				"option");
			return -EINVAL;
		}
	}
	return err;
}

static int store_string(struct slice value, char **field)
{
	*field = slice_dup(value);
	return *field ? 0 : -ENOMEM;
}

static int store_bool(struct slice value, bool *field, char *reason)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {{"1", true}, {"yes", true}, {"true", true}, {"on", true}, {"0", false},
		{"no", false}, {"false", false}, {"off", false}};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (slice_eq_nocase(value, slice_str(words[i].word))) {
			*field = words[i].value;
			return 0;
		}
	}
	snprintf(reason, REASON_SIZE, "is neither yes nor no");
	return -EINVAL;
}

static int store_int(
	struct slice value, const struct config_option *option, int *field, char *reason)
{
	bool any = option->min == 0 && option->max == 0;
	long min = any ? INT_MIN : option->min, max = any ? INT_MAX : option->max;
	bool negative = value.n && value.p[0] == '-';
	uint32_t magnitude = 0;
	long number;
	int err;

	if (value.n && (value.p[0] == '-' || value.p[0] == '+'))
		value = slice_of(value.p + 1, value.n - 1);
	err = slice_u32(value, (uint32_t)INT_MAX + 1, &magnitude);
	number = negative ? -(long)magnitude : (long)magnitude;
	if (err == 0 && number >= min && number <= max) {
		*field = (int)number;
		return 0;
	}
	if (err == -EINVAL)
		snprintf(reason, REASON_SIZE, "is no number");
	else
		snprintf(reason, REASON_SIZE, "is not from %ld to %ld", min, max);
	return -EINVAL;
}

static void free_list(struct config_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		mem_free(list->items[i]);
	mem_free(list->items);
	*list = (struct config_list){0};
}

static int store_list(struct slice value, struct config_list *field)
{
	struct config_list list = {0};
	struct slice item;
	size_t n = 1;

	if (slice_eq_nocase(value, SLICE("none")))
		value.n = 0;
	for (size_t i = 0; i < value.n; i++)
		n += value.p[i] == ',';
	list.items = mem_zalloc(n * sizeof *list.items);
	if (!list.items)
		return -ENOMEM;
	while (slice_cut(&value, ',', &item)) {
		item = slice_trim(item);
		if (item.n == 0)
			continue;
		list.items[list.n] = slice_dup(item);
		if (!list.items[list.n]) {
			free_list(&list);
			return -ENOMEM;
		}
		list.n++;
	}
	*field = list;
	return 0;
}

/* The index of a value among an option's choices, or -1 and, in reason, what they are. */
static int find_choice(struct slice value, const struct config_option *option, char *reason)
{
	int n;

	for (int i = 0; option->choices[i]; i++) {
		if (slice_eq_nocase(value, slice_str(option->choices[i])))
			return i;
	}
	n = snprintf(reason, REASON_SIZE, "is none of");
	for (int i = 0; option->choices[i] && n > 0 && n < REASON_SIZE; i++)
		n += snprintf(reason + n, (size_t)(REASON_SIZE - n), "%s %s", i ? "," : "",
			option->choices[i]);
	return -1;
}

static int store_enum(
	struct slice value, const struct config_option *option, int *field, char *reason)
{
	int choice = find_choice(value, option, reason);

	if (choice < 0)
		return -EINVAL;
	*field = choice;
	return 0;
}

/* Check and store. 0, -EINVAL with a reason and nothing stored, -ENOMEM. */
static int store(struct slice value, const struct config_option *option, void *values, char *reason)
{
	void *field = (char *)values + option->offset;
	int err;

	if (option->type == CONFIG_CUSTOM)
		return option->parse(value, field, reason, REASON_SIZE);
	if (option->parse) {
		err = option->parse(value, NULL, reason, REASON_SIZE);
		if (err)
			return err;
	}
	switch (option->type) {
	case CONFIG_STRING:
		return store_string(value, field);
	case CONFIG_BOOL:
		return store_bool(value, field, reason);
	case CONFIG_INT:
		return store_int(value, option, field, reason);
	case CONFIG_LIST:
		return store_list(value, field);
	case CONFIG_ENUM:
		return store_enum(value, option, field, reason);
	case CONFIG_CUSTOM:
	case CONFIG_UNSUPPORTED:
		break;
	}
	return -EINVAL;
}

/* What becomes of an option with an invalid value. */
static void write_consequence(const struct config_option *option, char *text, size_t size)
{
	if (option->vital)
		snprintf(text, size, "the server does not start with it");
	else if (option->preset)
		snprintf(text, size, "the default counts: %.128s", option->preset);
	else
		snprintf(text, size, "it stays unset");
}

/* Take out of a list what is none of the option's choices, and report it. */
static void leave_out(const struct config_option *option, const struct config_raw_option *raw,
	struct config_list *list, config_error_fn *error, void *arg)
{
	char reason[REASON_SIZE], text[REASON_SIZE * 2 + 160];
	size_t kept = 0;

	for (size_t i = 0; i < list->n; i++) {
		char *item = list->items[i];

		if (find_choice(slice_str(item), option, reason) >= 0) {
			list->items[kept++] = item;
			continue;
		}
		snprintf(text, sizeof text, "%s in [%.64s]: \"%.80s\" %s; it is left out",
			option->name, raw->section->name, item, reason);
		error(arg, raw->source->path, raw->line, text);
		mem_free(item);
	}
	list->n = kept;
}

/* The written value of one option. 0, -ENOENT when there is none, -EINVAL when no good, -ENOMEM. */
static int load_written(const struct config *config, struct slice file,
	const struct config_raw_section *section, const struct config_option *option, void *values,
	config_error_fn *error, void *arg)
{
	const struct config_raw_option *raw =
		config_find_value(config, file, section, slice_str(option->name));
	char reason[REASON_SIZE] = "is not valid", text[REASON_SIZE * 2 + 256], consequence[160];
	struct expansion x = {.config = config, .file = file, .section = section, .reason = reason};
	int err;

	if (!raw)
		return -ENOENT;
	buf_init(&x.out, CONFIG_MAX_FILE);
	err = expand(&x, slice_str(raw->value), 1);
	if (!err && x.out.err == -ENOBUFS) {
		err = -EINVAL;
		snprintf(reason, sizeof reason, "is longer than 1 MB");
	} else if (!err) {
		err = x.out.err;
	}
	if (!err)
		err = store(slice_trim(buf_view(&x.out)), option, values, reason);
	if (!err && option->type == CONFIG_LIST && option->choices)
		leave_out(option, raw,
			(struct config_list *)(void *)((char *)values + option->offset), error,
			arg);
	if (err && err != -ENOMEM) {
		write_consequence(option, consequence, sizeof consequence);
		snprintf(text, sizeof text, "%s in [%.64s]: \"%.80s\" %s; %s", option->name,
			raw->section->name, raw->value ? raw->value : "", reason, consequence);
		error(arg, raw->source->path, raw->line, text);
		err = -EINVAL;
	}
	buf_free(&x.out);
	return err;
}

static int load_preset(
	const struct config_option *option, void *values, config_error_fn *error, void *arg)
{
	char reason[REASON_SIZE] = "is not valid", text[REASON_SIZE * 2];
	int err;

	if (!option->preset)
		return 0;
	err = store(slice_str(option->preset), option, values, reason);
	if (err && err != -ENOMEM) {
		snprintf(text, sizeof text, "%s: the default \"%.80s\" %s", option->name,
			option->preset, reason);
		error(arg, "", 0, text);
		err = 0;
	}
	return err;
}

/* The raw section that holds this one's values, NULL when it is not written. */
static const struct config_raw_section *raw_of(
	const struct config *config, const struct config_section *section, const char *name)
{
	return config_find_section(config, slice_str(section->file),
		slice_str(section->section ? section->section : name));
}

int config_load(const struct config *config, const struct config_section *section, const char *name,
	void *values, config_error_fn *error, void *arg)
{
	const struct config_raw_section *raw = raw_of(config, section, name);
	bool refused = false;
	int err = 0;

	for (const struct config_option *o = section->options; !err && o->name; o++) {
		if (o->type == CONFIG_UNSUPPORTED)
			continue;
		err = load_written(config, slice_str(section->file), raw, o, values, error, arg);
		refused = refused || (err == -EINVAL && o->vital);
		if (err == -ENOENT || err == -EINVAL)
			err = load_preset(o, values, error, arg);
	}
	if (!err && refused)
		err = -EINVAL;
	return err;
}

void config_release(const struct config_section *section, void *values)
{
	for (const struct config_option *o = section->options; o->name; o++) {
		void *field = (char *)values + o->offset;

		if (o->type == CONFIG_STRING) {
			mem_free(*(char **)field);
			*(char **)field = NULL;
		} else if (o->type == CONFIG_LIST) {
			free_list(field);
		} else if (o->type == CONFIG_CUSTOM && o->release) {
			o->release(field);
		}
	}
}

int config_check_values(const struct config *config, const struct config_section *section,
	const char *name, config_error_fn *error, void *arg)
{
	void *values = mem_zalloc(section->size);
	int err = -ENOMEM;

	if (values) {
		err = config_load(config, section, name, values, error, arg);
		config_release(section, values);
		if (err == -EINVAL)
			err = 0; /* it has been reported */
	}
	mem_free(values);
	return err;
}

bool config_has(const struct config *config, const struct config_section *section, const char *name)
{
	return raw_of(config, section, name) != NULL;
}

bool config_is_set(const struct config *config, const struct config_section *section,
	const char *name, const char *option)
{
	return config_find_value(config, slice_str(section->file), raw_of(config, section, name),
		       slice_str(option)) != NULL;
}

bool config_where(const struct config *config, const struct config_section *section,
	const char *option, const char **file, unsigned *line)
{
	const struct config_raw_option *raw = config_find_value(
		config, slice_str(section->file), raw_of(config, section, NULL), slice_str(option));

	if (!raw)
		return false;
	*file = raw->source->path;
	*line = raw->line;
	return true;
}
