/* SPDX-License-Identifier: MPL-2.0 */
/* What a peer, a local program or the network can make this layer hold, wait for or repeat. */
#ifndef KITH_NET_LIMITS_H
#define KITH_NET_LIMITS_H

/* Client. Bytes queued for the server before send answers LIMIT: eight of the largest frames. */
#define NET_CLIENT_QUEUE_MAX (8u << 20)
/* From dial to a finished handshake. */
#define NET_CLIENT_DIAL_MS 15000u
/* For one of several addresses of a name. */
#define NET_CLIENT_ADDRESS_MS 4000u
/* Without any progress while bytes wait to be written. */
#define NET_CLIENT_STALL_MS 30000u

/* Local socket. Connections at once; bytes queued for one of them before send answers LIMIT. */
#define NET_LOCAL_CONNS_MAX 64u
#define NET_LOCAL_QUEUE_MAX (16u << 20)

/* Longest host name [RFC1035 §2.3.4], and longest file that net_file_load reads. */
#define NET_HOST_MAX 253u
#define NET_FILE_MAX 65536u

#endif
