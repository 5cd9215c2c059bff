/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Configuration files: INI as upstream reads it (Python's ConfigParser: sections, "name = value" or
 * "name: value", continuation lines, # and ; comments, %-interpolation), merged from
 * /etc/sylkserver, ~/.config/sylkserver and the local directory, later files overriding earlier
 * ones per option.
 *
 * Every option is declared once, in a table that a module exports: type, default, one sentence of
 * help. From these tables come the values, the sample files and the errors of --check (file, line,
 * option, and the nearest valid name for an unknown one).
 *
 * Signalling thread.
 */
#ifndef CORE_CONFIG_H
#define CORE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/slice.h"

enum config_type {
	CONFIG_STRING, /* char *, NULL when unset, "" when written without a value */
	CONFIG_BOOL,   /* bool: 1/yes/true/on, 0/no/false/off in any case */
	CONFIG_INT,    /* int, within min and max */
	CONFIG_LIST, /* struct config_list: comma-separated; "none" or empty: no item. With choices:
	                  an item that is none of them (in any case) is reported and left out */
	CONFIG_ENUM, /* int: the index in choices (a NULL-terminated list of words), any case */
	CONFIG_CUSTOM,      /* parse() decides */
	CONFIG_UNSUPPORTED, /* upstream has it, this version does not: reported, never loaded */
};

struct config_list {
	char **items;
	size_t n;
};

/*
 * One option. offset is that of its field in the struct that config_load fills. parse, if given,
 * checks the value, field being NULL; for CONFIG_CUSTOM it also stores it through field. It returns
 * 0, -ENOMEM, or -EINVAL with a reason in error ("is not a port range") and nothing stored.
 */
struct config_option {
	const char *name;
	enum config_type type;
	size_t offset;
	const char *preset; /* the default, as one would write it; NULL: unset */
	const char *help;   /* one sentence */
	long min, max;      /* CONFIG_INT; both 0: every int */
	const char *const *choices;
	int (*parse)(struct slice value, void *field, char *error, size_t error_size);
	void (*release)(void *field); /* CONFIG_CUSTOM: free what parse stored */
	bool vital; /* where the default would be dangerous, an invalid value is an error */
};

/* One section of one file; options end with a NULL name. */
struct config_section {
	const char *file;    /* "config.ini" */
	const char *section; /* "SIP"; NULL: sections named by the user ("[room@host]") */
	const char *help;
	const struct config_option *options;
	size_t size; /* bytes of the struct that config_load fills */
};

struct config; /* the files as read: raw values with file and line */

/* Where an error was found (line 0: the file as a whole); file "": a default of ours. */
typedef void config_error_fn(void *arg, const char *file, unsigned line, const char *text);

/* An empty configuration: every option has its default. Freed with config_free. 0 or -ENOMEM. */
int config_new(struct config **config);

/*
 * Read one file's text, over what has been read before. file: the name in the tables
 * ("config.ini"); path: what errors call it. A malformed line is reported and left out.
 * Returns 0 or -ENOMEM.
 */
int config_read_text(struct config *config, const char *file, const char *path, struct slice text,
	config_error_fn *error, void *arg);

/*
 * Read every file that the sections name, from the search path. sections and dirs are
 * NULL-terminated lists, dirs with the lowest priority first. A missing file is no error; an
 * unreadable one, one of more than 1 MB, and a malformed line are reported and left out.
 * Returns 0 or -ENOMEM (*config is then NULL).
 */
int config_read(struct config **config, const char *const *dirs,
	const struct config_section *const *sections, config_error_fn *error, void *arg);

/* NULL is allowed. */
void config_free(struct config *config);

/*
 * Whether a file that config_read looked for has since changed, come or gone: then read again and
 * free this one. One stat per file and folder.
 */
bool config_changed(const struct config *config);

/*
 * Fill the struct at values from a section (name: for user-named sections, else NULL), all zero
 * before. An invalid value is reported and the default kept. What values hold is freed with
 * config_release, also after an error. Returns 0, -ENOMEM, or, having loaded all, -EINVAL when a
 * vital option has an invalid value.
 */
int config_load(const struct config *config, const struct config_section *section, const char *name,
	void *values, config_error_fn *error, void *arg);
void config_release(const struct config_section *section, void *values);

/* Report what is wrong in a section, without keeping its values. Returns 0 or -ENOMEM. */
int config_check_values(const struct config *config, const struct config_section *section,
	const char *name, config_error_fn *error, void *arg);

/* Whether the file that section stands in has a section of this name. */
bool config_has(
	const struct config *config, const struct config_section *section, const char *name);

/*
 * Whether this option is written in that section (or in the file's [DEFAULT]): a room inherits
 * from [Conference] what is not written for it.
 */
bool config_is_set(const struct config *config, const struct config_section *section,
	const char *name, const char *option);

/*
 * Report every section and option that no table knows, with the nearest name that one does know.
 * Returns how many were reported.
 */
unsigned config_check_unknown(const struct config *config,
	const struct config_section *const *sections, config_error_fn *error, void *arg);

/*
 * Where an option is written, for complaints: file and line, good as long as config. Returns false
 * when it is not written.
 */
bool config_where(const struct config *config, const struct config_section *section,
	const char *option, const char **file, unsigned *line);

/* Write the sample of one file: every option with its help, commented out with its default. */
void config_write_sample(
	const struct config_section *const *sections, const char *file, struct buf *out);

#endif
