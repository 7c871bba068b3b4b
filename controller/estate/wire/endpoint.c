/* Where an exchange goes, and with which login and key. */
#include "controller/estate/wire/script.h"

enum { REPLY_MAX = 16 << 20 };

size_t dr_script_endpoints(const struct dr_script *s)
{
    if (s->call->at.instance)
        return 1;
    switch (s->play->via) {
    case DR_VIA_SQL:
        return dr_script_cluster(s)->sql_count;
    case DR_VIA_PD:
        return dr_script_cluster(s)->pd_count;
    case DR_VIA_CDC:
        return dr_script_cluster(s)->cdc_count;
    case DR_VIA_STORE:
        return 1;
    case DR_VIA_NONE:
        break;
    }
    return 0;
}

/* The endpoint whose turn it is, or the one that the call names: of those declared, that
 * it is spoken to as the declaration says. */
static struct dr_endpoint pick_endpoint(const struct dr_script *s,
                                        const struct dr_endpoint *list, size_t count)
{
    for (size_t i = 0; s->call->at.instance && i < count; i++)
        if (dr_address_equal(&list[i].at, &s->pinned))
            return list[i];
    return s->call->at.instance ? (struct dr_endpoint){.at = s->pinned}
                                : list[s->endpoint_index];
}

static void choose_endpoint(struct dr_script *s)
{
    const struct dr_access_cluster *c = dr_script_cluster(s);
    switch (s->play->via) {
    case DR_VIA_SQL:
        s->endpoint.at = s->call->at.instance ? s->pinned : c->sql[s->endpoint_index].at;
        break;
    case DR_VIA_PD:
        s->endpoint = pick_endpoint(s, c->pd, c->pd_count);
        break;
    case DR_VIA_CDC:
        s->endpoint = pick_endpoint(s, c->cdc, c->cdc_count);
        break;
    case DR_VIA_STORE:
        s->endpoint = dr_script_store(s)->endpoint;
        break;
    case DR_VIA_NONE:
        break;
    }
}

void dr_script_fill(struct dr_script *s)
{
    choose_endpoint(s);
    s->ex.at = s->endpoint.at;
    if (s->play->via == DR_VIA_SQL) {
        s->ex.kind = DR_EXCHANGE_SQL;
        s->ex.sql.login = s->login;
        s->ex.sql.lane = s->lane;
        s->ex.sql.session = s->session;
        return;
    }
    s->ex.kind = DR_EXCHANGE_HTTP;
    s->ex.http.tls = s->endpoint.tls;
    s->ex.http.reply_max = REPLY_MAX;
    s->ex.http.login = NULL;
    s->ex.http.key = NULL;
    if (s->play->via == DR_VIA_STORE)
        s->ex.http.key = dr_script_store(s)->key;
    else if (s->play->via == DR_VIA_CDC && dr_script_cluster(s)->cdc_user.user)
        s->ex.http.login = &dr_script_cluster(s)->cdc_user;
}
