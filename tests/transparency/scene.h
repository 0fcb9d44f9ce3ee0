/* SPDX-License-Identifier: MPL-2.0 */
/* A question about a small log, its honest answer, and who asks. */
#ifndef KITH_TESTS_TRANSPARENCY_SCENE_H
#define KITH_TESTS_TRANSPARENCY_SCENE_H

#include "transparency/world.h"

#define LABEL "rose"
#define STEP_MS 100
#define WINDOW_MS (8 * STEP_MS)

/* A question, its honest answer, and the state of who asks. */
typedef struct scene {
    world w;
    kt_view view;
    kt_watch watch;
    kt_request request;
    kith_buf answer;
} scene;

/* A log of 30 entries, and a user who looked the label up when there were 14. */
void scene_open(scene *s, crypto *c, kt_question question);
/* ... or who owns it since then. */
void scene_open_owned(scene *s, crypto *c, kt_question question);
/* One of the two that fits the question, with the honest answer in place. */
void scene_open_asked(scene *s, crypto *c, kt_question question);
void scene_done(scene *s);

/* Checks the bytes as an answer, on copies of the state; `*is_changed`: those are no longer as they were. */
kith_err scene_check(scene *s, kith_bytes bytes, bool *is_changed);
/* What a client says of an answer that is none. */
bool is_refusal(kith_err err);

#endif
