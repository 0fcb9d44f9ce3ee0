/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The front header of the key transparency log [KEYTRANS]: an append-only log of versions of labels that
 * a server builds and proves and that clients verify and monitor. Bytes, time and randomness come in,
 * bytes come out; docs/transparency.md says which text this follows and what was chosen where it is silent.
 *
 * Rules for every function: a crypto is an object of one thread; outputs are written only on success;
 * errors beside the named ones are NO_MEMORY, NO_RANDOM, CRYPTO and, from a server's log, STORE.
 */
#ifndef KITH_TRANSPARENCY_TRANSPARENCY_H
#define KITH_TRANSPARENCY_TRANSPARENCY_H

#include "transparency/audit.h"
#include "transparency/bridge.h"
#include "transparency/checkpoint.h"
#include "transparency/client.h"
#include "transparency/credential.h"
#include "transparency/head.h"
#include "transparency/limits.h"
#include "transparency/log.h"
#include "transparency/merkle.h"
#include "transparency/note.h"
#include "transparency/store.h"
#include "transparency/tile.h"
#include "transparency/tlog_proof.h"
#include "transparency/types.h"
#include "transparency/witness.h"

#endif
