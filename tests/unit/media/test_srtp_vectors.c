/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The test vectors of RFC 3711 appendix B, RFC 6188 section 7 and RFC 7714 sections 16 and 17. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "media/srtp_cipher.h"
#include "media/srtp_kdf.h"

/* Bytes from hexadecimal digits; blanks are skipped. */
static size_t hex(const char *text, uint8_t *out)
{
	size_t n = 0;
	unsigned byte;
	int used;

	while (sscanf(text, " %2x%n", &byte, &used) == 1) {
		out[n++] = (uint8_t)byte;
		text += used;
	}
	return n;
}

static void assert_hex(const uint8_t *p, const char *expected)
{
	uint8_t bytes[256];
	size_t n = hex(expected, bytes);

	assert_memory_equal(p, bytes, n);
}

/* ---- counter mode ------------------------------------------------------------------------------ */

#define KEYSTREAM 1044512 /* bytes: 65282 blocks, up to the counter ff01 */

static void check_keystream(const char *key_text, const char *start_of[6])
{
	static const unsigned blocks[6] = {0, 1, 2, 0xfeff, 0xff00, 0xff01};
	uint8_t key[32], start[16], *stream = calloc(1, KEYSTREAM);
	size_t key_size = hex(key_text, key);
	EVP_CIPHER_CTX *aes = srtp_aes_new(key, key_size);

	assert_non_null(stream);
	assert_non_null(aes);
	hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000", start);
	assert_int_equal(srtp_aes_cm(aes, start, 0, stream, KEYSTREAM), 0);
	for (unsigned i = 0; i < 6; i++)
		assert_hex(stream + 16 * (size_t)blocks[i], start_of[i]);
	EVP_CIPHER_CTX_free(aes);
	free(stream);
}

static void counter_mode_gives_the_keystream_of_rfc_3711(void **state)
{
	check_keystream("2B7E151628AED2A6ABF7158809CF4F3C",
		(const char *[]){"E03EAD0935C95E80E166B16DD92B4EB4",
			"D23513162B02D0F72A43A2FE4A5F97AB", "41E95B3BB0A2E8DD477901E4FCA894C0",
			"EC8CDF7398607CB0F2D21675EA9EA1E4", "362B7C3C6773516318A077D7FC5073AE",
			"6A2CC3787889374FBEB4C81B17BA6C44"});
}

static void counter_mode_gives_the_keystream_of_rfc_6188(void **state)
{
	check_keystream("57f82fe3613fd170a85ec93c40b1f0922ec4cb0dc025b58272147cc438944a98",
		(const char *[]){"92bdd28a93c3f52511c677d08b5515a4",
			"9da71b2378a854f67050756ded165bac", "63c4868b7096d88421b563b8c94c9a31",
			"cea518c90fd91ced9cbb18c078a54711", "3dbc4814f4da5f00a08772b63c6a046d",
			"6eb246913062a16891433e97dd01a57f"});
}

/* ---- key derivation ---------------------------------------------------------------------------- */

static void check_derivation(const char *key_text, const char *salt_text, const char *key_out,
	const char *salt_out, const char *auth_out)
{
	uint8_t key[32], salt[14], out[94];
	size_t key_size = hex(key_text, key), salt_size = hex(salt_text, salt);
	struct srtp_kdf kdf;

	assert_int_equal(srtp_kdf_init(&kdf, key, key_size, salt, salt_size), 0);
	assert_int_equal(srtp_kdf_derive(&kdf, SRTP_LABEL_KEY, out, key_size), 0);
	assert_hex(out, key_out);
	assert_int_equal(srtp_kdf_derive(&kdf, SRTP_LABEL_SALT, out, 14), 0);
	assert_hex(out, salt_out);
	assert_int_equal(srtp_kdf_derive(&kdf, SRTP_LABEL_AUTH, out, sizeof out), 0);
	assert_hex(out, auth_out);
	srtp_kdf_free(&kdf);
}

static void session_keys_are_derived_as_in_rfc_3711(void **state)
{
	check_derivation("E1F97A0D3E018BE0D64FA32C06DE4139", "0EC675AD498AFEEBB6960B3AABE6",
		"C61E7A93744F39EE10734AFE3FF7A087", "30CBBC08863D8C85D49DB34A9AE1",
		"CEBE321F6FF7716B6FD4AB49AF256A15 6D38BAA48F0A0ACF3C34E2359E6CDBCE"
		"E049646C43D9327AD175578EF7227098 6371C10C9A369AC2F94A8C5FBCDDDC25"
		"6D6E919A48B610EF17C2041E47403576 6B68642C59BBFC2F34DB60DBDFB2");
}

static void session_keys_are_derived_as_in_rfc_6188(void **state)
{
	check_derivation("f0f04914b513f2763a1b1fa130f10e29 98f6f6e43e4309d1e622a0e332b9f1b6",
		"3b04803de51ee7c96423ab5b78d2",
		"5ba1064e30ec51613cad926c5a28ef73 1ec7fb397f70a960653caf06554cd8c4",
		"fa31791685ca444a9e07c6c64e93", "fd9c32d39ed5fbb5a9dc96b30818454d1313dc05");
}

/* ---- HMAC-SHA1 --------------------------------------------------------------------------------- */

static void saved_states_give_the_hmacs_of_rfc_2202(void **state)
{
	struct hmac_sha1 hmac;
	uint8_t key[20], out[HMAC_SHA1_SIZE], data[50];

	memset(key, 0x0b, sizeof key);
	hmac_sha1_init(&hmac, key, sizeof key);
	hmac_sha1(&hmac, (const uint8_t *)"Hi T", 4, (const uint8_t *)"here", 4, out);
	assert_hex(out, "b617318655057264e28bc0b6fb378c8ef146be00");
	memset(key, 0xaa, sizeof key);
	memset(data, 0xdd, sizeof data);
	hmac_sha1_init(&hmac, key, sizeof key);
	hmac_sha1(&hmac, data, sizeof data, data, 0, out);
	assert_hex(out, "125d7342b9ac11cd91a39af48aa17b4f63f175d3");
}

/* ---- AES-GCM ----------------------------------------------------------------------------------- */

#define RTP_PACKET                                                                \
	"8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976" \
	"69736120 696e2070 61727465 73207472 6573"
#define RTCP_PACKET                                                               \
	"81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61" \
	"deadbeef deadbeef deadbeef deadbeef deadbeef"

/* Key 00 01 02 ..., salt "Quid pro quo": of all examples. */
static void init_gcm(struct srtp_cipher *c, size_t key_size, bool sending)
{
	static const uint8_t salt[SRTP_SALT_SIZE] = "Quid pro quo";
	uint8_t key[32];
	struct srtp_session_key session = {.key = key, .salt = salt, .key_size = key_size};

	for (unsigned i = 0; i < sizeof key; i++)
		key[i] = (uint8_t)i;
	memset(c, 0, sizeof *c);
	assert_int_equal(srtp_gcm_ops.init(c, &session, sending), 0);
}

/* Seal what is at p, compare with the expected packet and tag, and open it again. */
static void check_gcm(size_t key_size, struct srtp_text text, const char *packet,
	const char *sealed, const char *expected_tag)
{
	struct srtp_cipher c;
	uint8_t p[128], tag[SRTP_MAX_TAG];

	text.p = p;
	text.size = hex(packet, p);
	if (text.head == 0)
		text.head = text.size;
	init_gcm(&c, key_size, true);
	assert_int_equal(srtp_gcm_ops.seal(&c, &text, tag, sizeof tag), 0);
	srtp_cipher_free(&c);
	assert_hex(p, sealed);
	assert_hex(tag, expected_tag);
	init_gcm(&c, key_size, false);
	tag[15] ^= 1;
	assert_int_equal(srtp_gcm_ops.open(&c, &text, tag, sizeof tag), -EBADMSG);
	assert_hex(p, sealed);
	tag[15] ^= 1;
	assert_int_equal(srtp_gcm_ops.open(&c, &text, tag, sizeof tag), 0);
	srtp_cipher_free(&c);
	assert_hex(p, packet);
}

static void gcm_seals_rtp_as_in_rfc_7714(void **state)
{
	struct srtp_text text = {.head = 12, .ssrc = 0x5501a0b2, .index = 0xf17b};

	check_gcm(16, text, RTP_PACKET,
		"8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5"
		"0d294e6f 42a5f47a 51c7d19b 36de3adf 8833",
		"899d7f27 beb16a91 52cf765e e4390cce");
	check_gcm(32, text, RTP_PACKET,
		"8040f17b 8041f8d3 5501a0b2 32b1de78 a822fe12 ef9f78fa 332e33aa b1801238"
		"9a58e2f3 b50b2a02 76ffae0f 1ba63799 b87b",
		"7aa3db36 dfffd6b0 f9bb7878 d7a76c13");
}

static void gcm_only_tags_rtp_as_in_rfc_7714(void **state)
{
	struct srtp_text text = {.ssrc = 0x5501a0b2, .index = 0xf17b};

	check_gcm(16, text, RTP_PACKET, RTP_PACKET, "22493f82d2bce397e9d79e3b19aa4216");
	check_gcm(32, text, RTP_PACKET, RTP_PACKET, "a866d5910f887463067ceefec45215d4");
}

static void gcm_seals_rtcp_as_in_rfc_7714(void **state)
{
	struct srtp_text text = {.head = 8,
		.ssrc = 0x4d617273,
		.index = 0x5d4,
		.rtcp = true,
		.word = {0x80, 0, 0x05, 0xd4}};

	check_gcm(16, text, RTCP_PACKET,
		"81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d"
		"c676a5f1 730d6fda 4ce09b46 86303ded 0bb9275b",
		"c84aa458 96cf4d2f c5abf872 45d9eade");
	check_gcm(32, text, RTCP_PACKET,
		"81c8000d 4d617273 d50ae4d1 f5ce5d30 4ba297e4 7d470c28 2c3ece5d bffe0a50"
		"a2eaa5c1 110555be 8415f658 c61de047 6f1b6fad",
		"1d1eb30c 4446839f 57ff6f6c b26ac3be");
}

static void gcm_only_tags_rtcp_as_in_rfc_7714(void **state)
{
	struct srtp_text text = {
		.ssrc = 0x4d617273, .index = 0x5d4, .rtcp = true, .word = {0, 0, 0x05, 0xd4}};

	check_gcm(16, text, RTCP_PACKET, RTCP_PACKET, "841dd9683dd78ec92ae58790125f62b3");
	check_gcm(32, text, RTCP_PACKET, RTCP_PACKET, "91db4afbfeee5a978fab4393ed2615fe");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counter_mode_gives_the_keystream_of_rfc_3711),
		cmocka_unit_test(counter_mode_gives_the_keystream_of_rfc_6188),
		cmocka_unit_test(session_keys_are_derived_as_in_rfc_3711),
		cmocka_unit_test(session_keys_are_derived_as_in_rfc_6188),
		cmocka_unit_test(saved_states_give_the_hmacs_of_rfc_2202),
		cmocka_unit_test(gcm_seals_rtp_as_in_rfc_7714),
		cmocka_unit_test(gcm_only_tags_rtp_as_in_rfc_7714),
		cmocka_unit_test(gcm_seals_rtcp_as_in_rfc_7714),
		cmocka_unit_test(gcm_only_tags_rtcp_as_in_rfc_7714),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
