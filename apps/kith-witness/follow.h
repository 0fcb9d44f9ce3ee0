/* SPDX-License-Identifier: MPL-2.0 */
/* Following Kith servers (docs/wire.md §10): every entry of their logs is read, every checkpoint that holds exactly these
 * entries is cosigned, and handed to other witnesses that are asked over HTTP. All on the thread of the loop. */
#ifndef KITH_WITNESS_FOLLOW_H
#define KITH_WITNESS_FOLLOW_H

#include "cosigner.h"

/* Between two looks at a server; after something went wrong; and after it was caught lying. */
#define FOLLOW_EVERY_MS 5000u
#define FOLLOW_RETRY_MS 5000u
#define FOLLOW_REFUSED_MS 60000u
/* A server that does not answer for so long is dialled again. */
#define FOLLOW_ANSWER_MS 30000u

typedef struct followers followers;

/* Everything is borrowed. NULL after a complaint. */
followers *followers_start(net_loop *loop, const witness_config *config, cosigner *w);
/* Begins no new round and calls `done(ctx)`, at once or when the last request to another witness is over. */
void followers_end(followers *all, net_fn done, void *ctx);
/* After that, or when nothing was ever run. NULL is accepted. */
void followers_stop(followers *all);

#endif
