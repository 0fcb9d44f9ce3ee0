/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Every statement of the server's store, and its tables. Bodies lie in the order in which they arrived, never
 * clustered by conversation: a commit then writes few pages, and what expires lies at the front. Marks lie in the order
 * of their append ids, which begin with the time (docs/wire.md §4): they grow at one end, too.
 */
#ifndef KITH_STORE_RELAY_SQL_H
#define KITH_STORE_RELAY_SQL_H

/* Rows of account, device and conv are named elsewhere: AUTOINCREMENT never uses one again. */
#define RELAY_SCHEMA_1                                                                             \
    "CREATE TABLE account(row INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE,"         \
    " version INTEGER NOT NULL);"                                                                  \
    "CREATE TABLE list(account INTEGER NOT NULL, version INTEGER NOT NULL, body BLOB NOT NULL,"    \
    " UNIQUE(account, version));"                                                                  \
    "CREATE TABLE device(row INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER NOT NULL,"         \
    " id BLOB NOT NULL, is_listed INTEGER NOT NULL, next_item INTEGER NOT NULL,"                   \
    " items INTEGER NOT NULL, bytes INTEGER NOT NULL, UNIQUE(account, id));"                       \
    "CREATE TABLE ticket(hash BLOB PRIMARY KEY, account INTEGER NOT NULL,"                         \
    " expires_ms INTEGER NOT NULL, uses_left INTEGER NOT NULL) WITHOUT ROWID;"                     \
    "CREATE INDEX ticket_by_account ON ticket(account);"                                           \
    "CREATE INDEX ticket_by_age ON ticket(expires_ms);"                                            \
    "CREATE TABLE package(row INTEGER PRIMARY KEY, device INTEGER NOT NULL, hash BLOB NOT NULL,"   \
    " taken_ms INTEGER, body BLOB, UNIQUE(device, hash));"                                         \
    "CREATE INDEX package_kept ON package(device, row) WHERE taken_ms IS NULL;"                    \
    "CREATE INDEX package_taken ON package(taken_ms) WHERE taken_ms IS NOT NULL;"                  \
    "CREATE TABLE last_resort(device INTEGER PRIMARY KEY, body BLOB NOT NULL);"                    \
    "CREATE TABLE conv(row INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE,"            \
    " next_seq INTEGER NOT NULL, last_commit INTEGER NOT NULL, first_seq INTEGER NOT NULL,"        \
    " swept_seq INTEGER NOT NULL, entries INTEGER NOT NULL, bytes INTEGER NOT NULL,"               \
    " epochs INTEGER NOT NULL, acked INTEGER NOT NULL, readers INTEGER NOT NULL,"                  \
    " token_hash BLOB NOT NULL, open_hash BLOB NOT NULL);"                                         \
    "CREATE INDEX conv_unswept ON conv(row) WHERE swept_seq < first_seq;"                          \
    "CREATE TABLE epoch(row INTEGER PRIMARY KEY, conv INTEGER NOT NULL,"                           \
    " first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL, ended_ms INTEGER NOT NULL,"           \
    " readers INTEGER NOT NULL, token_hash BLOB NOT NULL, UNIQUE(conv, last_seq));"                \
    "CREATE INDEX epoch_by_token ON epoch(conv, token_hash);"                                      \
    "CREATE TABLE entry(row INTEGER PRIMARY KEY, conv INTEGER NOT NULL, seq INTEGER NOT NULL,"     \
    " time_ms INTEGER NOT NULL, kind INTEGER NOT NULL, append_id BLOB NOT NULL,"                   \
    " body BLOB NOT NULL);"                                                                        \
    "CREATE UNIQUE INDEX entry_by_seq ON entry(conv, seq);"                                        \
    "CREATE TABLE mark(conv INTEGER NOT NULL, append_id BLOB NOT NULL, seq INTEGER NOT NULL,"      \
    " time_ms INTEGER NOT NULL, PRIMARY KEY(append_id, conv)) WITHOUT ROWID;"                      \
    "CREATE TABLE ack(conv INTEGER NOT NULL, reader BLOB NOT NULL, seq INTEGER NOT NULL,"          \
    " time_ms INTEGER NOT NULL, since INTEGER NOT NULL, PRIMARY KEY(conv, reader)) WITHOUT ROWID;" \
    "CREATE TABLE item(row INTEGER PRIMARY KEY, device INTEGER NOT NULL, number INTEGER NOT NULL," \
    " time_ms INTEGER NOT NULL, put_id BLOB NOT NULL, body BLOB NOT NULL);"                        \
    "CREATE UNIQUE INDEX item_by_number ON item(device, number);"                                  \
    "CREATE TABLE put(row INTEGER PRIMARY KEY, device INTEGER NOT NULL, put_id BLOB NOT NULL,"     \
    " time_ms INTEGER NOT NULL);"                                                                  \
    "CREATE UNIQUE INDEX put_by_id ON put(device, put_id);"

/* The directory's log. Arrays lie in chunks of STORE_LOG_CHUNK_BYTES, one to a page. */
#define RELAY_SCHEMA_2                                                                                    \
    "CREATE TABLE kt_node(row INTEGER PRIMARY KEY, body BLOB NOT NULL);"                                  \
    "CREATE TABLE kt_hash(row INTEGER PRIMARY KEY, body BLOB NOT NULL);"                                  \
    "CREATE TABLE kt_entry(row INTEGER PRIMARY KEY, body BLOB NOT NULL);"                                 \
    "CREATE TABLE kt_bridge(row INTEGER PRIMARY KEY, body BLOB NOT NULL);"                                \
    "CREATE TABLE kt_version(account INTEGER NOT NULL, version INTEGER NOT NULL,"                         \
    " position INTEGER NOT NULL, opening BLOB NOT NULL, PRIMARY KEY(account, version))"                   \
    " WITHOUT ROWID;"                                                                                     \
    "CREATE TABLE kt_vrf(account INTEGER NOT NULL, version INTEGER NOT NULL, output BLOB NOT NULL,"       \
    " proof BLOB NOT NULL, PRIMARY KEY(account, version)) WITHOUT ROWID;"                                 \
    "CREATE TABLE kt_checkpoint(size INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, note BLOB NOT NULL);" \
    "CREATE TABLE kt_head(row INTEGER PRIMARY KEY CHECK(row=1), log_hash BLOB NOT NULL,"                  \
    " size INTEGER NOT NULL, time_ms INTEGER NOT NULL, signature BLOB NOT NULL,"                          \
    " is_complete INTEGER NOT NULL);"                                                                     \
    "CREATE TABLE kt_log(row INTEGER PRIMARY KEY CHECK(row=1), signed_log BLOB NOT NULL);"

/* Everything that a log was made of, for one that takes its place. */
#define RELAY_LOG_FORGET                                                                                             \
    "DELETE FROM kt_node; DELETE FROM kt_hash; DELETE FROM kt_entry; DELETE FROM kt_bridge; DELETE FROM kt_version;" \
    "DELETE FROM kt_vrf; DELETE FROM kt_checkpoint; DELETE FROM kt_head;"                                            \
    "DELETE FROM kt_log;"

/* In memory, of the writer's connection alone. */
#define RELAY_SCHEMA_RDV                                                                           \
    "CREATE TEMP TABLE rdv(number INTEGER PRIMARY KEY, opener INTEGER NOT NULL,"                   \
    " joiner INTEGER NOT NULL, opener_waiting INTEGER NOT NULL, joiner_waiting INTEGER NOT NULL,"  \
    " messages INTEGER NOT NULL, expires_ms INTEGER NOT NULL);"                                    \
    "CREATE INDEX temp.rdv_by_opener ON rdv(opener);"                                              \
    "CREATE INDEX temp.rdv_by_joiner ON rdv(joiner);"                                              \
    "CREATE INDEX temp.rdv_by_age ON rdv(expires_ms);"                                             \
    "CREATE TEMP TABLE rdv_body(row INTEGER PRIMARY KEY, number INTEGER NOT NULL,"                 \
    " body BLOB NOT NULL);"                                                                        \
    "CREATE INDEX temp.rdv_body_by_number ON rdv_body(number, row);"

#define RELAY_DEVICE_COLUMNS "row, account, is_listed, next_item, items, bytes"
#define RELAY_EPOCH_COLUMNS "first_seq, last_seq, ended_ms, readers, token_hash"
#define RELAY_RDV_COLUMNS                                                                          \
    "number, opener, joiner, opener_waiting, joiner_waiting, messages, expires_ms"

/* X(CONSTANT, text) */
#define RELAY_STATEMENTS(X)                                                                        \
    X(ACCOUNT_FIND, "SELECT row, version FROM account WHERE id=?1")                                \
    X(ACCOUNT_ADD, "INSERT INTO account(id, version) VALUES(?1, 0)")                               \
    X(ACCOUNT_VERSION, "UPDATE account SET version=?2 WHERE row=?1")                               \
    X(LIST_GET, "SELECT body FROM list WHERE account=?1 AND version=?2")                           \
    X(LIST_ADD, "INSERT INTO list(account, version, body) VALUES(?1, ?2, ?3)")                     \
    X(KT_HEAD_GET, "SELECT log_hash, size, time_ms, signature, is_complete FROM kt_head")          \
    X(KT_HEAD_PUT, "INSERT OR REPLACE INTO kt_head(row, log_hash, size, time_ms, signature,"       \
                   " is_complete) VALUES(1, ?1, ?2, ?3, ?4, ?5)")                                  \
    X(KT_LOG_GET, "SELECT signed_log FROM kt_log")                                                 \
    X(KT_LOG_PUT, "INSERT OR REPLACE INTO kt_log(row, signed_log) VALUES(1, ?1)")                  \
    X(KT_CHECKPOINT_FIND, "SELECT size, time_ms, note FROM kt_checkpoint WHERE size<=?1"           \
                          " ORDER BY size DESC LIMIT 1")                                           \
    X(KT_CHECKPOINT_PUT,                                                                           \
      "INSERT OR REPLACE INTO kt_checkpoint(size, time_ms, note) VALUES(?1, ?2, ?3)")              \
    X(KT_CHECKPOINT_TRIM, "DELETE FROM kt_checkpoint WHERE size NOT IN"                            \
                          " (SELECT size FROM kt_checkpoint ORDER BY size DESC LIMIT ?1)")         \
    X(KT_NODE_GET, "SELECT body FROM kt_node WHERE row=?1")                                        \
    X(KT_HASH_GET, "SELECT body FROM kt_hash WHERE row=?1")                                        \
    X(KT_ENTRY_GET, "SELECT body FROM kt_entry WHERE row=?1")                                      \
    X(KT_BRIDGE_GET, "SELECT body FROM kt_bridge WHERE row=?1")                                    \
    X(KT_BRIDGE_PUT, "INSERT OR REPLACE INTO kt_bridge(row, body) VALUES(?1, ?2)")                 \
    X(KT_NODE_PUT, "INSERT OR REPLACE INTO kt_node(row, body) VALUES(?1, ?2)")                     \
    X(KT_HASH_PUT, "INSERT OR REPLACE INTO kt_hash(row, body) VALUES(?1, ?2)")                     \
    X(KT_ENTRY_PUT, "INSERT OR REPLACE INTO kt_entry(row, body) VALUES(?1, ?2)")                   \
    X(KT_COUNT, "SELECT ifnull(max(version), 0) FROM kt_version"                                   \
                " WHERE account=(SELECT row FROM account WHERE id=?1)")                            \
    X(KT_FIND, "SELECT position, opening, account FROM kt_version"                                 \
               " WHERE account=(SELECT row FROM account WHERE id=?1) AND version=?2")              \
    X(KT_ADD, "INSERT INTO kt_version(account, version, position, opening)"                        \
              " SELECT row, ?2, ?3, ?4 FROM account WHERE id=?1")                                  \
    X(KT_UNLOGGED, "SELECT row, id, version, (SELECT ifnull(max(version), 0) FROM kt_version"      \
                   " WHERE account=a.row) AS logged FROM account AS a"                             \
                   " WHERE row>?1 AND logged<version ORDER BY row LIMIT 1")                        \
    X(KT_VRF_FIND, "SELECT output, proof FROM kt_vrf"                                              \
                   " WHERE account=(SELECT row FROM account WHERE id=?1) AND version=?2")          \
    X(KT_VRF_KEEP, "INSERT OR REPLACE INTO kt_vrf(account, version, output, proof)"                \
                   " SELECT row, ?2, ?3, ?4 FROM account WHERE id=?1")                             \
    X(DEVICE_FIND, "SELECT " RELAY_DEVICE_COLUMNS " FROM device WHERE account=?1 AND id=?2")       \
    X(DEVICE_GET, "SELECT " RELAY_DEVICE_COLUMNS " FROM device WHERE row=?1")                      \
    X(DEVICES_UNLIST, "UPDATE device SET is_listed=0 WHERE account=?1")                            \
    X(DEVICE_LIST, "INSERT INTO device(account, id, is_listed, next_item, items, bytes)"           \
                   " VALUES(?1, ?2, 1, 1, 0, 0)"                                                   \
                   " ON CONFLICT(account, id) DO UPDATE SET is_listed=1")                          \
    X(DEVICES_EMPTY, "UPDATE device SET items=0, bytes=0 WHERE account=?1 AND is_listed=0")        \
    X(DEVICES_ITEMS, "DELETE FROM item WHERE device IN"                                            \
                     " (SELECT row FROM device WHERE account=?1 AND is_listed=0)")                 \
    X(DEVICES_PACKAGES, "DELETE FROM package WHERE device IN"                                      \
                        " (SELECT row FROM device WHERE account=?1 AND is_listed=0)")              \
    X(DEVICES_LAST, "DELETE FROM last_resort WHERE device IN"                                      \
                    " (SELECT row FROM device WHERE account=?1 AND is_listed=0)")                  \
    X(TICKET_FIND, "SELECT account, expires_ms, uses_left FROM ticket WHERE hash=?1")              \
    X(TICKET_SAVE, "INSERT INTO ticket(hash, account, expires_ms, uses_left)"                      \
                   " VALUES(?1, ?2, ?3, ?4) ON CONFLICT(hash) DO UPDATE SET"                       \
                   " account=?2, expires_ms=?3, uses_left=?4")                                     \
    X(TICKET_COUNT, "SELECT count(*) FROM ticket WHERE account=?1 AND expires_ms>?2")              \
    X(TICKET_EXPIRE, "DELETE FROM ticket WHERE hash IN"                                            \
                     " (SELECT hash FROM ticket WHERE expires_ms<?1 LIMIT ?2)")                    \
    X(PACKAGE_ADD, "INSERT INTO package(device, hash, body) VALUES(?1, ?2, ?3)")                   \
    X(PACKAGE_NEXT, "SELECT row, body FROM package WHERE device=?1 AND taken_ms IS NULL"           \
                    " ORDER BY row LIMIT 1")                                                       \
    X(PACKAGE_TAKEN, "UPDATE package SET taken_ms=?2, body=NULL WHERE row=?1")                     \
    X(PACKAGE_COUNT, "SELECT count(*) FROM package WHERE device=?1 AND taken_ms IS NULL")          \
    X(PACKAGE_EXPIRE, "DELETE FROM package WHERE row IN"                                           \
                      " (SELECT row FROM package WHERE taken_ms<?1 LIMIT ?2)")                     \
    X(LAST_GET, "SELECT body FROM last_resort WHERE device=?1")                                    \
    X(LAST_PUT, "INSERT OR REPLACE INTO last_resort(device, body) VALUES(?1, ?2)")                 \
    X(CONV_FIND, "SELECT row, next_seq, last_commit, first_seq, swept_seq, entries, bytes,"        \
                 " epochs, acked, readers, token_hash, open_hash FROM conv WHERE id=?1")           \
    X(CONV_ADD, "INSERT INTO conv(id, next_seq, last_commit, first_seq, swept_seq, entries,"       \
                " bytes, epochs, acked, readers, token_hash, open_hash)"                           \
                " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)")                      \
    X(CONV_SAVE, "UPDATE conv SET next_seq=?2, last_commit=?3, first_seq=?4, swept_seq=?5,"        \
                 " entries=?6, bytes=?7, epochs=?8, acked=?9, readers=?10, token_hash=?11"         \
                 " WHERE row=?1")                                                                  \
    X(CONV_EXPIRED, "UPDATE conv SET entries=entries-?3, bytes=bytes-?4,"                          \
                    " first_seq=max(first_seq, ?2), swept_seq=max(swept_seq, ?2), acked=?5"        \
                    " WHERE row=?1")                                                               \
    X(CONV_UNSWEPT,                                                                                \
      "SELECT row, swept_seq, first_seq FROM conv WHERE swept_seq<first_seq LIMIT 1")              \
    X(CONV_SWEPT, "UPDATE conv SET entries=entries-?3, bytes=bytes-?4, swept_seq=?2 WHERE row=?1") \
    X(EPOCH_FIND, "SELECT " RELAY_EPOCH_COLUMNS " FROM epoch WHERE conv=?1 AND token_hash=?2"      \
                  " ORDER BY row DESC LIMIT 1")                                                    \
    X(EPOCH_AT, "SELECT " RELAY_EPOCH_COLUMNS " FROM epoch WHERE conv=?1 AND last_seq>=?2"         \
                " ORDER BY last_seq LIMIT 1")                                                      \
    X(EPOCH_ADD, "INSERT INTO epoch(conv, " RELAY_EPOCH_COLUMNS ")"                                \
                 " VALUES(?1, ?2, ?3, ?4, ?5, ?6)")                                                \
    X(EPOCH_DROP, "DELETE FROM epoch WHERE row="                                                   \
                  "(SELECT row FROM epoch WHERE conv=?1 ORDER BY last_seq LIMIT 1)")               \
    X(EPOCH_EXPIRE, "DELETE FROM epoch WHERE row IN (SELECT row FROM epoch ORDER BY row LIMIT ?2)" \
                    " AND ended_ms<?1 RETURNING conv")                                             \
    X(CONV_EPOCHS, "UPDATE conv SET epochs=epochs-1 WHERE row=?1")                                 \
    X(ENTRY_ADD, "INSERT INTO entry(conv, seq, time_ms, kind, append_id, body)"                    \
                 " VALUES(?1, ?2, ?3, ?4, ?5, ?6)")                                                \
    X(ENTRIES_DELETE, "DELETE FROM entry WHERE conv=?1 AND seq>=?2 AND seq<?3")                    \
    X(ENTRIES_COUNT, "SELECT count(*), ifnull(sum(length(body)), 0) FROM entry"                    \
                     " WHERE conv=?1 AND seq>=?2 AND seq<?3")                                      \
    X(ENTRIES_WALK, "SELECT seq, time_ms, append_id, body, kind FROM entry"                        \
                    " WHERE conv=?1 AND seq>=?2 AND seq<=?3 ORDER BY seq")                         \
    X(ENTRIES_AGED, "SELECT conv, max(seq), count(*), sum(length(body)) FROM entry WHERE row IN"   \
                    " (SELECT row FROM entry ORDER BY row LIMIT ?2) AND time_ms<?1"                \
                    " GROUP BY conv")                                                              \
    X(ENTRIES_EXPIRE, "DELETE FROM entry WHERE row IN"                                             \
                      " (SELECT row FROM entry ORDER BY row LIMIT ?2) AND time_ms<?1")             \
    X(MARK_ADD, "INSERT INTO mark(conv, append_id, seq, time_ms) VALUES(?1, ?2, ?3, ?4)")          \
    X(MARK_FIND, "SELECT seq, time_ms FROM mark WHERE conv=?1 AND append_id=?2")                   \
    X(MARK_NEXT, "SELECT conv, append_id, time_ms FROM mark WHERE (append_id, conv)>(?2, ?1)"      \
                 " ORDER BY append_id, conv LIMIT ?3")                                             \
    X(MARK_DELETE, "DELETE FROM mark WHERE conv=?1 AND append_id=?2")                              \
    X(ACK_FIND, "SELECT seq, since FROM ack WHERE conv=?1 AND reader=?2")                          \
    X(ACK_PUT, "INSERT INTO ack(conv, reader, seq, time_ms, since) VALUES(?1, ?2, ?3, ?4, ?5)"     \
               " ON CONFLICT(conv, reader) DO UPDATE SET seq=?3, time_ms=?4")                      \
    X(ACK_COUNT, "SELECT count(*) FROM ack WHERE conv=?1 AND seq>=?2 AND (since<=?2 OR ?2=0)")     \
    X(ACK_RANK, "SELECT seq FROM ack WHERE conv=?1 AND since<=?3 ORDER BY seq DESC"                \
                " LIMIT 1 OFFSET ?2")                                                              \
    X(ACK_FORGET, "DELETE FROM ack WHERE conv=?1 AND time_ms<?2")                                  \
    X(ITEM_ADD, "INSERT INTO item(device, number, time_ms, put_id, body)"                          \
                " VALUES(?1, ?2, ?3, ?4, ?5)")                                                     \
    X(ITEMS_WALK, "SELECT number, time_ms, put_id, body, 0 FROM item"                              \
                  " WHERE device=?1 AND number>=?2 AND number<=?3 ORDER BY number")                \
    X(ITEMS_DELETE, "DELETE FROM item WHERE device=?1 AND number<=?2 RETURNING length(body)")      \
    X(ITEMS_EXPIRE, "DELETE FROM item WHERE row IN (SELECT row FROM item ORDER BY row LIMIT ?2)"   \
                    " AND time_ms<?1 RETURNING device, length(body)")                              \
    X(DEVICE_ADDED, "UPDATE device SET next_item=?2, items=items+1, bytes=bytes+?3 WHERE row=?1")  \
    X(DEVICE_FREED, "UPDATE device SET items=items-?2, bytes=bytes-?3 WHERE row=?1")               \
    X(PUT_ADD, "INSERT INTO put(device, put_id, time_ms) VALUES(?1, ?2, ?3)")                      \
    X(PUT_FIND, "SELECT 1 FROM put WHERE device=?1 AND put_id=?2")                                 \
    X(PUT_EXPIRE, "DELETE FROM put WHERE row IN (SELECT row FROM put ORDER BY row LIMIT ?2)"       \
                  " AND time_ms<?1")                                                               \
    X(RDV_COUNT, "SELECT count(*) FROM temp.rdv")                                                  \
    X(RDV_FIND, "SELECT " RELAY_RDV_COLUMNS " FROM temp.rdv WHERE number=?1")                      \
    X(RDV_OF, "SELECT " RELAY_RDV_COLUMNS " FROM temp.rdv WHERE opener=?1 OR joiner=?1 LIMIT 1")   \
    X(RDV_HELD, "SELECT count(*) FROM temp.rdv WHERE opener=?1 OR joiner=?1")                      \
    X(RDV_EXPIRED, "SELECT " RELAY_RDV_COLUMNS " FROM temp.rdv WHERE expires_ms<=?1 LIMIT 1")      \
    X(RDV_SAVE, "INSERT OR REPLACE INTO temp.rdv(" RELAY_RDV_COLUMNS ")"                           \
                " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)")                                             \
    X(RDV_DELETE, "DELETE FROM temp.rdv WHERE number=?1")                                          \
    X(RDV_BODIES_DELETE, "DELETE FROM temp.rdv_body WHERE number=?1")                              \
    X(RDV_BODY_PUT, "INSERT INTO temp.rdv_body(number, body) VALUES(?1, ?2)")                      \
    X(RDV_BODY_NEXT, "SELECT row, body FROM temp.rdv_body WHERE number=?1 ORDER BY row LIMIT 1")   \
    X(RDV_BODY_DELETE, "DELETE FROM temp.rdv_body WHERE row=?1")

typedef enum relay_statement {
#define RELAY_STATEMENT_ENUM(name, text) RELAY_SQL_##name,
    RELAY_STATEMENTS(RELAY_STATEMENT_ENUM)
#undef RELAY_STATEMENT_ENUM
        RELAY_SQL_COUNT
} relay_statement;

#endif
