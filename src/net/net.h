/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The front header of src/net: loops, timers, TLS to and from the pinned server, the local socket.
 * The only folder that knows sockets, libuv and OpenSSL's TLS. It moves bytes and knows nothing of
 * what they mean.
 *
 * Threads: every object belongs to the thread that runs its loop, unless its comment says otherwise.
 */
#ifndef KITH_NET_NET_H
#define KITH_NET_NET_H

#include "net/address.h"
#include "net/client.h"
#include "net/file.h"
#include "net/identity.h"
#include "net/limits.h"
#include "net/local.h"
#include "net/loop.h"
#include "net/report.h"
#include "net/server.h"

#endif
