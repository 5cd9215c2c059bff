/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzz: SRTP and SRTCP packets. The first byte chooses suite and MKI; then records: what to do (one
 * byte), length (one byte), packet. A packet comes from the network as it is, or is protected first,
 * so that everything behind the tag is reached too. What is refused must be left as it was.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/id.h"
#include "media/srtp.h"
#include "media/srtp_cipher.h"

enum {
	RECEIVE,
	RECEIVE_RTCP,
	PASS,
	PASS_RTCP,
	NEW_KEY,
	OPERATIONS,
};

struct peers {
	struct srtp_key key;
	struct srtp *send, *receive;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
	if (!holds)
		abort();
}

static void make_peers(struct peers *peers, uint8_t choice)
{
	srtp_key_make(&peers->key, 1 + choice % (SRTP_SUITES - 1));
	check(srtp_new(&peers->send, &peers->key, true) == 0);
	peers->key.mki_size = (uint8_t)(choice & 0x80 ? choice % 5 : 0);
	check(srtp_new(&peers->receive, &peers->key, false) == 0);
}

static void free_peers(struct peers *peers)
{
	srtp_free(peers->send);
	srtp_free(peers->receive);
}

static void change_key(struct peers *peers, uint8_t choice)
{
	struct peers new;

	make_peers(&new, choice);
	srtp_inherit(new.send, peers->send);
	srtp_inherit(new.receive, peers->receive);
	free_peers(peers);
	*peers = new;
}

static void receive(struct peers *peers, const uint8_t *p, size_t n, int rtcp)
{
	uint8_t *copy = malloc(n + 1);
	size_t size = n;
	int err;

	check(copy != NULL);
	memcpy(copy, p, n);
	err = rtcp ? srtp_open_rtcp(peers->receive, copy, &size)
		   : srtp_open(peers->receive, copy, &size);
	check(err || size < n);
	check(!err || (size == n && memcmp(copy, p, n) == 0));
	free(copy);
}

/* Without an MKI, what was protected comes back, unless it was there before. */
static void pass(struct peers *peers, const uint8_t *p, size_t n, int rtcp)
{
	uint8_t sent[SRTP_MAX_PACKET];
	size_t size = n;
	int err;

	memcpy(sent, p, n);
	err = rtcp ? srtp_seal_rtcp(peers->send, sent, &size) : srtp_seal(peers->send, sent, &size);
	if (err)
		return;
	receive(peers, sent, size, rtcp);
	err = rtcp ? srtp_open_rtcp(peers->receive, sent, &size)
		   : srtp_open(peers->receive, sent, &size);
	check(peers->key.mki_size || err == -EALREADY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct peers peers;

	if (size == 0)
		return 0;
	random_seed_for_test(1);
	make_peers(&peers, data[0]);
	data++;
	size--;
	while (size >= 2) {
		uint8_t operation = data[0] % OPERATIONS, choice = data[0];
		size_t n = data[1];

		data += 2;
		size -= 2;
		n = n < size ? n : size;
		if (operation == NEW_KEY)
			change_key(&peers, choice);
		else if (operation == PASS || operation == PASS_RTCP)
			pass(&peers, data, n, operation == PASS_RTCP);
		else
			receive(&peers, data, n, operation == RECEIVE_RTCP);
		data += n;
		size -= n;
	}
	free_peers(&peers);
	return 0;
}
