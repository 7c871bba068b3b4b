/* Which settings an origin takes. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <unistd.h>

#include "controller/source/url.h"
#include "tests/unit/origin_support.h"

Test(origin_settings, urls)
{
    static const struct {
        const char *text, *fetch, *host, *user;
        enum dr_url_kind kind;
    } good[] = {
        {"https://git.example.com/t/r.git", "https://git.example.com/t/r.git",
         "git.example.com", NULL, DR_URL_HTTPS},
        {"https://h:8443/r", "https://h:8443/r", "h", NULL, DR_URL_HTTPS},
        {"https://[::1]:8443/r", "https://[::1]:8443/r", "::1", NULL, DR_URL_HTTPS},
        {"ssh://ada@h:2222/r", "ssh://ada@h:2222/r", "h", "ada", DR_URL_SSH},
        {"ssh://h/r", "ssh://git@h/r", "h", "git", DR_URL_SSH},
        {"git@github.com:t/r.git", "git@github.com:t/r.git", "github.com", "git",
         DR_URL_SSH},
        {"h:r", "git@h:r", "h", "git", DR_URL_SSH},
        {"/srv/git/r", "file:///srv/git/r", NULL, NULL, DR_URL_LOCAL},
        {"/srv/a:b c%d", "file:///srv/a%3Ab%20c%25d", NULL, NULL, DR_URL_LOCAL},
        {"file:///srv/r", "file:///srv/r", NULL, NULL, DR_URL_LOCAL},
    };
    static const char *const bad[] = {
        "",
        "http://h/r",
        "git://h/r",
        "ftp://h/r",
        "ext::sh -c id",
        "ext::sh",
        "fd::17",
        "file://h/r",
        "file:///a%2fb",
        "file://",
        "./r",
        "../r",
        "r",
        "~/r",
        "HTTPS://h/r",
        "ssh+git://h/r",
        "https://h",
        "https://h/",
        "https:///r",
        "https://ada@h/r",
        "https://ada:canary@h/r",
        "https://canary@h/r",
        "ssh://ada:canary@h/r",
        "ada:canary@h:r",
        "https://h/r?x",
        "https://h/r#x",
        "https://h:0/r",
        "https://h:65536/r",
        "https://h:x/r",
        "https://-h/r",
        "ssh://-oProxyCommand=x/r",
        "ssh://-l@h/r",
        "-oProxyCommand=x:r",
        "git@h:-x",
        "git@h:",
        "git@h::r",
        "https://h/r\n",
        "https://h/\x1b[31m",
        "https://h/a b",
        "https://h/$(id)",
        "https://h/`id`",
        "https://h\\@g/r",
        "/srv/r\n",
    };
    struct dr_arena *a = dr_arena_new(0);
    struct dr_err err = {0};
    struct dr_git_url u;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        cr_assert_eq(dr_git_url_parse(a, good[i].text, &u, &err), 0, "%s: %s",
                     good[i].text, err.text);
        cr_assert_str_eq(u.fetch, good[i].fetch);
        cr_assert_eq(u.kind, good[i].kind);
        cr_assert_str_eq(u.host ? u.host : "", good[i].host ? good[i].host : "");
        cr_assert_str_eq(u.user ? u.user : "", good[i].user ? good[i].user : "");
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_assert_eq(dr_git_url_parse(a, bad[i], &u, &err), -DR_E_INPUT, "'%s'", bad[i]);
        cr_assert_null(strstr(err.text, "canary"), "%s", err.text);
        cr_assert_neq(*err.hint, '\0');
    }
    dr_arena_free(a);
}

Test(origin_settings, what_cannot_work_is_refused_at_opening)
{
    struct place p;
    place_make(&p, false);
    char *state = place_path(&p, "state");
    const struct {
        struct dr_origin_config c;
        const char *says;
    } cases[] = {
        {{0}, "either a folder or a git"},
        {{.dir = "/tmp", .git = "/tmp"}, "either a folder or a git"},
        {{.git = "/r"}, "absolute state folder"},
        {{.git = "/r", .state_dir = "state"}, "absolute state folder"},
        {{.git = "/r", .state_dir = state, .path = "../x"}, "stay inside"},
        {{.git = "/r", .state_dir = state, .path = "a/../../x"}, "stay inside"},
        {{.git = "/r", .state_dir = state, .path = "/x"}, "stay inside"},
        {{.git = "/r", .state_dir = state, .path = "a\nb"}, "stay inside"},
        {{.git = "/r", .state_dir = state, .branch = "a..b"}, "name of a branch"},
        {{.git = "/r", .state_dir = state, .branch = "-x"}, "name of a branch"},
        {{.git = "/r", .state_dir = state, .branch = "a b"}, "name of a branch"},
        {{.git = "/r", .state_dir = state, .branch = "*"}, "name of a branch"},
        {{.git = "/r", .state_dir = state, .branch = ""}, "name of a branch"},
        {{.git = "ssh://h/r", .state_dir = state}, "known hosts"},
        {{.git = "ssh://h/r", .state_dir = state, .known_hosts = "/k"}, "private key"},
        {{.git = "/r", .state_dir = state, .ssh_key = {.file = "/k"}}, "is not ssh"},
        {{.git = "/r", .state_dir = state, .password = {.env = "P"}}, "is not https"},
        {{.git = "https://h/r", .state_dir = state, .ca_file = "ca"}, "absolute paths"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dr_origin *o = NULL;
        cr_assert_eq(dr_origin_open(&o, &cases[i].c, &p.err), -DR_E_INPUT, "case %zu", i);
        cr_assert(strstr(p.err.text, cases[i].says), "case %zu: %s", i, p.err.text);
        cr_assert_null(o);
    }
    place_remove(&p);
}

TestSuite(origin_settings, .timeout = 60);

Test(origin_settings, the_child_is_not_for_people)
{
    char a[] = "drover", b[] = DR_GIT_FETCH_COMMAND;
    char *argv[] = {a, b, NULL};
    int null = open("/dev/null", O_RDWR);
    cr_assert_geq(null, 0);
    dup2(null, STDIN_FILENO); /* as with a terminal: no pipe */
    dup2(null, STDERR_FILENO);
    cr_assert_eq(dr_git_fetch_main(2, argv), 64);
}
