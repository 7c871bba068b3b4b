/* Which git URLs are taken, and what they mean. Pure. */
#ifndef DR_SOURCE_URL_H
#define DR_SOURCE_URL_H

#include "controller/base/arena.h"
#include "controller/base/err.h"

enum dr_url_kind { DR_URL_LOCAL = 1, DR_URL_HTTPS, DR_URL_SSH };

struct dr_git_url {
    enum dr_url_kind kind;
    const char
        *fetch; /* as libgit2 is given it, so that it cannot be taken for another kind */
    const char *host; /* https, ssh; without port or brackets */
    const char *user; /* ssh, default "git" */
};

/* Takes https://HOST[:PORT]/PATH, ssh://[USER@]HOST[:PORT]/PATH, [USER@]HOST:PATH, /PATH
 * and file:///PATH. Out: strings of the arena. Fails: DR_E_INPUT with a hint; a password
 * in the URL is not repeated in the text. */
int dr_git_url_parse(struct dr_arena *a, const char *text, struct dr_git_url *out,
                     struct dr_err *err) DR_MUST_CHECK;

#endif
