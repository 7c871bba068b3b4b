/* TiCDC's way into the downstream: the sink URI as an address and an account, and a real
 * login there. Source: tiflow: pkg/sink/mysql/config.go, db_helper.go. */
#include <openssl/evp.h>
#include <string.h>

#include "controller/estate/model/cdc.h"
#include "controller/estate/model/network.h"
#include "controller/estate/model/sql_session.h"

enum { MYSQL_PORT = 4000, ACCESS_DENIED = 1045, NOBODY_THERE = 2003 };

bool cdc_sink_parse(struct dr_arena *a, const char *text, struct cdc_sink *out)
{
    *out = (struct cdc_sink){0};
    if (!dr_uri_parse(a, &out->uri, text) || !*out->uri.scheme)
        return false;
    out->user = out->uri.user && *out->uri.user ? out->uri.user : "root";
    out->password = out->uri.password ? out->uri.password : "";
    out->at.port = out->uri.port ? out->uri.port : MYSQL_PORT;
    return (size_t)snprintf(out->at.host, sizeof(out->at.host), "%s", out->uri.host) <
           sizeof(out->at.host);
}

/* The password base64-decoded, NULL when it is not base64. */
static const char *decoded(struct dr_arena *a, const char *s)
{
    size_t len = strlen(s);
    unsigned char *out = dr_alloc(a, len + 4);
    int n;

    if (!len || len % 4)
        return NULL;
    n = EVP_DecodeBlock(out, (const unsigned char *)s, (int)len);
    if (n < 0)
        return NULL;
    for (size_t i = len; i > 0 && s[i - 1] == '='; i--)
        n--;
    out[n] = '\0';
    return (const char *)out;
}

static int attempt(struct cdc *c, struct dr_arena *a, const struct cdc_sink *sink,
                   const char *password, struct dr_model_session **out,
                   struct dr_buf *why)
{
    const char *peer = c->captures[c->owner].process.at.host;
    struct dr_sql_answer ans = {0};
    char at[DR_HOST_MAX + 16];
    int rc = dr_model_sql_connect(c->model, &sink->at, peer, sink->user, password, NULL,
                                  out, &ans, a);

    if (!rc)
        (*out)->origin = "ticdc";
    dr_buf_clear(why);
    if (rc == NOBODY_THERE)
        dr_buf_addf(why, "dial tcp %s: connect: connection refused",
                    dr_address_text(&sink->at, at));
    else if (rc)
        dr_buf_addf(why, "Error %d (%s): %s", rc, ans.sqlstate,
                    ans.message ? ans.message : "");
    return rc;
}

int cdc_sink_connect(struct cdc *c, struct dr_arena *a, const struct cdc_sink *sink,
                     struct dr_model_session **out, struct dr_buf *why)
{
    const char *other;
    char at[DR_HOST_MAX + 16];
    int rc;

    *out = NULL;
    if (!dr_model_reach(c->model, cdc_at(c), &sink->at)) {
        dr_buf_clear(why);
        dr_buf_addf(why, "dial tcp %s: i/o timeout", dr_address_text(&sink->at, at));
        return NOBODY_THERE;
    }
    rc = attempt(c, a, sink, sink->password, out, why);
    other = rc == ACCESS_DENIED ? decoded(a, sink->password) : NULL;
    if (other)
        rc = attempt(c, a, sink, other, out, why);
    return rc;
}
