/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Registry: which application gets a request (spec 1.3). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "apps/registry.h"

static unsigned complaints;

static void count_complaint(void *arg, const char *file, unsigned line, const char *text)
{
	complaints++;
}

struct fixture {
	struct loop *loop;
	struct config *config;
	struct app_context context;
	struct app_registry *registry;
};

static int start(struct fixture *f, char **map, size_t n_map, char **disabled, size_t n_disabled,
	const char *preset)
{
	struct app_registry_settings settings = {preset, {map, n_map}, {disabled, n_disabled}};

	complaints = 0;
	*f = (struct fixture){0};
	assert_int_equal(loop_new(&f->loop), 0);
	assert_int_equal(config_new(&f->config), 0);
	f->context = (struct app_context){
		.loop = f->loop, .config = f->config, .config_error = count_complaint};
	return app_registry_new(&f->registry, &f->context, &settings);
}

static void stop(struct fixture *f)
{
	app_registry_free(f->registry);
	config_free(f->config);
	loop_close(f->loop);
}

static void assert_selected(
	const struct fixture *f, const char *asked, const char *user, const char *name)
{
	char target[128];
	struct slice got;

	snprintf(target, sizeof target, "%s@example.org", user);
	got = app_registry_select(f->registry, slice_str(asked), slice_str(target), slice_str(user),
		SLICE("example.org"));
	assert_true(slice_eq(got, slice_str(name)));
}

static void full_address_goes_before_host_and_host_before_user(void **state)
{
	char *map[] = {"ann:by-user", "example.org:by-host", "ann@example.org:by-address"};
	struct fixture f;

	assert_int_equal(start(&f, map, 3, NULL, 0, "conference"), 0);
	assert_selected(&f, "", "ann", "by-address");
	assert_selected(&f, "", "bob", "by-host");
	stop(&f);
}

static void user_is_matched_exactly_and_with_case(void **state)
{
	char *map[] = {"echo : echo"};
	struct fixture f;

	assert_int_equal(start(&f, map, 1, NULL, 0, "conference"), 0);
	assert_selected(&f, "", "echo", "echo");
	assert_selected(&f, "", "Echo", "conference");
	assert_selected(&f, "", "echo2", "conference");
	stop(&f);
}

static void header_names_the_application_outright(void **state)
{
	char *map[] = {"echo:echo"};
	struct fixture f;

	assert_int_equal(start(&f, map, 1, NULL, 0, "conference"), 0);
	assert_selected(&f, "playback", "echo", "playback");
	stop(&f);
}

static void item_without_colon_stops_the_start(void **state)
{
	char *bad[] = {"echo", "a:b:c", ":echo", "echo:"};
	struct fixture f;

	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(start(&f, &bad[i], 1, NULL, 0, "conference"), -EINVAL);
		assert_int_equal(complaints, 1);
		stop(&f);
	}
}

static void unknown_default_falls_back_to_conference(void **state)
{
	struct fixture f;

	assert_int_equal(start(&f, NULL, 0, NULL, 0, "nonsense"), 0);
	assert_selected(&f, "", "anybody", "conference");
	stop(&f);
}

/* A session that remembers how it was refused. */
static unsigned refused_with;

static void fake_reject(struct session *session, unsigned status)
{
	refused_with = status;
}

static void disabled_application_answers_404(void **state)
{
	static const struct session_signalling fake = {.reject = fake_reject};
	char *map[] = {"echo:echo"}, *disabled[] = {"echo"};
	struct session session = {0};
	struct fixture f;

	refused_with = 0;
	assert_int_equal(start(&f, map, 1, disabled, 1, "conference"), 0);
	session_init(&session, f.loop, &fake, SESSION_INCOMING);
	session.target = SLICE("echo@example.org");
	session.user = SLICE("echo");
	session.host = SLICE("example.org");
	app_registry_session(f.registry, &session);
	assert_int_equal(refused_with, 404);
	stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_address_goes_before_host_and_host_before_user),
		cmocka_unit_test(user_is_matched_exactly_and_with_case),
		cmocka_unit_test(header_names_the_application_outright),
		cmocka_unit_test(item_without_colon_stops_the_start),
		cmocka_unit_test(unknown_default_falls_back_to_conference),
		cmocka_unit_test(disabled_application_answers_404),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
