/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The hosts file: "address name alias ..." a line, # begins a comment. */
#include "net/hosts.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/mem.h"

enum { MAX_FILE = 1024 * 1024 };

void hosts_init(struct hosts *hosts, const char *path)
{
	*hosts = (struct hosts){.path = path};
}

void hosts_free(struct hosts *hosts)
{
	mem_free(hosts->text);
	hosts->text = NULL;
	hosts->n = 0;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void read_file(struct hosts *hosts, size_t size)
{
	int fd = open(hosts->path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return;
	hosts->text = mem_zalloc(size + 1);
	got = hosts->text ? read(fd, hosts->text, size) : 0;
	hosts->n = got > 0 ? (size_t)got : 0;
	close(fd);
}

static void refresh(struct hosts *hosts)
{
	struct stat now = {0};

	if (stat(hosts->path, &now) < 0 || !S_ISREG(now.st_mode) || now.st_size > MAX_FILE) {
		hosts_free(hosts);
		return;
	}
	if (hosts->text && same_file(&now, &hosts->seen))
		return;
	hosts_free(hosts);
	hosts->seen = now;
	read_file(hosts, (size_t)now.st_size);
}

/* The next word of a line; false at its end. */
static bool next_word(struct slice *line, struct slice *word)
{
	size_t n = 0;

	*line = slice_trim(*line);
	while (n < line->n && line->p[n] != ' ' && line->p[n] != '\t')
		n++;
	*word = slice_of(line->p, n);
	*line = slice_of(line->p + n, line->n - n);
	return n > 0;
}

static bool line_names(struct slice line, struct slice name)
{
	struct slice word;

	while (next_word(&line, &word)) {
		if (word.p[word.n - 1] == '.')
			word.n--;
		if (slice_eq_nocase(word, name))
			return true;
	}
	return false;
}

size_t hosts_find(struct hosts *hosts, const char *name, int family, struct addr *addrs, size_t max,
	bool *known)
{
	struct slice rest, line, word;
	size_t n = 0;

	*known = false;
	refresh(hosts);
	rest = slice_of(hosts->text, hosts->n);
	while (slice_cut(&rest, '\n', &line)) {
		struct slice text;
		struct addr addr;

		slice_cut(&line, '#', &text);
		if (!next_word(&text, &word) || addr_parse(word, 0, &addr) < 0 ||
			!line_names(text, slice_str(name)))
			continue;
		*known = true;
		if (addr_family(&addr) == family && n < max)
			addrs[n++] = addr;
	}
	return n;
}
