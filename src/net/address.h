/* SPDX-License-Identifier: MPL-2.0 */
/* Hosts and ports as people write them. */
#ifndef KITH_NET_ADDRESS_H
#define KITH_NET_ADDRESS_H

#include "base/base.h"
#include "net/limits.h"

typedef struct net_address {
    char host[NET_HOST_MAX + 1]; /* a name or a number, IPv6 without brackets */
    uint16_t port; /* 0: none was given */
} net_address;

/* Reads HOST, HOST:PORT, [IPV6] or [IPV6]:PORT; a bare IPv6 address is a host without a port.
 * MALFORMED: an empty or too long host, a character that no host has, a port outside 1..65535. */
KITH_API KITH_MUST_USE kith_err net_address_parse(kith_bytes text, net_address *out);
/* Writes the same form, brackets where needed; the port is left out when it is 0. */
KITH_API KITH_MUST_USE kith_err net_address_write(const net_address *address, kith_buf *out);
/* An address of this machine that others may reach it at: an interface that is up and not loopback,
 * IPv4 first; 127.0.0.1 when there is none. The port is 0. */
KITH_API KITH_MUST_USE kith_err net_address_guess(net_address *out);

#endif
