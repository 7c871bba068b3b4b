/* The inside of scenarios: what a run is, and what stories are made of. */
#ifndef DR_TESTS_SIM_STORY_H
#define DR_TESTS_SIM_STORY_H

#include "tests/sim/scenario.h"

enum {
    ROUNDS_MAX = 400,     /* until protected; a fault-free run takes far less */
    QUIET_ROUNDS = 6,     /* afterwards: nothing but lease and beat */
    QUIET_OF_SEEDS = 3,   /* there are many of them */
    BLOCKED_ROUNDS = 40,  /* stories that must never be protected */
    CONTROLLERS_MAX = 12, /* process starts in one scenario */
    SCRIPTED = 2,         /* faults of a pair */
    SIM_BRANCH_S = 120,   /* a scenario takes a tenth of a second */
    FOREVER_MS = 4 * 3600 * 1000,
};

enum ending {
    PROTECTED,  /* within bounds, equal, then quiet */
    REFUSED,    /* never protected, B's and the feeds' state left alone */
    UNTOUCHED,  /* no mutating call at all */
    SEEN,       /* seen to be protected without any */
    DISCHARGED, /* GC given back, no hold row left */
};

struct run;
struct sim_sweep;
struct story {
    const char *name, *text;
    struct sim_setting setting;
    enum ending ending;
    bool (*prepare)(struct run *r);          /* before the first controller */
    bool (*play)(struct run *r, uint64_t n); /* NULL: one controller until the end */
    bool numbered;                           /* its name ends in "/<number>" */
    /* A round waits for a human's word: what the human does. False: the run failed. */
    bool (*asked)(struct run *r, const struct dr_round *round);
    /* Numbered by an exchange: what happens right before it is sent. What was played
     * before it is the same for every number, and is played once for many: sim_sweep. */
    void (*strike)(struct run *r);
    bool acting;           /* in a sweep only exchanges that may change something */
    enum dr_inject inject; /* what `strike` injects there; 0: something else */
    int64_t delay_ms;      /* with it */
    /* A second fault follows: numbers are n, m and its kind; m counts the exchanges after
     * the first fault, of whoever acts then. */
    bool paired;
    bool drawn; /* the number says which faults strike: seeds.c */
};

/* What a name says beside its story. */
struct sim_number {
    uint64_t n, m;
    enum dr_inject second;
};

/* Where the second fault of a pair may strike. */
struct sim_second {
    bool watches;    /* the first fault has struck */
    uint64_t seen;   /* exchanges since */
    uint64_t rounds; /* whole rounds since */
    uint64_t at;     /* the m to be struck; 0: none */
    enum dr_inject kind;
    uint64_t struck_before;
    bool branched; /* a process of its own */
    bool cut;      /* no time was left for all that could be begun here */
};

/* A fault of random seeds. */
struct sim_drawn_fault {
    uint64_t group; /* whose it is */
    size_t kind;
    enum dr_inject inject;
    int64_t delay_ms;
    uint64_t which, after; /* exchanges since the one before */
    char where;
    bool begun;
};

/* Several faults, drawn from seed and number. */
struct sim_drawn {
    bool on;
    const struct sim_seeds *seeds; /* many of them; NULL: one alone */
    const char *calm;              /* kinds of the exchanges of the fault-free run */
    uint64_t from, to;             /* numbers that this process stands for */
    int level;                     /* faults that came */
    uint64_t seen;                 /* exchanges since the last one */
    uint64_t struck;               /* that are no exchange's */
    struct sim_drawn_fault *next;  /* the one to come, of each group of numbers */
    size_t count, left;
};

struct run {
    const struct story *story;
    struct sim_world w;
    struct sim_controller c, other;
    bool other_alive;
    uint64_t seed;
    uint64_t starts;
    struct sim_result *out;
    struct dr_injection script[SCRIPTED];
    size_t script_count;
    struct sim_second second;
    struct sim_drawn drawn;
    void (*at_every)(struct run *r); /* before each exchange; NULL: nothing */
    uint64_t act, acts_seen; /* sim_at_act: which one is struck; those that were seen */
    enum dr_inject act_inject;
    uint64_t number;                 /* the story's */
    uint64_t strike_at;              /* exchange, counted from the first that counts */
    uint64_t from;                   /* the last exchange that does not count */
    uint64_t exchange;               /* under way */
    const struct dr_exchange *asked; /* .. itself */
    bool counts;
    bool acts;                     /* the exchange under way does more than look */
    const struct sim_sweep *sweep; /* the common beginning of many scenarios */
    bool branched;                 /* a process of its own, begun in a sweep */
    int64_t heal_at_ms;            /* an outage ends then; 0: none */
    uint64_t outage;               /* which */
    int64_t silent_ms;             /* spent in silence, on purpose */
    char journal[64];              /* folder; "": no journal is kept */
    uint64_t words;                /* given by hand */
    uint64_t intents;              /* steps seen with their intent on disk before them */
    const struct dr_topology *topology;
    struct dr_topology *compares; /* .. in which a person says at each round that both
                                   * sides were compared; NULL: nobody does */
    bool removed, take;
    const char *revision;  /* NULL: "r1" */
    struct dr_arena *kept; /* texts that outlive a controller */
};

/* What a branch came to, once and for all: the process ends. */
void sim_branch_ends(struct run *r) __attribute__((noreturn));
/* At an exchange of a sweep: begins a scenario of each story. Returns in their processes,
 * too. */
void sim_branch(struct run *r, uint64_t n);
/* The same of second faults, one of each kind. */
void sim_branch_second(struct run *r);

/* Something of the estate fails, for 20 s if it does not end by itself. */
void sim_hurt(struct run *r, uint64_t which);
/* An outage whose time is over ends. */
void sim_heal(struct run *r);
/* TiCDC has a new owner, who knows nothing yet. */
void sim_change_owner(struct run *r);
/* Another controller takes over and acts for so many rounds, while the first one stands
 * still in the middle of an exchange. */
void sim_second_acts(struct run *r, uint64_t rounds);
/* The controllers' host has another year. */
void sim_clock_jumps(struct run *r, bool back);

/* seeds.c: the story's faults are those of the numbers [from, to). */
void sim_drawn_begin(struct run *r, uint64_t from, uint64_t to);
/* Before an exchange of that kind: the next fault, where its time has come. */
void sim_drawn_exchange(struct run *r, char kind);
/* What the run came to, for the numbers whose faults have all come. */
void sim_drawn_report(struct run *r);
/* A process for the numbers from `from` on. True: this is that process. */
bool sim_seeds_apart(struct run *r, uint64_t from, unsigned limit_s);

/* The story of a name, and the numbers in it; NULL: none. */
const struct story *sim_find_story(const char *name, struct sim_number *number);

/* The run has failed, for the first reason given. Always false. */
bool sim_fail(struct run *r, const char *fmt, ...) DR_PRINTF(2, 3);
/* Judgement of the checkers, turned into the run's. */
bool sim_intact(struct run *r);
/* Strikes the n-th exchange that may change something, of the controller that is started
 * next with the story's faults. */
void sim_at_act(struct run *r, uint64_t n, enum dr_inject inject);
/* Starts a process of drover; faulty: with the story's faults and hook. */
bool sim_begin(struct run *r, struct sim_controller *c, bool faulty);
/* Ends the first controller, its disk with it, and starts another one. */
bool sim_again(struct run *r);
/* Lets the time pass that the round asked for. */
void sim_rest(struct run *r, const struct dr_round *round);
/* Rounds of the first controller until `until` says so. Crashes start another. */
bool sim_rounds(struct run *r, uint64_t max, bool (*until)(const struct dr_round *),
                struct dr_round *last);
bool sim_is_protected(const struct dr_round *round);
/* The human of the stories about words (words.c). */
bool sim_word_given(struct run *r, const struct dr_round *round);
bool sim_word_ends_at_once(struct run *r, const struct dr_round *round);
/* The document carries the word from the start. */
bool sim_word_declared(struct run *r);
/* A round, and the human where one is asked for. */
bool sim_round_asks(struct run *r, const struct dr_round *round);
/* What a plan lacks, waits for or is blocked by, on one line. */
const char *sim_missing(const struct dr_plan *p, struct dr_arena *a);
/* adopt.c: worlds in which somebody was before drover. */
/* Drops the ledgers of A, of B. */
bool sim_lose_ledgers(struct run *r, bool a, bool b);
enum { SIM_HOLD_MS = 3600000 }; /* of the story that outlasts it */
/* held.c */
bool sim_play_paused(struct run *r, uint64_t n);
bool sim_play_expired(struct run *r, uint64_t n);
bool sim_play_reset(struct run *r, uint64_t n);
bool sim_play_taken_back(struct run *r, uint64_t n);
bool sim_play_crossing(struct run *r, uint64_t n);
enum { SIM_GIVE_UP = 29 }; /* rounds of a bootstrap after which it may be given up */
bool sim_play_given_up(struct run *r, uint64_t n);
bool sim_play_observed(struct run *r, uint64_t n);
/* behind.c */
bool sim_play_behind(struct run *r, uint64_t n);
bool sim_play_behind_removed(struct run *r, uint64_t n);
/* Two controllers round by round, until one of them finds everything done. */
bool sim_take_turns(struct run *r);
/* Then the first one alone, to the story's ending. */
bool sim_alone_at_last(struct run *r);
/* crowd.c */
bool sim_play_race(struct run *r, uint64_t n);
bool sim_play_crowd(struct run *r, uint64_t n);
bool sim_play_cut(struct run *r, uint64_t n);
void sim_rival(struct run *r);
void sim_rival_reversed(struct run *r);
/* update.c: changes of a feed that is made, by an edit of the document or by hand. */
bool sim_play_edit(struct run *r, uint64_t n);
bool sim_play_turned(struct run *r, uint64_t n);
bool sim_play_not_taken(struct run *r, uint64_t n);
bool sim_play_edit_removed(struct run *r, uint64_t n);
void sim_document_leaves(struct run *r); /* as a strike of that */
bool sim_play_meddled(struct run *r, uint64_t n);
bool sim_play_removed(struct run *r, uint64_t n);
bool sim_play_removed_besides(struct run *r, uint64_t n);
/* Protected, before any fault of the story. */
bool sim_until_protected(struct run *r);
/* The story's fault strikes the controller that acts from here on; to the ending. */
bool sim_goes_on(struct run *r);
bool sim_play_drifted(struct run *r, uint64_t n); /* drift.c */
bool sim_play_left(struct run *r, uint64_t n);
bool sim_play_fight(struct run *r, uint64_t n);   /* fight.c */
bool sim_play_silence(struct run *r, uint64_t n); /* silence.c */
/* A command to the estate, as drover-sim ctl sends it. */
bool sim_command(struct run *r, const char *text);
/* A request to the primary's TiCDC, by hand. False: it failed, and the run with it. */
bool sim_ask_ticdc(struct run *r, const char *method, const char *target,
                   const char *body);
bool sim_prepare_equal(struct run *r);
bool sim_prepare_adoption(struct run *r);
bool sim_prepare_fenced(struct run *r); /* the same, and B is fenced */
bool sim_post_feed(struct run *r, const char *body);

/* Goes on to the story's ending and judges it. */
bool sim_ends(struct run *r);

#endif
