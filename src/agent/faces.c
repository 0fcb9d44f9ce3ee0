/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Connections of faces: bytes become lines, lines are answered in the order they came. A face that asks faster
 * than it reads is not read from until it has read; nothing grows without bound on its behalf.
 */
#include <string.h>

#include "agent/internal.h"

bool
agent_face_has_room(const agent_face *face)
{
    return face->conn != NULL && !face->is_closing &&
           net_local_queued(face->conn) <= AGENT_FACE_QUEUE;
}

void
agent_face_send(agent_face *face, const kith_buf *lines)
{
    if (face->conn == NULL || face->is_closing || lines->len == 0) {
        return;
    }
    if (net_local_send(face->conn, kith_bytes_of_buf(lines)) != KITH_OK) {
        face->is_closing = true;
    }
}

void
agent_face_answer(agent_face *face, const rpc_id *id, const yyjson_mut_doc *result)
{
    KITH_AUTO(kith_buf) line = {0};
    const kith_err err = rpc_answer_write(id, result, &line);

    if (err != KITH_OK) {
        const rpc_fault fault = rpc_fault_of_err(err);
        agent_face_fault(face, id, &fault, NULL);
        return;
    }
    agent_face_send(face, &line);
}

void
agent_face_fault(agent_face *face, const rpc_id *id, const rpc_fault *fault,
                 const yyjson_mut_doc *data)
{
    KITH_AUTO(kith_buf) line = {0};

    /* Whoever cannot be told that something failed would wait for ever: it is closed instead. */
    if (rpc_fault_write(id, fault, data, &line) != KITH_OK) {
        face->is_closing = true;
        return;
    }
    agent_face_send(face, &line);
}

/* ---- Lines --------------------------------------------------------------------------------- */

static void
refuse_long_line(agent_face *face)
{
    const rpc_id nobody = {0};
    rpc_fault fault = rpc_fault_of_kind(RPC_KIND_REQUEST, "the line is too long; bye");

    fault.code = RPC_CODE_PARSE;
    agent_face_fault(face, &nobody, &fault, NULL);
    face->is_closing = true;
}

static void
handle_lines(agent_face *face)
{
    size_t done = 0;
    size_t len = 0;

    while (agent_face_has_room(face) && done < face->in.len &&
           rpc_line_find(kith_bytes_of(face->in.data + done, face->in.len - done), &len)) {
        agent_dispatch(face, kith_bytes_of(face->in.data + done, len));
        done += len + 1;
    }
    kith_buf_drop_front(&face->in, done);
    const bool is_line_open = !rpc_line_find(kith_bytes_of_buf(&face->in), &len);
    if (is_line_open && face->in.len > RPC_LINE_MAX) {
        refuse_long_line(face);
    }
    const bool pause = face->is_closing || !is_line_open;
    if (face->conn != NULL && pause != face->is_paused) {
        face->is_paused = pause;
        net_local_pause(face->conn, pause);
    }
}

/* ---- Connections --------------------------------------------------------------------------- */

static void
on_opened(void *ctx, net_local_conn *conn)
{
    agent *a = ctx;
    agent_face *face = kith_mem_zalloc(NULL, 1, sizeof *face);

    if (face == NULL) {
        net_local_close(conn);
        return;
    }
    face->agent = a;
    face->conn = conn;
    face->next = a->faces;
    a->faces = face;
    net_local_set_user(conn, face);
}

static void
on_bytes(void *ctx, net_local_conn *conn, kith_bytes bytes)
{
    agent_face *face = net_local_user(conn);

    (void)ctx;
    if (face == NULL || face->is_closing) {
        return;
    }
    if (kith_buf_append(&face->in, bytes) != KITH_OK) {
        face->is_closing = true;
        return;
    }
    handle_lines(face);
}

static void
on_sent(void *ctx, net_local_conn *conn)
{
    agent_face *face = net_local_user(conn);

    (void)ctx;
    if (face != NULL && !face->is_closing) {
        handle_lines(face);
    }
}

static void
on_closed(void *ctx, net_local_conn *conn)
{
    agent_face *face = net_local_user(conn);

    (void)ctx;
    if (face != NULL) {
        face->conn = NULL;
    }
}

kith_err
agent_faces_listen(agent *a)
{
    const net_local_events events = {
        .opened = on_opened, .bytes = on_bytes, .sent = on_sent, .closed = on_closed, .ctx = a};

    return net_local_listen(a->loop, a->place.socket, &events, &a->local);
}

static void
free_face(agent *a, agent_face *face)
{
    agent_waits_drop(a, face);
    agent_pair_face_left(a, face);
    if (face->conn != NULL) {
        net_local_set_user(face->conn, NULL);
        net_local_close(face->conn);
    }
    kith_buf_done(&face->in);
    kith_mem_free(NULL, face, sizeof *face);
}

void
agent_faces_reap(agent *a)
{
    agent_face **at = &a->faces;

    while (*at != NULL) {
        agent_face *face = *at;
        if (face->conn == NULL || face->is_closing) {
            *at = face->next;
            free_face(a, face);
        } else {
            at = &face->next;
        }
    }
}

bool
agent_faces_are_flushed(const agent *a)
{
    for (const agent_face *face = a->faces; face != NULL; face = face->next) {
        if (face->conn != NULL && net_local_queued(face->conn) > 0) {
            return false;
        }
    }
    return true;
}

void
agent_faces_close(agent *a)
{
    while (a->faces != NULL) {
        agent_face *face = a->faces;
        a->faces = face->next;
        free_face(a, face);
    }
    net_local_free(a->local);
    a->local = NULL;
}
