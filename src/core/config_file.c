/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Configuration: finding, loading and watching the files. */
#include "core/config_raw.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/mem.h"

static void take_stamp(const struct stat *st, struct config_stamp *stamp)
{
	stamp->seconds = (long long)st->st_mtim.tv_sec;
	stamp->nanoseconds = (long long)st->st_mtim.tv_nsec;
	stamp->size = (long long)st->st_size;
}

/* How path stands now; all zero when it is not there. */
static void look_at(const char *path, struct config_stamp *stamp)
{
	struct stat st;

	*stamp = (struct config_stamp){0};
	if (stat(path, &st) == 0)
		take_stamp(&st, stamp);
}

static struct config_stamp *add_stamp(struct config *config, const char *path)
{
	struct config_stamp *stamp = mem_zalloc(sizeof *stamp);

	if (!stamp)
		return NULL;
	stamp->path = slice_dup(slice_str(path));
	if (!stamp->path) {
		mem_free(stamp);
		return NULL;
	}
	list_append(&config->stamps, &stamp->node);
	return stamp;
}

bool config_changed(const struct config *config)
{
	struct list_node *at, *next;

	LIST_FOR_EACH(at, next, &config->stamps) {
		const struct config_stamp *then = CONTAINER_OF(at, struct config_stamp, node);
		struct config_stamp now;

		look_at(then->path, &now);
		if (now.seconds != then->seconds || now.nanoseconds != then->nanoseconds ||
			now.size != then->size)
			return true;
	}
	return false;
}

/* Append what fd holds, at most one byte more than is allowed. 0 or a negative errno. */
static int read_all(int fd, struct buf *text)
{
	char piece[4096];
	ssize_t n;

	while (text->n <= CONFIG_MAX_FILE) {
		n = read(fd, piece, sizeof piece);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		buf_append(text, piece, (size_t)n);
		if (text->err)
			return text->err;
	}
	return 0;
}

/* 0, -ENOMEM, or another error of opening or reading. */
static int load_file(const char *path, struct config_stamp *stamp, struct buf *text)
{
	struct stat st;
	int fd, err = 0;

	/* A FIFO of that name must not make us wait for its writer. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		err = -errno;
	else if (!S_ISREG(st.st_mode))
		err = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	if (!err) {
		take_stamp(&st, stamp);
		err = read_all(fd, text);
	}
	close(fd);
	return err;
}

static int read_file(
	struct config *config, const char *dir, const char *file, config_error_fn *error, void *arg)
{
	struct config_stamp *stamp = NULL;
	struct buf path, text;
	int err = 0;

	buf_init(&path, 4096);
	buf_init(&text, CONFIG_MAX_FILE + 4096);
	buf_printf(&path, "%s/%s", dir, file);
	buf_char(&path, '\0');
	if (!path.err)
		stamp = add_stamp(config, path.p);
	if (path.err == -ENOBUFS) {
		error(arg, dir, 0, "the name of this folder is too long");
	} else if (!stamp) {
		err = -ENOMEM;
	} else {
		err = load_file(path.p, stamp, &text);
		if (!err)
			err = config_read_text(config, file, path.p, buf_view(&text), error, arg);
		else if (err != -ENOENT && err != -ENOTDIR && err != -ENOMEM)
			error(arg, path.p, 0, strerror(-err));
	}
	buf_free(&path);
	buf_free(&text);
	return err == -ENOMEM ? err : 0;
}

/* Whether the section at index is the first one of its file. */
static bool is_first_of_file(const struct config_section *const *sections, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (strcmp(sections[i]->file, sections[index]->file) == 0)
			return false;
	}
	return true;
}

int config_read(struct config **configp, const char *const *dirs,
	const struct config_section *const *sections, config_error_fn *error, void *arg)
{
	struct config *config;
	int err = config_new(&config);

	*configp = NULL;
	for (size_t i = 0; !err && sections[i]; i++) {
		if (!is_first_of_file(sections, i))
			continue;
		for (size_t d = 0; !err && dirs[d]; d++)
			err = read_file(config, dirs[d], sections[i]->file, error, arg);
	}
	if (err)
		config_free(config);
	else
		*configp = config;
	return err;
}
