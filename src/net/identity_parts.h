/* SPDX-License-Identifier: MPL-2.0 */
/* The inside of an identity, for the file that makes certificates. */
#ifndef KITH_NET_IDENTITY_PARTS_H
#define KITH_NET_IDENTITY_PARTS_H

#include <openssl/evp.h>

#include "net/identity.h"

struct net_identity {
    EVP_PKEY *key;
    uint8_t public_key[NET_IDENTITY_LEN];
};

#endif
