/* The fetching process from inside: its job and the parts it is made of. Only
 * fetch_child.c, fetch_git.c and fetch_disk.c include this. */
#ifndef DR_SOURCE_FETCH_JOB_H
#define DR_SOURCE_FETCH_JOB_H

#include "controller/source/fetch_wire.h"
#include "controller/source/inside.h"

struct dr_fetch_job {
    const struct dr_fetch_request *request;
    uint64_t max_bytes, max_memory;
    uint64_t disk_bytes; /* of the mirror before the download */
    enum dr_url_kind kind;
    int asked;             /* for credentials */
    struct dr_err refusal; /* why a callback said no; code 0: none did */
    git_repository *repo;
    git_remote *remote;
    git_oid tip;
};

/* ---- fetch_git.c ----------------------------------------------------------------- */

/* Brings the branch into the bare repository `mirror`, which is made if it is not there.
 */
int dr_fetch_into(struct dr_fetch_job *j, char *mirror, struct dr_err *err) DR_MUST_CHECK;

/* ---- fetch_disk.c ---------------------------------------------------------------- */

struct dr_fetch_weight {
    uint64_t bytes; /* of the object database on disk */
    unsigned packs;
};

/* Weighs the mirror and sweeps what a killed fetch left half written. */
struct dr_fetch_weight dr_fetch_weigh(const char *mirror);

/* Removes a folder and all in it; no link is followed. */
void dr_fetch_remove(char *path);

/* Can the tip that the mirror names be read? A mirror without a tip is new. */
bool dr_fetch_is_sound(const char *mirror);

#endif
