/* What is read every round: flags and variables of an instance; by one instance in the
 * same SELECT the ledger and the heartbeats; and the cluster's TSO. */
#include <inttypes.h>
#include <string.h>

#include "controller/base/num.h"
#include "controller/estate/wire/script.h"

#define HEARTBEAT_SCHEMA "drover"
#define HEARTBEAT_TABLE  "heartbeat"
enum { BEATS_SKIP = 8, NS_PER_MS = 1000000 };

#define VARIABLES                                                                        \
    "@@global.tidb_super_read_only AS super_read_only,"                                  \
    " @@global.tidb_restricted_read_only AS restricted_read_only,"                       \
    " @@global.tidb_gc_enable AS gc_enable,"                                             \
    " @@global.tidb_gc_life_time AS gc_life_time,"                                       \
    " @@global.tidb_ttl_job_enable AS ttl_job_enable,"                                   \
    " @@global.tidb_enable_external_ts_read AS external_ts_read,"                        \
    " @@global.auto_increment_increment AS id_increment,"                                \
    " @@global.auto_increment_offset AS id_offset"

/* The ledger's SELECT: one row of kind v, then rows of kinds l and b, under the names of
 * the first. A text in front of the ids, so that none is made a signed number. */
#define LEDGER_VARIABLES "SELECT 'v' AS kind, '' AS id, " VARIABLES
#define LEDGER_ROWS                                                                      \
    " UNION ALL SELECT 'l', cluster_id, k, value, epoch, holder, NULL, NULL, NULL, NULL" \
    " FROM " DR_LEDGER_TABLE
#define BEAT_ROWS                                                                        \
    " UNION ALL SELECT 'b', tso, origin, NULL, NULL, NULL, NULL, NULL, NULL, NULL"       \
    " FROM " HEARTBEAT_SCHEMA "." HEARTBEAT_TABLE

static bool small_number(const struct dr_cell *c, uint32_t *out)
{
    uint64_t n;
    if (!c->text || !dr_parse_u64(c->text, c->len, &n) || n > UINT32_MAX)
        return false;
    *out = (uint32_t)n;
    return true;
}

/* Row 0 -> the instance. */
static bool read_instance(struct dr_script *s, const struct dr_sql_answer *a)
{
    struct dr_instance *i = DR_NEW(s->arena, struct dr_instance);
    const struct dr_cell *life = dr_answer_cell(a, 0, "gc_life_time");
    int64_t life_ns;
    if (!dr_sql_bool(dr_answer_cell(a, 0, "super_read_only"), &i->super_read_only) ||
        !dr_sql_bool(dr_answer_cell(a, 0, "restricted_read_only"),
                     &i->restricted_read_only) ||
        !dr_sql_bool(dr_answer_cell(a, 0, "gc_enable"), &i->gc_enable) ||
        !dr_sql_bool(dr_answer_cell(a, 0, "ttl_job_enable"), &i->ttl_job_enable) ||
        !dr_sql_bool(dr_answer_cell(a, 0, "external_ts_read"), &i->external_ts_read))
        return false;
    if (!life->text || !dr_parse_go_duration(life->text, life->len, &life_ns) ||
        !small_number(dr_answer_cell(a, 0, "id_increment"),
                      &i->auto_increment_increment) ||
        !small_number(dr_answer_cell(a, 0, "id_offset"), &i->auto_increment_offset))
        return false;
    i->gc_life_time_ms = life_ns / NS_PER_MS;
    i->seen = dr_script_seen(s);
    i->address = dr_script_instance(s);
    s->reply.as.instance = i;
    return true;
}

static enum dr_flow take_hot(struct dr_script *s, const struct dr_answer *a)
{
    if (a->sql.row_count != 1 || !read_instance(s, &a->sql))
        return dr_script_fail(s, DR_E_PROTOCOL, "the variables are unreadable");
    return DR_FLOW_DONE;
}

static const struct dr_step hot_steps[] = {
    {.name = "read the variables", .text = "SELECT " VARIABLES, .take = take_hot},
    DR_STEP_END,
};
const struct dr_play dr_play_hot = {
    .via = DR_VIA_SQL, .lane = DR_LANE_OBSERVE, .steps = hot_steps};

/* ---- with the ledger ---- */

struct ledger_script {
    bool no_ledger, no_beats, skip_beats;
};

static enum dr_flow begin_ledger(struct dr_script *s)
{
    struct ledger_script *mine = s->mine;
    struct dr_wire_cluster *c = &s->wire->clusters[s->call->at.cluster];
    mine->skip_beats = c->beats_skip > 0;
    c->beats_skip -= mine->skip_beats;
    return DR_FLOW_AGAIN;
}

static enum dr_flow ask_ledger(struct dr_script *s)
{
    static const char *const texts[2][2] = {
        {LEDGER_VARIABLES, LEDGER_VARIABLES BEAT_ROWS},
        {LEDGER_VARIABLES LEDGER_ROWS, LEDGER_VARIABLES LEDGER_ROWS BEAT_ROWS},
    };
    const struct ledger_script *mine = s->mine;
    s->ex.sql.text = texts[!mine->no_ledger][!mine->no_beats && !mine->skip_beats];
    return DR_FLOW_SEND;
}

static bool read_ledger_row(struct dr_ledger_row *out, const struct dr_cell *c,
                            struct dr_arena *a)
{
    if (!c[1].text || !c[2].text || !c[3].text || !c[4].text || !c[5].text)
        return false;
    out->key = dr_strndup(a, c[2].text, c[2].len);
    out->value = dr_strndup(a, c[3].text, c[3].len);
    out->holder = dr_strndup(a, c[5].text, c[5].len);
    return dr_parse_u64(c[1].text, c[1].len, &out->cluster_id) &&
           dr_parse_u64(c[4].text, c[4].len, &out->epoch);
}

static bool read_beat(struct dr_beat *out, const struct dr_cell *c, struct dr_arena *a)
{
    if (!c[1].text || !c[2].text)
        return false;
    out->origin = dr_strndup(a, c[2].text, c[2].len);
    return dr_parse_u64(c[1].text, c[1].len, &out->tso);
}

/* Rows 1.. -> ledger and beats. */
static bool read_rows(struct dr_script *s, const struct dr_sql_answer *a,
                      struct dr_ledger_group *g)
{
    g->raw = DR_NEW_N(s->arena, a->row_count, struct dr_ledger_row);
    g->beats = DR_NEW_N(s->arena, a->row_count, struct dr_beat);
    for (size_t i = 1; i < a->row_count; i++) {
        const struct dr_cell *c = &a->cells[i * a->column_count];
        const char *kind = c[0].text ? c[0].text : "";
        if (strcmp(kind, "l") == 0 && read_ledger_row(&g->raw[g->raw_count], c, s->arena))
            g->raw_count++;
        else if (strcmp(kind, "b") == 0 &&
                 read_beat(&g->beats[g->beat_count], c, s->arena))
            g->beat_count++;
        else
            return false;
    }
    return true;
}

/* Absence is taken from the error that names the table, never from a failed read. */
static enum dr_flow without_table(struct dr_script *s, const struct dr_answer *a)
{
    struct ledger_script *mine = s->mine;
    if (!mine->no_ledger && dr_sql_missing(&a->sql, "mysql", "drover_ledger")) {
        mine->no_ledger = true;
        return DR_FLOW_AGAIN;
    }
    if (!mine->no_beats && !mine->skip_beats &&
        dr_sql_missing(&a->sql, HEARTBEAT_SCHEMA, HEARTBEAT_TABLE)) {
        mine->no_beats = true;
        s->wire->clusters[s->call->at.cluster].beats_skip = BEATS_SKIP;
        return DR_FLOW_AGAIN;
    }
    return dr_script_sql_error(s, a);
}

static enum dr_flow take_ledger(struct dr_script *s, const struct dr_answer *a)
{
    const struct ledger_script *mine = s->mine;
    struct dr_ledger_group *g = DR_NEW(s->arena, struct dr_ledger_group);
    if (a->sql.error)
        return without_table(s, a);
    if (!a->sql.row_count || a->sql.column_count != 10 || !read_instance(s, &a->sql) ||
        !read_rows(s, &a->sql, g))
        return dr_script_fail(s, DR_E_PROTOCOL, "variables or ledger are unreadable");
    g->seen = dr_script_seen(s);
    g->instance = dr_script_instance(s);
    g->table_present = !mine->no_ledger;
    g->beat_table_present = !mine->no_beats && !mine->skip_beats;
    s->reply.ledger = g;
    return DR_FLOW_DONE;
}

static const struct dr_step ledger_steps[] = {
    {.name = "read variables and ledger",
     .ask = ask_ledger,
     .take = take_ledger,
     .takes_errors = true},
    DR_STEP_END,
};
const struct dr_play dr_play_ledger = {.via = DR_VIA_SQL,
                                       .lane = DR_LANE_OBSERVE,
                                       .steps = ledger_steps,
                                       .begin = begin_ledger,
                                       .mine_bytes = sizeof(struct ledger_script)};

/* ---- the TSO ---- */

struct tso_script {
    bool renamed;
};

/* Outside a transaction each asks for a fresh TSO, in one round trip and with nothing to
 * roll back; @@tidb_current_ts is 0 there, and functions are evaluated too early.
 * Source: tidb: pkg/executor/show.go fetchShowMasterStatus; the second spelling is MySQL
 * 8.4's, which TiDB knows from 8.0 on. */
static enum dr_flow ask_tso(struct dr_script *s)
{
    const struct tso_script *mine = s->mine;
    s->ex.sql.text = mine->renamed ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS";
    return DR_FLOW_SEND;
}

static enum dr_flow take_tso(struct dr_script *s, const struct dr_answer *a)
{
    struct tso_script *mine = s->mine;
    if (a->sql.error == 1064 && !mine->renamed) {
        mine->renamed = true;
        return DR_FLOW_AGAIN;
    }
    if (a->sql.error)
        return dr_script_sql_error(s, a);
    if (!dr_cell_u64(&a->sql, 0, "Position", &s->reply.tso) || !s->reply.tso)
        return dr_script_fail(s, DR_E_PROTOCOL, "the TSO is unreadable");
    return DR_FLOW_DONE;
}

static const struct dr_step tso_steps[] = {
    {.name = "read the TSO", .ask = ask_tso, .take = take_tso, .takes_errors = true},
    DR_STEP_END,
};
/* On the lease's session, so that it runs beside the ledger's SELECT; the lease is what
 * needs it. */
const struct dr_play dr_play_tso = {.via = DR_VIA_SQL,
                                    .lane = DR_LANE_LEASE,
                                    .steps = tso_steps,
                                    .mine_bytes = sizeof(struct tso_script)};
