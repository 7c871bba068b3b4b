/* Mutations of the ledger and of the heartbeat. Every write is one transaction that locks
 * the epoch row first, so that checking and acting are one; a late writer with an old
 * epoch is refused by the row itself. */
#include <inttypes.h>
#include <string.h>

#include "controller/base/printable.h"
#include "controller/base/tso.h"
#include "controller/estate/wire/script.h"

#define HEARTBEAT "drover.heartbeat"

enum { WHO_MAX = 200 };

/* ---- ledger.create ---- */

/* On versions that do not exempt schema mysql from BDR roles the session must mark itself
 * as TiCDC's, or the DDL is refused with 8263; other versions do not know the variable.
 * Source: tidb: pkg/ddl/bdr.go; docs: system-variables.md. */
static enum dr_flow take_write_source(struct dr_script *s, const struct dr_answer *a)
{
    if (a->sql.error && a->sql.error != 1193)
        return dr_script_sql_error(s, a);
    if (!a->sql.error)
        s->undo = "SET SESSION tidb_cdc_write_source = 0";
    return DR_FLOW_NEXT;
}

static const struct dr_step create_steps[] = {
    {.name = "mark the session",
     .text = "SET SESSION tidb_cdc_write_source = 1",
     .take = take_write_source,
     .takes_errors = true},
    {.name = "create the ledger",
     .text = "CREATE TABLE IF NOT EXISTS " DR_LEDGER_TABLE
             " (cluster_id BIGINT UNSIGNED NOT NULL, k VARCHAR(190) NOT NULL,"
             " value TEXT NOT NULL, epoch BIGINT UNSIGNED NOT NULL,"
             " holder VARCHAR(64) NOT NULL,"
             " at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3)"
             " ON UPDATE CURRENT_TIMESTAMP(3), PRIMARY KEY (cluster_id, k))",
     .mutates = true,
     .limit_ms = -1},
    DR_STEP_END,
};
const struct dr_play dr_play_ledger_create = {
    .via = DR_VIA_SQL, .lane = DR_LANE_ACT, .steps = create_steps};

/* ---- ledger.epoch ---- */

struct epoch_script {
    bool there;
    struct dr_row_write lease;
};

static enum dr_flow begin_epoch(struct dr_script *s)
{
    if (!s->call->as.cluster_id || !s->call->args.epoch.epoch ||
        !s->call->args.epoch.holder)
        return dr_script_fail(s, DR_E_BUG, "a takeover without cluster id or holder");
    return DR_FLOW_AGAIN;
}

static enum dr_flow ask_epoch_now(struct dr_script *s)
{
    return dr_script_sql(s,
                         "SELECT epoch, holder FROM " DR_LEDGER_TABLE
                         " WHERE cluster_id = %" PRIu64 " AND k = '" DR_KEY_EPOCH
                         "' FOR UPDATE",
                         s->call->as.cluster_id);
}

static enum dr_flow take_epoch_now(struct dr_script *s, const struct dr_answer *a)
{
    struct epoch_script *mine = s->mine;
    const struct dr_cell *holder = dr_answer_cell(&a->sql, 0, "holder");
    uint64_t epoch = 0;
    mine->there = a->sql.row_count > 0;
    if (!mine->there && !s->call->args.epoch.expect_epoch)
        return DR_FLOW_NEXT;
    if (!mine->there)
        return dr_script_fail(s, DR_E_CONFLICT, "the ledger has no epoch");
    if (!dr_cell_u64(&a->sql, 0, "epoch", &epoch) || !holder->text)
        return dr_script_fail(s, DR_E_PROTOCOL, "the ledger's epoch is unreadable");
    if (epoch == s->call->args.epoch.epoch &&
        strcmp(holder->text, s->call->args.epoch.holder) == 0)
        return DR_FLOW_DONE; /* an earlier try of ours got through */
    if (epoch == s->call->args.epoch.expect_epoch && s->call->args.epoch.expect_holder &&
        strcmp(holder->text, s->call->args.epoch.expect_holder) == 0)
        return DR_FLOW_NEXT;
    return dr_script_fail(s, DR_E_CONFLICT, "epoch %" PRIu64 " of %s stands here", epoch,
                          dr_script_redact(s, holder->text, holder->len));
}

static enum dr_flow ask_raise(struct dr_script *s)
{
    const struct epoch_script *mine = s->mine;
    const char *holder = dr_sql_string(s->arena, s->call->args.epoch.holder);
    if (!mine->there)
        return dr_script_sql(s,
                             "INSERT INTO " DR_LEDGER_TABLE
                             " (cluster_id, k, value, epoch, holder) VALUES (%" PRIu64
                             ", '" DR_KEY_EPOCH "', '{}', %" PRIu64 ", %s)",
                             s->call->as.cluster_id, s->call->args.epoch.epoch, holder);
    return dr_script_sql(s,
                         "UPDATE " DR_LEDGER_TABLE " SET epoch = %" PRIu64 ", holder = %s"
                         " WHERE cluster_id = %" PRIu64 " AND k = '" DR_KEY_EPOCH
                         "' AND epoch = %" PRIu64 " AND holder = %s",
                         s->call->args.epoch.epoch, holder, s->call->as.cluster_id,
                         s->call->args.epoch.expect_epoch,
                         dr_sql_string(s->arena, s->call->args.epoch.expect_holder));
}

static enum dr_flow take_raise(struct dr_script *s, const struct dr_answer *a)
{
    if (a->sql.affected != 1)
        return dr_script_fail(s, DR_E_CONFLICT, "somebody else raised the epoch");
    return DR_FLOW_NEXT;
}

/* The holder before may have seen since our look what is good for ever, and noted it in
 * its lease. */
static enum dr_flow ask_older_lease(struct dr_script *s)
{
    return s->call->args.epoch.tso && s->call->args.epoch.lease_ms > 0
               ? dr_ask_row_locked(s, DR_KEY_LEASE)
               : DR_FLOW_NEXT;
}

static enum dr_flow take_older_lease(struct dr_script *s, const struct dr_answer *a)
{
    struct epoch_script *mine = s->mine;
    const char *standing =
        a->sql.row_count ? dr_cell_text(&a->sql, 0, "value", s->arena) : NULL;
    struct dr_last_seen seen =
        dr_lease_merge(standing, s->call->args.epoch.seen, s->arena);
    uint64_t until =
        s->call->args.epoch.tso + dr_tso_make(s->call->args.epoch.lease_ms, 0);
    mine->lease = (struct dr_row_write){.key = DR_KEY_LEASE,
                                        .value = dr_lease_value(until, &seen, s->arena)};
    return DR_FLOW_NEXT;
}

/* In the same transaction: whoever looks from now on sees a lease that runs, and does not
 * raise the epoch once more while the new holder still ends older sessions. */
static enum dr_flow ask_first_lease(struct dr_script *s)
{
    const struct epoch_script *mine = s->mine;
    return mine->lease.value ? dr_ask_put_rows(s, &mine->lease, 1) : DR_FLOW_NEXT;
}

static const struct dr_step epoch_steps[] = {
    DR_STEP_BEGIN,
    {.name = "lock the epoch", .ask = ask_epoch_now, .take = take_epoch_now},
    {.name = "raise the epoch", .ask = ask_raise, .take = take_raise},
    {.name = "read the older lease", .ask = ask_older_lease, .take = take_older_lease},
    {.name = "write the first lease", .ask = ask_first_lease},
    DR_STEP_COMMIT,
    DR_STEP_END,
};
const struct dr_play dr_play_ledger_epoch = {.via = DR_VIA_SQL,
                                             .lane = DR_LANE_ACT,
                                             .steps = epoch_steps,
                                             .begin = begin_epoch,
                                             .mine_bytes = sizeof(struct epoch_script)};

/* ---- ledger.write ---- */

static bool expects(const struct dr_row_write *row)
{
    return row->expect != DR_ROW_ANY;
}

static bool deletes(const struct dr_row_write *row)
{
    return !row->value;
}

static enum dr_flow ask_expected(struct dr_script *s)
{
    return dr_ask_select_rows(s, "SELECT k, value", s->call->args.write.rows,
                              s->call->args.write.count, expects, " FOR UPDATE");
}

static const struct dr_cell *value_of(const struct dr_sql_answer *a, const char *key)
{
    for (size_t i = 0; i < a->row_count; i++) {
        const struct dr_cell *k = dr_answer_cell(a, i, "k");
        if (k->text && strcmp(k->text, key) == 0)
            return dr_answer_cell(a, i, "value");
    }
    return NULL;
}

static enum dr_flow take_expected(struct dr_script *s, const struct dr_answer *a)
{
    for (size_t i = 0; i < s->call->args.write.count; i++) {
        const struct dr_row_write *row = &s->call->args.write.rows[i];
        const struct dr_cell *now = value_of(&a->sql, row->key);
        if (row->expect == DR_ROW_ABSENT && now)
            return dr_script_fail(s, DR_E_CONFLICT, "ledger row '%s' is there already",
                                  row->key);
        if (row->expect == DR_ROW_EQUALS &&
            (!now || !now->text || strcmp(now->text, row->expected) != 0))
            return dr_script_fail(s, DR_E_CONFLICT, "ledger row '%s' has changed",
                                  row->key);
    }
    return DR_FLOW_NEXT;
}

static enum dr_flow ask_put(struct dr_script *s)
{
    return dr_ask_put_rows(s, s->call->args.write.rows, s->call->args.write.count);
}

static enum dr_flow ask_delete(struct dr_script *s)
{
    return dr_ask_select_rows(s, "DELETE", s->call->args.write.rows,
                              s->call->args.write.count, deletes, "");
}

static const struct dr_step write_steps[] = {
    DR_STEP_BEGIN,
    DR_STEP_LOCK_EPOCH,
    {.name = "read the rows", .ask = ask_expected, .take = take_expected},
    {.name = "write the rows", .ask = ask_put},
    {.name = "delete rows", .ask = ask_delete},
    DR_STEP_COMMIT,
    DR_STEP_END,
};
const struct dr_play dr_play_ledger_write = {
    .via = DR_VIA_SQL, .lane = DR_LANE_ACT, .steps = write_steps};

/* ---- ledger.word ---- */

/* Not by the holder of the epoch, but under its lock, so that nobody uses or clears a row
 * in the same moment. The row carries the epoch that stands: it is a word to its holder.
 */
struct word_script {
    uint64_t epoch;
    const char *holder, *who;
};

static enum dr_flow begin_word(struct dr_script *s)
{
    if (!s->call->as.cluster_id ||
        !s->call->args.word.approval == !s->call->args.word.agreed)
        return dr_script_fail(s, DR_E_BUG, "a word without cluster id or row");
    return DR_FLOW_AGAIN;
}

static enum dr_flow take_standing_epoch(struct dr_script *s, const struct dr_answer *a)
{
    struct word_script *mine = s->mine;
    if (!a->sql.row_count)
        return dr_script_fail(s, DR_E_CONFLICT, "the ledger has no epoch");
    mine->holder = dr_cell_text(&a->sql, 0, "holder", s->arena);
    if (!dr_cell_u64(&a->sql, 0, "epoch", &mine->epoch) || !mine->holder)
        return dr_script_fail(s, DR_E_PROTOCOL, "the ledger's epoch is unreadable");
    return DR_FLOW_NEXT;
}

static enum dr_flow take_who(struct dr_script *s, const struct dr_answer *a)
{
    struct word_script *mine = s->mine;
    const char *who = dr_cell_text(&a->sql, 0, "who", s->arena);
    if (!who || !*who)
        return dr_script_fail(s, DR_E_PROTOCOL, "the server does not say who asks");
    mine->who = dr_printable(s->arena, who, strlen(who), WHO_MAX);
    return DR_FLOW_NEXT;
}

static const char *word_key(const struct dr_script *s)
{
    return s->call->args.word.approval ? DR_KEY_APPROVAL : DR_KEY_TERM;
}

static const char *word_value(struct dr_script *s, const char *who)
{
    if (s->call->args.word.approval) {
        struct dr_approval_row row = *s->call->args.word.approval;
        row.by = who;
        return dr_approval_value(&row, s->arena);
    }
    struct dr_term_row row = *s->call->args.word.agreed;
    row.by = who;
    return dr_term_value(&row, s->arena);
}

static enum dr_flow ask_standing_word(struct dr_script *s)
{
    return dr_ask_row_locked(s, word_key(s));
}

static enum dr_flow take_standing_word(struct dr_script *s, const struct dr_answer *a)
{
    const char *now =
        a->sql.row_count ? dr_cell_text(&a->sql, 0, "value", s->arena) : NULL;
    const char *expected = s->call->args.word.expected;
    if ((now != NULL) != (expected != NULL) || (now && strcmp(now, expected) != 0))
        return dr_script_fail(s, DR_E_CONFLICT, "the row changed meanwhile");
    return DR_FLOW_NEXT;
}

static enum dr_flow ask_put_word(struct dr_script *s)
{
    const struct word_script *mine = s->mine;
    return dr_script_sql(s,
                         "INSERT INTO " DR_LEDGER_TABLE
                         " (cluster_id, k, value, epoch, holder) VALUES (%" PRIu64
                         ", '%s', %s, %" PRIu64 ", %s)"
                         " ON DUPLICATE KEY UPDATE value = VALUES(value),"
                         " epoch = VALUES(epoch), holder = VALUES(holder)",
                         s->call->as.cluster_id, word_key(s),
                         dr_sql_string(s->arena, word_value(s, mine->who)), mine->epoch,
                         dr_sql_string(s->arena, mine->holder));
}

static const struct dr_step word_steps[] = {
    DR_STEP_BEGIN,
    {.name = "lock the epoch", .ask = ask_epoch_now, .take = take_standing_epoch},
    {.name = "ask who asks", .text = "SELECT USER() AS who", .take = take_who},
    {.name = "read the approval", .ask = ask_standing_word, .take = take_standing_word},
    {.name = "write the approval", .ask = ask_put_word},
    DR_STEP_COMMIT,
    DR_STEP_END,
};
const struct dr_play dr_play_ledger_word = {.via = DR_VIA_SQL,
                                            .lane = DR_LANE_ACT,
                                            .steps = word_steps,
                                            .begin = begin_word,
                                            .mine_bytes = sizeof(struct word_script)};

/* ---- beat ---- */

struct beat_script {
    struct dr_row_write lease;
};

static uint64_t lease_until(const struct dr_script *s)
{
    int64_t lease_ms = s->call->args.beat.lease_ms;
    return lease_ms > 0 ? s->call->args.beat.tso + dr_tso_make(lease_ms, 0) : 0;
}

static enum dr_flow begin_beat(struct dr_script *s)
{
    struct beat_script *mine = s->mine;
    const struct dr_authority *as = &s->call->as;
    if (!as->cluster_id || !as->epoch || !as->holder || !s->call->args.beat.tso)
        return dr_script_fail(s, DR_E_BUG, "a beat without authority or TSO");
    mine->lease.key = DR_KEY_LEASE;
    mine->lease.value =
        dr_lease_value(lease_until(s), &s->call->args.beat.seen, s->arena);
    return DR_FLOW_AGAIN;
}

/* One statement for both rows; the epoch row in its WHERE makes it a fence. */
static enum dr_flow ask_beat(struct dr_script *s)
{
    const struct beat_script *mine = s->mine;
    const struct dr_authority *as = &s->call->as;
    const char *origin = s->call->args.beat.origin;
    const char *holder = dr_sql_string(s->arena, as->holder);
    const char *set = "", *from = "", *where = "";
    if (origin) {
        from = ", " HEARTBEAT " h";
        set = dr_sprintf(s->arena, ", h.tso = %" PRIu64, s->call->args.beat.tso);
        where =
            dr_sprintf(s->arena, " AND h.origin = %s", dr_sql_string(s->arena, origin));
    }
    return dr_script_sql(
        s,
        "UPDATE " DR_LEDGER_TABLE " e, " DR_LEDGER_TABLE " l%s"
        " SET l.value = %s, l.epoch = %" PRIu64 ", l.holder = %s%s"
        " WHERE e.cluster_id = %" PRIu64 " AND e.k = '" DR_KEY_EPOCH
        "' AND e.epoch = %" PRIu64 " AND e.holder = %s AND l.cluster_id = %" PRIu64
        " AND l.k = '" DR_KEY_LEASE "'%s",
        from, dr_sql_string(s->arena, mine->lease.value), as->epoch, holder, set,
        as->cluster_id, as->epoch, holder, as->cluster_id, where);
}

/* Fewer rows than expected: the epoch is another's, or a row is not there yet, or says
 * already what it should. The transaction that follows finds out and mends it. */
static enum dr_flow take_beat(struct dr_script *s, const struct dr_answer *a)
{
    if (a->sql.affected >= (s->call->args.beat.origin ? 2 : 1))
        return DR_FLOW_DONE;
    if (!a->sql.affected)
        dr_script_no_effect(s);
    return DR_FLOW_NEXT;
}

static enum dr_flow ask_lease(struct dr_script *s)
{
    const struct beat_script *mine = s->mine;
    return dr_ask_put_rows(s, &mine->lease, 1);
}

static enum dr_flow ask_heartbeat(struct dr_script *s)
{
    if (!s->call->args.beat.origin)
        return DR_FLOW_NEXT;
    return dr_script_sql(s,
                         "INSERT INTO " HEARTBEAT " (origin, tso) VALUES (%s, %" PRIu64
                         ") ON DUPLICATE KEY UPDATE tso = VALUES(tso)",
                         dr_sql_string(s->arena, s->call->args.beat.origin),
                         s->call->args.beat.tso);
}

static const struct dr_step beat_steps[] = {
    {.name = "beat", .ask = ask_beat, .take = take_beat, .mutates = true},
    DR_STEP_BEGIN,
    DR_STEP_LOCK_EPOCH,
    {.name = "write the lease", .ask = ask_lease},
    {.name = "write the heartbeat", .ask = ask_heartbeat},
    DR_STEP_COMMIT,
    DR_STEP_END,
};
const struct dr_play dr_play_beat = {.via = DR_VIA_SQL,
                                     .lane = DR_LANE_LEASE,
                                     .steps = beat_steps,
                                     .begin = begin_beat,
                                     .mine_bytes = sizeof(struct beat_script)};

/* ---- beat.table ---- */

static enum dr_flow take_table(struct dr_script *s, const struct dr_answer *a)
{
    (void)a;
    s->wire->clusters[s->call->at.cluster].beats_skip = 0;
    return DR_FLOW_NEXT;
}

static const struct dr_step beat_table_steps[] = {
    DR_STEP_AUTHORITY,
    {.name = "create schema drover",
     .text = "CREATE DATABASE IF NOT EXISTS drover",
     .mutates = true,
     .limit_ms = -1},
    {.name = "create the heartbeat",
     .text = "CREATE TABLE IF NOT EXISTS " HEARTBEAT
             " (origin VARCHAR(63) NOT NULL, tso BIGINT UNSIGNED NOT NULL,"
             " PRIMARY KEY (origin))",
     .take = take_table,
     .mutates = true,
     .limit_ms = -1},
    DR_STEP_END,
};
const struct dr_play dr_play_beat_table = {
    .via = DR_VIA_SQL, .lane = DR_LANE_ACT, .steps = beat_table_steps};
