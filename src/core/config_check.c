/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Configuration: sections and options that no table knows, and the names that were perhaps meant. */
#include "core/config_raw.h"

#include <stdio.h>

enum { MAX_NAME = 64 }; /* of names that are compared with others */

/*
 * Edit distance of two names in any case (Damerau 1964: insert, delete, replace, swap neighbours);
 * a large number when one of them is too long to be a name of ours.
 */
static unsigned distance(const char *a, const char *b)
{
	unsigned rows[3][MAX_NAME + 1];
	size_t n = strlen(a), m = strlen(b);
	unsigned *before = rows[0], *above = rows[1], *row = rows[2];

	if (n > MAX_NAME || m > MAX_NAME)
		return MAX_NAME;
	for (size_t j = 0; j <= m; j++)
		above[j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned *oldest = before;

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			char x = ascii_lower(a[i - 1]), y = ascii_lower(b[j - 1]);
			unsigned best = above[j - 1] + (x != y);

			if (above[j] + 1 < best)
				best = above[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && x == ascii_lower(b[j - 2]) &&
				y == ascii_lower(a[i - 2]) && before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			row[j] = best;
		}
		before = above;
		above = row;
		row = oldest;
	}
	return above[m];
}

/* The nearest name seen so far; none is near when a third of the letters would have to change. */
struct nearest {
	const char *wanted, *name;
	unsigned distance;
};

static void consider(struct nearest *nearest, const char *name)
{
	unsigned limit = (unsigned)strlen(nearest->wanted) / 3 + 1;
	unsigned d = distance(nearest->wanted, name);

	if (d <= limit && (!nearest->name || d < nearest->distance)) {
		nearest->name = name;
		nearest->distance = d;
	}
}

static const struct config_option *find_option(
	const struct config_section *section, const char *name)
{
	const struct config_option *o = section->options;

	while (o->name && strcmp(o->name, name) != 0)
		o++;
	return o->name ? o : NULL;
}

/* Whether the table describes the raw section (user-named ones: any name). */
static bool describes(const struct config_section *table, const struct config_raw_section *raw)
{
	return strcmp(table->file, raw->file) == 0 &&
	       (!table->section || strcmp(table->section, raw->name) == 0);
}

/* The table of the raw section; one that names it goes before one for user-named sections. */
static const struct config_section *table_of(
	const struct config_section *const *sections, const struct config_raw_section *raw)
{
	const struct config_section *found = NULL;

	for (; *sections; sections++) {
		if (describes(*sections, raw) && (!found || !found->section))
			found = *sections;
	}
	return found;
}

static void report_section(const struct config_section *const *sections,
	const struct config_raw_section *raw, config_error_fn *error, void *arg)
{
	struct nearest nearest = {.wanted = raw->name};
	char text[256];

	for (; *sections; sections++) {
		if (strcmp((*sections)->file, raw->file) == 0)
			consider(&nearest, (*sections)->section);
	}
	if (nearest.name)
		snprintf(text, sizeof text, "there is no section [%.64s]; did you mean [%.64s]?",
			raw->name, nearest.name);
	else
		snprintf(text, sizeof text, "there is no section [%.64s] in this file", raw->name);
	error(arg, raw->source->path, raw->line, text);
}

static void report_option(const struct config_section *const *sections,
	const struct config_section *table, const struct config_raw_option *raw,
	config_error_fn *error, void *arg)
{
	struct nearest nearest = {.wanted = raw->name};
	const char *elsewhere = NULL;
	char text[384];
	int n;

	for (; *sections && !elsewhere; sections++) {
		if ((*sections)->section && strcmp((*sections)->file, table->file) == 0 &&
			find_option(*sections, raw->name))
			elsewhere = (*sections)->section;
	}
	for (const struct config_option *o = table->options; o->name; o++) {
		if (o->type != CONFIG_UNSUPPORTED)
			consider(&nearest, o->name);
	}
	n = snprintf(
		text, sizeof text, "[%.64s] has no option %.64s", raw->section->name, raw->name);
	if (n > 0 && elsewhere)
		snprintf(text + n, sizeof text - (size_t)n, "; it belongs in [%.64s]", elsewhere);
	else if (n > 0 && nearest.name)
		snprintf(text + n, sizeof text - (size_t)n, "; did you mean %.64s?", nearest.name);
	error(arg, raw->source->path, raw->line, text);
}

static void report_unsupported(
	const struct config_raw_option *raw, config_error_fn *error, void *arg)
{
	char text[256];

	snprintf(text, sizeof text, "%.64s in [%.64s] is not supported by this version: ignored",
		raw->name, raw->section->name);
	error(arg, raw->source->path, raw->line, text);
}

/* Options of one raw section that its table does not know, or knows to be missing here. */
static unsigned check_options(const struct config_section *const *sections,
	const struct config_section *table, const struct config_raw_section *raw,
	config_error_fn *error, void *arg)
{
	struct list_node *at, *next;
	unsigned n = 0;

	LIST_FOR_EACH(at, next, &raw->options) {
		const struct config_raw_option *o =
			CONTAINER_OF(at, struct config_raw_option, node);

		const struct config_option *known = find_option(table, o->name);

		if (known && known->type != CONFIG_UNSUPPORTED)
			continue;
		if (known)
			report_unsupported(o, error, arg);
		else
			report_option(sections, table, o, error, arg);
		n++;
	}
	return n;
}

unsigned config_check_unknown(const struct config *config,
	const struct config_section *const *sections, config_error_fn *error, void *arg)
{
	struct list_node *at, *next;
	unsigned n = 0;

	LIST_FOR_EACH(at, next, &config->order) {
		const struct config_raw_section *raw =
			CONTAINER_OF(at, struct config_raw_section, node);
		const struct config_section *table = table_of(sections, raw);

		/* [DEFAULT] may hold anything that %(name)s refers to. */
		if (strcmp(raw->name, "DEFAULT") == 0)
			continue;
		if (table) {
			n += check_options(sections, table, raw, error, arg);
		} else {
			report_section(sections, raw, error, arg);
			n++;
		}
	}
	return n;
}
