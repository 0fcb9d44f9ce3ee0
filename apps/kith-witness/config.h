/* SPDX-License-Identifier: MPL-2.0 */
/* The folder of a witness and the one file in it that people write: witness.conf, a word and its arguments on each line. */
#ifndef KITH_WITNESS_CONFIG_H
#define KITH_WITNESS_CONFIG_H

#include "net/net.h"
#include "proto/proto.h"
#include "transparency/transparency.h"

/* What one file may name. */
#define CONFIG_LOGS_MAX 256u
#define CONFIG_SERVERS_MAX 64u
#define CONFIG_PUSHES_MAX 8u
#define CONFIG_PATH_MAX 4096u
#define CONFIG_URL_MAX 1024u

/* A log that may ask over HTTP. */
typedef struct config_log {
    kt_note_key key; /* its name is the origin */
} config_log;

/* A Kith server whose log is followed. */
typedef struct config_server {
    proto_address address;
    uint8_t identity[NET_PIN_LEN];
} config_server;

/* Another witness, that is asked over HTTP to cosign what is followed. */
typedef struct config_push {
    char url[CONFIG_URL_MAX]; /* with add-checkpoint at its end */
    kt_note_key key;
} config_push;

typedef struct witness_config {
    char data[CONFIG_PATH_MAX]; /* the folder, without a slash at its end */
    char name[KT_NOTE_NAME_MAX + 1]; /* of the keys; empty: made of the key */
    bool has_listen;
    char listen[NET_HOST_MAX + 1]; /* numeric address for HTTP */
    uint16_t port;
    size_t log_count;
    size_t server_count;
    size_t push_count;
    config_log logs[CONFIG_LOGS_MAX];
    config_server servers[CONFIG_SERVERS_MAX];
    config_push pushes[CONFIG_PUSHES_MAX];
} witness_config;

/* Reads options (--data DIR) and the file; NULL after a complaint. To be freed with free. */
witness_config *config_load(int argc, char **argv);

#endif
