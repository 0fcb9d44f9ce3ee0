/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Questions to the directory's log and the checks of their answers. The clock that an answer is checked by is the own
 * one; where that is far off, the server's, which is said; and an answer about a tree as old as what is known here is
 * no lie, only nothing new.
 */
#include <string.h>

#include "core/directory.h"
#include "core/identity.h"

/* ---- Asking ---- */

bool
core_question_is_free(const core *c, core_link link)
{
    const core_directory *d = c->identity->directory;

    return d->is_known && d->split == CORE_SPLIT_NONE && !d->is_asking &&
           core_link_is_open(c, link) && core_link_has_room(c, link);
}

/* The request as it is asked and as its answer is checked. */
static void
keep_request(core_directory *d, const core_ask *ask)
{
    d->request = ask->request;
    d->request.has_last = !ask->is_fresh && d->view.size > 0;
    d->request.last = d->request.has_last ? d->view.size : 0;
    d->request.label = (kith_bytes){0};
    if (ask->account != NULL) {
        d->label[0] = 1;
        memcpy(&d->label[1], ask->account, CORE_ACCOUNT_LEN);
        d->request.label = KITH_BYTES(d->label);
    }
}

static kith_err
encode_ask(core *c, const core_ask *ask, kith_buf *body)
{
    const core_directory *d = c->identity->directory;
    KITH_AUTO(kith_buf) question = {.alloc = c->env.alloc};
    proto_find find = {.have_version = ask->have};
    proto_log_ask plain = {.question = (uint8_t)ask->request.question};

    KITH_TRY(kt_request_encode(&d->request, &question));
    if (!ask->is_find) {
        plain.request = kith_bytes_of_buf(&question);
        return proto_log_ask_encode(body, &plain);
    }
    memcpy(find.account_id, ask->account, sizeof find.account_id);
    find.search = kith_bytes_of_buf(&question);
    return proto_find_encode(body, &find);
}

kith_err
core_question_ask(core *c, const core_ask *ask)
{
    core_directory *d = c->identity->directory;
    KITH_AUTO(kith_buf) body = {.alloc = c->env.alloc};
    core_request request = {.link = ask->link,
                            .type = ask->is_find ? PROTO_LIST_FIND : PROTO_LOG_ASK,
                            .tag = ask->tag,
                            .answer = ask->answer};

    core_changed(c);
    keep_request(d, ask);
    KITH_TRY(encode_ask(c, ask, &body));
    request.body = kith_bytes_of_buf(&body);
    KITH_TRY(core_link_request(c, &request));
    d->is_asking = true;
    return KITH_OK;
}

void
core_question_over(core *c)
{
    c->identity->directory->is_asking = false;
    c->identity->directory->quiet_since_ms = c->now_ms;
    c->activity++;
}

kith_err
core_question_response(const core_answer *answer, kith_bytes *out)
{
    proto_log_ask_answer body = {0};

    KITH_TRY(proto_log_ask_answer_decode(answer->body, &body));
    *out = body.response;
    return KITH_OK;
}

/* ---- Checking ---- */

/* By the first clock that does: the own one, the server's, none but the log's own. */
kith_err
core_question_run(core *c, const core_check *check, kith_bytes response, core_by_clock *by)
{
    const core_directory *d = c->identity->directory;
    uint64_t clocks[CORE_BY_CLOCKS] = {c->now_ms, core_time_ms(c), 0};
    kith_err err = KITH_ERR_REJECTED;

    /* Nothing was seen: no answer is as old as that. */
    kith_ignore(kt_view_newest(check->view, &clocks[CORE_BY_NO_CLOCK]));
    for (size_t i = 0; i < CORE_BY_CLOCKS && err == KITH_ERR_REJECTED; i++) {
        const kt_exchange exchange = {
            .request = &d->request, .response = response, .now_ms = clocks[i]};
        err = check->run(check->ctx, &exchange, check->view);
        *by = (core_by_clock)i;
    }
    return err;
}

static kith_err
note_clock(core *c, core_by_clock by)
{
    switch (by) {
    case CORE_BY_OWN_CLOCK:
        return core_directory_untell(c, CORE_TOLD_STALE | CORE_TOLD_CLOCK | CORE_TOLD_PROOF |
                                            CORE_TOLD_SHORT);
    case CORE_BY_SERVERS_CLOCK:
        KITH_TRY(core_directory_tell(c, CORE_TOLD_CLOCK, "clock"));
        return core_directory_untell(c, CORE_TOLD_STALE | CORE_TOLD_PROOF | CORE_TOLD_SHORT);
    default:
        KITH_TRY(core_directory_tell(c, CORE_TOLD_STALE, "stale"));
        return KITH_ERR_BUSY;
    }
}

static kith_err
keep_head(core *c, kith_bytes response)
{
    core_directory *d = c->identity->directory;
    kt_head head;
    const kith_err err = kt_head_of_answer(&d->client, &d->view, response, &head);

    /* Nothing new; or an answer about a head that the log does not have, which changed no view. */
    if (err == KITH_ERR_NOT_FOUND || err == KITH_ERR_REJECTED) {
        return KITH_OK;
    }
    KITH_TRY(err);
    d->head = head;
    d->has_head = true;
    return core_directory_save(c);
}

static kith_err
tell_useless(core *c)
{
    core_heads_doubt(c);
    return core_directory_tell(c, CORE_TOLD_PROOF, "proof");
}

/* What was found once is not there, or something is that should not be. */
static kith_err
tell_found(core *c, const core_check *check)
{
    core_heads_doubt(c);
    return core_event_alarm(c, NULL, check->account, check->what);
}

/* Whether the answer is to a question about what is known now: the log may have been replaced since. */
static bool
is_about_view(const core_directory *d)
{
    return (d->request.has_last ? d->request.last : 0) == d->view.size;
}

kith_err
core_question_check(core *c, kith_bytes response, const core_check *check)
{
    core_directory *d = c->identity->directory;
    kt_view view = d->view;
    const core_check copied = {.run = check->run, .ctx = check->ctx, .view = &view};
    core_by_clock by = CORE_BY_NO_CLOCK;

    KITH_ENSURE(is_about_view(d) && d->split == CORE_SPLIT_NONE, KITH_ERR_BUSY);
    const kith_err err = core_question_run(c, &copied, response, &by);
    if (err == KITH_ERR_REJECTED || err == KITH_ERR_MALFORMED || err == KITH_ERR_UNSUPPORTED) {
        KITH_TRY(check->what != NULL ? tell_found(c, check) : tell_useless(c));
        return KITH_ERR_REJECTED;
    }
    KITH_TRY(err);
    core_changed(c);
    d->refusals = 0;
    d->view = view;
    KITH_TRY(keep_head(c, response));
    return note_clock(c, by);
}

/* One machine of a server may be behind another for a moment. */
bool
core_question_refused(core *c)
{
    core_directory *d = c->identity->directory;

    core_changed(c);
    d->refusals++;
    if (d->refusals < CORE_REFUSALS_MAX) {
        return false;
    }
    core_heads_doubt(c);
    return true;
}
