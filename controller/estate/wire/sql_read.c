/* What is read now and then: identity, jobs and sessions, DDL jobs, and whether the sink
 * account is let in. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "controller/base/num.h"
#include "controller/base/tso.h"
#include "controller/estate/wire/script.h"

/* ---- identity ---- */

static enum dr_flow take_members(struct dr_script *s, const struct dr_answer *a)
{
    struct dr_identity *id = DR_NEW(s->arena, struct dr_identity);
    id->members = DR_NEW_N(s->arena, a->sql.row_count, struct dr_member);
    for (size_t i = 0; i < a->sql.row_count; i++) {
        struct dr_member *m = &id->members[i];
        m->type = dr_cell_text(&a->sql, i, "TYPE", s->arena);
        m->instance = dr_cell_text(&a->sql, i, "INSTANCE", s->arena);
        m->status_address = dr_cell_text(&a->sql, i, "STATUS_ADDRESS", s->arena);
        m->version = dr_cell_text(&a->sql, i, "VERSION", s->arena);
        if (!m->type || !m->instance)
            return dr_script_fail(s, DR_E_PROTOCOL, "cluster_info is unreadable");
    }
    id->member_count = a->sql.row_count;
    if (!id->member_count)
        return dr_script_fail(s, DR_E_PROTOCOL, "cluster_info is empty");
    s->reply.as.identity = id;
    return DR_FLOW_NEXT;
}

/* "Release Version: v8.5.0" among the lines of TIDB_VERSION(); VERSION() can be set to
 * anything by the server's configuration. Source: tidb: pkg/util/printer. */
static enum dr_flow take_version(struct dr_script *s, const struct dr_answer *a)
{
    static const char key[] = "Release Version:";
    const struct dr_cell *c = dr_answer_cell(&a->sql, 0, "version");
    const char *at = c->text ? strstr(c->text, key) : NULL;
    if (!at)
        return dr_script_fail(s, DR_E_PROTOCOL, "no release version: is this a TiDB?");
    at += sizeof(key) - 1;
    at += strspn(at, " \t");
    s->reply.as.identity->version =
        dr_version_parse(dr_strndup(s->arena, at, strcspn(at, " \t\r\n")), s->arena);
    return DR_FLOW_NEXT;
}

static enum dr_flow take_mysql_tidb(struct dr_script *s, const struct dr_answer *a)
{
    struct dr_identity *id = s->reply.as.identity;
    for (size_t i = 0; i < a->sql.row_count; i++) {
        const struct dr_cell *name = dr_answer_cell(&a->sql, i, "VARIABLE_NAME");
        const struct dr_cell *value = dr_answer_cell(&a->sql, i, "VARIABLE_VALUE");
        if (!name->text || !value->text)
            continue;
        if (strcasecmp(name->text, "cluster_id") == 0 &&
            !dr_parse_u64(value->text, value->len, &id->cluster_id))
            return dr_script_fail(s, DR_E_PROTOCOL, "cluster_id is unreadable");
        if (strcasecmp(name->text, "new_collation_enabled") == 0)
            id->new_collation = strcasecmp(value->text, "True") == 0;
    }
    id->seen = dr_script_seen(s);
    return DR_FLOW_DONE;
}

static const struct dr_step identity_steps[] = {
    {.name = "read cluster_info",
     .text = "SELECT TYPE, INSTANCE, STATUS_ADDRESS, VERSION"
             " FROM information_schema.cluster_info",
     .take = take_members},
    {.name = "read the version",
     .text = "SELECT TIDB_VERSION() AS version",
     .take = take_version},
    {.name = "read mysql.tidb",
     .text = "SELECT VARIABLE_NAME, VARIABLE_VALUE FROM mysql.tidb"
             " WHERE VARIABLE_NAME IN ('cluster_id', 'new_collation_enabled')",
     .take = take_mysql_tidb},
    DR_STEP_END,
};
const struct dr_play dr_play_identity = {
    .via = DR_VIA_SQL, .lane = DR_LANE_OBSERVE, .steps = identity_steps};

/* ---- jobs ---- */

static enum dr_flow begin_jobs(struct dr_script *s)
{
    s->reply.as.jobs = DR_NEW(s->arena, struct dr_jobs);
    return DR_FLOW_AGAIN;
}

/* "99.5" -> 995. */
static uint32_t permille(const char *percent)
{
    uint64_t whole = 0;
    size_t digits = strspn(percent, "0123456789");
    if (!digits || !dr_parse_u64(percent, digits, &whole) || whole > 100)
        return 0;
    uint32_t out = (uint32_t)whole * 10;
    if (percent[digits] == '.' && percent[digits + 1] >= '0' &&
        percent[digits + 1] <= '9')
        out += (uint32_t)(percent[digits + 1] - '0');
    return out < 1000 ? out : 1000;
}

static const char *bare(struct dr_script *s, const char *uri)
{
    return dr_script_redact(s, uri, strcspn(uri, "?"));
}

static struct dr_job *read_tasks(struct dr_script *s, const struct dr_sql_answer *a,
                                 size_t *count)
{
    struct dr_job *jobs = DR_NEW_N(s->arena, a->row_count, struct dr_job);
    for (size_t i = 0; i < a->row_count; i++) {
        const struct dr_cell *destination = dr_answer_cell(a, i, "Destination");
        const struct dr_cell *finished = dr_answer_cell(a, i, "Finish_time");
        const struct dr_cell *progress = dr_answer_cell(a, i, "Progress");
        jobs[i].destination = destination->text ? bare(s, destination->text) : "";
        jobs[i].state = dr_cell_text(a, i, "State", s->arena);
        if (!jobs[i].state)
            jobs[i].state = "";
        jobs[i].progress_permille = progress->text ? permille(progress->text) : 0;
        jobs[i].finished =
            finished->text && finished->len && strncmp(finished->text, "0000", 4) != 0;
        if (!dr_cell_u64(a, i, "Connection", &jobs[i].connection_id))
            jobs[i].connection_id = 0;
    }
    *count = a->row_count;
    return jobs;
}

static enum dr_flow take_backups(struct dr_script *s, const struct dr_answer *a)
{
    s->reply.as.jobs->backups = read_tasks(s, &a->sql, &s->reply.as.jobs->backup_count);
    return DR_FLOW_NEXT;
}

static enum dr_flow take_restores(struct dr_script *s, const struct dr_answer *a)
{
    s->reply.as.jobs->restores = read_tasks(s, &a->sql, &s->reply.as.jobs->restore_count);
    return DR_FLOW_NEXT;
}

/* First word of a statement, upper case. */
static const char *first_word(struct dr_script *s, const struct dr_cell *info)
{
    size_t from = info->text ? strspn(info->text, " \t\r\n(") : 0, len = 0;
    while (info->text && ((info->text[from + len] | 32) >= 'a') &&
           ((info->text[from + len] | 32) <= 'z'))
        len++;
    char *word = dr_strndup(s->arena, info->text ? info->text + from : "", len);
    for (char *p = word; *p; p++)
        *p = (char)(*p & ~32);
    return word;
}

static void add_session(struct dr_session **list, size_t *count, size_t rows,
                        const struct dr_session *one, struct dr_arena *a)
{
    if (!*list)
        *list = DR_NEW_N(a, rows, struct dr_session);
    (*list)[(*count)++] = *one;
}

/* Of drover's own account and of the sink's; what this process itself has open is left
 * out. */
static enum dr_flow take_sessions(struct dr_script *s, const struct dr_answer *a)
{
    struct dr_jobs *jobs = s->reply.as.jobs;
    const char *sink = s->wire->topology->replication.sink.user;
    for (size_t i = 0; i < a->sql.row_count; i++) {
        const struct dr_cell *user = dr_answer_cell(&a->sql, i, "User");
        const struct dr_cell *time = dr_answer_cell(&a->sql, i, "Time");
        bool own = user->text && strcmp(user->text, s->login->user) == 0;
        bool is_sink = user->text && sink && !own && strcmp(user->text, sink) == 0;
        struct dr_session one = {.user = own ? s->login->user : sink};
        if (!own && !is_sink)
            continue;
        if (!dr_cell_u64(&a->sql, i, "Id", &one.id))
            return dr_script_fail(s, DR_E_PROTOCOL, "the process list is unreadable");
        if (one.id == a->sql.connection_id || dr_script_own(s, one.id))
            continue;
        if (!time->text || !dr_parse_i64(time->text, time->len, &one.time_s))
            one.time_s = 0;
        one.word = first_word(s, dr_answer_cell(&a->sql, i, "Info"));
        if (own)
            add_session(&jobs->sessions, &jobs->session_count, a->sql.row_count, &one,
                        s->arena);
        else
            add_session(&jobs->sinks, &jobs->sink_count, a->sql.row_count, &one,
                        s->arena);
    }
    jobs->seen = dr_script_seen(s);
    jobs->instance = dr_script_instance(s);
    return DR_FLOW_DONE;
}

static const struct dr_step jobs_steps[] = {
    {.name = "list backups", .text = "SHOW BACKUPS", .take = take_backups},
    {.name = "list restores", .text = "SHOW RESTORES", .take = take_restores},
    {.name = "list sessions", .text = "SHOW PROCESSLIST", .take = take_sessions},
    DR_STEP_END,
};
const struct dr_play dr_play_jobs = {
    .via = DR_VIA_SQL, .lane = DR_LANE_OBSERVE, .steps = jobs_steps, .begin = begin_jobs};

/* ---- DDL jobs ---- */

struct ddl_script {
    struct dr_ddl_jobs *jobs;
};

static const char *job_text(struct dr_script *s, const struct dr_answer *a, size_t row)
{
    static const char *const columns[] = {"JOB_ID", "JOB_TYPE", "DB_NAME", "TABLE_NAME",
                                          "STATE"};
    const char *part[5];
    for (size_t c = 0; c < 5; c++) {
        part[c] = dr_cell_text(&a->sql, row, columns[c], s->arena);
        part[c] = part[c] ? part[c] : "";
    }
    const char *text = dr_sprintf(s->arena, "%s %s %s.%s %s", part[0], part[1], part[2],
                                  part[3], part[4]);
    return dr_script_redact(s, text, strlen(text));
}

static enum dr_flow take_ddl(struct dr_script *s, const struct dr_answer *a)
{
    struct ddl_script *mine = s->mine;
    struct dr_ddl_jobs *d = DR_NEW(s->arena, struct dr_ddl_jobs);
    d->texts = DR_NEW_N(s->arena, a->sql.row_count, const char *);
    for (size_t i = 0; i < a->sql.row_count; i++)
        d->texts[i] = job_text(s, a, i);
    d->count = a->sql.row_count;
    mine->jobs = d;
    return DR_FLOW_NEXT;
}

static enum dr_flow take_last_ddl(struct dr_script *s, const struct dr_answer *a)
{
    struct ddl_script *mine = s->mine;
    struct dr_ddl_jobs *d = mine->jobs;
    const char *end =
        a->sql.row_count ? dr_cell_text(&a->sql, 0, "END_TIME", s->arena) : NULL;
    if (a->sql.row_count && (!end || !dr_parse_time(end, &d->last_ms)))
        return dr_script_fail(s, DR_E_PROTOCOL, "a DDL job's END_TIME is no time");
    if (end)
        d->last = job_text(s, a, 0);
    d->seen = dr_script_seen(s);
    s->reply.as.ddl = d;
    return DR_FLOW_DONE;
}

/* ADMIN SHOW DDL JOBS .. WHERE leaves out rows in some early 8.x; this table does not.
 * Source: ticdc: pkg/sink/mysql/helper.go. Its times are in the session's time zone,
 * which is UTC (carrier.c). Source: tidb: pkg/executor/infoschema_reader.go [inference].
 */
static const struct dr_step ddl_steps[] = {
    {.name = "list DDL jobs",
     .text = "SELECT JOB_ID, JOB_TYPE, DB_NAME, TABLE_NAME, STATE"
             " FROM information_schema.ddl_jobs WHERE STATE IN ('none', 'queueing',"
             " 'running', 'rollingback', 'pausing', 'paused', 'cancelling')",
     .take = take_ddl},
    {.name = "last DDL job",
     .text = "SELECT JOB_ID, JOB_TYPE, DB_NAME, TABLE_NAME, STATE, END_TIME"
             " FROM information_schema.ddl_jobs WHERE END_TIME IS NOT NULL"
             " AND DB_NAME <> 'mysql' ORDER BY END_TIME DESC LIMIT 1",
     .take = take_last_ddl},
    DR_STEP_END,
};
const struct dr_play dr_play_ddl = {.via = DR_VIA_SQL,
                                    .lane = DR_LANE_OBSERVE,
                                    .steps = ddl_steps,
                                    .mine_bytes = sizeof(struct ddl_script)};

/* ---- login ---- */

static enum dr_flow begin_login(struct dr_script *s)
{
    s->login = dr_access_sink_login(s->wire->access, s->call->args.login.from,
                                    s->call->at.cluster, s->call->args.login.generation);
    if (!s->login)
        return dr_script_fail(s, DR_E_INPUT, "no sink account is declared");
    return DR_FLOW_AGAIN;
}

/* 3118: locked. 1045: another password, or no such account. Anything else proves
 * neither. Source: tidb: pkg/privilege/privileges, ConnectionVerification. */
static enum dr_flow take_login(struct dr_script *s, const struct dr_answer *a)
{
    int refused = a->carried == DR_ANSWERED ? a->sql.error : a->err.foreign;
    if (a->carried == DR_ANSWERED && !refused)
        s->reply.login = DR_LOGIN_LET_IN;
    else if (refused == 3118)
        s->reply.login = DR_LOGIN_LOCKED;
    else if (refused == 1045)
        s->reply.login = DR_LOGIN_WRONG_PASSWORD;
    else if (a->carried == DR_ANSWERED)
        return dr_script_sql_error(s, a);
    else
        return DR_FLOW_RETRY;
    return DR_FLOW_DONE;
}

static const struct dr_step login_steps[] = {
    {.name = "log in as the sink",
     .text = "SELECT 1",
     .take = take_login,
     .takes_errors = true,
     .takes_loss = true},
    DR_STEP_END,
};
const struct dr_play dr_play_login = {
    .via = DR_VIA_SQL, .lane = DR_LANE_LOGIN, .steps = login_steps, .begin = begin_login};
