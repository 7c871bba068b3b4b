/* The rules of a primary/secondary pair, in the order in which their steps are made. A
 * rule whose `done` does not hold is a missing step; the first missing one is next. What
 * is durable after each step is a ledger row or the world itself, so that a controller
 * that starts anew finds the same next step. */
#include "controller/plan/rules.h"
#include "controller/plan/emit.h"

#include <inttypes.h>
#include <string.h>

#include "controller/base/num.h"
#include "controller/base/tso.h"

static void set_call(struct dr_action *x, enum dr_call_kind kind, size_t c)
{
    x->call = (struct dr_call){.kind = kind, .at = {.cluster = (uint16_t)c}};
}

void dr_emit_rows(const struct dr_view *v, struct dr_action *x, size_t c,
                  const struct dr_row_write *rows, size_t count)
{
    struct dr_row_write *copy = DR_NEW_N(v->arena, count, struct dr_row_write);
    memcpy(copy, rows, count * sizeof(*rows));
    set_call(x, DR_CALL_LEDGER_WRITE, c);
    x->call.args.write.count = count;
    x->call.args.write.rows = copy;
}

static void write_row(const struct dr_view *v, struct dr_action *x, size_t c,
                      const char *key, const char *value)
{
    struct dr_row_write row = {.key = key, .value = value};
    dr_emit_rows(v, x, c, &row, 1);
}

/* The first instance that fails `test`, for a variable that must be set there again. */
static const char *instance_without(const struct dr_view *v, size_t c,
                                    bool (*test)(const struct dr_view *, size_t,
                                                 const struct dr_instance *))
{
    const struct dr_cluster_facts *f = dr_view_facts(v, c);
    for (size_t i = 0; i < f->instance_count; i++)
        if (f->instances[i].seen.known && !test(v, c, &f->instances[i]))
            return f->instances[i].address;
    return NULL;
}

static void set_global(struct dr_action *x, size_t c, const char *instance,
                       const char *variable, const char *value)
{
    set_call(x, DR_CALL_SET_GLOBAL, c);
    x->call.at.instance = instance;
    x->call.args.set.name = variable;
    x->call.args.set.value = value;
}

/* ---- genesis ---- */

static void emit_ledger(const struct dr_view *v, size_t c, struct dr_action *x)
{
    (void)v;
    set_call(x, DR_CALL_LEDGER_CREATE, c);
}

static void emit_birth(const struct dr_view *v, size_t c, struct dr_action *x)
{
    size_t n = v->t->cluster_count;
    struct dr_birth_row r = {.present = true,
                             .topology = v->t->doc.metadata.name,
                             .version = DR_LEDGER_VERSION,
                             .member_count = n};
    r.member_names = DR_NEW_N(v->arena, n, const char *);
    r.member_ids = DR_NEW_N(v->arena, n, uint64_t);
    for (size_t i = 0; i < n; i++) {
        r.member_names[i] = dr_view_name(v, i);
        r.member_ids[i] = dr_view_facts(v, i)->pd.cluster_id;
    }
    struct dr_row_write row = {.key = DR_KEY_BIRTH,
                               .value = dr_birth_value(&r, v->arena),
                               .expect = DR_ROW_ABSENT};
    dr_emit_rows(v, x, c, &row, 1);
}

/* The first term; where a ledger has one already, the other gets a copy of it. */
static void emit_term(const struct dr_view *v, size_t c, struct dr_action *x)
{
    struct dr_term_row r = {.present = true,
                            .n = 1,
                            .cluster = dr_view_name(v, v->a),
                            .operation = "genesis",
                            .revision = v->in->revision,
                            .agreed = dr_plan_agreed_text(v->in, v->arena),
                            .meaning = v->t->doc.meaning};
    for (size_t k = 0; k < v->t->cluster_count; k++) {
        const struct dr_ledger *l = dr_view_ledger(v, k);
        if (l && l->term.present && l->term.n >= r.n)
            r = l->term;
    }
    struct dr_row_write row = {.key = DR_KEY_TERM,
                               .value = dr_term_value(&r, v->arena),
                               .expect = DR_ROW_ABSENT};
    dr_emit_rows(v, x, c, &row, 1);
}

static void emit_agreed(const struct dr_view *v, size_t c, struct dr_action *x)
{
    const struct dr_term_row *now = &dr_view_ledger(v, c)->term;
    struct dr_term_row r = *now;
    r.agreed = dr_plan_agreed_text(v->in, v->arena);
    r.meaning = v->in->removed ? NULL : v->t->doc.meaning;
    r.by = NULL;
    /* a person writes here, too, who holds no epoch: `drover agree` */
    struct dr_row_write row = {.key = DR_KEY_TERM,
                               .value = dr_term_value(&r, v->arena),
                               .expect = DR_ROW_EQUALS,
                               .expected = dr_term_standing(now, v->arena)};
    dr_emit_rows(v, x, c, &row, 1);
}

static bool has_increment(const struct dr_view *v, size_t c, const struct dr_instance *x)
{
    return x->auto_increment_increment == dr_view_cluster(v, c)->auto_increment.increment;
}

static bool has_offset(const struct dr_view *v, size_t c, const struct dr_instance *x)
{
    return x->auto_increment_offset == dr_view_cluster(v, c)->auto_increment.offset;
}

static void emit_ids(const struct dr_view *v, size_t c, struct dr_action *x)
{
    const struct dr_auto_increment *want = &dr_view_cluster(v, c)->auto_increment;
    const char *at = instance_without(v, c, has_increment);
    bool increment = at != NULL;
    if (!at)
        at = instance_without(v, c, has_offset);
    set_global(x, c, at, increment ? "auto_increment_increment" : "auto_increment_offset",
               dr_sprintf(v->arena, "%u", increment ? want->increment : want->offset));
}

/* ---- the edge's generation ---- */

static void write_edge(const struct dr_view *v, size_t c, struct dr_action *x,
                       enum dr_edge_state state, uint64_t start_ts)
{
    struct dr_edge_row r = dr_edge_of(v, c);
    r.state = state;
    r.start_ts = start_ts;
    if (state == DR_EDGE_MADE)
        r.settings = v->t->doc.feeds;
    dr_emit_edge(v, c, x, &r);
}

static void emit_edge_planned(const struct dr_view *v, size_t c, struct dr_action *x)
{
    write_edge(v, c, x, DR_EDGE_PLANNED, 0);
    x->what = dr_sprintf(v->arena, "%s: note generation %" PRIu64 " of the edge",
                         dr_view_name(v, c), v->gen.n);
}

static void emit_beat_table(const struct dr_view *v, size_t c, struct dr_action *x)
{
    (void)v;
    set_call(x, DR_CALL_BEAT_TABLE, c);
}

static void drop_schema(struct dr_action *x, size_t c, const char *schema)
{
    set_call(x, DR_CALL_DROP_SCHEMA, c);
    x->call.args.drop.schema = schema;
}

static void emit_drop_old_beat(const struct dr_view *v, size_t c, struct dr_action *x)
{
    (void)v;
    drop_schema(x, c, "drover");
}

static void emit_drop_tidb_cdc(const struct dr_view *v, size_t c, struct dr_action *x)
{
    (void)v;
    drop_schema(x, c, "tidb_cdc");
}

/* ---- history: the hold, GC ---- */

static void emit_hold(const struct dr_view *v, size_t c, struct dr_action *x)
{
    const struct dr_cluster_facts *f = dr_view_facts(v, c);
    const struct dr_ledger *l = dr_view_ledger(v, c);
    const struct dr_gc_hold *want = &v->t->bootstrap.gc_hold;
    struct dr_gc_row gc = {.present = true};
    gc.before.enable = f->instances[0].gc_enable;
    gc.before.life_time_ms = f->instances[0].gc_life_time_ms;
    gc.set = gc.before;
    if (want->method == DR_GC_HOLD_DISABLE)
        gc.set.enable = false;
    else if (gc.set.life_time_ms < want->deadline_ms)
        gc.set.life_time_ms = want->deadline_ms;
    struct dr_hold_row hold = {
        .purpose = "bootstrap",
        .operation = v->gen.feed_id,
        .deadline = dr_tso_make(dr_tso_ms(f->ledger.tso) + want->deadline_ms, 0)};
    struct dr_row_write rows[2] = {
        {.key = dr_hold_key("bootstrap", v->arena),
         .value = dr_hold_value(&hold, v->arena)},
        {.key = DR_KEY_GC, .value = dr_gc_value(&gc, v->arena), .expect = DR_ROW_ABSENT}};
    /* a gc row that stands remembers what was before; it is written once */
    dr_emit_rows(v, x, c, rows, l && l->gc.present ? 1 : 2);
}

static bool shows_gc_enable(const struct dr_view *v, size_t c,
                            const struct dr_instance *x)
{
    return x->gc_enable == dr_view_ledger(v, c)->gc.set.enable;
}

static bool shows_gc_life(const struct dr_view *v, size_t c, const struct dr_instance *x)
{
    return x->gc_life_time_ms == dr_view_ledger(v, c)->gc.set.life_time_ms;
}

static bool shows_old_enable(const struct dr_view *v, size_t c,
                             const struct dr_instance *x)
{
    return x->gc_enable == dr_view_ledger(v, c)->gc.before.enable;
}

static bool shows_old_life(const struct dr_view *v, size_t c, const struct dr_instance *x)
{
    return x->gc_life_time_ms == dr_view_ledger(v, c)->gc.before.life_time_ms;
}

static bool gc_on_here(const struct dr_view *v, size_t c, const struct dr_instance *x)
{
    (void)v;
    (void)c;
    return x->gc_enable;
}

static void emit_gc_on(const struct dr_view *v, size_t c, struct dr_action *x)
{
    set_global(x, c, instance_without(v, c, gc_on_here), "tidb_gc_enable", "ON");
}

static void set_gc(const struct dr_view *v, size_t c, struct dr_action *x,
                   const struct dr_gc_setting *s, const char *wrong_switch,
                   const char *wrong_life)
{
    char text[DR_DURATION_TEXT];
    if (wrong_switch)
        set_global(x, c, wrong_switch, "tidb_gc_enable", s->enable ? "ON" : "OFF");
    else
        set_global(
            x, c, wrong_life, "tidb_gc_life_time",
            dr_sprintf(v->arena, "'%s'", dr_go_duration_text(s->life_time_ms, text)));
}

static void emit_gc_hold(const struct dr_view *v, size_t c, struct dr_action *x)
{
    set_gc(v, c, x, &dr_view_ledger(v, c)->gc.set,
           instance_without(v, c, shows_gc_enable),
           instance_without(v, c, shows_gc_life));
}

static void emit_gc_release(const struct dr_view *v, size_t c, struct dr_action *x)
{
    set_gc(v, c, x, &dr_view_ledger(v, c)->gc.before,
           instance_without(v, c, shows_old_enable),
           instance_without(v, c, shows_old_life));
}

static void emit_hold_clear(const struct dr_view *v, size_t c, struct dr_action *x)
{
    const struct dr_ledger *l = dr_view_ledger(v, c);
    struct dr_row_write rows[3] = {{.key = dr_hold_key("bootstrap", v->arena)}};
    size_t n = 1;
    /* the gc row is every hold's */
    if (l->hold_count <= (dr_ledger_hold(l, "bootstrap") != NULL))
        rows[n++].key = DR_KEY_GC;
    /* before the feed is made the backup row stays: it says that history was given up */
    if (dr_holds(v, DR_P_MADE, c) == DR_TRUE)
        rows[n++].key = DR_KEY_BACKUP;
    dr_emit_rows(v, x, c, rows, n);
}

static void emit_copy_clear(const struct dr_view *v, size_t c, struct dr_action *x)
{
    write_row(v, x, c, DR_KEY_RESTORING, NULL);
}

/* ---- seeding ---- */

static void emit_backup(const struct dr_view *v, size_t c, struct dr_action *x)
{
    const struct dr_copy_row *r = &dr_view_ledger(v, c)->backup;
    bool again = r->present && r->generation == v->gen.n;
    set_call(x, DR_CALL_BACKUP, c);
    x->call.at.instance = again ? r->instance : dr_view_facts(v, c)->instances[0].address;
    x->call.args.copy = (struct dr_copy_args){
        .prefix = v->gen.backup, .generation = v->gen.n, .tso = again ? r->tso : 0};
}

static void emit_restore(const struct dr_view *v, size_t c, struct dr_action *x)
{
    const struct dr_copy_row *r = &dr_view_ledger(v, c)->restoring;
    bool again = r->present && r->generation == v->gen.n;
    set_call(x, DR_CALL_RESTORE, c);
    x->call.at.instance = again ? r->instance : dr_view_facts(v, c)->instances[0].address;
    x->call.args.copy = (struct dr_copy_args){.prefix = v->gen.backup,
                                              .generation = v->gen.n,
                                              .tso = dr_view_ledger(v, v->a)->backup.tso};
}

static void emit_drop_half(const struct dr_view *v, size_t c, struct dr_action *x)
{
    const struct dr_table *half = dr_view_half_restored(v);
    set_call(x, DR_CALL_DROP_TABLE, c);
    x->call.args.drop.schema = half->schema;
    x->call.args.drop.table = half->name;
    x->what = dr_sprintf(v->arena, "%s: drop half-restored table %s.%s",
                         dr_view_name(v, c), half->schema, half->name);
}

static void emit_compare(const struct dr_view *v, size_t c, struct dr_action *x)
{
    set_call(x, DR_CALL_SQL_COUNTS, c);
    x->call.args.counts.tso = dr_view_copy(v, false)->tso;
    x->compares = true;
    x->compare_generation = v->gen.n;
    x->compares_carried = v->way == DR_BY_EXISTING;
}

/* ---- the secondary's fence ---- */

static bool ttl_off_here(const struct dr_view *v, size_t c, const struct dr_instance *x)
{
    (void)v;
    (void)c;
    return !x->ttl_job_enable;
}

static void emit_ttl_off(const struct dr_view *v, size_t c, struct dr_action *x)
{
    set_global(x, c, instance_without(v, c, ttl_off_here), "tidb_ttl_job_enable", "OFF");
}

static void emit_fence_row(const struct dr_view *v, size_t c, struct dr_action *x)
{
    const struct dr_ledger *l = dr_view_ledger(v, v->a);
    struct dr_fenced_row r = {.why = DR_FENCED_SECONDARY, .term = l->term.n};
    struct dr_row_write row = {.key = DR_KEY_FENCED,
                               .value = dr_fenced_value(&r, v->arena),
                               .expect = DR_ROW_ABSENT};
    dr_emit_rows(v, x, c, &row, 1);
}

static void emit_forget_comparison(const struct dr_view *v, size_t c, struct dr_action *x)
{
    write_row(v, x, c, DR_KEY_COMPARED, NULL);
}

static bool fenced_here(const struct dr_view *v, size_t c, const struct dr_instance *x)
{
    (void)v;
    (void)c;
    return x->super_read_only;
}

static void emit_fence(const struct dr_view *v, size_t c, struct dr_action *x)
{
    set_global(x, c, instance_without(v, c, fenced_here), "tidb_super_read_only", "ON");
}

/* ---- the feed ---- */

static void emit_sink_row(const struct dr_view *v, size_t c, struct dr_action *x)
{
    struct dr_sink_row r = {.present = true,
                            .account = v->t->replication.sink.user,
                            .generation = v->gen.n,
                            .locked = false};
    write_row(v, x, c, DR_KEY_SINK, dr_sink_value(&r, v->arena));
}

static void emit_sink_open(const struct dr_view *v, size_t c, struct dr_action *x)
{
    set_call(x, DR_CALL_SINK_ACCOUNT, c);
    x->call.args.sink.generation = v->gen.n;
    x->call.args.sink.from = dr_view_name(v, v->a);
}

/* The feed may have been made with what stands at one end: the other gets the same. */
static void emit_making(const struct dr_view *v, size_t c, struct dr_action *x)
{
    const struct dr_edge_row *other = dr_view_edge(v, c == v->a ? v->b : v->a);
    const struct dr_copy_row *backup = dr_view_copy(v, false);
    uint64_t start_ts = backup ? backup->tso : 0;
    if (other && other->start_ts)
        start_ts = other->start_ts;
    write_edge(v, c, x, DR_EDGE_MAKING, start_ts);
}

static void emit_feed(const struct dr_view *v, size_t c, struct dr_action *x)
{
    set_call(x, DR_CALL_FEED_CREATE, c);
    x->call.args.feed = (struct dr_feed_args){.id = v->gen.feed_id,
                                              .to = (uint16_t)v->b,
                                              .generation = v->gen.n,
                                              .start_ts = dr_view_edge(v, c)->start_ts,
                                              .redo = v->gen.redo};
}

static void emit_existing(const struct dr_view *v, size_t c, struct dr_action *x)
{
    struct dr_copy_row r = {.present = true,
                            .generation = v->gen.n,
                            .prefix = "",
                            .tso = v->start_ts,
                            .instance = ""};
    write_row(v, x, c, DR_KEY_BACKUP, dr_copy_value(&r, v->arena));
    x->what = dr_sprintf(v->arena, "%s: note that both sides are equal at %" PRIu64,
                         dr_view_name(v, c), v->start_ts);
}

/* Both ends know the feed; where it was when it became drover's is kept for people. What
 * it is not as the document says was let be, and is no edit. */
static void write_adopted(const struct dr_view *v, size_t c, struct dr_action *x,
                          enum dr_edge_state state)
{
    const struct dr_edge_row *other = dr_view_edge(v, c == v->a ? v->b : v->a);
    const struct dr_feed *feed = dr_view_feed(v);
    struct dr_edge_row r = dr_edge_of(v, c);
    r.adopted = v->gen.n > 0;
    r.start_ts = other && other->start_ts ? other->start_ts : v->start_ts;
    r.state = state;
    r.checkpoint = feed ? feed->checkpoint : 0;
    if (state == DR_EDGE_MADE && dr_holds(v, DR_P_FEED_MATCHES, c) == DR_TRUE)
        r.settings = v->t->doc.feeds;
    dr_emit_edge(v, c, x, &r);
}

static void emit_adopt_planned(const struct dr_view *v, size_t c, struct dr_action *x)
{
    write_adopted(v, c, x, DR_EDGE_PLANNED);
    x->what = dr_sprintf(v->arena,
                         "%s: note changefeed %s as generation %" PRIu64 " of the edge",
                         dr_view_name(v, c), v->gen.feed_id, v->gen.n);
}

static void emit_adopting(const struct dr_view *v, size_t c, struct dr_action *x)
{
    write_adopted(v, c, x, DR_EDGE_MAKING);
}

static void emit_adopted(const struct dr_view *v, size_t c, struct dr_action *x)
{
    write_adopted(v, c, x, DR_EDGE_MADE);
    x->what = dr_sprintf(v->arena, "%s: note that changefeed %s is drover's",
                         dr_view_name(v, c), v->gen.feed_id);
}

static void emit_made(const struct dr_view *v, size_t c, struct dr_action *x)
{
    write_edge(v, c, x, DR_EDGE_MADE, dr_view_edge(v, v->a)->start_ts);
}

static bool wants_ids(const struct dr_view *v)
{
    for (size_t i = 0; i < v->t->cluster_count; i++)
        if (dr_view_cluster(v, i)->auto_increment.declared)
            return true;
    return false;
}

static bool owes_after_removal(const struct dr_view *v)
{
    return v->in->removed && dr_holds(v, DR_P_HOLD_CLEARED, v->a) == DR_FALSE;
}

static bool wants_give_up(const struct dr_view *v)
{
    return v->giving_up;
}

static bool wants_reset(const struct dr_view *v)
{
    return v->t->ledger_reset.declared;
}

static bool wants_beat(const struct dr_view *v)
{
    return v->t->heartbeat;
}

// clang-format off
const struct dr_plan_rule dr_plan_rules[] = {
    {.id = 100, .concern = "identity", .name = "ledger", .scope = DR_SCOPE_EACH,
     .done = DR_P_LEDGER_TABLE, .emit = emit_ledger, .risk = DR_RISK_SAFE, .resets = true,
     .keeps_books = true, .predicted_ms = 500,
     .what = "%s: make the ledger table mysql.drover_ledger",
     .why = "drover's few facts must stand inside the cluster that they concern",
     .precondition = "the instance answers; no write is refused",
     .expect = "the table can be read", .undo = "DROP TABLE mysql.drover_ledger, by hand"},
    {.id = 104, .concern = "identity", .name = "reset-ledger", .scope = DR_SCOPE_EACH,
     .wanted = wants_reset, .done = DR_P_NOT_LOST, .needs = {DR_P_LEDGER_TABLE}, .emit = dr_emit_reset,
     .risk = DR_RISK_DISRUPTIVE, .resets = true, .predicted_ms = 50,
     .what = "%s: give the lost ledger its rows back, as its peer has them",
     .why = "a ledger that was lost stops drover, until a human says how to go on",
     .precondition = "ledger.reset names this cluster and the highest term, and was not used before; "
                     "the peer's birth row knows the cluster's PD id",
     .expect = "birth, term, edges and used words are as the peer has them",
     .undo = "delete the rows, by hand"},
    {.id = 106, .concern = "identity", .name = "reset-used", .scope = DR_SCOPE_EACH,
     .wanted = wants_reset, .done = DR_P_RESET_USED, .needs = {DR_P_LEDGER_TABLE, DR_P_RESET_OVER},
     .emit = dr_emit_reset_used, .risk = DR_RISK_SAFE, .resets = true, .predicted_ms = 50,
     .what = "%s: note that the word ledger.reset was used",
     .why = "it was for one loss, not for the next one",
     .precondition = "the ledger that it names has lost no row", .expect = "the row stands",
     .undo = "none needed: another id"},
    {.id = 110, .concern = "identity", .name = "birth", .scope = DR_SCOPE_EACH,
     .done = DR_P_BIRTH, .emit = emit_birth, .risk = DR_RISK_SAFE, .keeps_books = true, .predicted_ms = 50,
     .what = "%s: write the birth row with the PD ids of all members",
     .why = "a lost or foreign ledger must be recognised later",
     .precondition = "all members answer, no ledger holds a birth row of another topology",
     .expect = "the birth row names this topology", .undo = "none needed: the row stays"},
    {.id = 120, .concern = "identity", .name = "term", .scope = DR_SCOPE_EACH, .only = DR_BY_COPY,
     .done = DR_P_TERM, .emit = emit_term, .risk = DR_RISK_DISRUPTIVE, .keeps_books = true, .predicted_ms = 50,
     .what = "%s: write term 1: the declared primary is the open cluster",
     .why = "who takes the writes is decided by the highest term, never by a flag",
     .precondition = "the declared primary is open; the other is empty; no feed runs between them",
     .expect = "both ledgers name the primary", .undo = "ledger.reset in the document"},
    {.id = 122, .concern = "identity", .name = "observed-term", .scope = DR_SCOPE_EACH,
     .only = DR_BY_EXISTING | DR_BY_ADOPTION,
     .done = DR_P_TERM, .emit = emit_term, .risk = DR_RISK_DISRUPTIVE, .keeps_books = true, .predicted_ms = 50,
     .what = "%s: write term 1: the cluster observed as primary",
     .why = "who takes the writes is decided by the highest term, never by a flag",
     .precondition = "all members answer, their ledgers are empty; the declared primary is open on "
                     "each instance; no feed runs out of the other; a feed to adopt runs between them",
     .expect = "both ledgers name the primary", .undo = "ledger.reset in the document"},
    {.id = 125, .concern = "identity", .name = "agreed", .scope = DR_SCOPE_EACH,
     .done = DR_P_AGREED, .needs = {DR_P_TERM}, .emit = emit_agreed, .risk = DR_RISK_SAFE, .resets = true, .gives_up = true,
     .keeps_books = true, .predicted_ms = 50,
     .what = "%s: agree on this revision of the document",
     .why = "a controller with an older checkout must find out that it is older",
     .precondition = "the term names the declared primary; the revision descends from the one agreed on",
     .expect = "the term row has the revision", .undo = "drover agree, with the earlier revision"},
    {.id = 130, .concern = "ids", .name = "ids", .scope = DR_SCOPE_EACH, .wanted = wants_ids,
     .done = DR_P_IDS_HELD, .emit = emit_ids, .risk = DR_RISK_SAFE, .predicted_ms = 200,
     .is_drift = true, .drift = DR_DRIFT_ID_PAIRS,
     .what = "%s: set the auto-increment pair",
     .why = "ids made on one side must never be made on the other",
     .precondition = "the declared pairs have disjoint residues",
     .expect = "each instance shows the pair; sessions alive keep the old one",
     .undo = "SET GLOBAL to the values before"},
    {.id = 140, .concern = "seeding", .name = "generation", .scope = DR_SCOPE_EACH,
     .only = DR_BY_COPY | DR_BY_EXISTING,
     .past = DR_P_MAKING_HERE, .done = DR_P_EDGE_PLANNED, .emit = emit_edge_planned,
     .risk = DR_RISK_SAFE, .predicted_ms = 50,
     .what = "%s: note the next generation of the edge",
     .why = "backup prefix, redo path, feed id and sink password are bound to one generation",
     .precondition = "preflight holds; backup and redo prefixes of the generation are empty",
     .expect = "both ends name the same generation", .undo = "none needed: the next one is used"},
    {.id = 142, .concern = "edges", .name = "adopt", .scope = DR_SCOPE_EACH, .only = DR_BY_ADOPTION,
     .past = DR_P_MAKING_HERE, .done = DR_P_EDGE_PLANNED, .emit = emit_adopt_planned,
     .risk = DR_RISK_SAFE, .predicted_ms = 50,
     .what = "%s: note the running changefeed as the edge's",
     .why = "what is to be drover's must be known by name at both ends",
     .precondition = "the changefeed runs out of the primary into the secondary, with the declared account",
     .expect = "both ends name the changefeed", .undo = "none needed: the changefeed is not touched"},
    {.id = 150, .concern = "seeding", .name = "heartbeat-table", .scope = DR_SCOPE_PRIMARY,
     .wanted = wants_beat, .done = DR_P_BEAT_TABLE, .needs = {DR_P_OPEN}, .emit = emit_beat_table,
     .risk = DR_RISK_SAFE, .predicted_ms = 500,
     .what = "%s: make table drover.heartbeat",
     .why = "a row written here and seen there shows the real delay",
     .precondition = "the cluster is open", .expect = "the table can be read",
     .undo = "DROP DATABASE drover, by hand"},
    {.id = 160, .concern = "seeding", .name = "drop-old-heartbeat", .scope = DR_SCOPE_SECONDARY,
     .only = DR_BY_COPY,
     .past = DR_P_RESTORE_BEGUN, .done = DR_P_NO_OLD_BEAT, .emit = emit_drop_old_beat,
     .risk = DR_RISK_DISRUPTIVE, .predicted_ms = 500,
     .what = "%s: drop schema drover, which holds only an old heartbeat",
     .why = "RESTORE refuses a target that holds its tables",
     .precondition = "the schema holds no table but heartbeat",
     .expect = "the schema is gone", .undo = "none: the rows are worthless"},
    {.id = 170, .concern = "gc", .name = "hold", .scope = DR_SCOPE_PRIMARY,
     .only = DR_BY_COPY | DR_BY_EXISTING,
     .past = DR_P_MADE, .done = DR_P_HOLD, .needs = {DR_P_GC_SETTLED}, .emit = emit_hold, .risk = DR_RISK_SAFE,
     .predicted_ms = 50,
     .what = "%s: note the hold on history and the GC setting before it",
     .why = "whoever finds GC held must know why, until when, and what to set back",
     .precondition = "all instances show one GC setting",
     .expect = "rows hold/bootstrap and gc stand", .undo = "clear-hold: the rows are deleted"},
    {.id = 180, .concern = "gc", .name = "hold-gc", .scope = DR_SCOPE_PRIMARY,
     .only = DR_BY_COPY | DR_BY_EXISTING,
     .past = DR_P_MADE, .done = DR_P_GC_HELD, .emit = emit_gc_hold, .risk = DR_RISK_SAFE,
     .predicted_ms = 500,
     .what = "%s: hold GC",
     .why = "from the backup until the feed runs, changes since T must not be collected",
     .precondition = "the gc row remembers the setting before",
     .expect = "each instance shows the held setting", .undo = "release-gc: the setting that row gc remembers is set back"},
    {.id = 185, .concern = "seeding", .name = "existing", .scope = DR_SCOPE_PRIMARY, .only = DR_BY_EXISTING,
     .past = DR_P_MAKING, .done = DR_P_EXISTING_NOTED, .needs = {DR_P_TERM, DR_P_GC_HELD},
     .emit = emit_existing, .risk = DR_RISK_SAFE, .predicted_ms = 50,
     .what = "%s: note the declared startTs, where both sides are equal",
     .why = "the feed begins there, whatever becomes of the document meanwhile",
     .precondition = "GC is held; startTs is above GC's safe point and every service's",
     .expect = "the backup row carries startTs, and no prefix", .undo = "none needed"},
    {.id = 190, .concern = "seeding", .name = "backup", .scope = DR_SCOPE_PRIMARY, .only = DR_BY_COPY,
     .past = DR_P_MAKING, .done = DR_P_BACKUP_DONE, .wait = DR_P_BACKUP_RUNS,
     .needs = {DR_P_TERM, DR_P_GC_HELD}, .emit = emit_backup, .risk = DR_RISK_SAFE,
     .predict = dr_predict_backup,
     .what = "%s: BACKUP DATABASE * at a TSO T",
     .why = "T is where the copy ends and the feed begins",
     .precondition = "GC is held; no backup of this generation runs on any instance",
     .expect = "the storage holds backupmeta", .undo = "delete the prefix, by hand"},
    {.id = 210, .concern = "seeding", .name = "restore", .scope = DR_SCOPE_SECONDARY, .only = DR_BY_COPY,
     .past = DR_P_MAKING, .done = DR_P_RESTORED, .wait = DR_P_RESTORE_RUNS,
     .needs = {DR_P_TERM, DR_P_BACKUP_DONE}, .emit = emit_restore, .risk = DR_RISK_DISRUPTIVE,
     .predict = dr_predict_restore,
     .what = "%s: RESTORE DATABASE * without system tables",
     .why = "the secondary starts as the primary was at T",
     .precondition = "the restoring row is written while the cluster is empty; no restore runs",
     .expect = "the statement ended and both sides are equal at T",
     .undo = "drop the restored schemas, by hand"},
    {.id = 220, .concern = "seeding", .name = "drop-tidb-cdc", .scope = DR_SCOPE_SECONDARY, .only = DR_BY_COPY,
     .past = DR_P_MAKING, .done = DR_P_NO_TIDB_CDC, .emit = emit_drop_tidb_cdc,
     .risk = DR_RISK_DISRUPTIVE, .predicted_ms = 500,
     .what = "%s: drop schema tidb_cdc, carried over by the backup",
     .why = "stale syncpoint and restart rows of another feed would be believed",
     .precondition = "no feed of ours writes into the cluster yet",
     .expect = "the schema is gone", .undo = "none needed"},
    {.id = 230, .concern = "fence", .name = "ttl-off", .scope = DR_SCOPE_SECONDARY,
     .done = DR_P_TTL_OFF, .emit = emit_ttl_off, .risk = DR_RISK_SAFE, .predicted_ms = 500,
     .is_drift = true, .drift = DR_DRIFT_VARIABLES, .by_hand = "SET GLOBAL tidb_ttl_job_enable = OFF",
     .what = "%s: switch TTL jobs off",
     .why = "TTL jobs delete rows behind the fence",
     .precondition = "the cluster is the secondary by the highest term",
     .expect = "each instance shows OFF", .undo = "SET GLOBAL tidb_ttl_job_enable = ON"},
    {.id = 240, .concern = "fence", .name = "fenced-row", .scope = DR_SCOPE_SECONDARY,
     .done = DR_P_FENCE_ROW, .emit = emit_fence_row, .risk = DR_RISK_SAFE, .predicted_ms = 50,
     .what = "%s: note that the fence is drover's",
     .why = "a fence without a row is a human's and is never touched",
     .precondition = "the cluster is not fenced by somebody else",
     .expect = "the fenced row says: secondary", .undo = "none needed"},
    {.id = 245, .concern = "fence", .name = "forget-comparison", .scope = DR_SCOPE_SECONDARY,
     .done = DR_P_COMPARED_AS_FENCED, .emit = emit_forget_comparison, .risk = DR_RISK_SAFE, .predicted_ms = 50,
     .what = "%s: forget the comparison that was made before the fence was lifted",
     .why = "whoever lifted the fence may have mended what differed",
     .precondition = "an instance takes writes", .expect = "no note of a comparison stands",
     .undo = "none needed: both sides are compared again"},
    {.id = 250, .concern = "fence", .name = "fence", .scope = DR_SCOPE_SECONDARY, .asks = true,
     .done = DR_P_FENCED, .needs = {DR_P_TERM, DR_P_FENCE_ROW}, .emit = emit_fence,
     .risk = DR_RISK_DISRUPTIVE, .predicted_ms = 1000, .is_drift = true, .drift = DR_DRIFT_FENCE,
     .urgent = true, .tell = dr_fence_tell, .by_hand = "SET GLOBAL tidb_super_read_only = ON, on each of these instances",
     .what = "%s: refuse business writes on each instance (tidb_super_read_only)",
     .why = "what is written here would be lost or break the feed",
     .precondition = "the term names the other cluster; controller and sink hold the bypass",
     .expect = "each instance that the cluster lists shows the flag",
     .undo = "SET GLOBAL tidb_super_read_only = OFF"},
    {.id = 255, .concern = "seeding", .name = "drop-half-restore", .scope = DR_SCOPE_SECONDARY, .only = DR_BY_COPY,
     .past = DR_P_MAKING, .done = DR_P_NOT_HALF,
     .needs = {DR_P_TERM, DR_P_FENCE_ROW, DR_P_FENCED, DR_P_RESTORE_BEGUN}, .emit = emit_drop_half,
     .risk = DR_RISK_DESTRUCTIVE, .predicted_ms = 500,
     .what = "%s: drop a half-restored table",
     .why = "the restore could not be resumed and its tables are not whole",
     .precondition = "the restoring row proves that the cluster was empty before; the fence of "
                     "the cluster is ours; the table is one of the backup's; term and approval stand",
     .expect = "the table is gone", .undo = "none: the backup holds the rows"},
    {.id = 260, .concern = "seeding", .name = "compare", .scope = DR_SCOPE_SECONDARY, .only = DR_BY_COPY,
     .past = DR_P_MAKING, .done = DR_P_EQUAL, .emit = emit_compare, .risk = DR_RISK_SAFE,
     .predict = dr_predict_compare,
     .calls_for = 210,
     .what = "%s: compare schemas and row counts with the primary at T (what lacks is restored again)",
     .why = "a feed must not start on a copy that is not whole",
     .precondition = "the cluster is fenced; T is still in the primary's history",
     .expect = "no table differs", .undo = "none needed: only reads"},
    {.id = 265, .concern = "seeding", .name = "compare-existing", .scope = DR_SCOPE_SECONDARY,
     .only = DR_BY_EXISTING, .past = DR_P_MAKING, .done = DR_P_EQUAL,
     .needs = {DR_P_EXISTING_NOTED, DR_P_FENCE_ROW, DR_P_FENCED}, .emit = emit_compare, .risk = DR_RISK_SAFE,
     .predict = dr_predict_compare,
     .what = "%s: compare schemas and row counts with the primary at startTs",
     .why = "a feed must not start on data that is not equal; what changed and left every count as it "
            "was is not seen: that nobody wrote here since startTs is the document's word",
     .precondition = "the cluster is fenced, so that nobody writes from here on; startTs is still in the "
                     "primary's history",
     .expect = "no table that the declared feed carries differs", .undo = "none needed: only reads"},
    {.id = 266, .concern = "edges", .name = "go-on", .scope = DR_SCOPE_EACH,
     .done = DR_P_GOING_ON_NOTED, .needs = {DR_P_TERM}, .emit = dr_emit_feed_again,
     .risk = DR_RISK_DISRUPTIVE, .predicted_ms = 50,
     .what = "%s: note the next generation of the removed changefeed, and from where it goes on",
     .why = "what the primary does is carried by no feed; what was carried since that checkpoint is "
            "carried once more, so that the secondary goes back in time for a moment",
     .precondition = "policy.drift.changefeedRemoved says correct; the absence is proven; the checkpoint last "
                     "seen is above GC's safe point; no DDL since; the secondary was never seen open",
     .expect = "both ends name the next generation and the checkpoint", .undo = "none: the removed changefeed is gone"},
    {.id = 270, .concern = "edges", .name = "sink-row", .scope = DR_SCOPE_SECONDARY, .goes_on = true,
     .past = DR_P_MADE, .done = DR_P_SINK_ROW, .emit = emit_sink_row, .risk = DR_RISK_SAFE,
     .predicted_ms = 50,
     .what = "%s: note which generation the sink account is for",
     .why = "old generations must not log in again",
     .precondition = "the account is dedicated", .expect = "the sink row carries the generation",
     .undo = "none needed"},
    {.id = 280, .concern = "edges", .name = "sink-account", .scope = DR_SCOPE_SECONDARY,
     .only = DR_BY_COPY | DR_BY_EXISTING,
     .past = DR_P_MAKING, .done = DR_P_SINK_OPEN, .emit = emit_sink_open, .risk = DR_RISK_SAFE,
     .predicted_ms = 200,
     .what = "%s: give the sink account this generation's password and unlock it",
     .why = "only the feed of this generation can log in",
     .precondition = "the sink row carries the generation",
     .expect = "the account is let in with the derived password", .undo = "ACCOUNT LOCK"},
    {.id = 285, .concern = "edges", .name = "sink-again", .scope = DR_SCOPE_SECONDARY, .goes_on = true,
     .only = DR_BY_GOING_ON,
     .past = DR_P_MADE, .done = DR_P_SINK_OPEN, .needs = {DR_P_MAKING}, .emit = emit_sink_open, .risk = DR_RISK_SAFE,
     .predicted_ms = 200,
     .what = "%s: give the sink account the next generation's password",
     .why = "whoever still has the removed feed's password must not write any more",
     .precondition = "the sink row carries the generation",
     .expect = "the account is let in with the derived password", .undo = "ACCOUNT LOCK"},
    {.id = 290, .concern = "edges", .name = "making", .scope = DR_SCOPE_EACH,
     .only = DR_BY_COPY | DR_BY_EXISTING,
     .done = DR_P_MAKING_HERE, .emit = emit_making, .risk = DR_RISK_SAFE, .predicted_ms = 50,
     .what = "%s: note the feed's start-ts T before the feed is made",
     .why = "a lost reply must be resolved with the very same start-ts",
     .precondition = "both sides are equal at T", .expect = "both ends hold T",
     .undo = "none needed"},
    {.id = 292, .concern = "edges", .name = "adopting", .scope = DR_SCOPE_EACH, .only = DR_BY_ADOPTION,
     .done = DR_P_MAKING_HERE, .emit = emit_adopting, .risk = DR_RISK_SAFE, .predicted_ms = 50,
     .what = "%s: note that the secondary is fenced and the changefeed's checkpoint",
     .why = "an edge is known at both ends before it counts at one",
     .precondition = "the secondary is fenced", .expect = "both ends hold the checkpoint",
     .undo = "none needed: the changefeed is not touched"},
    {.id = 300, .concern = "edges", .name = "feed", .scope = DR_SCOPE_PRIMARY, .goes_on = true,
     .only = DR_BY_COPY | DR_BY_EXISTING | DR_BY_GOING_ON,
     .past = DR_P_MADE, .done = DR_P_FEED_SEEN, .needs = {DR_P_MAKING}, .emit = emit_feed, .risk = DR_RISK_SAFE,
     .predicted_ms = 3000,
     .what = "%s: create the changefeed from T",
     .why = "changes after T must flow",
     .precondition = "both ends hold T; the sink account is let in; the secondary is fenced",
     .expect = "TiCDC lists the feed", .undo = "delete the changefeed"},
    {.id = 310, .concern = "edges", .name = "made", .scope = DR_SCOPE_EACH, .goes_on = true,
     .only = DR_BY_COPY | DR_BY_EXISTING | DR_BY_GOING_ON,
     .done = DR_P_MADE_HERE,
     .needs = {DR_P_FEED_RISING, DR_P_FEED_MATCHES, DR_P_FEED_HOLDS_GC}, .emit = emit_made, .risk = DR_RISK_SAFE, .predicted_ms = 50,
     .what = "%s: note that the feed is made",
     .why = "from now on TiCDC itself holds the history that the feed needs",
     .precondition = "two rising checkpoints; PD lists TiCDC's safepoint not above the checkpoint; "
                     "the feed is as drover would make it",
     .expect = "both ends call the feed made", .undo = "none needed"},
    {.id = 312, .concern = "edges", .name = "adopted", .scope = DR_SCOPE_EACH, .only = DR_BY_ADOPTION,
     .done = DR_P_MADE_HERE, .needs = {DR_P_FEED_RISING, DR_P_LEADS_HOME, DR_P_FEED_HOLDS_GC},
     .emit = emit_adopted, .risk = DR_RISK_SAFE, .predicted_ms = 50,
     .what = "%s: note that the changefeed is drover's",
     .why = "from now on what somebody changes of it is drift",
     .precondition = "two rising checkpoints since the fence; PD lists TiCDC's safepoint not above the "
                     "checkpoint; its sink leads into the secondary",
     .expect = "both ends call the changefeed made", .undo = "none needed: the changefeed is not touched"},
    {.id = 316, .concern = "gc", .name = "removal", .scope = DR_SCOPE_PRIMARY, .wanted = owes_after_removal,
     .done = DR_P_AGREED, .emit = emit_agreed, .risk = DR_RISK_SAFE, .discharges = true,
     .predicted_ms = 50,
     .what = "%s: agree on the revision that removed the document",
     .why = "a controller that still stands on the one before must not hold anew what is given back",
     .precondition = "the revision descends from the one agreed on",
     .expect = "the term row has the revision, and no meaning", .undo = "drover agree, with a revision that has the document"},
    {.id = 320, .concern = "gc", .name = "release-gc", .scope = DR_SCOPE_PRIMARY,
     .only = DR_BY_COPY | DR_BY_EXISTING,
     .done = DR_P_GC_RELEASED, .emit = emit_gc_release, .risk = DR_RISK_SAFE, .discharges = true, .gives_up = true,
     .predicted_ms = 500,
     .what = "%s: set GC back to what it was",
     .why = "held GC makes the cluster slower by the hour",
     .precondition = "nothing needs the hold; the value is still the one drover set",
     .expect = "each instance shows the setting before", .undo = "hold-gc: while a hold row stands, GC is held again"},
    {.id = 330, .concern = "gc", .name = "clear-hold", .scope = DR_SCOPE_PRIMARY,
     .only = DR_BY_COPY | DR_BY_EXISTING,
     .done = DR_P_HOLD_CLEARED, .emit = emit_hold_clear, .risk = DR_RISK_SAFE, .discharges = true, .gives_up = true,
     .predicted_ms = 50,
     .what = "%s: clear the hold",
     .why = "the obligation is discharged",
     .precondition = "GC is back, or somebody else's", .expect = "no hold row is left",
     .undo = "none needed"},
    {.id = 340, .concern = "seeding", .name = "clear-copy", .scope = DR_SCOPE_SECONDARY, .only = DR_BY_COPY,
     .done = DR_P_COPY_CLEARED, .emit = emit_copy_clear, .risk = DR_RISK_SAFE, .predicted_ms = 50,
     .what = "%s: clear the restoring row",
     .why = "it would allow a second restore",
     .precondition = "the feed is made", .expect = "no restoring row is left",
     .undo = "none needed"},
    {.id = 342, .concern = "edges", .name = "resume-owed", .scope = DR_SCOPE_PRIMARY,
     .done = DR_P_NOT_LEFT_PAUSED, .needs = {DR_P_HISTORY_KEPT, DR_P_SHUT}, .emit = dr_emit_feed_resume,
     .risk = DR_RISK_SAFE, .discharges = true, .owed = true, .predicted_ms = 3000,
     .what = "%s: resume the changefeed that drover paused",
     .why = "what it was paused for cannot go on now, and what is not carried is lost with the primary's region",
     .precondition = "a ledger says that drover paused it; the primary still keeps its history; the secondary is shut",
     .expect = "the changefeed runs", .undo = "pause the changefeed"},
    {.id = 344, .concern = "edges", .name = "unpause", .scope = DR_SCOPE_PRIMARY, .past = DR_P_NOT_MADE,
     .done = DR_P_UNPAUSED, .needs = {DR_P_HISTORY_KEPT}, .emit = dr_emit_feed_resume, .risk = DR_RISK_SAFE, .predicted_ms = 3000,
     .is_drift = true, .drift = DR_DRIFT_CHANGEFEED_PAUSED, .tell = dr_feed_tell_paused,
     .by_hand = "POST /api/v2/changefeeds/ID/resume to TiCDC, or cdc cli changefeed resume",
     .what = "%s: resume the changefeed that somebody paused",
     .why = "what is not carried is lost with the primary's region, and after gc-ttl the feed is dead",
     .precondition = "policy.drift.changefeedPaused says correct; the primary still keeps its history",
     .expect = "the changefeed runs", .undo = "pause the changefeed"},
    {.id = 346, .concern = "edges", .name = "unfail", .scope = DR_SCOPE_PRIMARY, .past = DR_P_NOT_MADE,
     .done = DR_P_UNFAILED, .needs = {DR_P_HISTORY_KEPT}, .emit = dr_emit_feed_resume, .risk = DR_RISK_SAFE, .predicted_ms = 3000,
     .is_drift = true, .drift = DR_DRIFT_CHANGEFEED_FAILED, .tell = dr_feed_tell_failed,
     .by_hand = "POST /api/v2/changefeeds/ID/resume to TiCDC, or cdc cli changefeed resume",
     .what = "%s: resume the changefeed that failed",
     .why = "TiCDC gives up after half an hour and does not try again by itself",
     .precondition = "policy.drift.changefeedFailed says correct; the primary still keeps its history",
     .expect = "the changefeed runs", .undo = "pause the changefeed"},
    {.id = 348, .concern = "gc", .name = "gc-on", .scope = DR_SCOPE_PRIMARY, .past = DR_P_NOT_MADE,
     .done = DR_P_GC_ON, .needs = {DR_P_FEED_HOLDS_GC}, .emit = emit_gc_on, .risk = DR_RISK_DISRUPTIVE, .predicted_ms = 500,
     .is_drift = true, .drift = DR_DRIFT_GC_SWITCH, .tell = dr_gc_tell,
     .by_hand = "SET GLOBAL tidb_gc_enable = ON",
     .what = "%s: switch GC on again",
     .why = "GC that is off makes the cluster slower by the hour",
     .precondition = "policy.drift.gcSwitch says correct; no hold of drover's stands; PD lists TiCDC's "
                     "safepoint not above the checkpoint",
     .expect = "each instance shows ON", .undo = "SET GLOBAL tidb_gc_enable = OFF"},
    {.id = 350, .concern = "edges", .name = "updating", .scope = DR_SCOPE_EACH,
     .done = DR_P_UPDATE_NOTED, .emit = dr_emit_update_noted, .risk = DR_RISK_DISRUPTIVE, .predicted_ms = 50,
     .what = "%s: note that drover changes settings of the changefeed",
     .why = "whoever finds it paused must know that it is to be resumed",
     .precondition = "the document was edited, or policy.drift.changefeedConfig says correct",
     .expect = "both ends say so, with the checkpoint", .undo = "none needed"},
    {.id = 352, .concern = "edges", .name = "pause-feed", .scope = DR_SCOPE_PRIMARY,
     .done = DR_P_UPDATE_RESTS, .needs = {DR_P_UPDATE_NOTED}, .emit = dr_emit_feed_pause, .risk = DR_RISK_DISRUPTIVE,
     .predicted_ms = 3000,
     .what = "%s: pause the changefeed",
     .why = "TiCDC changes the settings of a feed that is stopped only; the lag grows meanwhile",
     .precondition = "both ends say why", .expect = "the changefeed is stopped", .undo = "resume the changefeed"},
    {.id = 354, .concern = "edges", .name = "update-feed", .scope = DR_SCOPE_PRIMARY,
     .done = DR_P_UPDATE_SENT, .needs = {DR_P_UPDATE_NOTED, DR_P_UPDATE_RESTS}, .emit = dr_emit_feed_update,
     .risk = DR_RISK_SAFE, .predict = dr_feed_say_update,
     .what = "%s: give the changefeed the declared settings",
     .why = "the document is the word; all settings are sent, because TiCDC replaces and merges nothing",
     .precondition = "the changefeed is stopped", .expect = "TiCDC shows the declared settings",
     .undo = "the document as it was"},
    {.id = 356, .concern = "edges", .name = "resume-feed", .scope = DR_SCOPE_PRIMARY,
     .done = DR_P_UPDATE_RUNS, .needs = {DR_P_UPDATE_SENT, DR_P_HISTORY_KEPT}, .emit = dr_emit_feed_resume, .risk = DR_RISK_SAFE,
     .predicted_ms = 3000,
     .what = "%s: resume the changefeed",
     .why = "drover paused it", .precondition = "it has the declared settings, or TiCDC refused them; the primary still keeps its history",
     .expect = "the changefeed runs", .undo = "pause the changefeed"},
    {.id = 357, .concern = "edges", .name = "resumed", .scope = DR_SCOPE_EACH,
     .done = DR_P_UPDATE_RESUMED, .needs = {DR_P_UPDATE_SENT, DR_P_UPDATE_RUNS}, .emit = dr_emit_update_resumed,
     .risk = DR_RISK_SAFE, .predicted_ms = 50,
     .what = "%s: note that the changefeed runs again",
     .why = "whoever pauses it from now on is a human, but for a request of drover's that comes late",
     .precondition = "TiCDC shows the declared settings, and that it runs",
     .expect = "both ends say since when", .undo = "none needed"},
    {.id = 358, .concern = "edges", .name = "updated", .scope = DR_SCOPE_EACH,
     .done = DR_P_UPDATE_OVER, .needs = {DR_P_UPDATE_SENT, DR_P_FEED_RISING}, .emit = dr_emit_update_over,
     .risk = DR_RISK_SAFE, .predicted_ms = 50,
     .what = "%s: note the settings that the changefeed has",
     .why = "an edited document is told from a changed feed by what was agreed before",
     .precondition = "TiCDC shows the declared settings, or refused them; two rising checkpoints",
     .expect = "both ends name them, and that drover changes nothing now", .undo = "none needed"},
    {.id = 370, .concern = "seeding", .name = "sink-lock-row", .scope = DR_SCOPE_SECONDARY,
     .wanted = wants_give_up, .done = DR_P_SINK_NOTED_LOCKED, .emit = dr_emit_sink_lock_row,
     .risk = DR_RISK_SAFE, .gives_up = true, .predicted_ms = 50,
     .what = "%s: note that drover locks the sink account",
     .why = "a lock without a row would be a human's",
     .precondition = "bootstrap.giveUp names the generation; its feed is not made, or proven to be gone",
     .expect = "the sink row says locked", .undo = "none needed: the next generation opens it"},
    {.id = 372, .concern = "seeding", .name = "sink-lock", .scope = DR_SCOPE_SECONDARY,
     .wanted = wants_give_up, .done = DR_P_SINK_LOCKED, .needs = {DR_P_SINK_NOTED_LOCKED}, .emit = dr_emit_sink_lock,
     .risk = DR_RISK_SAFE, .gives_up = true, .predicted_ms = 200,
     .what = "%s: lock the sink account",
     .why = "a feed that comes late must not write into what is copied anew",
     .precondition = "the sink row says locked", .expect = "the account is not let in",
     .undo = "ACCOUNT UNLOCK: the next generation does so, with another password"},
    {.id = 374, .concern = "seeding", .name = "delete-feed", .scope = DR_SCOPE_PRIMARY,
     .wanted = wants_give_up, .done = DR_P_FEED_GONE, .emit = dr_emit_feed_delete,
     .risk = DR_RISK_DISRUPTIVE, .gives_up = true, .predicted_ms = 3000,
     .what = "%s: delete the changefeed that is given up",
     .why = "it would hold history, and write into what is copied anew",
     .precondition = "bootstrap.giveUp names its generation, and no end calls it made",
     .expect = "its absence is proven", .undo = "none: the next generation makes its own"},
    {.id = 376, .concern = "seeding", .name = "given-up", .scope = DR_SCOPE_EACH,
     .wanted = wants_give_up, .done = DR_P_GIVEN_UP, .wait = DR_P_COPY_RUNS,
     .needs = {DR_P_HOLD_CLEARED, DR_P_SINK_LOCKED, DR_P_FEED_GONE}, .emit = dr_emit_given_up,
     .risk = DR_RISK_SAFE, .gives_up = true, .predicted_ms = 50,
     .what = "%s: note that the generation is given up, and clear its copy's row",
     .why = "what was copied must not be taken for whole, nor be written again",
     .precondition = "bootstrap.giveUp names the generation; GC is given back; no copy of it runs; "
                     "its account is locked, its feed gone",
     .expect = "the edge is retired", .undo = "none: the next generation is a copy of its own"},
    {.id = 0},
};
// clang-format on
