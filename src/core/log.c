/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Log. A line is put together on the stack and leaves by one write, so that lines never mix. */
#include "core/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 4096 };

static const struct {
	const char *name;
	int priority; /* syslog's */
} levels[] = {
	[LOG_LEVEL_DEBUG] = {"DEBUG", LOG_DEBUG},
	[LOG_LEVEL_INFO] = {"INFO", LOG_INFO},
	[LOG_LEVEL_WARNING] = {"WARNING", LOG_WARNING},
	[LOG_LEVEL_ERROR] = {"ERROR", LOG_ERR},
	[LOG_LEVEL_CRITICAL] = {"CRITICAL", LOG_CRIT},
};

static atomic_int threshold = LOG_LEVEL_INFO;
static enum log_sink sink = LOG_SINK_TERMINAL;

void log_open(enum log_sink to, const char *ident)
{
	sink = to;
	if (sink == LOG_SINK_SYSLOG)
		openlog(ident, LOG_NDELAY, LOG_DAEMON);
}

void log_close(void)
{
	if (sink == LOG_SINK_SYSLOG)
		closelog();
	sink = LOG_SINK_TERMINAL;
}

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&threshold, (int)level, memory_order_relaxed);
}

enum log_level log_get_level(void)
{
	return (enum log_level)atomic_load_explicit(&threshold, memory_order_relaxed);
}

int log_level_of(const char *name, enum log_level *level)
{
	for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
		if (strcasecmp(name, levels[i].name) == 0) {
			*level = (enum log_level)i;
			return 0;
		}
	}
	return -EINVAL;
}

/*
 * Length of the UTF-8 character at p (RFC 3629 section 4), 0 when there is none. Overlong forms and
 * surrogates are none; nor are the C1 controls, U+0080 to U+009F, which some terminals obey.
 */
static size_t utf8_length(const unsigned char *p, size_t n)
{
	size_t length;

	if (p[0] < 0x80)
		return 1;
	length = p[0] >= 0xc2 && p[0] <= 0xdf ? 2 : p[0] >= 0xe0 && p[0] <= 0xef ? 3 : 4;
	if (p[0] < 0xc2 || p[0] > 0xf4 || n < length)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((p[0] == 0xc2 && p[1] < 0xa0) || (p[0] == 0xe0 && p[1] < 0xa0) ||
		(p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
		(p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return length;
}

/* Copy text to out, what is no printable character as \xNN; cut where out is full. */
static size_t escape(const char *text, size_t n, char *out, size_t size)
{
	static const char digits[16] = "0123456789abcdef";
	size_t used = 0, length;

	for (size_t i = 0; i < n; i += length) {
		unsigned char c = (unsigned char)text[i];
		bool plain;

		length = utf8_length((const unsigned char *)text + i, n - i);
		plain = length && c >= 0x20 && c != 0x7f;
		if (!plain)
			length = 1;
		if (used + (plain ? length : 4) > size)
			break;
		if (plain) {
			memcpy(out + used, text + i, length);
			used += length;
		} else {
			memcpy(out + used, (char[]){'\\', 'x', digits[c >> 4], digits[c & 15]}, 4);
			used += 4;
		}
	}
	return used;
}

/* What stands before the level: the time on a terminal, the priority for journald. */
static size_t line_head(enum log_level level, char *out, size_t size)
{
	struct timespec now;
	struct tm tm;
	int n = 0;

	if (sink == LOG_SINK_JOURNAL) {
		n = snprintf(out, size, "<%d>", levels[level].priority);
	} else if (sink == LOG_SINK_TERMINAL) {
		clock_gettime(CLOCK_REALTIME, &now);
		localtime_r(&now.tv_sec, &tm);
		n = snprintf(out, size, "%04d-%02d-%02d %02d:%02d:%02d.%03ld ", tm.tm_year + 1900,
			tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
			now.tv_nsec / 1000000);
	}
	return n > 0 ? (size_t)n : 0;
}

static void write_line(const char *line, size_t n)
{
	while (n > 0) {
		ssize_t done = write(STDERR_FILENO, line, n);

		if (done < 0 && errno != EINTR)
			return; /* nobody left to tell */
		if (done > 0) {
			line += done;
			n -= (size_t)done;
		}
	}
}

void log_line(enum log_level level, const char *name, const char *format, ...)
{
	char text[LINE_MAX_BYTES], line[LINE_MAX_BYTES];
	size_t used;
	va_list ap;
	int head, n;

	if (level < log_get_level())
		return;
	va_start(ap, format);
	n = vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n >= sizeof text)
		n = (int)sizeof text - 1;

	used = line_head(level, line, sizeof line);
	head = snprintf(line + used, sizeof line - used, "%-8s [%.64s] ", levels[level].name, name);
	used += head > 0 ? (size_t)head : 0;
	used += escape(text, (size_t)n, line + used, sizeof line - used - 1);
	if (sink == LOG_SINK_SYSLOG) {
		line[used] = '\0';
		syslog(levels[level].priority, "%s", line);
	} else {
		line[used++] = '\n';
		write_line(line, used);
	}
}
