/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Configuration: what ConfigParser accepts, types, errors with their place, samples. */
#include "core/config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/mem.h"

struct server {
	char *name, *unset;
	bool verify;
	int port, policy;
	struct config_list codecs;
	struct range {
		int low, high;
	} * range;
};

/* "low:high"; stored on the heap, so that the test sees whether it is released. */
static int parse_range(struct slice value, void *field, char *error, size_t error_size)
{
	struct range **range = field, *own;
	struct slice low;
	uint32_t a, b;

	slice_cut(&value, ':', &low);
	if (slice_u32(low, 65535, &a) < 0 || slice_u32(value, 65535, &b) < 0) {
		snprintf(error, error_size, "is not a port range");
		return -EINVAL;
	}
	own = mem_zalloc(sizeof *own);
	if (!own)
		return -ENOMEM;
	*own = (struct range){(int)a, (int)b};
	*range = own;
	return 0;
}

static void release_range(void *field)
{
	struct range **range = field;

	mem_free(*range);
	*range = NULL;
}

/* A check only: field is NULL. */
static int refuse_evil(struct slice value, void *field, char *error, size_t error_size)
{
	assert_null(field);
	if (!slice_eq(value, SLICE("evil")))
		return 0;
	snprintf(error, error_size, "is not allowed");
	return -EINVAL;
}

static const char *const policies[] = {"disabled", "sdes", "opportunistic", NULL};

static const char *const codecs[] = {"opus", "speex", "G722", "PCMU", "PCMA", NULL};

static const struct config_option server_options[] = {
	{"name", CONFIG_STRING, offsetof(struct server, name), "50% off", "What we call ourselves.",
		.parse = refuse_evil},
	{"unset", CONFIG_STRING, offsetof(struct server, unset), NULL, "Nothing by default."},
	{"verify_server", CONFIG_BOOL, offsetof(struct server, verify), "False",
		"Whether the certificate of the other server is checked, which costs nothing and "
		"should "
		"be done by everybody who can."},
	{"local_port", CONFIG_INT, offsetof(struct server, port), "5060", "Port.", .min = 1,
		.max = 65535},
	{"policy", CONFIG_ENUM, offsetof(struct server, policy), "opportunistic", "Encryption.",
		.choices = policies},
	{"codecs", CONFIG_LIST, offsetof(struct server, codecs), "opus, G722",
		"Order of preference.", .choices = codecs},
	{"port_range", CONFIG_CUSTOM, offsetof(struct server, range), "50000:50500", "Media.",
		.parse = parse_range, .release = release_range},
	{NULL},
};

static const struct config_option room_options[] = {
	{"access_policy", CONFIG_STRING, 0, "allow,deny", "Order of the rules."},
	{NULL},
};

static const struct config_option thor_options[] = {
	{"domain", CONFIG_UNSUPPORTED, 0, "sipthor.net", "Cluster."},
	{NULL},
};

static const struct config_section thor_section = {.file = "config.ini",
	.section = "ThorNetwork",
	.help = "Cluster.",
	.options = thor_options};
static const struct config_section server_section = {.size = sizeof(struct server),
	.file = "config.ini",
	.section = "Server",
	.help = "The server.",
	.options = server_options};
static const struct config_section sip_section = {
	.file = "config.ini", .section = "SIP", .help = "SIP.", .options = room_options};
static const struct config_section room_section = {
	.file = "conference.ini", .section = NULL, .help = "A room.", .options = room_options};
static const struct config_section *const sections[] = {
	&server_section, &sip_section, &thor_section, &room_section, NULL};

/* The errors reported, as "file:line: text" lines. */
struct errors {
	char text[4096];
	size_t n;
};

static void take_error(void *arg, const char *file, unsigned line, const char *text)
{
	struct errors *e = arg;
	int n = snprintf(e->text + e->n, sizeof e->text - e->n, "%s:%u: %s\n", file, line, text);

	if (n > 0 && e->n + (size_t)n < sizeof e->text)
		e->n += (size_t)n;
}

struct fixture {
	struct config *config;
	struct server values;
	struct errors errors;
};

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof *f);

	assert_int_equal(config_new(&f->config), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	config_release(&server_section, &f->values);
	config_free(f->config);
	test_free(f);
	return 0;
}

static void read_as(struct fixture *f, const char *file, const char *text)
{
	assert_int_equal(
		config_read_text(f->config, file, file, slice_str(text), take_error, &f->errors),
		0);
}

static struct server *loaded(struct fixture *f, const char *text)
{
	read_as(f, "config.ini", text);
	config_release(&server_section, &f->values);
	assert_int_equal(
		config_load(f->config, &server_section, NULL, &f->values, take_error, &f->errors),
		0);
	return &f->values;
}

static void what_is_not_written_has_its_default(void **state)
{
	struct fixture *f = *state;
	struct server *s = loaded(f, "");

	assert_string_equal(s->name, "50% off");
	assert_null(s->unset);
	assert_false(s->verify);
	assert_int_equal(s->port, 5060);
	assert_int_equal(s->policy, 2);
	assert_int_equal(s->codecs.n, 2);
	assert_string_equal(s->codecs.items[0], "opus");
	assert_string_equal(s->codecs.items[1], "G722");
	assert_int_equal(s->range->low, 50000);
	assert_string_equal(f->errors.text, "");
}

static void every_type_is_read(void **state)
{
	struct fixture *f = *state;
	struct server *s = loaded(f,
		"[Server]\nname = My server\nunset: x = y\nverify-server=YES\nlocal_port :5070\n"
		"policy = SDES\ncodecs = PCMU , ,opus,\nport_range = 2:4\n");

	assert_string_equal(f->errors.text, "");
	assert_string_equal(s->name, "My server");
	assert_string_equal(s->unset, "x = y");
	assert_true(s->verify);
	assert_int_equal(s->port, 5070);
	assert_int_equal(s->policy, 1);
	assert_int_equal(s->codecs.n, 2);
	assert_string_equal(s->codecs.items[0], "PCMU");
	assert_int_equal(s->range->high, 4);
}

static void booleans_have_eight_spellings(void **state)
{
	static const char *const words[] = {"1", "Yes", "TRUE", "on", "0", "No", "False", "OFF"};
	char text[100];

	for (int i = 0; i < 8; i++) {
		struct fixture *f = *state;

		snprintf(text, sizeof text, "[Server]\nverify_server = %s\n", words[i]);
		assert_int_equal(loaded(f, text)->verify, i < 4);
		assert_string_equal(f->errors.text, "");
	}
}

static void an_empty_value_is_empty_and_none_is_an_empty_list(void **state)
{
	struct server *s = loaded(*state, "[Server]\nunset =\ncodecs = None\n");

	assert_string_equal(s->unset, "");
	assert_int_equal(s->codecs.n, 0);
	s = loaded(*state, "[Server]\ncodecs =\n");
	assert_int_equal(s->codecs.n, 0);
}

static void items_that_are_no_choice_are_named_and_left_out(void **state)
{
	struct fixture *f = *state;
	struct server *s = loaded(f, "[Server]\ncodecs = G729, pcmu, iLBC, opus\n");

	assert_int_equal(s->codecs.n, 2);
	assert_string_equal(s->codecs.items[0], "pcmu");
	assert_string_equal(s->codecs.items[1], "opus");
	assert_non_null(strstr(f->errors.text, "config.ini:2: codecs in [Server]: \"G729\" is none "
					       "of opus, speex, G722, PCMU, PCMA; "
					       "it is left out\n"));
	assert_non_null(strstr(f->errors.text, "\"iLBC\""));
}

static void comments_take_a_whole_line_and_only_that(void **state)
{
	struct fixture *f = *state;
	struct server *s = loaded(
		f, "# one\n[Server]\n  ; two\nname = a ; no comment # here\n;local_port = 1\n");

	assert_string_equal(f->errors.text, "");
	assert_string_equal(s->name, "a ; no comment # here");
	assert_int_equal(s->port, 5060);
}

static void an_indented_line_continues_the_value(void **state)
{
	struct fixture *f = *state;
	struct server *s = loaded(f, "[Server]\nname = one\n  two\n# not this\n\n\tthree = "
				     "3\n\n\ncodecs =\n opus,\n PCMU\n");

	assert_string_equal(f->errors.text, "");
	assert_string_equal(s->name, "one\ntwo\n\nthree = 3");
	assert_int_equal(s->codecs.n, 2);
	assert_string_equal(s->codecs.items[1], "PCMU");
}

static void an_indented_option_is_continued_by_deeper_lines_only(void **state)
{
	struct fixture *f = *state;
	struct server *s = loaded(f, "  [Server]\n  name = one\n    two\n  local_port = 7\n");

	assert_string_equal(f->errors.text, "");
	assert_string_equal(s->name, "one\ntwo");
	assert_int_equal(s->port, 7);
}

static void byte_order_mark_and_dos_line_ends_are_tolerated(void **state)
{
	struct fixture *f = *state;
	struct server *s = loaded(f, "\xef\xbb\xbf[Server]\r\nname = x\r\nlocal_port = 9");

	assert_string_equal(f->errors.text, "");
	assert_string_equal(s->name, "x");
	assert_int_equal(s->port, 9);
}

static void names_keep_their_case(void **state)
{
	struct fixture *f = *state;
	struct server *s = loaded(f, "[Server]\nName = x\n[server]\nname = y\n");

	assert_string_equal(s->name, "50% off");
	assert_int_equal(config_check_unknown(f->config, sections, take_error, &f->errors), 2);
	assert_string_equal(f->errors.text,
		"config.ini:2: [Server] has no option Name; did you mean name?\n"
		"config.ini:3: there is no section [server]; did you mean [Server]?\n");
}

static void a_line_may_be_long(void **state)
{
	enum { N = 100000, ROOM = N + 100 };
	char *text = test_malloc(ROOM);

	snprintf(text, ROOM, "[Server]\nname = %0*d\nlocal_port = 8\n", N, 0);
	assert_int_equal(strlen(loaded(*state, text)->name), N);
	assert_int_equal(((struct fixture *)*state)->values.port, 8);
	test_free(text);
}

static void interpolation_looks_in_the_section_then_in_default(void **state)
{
	struct fixture *f = *state;
	struct server *s = loaded(f, "[DEFAULT]\nbase = /srv\nunset = other\nlocal_port = 4000\n"
				     "[Server]\nname = %(unset)s/%(base)s/100%%/%(my-own)s\nunset "
				     "= mine\nmy_own = %(base)s!\n");

	assert_string_equal(f->errors.text, "");
	assert_string_equal(s->name, "mine//srv/100%//srv!");
	/* [DEFAULT] holds for every section. */
	assert_int_equal(s->port, 4000);
}

static void wrong_interpolation_is_reported_and_the_default_kept(void **state)
{
	struct fixture *f = *state;
	struct server *s;

	s = loaded(f, "[Server]\nname = 50% off\n");
	assert_string_equal(s->name, "50% off");
	s = loaded(f, "[Server]\nname = %(nowhere)s\n");
	s = loaded(f, "[Server]\nname = x%(name)s\n");
	s = loaded(f, "[Server]\nname = %(unset\n");
	assert_string_equal(s->name, "50% off");
	assert_string_equal(f->errors.text,
		"config.ini:2: name in [Server]: \"50% off\" has a single %: write %% for it, or "
		"%(name)s for another option; the default counts: 50% off\n"
		"config.ini:2: name in [Server]: \"%(nowhere)s\" refers to nowhere, which is not "
		"set; "
		"the default counts: 50% off\n"
		"config.ini:2: name in [Server]: \"x%(name)s\" refers to itself, or to too many "
		"others, "
		"with %(...)s; the default counts: 50% off\n"
		"config.ini:2: name in [Server]: \"%(unset\" has a single %: write %% for it, or "
		"%(name)s for another option; the default counts: 50% off\n");
}

static void interpolation_that_multiplies_ends(void **state)
{
	struct fixture *f = *state;
	char text[8192];
	int n = sprintf(text, "[Server]\na9 =\n");

	for (int i = 8; i >= 0; i--) {
		n += sprintf(text + n, "a%d =", i);
		for (int j = 0; j < 50; j++)
			n += sprintf(text + n, "%%(a%d)s", i + 1);
		n += sprintf(text + n, "\n");
	}
	sprintf(text + n, "name = %%(a0)s\n");
	assert_string_equal(loaded(f, text)->name, "50% off");
	assert_non_null(strstr(f->errors.text, "too many others"));
}

static void an_invalid_value_is_reported_and_the_default_kept(void **state)
{
	struct fixture *f = *state;
	struct server *s = loaded(f, "[Server]\nname = evil\nverify_server = perhaps\nlocal_port = "
				     "70000\npolicy = strong\n"
				     "port_range = wide\n");

	assert_string_equal(s->name, "50% off");
	assert_int_equal(s->port, 5060);
	assert_int_equal(s->policy, 2);
	assert_int_equal(s->range->low, 50000);
	assert_string_equal(f->errors.text, "config.ini:2: name in [Server]: \"evil\" is not "
					    "allowed; the default counts: 50% off\n"
					    "config.ini:3: verify_server in [Server]: \"perhaps\" "
					    "is neither yes nor no; the default "
					    "counts: False\n"
					    "config.ini:4: local_port in [Server]: \"70000\" is "
					    "not from 1 to 65535; the default "
					    "counts: 5060\n"
					    "config.ini:5: policy in [Server]: \"strong\" is none "
					    "of disabled, sdes, opportunistic; "
					    "the default counts: opportunistic\n"
					    "config.ini:6: port_range in [Server]: \"wide\" is not "
					    "a port range; the default counts: "
					    "50000:50500\n");
}

/* An option whose default would do harm: all else is loaded, and the caller told to stop. */
static void an_invalid_value_of_a_vital_option_is_an_error(void **state)
{
	static const struct config_option options[] = {
		{"name", CONFIG_STRING, offsetof(struct server, name), "anybody", "Who.",
			.parse = refuse_evil, .vital = true},
		{"local_port", CONFIG_INT, offsetof(struct server, port), "5060", "Port."},
		{NULL},
	};
	static const struct config_section section = {
		"config.ini", "Server", "The server.", options, sizeof(struct server)};
	struct fixture *f = *state;

	read_as(f, "config.ini", "[Server]\nname = evil\nlocal_port = 7\n");
	assert_int_equal(config_load(f->config, &section, NULL, &f->values, take_error, &f->errors),
		-EINVAL);
	assert_int_equal(f->values.port, 7);
	assert_string_equal(f->errors.text, "config.ini:2: name in [Server]: \"evil\" is not "
					    "allowed; the server does not start with it\n");
	assert_int_equal(config_check_values(f->config, &section, NULL, take_error, &f->errors), 0);
	read_as(f, "config.ini", "[Server]\nname = ann\n");
	config_release(&section, &f->values);
	assert_int_equal(
		config_load(f->config, &section, NULL, &f->values, take_error, &f->errors), 0);
}

static void numbers_are_whole_and_in_range(void **state)
{
	static const char *const bad[] = {
		"", "x", "1x", "--1", "+", "0", "-5", "99999999999999999999"};
	char text[100];

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct fixture *f = *state;

		f->errors = (struct errors){0};
		snprintf(text, sizeof text, "[Server]\nlocal_port = %s\n", bad[i]);
		assert_int_equal(loaded(f, text)->port, 5060);
		assert_string_not_equal(f->errors.text, "");
	}
	assert_int_equal(loaded(*state, "[Server]\nlocal_port = +0007\n")->port, 7);
}

static void malformed_lines_are_reported_with_their_number_and_left_out(void **state)
{
	struct fixture *f = *state;
	struct server *s = loaded(f,
		"early = 1\n[Server]\nno delimiter\n  its continuation\n= no name\n[]\nlost = 1\n"
		"[Server]\nlocal_port = 5\nlocal-port = 6\n");

	assert_int_equal(s->port, 6);
	assert_string_equal(f->errors.text,
		"config.ini:1: early stands in no [section]\n"
		"config.ini:3: a line is written \"name = value\"\n"
		"config.ini:5: a line is written \"name = value\"\n"
		"config.ini:6: a section is written [name]\n"
		"config.ini:7: lost stands in no [section]\n"
		"config.ini:8: section [Server] was begun in line 2 already; both are put "
		"together\n"
		"config.ini:10: local_port was set in line 9 already; this line counts\n");
}

static void a_nul_byte_is_reported(void **state)
{
	static const char text[] = "[Server]\nname = a\0b\nlocal_port = 5\n";
	struct fixture *f = *state;

	config_read_text(f->config, "config.ini", "config.ini", slice_of(text, sizeof text - 1),
		take_error, &f->errors);
	assert_string_equal(
		f->errors.text, "config.ini:2: this is no text: the line has a NUL byte\n");
	assert_int_equal(loaded(f, "")->port, 5);
}

static void later_texts_override_earlier_ones_by_option(void **state)
{
	struct fixture *f = *state;
	struct server *s;

	read_as(f, "config.ini", "[Server]\nname = first\nlocal_port = 1000\n");
	read_as(f, "config.ini", "[Server]\nname = second\n");
	s = loaded(f, "");
	assert_string_equal(s->name, "second");
	assert_int_equal(s->port, 1000);
	assert_string_equal(f->errors.text, "");
}

static void files_are_apart(void **state)
{
	struct fixture *f = *state;

	read_as(f, "conference.ini", "[DEFAULT]\nname = y\n[Server]\nname = x\n");
	assert_string_equal(loaded(f, "")->name, "50% off");
}

static void user_named_sections_are_loaded_by_name(void **state)
{
	struct fixture *f = *state;
	char *policy = NULL;

	read_as(f, "conference.ini", "[room@example.com]\naccess_policy = deny,allow\n[empty@b]\n");
	assert_true(config_has(f->config, &room_section, "room@example.com"));
	assert_false(config_has(f->config, &room_section, "room@example.net"));
	assert_true(config_is_set(f->config, &room_section, "room@example.com", "access_policy"));
	assert_false(config_is_set(f->config, &room_section, "empty@b", "access_policy"));
	assert_false(config_is_set(f->config, &room_section, "nobody@b", "access_policy"));
	config_load(f->config, &room_section, "room@example.com", &policy, take_error, &f->errors);
	assert_string_equal(policy, "deny,allow");
	config_release(&room_section, &policy);
	config_load(f->config, &room_section, "nobody@b", &policy, take_error, &f->errors);
	assert_string_equal(policy, "allow,deny");
	config_release(&room_section, &policy);
	assert_null(policy);
}

static void unknown_names_are_reported_with_the_nearest_known_one(void **state)
{
	struct fixture *f = *state;

	read_as(f, "config.ini",
		"[DEFAULT]\nanything = 1\n[Server]\nlocal_prot = 1\naccess_policy = x\nzzzzzzzz = "
		"1\n"
		"[SIIP]\n[Kaleidoscope]\n");
	read_as(f, "conference.ini", "[a@b]\naces_policy = 1\n");
	assert_int_equal(config_check_unknown(f->config, sections, take_error, &f->errors), 6);
	assert_string_equal(f->errors.text,
		"config.ini:4: [Server] has no option local_prot; did you mean local_port?\n"
		"config.ini:5: [Server] has no option access_policy; it belongs in [SIP]\n"
		"config.ini:6: [Server] has no option zzzzzzzz\n"
		"config.ini:7: there is no section [SIIP]; did you mean [SIP]?\n"
		"config.ini:8: there is no section [Kaleidoscope] in this file\n"
		"conference.ini:2: [a@b] has no option aces_policy; did you mean access_policy?\n");
}

static void what_this_version_does_not_have_is_reported_and_never_loaded(void **state)
{
	struct fixture *f = *state;
	struct buf sample;
	int untouched = 7;

	read_as(f, "config.ini", "[ThorNetwork]\ndomain = example.com\ndomian = x\n");
	assert_int_equal(config_check_unknown(f->config, sections, take_error, &f->errors), 2);
	assert_string_equal(f->errors.text,
		"config.ini:2: domain in [ThorNetwork] is not supported by this version: ignored\n"
		"config.ini:3: [ThorNetwork] has no option domian\n");
	config_load(f->config, &thor_section, NULL, &untouched, take_error, &f->errors);
	assert_int_equal(untouched, 7);
	buf_init(&sample, 1 << 16);
	config_write_sample(sections, "config.ini", &sample);
	assert_null(memmem(sample.p, sample.n, "Thor", 4));
	buf_free(&sample);
}

static void values_can_be_checked_without_being_kept(void **state)
{
	struct fixture *f = *state;

	read_as(f, "config.ini", "[Server]\nname = x\ncodecs = opus\nlocal_port = no\n");
	assert_int_equal(
		config_check_values(f->config, &server_section, NULL, take_error, &f->errors), 0);
	assert_string_equal(f->errors.text, "config.ini:4: local_port in [Server]: \"no\" is no "
					    "number; the default counts: 5060\n");
	mem_fail_after(0);
	assert_int_equal(
		config_check_values(f->config, &server_section, NULL, take_error, &f->errors),
		-ENOMEM);
	mem_fail_after(-1);
}

static void a_sample_is_a_valid_file_of_the_defaults(void **state)
{
	struct fixture *f = *state;
	struct buf sample, active;
	struct slice rest, line;
	struct server *s;

	buf_init(&sample, 1 << 16);
	buf_init(&active, 1 << 16);
	config_write_sample(sections, "config.ini", &sample);
	assert_int_equal(sample.err, 0);
	/* Take the ; off each option. */
	for (rest = buf_view(&sample); slice_cut(&rest, '\n', &line);) {
		assert_true(line.n <= 80);
		if (slice_starts(line, SLICE("; ")) && memmem(line.p, line.n, " =", 2))
			line = slice_of(line.p + 2, line.n - 2);
		buf_slice(&active, line);
		buf_char(&active, '\n');
	}
	buf_char(&active, '\0');
	assert_non_null(strstr(active.p, "name = 50%% off\n"));
	assert_non_null(strstr(active.p, "; Port. From 1 to 65535.\n"));
	assert_non_null(strstr(active.p, "; Encryption. One of disabled, sdes, opportunistic.\n"));
	assert_null(strstr(active.p, "A room."));
	s = loaded(f, active.p);
	assert_string_equal(f->errors.text, "");
	assert_true(config_is_set(f->config, &server_section, NULL, "port_range"));
	assert_int_equal(config_check_unknown(f->config, sections, take_error, &f->errors), 0);
	assert_string_equal(s->name, "50% off");
	assert_int_equal(s->codecs.n, 2);
	buf_free(&sample);
	buf_free(&active);
}

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void remove_file(const char *dir, const char *name)
{
	char path[256];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	remove(path);
}

static void files_of_later_folders_override_and_missing_ones_are_no_error(void **state)
{
	char low[] = "/tmp/sylk-config-XXXXXX", high[] = "/tmp/sylk-config-XXXXXX", expected[256];
	struct fixture *f = *state;
	const char *dirs[4];

	assert_non_null(mkdtemp(low));
	assert_non_null(mkdtemp(high));
	dirs[0] = low;
	dirs[1] = "/nonexistent";
	dirs[2] = high;
	dirs[3] = NULL;
	write_file(low, "config.ini", "[Server]\nname = low\nlocal_port = 10\n");
	write_file(high, "config.ini", "[Server]\nname = high\nbroken\n");
	config_free(f->config);
	assert_int_equal(config_read(&f->config, dirs, sections, take_error, &f->errors), 0);
	snprintf(expected, sizeof expected, "%s/config.ini:3: a line is written \"name = value\"\n",
		high);
	assert_string_equal(f->errors.text, expected);
	loaded(f, "");
	assert_string_equal(f->values.name, "high");
	assert_int_equal(f->values.port, 10);

	assert_false(config_changed(f->config));
	write_file(high, "conference.ini", "[a@b]\n");
	assert_true(config_changed(f->config));
	remove_file(high, "conference.ini");
	assert_false(config_changed(f->config));
	write_file(low, "config.ini", "[Server]\n");
	assert_true(config_changed(f->config));
	remove_file(low, "config.ini");
	remove_file(high, "config.ini");
	rmdir(low);
	rmdir(high);
}

static void what_is_no_readable_file_is_reported(void **state)
{
	char dir[] = "/tmp/sylk-config-XXXXXX", path[256], expected[512];
	struct fixture *f = *state;
	const char *dirs[2] = {dir, NULL};
	char *large;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/config.ini", dir);
	mkdir(path, 0700);
	large = test_calloc(1, (1 << 20) + 2);
	memset(large, '\n', (1 << 20) + 1);
	write_file(dir, "conference.ini", large);
	test_free(large);
	config_free(f->config);
	assert_int_equal(config_read(&f->config, dirs, sections, take_error, &f->errors), 0);
	snprintf(expected, sizeof expected,
		"%s:0: Is a directory\n%s/conference.ini:0: larger than 1 MB: not read\n", path,
		dir);
	assert_string_equal(f->errors.text, expected);
	rmdir(path);
	/* Nobody writes to it: opening must not wait. */
	f->errors = (struct errors){0};
	mkfifo(path, 0600);
	config_free(f->config);
	assert_int_equal(config_read(&f->config, dirs, sections, take_error, &f->errors), 0);
	assert_non_null(strstr(f->errors.text, "config.ini:0: Invalid argument\n"));
	remove(path);
	remove_file(dir, "conference.ini");
	rmdir(dir);
}

/* Everything once: read, load, check, release. Returns 0 or -ENOMEM. */
static int whole_run(struct errors *errors)
{
	static const char text[] = "[DEFAULT]\nx = y\n[Server]\nname = a%(x)s\n b\ncodecs = a, "
				   "b\nport_range = 1:2\nbad\n";
	struct server values = {0};
	struct config *config;
	int err;

	err = config_new(&config);
	if (err)
		return err;
	err = config_read_text(config, "config.ini", "config.ini", SLICE(text), take_error, errors);
	if (!err)
		err = config_load(config, &server_section, NULL, &values, take_error, errors);
	config_release(&server_section, &values);
	config_free(config);
	return err;
}

static void any_allocation_may_fail(void **state)
{
	struct fixture *f = *state;
	int err = -ENOMEM;
	long i;

	for (i = 0; err && i < 1000; i++) {
		mem_fail_after(i);
		err = whole_run(&f->errors);
		mem_fail_after(-1);
		assert_true(err == 0 || err == -ENOMEM);
	}
	assert_int_equal(err, 0);
	assert_true(i > 20);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_not_written_has_its_default),
		TEST(every_type_is_read),
		TEST(booleans_have_eight_spellings),
		TEST(an_empty_value_is_empty_and_none_is_an_empty_list),
		TEST(items_that_are_no_choice_are_named_and_left_out),
		TEST(comments_take_a_whole_line_and_only_that),
		TEST(an_indented_line_continues_the_value),
		TEST(an_indented_option_is_continued_by_deeper_lines_only),
		TEST(byte_order_mark_and_dos_line_ends_are_tolerated),
		TEST(names_keep_their_case),
		TEST(a_line_may_be_long),
		TEST(interpolation_looks_in_the_section_then_in_default),
		TEST(wrong_interpolation_is_reported_and_the_default_kept),
		TEST(interpolation_that_multiplies_ends),
		TEST(an_invalid_value_is_reported_and_the_default_kept),
		TEST(an_invalid_value_of_a_vital_option_is_an_error),
		TEST(numbers_are_whole_and_in_range),
		TEST(malformed_lines_are_reported_with_their_number_and_left_out),
		TEST(a_nul_byte_is_reported),
		TEST(later_texts_override_earlier_ones_by_option),
		TEST(files_are_apart),
		TEST(user_named_sections_are_loaded_by_name),
		TEST(unknown_names_are_reported_with_the_nearest_known_one),
		TEST(what_this_version_does_not_have_is_reported_and_never_loaded),
		TEST(values_can_be_checked_without_being_kept),
		TEST(a_sample_is_a_valid_file_of_the_defaults),
		TEST(files_of_later_folders_override_and_missing_ones_are_no_error),
		TEST(what_is_no_readable_file_is_reported),
		TEST(any_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
