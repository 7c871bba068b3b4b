/* BACKUP and RESTORE: one session that proves its authority, chooses T, writes the ledger
 * row that names this very session, and then runs the statement to its end. T is chosen
 * beforehand and said (SNAPSHOT = T), because the exact TSO of a backup whose reply was
 * lost cannot be read back. Source: tidb: pkg/executor/brie.go. */
#include <inttypes.h>
#include <string.h>

#include "controller/base/json.h"
#include "controller/base/num.h"
#include "controller/estate/wire/script.h"
#include "controller/estate/wire/uri.h"

enum { MIB = 1 << 20 };

struct copy_script {
    bool restore;
    struct dr_copy_row row;
};

static enum dr_flow begin_copy(struct dr_script *s)
{
    struct copy_script *mine = s->mine;
    const struct dr_copy_args *args = &s->call->args.copy;
    mine->restore = s->call->kind == DR_CALL_RESTORE;
    if (!args->prefix || !*args->prefix || !args->generation ||
        (mine->restore && !args->tso))
        return dr_script_fail(s, DR_E_BUG, "a copy without prefix, generation or T");
    if (!s->wire->topology->storage.backup.declared)
        return dr_script_fail(s, DR_E_INPUT, "no storage.backup is declared");
    mine->row = (struct dr_copy_row){.present = true,
                                     .generation = args->generation,
                                     .prefix = args->prefix,
                                     .tso = args->tso};
    return DR_FLOW_AGAIN;
}

/* ---- T ---- */

static enum dr_flow ask_t(struct dr_script *s)
{
    const struct copy_script *mine = s->mine;
    if (mine->row.tso)
        return DR_FLOW_NEXT;
    s->ex.sql.text = "SELECT @@tidb_current_ts AS tso";
    return DR_FLOW_SEND;
}

static enum dr_flow take_t(struct dr_script *s, const struct dr_answer *a)
{
    struct copy_script *mine = s->mine;
    if (!dr_cell_u64(&a->sql, 0, "tso", &mine->row.tso) || !mine->row.tso)
        return dr_script_fail(s, DR_E_PROTOCOL, "no TSO of this transaction");
    return DR_FLOW_NEXT;
}

/* ---- the ledger row ---- */

static const char *row_key(const struct dr_script *s)
{
    const struct copy_script *mine = s->mine;
    return mine->restore ? DR_KEY_RESTORING : DR_KEY_BACKUP;
}

static enum dr_flow ask_copy_row(struct dr_script *s)
{
    return dr_ask_row_locked(s, row_key(s));
}

/* A row of an older generation is replaced. One of this generation must be this very copy
 * (same prefix, same T): its T must not be forgotten, for it may already be in storage.
 */
static enum dr_flow take_copy_row(struct dr_script *s, const struct dr_answer *a)
{
    struct copy_script *mine = s->mine;
    const struct dr_copy_args *args = &s->call->args.copy;
    const struct dr_cell *value = dr_answer_cell(&a->sql, 0, "value");
    json_t *v = NULL;
    uint64_t generation = 0, tso = 0;
    mine->row.instance = dr_script_instance(s);
    mine->row.connection_id = a->sql.connection_id;
    if (!a->sql.row_count)
        return DR_FLOW_NEXT;
    if (!value->text ||
        dr_json_parse_in(s->arena, &v, value->text, value->len, NULL) != 0 ||
        !dr_json_u64(v, "generation", &generation) || !dr_json_u64(v, "tso", &tso))
        return dr_script_fail(s, DR_E_PROTOCOL, "ledger row '%s' is unreadable",
                              row_key(s));
    const char *prefix = dr_json_str(v, "prefix");
    bool same = generation == args->generation && tso == args->tso && prefix &&
                strcmp(prefix, args->prefix) == 0;
    if (generation >= args->generation && !same)
        return dr_script_fail(s, DR_E_CONFLICT,
                              "ledger row '%s' is of generation %" PRIu64 ", T %" PRIu64,
                              row_key(s), generation, tso);
    return DR_FLOW_NEXT;
}

static enum dr_flow ask_put_copy(struct dr_script *s)
{
    const struct copy_script *mine = s->mine;
    struct dr_row_write row = {.key = row_key(s),
                               .value = dr_copy_value(&mine->row, s->arena)};
    return dr_ask_put_rows(s, &row, 1);
}

/* With the row in the ledger the session is the one it names. The row alone is a note of
 * what is about to happen: the outcome of the call is that of the statement. */
static enum dr_flow take_row_written(struct dr_script *s, const struct dr_answer *a)
{
    s->no_restart = true;
    s->mutated = false;
    return dr_take_commit(s, a);
}

/* ---- the statement ---- */

static enum dr_flow ask_copy(struct dr_script *s)
{
    const struct copy_script *mine = s->mine;
    const struct dr_bootstrap *boot = &s->wire->topology->bootstrap;
    struct dr_buf uri, b;
    dr_buf_init(&uri, 64 << 10);
    dr_buf_init(&b, 256 << 10);
    dr_storage_uri_add(&uri, &s->wire->access->backup, mine->row.prefix, DR_READER_BR,
                       true);
    dr_buf_adds(&b, mine->restore ? "RESTORE DATABASE * FROM " : "BACKUP DATABASE * TO ");
    dr_sql_add_string(&b, dr_buf_str(&uri), uri.len);
    if (!mine->restore)
        dr_buf_addf(&b, " SNAPSHOT = %" PRIu64, mine->row.tso);
    if (boot->rate_limit_bytes)
        dr_buf_addf(&b, " RATE_LIMIT = %" PRIu64 " MB/SECOND",
                    boot->rate_limit_bytes < MIB ? 1 : boot->rate_limit_bytes / MIB);
    dr_buf_adds(&b, " CHECKSUM = TRUE");
    if (mine->restore)
        dr_buf_adds(&b, " WITH_SYS_TABLE = FALSE");
    s->ex.sql.text = dr_script_secret(s, &b);
    if (uri.data)
        explicit_bzero(uri.data, uri.len);
    dr_buf_release(&uri);
    return DR_FLOW_SEND;
}

static enum dr_flow copy_done(struct dr_script *s)
{
    const struct copy_script *mine = s->mine;
    struct dr_copy_row *row = DR_NEW(s->arena, struct dr_copy_row);
    *row = mine->row;
    row->prefix = dr_strdup(s->arena, row->prefix);
    row->instance = dr_strdup(s->arena, row->instance);
    s->reply.as.copy = row;
    return DR_FLOW_DONE;
}

/* BR's words. Source: tidb: br/pkg/task/backup.go, br/pkg/restore. */
#define META_EXISTS  "backup meta file exists in"
#define TABLES_EXIST "ErrTablesAlreadyExisted"

static enum dr_flow take_copy(struct dr_script *s, const struct dr_answer *a)
{
    const struct copy_script *mine = s->mine;
    const char *text = a->sql.message ? a->sql.message : "";
    uint64_t tso;
    if (a->sql.error && !mine->restore && strstr(text, META_EXISTS) &&
        s->call->args.copy.tso)
        return copy_done(
            s); /* the ledger's T, and this prefix is of its generation alone */
    if (a->sql.error) {
        enum dr_flow flow = dr_script_sql_error(s, a);
        if (strstr(text, META_EXISTS) || strstr(text, TABLES_EXIST)) {
            s->reply.err.code = DR_E_CONFLICT;
            dr_script_no_effect(s);
        } else if (s->reply.err.code == DR_E_CONFLICT) {
            s->mutated = true; /* a lock or a write lost in the middle proves nothing */
        }
        return flow;
    }
    if (!mine->restore && dr_cell_u64(&a->sql, 0, "BackupTS", &tso) &&
        tso != mine->row.tso)
        return dr_script_fail(s, DR_E_PROTOCOL,
                              "the backup says T %" PRIu64 " instead of %" PRIu64, tso,
                              mine->row.tso);
    return copy_done(s);
}

/* T is the start TSO of the very transaction that writes the row. */
#define COPY_STEPS(statement)                                                            \
    DR_STEP_AUTHORITY, DR_STEP_BEGIN, {.name = "take T", .ask = ask_t, .take = take_t},  \
        DR_STEP_LOCK_EPOCH,                                                              \
        {.name = "read the copy's row", .ask = ask_copy_row, .take = take_copy_row},     \
        {.name = "write the copy's row", .ask = ask_put_copy},                           \
        {.name = "commit",                                                               \
         .ask = dr_ask_commit,                                                           \
         .take = take_row_written,                                                       \
         .mutates = true},                                                               \
        {.name = statement,                                                              \
         .ask = ask_copy,                                                                \
         .take = take_copy,                                                              \
         .mutates = true,                                                                \
         .takes_errors = true,                                                           \
         .limit_ms = -1},                                                                \
        DR_STEP_END

static const struct dr_step backup_steps[] = {COPY_STEPS("BACKUP")};
const struct dr_play dr_play_backup = {.via = DR_VIA_SQL,
                                       .lane = DR_LANE_JOB,
                                       .steps = backup_steps,
                                       .begin = begin_copy,
                                       .mine_bytes = sizeof(struct copy_script)};

static const struct dr_step restore_steps[] = {COPY_STEPS("RESTORE")};
const struct dr_play dr_play_restore = {.via = DR_VIA_SQL,
                                        .lane = DR_LANE_JOB,
                                        .steps = restore_steps,
                                        .begin = begin_copy,
                                        .mine_bytes = sizeof(struct copy_script)};
