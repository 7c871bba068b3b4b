/* The decorators of both seams, over a carrier and an estate that answer from a script.
 */
#include <criterion/criterion.h>

#include "controller/estate/fault.h"
#include "controller/estate/guard.h"
#include "controller/estate/record.h"

/* ---- a carrier that answers every exchange 10 ms later with a counter ---- */
enum { ANSWER_MS = 10, OPEN_MAX = 8 };

struct echo {
    struct dr_carrier face;
    int64_t now;
    uint64_t tickets, carried_out, hang_ups, dropped;
    struct {
        uint64_t ticket;
        int64_t at;
        const struct dr_exchange *ex;
    } open[OPEN_MAX];
    size_t count;
};

static void echo_submit(struct dr_carrier *c, const struct dr_exchange *ex,
                        uint64_t *ticket)
{
    struct echo *e = (struct echo *)c;
    *ticket = ++e->tickets;
    e->open[e->count].ticket = *ticket;
    e->open[e->count].at = e->now + ANSWER_MS;
    e->open[e->count++].ex = ex;
}

static bool echo_wait(struct dr_carrier *c, int64_t until_ms, struct dr_answer *out)
{
    struct echo *e = (struct echo *)c;
    if (!e->count || e->open[0].at > until_ms) {
        e->now = until_ms > e->now ? until_ms : e->now;
        return false;
    }
    const struct dr_exchange *ex = e->open[0].ex;
    memset(out, 0, sizeof(*out));
    out->arena = dr_arena_new(0);
    out->ticket = e->open[0].ticket;
    out->carried = DR_ANSWERED;
    e->carried_out++;
    char *n = dr_sprintf(out->arena, "%llu", (unsigned long long)e->carried_out);
    if (ex->kind == DR_EXCHANGE_SQL) {
        out->sql.session = 70 + e->carried_out;
        out->sql.row_count = out->sql.column_count = 1;
        out->sql.columns = DR_NEW(out->arena, const char *);
        out->sql.columns[0] = "n";
        out->sql.cells = DR_NEW(out->arena, struct dr_cell);
        out->sql.cells[0] = (struct dr_cell){n, strlen(n)};
    } else {
        out->http.status = 200;
        out->http.content_type = "application/json";
        out->http.body = n;
        out->http.body_len = strlen(n);
    }
    e->now = e->open[0].at > e->now ? e->open[0].at : e->now;
    memmove(&e->open[0], &e->open[1], sizeof(e->open) - sizeof(e->open[0]));
    e->count--;
    return true;
}

static int64_t echo_now(struct dr_carrier *c)
{
    return ((struct echo *)c)->now;
}

static void echo_hang_up(struct dr_carrier *c, const struct dr_login *login)
{
    (void)login;
    ((struct echo *)c)->hang_ups++;
}

static void echo_drop(struct dr_carrier *c, uint64_t session)
{
    ((struct echo *)c)->dropped = session;
}

static void echo_init(struct echo *e)
{
    memset(e, 0, sizeof(*e));
    e->face = (struct dr_carrier){
        .submit = echo_submit,
        .wait = echo_wait,
        .now_ms = echo_now,
        .hang_up = echo_hang_up,
        .drop = echo_drop,
    };
}

static const struct dr_login login = {.user = "drover"};

static struct dr_exchange sql(const char *text)
{
    struct dr_exchange ex = {.kind = DR_EXCHANGE_SQL, .deadline_ms = 1000};
    (void)dr_address_parse(&ex.at, "127.0.1.4:4000", 0);
    ex.sql.login = &login;
    ex.sql.text = text;
    return ex;
}

static struct dr_exchange http(const char *method)
{
    struct dr_exchange ex = {.kind = DR_EXCHANGE_HTTP, .deadline_ms = 1000};
    (void)dr_address_parse(&ex.at, "127.1.1.9:8300", 0);
    ex.http.method = method;
    ex.http.target = "/api/v2/changefeeds";
    return ex;
}

/* Submits, waits up to 5 s. */
static struct dr_answer exchange(struct dr_carrier *c, const struct dr_exchange *ex)
{
    uint64_t ticket;
    struct dr_answer a = {.carried = DR_NOT_SENT};
    c->submit(c, ex, &ticket);
    cr_assert(c->wait(c, c->now_ms(c) + 5000, &a));
    cr_assert_eq(a.ticket, ticket);
    return a;
}

/* ---- fault ---- */

static bool take_stray(void *arg, const struct dr_exchange *ex, int64_t delay_ms)
{
    (void)ex;
    (void)delay_ms;
    ++*(uint64_t *)arg;
    return true;
}

Test(fault, each_kind_does_what_it_says)
{
    static const struct {
        enum dr_inject kind;
        enum dr_carried carried;
        uint64_t carried_out; /* by the second exchange */
        bool crashed;
        uint64_t dropped;
    } cases[] = {
        {DR_INJECT_NONE, DR_ANSWERED, 2, false, 0},
        {DR_INJECT_CRASH_BEFORE, DR_NOT_SENT, 1, true, 0},
        {DR_INJECT_CRASH_SENT, DR_NOT_SENT, 2, true, 0},
        {DR_INJECT_CRASH_REPLIED, DR_NOT_SENT, 2, true, 0},
        {DR_INJECT_NOT_SENT, DR_NOT_SENT, 1, false, 0},
        {DR_INJECT_LOST, DR_LOST, 2, false, 72},
        {DR_INJECT_TRUNCATED, DR_LOST, 2, false, 72},
        {DR_INJECT_ERROR_AFTER, DR_ANSWERED, 2, false, 0},
        {DR_INJECT_STRAY, DR_LOST, 1, false, 0},
        {DR_INJECT_CRASH_STRAY, DR_NOT_SENT, 1, true, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *name = dr_inject_name(cases[i].kind);
        struct dr_injection script = {2, cases[i].kind, 0};
        uint64_t strays = 0;
        struct dr_fault_options options = {
            .script = &script, .count = 1, .stray = take_stray, .arg = &strays};
        struct dr_exchange ex = sql("SELECT 1");
        struct echo e;
        echo_init(&e);
        struct dr_carrier *f = dr_fault_carrier(&e.face, &options);
        struct dr_answer a = exchange(f, &ex);
        cr_assert_eq(a.carried, DR_ANSWERED);
        dr_arena_free(a.arena);
        a = exchange(f, &ex);
        bool astray =
            cases[i].kind == DR_INJECT_STRAY || cases[i].kind == DR_INJECT_CRASH_STRAY;
        cr_assert_eq(strays, astray, "%s", name);
        cr_assert_eq(a.carried, cases[i].carried, "%s", name);
        if (cases[i].kind == DR_INJECT_ERROR_AFTER)
            cr_assert_eq(a.sql.error, 1105);
        if (a.carried != DR_ANSWERED)
            cr_assert_neq(a.err.code, 0);
        dr_arena_free(a.arena);
        cr_assert_eq(e.carried_out, cases[i].carried_out, "%s", name);
        cr_assert_eq(e.dropped, cases[i].dropped, "%s", name);
        cr_assert_eq(e.hang_ups, cases[i].crashed, "%s", name);
        const struct dr_fault_view *v = dr_fault_look(f);
        cr_assert_eq(v->crashed, cases[i].crashed, "%s", name);
        cr_assert_eq(v->struck, cases[i].kind != DR_INJECT_NONE, "%s", name);
        /* the third is untouched, unless the controller is no more */
        a = exchange(f, &ex);
        cr_assert_eq(a.carried, cases[i].crashed ? DR_NOT_SENT : DR_ANSWERED, "%s", name);
        cr_assert_eq(v->exchanges, 3);
        dr_arena_free(a.arena);
        f->free(f);
    }
}

Test(fault, a_crash_takes_open_exchanges_with_it_and_time_goes_on_for_it_alone)
{
    struct dr_injection script = {3, DR_INJECT_CRASH_BEFORE, 0};
    struct dr_fault_options options = {.script = &script, .count = 1};
    struct dr_exchange ex = sql("SELECT 1");
    struct echo e;
    echo_init(&e);
    struct dr_carrier *f = dr_fault_carrier(&e.face, &options);
    uint64_t tickets[3];
    struct dr_answer a;
    for (size_t i = 0; i < 3; i++)
        f->submit(f, &ex, &tickets[i]);
    for (size_t i = 0; i < 3; i++) {
        cr_assert(f->wait(f, f->now_ms(f) + 100, &a));
        cr_assert_eq(a.ticket, tickets[i]);
        cr_assert_eq(a.carried, DR_NOT_SENT);
    }
    cr_assert_not(f->wait(f, 60000, &a));
    cr_assert_eq(f->now_ms(f), 60000);
    cr_assert_eq(e.now, 0);
    f->free(f);
}

Test(fault, a_late_answer_comes_late_or_is_lost_at_its_deadline)
{
    static const struct {
        int64_t delay_ms;
        enum dr_carried carried;
        int64_t at;
    } cases[] = {{500, DR_ANSWERED, 510}, {2000, DR_LOST, 1000}};
    for (size_t i = 0; i < 2; i++) {
        struct dr_injection script = {1, DR_INJECT_DELAYED, cases[i].delay_ms};
        struct dr_fault_options options = {.script = &script, .count = 1};
        struct dr_exchange ex = sql("SELECT 1");
        struct echo e;
        echo_init(&e);
        struct dr_carrier *f = dr_fault_carrier(&e.face, &options);
        struct dr_answer a = exchange(f, &ex);
        cr_assert_eq(a.carried, cases[i].carried);
        cr_assert_eq(f->now_ms(f), cases[i].at);
        dr_arena_free(a.arena);
        f->free(f);
    }
}

Test(fault, a_stale_read_gives_the_earlier_answer_and_only_to_reads)
{
    static const struct {
        const char *text;
        enum dr_lane lane;
        const char *second;
    } cases[] = {
        {"SELECT 1", DR_LANE_OBSERVE, "1"},
        {"show variables", DR_LANE_OBSERVE, "1"},
        {"SELECT 1 FOR UPDATE", DR_LANE_OBSERVE, "2"},
        {"SELECT 1", DR_LANE_ACT, "2"},
        {"SET GLOBAL x = 1", DR_LANE_OBSERVE, "2"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dr_injection script = {2, DR_INJECT_STALE, 0};
        struct dr_fault_options options = {.script = &script, .count = 1};
        struct dr_exchange ex = sql(cases[i].text);
        struct echo e;
        ex.sql.lane = cases[i].lane;
        echo_init(&e);
        struct dr_carrier *f = dr_fault_carrier(&e.face, &options);
        const char *want[] = {"1", cases[i].second, "3"};
        for (size_t n = 0; n < 3; n++) {
            struct dr_answer a = exchange(f, &ex);
            cr_assert_str_eq(a.sql.cells[0].text, want[n], "%s", cases[i].text);
            cr_assert_eq(a.sql.session, 71 + n, "the session is today's");
            dr_arena_free(a.arena);
        }
        f->free(f);
    }
}

Test(fault, http_answers_go_wrong_as_well)
{
    static const struct {
        enum dr_inject kind;
        int status;
        size_t len;
        const char *body;
    } cases[] = {
        {DR_INJECT_STALE, 200, 1, "1"},
        {DR_INJECT_TRUNCATED, 200, 0, ""},
        {DR_INJECT_ERROR_AFTER, 500, 8, "injected"},
    };
    for (size_t i = 0; i < 3; i++) {
        struct dr_injection script = {2, cases[i].kind, 0};
        struct dr_fault_options options = {.script = &script, .count = 1};
        struct dr_exchange ex = http("GET");
        struct echo e;
        echo_init(&e);
        struct dr_carrier *f = dr_fault_carrier(&e.face, &options);
        struct dr_answer a = exchange(f, &ex);
        dr_arena_free(a.arena);
        a = exchange(f, &ex);
        cr_assert_eq(a.http.status, cases[i].status);
        cr_assert_eq(a.http.body_len, cases[i].len);
        cr_assert_str_eq(a.http.body, cases[i].body);
        cr_assert_eq(e.carried_out, 2);
        dr_arena_free(a.arena);
        f->free(f);
    }
}

static void count_hook(void *arg, uint64_t n)
{
    ((uint64_t *)arg)[0] += n;
}

static void before_hook(void *arg, uint64_t n, const struct dr_exchange *ex)
{
    ((uint64_t *)arg)[1] += n;
    cr_assert_not_null(ex);
}

Test(fault, hooks_see_every_exchange)
{
    uint64_t sums[2] = {0, 0};
    struct dr_fault_options options = {
        .before = before_hook, .after = count_hook, .arg = sums};
    struct dr_exchange ex = http("GET");
    struct echo e;
    echo_init(&e);
    struct dr_carrier *f = dr_fault_carrier(&e.face, &options);
    for (size_t i = 0; i < 3; i++) {
        struct dr_answer a = exchange(f, &ex);
        dr_arena_free(a.arena);
    }
    cr_assert_eq(sums[0], 6);
    cr_assert_eq(sums[1], 6);
    f->free(f);
}

/* ---- record ---- */

Test(record, statements_hide_what_could_be_secret)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"SELECT 'a', \"b\"", "SELECT 'a', \"b\""},
        {"ALTER USER 'cdc'@'%' IDENTIFIED BY 'hunter2'",
         "ALTER USER '***'@'***' IDENTIFIED BY '***'"},
        {"BACKUP DATABASE * TO 's3://b/p?secret-access-key=hunter2' RATE_LIMIT = 1",
         "BACKUP DATABASE * TO '***' RATE_LIMIT = 1"},
        {"SELECT 'it''s', 'a\\'b', 1", "SELECT 'it''s', 'a\\'b', 1"},
        {"SET PASSWORD = 'hunter2", "SET PASSWORD = '***'"},
        {"a\nb", "a b"},
        {"CREATE USER a IDENTIFIED BY 'top''hunter2', b IDENTIFIED BY \"\"\"hunter2\"",
         "CREATE USER a IDENTIFIED BY '***', b IDENTIFIED BY '***'"},
        {"ALTER USER a IDENTIFIED BY /* it's */ 'hunter2'",
         "ALTER USER a IDENTIFIED BY  '***'"},
        {"ALTER USER a IDENTIFIED BY -- it's\n'hunter2' # hunter2",
         "ALTER USER a IDENTIFIED BY  '***' "},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dr_buf b;
        dr_buf_init(&b, 1000);
        dr_record_statement(&b, cases[i].text, 500);
        cr_assert_str_eq(dr_buf_str(&b), cases[i].want);
        dr_buf_release(&b);
    }
}

Test(record, exchanges_are_lines_and_counts)
{
    struct echo e;
    struct dr_record r;
    struct dr_exchange one = sql("SELECT 1"), two = http("GET");
    echo_init(&e);
    dr_record_init(&r, 10000);
    struct dr_carrier *c = dr_record_carrier(&r, &e.face);
    struct dr_answer a = exchange(c, &one);
    dr_arena_free(a.arena);
    a = exchange(c, &two);
    dr_arena_free(a.arena);
    c->hang_up(c, NULL);
    cr_assert_str_eq(dr_buf_str(&r.text),
                     "0.000 > 1 127.0.1.4:4000 drover/observe SELECT 1\n"
                     "0.010 < 1 answered 1 rows\n"
                     "0.010 > 2 127.1.1.9:8300 GET /api/v2/changefeeds\n"
                     "0.020 < 2 answered 200, 1 bytes\n"
                     "0.020 hang up all\n");
    cr_assert_eq(r.exchanges[DR_EXCHANGE_SQL], 1);
    cr_assert_eq(r.exchanges[DR_EXCHANGE_HTTP], 1);
    cr_assert_eq(r.carried[DR_ANSWERED], 2);
    c->free(c);
    dr_record_release(&r);
}

/* ---- guard, and the record of calls ---- */

struct yes {
    struct dr_estate face;
    uint64_t tickets, taken;
};

static void yes_submit(struct dr_estate *e, const struct dr_call *call, uint64_t *ticket)
{
    (void)call;
    *ticket = ++((struct yes *)e)->tickets;
}

static bool yes_wait(struct dr_estate *e, int64_t until_ms, struct dr_reply *out)
{
    struct yes *y = (struct yes *)e;
    (void)until_ms;
    if (y->taken == y->tickets)
        return false;
    memset(out, 0, sizeof(*out));
    out->ticket = ++y->taken;
    return true;
}

static int64_t yes_now(struct dr_estate *e)
{
    (void)e;
    return 0;
}

Test(guard, no_mutating_call_passes)
{
    struct yes y = {.face = {yes_submit, yes_wait, yes_now, NULL}};
    struct dr_record r;
    dr_record_init(&r, 10000);
    struct dr_estate *recorded = dr_record_estate(&r, &y.face);
    struct dr_estate *g = dr_guard_new(recorded, "plan changes nothing");
    uint64_t mutating = 0, reading = 0;
    for (unsigned k = 1; k < DR_CALL_KIND_COUNT; k++) {
        struct dr_call call = {.kind = (enum dr_call_kind)k};
        struct dr_reply reply;
        dr_estate_ask(g, &call, &reply);
        if (dr_call_rows[k].mutates) {
            mutating++;
            cr_assert_eq(reply.outcome, DR_REFUSED, "%s", dr_call_rows[k].name);
            cr_assert(strstr(reply.err.text, "plan changes nothing"));
        } else {
            reading++;
            cr_assert_eq(reply.outcome, DR_DONE, "%s", dr_call_rows[k].name);
        }
        dr_reply_release(&reply);
    }
    cr_assert_gt(mutating, 10);
    cr_assert_gt(reading, 10);
    cr_assert_eq(dr_guard_refused(g), mutating);
    cr_assert_eq(y.tickets, reading);
    cr_assert_eq(dr_record_mutations(&r), 0);
    cr_assert_eq(r.calls[DR_CALL_SQL_HOT], 1);
    cr_assert_eq(r.outcomes[DR_CALL_SQL_HOT][DR_DONE], 1);
    g->free(g);
    recorded->free(recorded);
    dr_record_release(&r);
}

Test(guard, refusals_and_replies_keep_their_tickets)
{
    struct yes y = {.face = {yes_submit, yes_wait, yes_now, NULL}};
    struct dr_estate *g = dr_guard_new(&y.face, "no");
    enum dr_call_kind kinds[] = {DR_CALL_BEAT, DR_CALL_SQL_HOT, DR_CALL_KILL};
    uint64_t tickets[3], seen = 0;
    struct dr_reply reply;
    for (size_t i = 0; i < 3; i++) {
        struct dr_call call = {.kind = kinds[i]};
        g->submit(g, &call, &tickets[i]);
    }
    cr_assert_neq(tickets[0], tickets[2]);
    while (g->wait(g, 0, &reply))
        for (size_t i = 0; i < 3; i++)
            if (reply.ticket == tickets[i]) {
                seen++;
                cr_assert_eq(reply.outcome, i == 1 ? DR_DONE : DR_REFUSED);
            }
    cr_assert_eq(seen, 3);
    g->free(g);
}

/* ---- a question that takes longer than its deadline ---- */

struct slow {
    struct dr_estate face;
    const struct dr_call *borrowed; /* until the reply was taken */
    int64_t now_ms, answers_at_ms;
};

static void slow_submit(struct dr_estate *e, const struct dr_call *call, uint64_t *ticket)
{
    ((struct slow *)e)->borrowed = call;
    *ticket = 1;
}

static bool slow_wait(struct dr_estate *e, int64_t until_ms, struct dr_reply *out)
{
    struct slow *s = (struct slow *)e;
    bool late = s->answers_at_ms > until_ms;
    s->now_ms = late ? until_ms : s->answers_at_ms;
    if (late)
        return false;
    *out = (struct dr_reply){.ticket = 1, .outcome = DR_UNKNOWN, .connection_id = 4711};
    s->borrowed = NULL;
    return true;
}

static int64_t slow_now(struct dr_estate *e)
{
    return ((struct slow *)e)->now_ms;
}

/* The undoing of a transaction comes after the deadline, and still reads the call. */
Test(estate, a_question_lends_its_call_until_the_reply)
{
    struct dr_call call = {.kind = DR_CALL_LEDGER_EPOCH, .deadline_ms = 1000};
    struct slow s = {.face = {slow_submit, slow_wait, slow_now, NULL},
                     .answers_at_ms = 17000};
    struct dr_reply r;
    dr_estate_ask(&s.face, &call, &r);
    cr_assert_null(s.borrowed);
    cr_assert_eq(r.connection_id, 4711);
    cr_assert_eq(s.now_ms, 17000);
}
