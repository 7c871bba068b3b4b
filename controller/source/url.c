#include "controller/source/url.h"

#include <string.h>

#include "controller/base/buf.h"
#include "controller/base/num.h"
#include "controller/base/printable.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"

enum { URL_MAX = 2048 };

static int refuse(struct dr_err *err, const char *why)
{
    int rc = dr_fail(err, DR_E_INPUT, "the git URL %s", why);
    dr_hint(err, "use https://HOST/PATH, ssh://USER@HOST/PATH, USER@HOST:PATH or an "
                 "absolute path");
    return rc;
}

static bool made_of(const char *s, size_t len, const char *allowed)
{
    for (size_t i = 0; i < len; i++) {
        if (!s[i] || !strchr(allowed, s[i]))
            return false;
    }
    return len > 0;
}

/* HOST[:PORT] or [IPV6][:PORT]. Out: the host of the arena, NULL: it is none. */
static const char *parse_host(struct dr_arena *a, const char *s, size_t len)
{
    const char *end = s + len, *host = s, *host_end;
    if (len && *s == '[') {
        host = s + 1;
        host_end = memchr(s, ']', len);
        if (!host_end ||
            !made_of(host, (size_t)(host_end - host), "abcdefABCDEF:." DIGITS))
            return NULL;
        s = host_end + 1;
    } else {
        host_end = memchr(s, ':', len);
        host_end = host_end ? host_end : end;
        if (*host == '-' ||
            !made_of(host, (size_t)(host_end - host), LETTERS DIGITS ".-_"))
            return NULL;
        s = host_end;
    }
    uint64_t port;
    if (s != end && (*s != ':' || !dr_parse_u64(s + 1, (size_t)(end - s - 1), &port) ||
                     port < 1 || port > 65535))
        return NULL;
    return dr_strndup(a, host, (size_t)(host_end - host));
}

/* USER@ before the host. Out: *rest = what follows it. */
static int parse_user(struct dr_arena *a, const char *s, size_t len, const char **user,
                      const char **rest, struct dr_err *err)
{
    const char *at = memchr(s, '@', len);
    *rest = at ? at + 1 : s;
    *user = NULL;
    if (!at)
        return 0;
    if (memchr(s, ':', (size_t)(at - s)))
        return refuse(err,
                      "must not hold a password: refer to a file or variable instead");
    if (*s == '-' || !made_of(s, (size_t)(at - s), LETTERS DIGITS "._-+"))
        return refuse(err, "has a user name that is none");
    *user = dr_strndup(a, s, (size_t)(at - s));
    return 0;
}

/* SCHEME://[USER@]HOST[:PORT]/PATH, `s` after the "://". */
static int parse_remote(struct dr_arena *a, const char *s, struct dr_git_url *out,
                        struct dr_err *err)
{
    const char *slash = strchr(s, '/'), *rest;
    if (!slash || !slash[1])
        return refuse(err, "has no path");
    if (strpbrk(s, "?#"))
        return refuse(err, "must not have a query or a fragment");
    int rc = parse_user(a, s, (size_t)(slash - s), &out->user, &rest, err);
    if (rc)
        return rc;
    if (out->kind == DR_URL_HTTPS && out->user)
        return refuse(err, "must not name a user: it has a setting of its own");
    out->host = parse_host(a, rest, (size_t)(slash - rest));
    if (!out->host)
        return refuse(err, "has a host or port that is none");
    if (out->kind == DR_URL_SSH && !out->user) {
        out->user = "git";
        out->fetch = dr_sprintf(a, "ssh://git@%s", s);
    }
    return 0;
}

/* [USER@]HOST:PATH */
static int parse_scp(struct dr_arena *a, const char *text, struct dr_git_url *out,
                     struct dr_err *err)
{
    const char *colon = strchr(text, ':'), *rest;
    const char *at = strchr(text, '@');
    if (at && at > colon)
        return refuse(err,
                      "must not hold a password: refer to a file or variable instead");
    int rc = parse_user(a, text, (size_t)(colon - text), &out->user, &rest, err);
    if (rc)
        return rc;
    out->kind = DR_URL_SSH;
    out->host = parse_host(a, rest, (size_t)(colon - rest));
    if (!out->host || !colon[1] || colon[1] == ':' || colon[1] == '-')
        return refuse(err, "is of a kind that is not taken");
    out->fetch = out->user ? text : dr_sprintf(a, "git@%s", text);
    out->user = out->user ? out->user : "git";
    return 0;
}

/* As a file:// URL: libgit2 would take a path with a colon for an ssh address. */
static int parse_local(struct dr_arena *a, const char *path, struct dr_git_url *out)
{
    struct dr_buf b;
    dr_buf_init(&b, URL_MAX * 3 + 16);
    dr_buf_adds(&b, "file://");
    for (const char *p = path; *p; p++) {
        if (strchr(LETTERS DIGITS "/._-~", *p))
            dr_buf_addc(&b, *p);
        else
            dr_buf_addf(&b, "%%%02X", (unsigned char)*p);
    }
    out->kind = DR_URL_LOCAL;
    out->fetch = dr_strndup(a, dr_buf_str(&b), b.len);
    dr_buf_release(&b);
    return 0;
}

int dr_git_url_parse(struct dr_arena *a, const char *text, struct dr_git_url *out,
                     struct dr_err *err)
{
    size_t len = strlen(text);
    *out = (struct dr_git_url){.fetch = dr_strdup(a, text)};
    text = out->fetch;
    if (!len || len > URL_MAX)
        return refuse(err, "is empty or too long");
    if (!dr_is_printable(text, len))
        return refuse(err, "has a control character");
    if (*text == '/')
        return parse_local(a, text, out);
    if (strncmp(text, "file:///", 8) == 0 && !strchr(text, '%'))
        return parse_local(a, text + 7, out);
    if (strpbrk(text, " \\\"'`$"))
        return refuse(err, "has a character that belongs into no URL");
    if (strncmp(text, "https://", 8) == 0) {
        out->kind = DR_URL_HTTPS;
        return parse_remote(a, text + 8, out, err);
    }
    if (strncmp(text, "ssh://", 6) == 0) {
        out->kind = DR_URL_SSH;
        return parse_remote(a, text + 6, out, err);
    }
    const char *colon = strchr(text, ':'), *slash = strchr(text, '/');
    if (colon && !strstr(text, "://") && (!slash || slash > colon))
        return parse_scp(a, text, out, err);
    return refuse(err, "is of a kind that is not taken");
}
