/* The model as a carrier: each exchange takes `latency_ms` of virtual time to the server
 * and as much back; wait() lets the clock run. A server that does not answer is left when
 * the exchange's deadline passes, and its connection is closed, as a client's would be.
 */
#include <openssl/evp.h>
#include <string.h>

#include "controller/base/digest.h"
#include "controller/estate/model/internal.h"
#include "controller/estate/model/sigv4.h"

enum stage { STAGE_TRAVEL, STAGE_AT_SERVER, STAGE_BACK };

struct job {
    struct job *next;
    struct dr_exchange ex;
    struct dr_answer answer;
    enum stage stage;
    int64_t due_ms, deadline_ms;
    int64_t sent_by_ms; /* the latest at which it may arrive */
    struct link *link;
    uint64_t handle; /* HTTP */
    size_t setup;    /* statements of dr_session_setup done; SIZE_MAX: all */
};

/* One open SQL session of the client. */
struct link {
    struct link *next;
    struct dr_model_session *session;
    uint64_t number;
    struct dr_address at;
    const struct dr_login *login;
    enum dr_lane lane;
    struct job *busy;
    bool fresh;
};

struct carrier {
    struct dr_carrier base;
    struct dr_model *m;
    int64_t latency_ms;
    char *peer;
    struct job *jobs; /* oldest first */
    struct link *links;
    uint64_t tickets, numbers;
};

static void submit(struct dr_carrier *base, const struct dr_exchange *ex,
                   uint64_t *ticket)
{
    struct carrier *c = (struct carrier *)base;
    struct job *j = dr_xcalloc(1, sizeof(*j)), **p = &c->jobs;
    j->ex = *ex;
    j->answer.ticket = *ticket = ++c->tickets;
    j->answer.arena = dr_arena_new(0);
    j->due_ms = c->m->now_ms + c->latency_ms;
    j->deadline_ms = c->m->now_ms + ex->deadline_ms;
    j->sent_by_ms = j->deadline_ms;
    if (ex->kind == DR_EXCHANGE_HTTP && ex->http.not_after_ms &&
        ex->http.not_after_ms < j->sent_by_ms)
        j->sent_by_ms = ex->http.not_after_ms;
    while (*p)
        p = &(*p)->next;
    *p = j;
}

static void answer_back(struct carrier *c, struct job *j, enum dr_carried how)
{
    j->answer.carried = how;
    j->stage = STAGE_BACK;
    j->due_ms = c->m->now_ms + c->latency_ms;
}

static struct dr_model_session *forget_link(struct carrier *c, struct link *l)
{
    struct dr_model_session *session = l->session;
    struct link **p = &c->links;
    while (*p != l)
        p = &(*p)->next;
    *p = l->next;
    free(l);
    return session;
}

static void drop_link(struct carrier *c, struct link *l)
{
    dr_model_sql_close(forget_link(c, l));
}

static void not_sent(struct carrier *c, struct job *j, enum dr_code code,
                     const char *what)
{
    char at[DR_HOST_MAX + 16];
    (void)dr_fail(&j->answer.err, code, "%s: %s", dr_address_text(&j->ex.at, at), what);
    answer_back(c, j, DR_NOT_SENT);
}

static void lost(struct carrier *c, struct job *j)
{
    char at[DR_HOST_MAX + 16];
    (void)dr_fail(&j->answer.err, DR_E_TIMEOUT, "%s: connection lost before the answer",
                  dr_address_text(&j->ex.at, at));
    if (j->link) {
        j->link->busy = NULL;
        drop_link(c, j->link);
        j->link = NULL;
    }
    answer_back(c, j, DR_LOST);
}

/* ---- SQL ---- */

static bool check(const char *password, void *arg)
{
    const struct dr_secret *s = arg;
    return strlen(password) == s->len &&
           (!s->len || memcmp(password, s->bytes, s->len) == 0);
}

static struct link *find_link(struct carrier *c, const struct dr_exchange *ex)
{
    for (struct link *l = c->links; l; l = l->next) {
        if (ex->sql.session ? l->number == ex->sql.session
                            : l->login == ex->sql.login && l->lane == ex->sql.lane &&
                                  dr_address_equal(&l->at, &ex->at))
            return l;
    }
    return NULL;
}

/* NULL: answered already. */
static struct link *connect_link(struct carrier *c, struct job *j)
{
    const struct dr_login *login = j->ex.sql.login;
    struct dr_secret password = login->password;
    if (!dr_model_up(c->m, &j->ex.at)) {
        not_sent(c, j, DR_E_UNREACHABLE, "connection refused");
        return NULL;
    }
    struct dr_model_session *s =
        dr_model_sql_open(c->m, &j->ex.at, c->peer, login->tls.mode != DR_TLS_DISABLED);
    if (!s) {
        not_sent(c, j, DR_E_UNREACHABLE, "connection refused");
        return NULL;
    }
    struct dr_sql_answer out;
    int error =
        dr_model_sql_login(s, login->user, NULL, check, &password, &out, j->answer.arena);
    if (error) { /* an answer with session 0, as the live carrier has it */
        dr_model_sql_close(s);
        j->answer.sql = out;
        j->answer.sql.session = j->answer.sql.connection_id = 0;
        answer_back(c, j, DR_ANSWERED);
        return NULL;
    }
    struct link *l = dr_xcalloc(1, sizeof(*l));
    *l = (struct link){c->links,       s,    ++c->numbers, j->ex.at, login,
                       j->ex.sql.lane, NULL, true};
    return c->links = l;
}

/* One statement went through: the next of the set-up, or the answer. */
static void sql_done(struct carrier *c, struct job *j, const struct dr_sql_answer *out)
{
    struct link *l = j->link;
    if (!dr_model_sql_alive(l->session)) {
        if (l->fresh) {
            l->busy = NULL;
            drop_link(c, l);
            j->link = NULL;
            not_sent(c, j, DR_E_UNREACHABLE, "connection lost at its set-up");
        } else {
            lost(c, j);
        }
        return;
    }
    if (l->fresh && out->error) {
        const char *message = dr_strdup(j->answer.arena, out->message);
        l->busy = NULL;
        drop_link(c, l);
        j->link = NULL;
        not_sent(c, j, DR_E_PEER, message);
        j->answer.err.foreign = out->error;
        return;
    }
    if (l->fresh)
        return;
    j->answer.sql = *out;
    j->answer.sql.session = l->number;
    j->answer.sql.connection_id = dr_model_sql_connection_id(l->session);
    l->busy = NULL;
    j->link = NULL;
    if (j->ex.sql.lane == DR_LANE_LOGIN)
        drop_link(c, l);
    answer_back(c, j, DR_ANSWERED);
}

/* Sends what is next on the link, as far as it goes without waiting. */
static void sql_go(struct carrier *c, struct job *j)
{
    while (j->link && j->stage == STAGE_AT_SERVER) {
        struct dr_sql_answer out;
        const char *text = j->ex.sql.text;
        if (j->link->fresh && !dr_session_setup[j->setup])
            j->link->fresh = false;
        else if (j->link->fresh)
            text = dr_session_setup[j->setup++];
        if (j->link->fresh || text == j->ex.sql.text) {
            if (dr_model_sql_query(j->link->session, text, strlen(text), &out,
                                   j->answer.arena) == DR_MODEL_RUNNING)
                return;
            sql_done(c, j, &out);
        }
    }
}

static void sql_arrive(struct carrier *c, struct job *j)
{
    struct link *l = find_link(c, &j->ex);
    if (l && l->busy)
        return; /* its turn comes */
    if (l && !dr_model_sql_alive(l->session)) {
        drop_link(c, l);
        l = NULL;
    }
    if (!l && j->ex.sql.session) {
        not_sent(c, j, DR_E_UNREACHABLE, "the session is gone");
        return;
    }
    if (!l && !(l = connect_link(c, j)))
        return;
    l->busy = j;
    j->link = l;
    j->stage = STAGE_AT_SERVER;
    sql_go(c, j);
}

static void sql_poll(struct carrier *c, struct job *j)
{
    struct dr_sql_answer out;
    if (dr_model_sql_poll(j->link->session, &out, j->answer.arena) == DR_MODEL_RUNNING)
        return;
    sql_done(c, j, &out);
    sql_go(c, j);
}

/* ---- HTTP ---- */

static void http_done(struct carrier *c, struct job *j, const struct dr_http_answer *out)
{
    j->answer.http = *out;
    if (!out->status)
        lost(c, j);
    else
        answer_back(c, j, DR_ANSWERED);
}

/* The headers that a client would send: Host, Basic authentication, AWS signature. */
static void build_request(const struct carrier *c, const struct dr_exchange *ex,
                          struct dr_model_request *req, struct dr_arena *a)
{
    const char **names = DR_NEW_N(a, 8, const char *),
               **values = DR_NEW_N(a, 8, const char *);
    const struct dr_login *login = ex->http.login;
    const struct dr_store_key *key = ex->http.key;
    char host[DR_HOST_MAX + 16], now[DR_SIGV4_TIME];
    size_t n = 0, len = ex->http.body ? strlen(ex->http.body) : 0;
    names[n] = "Host";
    values[n++] = dr_strdup(a, dr_address_text(&ex->at, host));
    if (login) {
        const char *pair = dr_sprintf(a, "%s:%.*s", login->user, (int)login->password.len,
                                      login->password.len ? login->password.bytes : "");
        char *b64 = dr_alloc(a, strlen(pair) * 2 + 8);
        EVP_EncodeBlock((unsigned char *)b64, (const unsigned char *)pair,
                        (int)strlen(pair));
        names[n] = "Authorization";
        values[n++] = dr_sprintf(a, "Basic %s", b64);
    }
    if (key) {
        char *hash = dr_alloc(a, DR_SHA256_HEX);
        dr_sha256_hex(hash, len ? ex->http.body : "", len);
        names[n] = "x-amz-content-sha256";
        values[n++] = hash;
        names[n] = "x-amz-date";
        values[n++] = dr_strdup(a, dr_sigv4_time(dr_model_wall_ms(c->m), now));
        const struct dr_sigv4_request r = {
            ex->http.method, ex->http.target, ex->http.body, len, n, names, values};
        const struct dr_sigv4_key k = {key->region, key->access.bytes, key->secret.bytes};
        values[n] =
            dr_sigv4_authorization(a, &r, &k, "host;x-amz-content-sha256;x-amz-date");
        names[n++] = "Authorization";
    }
    *req = (struct dr_model_request){.method = ex->http.method,
                                     .target = ex->http.target,
                                     .body = ex->http.body,
                                     .body_len = len,
                                     .header_count = n,
                                     .header_names = names,
                                     .header_values = values,
                                     .peer = c->peer};
}

static void http_arrive(struct carrier *c, struct job *j)
{
    if (!dr_model_up(c->m, &j->ex.at)) {
        not_sent(c, j, DR_E_UNREACHABLE, "connection refused");
        return;
    }
    struct dr_model_request req;
    struct dr_http_answer out;
    build_request(c, &j->ex, &req, j->answer.arena);
    j->stage = STAGE_AT_SERVER;
    if (dr_model_http(c->m, &j->ex.at, &req, &out, j->answer.arena, &j->handle) ==
        DR_MODEL_DONE)
        http_done(c, j, &out);
}

static void http_poll(struct carrier *c, struct job *j)
{
    struct dr_http_answer out;
    if (dr_model_http_poll(c->m, j->handle, &out, j->answer.arena) == DR_MODEL_DONE)
        http_done(c, j, &out);
}

/* ---- the loop ---- */

/* Packets that the network drops are sent again until the deadline: a cut that is healed
 * by then has only cost time. What the server works on goes on meanwhile. */
static bool heard(const struct carrier *c, const struct job *j)
{
    const struct dr_model_client me = {.host = c->peer};
    return dr_model_reached_by(c->m, &me, &j->ex.at);
}

static void progress(struct carrier *c, struct job *j)
{
    bool sql = j->ex.kind == DR_EXCHANGE_SQL;
    int64_t now = c->m->now_ms;
    if (j->stage != STAGE_BACK && !heard(c, j)) {
        ; /* nothing arrives */
    } else if (j->stage == STAGE_TRAVEL && now >= j->due_ms && now <= j->sent_by_ms) {
        if (sql)
            sql_arrive(c, j);
        else
            http_arrive(c, j);
    } else if (j->stage == STAGE_AT_SERVER) {
        if (sql)
            sql_poll(c, j);
        else
            http_poll(c, j);
    }
    if (now < (j->stage == STAGE_TRAVEL ? j->sent_by_ms : j->deadline_ms) ||
        j->stage == STAGE_BACK)
        return;
    if (j->stage == STAGE_TRAVEL)
        not_sent(c, j, DR_E_TIMEOUT, "no turn before the deadline");
    else
        lost(c, j);
    j->due_ms = now;
}

static bool take(struct carrier *c, struct dr_answer *out)
{
    for (struct job **p = &c->jobs; *p; p = &(*p)->next) {
        struct job *j = *p;
        progress(c, j);
        if (j->stage != STAGE_BACK || c->m->now_ms < j->due_ms)
            continue;
        *out = j->answer;
        *p = j->next;
        free(j);
        return true;
    }
    return false;
}

static int64_t next_ms(const struct carrier *c)
{
    int64_t next = dr_model_next_ms(c->m);
    for (const struct job *j = c->jobs; j; j = j->next) {
        int64_t at = j->stage == STAGE_AT_SERVER ? j->deadline_ms
                     : c->m->now_ms >= j->due_ms ? j->sent_by_ms
                                                 : j->due_ms;
        next = at < next ? at : next;
    }
    return next > c->m->now_ms ? next : c->m->now_ms + 1;
}

static bool wait_for(struct dr_carrier *base, int64_t until_ms, struct dr_answer *out)
{
    struct carrier *c = (struct carrier *)base;
    for (;;) {
        if (take(c, out))
            return true;
        if (c->m->now_ms >= until_ms)
            return false;
        int64_t to = next_ms(c);
        dr_model_advance(c->m, to < until_ms ? to : until_ms);
    }
}

static int64_t now_ms(struct dr_carrier *base)
{
    return ((struct carrier *)base)->m->now_ms;
}

static void forget_job(struct carrier *c, struct job *j)
{
    struct job **p = &c->jobs;
    while (*p != j)
        p = &(*p)->next;
    *p = j->next;
    dr_arena_free(j->answer.arena);
    free(j);
}

static void hang_up(struct dr_carrier *base, const struct dr_login *login)
{
    struct carrier *c = (struct carrier *)base;
    for (struct link *l = c->links, *next; l; l = next) {
        next = l->next;
        if (login && l->login != login)
            continue;
        if (l->busy)
            forget_job(c, l->busy);
        drop_link(c, l);
    }
}

static void drop(struct dr_carrier *base, uint64_t session)
{
    struct carrier *c = (struct carrier *)base;
    struct link *l = c->links;
    while (l && l->number != session)
        l = l->next;
    if (!l)
        return;
    if (l->busy)
        lost(c, l->busy);
    else
        drop_link(c, l);
}

struct dr_model_session *dr_model_carrier_leave(struct dr_carrier *base,
                                                const struct dr_exchange *ex)
{
    struct carrier *c = (struct carrier *)base;
    struct link *l = find_link(c, ex);
    return l && !l->busy ? forget_link(c, l) : NULL;
}

static void free_carrier(struct dr_carrier *base)
{
    struct carrier *c = (struct carrier *)base;
    hang_up(base, NULL);
    while (c->jobs)
        forget_job(c, c->jobs);
    free(c->peer);
    free(c);
}

struct dr_carrier *dr_model_carrier(struct dr_model *m, int64_t latency_ms,
                                    const char *peer)
{
    struct carrier *c = dr_xcalloc(1, sizeof(*c));
    c->base = (struct dr_carrier){.submit = submit,
                                  .wait = wait_for,
                                  .now_ms = now_ms,
                                  .drop = drop,
                                  .hang_up = hang_up,
                                  .free = free_carrier};
    c->m = m;
    c->latency_ms = latency_ms;
    c->peer = dr_xstrdup(peer ? peer : "127.0.0.1");
    return &c->base;
}
