/* SPDX-License-Identifier: MPL-2.0 */
/* Where this machine is reached. */
#ifndef KITH_NET_ADDRESS_H
#define KITH_NET_ADDRESS_H

#include "base/base.h"
#include "net/limits.h"

/* A numeric address of this machine that others may reach it at: of an interface that is up and not
 * loopback, IPv4 first; 127.0.0.1 when there is none. Zero-terminated. */
KITH_API void net_address_guess(char out[NET_HOST_MAX + 1]);

#endif
