/* SPDX-License-Identifier: MPL-2.0 */
/* Small files that must survive a power loss whole or not at all, and are nobody else's to read. */
#ifndef KITH_NET_FILE_H
#define KITH_NET_FILE_H

#include "base/base.h"

/* Appends the content of `path` to `out`. NOT_FOUND: there is none. DENIED: it may not be read. LIMIT:
 * larger than NET_FILE_MAX. STORE: reading failed, or it is not a regular file. */
KITH_API KITH_MUST_USE kith_err net_file_load(const char *path, kith_buf *out);
/* Writes `content` beside `path` (mode 0600), syncs it, renames it to `path`, syncs the folder: after
 * success it is durable, after an error or a crash the old file is as it was. NOT_FOUND: no such folder.
 * DENIED: the folder may not be written. STORE: no room, or the disk failed. */
KITH_API KITH_MUST_USE kith_err net_file_save(const char *path, kith_bytes content);
/* Makes the folder and those above it, mode 0700; one that is there is left as it is. False: it could not, errno says why,
 * and `path` was cut to the folder that it could not make. */
KITH_API KITH_MUST_USE bool net_folder_make(char *path);

#endif
