/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Configuration: sample files, written from the tables so that they never fall behind the code. */
#include "core/config.h"

enum { WIDTH = 78 };

/* text as comment lines, broken at blanks. */
static void write_comment(struct buf *out, struct slice text)
{
	struct slice word;
	size_t column = 0;

	while (slice_cut(&text, ' ', &word)) {
		if (word.n == 0)
			continue;
		if (column && column + 1 + word.n > WIDTH) {
			buf_char(out, '\n');
			column = 0;
		}
		if (column == 0) {
			buf_char(out, ';');
			column = 1;
		}
		buf_char(out, ' ');
		buf_slice(out, word);
		column += 1 + word.n;
	}
	if (column)
		buf_char(out, '\n');
}

/* help, and behind it what the type lets one write. */
static void write_help(struct buf *out, const struct config_option *option)
{
	struct buf text;

	buf_init(&text, 4096);
	if (option->help)
		buf_str(&text, option->help);
	if (option->type == CONFIG_INT && (option->min || option->max))
		buf_printf(&text, " From %ld to %ld.", option->min, option->max);
	if (option->type == CONFIG_ENUM) {
		buf_str(&text, " One of");
		for (size_t i = 0; option->choices[i]; i++)
			buf_printf(&text, "%s %s", i ? "," : "", option->choices[i]);
		buf_char(&text, '.');
	}
	if (text.err && !out->err)
		out->err = text.err;
	write_comment(out, buf_view(&text));
	buf_free(&text);
}

/* As it must be written: "%" doubled. */
static void write_preset(struct buf *out, const char *preset)
{
	for (; preset && *preset; preset++) {
		if (*preset == '%')
			buf_char(out, '%');
		buf_char(out, *preset);
	}
}

/* Whether this version has anything of the section. */
static bool supported(const struct config_section *section)
{
	for (const struct config_option *o = section->options; o->name; o++) {
		if (o->type != CONFIG_UNSUPPORTED)
			return true;
	}
	return false;
}

static void write_section(struct buf *out, const struct config_section *section)
{
	if (section->section) {
		buf_printf(out, "\n[%s]\n", section->section);
		write_comment(out, slice_str(section->help));
	} else {
		buf_char(out, '\n');
		write_comment(out, slice_str(section->help));
		buf_str(out, "; [name]\n");
	}
	for (const struct config_option *o = section->options; o->name; o++) {
		if (o->type == CONFIG_UNSUPPORTED)
			continue;
		buf_char(out, '\n');
		write_help(out, o);
		buf_printf(out, "; %s =%s", o->name, o->preset && o->preset[0] ? " " : "");
		write_preset(out, o->preset);
		buf_char(out, '\n');
	}
}

void config_write_sample(
	const struct config_section *const *sections, const char *file, struct buf *out)
{
	buf_printf(out, "; %s: what stands here is the default; take the ; away to change it.\n",
		file);
	for (; *sections; sections++) {
		if (strcmp((*sections)->file, file) == 0 && supported(*sections))
			write_section(out, *sections);
	}
}
