/* Rows of the ledger as values, both ways. One row of the table below per key; the codec
 * of each value says what its JSON looks like. */
#include "controller/facts/ledger.h"

#include <string.h>

#include "controller/base/json.h"
#include "controller/base/tso.h"
#include "controller/facts/codec.h"

static const char *const edge_states[DR_EDGE_STATE_COUNT] = {
    [DR_EDGE_PLANNED] = "planned", [DR_EDGE_MAKING] = "making",   [DR_EDGE_MADE] = "made",
    [DR_EDGE_PROBE] = "probe",     [DR_EDGE_RETIRED] = "retired",
};
static const struct dr_codec_words edge_state_words = {DR_EDGE_STATE_COUNT, edge_states};

static const char *const fence_whys[] = {
    [DR_FENCED_SECONDARY] = "secondary",
    [DR_FENCED_OPERATION] = "operation",
};
static const struct dr_codec_words fence_why_words = {
    sizeof(fence_whys) / sizeof(fence_whys[0]), fence_whys};

#define DIGITS(T, name_, f)                                                              \
    {                                                                                    \
        .name = (name_), .kind = DR_CODEC_DIGITS, .at = DR_CODEC_AT(T, f, uint64_t)      \
    }
#define NUMBER(T, name_, f)                                                              \
    {                                                                                    \
        .name = (name_), .kind = DR_CODEC_NUMBER, .at = DR_CODEC_AT(T, f, uint64_t)      \
    }
#define BOOL(T, name_, f)                                                                \
    {                                                                                    \
        .name = (name_), .kind = DR_CODEC_BOOL, .at = DR_CODEC_AT(T, f, bool)            \
    }
#define I64(T, name_, f)                                                                 \
    {                                                                                    \
        .name = (name_), .kind = DR_CODEC_I64, .at = DR_CODEC_AT(T, f, int64_t)          \
    }
#define U32(T, name_, f)                                                                 \
    {                                                                                    \
        .name = (name_), .kind = DR_CODEC_U32, .at = DR_CODEC_AT(T, f, uint32_t)         \
    }
#define TEXT(T, name_, f, flags_)                                                        \
    {                                                                                    \
        .name = (name_), .kind = DR_CODEC_TEXT, .at = DR_CODEC_AT(T, f, const char *),   \
        .flags = (flags_)                                                                \
    }
#define WORD(T, name_, f, words_)                                                        \
    {                                                                                    \
        .name = (name_), .kind = DR_CODEC_WORD, .at = DR_CODEC_AT(T, f, unsigned),       \
        .words = (words_)                                                                \
    }
#define END                                                                              \
    {                                                                                    \
        .kind = DR_CODEC_END                                                             \
    }
#define CODEC(T, ...)                                                                    \
    {                                                                                    \
        .bytes = sizeof(T), .fields = (const struct dr_codec_field[])                    \
        {                                                                                \
            __VA_ARGS__, END                                                             \
        }                                                                                \
    }

// clang-format off
static const struct dr_codec birth_codec = CODEC(struct dr_birth_row,
    TEXT(struct dr_birth_row, "topology", topology, 0),
    U32(struct dr_birth_row, "version", version),
    {.name = "members", .kind = DR_CODEC_IDS,
     .at = DR_CODEC_AT(struct dr_birth_row, member_names, const char **),
     .ids_at = DR_CODEC_AT(struct dr_birth_row, member_ids, uint64_t *),
     .count_at = DR_CODEC_AT(struct dr_birth_row, member_count, size_t)});

static const struct dr_codec term_codec = CODEC(struct dr_term_row,
    NUMBER(struct dr_term_row, "n", n),
    TEXT(struct dr_term_row, "cluster", cluster, 0),
    TEXT(struct dr_term_row, "operation", operation, 0),
    DIGITS(struct dr_term_row, "tso", tso),
    TEXT(struct dr_term_row, "revision", revision, DR_CODEC_OPTIONAL),
    TEXT(struct dr_term_row, "agreed", agreed, DR_CODEC_OPTIONAL),
    TEXT(struct dr_term_row, "by", by, DR_CODEC_OPTIONAL),
    TEXT(struct dr_term_row, "meaning", meaning, DR_CODEC_OPTIONAL));

static const struct dr_codec edge_codec = CODEC(struct dr_edge_row,
    NUMBER(struct dr_edge_row, "generation", generation),
    TEXT(struct dr_edge_row, "id", id, 0),
    TEXT(struct dr_edge_row, "redo", redo, 0),
    TEXT(struct dr_edge_row, "account", account, 0),
    DIGITS(struct dr_edge_row, "startTs", start_ts),
    {.name = "again", .kind = DR_CODEC_NUMBER, .flags = DR_CODEC_OPTIONAL,
     .at = DR_CODEC_AT(struct dr_edge_row, again, uint64_t)},
    WORD(struct dr_edge_row, "state", state, &edge_state_words),
    DIGITS(struct dr_edge_row, "checkpoint", checkpoint),
    {.name = "adopted", .kind = DR_CODEC_BOOL, .flags = DR_CODEC_OPTIONAL,
     .at = DR_CODEC_AT(struct dr_edge_row, adopted, bool)},
    TEXT(struct dr_edge_row, "settings", settings, DR_CODEC_OPTIONAL),
    {.name = "updating", .kind = DR_CODEC_BOOL, .flags = DR_CODEC_OPTIONAL,
     .at = DR_CODEC_AT(struct dr_edge_row, updating, bool)},
    {.name = "resumed", .kind = DR_CODEC_DIGITS, .flags = DR_CODEC_OPTIONAL,
     .at = DR_CODEC_AT(struct dr_edge_row, resumed, uint64_t)},
    {.name = "settled", .kind = DR_CODEC_BOOL, .flags = DR_CODEC_OPTIONAL,
     .at = DR_CODEC_AT(struct dr_edge_row, settled, bool)},
    TEXT(struct dr_edge_row, "secret", secret, DR_CODEC_OPTIONAL),
    TEXT(struct dr_edge_row, "replaced", replaced, DR_CODEC_OPTIONAL));

static const struct dr_codec sink_codec = CODEC(struct dr_sink_row,
    TEXT(struct dr_sink_row, "account", account, 0),
    NUMBER(struct dr_sink_row, "generation", generation),
    BOOL(struct dr_sink_row, "locked", locked));

static const struct dr_codec hold_codec = CODEC(struct dr_hold_row,
    TEXT(struct dr_hold_row, "operation", operation, 0),
    DIGITS(struct dr_hold_row, "need", need),
    DIGITS(struct dr_hold_row, "deadline", deadline));

static const struct dr_codec gc_setting_codec = CODEC(struct dr_gc_setting,
    BOOL(struct dr_gc_setting, "enable", enable),
    I64(struct dr_gc_setting, "lifeTimeMs", life_time_ms));

static const struct dr_codec gc_codec = CODEC(struct dr_gc_row,
    {.name = "before", .kind = DR_CODEC_OBJECT, .codec = &gc_setting_codec,
     .at = DR_CODEC_AT(struct dr_gc_row, before, struct dr_gc_setting)},
    {.name = "set", .kind = DR_CODEC_OBJECT, .codec = &gc_setting_codec,
     .at = DR_CODEC_AT(struct dr_gc_row, set, struct dr_gc_setting)});

static const struct dr_codec copy_codec = CODEC(struct dr_copy_row,
    NUMBER(struct dr_copy_row, "generation", generation),
    TEXT(struct dr_copy_row, "prefix", prefix, 0),
    DIGITS(struct dr_copy_row, "tso", tso),
    TEXT(struct dr_copy_row, "instance", instance, 0),
    DIGITS(struct dr_copy_row, "connectionId", connection_id));

static const struct dr_codec compared_codec = CODEC(struct dr_compared_row,
    NUMBER(struct dr_compared_row, "generation", generation),
    DIGITS(struct dr_compared_row, "tso", tso),
    DIGITS(struct dr_compared_row, "at", at),
    DIGITS(struct dr_compared_row, "connectionId", connection_id),
    I64(struct dr_compared_row, "budgetMs", budget_ms),
    BOOL(struct dr_compared_row, "complete", complete),
    {.name = "differences", .kind = DR_CODEC_TEXTS,
     .at = DR_CODEC_AT(struct dr_compared_row, texts, const char **),
     .count_at = DR_CODEC_AT(struct dr_compared_row, text_count, size_t)});

static const struct dr_codec fenced_codec = CODEC(struct dr_fenced_row,
    WORD(struct dr_fenced_row, "why", why, &fence_why_words),
    NUMBER(struct dr_fenced_row, "term", term),
    TEXT(struct dr_fenced_row, "operation", operation, DR_CODEC_OPTIONAL),
    BOOL(struct dr_fenced_row, "releasing", releasing));

static const struct dr_codec approval_codec = CODEC(struct dr_approval_row,
    TEXT(struct dr_approval_row, "digest", digest, 0),
    TEXT(struct dr_approval_row, "by", by, 0),
    DIGITS(struct dr_approval_row, "until", until),
    TEXT(struct dr_approval_row, "declaration", declaration, 0),
    BOOL(struct dr_approval_row, "taken", taken),
    {.name = "steps", .kind = DR_CODEC_TEXTS,
     .at = DR_CODEC_AT(struct dr_approval_row, steps, const char **),
     .count_at = DR_CODEC_AT(struct dr_approval_row, step_count, size_t)});

static const struct dr_codec consumed_codec = CODEC(struct dr_consumed_row,
    TEXT(struct dr_consumed_row, "word", word, 0));

static const struct dr_codec fight_codec = CODEC(struct dr_fight_row,
    NUMBER(struct dr_fight_row, "rule", rule),
    TEXT(struct dr_fight_row, "cluster", cluster, 0),
    NUMBER(struct dr_fight_row, "count", count),
    DIGITS(struct dr_fight_row, "last", at[0]),
    DIGITS(struct dr_fight_row, "before", at[1]),
    DIGITS(struct dr_fight_row, "first", at[2]),
    DIGITS(struct dr_fight_row, "undone", undone),
    BOOL(struct dr_fight_row, "fought", fought));

struct lease_value {
    uint64_t until, checkpoint, generation, from, to;
    bool opened;
    const char *declaration;
    size_t fight_count;
    struct dr_fight_row *fights;
};
static const struct dr_codec lease_codec = CODEC(struct lease_value,
    DIGITS(struct lease_value, "until", until),
    {.name = "checkpoint", .kind = DR_CODEC_DIGITS, .flags = DR_CODEC_OPTIONAL,
     .at = DR_CODEC_AT(struct lease_value, checkpoint, uint64_t)},
    {.name = "generation", .kind = DR_CODEC_NUMBER, .flags = DR_CODEC_OPTIONAL,
     .at = DR_CODEC_AT(struct lease_value, generation, uint64_t)},
    {.name = "opened", .kind = DR_CODEC_BOOL, .flags = DR_CODEC_OPTIONAL,
     .at = DR_CODEC_AT(struct lease_value, opened, bool)},
    {.name = "openedFrom", .kind = DR_CODEC_DIGITS, .flags = DR_CODEC_OPTIONAL,
     .at = DR_CODEC_AT(struct lease_value, from, uint64_t)},
    {.name = "openedTo", .kind = DR_CODEC_DIGITS, .flags = DR_CODEC_OPTIONAL,
     .at = DR_CODEC_AT(struct lease_value, to, uint64_t)},
    TEXT(struct lease_value, "declaration", declaration, DR_CODEC_OPTIONAL),
    {.name = "fights", .kind = DR_CODEC_LIST, .codec = &fight_codec, .flags = DR_CODEC_OPTIONAL,
     .at = DR_CODEC_AT(struct lease_value, fights, struct dr_fight_row *),
     .count_at = DR_CODEC_AT(struct lease_value, fight_count, size_t)});

struct epoch_value { bool present; };
static const struct dr_codec epoch_codec = {
    .bytes = sizeof(struct epoch_value), .fields = (const struct dr_codec_field[]){END}};
// clang-format on

/* ---- values ---- */

static const char *render(const void *row, const struct dr_codec *codec,
                          struct dr_arena *a)
{
    json_t *v = dr_codec_encode(row, codec, 0);
    const char *text = dr_json_text(a, v);
    json_decref(v);
    return text;
}

const char *dr_birth_value(const struct dr_birth_row *r, struct dr_arena *a)
{
    return render(r, &birth_codec, a);
}

const char *dr_term_value(const struct dr_term_row *r, struct dr_arena *a)
{
    return render(r, &term_codec, a);
}

const char *dr_edge_value(const struct dr_edge_row *r, struct dr_arena *a)
{
    return render(r, &edge_codec, a);
}

const char *dr_sink_value(const struct dr_sink_row *r, struct dr_arena *a)
{
    return render(r, &sink_codec, a);
}

const char *dr_hold_value(const struct dr_hold_row *r, struct dr_arena *a)
{
    return render(r, &hold_codec, a);
}

const char *dr_gc_value(const struct dr_gc_row *r, struct dr_arena *a)
{
    return render(r, &gc_codec, a);
}

const char *dr_copy_value(const struct dr_copy_row *r, struct dr_arena *a)
{
    return render(r, &copy_codec, a);
}

const char *dr_compared_value(const struct dr_compared_row *r, struct dr_arena *a)
{
    return render(r, &compared_codec, a);
}

const char *dr_fenced_value(const struct dr_fenced_row *r, struct dr_arena *a)
{
    return render(r, &fenced_codec, a);
}

const char *dr_approval_value(const struct dr_approval_row *r, struct dr_arena *a)
{
    return render(r, &approval_codec, a);
}

const char *dr_term_standing(const struct dr_term_row *r, struct dr_arena *a)
{
    return !r->present ? NULL : r->spelled ? r->spelled : dr_term_value(r, a);
}

const char *dr_approval_standing(const struct dr_approval_row *r, struct dr_arena *a)
{
    return !r->present ? NULL : r->spelled ? r->spelled : dr_approval_value(r, a);
}

const char *dr_consumed_value(const struct dr_consumed_row *r, struct dr_arena *a)
{
    return render(r, &consumed_codec, a);
}

const char *dr_lease_value(uint64_t until, const struct dr_last_seen *seen,
                           struct dr_arena *a)
{
    bool any = seen->checkpoint || seen->opened;
    struct lease_value v = {.until = until,
                            .checkpoint = seen->checkpoint,
                            .generation = any ? seen->generation : 0,
                            .opened = seen->opened,
                            .from = seen->opened ? seen->opened_from : 0,
                            .to = seen->opened ? seen->opened_to : 0,
                            .declaration = seen->fight_count ? seen->declaration : NULL,
                            .fight_count = seen->fight_count,
                            .fights = seen->fights};
    return render(&v, &lease_codec, a);
}

static struct dr_last_seen last_seen_of(const struct lease_value *v)
{
    return (struct dr_last_seen){.checkpoint = v->checkpoint,
                                 .generation = v->generation,
                                 .opened = v->opened,
                                 .opened_from = v->from,
                                 .opened_to = v->to,
                                 .declaration = v->declaration,
                                 .fight_count = v->fight_count,
                                 .fights = v->fights};
}

struct dr_last_seen dr_last_seen_both(struct dr_last_seen x, struct dr_last_seen y)
{
    struct dr_last_seen both = x.generation >= y.generation ? x : y;
    const struct dr_last_seen *fought = x.fight_count ? &x : &y;
    if (x.generation == y.generation) {
        both.checkpoint = x.checkpoint > y.checkpoint ? x.checkpoint : y.checkpoint;
        if (y.opened && (!x.opened || !x.opened_from ||
                         (y.opened_from && y.opened_from < x.opened_from)))
            both.opened_from = y.opened_from;
        if (y.opened && (!x.opened || y.opened_to > x.opened_to))
            both.opened_to = y.opened_to;
        both.opened = x.opened || y.opened;
    }
    both.declaration = fought->declaration;
    both.fight_count = fought->fight_count;
    both.fights = fought->fights;
    return both;
}

struct dr_last_seen dr_lease_merge(const char *standing, struct dr_last_seen seen,
                                   struct dr_arena *a)
{
    struct lease_value now = {0};
    struct dr_err err;
    json_t *v;
    if (!standing || dr_json_parse_in(a, &v, standing, strlen(standing), &err) != 0 ||
        dr_codec_decode(&now, v, &lease_codec, DR_KEY_LEASE, 0, a, &err) != 0)
        return seen;
    return dr_last_seen_both(seen, last_seen_of(&now));
}

const char *dr_edge_key(const char *from, const char *to, struct dr_arena *a)
{
    return dr_sprintf(a, "edge/%s/%s", from, to);
}

const char *dr_hold_key(const char *purpose, struct dr_arena *a)
{
    return dr_sprintf(a, "hold/%s", purpose);
}

const char *dr_consumed_key(const char *id, struct dr_arena *a)
{
    return dr_sprintf(a, "consumed/%s", id);
}

/* ---- decoding ---- */

struct decoder {
    struct dr_ledger *out;
    struct dr_arena *arena;
    size_t edge_room, hold_room, consumed_room;
};

/* Puts a decoded value where it belongs; false: the key does not fit it. */
static bool take_epoch(struct decoder *d, const struct dr_ledger_row *row, void *value)
{
    (void)value;
    d->out->epoch = row->epoch;
    d->out->holder = dr_strdup(d->arena, row->holder);
    return row->epoch > 0 && row->holder && *row->holder;
}

static bool take_lease(struct decoder *d, const struct dr_ledger_row *row, void *value)
{
    const struct lease_value *lease = value;
    d->out->lease_until = lease->until;
    d->out->last_seen = last_seen_of(lease);
    d->out->lease_holder = dr_strdup(d->arena, row->holder);
    return row->holder && *row->holder;
}

static bool take_birth(struct decoder *d, const struct dr_ledger_row *row, void *value)
{
    (void)row;
    d->out->birth = *(struct dr_birth_row *)value;
    d->out->birth.present = true;
    return d->out->birth.version >= 1 && d->out->birth.version <= DR_LEDGER_VERSION;
}

static bool take_term(struct decoder *d, const struct dr_ledger_row *row, void *value)
{
    d->out->term = *(struct dr_term_row *)value;
    d->out->term.present = true;
    d->out->term.spelled = dr_strdup(d->arena, row->value);
    return d->out->term.n > 0;
}

static bool take_sink(struct decoder *d, const struct dr_ledger_row *row, void *value)
{
    (void)row;
    d->out->sink = *(struct dr_sink_row *)value;
    d->out->sink.present = true;
    return true;
}

static bool take_gc(struct decoder *d, const struct dr_ledger_row *row, void *value)
{
    (void)row;
    d->out->gc = *(struct dr_gc_row *)value;
    d->out->gc.present = true;
    return true;
}

static bool take_backup(struct decoder *d, const struct dr_ledger_row *row, void *value)
{
    (void)row;
    d->out->backup = *(struct dr_copy_row *)value;
    d->out->backup.present = true;
    return true;
}

static bool take_restoring(struct decoder *d, const struct dr_ledger_row *row,
                           void *value)
{
    (void)row;
    d->out->restoring = *(struct dr_copy_row *)value;
    d->out->restoring.present = true;
    return true;
}

static bool take_compared(struct decoder *d, const struct dr_ledger_row *row, void *value)
{
    (void)row;
    d->out->compared = *(struct dr_compared_row *)value;
    d->out->compared.present = true;
    return d->out->compared.text_count % 3 == 0;
}

static bool take_fenced(struct decoder *d, const struct dr_ledger_row *row, void *value)
{
    (void)row;
    d->out->fenced = *(struct dr_fenced_row *)value;
    return (d->out->fenced.why == DR_FENCED_OPERATION) ==
           (d->out->fenced.operation != NULL);
}

/* "edge/<from>/<to>": cluster names are DNS labels and hold no slash. */
static bool take_edge(struct decoder *d, const struct dr_ledger_row *row, void *value)
{
    const char *from = row->key + strlen("edge/"), *slash = strchr(from, '/');
    if (!slash || slash == from || !slash[1] || strchr(slash + 1, '/'))
        return false;
    struct dr_edge_row *e =
        DR_PUSH(d->arena, d->out->edges, d->out->edge_count, d->edge_room);
    *e = *(struct dr_edge_row *)value;
    e->from = dr_strndup(d->arena, from, (size_t)(slash - from));
    e->to = dr_strdup(d->arena, slash + 1);
    return true;
}

static bool take_hold(struct decoder *d, const struct dr_ledger_row *row, void *value)
{
    struct dr_hold_row *h =
        DR_PUSH(d->arena, d->out->holds, d->out->hold_count, d->hold_room);
    *h = *(struct dr_hold_row *)value;
    h->purpose = dr_strdup(d->arena, row->key + strlen("hold/"));
    return *h->purpose;
}

static bool take_approval(struct decoder *d, const struct dr_ledger_row *row, void *value)
{
    struct dr_approval_row *r = &d->out->approval;
    *r = *(struct dr_approval_row *)value;
    r->present = true;
    r->spelled = dr_strdup(d->arena, row->value);
    return d->out->approval.taken == (d->out->approval.step_count > 0);
}

static bool take_consumed(struct decoder *d, const struct dr_ledger_row *row, void *value)
{
    struct dr_consumed_row *r =
        DR_PUSH(d->arena, d->out->consumed, d->out->consumed_count, d->consumed_room);
    *r = *(struct dr_consumed_row *)value;
    r->id = dr_strdup(d->arena, row->key + strlen("consumed/"));
    return *r->id;
}

static const struct {
    const char *key; /* ending in '/': a prefix */
    const struct dr_codec *codec;
    bool (*take)(struct decoder *d, const struct dr_ledger_row *row, void *value);
} keys[] = {
    // clang-format off
    {DR_KEY_EPOCH,     &epoch_codec,  take_epoch},
    {DR_KEY_LEASE,     &lease_codec,  take_lease},
    {DR_KEY_BIRTH,     &birth_codec,  take_birth},
    {DR_KEY_TERM,      &term_codec,   take_term},
    {DR_KEY_SINK,      &sink_codec,   take_sink},
    {DR_KEY_GC,        &gc_codec,     take_gc},
    {DR_KEY_BACKUP,    &copy_codec,   take_backup},
    {DR_KEY_RESTORING, &copy_codec,   take_restoring},
    {DR_KEY_COMPARED,  &compared_codec, take_compared},
    {DR_KEY_FENCED,    &fenced_codec, take_fenced},
    {"edge/",          &edge_codec,   take_edge},
    {"hold/",          &hold_codec,   take_hold},
    {DR_KEY_APPROVAL,  &approval_codec, take_approval},
    {"consumed/",      &consumed_codec, take_consumed},
    // clang-format on
};
enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]) };

static size_t find_key(const char *key)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        size_t len = strlen(keys[i].key);
        bool prefix = keys[i].key[len - 1] == '/';
        if (prefix ? strncmp(key, keys[i].key, len) == 0 : strcmp(key, keys[i].key) == 0)
            return i;
    }
    return KEY_COUNT;
}

static bool decode_row(struct decoder *d, const struct dr_ledger_row *row)
{
    size_t k = find_key(row->key);
    json_t *v = NULL;
    bool ok = false;
    if (k == KEY_COUNT || !row->value ||
        dr_json_parse(&v, row->value, strlen(row->value), NULL) != 0)
        return false;
    void *value = dr_alloc(d->arena, keys[k].codec->bytes);
    if (dr_codec_decode(value, v, keys[k].codec, row->key, 0, d->arena, NULL) == 0)
        ok = keys[k].take(d, row, value);
    json_decref(v);
    return ok;
}

void dr_ledger_decode(struct dr_ledger *out, const struct dr_ledger_row *rows,
                      size_t count, uint64_t cluster_id, struct dr_arena *a)
{
    struct decoder d = {.out = out, .arena = a};
    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < count; i++) {
        if (rows[i].cluster_id != cluster_id) {
            out->foreign_count++;
            continue;
        }
        out->row_count++;
        if (!decode_row(&d, &rows[i]) && !out->unreadable)
            out->unreadable = dr_strdup(a, rows[i].key);
    }
}

const struct dr_edge_row *dr_ledger_edge(const struct dr_ledger *l, const char *from,
                                         const char *to)
{
    for (size_t i = 0; i < l->edge_count; i++)
        if (strcmp(l->edges[i].from, from) == 0 && strcmp(l->edges[i].to, to) == 0)
            return &l->edges[i];
    return NULL;
}

const struct dr_hold_row *dr_ledger_hold(const struct dr_ledger *l, const char *purpose)
{
    for (size_t i = 0; i < l->hold_count; i++)
        if (strcmp(l->holds[i].purpose, purpose) == 0)
            return &l->holds[i];
    return NULL;
}

bool dr_ledger_consumed(const struct dr_ledger *l, const char *id)
{
    for (size_t i = 0; i < l->consumed_count; i++)
        if (strcmp(l->consumed[i].id, id) == 0)
            return true;
    return false;
}

bool dr_edge_unsettled(const struct dr_edge_row *e, uint64_t now)
{
    bool late =
        e->resumed && !e->settled && dr_tso_age_ms(now, e->resumed) < DR_LATE_PAUSE_MS;
    return (e->updating && !e->resumed) || late;
}

const char *dr_edge_state_name(enum dr_edge_state s)
{
    return s < DR_EDGE_STATE_COUNT && edge_states[s] ? edge_states[s] : "none";
}
