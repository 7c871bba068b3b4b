/* A branch of a real git repository as an origin, friendly and hostile. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <git2.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "controller/base/buf.h"
#include "controller/base/file.h"
#include "tests/unit/origin_support.h"

static struct place p;

static void setup(void)
{
    place_make(&p, true);
}

static void teardown(void)
{
    place_remove(&p);
}

TestSuite(origin_git, .init = setup, .fini = teardown, .timeout = 60);

#define COMMIT "git -C $R add -A; git -C $R commit -q --allow-empty -m "

static int poll_fails(struct dr_origin *o)
{
    struct dr_origin_revision r;
    p.err = (struct dr_err){0};
    int rc = dr_origin_poll(o, p.arena, 20000, NULL, &r, &p.err);
    cr_assert_neq(rc, 0);
    return -rc;
}

Test(origin_git, gives_the_documents_of_the_tip)
{
    place_run(
        &p, "mkdir -p $R/clusters/eu $R/other; echo a > $R/clusters/b.yaml;"
            "printf 'x: 1\\r\\n' > $R/clusters/eu/a.yml; echo n > $R/clusters/notes.txt;"
            "echo h > $R/clusters/.hidden.yaml; mkdir $R/clusters/.d;"
            "echo h > $R/clusters/.d/x.yaml; echo o > $R/other/o.yaml;"
            "chmod +x $R/clusters/b.yaml;" COMMIT "'say hello\n\nbody'");
    struct dr_origin *o = place_git(&p, NULL, "./clusters//", NULL);
    cr_assert(dr_origin_has_history(o));
    struct dr_origin_revision r = place_poll(&p, o, NULL);
    cr_assert_str_eq(r.revision, place_ask(&p, "git -C $R rev-parse HEAD"));
    cr_assert_str_eq(place_files(&p, &r), "b.yaml eu/a.yml");
    cr_assert_str_eq(r.files[1].bytes, "x: 1\r\n");
    cr_assert_eq(r.files[1].len, 6);
    cr_assert_str_eq(r.author, "Ada <ada@example.com>");
    cr_assert_str_eq(r.subject, "say hello");
    cr_assert_eq(r.time_s, 1700000100);
    cr_assert(r.changed && r.complete && !r.path_removed);
    cr_assert_eq(r.obstacle_count, 0);
    struct dr_origin_revision again = place_poll(&p, o, r.revision);
    cr_assert_not(again.changed);
    cr_assert_eq(again.file_count, 2, "unchanged, and given all the same");
    place_run(&p, "rm $R/clusters/b.yaml;" COMMIT "'second'");
    again = place_poll(&p, o, r.revision);
    cr_assert(again.changed);
    cr_assert_str_eq(place_files(&p, &again), "eu/a.yml");
    cr_assert_eq(dr_origin_descends(o, again.revision, r.revision), DR_DESCENT_YES);
    dr_origin_close(o);
    o = place_git(&p, NULL, "clusters/eu/a.yml", NULL);
    r = place_poll(&p, o, NULL);
    cr_assert_str_eq(place_files(&p, &r), "a.yml", "the path may be one file");
    dr_origin_close(o);
}

Test(origin_git, what_is_not_there_is_said)
{
    struct dr_origin *o = place_git(&p, NULL, "clusters", NULL);
    cr_assert_eq(poll_fails(o), DR_E_ABSENT, "empty repository: %s", p.err.text);
    cr_assert(strstr(p.err.text, "no branch 'main'"), "%s", p.err.text);
    place_run(&p, "echo a > $R/a.yaml;" COMMIT "one");
    cr_assert_eq(poll_fails(o), DR_E_ABSENT, "%s", p.err.text);
    cr_assert(strstr(p.err.text, "has no 'clusters', nor had"), "%s", p.err.text);
    dr_origin_close(o);
    o = place_git(&p, NULL, NULL, &(struct dr_origin_config){.branch = "release"});
    cr_assert_eq(poll_fails(o), DR_E_ABSENT);
    place_run(&p, "git -C $R branch release");
    place_poll(&p, o, NULL);
    place_run(&p, "git -C $R branch -D release");
    cr_assert_eq(poll_fails(o), DR_E_ABSENT, "a removed branch is not its last tip");
    dr_origin_close(o);
    o = place_git(&p, place_path(&p, "nowhere"), NULL, NULL);
    cr_assert_neq(poll_fails(o), 0);
    dr_origin_close(o);
}

Test(origin_git, removing_the_last_document_is_no_mistake_in_the_path)
{
    place_run(&p,
              "mkdir $R/clusters; echo a > $R/clusters/a.yaml; echo > $R/README;" COMMIT
              "one; git -C $R rm -q clusters/a.yaml;" COMMIT "two;" COMMIT "three");
    struct dr_origin *o = place_git(&p, NULL, "clusters", NULL);
    struct dr_origin_revision r = place_poll(&p, o, NULL);
    cr_assert(r.path_removed && r.complete);
    cr_assert_eq(r.file_count, 0);
    struct dr_origin_past_list past;
    cr_assert_eq(dr_origin_vanished(o, p.arena, 1000, &past, &p.err), 0);
    cr_assert_eq(past.count, 1);
    cr_assert_str_eq(past.items[0].file.path, "a.yaml");
    dr_origin_close(o);
}

Test(origin_git, nothing_is_followed_entered_or_run)
{
    place_run(
        &p,
        "mkdir -p $R/t/deep; cd $R; echo ok > t/ok.yaml; ln -s /etc/passwd t/passwd.yaml;"
        "ln -s ../.. t/up; ln -s ok.yaml t/.hidden-link.yaml;"
        "printf '*.yaml filter=evil text eol=crlf\\n' > t/.gitattributes;"
        "printf '*.yaml filter=evil\\n' > .gitattributes;"
        "git config filter.evil.smudge 'touch '$HOME'/ran-smudge; cat';"
        "git config filter.evil.clean cat;"
        "git config uploadpack.packObjectsHook 'touch '$HOME'/ran-pack-hook; exec';"
        "for h in post-checkout pre-commit post-update reference-transaction; do "
        "printf '#!/bin/sh\\ntouch '$HOME'/ran-%s\\n' $h > .git/hooks/$h;"
        "chmod +x .git/hooks/$h; done;"
        "git config core.fsmonitor 'touch '$HOME'/ran-fsmonitor';"
        "git add -A; git commit -q --no-verify -m one;"
        "git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),t/module;"
        "git commit -q --no-verify -m two; rm -f $HOME/ran-*");
    struct dr_origin *o = place_git(&p, NULL, "t", NULL);
    struct dr_origin_revision r = place_poll(&p, o, NULL);
    cr_assert_str_eq(place_files(&p, &r), "ok.yaml");
    cr_assert_str_eq(r.files[0].bytes, "ok\n");
    cr_assert_str_eq(place_obstacles(&p, &r),
                     "submodule:module symlink:passwd.yaml symlink:up");
    cr_assert_not(r.complete);
    cr_assert_not(place_try(&p, "ls $HOME/ran-* >/dev/null 2>&1"), "something ran");
    dr_origin_close(o);
    o = place_git(&p, NULL, "t/passwd.yaml", NULL);
    r = place_poll(&p, o, NULL);
    cr_assert(r.file_count == 0 && !r.complete, "the path itself is a link");
    dr_origin_close(o);
    o = place_git(&p, NULL, "t/up/t", NULL);
    cr_assert_eq(poll_fails(o), DR_E_ABSENT, "no way through a link");
    dr_origin_close(o);
}

/* Writes a tree with these entries (mode and name; each a blob "evil\n", or the bytes of
 * `id`) and a commit of it, past all checks, and makes it the branch. */
struct raw_entry {
    const char *mode, *name, *id;
};

static void raw_commit(const struct raw_entry *entries, size_t count)
{
    git_repository *repo = NULL;
    git_odb *odb = NULL;
    git_oid blob, tree, commit;
    git_reference *ref = NULL;
    struct dr_buf b;
    dr_buf_init(&b, 1 << 16);
    git_libgit2_init();
    cr_assert_eq(git_repository_open(&repo, place_path(&p, "repo")), 0);
    cr_assert_eq(git_repository_odb(&odb, repo), 0);
    cr_assert_eq(git_odb_write(&blob, odb, "evil\n", 5, GIT_OBJECT_BLOB), 0);
    for (size_t i = 0; i < count; i++) {
        dr_buf_addf(&b, "%s %s", entries[i].mode, entries[i].name);
        dr_buf_addc(&b, '\0');
        dr_buf_add(&b, entries[i].id ? entries[i].id : (char *)blob.id, 20);
    }
    cr_assert_eq(git_odb_write(&tree, odb, b.data, b.len, GIT_OBJECT_TREE), 0);
    char *text = dr_sprintf(
        p.arena, "tree %s\nauthor a <a> 1 +0000\ncommitter c <c> 1 +0000\n\nx\n",
        git_oid_tostr_s(&tree));
    cr_assert_eq(git_odb_write(&commit, odb, text, strlen(text), GIT_OBJECT_COMMIT), 0);
    cr_assert_eq(git_reference_create(&ref, repo, "refs/heads/main", &commit, 1, NULL),
                 0);
    git_reference_free(ref);
    git_odb_free(odb);
    git_repository_free(repo);
    git_libgit2_shutdown();
    dr_buf_release(&b);
}

Test(origin_git, hostile_trees_give_obstacles)
{
    static const struct {
        struct raw_entry entries[3];
        const char *files, *obstacles; /* NULL: an error will do as well */
    } cases[] = {
        {{{"100644", "a\rb.yaml", 0}, {"100644", "ok.yaml", 0}},
         "ok.yaml",
         "name:a\\x0Db.yaml"},
        {{{"100644", "../../x.yaml", 0}}, "", "name:../../x.yaml"},
        {{{"100644", "/tmp/x.yaml", 0}}, "", "name:/tmp/x.yaml"},
        {{{"100644", "same.yaml", 0}, {"100644", "same.yaml", 0}}, "", "name:same.yaml"},
        {{{"100644", "\377.yaml", 0}}, "", "name:\\xFF.yaml"},
        {{{"100644", "\xe2\x80\xae.yaml", 0}}, "", "name:\\xE2\\x80\\xAE.yaml"},
        {{{"100600", "odd.yaml", 0}}, "", "special:odd.yaml"},
        {{{"120000", "link.yaml", 0}}, "", "symlink:link.yaml"},
        {{{"100644", "z.yaml", 0}, {"100755", "a.yaml", 0}}, "a.yaml z.yaml", ""},
        {{{"100644", ".yaml", 0}, {"100644", "x.YAML", 0}, {"100644", "yaml", 0}},
         "",
         ""},
        {{{"100644", "gone.yaml", "aaaaaaaaaaaaaaaaaaaa"}}, NULL, NULL},
        {{{"40000", "d", "aaaaaaaaaaaaaaaaaaaa"}}, NULL, NULL},
        {{{"40000", "blob", 0}}, NULL, NULL},
        {{{"40000", "..", 0}}, NULL, NULL},
        {{{"nonsense", "a.yaml", 0}}, NULL, NULL},
    };
    struct dr_origin *o = place_git(&p, NULL, NULL, NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dr_origin_revision r = {0};
        size_t n = 0;
        while (n < 3 && cases[i].entries[n].mode)
            n++;
        raw_commit(cases[i].entries, n);
        int rc = dr_origin_poll(o, p.arena, 20000, NULL, &r, &p.err);
        if (rc == 0 && cases[i].files) {
            cr_assert_str_eq(place_files(&p, &r), cases[i].files, "case %zu", i);
            cr_assert_str_eq(place_obstacles(&p, &r), cases[i].obstacles, "case %zu", i);
        }
        cr_assert(cases[i].files ? rc == 0 : rc != 0 || !r.complete, "case %zu: %s", i,
                  p.err.text);
    }
    dr_origin_close(o);
}

Test(origin_git, sizes_are_known_before_anything_is_read)
{
    place_run(&p, "cd $R; head -c 3000000 /dev/zero > big.yaml; echo ok > ok.yaml;"
                  "head -c 3000000 /dev/zero > big.bin;" COMMIT "one");
    struct dr_origin *o = place_git(&p, NULL, NULL, NULL);
    struct dr_origin_revision r = place_poll(&p, o, NULL);
    cr_assert_str_eq(place_files(&p, &r), "ok.yaml");
    cr_assert_str_eq(place_obstacles(&p, &r), "size:big.yaml");
    cr_assert_not(r.complete);
    dr_origin_close(o);
    o = place_git(&p, NULL, NULL, &(struct dr_origin_config){.max_files = 1});
    r = place_poll(&p, o, NULL);
    cr_assert_not(r.complete);
    dr_origin_close(o);
    o = place_git(&p, NULL, NULL, &(struct dr_origin_config){.max_total_bytes = 2});
    r = place_poll(&p, o, NULL);
    cr_assert(!r.complete && r.file_count == 0);
    dr_origin_close(o);
}

Test(origin_git, a_bomb_of_trees_is_bounded)
{
    /* ten levels of ten names for one tree: 10^10 files in eleven objects */
    place_run(&p,
              "cd $R; b=$(echo x | git hash-object -w --stdin);"
              "t=$(for i in 0 1 2 3 4 5 6 7 8 9; do printf '100644 blob %s\\t%s.yaml\\n' "
              "$b $i; done | git mktree);"
              "for l in 1 2 3 4 5 6 7 8 9 10; do t=$(for i in 0 1 2 3 4 5 6 7 8 9; do "
              "printf '040000 tree %s\\t%s\\n' $t $i; done | git mktree); done;"
              "git update-ref refs/heads/main $(git commit-tree $t -m bomb)");
    struct dr_origin *o = place_git(&p, NULL, NULL, NULL);
    struct dr_origin_revision r = place_poll(&p, o, NULL);
    cr_assert(r.file_count <= 10000 && !r.complete, "%zu", r.file_count);
    struct dr_origin_past_list past;
    cr_assert_eq(dr_origin_vanished(o, p.arena, 1000, &past, &p.err), 0);
    cr_assert_not(past.whole);
    dr_origin_close(o);
    /* a ladder of folders */
    place_run(
        &p, "cd $R; t=$(echo | git hash-object -w --stdin);"
            "t=$(printf '100644 blob %s\\ta.yaml\\n' $t | git mktree);"
            "for i in $(seq 60); do t=$(printf '040000 tree %s\\td\\n' $t | git mktree);"
            "done; git update-ref refs/heads/main $(git commit-tree $t -m ladder)");
    o = place_git(&p, NULL, NULL, NULL);
    r = place_poll(&p, o, NULL);
    cr_assert(r.file_count == 0 && !r.complete);
    dr_origin_close(o);
}

Test(origin_git, a_compressed_bomb_costs_the_child_only)
{
    struct rusage before, after;
    place_run(&p, "cd $R; echo a > a.yaml; head -c 100000000 /dev/zero > b.yaml;"
                  "git config core.compression 1;" COMMIT "bomb");
    struct dr_origin_config small = {.max_memory_bytes = 64 << 20};
    struct dr_origin *o = place_git(&p, NULL, NULL, &small);
    struct dr_origin_revision r = {0};
    getrusage(RUSAGE_SELF, &before);
    int rc = dr_origin_poll(o, p.arena, 20000, NULL, &r, &p.err);
    getrusage(RUSAGE_SELF, &after);
    cr_assert_lt(after.ru_maxrss - before.ru_maxrss, 50000, "KiB");
    /* a sanitizer's shadow memory leaves the child without that limit */
    cr_assert(rc == -DR_E_LIMIT || (rc == 0 && !r.complete), "%s", p.err.text);
    dr_origin_close(o);
}

Test(origin_git, a_repository_larger_than_allowed_is_refused)
{
    place_run(&p,
              "cd $R; head -c 3000000 /dev/urandom > noise.bin; echo a > a.yaml;" COMMIT
              "one");
    struct dr_origin_config small = {.max_repository_bytes = 1 << 20};
    struct dr_origin *o = place_git(&p, NULL, NULL, &small);
    cr_assert_eq(poll_fails(o), DR_E_LIMIT, "%s", p.err.text);
    cr_assert(strstr(p.err.text, "larger than 1MiB"), "%s", p.err.text);
    cr_assert_eq(poll_fails(o), DR_E_LIMIT, "and again: %s", p.err.text);
    cr_assert(place_try(&p, "test $(du -sk state | cut -f1) -lt 2048"), "left-overs");
    dr_origin_close(o);
}

Test(origin_git, garbage_of_force_pushes_is_dropped)
{
    struct dr_origin_config c = {.max_repository_bytes = 2 << 20};
    struct dr_origin *o = place_git(&p, NULL, NULL, &c);
    for (int i = 0; i < 4; i++) {
        place_run(
            &p, "cd $R; git checkout -q --orphan new; head -c 1000000 /dev/urandom > n;"
                "echo a > a.yaml;" COMMIT "x; git branch -M new main; git reflog expire "
                "--expire=now --all; git gc -q --prune=now");
        place_poll(&p, o, NULL);
    }
    dr_origin_close(o);
}

Test(origin_git, a_rewritten_history_is_a_fact)
{
    place_run(&p, "echo 1 > $R/a.yaml;" COMMIT "one; echo 2 > $R/a.yaml;" COMMIT "two");
    struct dr_origin *o = place_git(&p, NULL, NULL, NULL);
    struct dr_origin_revision two = place_poll(&p, o, NULL);
    const char *one = place_ask(&p, "git -C $R rev-parse HEAD~1");
    place_run(&p, "cd $R; git reset -q --hard HEAD~1; echo 3 > a.yaml;" COMMIT "three");
    struct dr_origin_revision three = place_poll(&p, o, two.revision);
    cr_assert(three.changed);
    cr_assert_eq(dr_origin_descends(o, three.revision, two.revision), DR_DESCENT_NO);
    cr_assert_eq(dr_origin_descends(o, three.revision, one), DR_DESCENT_YES);
    cr_assert_eq(dr_origin_descends(o, three.revision, three.revision), DR_DESCENT_YES);
    cr_assert_eq(dr_origin_descends(o, one, three.revision), DR_DESCENT_NO);
    cr_assert_eq(dr_origin_descends(o, three.revision, "local:1"), DR_DESCENT_NO);
    cr_assert_eq(dr_origin_descends(o, "local:1", one), DR_DESCENT_UNKNOWN);
    cr_assert_eq(dr_origin_descends(o, "0123456789012345678901234567890123456789", one),
                 DR_DESCENT_UNKNOWN, "a revision that nobody has");
    place_run(&p, "cd $R; git checkout -q --orphan other; echo 4 > a.yaml;" COMMIT
                  "four; git branch -M other main");
    struct dr_origin_revision four = place_poll(&p, o, three.revision);
    cr_assert_eq(dr_origin_descends(o, four.revision, three.revision), DR_DESCENT_NO);
    dr_origin_close(o);
}

Test(origin_git, a_merged_branch_is_in_the_history)
{
    place_run(&p,
              "cd $R; echo 1 > a.yaml;" COMMIT "one; git checkout -q -b side; echo s > "
              "side.yaml;" COMMIT "side; git rm -q side.yaml;" COMMIT
              "gone; git checkout -q main; echo 2 > a.yaml;" COMMIT
              "two; git merge -q --no-ff side -m merge");
    struct dr_origin *o = place_git(&p, NULL, NULL, NULL);
    struct dr_origin_revision r = place_poll(&p, o, NULL);
    cr_assert_eq(
        dr_origin_descends(o, r.revision, place_ask(&p, "git -C $R rev-parse side~1")),
        DR_DESCENT_YES);
    struct dr_origin_past_list past;
    cr_assert_eq(dr_origin_vanished(o, p.arena, 1000, &past, &p.err), 0);
    cr_assert_eq(past.count, 1, "what only the side branch had was never declared");
    cr_assert_str_eq(past.items[0].file.bytes, "1\n");
    dr_origin_close(o);
}

Test(origin_git, tells_what_vanished)
{
    place_run(&p, "mkdir $R/t; cd $R/t; printf one > a.yaml; printf both > b.yaml;"
                  "printf keep > c.yaml; printf no > n.txt;" COMMIT "1;"
                  "git rm -q a.yaml; printf half > b.yaml;" COMMIT "2;"
                  "printf back > a.yaml;" COMMIT "3; git mv c.yaml moved.yaml;" COMMIT
                  "4; git rm -q a.yaml; ln -s x l.yaml;" COMMIT
                  "5; git rm -q l.yaml;" COMMIT "6");
    struct dr_origin *o = place_git(&p, NULL, "t", NULL);
    struct dr_origin_past_list past;
    cr_assert_eq(dr_origin_vanished(o, p.arena, 1000, &past, &p.err), -DR_E_CONFLICT);
    place_poll(&p, o, NULL);
    cr_assert_eq(dr_origin_vanished(o, p.arena, 1000, &past, &p.err), 0, "%s",
                 p.err.text);
    static const struct {
        const char *path, *bytes, *commit;
        bool at_tip;
    } want[] = {
        {"a.yaml", "back", "HEAD~2", false},
        {"c.yaml", "keep", "HEAD~3", false},
        {"a.yaml", "one", "HEAD~5", false},
        {"b.yaml", "both", "HEAD~5", true},
    };
    cr_assert_eq(past.count, 4);
    for (size_t i = 0; i < past.count; i++) {
        char *id =
            place_ask(&p, dr_sprintf(p.arena, "git -C $R rev-parse %s", want[i].commit));
        cr_assert_str_eq(past.items[i].file.path, want[i].path, "%zu", i);
        cr_assert_str_eq(past.items[i].file.bytes, want[i].bytes, "%zu", i);
        cr_assert_str_eq(past.items[i].revision, id, "%zu", i);
        cr_assert_eq(past.items[i].path_at_tip, want[i].at_tip, "%zu", i);
    }
    cr_assert_eq(past.commits_walked, 5);
    cr_assert_not(past.whole, "a link was passed over");
    cr_assert_eq(dr_origin_vanished(o, p.arena, 2, &past, &p.err), 0);
    cr_assert_eq(past.count, 1, "only two commits back");
    cr_assert_not(past.whole);
    dr_origin_close(o);
}

Test(origin_git, goes_back_by_first_parents)
{
    place_run(&p, "cd $R; printf 1 > a.yaml;" COMMIT "1; git checkout -q -b side;"
                  "printf side > a.yaml;" COMMIT "side; git checkout -q main;"
                  "printf 2 > b.yaml;" COMMIT "2; git merge -q -m merged side");
    struct dr_origin *o = place_git(&p, NULL, NULL, NULL);
    struct dr_origin_revision r = place_poll(&p, o, NULL), before;
    cr_assert_eq(dr_origin_read_before(o, p.arena, r.revision, &before, &p.err), 0, "%s",
                 p.err.text);
    cr_expect_str_eq(before.revision, place_ask(&p, "git -C $R rev-parse HEAD^1"));
    cr_expect_str_eq(before.subject, "2");
    cr_expect_str_eq(place_files(&p, &before), "a.yaml b.yaml");
    cr_expect_str_eq(before.files[0].bytes, "1", "not the side's");
    cr_assert_eq(dr_origin_read_before(o, p.arena, before.revision, &before, &p.err), 0);
    cr_expect_eq(dr_origin_read_before(o, p.arena, before.revision, &before, &p.err),
                 -DR_E_ABSENT, "the first commit");
    cr_expect_eq(dr_origin_read_before(o, p.arena, "dir:1", &before, &p.err), -DR_E_IO);
    dr_origin_close(o);
}

Test(origin_git, a_thousand_commits_are_walked)
{
    place_run(
        &p,
        "cd $R; for i in $(seq 1 1100); do n=$((i < 1100 ? i : 0));"
        "printf 'commit refs/heads/main\\ncommitter a <a> %d +0000\\ndata 1\\nx\\n' $i;"
        "printf 'M 100644 inline a.yaml\\ndata 4\\n%04d\\n' $n; done |"
        "git fast-import --quiet");
    struct dr_origin *o = place_git(&p, NULL, NULL, NULL);
    struct dr_origin_revision r = place_poll(&p, o, NULL);
    struct dr_origin_past_list past;
    cr_assert_eq(dr_origin_vanished(o, p.arena, DR_ORIGIN_HISTORY_COMMITS, &past, &p.err),
                 0);
    cr_assert_eq(past.commits_walked, 1000);
    cr_assert_eq(past.count, 1000);
    cr_assert_str_eq(past.items[0].file.bytes, "1099");
    cr_assert_not(past.whole);
    cr_assert_eq(dr_origin_vanished(o, p.arena, 5000, &past, &p.err), 0);
    cr_assert(past.whole && past.count == 1099);
    cr_assert_eq(dr_origin_descends(o, r.revision,
                                    place_ask(&p, "git -C $R rev-list main | tail -1")),
                 DR_DESCENT_YES);
    dr_origin_close(o);
}

static int64_t ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A server that accepts and never answers. Out: its port. */
static int silent_server(int *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    cr_assert_eq(listen(fd, 5), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    *port = ntohs(a.sin_port);
    return fd;
}

Test(origin_git, a_silent_server_meets_the_deadline)
{
    int port, fd = silent_server(&port);
    place_run(&p, "umask 077; : > known; echo key > key");
    struct dr_origin_config ssh = {.known_hosts = place_path(&p, "known"),
                                   .ssh_key = {.file = place_path(&p, "key")}};
    const char *const urls[] = {dr_sprintf(p.arena, "https://127.0.0.1:%d/x", port),
                                dr_sprintf(p.arena, "ssh://127.0.0.1:%d/x", port)};
    for (int i = 0; i < 2; i++) {
        struct dr_origin *o = place_git(&p, urls[i], NULL, i ? &ssh : NULL);
        struct dr_origin_revision r;
        bool ready = true;
        int64_t start = ms();
        cr_assert_eq(dr_origin_start(o, 700, &p.err), 0, "%s", p.err.text);
        cr_assert_eq(dr_origin_start(o, 700, &p.err), -DR_E_BUG, "one at a time");
        cr_assert_geq(dr_origin_fd(o), 0);
        dr_origin_wait(o, 0, &ready);
        cr_assert(!ready && ms() - start < 500, "starting and looking never block");
        cr_assert_eq(dr_origin_read(o, p.arena, NULL, &r, &p.err), -DR_E_CONFLICT);
        while (!ready)
            dr_origin_wait(o, 60000, &ready);
        int64_t took = ms() - start;
        cr_assert_eq(dr_origin_read(o, p.arena, NULL, &r, &p.err), -DR_E_TIMEOUT, "%s",
                     p.err.text);
        cr_assert(took >= 700 && took < 3000, "%lld ms", (long long)took);
        cr_assert_eq(dr_origin_read_stored(o, p.arena, &r, &p.err), -DR_E_ABSENT);
        cr_assert_eq(dr_origin_start(o, 60000, &p.err), 0);
        dr_origin_close(o); /* ends it */
    }
    errno = 0;
    cr_assert(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "no child is left");
    close(fd);
}

Test(origin_git, a_closed_port_is_unreachable)
{
    int port, fd = silent_server(&port);
    close(fd);
    struct dr_origin *o =
        place_git(&p, dr_sprintf(p.arena, "https://127.0.0.1:%d/x", port), NULL, NULL);
    cr_assert_eq(poll_fails(o), DR_E_UNREACHABLE, "%s", p.err.text);
    dr_origin_close(o);
}

Test(origin_git, the_last_fetch_outlives_the_server)
{
    place_run(&p, "echo a > $R/a.yaml;" COMMIT "one");
    struct dr_origin *o = place_git(&p, NULL, NULL, NULL);
    struct dr_origin_revision r = place_poll(&p, o, NULL), stored;
    dr_origin_close(o);
    place_run(&p, "mv $R $HOME/away");
    o = place_git(&p, NULL, NULL, NULL);
    poll_fails(o);
    cr_assert_eq(dr_origin_read_stored(o, p.arena, &stored, &p.err), 0, "%s", p.err.text);
    cr_assert_str_eq(stored.revision, r.revision);
    cr_assert_str_eq(place_files(&p, &stored), "a.yaml");
    dr_origin_close(o);
}

Test(origin_git, a_damaged_mirror_is_made_anew)
{
    place_run(&p, "echo a > $R/a.yaml;" COMMIT "one");
    struct dr_origin *o = place_git(&p, NULL, NULL, NULL);
    place_poll(&p, o, NULL);
    static const char *const damage[] = {
        "rm -rf state/git/*/objects/pack/*",
        "rm -rf state/git/*/HEAD",
        "for f in state/git/*/objects/pack/*.pack; do chmod u+w $f; echo x > $f; done",
        "for f in state/git/*/refs/drover/tip; do echo nonsense > $f; done",
        "for f in state/git/*/refs/drover; do touch $f/tip.lock; done; echo b > "
        "$R/a.yaml;" COMMIT "two",
        "for f in state/git/*/objects/pack; do touch $f/pack_git2_half; done",
    };
    for (size_t i = 0; i < sizeof(damage) / sizeof(damage[0]); i++) {
        place_run(&p, damage[i]);
        struct dr_origin_revision r = place_poll(&p, o, NULL);
        cr_assert_str_eq(place_files(&p, &r), "a.yaml", "%s", damage[i]);
    }
    cr_assert_not(place_try(&p, "ls state/git/*/objects/pack/pack_git2_half"), "swept");
    dr_origin_close(o);
}

Test(origin_git, two_of_us_share_a_mirror)
{
    place_run(&p, "echo a > $R/a.yaml;" COMMIT "one");
    struct dr_origin *a = place_git(&p, NULL, NULL, NULL),
                     *b = place_git(&p, NULL, NULL, NULL);
    int lock = open(place_ask(&p, "mkdir -p state/git; ls -d $HOME/state"), O_RDONLY);
    close(lock);
    for (int i = 0; i < 5; i++) {
        bool ra = false, rb = false;
        struct dr_origin_revision r;
        cr_assert_eq(dr_origin_start(a, 20000, &p.err), 0);
        cr_assert_eq(dr_origin_start(b, 20000, &p.err), 0);
        while (!ra || !rb) {
            dr_origin_wait(a, 20, &ra);
            dr_origin_wait(b, 20, &rb);
        }
        cr_assert_eq(dr_origin_read(a, p.arena, NULL, &r, &p.err), 0, "%s", p.err.text);
        cr_assert_eq(dr_origin_read(b, p.arena, NULL, &r, &p.err), 0, "%s", p.err.text);
    }
    dr_origin_close(a);
    dr_origin_close(b);
}

Test(origin_git, host_configuration_does_not_reach_us)
{
    place_run(
        &p,
        "echo a > $R/a.yaml;" COMMIT "one;"
        "printf '[url \"/nowhere\"]\\n insteadOf = /tmp\\n[core]\\n gitProxy=false\\n'"
        "> .gitconfig; mkdir -p .config/git; cp .gitconfig .config/git/config");
    setenv("HOME", p.dir, 1);
    setenv("XDG_CONFIG_HOME", place_path(&p, ".config"), 1);
    setenv("GIT_DIR", "/nowhere", 1);
    setenv("GIT_CONFIG_GLOBAL", place_path(&p, ".gitconfig"), 1);
    setenv("https_proxy", "http://127.0.0.1:1", 1);
    struct dr_origin *o = place_git(&p, NULL, NULL, NULL);
    place_poll(&p, o, NULL);
    dr_origin_close(o);
}

/* A program in place of the fetcher that shows what it was given. */
Test(origin_git, the_child_gets_no_environment_no_files_and_no_secret_in_sight)
{
    place_run(&p, "umask 077; echo canary-7f3a > token");
    const char *spy =
        dr_sprintf(p.arena,
                   "#!/bin/sh\ncd %s\ntr '\\0' ' ' < /proc/$$/cmdline > argv\n"
                   "cat /proc/$$/environ > env\nls -l /proc/$$/fd > fds\n"
                   "cat > request\necho nonsense\n",
                   p.dir);
    cr_assert_eq(dr_file_write(place_path(&p, "spy"), spy, strlen(spy), 0700, &p.err), 0);
    setenv("DROVER_TEST_SECRET", "canary-7f3a", 1);
    int leaked = open(place_path(&p, "leak.txt"), O_RDWR | O_CREAT, 0600);
    cr_assert_geq(leaked, 3);
    cr_assert_not(fcntl(leaked, F_GETFD) & FD_CLOEXEC);
    struct dr_origin_config c = {.fetcher = place_path(&p, "spy"),
                                 .password = {.file = place_path(&p, "token")}};
    struct dr_origin *o = place_git(&p, "https://127.0.0.1:1/x", NULL, &c);
    cr_assert_eq(poll_fails(o), DR_E_IO, "%s", p.err.text);
    cr_assert(strstr(p.err.text, "without an answer"), "%s", p.err.text);
    cr_assert(place_try(&p, "grep -q canary request"), "the pipe carries it");
    cr_assert_not(place_try(&p, "grep -q canary argv"));
    cr_assert_not(place_try(&p, "test -s env"), "the environment is empty");
    cr_assert_not(place_try(&p, "grep -q leak.txt fds"), "no file of ours");
    cr_assert_str_eq(place_ask(&p, "grep -c pipe: fds"), "2");
    cr_assert_null(strstr(dr_origin_name(o), "canary"));
    close(leaked);
    dr_origin_close(o);
}

Test(origin_git, the_child_dies_with_its_parent)
{
    int port, fd = silent_server(&port), up[2];
    cr_assert_eq(pipe(up), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct dr_origin *o = place_git(
            &p, dr_sprintf(p.arena, "https://127.0.0.1:%d/x", port), NULL, NULL);
        if (dr_origin_start(o, 60000, &p.err) == 0 && write(up[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    char c;
    cr_assert_eq(read(up[0], &c, 1), 1);
    const char *find = dr_sprintf(p.arena, "pgrep -P %d", pid);
    char *child = place_ask(&p, find);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    char *gone =
        dr_sprintf(p.arena,
                   "for i in $(seq 50); do test -d /proc/%s || exit 0; "
                   "grep -q '^State:.Z' /proc/%s/status && exit 0; sleep 0.05; done;"
                   "exit 1",
                   child, child);
    cr_assert(place_try(&p, gone), "process %s lives on", child);
    close(fd);
}
