/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the files of the agent know of each other.
 *
 *   agent.c    start and end          place.c   folder, lock         secret.c  the store's key
 *   drive.c    core and its connections: after each turn of the loop everything that core wants is done
 *   faces.c    connections of faces, lines in and out              dispatch.c  one request, one answer
 *   wait.c     requests that wait     push.c    events             json.c      people, chats, messages as JSON
 *   do_*.c     the methods
 *
 * Objects of faces are freed in agent_faces_reap only, at the end of a turn, so nobody else has to be careful.
 */
#ifndef KITH_AGENT_INTERNAL_H
#define KITH_AGENT_INTERNAL_H

#include <yyjson.h>

#include "agent/agent.h"
#include "agent/limits.h"
#include "core/core.h"
#include "crypto/crypto.h"
#include "net/net.h"
#include "proto/proto.h"
#include "rpc/rpc.h"
#include "store/store.h"

typedef struct agent agent;
typedef struct agent_face agent_face;
typedef struct agent_wait agent_wait;

typedef struct agent_link {
    agent *agent;
    core_link which;
    net_client *client;
    bool any_server; /* this dial takes whatever server answers: a device is being linked */
    bool is_up;
    bool has_failed; /* the newest attempt that ended did not come up */
    net_lost why; /* of the newest loss; 0: none yet */
} agent_link;

/* The linking that a face has begun; there is one at most. */
typedef struct agent_pair {
    agent_face *face; /* whose it is; when it leaves, the linking is called off */
    uint64_t op; /* 0: none */
    bool is_asked; /* a device waits for the answer */
    bool is_told; /* … and the face knows */
    bool is_done; /* the end has come and was not told yet */
    kith_err err;
    char name[CORE_NAME_MAX + 1];
} agent_pair;

struct agent {
    const agent_options *options;
    rpc_place place;
    int lock_fd;
    crypto *crypto;
    store_core *store;
    core *core;
    net_loop *loop;
    net_local *local;
    net_timer *timer;
    net_signal *signals[2];
    agent_link links[CORE_LINKS];
    agent_face *faces;
    agent_wait *waits;
    agent_pair pair;
    bool is_keyring; /* where the store's key is kept */
    bool is_stopping;
    bool is_stopped; /* the loop was told; once */
    uint64_t stop_at_ms; /* steady */
    uint64_t retry_at_ms; /* steady; 0: core's last tick went well */
};

uint64_t agent_wall_ms(void);
uint64_t agent_steady_ms(void);

/* ---- place.c, secret.c ---- */

/* One agent a folder. EXISTS: another holds it. DENIED. */
KITH_MUST_USE kith_err agent_lock(agent *a);
/* The store's key, made and kept where it will be found again when there is none yet. DENIED: the keyring has it
 * and does not give it. MALFORMED: the file that says where it is says something else. */
KITH_MUST_USE kith_err agent_secret_open(agent *a, kith_secret *out);

/* ---- drive.c ---- */

KITH_MUST_USE kith_err agent_links_open(agent *a);
void agent_links_close(agent *a);
/* Does all that core wants, hands out what happened, frees what is over, sets the timer: the end of a turn. */
void agent_turn(void *ctx);
/* True: the server cannot be reached just now, as far as the newest attempts tell. `*why`: the last reason. */
bool agent_is_offline(const agent *a, net_lost *why);
void agent_stop(agent *a);

/* ---- faces.c ---- */

struct agent_face {
    agent_face *next;
    agent *agent;
    net_local_conn *conn; /* NULL: it left */
    kith_buf in; /* what came and is not yet a line that was handled */
    bool is_closing; /* no more is read; the connection ends when what is queued was written */
    bool is_paused;
    bool is_subscribed;
    uint64_t seq; /* of the newest event that was sent */
    uint32_t waits;
};

KITH_MUST_USE kith_err agent_faces_listen(agent *a);
/* The socket and every face. */
void agent_faces_close(agent *a);
void agent_faces_reap(agent *a);
bool agent_faces_are_flushed(const agent *a);
/* Whether more may be queued for it now. */
bool agent_face_has_room(const agent_face *face);
/* Queues lines. A face that cannot take them is closed. */
void agent_face_send(agent_face *face, const kith_buf *lines);
void agent_face_answer(agent_face *face, const rpc_id *id, const yyjson_mut_doc *result);
void agent_face_fault(agent_face *face, const rpc_id *id, const rpc_fault *fault,
                      const yyjson_mut_doc *data);

/* ---- json.c ---- */

/* An object that is being filled. Once something did not fit into memory `ok` is false and stays so. */
typedef struct agent_json {
    yyjson_mut_doc *doc; /* owned by the outermost one */
    yyjson_mut_val *root;
    bool ok;
} agent_json;

/* An object of its own document; done with agent_json_done. */
agent_json agent_json_new(void);
void agent_json_done(agent_json *json);
/* A further object or array in the same document, and its place: a field of an object, or the end of an array. */
agent_json agent_json_object(agent_json *json);
agent_json agent_json_array(agent_json *json);
void agent_json_put(agent_json *json, const char *name, const agent_json *value);
void agent_json_append(agent_json *array, const agent_json *value);
/* Text that is not UTF-8 is left out. */
void agent_json_text(agent_json *json, const char *name, const char *text);
void agent_json_bytes(agent_json *json, const char *name, kith_bytes text);
void agent_json_hex(agent_json *json, const char *name, kith_bytes bytes);
void agent_json_u64(agent_json *json, const char *name, uint64_t value);
void agent_json_bool(agent_json *json, const char *name, bool value);

void agent_json_person(agent_json *out, const core_person *person);
KITH_MUST_USE kith_err agent_json_chat(agent *a, agent_json *out, const core_chat *chat);
void agent_json_message(agent *a, agent_json *out, const core_message *message);
/* Bytes that the text takes in a line of JSON. */
size_t agent_json_text_len(kith_bytes text);
/* The own name or the person's; empty when unknown. */
void agent_name_of(agent *a, const uint8_t account[CORE_ACCOUNT_LEN], char out[CORE_NAME_MAX + 1]);
/* What to call a conversation: its title, or the person's name. */
void agent_chat_name(agent *a, const core_chat *chat, char out[CORE_TITLE_MAX + 1]);
const char *agent_message_state(core_message_state state);

/* ---- dispatch.c ---- */

typedef struct agent_call {
    agent_face *face;
    const rpc_request *request;
    agent_json result; /* the answer, unless `waits` */
    agent_json data; /* goes into the error's data; empty at first */
    rpc_fault fault; /* of an error that is more than a kith_err; kind NONE: made of the error */
    bool waits; /* a wait was added and owns the answer */
} agent_call;

/* Answers one line. */
void agent_dispatch(agent_face *face, kith_bytes line);

/* Parameters, which were checked: absent ones are empty, 0, or false; hex is decoded into `len` bytes. */
kith_bytes agent_param_text(const agent_call *call, const char *name);
uint64_t agent_param_u64(const agent_call *call, const char *name, uint64_t otherwise);
bool agent_param_bool(const agent_call *call, const char *name);
bool agent_param_has(const agent_call *call, const char *name);
void agent_param_hex(const agent_call *call, const char *name, uint8_t *out, size_t len);
/* Sets the call's fault and returns an error. */
kith_err agent_call_fault(agent_call *call, rpc_kind kind, const char *message);

typedef kith_err (*agent_method)(agent *a, agent_call *call);

kith_err agent_do_hello(agent *a, agent_call *call);
kith_err agent_do_account_get(agent *a, agent_call *call);
kith_err agent_do_account_join(agent *a, agent_call *call);
kith_err agent_do_account_rename(agent *a, agent_call *call);
kith_err agent_do_invite_create(agent *a, agent_call *call);
kith_err agent_do_device_list(agent *a, agent_call *call);
kith_err agent_do_device_remove(agent *a, agent_call *call);
kith_err agent_do_pair_offer(agent *a, agent_call *call);
kith_err agent_do_pair_wait(agent *a, agent_call *call);
kith_err agent_do_pair_approve(agent *a, agent_call *call);
kith_err agent_do_pair_accept(agent *a, agent_call *call);
kith_err agent_do_pair_cancel(agent *a, agent_call *call);
kith_err agent_do_person_list(agent *a, agent_call *call);
kith_err agent_do_person_answer(agent *a, agent_call *call);
kith_err agent_do_chat_list(agent *a, agent_call *call);
kith_err agent_do_chat_get(agent *a, agent_call *call);
kith_err agent_do_chat_find(agent *a, agent_call *call);
kith_err agent_do_chat_readers(agent *a, agent_call *call);
kith_err agent_do_group_create(agent *a, agent_call *call);
kith_err agent_do_group_add(agent *a, agent_call *call);
kith_err agent_do_group_remove(agent *a, agent_call *call);
kith_err agent_do_group_leave(agent *a, agent_call *call);
kith_err agent_do_message_send(agent *a, agent_call *call);
kith_err agent_do_message_wait(agent *a, agent_call *call);
kith_err agent_do_message_list(agent *a, agent_call *call);
kith_err agent_do_message_read(agent *a, agent_call *call);
kith_err agent_do_events_subscribe(agent *a, agent_call *call);
kith_err agent_do_events_unsubscribe(agent *a, agent_call *call);
kith_err agent_do_directory_get(agent *a, agent_call *call);
kith_err agent_do_directory_go_on(agent *a, agent_call *call);
kith_err agent_do_doctor(agent *a, agent_call *call);
kith_err agent_do_stop(agent *a, agent_call *call);

/* ---- do_directory.c ---- */

/* Where the evidence is that the directory was shown in two forms; written when it is not there yet. NOT_FOUND: there
 * is none. STORE: it cannot be written. */
KITH_MUST_USE kith_err agent_evidence_file(agent *a, char path[RPC_PATH_MAX]);

/* ---- wait.c ---- */

typedef enum agent_wait_kind {
    AGENT_WAIT_OP = 1, /* for OP_DONE of `op` */
    AGENT_WAIT_MESSAGE, /* for `n` of `conv` to be in `state` */
    AGENT_WAIT_INVITE, /* for the server to know all invites; answers with `text` in any case */
    AGENT_WAIT_PAIR_CODE, /* for the code of the linking */
    AGENT_WAIT_PAIR_STEP /* for somebody to ask, or the linking's end */
} agent_wait_kind;

struct agent_wait {
    agent_wait *next;
    agent_face *face;
    rpc_id id;
    rpc_method_id method;
    agent_wait_kind kind;
    uint64_t op;
    uint8_t conv[CORE_CONV_LEN];
    uint8_t peer[CORE_ACCOUNT_LEN]; /* of a join by a person's link; else zeros */
    uint64_t n;
    core_message_state state;
    kith_buf text; /* owned */
    uint64_t until_ms; /* steady */
    bool offline_ends; /* answers OFFLINE as soon as the server cannot be reached */
};

/* Keeps the call's request until what `wait` (kind and what belongs to it, time left in until_ms) names happens;
 * moves its text. BUSY: the face has AGENT_WAITS_PER_FACE already. NO_MEMORY. */
KITH_MUST_USE kith_err agent_wait_add(agent *a, agent_call *call, agent_wait *wait);
void agent_waits_on_event(agent *a, const core_event *event);
void agent_waits_on_offline(agent *a);
/* Those whose time is over, and those that a look at core ends. */
void agent_waits_tick(agent *a);
/* Steady time when agent_waits_tick should be called; UINT64_MAX: never. */
uint64_t agent_waits_deadline(const agent *a);
/* Without an answer: the face is gone. */
void agent_waits_drop(agent *a, const agent_face *face);
/* Whether `state` is as far as `wanted`, or further. */
bool agent_message_has_reached(core_message_state state, core_message_state wanted);

/* ---- push.c, do_pair.c ---- */

/* Sends subscribers what they lack, as far as they read. */
void agent_push_all(agent *a);
/* An event that is not kept goes to those who listen now. */
void agent_push_now(agent *a, const core_event *event);

void agent_pair_on_event(agent *a, const core_event *event);
/* Answers a wait of the linking when there is something to say. */
bool agent_pair_answer(agent *a, const agent_wait *wait);
void agent_pair_face_left(agent *a, const agent_face *face);

#endif
