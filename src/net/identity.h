/* SPDX-License-Identifier: MPL-2.0 */
/* The server's identity key: what devices pin, and what signs its TLS certificates and its directory's log. */
#ifndef KITH_NET_IDENTITY_H
#define KITH_NET_IDENTITY_H

#include "base/base.h"
#include "crypto/crypto.h"

#define NET_IDENTITY_LEN 32u /* public key, Ed25519 */

/* Read-only after it was made, so any thread may use it. */
typedef struct net_identity net_identity;

/* Reads the identity in the file `path`; when there is no such file, makes an identity and saves it
 * there, mode 0600, durable before it is used. MALFORMED: the file is something else; it is left
 * alone. DENIED, NOT_FOUND, STORE: see net_file_save. */
KITH_API KITH_MUST_USE kith_err net_identity_open(const char *path, net_identity **out);
KITH_API void net_identity_free(net_identity *identity);
/* The key itself, to sign what devices are to believe beside certificates; to be freed by the caller. */
KITH_API KITH_MUST_USE kith_err net_identity_key(const net_identity *identity, crypto *c,
                                                 crypto_sign_key **out);
/* NET_IDENTITY_LEN bytes, borrowed. */
KITH_API kith_bytes net_identity_public(const net_identity *identity);

#endif
