/* The audit: its rings, and what is shown of them. */
#include "controller/estate/model/audit.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <string.h>
#include <strings.h>

#include "controller/base/json.h"
#include "controller/estate/model/http.h"
#include "controller/estate/model/network.h"
#include "controller/estate/model/sql_session.h"

enum { RING = 20000, BODY_MAX = 16 * 1024 };

struct entry {
    uint64_t seq, tso, connection;
    int64_t wall_ms, rows; /* -1: not known */
    const char *cluster;   /* NULL: of none */
    struct dr_address server;
    const char *origin, *kind; /* static */
    char *user, *host, *text;  /* owned */
    char outcome[40];
    bool routine;
};
struct ring {
    struct entry *entries; /* RING of them, made when first needed */
    uint64_t count;        /* ever written; the newest RING are kept */
};
struct dr_audit {
    uint64_t last;
    struct ring client, own;
};

void dr_audit_init(struct dr_model *m)
{
    m->audit = dr_xcalloc(1, sizeof(*m->audit));
}

static void forget(struct entry *e)
{
    free(e->user);
    free(e->host);
    free(e->text);
}

static void release(struct ring *r)
{
    for (uint64_t i = 0; r->entries && i < RING; i++)
        forget(&r->entries[i]);
    free(r->entries);
}

void dr_audit_free(struct dr_model *m)
{
    if (!m->audit)
        return;
    release(&m->audit->client);
    release(&m->audit->own);
    free(m->audit);
    m->audit = NULL;
}

void dr_model_audit_off(struct dr_model *m)
{
    dr_audit_free(m);
}

/* ---- the rings ---- */

static struct entry *add(struct dr_model *m, struct ring *r)
{
    if (!r->entries)
        r->entries = dr_xcalloc(RING, sizeof(*r->entries));
    struct entry *e = &r->entries[r->count++ % RING];
    forget(e);
    *e = (struct entry){.seq = ++m->audit->last,
                        .wall_ms = dr_model_wall_ms(m),
                        .rows = -1,
                        .outcome = "running"};
    return e;
}

static struct entry *find(struct ring *r, uint64_t seq)
{
    uint64_t low = r->count > RING ? r->count - RING : 0, high = r->count;
    while (r->entries && low < high) {
        uint64_t mid = low + (high - low) / 2;
        struct entry *e = &r->entries[mid % RING];
        if (e->seq == seq)
            return e;
        if (e->seq < seq)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

static struct entry *entry_of(struct dr_model *m, uint64_t seq)
{
    struct entry *e = seq ? find(&m->audit->client, seq) : NULL;
    return e || !seq ? e : find(&m->audit->own, seq);
}

/* The cluster's time, none used up. */
static uint64_t tso_of(struct dr_model *m, const char *cluster)
{
    const struct dr_model_cluster *c = cluster ? dr_model_cluster(m, cluster) : NULL;
    return c ? dr_model_resolved((struct dr_model_cluster *)(uintptr_t)c) : 0;
}

void dr_audit_settle(struct dr_model *m, uint64_t entry, const char *outcome,
                     int64_t rows)
{
    struct entry *e = entry_of(m, entry);
    if (!e)
        return;
    snprintf(e->outcome, sizeof(e->outcome), "%s", outcome);
    e->rows = rows;
    e->tso = tso_of(m, e->cluster);
}

/* drover's lease and heartbeat, which it writes for ever: the beat of both rows in one,
 * and the transaction that makes them (controller/estate/wire/sql_ledger.c). */
static bool is_routine(const char *text)
{
    static const char *const rows[] = {
        "UPDATE mysql.drover_ledger e, mysql.drover_ledger l",
        "INSERT INTO drover.heartbeat"};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strncasecmp(text, rows[i], strlen(rows[i])) == 0)
            return true;
    const char *values = strstr(text, "VALUES (");
    return strncasecmp(text, "INSERT INTO mysql.drover_ledger ", 32) == 0 && values &&
           strstr(values, ", 'lease', ") && !strstr(values, "), (");
}

uint64_t dr_audit_statement(struct dr_model_session *s, const char *text, size_t len)
{
    if (!s->m->audit)
        return 0;
    const char *kind = s->internal ? "read" : dr_statement_kind(text, len);
    bool commit = strcmp(kind, "commit") == 0;
    if (!dr_kind_writes(kind) || (commit && !(s->txn && s->txn->changed)))
        return 0;
    struct dr_audit *au = s->m->audit;
    struct entry *e = add(s->m, s->origin ? &au->own : &au->client);
    e->tso = tso_of(s->m, s->c->name);
    e->connection = s->id;
    e->cluster = s->c->name;
    e->server = s->in->sql;
    e->origin = s->origin ? s->origin : "client";
    e->kind = kind;
    e->user = dr_xstrdup(s->user ? s->user : "");
    e->host = dr_xstrdup(s->peer);
    e->text = dr_audit_text(text, len, strcmp(kind, "account") == 0);
    e->routine = commit ? !s->odd_txn : is_routine(e->text);
    if (commit)
        s->odd_txn = false;
    else
        s->odd_txn |= !e->routine;
    return e->seq;
}

/* Who signed or authenticated it: the user of Basic, the access key of AWS. */
static char *request_user(const struct dr_http_in *in)
{
    const char *auth = dr_http_header(in, "Authorization"), *key;
    if (auth && (key = strstr(auth, "Credential=")) != NULL)
        return strndup(key + 11, strcspn(key + 11, "/,"));
    if (!auth || strncasecmp(auth, "Basic ", 6) != 0)
        return dr_xstrdup("");
    size_t len = strlen(auth + 6);
    unsigned char *pair = dr_xcalloc(len + 4, 1);
    int n = EVP_DecodeBlock(pair, (const unsigned char *)auth + 6, (int)len);
    char *user = n > 0 ? strndup((char *)pair, strcspn((char *)pair, ":")) : NULL;
    explicit_bzero(pair, len + 4);
    free(pair);
    return user ? user : dr_xstrdup("");
}

uint64_t dr_audit_request(const struct dr_http_in *in)
{
    if (!in->m->audit)
        return 0;
    const struct dr_model_request *r = in->req;
    const char *kind = dr_request_kind(r->method, r->target);
    if (!dr_kind_writes(kind))
        return 0;
    struct dr_party at = dr_party_at(in->m, &in->server->at);
    struct entry *e = add(in->m, &in->m->audit->client);
    struct dr_buf b;
    dr_buf_init(&b, BODY_MAX);
    dr_buf_addf(&b, "%s %s", r->method, r->target);
    if (at.kind != DR_PARTY_STORE && r->body_len) { /* objects are bytes */
        dr_buf_addc(&b, ' ');
        dr_buf_add(&b, r->body, r->body_len > BODY_MAX / 2 ? BODY_MAX / 2 : r->body_len);
    }
    e->cluster = at.cluster;
    e->tso = tso_of(in->m, at.cluster);
    e->server = in->server->at;
    e->origin = "client";
    e->kind = kind;
    e->user = request_user(in);
    e->host = dr_xstrdup(r->peer ? r->peer : "");
    e->text = dr_audit_text(dr_buf_str(&b), b.len, false);
    dr_buf_release(&b);
    return e->seq;
}

/* ---- showing ---- */

struct wanted {
    uint64_t since;
    const char *user, *server, *origin, *kind, *except;
    bool routine;
};

static bool fits(const struct wanted *w, const struct entry *e)
{
    char at[DR_HOST_MAX + 16];
    dr_address_text(&e->server, at);
    return e->seq > w->since && (w->routine || !e->routine) &&
           (strcmp(w->origin, "all") == 0 || strcmp(w->origin, e->origin) == 0) &&
           (!w->user || strcmp(w->user, e->user) == 0) &&
           (!w->kind || strcmp(w->kind, e->kind) == 0) &&
           (!w->except || !strstr(e->text, w->except)) &&
           (!w->server || strcmp(w->server, at) == 0 ||
            (e->cluster && strcmp(w->server, e->cluster) == 0));
}

static json_t *entry_json(const struct entry *e)
{
    char at[DR_HOST_MAX + 16], time[DR_TIME_TEXT];
    json_t *o =
        json_pack("{s:I, s:s, s:s*, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b}", "seq",
                  (json_int_t)e->seq, "at", dr_time_text(e->wall_ms, time), "cluster",
                  e->cluster, "server", dr_address_text(&e->server, at), "origin",
                  e->origin, "user", e->user, "host", e->host, "kind", e->kind, "text",
                  e->text, "outcome", e->outcome, "routine", e->routine);
    if (e->tso)
        json_object_set_new(o, "tso", dr_json_u64_string(e->tso));
    if (e->connection)
        json_object_set_new(o, "connection", json_integer((json_int_t)e->connection));
    if (e->rows >= 0)
        json_object_set_new(o, "rows", json_integer((json_int_t)e->rows));
    return o;
}

/* The newest RING of a ring from the `i`-th ever on. */
static const struct entry *next_of(const struct ring *r, uint64_t *i, bool take)
{
    if (r->count > RING && *i < r->count - RING)
        *i = r->count - RING;
    return take && *i < r->count ? &r->entries[*i % RING] : NULL;
}

static bool cut_off(const struct ring *r, uint64_t since)
{
    return r->count > RING && r->entries[r->count % RING].seq > since + 1;
}

/* Which rings an origin names: 1: the clients', 2: the estate's own; 0: no such origin.
 */
static unsigned rings_of(const char *origin)
{
    static const struct {
        const char *origin;
        unsigned rings;
    } all[] = {{"client", 1}, {"ticdc", 2}, {"workload", 2}, {"all", 3}};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (strcmp(all[i].origin, origin) == 0)
            return all[i].rings;
    return 0;
}

/* Both rings, merged by number. */
static json_t *list_entries(const struct dr_audit *au, const struct wanted *w,
                            unsigned rings)
{
    json_t *list = json_array();
    for (uint64_t i = 0, k = 0;;) {
        const struct entry *a = next_of(&au->client, &i, rings & 1);
        const struct entry *b = next_of(&au->own, &k, rings & 2);
        const struct entry *e = !b || (a && a->seq < b->seq) ? a : b;
        if (!e)
            return list;
        *(e == a ? &i : &k) += 1;
        if (fits(w, e))
            json_array_append_new(list, entry_json(e));
    }
}

int dr_audit_show(struct dr_model *m, const json_t *command, json_t **reply,
                  struct dr_err *err)
{
    struct wanted w = {.routine = true,
                       .user = dr_json_str(command, "user"),
                       .server = dr_json_str(command, "server"),
                       .origin = dr_json_str(command, "origin"),
                       .kind = dr_json_str(command, "kind"),
                       .except = dr_json_str(command, "except")};
    const struct dr_audit *au = m->audit;
    if (!au)
        return dr_fail(err, DR_E_INPUT, "no audit is kept");
    (void)!dr_json_u64(command, "since", &w.since);
    (void)!dr_json_bool(command, "routine", &w.routine);
    w.origin = w.origin ? w.origin : "client";
    unsigned rings = rings_of(w.origin);
    if (!rings)
        return dr_fail(err, DR_E_INPUT, "an origin is client, ticdc, workload or all");
    bool cut = (rings & 1 && cut_off(&au->client, w.since)) ||
               (rings & 2 && cut_off(&au->own, w.since));
    *reply = json_pack("{s:o, s:b, s:I}", "entries", list_entries(au, &w, rings),
                       "truncated", cut, "mark", (json_int_t)au->last);
    return 0;
}
