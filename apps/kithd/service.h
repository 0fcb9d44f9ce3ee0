/* SPDX-License-Identifier: MPL-2.0 */
/* Joins what does not know each other: the loops of net, the relay in each, the one writer of the store. */
#ifndef KITHD_SERVICE_H
#define KITHD_SERVICE_H

#include "folder.h"
#include "log.h"
#include "store/store.h"

typedef struct kithd_service {
    const kithd_folder *folder; /* borrowed */
    kithd_log log;
    bool is_logged; /* the log may be noted at the end */
    store_relay *store;
    store_writer *writer;
    store_relay *readers[NET_LOOPS_MAX];
    store_mailbox *boxes[NET_LOOPS_MAX];
    net_server *server;
    proto_address bound[NET_LISTENERS_MAX]; /* what it listens on */
    size_t bound_count;
} kithd_service;

/* Everything is there and listens; nothing runs yet. An exit status; not 0 after a complaint. */
int kithd_service_open(const kithd_options *options, const kithd_folder *folder,
                       kithd_service *out);
/* Runs it and says where it listens. False after a complaint. */
bool kithd_service_start(kithd_service *service);
/* Finishes what was begun, stops, frees. */
void kithd_service_done(kithd_service *service);

#endif
