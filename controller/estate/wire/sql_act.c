/* Mutations of a cluster that are one statement: kill, set, drop. */
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "controller/base/num.h"
#include "controller/estate/wire/script.h"

/* ---- kill ---- */

struct kill_script {
    size_t next;
};

static enum dr_flow ask_kill(struct dr_script *s)
{
    const struct kill_script *mine = s->mine;
    if (mine->next == s->call->args.kill.count)
        return DR_FLOW_DONE;
    return dr_script_sql(s, "KILL TIDB CONNECTION %" PRIu64,
                         s->call->args.kill.ids[mine->next]);
}

bool dr_sql_no_such_session(int error)
{
    return error == 1094;
}

static enum dr_flow take_kill(struct dr_script *s, const struct dr_answer *a)
{
    struct kill_script *mine = s->mine;
    if (a->sql.error && !dr_sql_no_such_session(a->sql.error))
        return dr_script_sql_error(s, a);
    mine->next++;
    return DR_FLOW_AGAIN;
}

static const struct dr_step kill_steps[] = {
    {.name = "kill a session",
     .ask = ask_kill,
     .take = take_kill,
     .mutates = true,
     .takes_errors = true},
    DR_STEP_END,
};
const struct dr_play dr_play_kill = {.via = DR_VIA_SQL,
                                     .lane = DR_LANE_ACT,
                                     .steps = kill_steps,
                                     .mine_bytes = sizeof(struct kill_script)};

/* ---- set ---- */

/* A variable's name, and a value that is one word or one quoted text: what the planner
 * makes. Anything else is its mistake, not something to be sent. */
static enum dr_flow begin_set(struct dr_script *s)
{
    static const char word[] = "0123456789abcdefghijklmnopqrstuvwxyz_"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ.-+";
    const char *name = s->call->args.set.name, *value = s->call->args.set.value;
    bool good = name && value && *name && *value && !name[strspn(name, word)];
    if (good && value[0] == '\'') {
        size_t len = strlen(value);
        good = len >= 2 && value[len - 1] == '\'' && !memchr(value + 1, '\'', len - 2) &&
               !strchr(value, '\\');
    } else if (good) {
        good = !value[strspn(value, word)];
    }
    if (!good)
        return dr_script_fail(s, DR_E_BUG, "not a variable and its value");
    return DR_FLOW_AGAIN;
}

static enum dr_flow ask_set(struct dr_script *s)
{
    return dr_script_sql(s, "SET GLOBAL %s = %s", s->call->args.set.name,
                         s->call->args.set.value);
}

static enum dr_flow ask_read_back(struct dr_script *s)
{
    return dr_script_sql(s, "SELECT @@global.%s AS value", s->call->args.set.name);
}

/* Equal as the server means them: 1 is ON, '24h' is 24h0m0s. */
static bool setting_equal(const char *want, const struct dr_cell *got)
{
    size_t len = strlen(want);
    if (!got->text)
        return false;
    if (len >= 2 && want[0] == '\'') {
        want++;
        len -= 2;
    }
    if (len == got->len && strncasecmp(want, got->text, len) == 0)
        return true;
    int64_t want_ns, got_ns;
    if (dr_parse_go_duration(want, len, &want_ns) &&
        dr_parse_go_duration(got->text, got->len, &got_ns))
        return want_ns == got_ns;
    bool on = (len == 2 && strncasecmp(want, "ON", 2) == 0) || (len == 1 && *want == '1');
    bool off =
        (len == 3 && strncasecmp(want, "OFF", 3) == 0) || (len == 1 && *want == '0');
    bool is;
    return (on || off) && dr_sql_bool(got, &is) && is == on;
}

/* "Query OK" proves nothing: a number out of range is clipped, with a warning only. */
static enum dr_flow take_read_back(struct dr_script *s, const struct dr_answer *a)
{
    const struct dr_cell *c = dr_answer_cell(&a->sql, 0, "value");
    if (!setting_equal(s->call->args.set.value, c))
        return dr_script_fail(s, DR_E_CONFLICT, "%s reads back as '%s'",
                              s->call->args.set.name,
                              c->text ? dr_script_redact(s, c->text, c->len) : "NULL");
    return DR_FLOW_DONE;
}

static const struct dr_step set_steps[] = {
    DR_STEP_AUTHORITY,
    {.name = "set the variable", .ask = ask_set, .mutates = true},
    {.name = "read it back", .ask = ask_read_back, .take = take_read_back},
    DR_STEP_END,
};
const struct dr_play dr_play_set_global = {
    .via = DR_VIA_SQL, .lane = DR_LANE_ACT, .steps = set_steps, .begin = begin_set};

/* ---- drop ---- */

static enum dr_flow begin_drop(struct dr_script *s)
{
    bool table = s->call->kind == DR_CALL_DROP_TABLE;
    if (!s->call->args.drop.schema || !*s->call->args.drop.schema ||
        (table && (!s->call->args.drop.table || !*s->call->args.drop.table)))
        return dr_script_fail(s, DR_E_BUG, "a drop without a name");
    return DR_FLOW_AGAIN;
}

static enum dr_flow ask_drop_schema(struct dr_script *s)
{
    return dr_script_sql(s, "DROP DATABASE IF EXISTS %s",
                         dr_sql_name(s->arena, s->call->args.drop.schema));
}

static enum dr_flow ask_drop_table(struct dr_script *s)
{
    return dr_script_sql(s, "DROP TABLE IF EXISTS %s.%s",
                         dr_sql_name(s->arena, s->call->args.drop.schema),
                         dr_sql_name(s->arena, s->call->args.drop.table));
}

static const struct dr_step drop_schema_steps[] = {
    DR_STEP_AUTHORITY,
    {.name = "drop the schema", .ask = ask_drop_schema, .mutates = true, .limit_ms = -1},
    DR_STEP_END,
};
const struct dr_play dr_play_drop_schema = {.via = DR_VIA_SQL,
                                            .lane = DR_LANE_ACT,
                                            .steps = drop_schema_steps,
                                            .begin = begin_drop};

static const struct dr_step drop_table_steps[] = {
    DR_STEP_AUTHORITY,
    {.name = "drop the table", .ask = ask_drop_table, .mutates = true, .limit_ms = -1},
    DR_STEP_END,
};
const struct dr_play dr_play_drop_table = {.via = DR_VIA_SQL,
                                           .lane = DR_LANE_ACT,
                                           .steps = drop_table_steps,
                                           .begin = begin_drop};
