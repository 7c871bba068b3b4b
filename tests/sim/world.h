/* One small world: two clusters of two SQL instances each, a topology that wants them to
 * be a pair, a writer on the primary, and controllers that come and go. */
#ifndef DR_TESTS_SIM_WORLD_H
#define DR_TESTS_SIM_WORLD_H

#include "controller/act/act.h"
#include "controller/base/prng.h"
#include "controller/estate/fault.h"
#include "controller/estate/record.h"
#include "spec/load.h"
#include "tests/sim/check.h"
#include "tests/sim/stray.h"

/* The sink's password as declared, and in a URI. */
#define SIM_SINK_SECRET     "a secret that passwords are derived from"
#define SIM_SINK_SECRET_URI "a%20secret%20that%20passwords%20are%20derived%20from"

enum { SIM_LEASE_MS = 15000 };

/* How the world differs from the plain one. YAML fragments are put in as they are; all
 * may be NULL. */
struct sim_setting {
    const char *a_script, *b_script;       /* list items, "    - SQL" */
    const char *a_variables, *b_variables; /* list items */
    const char *spec;                      /* lines below the topology's spec */
    const char *storage, *replication;     /* lines below these */
    const char *bootstrap; /* members of its flow mapping, or all with "method:" */
    bool approved;         /* a person approved every plan as a whole */
    const char *name;      /* of the topology; NULL: "orders" */
    const char *formerly;
};

struct sim_world {
    struct dr_arena *arena; /* as long as the world */
    struct dr_model *model;
    struct dr_docs docs;
    const struct dr_topology *topology;
    const struct dr_estate_doc *estate;
    bool approved;         /* as the setting says */
    struct dr_prng prng;   /* of the scenario, never of the model */
    int64_t wall_shift_ms; /* how wrong the controllers' host clock is */
    /* the writer */
    struct dr_model_session *writer;
    bool writes;
    int64_t wrote_at_ms;
    uint64_t written;
    struct sim_stray strays[SIM_STRAYS];
    /* judging */
    struct dr_arena *views[2]; /* of `before` and `now`, in turn */
    struct sim_view view[2];
    int current;
    struct sim_history history;
    uint64_t checks;
    const struct sim_check *broken; /* the first that did not hold */
    struct dr_buf wrong;
    uint64_t unknown;   /* statements nobody knew, when last looked */
    struct dr_buf *log; /* borrowed; NULL: none is kept */
};

/* Makes a world. Fails: false with the reason in *why. */
bool sim_world_open(struct sim_world *w, const struct sim_setting *s, uint64_t seed,
                    struct dr_buf *why);
void sim_world_close(struct sim_world *w);

/* Lets time pass in small pieces, the writer at work, judging after each. */
void sim_world_pass(struct sim_world *w, int64_t ms);
/* The same in large pieces, and nothing is written. */
void sim_world_skip(struct sim_world *w, int64_t ms);
/* Looks, and judges the step since the last look. holder: whose exchange it was. */
void sim_world_judge(struct sim_world *w, const char *holder);
const struct sim_view *sim_world_now(const struct sim_world *w);
/* 'm': it may change something for good; 'a': it belongs to what does; 'r': it reads. */
char sim_exchange_kind(const struct dr_exchange *ex);
/* Runs a statement as root on the first instance of a cluster. False: refused. */
bool sim_world_sql(struct sim_world *w, int cluster, const char *text);
/* Begins one that takes its time, as a stray of `holder`. */
bool sim_world_begin(struct sim_world *w, int cluster, const char *holder,
                     const char *text);
/* Writes stop; waits until the feed has carried everything, then compares both sides. */
bool sim_world_equal(struct sim_world *w, struct dr_buf *why);

/* One process start of drover. */
struct sim_controller {
    struct sim_world *world;
    char holder[32];
    struct dr_access *access;
    struct dr_carrier *carrier, *fault;
    struct dr_estate *wire, *recorded;
    struct dr_record calls;
    struct dr_actor *actor;
    struct dr_journal *journal;
    uint64_t *intents; /* counts steps that were made after their intent */
    int64_t seen_row;  /* of the journal */
    bool unannounced;  /* a step was made without an intent */
    uint64_t rounds;
    /* Called before each of its exchanges; NULL: nothing. */
    void (*hook)(void *arg, uint64_t exchange, const struct dr_exchange *ex);
    /* .. and after each of its answers; NULL: nothing. */
    void (*answered)(void *arg, uint64_t exchange);
    void *hook_arg;
};

struct sim_start {
    const char *holder;
    const struct dr_injection *script; /* borrowed as long as the controller */
    size_t script_count;
    bool take, removed;
    const char *revision;
    const struct dr_topology *topology; /* NULL: the world's */
    const char *journal;                /* folder; NULL: none is kept */
    uint64_t *intents;
    void (*hook)(void *arg, uint64_t exchange, const struct dr_exchange *ex);
    /* .. and after each of its answers; NULL: nothing. */
    void (*answered)(void *arg, uint64_t exchange);
    void *hook_arg;
};
bool sim_controller_start(struct sim_controller *c, struct sim_world *w,
                          const struct sim_start *how, struct dr_buf *why);
/* As the end of its process: no word to anybody. */
void sim_controller_end(struct sim_controller *c);
/* One round. Out: false when it crashed. */
bool sim_controller_round(struct sim_controller *c, struct dr_round *out);

#endif
