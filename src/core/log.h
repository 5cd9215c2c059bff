/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Log: one line says what happened to whom, and what to do about it. A line reads
 * "LEVEL    [name] text", the name being the application's or "sylk.core" (level padded to 8).
 * Any thread may log; the packet path does not.
 */
#ifndef CORE_LOG_H
#define CORE_LOG_H

enum log_level {
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_INFO,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_ERROR,
	LOG_LEVEL_CRITICAL
};

/* Where lines go: the terminal (with a timestamp), syslog, or journald (priority prefix). */
enum log_sink { LOG_SINK_TERMINAL, LOG_SINK_SYSLOG, LOG_SINK_JOURNAL };

/* ident: what syslog calls us. Call before other threads start. */
void log_open(enum log_sink sink, const char *ident);
void log_close(void);

void log_set_level(enum log_level level);
enum log_level log_get_level(void);

/* Level of a name like "info", any case. Returns 0 or -EINVAL. */
int log_level_of(const char *name, enum log_level *level);

/*
 * Write one line. Control bytes in it are written as \xNN, so that no peer can forge a line; it is
 * cut at 4 KB.
 */
void log_line(enum log_level level, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define log_debug(name, ...)                                          \
	do {                                                          \
		if (log_get_level() <= LOG_LEVEL_DEBUG)               \
			log_line(LOG_LEVEL_DEBUG, name, __VA_ARGS__); \
	} while (0)
#define log_info(name, ...) log_line(LOG_LEVEL_INFO, name, __VA_ARGS__)
#define log_warning(name, ...) log_line(LOG_LEVEL_WARNING, name, __VA_ARGS__)
#define log_error(name, ...) log_line(LOG_LEVEL_ERROR, name, __VA_ARGS__)
#define log_critical(name, ...) log_line(LOG_LEVEL_CRITICAL, name, __VA_ARGS__)

#endif
