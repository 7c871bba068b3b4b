/* The snapshot's JSON: nothing lost, nothing invented, nothing accepted that is not
 * known. */
#include <criterion/criterion.h>
#include <inttypes.h>

#include "controller/base/buf.h"
#include "controller/base/json.h"
#include "controller/facts/codec.h"
#include "controller/facts/facts.h"

static struct dr_arena *arena;

static void setup(void)
{
    dr_json_init();
    arena = dr_arena_new(0);
}

static void teardown(void)
{
    dr_arena_free(arena);
}

/* One of everything, no member zero, empty or false: made from the codecs themselves. */
static json_t *specimen(const struct dr_codec *codec, bool known, unsigned *n)
{
    json_t *o = json_object();
    if (codec->group)
        json_object_set_new(o, known ? "ageMs" : "unknown",
                            known ? json_integer(++*n) : json_string("queue"));
    if (codec->group && !known)
        json_object_set_new(o, "code", json_string("timeout"));
    for (const struct dr_codec_field *f = codec->fields; f->kind != DR_CODEC_END; f++) {
        json_t *v = NULL;
        char word[32];
        snprintf(word, sizeof(word), "%s-%u", f->name, ++*n);
        if (codec->group && !known && !(f->flags & DR_CODEC_ALWAYS))
            continue;
        switch (f->kind) {
        case DR_CODEC_BOOL:
            v = json_true();
            break;
        case DR_CODEC_U32:
        case DR_CODEC_SIZE:
        case DR_CODEC_I64:
        case DR_CODEC_NUMBER:
        case DR_CODEC_AGE:
            v = json_integer(*n);
            break;
        case DR_CODEC_DIGITS:
            v = dr_json_u64_string(UINT64_MAX - *n);
            break;
        case DR_CODEC_TEXT:
            v = json_string(word);
            break;
        case DR_CODEC_JSON:
            v = json_pack("{s:i}", "a", *n);
            break;
        case DR_CODEC_WORD:
            v = json_string(f->words->words[f->words->count - 1]);
            break;
        case DR_CODEC_BITS:
            v = json_pack("[s,s]", f->words->words[0],
                          f->words->words[f->words->count - 1]);
            break;
        case DR_CODEC_VERSION:
            v = json_string("8.0.11-TiDB-v8.5.4");
            break;
        case DR_CODEC_OBJECT:
            v = specimen(f->codec, known, n);
            break;
        case DR_CODEC_LIST:
            v = json_array();
            json_array_append_new(v, specimen(f->codec, known, n));
            json_array_append_new(v, specimen(f->codec, known, n));
            break;
        case DR_CODEC_TEXTS:
            v = json_pack("[s,s]", word, "b");
            break;
        case DR_CODEC_BOOLS:
            v = json_pack("[b,b]", 1, 0);
            break;
        case DR_CODEC_IDS:
            v = json_pack("{s:s}", word, "18446744073709551615");
            break;
        case DR_CODEC_END:
        case DR_CODEC_KIND_COUNT:
            break;
        }
        json_object_set_new(o, f->name, v);
    }
    return o;
}

static json_t *whole_specimen(bool known)
{
    unsigned n = 0;
    json_t *v = specimen(dr_facts_codec(), known, &n);
    json_object_set_new(v, "format", json_integer(1));
    json_object_set_new(v, "wallMs", json_integer(1763720000123));
    return v;
}

Test(facts_json, everything_comes_back, .init = setup, .fini = teardown)
{
    for (int known = 0; known < 2; known++) {
        json_t *v = whole_specimen(known);
        struct dr_facts *f = NULL;
        struct dr_err err;
        cr_assert_eq(dr_facts_decode(&f, v, arena, &err), 0, "%s", err.text);
        json_t *back = dr_facts_encode(f);
        cr_assert_str_eq(dr_json_text(arena, back), dr_json_text(arena, v));
        f->now_ms += 5000; /* the observer's clock moves: the ages grow */
        json_t *later = dr_facts_encode(f);
        cr_assert_not(json_equal(later, back));
        json_decref(later);
        json_decref(back);
        json_decref(v);
    }
}

/* Bytes of a field's value. */
static size_t extent(const struct dr_codec_field *f)
{
    switch (f->kind) {
    case DR_CODEC_BOOL:
        return sizeof(bool);
    case DR_CODEC_U32:
    case DR_CODEC_WORD:
    case DR_CODEC_BITS:
        return sizeof(uint32_t);
    case DR_CODEC_VERSION:
        return sizeof(struct dr_version);
    case DR_CODEC_OBJECT:
        return f->codec->bytes;
    default:
        return 8;
    }
}

/* No member of a described struct is forgotten: what no field covers is padding, or one
 * of the few members that are worked out from others. */
static void check_cover(const struct dr_codec *codec, size_t derived, const char *name)
{
    unsigned char *seen = dr_alloc(arena, codec->bytes);
    size_t open = 0;
    if (codec->group)
        memset(seen, 1, sizeof(struct dr_seen));
    for (const struct dr_codec_field *f = codec->fields; f->kind != DR_CODEC_END; f++) {
        memset(seen + f->at, 1, extent(f));
        if (f->kind == DR_CODEC_LIST || f->kind == DR_CODEC_TEXTS ||
            f->kind == DR_CODEC_BOOLS || f->kind == DR_CODEC_IDS)
            memset(seen + f->count_at, 1, sizeof(size_t));
        if (f->kind == DR_CODEC_IDS)
            memset(seen + f->ids_at, 1, sizeof(uint64_t *));
        if (f->codec)
            check_cover(f->codec,
                        strcmp(f->name, "ledger") == 0
                            ? sizeof(struct dr_ledger) + 16 /* `decoded`, `tso_from_ms` */
                            : 0,
                        f->name);
    }
    /* a hole of less than eight bytes is what alignment leaves */
    for (size_t i = 0, run = 0; i <= codec->bytes; i++) {
        run = i < codec->bytes && !seen[i] ? run + 1 : 0;
        open += run == 8 ? 8 : run > 8;
    }
    cr_assert_eq(open, derived, "%s: %zu bytes that no field covers", name, open);
}

Test(facts_json, no_member_is_forgotten, .init = setup, .fini = teardown)
{
    check_cover(dr_facts_codec(), 4 + sizeof(int64_t), "snapshot"); /* now_ms */
}

Test(facts_json, a_fresh_snapshot_is_all_unknown, .init = setup, .fini = teardown)
{
    struct dr_facts *f = dr_facts_new(2, arena), *back = NULL;
    struct dr_err err;
    f->clusters[0].name = "east";
    f->clusters[1].name = "west";
    dr_facts_instances(&f->clusters[0], 2, arena);
    f->clusters[0].instances[1].address = "127.0.1.5:4000";
    json_t *v = dr_facts_encode(f);
    cr_assert_eq(dr_facts_decode(&back, v, arena, &err), 0, "%s", err.text);
    json_decref(v);
    cr_assert_eq(back->cluster_count, 2);
    cr_assert_eq(back->clusters[0].instance_count, 2);
    cr_assert_not(back->clusters[0].instances[1].seen.known);
    cr_assert_str_eq(back->clusters[0].instances[1].address, "127.0.1.5:4000");
    cr_assert_not(back->clusters[0].jobs[1].seen.known);
    cr_assert_not(back->clusters[1].ledger.seen.known);
    cr_assert_not(back->clusters[1].ledger.decoded);
    cr_assert_not(back->equality.seen.known);
}

/* Follows "a.b.0.c". */
static json_t *at_path(json_t *v, const char *path, const char **last)
{
    char *copy = dr_strdup(arena, path), *save = NULL;
    for (char *word = strtok_r(copy, ".", &save); word;) {
        char *next = strtok_r(NULL, ".", &save);
        *last = word;
        if (!next)
            return v;
        v = json_is_array(v) ? json_array_get(v, (size_t)(word[0] - '0'))
                             : json_object_get(v, word);
        word = next;
    }
    return NULL;
}

Test(facts_json, what_is_not_known_is_refused_with_its_path, .init = setup,
     .fini = teardown)
{
    static const struct {
        const char *path, *value; /* value NULL: the member is taken away */
        const char *want;
    } cases[] = {
        {"format", "2", "snapshot: want format 1"},
        {"format", NULL, "snapshot: want format 1"},
        {"wallMs", "\"x\"",
         "snapshot.wallMs: want milliseconds from 1970 to the year 9999"},
        {"wallMs", "-1", "snapshot.wallMs: want milliseconds from 1970 to the year 9999"},
        {"wallMs", "9223372036854775807",
         "snapshot.wallMs: want milliseconds from 1970 to the year 9999"},
        {"surprise", "1", "snapshot.surprise: unknown member"},
        {"clusters.1.instances.0.gcEnabled", "true",
         "snapshot.clusters[1].instances[0].gcEnabled: unknown member"},
        {"clusters.0.instances.1.gcEnable", NULL,
         "snapshot.clusters[0].instances[1].gcEnable: missing"},
        {"clusters.0.instances.1.gcEnable", "1",
         "snapshot.clusters[0].instances[1].gcEnable: want true or false"},
        {"clusters.0.ledger.tso", "470609638468354049",
         "snapshot.clusters[0].ledger.tso: want a string of digits"},
        {"clusters.0.ledger.tso", "\"47060963846835404x\"",
         "snapshot.clusters[0].ledger.tso: want a string of digits"},
        {"clusters.0.pd.clusterId", "\"18446744073709551616\"",
         "snapshot.clusters[0].pd.clusterId: want a string of digits"},
        {"clusters.0.pd.ageMs", "-1",
         "snapshot.clusters[0].pd.ageMs: want an age in milliseconds"},
        {"clusters.0.pd.ageMs", NULL,
         "snapshot.clusters[0].pd: want either 'ageMs' or 'unknown' (with a 'code')"},
        {"clusters.0.pd.unknown", "\"late\"",
         "snapshot.clusters[0].pd: want either 'ageMs' or 'unknown' (with a 'code')"},
        {"clusters.0.feeds.items.0.state", "\"exploded\"",
         "snapshot.clusters[0].feeds.items[0].state: want one of 'normal' 'warning' "
         "'stopped' 'failed' 'finished' 'removed' 'strange'"},
        {"clusters.0.accounts.items.0.locked", "[true]",
         "snapshot.clusters[0].accounts.items[0].locked: want as many items as its twin "
         "has"},
        {"clusters.0.accounts.items.0.privileges", "[\"SELECT\",\"FLY\"]", NULL},
        {"clusters.0.instances.0.autoIncrementOffset", "4294967296",
         "snapshot.clusters[0].instances[0].autoIncrementOffset: want an integer from 0 "
         "to 4294967295"},
        {"clusters.0.jobs", "[]",
         "snapshot.clusters[0].jobs: want as many items as its twin has"},
        {"clusters", "{}", "snapshot.clusters: want a list"},
        {"redo", "[]", "snapshot.redo: want an object"},
        {"redo", "{\"unknown\":\"x\",\"code\":\"weather\"}",
         "snapshot.redo: 'code' is none of drover's"},
        {"redo", "{\"unknown\":\"x\",\"found\":true}",
         "snapshot.redo.found: unknown member"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *v = whole_specimen(true), *value = NULL;
        const char *last = NULL;
        struct dr_facts *f = NULL;
        struct dr_err err = {0};
        json_t *holder = at_path(v, cases[i].path, &last);
        cr_assert(json_is_object(holder), "%s", cases[i].path);
        if (cases[i].value) {
            value = json_loads(cases[i].value, JSON_DECODE_ANY, NULL);
            cr_assert(value);
            json_object_set_new(holder, last, value);
        } else {
            cr_assert_eq(json_object_del(holder, last), 0, "%s", cases[i].path);
        }
        cr_assert_eq(dr_facts_decode(&f, v, arena, &err), -DR_E_INPUT, "%s",
                     cases[i].path);
        if (cases[i].want)
            cr_assert_str_eq(err.text, cases[i].want);
        json_decref(v);
    }
}

Test(facts_json, missing_groups_were_never_asked, .init = setup, .fini = teardown)
{
    json_t *v = whole_specimen(true);
    json_t *c = json_array_get(json_object_get(v, "clusters"), 0);
    struct dr_facts *f = NULL;
    struct dr_err err;
    json_object_del(c, "jobs");
    json_object_del(c, "pd");
    json_object_del(v, "equality");
    cr_assert_eq(dr_facts_decode(&f, v, arena, &err), 0, "%s", err.text);
    cr_assert_eq(f->clusters[0].instance_count, 2);
    cr_assert_not(f->clusters[0].jobs[1].seen.known);
    cr_assert_str_eq(f->clusters[0].jobs[1].seen.why, "not asked yet");
    cr_assert_not(f->clusters[0].pd.seen.known);
    cr_assert_not(f->clusters[0].ledger.decoded, "no PD id, no ledger");
    cr_assert_not(f->equality.seen.known);
    json_decref(v);
}

Test(facts_json, the_ledger_is_decoded_again, .init = setup, .fini = teardown)
{
    struct dr_facts *f = dr_facts_new(1, arena), *back = NULL;
    struct dr_cluster_facts *c = &f->clusters[0];
    struct dr_term_row term = {.n = 3, .cluster = "west", .operation = "op", .tso = 77};
    struct dr_ledger_row rows[] = {
        {7, "term", dr_term_value(&term, arena), 4, "h1"},
        {7, "epoch", "{ }", 4, "h1"}, /* not canonical: kept as text */
        {8, "birth", "not json", 4, "h2"},
    };
    struct dr_err err;
    c->name = "west";
    c->pd.seen = (struct dr_seen){.known = true};
    c->pd.cluster_id = 7;
    c->ledger.seen = (struct dr_seen){.known = true};
    c->ledger.instance = "127.0.1.4:4000";
    c->ledger.table_present = true;
    c->identity.seen = (struct dr_seen){.known = true};
    c->ledger.raw = rows;
    c->ledger.raw_count = 3;
    json_t *v = dr_facts_encode(f);
    const json_t *raw = json_object_get(
        json_object_get(json_array_get(json_object_get(v, "clusters"), 0), "ledger"),
        "rows");
    cr_assert(json_is_object(json_object_get(json_array_get(raw, 0), "value")));
    cr_assert(json_is_string(json_object_get(json_array_get(raw, 1), "value")));
    cr_assert_eq(dr_facts_decode(&back, v, arena, &err), 0, "%s", err.text);
    json_decref(v);
    const struct dr_ledger_group *g = &back->clusters[0].ledger;
    cr_assert(g->decoded);
    cr_assert_eq(g->rows.term.n, 3);
    cr_assert_eq(g->rows.epoch, 4);
    cr_assert_eq(g->rows.foreign_count, 1);
    for (size_t i = 0; i < 3; i++)
        cr_assert_str_eq(g->raw[i].value, rows[i].value);
    back->clusters[0].identity.cluster_id = 9; /* the cluster says another id than PD */
    dr_facts_decode_ledger(&back->clusters[0], arena);
    cr_assert_not(g->decoded);
    cr_assert_not(g->rows.term.present);
}
