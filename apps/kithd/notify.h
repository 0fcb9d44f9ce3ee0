/* SPDX-License-Identifier: MPL-2.0 */
/* Tells the service manager how it goes, where there is one that asks: sd_notify(3)'s protocol. */
#ifndef KITHD_NOTIFY_H
#define KITHD_NOTIFY_H

/* `state` such as "READY=1". Nothing happens without a manager. */
void kithd_notify(const char *state);

#endif
