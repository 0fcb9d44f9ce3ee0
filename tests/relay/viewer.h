/* SPDX-License-Identifier: MPL-2.0 */
/* Somebody who looks accounts up in a town's log, and a town where somebody does. */
#ifndef KITH_TESTS_RELAY_VIEWER_H
#define KITH_TESTS_RELAY_VIEWER_H

#include "relay/town.h"

/* What a device keeps of the log. */
typedef struct viewer {
    kt_client client;
    kt_view view;
    kt_found found;
    uint64_t version; /* of the list that was found; 0: none */
    size_t lists; /* before it */
    size_t answer_len;
} viewer;

/* From the server's own words, believed because its identity signed them. */
void viewer_open(client *c, viewer *v);
/* LIST_FIND with that search, sent only; and with its answer. */
void viewer_send(client *c, const uint8_t *account_id, uint64_t have, const kt_request *request);
kith_err viewer_ask(client *c, const uint8_t *account_id, uint64_t have, const kt_request *request);
/* Looks an account up and checks the answer: errors are the server's or the check's. */
kith_err viewer_find(client *c, viewer *v, const uint8_t *account_id, uint64_t have);
void viewer_label(const uint8_t *account_id, uint8_t label[RELAY_LABEL_LEN]);

/* A town with a log, somebody in it, and a viewer on each loop. */
typedef struct log_scene {
    town t;
    person anna;
    client named; /* Anna's device */
    client c[TOWN_LOOPS];
    viewer v[TOWN_LOOPS];
} log_scene;

void log_scene_open(log_scene *s);
void log_scene_close(log_scene *s);
/* Anna's next list, with the devices of the bits in `mask`. */
void log_scene_put(log_scene *s, unsigned mask);
/* The size of the log, as any answer shows it. */
uint64_t log_scene_size(log_scene *s);

#endif
