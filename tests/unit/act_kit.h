/* What the tests of acting share: the quickstart's pair on the model, and process starts
 * of drover that come and go over it, in process and on the virtual clock. */
#ifndef DR_TESTS_ACT_KIT_H
#define DR_TESTS_ACT_KIT_H

#include <criterion/criterion.h>

#include "controller/act/act.h"
#include "controller/estate/fault.h"
#include "controller/estate/model/model.h"
#include "controller/estate/record.h"
#include "controller/estate/wire/wire.h"
#include "spec/load.h"

enum { EAST, WEST };

struct pair {
    struct dr_arena *arena;
    struct dr_docs docs;
    struct dr_topology topology; /* a copy: a test may change it before the first boss */
    struct dr_model *model;
};

void pair_open(struct pair *p);
void pair_close(struct pair *p);
/* A command of the model, as `drover-sim ctl` takes it. */
void pair_ctl(struct pair *p, const char *json);
/* A statement with every right on a cluster. */
void pair_sql(struct pair *p, const char *cluster, const char *text);
/* First cell of a statement on one instance, as `app` sees it; owned by the pair. */
const char *pair_cell(struct pair *p, const char *at, const char *text);

/* A session that somebody has on one instance. */
struct dr_model_session *pair_session(struct pair *p, const char *user, const char *at);
/* .. of the sink account, which was locked afterwards. */
struct dr_model_session *pair_sink_session(struct pair *p, const char *at);

/* The revision on which a ledger has agreed, as JSON. */
const char *pair_agreed(struct pair *p, const char *at);

/* Lets time pass without anybody of ours. */
void pair_pass(struct pair *p, int64_t ms);
/* A request to the TiCDC of the east, which is answered with 200. */
void pair_cdc(struct pair *p, const char *method, const char *target, const char *body);
/* The west as somebody copied it; out: a TSO of the east at which both are equal. */
uint64_t pair_copy_by_hand(struct pair *p);
/* A feed into the west as somebody else made it; config: JSON, "" is none. */
void pair_make_feed(struct pair *p, const char *id, uint64_t start_ts,
                    const char *config);
/* .. and to another sink. */
void pair_make_feed_to(struct pair *p, const char *id, uint64_t start_ts,
                       const char *sink, const char *config);
/* The quickstart with data that is there already, without redo and syncpoints, and its
 * edge as given, which must live as long. */
void pair_declare(struct pair *p, struct dr_edge_spec *edge);
/* pair_open, and both sides are equal since the declared startTs. */
void pair_open_equal(struct pair *p, struct dr_edge_spec *edge);

/* .. and the declared feed, which ran before: edge->id; config: JSON, "" is none. */
void pair_open_fed(struct pair *p, struct dr_edge_spec *edge, const char *config);
/* The document's word that gives a lost ledger back. */
void pair_word_for(struct pair *p, const char *cluster);

/* One process start. */
struct boss {
    struct pair *pair;
    struct dr_access *access;
    struct dr_carrier *carrier, *fault, *counted;
    struct dr_estate *wire, *estate;
    struct dr_record record;
    struct dr_injection inject; /* set before boss_start; kind NONE: nothing */
    struct dr_actor *actor;
    struct dr_actor_options o; /* changed after boss_options, before boss_start */
    struct dr_round r;         /* of the latest round */
    char said[4096];           /* what it said of authority, ends and waits */
    bool stop;
};

/* A history: r1 is followed by r2, and so on. */
enum dr_truth boss_descends(void *arg, const char *revision, const char *agreed);
void boss_options(struct boss *b, struct pair *p, const char *holder);
void boss_start(struct boss *b);
/* Both; .. and a person approved the plan as a whole. */
void boss_open(struct boss *b, struct pair *p, const char *holder);
void boss_open_approved(struct boss *b, struct pair *p, const char *holder);
void boss_end(struct boss *b); /* as the end of its process: no word to anybody */
/* One round, then the time that it wants to rest. */
void boss_round(struct boss *b);
void boss_rounds(struct boss *b, int n);
/* Rounds until one ends in `state`; fails after `max`. */
void boss_until(struct boss *b, enum dr_round_state state, int max);
/* Rounds until an action of that rule ("backup") is the next one. */
void boss_until_step(struct boss *b, const char *rule, int max);
void boss_pass(struct boss *b, int64_t ms);
/* A process of its own, that ends when that step of bootstrap is the next one. */
void pair_until_step(struct pair *p, const char *rule);
/* boss_end, pair_close. */
void pair_over(struct pair *p, struct boss *b);
/* Whole bootstrap by a process of its own. */
void pair_bootstrap(struct pair *p);

#endif
