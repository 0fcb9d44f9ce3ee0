/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Rations: how much of what one connection and one source may do. A ration is one number, the time at which it is
 * whole again; it is spent by moving that on (the generic cell rate algorithm).
 */
#include "relay/internal.h"

relay_ration
relay_ration_default(relay_rationed what)
{
    static const relay_ration table[RELAY_RATIONS] = {
        [RELAY_RATION_CONV_OPEN] = {300, 10000}, [RELAY_RATION_KP_TAKE] = {300, 12000},
        [RELAY_RATION_INBOX_PUT] = {2000, 1000}, [RELAY_RATION_ACCOUNT] = {50, 10000},
        [RELAY_RATION_DIRECTORY] = {100, 5000},  [RELAY_RATION_RDV_OPEN] = {30, 30000},
        [RELAY_RATION_RDV_JOIN] = {30, 30000},   [RELAY_RATION_BAD_LOGIN] = {30, 10000},
        [RELAY_RATION_BAD_TOKEN] = {100, 5000},  [RELAY_RATION_LOG] = {2000, 200},
    };

    return table[what];
}

static relay_ration
ration_of(const relay *r, relay_rationed what)
{
    const relay_ration set = r->env.config.rations[what];

    return set.burst != 0 ? set : relay_ration_default(what);
}

/* The number of sources that may be in one of several places of the table. */
#define WAYS 8u

static uint64_t
spent_total(const relay_spent *spent)
{
    uint64_t total = 0;

    for (size_t i = 0; i < RELAY_RATIONS; i++) {
        total = spent->until_ms[i] > total ? spent->until_ms[i] : total;
    }
    return total;
}

/* Finds the source's place, or makes one where least was spent. */
static relay_spent *
spent_of(relay *r, uint64_t source)
{
    const size_t group = (size_t)(source % (RELAY_SOURCES_MAX / WAYS)) * WAYS;
    relay_source *best = &r->sources[group];

    for (size_t i = 0; i < WAYS; i++) {
        relay_source *place = &r->sources[group + i];
        if (place->is_used && place->source == source) {
            return &place->spent;
        }
        if (!place->is_used ||
            (best->is_used && spent_total(&place->spent) < spent_total(&best->spent))) {
            best = place;
        }
    }
    *best = (relay_source){.source = source, .is_used = true};
    return &best->spent;
}

/* The clock may have been set back: nothing is owed for longer than the whole ration. */
static uint64_t
owed_ms(uint64_t until_ms, relay_ration ration, uint64_t now_ms)
{
    const uint64_t all = (uint64_t)ration.burst * ration.every_ms;

    if (until_ms <= now_ms) {
        return 0;
    }
    return until_ms - now_ms < all ? until_ms - now_ms : all;
}

static uint32_t
left_of(uint64_t until_ms, relay_ration ration, uint64_t now_ms)
{
    const uint64_t every = ration.every_ms != 0 ? ration.every_ms : 1;

    return ration.burst - (uint32_t)((owed_ms(until_ms, ration, now_ms) + every - 1) / every);
}

uint32_t
relay_ration_left(relay_session *session, relay_rationed what, uint64_t now_ms)
{
    const relay_ration ration = ration_of(session->relay, what);
    const relay_spent *shared = spent_of(session->relay, session->source);
    const uint32_t own = left_of(session->spent.until_ms[what], ration, now_ms);
    const uint32_t other = left_of(shared->until_ms[what], ration, now_ms);

    return own < other ? own : other;
}

static void
spend(uint64_t *until_ms, relay_ration ration, uint32_t count, uint64_t now_ms)
{
    *until_ms = now_ms + owed_ms(*until_ms, ration, now_ms) + (uint64_t)count * ration.every_ms;
}

void
relay_ration_spend(relay_session *session, relay_rationed what, uint32_t count, uint64_t now_ms)
{
    const relay_ration ration = ration_of(session->relay, what);
    relay_spent *shared = spent_of(session->relay, session->source);

    spend(&session->spent.until_ms[what], ration, count, now_ms);
    spend(&shared->until_ms[what], ration, count, now_ms);
}

static void
refund(uint64_t *until_ms, uint64_t back_ms)
{
    *until_ms -= back_ms < *until_ms ? back_ms : *until_ms;
}

void
relay_ration_refund(relay_session *session, relay_rationed what, uint32_t count)
{
    const uint64_t back_ms = (uint64_t)count * ration_of(session->relay, what).every_ms;

    refund(&session->spent.until_ms[what], back_ms);
    refund(&spent_of(session->relay, session->source)->until_ms[what], back_ms);
}

uint32_t
relay_ration_wait_ms(relay_session *session, relay_rationed what, uint64_t now_ms)
{
    const relay_ration ration = ration_of(session->relay, what);
    const relay_spent *shared = spent_of(session->relay, session->source);
    const uint64_t own = owed_ms(session->spent.until_ms[what], ration, now_ms);
    const uint64_t other = owed_ms(shared->until_ms[what], ration, now_ms);
    const uint64_t owed = own > other ? own : other;
    const uint64_t rest = (uint64_t)(ration.burst - 1) * ration.every_ms;

    return owed > rest ? (uint32_t)(owed - rest) : 0;
}
