/* SPDX-License-Identifier: MPL-2.0 */
/* Gives up what a running kithd does not need, so that a mistake in it reaches no further. */
#ifndef KITHD_CONFINE_H
#define KITHD_CONFINE_H

/* No memory of this process in a file or for other processes of its user: it holds the identity. */
void kithd_hide(void);
/* From now on, for this thread and those it starts: no new rights, and no files but those in `folder` (and the null
 * device). Before the first thread is started. Does what the kernel offers: an old one is no reason not to run. */
void kithd_confine(const char *folder);

#endif
