/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The front header of layer 1: hashes, key derivation, AEAD, signatures, KEMs, HPKE, a PAKE and
 * randomness, composed from OpenSSL and, for Kith, libsodium. No primitive is written here, nothing is kept in
 * globals, no algorithm is looked up by name after crypto_new.
 *
 * Rules for every function: `crypto` is an object of one thread at a time; inputs are borrowed during
 * the call; an output is written only on success and, where it is a kith_buf, appended to; a secret in
 * an output replaces (and wipes) what was there. Errors beside the named ones: NO_MEMORY, NO_RANDOM
 * (the rng port failed), CRYPTO (the library failed without a reason), UNSUPPORTED (an id outside the
 * enums), INVALID (a length that only a programmer's mistake explains).
 */
#ifndef KITH_CRYPTO_CRYPTO_H
#define KITH_CRYPTO_CRYPTO_H

#include "crypto/aead.h"
#include "crypto/context.h"
#include "crypto/dh.h"
#include "crypto/hash.h"
#include "crypto/hpke.h"
#include "crypto/kem.h"
#include "crypto/limits.h"
#include "crypto/pake.h"
#include "crypto/password.h"
#include "crypto/sign.h"
#include "crypto/vrf.h"
#include "crypto/x509.h"

#endif
