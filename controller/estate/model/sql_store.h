/* The row store of one TiDB cluster: schemas, tables with their history, rows versioned
 * by commit TSO, pessimistic transactions with row locks, DDL jobs, GC. It knows no SQL.
 * Sources: docs: pessimistic-transaction.md, docs: garbage-collection-overview.md. */
#ifndef DR_MODEL_SQL_STORE_H
#define DR_MODEL_SQL_STORE_H

#include "controller/estate/model/internal.h"

struct dr_txn;

struct dr_row_version {
    struct dr_row_version *older;
    uint64_t tso;
    struct dr_row *row; /* NULL: deleted */
};

/* A key of a table: its versions, and what the transaction that locks it did to it. */
struct dr_entry {
    struct dr_row_version *newest;
    struct dr_txn *lock;
    bool pending;        /* the lock's owner changed it: */
    struct dr_row *next; /* to this; NULL: deleted */
    uint32_t key_len;
    unsigned char key[];
};

struct dr_table_version {
    uint64_t tso; /* valid from */
    const struct dr_table_def *def;
};

struct dr_table {
    struct dr_table_version *defs; /* oldest first, at least one */
    size_t def_count, def_room;
    uint64_t created_tso, dropped_tso; /* dropped 0: alive */
    struct dr_entry **entries;         /* by key */
    size_t entry_count, entry_room;
    int64_t auto_base; /* persisted base of AUTO_INCREMENT: all ids up to it are taken */
    int64_t last_handle;      /* hidden row id of tables without a primary key */
    uint64_t lineage;         /* number in the database, for SQLite's side */
    struct dr_table *uniques; /* see dr_table_uniques; NULL: none yet */
};

struct dr_schema {
    const char *name;
    int64_t id;
    uint64_t created_tso, dropped_tso;
    const char *charset, *collate;
};

struct dr_ddl_job {
    int64_t id, schema_id, table_id;
    const char *schema, *table, *type, *state, *query, *bdr_role;
    int64_t start_ms, end_ms; /* wall; end 0: unfinished */
};

struct dr_db {
    struct dr_model_cluster *c;
    struct dr_table **tables; /* oldest first, the dropped ones too */
    size_t table_count, table_room;
    struct dr_schema *schemas;
    size_t schema_count, schema_room;
    struct dr_ddl_job *jobs; /* oldest first */
    size_t job_count, job_room;
    int64_t next_id;
    int64_t schema_version;
};

struct dr_undo {
    struct dr_table *table;
    struct dr_entry *entry;
    bool was_locked, was_pending;
    struct dr_row *was_next;
};

struct dr_txn {
    struct dr_model_cluster *c;
    uint64_t start_tso;
    int64_t start_ms; /* wall */
    struct dr_undo *undo;
    size_t undo_count, undo_room;
    size_t changed; /* keys with a change */
    size_t bytes;
    bool optimistic; /* FOR UPDATE does not lock: keys are compared at COMMIT */
    struct dr_compared {
        struct dr_table *table;
        unsigned char *key;
        size_t len;
    } * compared;
    size_t compared_count, compared_room;
};

struct dr_db *dr_db_new(struct dr_model_cluster *c);
void dr_db_free(struct dr_db *db);

/* ---- rows ---- */
/* A new row with one reference, values and their bytes copied. */
struct dr_row *dr_row_new(const struct dr_datum *v, size_t count);
struct dr_row *dr_row_ref(struct dr_row *r);
void dr_row_unref(struct dr_row *r); /* NULL is fine */
int dr_datum_cmp(const struct dr_datum *a, const struct dr_datum *b);

/* ---- schemas and tables, as of a TSO (UINT64_MAX: now) ---- */
struct dr_schema *dr_db_schema(struct dr_db *db, const char *name, uint64_t tso);
/* Out: *def as of the TSO. NULL: no such table then. */
struct dr_table *dr_db_table(struct dr_db *db, const char *schema, const char *name,
                             uint64_t tso, const struct dr_table_def **def);
const struct dr_table_def *dr_table_def_at(const struct dr_table *t, uint64_t tso);
const struct dr_table_def *dr_table_now(const struct dr_table *t);

void dr_db_schema_add(struct dr_db *db, const char *name, uint64_t tso);
/* Drops it with its tables. */
void dr_db_schema_drop(struct dr_db *db, struct dr_schema *s, uint64_t tso);
struct dr_table *dr_db_table_add(struct dr_db *db, const struct dr_table_def *def,
                                 uint64_t tso);
void dr_db_table_drop(struct dr_db *db, struct dr_table *t, uint64_t tso);
/* A new definition. moved: for each new column its position in the old definition or -1
 * (then `fill` of that position); NULL: rows keep their shape. */
void dr_db_table_alter(struct dr_db *db, struct dr_table *t,
                       const struct dr_table_def *def, const int *moved,
                       const struct dr_datum *fill, uint64_t tso);
/* Records a finished DDL: job, schema version, change log. tso: its commit. */
void dr_db_ddl(struct dr_db *db, const struct dr_change *ch);
/* A job alone, in a state of its own: unfinished ones. */
void dr_db_job(struct dr_db *db, const struct dr_change *ch, const char *state);

/* ---- reading ---- */
/* Row of an entry as seen at a TSO, with the transaction's own changes (NULL: none). */
const struct dr_row *dr_entry_row(const struct dr_entry *e, const struct dr_txn *txn,
                                  uint64_t tso);
struct dr_entry *dr_table_find(const struct dr_table *t, const unsigned char *key,
                               size_t len);
size_t dr_table_rows(const struct dr_table *t, uint64_t tso);
/* A table without a definition, whose entries stand for values of unique indexes: they
 * are locked and never have a row. */
struct dr_table *dr_table_uniques(struct dr_table *t);

/* Frees its entries; the table goes on without any. */
void dr_table_release(struct dr_table *t);

enum { DR_KEY_MAX = 3072 };
/* Key bytes of a row by an index (memcmp order); 0 when a part is NULL or too long. */
size_t dr_key_encode(const struct dr_index *ix, const struct dr_datum *v,
                     unsigned char out[DR_KEY_MAX]);
/* The same from the key's values alone, in the order of the index. */
size_t dr_key_parts(const struct dr_datum *parts, size_t count,
                    unsigned char out[DR_KEY_MAX]);

/* ---- transactions ---- */
struct dr_txn *dr_txn_new(struct dr_model_cluster *c, uint64_t start_tso,
                          int64_t wall_ms);
void dr_txn_free(struct dr_txn *t); /* rolls back */
/* Marks a point; dr_txn_back undoes everything after it, locks included. */
size_t dr_txn_mark(const struct dr_txn *t);
void dr_txn_back(struct dr_txn *t, size_t mark);
/* Locks an entry; false: another transaction holds it. */
bool dr_txn_lock(struct dr_txn *t, struct dr_table *table, struct dr_entry *e);
/* What FOR UPDATE does in an optimistic transaction. Source: docs:
 * optimistic-transaction.md. */
void dr_txn_compare(struct dr_txn *t, struct dr_table *table, const struct dr_entry *e);
/* Whether such a key was changed since the start, or is locked by another. */
bool dr_txn_conflicts(const struct dr_txn *t);
/* Finds or makes the entry of a key. */
struct dr_entry *dr_txn_entry(struct dr_table *table, const unsigned char *key,
                              size_t len);
/* Sets the row of a locked entry (NULL: deletes); takes the reference. */
void dr_txn_set(struct dr_txn *t, struct dr_table *table, struct dr_entry *e,
                struct dr_row *row);
/* Makes all changes durable at one fresh TSO and forgets the locks; 0: nothing changed.
 */
uint64_t dr_txn_commit(struct dr_txn *t, uint32_t write_source);

/* ---- the change log ---- */
/* A new entry, empty. */
struct dr_change *dr_log_push(struct dr_change_log *log);
/* Forgets what was committed at or below the TSO. */
void dr_log_cut(struct dr_change_log *log, uint64_t upto);

/* ---- GC ---- */
/* Forgets what no read at or above the safe point can see. */
void dr_db_gc(struct dr_db *db, uint64_t safe_point);

/* ---- AUTO_INCREMENT, per instance ---- */
int64_t dr_auto_next(struct dr_model_instance *in, struct dr_table *t, int64_t increment,
                     int64_t offset);
void dr_auto_rebase(struct dr_model_instance *in, struct dr_table *t, int64_t value);
void dr_auto_forget(struct dr_model_instance *in,
                    const struct dr_table *t); /* NULL: all */

#endif
