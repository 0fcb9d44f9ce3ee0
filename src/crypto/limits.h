/* SPDX-License-Identifier: MPL-2.0 */
/* What a caller or peer can make this layer process at once. */
#ifndef KITH_CRYPTO_LIMITS_H
#define KITH_CRYPTO_LIMITS_H

/* Longest text sealed or opened in one call, and longest message signed, hashed in one part or given
 * as associated data: OpenSSL counts several of them in an int. */
#define CRYPTO_AEAD_TEXT_MAX 0x7fff0000u
/* Longest input of CPace: enough for addresses and ids, short enough for the stack of a device. */
#define CRYPTO_PAKE_INPUT_MAX 1024u
/* Argon2id: 4 GiB of memory, and passes that end within minutes. */
#define CRYPTO_PASSWORD_PASSES_MAX 64u
#define CRYPTO_PASSWORD_KIB_MAX 4194304u
/* Longest input of the VRF: each of its candidates for a point hashes it again. */
#define CRYPTO_VRF_INPUT_MAX 1024u

/* Certificates in one chain, and bytes of one. */
#define CRYPTO_CHAIN_MAX 8u
#define CRYPTO_CERTIFICATE_MAX 65536u

#endif
