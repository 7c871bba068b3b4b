/* What drover puts right and somebody undoes, again and again: two tools that each think
 * they own a thing. Who acts counts it (act/fights.h); from then on the step is left out
 * and a person is asked, with what both sides did last. */
#include <string.h>

#include "controller/base/tso.h"
#include "controller/plan/checks.h"
#include "controller/plan/feed.h"
#include "controller/plan/rules.h"

/* A change of the feed's settings is one deed of several steps; text: of the deed. */
static const struct {
    uint16_t rule, of;
    enum dr_drift_class drift;
    const char *text;
} deeds[] = {
    {266, 266, DR_DRIFT_CHANGEFEED_REMOVED, "make the removed changefeed anew"},
    {350, 350, DR_DRIFT_CHANGEFEED_CONFIG, "give the changefeed the declared settings"},
    {352, 350, DR_DRIFT_CHANGEFEED_CONFIG, NULL},
    {354, 350, DR_DRIFT_CHANGEFEED_CONFIG, NULL},
    {356, 350, DR_DRIFT_CHANGEFEED_CONFIG, NULL},
    {358, 350, DR_DRIFT_CHANGEFEED_CONFIG, NULL},
};

bool dr_rule_corrects(const struct dr_view *v, const struct dr_plan_rule *r,
                      uint16_t *deed, enum dr_drift_class *class)
{
    *deed = r->id;
    *class = r->drift;
    if (dr_holds(v, DR_P_MADE, v->a) != DR_TRUE)
        return false;
    for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
        if (deeds[i].rule != r->id)
            continue;
        *deed = deeds[i].of;
        *class = deeds[i].drift;
        /* an edit of the document is no correction, nor is what was begun */
        return r->id == 266 ? dr_feed_is_to_go_on(v)
                            : !dr_feed_declared_anew(v) && !dr_secret_turns(v) &&
                                  !dr_feed_updating(v);
    }
    return r->is_drift;
}

const struct dr_fight *dr_view_fight(const struct dr_view *v,
                                     const struct dr_plan_rule *r, size_t c)
{
    uint16_t deed;
    enum dr_drift_class class;
    if (!v->in->fight_count || !dr_rule_corrects(v, r, &deed, &class) ||
        v->t->policy.drift[class] != DR_DRIFT_CORRECT)
        return NULL;
    for (size_t i = 0; i < v->in->fight_count; i++) {
        const struct dr_fight *f = &v->in->fights[i];
        /* what concerns the feed is noted at both ends: one deed */
        if (f->rule == deed && (f->cluster == c || !r->is_drift))
            return f;
    }
    return NULL;
}

bool dr_fight_class(const struct dr_view *v, size_t c, enum dr_drift_class *class)
{
    uint16_t deed;
    for (size_t i = 0; i < v->in->fight_count; i++) {
        const struct dr_plan_rule *r = dr_rule_of(v->in->fights[i].rule);
        if (r && v->in->fights[i].cluster == c && dr_view_fight(v, r, c))
            return dr_rule_corrects(v, r, &deed, class);
    }
    return false;
}

static const char *moment(const struct dr_view *v, int64_t wall_ms)
{
    char text[DR_TIME_TEXT];
    return dr_sprintf(v->arena, "%.19s UTC", dr_time_text(wall_ms, text));
}

static const char *deed_text(const struct dr_plan_rule *r)
{
    for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++)
        if (deeds[i].rule == r->id && deeds[i].text)
            return deeds[i].text;
    return strncmp(r->what, "%s: ", 4) == 0 ? r->what + 4 : r->what;
}

static const char *undone(const struct dr_view *v, const struct dr_plan_rule *r, size_t c)
{
    const char *what = r->id == 350 ? dr_feed_differences(v)
                       : r->tell    ? r->tell(v, c)
                                    : NULL;
    return what && *what
               ? what
               : dr_sprintf(v->arena, "no longer true: %s", dr_predicates[r->done].text);
}

DR_CHECK(dr_check_no_fight)
{
    const char *all = "";
    for (size_t i = 0; i < v->in->fight_count; i++) {
        const struct dr_fight *f = &v->in->fights[i];
        const struct dr_plan_rule *r = dr_rule_of(f->rule);
        if (!r || f->cluster != c || dr_view_fight(v, r, c) != f)
            continue;
        enum dr_truth holds = dr_holds(v, r->done, c);
        if (holds != DR_FALSE)
            continue;
        all = dr_sprintf(v->arena,
                         "%s%sdrover did this %u times within an hour, the last time on "
                         "%s: %s; each time it was undone, the last time seen on %s: %s",
                         all, *all ? "; and " : "", f->count, moment(v, f->corrected_ms),
                         deed_text(r), moment(v, f->undone_ms), undone(v, r, c));
    }
    if (!*all)
        return DR_TRUE;
    *fact = all;
    return DR_FALSE;
}
