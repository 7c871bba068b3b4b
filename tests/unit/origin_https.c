/* git over https against a real TLS server that hands requests to git itself: who is
 * trusted, what a redirect may do, where the password goes. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controller/base/file.h"
#include "tests/unit/live_peer.h"
#include "tests/unit/origin_support.h"

static struct place p;
static pid_t server;
static int port;

/* ---- a certificate for one name, signed by itself ------------------------------------
 */

static EVP_PKEY *make_certificate(const char *name, X509 **out)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -60);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_set_pubkey(x, key);
    char *alt = dr_sprintf(p.arena, "DNS:%s", name);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, alt);
    X509_add_ext(x, e, -1);
    X509_EXTENSION_free(e);
    e = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:TRUE");
    X509_add_ext(x, e, -1);
    X509_EXTENSION_free(e);
    cr_assert_gt(X509_sign(x, key, EVP_sha256()), 0);
    *out = x;
    return key;
}

/* ---- the server ----------------------------------------------------------------------
 */

struct route {
    const char *redirect; /* Location of a 302, NULL: git answers */
    const char *login;    /* value of Authorization that is wanted, NULL: none */
};

static void answer(SSL *s, const char *status, const char *headers, const void *body,
                   size_t len)
{
    char head[1024];
    int n = snprintf(head, sizeof(head), "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n",
                     status, headers, len);
    SSL_write(s, head, n);
    if (len)
        SSL_write(s, body, (int)len);
}

static void from_file(SSL *s, const char *type)
{
    char *bytes,
        *headers = dr_sprintf(p.arena, "Content-Type: application/x-git-%s\r\n", type);
    size_t len;
    cr_assert_eq(
        dr_file_read(p.arena, place_path(&p, "out"), 16 << 20, &bytes, &len, &p.err), 0);
    answer(s, "200 OK", headers, bytes, len);
}

/* One request; false: the connection is over. */
static bool serve_one(SSL *s, const struct route *r)
{
    char text[65536];
    size_t len = 0;
    char *body = NULL;
    size_t want = 0;
    while (!body || len - (size_t)(body - text) < want) {
        int n = SSL_read(s, text + len, (int)(sizeof(text) - 1 - len));
        if (n <= 0)
            return false;
        len += (size_t)n;
        text[len] = '\0';
        char *end = strstr(text, "\r\n\r\n"), *size = strstr(text, "Content-Length: ");
        body = end ? end + 4 : NULL;
        if (body && size && size < body)
            want = (size_t)strtoull(size + 16, NULL, 10);
    }
    char *login = strstr(text, "Authorization: ");
    if (r->login && (!login || strncmp(login + 15, r->login, strlen(r->login)) != 0)) {
        answer(s, "401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n", "", 0);
    } else if (strncmp(text, "GET /there", 10) != 0 && r->redirect) {
        answer(s, "302 Found", dr_sprintf(p.arena, "Location: %s\r\n", r->redirect), "",
               0);
    } else if (strncmp(text, "GET ", 4) == 0) {
        place_run(&p, "{ printf '001e# service=git-upload-pack\\n0000'; git upload-pack "
                      "--stateless-rpc --http-backend-info-refs repo; } > out");
        from_file(s, "upload-pack-advertisement");
    } else {
        cr_assert_eq(dr_file_write(place_path(&p, "in"), body, want, 0600, &p.err), 0);
        place_run(&p, "git upload-pack --stateless-rpc repo < in > out");
        from_file(s, "upload-pack-result");
    }
    return true;
}

static void serve(int fd, EVP_PKEY *key, X509 *cert, const struct route *r)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(ctx, cert);
    SSL_CTX_use_PrivateKey(ctx, key);
    for (;;) {
        int c = accept(fd, NULL, NULL);
        SSL *s = SSL_new(ctx);
        SSL_set_fd(s, c);
        if (SSL_accept(s) == 1) {
            place_run(&p, "touch accepted");
            while (serve_one(s, r))
                continue;
        }
        SSL_free(s);
        close(c);
    }
}

/* Starts it for one name; its certificate is in "ca.pem". */
static void start(const char *name, const struct route *r)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    X509 *cert;
    EVP_PKEY *key = make_certificate(name, &cert);
    FILE *f = fopen(place_path(&p, "ca.pem"), "w");
    cr_assert(f && PEM_write_X509(f, cert));
    fclose(f);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    cr_assert_eq(listen(fd, 5), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    port = ntohs(a.sin_port);
    server = fork();
    if (server == 0) {
        signal(SIGPIPE, SIG_IGN);
        serve(fd, key, cert, r);
    }
    close(fd);
    EVP_PKEY_free(key);
    X509_free(cert);
}

static void stop(void)
{
    if (server > 0) {
        kill(server, SIGKILL);
        waitpid(server, NULL, 0);
    }
    server = 0;
}

static void setup(void)
{
    place_make(&p, true);
    place_run(&p, "echo a > $R/a.yaml; git -C $R add -A; git -C $R commit -q -m one;"
                  "umask 077; echo canary-7f3a > token");
}

static void teardown(void)
{
    stop();
    place_remove(&p);
}

TestSuite(origin_https, .init = setup, .fini = teardown, .timeout = 60);

/* Polls https://HOST:PORT/here. Out: the code, 0: well. */
static int poll_it(const char *host, const char *ca, bool password)
{
    struct dr_origin_revision r;
    struct dr_origin_config c = {.ca_file = ca ? place_path(&p, ca) : NULL};
    if (password) {
        c.user = "ada";
        c.password.file = place_path(&p, "token");
    }
    struct dr_origin *o =
        place_git(&p, dr_sprintf(p.arena, "https://%s:%d/here", host, port), NULL, &c);
    p.err = (struct dr_err){0};
    int rc = dr_origin_poll(o, p.arena, 20000, NULL, &r, &p.err);
    if (rc == 0)
        cr_assert_str_eq(place_files(&p, &r), "a.yaml");
    cr_assert_null(strstr(p.err.text, "canary"));
    dr_origin_close(o);
    return -rc;
}

Test(origin_https, a_trusted_server_is_fetched_from)
{
    if (!peer_knows_localhost())
        cr_skip_test("this machine does not know the name localhost");
    static const struct route plain = {0};
    start("localhost", &plain);
    cr_assert_eq(poll_it("localhost", "ca.pem", false), 0, "%s", p.err.text);
    place_run(&p, "echo b >> $R/a.yaml; git -C $R commit -qam two");
    cr_assert_eq(poll_it("localhost", "ca.pem", true), 0, "%s", p.err.text);
}

Test(origin_https, a_server_that_cannot_prove_itself_is_refused)
{
    if (!peer_knows_localhost())
        cr_skip_test("this machine does not know the name localhost");
    static const struct route plain = {.login = "Basic"};
    X509 *x;
    EVP_PKEY *other = make_certificate("localhost", &x);
    FILE *f = fopen(place_path(&p, "other.pem"), "w");
    cr_assert(f && PEM_write_X509(f, x));
    fclose(f);
    EVP_PKEY_free(other);
    X509_free(x);
    start("localhost", &plain);
    cr_assert_eq(poll_it("localhost", NULL, true), DR_E_TLS, "unknown CA: %s",
                 p.err.text);
    cr_assert(strstr(p.err.text, "cannot be trusted"), "%s", p.err.text);
    cr_assert_eq(poll_it("localhost", "other.pem", true), DR_E_TLS, "%s", p.err.text);
    cr_assert_eq(poll_it("127.0.0.1", "ca.pem", true), DR_E_TLS, "other name: %s",
                 p.err.text);
    cr_assert_eq(poll_it("localhost", "none.pem", true), DR_E_INPUT, "%s", p.err.text);
    stop();
    start("elsewhere", &plain);
    cr_assert_eq(poll_it("localhost", "ca.pem", true), DR_E_TLS, "%s", p.err.text);
}

Test(origin_https, the_password_is_given_and_refused_once)
{
    if (!peer_knows_localhost())
        cr_skip_test("this machine does not know the name localhost");
    /* ada:canary-7f3a */
    static const struct route good = {.login = "Basic YWRhOmNhbmFyeS03ZjNh"};
    static const struct route bad = {.login = "Basic nobody"};
    start("localhost", &good);
    cr_assert_eq(poll_it("localhost", "ca.pem", true), 0, "%s", p.err.text);
    cr_assert_eq(poll_it("localhost", "ca.pem", false), DR_E_AUTH, "%s", p.err.text);
    stop();
    start("localhost", &bad);
    cr_assert_eq(poll_it("localhost", "ca.pem", true), DR_E_AUTH, "%s", p.err.text);
    cr_assert_not(place_try(&p, "grep -rq canary state"), "nothing of it is stored");
}

Test(origin_https, a_redirect_leads_nowhere_else)
{
    static const char *const to[] = {
        "http://localhost:1/there",      "https://127.0.0.1:1/there",
        "https://example.invalid/there", "file:///tmp/there",
        "git://localhost/there",         "ssh://localhost/there"};
    for (size_t i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
        struct route r = {.redirect = to[i]};
        start("localhost", &r);
        cr_assert_neq(poll_it("localhost", "ca.pem", true), 0, "%s", to[i]);
        stop();
    }
}
