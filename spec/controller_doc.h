/* kind: Controller, decoded: what `drover run` needs to know. Meaning, unit and default
 * of each field: spec/fields_controller.c (`drover explain Controller`). */
#ifndef DR_SPEC_CONTROLLER_DOC_H
#define DR_SPEC_CONTROLLER_DOC_H

#include "spec/doc.h"
#include "spec/topology.h"

enum dr_git_verify { DR_GIT_VERIFY_NONE, DR_GIT_VERIFY_HEAD };
enum dr_log_format { DR_LOG_TEXT, DR_LOG_JSON };

struct dr_git_source {
    bool declared;
    const char *url; /* https://, ssh://, user@host:path, or an absolute local path */
    const char *branch;
    const char *path; /* folder or file inside the repository; "": all of it */
    int64_t fetch_timeout_ms;
    struct {
        const char *user;
        struct dr_secret_ref key, passphrase;
        const char *known_hosts; /* file; needed for ssh */
    } ssh;
    struct {
        const char *user;
        struct dr_secret_ref password; /* or token */
        const char *ca;
    } https;
    struct {
        enum dr_git_verify mode;
        const char *allowed_signers; /* file */
    } verify;
};

struct dr_listener {
    struct dr_hostport address;
    const char *cert, *key; /* files; NULL: plain HTTP */
};

struct dr_controller_doc {
    struct dr_doc doc;
    struct {
        struct dr_git_source git;
        const char *dir; /* instead of git */
    } source;
    int64_t interval_ms;
    const char *state;   /* folder; NULL: the XDG state folder */
    const char *secrets; /* folder of relative `file:` references; NULL: none */
    const char *hooks;   /* folder of the programs that topologies may name; NULL: none */
    const struct dr_listener *listeners;
    size_t listener_count;
    struct dr_secret_ref webhook_secret; /* webhook.secret */
    struct {
        int64_t duration_ms;
    } lease;
    struct {
        bool approve[DR_RISK_COUNT]; /* added to what each topology says */
        uint32_t max_disruptive;     /* disruptive operations at once over the fleet */
    } policy;
    struct {
        int64_t age_ms;
        uint64_t size_bytes;
    } journal_retention;
    struct {
        const char *observed; /* folder; NULL: nothing is published */
    } publish;
    struct {
        enum dr_log_format format;
    } log;
};

#endif
