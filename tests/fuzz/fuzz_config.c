/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fuzz target: any text is read as a configuration file, loaded and checked. */
#include <stddef.h>
#include <stdint.h>

#include "core/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct values {
	char *text;
	bool flag;
	int number, choice;
	struct config_list list;
};

static const char *const choices[] = {"one", "two", NULL};

static const struct config_option options[] = {
	{"text", CONFIG_STRING, offsetof(struct values, text), NULL, ""},
	{"flag", CONFIG_BOOL, offsetof(struct values, flag), "no", ""},
	{"number", CONFIG_INT, offsetof(struct values, number), "1", "", .min = -5, .max = 100},
	{"choice", CONFIG_ENUM, offsetof(struct values, choice), "one", "", .choices = choices},
	{"list", CONFIG_LIST, offsetof(struct values, list), "a, b", ""},
	{NULL},
};

static const struct config_section named = {
	.file = "config.ini", .section = "A", .help = "", .options = options};
static const struct config_section any = {
	.file = "other.ini", .section = NULL, .help = "", .options = options};
static const struct config_section *const sections[] = {&named, &any, NULL};

static void ignore(void *arg, const char *file, unsigned line, const char *text)
{
}

static void load(
	const struct config *config, const struct config_section *section, const char *name)
{
	struct values values = {0};

	config_load(config, section, name, &values, ignore, NULL);
	config_release(section, &values);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of((const char *)data, size);
	struct config *config;

	if (config_new(&config) < 0)
		return 0;
	if (config_read_text(config, "config.ini", "a/config.ini", text, ignore, NULL) == 0 &&
		config_read_text(config, "config.ini", "b/config.ini", text, ignore, NULL) == 0 &&
		config_read_text(config, "other.ini", "other.ini", text, ignore, NULL) == 0) {
		load(config, &named, NULL);
		load(config, &any, "A");
		load(config, &any, "a@b");
		config_check_unknown(config, sections, ignore, NULL);
	}
	config_free(config);
	return 0;
}
