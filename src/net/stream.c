/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stream: calls go to the link, whichever it is. */
#include "net/stream.h"

void stream_set_handlers(struct stream *s, const struct stream_handlers *handlers, void *arg)
{
	s->handlers = handlers;
	s->arg = arg;
}

int stream_write(struct stream *s, struct slice bytes)
{
	return s->ops->write(s, bytes);
}

void stream_pause(struct stream *s)
{
	s->ops->pause(s);
}

void stream_resume(struct stream *s)
{
	s->ops->resume(s);
}

void stream_close(struct stream *s)
{
	s->ops->close(s);
}

size_t stream_queued(const struct stream *s)
{
	return s->ops->queued(s);
}

void stream_await_drained(struct stream *s)
{
	s->ops->await_drained(s);
}
