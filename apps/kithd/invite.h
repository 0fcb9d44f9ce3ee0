/* SPDX-License-Identifier: MPL-2.0 */
/* The operator's link, as text and as a QR code, on stdout. */
#ifndef KITHD_INVITE_H
#define KITHD_INVITE_H

#include "folder.h"

/* `port`: what kithd listens on. False after a complaint. */
bool kithd_invite_print(const kithd_options *options, const kithd_folder *folder, uint16_t port);

#endif
