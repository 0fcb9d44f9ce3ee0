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

/* Server. Loops, and addresses that it listens on. */
#define NET_LOOPS_MAX 64u
#define NET_LISTENERS_MAX 16u
/* Connections of one loop: in all, of one source (an IPv4 address or an IPv6 /64), and those that are not done
 * with their handshake, where a new one takes the place of the oldest. */
#define NET_CONNS_MAX 100000u
#define NET_SOURCE_CONNS_MAX 1024u
#define NET_HANDSHAKES_MAX 1024u
/* From accept to a finished handshake; HELLO has a limit of its own in the relay. */
#define NET_HANDSHAKE_MS 10000u
/* Without a byte from the device: six of its pings. */
#define NET_IDLE_MS 180000u
/* Without the device taking anything of what waits for it. */
#define NET_STALL_MS 30000u
/* Connections accepted, and steps of handshakes done, in one turn of a loop: the rest takes turns with those
 * that are up. */
#define NET_ACCEPTS_TURN 32u
#define NET_HANDSHAKES_TURN 8u
/* Bytes that one connection is given ahead of what its socket takes. */
#define NET_FILL_LEN 65536u
/* What a drain waits for work that was begun. */
#define NET_DRAIN_MS 5000u

/* A report: who asks at once, for how long, and with how long a request. */
#define NET_REPORT_CONNS_MAX 8u
#define NET_REPORT_MS 5000u
#define NET_REPORT_REQUEST_MAX 8192u

/* Longest host name [RFC1035 §2.3.4], and longest file that net_file_load reads. */
#define NET_HOST_MAX 253u
#define NET_FILE_MAX 65536u

#endif
