/* kind: Controller: every field. */
#include "spec/controller_doc.h"
#include "spec/field.h"

static const char *const verify_list[] = {"None", "Head"};
static const char *const verify_help[] = {
    "signatures are not looked at",
    "the newest commit must be signed by an allowed signer"};
static const struct dr_words verify_words = {verify_list, verify_help, 2};
static const char *const log_list[] = {"text", "json"};
static const struct dr_words log_words = {log_list, NULL, 2};

#define SECOND  1000ull
#define MINUTE  (60 * SECOND)
#define HOUR    (60 * MINUTE)
#define DAY     (24 * HOUR)
#define MIB     (1024ull * 1024)
#define C       struct dr_controller_doc
#define G       struct dr_git_source
#define RESTART .change = DR_CHANGE_RESTART

/* clang-format off */
static const struct dr_field ssh_fields[] = {
    {.key = "user", DR_FIELD_STRING(G, ssh.user), .format = DR_F_USER, .fallback = "git", RESTART, .help = "User of the SSH login."},
    {.key = "key", DR_FIELD_SECRET(G, ssh.key), RESTART, .help = "Where the private key is."},
    {.key = "passphrase", DR_FIELD_SECRET(G, ssh.passphrase), RESTART, .help = "Where the key's passphrase is."},
    {.key = "knownHosts", DR_FIELD_STRING(G, ssh.known_hosts), .format = DR_F_FILE, RESTART, .help = "File of host keys, as of OpenSSH. A host that is not in it is refused."},
    {0}};
static const struct dr_shape ssh_shape = {.fields = ssh_fields};

static const struct dr_field https_fields[] = {
    {.key = "user", DR_FIELD_STRING(G, https.user), .format = DR_F_USER, .fallback = "git", RESTART, .help = "User name."},
    {.key = "password", DR_FIELD_SECRET(G, https.password), RESTART, .help = "Where the password or token is."},
    {.key = "ca", DR_FIELD_STRING(G, https.ca), .format = DR_F_FILE, .otherwise = "the system's certificates", RESTART, .help = "File of the certificate authority."},
    {0}};
static const struct dr_shape https_shape = {.fields = https_fields};

static const struct dr_field verify_fields[] = {
    {.key = "mode", DR_FIELD_WORD(G, verify.mode, enum dr_git_verify, verify_words), .fallback = "None", RESTART, .help = "Whether commits must be signed."},
    {.key = "allowedSigners", DR_FIELD_STRING(G, verify.allowed_signers), .format = DR_F_FILE, RESTART, .help = "File of allowed signers, as of ssh-keygen."},
    {0}};
static const struct dr_shape git_verify_shape = {.fields = verify_fields};

static const struct dr_field git_fields[] = {
    {.key = "url", DR_FIELD_STRING(G, url), .format = DR_F_GIT_URL, .required = true, RESTART, .example = "https://git.example/dr.git", .help = "The repository: https, ssh, or an absolute local path. No user name or password in it."},
    {.key = "branch", DR_FIELD_STRING(G, branch), .format = DR_F_BRANCH, .fallback = "main", RESTART, .help = "The branch that declares."},
    {.key = "path", DR_FIELD_STRING(G, path), .format = DR_F_INSIDE, .otherwise = "the whole repository", RESTART, .example = "topologies", .help = "Folder or file inside the repository."},
    {.key = "fetchTimeout", DR_FIELD_DURATION(G, fetch_timeout_ms), .min = SECOND, .max = HOUR, .fallback = "1m", RESTART, .help = "How long a fetch may take."},
    {.key = "ssh", DR_FIELD_GROUP(ssh_shape), RESTART, .help = "Login by SSH."},
    {.key = "https", DR_FIELD_GROUP(https_shape), RESTART, .help = "Login by HTTPS."},
    {.key = "verify", DR_FIELD_GROUP(git_verify_shape), RESTART, .help = "Signatures."},
    {0}};
static const struct dr_shape git_shape = {.fields = git_fields, .bytes = sizeof(G), .declared = true};

static const struct dr_field source_fields[] = {
    {.key = "git", DR_FIELD_OBJECT(C, source.git, git_shape), RESTART, .help = "A git repository."},
    {.key = "dir", DR_FIELD_STRING(C, source.dir), .format = DR_F_PATH, RESTART, .example = "/etc/drover/topologies", .help = "A folder, instead of git. Documents carry metadata.generation then."},
    {0}};
static const struct dr_shape source_shape = {.fields = source_fields};

static const struct dr_field listener_fields[] = {
    {.key = "address", DR_FIELD_ADDRESS(struct dr_listener, address), .required = true, RESTART, .example = "127.0.0.1:8088", .help = "HOST:PORT to listen on: metrics, status, board. Read only."},
    {.key = "cert", DR_FIELD_STRING(struct dr_listener, cert), .format = DR_F_FILE, .otherwise = "plain HTTP", RESTART, .help = "File of the certificate."},
    {.key = "key", DR_FIELD_STRING(struct dr_listener, key), .format = DR_F_FILE, RESTART, .help = "File of its key."},
    {0}};
static const struct dr_shape listener_shape = {.fields = listener_fields, .bytes = sizeof(struct dr_listener)};

static const struct dr_field webhook_fields[] = {
    {.key = "secret", DR_FIELD_SECRET(C, webhook_secret), .required = true, RESTART, .help = "Where the key is that signs webhooks. A webhook is a hint to fetch now, nothing more."},
    {0}};
static const struct dr_shape webhook_shape = {.fields = webhook_fields};

static const struct dr_field lease_fields[] = {
    {.key = "duration", DR_FIELD_DURATION(C, lease.duration_ms), .min = 5 * SECOND, .max = HOUR, .fallback = "45s", RESTART, .help = "How long a topology stays with a controller that fell silent."},
    {0}};
static const struct dr_shape lease_shape = {.fields = lease_fields};

static const struct dr_field policy_fields[] = {
    {.key = "approve", DR_FIELD_WORDS(C, policy.approve, dr_risk_words), .otherwise = "what each topology says", RESTART, .help = "Steps of these risks wait for an approval in every topology, beside what it says itself."},
    {.key = "maxDisruptive", DR_FIELD_U32(C, policy.max_disruptive), .min = 1, .max = 1000, .fallback = "1", RESTART, .help = "Topologies that may be at steps which somebody notices (a restore, a fence) at once; the others wait. A lifted fence is closed at once all the same."},
    {0}};
static const struct dr_shape controller_policy_shape = {.fields = policy_fields};

static const struct dr_field retention_fields[] = {
    {.key = "age", DR_FIELD_DURATION(C, journal_retention.age_ms), .min = DAY, .max = 3650 * DAY, .fallback = "400d", RESTART, .help = "Rows older than this go."},
    {.key = "size", DR_FIELD_SIZE(C, journal_retention.size_bytes), .min = 16 * MIB, .max = 64 * 1024 * MIB, .fallback = "256MiB", RESTART, .help = "The oldest rows go when the journal is larger, whatever their age."},
    {0}};
static const struct dr_shape retention_shape = {.fields = retention_fields};

static const struct dr_field journal_fields[] = {
    {.key = "retention", DR_FIELD_GROUP(retention_shape), RESTART, .help = "What is kept. Rows go a thousand at a time, the oldest first, and a row that names the last of them stays, so that the chain can be proved; none goes while a step in it is open, or while a row was changed by hand."},
    {0}};
static const struct dr_shape journal_shape = {.fields = journal_fields};

static const struct dr_field publish_fields[] = {
    {.key = "observed", DR_FIELD_STRING(C, publish.observed), .format = DR_F_PATH, .otherwise = "nothing is published", RESTART, .example = "/srv/drover/observed", .help = "Folder for what was observed, one file NAME.json per topology, without secrets: `drover plan --observed` plans from it where no cluster can be reached, as in the pipeline of a pull request. The folder is there already; who may read it sees hosts, tables and accounts by name."},
    {0}};
static const struct dr_shape publish_shape = {.fields = publish_fields};

static const struct dr_field log_fields[] = {
    {.key = "format", DR_FIELD_WORD(C, log.format, enum dr_log_format, log_words), .fallback = "text", RESTART, .help = "Form of the log lines."},
    {0}};
static const struct dr_shape log_shape = {.fields = log_fields};

static const struct dr_field fields[] = {
    {.key = "source", DR_FIELD_GROUP(source_shape), .required = true, RESTART, .help = "Where topologies come from."},
    {.key = "interval", DR_FIELD_DURATION(C, interval_ms), .min = SECOND, .max = HOUR, .fallback = "10s", RESTART, .help = "Time between two rounds of a topology, and between two looks at the source."},
    {.key = "state", DR_FIELD_STRING(C, state), .format = DR_F_PATH, .otherwise = "the XDG state folder", RESTART, .example = "/var/lib/drover", .help = "Folder of journal and repository. Losing it loses no safety."},
    {.key = "secrets", DR_FIELD_STRING(C, secrets), .format = DR_F_PATH, .otherwise = "relative file: references are refused", RESTART, .example = "/run/secrets/drover", .help = "Folder of relative file: references."},
    {.key = "hooks", DR_FIELD_STRING(C, hooks), .format = DR_F_PATH, .otherwise = "hooks are refused", RESTART, .example = "/etc/drover/hooks", .help = "Folder of the programs that topologies may name as hooks."},
    {.key = "listeners", DR_FIELD_OBJECTS(C, listeners, listener_count, struct dr_listener, listener_shape), .max = 16, .otherwise = "none", RESTART, .help = "HTTP listeners."},
    {.key = "webhook", DR_FIELD_GROUP(webhook_shape), .otherwise = "none taken", RESTART, .help = "Webhooks."},
    {.key = "lease", DR_FIELD_GROUP(lease_shape), RESTART, .help = "Which of several controllers cares for a topology."},
    {.key = "policy", DR_FIELD_GROUP(controller_policy_shape), RESTART, .help = "Limits over all topologies."},
    {.key = "journal", DR_FIELD_GROUP(journal_shape), RESTART, .help = "The record of what was done: journal.db in the state folder (`drover history`)."},
    {.key = "publish", DR_FIELD_GROUP(publish_shape), .otherwise = "nothing", RESTART, .help = "What others may read."},
    {.key = "log", DR_FIELD_GROUP(log_shape), RESTART, .help = "The log."},
    {0}};
/* clang-format on */

const struct dr_shape dr_controller_shape = {.fields = fields, .bytes = sizeof(C)};
