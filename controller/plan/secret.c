/* Another secret of the sink's passwords, for a changefeed that is made. TiCDC shows no
 * password, so the ledgers note what the secret is known again by. The account gets the
 * password that the new one gives, then the changefeed, while it rests: TiCDC tries a
 * sink that it is given. Source: tiflow: pkg/util/uri.go MaskSinkURI, cdc/api/v2.
 *
 * From the first of the two on there is no way back: the older secret is not declared any
 * more, and TiDB has one password for an account. So what TiCDC answers to the second is
 * no end of it; it has the settings that the changefeed ran with, and nothing new but a
 * password that drover was let in with. A secret that was replaced is not taken again: a
 * controller that still has it must not turn the pair back. */
#include <string.h>

#include "controller/plan/emit.h"
#include "controller/plan/feed.h"
#include "controller/plan/predicates.h"

static bool is_same(const char *x, const char *y)
{
    return x && y && strcmp(x, y) == 0;
}

bool dr_secret_is_replaced(const struct dr_view *v)
{
    const struct dr_edge_row *a = dr_view_edge(v, v->a), *b = dr_view_edge(v, v->b);
    return is_same(a ? a->replaced : NULL, v->f->sink_print) ||
           is_same(b ? b->replaced : NULL, v->f->sink_print);
}

bool dr_secret_is_another(const struct dr_view *v)
{
    const struct dr_edge_row *a = dr_view_edge(v, v->a), *b = dr_view_edge(v, v->b);
    const char *now = v->f->sink_print, *x = a ? a->secret : NULL,
               *y = b ? b->secret : NULL;
    return now && (x || y) && !is_same(x, now) && !is_same(y, now) &&
           dr_holds(v, DR_P_MADE, v->a) == DR_TRUE;
}

/* Settings that differ come first, or are let be: an update would change them, too. Once
 * drover gave the account the password the feed must have it, whatever else. */
bool dr_secret_turns(const struct dr_view *v)
{
    bool begun = v->gen.n && dr_feed_updating(v) && dr_secret_has_account(v);
    return dr_secret_is_another(v) && !dr_secret_is_replaced(v) &&
           (begun || dr_holds(v, DR_P_FEED_MATCHES, v->a) == DR_TRUE) &&
           !dr_feed_fixed(v);
}

bool dr_secret_sent(const struct dr_view *v)
{
    return is_same(dr_view_facts(v, v->a)->feed.sent_secret, v->f->sink_print);
}

bool dr_secret_has_account(const struct dr_view *v)
{
    const struct dr_sink_login *s = &v->f->sink_login;
    return s->seen.known && s->generation == v->gen.n && s->answer == DR_LOGIN_LET_IN;
}

/* Where nobody noted it (the row is an older drover's): the one that lets in. */
bool dr_secret_is_unnoted(const struct dr_view *v, const struct dr_edge_row *e)
{
    const struct dr_edge_row *other =
        e == dr_view_edge(v, v->a) ? dr_view_edge(v, v->b) : dr_view_edge(v, v->a);
    bool half = other && is_same(other->secret, v->f->sink_print) && e->secret &&
                !is_same(e->secret, other->secret);
    return v->f->sink_print && dr_secret_has_account(v) && (!e->secret || half);
}

void dr_secret_note(const struct dr_view *v, struct dr_edge_row *r)
{
    const char *now = v->f->sink_print;
    if (!now || is_same(r->secret, now))
        return;
    if (r->secret)
        r->replaced = r->secret;
    r->secret = now;
}

DR_PREDICATE(secret_turned)
{
    (void)c;
    if (!dr_secret_turns(v) || dr_secret_sent(v))
        return DR_TRUE;
    if (!v->f->sink_login.seen.known || v->f->sink_login.generation != v->gen.n)
        return DR_UNSURE;
    return dr_truth_of(dr_secret_has_account(v));
}

DR_EMIT(dr_emit_secret)
{
    dr_emit_sink_open(v, c, x);
    x->call.args.sink.keeps_lock = true;
}
