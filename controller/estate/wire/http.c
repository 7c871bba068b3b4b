/* What HTTP answers other than 2xx mean. TiCDC's codes decide, not its status: some 400
 * are worth another try, some 500 never are. */
#include <string.h>

#include "controller/base/json.h"
#include "controller/estate/wire/cdc.h"
#include "controller/estate/wire/xml.h"

/* Searched in this order, first in error_code, then in the text. Source: tiflow:
 * pkg/errors/cdc_errors.go, cdc/api/util.go, cdc/api/v2; ticdc: pkg/errors/error.go. */
// clang-format off
static const struct dr_cdc_class classes[] = {
    {"ErrChangeFeedNotExists",       DR_CDC_NOT_EXIST,   DR_E_ABSENT,      false},
    {"ErrChangeFeedAlreadyExists",   DR_CDC_EXISTS,      DR_E_CONFLICT,    false},
    {"changefeed already exists",    DR_CDC_EXISTS,      DR_E_CONFLICT,    false},
    {"ErrMetaOpFailed",              DR_CDC_EXISTS,      DR_E_CONFLICT,    false},
    {"do nothing",                   DR_CDC_SAME,        DR_E_CONFLICT,    false},
    {"ErrChangeFeedDeletionUnfinished", DR_CDC_UNFINISHED, DR_E_TIMEOUT,   false},
    {"ErrStartTsBeforeGC",           DR_CDC_GC_LOST,     DR_E_PEER,        false},
    {"ErrSnapshotLostByGC",          DR_CDC_GC_LOST,     DR_E_PEER,        false},
    {"ErrGCTTLExceeded",             DR_CDC_GC_LOST,     DR_E_PEER,        false},
    {"ErrMySQLConnectionError",      DR_CDC_DOWNSTREAM,  DR_E_UNREACHABLE, false},
    {"ErrCredentialNotFound",        DR_CDC_AUTH,        DR_E_AUTH,        false},
    {"ErrUnauthorized",              DR_CDC_AUTH,        DR_E_AUTH,        false},
    {"ErrChangefeedUpdateRefused",   DR_CDC_STATE,       DR_E_CONFLICT,    false},
    {"ErrSameUpstreamDownstream",    DR_CDC_SPEC,        DR_E_INPUT,       false},
    {"ErrUpstreamHasRunningImport",  DR_CDC_STATE,       DR_E_CONFLICT,    false},
    {"ErrUpstreamMissMatch",         DR_CDC_SPEC,        DR_E_INPUT,       false},
    {"ErrInvalidReplicaConfig",      DR_CDC_SPEC,        DR_E_INPUT,       false},
    {"ErrInvalidIgnoreEventType",    DR_CDC_SPEC,        DR_E_INPUT,       false},
    {"ErrConsistentStorage",         DR_CDC_SPEC,        DR_E_INPUT,       false},
    {"ErrStorageInitialize",         DR_CDC_DOWNSTREAM,  DR_E_UNREACHABLE, false},
    {"ErrSinkURIInvalid",            DR_CDC_SPEC,        DR_E_INPUT,       false},
    {"ErrTargetTsBeforeStartTs",     DR_CDC_SPEC,        DR_E_INPUT,       false},
    {"ErrTableIneligible",           DR_CDC_SPEC,        DR_E_INPUT,       false},
    {"ErrFilterRuleInvalid",         DR_CDC_SPEC,        DR_E_INPUT,       false},
    {"ErrMySQLInvalidConfig",        DR_CDC_SPEC,        DR_E_INPUT,       false},
    {"ErrAPIInvalidParam",           DR_CDC_SPEC,        DR_E_INPUT,       false},
    {"ErrClusterIsUnhealthy",        DR_CDC_RETRY,       DR_E_PEER,        true},
    {"ErrOwnerNotFound",             DR_CDC_RETRY,       DR_E_PEER,        true},
    {"ErrNotOwner",                  DR_CDC_RETRY,       DR_E_PEER,        true},
    {"ErrServerIsNotReady",          DR_CDC_RETRY,       DR_E_PEER,        true},
    {"election: no leader",          DR_CDC_RETRY,       DR_E_PEER,        true},
    {"connection refused",           DR_CDC_RETRY,       DR_E_PEER,        true},
    {"not initialized, wait a moment", DR_CDC_RETRY,     DR_E_PEER,        true},
    {"not fully initialized",        DR_CDC_RETRY,       DR_E_PEER,        true},
    {"ErrPDEtcdAPIError",            DR_CDC_RETRY,       DR_E_PEER,        false},
    {"was just removed, please wait", DR_CDC_RETRY,      DR_E_PEER,        true},
};
// clang-format on
enum { CLASS_COUNT = sizeof(classes) / sizeof(classes[0]) };

static const struct dr_cdc_class *find_class(const char *code, const char *message)
{
    const char *texts[] = {code, message};
    for (size_t t = 0; t < 2; t++)
        for (size_t i = 0; texts[t] && i < CLASS_COUNT; i++)
            if (strstr(texts[t], classes[i].word))
                return &classes[i];
    return NULL;
}

struct dr_cdc_verdict dr_cdc_classify(struct dr_script *s, const struct dr_http_answer *h)
{
    static const struct dr_cdc_class retry = {"", DR_CDC_RETRY, DR_E_PEER, false},
                                     auth = {"", DR_CDC_AUTH, DR_E_AUTH, false},
                                     other = {"", DR_CDC_OTHER, DR_E_PEER, false};
    struct dr_cdc_verdict v = {.class = &other, .code = "", .message = ""};
    json_t *body = NULL;
    if (h->body_len &&
        dr_json_parse_in(s->arena, &body, h->body, h->body_len, NULL) == 0) {
        v.code = dr_json_str(body, "error_code");
        v.message = dr_json_str(body, "error_msg");
        v.code = v.code ? v.code : "";
    }
    if (!v.message || !*v.message)
        v.message = h->body_len ? h->body : "an empty answer";
    v.message = dr_script_redact(s, v.message, strlen(v.message));
    const struct dr_cdc_class *found = find_class(v.code, v.message);
    if (found)
        v.class = found;
    else if (h->status == 401 || h->status == 403)
        v.class = &auth;
    else if (h->status >= 500)
        v.class = &retry;
    return v;
}

/* 4xx of TiCDC are refusals before any effect; of the 5xx only those whose words say so.
 */
static enum dr_flow cdc_error(struct dr_script *s, const struct dr_http_answer *h)
{
    struct dr_cdc_verdict v = dr_cdc_classify(s, h);
    bool refused = h->status < 500 || v.class->no_effect ||
                   (v.class->kind != DR_CDC_RETRY && v.class->kind != DR_CDC_UNFINISHED &&
                    v.class->kind != DR_CDC_OTHER);
    (void)dr_script_fail(s, v.class->code, "%s: HTTP %d: %s", s->at->name, h->status,
                         v.message);
    s->reply.err.foreign = h->status;
    if (refused)
        dr_script_no_effect(s);
    if (v.class->kind == DR_CDC_RETRY && (refused || !s->at->mutates))
        return DR_FLOW_RETRY;
    return DR_FLOW_OVER;
}

/* "NoSuchBucket: The bucket does not exist": an object store says it in XML. NULL: not
 * so. Source: Amazon S3 API Reference, Error responses. */
static const char *store_words(struct dr_script *s, const struct dr_http_answer *h)
{
    struct dr_xml x = {h->body, h->body + h->body_len};
    struct dr_xml_item i;
    const char *code = NULL, *message = NULL;
    while (h->body && dr_xml_next(&x, &i)) {
        if (dr_xml_is(&i, "Code"))
            code = dr_xml_text(&i, s->arena);
        if (dr_xml_is(&i, "Message"))
            message = dr_xml_text(&i, s->arena);
    }
    return code && message ? dr_sprintf(s->arena, "%s: %s", code, message) : code;
}

enum dr_flow dr_script_http_error(struct dr_script *s, const struct dr_answer *a)
{
    const struct dr_http_answer *h = &a->http;
    if (s->play->via == DR_VIA_CDC)
        return cdc_error(s, h);
    enum dr_code code = h->status == 401 || h->status == 403 ? DR_E_AUTH
                        : h->status == 404                   ? DR_E_ABSENT
                                                             : DR_E_PEER;
    const char *words = s->play->via == DR_VIA_STORE ? store_words(s, h) : NULL,
               *text = words     ? words
                       : h->body ? h->body
                                 : "";
    (void)dr_script_fail(s, code, "%s: HTTP %d: %s", s->at->name, h->status,
                         dr_script_redact(s, text, words ? strlen(words) : h->body_len));
    s->reply.err.foreign = h->status;
    return h->status >= 500 ? DR_FLOW_RETRY : DR_FLOW_OVER;
}

json_t *dr_script_json(struct dr_script *s, const struct dr_answer *a)
{
    json_t *body = NULL;
    struct dr_err err;
    if (!s->scratch)
        s->scratch = dr_arena_new(0);
    if (dr_json_parse_in(s->scratch, &body, a->http.body, a->http.body_len, &err) == 0)
        return body;
    (void)dr_script_fail(s, DR_E_PROTOCOL, "%s: %s", s->at->name,
                         dr_script_redact(s, err.text, strlen(err.text)));
    return NULL;
}

/* ---- whether one endpoint answers: asked once, any answer will do ---- */

static enum dr_flow take_alive(struct dr_script *s, const struct dr_answer *a)
{
    return a->carried == DR_ANSWERED
               ? DR_FLOW_DONE
               : dr_script_fail(s, s->reply.err.code, "%s",
                                dr_strdup(s->arena, s->reply.err.text));
}

#define ALIVE(target)                                                                    \
    {                                                                                    \
        {.name = "ask whether it answers",                                               \
         .text = (target),                                                               \
         .take = take_alive,                                                             \
         .takes_errors = true,                                                           \
         .takes_loss = true},                                                            \
            DR_STEP_END,                                                                 \
    }
static const struct dr_step pd_alive_steps[] = ALIVE("/pd/api/v1/version");
static const struct dr_step cdc_alive_steps[] = ALIVE("/status");
const struct dr_play dr_play_pd_alive = {.via = DR_VIA_PD, .steps = pd_alive_steps};
const struct dr_play dr_play_cdc_alive = {.via = DR_VIA_CDC, .steps = cdc_alive_steps};
