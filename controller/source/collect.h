/* Gathers the files of one revision under limits, the same way for a folder and for git:
 * what is a document, what is passed over, what is an obstacle. */
#ifndef DR_SOURCE_COLLECT_H
#define DR_SOURCE_COLLECT_H

#include "controller/source/origin.h"

enum { DR_COLLECT_DEPTH = 32, DR_COLLECT_ENTRIES = 1000000, DR_COLLECT_NAME = 255 };

struct dr_collect {
    struct dr_arena *arena;
    uint64_t max_file_bytes, max_total_bytes;
    uint32_t max_files;
    struct dr_origin_file *files;
    size_t file_count, file_room;
    struct dr_origin_obstacle *obstacles;
    size_t obstacle_count, obstacle_room;
    uint64_t total_bytes;
    uint32_t entries, counted; /* entries looked at; folders and documents among them */
    bool full;                 /* a limit of the whole was reached: stop */
    bool hidden;               /* an obstacle hides a document */
};

/* What to do with an entry of a folder. */
enum dr_collect_entry {
    DR_ENTRY_PASS,     /* hidden or no document: nothing to see */
    DR_ENTRY_FOLDER,   /* go in */
    DR_ENTRY_DOCUMENT, /* read it */
    DR_ENTRY_ODD,      /* dealt with: it is an obstacle now */
};

enum dr_collect_type {
    DR_TYPE_FILE,
    DR_TYPE_FOLDER,
    DR_TYPE_SYMLINK,
    DR_TYPE_SUBMODULE,
    DR_TYPE_OTHER
};

/* Judges the entry `name` of the folder `folder` ("": the root) and adds the obstacle if
 * it is one. depth: of the folder, 0: the root.  Out: *path = of the entry, the arena's,
 * unless it is passed over. */
enum dr_collect_entry dr_collect_judge(struct dr_collect *c, const char *folder,
                                       const char *name, enum dr_collect_type type,
                                       unsigned depth, const char **path);

/* May a document of so many bytes be taken? If not, that is an obstacle. */
bool dr_collect_fits(struct dr_collect *c, const char *path, uint64_t bytes);

/* Adds a document; the bytes are copied. */
void dr_collect_file(struct dr_collect *c, const char *path, const void *bytes,
                     size_t len);

void dr_collect_obstacle(struct dr_collect *c, enum dr_obstacle_kind kind,
                         const char *path, bool hides, const char *fmt, ...)
    DR_PRINTF(5, 6);

/* Sorts, and fills files, obstacles and `complete`. A path that is there twice is an
 * obstacle, and neither is a file. */
void dr_collect_finish(struct dr_collect *c, struct dr_origin_revision *out);

#endif
