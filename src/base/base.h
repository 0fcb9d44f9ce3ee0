/* SPDX-License-Identifier: MPL-2.0 */
/* The front header of layer 0: errors, memory, bytes, wire forms, ports. Needs the C library only. */
#ifndef KITH_BASE_BASE_H
#define KITH_BASE_BASE_H

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/ports.h"
#include "base/wire.h"

#endif
