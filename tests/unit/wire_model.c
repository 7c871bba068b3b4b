/* Every call of the wire against the simulated servers, on the quickstart's estate: what
 * is rendered is understood there, what is answered is understood here. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "controller/estate/model/model.h"
#include "controller/estate/wire/wire.h"
#include "spec/load.h"

enum { WALL_MS = 1795236641 };

struct world {
    struct dr_arena *arena;
    struct dr_docs docs;
    const struct dr_topology *topology;
    struct dr_model *model;
    struct dr_access *access;
    struct dr_carrier *carrier;
    struct dr_estate *estate;
    struct dr_reply r; /* of the last call, until the next one */
};

static void open_world(struct world *w)
{
    struct dr_err err;
    *w = (struct world){.arena = dr_arena_new(0)};
    setenv("DROVER_EAST_PASSWORD", "east-drover", 1);
    setenv("DROVER_WEST_PASSWORD", "west-drover", 1);
    setenv("DROVER_SINK_SECRET", "any-long-random-text-will-do", 1);
    setenv("DROVER_STORAGE_ACCESS_KEY", "minio", 1);
    setenv("DROVER_STORAGE_SECRET_KEY", "miniostorage", 1);
    dr_docs_init(&w->docs, w->arena);
    dr_docs_add_path(&w->docs, "examples/quickstart/topology.yaml");
    dr_docs_add_path(&w->docs, "examples/quickstart/estate.yaml");
    dr_docs_finish(&w->docs);
    cr_assert_eq(w->docs.topology_count, 1);
    cr_assert_eq(w->docs.estate_count, 1);
    w->topology = w->docs.topologies[0];
    cr_assert_eq(dr_model_new(&w->model, w->docs.estates[0], 1, WALL_MS * 1000LL, &err),
                 0, "%s", err.text);
    cr_assert_eq(dr_access_open(&w->access, w->topology, NULL, &err), 0, "%s", err.text);
    w->carrier = dr_model_carrier(w->model, 1, "127.9.9.9");
    w->estate = dr_wire_new(w->topology, w->access, w->carrier);
}

static void close_world(struct world *w)
{
    dr_reply_release(&w->r);
    w->estate->free(w->estate);
    w->carrier->free(w->carrier);
    dr_access_free(w->access);
    dr_model_free(w->model);
    dr_arena_free(w->arena);
}

static enum dr_outcome ask(struct world *w, const struct dr_call *call)
{
    dr_reply_release(&w->r);
    dr_estate_ask(w->estate, call, &w->r);
    return w->r.outcome;
}

static void must(struct world *w, const struct dr_call *call)
{
    enum dr_outcome got = ask(w, call);
    cr_assert_eq(got, DR_DONE, "%s: %s", dr_call_rows[call->kind].name, w->r.err.text);
}

static void pass(struct world *w, int64_t ms)
{
    struct dr_reply none;
    cr_assert_not(w->estate->wait(w->estate, w->estate->now_ms(w->estate) + ms, &none));
}

static const struct dr_authority no_one = {.cluster_id = 1};
enum { EAST, WEST };

static struct dr_authority us(struct world *w, size_t cluster)
{
    must(w, &(struct dr_call){.kind = DR_CALL_PD_IDENTITY,
                              .at = {.cluster = (uint16_t)cluster}});
    return (struct dr_authority){.cluster_id = w->r.as.pd->cluster_id,
                                 .epoch = 1,
                                 .holder = "test",
                                 .until_ms = INT64_MAX};
}

static struct dr_authority take_ledger(struct world *w, size_t cluster)
{
    struct dr_call call = {.kind = DR_CALL_LEDGER_CREATE,
                           .at = {.cluster = (uint16_t)cluster}};
    must(w, &call);
    call.kind = DR_CALL_LEDGER_EPOCH;
    call.as = us(w, cluster);
    call.args.epoch.epoch = 1;
    call.args.epoch.holder = "test";
    must(w, &call);
    must(w, &call); /* the same takeover again changes nothing */
    return us(w, cluster);
}

static const struct dr_ledger_group *ledger(struct world *w, size_t cluster)
{
    must(w, &(struct dr_call){.kind = DR_CALL_SQL_LEDGER,
                              .at = {.cluster = (uint16_t)cluster}});
    return w->r.ledger;
}

static uint64_t tso(struct world *w, size_t cluster)
{
    must(w, &(struct dr_call){.kind = DR_CALL_SQL_TSO,
                              .at = {.cluster = (uint16_t)cluster}});
    return w->r.tso;
}

Test(wire_model, reads)
{
    struct world w;
    const char *const names[] = {"cdc", "app"};
    open_world(&w);
    for (uint16_t c = EAST; c <= WEST; c++) {
        must(&w, &(struct dr_call){.kind = DR_CALL_SQL_HOT,
                                   .at = {c, w.access->clusters[c].sql[1].text}});
        cr_expect_not(w.r.as.instance->super_read_only);
        cr_expect(w.r.as.instance->gc_enable);
        cr_expect_eq(w.r.as.instance->gc_life_time_ms, 600000);
        cr_expect_not(ledger(&w, c)->table_present);
        cr_expect_gt(tso(&w, c), 0);
        must(&w, &(struct dr_call){.kind = DR_CALL_SQL_IDENTITY, .at = {.cluster = c}});
        cr_expect_eq(dr_version_rank(&w.r.as.identity->version), 8005003);
        cr_expect_geq(w.r.as.identity->member_count, 2);
        must(&w, &(struct dr_call){.kind = DR_CALL_SQL_ACCOUNTS,
                                   .at = {.cluster = c},
                                   .args.accounts = {2, names}});
        cr_assert_eq(w.r.as.accounts->count, 3);
        cr_expect(w.r.as.accounts->items[0].privileges & 1u << DR_PRIV_BACKUP_ADMIN);
        cr_assert_eq(w.r.as.accounts->items[1].host_count, c == WEST, "the sink");
        cr_expect(c == EAST || w.r.as.accounts->items[1].locked[0]);
        cr_expect_eq(w.r.as.accounts->bypass_count, c == EAST ? 1u : 3u,
                     "drover, cdc, redo");
        must(&w, &(struct dr_call){.kind = DR_CALL_SQL_TABLES, .at = {.cluster = c}});
        must(&w, &(struct dr_call){.kind = DR_CALL_SQL_JOBS,
                                   .at = {c, w.access->clusters[c].sql[0].text}});
        cr_expect_eq(w.r.as.jobs->backup_count, 0);
        cr_expect_eq(w.r.as.jobs->session_count, 0, "our own sessions are not others");
        must(&w, &(struct dr_call){.kind = DR_CALL_SQL_DDL, .at = {.cluster = c}});
        cr_expect_eq(w.r.as.ddl->count, 0);
        must(&w, &(struct dr_call){.kind = DR_CALL_SQL_LOGIN,
                                   .at = {.cluster = c},
                                   .args.login = {.generation = 1, .from = "east"}});
        cr_expect_neq(w.r.login, DR_LOGIN_LET_IN);
        must(&w, &(struct dr_call){.kind = DR_CALL_PD_IDENTITY, .at = {.cluster = c}});
        cr_expect_eq(w.r.as.pd->address_count, 3);
        must(&w, &(struct dr_call){.kind = DR_CALL_PD_SAFEPOINTS, .at = {.cluster = c}});
        must(&w, &(struct dr_call){.kind = DR_CALL_PD_STORES, .at = {.cluster = c}});
        cr_expect_eq(w.r.as.stores->count, 3);
        cr_expect_eq(w.r.as.stores->data_bytes, 3 << 20);
        must(&w, &(struct dr_call){.kind = DR_CALL_CDC_SERVER, .at = {.cluster = c}});
        cr_expect(w.r.as.cdc->healthy && w.r.as.cdc->owner_id);
        cr_expect_eq(w.r.as.cdc->gc_ttl_s, 86400);
        must(&w, &(struct dr_call){.kind = DR_CALL_CDC_FEEDS, .at = {.cluster = c}});
        cr_expect_eq(w.r.as.feeds->count, 0);
        must(&w, &(struct dr_call){.kind = DR_CALL_CDC_FEED,
                                   .at = {.cluster = c},
                                   .args.feed = {.id = "f", .to = (uint16_t)!c}});
        cr_expect_not(w.r.as.feed->present);
        cr_expect_eq(w.r.as.feed->absent_polls, 1);
    }
    must(&w, &(struct dr_call){.kind = DR_CALL_STORE_LIST, .args.store = {0, "g1"}});
    cr_expect_eq(w.r.as.listing->count, 0);
    must(&w, &(struct dr_call){.kind = DR_CALL_STORE_REDO, .args.store = {1, "g1"}});
    cr_expect_not(w.r.as.redo->found);
    close_world(&w);
}

Test(wire_model, ledger)
{
    struct world w;
    open_world(&w);
    struct dr_authority as = take_ledger(&w, EAST);
    struct dr_row_write row = {"term", "{\"n\":1,\"q\":\"a'b\\\\\"}", DR_ROW_ABSENT,
                               NULL};
    struct dr_call write = {
        .kind = DR_CALL_LEDGER_WRITE, .as = as, .args.write = {1, &row}};
    must(&w, &write);
    cr_expect_eq(ask(&w, &write), DR_REFUSED, "it is there now");
    cr_expect_eq(w.r.err.code, DR_E_CONFLICT);
    const struct dr_ledger_group *g = ledger(&w, EAST);
    cr_assert_eq(g->raw_count, 2);
    cr_expect_str_eq(g->raw[1].value, row.value, "bytes as they were written");
    row = (struct dr_row_write){"term", NULL, DR_ROW_EQUALS, row.value};
    must(&w, &write);
    cr_expect_eq(ledger(&w, EAST)->raw_count, 1);

    must(&w, &(struct dr_call){.kind = DR_CALL_BEAT_TABLE, .as = as});
    for (int i = 0; i < 2; i++)
        must(&w, &(struct dr_call){.kind = DR_CALL_BEAT,
                                   .as = as,
                                   .args.beat = {.tso = tso(&w, EAST) + (1 << 20),
                                                 .lease_ms = 5000,
                                                 .origin = "east"}});
    g = ledger(&w, EAST);
    cr_expect_eq(g->raw_count, 2, "epoch and lease");
    cr_expect_eq(g->beat_count, 1);
    struct dr_authority late = as;
    late.holder = "late";
    write.as = late;
    row = (struct dr_row_write){"sink", "{}", DR_ROW_ANY, NULL};
    cr_expect_eq(ask(&w, &write), DR_REFUSED);
    cr_expect_eq(
        ask(&w, &(struct dr_call){.kind = DR_CALL_BEAT,
                                  .as = late,
                                  .args.beat = {.tso = tso(&w, EAST), .lease_ms = 1}}),
        DR_REFUSED);
    cr_expect_eq(w.r.err.code, DR_E_CONFLICT);
    cr_expect_eq(ask(&w, &(struct dr_call){.kind = DR_CALL_LEDGER_WRITE,
                                           .as = no_one,
                                           .args.write = {1, &row}}),
                 DR_REFUSED);
    close_world(&w);
}

static void set(struct world *w, size_t cluster, struct dr_authority as, const char *name,
                const char *value)
{
    for (size_t i = 0; i < w->access->clusters[cluster].sql_count; i++)
        must(w, &(struct dr_call){
                    .kind = DR_CALL_SET_GLOBAL,
                    .at = {(uint16_t)cluster, w->access->clusters[cluster].sql[i].text},
                    .as = as,
                    .args.set = {name, value}});
}

static const struct dr_table shop[] = {{"shop", "customers", DR_TABLE_BASE, true},
                                       {"shop", "orders", DR_TABLE_BASE, true}};

/* Definition and rows of shop.orders; the definition is copied into the world's arena. */
static uint64_t count_orders(struct world *w, size_t cluster, uint64_t tso,
                             const char **definition)
{
    must(w, &(struct dr_call){.kind = DR_CALL_SQL_COUNTS,
                              .at = {.cluster = (uint16_t)cluster},
                              .args.counts = {tso, 2, shop, 60000}});
    cr_assert(w->r.as.counts->items[1].counted);
    *definition = dr_strdup(w->arena, w->r.as.counts->items[1].definition);
    return w->r.as.counts->items[1].rows;
}

static uint64_t copy(struct world *w, struct dr_authority east, struct dr_authority west)
{
    struct dr_call call = {.kind = DR_CALL_BACKUP,
                           .at = {EAST, w->access->clusters[EAST].sql[0].text},
                           .as = east,
                           .args.copy = {.prefix = "g1", .generation = 1}};
    must(w, &call);
    uint64_t tso = w->r.as.copy->tso;
    cr_expect_gt(tso, 0);
    cr_expect_eq(ask(w, &call), DR_REFUSED, "its T would be forgotten");
    call.args.copy.tso = tso;
    must(w, &call); /* the meta is there, and the ledger knows its T */
    must(w, &(struct dr_call){.kind = DR_CALL_STORE_LIST,
                              .args.store = {DR_STORE_BACKUP, "g1"}});
    cr_expect(w->r.as.listing->has_meta);
    call.kind = DR_CALL_RESTORE;
    call.as = west;
    call.at = (struct dr_target){WEST, w->access->clusters[WEST].sql[0].text};
    must(w, &call);
    cr_expect_eq(ask(w, &call), DR_REFUSED, "the tables are there");
    cr_expect_eq(w->r.err.code, DR_E_CONFLICT, "%s", w->r.err.text);
    return tso;
}

static void make_feed(struct world *w, struct dr_authority east, struct dr_authority west,
                      const struct dr_feed_args *feed)
{
    must(w, &(struct dr_call){.kind = DR_CALL_SINK_ACCOUNT,
                              .at = {.cluster = WEST},
                              .as = west,
                              .args.sink = {.generation = 1, .from = "east"}});
    pass(w, 60000);
    must(w, &(struct dr_call){.kind = DR_CALL_SQL_LOGIN,
                              .at = {.cluster = WEST},
                              .args.login = {.generation = 1, .from = "east"}});
    cr_expect_eq(w->r.login, DR_LOGIN_LET_IN);
    struct dr_call call = {.kind = DR_CALL_FEED_CREATE, .as = east, .args.feed = *feed};
    must(w, &call);
    pass(w, 5000);
    must(w, &call); /* somebody was there first, and it was we */
    call.kind = DR_CALL_CDC_FEED;
    must(w, &call);
    cr_assert(w->r.as.feed->present);
    for (size_t i = 0; i < w->r.as.feed->difference_count; i++)
        cr_expect_fail("%s: %s, not %s", w->r.as.feed->differences[i].field,
                       w->r.as.feed->differences[i].observed,
                       w->r.as.feed->differences[i].desired);
    cr_expect_str_eq(w->r.as.feed->sink_address, "127.1.1.4:4000");
}

/* From two open clusters to a feed that moves, and back to none. */
Test(wire_model, bootstrap)
{
    struct world w;
    const char *here, *there;
    open_world(&w);
    struct dr_authority east = take_ledger(&w, EAST), west = take_ledger(&w, WEST);
    set(&w, EAST, east, "tidb_gc_enable", "OFF");
    uint64_t tso = copy(&w, east, west);
    set(&w, WEST, west, "tidb_ttl_job_enable", "OFF");
    set(&w, WEST, west, "tidb_super_read_only", "ON");
    must(&w, &(struct dr_call){.kind = DR_CALL_SQL_HOT,
                               .at = {WEST, w.access->clusters[WEST].sql[1].text}});
    cr_expect(w.r.as.instance->super_read_only);
    cr_expect_eq(count_orders(&w, EAST, tso, &here), count_orders(&w, WEST, 0, &there));
    cr_expect_str_eq(here, there);
    must(&w, &(struct dr_call){.kind = DR_CALL_SQL_TABLES,
                               .at = {.cluster = EAST},
                               .args.tables = {tso}});
    cr_expect_eq(w.r.as.tables->count, 2);

    struct dr_feed_args feed = {.id = "shop-east-to-west-g1",
                                .to = WEST,
                                .generation = 1,
                                .start_ts = tso,
                                .redo = "g1"};
    make_feed(&w, east, west, &feed);
    pass(&w, 120000);
    must(&w, &(struct dr_call){.kind = DR_CALL_CDC_FEEDS, .at = {.cluster = EAST}});
    cr_assert_eq(w.r.as.feeds->count, 1);
    cr_expect_eq(w.r.as.feeds->items[0].state, DR_FEED_NORMAL);
    cr_expect_gt(w.r.as.feeds->items[0].checkpoint, tso);
    must(&w, &(struct dr_call){.kind = DR_CALL_STORE_REDO,
                               .args.store = {DR_STORE_REDO, "g1"}});
    cr_expect(w.r.as.redo->found && w.r.as.redo->resolved >= w.r.as.redo->checkpoint);
    set(&w, EAST, east, "tidb_gc_enable", "ON");

    struct dr_call call = {.kind = DR_CALL_FEED_PAUSE, .as = east, .args.feed = feed};
    must(&w, &call);
    pass(&w, 5000);
    must(&w, &(struct dr_call){.kind = DR_CALL_CDC_FEEDS, .at = {.cluster = EAST}});
    cr_expect_eq(w.r.as.feeds->items[0].state, DR_FEED_STOPPED);
    call.kind = DR_CALL_FEED_RESUME;
    must(&w, &call);
    call.kind = DR_CALL_FEED_DELETE;
    must(&w, &call);
    pass(&w, 15000);
    call.kind = DR_CALL_CDC_FEED;
    must(&w, &call);
    cr_expect_not(w.r.as.feed->present);
    must(&w,
         &(struct dr_call){.kind = DR_CALL_SINK_ACCOUNT,
                           .at = {.cluster = WEST},
                           .as = west,
                           .args.sink = {.generation = 1, .from = "east", .lock = true}});
    must(&w, &(struct dr_call){.kind = DR_CALL_DROP_TABLE,
                               .at = {.cluster = WEST},
                               .as = west,
                               .args.drop = {"shop", "orders"}});
    must(&w, &(struct dr_call){.kind = DR_CALL_DROP_SCHEMA,
                               .at = {.cluster = WEST},
                               .as = west,
                               .args.drop = {"shop", NULL}});
    must(&w, &(struct dr_call){.kind = DR_CALL_SQL_TABLES, .at = {.cluster = WEST}});
    for (size_t i = 0; i < w.r.as.tables->schema_count; i++)
        cr_expect_str_neq(w.r.as.tables->schemas[i], "shop");
    close_world(&w);
}
