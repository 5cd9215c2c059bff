/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finding a free pair of ports for RTP and RTCP. */
#include "media/port_bind.h"

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include "core/id.h"

static bool is_used(const struct port_range *range, unsigned port)
{
	return range->used[port / 128] >> (port / 2 % 64) & 1;
}

void port_release(struct port_range *range, uint16_t port)
{
	range->used[port / 128] &= ~(1ULL << (port / 2 % 64));
}

static int bind_one(const struct addr *local, unsigned port, int *fd)
{
	struct addr at = *local;
	int one = 1;

	addr_set_port(&at, (uint16_t)port);
	*fd = socket(addr_family(&at), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return -errno;
	if (addr_family(&at) == AF_INET6)
		setsockopt(*fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
	return bind(*fd, &at.u.sa, at.len) < 0 ? -errno : 0;
}

static int bind_pair(const struct addr *local, unsigned port, int fds[2])
{
	int err;

	fds[0] = fds[1] = -1;
	err = bind_one(local, port, &fds[0]);
	if (!err)
		err = bind_one(local, port + 1, &fds[1]);
	if (err) {
		for (int i = 0; i < 2; i++) {
			if (fds[i] >= 0)
				close(fds[i]);
		}
	}
	return err;
}

int port_bind(struct port_range *range, const struct addr *local, int fds[2], struct addr *bound)
{
	unsigned first = (range->min + 1U) & ~1U;
	/* Both ports of a pair lie below max. */
	unsigned pairs = range->max > first ? (range->max - first) / 2U : 0;
	unsigned start = pairs ? random_below(pairs) : 0;

	for (unsigned i = 0; i < pairs; i++) {
		unsigned port = first + 2 * ((start + i) % pairs);
		int err;

		if (is_used(range, port))
			continue;
		err = bind_pair(local, port, fds);
		if (err == -EADDRINUSE)
			continue;
		if (err)
			return err;
		range->used[port / 128] |= 1ULL << (port / 2 % 64);
		*bound = *local;
		addr_set_port(bound, (uint16_t)port);
		return 0;
	}
	return -EADDRINUSE;
}
