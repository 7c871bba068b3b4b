/* Whatever PD, TiCDC or an object store answers, a read ends with a reply, and one that
 * is DR_DONE has its fact.
 *
 * First byte of an input: which read. Second: 'e' makes the answer a 400, 'x' a 500. The
 * rest: the body of every answer. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "controller/base/printable.h"
#include "controller/estate/wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static const struct dr_call reads[] = {
    {.kind = DR_CALL_PD_IDENTITY},
    {.kind = DR_CALL_PD_SAFEPOINTS},
    {.kind = DR_CALL_CDC_SERVER},
    {.kind = DR_CALL_CDC_FEEDS},
    {.kind = DR_CALL_CDC_FEED, .args.feed = {.id = "f-1", .redo = "g1"}},
    {.kind = DR_CALL_STORE_LIST, .args.store = {DR_STORE_BACKUP, "g1"}},
    {.kind = DR_CALL_STORE_REDO, .args.store = {DR_STORE_REDO, "g1"}},
    {.kind = DR_CALL_PD_STORES},
};
enum { READS = sizeof(reads) / sizeof(reads[0]) };

/* ---- a carrier that says the same to everybody ---- */

struct parrot {
    struct dr_carrier carrier;
    int64_t now;
    uint64_t ticket;
    bool open;
    int status;
    const char *body;
    size_t len;
};

static void parrot_submit(struct dr_carrier *c, const struct dr_exchange *x,
                          uint64_t *out)
{
    struct parrot *p = (struct parrot *)c;
    require(x->kind == DR_EXCHANGE_HTTP && x->http.target[0] == '/');
    p->open = true;
    *out = ++p->ticket;
}

static bool parrot_wait(struct dr_carrier *c, int64_t until, struct dr_answer *out)
{
    struct parrot *p = (struct parrot *)c;
    if (!p->open) {
        p->now = until > p->now ? until : p->now;
        return false;
    }
    p->open = false;
    p->now++;
    *out = (struct dr_answer){.ticket = p->ticket, .carried = DR_ANSWERED};
    out->arena = dr_arena_new(0);
    out->http.status = p->status;
    out->http.body = dr_strndup(out->arena, p->body, p->len);
    out->http.body_len = p->len;
    return true;
}

static int64_t parrot_now(struct dr_carrier *c)
{
    return ((struct parrot *)c)->now;
}

static const struct dr_url url = {"http://127.0.0.9:1", "127.0.0.9", 1, false};

static struct dr_cluster cluster = {.name = "a",
                                    .sql = {.user = "drover"},
                                    .pd = {.endpoints = &url, .endpoint_count = 1},
                                    .ticdc = {.endpoints = &url, .endpoint_count = 1},
                                    .sink_address = {"b:4000", "b", 4000}};

static struct dr_topology topology = {
    .doc.metadata.name = "t",
    .clusters = &cluster,
    .cluster_count = 1,
    .storage = {.backup = {.declared = true,
                           .uri = {.text = "s3://b/p",
                                   .bucket = "b",
                                   .prefix = "p",
                                   .endpoint = "http://127.0.0.9:1",
                                   .force_path_style = true}},
                .redo = {.declared = true,
                         .uri = {.text = "s3://b/p",
                                 .bucket = "b",
                                 .prefix = "p",
                                 .endpoint = "http://127.0.0.9:1",
                                 .force_path_style = true}}},
    .replication = {.sink = {.user = "cdc"},
                    .redo = {.declared = true, .level = DR_REDO_EVENTUAL}},
};

static void check(const struct dr_reply *r, enum dr_call_kind kind)
{
    if (r->outcome != DR_DONE) {
        require(r->err.code != 0 && dr_is_printable(r->err.text, strlen(r->err.text)));
        return;
    }
    if (kind == DR_CALL_CDC_FEED) {
        const struct dr_feed_detail *d = r->as.feed;
        require(d && d->seen.known && !d->absence_proven);
        require(d->present || (d->owner_id && d->absent_polls == 1));
        for (size_t i = 0; i < d->difference_count; i++)
            require(d->differences[i].field && d->differences[i].desired &&
                    d->differences[i].observed);
    } else if (kind == DR_CALL_CDC_FEEDS) {
        for (size_t i = 0; i < r->as.feeds->count; i++)
            require(r->as.feeds->items[i].id != NULL);
    } else if (kind == DR_CALL_PD_IDENTITY) {
        require(r->as.pd->cluster_id != 0);
    } else if (kind == DR_CALL_PD_STORES) {
        require(r->as.stores->count && r->as.stores->replicas);
    } else {
        require(r->as.pd != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct parrot p = {
        .carrier = {.submit = parrot_submit, .wait = parrot_wait, .now_ms = parrot_now},
        .status = data[1] == 'e'   ? 400
                  : data[1] == 'x' ? 500
                                   : 200,
        .body = (const char *)data + 2,
        .len = size - 2};
    const struct dr_call *call = &reads[data[0] % READS];
    struct dr_access *access;
    struct dr_err err;
    struct dr_reply r;
    require(dr_access_open(&access, &topology, NULL, &err) == 0);
    struct dr_estate *estate = dr_wire_new(&topology, access, &p.carrier);
    dr_estate_ask(estate, call, &r);
    check(&r, call->kind);
    dr_reply_release(&r);
    estate->free(estate);
    dr_access_free(access);
    return 0;
}
