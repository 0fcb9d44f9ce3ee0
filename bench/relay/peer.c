/* SPDX-License-Identifier: MPL-2.0 */
/* Frames of one device. */
#include "peer.h"

#include <string.h>
#include <time.h>

#include "child.h"

static void
need(kith_err err, const char *what)
{
    if (err != KITH_OK) {
        die(what);
    }
}

static void
send_frame(peer *p, uint8_t type, kith_bytes body)
{
    KITH_AUTO(kith_buf) frame = {0};

    p->request++;
    need(proto_frame_encode(&frame, type, p->request, body), "frame");
    need(net_client_send(p->client, kith_bytes_of_buf(&frame)), "send");
}

static void
handle_up(void *ctx, const uint8_t exporter[NET_EXPORTER_LEN])
{
    static const proto_hello hello = {.version_min = 1, .version_max = 1};
    KITH_AUTO(kith_buf) body = {0};

    (void)exporter;
    need(proto_hello_encode(&body, &hello), "hello");
    send_frame(ctx, PROTO_HELLO, kith_bytes_of_buf(&body));
}

static void
handle_frame(peer *p, const proto_frame *frame)
{
    proto_entry entry;

    if (frame->type == PROTO_ERROR) {
        die("a request was refused");
    } else if (frame->type == PROTO_ENTRY) {
        need(proto_entry_decode(frame->body, &entry), "entry");
        p->seen = entry.seq;
        p->events->entry(p, &entry);
    } else if (!p->is_ready) {
        p->is_ready = true;
        p->events->ready(p);
    } else {
        p->events->answered(p, frame->type & (uint8_t)~PROTO_ANSWER);
    }
}

static void
handle_bytes(void *ctx, kith_bytes bytes)
{
    peer *p = ctx;
    size_t at = 0;
    size_t used = 0;
    proto_frame frame;

    need(kith_buf_append(&p->in, bytes), "memory");
    do {
        const kith_bytes rest = kith_bytes_of(p->in.data + at, p->in.len - at);
        need(proto_frame_take(rest, PROTO_FRAME_MAX, &frame, &used), "a broken frame");
        if (used != 0) {
            handle_frame(p, &frame);
        }
        at += used;
    } while (used != 0);
    if (at == p->in.len) {
        kith_buf_done(&p->in);
    } else {
        kith_buf_drop_front(&p->in, at);
    }
}

static void
handle_lost(void *ctx, net_lost reason)
{
    (void)ctx;
    die(net_lost_name(reason));
}

void
peer_open(peer *p, net_loop *loop, const peer_events *events)
{
    const net_client_events client = {
        .up = handle_up, .bytes = handle_bytes, .lost = handle_lost, .ctx = p};

    p->events = events;
    need(net_client_new(loop, &client, &p->client), "no client");
}

void
peer_dial(peer *p, const proto_link *link)
{
    need(net_client_dial(p->client, link->address.host, link->address.port, link->server_key),
         "no dialling");
}

void
peer_close(peer *p)
{
    net_client_free(p->client);
    kith_buf_done(&p->in);
    p->client = NULL;
    p->is_ready = false;
}

void
peer_know(peer *p, const uint8_t conv_id[PROTO_ID_LEN], const uint8_t token[PROTO_ID_LEN])
{
    memcpy(p->conv_id, conv_id, PROTO_ID_LEN);
    memcpy(p->token, token, PROTO_ID_LEN);
}

void
peer_conv_open(peer *p, crypto *c)
{
    KITH_AUTO(kith_buf) body = {0};
    proto_conv_open open = {.readers = 1};

    memcpy(open.conv_id, p->conv_id, PROTO_ID_LEN);
    need(crypto_digest(c, CRYPTO_SHA256, CRYPTO_PARTS(KITH_BYTES(p->token)), open.token_hash),
         "hash");
    need(proto_conv_open_encode(&body, &open), "open");
    send_frame(p, PROTO_CONV_OPEN, kith_bytes_of_buf(&body));
}

void
peer_subscribe(peer *p)
{
    KITH_AUTO(kith_buf) body = {0};
    proto_conv_subscribe subscribe = {.from_seq = p->seen + 1};

    memcpy(subscribe.conv_id, p->conv_id, PROTO_ID_LEN);
    memcpy(subscribe.token, p->token, PROTO_ID_LEN);
    need(proto_conv_subscribe_encode(&body, &subscribe), "subscribe");
    send_frame(p, PROTO_CONV_SUBSCRIBE, kith_bytes_of_buf(&body));
}

void
peer_append(peer *p, kith_bytes message)
{
    KITH_AUTO(kith_buf) body = {0};
    proto_conv_append append = {.kind = PROTO_ENTRY_APPLICATION, .message = message};

    memcpy(append.conv_id, p->conv_id, PROTO_ID_LEN);
    memcpy(append.token, p->token, PROTO_ID_LEN);
    need(kith_rng_fill(crypto_rng(), append.append_id, sizeof append.append_id), "random");
    const uint64_t now_s = (uint64_t)time(NULL); /* as a device makes it (docs/wire.md §4) */
    for (size_t i = 0; i < 4; i++) {
        append.append_id[i] = (uint8_t)(now_s >> (24 - 8 * i));
    }
    need(proto_conv_append_encode(&body, &append), "append");
    send_frame(p, PROTO_CONV_APPEND, kith_bytes_of_buf(&body));
}

void
peer_ack(peer *p)
{
    KITH_AUTO(kith_buf) body = {0};
    proto_conv_ack ack = {.reader_id = {1}, .seq = p->seen};

    if (p->seen == p->acked) {
        return;
    }
    p->acked = p->seen;
    memcpy(ack.conv_id, p->conv_id, PROTO_ID_LEN);
    memcpy(ack.token, p->token, PROTO_ID_LEN);
    need(proto_conv_ack_encode(&body, &ack), "ack");
    send_frame(p, PROTO_CONV_ACK, kith_bytes_of_buf(&body));
}
