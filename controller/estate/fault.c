/* Every open exchange has a slot: what it asked, what is to go wrong with it, and, when
 * its answer is held back, the answer. Earlier answers to reads are kept while the script
 * wants a stale one. */
#include "controller/estate/fault.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "controller/base/arena.h"

enum { ARRIVAL_MS = 50, HISTORY = 3 };

static const char *const names[DR_INJECT_COUNT] = {
    [DR_INJECT_NONE] = "none",
    [DR_INJECT_CRASH_BEFORE] = "crash-before",
    [DR_INJECT_CRASH_SENT] = "crash-sent",
    [DR_INJECT_CRASH_REPLIED] = "crash-replied",
    [DR_INJECT_NOT_SENT] = "not-sent",
    [DR_INJECT_LOST] = "lost",
    [DR_INJECT_STALE] = "stale",
    [DR_INJECT_DELAYED] = "delayed",
    [DR_INJECT_TRUNCATED] = "truncated",
    [DR_INJECT_ERROR_AFTER] = "error-after",
    [DR_INJECT_STRAY] = "stray",
    [DR_INJECT_CRASH_STRAY] = "crash-stray",
};

const char *dr_inject_name(enum dr_inject kind)
{
    return kind < DR_INJECT_COUNT ? names[kind] : "?";
}

/* What an answer says, apart from who carried it. Owned by `arena`. */
struct content {
    size_t rows, columns;
    const char **names;
    struct dr_cell *cells;
    int status;
    const char *type, *body;
    size_t len;
    struct dr_arena *arena;
};

/* Earlier answers to one question, newest first. */
struct memory {
    struct memory *next;
    struct dr_address at;
    char *question;
    struct content past[HISTORY];
};

struct slot {
    struct slot *next;
    uint64_t number,
        ticket; /* ticket: ours, the same as the inner one when there is one */
    bool inner_open;
    struct dr_injection inject;
    const struct dr_exchange *ex; /* borrowed until answered */
    int64_t deadline;
    bool held; /* `answer` waits for `due` */
    int64_t due;
    struct dr_answer answer;
};

struct fault {
    struct dr_carrier face;
    struct dr_carrier *inner;
    struct dr_fault_options options;
    struct dr_fault_view view;
    struct slot *slots; /* oldest first */
    struct memory *memories;
    bool remembers;
    int64_t ghost_ms; /* after a crash: the clock of a controller that is no more, so that
                         it can come to its end without the world going on */
};

#define OWN_TICKET (UINT64_C(1) << 63)

/* ---- stale reads ---- */

/* Reads whose answer may come from a cache or a lagging owner. What the acting session
 * reads to check itself is never one of them: TiDB answers that at the current TSO. */
static bool may_be_stale(const struct dr_exchange *ex)
{
    if (ex->kind == DR_EXCHANGE_HTTP)
        return strcmp(ex->http.method, "GET") == 0;
    if (ex->sql.lane != DR_LANE_OBSERVE || strcasestr(ex->sql.text, "FOR UPDATE"))
        return false;
    return strncasecmp(ex->sql.text, "SELECT", 6) == 0 ||
           strncasecmp(ex->sql.text, "SHOW", 4) == 0;
}

static const char *question_of(const struct dr_exchange *ex)
{
    return ex->kind == DR_EXCHANGE_HTTP ? ex->http.target : ex->sql.text;
}

static struct memory *recall(struct fault *f, const struct dr_exchange *ex)
{
    for (struct memory *m = f->memories; m; m = m->next)
        if (dr_address_equal(&m->at, &ex->at) &&
            strcmp(m->question, question_of(ex)) == 0)
            return m;
    return NULL;
}

static bool same_cell(const struct dr_cell *x, const struct dr_cell *y)
{
    if (!x->text || !y->text)
        return x->text == y->text;
    return x->len == y->len && memcmp(x->text, y->text, x->len) == 0;
}

static bool same_content(const struct content *c, const struct dr_answer *a)
{
    if (c->status != a->http.status || c->len != a->http.body_len ||
        c->rows != a->sql.row_count || c->columns != a->sql.column_count)
        return false;
    if (c->len && memcmp(c->body, a->http.body, c->len) != 0)
        return false;
    for (size_t i = 0; i < c->rows * c->columns; i++)
        if (!same_cell(&c->cells[i], &a->sql.cells[i]))
            return false;
    return true;
}

static const char *copy_bytes(struct dr_arena *a, const char *s, size_t len)
{
    if (!s)
        return NULL;
    char *out = dr_alloc(a, len + 1);
    memcpy(out, s, len);
    return out;
}

/* What an answer says, borrowed from it. */
static struct content content_of(const struct dr_answer *a)
{
    return (struct content){
        .rows = a->sql.row_count,
        .columns = a->sql.column_count,
        .names = a->sql.columns,
        .cells = a->sql.cells,
        .status = a->http.status,
        .type = a->http.content_type,
        .body = a->http.body,
        .len = a->http.body_len,
        .arena = a->arena,
    };
}

static struct content copy_content(const struct content *from, struct dr_arena *arena)
{
    struct content c = *from;
    size_t cells = c.rows * c.columns;
    c.arena = arena;
    c.names = DR_NEW_N(arena, c.columns, const char *);
    for (size_t i = 0; i < c.columns; i++)
        c.names[i] = dr_strdup(arena, from->names[i]);
    c.cells = DR_NEW_N(arena, cells, struct dr_cell);
    for (size_t i = 0; i < cells; i++) {
        c.cells[i].len = from->cells[i].len;
        c.cells[i].text = copy_bytes(arena, from->cells[i].text, from->cells[i].len);
    }
    c.body = copy_bytes(arena, from->body, from->len);
    c.type = dr_strdup(arena, from->type);
    return c;
}

/* Keeps the answer, unless it says what the last one said. */
static void remember(struct fault *f, const struct dr_exchange *ex,
                     const struct dr_answer *a)
{
    struct memory *m = recall(f, ex);
    if (!m) {
        m = dr_xcalloc(1, sizeof(*m));
        m->at = ex->at;
        m->question = dr_xstrdup(question_of(ex));
        m->next = f->memories;
        f->memories = m;
    }
    if (m->past[0].arena && same_content(&m->past[0], a))
        return;
    dr_arena_free(m->past[HISTORY - 1].arena);
    memmove(&m->past[1], &m->past[0], (HISTORY - 1) * sizeof(m->past[0]));
    struct content now = content_of(a);
    m->past[0] = copy_content(&now, dr_arena_new(0));
}

/* Replaces what the answer says by the newest earlier answer that says something else. */
static bool make_stale(struct fault *f, const struct dr_exchange *ex, struct dr_answer *a)
{
    const struct memory *m = recall(f, ex);
    for (size_t i = 0; m && i < HISTORY && m->past[i].arena; i++) {
        const struct content *c = &m->past[i];
        if (same_content(c, a))
            continue;
        a->sql.row_count = c->rows;
        a->sql.column_count = c->columns;
        a->sql.columns =
            c->names; /* the decorator outlives what its caller does with it */
        a->sql.cells = c->cells;
        a->http.status = c->status;
        a->http.body = c->body;
        a->http.body_len = c->len;
        return true;
    }
    return false;
}

/* ---- answers that go wrong ---- */

static void drop_session(struct fault *f, uint64_t session)
{
    if (session && f->inner->drop)
        f->inner->drop(f->inner, session);
}

static void lose(struct fault *f, struct dr_answer *a, const char *how)
{
    struct dr_answer lost = {.ticket = a->ticket, .carried = DR_LOST};
    (void)dr_fail(&lost.err, DR_E_TIMEOUT, "%s", how);
    drop_session(f, a->sql.session);
    dr_arena_free(a->arena);
    *a = lost;
}

static void truncate_answer(struct fault *f, const struct slot *s, struct dr_answer *a)
{
    if (s->ex->kind == DR_EXCHANGE_SQL) {
        lose(f, a, "the connection broke in the middle of the answer");
        return;
    }
    struct dr_arena *arena = a->arena;
    a->http.body_len /= 2;
    if (arena)
        a->http.body = copy_bytes(arena, a->http.body, a->http.body_len);
}

static void fail_answer(const struct slot *s, struct dr_answer *a)
{
    if (s->ex->kind == DR_EXCHANGE_SQL) {
        a->sql.error = 1105;
        memcpy(a->sql.sqlstate, "HY000", 6);
        a->sql.message = "injected: server went away from its duty";
        a->sql.row_count = a->sql.column_count = 0;
    } else {
        a->http.status = 500;
        a->http.content_type = "text/plain";
        a->http.body = "injected";
        a->http.body_len = strlen(a->http.body);
    }
}

/* Changes the answer as its slot says. True: it did. */
static bool spoil(struct fault *f, const struct slot *s, struct dr_answer *a)
{
    if (a->carried != DR_ANSWERED)
        return false;
    switch (s->inject.kind) {
    case DR_INJECT_LOST:
        lose(f, a, "the answer was lost");
        return true;
    case DR_INJECT_STALE:
        return may_be_stale(s->ex) && make_stale(f, s->ex, a);
    case DR_INJECT_TRUNCATED:
        truncate_answer(f, s, a);
        return true;
    case DR_INJECT_ERROR_AFTER:
        fail_answer(s, a);
        return true;
    case DR_INJECT_NONE:
    case DR_INJECT_CRASH_BEFORE:
    case DR_INJECT_CRASH_SENT:
    case DR_INJECT_CRASH_REPLIED:
    case DR_INJECT_NOT_SENT:
    case DR_INJECT_DELAYED:
    case DR_INJECT_STRAY:
    case DR_INJECT_CRASH_STRAY:
    case DR_INJECT_COUNT:
        break;
    }
    return false;
}

/* ---- the carrier ---- */

static void not_sent(struct slot *s, enum dr_code code, const char *why)
{
    memset(&s->answer, 0, sizeof(s->answer));
    s->answer.ticket = s->ticket;
    s->answer.carried = DR_NOT_SENT;
    (void)dr_fail(&s->answer.err, code, "%s", why);
    s->held = true;
    s->due = 0;
}

static void crash(struct fault *f)
{
    f->view.crashed = true;
    f->ghost_ms = f->inner->now_ms(f->inner);
    f->inner->hang_up(f->inner, NULL);
    for (struct slot *s = f->slots; s; s = s->next) {
        if (s->held)
            dr_arena_free(s->answer.arena);
        s->inner_open = false;
        not_sent(s, DR_E_CANCELLED, "the controller has crashed");
    }
}

static struct dr_injection planned(const struct fault *f, uint64_t number)
{
    for (size_t i = 0; i < f->options.count; i++)
        if (f->options.script[i].exchange == number)
            return f->options.script[i];
    return (struct dr_injection){.kind = DR_INJECT_NONE};
}

static struct slot *new_slot(struct fault *f, const struct dr_exchange *ex)
{
    struct slot *s = dr_xcalloc(1, sizeof(*s)), **end = &f->slots;
    while (*end)
        end = &(*end)->next;
    *end = s;
    s->number = f->view.exchanges;
    s->ex = ex;
    s->deadline = f->inner->now_ms(f->inner) + ex->deadline_ms;
    return s;
}

/* True: the exchange has gone astray, and its sender is answered. */
static bool stray(struct fault *f, struct slot *s)
{
    bool crashes = s->inject.kind == DR_INJECT_CRASH_STRAY;
    if ((!crashes && s->inject.kind != DR_INJECT_STRAY) || !f->options.stray ||
        !f->options.stray(f->options.arg, s->ex, s->inject.delay_ms))
        return false;
    f->view.struck++;
    not_sent(s, DR_E_TIMEOUT, "no answer in time");
    s->answer.carried = DR_LOST;
    if (crashes)
        crash(f);
    return true;
}

static void fault_submit(struct dr_carrier *c, const struct dr_exchange *ex,
                         uint64_t *ticket)
{
    struct fault *f = (struct fault *)c;
    f->view.exchanges++;
    uint64_t number = f->view.exchanges;
    if (f->options.before && !f->view.crashed)
        f->options.before(f->options.arg, number, ex);
    struct slot *s = new_slot(f, ex);
    s->inject = f->view.crashed ? (struct dr_injection){0} : planned(f, number);
    *ticket = s->ticket = OWN_TICKET | number;
    if (s->inject.kind == DR_INJECT_CRASH_BEFORE) {
        f->view.struck++;
        crash(f);
    }
    if (f->view.crashed) {
        not_sent(s, DR_E_CANCELLED, "the controller has crashed");
        return;
    }
    if (s->inject.kind == DR_INJECT_NOT_SENT) {
        f->view.struck++;
        if (ex->kind == DR_EXCHANGE_SQL)
            drop_session(f, ex->sql.session);
        not_sent(s, DR_E_UNREACHABLE, "connection refused");
        return;
    }
    if (stray(f, s))
        return;
    f->inner->submit(f->inner, ex, ticket);
    s->ticket = *ticket;
    s->inner_open = true;
    if (s->inject.kind == DR_INJECT_CRASH_SENT)
        s->due = f->inner->now_ms(f->inner) +
                 (s->inject.delay_ms ? s->inject.delay_ms : ARRIVAL_MS);
}

/* Takes the slot out and gives its answer. */
static void deliver(struct fault *f, struct slot *s, struct dr_answer *out)
{
    struct slot **at = &f->slots;
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    *out = s->answer;
    free(s);
}

static struct slot *due_slot(struct fault *f, int64_t now)
{
    for (struct slot *s = f->slots; s; s = s->next)
        if (s->held && s->due <= now)
            return s;
    return NULL;
}

/* When something of ours falls due: an answer held back, or a crash on its way. */
static int64_t next_due(const struct fault *f, int64_t until)
{
    for (const struct slot *s = f->slots; s; s = s->next) {
        bool waits = s->held || s->inject.kind == DR_INJECT_CRASH_SENT;
        if (waits && s->due < until)
            until = s->due;
    }
    return until;
}

static bool crash_due(const struct fault *f, int64_t now)
{
    for (const struct slot *s = f->slots; s; s = s->next)
        if (s->inject.kind == DR_INJECT_CRASH_SENT && !s->held && s->due <= now)
            return true;
    return false;
}

/* Holds an answer back; past the exchange's deadline it is lost instead. */
static void hold(struct fault *f, struct slot *s, int64_t now)
{
    s->held = true;
    s->due = now + s->inject.delay_ms;
    if (s->due > s->deadline) {
        s->due = s->deadline > now ? s->deadline : now;
        lose(f, &s->answer, "no answer in time");
    }
}

/* An answer came from the inner carrier. */
static void take(struct fault *f, struct dr_answer *a)
{
    struct slot *s = f->slots;
    while (s && !(s->inner_open && s->ticket == a->ticket))
        s = s->next;
    if (!s) { /* of a session that the crash hung up */
        dr_arena_free(a->arena);
        return;
    }
    int64_t now = f->inner->now_ms(f->inner);
    uint64_t number = s->number;
    s->inner_open = false;
    s->held = true;
    s->due = now;
    s->answer = *a;
    bool keep = f->remembers && a->carried == DR_ANSWERED && may_be_stale(s->ex);
    if (s->inject.kind == DR_INJECT_CRASH_SENT ||
        s->inject.kind == DR_INJECT_CRASH_REPLIED) {
        f->view.struck++;
        crash(f);
    } else if (s->inject.kind == DR_INJECT_DELAYED) {
        f->view.struck++;
        hold(f, s, now);
    } else {
        if (spoil(f, s, &s->answer))
            f->view.struck++;
        else if (keep)
            remember(f, s->ex, &s->answer);
    }
    if (f->options.after)
        f->options.after(f->options.arg, number);
}

static bool fault_wait(struct dr_carrier *c, int64_t until_ms, struct dr_answer *out)
{
    struct fault *f = (struct fault *)c;
    for (;;) {
        int64_t now = f->inner->now_ms(f->inner);
        if (!f->view.crashed && crash_due(f, now)) {
            f->view.struck++;
            crash(f);
            if (f->options.after)
                f->options.after(f->options.arg, f->view.exchanges);
        }
        struct slot *s = due_slot(f, now);
        if (s) {
            deliver(f, s, out);
            return true;
        }
        if (f->view.crashed) {
            f->ghost_ms = until_ms > f->ghost_ms ? until_ms : f->ghost_ms;
            return false;
        }
        struct dr_answer a;
        int64_t until = next_due(f, until_ms);
        if (f->inner->wait(f->inner, until, &a))
            take(f, &a);
        else if (until == until_ms)
            return false;
    }
}

static int64_t fault_now(struct dr_carrier *c)
{
    struct fault *f = (struct fault *)c;
    return f->view.crashed ? f->ghost_ms : f->inner->now_ms(f->inner);
}

static void fault_hang_up(struct dr_carrier *c, const struct dr_login *login)
{
    struct fault *f = (struct fault *)c;
    if (!f->view.crashed)
        f->inner->hang_up(f->inner, login);
}

static void fault_drop(struct dr_carrier *c, uint64_t session)
{
    drop_session((struct fault *)c, session);
}

static void fault_free(struct dr_carrier *c)
{
    struct fault *f = (struct fault *)c;
    while (f->slots) {
        struct slot *next = f->slots->next;
        if (f->slots->held)
            dr_arena_free(f->slots->answer.arena);
        free(f->slots);
        f->slots = next;
    }
    while (f->memories) {
        struct memory *next = f->memories->next;
        for (size_t i = 0; i < HISTORY; i++)
            dr_arena_free(f->memories->past[i].arena);
        free(f->memories->question);
        free(f->memories);
        f->memories = next;
    }
    free(f);
}

struct dr_carrier *dr_fault_carrier(struct dr_carrier *inner,
                                    const struct dr_fault_options *options)
{
    struct fault *f = dr_xcalloc(1, sizeof(*f));
    f->face = (struct dr_carrier){
        .submit = fault_submit,
        .wait = fault_wait,
        .now_ms = fault_now,
        .hang_up = fault_hang_up,
        .free = fault_free,
        .drop = fault_drop,
    };
    f->inner = inner;
    f->options = *options;
    for (size_t i = 0; i < options->count; i++)
        f->remembers |= options->script[i].kind == DR_INJECT_STALE;
    return &f->face;
}

const struct dr_fault_view *dr_fault_look(const struct dr_carrier *fault)
{
    return &((const struct fault *)fault)->view;
}
