/* SPDX-License-Identifier: MPL-2.0 */
/* The data folder: made when missing, used by one kithd at a time, and the two secrets in it. */
#ifndef KITHD_FOLDER_H
#define KITHD_FOLDER_H

#include "options.h"

typedef struct kithd_folder {
    int lock_fd;
    net_identity *identity;
    uint8_t secret[PROTO_LINK_SECRET_LEN]; /* of the operator's link */
    char database[KITHD_PATH_MAX + 16];
    char log[KITHD_PATH_MAX + 16]; /* the file of kithd_log */
} kithd_folder;

/* An exit status; not 0 after a complaint. */
int kithd_folder_open(const kithd_options *options, kithd_folder *out);
void kithd_folder_done(kithd_folder *folder);

#endif
