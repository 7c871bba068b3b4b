/* The engine: runs scripts over a carrier. It alone decides where an exchange goes, when
 * it is tried again and what the outcome of a call is. */
#include "controller/estate/wire/wire.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "controller/base/backoff.h"
#include "controller/base/buf.h"
#include "controller/estate/wire/script.h"

enum {
    STEP_MS = 15000, /* of one exchange, unless its step says otherwise */
    TEXT_MAX = 300,  /* of a server's text in an error */
    OWN_MORE = 4
};

// clang-format off
static const struct dr_play *const plays[DR_CALL_KIND_COUNT] = {
    [DR_CALL_SQL_HOT] = &dr_play_hot,
    [DR_CALL_SQL_LEDGER] = &dr_play_ledger,
    [DR_CALL_SQL_TSO] = &dr_play_tso,
    [DR_CALL_SQL_IDENTITY] = &dr_play_identity,
    [DR_CALL_SQL_ACCOUNTS] = &dr_play_accounts,
    [DR_CALL_SQL_TABLES] = &dr_play_tables,
    [DR_CALL_SQL_COUNTS] = &dr_play_counts,
    [DR_CALL_SQL_JOBS] = &dr_play_jobs,
    [DR_CALL_SQL_DDL] = &dr_play_ddl,
    [DR_CALL_SQL_LOGIN] = &dr_play_login,
    [DR_CALL_PD_IDENTITY] = &dr_play_pd_identity,
    [DR_CALL_PD_ALIVE] = &dr_play_pd_alive,
    [DR_CALL_PD_SAFEPOINTS] = &dr_play_pd_safepoints,
    [DR_CALL_CDC_ALIVE] = &dr_play_cdc_alive,
    [DR_CALL_PD_STORES] = &dr_play_pd_stores,
    [DR_CALL_CDC_SERVER] = &dr_play_cdc_server,
    [DR_CALL_CDC_FEEDS] = &dr_play_cdc_feeds,
    [DR_CALL_CDC_FEED] = &dr_play_cdc_feed,
    [DR_CALL_STORE_LIST] = &dr_play_store_list,
    [DR_CALL_STORE_REDO] = &dr_play_store_redo,
    [DR_CALL_LEDGER_CREATE] = &dr_play_ledger_create,
    [DR_CALL_LEDGER_EPOCH] = &dr_play_ledger_epoch,
    [DR_CALL_LEDGER_WRITE] = &dr_play_ledger_write,
    [DR_CALL_LEDGER_WORD] = &dr_play_ledger_word,
    [DR_CALL_BEAT] = &dr_play_beat,
    [DR_CALL_BEAT_TABLE] = &dr_play_beat_table,
    [DR_CALL_KILL] = &dr_play_kill,
    [DR_CALL_SET_GLOBAL] = &dr_play_set_global,
    [DR_CALL_BACKUP] = &dr_play_backup,
    [DR_CALL_RESTORE] = &dr_play_restore,
    [DR_CALL_DROP_SCHEMA] = &dr_play_drop_schema,
    [DR_CALL_DROP_TABLE] = &dr_play_drop_table,
    [DR_CALL_SINK_ACCOUNT] = &dr_play_sink_account,
    [DR_CALL_FEED_CREATE] = &dr_play_feed_create,
    [DR_CALL_FEED_PAUSE] = &dr_play_feed_pause,
    [DR_CALL_FEED_UPDATE] = &dr_play_feed_update,
    [DR_CALL_FEED_RESUME] = &dr_play_feed_resume,
    [DR_CALL_FEED_DELETE] = &dr_play_feed_delete,
};
// clang-format on

static int64_t now_ms(const struct dr_wire *w)
{
    return w->carrier->now_ms(w->carrier);
}

static const struct dr_call_row *row_of(const struct dr_script *s)
{
    return &dr_call_rows[s->call->kind];
}

/* Whether what it changes is behind HTTP, where no session carries its authority. */
static bool is_guarded(const struct dr_script *s)
{
    return row_of(s)->needs_authority && s->play->via != DR_VIA_SQL;
}

/* What has changed something may wait for its answer as long as it wants. */
int64_t dr_script_left_ms(const struct dr_script *s)
{
    int64_t end_ms = s->deadline_ms, until_ms = s->call->as.until_ms,
            now = now_ms(s->wire);
    if (is_guarded(s) && !s->mutated && until_ms < end_ms)
        end_ms = until_ms;
    return end_ms > now ? end_ms - now : 0;
}

const struct dr_access_cluster *dr_script_cluster(const struct dr_script *s)
{
    return &s->wire->access->clusters[s->call->at.cluster];
}

struct dr_seen dr_script_seen(const struct dr_script *s)
{
    return (struct dr_seen){.known = true, .at_ms = now_ms(s->wire)};
}

const char *dr_script_instance(struct dr_script *s)
{
    char text[DR_HOST_MAX + 16];
    return dr_strdup(s->arena, dr_address_text(&s->endpoint.at, text));
}

const char *dr_script_redact(struct dr_script *s, const char *text, size_t len)
{
    return dr_access_redact(s->wire->access, s->arena, text, len, TEXT_MAX);
}

/* ---- own sessions ---- */

bool dr_script_own(const struct dr_script *s, uint64_t connection_id)
{
    const struct dr_wire *w = s->wire;
    char at[DR_HOST_MAX + 16];
    for (size_t i = 0; i < w->own_count; i++)
        if (w->own[i].connection_id == connection_id &&
            strcasecmp(w->own[i].at, dr_address_text(&s->endpoint.at, at)) == 0)
            return true;
    return false;
}

/* id 0: the session is gone, or nobody knows what it does. */
static void remember_session(struct dr_script *s, uint64_t connection_id)
{
    struct dr_wire *w = s->wire;
    struct dr_own_session *own = NULL;
    char at[DR_HOST_MAX + 16];
    for (size_t i = 0; i < w->own_count && !own; i++)
        if (w->own[i].login == s->login && w->own[i].lane == s->lane &&
            strcasecmp(w->own[i].at, dr_address_text(&s->endpoint.at, at)) == 0)
            own = &w->own[i];
    if (!own && !connection_id)
        return;
    if (!own) {
        if (w->own_count == w->own_room) {
            w->own_room += OWN_MORE;
            w->own = dr_xrealloc(w->own, w->own_room * sizeof(*w->own));
        }
        own = &w->own[w->own_count++];
        *own = (struct dr_own_session){
            .at = dr_xstrdup(dr_address_text(&s->endpoint.at, at)),
            .login = s->login,
            .lane = s->lane};
    }
    own->connection_id = connection_id;
}

/* ---- what steps call ---- */

enum dr_flow dr_script_fail(struct dr_script *s, enum dr_code code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const char *text = dr_vsprintf(s->arena, fmt, ap);
    va_end(ap);
    (void)dr_fail(
        &s->reply.err, code, "%s",
        dr_access_redact(s->wire->access, s->arena, text, strlen(text), TEXT_MAX));
    return DR_FLOW_OVER;
}

void dr_script_no_effect(struct dr_script *s)
{
    s->mutated = s->mutated_before;
}

enum dr_flow dr_script_sql(struct dr_script *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    s->ex.sql.text = dr_vsprintf(s->arena, fmt, ap);
    va_end(ap);
    return DR_FLOW_SEND;
}

static void wipe_text(void *text)
{
    explicit_bzero(text, strlen(text));
}

char *dr_script_secret(struct dr_script *s, struct dr_buf *text)
{
    char *kept = dr_strndup(s->arena, dr_buf_str(text), text->len);
    dr_arena_defer(s->arena, wipe_text, kept);
    if (text->data)
        explicit_bzero(text->data, text->len);
    dr_buf_release(text);
    return kept;
}

enum dr_flow dr_script_http(struct dr_script *s, const char *method, const char *target,
                            const char *body)
{
    s->ex.http.method = method;
    s->ex.http.target = target;
    s->ex.http.body = body;
    return DR_FLOW_SEND;
}

/* ---- running ---- */

/* Time for one exchange: its step's limit; what is left of the call; of a SQL call that
 * may still try elsewhere, only this endpoint's share. */
static int64_t exchange_ms(const struct dr_script *s)
{
    int64_t left = dr_script_left_ms(s), limit = s->at->limit_ms;
    size_t more = dr_script_endpoints(s);
    if (limit == 0)
        limit = STEP_MS;
    if (limit > 0 && limit < left)
        left = limit;
    if (s->play->via == DR_VIA_SQL && !s->mutated && !s->at->mutates && s->tries < more)
        left = left / (int64_t)(more - s->tries);
    else if (s->play->via != DR_VIA_SQL && !s->at->mutates && more > 1)
        left = left / 2;
    return left > 0 ? left : 1;
}

static void advance(struct dr_script *s, enum dr_flow flow);

static enum dr_flow start(struct dr_script *s)
{
    s->mine = s->play->mine_bytes ? dr_alloc(s->arena, s->play->mine_bytes) : NULL;
    s->at = s->play->steps;
    s->session = 0;
    s->undo = NULL;
    s->lane = s->play->lane;
    return s->play->begin ? s->play->begin(s) : DR_FLOW_AGAIN;
}

static void send_exchange(struct dr_script *s)
{
    s->mutated_before = s->mutated;
    s->mutated |= s->at->mutates;
    s->ex.deadline_ms = exchange_ms(s);
    dr_script_fill(s);
    if (is_guarded(s) && s->at->mutates)
        s->ex.http.not_after_ms = s->call->as.until_ms;
    s->wire->carrier->submit(s->wire->carrier, &s->ex, &s->carried);
}

static void send_undo(struct dr_script *s)
{
    s->undoing = true;
    s->ex.deadline_ms = STEP_MS;
    s->ex.sql.text = s->undo;
    s->ex.sql.session = s->session;
    s->wire->carrier->submit(s->wire->carrier, &s->ex, &s->carried);
}

/* The reply is settled. A transaction or a session setting is undone first; only a read
 * does not wait for that. */
static void finish(struct dr_script *s, bool done)
{
    bool mutates = row_of(s)->mutates;
    if (done) {
        s->reply.outcome = DR_DONE;
        memset(&s->reply.err, 0, sizeof(s->reply.err));
    } else {
        char at[DR_HOST_MAX + 16] = "";
        s->reply.outcome = mutates && !s->mutated ? DR_REFUSED : DR_UNKNOWN;
        if (s->endpoint.at.port)
            dr_address_text(&s->endpoint.at, at);
        /* a carrier's reason that names the endpoint is enough for a read */
        if (mutates || !s->carrier_said || !strstr(s->reply.err.text, at))
            (void)dr_wrap(&s->reply.err, "%s%s%s", row_of(s)->name, *at ? " at " : "",
                          at);
    }
    if (s->undo && s->session)
        send_undo(s);
    if (!mutates || !s->undoing)
        s->finished = true;
}

/* ---- authority for what HTTP changes ---- */

static const struct dr_step authority_step = DR_STEP_AUTHORITY;

/* Asks the next instance for the epoch. */
static void send_check(struct dr_script *s)
{
    const struct dr_access_cluster *c = dr_script_cluster(s);
    int64_t left = dr_script_left_ms(s) / (int64_t)(c->sql_count - s->checked);
    s->endpoint = (struct dr_endpoint){.at = c->sql[s->checked++].at};
    s->lane = DR_LANE_ACT;
    s->ex.kind = DR_EXCHANGE_SQL;
    s->ex.at = s->endpoint.at;
    s->ex.sql.login = s->login;
    s->ex.sql.lane = s->lane;
    s->ex.sql.session = 0;
    s->ex.deadline_ms = left > STEP_MS ? STEP_MS : left > 0 ? left : 1;
    s->wire->carrier->submit(s->wire->carrier, &s->ex, &s->carried);
}

/* A step that changes something waits until its authority was read, each time anew. */
static enum dr_flow hold(struct dr_script *s)
{
    enum dr_flow flow = dr_ask_authority(s);
    if (flow != DR_FLOW_SEND)
        return flow;
    s->held = s->at;
    s->at = &authority_step;
    s->checked = 0;
    send_check(s);
    return flow;
}

static enum dr_flow send(struct dr_script *s)
{
    if (dr_script_left_ms(s) <= 0)
        return dr_script_fail(s, DR_E_TIMEOUT, "no time left before '%s'", s->at->name);
    if (is_guarded(s) && s->at->mutates)
        return hold(s);
    send_exchange(s);
    return DR_FLOW_SEND;
}

/* The epoch was read, or not. Nothing that mutates was sent yet. */
static void on_check(struct dr_script *s, const struct dr_answer *a)
{
    bool asked = a->carried == DR_ANSWERED && (!a->sql.error || a->sql.session);
    remember_session(s, asked ? a->sql.connection_id : 0);
    if (!asked && s->checked < dr_script_cluster(s)->sql_count &&
        dr_script_left_ms(s) > 0) {
        send_check(s);
        return;
    }
    enum dr_flow flow = DR_FLOW_OVER;
    if (a->carried != DR_ANSWERED)
        (void)dr_script_fail(s, a->err.code ? a->err.code : DR_E_TIMEOUT, "%s: %s",
                             s->at->name, a->err.text);
    else if (a->sql.error)
        (void)dr_script_sql_error(s, a);
    else
        flow = dr_take_authority(s, a);
    s->at = s->held;
    s->held = NULL;
    if (flow == DR_FLOW_NEXT && dr_script_left_ms(s) <= 0)
        flow = dr_script_fail(s, DR_E_TIMEOUT, "the lease ends before '%s'", s->at->name);
    if (flow == DR_FLOW_NEXT)
        send_exchange(s);
    else
        finish(s, false);
}

/* ---- trying again ---- */

static void retry_sql(struct dr_script *s, bool connected)
{
    size_t count = dr_script_endpoints(s);
    bool once_more = s->tries < count;
    if (!once_more && connected && count == 1 && !s->again)
        once_more = s->again = true;
    if (s->mutated || s->no_restart || !once_more || dr_script_left_ms(s) <= 0) {
        finish(s, false);
        return;
    }
    s->endpoint_index = (s->endpoint_index + 1) % count;
    advance(s, start(s));
}

static void retry_http(struct dr_script *s)
{
    size_t count = dr_script_endpoints(s);
    bool whole_pass = s->tries % count == 0;
    int64_t pause = whole_pass ? dr_backoff_ms(s->passes++, &s->wire->jitter) : 0;
    if (pause && s->reply.err.retry_after_ms > pause)
        pause = s->reply.err.retry_after_ms;
    /* who only reads asks again anyway: with nobody there, unknown is said at once */
    bool nobody = whole_pass && s->unreached >= count && !row_of(s)->mutates;
    if (nobody || dr_script_left_ms(s) <= pause) {
        finish(s, false);
        return;
    }
    s->endpoint_index = (s->endpoint_index + 1) % count;
    if (!pause) {
        advance(s, DR_FLOW_AGAIN);
        return;
    }
    s->wake_ms = now_ms(s->wire) + pause;
}

/* The exchange did not succeed for a reason that another endpoint or a later moment may
 * not have; s->reply.err says which. lost: it may have been carried out. connected: there
 * was a session or a connection that has broken. */
static void retry_or_fail(struct dr_script *s, bool lost, bool connected)
{
    s->tries++;
    if (lost && s->at->mutates)
        finish(s, false);
    else if (s->play->via == DR_VIA_SQL)
        retry_sql(s, connected);
    else
        retry_http(s);
}

static enum dr_flow ask(struct dr_script *s)
{
    if (!s->at->name)
        return DR_FLOW_DONE;
    if (s->at->text && s->play->via == DR_VIA_SQL)
        s->ex.sql.text = s->at->text;
    else if (s->at->text)
        (void)dr_script_http(s, "GET", s->at->text, NULL);
    return s->at->ask ? s->at->ask(s) : DR_FLOW_SEND;
}

static void advance(struct dr_script *s, enum dr_flow flow)
{
    for (;;) {
        switch (flow) {
        case DR_FLOW_NEXT:
            s->at++;
            flow = ask(s);
            break;
        case DR_FLOW_AGAIN:
        case DR_FLOW_JUMP:
            flow = ask(s);
            break;
        case DR_FLOW_SEND:
            flow = send(s);
            if (flow == DR_FLOW_SEND)
                return;
            break;
        case DR_FLOW_RETRY:
            retry_or_fail(s, false, false);
            return;
        case DR_FLOW_DONE:
        case DR_FLOW_OVER:
            finish(s, flow == DR_FLOW_DONE);
            return;
        }
    }
}

/* ---- answers ---- */

/* Nothing came, or the server did not let us in: nothing was run then either. */
static void on_nothing(struct dr_script *s, const struct dr_answer *a)
{
    bool lost = a->carried == DR_LOST;
    if (!lost)
        dr_script_no_effect(s);
    s->unreached = a->carried == DR_NOT_SENT ? s->unreached + 1 : 0;
    if (s->play->via == DR_VIA_SQL)
        remember_session(s, 0);
    if (a->carried == DR_ANSWERED) {
        (void)dr_script_sql_error(s, a);
    } else {
        const char *why = dr_script_redact(s, a->err.text, strlen(a->err.text));
        bool brief = !row_of(s)->mutates;
        (void)dr_fail(&s->reply.err, a->err.code ? a->err.code : DR_E_TIMEOUT, "%s%s%s",
                      brief ? "" : s->at->name, brief ? "" : ": ", why);
        s->carrier_said = true;
        s->reply.err.foreign = a->err.foreign;
        s->reply.err.retry_after_ms = a->err.retry_after_ms;
        memcpy(s->reply.err.sqlstate, a->err.sqlstate, sizeof(a->err.sqlstate));
        memcpy(s->reply.err.hint, a->err.hint, sizeof(a->err.hint));
    }
    if (s->at->takes_loss) {
        enum dr_flow flow = s->at->take(s, a);
        if (flow != DR_FLOW_RETRY) {
            advance(s, flow);
            return;
        }
    }
    bool connected = lost || s->session;
    s->session = 0;
    s->undo = NULL;
    retry_or_fail(s, lost, connected);
}

static void on_sql(struct dr_script *s, const struct dr_answer *a)
{
    enum dr_flow flow = DR_FLOW_NEXT;
    s->carrier_said = false;
    s->session = a->sql.session;
    remember_session(s, a->sql.connection_id);
    s->reply.connection_id = a->sql.connection_id;
    if (a->sql.error && !s->at->takes_errors)
        flow = dr_script_sql_error(s, a);
    else if (s->at->take)
        flow = s->at->take(s, a);
    advance(s, flow);
}

static void on_http(struct dr_script *s, const struct dr_answer *a)
{
    enum dr_flow flow = DR_FLOW_NEXT;
    s->unreached = 0;
    s->carrier_said = false;
    bool good = a->http.status >= 200 && a->http.status < 300;
    if (!good && !s->at->takes_errors)
        flow = dr_script_http_error(s, a);
    else if (s->at->take)
        flow = s->at->take(s, a);
    advance(s, flow);
}

static void on_answer(struct dr_script *s, const struct dr_answer *a)
{
    s->carried = 0;
    if (s->undoing) {
        s->undoing = false;
        s->finished = true;
    } else if (s->held) {
        on_check(s, a);
    } else if (a->carried != DR_ANSWERED ||
               (s->play->via == DR_VIA_SQL && a->sql.error && !a->sql.session)) {
        on_nothing(s, a);
    } else if (s->play->via == DR_VIA_SQL) {
        on_sql(s, a);
    } else {
        on_http(s, a);
    }
}

/* ---- the estate's face ---- */

static void free_script(struct dr_script *s)
{
    dr_arena_free(s->arena);
    dr_arena_free(s->scratch);
    free(s);
}

/* Tells the carrier, once, of the endpoints that are asked when the first one fails. */
static void expect_others(struct dr_script *s)
{
    struct dr_carrier *carrier = s->wire->carrier;
    struct dr_wire_cluster *c = &s->wire->clusters[s->call->at.cluster];
    const struct dr_access_cluster *x = dr_script_cluster(s);
    uint32_t bit = 1u << s->play->via;
    if (!carrier->expect || c->expected & bit ||
        (s->play->via != DR_VIA_PD && s->play->via != DR_VIA_CDC))
        return;
    c->expected |= bit;
    for (size_t i = 1; i < dr_script_endpoints(s); i++)
        carrier->expect(carrier,
                        s->play->via == DR_VIA_PD ? &x->pd[i].at : &x->cdc[i].at);
}

/* Checks what every kind needs, and picks login and instance. */
static enum dr_flow open_script(struct dr_script *s)
{
    const struct dr_call *call = s->call;
    if (!s->play)
        return dr_script_fail(s, DR_E_BUG, "a call of no kind");
    if (s->play->via == DR_VIA_STORE)
        return start(s);
    if (call->at.cluster >= s->wire->access->cluster_count)
        return dr_script_fail(s, DR_E_BUG, "no cluster %u", call->at.cluster);
    if (call->at.instance && !dr_address_parse(&s->pinned, call->at.instance, 4000))
        return dr_script_fail(s, DR_E_INPUT, "'%s' is no address", call->at.instance);
    if (!dr_script_endpoints(s))
        return dr_script_fail(s, DR_E_INPUT, "cluster '%s' declares no endpoint for it",
                              dr_script_cluster(s)->declared->name);
    s->login = &dr_script_cluster(s)->controller;
    expect_others(s);
    s->endpoint_index = s->play->second && dr_script_endpoints(s) > 1 ? 1 : 0;
    return start(s);
}

static void wire_submit(struct dr_estate *e, const struct dr_call *call, uint64_t *ticket)
{
    static const struct dr_call none = {.kind = DR_CALL_NONE};
    struct dr_wire *w = (struct dr_wire *)e;
    struct dr_script *s = dr_xcalloc(1, sizeof(*s)), **last = &w->scripts;
    while (*last)
        last = &(*last)->next;
    *last = s;
    s->wire = w;
    s->call = call->kind < DR_CALL_KIND_COUNT ? call : &none;
    s->arena = dr_arena_new(0);
    s->ticket = s->reply.ticket = *ticket = ++w->next_ticket;
    s->play = plays[s->call->kind];
    s->deadline_ms =
        now_ms(w) + (call->deadline_ms > 0 ? call->deadline_ms : row_of(s)->deadline_ms);
    advance(s, open_script(s));
}

/* Hands out the oldest finished reply. */
static bool deliver(struct dr_wire *w, struct dr_reply *out)
{
    for (struct dr_script **at = &w->scripts, *s; (s = *at); at = &s->next) {
        if (!s->finished || s->taken)
            continue;
        if (s->play && s->play->via == DR_VIA_SQL && row_of(s)->mutates)
            s->reply.instance = s->endpoint.at.port ? dr_script_instance(s) : NULL;
        *out = s->reply;
        out->arena = s->arena;
        s->arena = NULL;
        dr_arena_free(s->scratch);
        s->scratch = NULL;
        s->taken = true;
        if (!s->undoing) {
            *at = s->next;
            free_script(s);
        }
        return true;
    }
    return false;
}

/* Wakes what is due; out: when the next one is. */
static int64_t wake_due(struct dr_wire *w, int64_t until_ms)
{
    int64_t now = now_ms(w), next = until_ms;
    for (struct dr_script *s = w->scripts, *after; s; s = after) {
        after = s->next;
        if (s->wake_ms && s->wake_ms <= now) {
            s->wake_ms = 0;
            advance(s, DR_FLOW_AGAIN);
        }
        if (s->finished && !s->taken)
            return now;
        if (s->wake_ms && s->wake_ms < next)
            next = s->wake_ms;
    }
    return next;
}

static void dispatch(struct dr_wire *w, struct dr_answer *a)
{
    for (struct dr_script **at = &w->scripts, *s; (s = *at); at = &s->next) {
        if (s->carried != a->ticket)
            continue;
        on_answer(s, a);
        if (s->taken && !s->undoing) {
            *at = s->next;
            free_script(s);
        }
        break;
    }
    dr_arena_free(a->arena);
}

static bool wire_wait(struct dr_estate *e, int64_t until_ms, struct dr_reply *out)
{
    struct dr_wire *w = (struct dr_wire *)e;
    for (;;) {
        int64_t next = wake_due(w, until_ms);
        struct dr_answer a = {0};
        if (deliver(w, out))
            return true;
        if (w->carrier->wait(w->carrier, next, &a))
            dispatch(w, &a);
        else if (now_ms(w) >= until_ms)
            return false;
    }
}

static int64_t wire_now(struct dr_estate *e)
{
    return now_ms((struct dr_wire *)e);
}

static void wire_free(struct dr_estate *e)
{
    struct dr_wire *w = (struct dr_wire *)e;
    while (w->scripts) {
        struct dr_script *s = w->scripts;
        w->scripts = s->next;
        free_script(s);
    }
    for (size_t i = 0; i < w->own_count; i++)
        free(w->own[i].at);
    free(w->own);
    free(w->clusters);
    free(w);
}

struct dr_estate *dr_wire_new(const struct dr_topology *t, struct dr_access *access,
                              struct dr_carrier *carrier)
{
    struct dr_wire *w = dr_xcalloc(1, sizeof(*w));
    w->estate = (struct dr_estate){
        .submit = wire_submit, .wait = wire_wait, .now_ms = wire_now, .free = wire_free};
    w->topology = t;
    w->access = access;
    w->carrier = carrier;
    w->jitter.state = (uint64_t)now_ms(w); /* processes start at different times */
    w->clusters = dr_xcalloc(access->cluster_count + 1, sizeof(*w->clusters));
    return &w->estate;
}
