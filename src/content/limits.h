/* SPDX-License-Identifier: MPL-2.0 */
/* What a peer can make a device store, loop over or allocate by what it says. */
#ifndef KITH_CONTENT_LIMITS_H
#define KITH_CONTENT_LIMITS_H

/* Bytes of a padded message, and of a message before padding. */
#define CONTENT_PADDED_MAX (256u * 1024u)
#define CONTENT_MAX (CONTENT_PADDED_MAX - 1u)
/* Bytes of a text (UTF-8) and of one reaction: some emoji are sequences of many code points. */
#define CONTENT_TEXT_MAX (64u * 1024u)
#define CONTENT_REACTION_MAX 128u
/* Bytes of a media type, of a topic id, and of a part's list of languages. */
#define CONTENT_TYPE_MAX 255u
#define CONTENT_TOPIC_MAX 255u
#define CONTENT_LANGUAGE_MAX 255u
/* Extensions in one message, their depth, and the depth of parts [MIMI-CONTENT §6.3]. */
#define CONTENT_EXTENSIONS_MAX 64u
#define CONTENT_EXTENSION_NAME_MAX 255u
#define CONTENT_DEPTH_MAX 4u
/* Parts of one message. */
#define CONTENT_PARTS_MAX 64u
/* Messages that one report speaks of. */
#define CONTENT_REPORT_MAX 256u
/* Bytes of a person's name, and entries of one piece of history. */
#define CONTENT_NAME_MAX 64u
#define CONTENT_HISTORY_MAX 1024u

#endif
