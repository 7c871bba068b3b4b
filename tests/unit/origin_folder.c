/* A folder of documents as an origin, friendly and hostile. */
#include <criterion/criterion.h>
#include <sys/stat.h>

#include "controller/base/file.h"
#include "tests/unit/origin_support.h"

static struct place p;

static void setup(void)
{
    place_make(&p, false);
    place_run(&p, "mkdir d");
}

static void teardown(void)
{
    place_remove(&p);
}

TestSuite(origin_folder, .init = setup, .fini = teardown, .timeout = 60);

static struct dr_origin *folder(const char *name, bool state)
{
    struct dr_origin *o = NULL;
    struct dr_origin_config c = {.dir = place_path(&p, name),
                                 .state_dir = state ? place_path(&p, "state") : NULL};
    cr_assert_eq(dr_origin_open(&o, &c, &p.err), 0, "%s", p.err.text);
    return o;
}

Test(origin_folder, gives_its_documents_in_a_stable_order)
{
    place_run(
        &p, "cd d; mkdir b .h; printf 2 > b/x.yml; printf 1 > a.yaml; printf 3 > c.yaml;"
            "printf h > .h/x.yaml; printf h > .x.yaml; printf t > t.txt; mkdir e.yaml");
    struct dr_origin *o = folder("d", false);
    struct dr_origin_revision r = place_poll(&p, o, NULL), again;
    cr_assert_not(dr_origin_has_history(o));
    cr_assert_str_eq(place_files(&p, &r), "a.yaml b/x.yml c.yaml");
    cr_assert_eq(strncmp(r.revision, "dir:", 4), 0);
    cr_assert_eq(strlen(r.revision), 68);
    cr_assert(r.changed && r.complete && !r.lone_file);
    cr_assert_null(r.author);
    struct dr_origin *alone = folder("d/a.yaml", false);
    r = place_poll(&p, alone, NULL);
    cr_assert_str_eq(place_files(&p, &r), "a.yaml");
    cr_assert(r.lone_file);
    dr_origin_close(alone);
    r = place_poll(&p, o, NULL);
    place_run(&p, "touch d/a.yaml; printf new > d/t.txt");
    again = place_poll(&p, o, r.revision);
    cr_assert_not(again.changed);
    cr_assert_str_eq(again.revision, r.revision);
    static const char *const changes[] = {
        "printf 9 > d/a.yaml",  "mv d/a.yaml d/aa.yaml", "rm d/c.yaml",
        "printf '' > d/n.yaml", "ln -sf t.txt d/n.yaml", "rm d/n.yaml"};
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        place_run(&p, changes[i]);
        again = place_poll(&p, o, r.revision);
        cr_assert(again.changed, "%s", changes[i]);
        r = again;
    }
    cr_assert_eq(dr_origin_descends(o, r.revision, r.revision), DR_DESCENT_UNKNOWN);
    dr_origin_close(o);
}

Test(origin_folder, one_document_is_a_folder_of_one)
{
    place_run(
        &p, "printf 1 > d/a.yaml; printf 2 > d/b.yaml; printf 3 > d/plain; ln -s d link");
    struct dr_origin *o = folder("d/a.yaml", false);
    struct dr_origin_revision r = place_poll(&p, o, NULL);
    cr_assert_str_eq(place_files(&p, &r), "a.yaml");
    dr_origin_close(o);
    o = folder("d/plain", false);
    r = place_poll(&p, o, NULL);
    cr_assert_str_eq(place_files(&p, &r), "plain",
                     "a file named by hand needs no ending");
    dr_origin_close(o);
    o = folder("link", false);
    r = place_poll(&p, o, NULL);
    cr_assert_eq(r.file_count, 2, "the folder itself is the operator's word");
    dr_origin_close(o);
}

Test(origin_folder, nothing_outside_is_read_and_nothing_blocks)
{
    place_run(
        &p,
        "cd d; printf ok > ok.yaml; mkfifo pipe.yaml; mkfifo quiet.fifo;"
        "ln -s /etc/passwd passwd.yaml; ln -s / root; ln -s ok.yaml inner.yaml;"
        "ln -s nowhere dangling.yaml; ln -s . loop; ln -s /etc/passwd .hidden.yaml;"
        "truncate -s 1G sparse.yaml; head -c 2000000 /dev/zero > big.yaml;"
        "printf x > \"$(printf 'cr\\r.yaml')\"; printf x > \"$(printf '\\377.yaml')\"");
    place_try(&p, "mknod d/dev.yaml c 1 5");
    struct dr_origin *o = folder("d", false);
    struct dr_origin_revision r = place_poll(&p, o, NULL);
    cr_assert_str_eq(place_files(&p, &r), "ok.yaml");
    const char *all = place_obstacles(&p, &r);
    static const char *const want[] = {"special:pipe.yaml",     "symlink:passwd.yaml",
                                       "symlink:root",          "symlink:inner.yaml",
                                       "symlink:dangling.yaml", "symlink:loop",
                                       "size:sparse.yaml",      "size:big.yaml",
                                       "name:cr\\x0D.yaml",     "name:\\xFF.yaml"};
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
        cr_assert(strstr(all, want[i]), "%s in %s", want[i], all);
    cr_assert_null(strstr(all, "quiet"));
    cr_assert_null(strstr(all, "hidden"));
    cr_assert_not(r.complete);
    dr_origin_close(o);
}

Test(origin_folder, depth_and_count_are_bounded)
{
    place_run(
        &p, "cd d; x=.; for i in $(seq 40); do x=$x/d; done; mkdir -p $x;"
            "printf 1 > $x/deep.yaml; for i in 1 2 3 4 5; do printf $i > $i.yaml; done");
    struct dr_origin *o = folder("d", false);
    struct dr_origin_revision r = place_poll(&p, o, NULL);
    cr_assert_eq(r.file_count, 5);
    cr_assert_not(r.complete);
    dr_origin_close(o);
    struct dr_origin_config c = {.dir = place_path(&p, "d"), .max_files = 3};
    cr_assert_eq(dr_origin_open(&o, &c, &p.err), 0);
    r = place_poll(&p, o, NULL);
    cr_assert(r.file_count <= 3 && !r.complete);
    dr_origin_close(o);
}

Test(origin_folder, a_mounted_config_map_is_read_as_one_version)
{
    place_run(&p, "cd d; mkdir ..v1 ..v2; printf 1 > ..v1/a.yaml; printf 2 > ..v2/a.yaml;"
                  "ln -s ..v1 ..data; ln -s ..data/a.yaml a.yaml");
    struct dr_origin *o = folder("d", false);
    struct dr_origin_revision r = place_poll(&p, o, NULL);
    cr_assert(r.file_count == 1 && r.complete);
    cr_assert_str_eq(r.files[0].bytes, "1");
    place_run(&p, "cd d; ln -s ..v2 tmp; mv -T tmp ..data");
    r = place_poll(&p, o, r.revision);
    cr_assert(r.changed);
    cr_assert_str_eq(r.files[0].bytes, "2");
    static const char *const elsewhere[] = {"/etc", "../state", "..", "."};
    for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++) {
        place_run(&p, dr_sprintf(p.arena, "ln -sfn %s d/..data", elsewhere[i]));
        r = place_poll(&p, o, NULL);
        cr_assert_eq(r.file_count, 0, "%s", elsewhere[i]);
        cr_assert_str_eq(place_obstacles(&p, &r), "symlink:a.yaml");
    }
    dr_origin_close(o);
}

Test(origin_folder, what_cannot_be_read_is_no_empty_folder)
{
    struct dr_origin *o = folder("d", false);
    struct dr_origin_revision r;
    place_run(&p, "rmdir d");
    cr_assert_eq(dr_origin_poll(o, p.arena, 1000, NULL, &r, &p.err), -DR_E_IO);
    place_run(&p, "mkfifo d");
    cr_assert_eq(dr_origin_poll(o, p.arena, 1000, NULL, &r, &p.err), -DR_E_INPUT, "%s",
                 p.err.text);
    dr_origin_close(o);
}

static char *vanished(struct dr_origin *o)
{
    struct dr_origin_past_list past;
    cr_assert_eq(dr_origin_vanished(o, p.arena, 1000, &past, &p.err), 0, "%s",
                 p.err.text);
    cr_assert_not(past.whole);
    char *all = dr_strdup(p.arena, "");
    for (size_t i = 0; i < past.count; i++)
        all =
            dr_sprintf(p.arena, "%s%s%s=%s%s", all, i ? " " : "", past.items[i].file.path,
                       past.items[i].file.bytes, past.items[i].path_at_tip ? "!" : "");
    return all;
}

Test(origin_folder, its_state_folder_remembers_what_vanished)
{
    place_run(&p, "printf 1 > d/a.yaml; printf 1 > d/b.yaml");
    struct dr_origin *o = folder("d", true);
    struct dr_origin_past_list past;
    cr_assert_eq(dr_origin_vanished(o, p.arena, 9, &past, &p.err), -DR_E_CONFLICT);
    place_poll(&p, o, NULL);
    cr_assert_str_eq(vanished(o), "");
    dr_origin_close(o);
    place_run(&p, "rm d/a.yaml; printf 2 > d/b.yaml"); /* while nobody looked */
    o = folder("d", true);
    place_poll(&p, o, NULL);
    cr_assert_str_eq(vanished(o), "b.yaml=1! a.yaml=1");
    place_run(&p, "printf 1 > d/b.yaml");
    place_poll(&p, o, NULL);
    cr_assert_str_eq(vanished(o), "b.yaml=2! a.yaml=1", "back again, so not vanished");
    dr_origin_close(o);
    place_run(&p, "for f in state/folder-*.db; do echo garbage > $f; done");
    o = folder("d", true);
    place_poll(&p, o, NULL);
    cr_assert_str_eq(vanished(o), "", "a lost memory is no error");
    dr_origin_close(o);
    o = folder("d", false);
    place_poll(&p, o, NULL);
    cr_assert_str_eq(vanished(o), "");
    dr_origin_close(o);
}
